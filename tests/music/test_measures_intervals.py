"""Intervals: numbers by hand, their properties, and that they hold the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansuite.music.measures import Measure, ratio
from gansuite.music.measures.intervals import student


def test_an_interval_by_hand() -> None:
    # residuals 1 -1 0 0: variance 4/3 x 2 / 16^2 = 1/96, so 24 observations in effect; t of 3 degrees is 3.1824
    measure = ratio([3, 1, 2, 2], [4, 4, 4, 4])
    z2 = 3.1824**2 / 24
    half = math.sqrt(z2 / 4 + z2 * z2 / 4) / (1 + z2)
    assert (measure.value, measure.count) == (0.5, 16)
    assert (measure.low, measure.high) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-3)


def test_the_limit_only_stretches_the_interval() -> None:
    share, classes = ratio([3, 1, 2, 2], [4, 4, 4, 4]), ratio([36, 12, 24, 24], [4, 4, 4, 4], limit=12)
    stretched = Measure(12 * share.value, 16, 12 * share.low, 12 * share.high)
    assert tuple(vars(classes).values()) == pytest.approx(tuple(vars(stretched).values()))


def test_with_nothing_observed_anything_is_possible() -> None:
    assert ratio([], []) == ratio([0, 0], [0, 0]) == Measure(0.0, 0, 0.0, 1.0)
    assert ratio([0], [0], limit=12) == Measure(0.0, 0, 0.0, 12.0)


def test_phrases_without_observations_do_not_count() -> None:
    assert ratio([3, 0, 1, 2, 2, 0], [4, 0, 4, 4, 4, 0]) == ratio([3, 1, 2, 2], [4, 4, 4, 4])


def test_none_of_many_is_not_certainly_never() -> None:
    never, always = ratio(np.zeros(100), np.full(100, 4)), ratio(np.full(100, 4), np.full(100, 4))
    assert (never.low, always.high) == (0, 1)
    assert never.high == pytest.approx(1 - always.low)
    assert 0.03 < never.high < 0.045  # the rule of three, for 100 phrases and not for 400 bars
    assert ratio([4], [4]).low < 0.25


def test_bars_alike_within_a_phrase_count_as_one_observation() -> None:
    random = np.random.default_rng(0)
    flags = random.random(400) < 0.3
    alike = ratio(4 * flags, np.full(400, 4))
    single = ratio(flags, np.ones(400))
    assert (alike.low, alike.high) == pytest.approx((single.low, single.high))
    assert alike.count == 4 * single.count


def test_student_is_that_of_the_tables() -> None:
    table = {0: 1.95996, 1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 10: 2.228, 30: 2.042, 1000: 1.9623}
    assert {freedom: student(freedom) for freedom in table} == pytest.approx(table, abs=2e-3)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=30))
def test_the_value_lies_in_its_interval_and_that_in_the_limits(pairs: list[tuple[int, int]]) -> None:
    top, bottom = [min(pair) for pair in pairs], [max(pair) for pair in pairs]
    measure = ratio(top, bottom)
    assert 0 <= measure.low <= measure.value <= measure.high <= 1
    assert measure.count == sum(bottom)
    assert measure.value == pytest.approx(sum(top) / max(1, sum(bottom)))


@pytest.mark.parametrize(("truth", "phrases"), [(0.5, 20), (0.1, 40), (0.02, 200)])
def test_nineteen_of_twenty_intervals_hold_the_truth_though_bars_of_a_phrase_are_alike(
    truth: float, phrases: int
) -> None:
    random = np.random.default_rng(7)
    held = []
    for _ in range(500):
        share = random.beta(2 * truth, 2 * (1 - truth), phrases)
        measure = ratio(random.binomial(4, share), np.full(phrases, 4))
        held.append(measure.low <= truth <= measure.high)
    assert 0.92 <= np.mean(held) <= 1


def test_a_measure_can_be_read() -> None:
    assert str(ratio([3, 1, 2, 2], [4, 4, 4, 4])) == "0.500 (0.228 to 0.772)"
