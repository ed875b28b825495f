"""Pens for tests: of chance alone, and of counts of two and three tokens in a row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gansuite.poetry.tokens import END

Next = Callable[[tuple[int, ...]], Tensor]  # from the tokens so far to the logits (V,)


@dataclass(frozen=True)
class ListPage:
    """A page that remembers its tokens and nothing else."""

    after: Next
    rows: tuple[tuple[int, ...], ...]
    steps: list[int]

    @property
    def logits(self) -> Tensor:
        return torch.stack([self.after(row) for row in self.rows])

    @property
    def length(self) -> int:
        return len(self.rows[0])

    def take(self, rows: Tensor) -> ListPage:
        return replace(self, rows=tuple(self.rows[row] for row in rows.tolist()))

    def cut(self, length: int) -> ListPage:
        return replace(self, rows=tuple(row[:length] for row in self.rows))

    def write(self, ids: Tensor) -> ListPage:
        assert len(ids) == len(self.rows)
        more = ids[:, None] if ids.ndim == 1 else ids
        self.steps.append(len(self.rows))
        return replace(self, rows=tuple((*row, *ids) for row, ids in zip(self.rows, more.tolist(), strict=True)))


class ListPen:
    """A pen of a function; `steps` has the rows of each call of the model."""

    def __init__(self, tokenizer: Any, after: Next) -> None:
        self.tokenizer, self._after = tokenizer, after
        self.steps: list[int] = []

    def begin(self, prompt: Sequence[int], lines: slice = slice(None)) -> ListPage:
        return ListPage(self._after, (tuple(prompt),), self.steps)


def chance_pen(tokenizer: Any, seed: int = 0, spread: float = 3.0) -> ListPen:
    """A pen whose likely tokens depend on the last one, by chance."""
    size = tokenizer.get_vocab_size()

    def after(row: tuple[int, ...]) -> Tensor:
        chance = torch.Generator().manual_seed(seed * 65537 + (row[-1] if row else size))
        return torch.randn(size, generator=chance) * spread

    return ListPen(tokenizer, after)


def trigram_pen(tokenizer: Any, poems: Iterable[str]) -> ListPen:
    """Counts of one, two and three tokens in a row, mixed."""
    size, end = tokenizer.get_vocab_size(), tokenizer.token_to_id(END)
    pairs: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for encoded in tokenizer.encode_batch(list(poems)):
        ids = [-1, -1, *encoded.ids, end]
        for place in range(2, len(ids)):
            for before in range(3):
                pairs[tuple(ids[place - before : place])][ids[place]] += 1
    tables = {
        key: (torch.tensor(list(found)), torch.tensor(list(found.values())) / found.total())
        for key, found in pairs.items()
    }

    def after(row: tuple[int, ...]) -> Tensor:
        ids = (-1, -1, *row)
        shares = torch.full((size,), 1e-7)
        for before, weight in enumerate((0.1, 0.35, 0.55)):
            found = tables.get(ids[len(ids) - before :])
            if found is not None:
                shares[found[0]] += weight * found[1]
        return shares.log()

    return ListPen(tokenizer, after)
