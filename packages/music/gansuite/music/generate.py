"""From a model to pieces, each of which knows how it was made and can be made again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from gansuite.core import __version__
from gansuite.core.engine import find_device
from gansuite.core.errors import GansuiteError
from gansuite.core.provenance import Provenance
from gansuite.core.seeds import check_seeds
from gansuite.music import accompany, interpolate
from gansuite.music.accompany import Accompaniment
from gansuite.music.deliver import Beside, Work, check_silence, deliver, place, read_provenance, signed
from gansuite.music.form import check_form, compose, key_of_seed, plan
from gansuite.music.interpolate import Passage, Walk
from gansuite.music.keys import parse_key
from gansuite.music.perform import check_tempo, check_tracks, perform, transposed
from gansuite.music.roll import TRACKS, Roll
from gansuite.music.sampler import Sampler, load_sampler

__all__ = ["Piece", "Sampler", "like", "load_sampler", "play_piece", "write_pieces"]


@dataclass(frozen=True)
class Piece:
    """What a piece follows from, beside model and seed.

    Attributes:
        form: a letter for each phrase.
        bars: how many are written; the last phrase may be cut off.
        tracks: those that are heard; all are played.
        tempo: quarter notes a minute.
        key: its name, or None for one that follows from the seed; a minor key has the notes of its relative major.
        density: see `Sampler.play`.
        device: the kind of device it was played on.
    """

    form: str
    bars: int
    tracks: tuple[str, ...] = TRACKS
    tempo: float = 110.0
    key: str | None = None
    density: float = 1.0
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_tracks(self.tracks)
        check_form(self.form)
        check_tempo(self.tempo)
        if self.key is not None:
            parse_key(self.key)


RECIPES: dict[str, type[Piece | Walk | Passage | Accompaniment]] = {
    "piece": Piece,
    "walk": Walk,
    "passage": Passage,
    "accompaniment": Accompaniment,
}


def play_piece(sampler: Sampler, seed: int, piece: Piece) -> Roll:
    """A piece with velocities, in its key; the music does not depend on which tracks are heard.

    Raises:
        GansuiteError: a form that has not one letter for each phrase.
    """
    grid = sampler.grid
    if plan(piece.form, piece.bars, grid.bars) != (piece.form, piece.bars):
        raise GansuiteError(
            f"The form {piece.form[:40]} does not fit {piece.bars} bars of phrases of {grid.bars}.",
            "Leave --form out, or give one letter for each phrase.",
        )
    cells = compose(sampler, seed, piece.form, piece.density)[:, : piece.bars * grid.bar]
    key = key_of_seed(seed) if piece.key is None else parse_key(piece.key)
    return perform(transposed(cells, grid.tracks, -key.shift), grid, piece.tempo, seed, piece.tracks)


def write_pieces(
    sampler: Sampler, seeds: Sequence[int], piece: Piece, out: Path, beside: Beside | None = None
) -> list[Path]:
    """Play pieces into files that carry their provenance.

    Args:
        seeds: one piece each.
        piece: what they have in common.
        out: a folder, for `seed-0000007.mid` and so on, or a file `*.mid` for one piece.
        beside: what is written beside each.

    Returns:
        The files, piece by piece.

    Raises:
        GansuiteError: `out` cannot take so many pieces, or nothing sounds in one; see `play_piece` and `deliver`.
    """
    check_seeds(seeds)
    different = list(dict.fromkeys(seeds))
    if len(different) > 1 and place(out, "a.mid") == out:
        raise GansuiteError(f"{out} is one file, and there are {len(different)} pieces.", "Name a folder with --out.")
    written: list[Path] = []
    for seed in different:
        work = _piece(sampler, seed, piece)
        written += deliver(work, place(out, f"seed-{seed:07d}.mid"), beside or Beside())
    return written


def like(
    work: Path,
    out: Path,
    model: str | Path | None = None,
    device: str = "auto",
    beside: Beside | None = None,
) -> list[Path]:
    """Make a piece again from what its file says: the same bytes.

    Args:
        work: a MIDI file that gansuite made, or the picture of one (but an accompaniment holds what was given, so its
            MIDI file is needed).
        out: a folder, for a file of the same name, or the file.
        model: where the model is now; by default what the file says. A file never causes a download.
        device: auto is the kind of device it was played on.
        beside: what is written beside it.

    Raises:
        GansuiteError: the file carries no (whole) provenance, or that of another art; the model is not there or has
            other weights than the one that made it; the device is not there; `out` is `work` itself.
    """
    provenance = read_provenance(work)
    recipe = _recipe(work, provenance)
    target = place(out, work.with_suffix(".mid").name)
    if target.resolve() == work.resolve():
        raise GansuiteError(f"{work} would be written over itself.", "Name another place with --out.")
    sampler = _same_model(work, provenance, model, _same_device(work, recipe.device, device))
    return deliver(_again(sampler, work, provenance.seed, recipe), target, beside or Beside())


def _again(sampler: Sampler, work: Path, seed: int, recipe: Piece | Walk | Passage | Accompaniment) -> Work:
    if isinstance(recipe, Accompaniment):
        return accompany.write_around(sampler, accompany.opened(work), seed, recipe)[0]
    if isinstance(recipe, Piece):
        return _piece(sampler, seed, recipe)
    return interpolate.walk(sampler, seed, recipe)


def _piece(sampler: Sampler, seed: int, piece: Piece) -> Work:
    roll = play_piece(sampler, seed, piece)
    check_silence(roll, piece.tracks)
    return signed(roll, sampler.provenance("piece", seed, asdict(piece)))


def _recipe(work: Path, provenance: Provenance) -> Piece | Walk | Passage | Accompaniment:
    """The checked settings of a work: a file may have come from anywhere."""
    if provenance.art != "music":
        raise GansuiteError(
            f"{work} was made for {provenance.art!r} and not by 'gansuite music'.", "Use the command of that art."
        )
    check_seeds([provenance.seed])
    settings = dict(provenance.settings)
    kind = RECIPES.get(str(settings.pop("kind", None)))
    if kind is None or not settings.keys() <= {field.name for field in fields(kind)}:
        raise GansuiteError(
            f"{work} was made by gansuite {provenance.version[:20]!r} in a way unknown to {__version__}.",
            "Bring gansuite up to date with: pip install --upgrade gansuite",
        )
    try:
        return TypeAdapter(kind).validate_json(json.dumps(settings), strict=True)
    except ValidationError as error:
        where = error.errors()[0]
        raise GansuiteError(
            f"What {work} says about how it was made is damaged ({'.'.join(map(str, where['loc']))}: {where['msg']}).",
            "Use the file as gansuite wrote it.",
        ) from error


def _same_device(work: Path, recorded: str, wanted: str) -> str:
    if wanted != "auto":
        return wanted
    try:
        return str(find_device(recorded))
    except GansuiteError as error:
        raise GansuiteError(
            f"{work} was played on a device of the kind {recorded[:20]!r}, and there is none here.",
            "Play it with --device cpu; some notes may differ.",
        ) from error


def _same_model(work: Path, provenance: Provenance, model: str | Path | None, device: str) -> Sampler:
    """The model that made a work, and no other."""
    try:
        sampler = load_sampler(model or provenance.model, device, hub=model is not None)
    except GansuiteError as error:
        if model is not None:
            raise
        raise GansuiteError(
            f"{work} was made by the model {provenance.model[:200]!r}, which cannot be used: {error.cause}",
            f"Say where it is with --model; {_fingerprint(provenance)}.",
        ) from error
    if sampler.digest != provenance.model_digest:
        raise GansuiteError(
            f"{work} was made by other weights than those of {sampler.model_name!r} "
            f"({sampler.digest[:12]}..., and not {provenance.model_digest[:12]}...).",
            f"Name the right model with --model; {_fingerprint(provenance)}.",
        )
    return sampler


def _fingerprint(provenance: Provenance) -> str:
    return f"its model.safetensors has the sha256 {provenance.model_digest[:64]}"
