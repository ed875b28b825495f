"""From the bytes of one file to an upright RGB picture, or the reason why not.

The format is told by content, never by name; the size is read from the header and checked before a pixel is
decoded. Plugins are called directly instead of through `Image.open`: only these six formats can ever be tried
(no PostScript), and Pillow's own limit on size, a global, plays no part.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from gansuite.core.pictures.files import Limits
from gansuite.core.sources import Entry, Unreadable

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
PORTION = 128  # entries at work together
TABLE = "is a table, not a picture"

READERS: dict[str, Callable[[BytesIO], ImageFile.ImageFile]] = {
    "PNG": PngImageFile,
    "JPEG": JpegImageFile,
    "WebP": WebPImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
}

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)

OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "is a PDF document, not a picture; export its pages as PNG"),
    (b"%!PS", "is a PostScript document, not a picture; export it as PNG"),
    (b"8BPS", "is a Photoshop document; export it as PNG"),
    (b"PK\x03\x04", "is an archive (zip), not a picture; unpack it"),
    (b"Rar!", "is an archive (rar), not a picture; unpack it"),
    (b"7z\xbc\xaf", "is an archive (7z), not a picture; unpack it"),
    (b"\xff\x0a", "is a JPEG XL picture, which cannot be read here; export it as PNG"),
    (b"\0\0\0\x0cJXL ", "is a JPEG XL picture, which cannot be read here; export it as PNG"),
    (b"\0\0\0\x0cjP  ", "is a JPEG 2000 picture, which cannot be read here; export it as PNG"),
    (b"\x1aE\xdf\xa3", "is a film (Matroska), not a picture"),
)

TURNS: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # EXIF 2.32, tag 0x0112: how to turn the stored picture upright


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded picture.

    Attributes:
        image: upright, mode RGB; a JPEG may come reduced (see `decode`).
        width, height: upright size in pixels of the picture in the file.
        format: PNG, JPEG, WebP, GIF, BMP or TIFF.
        mode: how colours are stored in the file, in Pillow's words (RGB, CMYK, P, I;16, ...).
    """

    image: Image.Image
    width: int
    height: int
    format: str
    mode: str

    def pixels(self) -> NDArray[np.uint8]:
        """The picture as uint8 (H, W, 3)."""
        return np.ascontiguousarray(self.image)


def read_picture(entry: Entry) -> bytes:
    """All bytes of a picture; what is none is told by its first bytes, without reading the rest: `Unreadable`."""
    try:
        sniff(entry.head())
    except Unreadable as error:
        if entry.name.lower().endswith(".csv") and "text" in error.reason:
            raise Unreadable(TABLE) from error
        raise
    return entry.read()


def content_key(entries: Sequence[Entry]) -> str:
    """What some files hold (hex): their names in order, and of each its bytes, or why it is no picture.

    Where they lie and when they were written plays no part. Every picture is read whole: the disk sets the pace.
    """
    digest = hashlib.sha256()
    for entry, content in zip(entries, in_order(_content, entries), strict=True):
        digest.update(f"{entry.name}\0{content}\n".encode())
    return digest.hexdigest()


def _content(entry: Entry) -> str:
    try:
        return hashlib.sha256(read_picture(entry)).hexdigest()
    except Unreadable as error:
        return error.reason


def decode_entry(entry: Entry, background: Colour = WHITE, at_least: int | None = None) -> tuple[Picture, bytes]:
    """Read and decode one entry: the picture, and the bytes of its file. Raises `Unreadable`."""
    data = read_picture(entry)
    return decode(data, background, at_least), data


def decode(
    data: bytes, background: Colour = WHITE, at_least: int | None = None, limits: Limits | None = None
) -> Picture:
    """The first frame of a PNG, JPEG, WebP, GIF, BMP or TIFF as upright RGB.

    Transparency is laid on `background`; 16-bit, 32-bit and floating-point greys are scaled to 0..255; CMYK
    is converted by Pillow's simple rule and colour profiles are ignored.

    Args:
        data: the whole file.
        background: red, green, blue in 0..255.
        at_least: a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size while its shorter side keeps this many
            pixels.
        limits: what a file may ask for.

    Raises:
        Unreadable: for any reason: not a picture, too large, too small, too long, cut short, damaged.
    """
    limits = limits or Limits()
    kind = sniff(data[:512])
    if kind == "WebP":
        _check_size(*webp_size(data), limits)  # libwebp reserves the canvas as soon as it is opened
    try:
        return _decode(kind, data, background, at_least, limits)
    except Unreadable:
        raise
    except MemoryError as error:
        raise Unreadable("needs more memory than there is") from error
    except Exception as error:  # decoders meet damaged bytes with any exception there is
        raise Unreadable(_in_words(error, kind)) from error


def sniff(head: bytes) -> str:
    """The format that the first bytes (512 or so) of a file tell, one of `READERS`; raises `Unreadable`."""
    if not head:
        raise Unreadable("is empty (0 bytes)")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    for start, kind in MAGIC:
        if head.startswith(start):
            return kind
    raise Unreadable(_what_else(head))


def webp_size(data: bytes) -> tuple[int, int]:
    """Width and height from a WebP header (RFC 9649, sections 2.5 to 2.7); raises `Unreadable`."""
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        raise Unreadable("is cut short: the file ends within its header (truncated)")
    if chunk == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise Unreadable("is a damaged WebP picture (unknown first chunk)")


Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(work: Callable[[Item], Result], items: Sequence[Item], workers: int | None = None) -> Iterator[Result]:
    """`work` of each item, in their order, on a few threads (Pillow lets go of the interpreter lock).

    What Pillow murmurs through `warnings` about single files is silenced while a portion is at work. After an
    exception at most one portion of items is still finished.
    """
    workers = workers or min(8, os.cpu_count() or 1)  # eight 64-megapixel pictures at once are memory enough
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(items), PORTION):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                done = list(pool.map(work, items[start : start + PORTION]))
            yield from done


def _decode(kind: str, data: bytes, background: Colour, at_least: int | None, limits: Limits) -> Picture:
    with READERS[kind](BytesIO(data)) as file:
        _check_size(*file.size, limits)
        mode, (width, height) = file.mode, file.size
        if at_least and isinstance(file, JpegImageFile):
            factor = max(1, min(width, height) // at_least)
            file.draft(None, (max(1, width // factor), max(1, height // factor)))
        file.load()
        turn = _orientation(file)
        if kind == "TIFF":
            width, height = file.size  # Pillow turns a TIFF upright as it loads
        elif turn in (5, 6, 7, 8):
            width, height = height, width
        image = to_rgb(file, background)
    return Picture(image.transpose(TURNS[turn]) if turn in TURNS else image, width, height, kind, mode)


def _check_size(width: int, height: int, limits: Limits) -> None:
    shape = f"{width:,} x {height:,} pixels"
    if width * height > limits.pixels:
        raise Unreadable(
            f"is too large: {shape} are {width * height / 1e6:,.0f} megapixels, the limit is {limits.pixels / 1e6:,.0f}"
        )
    if max(width, height) > limits.aspect * min(width, height):
        raise Unreadable(f"is a strip: {shape}, more than {limits.aspect:g} times as long as wide")
    if min(width, height) < limits.smallest:
        raise Unreadable(f"is too small: {shape}, the shorter side needs {limits.smallest}")


def to_rgb(image: Image.Image, background: Colour = WHITE) -> Image.Image:
    """Any mode Pillow reads as RGB, transparency laid on `background` (red, green, blue in 0..255)."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(grey_to_bytes(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        return _on_background(image, background)
    return image.convert("RGB")


def grey_to_bytes(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Deep grey values (H, W) as uint8 (H, W).

    16-bit integers are divided by 257. 32-bit integers and floats do not say where white lies, so it is the
    first of 1 (floats only), 255 and 65535 that no value exceeds and no value below 0 contradicts; otherwise
    the range found is stretched. Values that are not numbers count as 0.
    """
    if values.dtype == np.uint16 or values.dtype.newbyteorder("=") == np.uint16:
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    deep = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(deep.min()), float(deep.max())
    whites = [white for white in (1.0, 255.0, 65535.0) if high <= white and (white > 1 or values.dtype.kind == "f")]
    if low < 0 or not whites:
        deep, whites = (deep - low) / max(high - low, 1e-12), [1.0]
    scaled: NDArray[np.uint8] = np.rint(deep * np.float32(255 / whites[0])).clip(0, 255).astype(np.uint8)
    return scaled


def _on_background(image: Image.Image, background: Colour) -> Image.Image:
    with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return canvas


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # the picture is whole even if its camera notes are not: it stays as it lies
        return 1


def _what_else(head: bytes) -> str:
    for start, reason in OTHERS:
        if head.startswith(start):
            return reason
    if head[4:8] == b"ftyp":
        if head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"heim", b"heis"):
            return "is a HEIC photo, which cannot be read here; export it as JPEG"
        return "is an AVIF picture; export it as PNG" if head[8:10] == b"av" else "is a film (MP4), not a picture"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in text:
        return "is an SVG drawing, made of lines and not of pixels; export it as PNG"
    if text.startswith((b"<!doctype html", b"<html")):
        return "is a web page, not a picture"
    return "is text, not a picture" if _is_text(head) else "is not a picture in a format that can be read here"


def _is_text(head: bytes) -> bool:
    try:
        words = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        words = head[: error.start].decode("utf-8")  # the cut at 512 bytes went through a letter
    return all(letter.isprintable() or letter in "\t\r\n\f" for letter in words)


def _in_words(error: Exception, kind: str) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return "is too large: more megapixels than the limit"
    said = " ".join(str(error).split())[:100]
    if isinstance(error, EOFError) or "truncated" in said.lower() or "unpack" in said:
        return "is cut short: the file ends before the picture does (truncated)"
    said = "".join(letter for letter in said if letter.isprintable())
    return f"is a damaged {kind} picture" + (f" ({said})" if said and not said.isdigit() else "")
