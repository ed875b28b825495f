"""Piano rolls as pictures: a lane for each track, time to the right, a row for each pitch or piece of the drum kit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from gansuite.music.layout import PAGE_STYLE, TILE_STYLE, Lane, Layout, Style, lay_out
from gansuite.music.roll import HOLD, LOWEST, ONSET, Roll

Canvas = npt.NDArray[np.uint8]  # (height, width, 3)
Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "drums": (244, 190, 84),
    "piano": (96, 172, 255),
    "guitar": (104, 214, 156),
    "bass": (202, 148, 240),
    "strings": (255, 132, 122),
}
PAGE: Colour = (19, 21, 26)
LANE: Colour = (29, 32, 39)
BLACK_KEY: Colour = (25, 28, 34)
BEAT: Colour = (38, 42, 51)
OCTAVE: Colour = (52, 57, 68)
BAR: Colour = (64, 70, 84)
PHRASE: Colour = (104, 112, 130)  # the bar line of every fourth bar
INK: Colour = (150, 157, 172)
BLACK_KEYS = (1, 3, 6, 8, 10)

PIECES = {
    27: "High Q",
    28: "Slap",
    31: "Sticks",
    33: "Click",
    35: "Kick 2",
    36: "Kick",
    37: "Stick",
    38: "Snare",
    39: "Clap",
    40: "Snare 2",
    41: "Low tom",
    42: "Hi-hat",
    43: "Low tom 2",
    44: "Pedal hat",
    45: "Mid tom",
    46: "Open hat",
    47: "Mid tom 2",
    48: "High tom",
    49: "Crash",
    50: "High tom 2",
    51: "Ride",
    52: "China",
    53: "Ride bell",
    54: "Tambourine",
    55: "Splash",
    56: "Cowbell",
    57: "Crash 2",
    59: "Ride 2",
    60: "Hi bongo",
    61: "Low bongo",
    62: "Mute conga",
    63: "Hi conga",
    64: "Low conga",
    69: "Cabasa",
    70: "Maracas",
    75: "Claves",
    76: "Woodblock",
    80: "Triangle",
    82: "Shaker",
}


def draw_roll(roll: Roll, style: Style = PAGE_STYLE) -> Image.Image:
    """A piece as an RGB picture, 16 bars of four beats to a line.

    Every track has its colour; the louder a note, the brighter. Drums are dots, a row for each piece of the kit.

    Args:
        roll: at least one step; where it knows no velocity, all notes are equally bright.
        style: sizes.

    Raises:
        GansuiteError: there is nothing to draw.
    """
    layout = lay_out([roll], style)
    width, height = layout.size
    canvas = np.full((height, width, 3), PAGE, np.uint8)
    _draw_grid(canvas, layout, roll.steps)
    _draw_tracks(canvas, layout, roll)
    picture = Image.fromarray(canvas)
    _write_names(ImageDraw.Draw(picture), layout, roll)
    return picture


def draw_sheet(rolls: Sequence[Roll], columns: int = 8, style: Style = TILE_STYLE) -> Image.Image:
    """Many phrases side by side, row by row, all with the same lanes so that they can be compared.

    Args:
        rolls: at least one, all of the same tracks and grid.
        columns: phrases in a row.
        style: sizes.

    Raises:
        GansuiteError: there is nothing to draw.
    """
    layout = lay_out(rolls, style)
    width, height = layout.size
    columns = max(1, min(columns, len(rolls)))
    sheet = np.full((-(-len(rolls) // columns) * height, columns * width, 3), PAGE, np.uint8)
    for number, roll in enumerate(rolls):
        top, left = number // columns * height, number % columns * width
        tile = sheet[top : top + height, left : left + width]
        _draw_grid(tile, layout, roll.steps)
        _draw_tracks(tile, layout, roll)
    return Image.fromarray(sheet)


def _draw_grid(canvas: Canvas, layout: Layout, steps: int) -> None:
    for start in range(0, steps, layout.line_steps):
        stop = min(start + layout.line_steps, steps)
        left, top = layout.x(start), layout.y(start)
        width = layout.box(layout.lanes[0], 0, start, stop - start)[2] - left
        marks = [(layout.x(step) - left, _mark(step, layout)) for step in range(start, stop)]
        for lane in layout.lanes:
            area = canvas[top + lane.y : top + lane.y + lane.height, left : left + width]
            area[:] = LANE
            _draw_rows(area, lane)
            for x, colour in marks:
                if colour is not None:
                    area[:, x] = colour


def _draw_rows(area: Canvas, lane: Lane) -> None:
    """Black keys and octaves, or lines between drums, where rows are high enough to be told apart."""
    if lane.row < 1.5:
        return
    for index, pitch in enumerate(lane.pitches):
        bottom = lane.height - round(index * lane.row)
        if lane.track == "drums":
            area[bottom - 1 : bottom] = BEAT
        elif pitch % 12 == 0:
            area[bottom - 1 : bottom] = OCTAVE
        elif pitch % 12 in BLACK_KEYS and lane.row >= 2:
            area[bottom - int(lane.row) : bottom] = BLACK_KEY


def _mark(step: int, layout: Layout) -> Colour | None:
    """The colour of the line before a step: of a beat, a bar or every fourth bar; none within a beat."""
    if step % (4 * layout.steps_per_bar) == 0:
        return PHRASE
    if step % layout.steps_per_bar == 0:
        return BAR
    return BEAT if step % layout.steps_per_bar % layout.pulse == 0 else None


def _draw_tracks(canvas: Canvas, layout: Layout, roll: Roll) -> None:
    for number, lane in enumerate(layout.lanes):
        shades = _shades(lane.track)
        for pitch, start, length, shade in _notes(roll, number):
            if lane.track == "drums":
                _draw_dot(canvas, layout.box(lane, pitch, start), shades[shade])
            else:
                _draw_note(canvas, layout, lane, (pitch, start, length), shades[shade])


def _notes(roll: Roll, number: int) -> list[tuple[int, int, int, int]]:
    """(MIDI pitch, start, length, velocity) of the notes of a track."""
    cells = roll.cells[number].T
    pitch, start = np.nonzero(cells == ONSET)
    ends = np.ones((cells.shape[0], cells.shape[1] + 1), bool)
    ends[:, :-1] = cells != HOLD
    places = np.flatnonzero(ends)
    after = places[np.searchsorted(places, pitch * ends.shape[1] + start, side="right")]
    length = after - pitch * ends.shape[1] - start
    loud = np.full(len(pitch), 127) if roll.velocity is None else roll.velocity[number].T[pitch, start]
    return list(zip((pitch + LOWEST).tolist(), start.tolist(), length.tolist(), loud.tolist(), strict=True))


@cache
def _shades(track: str) -> npt.NDArray[np.uint8]:
    """The colour of a track at each velocity, (128, 3)."""
    strength = (0.32 + 0.68 * np.arange(128) / 127)[:, None]
    return np.rint(np.array(LANE) * (1 - strength) + np.array(COLOURS[track]) * strength).astype(np.uint8)


def _draw_note(
    canvas: Canvas, layout: Layout, lane: Lane, note: tuple[int, int, int], colour: npt.NDArray[np.uint8]
) -> None:
    """A bar with a bright beginning and a narrow gap behind it, which goes on in the next line where it must."""
    pitch, start, length = note
    first = True
    while length > 0:
        here = min(length, layout.line_steps - start % layout.line_steps)
        left, top, right, bottom = layout.box(lane, pitch, start, here)
        wide = right - left > 2
        canvas[top:bottom, left : right - wide] = colour
        if first and wide:
            canvas[top:bottom, left] = colour // 2 + 127
        start, length, first = start + here, length - here, False


def _draw_dot(canvas: Canvas, box: tuple[int, int, int, int], colour: npt.NDArray[np.uint8]) -> None:
    left, top, _, bottom = box
    size = bottom - top
    disc = _disc(size)[..., None]
    area = canvas[top : top + size, left : left + size]
    area[:] = np.rint(area * (1 - disc[:, : area.shape[1]]) + colour * disc[:, : area.shape[1]])


@cache
def _disc(size: int) -> npt.NDArray[np.float32]:
    """How much of each pixel a disc covers, (size, size)."""
    centres = np.arange(size) - (size - 1) / 2
    distance = np.hypot(*np.meshgrid(centres, centres))
    return np.asarray(np.clip(size / 2 - distance + 0.3, 0, 1), np.float32)


def _write_names(pen: ImageDraw.ImageDraw, layout: Layout, roll: Roll) -> None:
    for line in range(layout.lines):
        start = line * layout.line_steps
        for step in range(start, min(start + layout.line_steps, roll.steps), layout.steps_per_bar):
            place = (layout.x(step) + 2, layout.y(start) - 5)
            pen.text(place, str(step // layout.steps_per_bar + 1), INK, _font(12), anchor="ls")
        for lane in layout.lanes:
            top = layout.y(start) + lane.y
            pen.text((layout.style.space, top + 2), lane.track, COLOURS[lane.track], _font(14), anchor="lt")
            _write_rows(pen, layout, lane, top)


def _write_rows(pen: ImageDraw.ImageDraw, layout: Layout, lane: Lane, top: int) -> None:
    """What the rows of a lane are called, at its left edge: pieces of the kit, or the Cs."""
    for index, pitch in enumerate(lane.pitches):
        middle = top + lane.height - (index + 0.5) * lane.row
        place = (layout.x(0) - 6, middle)
        if lane.track == "drums" and lane.row >= 8:
            pen.text(place, PIECES.get(pitch, str(pitch)), INK, _font(10), anchor="rm")
        elif lane.track != "drums" and pitch % 12 == 0:
            pen.text(place, f"C{pitch // 12 - 1}", INK, _font(10), anchor="rm")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
