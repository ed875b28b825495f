"""What people have: folders, zips, single files, and every way in which one of them can be wrong."""

from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path

import pytest

from gansuite.core.errors import GansuiteError
from gansuite.music.files import Source, open_source, printable
from gansuite.music.guard import Limits, Unreadable

from .hostile import pack, piece


def names(source: Source) -> list[str]:
    return [entry.name for entry in source.entries]


def refusals(source: Source) -> dict[str, str]:
    return {refusal.name: refusal.reason for refusal in source.refused}


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_folder_is_listed_recursively_sorted_and_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.mid", "a/2.mid", "a/x/1.mid", ".hidden.mid", "a/.DS_Store", "__MACOSX/b.mid", "Thumbs.db"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with open_source(tmp_path) as source:
        assert names(source) == ["a/2.mid", "a/x/1.mid", "b.mid"]
        assert [entry.folders for entry in source.entries] == [("a",), ("a", "x"), ()]
        assert source.refused == ()
        assert source.entries[0].read() == b"x"


def test_a_single_file_is_a_source_and_an_npz_is_one_file(tmp_path: Path) -> None:
    for name, data in (("a.mid", piece()), ("b.npz", pack())):
        (tmp_path / name).write_bytes(data)
        with open_source(tmp_path / name) as source:
            assert names(source) == [name]
            assert source.entries[0].read() == data


def test_a_zip_is_read_where_it_lies_whatever_its_name(tmp_path: Path) -> None:
    members = {"train/a.mid": b"1", "valid\\b.mid": b"2", "__MACOSX/._a.mid": b"", "a.mid": b"3"}
    for name in ("music.zip", "music.dat"):
        with open_source(write_zip(tmp_path / name, members)) as source:
            assert names(source) == ["a.mid", "train/a.mid", "valid/b.mid"]
            assert [entry.read() for entry in source.entries] == [b"3", b"1", b"2"]


def test_what_a_zip_must_not_hold_is_refused(tmp_path: Path) -> None:
    members = {"../out.mid": b"1", "/etc/passwd": b"2", "large.mid": bytes(200), "ok.mid": b"3"}
    with open_source(write_zip(tmp_path / "m.zip", members), Limits(file_bytes=100)) as source:
        assert names(source) == ["ok.mid"]
        found = refusals(source)
    assert found["../out.mid"] == "has a path that leads out of the zip"
    assert "leads out" in found["//etc/passwd"]
    assert "too large" in found["large.mid"]


def test_a_zip_bomb_is_refused_from_where_it_gets_too_much(tmp_path: Path) -> None:
    members = {f"{number}.mid": bytes(1000) for number in range(5)}
    limits = Limits(unzipped_bytes=2500, zip_ratio=0)
    with open_source(write_zip(tmp_path / "m.zip", members), limits) as source:
        assert names(source) == ["0.mid", "1.mid"]
        assert all("zip bomb" in reason for reason in refusals(source).values())


def test_packings_that_not_every_python_knows_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.mid", b"x" * 100)
    with open_source(tmp_path / "m.zip") as source:
        assert refusals(source) == {"a.mid": "is packed in a way that cannot be unpacked here"}


def test_names_that_come_twice_are_told_apart_and_damage_is_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.zip", {"a.mid": b"first" * 100})
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.mid", b"second")
    data = bytearray(path.read_bytes())
    data[data.index(b"second")] ^= 1
    path.write_bytes(data)
    with open_source(path) as source:
        assert names(source) == ["a.mid", "a.mid (2)"]
        with pytest.raises(Unreadable, match="damaged inside the zip"):
            source.entries[1].read()


def test_links_lead_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "outside.mid").write_bytes(b"x")
    root = tmp_path / "music"
    root.mkdir()
    (root / "a.mid").write_bytes(b"1")
    os.symlink(root / "a.mid", root / "inside.mid")
    os.symlink(tmp_path / "outside.mid", root / "outside.mid")
    os.symlink(tmp_path / "gone", root / "gone.mid")
    os.symlink(root, root / "loop")
    with open_source(root) as source:
        assert names(source) == ["a.mid", "inside.mid"]
        assert sorted(refusals(source)) == ["gone.mid", "loop", "outside.mid"]


def test_a_file_that_grew_or_went_is_named(tmp_path: Path) -> None:
    for name in ("grew.mid", "went.mid"):
        (tmp_path / name).write_bytes(b"x")
    with open_source(tmp_path, Limits(file_bytes=10)) as source:
        (tmp_path / "grew.mid").write_bytes(bytes(20))
        (tmp_path / "went.mid").unlink()
        grew, went = source.entries
        with pytest.raises(Unreadable, match="too large"):
            grew.read()
        with pytest.raises(Unreadable, match="cannot be read"):
            went.read()


def test_the_key_changes_with_any_file(tmp_path: Path) -> None:
    def key() -> str:
        with open_source(tmp_path) as source:
            return source.key()

    (tmp_path / "a.mid").write_bytes(b"1")
    first = key()
    assert key() == first
    os.utime(tmp_path / "a.mid", ns=(1, 1))
    second = key()
    (tmp_path / "b.mid").write_bytes(b"1")
    assert len({first, second, key()}) == 3


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda path: None, "There is no folder or file"),
        (lambda path: path.mkdir(), "holds no files"),
        (lambda path: path.with_suffix(".zip").write_bytes(b"PK\x03\x04 not a zip"), "cannot be opened as a zip"),
        (lambda path: write_zip(path.with_suffix(".zip"), {}), "holds no files"),
    ],
)
def test_what_cannot_be_a_source_is_said(tmp_path: Path, make: object, cause: str) -> None:
    path = tmp_path / "music"
    make(path)  # type: ignore[operator]
    with (
        pytest.raises(GansuiteError, match=cause),
        open_source(path if path.exists() or cause[0] == "T" else path.with_suffix(".zip")),
    ):
        pass


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.mid").write_bytes(b"x")
    with pytest.raises(GansuiteError, match="more than 3 files"), open_source(tmp_path, Limits(files=3)):
        pass


def test_names_are_safe_to_print() -> None:
    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\\n"
    assert printable("Mélodie 曲") == "Mélodie 曲"
