"""From cells in the model's key to music in a person's: moved to a key, with tempo and velocities, some tracks muted.

K tracks, T steps, P = 84 pitches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.music.roll import HOLD, LOWEST, ONSET, PITCHES, SILENT, TRACKS, Cells, Grid, Roll
from gansuite.music.score import TEMPI

Numbers = npt.NDArray[np.float64]

BY_WEIGHT = ("piano", "bass", "drums", "guitar", "strings")  # which come first when only their number is said
LEVELS = {"drums": 92, "piano": 82, "guitar": 76, "bass": 90, "strings": 68}  # velocities of notes without an accent
PIECES = {  # how much louder than that the pieces of the kit are, by MIDI number
    **dict.fromkeys((35, 36), 10),
    **dict.fromkeys((38, 40), 8),
    **dict.fromkeys((49, 52, 55, 57), 8),
    **dict.fromkeys((42, 44, 46), -16),
    **dict.fromkeys((51, 53, 59), -10),
}
OTHER_PIECES = -6
FIRST, MIDDLE, PULSE, HALF_PULSE, BETWEEN = 10, 5, 2, -3, -8  # accents by place in the bar
VOICING = 4  # the highest note of a chord is so much louder, the others so much softer
SWAY, TOUCH = 3.0, 4.0  # how far chance moves a whole step, and a note of it
SOFTEST, LOUDEST = 24, 124


def parse_tracks(text: str) -> tuple[str, ...]:
    """The tracks a person names: a list, how many, or `all`; in the order of `TRACKS`.

    Raises:
        GansuiteError: there is no such track, or not so many.
    """
    word = text.strip().lower()
    if word == "all":
        return TRACKS
    if word.lstrip("+-").isdigit():
        if not 1 <= int(word) <= len(TRACKS):
            raise GansuiteError(
                f"There are 1 to {len(TRACKS)} tracks, not {int(word)}.",
                f"Known are: {', '.join(TRACKS)}.",
            )
        return tuple(name for name in TRACKS if name in BY_WEIGHT[: int(word)])
    return check_tracks([part.strip() for part in word.split(",") if part.strip()])


def check_tracks(names: Sequence[str]) -> tuple[str, ...]:
    """The names in the order of `TRACKS`, each once; raises `GansuiteError` for a wrong one, or for none."""
    wrong = next((name for name in names if name not in TRACKS), None)
    if wrong is not None:
        hint, known = did_you_mean(wrong, list(TRACKS)), f"Known are: {', '.join(TRACKS)}."
        raise GansuiteError(
            f"There is no track called '{wrong}'.", known if hint.startswith("Known") else f"{hint} {known}"
        )
    if not names:
        raise GansuiteError("No track is named.", f"Name some of: {', '.join(TRACKS)}; or all, or how many.")
    return tuple(name for name in TRACKS if name in names)


def check_tempo(tempo: float) -> None:
    """Raise `GansuiteError` unless it is a tempo that MIDI can hold."""
    if not TEMPI[0] <= tempo <= TEMPI[1]:
        raise GansuiteError(
            f"A tempo of {tempo:g} quarter notes a minute cannot be played.",
            f"Use --tempo with {TEMPI[0]:g} to {TEMPI[1]:g}, such as 110.",
        )


def perform(
    cells: Cells, grid: Grid, tempo: float, seed: int, tracks: Sequence[str] = TRACKS, louder: float = 0.0
) -> Roll:
    """A roll of all of `TRACKS`, those not wanted silent; what is heard of one does not depend on which others are.

    Velocities follow the place in the bar, the track or the piece of the kit, the place in a chord, and chance.

    Args:
        cells: (K, T, P), the tracks of the grid.
        grid: of the model.
        tempo: quarter notes a minute.
        seed: of the chance.
        tracks: which are heard.
        louder: added to every velocity.
    """
    band = np.zeros((len(TRACKS), *cells.shape[1:]), np.uint8)
    band[[TRACKS.index(name) for name in grid.tracks]] = mended(cells)
    velocity = velocities(band, grid, seed, louder)
    muted = [number for number, name in enumerate(TRACKS) if name not in tracks]
    band[muted], velocity[muted] = SILENT, 0
    return Roll(band, TRACKS, grid.steps_per_beat, grid.meter, tempo, velocity)


def mended(cells: Cells) -> Cells:
    """Cells (..., T, P) in which no note is held that was not struck: it is struck where it begins to sound."""
    before = np.zeros_like(cells)
    before[..., 1:, :] = cells[..., :-1, :]
    return np.where((cells == HOLD) & (before == SILENT), ONSET, cells).astype(np.uint8)


def transposed(cells: Cells, tracks: Sequence[str], semitones: int) -> Cells:
    """A piece (K, T, P) in another key, drums aside.

    Each track goes to the nearest octave in which it keeps its notes in range; if there is none, to the one that keeps
    most, and the rest keep their pitch classes.
    """
    moved = cells.copy()
    for number, name in enumerate(tracks):
        if name != "drums":
            moved[number] = folded(cells[number], _nearest_octave(cells[number], semitones))
    return moved


def folded(cells: Cells, semitones: int) -> Cells:
    """Cells (..., P) so many semitones higher; a note that would leave the range comes in by an octave."""
    target = np.arange(PITCHES) + semitones
    target = np.where(target < 0, target % 12, np.where(target >= PITCHES, target % 12 + PITCHES - 12, target))
    moved = np.zeros_like(cells)
    for pitch, place in enumerate(target.tolist()):
        here, there = cells[..., pitch], moved[..., place]
        moved[..., place] = np.where((here == ONSET) | (there == ONSET), ONSET, np.maximum(here, there))
    return moved


def velocities(cells: Cells, grid: Grid, seed: int, louder: float = 0.0) -> Cells:
    """The velocity of every onset of cells (5, T, P), 0 elsewhere; arguments as for `perform`."""
    random = np.random.Generator(np.random.PCG64([seed, 1]))
    onset = cells == ONSET
    steps = cells.shape[1]
    accent = np.resize(accents(grid), steps) + random.uniform(-SWAY, SWAY, steps)
    loud = accent[None, :, None] + random.uniform(-TOUCH, TOUCH, cells.shape) + louder
    for number, name in enumerate(TRACKS):
        loud[number] += LEVELS[name] + (_kit() if name == "drums" else _voicing(onset[number]))
    return np.where(onset, np.rint(loud).clip(SOFTEST, LOUDEST), 0).astype(np.uint8)


def accents(grid: Grid) -> Numbers:
    """How much louder than others the notes at each step of a bar are."""
    pulse = grid.steps_per_beat
    if grid.meter[1] == 8 and grid.meter[0] % 3 == 0:
        pulse = pulse * 3 // 2  # three quavers make a beat
    place = np.arange(grid.bar)
    even = (grid.bar // pulse) % 2 == 0
    found = np.full(grid.bar, float(BETWEEN))
    found[place % max(1, grid.steps_per_beat // 2) == 0] = HALF_PULSE
    found[place % pulse == 0] = PULSE
    if even:
        found[grid.bar // 2] = MIDDLE
    found[0] = FIRST
    return found


def _nearest_octave(track: Cells, semitones: int) -> int:
    """Of `semitones` and the same an octave away, what loses least of the track (T, P); the smallest such move."""
    used = (track != SILENT).sum(axis=0)
    pitches = np.flatnonzero(used)

    def lost(move: int) -> int:
        outside = (pitches + move < 0) | (pitches + move >= PITCHES)
        return int(used[pitches[outside]].sum())

    return min(sorted((semitones, semitones - 12, semitones + 12), key=abs), key=lost)


def _kit() -> Numbers:
    return np.array([PIECES.get(pitch + LOWEST, OTHER_PIECES) for pitch in range(PITCHES)], np.float64)


def _voicing(onset: npt.NDArray[np.bool_]) -> Numbers:
    """(T, P): louder for the highest note of each chord, softer for its others, 0 for single notes."""
    above = np.cumsum(onset[:, ::-1], axis=1)[:, ::-1]
    chord = above[:, :1] > 1
    return np.where(chord, np.where(above == 1, VOICING, -VOICING), 0).astype(np.float64)
