"""Phrases as lists of notes: a few bytes a note, painted into cells when they are wanted.

N phrases of K tracks and S steps hold M notes. A phrase takes about 1 KB this way and 27 KB as cells, and what is done
to phrases (moving, comparing, counting) is done to the columns of one table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gansuite.music.roll import HOLD, ONSET, PITCHES, SILENT, TRACKS, Cells, Flags

DRUMS = TRACKS.index("drums")
BLOCK = 4096  # phrases
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of N phrases, those of one phrase side by side and sorted by track, pitch and start.

    Attributes:
        count: N; a phrase may have no note.
        phrase: int32 (M,), 0..N-1, ascending.
        track: uint8 (M,), an index into `TRACKS`.
        pitch: uint8 (M,), 0..83, semitones above `LOWEST`.
        start: int32 (M,), steps from the beginning of the phrase.
        length: int32 (M,), steps, at least 1; always 1 for drums.
    """

    count: int
    phrase: npt.NDArray[np.int32]
    track: npt.NDArray[np.uint8]
    pitch: npt.NDArray[np.uint8]
    start: npt.NDArray[np.int32]
    length: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.phrase)

    def offsets(self) -> Ints:
        """Where each phrase begins in the table: int64 (N + 1,)."""
        return np.searchsorted(self.phrase, np.arange(self.count + 1))

    def blocks(self) -> Iterator[tuple[slice, Notes]]:
        """The phrases in blocks that are quick to work on and light in memory, with the rows of each block."""
        offsets = self.offsets()
        for begin in range(0, self.count, BLOCK):
            rows = slice(begin, min(begin + BLOCK, self.count))
            mine = slice(offsets[rows.start], offsets[rows.stop])
            phrase = self.phrase[mine] - np.int32(begin)
            others = self.track[mine], self.pitch[mine], self.start[mine], self.length[mine]
            yield rows, Notes(rows.stop - begin, phrase, *others)

    def select(self, rows: Ints, offsets: Ints | None = None) -> Notes:
        """The phrases `rows` (B,) in that order; `offsets` spares looking them up again."""
        offsets = self.offsets() if offsets is None else offsets
        begins = offsets[rows]
        sizes = offsets[rows + 1] - begins
        ends = np.cumsum(sizes)
        places = np.repeat(begins - (ends - sizes), sizes) + np.arange(sizes.sum())
        phrase = np.repeat(np.arange(len(rows), dtype=np.int32), sizes)
        track, pitch, start, length = self.track[places], self.pitch[places], self.start[places], self.length[places]
        return Notes(len(rows), phrase, track, pitch, start, length)


def paint(notes: Notes, steps: int, tracks: int = len(TRACKS)) -> Cells:
    """All phrases as cells, uint8 (N, tracks, steps, 84)."""
    cells = np.full((notes.count, tracks, steps, PITCHES), SILENT, np.uint8)
    onset = ((notes.phrase.astype(np.int64) * tracks + notes.track) * steps + notes.start) * PITCHES + notes.pitch
    held = notes.length.astype(np.int64) - 1
    ends = np.cumsum(held)
    nth = np.arange(held.sum()) - np.repeat(ends - held, held) + 1
    flat = cells.reshape(-1)
    flat[np.repeat(onset, held) + nth * PITCHES] = HOLD
    flat[onset] = ONSET
    return cells


def from_cells(cells: Cells) -> Notes:
    """The notes of cells (N, K, S, 84), K as in `TRACKS`; drums are onsets whatever follows them."""
    _, tracks, steps, _ = cells.shape
    places = np.flatnonzero(cells)
    return _from_places(places, cells.reshape(-1)[places] == ONSET, cells.shape[0], tracks, steps)


def from_sounding(sounding: npt.NDArray[np.uint8] | Flags, tracks: Sequence[int], mend: bool = False) -> Notes:
    """The notes of plain piano rolls (N, K, S, 84): a run of sounding steps is one note, in drums each step is.

    Args:
        sounding: 1 where a pitch sounds.
        tracks: for each of the K tracks its index in `TRACKS`.
        mend: whether a rest of one step before the same pitch only marks the repetition, so that the note before it
            lasts until there.
    """
    count, found, steps, _ = sounding.shape
    places = np.flatnonzero(sounding)
    drums = [number for number, track in enumerate(tracks) if track == DRUMS]
    struck = np.isin(places // (steps * PITCHES) % found, drums)
    notes = _from_places(places, struck, count, found, steps, None)
    notes = replace(notes, track=np.array(tracks, np.uint8)[notes.track])
    return _mended(notes) if mend else notes


def stack(parts: Sequence[Notes]) -> Notes:
    """The phrases of several tables, one after the other."""
    base = np.cumsum([0, *(part.count for part in parts)])
    phrase = [part.phrase + np.int32(start) for part, start in zip(parts, base, strict=False)]
    return Notes(
        int(base[-1]),
        np.concatenate([*phrase, np.empty(0, np.int32)]),
        np.concatenate([*(part.track for part in parts), np.empty(0, np.uint8)]),
        np.concatenate([*(part.pitch for part in parts), np.empty(0, np.uint8)]),
        np.concatenate([*(part.start for part in parts), np.empty(0, np.int32)]),
        np.concatenate([*(part.length for part in parts), np.empty(0, np.int32)]),
    )


def tidy(
    count: int, phrase: npt.ArrayLike, track: npt.ArrayLike, pitch: npt.ArrayLike, start: Ints, end: Ints, steps: int
) -> Notes:
    """A table of any notes: sorted, cut to the phrase's `steps`, one note per onset, none sounding into the next.

    Args:
        count: N.
        phrase, track, pitch: (M,) as in `Notes`, in any order.
        start, end: int64 (M,), steps; what begins outside 0..steps-1 is dropped, and a note has at least one step.
        steps: S.
    """
    phrase, track, pitch = (np.asarray(column, np.int64) for column in (phrase, track, pitch))
    line = (phrase * len(TRACKS) + track) * PITCHES + pitch
    order = np.lexsort((-end, start, line))
    order = order[(start[order] >= 0) & (start[order] < steps)]
    line, start, end = line[order], start[order], end[order]
    first = np.append(True, (line[1:] != line[:-1]) | (start[1:] != start[:-1]))[: len(order)]
    order, line, start, end = order[first], line[first], start[first], end[first]
    following = np.append(np.where(line[1:] == line[:-1], start[1:], steps), steps)[: len(order)]
    reach = _reach(line, start, end)
    length = np.where(track[order] == DRUMS, 1, np.clip(np.minimum(reach, following) - start, 1, None))
    return Notes(
        count,
        phrase[order].astype(np.int32),
        track[order].astype(np.uint8),
        pitch[order].astype(np.uint8),
        start.astype(np.int32),
        length.astype(np.int32),
    )


def rescaled(notes: Notes, steps: int, before: int, after: int) -> Notes:
    """Phrases of `steps` steps on another grid: from `before` to `after` steps a beat.

    Beginnings and ends go to the nearest step, halves to the later one, and a note keeps at least one step; what would
    begin with the next phrase is dropped.
    """
    if before == after:
        return notes
    parts = []
    for _, part in notes.blocks():
        start = nearest(part.start.astype(np.int64) * after, before)
        end = nearest((part.start.astype(np.int64) + part.length) * after, before)
        parts.append(tidy(part.count, part.phrase, part.track, part.pitch, start, end, steps * after // before))
    return stack(parts)


def nearest(numerator: Ints, denominator: int) -> Ints:
    """The quotient rounded to the nearest whole number, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _reach(line: Ints, start: Ints, end: Ints) -> Ints:
    """How far each note of its line, or any longer one before it, sounds."""
    if not len(line):
        return end
    far = int(max(end.max(), 0)) + 1
    group = np.cumsum(np.append(0, line[1:] != line[:-1]))
    reach = np.maximum.accumulate(group * far + np.maximum(end, start + 1).clip(0, far - 1)) - group * far
    return np.asarray(reach, np.int64)


def _from_places(places: Ints, struck: Flags, count: int, tracks: int, steps: int, drums: int | None = DRUMS) -> Notes:
    """Notes from the flat places of all sounding cells (N, tracks, steps, 84); `struck` marks those that begin one."""
    rest, pitch = np.divmod(places, PITCHES)
    rest, step = np.divmod(rest, steps)
    key = (rest * PITCHES + pitch) * (steps + 1) + step
    order = np.argsort(key, kind="stable")
    key, struck = key[order], struck[order]
    begins = np.flatnonzero(struck | np.append(True, np.diff(key) != 1)[: len(key)])
    length = np.diff(np.append(begins, len(key)))
    line, start = np.divmod(key[begins], steps + 1)
    line, pitch = np.divmod(line, PITCHES)
    phrase, track = np.divmod(line, tracks)
    if drums is not None:
        length = np.where(track == drums, 1, length)
    return Notes(
        count,
        phrase.astype(np.int32),
        track.astype(np.uint8),
        pitch.astype(np.uint8),
        start.astype(np.int32),
        length.astype(np.int32),
    )


def _mended(notes: Notes) -> Notes:
    end = notes.start.astype(np.int64) + notes.length
    same = (np.diff(notes.phrase) == 0) & (np.diff(notes.track.astype(int)) == 0)
    same &= (np.diff(notes.pitch.astype(int)) == 0) & (notes.track[1:] != DRUMS)
    gap = same & (notes.start[1:] - end[:-1] == 1)
    return replace(notes, length=notes.length + np.append(gap, False)[: len(notes)].astype(np.int32))
