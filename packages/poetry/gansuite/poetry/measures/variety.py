"""How varied texts are: different n-grams, texts that occur twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def ngrams(tokens: Sequence[T], n: int) -> Iterator[tuple[T, ...]]:
    """All runs of n tokens of one text."""
    return zip(*(tokens[start:] for start in range(n)), strict=False)


def distinct(texts: Sequence[Sequence[T]], n: int) -> float:
    """Distinct-n: the share of different n-grams among all n-grams of all texts, 0..1; 0 where there are none.

    Li et al. 2016, A Diversity-Promoting Objective Function for Neural Conversation Models, section 4.3. It falls with
    the number of texts: compare only lots of equal size.
    """
    counts = Counter(gram for text in texts for gram in ngrams(text, n))
    return len(counts) / max(1, counts.total())


def duplicates(texts: Sequence[Sequence[T]]) -> int:
    """How many texts repeat an earlier one, token for token."""
    return len(texts) - len({tuple(text) for text in texts})
