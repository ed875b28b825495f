"""Music on a grid: the one shape in which the whole package speaks of notes.

A cell of the grid says whether a pitch is silent, struck or held on. With strike and hold told apart, a repeated note
and a long one differ, nothing is lost between a grid and a MIDI file, and the length of every note is explicit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError

TRACKS = ("drums", "piano", "guitar", "bass", "strings")
LOWEST = 24  # C1, the MIDI number of the lowest pitch
OCTAVES, PITCH_CLASSES = 7, 12
PITCHES = OCTAVES * PITCH_CLASSES  # C1 to B7
SILENT, ONSET, HOLD = 0, 1, 2
JOINED = (frozenset({(4, 4), (2, 4), (2, 2)}), frozenset({(6, 8), (12, 8)}))  # bars of one fill bars of the other

Cells = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Roll:
    """A stretch of music.

    Attributes:
        cells: (tracks, steps, 84), each SILENT, ONSET or HOLD; a HOLD follows an ONSET or a HOLD of its pitch. Drums
            are onsets only.
        tracks: the names of the tracks, in order, each one of `TRACKS`.
        steps_per_beat: steps in a quarter note.
        meter: the time signature, as in (4, 4) or (6, 8).
        tempo: quarter notes a minute.
        velocity: (tracks, steps, 84), 1 to 127 at every onset and 0 elsewhere; None where nothing is known.
    """

    cells: Cells
    tracks: tuple[str, ...] = TRACKS
    steps_per_beat: int = 4
    meter: tuple[int, int] = (4, 4)
    tempo: float = 120.0
    velocity: Cells | None = None

    @property
    def steps(self) -> int:
        """How many steps there are in all."""
        return int(self.cells.shape[1])

    @property
    def steps_per_bar(self) -> int:
        """How many steps a bar has."""
        return bar_steps(self.steps_per_beat, self.meter)

    @property
    def bars(self) -> int:
        """How many bars have begun."""
        return -(-self.steps // self.steps_per_bar)

    @property
    def onsets(self) -> Flags:
        """Where notes begin, (tracks, steps, 84)."""
        return np.equal(self.cells, ONSET)

    @property
    def sounding(self) -> Flags:
        """Where notes sound, (tracks, steps, 84)."""
        return np.not_equal(self.cells, SILENT)

    def between(self, start: int, stop: int) -> Roll:
        """The steps from `start` up to `stop`; a note cut off at the start is struck again there."""
        cells = self.cells[:, start:stop].copy()
        cells[:, :1][cells[:, :1] == HOLD] = ONSET
        if self.velocity is None:
            return replace(self, cells=cells)
        velocity = self.velocity[:, start:stop].copy()
        struck = (cells[:, :1] == ONSET) & (velocity[:, :1] == 0)
        velocity[:, :1][struck] = DEFAULT_VELOCITY
        return replace(self, cells=cells, velocity=velocity)

    def bar(self, index: int, count: int = 1) -> Roll:
        """`count` bars from bar `index` on."""
        return self.between(index * self.steps_per_bar, (index + count) * self.steps_per_bar)

    def moved(self, semitones: int) -> Roll:
        """The same music that many semitones higher; drums stay, and notes that leave the range are lost."""
        pitched = [name != "drums" for name in self.tracks]
        cells = self.cells.copy()
        cells[pitched] = move(self.cells[pitched], semitones)
        if self.velocity is None:
            return replace(self, cells=cells)
        velocity = self.velocity.copy()
        velocity[pitched] = move(self.velocity[pitched], semitones)
        return replace(self, cells=cells, velocity=velocity)


DEFAULT_VELOCITY = 90


def bar_steps(steps_per_beat: int, meter: tuple[int, int]) -> int:
    """How many steps a bar of that meter has.

    Raises:
        GansuiteError: when a bar is not a whole number of steps.
    """
    steps, rest = divmod(steps_per_beat * 4 * meter[0], meter[1])
    if rest or steps < 1:
        raise GansuiteError(
            f"A bar of {meter[0]}/{meter[1]} is not a whole number of steps at {steps_per_beat} steps a beat.",
            "Use --steps-per-beat 4, 6, 12 or 24.",
        )
    return steps


@dataclass(frozen=True)
class Grid:
    """The shape of a phrase.

    Attributes:
        bars: how many.
        steps_per_beat: steps in a quarter note.
        meter: the time signature.
        tracks: the names of the tracks, each one of `TRACKS`.
    """

    bars: int = 4
    steps_per_beat: int = 4
    meter: tuple[int, int] = (4, 4)
    tracks: tuple[str, ...] = TRACKS

    @classmethod
    def restored(cls, saved: Mapping[str, Any]) -> Grid:
        """The grid that was saved as JSON; what is none raises KeyError, TypeError or ValueError."""
        values = dict(saved)
        number, unit = values["meter"]
        return cls(**{**values, "meter": (number, unit), "tracks": tuple(values["tracks"])})

    @property
    def bar(self) -> int:
        """Steps in a bar."""
        return bar_steps(self.steps_per_beat, self.meter)

    @property
    def beats(self) -> int:
        """Quarter notes in a bar."""
        return self.bar // self.steps_per_beat

    @property
    def steps(self) -> int:
        """Steps in a phrase."""
        return self.bars * self.bar

    def accepts(self, meter: tuple[int, int]) -> bool:
        """Whether music in that meter can be cut into these bars: 2/4 and 2/2 join 4/4, 12/8 joins 6/8."""
        return meter == self.meter or any(meter in group and self.meter in group for group in JOINED)


def from_sounding(sounding: Flags) -> Cells:
    """Cells from a plain piano roll (..., steps, 84): a note begins wherever its pitch was silent before."""
    before = np.zeros_like(sounding)
    before[..., 1:, :] = sounding[..., :-1, :]
    return np.where(sounding, np.where(before, HOLD, ONSET), SILENT).astype(np.uint8)


def join(rolls: Sequence[Roll]) -> Roll:
    """Rolls of the same tracks and grid, one after another."""
    first = rolls[0]
    velocity = None
    if all(roll.velocity is not None for roll in rolls):
        velocity = np.concatenate([roll.velocity for roll in rolls if roll.velocity is not None], axis=1)
    return replace(first, cells=np.concatenate([roll.cells for roll in rolls], axis=1), velocity=velocity)


def move(cells: Cells, semitones: int) -> Cells:
    """Cells (..., 84) that many semitones higher; what leaves the range is lost."""
    moved = np.zeros_like(cells)
    if semitones >= 0:
        moved[..., semitones:] = cells[..., : PITCHES - semitones]
    else:
        moved[..., :semitones] = cells[..., -semitones:]
    return moved
