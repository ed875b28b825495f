"""BLEU, and self-BLEU: n-grams that texts share with references, or with each other.

Papineni et al. 2002, BLEU: a Method for Automatic Evaluation of Machine Translation. Single texts are smoothed by
counting 0.1 matches where there are none (method 1 of Chen and Cherry 2014, A Systematic Comparison of Smoothing
Techniques for Sentence-Level BLEU), as NLTK's `SmoothingFunction().method1` does; whole lots are not smoothed.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from gansuite.core.errors import GansuiteError
from gansuite.poetry.measures.variety import T, ngrams

EPSILON = 0.1
ORDER = 4

Fraction = tuple[int, int]  # n-grams matched, of how many


def bleu(text: Sequence[T], references: Sequence[Sequence[T]], order: int = ORDER) -> float:
    """BLEU of one text against its references, smoothed, 0..1; 0 where not even a word matches.

    Args:
        text: its tokens.
        references: at least one.
        order: the longest n-grams counted, all weighted alike.

    Raises:
        GansuiteError: no references, or an order below 1.
    """
    _check(len(references), order)
    fractions = [_matched(text, references, n) for n in range(1, order + 1)]
    return _score(fractions, len(text), _nearest_length(len(text), sorted(map(len, references))), EPSILON)


def corpus_bleu(texts: Sequence[Sequence[T]], references: Sequence[Sequence[Sequence[T]]], order: int = ORDER) -> float:
    """BLEU of many texts, each against its own references: matches are summed before they are divided; not smoothed.

    Raises:
        GansuiteError: no texts, no references for one of them, or an order below 1.
    """
    _check(min((len(some) for some in references), default=0), order)
    sums = [(0, 0)] * order
    length = wanted = 0
    for text, some in zip(texts, references, strict=True):
        found = [_matched(text, some, n) for n in range(1, order + 1)]
        sums = [(top + more, bottom + all_) for (top, bottom), (more, all_) in zip(sums, found, strict=True)]
        length += len(text)
        wanted += _nearest_length(len(text), sorted(map(len, some)))
    return _score(sums, length, wanted, 0.0)


def self_bleu(texts: Sequence[Sequence[T]], order: int = ORDER) -> float:
    """The mean BLEU of each text against all the others as references, 0..1: the greater, the less varied they are.

    Zhu et al. 2018, Texygen: A Benchmarking Platform for Text Generation Models, section 3.2. It grows with the number
    of texts: compare only lots of equal size.

    Raises:
        GansuiteError: fewer than two texts, or an order below 1.
    """
    _check(len(texts) - 1, order)
    best = [_two_best(texts, n) for n in range(1, order + 1)]
    lengths = sorted(map(len, texts))
    total = 0.0
    for number, text in enumerate(texts):
        fractions = [_matched_elsewhere(text, number, best[n - 1], n) for n in range(1, order + 1)]
        at = bisect_left(lengths, len(text))
        others = [*lengths[max(0, at - 1) : at], *lengths[at + 1 : at + 2]]  # the neighbours of its own length
        total += _score(fractions, len(text), _nearest_length(len(text), others), EPSILON)
    return total / len(texts)


def _check(references: int, order: int) -> None:
    if references < 1:
        raise GansuiteError("BLEU needs at least one reference for every text.", "Give more texts.")
    if order < 1:
        raise GansuiteError(f"BLEU counts n-grams of 1 and more words, not {order}.", "Use 2, 3 or 4.")


def _matched(text: Sequence[T], references: Sequence[Sequence[T]], n: int) -> Fraction:
    counts = Counter(ngrams(text, n))
    known = [Counter(ngrams(reference, n)) for reference in references]
    matched = sum(min(count, max(one[gram] for one in known)) for gram, count in counts.items())
    return matched, max(1, counts.total())


Best = dict[tuple[T, ...], tuple[int, int, int]]  # by n-gram: how often at most in one text, which, and in the others


def _two_best(texts: Sequence[Sequence[T]], n: int) -> Best[T]:
    found: Best[T] = {}
    for number, text in enumerate(texts):
        for gram, count in Counter(ngrams(text, n)).items():
            most, owner, second = found.get(gram, (0, -1, 0))
            found[gram] = (count, number, most) if count > most else (most, owner, max(second, count))
    return found


def _matched_elsewhere(text: Sequence[T], number: int, best: Best[T], n: int) -> Fraction:
    counts = Counter(ngrams(text, n))
    matched = 0
    for gram, count in counts.items():
        most, owner, second = best[gram]
        matched += min(count, second if owner == number else most)
    return matched, max(1, counts.total())


def _nearest_length(length: int, lengths: Sequence[int]) -> int:
    """The reference length nearest to the text's, the shorter of two."""
    return min(lengths, key=lambda other: (abs(other - length), other))


def _score(fractions: Sequence[Fraction], length: int, wanted: int, epsilon: float) -> float:
    if not length or not fractions[0][0]:
        return 0.0
    precisions = [(top or epsilon) / bottom for top, bottom in fractions]
    if min(precisions) <= 0:
        return 0.0
    brevity = min(0.0, 1 - wanted / length)
    return math.exp(brevity + sum(map(math.log, precisions)) / len(precisions))
