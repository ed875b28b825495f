"""Retrieval: given a poem, how far up does its own picture come among all?

N poems, M pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import key

CUTS = (1, 5, 10)
RESAMPLED = 1000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A figure, and the bounds between which 95 % of its bootstrap resamples lie (Efron 1979), by poem."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} ({100 * self.low:.1f}-{100 * self.high:.1f})"


@dataclass(frozen=True)
class Recall:
    """How well poems find their pictures; shares are 0..1.

    Attributes:
        poems, pictures: how many there are.
        at: by k (1, 5, 10), the share of poems whose own picture is among the first k.
        median_rank: of the own picture, 1 is best; chance is (M + 1) / 2.
        label_first: the share of poems whose first picture shows what their own shows.
        label_ten: the mean share of the first ten pictures that show it.
        chance: of each of these shares, for poems that say nothing: k / M, and the chance that a picture drawn blindly
            has the label.
        ceiling: what `at` would be if each poem told its label perfectly and no more: the mean of k / (pictures of its
            label), at most 1. Weak pairs hold no more than that.
    """

    poems: int
    pictures: int
    at: Mapping[int, Interval]
    median_rank: float
    label_first: Interval
    label_ten: Interval
    chance: Mapping[str, float]
    ceiling: Mapping[int, float]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **asdict(self),
            **{name: {str(k): v for k, v in asdict(self)[name].items()} for name in ("at", "ceiling")},
        }


def recall(
    scores: npt.NDArray[np.floating[Any]], labels: Sequence[str], own: Sequence[int] | None = None, seed: int = 0
) -> Recall:
    """What a table of scores comes to.

    Args:
        scores: (N, M), how well each poem goes with each picture; an equal score counts against a poem.
        labels: M labels of pictures; "" is like no other.
        own: (N,) the picture that each poem was written for; None where N = M and they go in order.
        seed: of the resamples.

    Raises:
        GansuiteError: no poems, or numbers that do not fit.
    """
    places = np.arange(len(scores)) if own is None else np.asarray(own)
    if scores.ndim != 2 or not len(scores) or len(labels) != scores.shape[1] or len(places) != len(scores):
        raise GansuiteError(
            f"Scores of shape {scores.shape}, {len(labels)} labels and {len(places)} own pictures do not fit.",
            "Give a row a poem and a column a picture.",
        )
    number = np.unique([label or f"\n{place}" for place, label in enumerate(labels)], return_inverse=True)[1]
    rank = (scores >= scores[np.arange(len(scores)), places][:, None]).sum(1)
    alike = number[np.argsort(-scores, axis=1, kind="stable")[:, : max(CUTS)]] == number[places][:, None]
    shares = {f"at {k}": (rank <= k).astype(np.float64) for k in CUTS}
    shares |= {"label first": alike[:, 0].astype(np.float64), "label ten": alike.mean(1)}
    found = {name: interval(each, seed) for name, each in shares.items()}
    of_label = np.bincount(number)[number[places]]
    blind = float((of_label / len(labels)).mean())
    return Recall(
        len(scores),
        len(labels),
        {k: found[f"at {k}"] for k in CUTS},
        float(np.median(rank)),
        found["label first"],
        found["label ten"],
        {**{f"at {k}": min(1.0, k / len(labels)) for k in CUTS}, "label first": blind, "label ten": blind},
        {k: float(np.minimum(1.0, k / of_label).mean()) for k in CUTS},
    )


def interval(values: Floats, seed: int = 0) -> Interval:
    """The mean of a figure of each poem, (N,), with its bootstrap interval."""
    draw = np.random.Generator(np.random.PCG64(key(seed, "bootstrap", 0)))
    means = [values[draw.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLED)]
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(values.mean()), float(low), float(high))
