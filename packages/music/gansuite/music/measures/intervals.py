"""A measure with what stands behind it: how many observations, and a 95 % interval.

Bars of one phrase resemble each other, so they are not independent observations; phrases are. Every interval here
treats the phrases as the sample and whatever is counted inside them as clusters. Letters: N phrases, K tracks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansuite.music.roll import Flags

Float64 = npt.NDArray[np.float64]

_NORMAL = 1.959964  # the 97.5 % quantile of the normal distribution
_FEW = {1: 12.7062, 2: 4.3027, 3: 3.1824}  # the same of Student's t with so many degrees of freedom


@dataclass(frozen=True)
class Measure:
    """One figure; never NaN.

    Attributes:
        value: the figure; 0 where nothing was observed.
        count: how many observations (bars, steps, beats, notes or phrases) stand behind it; 0 means it says nothing.
        low, high: its 95 % interval; where nothing was observed, all values it could have taken.
    """

    value: float
    count: int
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, eq=False)
class Tally:
    """What was counted in each phrase and track, from which a measure is a ratio of sums.

    Attributes:
        top: (N, K) float64 sums of what is averaged.
        bottom: (N, K) numbers of observations, 0 or more; where 0, top is 0.
        limit: the largest value an observation can take; the smallest is 0.
    """

    top: Float64
    bottom: npt.NDArray[np.int64]
    limit: float = 1.0

    def measure(self, track: int = 0, counted: Flags | None = None) -> Measure:
        """The measure of one track over all phrases, or over those `counted` (N,)."""
        top, bottom = self.top[:, track], self.bottom[:, track]
        return ratio(top, bottom, self.limit) if counted is None else ratio(top[counted], bottom[counted], self.limit)


def join(tallies: Sequence[Tally]) -> Tally:
    """The tallies of several lots of phrases as one."""
    tops, bottoms = ([getattr(tally, side) for tally in tallies] for side in ("top", "bottom"))
    return Tally(np.concatenate(tops), np.concatenate(bottoms), tallies[0].limit)


def ratio(top: npt.ArrayLike, bottom: npt.ArrayLike, limit: float = 1.0) -> Measure:
    """The mean of all observations, with an interval clustered by phrase.

    Parameters
    ----------
    top : array_like, (N,)
        Sum of the observations of each phrase, each observation 0..limit.
    bottom : array_like, (N,)
        How many they are; phrases with 0 do not count.
    limit : float
        The largest value an observation can take.

    Returns
    -------
    Measure

    Notes
    -----
    sum(top) / sum(bottom). The variance is the linearised one of a ratio of two means over the phrases. The interval is
    Wilson's score interval with the number of observations replaced by the effective one, p (1 - p) / variance, where p
    is the value over `limit`, and with Student's t with one degree of freedom less than there are phrases. For many
    phrases it is value +- 1.96 standard errors; it never leaves 0..limit, and has a width even if all phrases agree,
    when each counts as one observation.

    References
    ----------
    Cochran 1977, Sampling Techniques, chapter 6; Wilson 1927; Korn and Graubard 1998.

    Examples
    --------
    >>> print(ratio([3, 1, 2, 2], [4, 4, 4, 4]))
    0.500 (0.228 to 0.772)
    """
    top, bottom = np.asarray(top, np.float64), np.asarray(bottom, np.float64)
    total, phrases = float(bottom.sum()), int(np.count_nonzero(bottom))
    if phrases == 0:
        return Measure(0.0, 0, 0.0, limit)
    value = float(np.clip(top.sum() / total, 0, limit))
    error = _squared_error(top, bottom, value, phrases) / limit**2
    low, high = _wilson(value / limit, error, phrases)
    return Measure(value, int(total), min(value, limit * low), max(value, limit * high))


def _squared_error(top: Float64, bottom: Float64, value: float, phrases: int) -> float:
    """The variance of the ratio of two means."""
    if phrases == 1:
        return 0.0
    residuals = top - value * bottom
    return float(phrases / (phrases - 1) * (residuals @ residuals) / bottom.sum() ** 2)


def _wilson(share: float, squared_error: float, phrases: int) -> tuple[float, float]:
    spread = share * (1 - share)
    number = spread / squared_error if squared_error > 1e-15 else float(phrases)
    z2 = student(phrases - 1) ** 2 / number
    centre = (share + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * spread + z2 * z2 / 4) / (1 + z2)
    return max(0.0, centre - half), min(1.0, centre + half)


def student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t; Fisher and Cornish's expansion (Abramowitz and Stegun, 26.7.5).

    Right to 0.002; with no degree of freedom, that of the normal distribution.
    """
    if freedom in _FEW:
        return _FEW[freedom]
    if freedom < 1:
        return _NORMAL
    z = _NORMAL
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / freedom + second / freedom**2 + third / freedom**3 + fourth / freedom**4
