"""From one phrase to another in small steps: between two seeds, or between two MIDI files.

Between seeds, each phrase is played from nothing, from a latent on the arc between theirs: the first and the last are
the seeds' own phrases. Between files, the first phrase is that of the one, note for note, and the last that of the
other. On the way bars of single tracks of the first are no longer given but played by the model, ever more of them;
half way nothing is given, and then bars of the other are, while the latent moves along an arc. Both are in the key of
the first file.

D numbers in a latent, K tracks, M bars, T steps, P = 84 pitches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.core.seeds import check_seeds
from gansuite.core.sources import Unreadable
from gansuite.music import keys
from gansuite.music.deliver import Work, check_silence, read_midi_file, signed, unusable
from gansuite.music.form import MOST_BARS, by_step, key_of_seed, latent
from gansuite.music.keys import Key, parse_key
from gansuite.music.notes import Ints, Notes, paint, tidy
from gansuite.music.perform import check_tempo, check_tracks, mended, perform, transposed
from gansuite.music.phrases import Cutting, cut_score
from gansuite.music.roll import TRACKS, Cells, Flags, Grid
from gansuite.music.sampler import Sampler
from gansuite.music.score import read_score

STEPS, TEMPO = 8, 110.0
LARGEST = 1 << 20  # of the numbers in a phrase that a file carries
_PARALLEL = 1e-6  # sine of the angle below which an arc cannot be told from a line

Phrase = tuple[tuple[int, int, int, int], ...]
"""Notes as in `notes.Notes`: track, pitch, start and length, in the model's key."""


@dataclass(frozen=True)
class Walk:
    """What a walk between two seeds follows from, beside the model.

    Attributes:
        seeds: from which to which.
        steps: phrases in all, 2 or more.
        tracks, tempo, key, density, device: see `generate.Piece`.
    """

    seeds: tuple[int, int]
    steps: int = STEPS
    tracks: tuple[str, ...] = TRACKS
    tempo: float = TEMPO
    key: str | None = None
    density: float = 1.0
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_seeds(self.seeds)
        _check(self)


@dataclass(frozen=True)
class Passage:
    """What a passage between two phrases of files follows from, beside model and seed; attributes as for `Walk`.

    Attributes:
        one, other: the phrases.
    """

    one: Phrase
    other: Phrase
    steps: int = STEPS
    tracks: tuple[str, ...] = TRACKS
    tempo: float = TEMPO
    key: str | None = None
    density: float = 1.0
    device: str = "cpu"

    def __post_init__(self) -> None:
        _check(self)
        for track, pitch, start, length in (*self.one, *self.other):
            if not (0 <= track < len(TRACKS) and 0 <= pitch < 84 and 0 <= start < LARGEST and 0 < length < LARGEST):
                raise GansuiteError("A note of the phrases is none.", "Use the file as gansuite wrote it.")


def _check(settings: Walk | Passage) -> None:
    if not 2 <= settings.steps <= MOST_BARS:
        raise GansuiteError(f"{settings.steps} steps lead from nowhere to nowhere.", f"Use --steps {STEPS}.")
    check_tracks(settings.tracks)
    check_tempo(settings.tempo)
    if settings.key is not None:
        parse_key(settings.key)


def ends(seeds: Sequence[int]) -> tuple[int, int]:
    """From which seed to which; raises `GansuiteError` unless there are two."""
    if len(seeds) != 2:
        raise GansuiteError(f"A walk leads from one seed to another; {len(seeds)} are named.", "Use --seed 3,8.")
    return seeds[0], seeds[1]


def passage(
    grid: Grid,
    one: Path,
    other: Path,
    steps: int = STEPS,
    tracks: tuple[str, ...] = TRACKS,
    tempo: float | None = None,
    key: str | None = None,
    density: float = 1.0,
    device: str = "cpu",
) -> Passage:
    """From the first phrase of one MIDI file to that of another; a phrase begins where something first sounds.

    Args:
        grid: of the model.
        tempo, key: those of the first file unless given.

    Raises:
        GansuiteError: a file cannot be read, or has no such phrase.
    """
    first, shift, its_tempo = _first_phrase(one, grid)
    second, _, _ = _first_phrase(other, grid)
    key = str(Key(-shift % 12)) if key is None else key
    return Passage(first, second, steps, tracks, its_tempo if tempo is None else tempo, key, density, device)


def walk(sampler: Sampler, seed: int, settings: Walk | Passage) -> Work:
    """Play a walk or passage.

    Raises:
        GansuiteError: it is too long, or the model cannot be told what is given.
    """
    grid = sampler.grid
    if settings.steps * grid.bars > MOST_BARS:
        raise GansuiteError(
            f"{settings.steps} phrases of {grid.bars} bars are more than {MOST_BARS} bars.",
            f"Use --steps {MOST_BARS // grid.bars} or fewer.",
        )
    if isinstance(settings, Walk):
        kind, phrases = "walk", _between_seeds(sampler, settings)
    else:
        kind, phrases = "passage", _between_phrases(sampler, seed, settings)
    cells = mended(np.concatenate(list(phrases), axis=1))
    key = key_of_seed(seed) if settings.key is None else parse_key(settings.key)
    moved = transposed(cells, grid.tracks, -key.shift)
    roll = perform(moved, grid, settings.tempo, seed, settings.tracks)
    check_silence(roll, settings.tracks)
    return signed(roll, sampler.provenance(kind, seed, asdict(settings)))


def arc(a: Tensor, b: Tensor, t: float) -> Tensor:
    """The point at t in [0, 1] of the arc from a (D,) to b (D,); Shoemake 1985, section 3.3.

    sin((1-t) w) / sin(w) a + sin(t w) / sin(w) b, where w is the angle between them; the straight line where no arc is
    defined, for (nearly) parallel, opposite or zero vectors.
    """
    if t in (0, 1):
        return b if t else a
    x, y = a.double(), b.double()
    lengths = float(x.norm() * y.norm())
    angle = math.acos(max(-1.0, min(1.0, float(x @ y) / lengths))) if lengths else 0.0
    sine = math.sin(angle)
    if sine < _PARALLEL:
        return ((1 - t) * x + t * y).to(a.dtype)
    return ((math.sin((1 - t) * angle) * x + math.sin(t * angle) * y) / sine).to(a.dtype)


def fading(t: float, rank: Ints) -> tuple[bool, Flags]:
    """Which phrase is given at t in [0, 1], and which of its bars.

    Args:
        rank: (K, M), in which order bars of tracks are given, 0 the longest.

    Returns:
        Whether it is the other phrase, and bool (K, M): all at 0 and 1, none at 1/2, each set within the one before.
    """
    given = rank < round(abs(1 - 2 * t) * rank.size)
    return t > 0.5, np.asarray(given)


def _between_seeds(sampler: Sampler, settings: Walk) -> Iterator[Cells]:
    a, b = sampler.latents(settings.seeds)
    for step in range(settings.steps):
        yield sampler.play(arc(a, b, step / (settings.steps - 1))[None], density=settings.density)[0]


def _between_phrases(sampler: Sampler, seed: int, settings: Passage) -> Iterator[Cells]:
    grid = sampler.grid
    one, other = (_painted(phrase, grid) for phrase in (settings.one, settings.other))
    a, b = latent(sampler, seed)[0], latent(sampler, seed, "B")[0]
    random = np.random.Generator(np.random.PCG64([seed, 2]))
    rank = random.permutation(len(grid.tracks) * grid.bars).reshape(len(grid.tracks), grid.bars)
    for step in range(settings.steps):
        t = step / (settings.steps - 1)
        second, given = fading(t, rank)
        cells = other if second else one
        z = arc(a, b, t)[None]
        if not given.any():
            yield sampler.play(z, density=settings.density)[0]
            continue
        played = sampler.play(z, cells[None], given[None], settings.density)[0]
        yield np.where(by_step(given, grid), cells, played)


def _first_phrase(path: Path, grid: Grid) -> tuple[Phrase, int, float]:
    """The first phrase of a file in the model's key, the semitones by which it was moved, and the tempo."""
    try:
        score = read_score(read_midi_file(path))
        cut = cut_score(score, path.name, Cutting(grid))
    except Unreadable as error:
        raise unusable(path, error) from error
    phrase = cut.notes.select(np.zeros(1, np.int64))
    shift = keys.shifts(phrase, np.zeros(1, np.int64))
    return _listed(keys.moved(phrase, shift, grid.steps)), int(shift[0]), score.tempo


def _listed(notes: Notes) -> Phrase:
    columns = (notes.track, notes.pitch, notes.start, notes.length)
    return tuple(zip(*(column.tolist() for column in columns), strict=True))


def _painted(phrase: Phrase, grid: Grid) -> Cells:
    """The cells (K, T, P) of a phrase."""
    track, pitch, start, length = np.array(phrase, np.int64).reshape(-1, 4).T
    notes = tidy(1, np.zeros_like(track), track, pitch, start, start + length, grid.steps)
    band = paint(notes, grid.steps)[0]
    return np.asarray(band[[TRACKS.index(name) for name in grid.tracks]])
