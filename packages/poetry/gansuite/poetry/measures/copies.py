"""How much poems copy: the longest run of words that each shares with the training set.

N poems, W words.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.poetry.measures.words import Ints, Vocabulary

MOST_SHARED = 7  # words in a row; more is taken for copied


class Copied(NamedTuple):
    """What `copied` found.

    longest: (N,) words of the longest run of each poem that stands in a training poem too, over line breaks.
    share: the share of poems whose run is longer than `MOST_SHARED`, 0..1.
    """

    longest: Ints
    share: float


def copied(texts: list[str], training: Vocabulary) -> Copied:
    """How much poems copy from those of a vocabulary. Capitals, marks and line breaks count for nothing.

    Held-out poems by people are the yardstick: they too quote, and share refrains and set phrases.

    Raises:
        GansuiteError: no poems.
    """
    if not texts:
        raise GansuiteError("There is no poem to look for copies in.", "Give at least one.")
    longest = longest_shared(texts, training)
    return Copied(longest, float((longest > MOST_SHARED).mean()))


def longest_shared(texts: list[str], training: Vocabulary) -> Ints:
    """(N,) words of the longest run that each text shares with a training poem; exact.

    Runs grow by a word at a time; only those that stand on both sides are kept, and they soon are few.
    """
    poems, known = training.numbered(texts), training.known
    poem_of, base = poems.poem, training.unknown + 1
    longest = np.zeros(len(poems), np.int64)
    mine, theirs = poems.runs(1), known.runs(1)
    keys, others = poems.ids[mine], known.ids[theirs]
    length = 0
    while True:
        common = np.intersect1d(keys, others)
        if not len(common):
            return longest
        length += 1
        keep = np.isin(keys, common)
        longest[poem_of[mine[keep]]] = length
        mine, keys = _grown(poems.ids, poems.starts, mine[keep], np.searchsorted(common, keys[keep]), length, base)
        keep = np.isin(others, common)
        theirs, others = _grown(
            known.ids, known.starts, theirs[keep], np.searchsorted(common, others[keep]), length, base
        )


def _grown(ids: Ints, starts: Ints, places: Ints, ranks: Ints, length: int, base: int) -> tuple[Ints, Ints]:
    """Runs of `length` words, told apart by their rank, a word longer: where they begin, and a number for each."""
    ends = starts[np.searchsorted(starts, places, side="right")]
    longer = places + length < ends
    places = places[longer]
    return places, ranks[longer] * base + ids[places + length]
