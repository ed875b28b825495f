"""Phrases out of one file: cut at bar lines into stretches of equally many bars, all judged by the same rules."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.core.sources import Unreadable
from gansuite.music.notes import DRUMS, Ints, Notes, rescaled, stack, tidy
from gansuite.music.packs import BEATS, Pack
from gansuite.music.roll import LOWEST, PITCHES, TRACKS, Flags, Grid, bar_steps
from gansuite.music.score import NO_FAMILY, Score

OUT_OF_METER = "in another meter"
NO_DRUMS = "without drums"
FEW_FAMILIES = "with too few instruments playing"
DUPLICATE = "an exact repetition of another, in any key"


@dataclass(frozen=True)
class Cutting:
    """How phrases are cut.

    Attributes:
        grid: the shape of a phrase.
        hop: bars from one phrase to the next; 0 is as many as a phrase has.
        others_to_strings: see `Score.families`.
    """

    grid: Grid = field(default_factory=Grid)
    hop: int = 0
    others_to_strings: bool = True


@dataclass(frozen=True, eq=False)
class Cut:
    """The phrases of one file.

    Attributes:
        notes: N phrases.
        piece: int64 (N,), 0..P-1, ascending.
        names: P names.
        tracks: which of `TRACKS` the file could have; a pack without drums says nothing of drums.
        dropped: bars or phrases left out so far, by reason.
    """

    notes: Notes
    piece: Ints
    names: tuple[str, ...]
    tracks: tuple[int, ...]
    dropped: Counter[str]


def cut_pack(pack: Pack, name: str, grid: Grid) -> Cut:
    """The phrases of a pack, on another grid or in shorter pieces if need be.

    Raises:
        Unreadable: its phrases of 4 bars of 4/4 cannot be cut into bars of that meter or number.
    """
    wanted = grid.bars * 4 * grid.meter[0] / grid.meter[1]
    if not grid.accepts((4, 4)) or wanted > BEATS or BEATS % wanted:
        raise Unreadable(f"holds phrases of 4 bars of 4/4, not of {grid.bars} bars of {grid.meter[0]}/{grid.meter[1]}")
    notes = rescaled(pack.notes, BEATS * pack.steps_per_beat, pack.steps_per_beat, grid.steps_per_beat)
    parts = BEATS * grid.steps_per_beat // grid.steps
    if parts > 1:
        notes = _parted(notes, parts, grid.steps)
    names = tuple(f"{name}: {piece}" for piece in pack.names)
    return Cut(notes, np.repeat(pack.piece, parts), names, pack.tracks, Counter())


def cut_score(score: Score, name: str, cutting: Cutting) -> Cut:
    """The phrases of a piece: windows of whole bars from the first bar in which something sounds.

    Where the time signature changes, bars are counted anew.

    Raises:
        Unreadable: it has not one phrase, and why.
    """
    if not len(score.start):
        raise Unreadable("holds no notes")
    grid, parts, dropped = cutting.grid, [], Counter[str]()
    last = int(score.end.max())
    for begin, end, meter in _stretches(score, last):
        bars = (end - begin) * grid.meter[1] / (4 * grid.meter[0] * score.ticks_per_beat)
        if grid.accepts(meter):
            begun = int(bars + (0.99 if end == last else 0.01))  # the last bar need not be full
            parts.append(_windows(score, begin, end, begun, cutting))
        else:
            dropped[OUT_OF_METER] += max(1, round(bars / grid.bars))
    notes = stack(parts)
    if not notes.count:
        raise Unreadable(_no_phrase(score, grid, last))
    return Cut(notes, np.zeros(notes.count, np.int64), (name,), tuple(range(len(TRACKS))), dropped)


def families_playing(notes: Notes, grid: Grid) -> Flags:
    """Which tracks really play in each phrase: bool (N, K).

    As in the published five-track sets, a track plays if it sounds in half of the bars and fills, over its pitches, a
    sixth of a beat a bar (8 of 192 steps in 4 bars at 12 steps a beat); drums strike twice a bar.
    """
    tracks, bar = len(TRACKS), grid.steps // grid.bars
    line = notes.phrase.astype(np.int64) * tracks + notes.track
    first, last = notes.start // bar, (notes.start + notes.length - 1) // bar
    times = (last - first + 1).astype(np.int64)
    places = np.repeat(line * grid.bars + first, times) + np.arange(times.sum())
    places -= np.repeat(np.cumsum(times) - times, times)
    in_bar = np.bincount(places, minlength=notes.count * tracks * grid.bars)
    bars = (in_bar.reshape(notes.count, tracks, grid.bars) > 0).sum(axis=2)
    filled = np.bincount(line, notes.length, notes.count * tracks).reshape(notes.count, tracks)
    least = np.full(tracks, grid.bars * grid.steps_per_beat / 6)
    least[DRUMS] = 2 * grid.bars
    return np.asarray((2 * bars >= grid.bars) & (filled >= least), np.bool_)


def _stretches(score: Score, last: int) -> list[tuple[int, int, tuple[int, int]]]:
    """From where to where (ticks) each time signature holds, up to the `last` tick that sounds."""
    begins = [tick for tick, _ in score.meters]
    ends = [*begins[1:], max(last, begins[-1])]
    return [
        (begin, min(end, last), meter)
        for begin, end, (_, meter) in zip(begins, ends, score.meters, strict=True)
        if begin < last
    ]


def _windows(score: Score, begin: int, end: int, bars: int, cutting: Cutting) -> Notes:
    """The phrases between two ticks, which lie `bars` bars apart."""
    grid, hop = cutting.grid, cutting.hop or cutting.grid.bars
    track = score.families(cutting.others_to_strings)
    inside = (track != NO_FAMILY) & (score.pitch >= LOWEST) & (score.pitch < LOWEST + PITCHES)
    inside &= (score.end > begin) & (score.start < end)
    track, pitch = track[inside], score.pitch[inside] - LOWEST
    start = score.steps(score.start[inside], grid.steps_per_beat, begin)
    stop = np.where(track == DRUMS, start + 1, score.steps(score.end[inside], grid.steps_per_beat, begin))
    bar = grid.steps // grid.bars
    skipped = max(0, int(start.min(initial=bars * bar)) // bar)
    count = max(0, (bars - skipped - grid.bars) // hop + 1)
    origin = skipped * bar
    return _overlapping(0, count, track, pitch, start - origin, stop - origin, grid.steps, hop * bar)


def _overlapping(
    phrase: Ints | int, count: int, track: Ints, pitch: Ints, start: Ints, end: Ints, steps: int, hop: int
) -> Notes:
    """Notes dealt out to windows of `steps` steps that begin every `hop` steps; what is cut off is struck again.

    Args:
        phrase: the first window of each note's stretch.
        count: windows a stretch; the table's count, if there is but one stretch.
        track, pitch, start, end: (M,), steps from the beginning of the stretch.
        steps, hop: steps.
    """
    end = np.maximum(end, start + 1)
    first = np.clip((start - steps) // hop + 1, 0, count)
    times = np.maximum(np.minimum((end - 1) // hop, count - 1) - first + 1, 0)
    rows = np.repeat(np.arange(len(track)), times)
    window = first[rows] + np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    begin = np.maximum(start[rows] - window * hop, 0)
    stop = np.minimum(end[rows] - window * hop, steps)
    base = np.broadcast_to(phrase, track.shape)[rows]
    return tidy(count, base + window, track[rows], pitch[rows], begin, stop, steps)


def _parted(notes: Notes, parts: int, steps: int) -> Notes:
    """Each phrase as `parts` phrases of `steps` steps."""
    start = notes.start.astype(np.int64)
    base = notes.phrase.astype(np.int64) * parts
    track, pitch = notes.track.astype(np.int64), notes.pitch.astype(np.int64)
    found = _overlapping(base, parts, track, pitch, start, start + notes.length, steps, steps)
    return replace(found, count=notes.count * parts)


def _no_phrase(score: Score, grid: Grid, last: int) -> str:
    asked = f"{grid.meter[0]}/{grid.meter[1]}"
    if not any(grid.accepts(meter) for _, _, meter in _stretches(score, last)):
        return f"is in {score.meter[0]}/{score.meter[1]}, not in {asked}"
    return f"has no {grid.bars} bars of {asked} without a break"


def check_grid(grid: Grid) -> None:
    """Raise `GansuiteError` for a phrase that is not possible."""
    if not 1 <= grid.bars <= 64:
        raise GansuiteError(f"A phrase has 1 to 64 bars, not {grid.bars}.", "Use --bars 4.")
    if grid.steps_per_beat not in (1, 2, 3, 4, 6, 8, 12, 24):
        raise GansuiteError(
            f"{grid.steps_per_beat} steps a beat are not a grid of music.", "Use --steps-per-beat 4, 6, 12 or 24."
        )
    number, unit = grid.meter
    if not 1 <= number <= 32 or unit not in (1, 2, 4, 8, 16, 32):
        raise GansuiteError(f"{number}/{unit} is not a time signature.", "Use one such as 4/4, 3/4 or 6/8.")
    bar_steps(grid.steps_per_beat, grid.meter)
