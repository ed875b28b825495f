"""Pictures of folders and zips as thumbnails, decoded once; one photograph, and what is wrong with it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.hostile import USED, encoded, make_hostile_folder, picture
from gansuite.core.errors import GansuiteError
from gansuite.poetry import pictures as reading
from gansuite.poetry.pictures import open_pictures, read_picture, to_input


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photographs in folders, one beside them."""
    root = tmp_path / "photos"
    for number, name in enumerate(("train/sea/1.png", "train/sea/2.png", "train/rose/1.png", "alone.png")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encoded(picture(number, "RGB", 96, 80), "PNG"))
    return root


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    return path


def test_a_folder_and_its_zip_are_the_same_pictures(folder: Path, tmp_path: Path) -> None:
    found = open_pictures([folder], tmp_path / "cache")
    assert found.names == ("alone.png", "train/rose/1.png", "train/sea/1.png", "train/sea/2.png")
    assert found.labels == ("", "rose", "sea", "sea")
    assert (found.count, found.thumbnails.shape, found.thumbnails.dtype) == (4, (4, 64, 64, 3), np.uint8)
    again = open_pictures([zipped(folder)], tmp_path / "cache")
    assert (again.names, again.digest) == (found.names, found.digest)
    assert np.array_equal(again.thumbnails, found.thumbnails)


def test_pictures_are_decoded_once_and_anew_when_one_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[int, int]] = []
    first = open_pictures([folder], tmp_path / "cache", lambda done, of: said.append((done, of)))
    assert said == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with monkeypatch.context() as patched:
        patched.setattr(reading, "decode_entry", lambda *_, **__: pytest.fail("decoded again"))
        moved = folder.rename(tmp_path / "moved")
        again = open_pictures([moved], tmp_path / "cache")
    assert isinstance(again.thumbnails, np.memmap)
    assert again.digest == first.digest
    (moved / "alone.png").write_bytes(encoded(picture(9), "PNG"))
    assert open_pictures([moved], tmp_path / "cache").digest != first.digest


def test_the_middle_square_is_shown_upright(tmp_path: Path) -> None:
    wide = Image.new("RGB", (300, 100), "red")
    wide.paste((0, 0, 255), (100, 0, 200, 50))
    exif = Image.Exif()
    exif[0x0112] = 3  # stored upside down
    wide.transpose(Image.Transpose.ROTATE_180).save(tmp_path / "a.png", exif=exif)
    seen = read_picture(tmp_path / "a.png")
    assert seen.shape == (64, 64, 3)
    assert np.abs(seen[:28].astype(int) - (0, 0, 255)).max() < 20
    assert np.abs(seen[36:].astype(int) - (255, 0, 0)).max() < 20


def test_several_sources_are_read_one_after_the_other(folder: Path, tmp_path: Path) -> None:
    found = open_pictures([folder / "train", folder / "alone.png"], tmp_path / "cache")
    assert found.names == ("rose/1.png", "sea/1.png", "sea/2.png", "alone.png")
    assert np.array_equal(found.thumbnails[3], read_picture(folder / "alone.png"))


def test_bad_files_are_named_and_do_no_harm(tmp_path: Path) -> None:
    expected = make_hostile_folder(tmp_path / "bad")
    found = open_pictures([tmp_path / "bad"], tmp_path / "cache")
    assert set(found.names) == {name for name, word in expected.items() if word == USED}
    assert {name for name, _ in found.skipped} == expected.keys() - set(found.names)
    assert all(expected[name] in reason for name, reason in found.skipped)
    assert open_pictures([tmp_path / "bad"], tmp_path / "cache").skipped == found.skipped


def test_no_picture_at_all_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "poem.png").write_text("Roses are red")
    with pytest.raises(GansuiteError, match=r"no picture that can be used. .*poem.png is text, not a picture"):
        open_pictures([tmp_path], tmp_path / "cache")
    with pytest.raises(GansuiteError, match="no folder or file"):
        open_pictures([tmp_path / "missing"], tmp_path / "cache")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Shall I compare thee", "is text, not a picture"),
        (b"", "is empty"),
        (encoded(picture(1), "PNG")[:200], "cut short"),
        (None, "no picture"),
    ],
)
def test_a_photograph_that_cannot_be_read_says_why(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(GansuiteError, match=said) as error:
        read_picture(tmp_path / "photo.jpg")
    assert "photo" in str(error.value)
    with pytest.raises(GansuiteError, match="folder"):
        read_picture(tmp_path)


def test_networks_see_numbers_from_minus_one_to_one() -> None:
    thumbnails = np.zeros((2, 64, 64, 3), np.uint8)
    thumbnails[1, 3, 5] = (255, 0, 51)
    seen = to_input(thumbnails)
    assert (seen.shape, seen.dtype) == ((2, 3, 64, 64), torch.float32)
    torch.testing.assert_close(seen[1, :, 3, 5], torch.tensor([1.0, -1.0, -0.6]))
    assert torch.equal(to_input(torch.from_numpy(thumbnails)), seen)
