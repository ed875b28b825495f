"""Checks and pairwise sums every measure stands on.

Letters: N rows (one work each), D features. All arithmetic is float64, in strips of rows, so that 5,000 works
against 5,000 at 1280 features never hold more than a few tens of megabytes beside the features themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError

Features: TypeAlias = npt.NDArray[Any]
Float64: TypeAlias = npt.NDArray[np.float64]
Indices: TypeAlias = npt.NDArray[np.int64]

_STRIP = 2**21  # float64 entries per strip: 16 MB
_ROUNDING = 1e-13  # squared distances below this share of the squared norms are rounding, not distance


def checked(features: Features, name: str, least: int = 1) -> Float64:
    """The features as a float64 (N, D) array.

    Raises:
        GansuiteError: not two-dimensional, fewer than `least` rows, no columns, or not finite.
    """
    array = np.asarray(features, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] == 0:
        raise GansuiteError(
            f"The {name} features have shape {array.shape}; expected (works, features).",
            "Pass one row of features per work.",
        )
    if len(array) < least:
        raise GansuiteError(
            f"This measure needs at least {least} {name} works, but there are {len(array)}.",
            "Give it more works.",
        )
    if not np.isfinite(array).all():
        raise GansuiteError(
            f"The {name} features hold a value that is not a finite number.",
            "Leave out the works it came from, or look at why the model or the extractor diverged.",
        )
    return array


def checked_pair(
    first: Features, second: Features, names: tuple[str, str] = ("real", "fake"), least: int = 1
) -> tuple[Float64, Float64]:
    """Both as float64 arrays with the same number of columns; see `checked`.

    Raises:
        GansuiteError: as `checked`, or when the two have different numbers of features.
    """
    a, b = checked(first, names[0], least), checked(second, names[1], least)
    if a.shape[1] != b.shape[1]:
        raise GansuiteError(
            f"The {names[0]} works have {a.shape[1]} features each and the {names[1]} works {b.shape[1]}.",
            "Compute both with the same extractor.",
        )
    return a, b


def strips(rows: int, width: int) -> Iterator[slice]:
    """Slices that cut `rows` rows into strips of at most about two million entries of `width` columns."""
    step = max(1, _STRIP // max(1, width))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def squared_distances(a: Float64, b: Float64) -> Iterator[tuple[slice, Float64]]:
    """Squared Euclidean distances of the rows of `a` (N, D) to those of `b` (M, D), strip by strip of `a`.

    Yields:
        (rows, distances): a slice of the rows of `a`, and its (rows, M) distances, never negative; rounding
        errors are set to zero, so that equal works are at distance 0.
    """
    centre = b.mean(0)
    a, b = a - centre, b - centre
    norms_a, norms_b = np.einsum("nd,nd->n", a, a), np.einsum("nd,nd->n", b, b)
    for rows in strips(len(a), len(b)):
        scale = norms_a[rows, None] + norms_b
        squares = scale - 2 * (a[rows] @ b.T)
        squares[squares <= _ROUNDING * scale] = 0
        yield rows, squares
