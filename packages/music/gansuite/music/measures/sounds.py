"""Phrases as the list of what sounds in them: made once, counted in many ways.

Few cells of a piano roll sound, so counting those that do is many times faster than going over all of them for every
measure. Letters: N phrases, K tracks, S steps, P pitches, B bars, M sounding cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError
from gansuite.music.roll import HOLD, LOWEST, ONSET, Cells, Flags, Grid

Ints = npt.NDArray[np.int64]
Music = npt.NDArray[Any]

GRID = Grid()
CLASSES = 12


@dataclass(frozen=True, eq=False)
class Sounds:
    """What sounds in N phrases of K tracks.

    Attributes:
        cells: uint8 (N, K, S, P), contiguous: silent, onset or hold.
        beat: steps of a quarter note.
        bar: steps of a bar; S is a multiple of it.
    """

    cells: Cells
    beat: int
    bar: int

    @property
    def phrases(self) -> int:
        """N."""
        return int(self.cells.shape[0])

    @property
    def tracks(self) -> int:
        """K."""
        return int(self.cells.shape[1])

    @property
    def steps(self) -> int:
        """S."""
        return int(self.cells.shape[2])

    @property
    def bars(self) -> int:
        """B."""
        return self.steps // self.bar

    @cached_property
    def places(self) -> Ints:
        """The sounding cells: (M,) indices into the flat cells, ascending."""
        return np.flatnonzero(self.cells.reshape(-1) != 0)

    @cached_property
    def moments(self) -> Ints:
        """The step of each sounding cell: (M,), (phrase * K + track) * S + step."""
        return np.asarray(self.places // self.cells.shape[3])

    @cached_property
    def when(self) -> Ints:
        """The step of each sounding cell in its phrase: (M,), 0..S-1."""
        return self.moments - self.moments // max(1, self.steps) * self.steps

    @cached_property
    def classes(self) -> Ints:
        """The pitch class of each sounding cell: (M,), 0 (C) to 11 (B)."""
        pitch = self.places - self.moments * self.cells.shape[3]
        return np.asarray(((np.arange(self.cells.shape[3]) + LOWEST) % CLASSES)[pitch])

    @cached_property
    def struck(self) -> Flags:
        """Whether each sounding cell begins a note: (M,). A hold that follows no onset begins one too."""
        flat = self.cells.reshape(-1)
        fresh = (flat[self.places] == ONSET) | (flat[self.places - self.cells.shape[3]] == 0)
        return np.asarray(fresh | (self.when == 0))

    @cached_property
    def pitches(self) -> Ints:
        """How many pitches sound in each step: (N, K, S)."""
        return self._per_step(self.moments)

    @cached_property
    def strikes(self) -> Ints:
        """How many notes begin in each step: (N, K, S)."""
        return self._per_step(self.moments[self.struck])

    @cached_property
    def sounding_bars(self) -> Flags:
        """Whether anything sounds in each bar: (N, K, B)."""
        return np.asarray(self.by_bar(self.pitches).any(axis=3))

    @cached_property
    def beats(self) -> Ints:
        """How many steps each pitch class sounds in each beat, pitches an octave apart adding up: (N, K, beats, 12)."""
        return self.chroma(self.beat)

    def chroma(self, length: int) -> Ints:
        """The same for stretches of `length` steps, the last of which may be shorter: (N, K, stretches, 12)."""
        stretches = -(-self.steps // length)
        if self.steps % length:
            place = self.moments // self.steps * stretches + self.when // length
        else:
            place = self.moments // length
        shape = (self.phrases, self.tracks, stretches, CLASSES)
        counted = np.bincount(place * CLASSES + self.classes, minlength=int(np.prod(shape)))
        return counted.reshape(shape)

    @cached_property
    def bar_chroma(self) -> Ints:
        """The same for bars: (N, K, B, 12)."""
        if self.bar % self.beat:
            return self.chroma(self.bar)
        shape = (self.phrases, self.tracks, self.bars, self.bar // self.beat, CLASSES)
        return np.asarray(self.beats.reshape(shape).sum(axis=3))

    def by_bar(self, per_step: Music) -> Music:
        """An array (N, K, S) as (N, K, B, steps of a bar)."""
        return per_step.reshape(*per_step.shape[:2], self.bars, self.bar)

    def notes(self, shortest: int, across_bars: bool = True) -> tuple[Ints, Ints]:
        """How many notes last at least `shortest` steps, and how many there are: (N, K) each.

        Args:
            shortest: steps.
            across_bars: whether a note sounds on over a bar line, or is cut there into one note on either side.
        """
        flat, pitches = self.cells.reshape(-1), self.cells.shape[3]
        if across_bars:
            first, room = self.struck, self.steps - self.when
        else:
            place = self.when % self.bar
            first, room = self.struck | (place == 0), self.bar - place
        places, lines, room = self.places[first], self.moments[first] // max(1, self.steps), room[first]
        long = room >= shortest
        for later in range(1, shortest):
            long[long] = flat[places[long] + later * pitches] == HOLD
        return self._per_line(lines[long]), self._per_line(lines)

    def _per_step(self, moments: Ints) -> Ints:
        shape = self.cells.shape[:3]
        return np.bincount(moments, minlength=int(np.prod(shape))).reshape(shape)

    def _per_line(self, lines: Ints) -> Ints:
        return np.bincount(lines, minlength=self.phrases * self.tracks).reshape(self.phrases, self.tracks)


def hear(music: Music, grid: Grid = GRID, drums: Sequence[int] = ()) -> Sounds:
    """Make ready to count.

    Args:
        music: (N, S, P) of one track or (N, K, S, P) of several: cells (uint8), or a plain piano roll (bool), in which
            each run of a pitch is one note, or in drums each step is one stroke. Pitches begin at C1.
        grid: the steps of a beat and of a bar; how many bars there are, the array says.
        drums: which of the K tracks are drums.

    Raises:
        GansuiteError: another shape or type, other numbers than 0, 1 and 2, or not a whole number of bars.
    """
    cells = _as_cells(music, drums)
    bar = grid.bar
    if cells.shape[2] % bar:
        raise GansuiteError(
            f"The phrases have {cells.shape[2]} steps, which is not a whole number of bars of {bar} steps.",
            "Cut or pad them to whole bars, or give the grid they are on.",
        )
    return Sounds(cells, grid.steps_per_beat, bar)


def _as_cells(music: Music, drums: Sequence[int]) -> Cells:
    if music.ndim not in (3, 4) or music.dtype not in (np.bool_, np.uint8):
        raise GansuiteError(
            f"Expected cells (uint8) or a piano roll (bool) of shape (phrases, steps, pitches) or (phrases, tracks, "
            f"steps, pitches), not {music.dtype} of shape {music.shape}.",
            "Convert it with .astype(bool) or from_sounding.",
        )
    music = np.ascontiguousarray(music if music.ndim == 4 else music[:, None])
    if music.dtype == np.uint8:
        if music.max(initial=0) > HOLD:
            raise GansuiteError(
                f"A cell holds {music.max()}; cells are 0 (silent), 1 (onset) or 2 (hold).",
                "Turn velocities into cells with from_sounding(velocities > 0).",
            )
        return music
    cells = music.view(np.uint8).copy()
    held = music[:, :, 1:] & music[:, :, :-1]
    held[:, list(drums)] = False
    cells[:, :, 1:] += held
    return cells
