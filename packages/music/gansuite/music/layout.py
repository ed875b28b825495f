"""Where everything of a piano roll stands in its picture: lanes, rows, lines and bars.

x and y are pixels, to the right and down. A lane shows only the pitches that its track uses, and music that is too long
for one line goes on in the next, like a page of notes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError
from gansuite.music.roll import LOWEST, Roll

NO_KIT = (36, 38, 42)  # rows of drums that are silent

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Style:
    """Sizes in pixels.

    Attributes:
        beat: width of a quarter note.
        lane: height of a lane at most; its rows become as thin as that needs.
        row: height of a pitch at most.
        stroke: height of a piece of the drum kit at most.
        thick: height of a note at least, however thin its row is.
        least: pitches a lane shows at least.
        empty: pitches a lane without notes shows.
        stray: share of the notes at either end of a lane that need not widen it and are drawn on its edge.
        gap: between lanes.
        space: between lines, and around the whole.
        left, top: room for names and for bar numbers; 0 leaves them out.
        line: quarter notes in a line at most.
    """

    beat: int = 24
    lane: int = 160
    row: int = 5
    stroke: int = 11
    thick: int = 2
    least: int = 16
    empty: int = 5
    stray: float = 0.0
    gap: int = 6
    space: int = 12
    left: int = 104
    top: int = 18
    line: int = 64


PAGE_STYLE = Style()
TILE_STYLE = Style(
    beat=12,
    lane=42,
    row=2,
    stroke=4,
    thick=2,
    least=12,
    empty=12,
    stray=0.004,
    gap=2,
    space=5,
    left=0,
    top=0,
    line=1 << 20,
)


@dataclass(frozen=True)
class Lane:
    """Where one track is drawn.

    Attributes:
        track: its name.
        pitches: MIDI numbers of its rows, lowest (at the bottom) first.
        row: height of a row, perhaps less than a pixel.
        thick: height of a note.
        y: its upper edge, from that of its line.
    """

    track: str
    pitches: tuple[int, ...]
    row: float
    thick: int
    y: int

    @property
    def height(self) -> int:
        """Of all rows."""
        return max(round(self.row * len(self.pitches)), self.thick)

    def row_y(self, pitch: int) -> int:
        """The upper edge of a note of that pitch, in the middle of its row."""
        nearest = bisect_left(self.pitches, pitch, hi=len(self.pitches) - 1)
        rest = (int(self.row) - self.thick + 1) // 2
        return self.y + max(0, self.height - self.thick - round(self.row * nearest) - max(0, rest))


@dataclass(frozen=True)
class Layout:
    """Where everything is drawn.

    Attributes:
        style: sizes.
        lanes: from top to bottom.
        steps_per_beat, steps_per_bar: the grid of the roll.
        pulse: steps from one beat line to the next: a quarter note, or three eighths in 6/8 and its like.
        line_steps: steps in a line.
        lines: how many lines there are.
    """

    style: Style
    lanes: tuple[Lane, ...]
    steps_per_beat: int
    steps_per_bar: int
    pulse: int
    line_steps: int
    lines: int

    @property
    def line_height(self) -> int:
        """From the bar numbers of a line to those of the next."""
        return self.style.top + self.lanes[-1].y + self.lanes[-1].height + self.style.space

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        margin = self.style.space
        return self.style.left + self._across(self.line_steps) + 2 * margin, self.lines * self.line_height + margin

    def x(self, step: int) -> int:
        """The left edge of a step, in its line."""
        return self.style.left + self.style.space + self._across(step % self.line_steps)

    def y(self, step: int) -> int:
        """The upper edge of the lanes in the line of a step."""
        return step // self.line_steps * self.line_height + self.style.top + self.style.space

    def box(self, lane: Lane, pitch: int, start: int, length: int = 1) -> tuple[int, int, int, int]:
        """Left, top, right and bottom (both behind the last pixel) of a note within one line."""
        left = self.x(start)
        top = self.y(start) + lane.row_y(pitch)
        return left, top, max(left + self._across(length), left + 1), top + lane.thick

    def _across(self, steps: int) -> int:
        return round(steps * self.style.beat / self.steps_per_beat)


def lay_out(rolls: Sequence[Roll], style: Style = PAGE_STYLE) -> Layout:
    """Places for rolls of the same tracks and grid, with every pitch that any of them uses."""
    if not rolls or not rolls[0].tracks or not rolls[0].steps:
        raise GansuiteError(
            "There is no music to draw: it has no tracks or no steps.", "Give music of one bar or more."
        )
    first = rolls[0]
    used = np.sum([roll.sounding.sum(axis=1) for roll in rolls], axis=0)
    lanes: list[Lane] = []
    y = 0
    for track, counts in zip(first.tracks, used, strict=True):
        lanes.append(_lane(track, counts, style, y))
        y += lanes[-1].height + style.gap
    steps = max(roll.steps for roll in rolls)
    line_steps = _line_bars(-(-steps // first.steps_per_bar), first, style) * first.steps_per_bar
    lines = -(-steps // line_steps)
    return Layout(style, tuple(lanes), first.steps_per_beat, first.steps_per_bar, _pulse(first), line_steps, lines)


def _pulse(roll: Roll) -> int:
    beats, unit = roll.meter
    return roll.steps_per_beat * 3 // 2 if unit == 8 and beats % 3 == 0 else roll.steps_per_beat


def _lane(track: str, counts: Counts, style: Style, y: int) -> Lane:
    """A lane for notes that sound on so many steps at each pitch, (84,)."""
    if track == "drums":
        pitches = tuple((np.flatnonzero(counts) + LOWEST).tolist()) or NO_KIT
        row = min(style.stroke, style.lane / len(pitches))
        thick = min(max(int(row) - 1, style.thick + 1), style.beat // 4 + 1)
    else:
        pitches = _rows(counts, style)
        row = min(style.row, style.lane / len(pitches))
        thick = max(int(row) - 1, style.thick)
    return Lane(track, pitches, int(row) if row >= 2 else row, thick, y)


def _rows(counts: Counts, style: Style) -> tuple[int, ...]:
    """Which pitches a lane shows."""
    low, high, least = 60, 60, style.empty
    if counts.any():
        below = np.cumsum(counts) / counts.sum()
        low, high = (int(np.argmax(found)) + LOWEST for found in (below > style.stray, below >= 1 - style.stray))
        least = style.least
    missing = max(0, least - (high - low + 1))
    return tuple(range(low - missing // 2, high + missing - missing // 2 + 1))


def _line_bars(bars: int, roll: Roll, style: Style) -> int:
    """Bars in a line: as many as fit, by fours where there are several lines, no line much shorter than the others."""
    fit = max(1, style.line * roll.steps_per_beat // roll.steps_per_bar)
    if bars <= fit:
        return bars
    even = -(-bars // -(-bars // fit))
    return min(fit, -(-even // 4) * 4)
