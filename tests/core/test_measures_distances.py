"""Fréchet and kernel distance: against numbers worked out by hand, and what must not change them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.measures import (
    frechet_between,
    frechet_distance,
    kernel_distance,
    kernel_distance_interval,
    moments,
    moments_from_covariance,
)

EVAL = Path(__file__).resolve().parents[2].parent / "shared" / "eval"
SEEDS = st.integers(0, 2**32 - 1)


def cloud(seed: int, rows: int, columns: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, (rows, columns))


def random_rotation(seed: int, size: int) -> np.ndarray:
    return np.linalg.qr(cloud(seed, size, size))[0]


# -- Fréchet -----------------------------------------------------------------------------------------------


def test_frechet_of_two_lines_by_hand() -> None:
    # means 1 and 4, variances 2 and 8 (unbiased): (4 - 1)^2 + 2 + 8 - 2 sqrt(2 * 8) = 9 + 10 - 8 = 11
    assert frechet_distance(np.array([[0.0], [2.0]]), np.array([[2.0], [6.0]])) == pytest.approx(11)


def test_frechet_of_known_gaussians() -> None:
    # diagonal covariances: ||shift||^2 + sum (sigma_a - sigma_b)^2 = 9 + 16 + (1 - 2)^2 + (3 - 1)^2 = 30
    a = moments_from_covariance(np.zeros(2), np.diag([1.0, 9.0]))
    b = moments_from_covariance(np.array([3.0, 4.0]), np.diag([4.0, 1.0]))
    assert frechet_between(a, b) == pytest.approx(30)


def test_frechet_of_covariances_that_do_not_commute() -> None:
    # A = diag(2, 1), B = ((1, 1), (1, 2)): A B = ((2, 2), (1, 2)) has trace 4, determinant 2, and the trace
    # of the root of a 2 x 2 matrix M is sqrt(tr M + 2 sqrt(det M)).
    a = moments_from_covariance(np.zeros(2), np.diag([2.0, 1.0]))
    b = moments_from_covariance(np.zeros(2), np.array([[1.0, 1.0], [1.0, 2.0]]))
    assert frechet_between(a, b) == pytest.approx(3 + 3 - 2 * np.sqrt(4 + 2 * np.sqrt(2)))


def test_frechet_of_samples_approaches_the_true_value() -> None:
    a, b = cloud(0, 20_000, 4), cloud(1, 20_000, 4, shift=0.5, scale=2)
    assert frechet_distance(a, b) == pytest.approx(4 * 0.25 + 4 * 1, rel=0.03)


def test_frechet_with_fewer_works_than_features_is_finite_and_zero_for_equal_sets() -> None:
    a = cloud(0, 5, 300)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert np.isfinite(frechet_distance(a, cloud(1, 7, 300)))


def test_frechet_of_constant_features_is_the_squared_distance_of_the_means() -> None:
    assert frechet_distance(np.ones((4, 3)), np.zeros((9, 3))) == pytest.approx(3)


def test_moments_from_samples_and_from_their_covariance_agree() -> None:
    a, b = cloud(0, 50, 6), cloud(1, 40, 6) @ cloud(2, 6, 6)
    stored = [moments_from_covariance(x.mean(0), np.cov(x, rowvar=False)) for x in (a, b)]
    assert frechet_between(*stored) == pytest.approx(frechet_distance(a, b), rel=1e-9)
    np.testing.assert_allclose(moments(a).factor.T @ moments(a).factor, np.cov(a, rowvar=False), atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(2, 12), st.integers(1, 8))
def test_frechet_is_symmetric_and_blind_to_order_rotation_and_translation(seed: int, n: int, d: int) -> None:
    a, b = cloud(seed, n, d), cloud(seed + 1, n + 3, d, shift=1)
    value = frechet_distance(a, b)
    assert value >= 0
    assert frechet_distance(b, a) == pytest.approx(value, abs=1e-9)
    assert frechet_distance(a[::-1], b) == pytest.approx(value, abs=1e-9)
    turn = random_rotation(seed + 2, d)
    assert frechet_distance(a @ turn + 7, b @ turn + 7) == pytest.approx(value, rel=1e-7, abs=1e-7)


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.floats(0.1, 10))
def test_frechet_grows_with_the_square_of_the_scale(seed: int, scale: float) -> None:
    a, b = cloud(seed, 9, 4), cloud(seed + 1, 9, 4, shift=2)
    assert frechet_distance(scale * a, scale * b) == pytest.approx(scale**2 * frechet_distance(a, b), rel=1e-6)


@pytest.mark.skipif(not EVAL.exists(), reason="reference statistics are not beside the repository")
def test_frechet_of_published_cifar_statistics() -> None:
    # 0.02140 with scipy.linalg.sqrtm on the same file
    with np.load(EVAL / "cifar10_full_stats_resnet20.npz") as file:
        train, test = (moments_from_covariance(file[f"mu_{s}"], file[f"cov_{s}"]) for s in ("train", "test"))
    assert frechet_between(train, test) == pytest.approx(0.02140, abs=1e-5)


# -- kernel ------------------------------------------------------------------------------------------------


def test_kernel_distance_by_hand() -> None:
    # One feature, k(x, y) = (x y + 1)^3. Real {0, 1}: k(0, 1) = 1. Fake {1, 2}: k(1, 2) = 27.
    # Across: k(0, 1) = k(0, 2) = 1, k(1, 1) = 8, k(1, 2) = 27: mean 37 / 4. So 1 + 27 - 2 * 37 / 4 = 9.5.
    assert kernel_distance(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])) == pytest.approx(9.5)


def test_kernel_distance_divides_by_the_number_of_features() -> None:
    # Two features, k = (x.y / 2 + 1)^3. Real (1, 1), (1, -1): k = 1. Fake (2, 0), (0, 2): k = 1. Across:
    # x.y = 2, 2, 2, -2 and k = 8, 8, 8, 0, mean 6. So 1 + 1 - 12 = -10: an unbiased estimate may be negative.
    real, fake = np.array([[1.0, 1.0], [1.0, -1.0]]), np.array([[2.0, 0.0], [0.0, 2.0]])
    assert kernel_distance(real, fake) == pytest.approx(-10)


def test_kernel_distance_is_unbiased() -> None:
    values = [kernel_distance(cloud(2 * s, 10, 3), cloud(2 * s + 1, 15, 3)) for s in range(400)]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error
    assert min(values) < 0 < max(values)


def test_kernel_distance_does_not_depend_on_the_number_of_works_on_average() -> None:
    few = [kernel_distance(cloud(2 * s, 6, 3), cloud(2 * s + 1, 6, 3, shift=1)) for s in range(1500)]
    many = kernel_distance(cloud(0, 3000, 3), cloud(1, 3000, 3, shift=1))
    assert np.mean(few) == pytest.approx(many, abs=4 * np.std(few) / np.sqrt(len(few)))


def test_kernel_distance_grows_with_the_shift() -> None:
    real = cloud(0, 200, 8)
    values = [kernel_distance(real, cloud(1, 200, 8, shift=shift)) for shift in (0, 0.5, 1, 2)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(0, abs=0.05)


def test_kernel_distance_by_strips_equals_the_textbook() -> None:
    a, b = cloud(0, 1500, 5), cloud(1, 1700, 5, shift=0.3)
    kernel = [(x @ y.T / 5 + 1) ** 3 for x, y in ((a, a), (b, b), (a, b))]
    own = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in kernel[:2])
    assert kernel_distance(a, b) == pytest.approx(own - 2 * kernel[2].mean(), rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(2, 12), st.integers(1, 8))
def test_kernel_distance_is_symmetric_and_blind_to_order_and_rotation(seed: int, n: int, d: int) -> None:
    a, b = cloud(seed, n, d), cloud(seed + 1, n + 2, d, shift=1)
    value, turn = kernel_distance(a, b), random_rotation(seed + 2, d)
    for other in (kernel_distance(b, a), kernel_distance(a[::-1], b), kernel_distance(a @ turn, b @ turn)):
        assert other == pytest.approx(value, rel=1e-7, abs=1e-7)


def test_interval_holds_the_distance_and_repeats_with_its_seed() -> None:
    real, fake = cloud(0, 300, 4), cloud(1, 200, 4, shift=0.5)
    interval = kernel_distance_interval(real, fake, seed=3)
    assert interval.standard_error > 0
    assert abs(interval.mean - kernel_distance(real, fake)) < 2 * interval.standard_error
    assert interval == kernel_distance_interval(real, fake, seed=3)
    assert interval != kernel_distance_interval(real, fake, seed=4)


def test_interval_tells_the_true_sampling_error() -> None:
    pairs = [(cloud(2 * s, 60, 3), cloud(2 * s + 1, 60, 3, shift=1)) for s in range(120)]
    true = np.std([kernel_distance(*pair) for pair in pairs])
    told = np.mean([kernel_distance_interval(*pair, subsets=16).standard_error for pair in pairs[:40]])
    assert told == pytest.approx(true, rel=0.3)


def test_more_subsets_do_not_shrink_the_error() -> None:
    real, fake = cloud(0, 100, 4), cloud(1, 100, 4, shift=0.5)
    few, many = (kernel_distance_interval(real, fake, subsets=n, size=50).standard_error for n in (20, 400))
    assert many == pytest.approx(few, rel=0.6)


# -- what a person reads when something is wrong -----------------------------------------------------------


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance, kernel_distance_interval])
@pytest.mark.parametrize(
    ("real", "fake", "cause"),
    [
        (np.zeros((1, 3)), np.zeros((5, 3)), "at least 2 real works, but there are 1"),
        (np.zeros((5, 3)), np.zeros((0, 3)), "at least 2 fake works, but there are 0"),
        (np.zeros((5, 3)), np.zeros((5, 4)), "3 features each and the fake works 4"),
        (np.zeros((5, 3)), np.full((5, 3), np.nan), "fake features hold a value that is not a finite number"),
        (np.zeros(5), np.zeros((5, 3)), r"real features have shape \(5,\)"),
    ],
)
def test_unusable_features_are_named(measure, real, fake, cause) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(GansuiteError, match=cause):
        measure(real, fake)


@pytest.mark.parametrize(("size", "works"), [(1, 10), (10, 10), (None, 3)])
def test_an_interval_refuses_subsets_that_do_not_fit(size: int | None, works: int) -> None:
    with pytest.raises(GansuiteError, match="cannot be drawn"):
        kernel_distance_interval(cloud(0, works, 2), cloud(1, 20, 2), size=size)


def test_an_interval_needs_two_subsets() -> None:
    with pytest.raises(GansuiteError, match="at least 2 subsets"):
        kernel_distance_interval(cloud(0, 9, 2), cloud(1, 9, 2), subsets=1)


def test_a_covariance_must_fit_its_mean() -> None:
    with pytest.raises(GansuiteError, match="does not fit"):
        moments_from_covariance(np.zeros(3), np.eye(2))
