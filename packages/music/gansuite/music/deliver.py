"""Music put into files: the MIDI, and beside it what can be heard, seen or trained on; each says how it was made."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from gansuite.core.errors import GansuiteError
from gansuite.core.files import write_atomically
from gansuite.core.provenance import MAX_BYTES, Provenance, embed_png, read_png
from gansuite.core.sources import Unreadable
from gansuite.music.guard import Limits
from gansuite.music.roll import Roll

MIDI = (".mid", ".midi")
BEGINNING = '{"art": '  # of every provenance


@dataclass(frozen=True)
class Beside:
    """What is written beside a MIDI file.

    Attributes:
        wav: sound.
        png: a picture of the piano roll.
        npz: a piano roll of pypianoroll.
        engine: what makes the sound; see `render.play`.
    """

    wav: bool = False
    png: bool = False
    npz: bool = False
    engine: str = "auto"


@dataclass(frozen=True)
class Work:
    """A piece ready to be written.

    Attributes:
        midi: the file.
        roll: the same on the model's grid.
        provenance: what it follows from.
    """

    midi: bytes
    roll: Roll
    provenance: Provenance


def signed(roll: Roll, provenance: Provenance) -> Work:
    """A roll as a MIDI file that says how it was made."""
    from gansuite.music.midi import write_midi

    return Work(write_midi(roll, text_of(provenance)), roll, provenance)


def text_of(provenance: Provenance) -> str:
    """The provenance as a text event; raises `GansuiteError` if it is too long for a file."""
    text = provenance.to_json()
    if len(text) > MAX_BYTES:
        raise GansuiteError(
            f"What this piece follows from takes {len(text)} bytes, and a file carries at most {MAX_BYTES}.",
            "Use music with fewer notes in a bar.",
        )
    return text


def place(out: Path, name: str) -> Path:
    """The MIDI file that `out` means: itself if it is one, else a file of that name in the folder `out`.

    Raises:
        GansuiteError: it is a file of another kind.
    """
    if out.suffix.lower() in MIDI:
        return out
    if out.suffix.lower() in (".wav", ".mp3", ".ogg", ".png", ".npz", ".json"):
        raise GansuiteError(
            f"{out} is no MIDI file; sound, picture and .npz are written beside one.",
            f"Use --out {out.with_suffix('.mid')} with --wav, --png or --npz, or name a folder.",
        )
    return out / name


def deliver(work: Work, path: Path, beside: Beside) -> list[Path]:
    """Write the MIDI file and all that is wanted beside it, each whole or not at all.

    Returns:
        The files, the MIDI first.

    Raises:
        GansuiteError: something cannot be written, or the engine of the sound is unknown or missing.
    """
    write_atomically(path, work.midi)
    written = [path]
    if beside.wav:
        from gansuite.music.render import render

        sound = render(work.midi, path.with_suffix(".wav"), beside.engine, comment=work.provenance.to_json())
        written.append(sound.path)
    if beside.png:
        from gansuite.music.picture import draw_roll

        written.append(path.with_suffix(".png"))
        write_atomically(written[-1], embed_png(draw_roll(_sounding(work.roll)), work.provenance))
    if beside.npz:
        from gansuite.music.lpd import write_lpd

        written.append(path.with_suffix(".npz"))
        write_atomically(written[-1], _with_text(write_lpd(work.roll, path.stem), work.provenance.to_json()))
    return written


def read_midi_file(path: Path) -> bytes:
    """The bytes of a person's MIDI file, as many as one may have; raises `GansuiteError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(Limits().midi_bytes + 1)
    except FileNotFoundError as error:
        raise GansuiteError(f"There is no file {path}.", "Give the path of a MIDI file.") from error
    except OSError as error:
        raise GansuiteError(f"{path} cannot be read ({error.strerror}).", "Give the path of a MIDI file.") from error


def unusable(path: Path, error: Unreadable) -> GansuiteError:
    """What a person reads about a MIDI file that cannot be used."""
    return GansuiteError(f"{path} {error.reason}.", "Give a MIDI file (.mid) of music such as the model plays.")


def read_provenance(work: Path) -> Provenance:
    """What a MIDI file or a picture says about how it was made; data to check, not to trust.

    Raises:
        GansuiteError: there is no such file, it cannot be read, or it carries none or a damaged one.
    """
    if work.suffix.lower() == ".png":
        return read_png(work)
    from gansuite.music.midi import read_text

    try:
        text = read_text(read_midi_file(work), BEGINNING)
    except Unreadable as error:
        raise unusable(work, error) from error
    if text is None:
        raise GansuiteError(
            f"{work} does not say how it was made (some programs drop such texts when they save).",
            "Use the file as gansuite wrote it.",
        )
    try:
        return Provenance.from_json(text)
    except ValueError as error:
        raise GansuiteError(
            f"What {work} says about how it was made is damaged: {error}.", "Use the file as gansuite wrote it."
        ) from error


def check_silence(roll: Roll, names: Sequence[str]) -> None:
    """Raise `GansuiteError` if nothing sounds: a MIDI file without a note is none."""
    if not roll.cells.any():
        raise GansuiteError(
            f"Nothing sounds: the model leaves {', '.join(names)} silent here.",
            "Use another --seed, more --tracks, or a --density above 1.",
        )


def _sounding(roll: Roll) -> Roll:
    """The roll without tracks in which nothing sounds."""
    heard = [number for number in range(len(roll.tracks)) if roll.cells[number].any()]
    velocity = None if roll.velocity is None else roll.velocity[heard]
    return replace(
        roll, cells=roll.cells[heard], tracks=tuple(roll.tracks[number] for number in heard), velocity=velocity
    )


def _with_text(npz: bytes, text: str) -> bytes:
    """An .npz with the provenance as one more member, which its readers pass over."""
    stream = BytesIO(npz)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("provenance.json", text)
    return stream.getvalue()
