"""Copy risk: copies are found, honest samples pass, and the threshold is the held-out works' own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.measures import copy_risk, nearest


def cloud(seed: int, rows: int, columns: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns))


def test_nearest_by_hand() -> None:
    train = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    indices, distances = nearest(train, np.array([[9.0, 0.0], [3.0, 4.0], [0.0, 10.0]]))
    assert indices.tolist() == [1, 0, 2]
    np.testing.assert_allclose(distances, [1, 5, 0])


def test_nearest_of_the_very_same_work_is_at_distance_zero() -> None:
    train = (1000 + cloud(0, 300, 64)).astype(np.float32)
    indices, distances = nearest(train, train[::-1])
    assert indices.tolist() == list(range(299, -1, -1))
    assert distances.max() == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 30))
def test_nearest_equals_the_direct_search(seed: int, n: int, m: int) -> None:
    train, samples = cloud(seed, n, 4), cloud(seed + 1, m, 4)
    direct = np.linalg.norm(samples[:, None] - train, axis=2)
    indices, distances = nearest(train, samples)
    assert indices.tolist() == direct.argmin(1).tolist()
    np.testing.assert_allclose(distances, direct.min(1))


def test_threshold_is_the_quantile_of_held_out_distances_by_hand() -> None:
    # one training work at 0; held-out works at 1, 2, 3, 4, 5: the 25 % quantile of their distances is 2
    held_out = np.arange(1.0, 6.0)[:, None]
    risk = copy_risk(np.zeros((1, 1)), held_out, np.array([[1.9], [2.0], [-1.0], [9.0]]), quantile=0.25)
    assert risk.threshold == 2
    assert risk.suspected.tolist() == [True, False, True, False]
    assert risk.share == 0.5


def test_copies_are_found_and_named() -> None:
    train, held_out = cloud(0, 400), cloud(1, 300)
    samples = np.vstack([cloud(2, 90), train[[7, 8, 9]], train[100:107] + 0.01 * cloud(3, 7)])
    risk = copy_risk(train, held_out, samples)
    assert risk.suspected[90:].all()
    assert risk.indices[90:].tolist() == [7, 8, 9, *range(100, 107)]
    assert risk.share == pytest.approx(0.1, abs=0.04)


def test_honest_samples_are_suspected_about_as_often_as_the_quantile_says() -> None:
    sets = ([cloud(3 * s + part, 200) for part in range(3)] for s in range(10))
    shares = [copy_risk(*three, quantile=0.05).share for three in sets]
    assert np.mean(shares) == pytest.approx(0.05, abs=0.02)


def test_a_model_that_only_repeats_is_all_copies_and_a_blurrier_one_is_none() -> None:
    train, held_out = cloud(0, 100), cloud(1, 100)
    assert copy_risk(train, held_out, np.repeat(train[:5], 20, axis=0)).share == 1
    assert copy_risk(train, held_out, cloud(2, 100) + 5).share == 0


def test_an_exact_copy_is_suspected_even_when_held_out_works_are_duplicates() -> None:
    train = cloud(0, 50)
    risk = copy_risk(train, train[:20], np.vstack([train[:1], cloud(1, 1)]))
    assert risk.threshold == 0
    assert risk.suspected.tolist() == [True, False]


@pytest.mark.parametrize("quantile", [0.0, 1.0, -0.1, float("nan")])
def test_the_quantile_must_lie_between_zero_and_one(quantile: float) -> None:
    with pytest.raises(GansuiteError, match="must lie between 0 and 1"):
        copy_risk(cloud(0, 5), cloud(1, 5), cloud(2, 5), quantile)


def test_empty_or_mismatched_sets_are_named() -> None:
    with pytest.raises(GansuiteError, match="at least 1 held-out works, but there are 0"):
        copy_risk(cloud(0, 5), cloud(1, 0), cloud(2, 5))
    with pytest.raises(GansuiteError, match="16 features each and the sample works 3"):
        copy_risk(cloud(0, 5), cloud(1, 5), cloud(2, 5, 3))
