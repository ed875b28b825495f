"""Two halves of the poems that have no author in common: critics that reward learn from one, judges from the other.

N poems.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from gansuite.poetry.corpus import Corpus

REWARD, JUDGE = 0, 1


def half_of(corpus: Corpus) -> npt.NDArray[np.int8]:
    """`REWARD` or `JUDGE` for each poem, (N,).

    Poems of one author (where none is known: of one file or record) are in one half; where that leaves a half empty, as
    of a single author, the stanzas of one poem are; and where that does, each poem stands for itself. It follows from
    what the poems say: another order, or other poems beside them, change nothing, unless the poem whose fingerprint
    stands for an author goes, or a half was empty without them.
    """
    for groups in (corpus.group, corpus.work):
        halves = _halves(groups, corpus.prints)
        if len(np.unique(halves)) > 1:
            return halves
    return _halves(np.arange(len(corpus.prints)), corpus.prints)


def _halves(groups: npt.NDArray[Any], prints: npt.NDArray[np.uint64]) -> npt.NDArray[np.int8]:
    """A half for each group, by the least of its fingerprints."""
    numbers, place = np.unique(groups, return_inverse=True)
    least = np.full(len(numbers), np.iinfo(np.uint64).max)
    np.minimum.at(least, place, prints)
    halves = [hashlib.sha256(f"half {print_}".encode()).digest()[0] & 1 for print_ in least.tolist()]
    return np.array(halves, np.int8)[place]
