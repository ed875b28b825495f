"""Many texts as one run of bytes and the places where they begin: what can be mapped into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Texts(Sequence[str]):
    """N texts.

    Attributes:
        letters: uint8, UTF-8 of all texts one after the other.
        starts: int64 (N + 1,), where each begins, and the end.
    """

    letters: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        place = range(len(self))[row]
        return self.letters[self.starts[place] : self.starts[place + 1]].tobytes().decode("utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))

    def take(self, rows: Iterable[int]) -> list[str]:
        """The texts of these rows."""
        return [self[int(row)] for row in rows]


def packed(texts: Iterable[str]) -> Texts:
    """Texts as one run of bytes."""
    encoded = [text.encode("utf-8") for text in texts]
    starts = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(part) for part in encoded], out=starts[1:])
    return Texts(np.frombuffer(b"".join(encoded), np.uint8), starts)
