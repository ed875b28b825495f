"""The judge of style: is this a poem by a person, or something disordered, prose set in lines, or made by a model?

It is never a reward, and learns from the judges' half of the authors (`halves`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from gansuite.core.card import Card
from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import generator
from gansuite.poetry.dataset import Verse
from gansuite.poetry.evaluation.halves import JUDGE, half_of
from gansuite.poetry.evaluation.learning import Report, learned, opened, saved
from gansuite.poetry.evaluation.networks import Style
from gansuite.poetry.evaluation.reading import read_words
from gansuite.poetry.negatives import disordered, paragraphic

NAME = "style-judge"
STEPS, BATCH, CHUNK = 1200, 128, 512
FEWEST = 4  # poems to learn from
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StyleJudge:
    """A trained judge."""

    network: Style

    @staticmethod
    def train(
        verse: Verse, generated: Sequence[str] = (), seed: int = 0, steps: int = STEPS, report: Report | None = None
    ) -> StyleJudge:
        """Learn to tell poems from what is none; half of what it sees are poems.

        Args:
            verse: poems to train on and prose; those of the judges' half are used.
            generated: poems by models, so that theirs count as none; without them it knows disorder and prose only.
            seed: of weights and order.
            steps: of 128 texts.
            report: called with (step, loss) now and then.

        Raises:
            GansuiteError: the judges' half holds too few poems.
        """
        rows = verse.train[half_of(verse.corpus)[verse.train] == JUDGE]
        if len(rows) < FEWEST:
            raise GansuiteError(
                f"A judge of style has {len(rows)} poems to learn from.",
                "Give more poems, of several authors: half of the authors are the judge's.",
            )
        deck = _Deck(verse.corpus.poems.take(rows), verse.corpus.prose, generated, seed)
        return StyleJudge(learned(Style, deck.loss, "style", seed, steps, report))

    def poeticness(self, poems: Sequence[str]) -> Floats:
        """How likely each text is a poem by a person, (N,), 0..1, where half of all are."""
        words = torch.from_numpy(read_words(poems))
        with torch.inference_mode():
            parts = [self.network(words[start : start + CHUNK]).sigmoid() for start in range(0, len(words), CHUNK)]
        return np.asarray(torch.cat(parts).double().numpy()) if parts else np.zeros(0)

    def save(self, folder: Path, card: Card | str, training: Mapping[str, Any] | None = None) -> Path:
        """Write it as a model folder."""
        return saved(folder, NAME, self.network, card, training)

    @staticmethod
    def open(folder: Path) -> StyleJudge:
        """The judge in a model folder.

        Raises:
            GansuiteError: it holds no judge of style, or a damaged one.
        """
        return StyleJudge(opened(folder, NAME, Style))


class _Deck:
    """Poems, and as many texts that are none, of each kind alike."""

    def __init__(self, poems: list[str], prose: Sequence[str], generated: Sequence[str], seed: int) -> None:
        self.poems, self.prose, self.generated, self.seed = poems, prose, generated, seed
        self.kinds = [self._disordered, *([self._prose] if len(prose) else []), *([self._made] if generated else [])]

    def loss(self, network: Style, step: int) -> torch.Tensor:
        """How wrong the network is about the texts of a step."""
        words, wanted = self.deal(step)
        return functional.binary_cross_entropy_with_logits(network(words), wanted)

    def deal(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Words (B, L), and 1 for poems, 0 for others (B,)."""
        draw = torch.randint(0, 1 << 40, (BATCH,), generator=generator(self.seed, "style/batch", step)).tolist()
        half = BATCH // 2
        real = [self.poems[number % len(self.poems)] for number in draw[:half]]
        others = [self.kinds[place % len(self.kinds)](number) for place, number in enumerate(draw[half:])]
        return torch.from_numpy(read_words([*real, *others])), (torch.arange(BATCH) < half).float()

    def _disordered(self, number: int) -> str:
        return disordered(self.poems, number % len(self.poems), number)

    def _prose(self, number: int) -> str:
        return paragraphic(
            self.prose[number % len(self.prose)], self.poems[number // 7 % len(self.poems)], self.seed, number
        )

    def _made(self, number: int) -> str:
        return self.generated[number % len(self.generated)]
