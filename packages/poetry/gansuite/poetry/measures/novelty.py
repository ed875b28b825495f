"""Novelty of poems, and the overall score of a table, as Liu et al. 2018 (arXiv 1804.08473) report them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError
from gansuite.poetry.measures.words import Ints, Numbered, Vocabulary

FREQUENT = 2000
MOST_WORDS = 1 << 21  # different ones, so that three fit into 63 bits


class Novelty(NamedTuple):
    """Shares of the n-grams of poems, 0..1.

    infrequent: not among the frequent ones of the training set; the reading that fits the published figures.
    known: in the training set, and not among its frequent ones; the stricter reading.
    """

    infrequent: float
    known: float


class NoveltyOf:
    """The n-grams of a training set, to measure poems by.

    Args:
        training: a vocabulary of its poems.
        n: words of an n-gram, 2 or 3; n-grams run on over line breaks.
        frequent: so many of the most frequent n-grams are not novel; of those equally frequent the earlier ones.

    Raises:
        GansuiteError: n is not 1 to 3, or there are more words than can be told apart.
    """

    def __init__(self, training: Vocabulary, n: int, frequent: int = FREQUENT) -> None:
        if not 1 <= n <= 3 or len(training) >= MOST_WORDS:
            raise GansuiteError(
                f"Novelty is measured for 1 to 3 words and {MOST_WORDS:,} different ones, not for {n} and "
                f"{len(training):,}.",
                "Use 2 or 3, and fewer poems.",
            )
        self.n = n
        self._known, counts = np.unique(_keys(training.known, n), return_counts=True)
        self._frequent = np.sort(self._known[np.argsort(-counts, kind="stable")[:frequent]])

    def __call__(self, poems: Numbered) -> Novelty:
        """The novelty of poems, numbered by the same vocabulary: shares of all n-grams of all of them."""
        keys = _keys(poems, self.n)
        if not len(keys):
            return Novelty(0.0, 0.0)
        infrequent = ~np.isin(keys, self._frequent)
        return Novelty(float(infrequent.mean()), float((infrequent & np.isin(keys, self._known)).mean()))


def overall(table: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The overall score of each system of a table, 0..100: the mean of its columns, each scaled from its least to its
    greatest value.

    It says nothing outside its table. It is how the column `Overall` of Liu et al. 2018 comes about: from
    relevance, Novelty-2, Novelty-3 and BLEU-1 to 3, all the greater the better.

    Args:
        table: (systems, measures).

    Raises:
        GansuiteError: fewer than two systems, or a measure in which all are equal.
    """
    values = np.asarray(table, np.float64)
    if values.ndim != 2 or len(values) < 2 or not np.ptp(values, axis=0).all():
        raise GansuiteError(
            f"A table of shape {values.shape} has no overall score: it compares systems that differ in every column.",
            "Give at least two systems, and leave out measures in which all are equal.",
        )
    return np.asarray(100 * ((values - values.min(0)) / np.ptp(values, axis=0)).mean(1))


def _keys(poems: Numbered, n: int) -> Ints:
    """A number for each run of n words."""
    places = poems.runs(n)
    keys = np.zeros(len(places), np.int64)
    for after in range(n):
        keys = keys * MOST_WORDS + poems.ids[places + after]
    return keys
