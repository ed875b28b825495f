"""How varied texts are, and echoes within lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.poetry.measures import Echoes, distinct, duplicates, echoes, ngrams
from gansuite.poetry.sounds import english

TEXTS = st.lists(st.lists(st.sampled_from("abcd"), max_size=8), max_size=6)
VOICE = english()


def test_runs_of_a_text() -> None:
    assert list(ngrams("abcd", 2)) == [("a", "b"), ("b", "c"), ("c", "d")]
    assert list(ngrams("ab", 3)) == []


def test_distinct_counts_different_runs_over_all_texts() -> None:
    assert distinct(["abab", "ab"], 1) == pytest.approx(2 / 6)
    assert distinct(["abab", "ab"], 2) == pytest.approx(2 / 4)
    assert distinct([], 2) == distinct([["a"]], 2) == 0


def test_a_text_that_repeats_an_earlier_one_is_a_duplicate() -> None:
    assert duplicates([["a"], ["b"], ["a"], ["a"], []]) == 2
    assert duplicates([]) == 0


@settings(deadline=None)
@given(TEXTS, st.integers(1, 4))
def test_distinct_is_a_share_and_blind_to_order(texts: list[list[str]], n: int) -> None:
    assert 0 <= distinct(texts, n) <= 1
    assert distinct(texts[::-1], n) == distinct(texts, n)
    assert duplicates(texts) == len(texts) - len({tuple(text) for text in texts})


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Full fathom five", Echoes(1.0, 0.0)),
        ("The light of night", Echoes(0.0, 1.0)),
        ("night night", Echoes(0.0, 0.0)),
        ("sea", Echoes(0.0, 0.0)),
        ("", Echoes(0.0, 0.0)),
        ("bright gold stone birds", Echoes(0.0, 1 / 3)),
        ("bright gold birds", Echoes(0.5, 0.0)),
    ],
)
def test_echoes_of_stressed_syllables(line: str, found: Echoes) -> None:
    assert echoes([line], VOICE) == pytest.approx(found)


def test_echoes_do_not_cross_lines() -> None:
    assert echoes(["full", "fathom"], VOICE) == Echoes(0, 0)
