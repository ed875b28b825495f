"""Which pieces are held out: chosen by what they hold, not by their names or the order they came in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from gansuite.music.notes import Ints
from gansuite.music.roll import Flags

OPEN, TRAIN, HELD_OUT = 0, 1, 2


def hold_out(piece: Ints, sides: Ints, prints: Sequence[bytes], keeps: Flags, share: float, seed: int) -> Ints:
    """The side of each phrase, TRAIN or HELD_OUT: int64 (N,).

    Pieces whose side is OPEN are divided: about `share` of their phrases are held out, at least one piece and never
    all. Pieces that share a phrase are versions of one another and stay together. They are ranked by a hash of the
    seed and their phrases: the same files in another order, or renamed, split the same way.

    Args:
        piece: (N,) the piece of each phrase.
        sides: (N,) OPEN, TRAIN or HELD_OUT, the same for all phrases of a piece.
        prints: N fingerprints, equal for equal phrases.
        keeps: (N,) which phrases are used.
        share: 0..0.5.
        seed: any integer.
    """
    rows = np.flatnonzero(keeps & (sides == OPEN)).tolist()
    groups = _versions(piece[rows], [prints[row] for row in rows])
    ranked = sorted(groups.values(), key=lambda members: _rank(members, rows, prints, seed))
    wanted = max(1, int(share * len(rows) + 0.5))
    held: list[int] = []
    if len(ranked) > 1:
        for members in ranked:
            if len(held) + len(members) <= wanted:
                held += members
        held = held or min(ranked, key=len)
    result = np.where(sides == OPEN, TRAIN, sides)
    result[np.isin(piece, piece[[rows[member] for member in held]]) & (sides == OPEN)] = HELD_OUT
    return np.asarray(result, np.int64)


def _rank(members: Sequence[int], rows: Sequence[int], prints: Sequence[bytes], seed: int) -> str:
    return hashlib.sha256(f"{seed} ".encode() + min(prints[rows[member]] for member in members)).hexdigest()


def _versions(piece: Ints, prints: Sequence[bytes]) -> dict[int, list[int]]:
    """Places of phrases by group of pieces that share one."""
    parent = {int(number): int(number) for number in np.unique(piece)}

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    owner: dict[bytes, int] = {}
    for number, print_ in zip(piece.tolist(), prints, strict=True):
        parent[root(number)] = root(owner.setdefault(print_, number))
    groups: dict[int, list[int]] = {}
    for place, number in enumerate(piece.tolist()):
        groups.setdefault(root(number), []).append(place)
    return groups
