"""Poems of any length side by side in rows of equal length, so that little is computed for padding.

B poems, R rows, L tokens a row. Poems of one row do not see one another (Krell et al. 2021, arXiv 2107.02027).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gansuite.poetry.split import Ints
from gansuite.poetry.tokens import padded

NO_TARGET = -100  # what cross entropy passes over
NOBODY = -1


@dataclass(frozen=True)
class Packed:
    """B sequences in R rows of L tokens.

    Attributes:
        ids: int64 (R, L), padded with 0.
        position: int64 (R, L), of each token in its own sequence.
        owner: int64 (R, L), the sequence that a token is of, 0..B-1, or `NOBODY`.
        target: int64 (R, L), the token to be foretold there, or `NO_TARGET`.
    """

    ids: Tensor
    position: Tensor
    owner: Tensor
    target: Tensor

    def to(self, device: torch.device) -> Packed:
        """The same on a device."""
        return Packed(*(part.to(device) for part in (self.ids, self.position, self.owner, self.target)))

    def visible(self) -> Tensor:
        """Which token (third axis) sees which (last axis): bool (R, 1, L, L); earlier ones of its own sequence."""
        same = self.owner[:, :, None] == self.owner[:, None, :]
        past = torch.ones(same.shape[-2:], dtype=torch.bool, device=same.device).tril()
        return (same & past)[:, None]


def pack(sequences: Sequence[Sequence[int]], learnt_from: Sequence[int], row: int) -> Packed:
    """Put sequences into rows, the longest first, each into the fullest row that has room.

    Args:
        sequences: B lists of tokens; one longer than a row is cut off.
        learnt_from: of each, the place of the first token that is to be foretold.
        row: L, tokens a row.
    """
    cut = [list(sequence[:row]) for sequence in sequences]
    rows = _rows([len(sequence) for sequence in cut], row)
    table = np.zeros((4, len(rows), row), np.int64)
    table[2], table[3] = NOBODY, NO_TARGET
    for line, owners in enumerate(rows):
        start = 0
        for owner in owners:
            ids, end = cut[owner], start + len(cut[owner])
            table[0, line, start:end] = ids
            table[1, line, start:end] = np.arange(len(ids))
            table[2, line, start:end] = owner
            first = learnt_from[owner]
            table[3, line, start + first - 1 : end - 1] = ids[first:]
            start = end
    return Packed(*torch.from_numpy(table))


def _rows(lengths: Sequence[int], row: int) -> list[list[int]]:
    """Which sequences share a row: best fit, decreasing."""
    rows: list[list[int]] = []
    room: list[int] = []
    for owner in sorted(range(len(lengths)), key=lambda owner: -lengths[owner]):
        fitting = [line for line, left in enumerate(room) if left >= lengths[owner]]
        if not fitting:
            rows.append([])
            room.append(row)
            fitting = [len(rows) - 1]
        line = min(fitting, key=lambda line: room[line])
        rows[line].append(owner)
        room[line] -= lengths[owner]
    return rows


def table_of(poems: Sequence[Ints], device: torch.device) -> tuple[Tensor, Tensor]:
    """Poems side by side: ids int64 (N, L), padded with 0, and bool (N, L), where there are tokens."""
    ids, there = padded(poems, 0, max(map(len, poems)))
    return torch.from_numpy(ids).to(device), torch.from_numpy(there).to(device)
