"""Novelty in both readings, and the overall score of a published table."""

from __future__ import annotations

import numpy as np
import pytest

from gansuite.core.errors import GansuiteError
from gansuite.poetry.measures.novelty import Novelty, NoveltyOf, overall
from gansuite.poetry.measures.words import Vocabulary, plain_words

LIU = np.array(  # arXiv 1804.08473 v4: relevance, Novelty-2, Novelty-3, BLEU-1 to 3, overall
    [
        [1.79, 43.66, 76.76, 11.88, 3.35, 0.76, 14.40],
        [1.91, 48.09, 81.37, 12.64, 3.34, 0.80, 34.34],
        [2.03, 47.52, 82.32, 13.40, 3.72, 0.76, 44.95],
        [1.81, 46.75, 79.90, 11.64, 2.50, 0.67, 8.01],
        [1.94, 45.25, 80.13, 13.35, 3.69, 0.88, 41.86],
        [2.07, 43.37, 78.98, 15.15, 4.13, 1.02, 63.00],
        [1.90, 60.66, 89.74, 12.91, 3.05, 0.72, 51.35],
        [2.25, 54.32, 85.37, 14.25, 3.84, 0.94, 77.23],
    ]
)


def test_the_overall_column_of_the_paper_comes_out() -> None:
    np.testing.assert_allclose(overall(LIU[:, :6]), LIU[:, 6], atol=0.01)


@pytest.mark.parametrize("table", [[[1.0, 2.0]], [[1.0, 2.0], [3.0, 2.0]], [1.0, 2.0]])
def test_tables_without_differences_have_no_overall_score(table: list[object]) -> None:
    with pytest.raises(GansuiteError):
        overall(table)


def test_both_readings_of_novelty() -> None:
    training = Vocabulary(["the sea the sea", "a moon"])  # the sea 2, sea the 1, a moon 1
    poems = training.numbered(["The sea,\nthe moon", "a moon"])  # the sea, sea the, the moon; a moon
    assert NoveltyOf(training, 2, frequent=1)(poems) == Novelty(3 / 4, 2 / 4)
    assert NoveltyOf(training, 2, frequent=2)(poems) == Novelty(2 / 4, 1 / 4)
    assert NoveltyOf(training, 3)(poems) == Novelty(1 / 2, 0)
    assert NoveltyOf(training, 2)(training.numbered(["moon", ""])) == Novelty(0, 0)


def test_unknown_words_are_new_wherever_they_stand() -> None:
    training = Vocabulary(["the sea"])
    assert NoveltyOf(training, 2)(training.numbered(["grue bleen", "the grue"])) == Novelty(1, 0)


def test_only_runs_up_to_three_words_are_counted() -> None:
    with pytest.raises(GansuiteError, match="1 to 3 words"):
        NoveltyOf(Vocabulary(["the sea"]), 4)


def test_words_are_plain() -> None:
    assert plain_words("O’er the ‘Sea’—he'd\nwept… 12 times, belovèd_x") == (
        ["o'er", "the", "sea", "he'd", "wept", "12", "times", "belovèd", "x"]
    )
