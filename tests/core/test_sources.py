"""What people have: folders, zips, single files, and every way in which one of them can be wrong."""

from __future__ import annotations

import os
import warnings
import zipfile
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from gansuite.core.errors import GansuiteError
from gansuite.core.sources import Limits, Source, Unreadable, Wanted, open_source, printable

from .hostile import refusals, write_zip

WORKS = Wanted("works", "Name some with --data.", (".npz",))


def listed(path: Path, limits: Limits | None = None) -> AbstractContextManager[Source]:
    return open_source(path, limits or Limits(), WORKS)


def names(source: Source) -> list[str]:
    return [entry.name for entry in source.entries]


def test_a_folder_is_listed_recursively_sorted_and_without_hidden_files(tmp_path: Path) -> None:
    for name in (
        "b.png",
        "a/2.png",
        "a/10.png",
        ".hidden.png",
        "a/.DS_Store",
        "__MACOSX/b.png",
        ".git/x.png",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with listed(tmp_path) as source:
        assert names(source) == ["a/10.png", "a/2.png", "b.png"]
        assert source.refused == ()
        assert source.entries[0].read() == b"x"


def test_links_inside_the_folder_are_read_and_others_are_not(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (tmp_path / "outside.png").write_bytes(b"x")
    (root / "outside.png").symlink_to(tmp_path / "outside.png")
    (root / "gone.png").symlink_to(tmp_path / "gone.png")
    (root / "real" / "1.png").write_bytes(b"x")
    (root / "link.png").symlink_to(root / "real" / "1.png")
    (root / "loop").symlink_to(root)
    with listed(root) as source:
        assert names(source) == ["link.png", "real/1.png"]
        assert refusals(source) == {
            "gone.png": "is a link that leads nowhere",
            "loop": "is a link to a folder; such links are not followed",
            "outside.png": "is a link that leads out of the folder; it is not followed",
        }


def test_a_zip_is_read_in_place(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"d\\b.png": b"1", "a.png": b"2", "__MACOSX/a.png": b"", ".x.png": b""})
    with listed(path) as source:
        assert [(entry.name, entry.read()) for entry in source.entries] == [("a.png", b"2"), ("d/b.png", b"1")]
    assert os.listdir(tmp_path) == ["a.zip"]


def test_a_zip_by_another_name_and_a_single_file_are_sources_too(tmp_path: Path) -> None:
    write_zip(tmp_path / "portfolio.cbz", {"a.png": b"1"})
    write_zip(tmp_path / "roll.npz", {"a.npy": b"1"})
    (tmp_path / "one.png").write_bytes(b"2")
    with listed(tmp_path / "roll.npz") as source:
        assert names(source) == ["roll.npz"]
    with listed(tmp_path / "portfolio.cbz") as source:
        assert names(source) == ["a.png"]
    with listed(tmp_path / "one.png") as source:
        assert names(source) == ["one.png"]


def test_one_name_many_times_in_a_zip_gives_many_works(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.png", b"1")
        archive.writestr("a.png", b"2")
    with listed(path) as source:
        assert [(entry.name, entry.read()) for entry in source.entries] == [
            ("a.png", b"1"),
            ("a.png (2)", b"2"),
        ]


def test_dangerous_zip_members_are_named(tmp_path: Path) -> None:
    members = {"../../etc/passwd": b"x", "large.png": b"0" * 5000, "locked.png": b"secret", "ok.png": b"x"}
    path = write_zip(tmp_path / "a.zip", members)
    data = bytearray(path.read_bytes())
    entry = data.index(b"locked.png", data.index(b"PK\x01\x02")) - 46  # the central directory says it is encrypted
    data[entry + 8] |= 1
    path.write_bytes(data)
    with listed(path, Limits(file_bytes=4000)) as source:
        assert names(source) == ["ok.png"]
        said = refusals(source)
    assert "leads out of the zip" in said["../../etc/passwd"]
    assert "too large" in said["large.png"]
    assert "password" in said["locked.png"]


def test_a_zip_that_unpacks_to_too_much_in_all_is_cut_off(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {f"{n}.bmp": b"\0" * 10_000 for n in range(10)})
    with listed(path, Limits(unzipped_bytes=35_000, zip_ratio=1)) as source:
        assert names(source) == ["0.bmp", "1.bmp", "2.bmp"]
        assert all("bomb" in reason for reason in refusals(source).values())
        assert len(source.refused) == 7


def test_packings_that_not_every_python_knows_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.png", b"x" * 100)
    with listed(tmp_path / "a.zip") as source:
        assert refusals(source) == {"a.png": "is packed in a way that cannot be unpacked here"}


def test_a_damaged_zip_member_is_named_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", bytes(100))
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    with listed(path) as source, pytest.raises(Unreadable, match="damaged inside the zip"):
        source.entries[0].read()


def test_a_source_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="no folder or file"), listed(tmp_path / "missing"):
        pass
    (tmp_path / "empty").mkdir()
    with pytest.raises(GansuiteError, match="empty holds no files") as told, listed(tmp_path / "empty"):
        pass
    assert told.value.remedy == "Name some with --data."
    with open_source(tmp_path / "empty", Limits(), replace(WORKS, needed=False)) as source:
        assert not source.entries
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(GansuiteError, match="cannot be opened as a zip"), listed(tmp_path / "bad.zip"):
        pass
    for n in range(4):
        (tmp_path / f"{n}.png").write_bytes(b"")
    with pytest.raises(GansuiteError, match="more than 3 files"), listed(tmp_path, Limits(files=3)):
        pass


def test_large_and_growing_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"0" * 100)
    (tmp_path / "b.png").write_bytes(b"0" * 10)
    with listed(tmp_path, Limits(file_bytes=50)) as source:
        assert "too large" in refusals(source)["a.png"]
        (tmp_path / "b.png").write_bytes(b"0" * 60)
        with pytest.raises(Unreadable, match="too large"):
            source.entries[0].read()


def test_a_file_that_vanishes_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    with listed(tmp_path) as source:
        (tmp_path / "a.png").unlink()
        with pytest.raises(Unreadable, match="No such file"):
            source.entries[0].read()


def test_files_of_several_megabytes_are_read_whole(tmp_path: Path) -> None:
    data = bytes(range(251)) * 10_000
    (tmp_path / "a.bin").write_bytes(data)
    with listed(tmp_path) as source:
        assert source.entries[0].read() == data
        assert source.entries[0].head() == data[:512]


def test_names_are_safe_to_print() -> None:
    assert printable("Überraschung 絵.png") == "Überraschung 絵.png"
    assert printable("a\x1b[31m\n.png") == "a\\x1b[31m\\n.png"
    assert printable(os.fsdecode(b"caf\xe9.png")).isprintable()
