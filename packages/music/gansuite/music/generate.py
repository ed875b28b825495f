"""From a model to pieces, each of which knows how it was made and can be made again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from gansuite.core.again import recipe_of, same_device, same_model
from gansuite.core.errors import GansuiteError
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


Recipe: TypeAlias = Piece | Walk | Passage | Accompaniment
RECIPES: dict[str, type[Recipe]] = {
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
    recipe: Recipe = recipe_of(work, provenance, "music", RECIPES)
    target = place(out, work.with_suffix(".mid").name)
    if target.resolve() == work.resolve():
        raise GansuiteError(f"{work} would be written over itself.", "Name another place with --out.")
    chosen = same_device(work, recipe.device, device)
    sampler = same_model(work, provenance, model, lambda name, hub: load_sampler(name, chosen, hub=hub))
    return deliver(_again(sampler, work, provenance.seed, recipe), target, beside or Beside())


def _again(sampler: Sampler, work: Path, seed: int, recipe: Recipe) -> Work:
    if isinstance(recipe, Accompaniment):
        return accompany.write_around(sampler, accompany.opened(work), seed, recipe)[0]
    if isinstance(recipe, Piece):
        return _piece(sampler, seed, recipe)
    return interpolate.walk(sampler, seed, recipe)


def _piece(sampler: Sampler, seed: int, piece: Piece) -> Work:
    roll = play_piece(sampler, seed, piece)
    check_silence(roll, piece.tracks)
    return signed(roll, sampler.provenance("piece", seed, asdict(piece)))
