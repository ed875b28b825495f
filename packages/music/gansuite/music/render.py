"""From MIDI to a WAV file, whatever is installed: by FluidSynth, or by our own synthesiser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.files import write_atomically
from gansuite.core.sources import Unreadable
from gansuite.music.audio import fluid, synth
from gansuite.music.audio.parts import Part, read_parts
from gansuite.music.audio.wav import write_wav
from gansuite.music.audio.waves import RATE, Sound
from gansuite.music.guard import Limits

if TYPE_CHECKING:
    from pretty_midi import PrettyMIDI

ENGINES = ("auto", "fluidsynth", "own")


@dataclass(frozen=True)
class Rendered:
    """What came out.

    Attributes:
        path: the WAV file.
        seconds: how long it is.
        engine: which of `ENGINES` played it.
    """

    path: Path
    seconds: float
    engine: str


def render(
    midi: PrettyMIDI | bytes | Path,
    out: Path | None = None,
    engine: str = "auto",
    seconds: float | None = None,
    comment: str = "",
) -> Rendered:
    """Write music as a WAV of 16 bit, stereo, 44.1 kHz.

    Args:
        midi: a MIDI file, its bytes, or music that has been read.
        out: the WAV to write, or a folder for it; beside the MIDI file unless given.
        engine: `auto` takes FluidSynth where it is installed and works, and our own synthesiser otherwise.
        seconds: only the beginning, that many seconds of it.
        comment: a text to put into the file, such as where the music comes from.

    Raises:
        GansuiteError: the MIDI cannot be read, is too long or too full, the engine is unknown or missing, or the file
            cannot be written.
    """
    path = _target(midi, out)
    if seconds is not None and not seconds > 0:
        raise GansuiteError(f"There is nothing to hear in {seconds:g} seconds.", "Give --seconds a number above 0.")
    sound, played_by = play(read_parts(_opened(midi), seconds), engine)
    write_atomically(path, lambda stream: write_wav(stream, sound, comment))
    return Rendered(path, sound.shape[1] / RATE, played_by)


def play(parts: Sequence[Part], engine: str = "auto") -> tuple[Sound, str]:
    """The sound of the parts, float32 (2, F), and the engine that played it.

    Raises:
        GansuiteError: the engine is unknown, or FluidSynth was asked for and is missing.
    """
    if engine not in ENGINES:
        raise GansuiteError(f"There is no engine '{engine}'.", did_you_mean(engine, list(ENGINES)))
    if engine == "fluidsynth":
        return fluid.play(parts), engine
    if engine == "auto" and fluid.library() is not None:
        try:
            return fluid.play(parts), "fluidsynth"
        except GansuiteError:  # half installed: a WAV comes out all the same
            pass
    return synth.synthesize(parts), "own"


def _target(midi: PrettyMIDI | bytes | Path, out: Path | None) -> Path:
    """Where the WAV goes."""
    name = f"{midi.stem}.wav" if isinstance(midi, Path) else "music.wav"
    if out is None:
        return midi.with_suffix(".wav") if isinstance(midi, Path) else Path(name)
    if out.is_dir():
        return out / name
    if out.suffix.lower() != ".wav":
        raise GansuiteError(f"{out} is not the name of a WAV file.", f"Use --out {out.with_suffix('.wav')}.")
    return out


def _opened(midi: PrettyMIDI | bytes | Path) -> PrettyMIDI:
    """The music in pretty_midi's form; files are guarded before they are parsed."""
    from gansuite.music.midi import open_midi

    name = str(midi) if isinstance(midi, Path) else "The music"
    data = _read(midi) if isinstance(midi, Path) else midi
    if not isinstance(data, bytes):
        return data
    try:
        return open_midi(data)
    except Unreadable as error:
        raise GansuiteError(f"{name} {error.reason}.", "Give a MIDI file (.mid), as 'generate' writes one.") from error


def _read(path: Path) -> bytes:
    most = Limits().midi_bytes
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except FileNotFoundError as error:
        raise GansuiteError(f"There is no file {path}.", "Give the path of a MIDI file.") from error
    except OSError as error:
        raise GansuiteError(f"{path} cannot be read ({error.strerror}).", "Give the path of a MIDI file.") from error
