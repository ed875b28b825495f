"""From bytes to clean verse."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansuite.core.sources import Unreadable
from gansuite.poetry.mend import is_damaged, mended
from gansuite.poetry.text import decode, stanzas, tidy, with_line_breaks

VERSE = "Ô nuit, the café sleeps\nand no one weeps"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (VERSE.encode(), "UTF-8"),
        (VERSE.encode("utf-8-sig"), "UTF-8"),
        (VERSE.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + VERSE.encode("utf-16-be"), "UTF-16"),
        (VERSE.encode("utf-16-le"), "UTF-16"),
        (VERSE.encode("utf-16-be"), "UTF-16"),
        (VERSE.encode("utf-32"), "UTF-32"),
        (VERSE.encode("latin-1"), "Latin-1"),
    ],
)
def test_text_is_read_in_any_common_encoding(data: bytes, encoding: str) -> None:
    decoded = decode(data)
    assert (decoded.text, decoded.encoding) == (VERSE, encoding)


def test_one_latin_line_does_not_spoil_the_others() -> None:
    decoded = decode("Ô nuit\n".encode() + "Ô jour\n".encode("latin-1") + "Ô soir".encode())
    assert decoded.text == "Ô nuit\nÔ jour\nÔ soir"
    assert decoded.odd_lines == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n ", "only blanks"),
        (b"%PDF-1.4", "PDF"),
        (b"\x89PNG\r\n", "picture"),
        (b"word\0" * 50, "not text"),
        (bytes(range(1, 32)) * 20, "not text"),
        (b"\xff\xfe\x00\xd8", "UTF-16"),
    ],
)
def test_what_is_no_text_is_said(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        decode(data)


@given(st.binary(max_size=300))
def test_any_bytes_become_text_or_a_reason(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert isinstance(tidy(decode(data).text), str)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("“Go,” he said; ‘stay,’ she — the wind’s", "\"Go,\" he said; 'stay,' she — the wind's"),
        ("``So''", '"So"'),
        ("one--two – three —four", "one — two — three — four"),
        ('lost — , he said —"', 'lost —, he said —"'),
        ("and then . . . nothing… more....", "and then... nothing... more..."),
        ("a\u00a0wide\u2003 blank \t here ", "a wide blank here"),
        ("zero\u200bwidth so\u00adft \u202eback", "zerowidth soft back"),
        ("the ﬁrſt _word_", "the first word"),
        ("It\x92s \x93odd\x94", 'It\'s "odd"'),
        ("the sea â€” the nightâ€™s", "the sea — the night's"),
        ("rose &amp; thorn<br/>and <i>more</i>", "rose & thorn\nand more"),
        ("Of man's first disobedience      10", "Of man's first disobedience"),
        ("in 1914", "in 1914"),
        ("cafe\u0301", "café"),
    ],
)
def test_signs_are_written_one_way(written: str, meant: str) -> None:
    assert tidy(written) == meant


def test_lines_stay_and_blank_lines_come_one_at_a_time() -> None:
    assert tidy("\n\n  one\r\n\ttwo\r\n\r\n \r\n* * *\n\nthree\n") == "one\ntwo\n\nthree"
    assert stanzas("one\ntwo\n\nthree") == ["one\ntwo", "three"]


@given(st.text(st.sampled_from("aé’“ \t—-.…\n/'\x94'\u200b7"), max_size=60))
def test_whatever_comes_lines_are_trimmed_and_signs_plain(text: str) -> None:
    clean = tidy(text)
    assert all(line == " ".join(line.split()) for line in clean.split("\n"))
    assert not {*"’“…\u200b\x94"} & {*clean}
    assert "\n\n\n" not in clean


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("a / b / c", ["a", "b", "c"]),
        ("a\\nb", ["a", "b"]),
        ("a / b // c", ["a", "b", "", "c"]),
        ("and/or", ["and/or"]),
    ],
)
def test_a_poem_in_one_line_gets_its_lines_back(written: str, lines: list[str]) -> None:
    assert with_line_breaks(written).split("\n") == lines


def test_line_breaks_that_are_there_count_more_than_slashes() -> None:
    assert with_line_breaks("a / b\nc") == "a / b\nc"


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("Britain ' s glory", "Britain's glory"),
        ("outliv ' d, and I ' ll", "outliv'd, and I'll"),
        ("Tho ' Fortune, wi ' flowers", "Tho' Fortune, wi' flowers"),
        ("th ' eternal night o ' dew", "th' eternal night o' dew"),
        ("e ' en o ' er the hill", "e'en o'er the hill"),
        ("but ' tis over", "but 'tis over"),
        ("' Tis late", "'Tis late"),
        ("he pass' d by", "he pass'd by"),
        ("the stars' far splendour", "the stars' far splendour"),
        ("'Stay! ' he said", "'Stay!' he said"),
        ("THE sea was calm", "The sea was calm"),
        ("OLD Rip Van Winkle", "Old Rip Van Winkle"),
        ("I SAW the light", "I SAW the light"),
        ("- And so it was", "— And so it was"),
        ("all through [the] night}", "all through the night"),
    ],
)
def test_what_printers_and_scanners_did_is_mended(printed: str, meant: str) -> None:
    assert mended(tidy(printed)) == meant


@pytest.mark.parametrize("text", ["a | b", "x = y", "lost \ufffd letters", "more existence ' slave"])
def test_what_cannot_be_mended_is_damage(text: str) -> None:
    assert is_damaged(mended(tidy(text)))


def test_good_verse_is_left_as_it_is() -> None:
    verse = "O, \"Nay,\" said he — 'tis well;\nThe others' joy, the winds' low knell,\nI'll go."
    assert mended(tidy(verse)) == verse
    assert not is_damaged(verse)
