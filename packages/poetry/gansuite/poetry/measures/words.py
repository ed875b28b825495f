"""Words as numbers, for measures that compare poems with millions of others.

N poems, W words of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_CURLY = str.maketrans({"’": "'", "‘": "'"})
Ints = npt.NDArray[np.int64]


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, without marks and line breaks: `o'er`, `the`, `sea`."""
    return _WORD.findall(text.lower().translate(_CURLY))


@dataclass(frozen=True, eq=False)
class Numbered:
    """The words of N poems as numbers.

    Attributes:
        ids: int64 (W,), of all poems one after the other.
        starts: int64 (N + 1,), where each poem begins, and the end.
    """

    ids: Ints
    starts: Ints

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def poem(self) -> Ints:
        """The poem of each word, (W,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def runs(self, length: int) -> Ints:
        """Places (.,) at which so many words in a row begin within one poem."""
        ends = np.repeat(self.starts[1:], np.diff(self.starts))
        places = np.arange(len(self.ids))
        return places[places + length <= ends]


class Vocabulary:
    """The words of some poems, numbered as they come; all other words share the number `unknown`.

    Args:
        texts: poems, or lines.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._numbers: dict[str, int] = {}
        numbers = self._numbers
        self.known = _packed([[numbers.setdefault(word, len(numbers)) for word in plain_words(one)] for one in texts])

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def unknown(self) -> int:
        """The number of words that were not among those texts."""
        return len(self._numbers)

    def numbered(self, texts: Iterable[str]) -> Numbered:
        """The words of other texts."""
        get, unknown = self._numbers.get, self.unknown
        return _packed([[get(word, unknown) for word in plain_words(text)] for text in texts])


def _packed(rows: Sequence[Sequence[int]]) -> Numbered:
    starts = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=starts[1:])
    flat = np.fromiter((number for row in rows for number in row), np.int64, int(starts[-1]))
    return Numbered(flat, starts)
