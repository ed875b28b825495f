"""What people have: folders, zips, single and packed files, and every way in which one of them can be wrong."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import warnings
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from gansuite.core.errors import GansuiteError
from gansuite.poetry.files import Entry, Source, open_source, printable, unpacked
from gansuite.poetry.guard import Limits, Unreadable

from .hostile import poem, write, zipped


def names(source: Source) -> list[str]:
    return [entry.name for entry in source.entries]


def refusals(source: Source) -> dict[str, str]:
    return {refusal.name: refusal.reason for refusal in source.refused}


def test_a_folder_is_listed_recursively_sorted_and_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a/2.txt", "a/x/1.txt", ".hidden.txt", "a/.DS_Store", "__MACOSX/b.txt", "Thumbs.db"):
        write(tmp_path / name, "x")
    with open_source(tmp_path) as source:
        assert names(source) == ["a/2.txt", "a/x/1.txt", "b.txt"]
        assert [entry.folders for entry in source.entries] == [("a",), ("a", "x"), ()]
        assert source.refused == ()
        assert source.entries[0].read() == b"x"


def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    write(tmp_path / "mine.txt", poem(1))
    with open_source(tmp_path / "mine.txt") as source:
        assert names(source) == ["mine.txt"]
        assert source.entries[0].read().decode() == poem(1)


def test_the_kind_of_a_file_is_that_of_what_it_packs() -> None:
    kinds = {name: Entry(name, BytesIO, 1).kind for name in ("A.TXT", "b.jsonl.xz", "c", "d.gz")}
    assert kinds == {"A.TXT": ".txt", "b.jsonl.xz": ".jsonl", "c": "", "d.gz": ""}


def test_a_zip_is_read_where_it_lies_whatever_its_name(tmp_path: Path) -> None:
    members = {"train/a.txt": b"1", "valid\\b.txt": b"2", "__MACOSX/._a.txt": b"", "a.txt": b"3"}
    for name in ("poems.zip", "poems.dat"):
        with open_source(zipped(tmp_path / name, members)) as source:
            assert names(source) == ["a.txt", "train/a.txt", "valid/b.txt"]
            assert [entry.read() for entry in source.entries] == [b"3", b"1", b"2"]


def test_what_a_zip_must_not_hold_is_refused(tmp_path: Path) -> None:
    members = {"../out.txt": b"1", "/etc/passwd": b"2", "large.txt": bytes(200), "ok.txt": b"3"}
    with open_source(zipped(tmp_path / "p.zip", members), Limits(file_bytes=100)) as source:
        assert names(source) == ["ok.txt"]
        found = refusals(source)
    assert found["../out.txt"] == "has a path that leads out of the zip"
    assert "leads out" in found["//etc/passwd"]
    assert "too large" in found["large.txt"]


def test_a_zip_bomb_is_refused_from_where_it_gets_too_much(tmp_path: Path) -> None:
    members = {f"{number}.txt": bytes(1000) for number in range(5)}
    with open_source(zipped(tmp_path / "p.zip", members), Limits(unzipped_bytes=2500, zip_ratio=0)) as source:
        assert names(source) == ["0.txt", "1.txt"]
        assert all("zip bomb" in reason for reason in refusals(source).values())


def test_names_that_come_twice_are_told_apart_and_damage_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"a.txt": b"first" * 100})
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.txt", b"second")
    data = bytearray(path.read_bytes())
    data[data.index(b"second")] ^= 1
    path.write_bytes(data)
    with open_source(path) as source:
        assert names(source) == ["a.txt", "a.txt (2)"]
        with pytest.raises(Unreadable, match="damaged inside the zip"):
            source.entries[1].read()


def test_links_lead_nowhere_else(tmp_path: Path) -> None:
    write(tmp_path / "outside.txt", "x")
    root = tmp_path / "poems"
    write(root / "a.txt", "1")
    os.symlink(root / "a.txt", root / "inside.txt")
    os.symlink(tmp_path / "outside.txt", root / "outside.txt")
    os.symlink(tmp_path / "gone", root / "gone.txt")
    os.symlink(root, root / "loop")
    with open_source(root) as source:
        assert names(source) == ["a.txt", "inside.txt"]
        assert sorted(refusals(source)) == ["gone.txt", "loop", "outside.txt"]


def test_a_file_that_grew_or_went_is_named(tmp_path: Path) -> None:
    for name in ("grew.txt", "went.txt"):
        write(tmp_path / name, "x")
    with open_source(tmp_path, Limits(file_bytes=10)) as source:
        write(tmp_path / "grew.txt", bytes(20))
        (tmp_path / "went.txt").unlink()
        grew, went = source.entries
        with pytest.raises(Unreadable, match="too large"):
            grew.read()
        with pytest.raises(Unreadable, match="cannot be read"):
            went.read()


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress, bz2.compress])
def test_packed_files_are_unpacked_also_where_several_are_joined(pack: object) -> None:
    packed = pack(b"one ") + pack(b"two")  # type: ignore[operator]
    assert unpacked(packed, 100) == b"one two"
    assert unpacked(b"plain", 100) == b"plain"


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress, bz2.compress])
def test_a_packed_bomb_stops_at_the_limit_and_half_a_file_is_no_file(pack: object) -> None:
    packed = pack(bytes(10_000_000))  # type: ignore[operator]
    with pytest.raises(Unreadable, match="too large"):
        unpacked(packed, 1_000_000)
    with pytest.raises(Unreadable, match="cut off"):
        unpacked(pack(poem(1).encode())[:-6], 1000)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda path: None, "There is no folder or file"),
        (lambda path: path.mkdir(), "holds no files"),
        (lambda path: path.with_suffix(".zip").write_bytes(b"PK\x03\x04 not a zip"), "cannot be opened as a zip"),
        (lambda path: zipped(path.with_suffix(".zip"), {}), "holds no files"),
    ],
)
def test_what_cannot_be_a_source_is_said(tmp_path: Path, make: object, cause: str) -> None:
    path = tmp_path / "poems"
    make(path)  # type: ignore[operator]
    zip_path = path.with_suffix(".zip")
    with pytest.raises(GansuiteError, match=cause), open_source(zip_path if zip_path.exists() else path):
        pass


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.txt", "x")
    with pytest.raises(GansuiteError, match="more than 3 files"), open_source(tmp_path, Limits(files=3)):
        pass


def test_names_are_safe_to_print() -> None:
    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\\n"
    assert printable("Élégie 詩") == "Élégie 詩"
