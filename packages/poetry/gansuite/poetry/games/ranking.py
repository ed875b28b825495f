"""Pictures and poems learn one space: those that go together come nearer than those that do not.

B pairs, M pictures, L tokens, S numbers of a place.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gansuite.core.game import Losses, Study
from gansuite.core.randomness import Draw
from gansuite.poetry.networks.embedding import Embedding


@dataclass(frozen=True)
class Pairings:
    """B pairs.

    Attributes:
        ids: int64 (B, L), poems, padded.
        there: bool (B, L), where there are tokens.
        codes: (B, F), the picture of each.
        kind: int64 (B,), what each picture shows; those of one kind are not told apart. -1 is like nothing else.
    """

    ids: Tensor
    there: Tensor
    codes: Tensor
    kind: Tensor


class RankingGame(Study):
    """A `Game` of one on `Pairings`."""

    def __init__(self, embedding: Embedding) -> None:
        self.generators = {"generator": embedding}
        self.embedding = embedding

    def generator_losses(self, batch: Pairings, fakes: None, draw: Draw) -> Losses:
        """The ranking loss both ways, and how often a pair is nearer than all that do not belong together."""
        pictures = self.embedding.pictures(batch.codes)
        poems = self.embedding.poems(batch.ids, batch.there)
        near, others = pictures @ poems.T, apart(batch.kind)
        loss = ranking(near, others, self.embedding.config.margin)
        first = (near.diagonal() > near.masked_fill(~others, -2).amax(1)).float().mean()
        return Losses({"ranking": loss}, {"first": first.detach()})


def apart(kind: Tensor) -> Tensor:
    """Which pictures (rows) and poems (columns) do not belong together: bool (B, B), by kind int64 (B,)."""
    unlike = (kind[:, None] != kind[None]) | (kind < 0)[:, None]
    return unlike & ~torch.eye(len(kind), dtype=torch.bool, device=kind.device)


def ranking(near: Tensor, others: Tensor, margin: float) -> Tensor:
    """mean over i, j of [margin - s(i, i) + s(i, j)]+ and [margin - s(i, i) + s(j, i)]+, j not belonging to i.

    Kiros et al. 2014, equation 4; the mean is over the rows, and in a row over those that are too near.

    Args:
        near: s, (B, B), pictures by poems.
        others: bool (B, B), what does not belong together.
    """
    own = near.diagonal()
    total = near.new_zeros(())
    for scores, apart_ in ((near, others), (near.T, others.T)):
        excess = (margin - own[:, None] + scores).clamp_min(0) * apart_
        wrong = (excess > 0).sum(1).clamp_min(1)
        total = total + (excess.sum(1) / wrong).mean()
    return total


def recalls(near: Tensor, kind: Tensor) -> dict[str, float]:
    """How often what is nearest is right, both ways.

    Args:
        near: (B, B), B pictures by the B poems that go with them.
        kind: int64 (B,), what each picture shows.

    Returns:
        `kind` is the share whose nearest shows the same kind of thing; `at 10` the share whose own is among ten.
    """
    same = kind[:, None] == kind[None]
    found = {}
    for way, scores in (("picture to poem", near), ("poem to picture", near.T)):
        order = scores.argsort(1, descending=True)
        own = torch.arange(len(kind), device=kind.device)[:, None]
        found[f"{way}: kind"] = float(same.gather(1, order[:, :1]).float().mean())
        found[f"{way}: at 10"] = float((order[:, :10] == own).any(1).float().mean())
    return found
