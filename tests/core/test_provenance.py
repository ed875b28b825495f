"""A work carries how it was made, and what it carries is read without trust."""

from __future__ import annotations

import contextlib
import itertools
import json
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gansuite.core.errors import GansuiteError
from gansuite.core.provenance import KEY, MAX_BYTES, Provenance, embed_png, read_png

ONE = Provenance("image", "sketch", "ab" * 32, 7, {"truncation": 0.8, "resolution": 64, "loop": False}, "0.1.0")
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def pixels(mode: str = "RGB") -> Image.Image:
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
    return Image.fromarray(grey).convert(mode)


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def with_text(text: str, size: tuple[int, int] = (2, 2)) -> bytes:
    info, stream = PngInfo(), BytesIO()
    info.add_text(KEY, text)
    Image.new("1", size).save(stream, format="PNG", pnginfo=info)
    return stream.getvalue()


def with_text_at_the_end(text: str) -> bytes:
    """As some editors write it: the text chunk behind the pixels."""
    stream = BytesIO()
    pixels().save(stream, format="PNG")
    body = b"tEXt" + KEY.encode() + b"\0" + text.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    whole = stream.getvalue()
    return whole[:-12] + chunk + whole[-12:]


@settings(max_examples=60, deadline=None)
@given(
    words=st.tuples(*[st.text(max_size=12)] * 4),
    seed=st.integers(-(2**63), 2**64),
    found=st.dictionaries(st.text(max_size=6), JSON_VALUES, max_size=4),
)
def test_json_round_trip(words: tuple[str, str, str, str], seed: int, found: dict[str, Any]) -> None:
    made = Provenance(words[0], words[1], words[2], seed, found, words[3])
    assert Provenance.from_json(made.to_json()) == made
    assert made.to_json().isascii()
    assert "\n" not in made.to_json()


@settings(max_examples=15, deadline=None)
@given(found=st.dictionaries(st.text(max_size=6), JSON_VALUES, max_size=4))
def test_png_round_trip(tmp_path_factory: pytest.TempPathFactory, found: dict[str, Any]) -> None:
    made = Provenance("image", "sketch", "00", 1, found, "1")
    path = put(tmp_path_factory.mktemp("png") / "a.png", embed_png(pixels(), made))
    assert read_png(path) == made


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "1", "LA", "I;16"])
def test_the_pixels_stay(tmp_path: Path, mode: str) -> None:
    picture = pixels() if mode == "I;16" else pixels(mode)
    if mode == "I;16":
        picture = Image.fromarray(np.arange(48, dtype=np.uint16).reshape(6, 8) * 1000)
    path = put(tmp_path / "a.png", embed_png(picture, ONE))
    with Image.open(path) as back:
        assert back.mode == picture.mode
        assert np.array_equal(np.asarray(back.convert("RGBA")), np.asarray(picture.convert("RGBA")))


def test_the_same_work_is_the_same_file() -> None:
    assert embed_png(pixels(), ONE) == embed_png(pixels(), ONE)


def test_bytes_of_a_png_keep_their_other_texts_and_lose_the_old_provenance(tmp_path: Path) -> None:
    info, stream = PngInfo(), BytesIO()
    info.add_text("Title", "Evening")
    info.add_text(KEY, "an older one")
    pixels().save(stream, format="PNG", pnginfo=info)
    path = put(tmp_path / "a.png", embed_png(stream.getvalue(), ONE))
    assert read_png(path) == ONE
    with Image.open(path) as back:
        assert back.info["Title"] == "Evening"
        assert np.array_equal(np.asarray(back), np.asarray(pixels()))


def test_any_program_can_read_it(tmp_path: Path) -> None:
    with Image.open(put(tmp_path / "a.png", embed_png(pixels(), ONE))) as back:
        assert json.loads(back.info["gansuite"])["seed"] == 7


def test_a_text_behind_the_pixels_is_found_too(tmp_path: Path) -> None:
    assert read_png(put(tmp_path / "a.png", with_text_at_the_end(ONE.to_json()))) == ONE


def claiming(png: bytes, side: int) -> bytes:
    """The PNG with a head that claims side x side pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return png[:12] + head + struct.pack(">I", zlib.crc32(head)) + png[33:]


def test_a_print_of_any_size_is_read_and_none_is_decoded(tmp_path: Path) -> None:
    plain = BytesIO()
    pixels().save(plain, format="PNG")
    assert read_png(put(tmp_path / "a.png", claiming(embed_png(pixels(), ONE), 40_000))) == ONE
    with pytest.raises(GansuiteError, match="does not say how it was made"):
        read_png(put(tmp_path / "b.png", claiming(plain.getvalue(), 2_000_000_000)))


def test_settings_are_a_copy_and_json_at_once() -> None:
    given_settings: dict[str, Any] = {"size": (4, 4), "latent": [0.1]}
    made = Provenance("image", "m", "00", 1, given_settings, "1")
    given_settings["latent"].append(2.0)
    assert made.settings == {"size": [4, 4], "latent": [0.1]}
    with pytest.raises(TypeError):
        Provenance("image", "m", "00", 1, {"path": Path("a")}, "1")  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="JSON"):
        Provenance("image", "m", "00", 1, {"loss": float("nan")}, "1")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a PNG"),
        (b"hello", "not a PNG"),
        (b"\x89PNG\r\n\x1a\n", "not a PNG"),
        (embed_png(pixels(), ONE)[:60], "not a PNG"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 50, "not a PNG"),
        (with_text("{"), "damaged: it is not JSON"),
        (with_text("[1]"), "an object is expected"),
        (with_text("[" * 100_000), "damaged: it is nested too deeply"),
        (with_text("{}"), "missing or unknown fields: art, model"),
        (with_text(json.dumps(json.loads(ONE.to_json()) | {"code": "x"})), "unknown fields: code"),
        (with_text(ONE.to_json().replace('"seed": 7', '"seed": "7"')), "its field 'seed'"),
        (with_text(ONE.to_json().replace('"seed": 7', '"seed": true')), "its field 'seed'"),
        (with_text(ONE.to_json().replace("0.8", "NaN")), "holds NaN"),
        (with_text('{"art": "' + "x" * MAX_BYTES + '"}'), "larger than 262144"),
    ],
    ids=map(str, itertools.count()),
)
def test_what_is_damaged_or_crafted_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(GansuiteError, match=says) as caught:
        read_png(put(tmp_path / "a.png", content))
    assert caught.value.remedy


def test_no_file_and_no_provenance_are_told(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="There is no file"):
        read_png(tmp_path / "none.png")
    stream = BytesIO()
    pixels().save(stream, format="PNG")
    with pytest.raises(GansuiteError, match="does not say how it was made"):
        read_png(put(tmp_path / "a.png", stream.getvalue()))


@settings(max_examples=60, deadline=None)
@given(where=st.integers(0, 300), what=st.binary(min_size=1, max_size=4), cut=st.integers(0, 300))
def test_a_damaged_png_never_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, where: int, what: bytes, cut: int
) -> None:
    whole = embed_png(pixels(), ONE)
    broken = (whole[:where] + what + whole[where + len(what) :])[: max(cut, where)]
    path = put(tmp_path_factory.mktemp("fuzz") / "a.png", broken)
    with contextlib.suppress(GansuiteError):
        assert isinstance(read_png(path), Provenance)


def test_too_much_to_carry_is_told() -> None:
    made = Provenance("image", "m", "00", 1, {"latent": [0.123456789] * 40_000}, "1")
    with pytest.raises(GansuiteError, match="a file carries at most"):
        embed_png(pixels(), made)


def test_bytes_that_are_no_png_are_told() -> None:
    with pytest.raises(GansuiteError, match="The picture is not a PNG"):
        embed_png(b"GIF89a", ONE)
