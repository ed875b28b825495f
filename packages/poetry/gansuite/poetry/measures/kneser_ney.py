"""An n-gram model with Kneser-Ney smoothing: what a poet's perplexity is compared with.

Interpolated, with three discounts at each order ("modified"): Chen and Goodman 1998, An Empirical Study of Smoothing
Techniques for Language Modeling (TR-10-98), section 3, equations 26 and 27.

N poems, T tokens of all of them, G different n-grams.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError

ORDER = 3
_CLASSES = 3  # n-grams seen once, twice, more often: each has a discount of its own
_FALLBACK = (0.5, 1.0, 1.5)  # discounts where there are too few n-grams to estimate them
Ids = npt.NDArray[np.integer]
Keys = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Level:
    """One order: n-grams as sorted keys (G,) with their discounted share of their context, and what contexts leave."""

    keys: Keys
    share: Floats
    contexts: Keys
    left: Floats

    def probabilities(self, keys: Keys, contexts: Keys, lower: Floats) -> Floats:
        """(T,) of n-grams, from what the order below says of them; a context never seen leaves it all to that."""
        return (
            _looked_up(self.keys, self.share, keys, 0.0) + _looked_up(self.contexts, self.left, contexts, 1.0) * lower
        )


@dataclass(frozen=True, eq=False)
class KneserNey:
    """A trained model; see `train`.

    Attributes:
        end: the token that ends each poem; it is predicted as any other.
        vocabulary: how many tokens there can be; numbers below that.
    """

    end: int
    vocabulary: int
    _levels: tuple[_Level, ...]  # of single tokens first

    @staticmethod
    def train(ids: Ids, starts: npt.NDArray[np.int64], end: int, vocabulary: int, order: int = ORDER) -> KneserNey:
        """Count the n-grams of poems, each poem by itself and with its end.

        Args:
            ids: (T,) tokens of all poems one after the other, 0..vocabulary - 1; line breaks are tokens like others.
            starts: (N + 1,) where each poem begins, and the end.
            end: the token that ends a poem.
            vocabulary: how many tokens there can be; one never seen has a little of the probability.
            order: 3 for trigrams.

        Raises:
            GansuiteError: no poems, or n-grams too long for the vocabulary.
        """
        bits = _bits(vocabulary)
        if len(starts) < 2 or not 1 <= order * bits < 64:
            raise GansuiteError(
                f"{order}-grams of {vocabulary} tokens cannot be counted in {max(0, len(starts) - 1)} poems.",
                "Give at least one poem, and an order of 3.",
            )
        keys, counts = np.unique(_ngrams(ids, starts, end, vocabulary, order), return_counts=True)
        levels = []
        for length in range(order, 0, -1):
            levels.append(_level(keys, counts, bits))
            # lower orders count in how many different contexts an n-gram ends, not how often (equation 17)
            keys, counts = np.unique(keys & _mask(bits, length - 1), return_counts=True)
        return KneserNey(end, vocabulary, tuple(reversed(levels)))

    def probabilities(self, ids: Ids, starts: npt.NDArray[np.int64]) -> Floats:
        """The probability of each token of poems, ends included, given those before it in its poem: (T + N,)."""
        bits, order = _bits(self.vocabulary), len(self._levels)
        keys = _ngrams(ids, starts, self.end, self.vocabulary, order)
        found = np.full(len(keys), 1 / self.vocabulary)
        for length, level in enumerate(self._levels, 1):
            own = keys & _mask(bits, length)
            found = level.probabilities(own, own >> bits, found)
        return found

    def perplexity(self, ids: Ids, starts: npt.NDArray[np.int64]) -> float:
        """exp of the mean surprise of a token, ends included: comparable with a network's over the same T + N tokens.

        Raises:
            GansuiteError: no poems.
        """
        if len(starts) < 2:
            raise GansuiteError("There is no poem to measure.", "Give at least one.")
        return float(np.exp(-np.log(self.probabilities(ids, starts)).mean()))


def _ngrams(ids: Ids, starts: npt.NDArray[np.int64], end: int, vocabulary: int, order: int) -> Keys:
    """A number for each token and the order - 1 before it, (T + N,); `vocabulary` stands for what precedes a poem."""
    poems, total = len(starts) - 1, int(starts[-1] - starts[0])
    stream = np.full(total + order * poems, vocabulary, np.int64)  # order - 1 marks before each poem, then its end
    ahead = order * np.arange(poems) + order - 1
    stream[np.arange(total) + np.repeat(ahead, np.diff(starts))] = ids[starts[0] : starts[-1]]
    stream[starts[1:] - starts[0] + ahead] = end
    places = np.flatnonzero(stream != vocabulary)
    keys = stream[places]
    for before in range(1, order):
        keys |= stream[places - before] << (_bits(vocabulary) * before)
    return keys


def _level(keys: Keys, counts: Keys, bits: int) -> _Level:
    of_context = keys >> bits
    firsts = np.flatnonzero(np.append(True, of_context[1:] != of_context[:-1]))
    sizes = np.diff(np.append(firsts, len(keys)))
    taken = _discounts(counts)[np.minimum(counts, _CLASSES)]
    total = np.add.reduceat(counts, firsts).astype(np.float64)
    share = (counts - taken) / np.repeat(total, sizes)
    return _Level(keys, share, of_context[firsts], np.add.reduceat(taken, firsts) / total)


def _discounts(counts: Keys) -> Floats:
    """What is taken off counts of 0, 1, 2 and 3 or more: (4,); equation 26."""
    seen = np.bincount(np.minimum(counts, _CLASSES + 2), minlength=_CLASSES + 3)[1 : _CLASSES + 2].astype(np.float64)
    if not seen.all():
        return np.array((0.0, *_FALLBACK))
    share = seen[0] / (seen[0] + 2 * seen[1])
    each = [k - (k + 1) * share * seen[k] / seen[k - 1] for k in range(1, _CLASSES + 1)]
    return np.array((0.0, *np.clip(each, 0.0, (1.0, 2.0, 3.0))))


def _looked_up(known: Keys, values: Floats, keys: Keys, missing: float) -> Floats:
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[places] == keys, values[places], missing)


def _bits(vocabulary: int) -> int:
    return int(vocabulary).bit_length()


def _mask(bits: int, length: int) -> int:
    return (1 << (bits * length)) - 1
