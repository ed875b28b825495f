"""Forty files such as people have: odd ones that must be used, broken ones to be named with a reason."""

from __future__ import annotations

import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansuite.core.sources import Source

USED = "used"


def refusals(source: Source) -> dict[str, str]:
    """What was refused without being opened, and why."""
    return {refusal.name: refusal.reason for refusal in source.refused}


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    """A zip of these members, also where a name comes twice."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def pattern(seed: int, width: int = 72, height: int = 56) -> NDArray[np.uint8]:
    """A smooth colour pattern, uint8 (height, width, 3), different for every seed."""
    draw = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width] / 16.0
    waves = [np.sin(a * rows + b * columns + c) for a, b, c in draw.uniform(-3, 3, (3, 3))]
    colours: NDArray[np.uint8] = np.clip(np.stack(waves, -1) * 100 + 128, 0, 255).astype(np.uint8)
    return colours


def picture(seed: int, mode: str = "RGB", width: int = 72, height: int = 56) -> Image.Image:
    """The pattern as a Pillow picture in any 8-bit mode."""
    image = Image.fromarray(pattern(seed, width, height))
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file in a format of Pillow's."""
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG written by hand: unfiltered rows of any depth and colour type (RFC 2083)."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def chunk(name: bytes, data: bytes) -> bytes:
    """One PNG chunk with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def make_hostile_folder(root: Path) -> dict[str, str]:
    """Write the forty files below `root`; returns name -> "used", or a word its reason must hold."""
    root.mkdir(parents=True, exist_ok=True)
    expected: dict[str, str] = {}
    for name, (data, word) in {**odd_but_usable(), **broken(), **something_else()}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(data)
        expected[name] = word
    return {**expected, **_special(root)}


def odd_but_usable() -> dict[str, tuple[bytes, str]]:
    """Files that must be used, by name."""
    deep = (np.arange(72 * 56, dtype=np.uint32).reshape(56, 72) * 16).clip(0, 65535).astype(np.uint16)
    deep_rgba = b"".join(b"\0" + (row.astype(">u2") * 257).tobytes() for row in np.asarray(picture(3, "RGBA")))
    rotated = Image.Exif()
    rotated[0x0112] = 6
    clear = picture(4, "RGB").quantize(16)
    files = {
        "cmyk.jpg": encoded(picture(1, "CMYK"), "JPEG"),
        "sixteen_bit.png": encoded(Image.fromarray(deep), "PNG"),
        "sixteen_bit_rgba.png": png(72, 56, 16, 6, deep_rgba),
        "palette_transparent.png": encoded(clear, "PNG", transparency=bytes(range(0, 256, 16))),
        "grey_alpha.png": encoded(picture(5, "LA"), "PNG"),
        "one_bit.png": encoded(picture(6, "1"), "PNG"),
        "rotated.jpg": encoded(picture(7), "JPEG", exif=rotated),
        "bad_exif.jpg": encoded(picture(8), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f\x13\x37" * 3),
        "animated.gif": encoded(picture(9), "GIF", save_all=True, append_images=[picture(10)]),
        "animated.webp": encoded(picture(11, "RGBA"), "WEBP", save_all=True, append_images=[picture(12)]),
        "float.tif": encoded(Image.fromarray(pattern(13)[..., 0].astype(np.float32) / 255), "TIFF"),
        "pages.tiff": encoded(picture(14), "TIFF", save_all=True, append_images=[picture(15)]),
        "same_one.bmp": encoded(picture(16), "BMP"),
        "same_two.png": encoded(picture(16), "PNG"),
        "Überraschung 絵 🎨.png": encoded(picture(17), "PNG"),
        f"{'very long name ' * 15}.png": encoded(picture(18), "PNG"),
        "no extension": encoded(picture(19), "PNG"),
        "png_inside.jpg": encoded(picture(20), "PNG"),
    }
    return {name: (data, USED) for name, data in files.items()}


def broken() -> dict[str, tuple[bytes, str]]:
    """Damaged and dangerous files, by name, each with a word of the reason."""
    jpeg, whole = encoded(picture(30), "JPEG", quality=95), encoded(picture(31), "PNG")
    zipped = whole.index(b"IDAT") + 4
    bad_zlib = whole[:zipped] + b"\0" * 40 + whole[zipped + 40 :]
    bad_crc = whole[:29] + b"\0\0\0\0" + whole[33:]
    gif_bomb = b"GIF89a" + struct.pack("<HH", 65535, 65535) + encoded(picture(32), "GIF")[10:]
    webp = bytearray(encoded(picture(33), "WEBP", lossless=True))
    webp_bomb = bytes(webp[:21]) + b"\xff\xff\xff\x0f" + bytes(webp[25:])
    return {
        "cut_in_header.jpg": (jpeg[:100], "truncated"),
        "cut_in_half.jpg": (jpeg[: len(jpeg) // 2], "truncated"),
        "cut_in_half.png": (whole[: len(whole) // 2], "truncated"),
        "cut_in_header.png": (whole[:20], "truncated"),
        "empty.png": (b"", "empty"),
        "bad_zlib.png": (bad_zlib, "damaged"),
        "bad_crc.png": (bad_crc, "damaged"),
        "bomb.png": (png(60_000, 60_000, 8, 2, b"\0" * 1000), "megapixels"),
        "bomb.gif": (gif_bomb, "megapixels"),
        "bomb.webp": (webp_bomb, "megapixels"),
        "strip.png": (encoded(picture(34, "L", 1, 10_000), "PNG"), "strip"),
        "dot.png": (encoded(picture(35, "RGB", 1, 1), "PNG"), "small"),
    }


def something_else() -> dict[str, tuple[bytes, str]]:
    """Files that are no pictures of ours, by name, each with a word of the reason."""
    return {
        "text.jpg": ("Ceci n'est pas une image. Évidemment.\n".encode() * 30, "text"),
        "page.png": (b"\n<!DOCTYPE html><html><body>404</body></html>", "web page"),
        "drawing.svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        "document.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        "film.mp4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2" + b"\0" * 64, "film"),
    }


def _special(root: Path) -> dict[str, str]:
    """What is not just bytes: a folder named like a file, links, a pipe, a locked file."""
    expected = {"folder.jpg/inside.png": USED, "dangling.jpg": "leads nowhere", "outside.jpg": "leads out"}
    (root / "folder.jpg").mkdir()
    (root / "folder.jpg" / "inside.png").write_bytes(encoded(picture(40), "PNG"))
    outside = root.parent / "outside.png"
    outside.write_bytes(encoded(picture(41), "PNG"))
    (root / "dangling.jpg").symlink_to(root / "nothing.jpg")
    (root / "outside.jpg").symlink_to(outside)
    make_pipe: Callable[[Path], None] = os.mkfifo
    make_pipe(root / "pipe.jpg")
    locked = root / "locked.png"
    locked.write_bytes(encoded(picture(42), "PNG"))
    locked.chmod(0)
    readable = os.access(locked, os.R_OK)  # an administrator may read it all the same
    return {**expected, "pipe.jpg": "ordinary", "locked.png": USED if readable else "permission"}
