"""Folders, zips, single and packed files of poems; what all arts share is tested in core."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from gansuite.core.errors import GansuiteError
from gansuite.core.sources import Unreadable
from gansuite.poetry.files import kind_of, open_source, unpacked

from .hostile import poem, zipped


def test_a_document_is_one_file_though_it_is_packed_like_a_zip(tmp_path: Path) -> None:
    with open_source(zipped(tmp_path / "mine.docx", {"a.txt": poem(1).encode()})) as source:
        assert [entry.name for entry in source.entries] == ["mine.docx"]


def test_the_kind_of_a_file_is_that_of_what_it_packs() -> None:
    kinds = {name: kind_of(name) for name in ("A.TXT", "b.jsonl.xz", "c", "d.gz")}
    assert kinds == {"A.TXT": ".txt", "b.jsonl.xz": ".jsonl", "c": "", "d.gz": ""}


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


def test_where_there_are_no_poems_the_flag_is_named(tmp_path: Path) -> None:
    for path, cause in ((tmp_path, "holds no files"), (tmp_path / "missing", "There is no folder or file")):
        with pytest.raises(GansuiteError, match=cause) as told, open_source(path):
            pass
        assert told.value.remedy == "Name a folder, zip or file of poems with --corpus."
