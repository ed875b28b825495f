"""Folders, zips and single files of music; what all arts share is tested in core."""

from __future__ import annotations

from pathlib import Path

import pytest

from gansuite.core.errors import GansuiteError
from gansuite.music.files import open_source

from .hostile import pack, piece


@pytest.mark.parametrize(("name", "data"), [("a.mid", piece()), ("b.npz", pack())])
def test_a_single_file_is_a_source_and_an_npz_is_one_file(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with open_source(tmp_path / name) as source:
        assert [(entry.name, entry.read()) for entry in source.entries] == [(name, data)]


def test_where_there_is_no_music_the_flag_is_named(tmp_path: Path) -> None:
    for path, cause in ((tmp_path, "holds no files"), (tmp_path / "missing", "There is no folder or file")):
        with pytest.raises(GansuiteError, match=cause) as told, open_source(path):
            pass
        assert told.value.remedy == "Name a folder, zip or file of music with --data."
