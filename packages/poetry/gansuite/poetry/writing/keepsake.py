"""A card to send: a picture and its poem, set in one PNG.

A wide picture stands above its poem, a tall one beside it. The paper has the picture's own colour, faint under a light
picture and deep under a dark one, and the ink stands out from it at least as WCAG 2.1 (level AAA, 7:1) asks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from gansuite.core.provenance import Provenance, embed_png

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]  # left, top, right, bottom
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

WIDTHS = (1200, 1700)  # pixels of a card with the picture above, and beside
BESIDE = 1200  # pixels of the height of a card with the picture beside
MARGIN = 90
WIDE = 0.9  # width by height of a picture from which on it stands above the poem
SQUARE, LONG = 1.15, 10  # below the first, above as many lines, it stands beside all the same
SHARE = 0.52  # of the width, at most, is the picture's where it stands beside
SIZES = range(44, 17, -2)  # of type, in pixels; the largest with which the poem fits
LEADING, TITLE_GAP = 1.5, 1.3  # of the size: from line to line, and between title and poem
HANGING = 1.5  # of the size: how far the rest of a broken line is set in
SMALLER = 0.7  # type may be this much smaller than the largest rather than break a line
TRACKING = 0.14  # of the size: between the letters of a title
DASH, DASH_AT, DASH_BY = "—", 0.62, 0.05  # the face has none: it is drawn, so far down and so thick, of the size
DARK = 0.16  # luminance of a picture below which its card is dark
CONTRAST = 7.0
LARGEST = 4000  # pixels of the picture's longer side that are looked at


@dataclass(frozen=True)
class Paper:
    """The colours of a card."""

    ground: Colour
    ink: Colour
    soft: Colour


@dataclass(frozen=True)
class Setting:
    """Lines as they are set.

    Attributes:
        size: of the type, in pixels.
        lines: each with whether it goes on with the one before, and is set in.
        title: in capitals, or empty.
    """

    size: int
    lines: tuple[tuple[str, bool], ...]
    title: str

    @property
    def head(self) -> float:
        """Height of the title with what is below it, in pixels."""
        return self.size * (LEADING + TITLE_GAP) if self.title else 0.0

    @property
    def height(self) -> float:
        """Of all, in pixels."""
        return self.head + len(self.lines) * self.size * LEADING

    @property
    def width(self) -> float:
        """Of the longest line, in pixels."""
        return max(
            (_length(text, self.size) + goes_on * HANGING * self.size for text, goes_on in self.lines), default=0
        )


def card(picture: Image.Image, lines: Sequence[str], title: str = "", provenance: Provenance | None = None) -> bytes:
    """The card as a PNG.

    Args:
        picture: of any size and mode.
        lines: of the poem; an empty one parts stanzas.
        title: or empty.
        provenance: what the poem follows from, to be kept in the file.
    """
    drawn = draw(picture, lines, title)
    if provenance is not None:
        return embed_png(drawn, provenance)
    stream = BytesIO()
    drawn.save(stream, format="PNG")
    return stream.getvalue()


def draw(picture: Image.Image, lines: Sequence[str], title: str = "") -> Image.Image:
    """The card as a picture: 1200 pixels wide and as high as it must be, or 1700 wide and 1200 high, or higher."""
    picture = _opaque(picture)
    paper = paper_of(picture)
    lines, title = [_typed(line) for line in lines], _typed(title).upper()
    shape = picture.width / picture.height
    above = shape >= WIDE and (shape >= SQUARE or len(lines) <= LONG)
    sheet, box, setting = (_above if above else _beside)(picture, lines, title, paper)
    _set(ImageDraw.Draw(sheet), box, setting, paper)
    return sheet


def paper_of(picture: Image.Image) -> Paper:
    """Paper and ink from the colours of a picture."""
    small = picture.resize((32, 32), Image.Resampling.BOX)
    red, green, blue = (sum(channel) / 1024 for channel in zip(*_pixels(small), strict=True))
    tint = _vivid((round(red), round(green), round(blue)))
    dark = luminance((round(red), round(green), round(blue))) < DARK
    ground = _mixed(tint, (14, 14, 18) if dark else (252, 250, 246), 0.75 if dark else 0.86)
    far = (252, 250, 246) if dark else (16, 16, 20)
    ink = _until_readable(_mixed(tint, far, 0.8), far, ground, CONTRAST)
    return Paper(ground, ink, _until_readable(_mixed(ink, ground, 0.35), far, ground, CONTRAST / 1.5))


def luminance(colour: Colour) -> float:
    """Relative luminance, 0..1 (WCAG 2.1)."""
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Colour, other: Colour) -> float:
    """The contrast of two colours, 1..21 (WCAG 2.1)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _opaque(picture: Image.Image) -> Image.Image:
    """The picture in RGB, on white where it can be seen through."""
    if max(picture.size) > LARGEST:
        picture = picture.copy()
        picture.thumbnail((LARGEST, LARGEST))
    if "A" in picture.getbands() or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return picture.convert("RGB")


def _above(picture: Image.Image, lines: Sequence[str], title: str, paper: Paper) -> tuple[Image.Image, Box, Setting]:
    """A card with the picture above: itself, the box that is left for the poem, and the poem as it is set."""
    width = WIDTHS[0]
    shown = _scaled(picture, width - 2 * MARGIN, width - 2 * MARGIN)
    setting = fitted(lines, title, width - 2 * MARGIN)
    top = MARGIN + shown.height
    height = round(top + 2 * MARGIN + setting.height)
    sheet = Image.new("RGB", (width, height), paper.ground)
    sheet.paste(shown, ((width - shown.width) // 2, MARGIN))
    return sheet, (MARGIN, top, width - MARGIN, height), setting


def _beside(picture: Image.Image, lines: Sequence[str], title: str, paper: Paper) -> tuple[Image.Image, Box, Setting]:
    """The same with the picture on the left."""
    width = WIDTHS[1]
    shown = _scaled(picture, round(width * SHARE) - MARGIN, BESIDE - 2 * MARGIN)
    left = MARGIN + shown.width
    setting = fitted(lines, title, width - left - 2 * MARGIN, BESIDE - 2 * MARGIN)
    height = max(BESIDE, round(setting.height) + 2 * MARGIN)
    sheet = Image.new("RGB", (width, height), paper.ground)
    sheet.paste(shown, (MARGIN, (height - shown.height) // 2))
    return sheet, (left, 0, width, height), setting


def _scaled(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture as large as it can be in that room."""
    scale = min(width / picture.width, height / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _set(pen: ImageDraw.ImageDraw, box: Box, setting: Setting, paper: Paper) -> None:
    """Set title and poem in the middle of a box, the lines flush left."""
    left, top, right, bottom = box
    x = left + (right - left - setting.width) / 2
    y = top + (bottom - top - setting.height) / 2
    _title(pen, setting, ((left + right) / 2, y), right - left - MARGIN, paper.soft)
    for number, (text, goes_on) in enumerate(setting.lines):
        at = (x + goes_on * HANGING * setting.size, y + setting.head + number * setting.size * LEADING)
        _write(pen, at, text, setting.size, paper.ink)


def fitted(lines: Sequence[str], title: str, width: float, height: float = float("inf")) -> Setting:
    """The lines in the largest type with which they fit, or a little smaller where that breaks none of them."""
    best = None
    for size in SIZES:
        setting = Setting(size, tuple(part for line in lines for part in _broken(line, size, width)), title)
        if setting.height > height:
            continue
        best = best or setting
        if len(setting.lines) == len(lines):
            return setting if size >= SMALLER * best.size else best
    return best or setting


def _broken(line: str, size: int, width: float) -> Iterator[tuple[str, bool]]:
    """A line as it fits into a width: its parts, and whether each goes on with the one before."""
    rest, goes_on = line.split(" "), False
    while rest:
        room = width - goes_on * HANGING * size
        count = next((n for n in range(len(rest), 1, -1) if _length(" ".join(rest[:n]), size) <= room), 1)
        yield " ".join(rest[:count]), goes_on
        rest, goes_on = rest[count:], True


def _title(pen: ImageDraw.ImageDraw, setting: Setting, at: tuple[float, float], room: float, colour: Colour) -> None:
    """The title in tracked capitals, its top centred on `at`, smaller where it is long."""
    text, size = setting.title, round(setting.size * 0.78)
    while _length(text, size) + TRACKING * size * (len(text) - 1) > room and size > 12:
        size -= 1
    x = at[0] - (_length(text, size) + TRACKING * size * (len(text) - 1)) / 2
    for letter in text:
        x = _write(pen, (x, at[1]), letter, size, colour) + TRACKING * size


def _write(pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, colour: Colour) -> float:
    """Write a text from its upper left corner on; returns where it ends."""
    x, y = at
    for place, part in enumerate(text.split(DASH)):
        if place:
            line = round(y + DASH_AT * size)
            pen.rectangle((x, line, x + size - 1, line + max(1, round(DASH_BY * size)) - 1), fill=colour)
            x += size
        pen.text((x, y), part, font=_font(size), fill=colour)
        x += _font(size).getlength(part)
    return x


def _length(text: str, size: int) -> float:
    return sum(map(_font(size).getlength, text.split(DASH))) + text.count(DASH) * size


def _typed(text: str) -> str:
    """The text in letters that the face has: without accents where it lacks them."""
    return "".join(
        letter
        if letter == DASH or _has(letter)
        else unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
        for letter in unicodedata.normalize("NFC", text)
    )


@cache
def _has(letter: str) -> bool:
    """Whether the face has a letter: for those that it lacks it draws an empty box."""
    font = _font(SIZES[0])
    lacking = font.getmask("\uffff")
    mask = font.getmask(letter)
    return letter == " " or mask.size != lacking.size or bytes(mask) != bytes(lacking)


@cache
def _font(size: int) -> Font:
    """The face that comes with Pillow, so that a card looks the same everywhere."""
    return ImageFont.load_default(size)


def _pixels(picture: Image.Image) -> list[Colour]:
    data = picture.tobytes()
    return [(data[i], data[i + 1], data[i + 2]) for i in range(0, len(data), 3)]


def _vivid(colour: Colour) -> Colour:
    """The colour with twice its distance from grey."""
    grey = sum(colour) / 3
    red, green, blue = (min(255, max(0, round(grey + 2 * (part - grey)))) for part in colour)
    return red, green, blue


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Two colours mixed, with that share of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _until_readable(colour: Colour, far: Colour, ground: Colour, least: float) -> Colour:
    """The colour, mixed with `far` as much as contrast with the ground asks."""
    shares = (step / 10 for step in range(11))
    return next((c for share in shares if contrast(c := _mixed(colour, far, share), ground) >= least), far)
