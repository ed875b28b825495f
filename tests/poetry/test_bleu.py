"""BLEU and self-BLEU against numbers worked out by hand and against NLTK."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate import bleu_score

from gansuite.core.errors import GansuiteError
from gansuite.poetry.measures import bleu, corpus_bleu, self_bleu

split = str.split
WORDS = st.lists(st.sampled_from(split("a b c d e")), min_size=1, max_size=12)


def test_a_repeated_word_counts_as_often_as_the_reference_has_it() -> None:
    assert bleu(split("the the the the"), [split("the cat")], 1) == pytest.approx(0.25)
    assert bleu(split("the the the the"), [split("the cat"), split("the of the")], 1) == pytest.approx(0.5)


def test_short_texts_are_penalised() -> None:
    found = bleu(split("the cat sat"), [split("the cat ran away")], 2)
    assert found == pytest.approx(math.exp(1 - 4 / 3) * math.sqrt(2 / 3 * 1 / 2))


def test_what_never_matches_is_smoothed_in_one_text_and_not_in_many() -> None:
    text, reference = split("sea a moon"), split("sea of moon")
    assert bleu(text, [reference], 2) == pytest.approx(math.sqrt(2 / 3 * 0.1 / 2))
    assert corpus_bleu([text], [[reference]], 2) == 0
    assert bleu(split("x y"), [reference]) == 0


def test_matches_are_summed_before_they_are_divided() -> None:
    texts, references = [split("a b"), split("c d e f")], [[split("a b")], [split("c x y z")]]
    assert corpus_bleu(texts, references, 1) == pytest.approx(3 / 6)


@settings(deadline=None)
@given(WORDS, st.lists(WORDS, min_size=1, max_size=3), st.integers(1, 4))
def test_single_texts_agree_with_nltk(text: list[str], references: list[list[str]], order: int) -> None:
    theirs = bleu_score.sentence_bleu(references, text, [1 / order] * order, bleu_score.SmoothingFunction().method1)
    assert bleu(text, references, order) == pytest.approx(theirs, abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1, max_size=2)), min_size=1, max_size=4))
@pytest.mark.filterwarnings("ignore:(?s).*The hypothesis contains 0 counts")
def test_many_texts_agree_with_nltk(pairs: list[tuple[list[str], list[list[str]]]]) -> None:
    texts, references = [text for text, _ in pairs], [some for _, some in pairs]
    theirs = bleu_score.corpus_bleu(references, texts, (0.5, 0.5))
    assert corpus_bleu(texts, references, 2) == pytest.approx(theirs, abs=1e-12)


@settings(deadline=None)
@given(st.lists(WORDS, min_size=2, max_size=6), st.integers(1, 4))
def test_self_bleu_is_the_mean_against_all_others(texts: list[list[str]], order: int) -> None:
    each = [bleu(text, texts[:place] + texts[place + 1 :], order) for place, text in enumerate(texts)]
    assert self_bleu(texts, order) == pytest.approx(sum(each) / len(each))


def test_equal_texts_have_all_in_common_and_strangers_nothing() -> None:
    assert self_bleu([split("a b c d")] * 3) == pytest.approx(1)
    assert self_bleu([split("a b"), split("c d")], 2) == 0


@pytest.mark.parametrize("call", [lambda: bleu(["a"], []), lambda: self_bleu([["a"]]), lambda: bleu(["a"], [["a"]], 0)])
def test_impossible_questions_are_refused(call: object) -> None:
    with pytest.raises(GansuiteError):
        call()  # type: ignore[operator]
