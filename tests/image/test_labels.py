"""Labels from sub-folders and tables, and works held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.pictures.files import open_source
from gansuite.core.sources import Source
from gansuite.image.labels import folder_labels, read_labels, read_table
from gansuite.image.split import hold_out

WORKS = ("a/1.png", "a/2.png", "b/3.png", "b/4.png")


def source(root: Path, **files: str | bytes) -> Source:
    for name, text in files.items():
        data = text if isinstance(text, bytes) else text.encode()
        (root / f"{name}.csv").write_bytes(data)
    with open_source(root) as found:
        return found


def test_folders_that_all_works_share_are_no_labels() -> None:
    assert folder_labels(["art/cats/1.png", "art/dogs/old/2.png"]) == ["cats", "dogs"]
    assert folder_labels(["images/1.png", "images/2.png"]) == ["", ""]
    assert folder_labels(["1.png", "cats/2.png"]) == ["", "cats"]
    assert folder_labels([]) == []


def test_labels_from_folders(tmp_path: Path) -> None:
    found = read_labels("folders", [*WORKS, "5.png"], source(tmp_path))
    assert found.values is not None
    assert found.values.tolist() == [0, 0, 1, 1, -1]
    assert found.names == ("a", "b")
    assert found.notes == ("1 of 5 works have no label and are marked -1.",)


def test_no_labels_where_there_is_nothing_to_tell_apart(tmp_path: Path) -> None:
    empty = source(tmp_path)
    assert read_labels("none", WORKS, empty).values is None
    assert read_labels("folders", ["1.png", "2.png"], empty).values is None
    assert "the same label" in read_labels("folders", ["1.png", "2.png"], empty).notes[0]
    assert not read_labels("auto", ["1.png", "2.png"], empty).notes
    assert read_labels("folders", ["1.png", "a/2.png"], empty).values is None
    one = source(tmp_path, one="file,label\n1.png,x\n2.png,x\n")
    assert read_labels("one.csv", ["1.png", "2.png"], one).notes[0].startswith("one.csv gives all works the same label")


def test_labels_from_a_table_inside_the_source(tmp_path: Path) -> None:
    found = read_labels(
        "labels.csv:style",
        WORKS,
        source(
            tmp_path,
            labels='file,title,style\na/1.png,"Sea, night",z\n./b\\3.png,x,y\n4.png,x, z \na/2.png,x,\n',
        ),
    )
    assert found.values is not None
    assert found.names == ("y", "z")
    assert found.values.tolist() == [1, -1, 0, 1]


@pytest.mark.parametrize(
    "text",
    [
        "file;label\n1.png;Gemälde\n2.png;b\n",
        "file\tlabel\r\n1.png\tGemälde\r\n2.png\tb\r\n",
        "\ufefffile,label\n1.png,Gemälde\n2.png,b\n",
        "file;label\n1.png;Gemälde\n2.png;b\n".encode("cp1252"),
        "picture,what\n1.png,Gemälde\n2.png,b\n",
    ],
)
def test_tables_as_spreadsheets_write_them(tmp_path: Path, text: str | bytes) -> None:
    found = read_labels("t.csv", ["1.png", "2.png"], source(tmp_path, t=text))
    assert found.names == ("Gemälde", "b")


def test_accents_are_compared_composed(tmp_path: Path) -> None:
    found = read_labels("t.csv", ["e\u0301.png", "2.png"], source(tmp_path, t="file,label\n\u00e9.png,a\n2.png,b\n"))
    assert found.values is not None
    assert found.values.tolist() == [0, 1]


def test_a_table_on_disk_is_found_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "works").mkdir()
    (tmp_path / "t.csv").write_text("file,label\n1.png,a\n2.png,b\n")
    assert read_table(str(tmp_path / "t.csv"), source(tmp_path / "works")).columns == ("file", "label")


def test_what_is_wrong_with_a_table_is_said(tmp_path: Path) -> None:
    root = source(tmp_path, t="file,title,style\n1.png,x,a\n", two="file,when,who\n1.png,1,2\n", empty="")
    for spec, words in (
        ("t.csv:styles", "Did you mean 'style'"),
        ("missing.csv:style", "no readable table missing.csv.*The portfolio holds empty.csv"),
        ("two.csv", "which column holds the labels"),
        ("t.csv:style", "labels none of the 1 works.*'1.png'"),
        ("empty.csv", "not a table"),
        ("folder", "Did you mean 'folders'"),
    ):
        with pytest.raises(GansuiteError, match=words):
            read_labels(spec, ["other.png"], root)


# ---- held out

CONTENTS = [f"content {n}" for n in range(100)]


def apart(count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(count)


def test_a_tenth_is_held_out_and_the_seed_chooses_which() -> None:
    one, same, other = (hold_out(CONTENTS, apart(100), None, 0.1, seed) for seed in (1, 1, 2))
    assert one.sum() == other.sum() == 10
    assert one.tolist() == same.tolist() != other.tolist()


def test_the_order_of_works_changes_nothing() -> None:
    order = np.random.default_rng(0).permutation(100)
    labels = np.arange(100) % 3
    straight = hold_out(CONTENTS, apart(100), labels, 0.2, 5)
    mixed = hold_out([CONTENTS[n] for n in order], apart(100), labels[order], 0.2, 5)
    assert np.array_equal(straight[order], mixed)


def test_one_more_work_moves_few_others() -> None:
    before = hold_out(CONTENTS, apart(100), None, 0.1, 0)
    after = hold_out([*CONTENTS, "new"], apart(101), None, 0.1, 0)
    assert (before != after[:100]).sum() <= 2


def test_each_label_gives_its_part() -> None:
    labels = np.repeat([0, 1, 2, -1], [50, 30, 10, 10])
    held = hold_out(CONTENTS, apart(100), labels, 0.1, 0)
    assert [int(held[labels == label].sum()) for label in (0, 1, 2, -1)] == [5, 3, 1, 1]


def test_near_duplicates_stay_together() -> None:
    groups = np.repeat(np.arange(25), 4)
    held = hold_out(CONTENTS, groups, None, 0.25, 3)
    assert held.sum() in range(20, 26)
    assert all(len(set(held[groups == group].tolist())) == 1 for group in range(25))


def test_at_least_one_and_at_most_half() -> None:
    assert hold_out(CONTENTS, apart(100), None, 0.0, 0).sum() == 1
    assert hold_out(CONTENTS[:3], apart(3), None, 0.5, 0).sum() == 1
    assert hold_out(CONTENTS[:4], np.array([0, 0, 0, 1]), None, 0.5, 0).tolist() == [
        False,
        False,
        False,
        True,
    ]


def test_works_that_are_all_alike_are_split_all_the_same() -> None:
    assert hold_out(["same"] * 20, np.zeros(20, np.int64), None, 0.1, 0).sum() == 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(-1, 3)), min_size=2, max_size=40), st.floats(0, 0.5))
def test_every_split_has_both_sides(works: list[tuple[int, int]], share: float) -> None:
    groups, labels = (np.array(column) for column in zip(*works, strict=True))
    held = hold_out(CONTENTS[: len(works)], groups, labels, share, 0)
    assert 1 <= held.sum() <= len(works) // 2
