"""Pictures such as people have, decoded, turned and cut to squares, and every way in which one can be wrong."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFile

from gansuite.core.pictures.decode import content_key, decode, decode_entry, grey_to_bytes, in_order, sniff, webp_size
from gansuite.core.pictures.files import Limits, open_source
from gansuite.core.pictures.fit import fitted
from gansuite.core.sources import Entry, Unreadable

from .hostile import USED, encoded, make_hostile_folder, pattern, picture, png, refusals, write_zip

GREY = (90, 90, 90)


# ---- keys


def test_the_key_is_that_of_names_and_content_and_of_nothing_else(tmp_path: Path) -> None:
    def key(path: Path) -> str:
        with open_source(path) as source:
            return content_key(source.entries)

    works = tmp_path / "works"
    works.mkdir()
    file = works / "a.png"
    one, two = (encoded(picture(n), "BMP") for n in (1, 2))
    file.write_bytes(one)
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    seen = [key(works)]
    os.utime(file, ns=(0, 0))
    works = works.rename(tmp_path / "moved")
    assert key(works) == key(write_zip(tmp_path / "a.zip", {"a.png": one})) == seen[0]
    file = works / "a.png"
    file.write_bytes(two)
    os.utime(file, ns=times)
    assert len(one) == len(two)
    seen.append(key(works))  # the same size and time of writing
    file = file.rename(works / "b.png")
    seen.append(key(works))
    (works / "c.png").write_bytes(b"")
    seen.append(key(works))
    (works / "c.png").rename(works / "c.csv")
    seen.append(key(works))
    assert len(set(seen)) == 5


def test_what_is_no_picture_is_not_read_to_its_end_for_the_key(tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(b"\x1aE\xdf\xa3" + b"0" * 10_000)
    asked = []

    def opener() -> IO[bytes]:
        file = (tmp_path / "film.mkv").open("rb", buffering=0)
        asked.append(file)
        return file

    assert content_key([Entry("film.mkv", opener, 20_000)]) == content_key([Entry("film.mkv", opener, 30_000)])
    assert len(asked) == 2  # for its first bytes alone


# ---- decoding


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_lossless_formats_come_back_exactly(kind: str) -> None:
    image = picture(2) if kind != "GIF" else picture(2).quantize(64)
    found = decode(encoded(image, kind))
    assert np.array_equal(found.pixels(), np.asarray(image.convert("RGB")))
    assert (found.format, found.width, found.height) == (kind, 72, 56)


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {"quality": 95, "subsampling": 0}), ("WEBP", {"quality": 95})])
def test_lossy_formats_come_back_nearly(kind: str, options: dict[str, int]) -> None:
    found = decode(encoded(picture(2), kind, **options)).pixels()
    assert np.abs(found.astype(int) - pattern(2)).mean() < 3


def test_transparency_lies_on_the_background() -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    half = Image.new("RGBA", (20, 20), (255, 0, 0, 128))
    assert tuple(decode(encoded(clear, "PNG")).pixels()[0, 0]) == (255, 255, 255)
    assert tuple(decode(encoded(clear, "WEBP", lossless=True), (1, 2, 3)).pixels()[0, 0]) == (1, 2, 3)
    assert tuple(decode(encoded(half, "PNG"), (0, 0, 255)).pixels()[0, 0]) == (128, 0, 127)


def test_transparent_palettes_greys_and_colour_keys() -> None:
    palette = Image.new("P", (20, 20), 1)
    palette.putpalette([0, 0, 0, 200, 100, 50])
    assert tuple(decode(encoded(palette, "PNG", transparency=0)).pixels()[0, 0]) == (200, 100, 50)
    assert tuple(decode(encoded(palette, "PNG", transparency=1)).pixels()[0, 0]) == (255, 255, 255)
    assert tuple(decode(encoded(palette, "GIF", transparency=1)).pixels()[0, 0]) == (255, 255, 255)
    grey = Image.new("LA", (20, 20), (100, 0))
    assert tuple(decode(encoded(grey, "PNG"), (9, 8, 7)).pixels()[0, 0]) == (9, 8, 7)
    key = Image.new("RGB", (20, 20), (10, 20, 30))
    assert tuple(decode(encoded(key, "PNG", transparency=(10, 20, 30))).pixels()[0, 0]) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_pictures_are_turned_upright(kind: str, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    upright = Image.new("RGB", (48, 32), "black")
    upright.paste((255, 255, 255), (0, 0, 24, 16))  # white at the top left
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Image.Transpose values that EXIF turns back
    lying = upright.transpose(Image.Transpose(undo[turn])) if turn in undo else upright
    options = {"exif": exif} if kind != "WEBP" else {"exif": exif, "lossless": True}
    found = decode(encoded(lying, kind, **options))
    assert (found.width, found.height) == (48, 32)
    assert found.pixels().shape == (32, 48, 3)
    assert found.pixels()[4, 4].min() > 240
    assert [found.pixels()[y, x].max() < 15 for y, x in ((4, 44), (28, 4), (28, 44))] == [True] * 3


def test_deep_greys_are_scaled() -> None:
    values = np.array([[0, 128, 257 * 100, 65535]], np.uint16)
    assert grey_to_bytes(values).tolist() == [[0, 0, 100, 255]]
    assert grey_to_bytes(np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)).tolist() == [[0, 128, 255, 0]]
    assert grey_to_bytes(np.array([[0.0, 100.0, 255.0]], np.float32)).tolist() == [[0, 100, 255]]
    assert grey_to_bytes(np.array([[-1.0, 0.0, 1.0]], np.float32)).tolist() == [[0, 128, 255]]
    assert grey_to_bytes(np.array([[0, 1, 255]], np.int32)).tolist() == [[0, 1, 255]]
    assert grey_to_bytes(np.array([[0, 257, 65535]], np.int32)).tolist() == [[0, 1, 255]]
    assert grey_to_bytes(np.zeros((2, 2), np.float32)).tolist() == [[0, 0], [0, 0]]


def test_sixteen_bit_pngs_and_tiffs() -> None:
    values = np.full((20, 30), 257 * 77, np.uint16)
    for kind in ("PNG", "TIFF"):
        pixels = decode(encoded(Image.fromarray(values), kind)).pixels()
        assert pixels.shape == (20, 30, 3)
        assert np.unique(pixels).tolist() == [77]
    rows = b"".join(b"\0" + np.full((30, 3), 257 * 78, ">u2").tobytes() for _ in range(20))
    assert np.unique(decode(png(30, 20, 16, 2, rows)).pixels()).tolist() == [78]


def test_print_colours() -> None:
    ink = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    for kind in ("JPEG", "TIFF"):
        red, green, blue = decode(encoded(ink, kind)).pixels()[5, 5].tolist()
        assert red > 240
        assert max(green, blue) < 15


def test_a_large_jpeg_may_come_reduced_but_never_below_what_is_needed() -> None:
    data = encoded(picture(3, "RGB", 1024, 768), "JPEG")
    full, reduced = decode(data), decode(data, at_least=128)
    assert reduced.image.size == (256, 192)
    assert (reduced.width, reduced.height) == (full.width, full.height) == (1024, 768)
    assert decode(data, at_least=768).image.size == (1024, 768)
    small = np.asarray(full.image.resize((256, 192), Image.Resampling.BOX)).astype(int)
    assert np.abs(small - reduced.pixels()).mean() < 2


def test_limits_are_told_from_the_header() -> None:
    data = encoded(picture(4, "RGB", 100, 80), "PNG")
    with pytest.raises(Unreadable, match="100 x 80 pixels"):
        decode(data, limits=Limits(pixels=7999))
    assert decode(data, limits=Limits(pixels=8000)).width == 100
    with pytest.raises(Unreadable, match="20 times"):
        decode(encoded(picture(4, "RGB", 16, 321), "PNG"))
    with pytest.raises(Unreadable, match="too small"):
        decode(encoded(picture(4, "RGB", 15, 40), "PNG"))


def test_pillows_own_limit_is_left_alone() -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for width, height in ((9_500, 9_500), (13_000, 13_000), (60_000, 60_000)):
            with pytest.raises(Unreadable, match="megapixels, the limit is 64"):
                decode(png(width, height, 8, 2, b""))
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def test_webp_sizes_are_read_from_all_three_headers() -> None:
    for options in ({"lossless": True}, {"quality": 50}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}):
        assert webp_size(encoded(picture(5, "RGB", 200, 100), "WEBP", **options)[:30]) == (200, 100)


def test_what_a_file_really_is() -> None:
    assert sniff(b"II*\0 and more") == "TIFF"
    for head, word in (
        (b"", "empty"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"PK\x03\x04", "zip"),
        ("é".encode() * 255 + b"\xc3\xa9"[:1], "text"),
        (bytes(range(200, 240)), "not a picture"),
    ):
        with pytest.raises(Unreadable, match=word):
            sniff(head)


def test_results_keep_their_order_and_warnings_are_silenced() -> None:
    def shout(n: int) -> int:
        warnings.warn("murmur", UserWarning, stacklevel=1)
        return n * n

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert list(in_order(shout, range(300), workers=3)) == [n * n for n in range(300)]
    assert heard == []


# ---- squares


def test_the_middle_square_is_cropped() -> None:
    image = Image.new("RGB", (96, 32), "red")
    image.paste((0, 0, 255), (32, 0, 64, 32))
    assert np.unique(np.asarray(fitted(image, 32, "crop", GREY)).reshape(-1, 3), axis=0).tolist() == [[0, 0, 255]]


def test_padding_keeps_the_whole_work_in_the_middle() -> None:
    pixels = np.asarray(fitted(Image.new("RGB", (64, 32), "red"), 32, "pad", GREY))
    assert pixels.shape == (32, 32, 3)
    assert np.array_equal(pixels[8:24], np.full((16, 32, 3), (255, 0, 0)))
    assert np.array_equal(np.delete(pixels, np.s_[8:24], axis=0), np.full((16, 32, 3), GREY))


def test_stretching_shows_everything() -> None:
    image = Image.new("RGB", (64, 128), "red")
    image.paste((0, 0, 255), (0, 64, 64, 128))
    pixels = np.asarray(fitted(image, 32, "stretch", GREY))
    assert tuple(pixels[2, 16]) == (255, 0, 0)
    assert tuple(pixels[29, 16]) == (0, 0, 255)


# ---- forty hostile files


def look(folder: Path) -> dict[str, str]:
    def one(entry: Entry) -> tuple[str, str]:
        try:
            pixels = decode_entry(entry)[0].pixels()
        except Unreadable as error:
            return entry.name, error.reason
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3
        return entry.name, USED

    with open_source(folder) as source:
        return {**refusals(source), **dict(in_order(one, source.entries))}


def test_forty_hostile_files_are_used_or_named_with_the_right_reason(tmp_path: Path) -> None:
    expected = make_hostile_folder(tmp_path / "works")
    found = look(tmp_path / "works")
    assert len(expected) == 40
    assert found.keys() == expected.keys()
    wrong = {name: found[name] for name, word in expected.items() if word not in found[name]}
    assert wrong == {}
    assert look(tmp_path / "works") == found


SEEDS = [encoded(picture(50, "RGB", 24, 20), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")]


def only_unreadable(data: bytes) -> NDArray[np.uint8] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return decode(data, limits=Limits(pixels=100_000)).pixels()
        except Unreadable:
            return None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(SEEDS))
def test_random_bytes_are_unreadable_and_nothing_worse(noise: bytes, whole: bytes) -> None:
    only_unreadable(noise)
    only_unreadable(whole[:12] + noise)


@settings(max_examples=250, deadline=None)
@given(st.data(), st.sampled_from(SEEDS))
def test_mutated_files_are_read_or_unreadable_and_nothing_worse(data: st.DataObject, whole: bytes) -> None:
    changed = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=6)):
        changed[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    pixels = only_unreadable(bytes(changed[: cut or None]))
    assert pixels is None or pixels.shape[2] == 3
