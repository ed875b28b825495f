"""Which words may come next: of a rhyme, of a length, of a meter; worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansuite.poetry.forms import Form, design
from gansuite.poetry.sounds import Ending, ending_of, ending_of_line, english
from gansuite.poetry.spellings import NOWHERE, ROOT, Spellings
from gansuite.poetry.vocabulary import LineRoom, Vocabulary, fits_somewhere, line_patterns, stress_of

VOICE = english()
WORDS = ("the", "sea", "see", "tree", "night", "light", "delight", "water", "daughter", "again", "memory", "red rose")
BOOK = Vocabulary(WORDS, VOICE)
ALL = np.ones(len(WORDS), bool)


def of(mask: np.ndarray) -> set[str]:
    return {word for word, is_in in zip(WORDS, mask, strict=True) if is_in}


def room(*patterns: str, last: np.ndarray = ALL) -> LineRoom:
    return LineRoom(BOOK, patterns, ALL, last)


def test_stress_is_a_sign_for_each_syllable() -> None:
    said = [stress_of(word, VOICE) for word in ("sea", "water", "again", "memory", "red rose")]
    assert said == ["-", "10", "01", "100", "--"]


def test_rhymes_are_perfect_and_never_the_same_sound() -> None:
    assert of(BOOK.rhyming(ending_of("night", VOICE))) == {"light", "delight"} - set()
    assert of(BOOK.rhyming(ending_of("sea", VOICE))) == {"tree"}
    assert of(BOOK.rhyming(ending_of("see", VOICE), ending_of("knee", VOICE))) == {"tree"}
    assert of(BOOK.rhyming()) == set(WORDS)
    assert of(BOOK.rhyming(ending_of("orange", VOICE))) == set()
    assert of(BOOK.rhyming(ending_of_line(["like", "the", "suppose"], VOICE))) == {"red rose"}


def test_partners_are_counted_among_the_words_that_may_be_used() -> None:
    count = dict(zip(WORDS, BOOK.partners(ALL), strict=True))
    assert (count["night"], count["tree"], count["water"], count["again"]) == (2, 2, 1, 0)
    assert dict(zip(WORDS, BOOK.partners(BOOK.mask(["night", "sea"])), strict=True))["light"] == 1


def test_a_line_of_a_length_is_filled_exactly() -> None:
    line = room("---")
    assert of(line.final(line.start)) == {"memory"}
    assert of(line.inner(line.start)) == set(WORDS) - {"memory"}
    after = line.after(line.start, "10")
    assert of(line.inner(after)) == set()
    assert of(line.final(after)) == {"the", "sea", "see", "tree", "night", "light"}
    assert line.is_full(line.after(after, "-"))


def test_stresses_fall_on_beats() -> None:
    line = room("0101")
    assert "water" not in of(line.inner(line.start))
    assert {"again", "the", "delight"} <= of(line.inner(line.start))
    after = line.after(line.start, "-")
    assert "water" in of(line.inner(after))
    assert of(line.final(line.after(after, "-"))) == {"again", "delight", "red rose"}


def test_a_single_syllable_ends_a_line_only_on_the_beat() -> None:
    line = room("010")
    after = line.after(line.start, "-")
    assert of(line.final(after)) == {"water", "daughter"}
    assert of(line.final(line.after(after, "-"))) == set()


def test_words_leave_room_for_one_that_may_be_last() -> None:
    line = room("----", last=BOOK.mask(["memory"]))
    assert of(line.inner(line.start)) == {"the", "sea", "see", "tree", "night", "light"}
    assert not room("--", last=BOOK.mask(["memory"])).possible
    assert not room("--", last=~ALL).possible


@given(st.lists(st.sampled_from(["--", "-----", "0101", "01010", "1010", "001001"]), min_size=1), st.randoms())
def test_whatever_is_taken_the_line_can_be_finished(patterns: list[str], draw: object) -> None:
    line = room(*patterns)
    state = line.start
    for _ in range(10):
        final, inner = sorted(of(line.final(state))), sorted(of(line.inner(state)))
        assert final or inner
        if final and (not inner or draw.random() < 0.5):  # type: ignore[attr-defined]
            last = line.after(state, stress_of(draw.choice(final), VOICE))  # type: ignore[attr-defined]
            assert line.is_full(last)
            return
        state = line.after(state, stress_of(draw.choice(inner), VOICE))  # type: ignore[attr-defined]
        assert line.goes_on(state)


@pytest.mark.parametrize(
    ("form", "patterns"),
    [
        (design("haiku"), ("-----",)),
        (design(meter="iambic dimeter"), ("0101", "01010")),
        (design(lines=2), ("----", "-----", "------")),
        (design("sonnet"), ("0101010101", "01010101010")),
    ],
)
def test_patterns_of_a_first_line(form: Form, patterns: tuple[str, ...]) -> None:
    assert line_patterns(form, 0, (4, 6)) == patterns


def test_a_word_has_a_place_in_a_line_or_not() -> None:
    assert fits_somewhere("10", "0101")
    assert not fits_somewhere("11", "0101")
    assert not fits_somewhere("100", "--")


def test_spellings_lead_to_wanted_words_only() -> None:
    book = Spellings([[1], [1, 2], [1, 2, 3], [4, 2]])
    counts = book.counts(np.array([True, False, True, False]))
    assert book.next_tokens(ROOT, counts).tolist() == [1]
    node = book.step(ROOT, 1, counts)
    assert book.word(node, counts) == 0
    longer = book.step(node, 2, counts)
    assert book.word(longer, counts) == NOWHERE
    assert book.word(book.step(longer, 3, counts), counts) == 2
    assert book.step(ROOT, 4, counts) == book.step(node, 9, counts) == NOWHERE


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=12), st.randoms())
def test_every_wanted_spelling_is_found_and_no_other(sequences: list[list[int]], draw: object) -> None:
    wanted = np.array([draw.random() < 0.5 for _ in sequences])  # type: ignore[attr-defined]
    book = Spellings(sequences)
    counts = book.counts(wanted)
    good = {tuple(s) for s, is_in in zip(sequences, wanted, strict=True) if is_in}
    found = set()
    ways = [((), ROOT)]
    while ways:
        way, node = ways.pop()
        if node != ROOT and book.word(node, counts) != NOWHERE:
            found.add(way)
        ways += [((*way, int(t)), book.step(node, int(t), counts)) for t in book.next_tokens(node, counts)]
    assert found == good


def test_an_ending_without_rhymes_is_no_error() -> None:
    assert not BOOK.rhyming(Ending("", frozenset(), frozenset(), frozenset(), "")).any()
