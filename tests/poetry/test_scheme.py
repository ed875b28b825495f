"""The rhyme scheme of a poem, found and asked for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.poetry.scheme import heard_scheme, parse_scheme, renamed, repeated, rhyming_lines, scheme_of
from gansuite.poetry.sounds import Rhyme, english

VOICE = english()
SONNET_18 = """Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date;
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance, or nature's changing course, untrimm'd;
But thy eternal summer shall not fade,
Nor lose possession of that fair thou ow'st;
Nor shall death brag thou wander'st in his shade,
When in eternal lines to time thou grow'st:
So long as men can breathe or eyes can see,
So long lives this, and this gives life to thee."""
TYGER = """Tyger Tyger, burning bright,
In the forests of the night;
What immortal hand or eye,
Could frame thy fearful symmetry?"""
DEATH = """Because I could not stop for Death –
He kindly stopped for me –
The Carriage held but just Ourselves –
And Immortality."""
LEAR = """There was an Old Man with a beard,
Who said, "It is just as I feared!—
Two Owls and a Hen, four Larks and a Wren,
Have all built their nests in my beard!\""""
POOL = ["bright", "night", "light", "sea", "me", "be", "love", "stone", "cat", "door", "memory", "read", "bed", "seed"]


@pytest.mark.parametrize(
    ("poem", "letters"),
    [
        (SONNET_18, "ABABCDCDEFEFGG"),
        (DEATH, "ABCB"),
        (LEAR, "AABA"),
        ("The cat\nA dog\nSome hens", "ABC"),
        ("One line alone", "A"),
        ("—\nthe sea\n...\nand me", "ABCB"),
        ("", "A"),
    ],
)
def test_schemes_of_poems(poem: str, letters: str) -> None:
    assert str(scheme_of(poem.split("\n"), VOICE)) == letters


def test_weak_rhymes_count_only_where_asked_for() -> None:
    lines = ["All for love", "I move", "in time", "so fine"]
    assert scheme_of(lines, VOICE).letters == "AABB"
    assert scheme_of(lines, VOICE).grades == (Rhyme.EYE, Rhyme.EYE, Rhyme.SLANT, Rhyme.SLANT)
    assert scheme_of(lines, VOICE, Rhyme.SLANT).letters == "ABCC"
    assert scheme_of(lines, VOICE, Rhyme.RICH).letters == "ABCD"


def test_every_line_is_graded_by_its_best_rhyme() -> None:
    found = scheme_of(SONNET_18.split("\n"), VOICE)
    assert found.grades[1] is found.grades[3] is Rhyme.LIGHT
    assert set(found.grades) == {Rhyme.LIGHT, Rhyme.PERFECT}
    assert found.density == 1
    assert scheme_of(DEATH.split("\n"), VOICE).density == pytest.approx(0.5)
    assert scheme_of(TYGER.split("\n"), VOICE).density >= 0.5


def test_a_repeated_word_has_the_letter_of_its_fellow_but_is_no_rhyme() -> None:
    found = scheme_of(["the sea", "a stone", "the sea"], VOICE)
    assert found.letters == "ABA"
    assert found.grades[0] is Rhyme.REPEAT
    assert found.density == 0


@pytest.mark.parametrize(
    ("lines", "letters"),
    [
        (SONNET_18.split("\n"), "ABABCDCDEFEFGG"),
        (["the sea", "a stone", "the sea", "alone"], "-B-B"),
        (["the sea", "a stone", "the sea", "to me"], "A-AA"),
        (["All for love", "I move", "in time", "so fine"], "----"),
        (["alone", "..."], "--"),
    ],
)
def test_a_poet_learns_rhymes_by_ear_only(lines: list[str], letters: str) -> None:
    assert heard_scheme(lines) == letters


def test_a_heteronym_joins_one_side_only() -> None:
    found = scheme_of(["my bed", "I read", "a seed"], VOICE)
    assert len(set(found.letters)) == 2


def test_slant_and_eye_rhymes_are_not_noticed_far_apart() -> None:
    between = ["a cat", "the door", "some milk", "old bread", "my chair"]
    assert len(set(scheme_of(["in time", *between, "so fine"], VOICE).letters)) == 7


@settings(deadline=None)
@given(st.lists(st.sampled_from(POOL), min_size=1, max_size=10), st.randoms())
def test_a_shuffled_poem_keeps_its_groups(ends: list[str], draw: object) -> None:
    order = list(range(len(ends)))
    draw.shuffle(order)  # type: ignore[attr-defined]
    letters = scheme_of(ends, VOICE, Rhyme.RICH).letters
    again = scheme_of([ends[i] for i in order], VOICE, Rhyme.RICH).letters
    for one in range(len(ends)):
        for other in range(len(ends)):
            together = letters[order[one]] == letters[order[other]]
            by_light = "memory" in (ends[order[one]], ends[order[other]])  # joined to either of equal fellows
            assert by_light or together == (again[one] == again[other])


@settings(deadline=None)
@given(st.lists(st.sampled_from(POOL), max_size=40))
def test_letters_come_in_order_and_one_a_line(ends: list[str]) -> None:
    found = scheme_of(ends, VOICE)
    assert len(found.letters) == len(found.grades) == len(ends)
    assert found.letters == renamed(found.letters)


def test_a_long_poem_has_letters_enough() -> None:
    words = ["cat", "door", "milk", "bread", "fish", "lamp", "golf", "wasp", "hulk", "desk", "orange", "month"] * 3
    found = scheme_of([f"{word}" for word in words], VOICE)
    assert len(found.letters) == 36


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("ABAB", "ABAB"),
        ("abab cdcd", "ABABCDCD"),
        ("CDCD", "ABAB"),
        ("AA...", "AA"),
        ("aabba", "AABBA"),
        ("XAXA", "XAXA"),
        ("-A-A", "XAXA"),
        ("none", ""),
        ("", ""),
    ],
)
def test_schemes_are_asked_for_in_letters(text: str, scheme: str) -> None:
    assert parse_scheme(text) == scheme


@pytest.mark.parametrize("text", ["AB1", "A?B", "été", "5-7-5"])
def test_what_is_no_scheme_is_told(text: str) -> None:
    with pytest.raises(GansuiteError, match="is not a rhyme scheme") as caught:
        parse_scheme(text)
    assert "ABAB" in caught.value.remedy


@pytest.mark.parametrize(
    ("scheme", "lines", "long"),
    [
        ("ABAB", 8, "ABABCDCD"),
        ("AA", 6, "AAAAAA"),
        ("XAXA", 8, "XAXAXBXB"),
        ("ABC", 3, "ABC"),
        ("A", 3, "AAA"),
    ],
)
def test_a_scheme_repeats_stanza_by_stanza_with_new_letters(scheme: str, lines: int, long: str) -> None:
    assert repeated(scheme, lines) == long
    assert len(set(repeated("ABCD", 64))) == 64


def test_the_lines_that_must_rhyme() -> None:
    assert rhyming_lines("AABBA") == ((0, 1, 4), (2, 3))
    assert rhyming_lines("XAXA") == ((1, 3),)
    assert rhyming_lines("ABCB") == ((1, 3),)
    assert rhyming_lines("") == ()
