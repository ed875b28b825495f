"""What files of poems say, in every form that people keep them in."""

from __future__ import annotations

from io import BytesIO

import pytest

from gansuite.core.sources import Entry, Unreadable
from gansuite.poetry.eras import ERAS, born_of, era_of, years_of_author
from gansuite.poetry.guard import Limits
from gansuite.poetry.plain import read_blocks
from gansuite.poetry.records import Found, read_records

from .hostile import json_lines, poem


def read(name: str, content: str | bytes, prose: bool = False) -> Found:
    data = content.encode() if isinstance(content, str) else content
    return read_records(Entry(name, lambda: BytesIO(data), 10**7), Limits(broken_named=2), prose)


# ---- plain text


def test_blank_lines_part_poems_and_headings_name_them() -> None:
    text = "ODE TO RAIN\nby Ann Lee (1801-1860)\n\none,\ntwo.\n\nthree\nfour\n\nThe Sea\n\nfive\nsix\n"
    blocks = list(read_blocks(text))
    assert [(b.text, b.title, b.author) for b in blocks] == [
        ("one,\ntwo.", "ODE TO RAIN", "Ann Lee (1801-1860)"),
        ("three\nfour", "ODE TO RAIN", "Ann Lee (1801-1860)"),
        ("five\nsix", "The Sea", "Ann Lee (1801-1860)"),
    ]
    assert [b.number for b in blocks] == [1, 1, 2]
    assert {b.born for b in blocks} == {1801}


def test_fields_above_a_poem_name_it() -> None:
    (block,) = read_blocks("Title: The Owl\nAuthor: Bo Ek\none\ntwo")
    assert (block.title, block.author, block.text) == ("The Owl", "Bo Ek", "one\ntwo")


def test_a_line_with_slashes_is_a_poem_and_no_heading() -> None:
    (block,) = read_blocks("old pond / a frog leaps in / the sound of water")
    assert block.text == "old pond\na frog leaps in\nthe sound of water"


def test_stanzas_in_a_row_belong_together_in_runs() -> None:
    blocks = list(read_blocks("\n\n".join(["one\ntwo"] * 40)))
    assert [sum(b.number == number for b in blocks) for number in range(3)] == [16, 16, 8]


def test_only_the_book_is_read_of_a_gutenberg_file() -> None:
    text = "Terms of use\nand more\n\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n\none\ntwo\n\n"
    text += "*** END OF THE PROJECT GUTENBERG EBOOK X ***\nno warranty\nof any kind"
    assert [b.text for b in read_blocks(text)] == ["one\ntwo"]


# ---- tables and JSON


def test_the_published_sets_are_known_by_their_fields() -> None:
    (pair,) = read("multim.json", '[{"poem": "a\\nb", "image_url": "https://h.example/86/10_c.jpg", "id": 0}]').records
    assert pair.text == "a\nb"
    assert pair.images == ("https://h.example/86/10_c.jpg", "10_c.jpg", "0")
    (alone,) = read("unim.json", '[{"poem": "a\\nb", "id": 5}]').records
    assert (alone.text, alone.images) == ("a\nb", ())


def test_columns_are_known_in_any_case_and_by_many_names() -> None:
    text = 'Poem Name;Content;Author;Age\nOde;"a\nb";John Keats (1795-1821);Romantic\n'
    (record,) = read("x.csv", text).records
    assert (record.title, record.text, record.author, record.born) == ("Ode", "a\nb", "John Keats (1795-1821)", 1795)


def test_a_table_without_names_of_columns_holds_poems_if_it_has_one_column() -> None:
    assert [r.text for r in read("x.csv", '"a\nb"\n"c / d"\n').records] == ["a\nb", "c\nd"]
    with pytest.raises(Unreadable, match="no column 'poem' or 'text'; its columns are 'x', 'y'"):
        read("x.csv", "x,y\n1,2\n")


def test_lines_and_stanzas_may_be_lists() -> None:
    found = read("x.json", '[{"lines": ["a", "b"]}, {"poem": [["a", "b"], ["c"]]}, "a / b"]').records
    assert [r.text for r in found] == ["a\nb", "a\nb\n\nc", "a\nb"]


@pytest.mark.parametrize(
    "text",
    [
        '{"poems": [{"poem": "a\\nb"}]}',
        '{"first": {"poem": "a\\nb"}}',
        '{"poem": "a\\nb"}',
        '{"x": "a\\nb"}',
        '{"poem": "a\\nb"}\n{"poem": "a\\nb"}',
    ],
)
def test_json_may_be_wrapped_in_many_ways(text: str) -> None:
    assert {r.text for r in read("x.json", text).records} == {"a\nb"}


def test_broken_lines_are_named_and_passed_over() -> None:
    lines = (
        json_lines([{"poem": poem(1)}]) + b'\n{"poem": \n\n{"title": "t"}\n7\n[]\n' + json_lines([{"poem": poem(2)}])
    )
    found = read("p.jsonl", lines)
    assert [r.text for r in found.records] == [poem(1), poem(2)]
    assert [(b.name, b.reason) for b in found.broken] == [
        ("p.jsonl, line 2", "is not JSON (Expecting value)"),
        ("p.jsonl, line 4", "has no field 'poem' or 'text'; it has 'title'"),
        ("p.jsonl", "holds 2 more lines that cannot be used"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", "[[[", "is not JSON"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", "[1]", "holds no poem: its first line holds neither a poem"),
        ("a.jsonl", '{"x": 1}', "holds no poem: its first line has no field"),
        ("a.csv", "poem\n", "holds no poem"),
        ("a.pdf", "x", "is not .txt, .csv, .json or .jsonl"),
        ("LICENSE.txt", "a\nb", "is a read-me"),
    ],
)
def test_what_holds_no_poem_is_said(name: str, content: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(name, content)


def test_an_odd_encoding_is_told() -> None:
    assert read("a.txt", "ô nuit\nô jour".encode("latin-1")).note == (
        "a.txt is not UTF-8: 2 of its lines were read as Latin-1."
    )
    assert read("a.txt", "a\nb".encode("utf-16")).note == "a.txt was read as UTF-16."
    assert read("a.txt", "a\nb").note == ""


def test_prose_is_known_by_its_field_or_because_it_is_asked_for() -> None:
    (passage,) = read("x.jsonl", '{"author": "Bo", "prose": "A sentence."}').records
    assert (passage.prose, passage.text, passage.author) == (True, "A sentence.", "Bo")
    assert all(r.prose for r in read("x.txt", "A sentence.\nAnd more.", prose=True).records)


# ---- years


@pytest.mark.parametrize(
    ("fields", "author", "born"),
    [
        ({"period": "1850-1875"}, "", 1862),
        ({"born": 1795}, "", 1795),
        ({"year": "1900"}, "", 1865),
        ({"date": "12 May 1835"}, "", 1800),
        ({"century": "18th century"}, "", 1715),
        ({"age": "Renaissance"}, "", 1560),
        ({}, "William Blake (1757-1827)", 1757),
        ({}, "Keats, John, 1795-1821", 1795),
        ({"year": "1900"}, "Ann Lee (1870-)", 1870),
        ({"year": "n/a"}, "Catullus", 0),
        ({"period": ["1850"]}, "", 1850),
    ],
)
def test_years_of_an_author(fields: dict[str, object], author: str, born: int) -> None:
    assert born_of(fields, author) == born


def test_a_number_in_a_name_is_no_life() -> None:
    assert years_of_author("Poet 7") == years_of_author("Studio 2000 Group") == 0


@pytest.mark.parametrize(("born", "era"), [(1564, "early"), (1795, "romantic"), (1840, "victorian"), (1888, "modern")])
def test_eras(born: int, era: str) -> None:
    assert ERAS[era_of(born)] == era
    assert era_of(0) == -1
