"""A piece as a file tells it: notes in ticks, not yet on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from gansuite.music.guard import Limits
from gansuite.music.notes import DRUMS, Ints, nearest, paint, tidy
from gansuite.music.roll import LOWEST, PITCHES, TRACKS, Cells, Roll, bar_steps
from gansuite.music.smf import DRUM_KIT, Midi, walk

PIANO, GUITAR, BASS, STRINGS = (TRACKS.index(name) for name in ("piano", "guitar", "bass", "strings"))
NO_FAMILY = -1
TEMPI = (4.0, 1000.0)  # quarter notes a minute: what a roll may have

Value = TypeVar("Value")


def _families(others_to_strings: bool) -> npt.NDArray[np.int64]:
    """The track of each General MIDI program 0..127, and, in the last place, of the drum kit: int64 (129,)."""
    families = np.full(129, NO_FAMILY)
    if others_to_strings:
        families[:112] = STRINGS  # 112 to 127 are percussion and noises
    for track, programs in (
        (PIANO, (0, 8)),
        (PIANO, (16, 24)),
        (GUITAR, (24, 32)),
        (BASS, (32, 40)),
        (STRINGS, (40, 52)),
    ):
        families[slice(*programs)] = track
    families[DRUM_KIT] = DRUMS
    return families


@dataclass(frozen=True, eq=False)
class Score:
    """The notes of a piece, M of them, in any order.

    Attributes:
        ticks_per_beat: ticks in a quarter note.
        start, end: int64 (M,), ticks; `end` is at least a tick later.
        pitch: int64 (M,), MIDI numbers 0..127.
        velocity: uint8 (M,), 1..127.
        program: int64 (M,), General MIDI programs 0..127, or `DRUM_KIT` (-1).
        tempi: (tick, quarter notes a minute) from tick 0 on, in order.
        meters: (tick, (beats, unit)) from tick 0 on, in order.
        last: ticks from the beginning to the end.
    """

    ticks_per_beat: int
    start: Ints
    end: Ints
    pitch: Ints
    velocity: npt.NDArray[np.uint8]
    program: Ints
    tempi: tuple[tuple[int, float], ...]
    meters: tuple[tuple[int, tuple[int, int]], ...]
    last: int

    @property
    def tempo(self) -> float:
        """The tempo that holds longest, in quarter notes a minute."""
        return _longest(self.tempi, self.last)

    @property
    def meter(self) -> tuple[int, int]:
        """The time signature that holds longest."""
        return _longest(self.meters, self.last)

    def families(self, others_to_strings: bool = True) -> Ints:
        """The track of each note, an index into `TRACKS`, or -1 for none: int64 (M,).

        Piano: programs 0-7 and 16-23 (organs); guitar: 24-31; bass: 32-39; strings: 40-51 or, with
        `others_to_strings`, all others below 112.
        """
        return _families(others_to_strings)[self.program]

    def steps(self, ticks: Ints, steps_per_beat: int, origin: int = 0) -> Ints:
        """The step nearest to each tick, halves up, counted from the tick `origin`."""
        return nearest((ticks - origin) * steps_per_beat, self.ticks_per_beat)

    def roll(self, steps_per_beat: int = 4, others_to_strings: bool = True) -> Roll:
        """The whole piece as five tracks, its end rounded up to a whole bar of its meter.

        Notes outside C1..B7 are left out. Beginnings and ends go to the nearest step, and a note has at least one.
        """
        tracks = self.families(others_to_strings)
        meter = self.meter if (steps_per_beat * 4 * self.meter[0]) % self.meter[1] == 0 else (4, 4)
        start = self.steps(self.start, steps_per_beat)
        end = np.maximum(self.steps(self.end, steps_per_beat), start + 1)
        end = np.where(tracks == DRUMS, start + 1, end)
        bar, length = bar_steps(steps_per_beat, meter), int(self.steps(np.array(self.last), steps_per_beat))
        steps = max(1, -(-max(length, int(end.max(initial=0))) // bar)) * bar
        fits = (tracks != NO_FAMILY) & (self.pitch >= LOWEST) & (self.pitch < LOWEST + PITCHES)
        track, pitch, start = tracks[fits], self.pitch[fits] - LOWEST, start[fits]
        cells = paint(tidy(1, np.zeros_like(track), track, pitch, start, end[fits], steps), steps)[0]
        velocity: Cells = np.zeros_like(cells)
        np.maximum.at(velocity, (track, start, pitch), self.velocity[fits])
        return Roll(cells, TRACKS, steps_per_beat, meter, self.tempo, velocity)


def read_score(data: bytes, limits: Limits | None = None) -> Score:
    """The notes of a MIDI file; raises `Unreadable` as `smf.walk` does."""
    return score_of(walk(data, limits))


def score_of(midi: Midi) -> Score:
    """The notes of a file that was walked."""
    table = np.array(midi.notes, np.int64).reshape(-1, 5)
    tempi = tuple((tick, tempo_of(microseconds)) for tick, microseconds in midi.tempi)
    return Score(
        midi.ticks_per_beat,
        table[:, 0],
        table[:, 1],
        table[:, 2],
        table[:, 3].astype(np.uint8),
        table[:, 4],
        from_the_start(tempi, 120.0),
        from_the_start(midi.meters, (4, 4)),
        midi.end,
    )


def tempo_of(microseconds: float) -> float:
    """Quarter notes a minute: of all within a microsecond a quarter note, the one of fewest decimals.

    Some programs round to whole microseconds, others cut off, and pretty_midi now and then cuts off one too many.
    """
    for digits in range(5):
        tempo = round(6e7 / microseconds, digits)
        if tempo and abs(6e7 / tempo - microseconds) <= 1:
            break
    return min(max(tempo, TEMPI[0]), TEMPI[1])


def from_the_start(changes: tuple[tuple[int, Value], ...], default: Value) -> tuple[tuple[int, Value], ...]:
    """The changes without repetitions, the last of several at one tick, and the default before the first."""
    found: list[tuple[int, Value]] = [(0, default)]
    for tick, value in changes:
        if found[-1][0] == tick:
            found.pop()
        if not found or found[-1][1] != value:
            found.append((tick, value))
    return tuple(found)


def _longest(changes: tuple[tuple[int, Value], ...], last: int) -> Value:
    lasts: dict[Value, int] = {}
    for (tick, value), following in zip(
        changes, [*(tick for tick, _ in changes[1:]), max(last, changes[-1][0])], strict=True
    ):
        lasts[value] = lasts.get(value, 0) + following - tick
    return max(lasts, key=lambda value: lasts[value])
