"""Retrieval recall, its chance level, its ceiling and its intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.poetry.evaluation.retrieval import interval, recall


def test_ranks_by_hand() -> None:
    scores = np.array([[0.9, 0.5, 0.1, 0.0], [0.8, 0.7, 0.1, 0.0], [0.4, 0.3, 0.2, 0.1], [0.0, 0.1, 0.2, 0.3]])
    found = recall(scores, ["sea", "sea", "rose", "rose"])
    assert [found.at[k].value for k in (1, 5, 10)] == [0.5, 1, 1]
    assert found.median_rank == 1.5  # ranks 1, 2, 3, 1
    assert found.label_first.value == pytest.approx(3 / 4)
    assert found.label_ten.value == pytest.approx(1 / 2)  # all four pictures of each
    assert found.chance == {"at 1": 0.25, "at 5": 1, "at 10": 1, "label first": 0.5, "label ten": 0.5}
    assert found.ceiling == {1: 0.5, 5: 1, 10: 1}


def test_equal_scores_count_against_a_poem() -> None:
    found = recall(np.zeros((12, 12)), ["a"] * 12)
    assert found.at[10].value == 0
    assert found.median_rank == 12


def test_poems_may_share_a_picture() -> None:
    scores = np.array([[0.1, 0.9], [0.9, 0.1], [0.2, 0.8]])
    assert recall(scores, ["a", "b"], own=[1, 1, 1]).at[1].value == pytest.approx(2 / 3)


def test_pictures_without_label_are_like_no_other() -> None:
    found = recall(np.eye(3), ["", "", "sea"])
    assert found.label_first.value == 1
    assert found.chance["label first"] == pytest.approx(1 / 3)


def test_blind_scores_are_at_chance() -> None:
    draw = np.random.default_rng(0)
    labels = [f"{number % 10}" for number in range(1000)]
    found = recall(draw.random((1000, 1000)), labels)
    assert found.at[10].value == pytest.approx(found.chance["at 10"], abs=0.01)
    assert found.label_first.value == pytest.approx(found.chance["label first"], abs=0.03)
    assert found.label_ten.value == pytest.approx(0.1, abs=0.01)


def test_whoever_tells_the_label_and_no_more_reaches_the_ceiling() -> None:
    labels = np.repeat(np.arange(10), 100)
    scores = (labels[:, None] == labels) + 0.1 * np.random.default_rng(0).random((1000, 1000))
    found = recall(scores, [str(label) for label in labels])
    assert found.label_first.value == found.label_ten.value == 1
    assert found.at[10].value == pytest.approx(found.ceiling[10], abs=0.03)
    assert json.loads(json.dumps(found.to_dict()))["ceiling"]["10"] == pytest.approx(0.1)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(0, 9))
def test_intervals_hold_their_mean_and_repeat(values: list[float], seed: int) -> None:
    found = interval(np.array(values), seed)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found == interval(np.array(values), seed)
    assert found.value == pytest.approx(np.mean(values))


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(GansuiteError, match="do not fit"):
        recall(np.eye(3), ["a", "b"])
