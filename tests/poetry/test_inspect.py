"""The report on people's poems."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gansuite.core.errors import GansuiteError
from gansuite.poetry.dataset import PoemDataConfig
from gansuite.poetry.inspect import Report, inspect_poems

from .hostile import Album, album, json_lines, make_hostile_folder, poem, poems, records, write


def inspect(path: Path, pictures: Album | None = None) -> Report:
    return inspect_poems(PoemDataConfig((str(path),)), pictures, cache_root=path.parent / "cache")


def test_a_small_corpus_is_described(tmp_path: Path) -> None:
    items = [*records(12, authors=3), {"poem": poem(50, lines=8)}, {"poem": poem(1)}, {"poem": "too\nshort"}]
    write(tmp_path / "p" / "a.jsonl", json_lines(items) + b'\n{"x": 1}')
    write(tmp_path / "p" / "b.jsonl", json_lines([{"prose": "The road went on and on over the hill and nobody came."}]))
    write(tmp_path / "p" / "c.pdf", "%PDF")
    report = inspect(tmp_path / "p")
    assert (report.files, report.used, report.found, report.kept) == (3, 2, 15, 13)
    assert report.skipped == (
        ("a.jsonl, line 16", "has no field 'poem' or 'text'; it has 'x'"),
        ("c.pdf", "is not .txt, .csv, .json or .jsonl"),
    )
    assert report.dropped == {"an exact repetition of another": 1, "of fewer than 6 words": 1}
    assert report.authors == {"Poet A": 4, "Poet B": 4, "Poet C": 4, "": 1}
    assert report.authors_in_all == 3
    assert report.lines == {"4": 12, "8": 1}
    assert report.lengths["long"] + report.lengths["wide"] == 13
    assert {era: count for era, count in report.eras.items() if count} == {"romantic": 8, "victorian": 4, "": 1}
    assert sum(report.moods.values()) == 13
    assert report.words == 13 * 28 + 28
    assert report.prose == 1
    assert report.split is None
    assert report.advice == "13 poems are not enough: training needs at least 20."


def test_the_report_is_json_and_a_page_of_text(tmp_path: Path) -> None:
    make_hostile_folder(tmp_path / "p")
    report = inspect(tmp_path / "p")
    assert json.loads(json.dumps(report.to_dict()))["kept"] == report.kept
    text = report.to_text()
    assert f"{report.found} poems, {report.kept} kept" in text
    assert "scan.txt is a PDF, not text" in text
    assert "latin1.txt is not UTF-8" in text
    assert "  lines\n    " in text
    assert "... and" in report.to_text(shown=1)


def test_pictures_are_told_what_poems_there_are(tmp_path: Path) -> None:
    items = [{"poem": poem(n, about="sea" if n < 8 else "forest")} for n in range(25)]
    report = inspect(write(tmp_path / "a.jsonl", json_lines(items)), album(2, "sea", "xylophones"))
    assert report.topics["sea"] >= 8
    assert report.topics["xylophones"] == 0
    assert "No poem speaks of xylophones." in report.warnings
    assert "poems about\n    sea" in report.to_text()


def test_what_may_go_wrong_is_warned_of(tmp_path: Path) -> None:
    mine = [{"poem": text, "author": "Me"} for text in poems(30)]
    one = inspect(write(tmp_path / "one.jsonl", json_lines(mine)))
    assert "One author wrote 30 of the 30 poems." in one.warnings
    assert one.advice.startswith("30 poems are few")
    nobody = inspect(write(tmp_path / "none.txt", "\n\n".join(poems(30))))
    assert any("No author is named" in warning for warning in nobody.warnings)
    again = inspect(write(tmp_path / "again.txt", "\n\n".join(poems(30) + poems(9))))
    assert "9 of 39 poems repeat others, wholly or nearly; they are used once." in again.warnings


def test_train_and_valid_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "p" / "train.jsonl", json_lines(records(6)))
    write(tmp_path / "p" / "valid.jsonl", json_lines(records(3, first=40)))
    report = inspect(tmp_path / "p")
    assert report.split == (6, 3)
    assert "split     6 in train, 3 in valid" in report.to_text()


def test_nothing_usable_is_a_report_too_and_nothing_there_an_error(tmp_path: Path) -> None:
    report = inspect(write(tmp_path / "a.txt", "x"))
    assert (report.kept, report.advice) == (0, "There is nothing to learn from here.")
    assert report.to_text().endswith("There is nothing to learn from here.")
    with pytest.raises(GansuiteError, match="There is no folder or file"):
        inspect(tmp_path / "nowhere")
    with pytest.raises(GansuiteError, match="No poems are named"):
        inspect_poems(PoemDataConfig())
