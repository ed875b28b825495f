"""Poems as tables of hashed words: what judges read, who share no vocabulary with the poet or its critics.

N poems, L words of the longest, line ends among them.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gansuite.poetry.measures.words import plain_words

BUCKETS = 1 << 14
MOST = 160  # words of a poem that are read, line ends among them
PAD, LINE_END = 0, 1
_MARKS = 2

Table = npt.NDArray[np.int64]


def read_words(poems: Sequence[str]) -> Table:
    """(N, L) of 0..BUCKETS - 1: the words of poems in order, each line with its end, filled up with `PAD`."""
    known: dict[str, int] = {}
    rows = [_numbers(poem, known)[:MOST] for poem in poems]
    table = np.full((len(rows), max(map(len, rows), default=0)), PAD, np.int64)
    for line, row in zip(table, rows, strict=True):
        line[: len(row)] = row
    return table


def _numbers(poem: str, known: dict[str, int]) -> list[int]:
    found = []
    for line in poem.split("\n"):
        for word in plain_words(line):
            if word not in known:
                known[word] = zlib.crc32(word.encode()) % (BUCKETS - _MARKS) + _MARKS
            found.append(known[word])
        found.append(LINE_END)
    return found[:-1]
