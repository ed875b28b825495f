"""The two critics and what they learn from: real poems, what is none, and what the poet writes.

B pictures, N poems, L tokens, F features of a code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansuite.core.game import Losses, Study
from gansuite.core.randomness import Draw
from gansuite.poetry.controls import Controls
from gansuite.poetry.games.rollout import Manner, decoder_of, roll_out
from gansuite.poetry.negatives import DISORDERED, PARAGRAPHIC, POETIC
from gansuite.poetry.negatives import GENERATED as WRITTEN
from gansuite.poetry.networks.critics import GENERATED, PAIRED, UNPAIRED, Critic, log_odds
from gansuite.poetry.packing import table_of
from gansuite.poetry.prompts import Prompter
from gansuite.poetry.split import Ints

if TYPE_CHECKING:
    from gansuite.poetry.networks.poet import Poet

EVERY = 4  # while the critics learn alone, the poet writes for one picture in so many: writing costs most


@dataclass(frozen=True)
class Lesson:
    """B pictures and what the critics are shown beside what the poet writes.

    Attributes:
        codes: (B, F).
        controls: what is asked of the poet for each.
        paired, unpaired, disordered, paragraphic: B poems each, as tokens without marks.
    """

    codes: Tensor
    controls: Sequence[Controls]
    paired: Sequence[Ints]
    unpaired: Sequence[Ints]
    disordered: Sequence[Ints]
    paragraphic: Sequence[Ints]


@dataclass(frozen=True)
class Bench:
    """Both critics, and how they read.

    Attributes:
        relevance: D_m: paired, unpaired or generated.
        style: D_p: poetic, disordered, paragraphic or generated.
        end: the mark of a poem's end.
        tokens: where longer poems are cut off; None: nowhere.
        smoothing: of the labels.
    """

    relevance: Critic
    style: Critic
    end: int
    tokens: int | None = None
    smoothing: float = 0.0

    def losses(self, lesson: Lesson, written: Sequence[Ints], codes: Tensor) -> Losses:
        """Cross entropy of both over every prefix, all kinds alike; signals: the share of written poems they tell.

        Args:
            lesson: of B pictures.
            written: N poems by the poet.
            codes: (N, F), the pictures that they are for.
        """
        shown = {PAIRED: lesson.paired, UNPAIRED: lesson.unpaired, GENERATED: written}
        match, told_match = self._verdict(self.relevance, shown, torch.cat([lesson.codes, lesson.codes, codes]))
        kinds = {
            POETIC: lesson.paired,
            DISORDERED: lesson.disordered,
            PARAGRAPHIC: lesson.paragraphic,
            WRITTEN: written,
        }
        style, told_style = self._verdict(self.style, kinds, None)
        signals = {"told_relevance": told_match, "told_style": told_style}
        return Losses({"relevance": match, "style": style}, signals)

    @torch.no_grad()
    def potentials(self, poems: Sequence[Ints], codes: Tensor | None) -> tuple[Tensor, Tensor | None, Tensor]:
        """Log odds after each token and the end, (N, L): poetic of the rest, paired of the rest; and bool, where."""
        ids, there = self._table(poems)
        style = log_odds(self.style(ids), POETIC)
        return style, None if codes is None else log_odds(self.relevance(ids, codes), PAIRED), there

    def verdicts(self, poems: Sequence[Ints], codes: Tensor) -> tuple[Tensor, Tensor]:
        """Log odds of whole poems, (N,): paired, poetic."""
        style, relevance, there = self.potentials(poems, codes)
        assert relevance is not None
        last = there.sum(1, keepdim=True) - 1
        return relevance.gather(1, last)[:, 0], style.gather(1, last)[:, 0]

    def _verdict(
        self, critic: Critic, shown: Mapping[int, Sequence[Ints]], codes: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Cross entropy over all prefixes, and the share of poems written by the poet that are told by their end."""
        ids, there = self._table([poem for poems in shown.values() for poem in poems])
        counts = [len(poems) for poems in shown.values()]
        wanted = torch.repeat_interleave(torch.tensor(list(shown)), torch.tensor(counts)).to(ids.device)
        logits = critic(ids, codes)
        losses = F.cross_entropy(
            logits.transpose(1, 2),
            wanted[:, None].expand_as(ids),
            reduction="none",
            label_smoothing=self.smoothing,
        )
        of_poems = (losses * there).sum(1).div(there.sum(1))
        final = logits[torch.arange(len(ids)), there.sum(1) - 1].argmax(-1)
        told = (final == wanted)[wanted == max(shown)].float().mean()
        return torch.stack([of_poems[wanted == kind].mean() for kind in shown]).mean(), told

    def _table(self, poems: Sequence[Ints]) -> tuple[Tensor, Tensor]:
        """Poems as critics read them: with the mark of their end, for to stop early is a choice to be judged.

        Those as long as may be were cut off and have none.
        """
        marked = [np.append(poem, self.end)[: self.tokens] for poem in poems]
        return table_of(marked, next(self.style.parameters()).device)


class JudgingGame(Study):
    """A `Game` on `Lesson`s in which the critics learn from a poet who stays as it is.

    Args:
        critics: `relevance` and `style`, by these names.
        poet: writes at temperature 1, from all tokens, as it will in the adversarial stage.
        prompter: writes what stands before a poem.
        tokens, smoothing: see `Bench`.
    """

    def __init__(self, critics: nn.ModuleDict, poet: Poet, prompter: Prompter, tokens: int, smoothing: float) -> None:
        self.generators = {"generator": critics}
        self.decoder, self.prompter = decoder_of(poet), prompter
        self.tokens, self.smoothing = tokens, smoothing

    def bench(self, critics: nn.Module) -> Bench:
        """The critics, or an average of them, ready to read."""
        relevance, style = (critics.get_submodule(name) for name in ("relevance", "style"))
        assert isinstance(relevance, Critic)
        assert isinstance(style, Critic)
        return Bench(relevance, style, self.prompter.end, self.tokens, self.smoothing)

    def generator_losses(self, batch: Lesson, fakes: None, draw: Draw) -> Losses:
        """Cross entropy of both critics over every prefix."""
        written = self.write(batch, draw, EVERY)
        return self.bench(self.generators["generator"]).losses(batch, written, batch.codes[::EVERY])

    def write(self, batch: Lesson, draw: Draw, every: int = 1) -> Sequence[Ints]:
        """A poem for every so many pictures, the first among them."""
        codes, asked, manner = batch.codes[::every], batch.controls[::every], Manner(1, self.tokens)
        return roll_out(self.decoder, self.prompter, codes, asked, draw.every(every), manner).tokens
