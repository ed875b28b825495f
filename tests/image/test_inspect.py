"""The report on a portfolio, and near-duplicates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.hostile import USED, encoded, make_hostile_folder, picture
from gansuite.core.errors import GansuiteError
from gansuite.image.duplicates import duplicate_groups, perceptual_hashes, thumbnail
from gansuite.image.inspect import inspect_portfolio, supported_resolution


def save(root: Path, name: str, image: Image.Image) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    image.save(root / name)


def test_a_small_portfolio_is_described(tmp_path: Path) -> None:
    for n in range(9):
        save(tmp_path, f"cats/{n}.png", picture(n, "RGB", 100, 80))
    save(tmp_path, "dogs/x.jpg", picture(20, "L", 300, 100))
    save(tmp_path, "y.webp", picture(21, "RGBA", 30, 40))
    (tmp_path / "notes.txt").write_text("remember the milk")
    report = inspect_portfolio(tmp_path)
    assert (report.found, report.used) == (12, 11)
    assert report.skipped == (("notes.txt", "is text, not a picture"),)
    assert report.formats == {"PNG": 9, "JPEG": 1, "WebP": 1}
    assert report.modes == {"RGB": 9, "L": 1, "RGBA": 1}
    assert report.labels == {"": 1, "cats": 9, "dogs": 1}
    assert {size: count for size, count in report.sizes.items() if count} == {"0-31": 1, "64-127": 10}
    assert {shape: count for shape, count in report.aspects.items() if count} == {
        "tall": 1,
        "about square": 9,
        "very wide (over 2:1)": 1,
    }
    assert report.median_size == (100, 80)
    assert report.resolution == 80
    assert report.supports[80] == pytest.approx(10 / 11)
    assert "--resolution 80" in report.advice
    assert any("11 works are few" in warning for warning in report.warnings)
    assert any("dogs 1" in warning for warning in report.warnings)


def test_the_report_is_json_and_a_page_of_text(tmp_path: Path) -> None:
    for n in range(8):
        save(tmp_path, f"{n}.png", picture(n % 4))
    (tmp_path / "bad.png").write_bytes(b"")
    report = inspect_portfolio(tmp_path)
    assert json.loads(json.dumps(report.to_dict()))["skipped"] == [["bad.png", "is empty (0 bytes)"]]
    text = report.to_text()
    assert "9 files, 8 used, 1 skipped" in text
    assert "bad.png is empty" in text
    assert "0.png = 4.png" in text
    assert "Near-duplicates of other works: 4" in text
    assert "... and 3 more" in report.to_text(shown=1)


def test_nine_in_ten_works_decide_the_resolution() -> None:
    assert supported_resolution([256] * 9 + [40]) == 256
    assert supported_resolution([256] * 8 + [40] * 2) == 40
    assert supported_resolution([1000] * 10) == 896
    assert supported_resolution([31] * 10) is None
    assert supported_resolution([]) is None


def test_long_works_are_advised_to_be_padded(tmp_path: Path) -> None:
    for n in range(8):
        save(tmp_path, f"{n}.png", picture(n, "RGB", 200, 100))
    report = inspect_portfolio(tmp_path)
    assert report.kept_by_crop == 0.5
    assert "--fit pad" in report.advice


def test_forty_hostile_files_are_reported_one_by_one(tmp_path: Path) -> None:
    expected = make_hostile_folder(tmp_path / "works")
    report = inspect_portfolio(tmp_path / "works")
    used = sorted(name for name, word in expected.items() if word == USED)
    assert (report.found, report.used) == (40, len(used))
    assert [name for name, _ in report.skipped] == sorted(set(expected) - set(used))
    assert all(expected[name] in reason for name, reason in report.skipped)
    assert all(name in report.to_text() for name in set(expected) - set(used))
    assert ("same_one.bmp", "same_two.png") in report.duplicates
    assert inspect_portfolio(tmp_path / "works") == report


def test_a_portfolio_without_a_usable_work_is_reported_and_an_empty_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="holds no files"):
        inspect_portfolio(tmp_path)
    with pytest.raises(GansuiteError, match="not a colour"):
        inspect_portfolio(tmp_path, "whiteish")
    (tmp_path / "a.jpg").write_text("no")
    report = inspect_portfolio(tmp_path)
    assert (report.used, report.resolution) == (0, None)
    assert "nothing to train on" in report.to_text()
    assert json.dumps(report.to_dict())


# ---- near-duplicates


def smalls(*images: Image.Image) -> NDArray[np.uint8]:
    return np.stack([thumbnail(image.convert("RGB")) for image in images])


def test_a_hash_is_64_bits_half_of_them_set() -> None:
    bits = perceptual_hashes(smalls(picture(1), picture(2)))
    assert bits.shape == (2, 64)
    assert bits.sum(axis=1).tolist() == [32, 32]


def test_the_hash_sees_waves_where_they_are() -> None:
    wave = 128 + 100 * np.cos(np.pi / 32 * 3 * (np.arange(32) + 0.5))  # the fourth basis function of a DCT-II
    grid = np.clip(wave[:, None] + wave[None, :] * wave[:, None] / 128 - 128, 0, 255).astype(np.uint8)
    bits = perceptual_hashes(np.repeat(grid[None, :, :, None], 3, axis=3))
    assert bits.reshape(8, 8)[2, 2]  # rows and columns count from frequency 1


def test_copies_are_found_and_other_works_are_not(tmp_path: Path) -> None:
    original = picture(1, "RGB", 300, 200)
    (tmp_path / "copy.jpg").write_bytes(encoded(original, "JPEG", quality=40))
    copies = [original.resize((120, 80)), Image.open(tmp_path / "copy.jpg"), original.crop((3, 2, 297, 198))]
    others = [picture(n, "RGB", 300, 200) for n in range(2, 12)]
    groups = duplicate_groups(smalls(original, *others, *copies))
    assert groups.tolist() == [*range(11), 0, 0, 0]


def test_a_series_in_several_colours_is_several_works() -> None:
    red, green, blue = picture(1).split()
    series = [Image.merge("RGB", bands) for bands in ((red, green, blue), (blue, red, green), (green, blue, red))]
    assert len(set(duplicate_groups(smalls(*series)).tolist())) == 3
    flat = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue", "white", "black", "red")]
    assert duplicate_groups(smalls(*flat)).tolist() == [0, 1, 2, 3, 4, 0]


def test_groups_are_closed_and_named_by_their_first_work() -> None:
    chain = [Image.new("RGB", (32, 32), (shade,) * 3) for shade in (200, 60, 208, 216, 224, 68)]
    assert duplicate_groups(smalls(*chain)).tolist() == [0, 1, 0, 0, 0, 1]


def test_thousands_of_equal_works_are_one_group() -> None:
    assert set(duplicate_groups(np.repeat(smalls(picture(1)), 3000, axis=0)).tolist()) == {0}
