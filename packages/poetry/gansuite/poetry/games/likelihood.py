"""The poet learns by heart how likely each next word is: maximum likelihood, with and without a picture.

B poems, M pictures, F features of a code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.core.game import Losses, Study
from gansuite.core.randomness import Draw
from gansuite.poetry.controls import FREE, Controls
from gansuite.poetry.networks.poet import Poet
from gansuite.poetry.packing import Packed, pack
from gansuite.poetry.prompts import Prompter
from gansuite.poetry.split import Ints

_STRIDE = 16  # rows are as long as the longest poem needs, in steps that make few different shapes
_FREED: Mapping[str, Any] = {"lines": FREE, "length": FREE, "mood": FREE, "era": FREE, "rhyme": ""}


@dataclass(frozen=True)
class LikelihoodConfig:
    """What is left unsaid, so that the poet can write without it.

    Attributes:
        nothing_asked: share of the poems of which nothing is said but, perhaps, a picture.
        control_dropped: chance of each control of the others to be left out.
        picture_dropped: share of poems with a picture that is not shown (Ho and Salimans 2022, section 3.2).
        paired: about which share of the poems goes with a picture, if more than do anyway: those come more often; 1
            leaves out the others.
    """

    nothing_asked: float = 0.2
    control_dropped: float = 0.3
    picture_dropped: float = 0.15
    paired: float = 0.0

    def __post_init__(self) -> None:
        for name in ("nothing_asked", "control_dropped", "picture_dropped", "paired"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise GansuiteError(f"{name} is {value}, but is a share, 0 to 1.", f"Try {name} = 0.2.")


@dataclass(frozen=True)
class Poems:
    """B poems to learn from: their tokens, controls, and the rows of the pictures that each goes with."""

    tokens: Sequence[Ints]
    controls: Sequence[Controls]
    pictures: Sequence[Ints]


class LikelihoodGame(Study):
    """A `Game` of one on `Poems`.

    Args:
        poet: who learns.
        prompter: writes what stands before a poem.
        codes: (M, F) of all pictures, or None.
        config: what is left unsaid.
        length: tokens of a poem in the mean; the loss is that of a token in a poem of that length.
    """

    def __init__(
        self, poet: Poet, prompter: Prompter, codes: Tensor | None, config: LikelihoodConfig, length: float
    ) -> None:
        self.generators = {"generator": poet}
        self.poet, self.prompter, self.codes = poet, prompter, codes
        self.config, self.length = config, length

    def generator_losses(self, batch: Poems, fakes: None, draw: Draw) -> Losses:
        """-log p of the poems, by the mean length."""
        device = next(self.poet.parameters()).device
        controls = self._controls(batch, draw)
        shown = self._shown(batch, draw)
        packed = packed_poems(self.prompter, batch.tokens, controls, [row >= 0 for row in shown]).to(device)
        codes = None if self.codes is None else self.codes[torch.tensor(shown).clamp_min(0)].to(device)
        chances, _ = self.poet.log_probabilities(packed, codes)
        loss = -chances.sum() / (len(batch.tokens) * self.length)
        return Losses({"likelihood": loss}, {"token": -chances.detach().mean()})

    def _controls(self, batch: Poems, draw: Draw) -> list[Controls]:
        """The poems' controls, less those that are left out."""
        c, chances = self.config, draw.uniform("controls", 1 + len(_FREED)).cpu()
        free = (chances < c.control_dropped) | (chances[:, :1] < c.nothing_asked)
        return [_without(one, row) for one, row in zip(batch.controls, free[:, 1:].tolist(), strict=True)]

    def _shown(self, batch: Poems, draw: Draw) -> list[int]:
        """The picture that goes with each poem, -1 for none."""
        if self.codes is None:
            return [-1] * len(batch.tokens)
        chances = draw.uniform("picture", 2).cpu().numpy()
        return [
            int(rows[int(which * len(rows))]) if len(rows) and dropped >= self.config.picture_dropped else -1
            for rows, (dropped, which) in zip(batch.pictures, chances, strict=True)
        ]


def _without(controls: Controls, left_out: Sequence[bool]) -> Controls:
    free = {name: value for (name, value), left in zip(_FREED.items(), left_out, strict=True) if left}
    return replace(controls, **free)


def packed_poems(
    prompter: Prompter,
    poems: Sequence[Ints],
    controls: Sequence[Controls],
    pictured: Sequence[bool],
    ended: Sequence[bool] | None = None,
) -> Packed:
    """Poems behind their prompts, in rows; every token of a poem is to be foretold, and its end unless it has none."""
    ended = [True] * len(poems) if ended is None else ended
    found = [prompter.sequence(*asked) for asked in zip(controls, pictured, poems, ended, strict=True)]
    row = -(-max(len(ids) for ids, _ in found) // _STRIDE) * _STRIDE
    return pack([ids for ids, _ in found], [first for _, first in found], row)


@torch.no_grad()
def likelihood(
    poet: Poet, prompter: Prompter, poems: Sequence[Ints], codes: Tensor | None = None, chunk: int = 64
) -> tuple[float, int]:
    """-log p (nats) of all these poems' tokens and ends when nothing is asked, and how many tokens that are.

    Args:
        poems: tokens of N poems.
        codes: (N, F) of a picture for each, or None for none.
    """
    device = next(poet.parameters()).device
    total, count = 0.0, 0
    order = np.argsort([len(poem) for poem in poems], kind="stable")
    for rows in np.array_split(order, max(1, len(order) // chunk)):
        packed = packed_poems(
            prompter, [poems[row] for row in rows], [Controls()] * len(rows), [codes is not None] * len(rows)
        )
        chances, _ = poet.log_probabilities(packed.to(device), None if codes is None else codes[rows].to(device))
        total, count = total - float(chances.double().sum()), count + len(chances)
    return total, count
