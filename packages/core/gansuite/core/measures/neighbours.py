"""Measures that look at each work's neighbourhood: precision and recall, density and coverage, diversity.

A work's ball is the one around it that just holds its k nearest fellows. Letters: N, M works, D features.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.core.measures.arrays import Features, Float64, checked_pair, squared_distances


class PrecisionRecall(NamedTuple):
    """precision: share of fakes that look real, in [0, 1]; recall: share of reals within the fakes' reach."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """density: how crowded with reals the fakes' places are (1 for fakes drawn like the reals, may exceed 1);
    coverage: share of reals with a fake in their ball, in [0, 1]."""

    density: float
    coverage: float


def _checked(real: Features, fake: Features, k: int) -> tuple[Float64, Float64]:
    """Both as float64; a neighbourhood of k needs k + 1 works."""
    if k < 1:
        raise GansuiteError(f"k is {k}; a neighbourhood needs at least one neighbour.", "Choose k = 3 or 5.")
    return checked_pair(real, fake, least=k + 1)


def squared_radii(features: Float64, k: int) -> Float64:
    """Squared radius (N,) of each work's ball: distance to its k-th nearest other work in features (N, D)."""
    radii = np.empty(len(features))
    for rows, squares in squared_distances(features, features):
        squares[np.arange(len(squares)), np.arange(rows.start, rows.stop)] = -1  # itself, always first
        radii[rows] = np.partition(squares, k, axis=1)[:, k]
    return radii


def _share_inside(points: Float64, centres: Float64, k: int) -> float:
    """Share of points (M, D) that lie in the ball of at least one of the centres (N, D)."""
    radii = squared_radii(centres, k)
    inside = sum(int((squares <= radii).any(1).sum()) for _, squares in squared_distances(points, centres))
    return inside / len(points)


def precision_recall(real: Features, fake: Features, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall of features (N, D) and (M, D); Kynkäänniemi et al. 2019, eqs. 1 and 2.

    Compare figures only for equal N, M and k.

    Raises:
        GansuiteError: k below 1, no more than k works, different numbers of features, or not finite.
    """
    real, fake = _checked(real, fake, k)
    return PrecisionRecall(_share_inside(fake, real, k), _share_inside(real, fake, k))


def density_coverage(real: Features, fake: Features, k: int = 5) -> DensityCoverage:
    """Density and coverage of features (N, D) and (M, D); Naeem et al. 2020, section 3.2.

    One odd real work with a huge ball hardly moves them, unlike precision and recall. For fakes drawn like
    the reals, density is about 1 and coverage about 1 - 2^-k (k = 5: 0.97) when N = M.

    Raises:
        GansuiteError: k below 1, no more than k works, different numbers of features, or not finite.
    """
    real, fake = _checked(real, fake, k)
    radii = squared_radii(real, k)
    hits, covered = 0, 0
    for rows, squares in squared_distances(real, fake):
        inside = squares <= radii[rows, None]
        hits += int(inside.sum())
        covered += int(inside.any(1).sum())
    return DensityCoverage(hits / (k * len(fake)), covered / len(real))


def _mean_distance(features: Float64) -> float:
    """Mean Euclidean distance of two different works of features (N, D)."""
    total = sum(float(np.sqrt(squares).sum()) for _, squares in squared_distances(features, features))
    return total / (len(features) * (len(features) - 1))


def diversity(real: Features, fake: Features) -> float:
    """Mean distance of two fakes divided by that of two real works, for features (N, D) and (M, D).

    Around 1 when the fakes vary as much as the real works; near 0 when the generator makes only one work.

    Raises:
        GansuiteError: fewer than two works, different numbers of features, not finite, or real works all
            alike.
    """
    real, fake = checked_pair(real, fake, least=2)
    spread = _mean_distance(real)
    if spread == 0:
        raise GansuiteError(
            "All real works have the same features, so nothing can be compared with their variety.",
            "Give it works that differ from one another.",
        )
    return _mean_distance(fake) / spread
