"""Precision, recall, density, coverage and diversity on sets whose answers can be seen on paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.measures import density_coverage, diversity, precision_recall
from gansuite.core.measures.arrays import squared_distances
from gansuite.core.measures.neighbours import squared_radii

SEEDS = st.integers(0, 2**32 - 1)
LINE = np.array([[0.0], [1.0], [3.0], [7.0]])


def cloud(seed: int, rows: int, columns: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, (rows, columns))


def test_radii_by_hand() -> None:
    # on the line 0, 1, 3, 7: nearest others at 1, 1, 2, 4; second nearest at 3, 2, 3, 6
    np.testing.assert_allclose(squared_radii(LINE, 1), [1, 1, 4, 16])
    np.testing.assert_allclose(squared_radii(LINE, 2), [9, 4, 9, 36])


def test_radius_of_repeated_works_is_zero_not_a_rounding_error() -> None:
    twins = np.repeat(cloud(0, 4, 200) * 1000, 3, axis=0)
    np.testing.assert_array_equal(squared_radii(twins, 2), 0)


def test_squared_distances_by_strips_equal_the_direct_ones() -> None:
    a, b = cloud(0, 1300, 3, shift=50), cloud(1, 1700, 3, shift=50)
    direct = ((a[:, None] - b) ** 2).sum(2)
    seen = np.concatenate([squares for _, squares in squared_distances(a, b)])
    np.testing.assert_allclose(seen, direct, atol=1e-10)


# k = 1 on the line 0, 1, 3, 7: the real balls are [-1, 1], [0, 2], [1, 5] and [3, 11].
# The fakes' nearest others are 2.3, 2.3 and 15.5 away: balls [-0.1, 4.5], [2.2, 6.8], [4.5, 35.5].
FAKES = np.array([[2.2], [4.5], [20.0]])


def test_precision_and_recall_by_hand() -> None:
    # 2.2 and 4.5 lie in a real ball, 20 in none; 0, 1 and 3 lie in the first fake ball and 7 in the last.
    result = precision_recall(LINE, FAKES, k=1)
    assert result.precision == pytest.approx(2 / 3)
    assert result.recall == 1


def test_density_and_coverage_by_hand() -> None:
    # 2.2 lies in one real ball, 4.5 in two, 20 in none: density 3 / (1 * 3). Two of four balls hold a fake.
    result = density_coverage(LINE, FAKES, k=1)
    assert result.density == pytest.approx(1)
    assert result.coverage == pytest.approx(1 / 2)


@pytest.mark.parametrize("columns", [2, 64])
def test_identical_sets_have_full_precision_recall_and_coverage(columns: int) -> None:
    works = cloud(0, 60, columns)
    assert precision_recall(works, works) == (1, 1)
    assert density_coverage(works, works).coverage == 1


def test_sets_drawn_alike_have_density_one_and_the_coverage_of_the_paper() -> None:
    results = [density_coverage(cloud(2 * s, 200, 3), cloud(2 * s + 1, 200, 3)) for s in range(20)]
    assert np.mean([r.density for r in results]) == pytest.approx(1, abs=0.05)
    assert np.mean([r.coverage for r in results]) == pytest.approx(1 - 2**-5, abs=0.02)


def test_far_away_sets_share_nothing() -> None:
    real, fake = cloud(0, 50, 4), cloud(1, 50, 4, shift=100)
    assert precision_recall(real, fake) == (0, 0)
    assert density_coverage(real, fake) == (0, 0)


def test_a_collapsed_generator_is_precise_but_covers_nothing() -> None:
    real = cloud(0, 200, 8)
    fake = np.repeat(real[:1], 200, axis=0) + cloud(1, 200, 8, scale=1e-3)
    assert precision_recall(real, fake).precision == 1
    assert precision_recall(real, fake).recall < 0.02
    assert density_coverage(real, fake).coverage < 0.1
    assert diversity(real, fake) < 0.01


def test_one_outlier_moves_precision_but_hardly_coverage_and_density() -> None:
    real, fake = cloud(0, 100, 2), cloud(1, 100, 2, shift=30)
    outlier = np.vstack([real, [[60.0, 60.0]]])
    assert precision_recall(outlier, fake).precision == 1
    assert density_coverage(outlier, fake, k=5).coverage < 0.02
    assert density_coverage(outlier, fake, k=5).density <= 0.2 + 1e-9


def test_diversity_by_hand() -> None:
    # mean distance of 0, 1, 3, 7: (1 + 3 + 7 + 2 + 6 + 4) / 6 = 23/6; of 0, 23: 23
    assert diversity(LINE, np.array([[0.0], [23.0]])) == pytest.approx(6)


def test_diversity_of_sets_drawn_alike_is_one() -> None:
    assert diversity(cloud(0, 500, 16), cloud(1, 500, 16)) == pytest.approx(1, abs=0.03)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(0.01, 100))
def test_neighbourhoods_ignore_order_shift_rotation_and_scale(seed: int, scale: float) -> None:
    real, fake = cloud(seed, 15, 3), cloud(seed + 1, 12, 3, shift=0.5)
    turn = np.linalg.qr(cloud(seed + 2, 3, 3))[0]
    moved = [scale * (works[::-1] @ turn) + 5 for works in (real, fake)]
    assert precision_recall(*moved) == pytest.approx(precision_recall(real, fake))
    assert density_coverage(*moved) == pytest.approx(density_coverage(real, fake))
    assert diversity(*moved) == pytest.approx(diversity(real, fake))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_precision_of_one_is_recall_of_the_other(seed: int) -> None:
    real, fake = cloud(seed, 20, 2), cloud(seed + 1, 20, 2, shift=1)
    assert precision_recall(real, fake) == precision_recall(fake, real)[::-1]


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_more_neighbours_never_lower_coverage_or_precision(seed: int) -> None:
    real, fake = cloud(seed, 20, 2), cloud(seed + 1, 20, 2, shift=1)
    assert density_coverage(real, fake, k=3).coverage <= density_coverage(real, fake, k=6).coverage
    assert precision_recall(real, fake, k=3).precision <= precision_recall(real, fake, k=6).precision


def test_too_few_works_for_k_are_named() -> None:
    with pytest.raises(GansuiteError, match="at least 6 fake works, but there are 5"):
        density_coverage(cloud(0, 9, 2), cloud(1, 5, 2))
    with pytest.raises(GansuiteError, match="at least 4 real works, but there are 3"):
        precision_recall(cloud(0, 3, 2), cloud(1, 9, 2))


@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
def test_k_must_be_positive(measure) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(GansuiteError, match="k is 0"):
        measure(cloud(0, 9, 2), cloud(1, 9, 2), k=0)


def test_diversity_needs_works_that_differ() -> None:
    with pytest.raises(GansuiteError, match="the same features"):
        diversity(np.ones((5, 3)), cloud(0, 5, 3))
