"""Whether neighbouring lines belong together: do their words keep company in other poems too?

Association of words by pointwise mutual information (Church and Hanks 1990, Word Association Norms, Mutual Information,
and Lexicography), discounted for rare pairs (Pantel and Lin 2002, Discovering Word Senses from Text, equation 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import key
from gansuite.poetry.measures.words import Ints, Numbered, Vocabulary

SMALL_SHARE = 0.5  # of all text are the most frequent words, which say nothing of what a poem is about
LEAST_COUNT = 5  # of a word that is counted
APART = 2  # lines between which words keep company
WINDOW = 24  # content words between two that keep company, at most
Floats = npt.NDArray[np.float64]


class Coherence(NamedTuple):
    """What `Company.coherence` found, over all pairs of neighbouring lines.

    adjacent: mean score of neighbours; 0 and less is chance.
    random: mean score of a line and one of another poem of the same lot.
    auc: how often neighbours score higher than a line and a stranger, 0..1; 0.5 is chance.
    """

    adjacent: float
    random: float
    auc: float


@dataclass(frozen=True, eq=False)
class Company:
    """Which content words stand in nearby lines more often than chance has it; see `learn`."""

    vocabulary: Vocabulary
    _content: Ints  # by word: its number among content words, -1 for others
    _keys: Ints  # pairs of content words, sorted
    _score: npt.NDArray[np.float32]

    @staticmethod
    def learn(poems: Iterable[str]) -> Company:
        """Count which words keep company in poems to learn from.

        Raises:
            GansuiteError: no two lines near each other share enough words to learn from.
        """
        texts = list(poems)
        lines, poem = _lines(texts)
        vocabulary = Vocabulary(lines)
        known = vocabulary.known
        content = _content_words(known.ids, len(vocabulary))
        line_of = known.poem
        word = content[known.ids]
        kept = word >= 0
        pairs = _pairs(word[kept], line_of[kept], poem[line_of[kept]], int(content.max(initial=-1)) + 1)
        if not len(pairs):
            raise GansuiteError(
                f"The neighbouring lines of {len(texts)} poems say nothing of which words go together.",
                "Learn from more poems; some thousands are good.",
            )
        keys, counts = np.unique(pairs, return_counts=True)
        return Company(vocabulary, content, keys, _association(keys, counts, int(content.max()) + 1))

    def scores(self, lines: Sequence[str], others: Sequence[str]) -> Floats:
        """How well each line goes with its fellow: (N,), the mean association of their content words.

        A word found in both is left out: to repeat oneself is no coherence. 0 where there is nothing to compare.
        """
        mine, theirs = self.vocabulary.numbered(lines), self.vocabulary.numbered(others)
        return np.array([self._score_of(*pair) for pair in zip(self._cut(mine), self._cut(theirs), strict=True)])

    def coherence(self, poems: Sequence[str], seed: int = 0) -> Coherence:
        """Neighbouring lines of each poem against lines with one of another poem.

        Raises:
            GansuiteError: fewer than two poems, or none of two lines.
        """
        lines, poem = _lines(poems)
        first = np.flatnonzero(poem[1:] == poem[:-1])
        if not len(first) or poem[0] == poem[-1]:
            raise GansuiteError("Coherence compares lines of at least two poems of two lines.", "Give more poems.")
        other = _strangers(poem, poem[first], np.random.Generator(np.random.PCG64(key(seed, "coherence", 0))))
        adjacent = self.scores([lines[i] for i in first], [lines[i + 1] for i in first])
        random = self.scores([lines[i] for i in first], [lines[i] for i in other])
        return Coherence(float(adjacent.mean()), float(random.mean()), auc(adjacent, random))

    def _cut(self, numbered: Numbered) -> list[Ints]:
        words = np.append(self._content, -1)[numbered.ids]
        return [np.unique(part[part >= 0]) for part in np.split(words, numbered.starts[1:-1])]

    def _score_of(self, mine: Ints, theirs: Ints) -> float:
        one, other = np.meshgrid(mine, theirs)
        differ = one != other
        if not differ.any():
            return 0.0
        keys = _pair_keys(one[differ], other[differ], int(self._content.max()) + 1)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return float(np.where(self._keys[places] == keys, self._score[places], 0.0).mean())


def auc(higher: Floats, lower: Floats) -> float:
    """The share of all pairs in which the first is greater, ties counted half: (Mann and Whitney 1947), 0..1."""
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, side="left") + np.searchsorted(ordered, higher, side="right")
    return float(below.mean() / (2 * len(lower)))


def _lines(poems: Sequence[str]) -> tuple[list[str], Ints]:
    """All lines, and the poem of each."""
    cut = [[line for line in poem.split("\n") if line.strip()] for poem in poems]
    return [line for lines in cut for line in lines], np.repeat(np.arange(len(cut)), [len(lines) for lines in cut])


def _content_words(ids: Ints, size: int) -> Ints:
    """(size,) the number of each word among content words, -1 for small, frequent and rare ones."""
    counts = np.bincount(ids, minlength=size)
    order = np.argsort(-counts, kind="stable")
    chosen = counts >= LEAST_COUNT
    chosen[order[np.cumsum(counts[order]) <= SMALL_SHARE * len(ids)]] = False
    return np.where(chosen, np.cumsum(chosen) - 1, -1)


def _pairs(word: Ints, line: Ints, poem: Ints, size: int) -> Ints:
    """A number for each two content words that stand one or two lines apart in one poem."""
    found = []
    for apart in range(1, min(WINDOW, len(word) - 1) + 1):
        gap = line[apart:] - line[:-apart]
        near = (gap >= 1) & (gap <= APART) & (poem[apart:] == poem[:-apart]) & (word[apart:] != word[:-apart])
        found.append(_pair_keys(word[:-apart][near], word[apart:][near], size))
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def _pair_keys(one: Ints, other: Ints, size: int) -> Ints:
    return np.minimum(one, other) * size + np.maximum(one, other)


def _association(keys: Ints, counts: Ints, size: int) -> npt.NDArray[np.float32]:
    """Discounted pointwise mutual information of pairs, in nats."""
    one, other = keys // size, keys % size
    of_word = np.bincount(one, counts, size) + np.bincount(other, counts, size)
    total = of_word.sum()
    rarer = np.minimum(of_word[one], of_word[other])
    trust = counts / (counts + 1) * rarer / (rarer + 1)
    return np.asarray(trust * np.log(counts * (total / of_word[one] / of_word[other])), np.float32)


def _strangers(poem: Ints, own: Ints, draw: np.random.Generator) -> Ints:
    """A line of another poem for each of these, all lines of other poems alike: (P,)."""
    begin, end = np.searchsorted(poem, own), np.searchsorted(poem, own, side="right")
    place = draw.integers(0, len(poem) - (end - begin))
    return np.where(place >= begin, place + end - begin, place)
