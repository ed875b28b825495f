"""Copies, form and coherence of lots of poems."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.poetry.measures.coherence import Company, auc
from gansuite.poetry.measures.copies import copied, longest_shared
from gansuite.poetry.measures.form import form_figures
from gansuite.poetry.measures.words import Vocabulary
from gansuite.poetry.sounds import english

TEXTS = st.lists(st.lists(st.sampled_from("abc"), max_size=10).map(" ".join), min_size=1, max_size=4)
VOICE = english()


# ---- copies


def test_the_longest_run_out_of_one_poem() -> None:
    training = Vocabulary(["It was the night,\nand the sea was loud.", "and then it was over"])
    texts = [
        "The night and the SEA\nwas calm",
        "was over and then",
        "grue",
        "",
        "It was the night and the sea was loud",
    ]
    assert longest_shared(texts, training).tolist() == [6, 2, 0, 0, 9]
    found = copied(texts, training)
    assert found.share == pytest.approx(1 / 5)


def test_a_run_ends_with_its_poem() -> None:
    training = Vocabulary(["a b", "c d"])
    assert longest_shared(["a b c d"], training).tolist() == [2]
    assert longest_shared(["x a", "b c"], training).tolist() == [1, 1]


@settings(max_examples=50, deadline=None)
@given(TEXTS, TEXTS)
def test_runs_are_found_exactly(training: list[str], texts: list[str]) -> None:
    def slow(text: str) -> int:
        words = text.split()
        runs = {" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)}
        return max((run.count(" ") + 1 for run in runs if any(f" {run} " in f" {one} " for one in training)), default=0)

    assert longest_shared(texts, Vocabulary(training)).tolist() == [slow(text) for text in texts]


# ---- form


def test_rhyme_and_length_of_a_lot() -> None:
    ballad = (
        "It was the night upon the sea\nAnd all the stars were bright\nThere was no one to go with me\nUpon that night"
    )
    figures = form_figures([ballad, "A cat\n\n...\nThe dog"], VOICE)
    assert figures.rhyme_density == pytest.approx(4 / 6)
    assert figures.schemes == {"ABAB": 0.5, "AB": 0.5}
    assert figures.regularity == pytest.approx(1 / 2)


def test_every_other_line_may_be_alike() -> None:
    lines = ["the sea is green and old", "the sea", "the sky is green and old", "the sky"]
    assert form_figures(["\n".join(lines)], VOICE).regularity == 1


# ---- coherence


def topical(count: int, seed: int) -> list[str]:
    """Poems each about one of four things."""
    draw = np.random.default_rng(seed)
    topics = [[f"{topic}{word}" for word in "abcdefghij"] for topic in ("sea", "rose", "war", "snow")]
    small = [f"the{number}" for number in range(150)]
    poems = []
    for _ in range(count):
        words = topics[draw.integers(4)]
        poems.append("\n".join(" ".join([*draw.choice(small, 12), *draw.choice(words, 2)]) for _ in range(4)))
    return poems


def test_lines_about_one_thing_cohere() -> None:
    company = Company.learn(topical(400, 0))
    whole = company.coherence(topical(60, 1))
    lines = [line for poem in topical(60, 2) for line in poem.split("\n")]
    lines = [lines[i] for i in np.random.default_rng(0).permutation(len(lines))]
    mixed = company.coherence(["\n".join(lines[i : i + 4]) for i in range(0, len(lines), 4)])
    assert whole.auc > 0.75
    assert whole.adjacent > 2 * abs(whole.random)
    assert 0.4 < mixed.auc < 0.6


def test_to_repeat_oneself_is_no_coherence() -> None:
    company = Company.learn(topical(400, 0))
    assert company.scores(["seaa", "seaa", "grue"], ["seaa", "seab", "seaa"]).tolist()[::2] == [0, 0]
    assert company.scores(["seaa"], ["seab"])[0] > 0 > company.scores(["seaa"], ["warb"])[0] - 1e-9


def test_the_area_under_the_curve() -> None:
    assert auc(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == pytest.approx(3.5 / 4)
    assert auc(np.zeros(3), np.zeros(3)) == 0.5


@pytest.mark.parametrize(
    "call",
    [
        lambda: copied([], Vocabulary(["a"])),
        lambda: form_figures([], VOICE),
        lambda: Company.learn(["a\nb"]),
        lambda: Company.learn(topical(400, 0)).coherence(["one line"]),
    ],
)
def test_too_little_is_told(call: object) -> None:
    with pytest.raises(GansuiteError):
        call()  # type: ignore[operator]
