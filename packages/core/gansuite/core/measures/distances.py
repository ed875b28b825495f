"""How far two sets of works are apart: Fréchet distance and kernel distance of their features.

Both depend on the extractor that made the features: name it beside every figure. Only figures made with the
same extractor on the same real works can be compared. Letters: N, M works, D features.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.core.measures.arrays import Features, Float64, checked, checked_pair, strips


class Moments(NamedTuple):
    """A Gaussian: mean (D,), and a factor (K, D) of its covariance, which is factor.T @ factor."""

    mean: Float64
    factor: Float64


class KernelInterval(NamedTuple):
    """Kernel distance with its sampling error: mean over subsets, and the standard error of that mean."""

    mean: float
    standard_error: float


def moments(features: Features, name: str = "real") -> Moments:
    """Mean and (unbiased) covariance of features (N, D), N >= 2.

    Raises:
        GansuiteError: fewer than two rows, not two-dimensional or not finite.
    """
    array = checked(features, name, least=2)
    mean = array.mean(0)
    centred = (array - mean) / np.sqrt(len(array) - 1)
    tall = len(array) > array.shape[1]
    return Moments(mean, np.asarray(np.linalg.qr(centred, mode="r")) if tall else centred)


def moments_from_covariance(mean: Features, covariance: Features) -> Moments:
    """The same from a stored mean (D,) and covariance (D, D), such as published reference statistics.

    Raises:
        GansuiteError: the shapes do not fit or a value is not finite.
    """
    covariance = checked(covariance, "covariance")
    if covariance.shape != 2 * np.shape(mean):
        raise GansuiteError(
            f"A mean of shape {np.shape(mean)} does not fit a covariance of shape {covariance.shape}.",
            "Take both from the same statistics file.",
        )
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    factor = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    return Moments(np.asarray(mean, dtype=np.float64), factor)


def frechet_between(a: Moments, b: Moments) -> float:
    """Squared Fréchet (2-Wasserstein) distance of two Gaussians, 0 or more; Dowson and Landau 1982.

    ||mean_a - mean_b||^2 + tr(A + B - 2 (A B)^(1/2)). With A = F.T F and B = G.T G, the eigenvalues of A B
    are the squared singular values of F G.T: real and never negative, so the result is never complex or
    NaN.
    """
    shift = float(np.sum((a.mean - b.mean) ** 2))
    spread = float(np.sum(a.factor**2) + np.sum(b.factor**2))
    overlap = float(np.linalg.svd(a.factor @ b.factor.T, compute_uv=False).sum())
    return max(0.0, shift + spread - 2 * overlap)


def frechet_distance(real: Features, fake: Features) -> float:
    """Fréchet distance of the Gaussians fitted to features (N, D) and (M, D); Heusel et al. 2017, eq. 6.

    Biased upwards with few works, the more so the more features there are: for fewer than about ten works per
    feature use `kernel_distance`. This is "FID" only when the features come from the FID Inception network.

    Raises:
        GansuiteError: fewer than two works, different numbers of features, or values that are not finite.
    """
    real, fake = checked_pair(real, fake, least=2)
    return frechet_between(moments(real), moments(fake, "fake"))


def _kernel_sum(a: Float64, b: Float64) -> float:
    """Sum over all pairs of the polynomial kernel (x.y / D + 1)^3."""
    total = 0.0
    for rows in strips(len(a), len(b)):
        inner = a[rows] @ b.T / a.shape[1] + 1
        total += float((inner * inner * inner).sum())
    return total


def _kernel_mean_of_others(a: Float64) -> float:
    """Mean kernel of different rows: the diagonal is left out, which makes the estimator unbiased."""
    diagonal = float(((np.einsum("nd,nd->n", a, a) / a.shape[1] + 1) ** 3).sum())
    return (_kernel_sum(a, a) - diagonal) / (len(a) * (len(a) - 1))


def kernel_distance(real: Features, fake: Features) -> float:
    """Kernel distance (KID) of features (N, D) and (M, D); Binkowski et al. 2018, section 4.

    The unbiased estimate (Gretton et al. 2012, Lemma 6) of the squared maximum mean discrepancy under the
    kernel (x.y / D + 1)^3: around 0, at times a little below, for sets drawn alike, and larger the further
    they are apart. Unbiased whatever the number of works, hence the measure for small portfolios.

    Raises:
        GansuiteError: fewer than two works, different numbers of features, or values that are not finite.
    """
    real, fake = checked_pair(real, fake, least=2)
    cross = _kernel_sum(real, fake) / (len(real) * len(fake))
    return _kernel_mean_of_others(real) + _kernel_mean_of_others(fake) - 2 * cross


def _subset_size(smaller: int, size: int | None) -> int:
    """The size asked for, or half of the smaller set up to 500; from 2 to one less than the smaller set."""
    chosen = min(smaller // 2, 500) if size is None else size
    if not 2 <= chosen < smaller:
        raise GansuiteError(
            f"Subsets of {chosen} works cannot be drawn for an interval when the smaller set has {smaller}.",
            "Give more works, or choose a size from 2 to one less than the smaller set.",
        )
    return chosen


def kernel_distance_interval(
    real: Features, fake: Features, subsets: int = 32, size: int | None = None, seed: int = 0
) -> KernelInterval:
    """Kernel distance with an error bar, from subsets drawn without replacement.

    The standard error is that of the delete-d jackknife (Shao and Wu 1989): the deviation between subsets of
    `size` out of n works, times sqrt(size / (n - size)), where n is the size of the smaller set. It does not
    shrink merely because more (overlapping) subsets are drawn.

    Args:
        real, fake: features (N, D) and (M, D).
        subsets: how many subsets, at least 2.
        size: works per subset, less than either set; by default half of the smaller set, at most 500.
        seed: of the draws; the same seed gives the same numbers.

    Raises:
        GansuiteError: as `kernel_distance`, fewer than 2 subsets, or a size that does not fit.
    """
    real, fake = checked_pair(real, fake, least=2)
    smaller = min(len(real), len(fake))
    size = _subset_size(smaller, size)
    if subsets < 2:
        raise GansuiteError(f"An interval needs at least 2 subsets, not {subsets}.", "Ask for 32.")
    random = np.random.default_rng(seed)

    def draw(rows: Float64) -> Float64:
        return rows[random.permutation(len(rows))[:size]]

    values = np.array([kernel_distance(draw(real), draw(fake)) for _ in range(subsets)])
    error = values.std(ddof=1) * np.sqrt(size / (smaller - size))
    return KernelInterval(float(values.mean()), float(error))
