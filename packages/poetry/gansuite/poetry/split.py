"""What is held out: whole authors (or files), and pictures; chosen by what they hold, not by their order or names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
OPEN, TRAIN, HELD_OUT = 0, 1, 2
TRAIN_WORDS = frozenset({"train", "training"})
HELD_OUT_WORDS = frozenset({"valid", "validation", "val", "test", "heldout"})
NEARLY = 0.8
DATA_ENDINGS = frozenset({"csv", "tsv", "json", "jsonl", "ndjson"})
SIDE_WORDS = TRAIN_WORDS | HELD_OUT_WORDS


class Groups:
    """Which keys (authors, files, pictures) belong together: a forest in which every tree is a group."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._parent: list[int] = []

    def of(self, keys: Iterable[str]) -> int:
        """The group of all these keys, which from now on is one."""
        numbers = []
        for key in keys:
            numbers.append(self._number.setdefault(key, len(self._parent)))
            self._parent += [len(self._parent)] * (len(self._number) - len(self._parent))
        for number in numbers[1:]:
            self.join(numbers[0], number)
        return numbers[0]

    def join(self, one: int, other: int) -> None:
        """Make one group of two."""
        self._parent[self.root(other)] = self.root(one)

    def root(self, number: int) -> int:
        """The number that stands for the group."""
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number


def hold_out(groups: Ints, sides: Ints, prints: npt.NDArray[np.uint64], share: float, seed: int) -> Ints:
    """The side of each of N works, TRAIN or HELD_OUT: int64 (N,).

    Works whose side is OPEN are divided: about `share` of them are held out, in whole groups, at least one group and
    never all. Groups are ranked by a hash of the seed and what they hold: the same works in another order, or with
    authors renamed, split the same way.

    Args:
        groups: (N,) equal numbers for works that stay together.
        sides: (N,) OPEN, TRAIN or HELD_OUT.
        prints: (N,) fingerprints of the works.
        share: 0..0.5.
        seed: any integer.
    """
    result = np.where(sides == OPEN, TRAIN, sides)
    rows = np.flatnonzero(sides == OPEN)
    wanted = max(1, int(share * len(rows) + 0.5))
    ranked = _ranked(groups[rows], prints[rows], seed)
    if len(ranked) < 2:
        return np.asarray(result, np.int64)
    held: list[int] = []
    count = 0
    for group, size in ranked:
        if count + size <= wanted:
            held.append(group)
            count += size
        elif count >= NEARLY * wanted:
            break  # else the last of it would all be small groups
    held = held or [min(ranked, key=lambda pair: pair[1])[0]]
    result[np.isin(groups, held) & (sides == OPEN)] = HELD_OUT
    return np.asarray(result, np.int64)


def picture_groups(thumbnails: npt.NDArray[np.uint8]) -> tuple[Ints, npt.NDArray[np.uint64]]:
    """Pictures that show the same pixels as one group: groups (N,) and fingerprints (N,) for `hold_out`."""
    prints = np.array(
        [int.from_bytes(hashlib.blake2b(small.tobytes(), digest_size=8).digest()) for small in thumbnails], np.uint64
    )
    return np.asarray(np.unique(prints, return_inverse=True)[1], np.int64), prints


def sides_by_name(names: Sequence[str]) -> Ints:
    """The side of each file by the folders it lies in and, of tables and JSON, its own name; (N,).

    `train/sea/1.jpg` and `train.csv` are trained on, `valid/sea/1.jpg` and `valid_authors.jsonl` are held out; what
    says neither is trained on, if others say so. All are OPEN unless both sides are named.
    """
    held, train = (np.array([bool(_words(name) & words) for name in names]) for words in (HELD_OUT_WORDS, TRAIN_WORDS))
    if not held.any() or not train.any():
        return np.full(len(names), OPEN)
    return np.where(held, HELD_OUT, TRAIN)


def _words(name: str) -> set[str]:
    """The names of the folders, and the first word of a file's name where it is no title of a poem or a picture."""
    *folders, file = name.lower().replace("\\", "/").split("/")
    first, *endings = re.split(r"[._ -]", file)
    return {*folders, first} if {*endings} & DATA_ENDINGS else {*folders}


def _ranked(groups: Ints, prints: npt.NDArray[np.uint64], seed: int) -> list[tuple[int, int]]:
    """(group, size), in an order that follows from the seed and the least fingerprint of each group."""
    if not len(groups):
        return []
    numbers, place = np.unique(groups, return_inverse=True)
    least = np.full(len(numbers), np.iinfo(np.uint64).max)
    np.minimum.at(least, place, prints)
    sizes = np.bincount(place)
    keys = [hashlib.sha256(f"{seed} {print_}".encode()).digest() for print_ in least.tolist()]
    order = sorted(range(len(numbers)), key=keys.__getitem__)
    return [(int(numbers[at]), int(sizes[at])) for at in order]
