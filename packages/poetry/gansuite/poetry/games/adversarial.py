"""The poet against its two critics: a policy gradient on what they say of every token (Liu et al. 2018, section 4.4).

B pictures, k poems for each, N = B k of them, L tokens, F features of a code, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.game import Losses
from gansuite.core.randomness import Draw
from gansuite.core.trainer import NonFinite
from gansuite.poetry.controls import Controls
from gansuite.poetry.games.judging import Bench, Lesson
from gansuite.poetry.games.likelihood import packed_poems
from gansuite.poetry.games.rollout import Manner, Poems, decoder_of, returns, roll_out, variety_of
from gansuite.poetry.networks.critics import Critic
from gansuite.poetry.networks.poet import Poet
from gansuite.poetry.packing import Packed
from gansuite.poetry.prompts import Prompter
from gansuite.poetry.split import Ints

REWARDS = ("both", "relevance", "style", "none")  # the paper's two by two


@dataclass(frozen=True)
class GameConfig:
    """What the poet and its critics play for.

    Attributes:
        objective: which critics reward the poet: both, relevance, style or none.
        mix: lambda, the share of relevance in the reward; the rest is style (Liu et al. 2018: 0.8).
        samples: k, poems for each picture; at least 2, for each is measured by the others.
        tokens: the longest poem that is sampled.
        kl: beta, weight of the divergence from the likelihood model, in nats a token.
        likelihood: weight of real pairs' likelihood in the same step.
        smoothing: of the critics' labels.
        clip: the most that one whitened reward may say.
        sure: share of fresh poems that a critic may tell before it stops learning.
        patience: works over which the critics learn alone, after what they know already.
        most_kl: nats a token from which on the poet is called back.
        least_variety: share of the different pairs of words that must remain of what there was at first.
    """

    objective: str = "both"
    mix: float = 0.6
    samples: int = 4
    tokens: int = 72
    kl: float = 0.1
    likelihood: float = 0.3
    smoothing: float = 0.1
    clip: float = 3.0
    sure: float = 0.9
    patience: float = 200
    most_kl: float = 0.5
    least_variety: float = 0.85

    def __post_init__(self) -> None:
        if self.objective not in REWARDS:
            raise GansuiteError(
                f"There is no reward called '{self.objective}'.", did_you_mean(self.objective, list(REWARDS))
            )
        if self.samples < 2:
            raise GansuiteError(
                f"samples is {self.samples}, but each poem is measured by the others for its picture.",
                "Use samples = 4.",
            )
        if not 0 <= self.mix <= 1:
            raise GansuiteError(f"mix is {self.mix:g}, but is a share, 0 to 1.", "Use mix = 0.6.")

    @property
    def weights(self) -> tuple[float, float]:
        """Of relevance and of style."""
        return {
            "both": (self.mix, 1 - self.mix),
            "relevance": (1.0, 0.0),
            "style": (0.0, 1.0),
            "none": (0.0, 0.0),
        }[self.objective]


class AdversarialGame:
    """A `Game` on `Lesson`s: one poet, two critics.

    Args:
        poet: learns to please.
        reference: the likelihood model, which stays as it is.
        relevance, style: the critics: see `Bench`.
        prompter: writes what stands before a poem.
        config: what they play for.
        length: tokens of a poem in the mean.
    """

    def __init__(
        self,
        poet: Poet,
        reference: Poet,
        relevance: Critic,
        style: Critic,
        prompter: Prompter,
        config: GameConfig,
        length: float,
    ) -> None:
        self.generators = {"generator": poet}
        self.discriminators = {"relevance": relevance, "style": style}
        self.poet = poet
        self.bench = Bench(relevance, style, prompter.end, config.tokens, config.smoothing)
        self.reference = reference.eval().requires_grad_(False)
        self.prompter, self.config, self.length = prompter, config, length
        self.seen, self.variety, self.first_variety = 0.0, 0.0, 0.0
        self.told = {"relevance": 0.0, "style": 0.0}

    # ------------------------------------------------------------------ the three calls

    @torch.no_grad()
    def generate(self, batch: Lesson, draw: Draw) -> Poems:
        """k poems for each picture, sampled as the poet would write them: at temperature 1, from all tokens.

        While the critics learn alone, one is enough.
        """
        k = self.config.samples if self.rewarded else 1
        poet, manner = decoder_of(self.poet), Manner(k, self.config.tokens)
        return roll_out(poet, self.prompter, batch.codes, batch.controls, draw, manner)

    def discriminator_losses(self, batch: Lesson, fakes: Poems, draw: Draw) -> Losses:
        """What the critics lose; one that tells nearly all that is written rests."""
        found = self.bench.losses(batch, _one_each(fakes, batch), batch.codes)
        rest = {name: float(self.told[name] <= self.config.sure) for name in found.terms}
        return Losses({name: loss * rest[name] for name, loss in found.terms.items()}, found.signals)

    def penalties(self, batch: Lesson, fakes: Poems, draw: Draw) -> Losses:
        """None: labels are smoothed instead."""
        return Losses({})

    def generator_losses(self, batch: Lesson, fakes: Poems, draw: Draw) -> Losses:
        """Policy gradient, divergence from the likelihood model, and likelihood of the real pairs."""
        c = self.config
        variety = torch.tensor(variety_of(_one_each(fakes, batch)), device=batch.codes.device)
        likelihood = {"likelihood": c.likelihood * self._likelihood(batch)}
        if not self.rewarded:
            return Losses(likelihood, {"kl": torch.zeros_like(variety), "variety": variety})
        policy, divergence, rewards = self._policy(batch, fakes)
        terms = {"policy": policy, "divergence": c.kl * divergence, **likelihood}
        return Losses(terms, {"kl": divergence.detach(), "variety": variety, **rewards})

    @property
    def rewarded(self) -> bool:
        """Whether the critics have learnt enough by themselves for their word to count."""
        return self.seen >= self.config.patience

    # ------------------------------------------------------------------ the guard

    def adapt(self, signals: Mapping[str, float], images: int) -> Mapping[str, float]:
        """Count, and call the poet back when it leaves its band.

        Raises:
            NonFinite: it has gone too far from the likelihood model, or always says the same.
        """
        c = self.config
        self.seen += images
        for name in self.told:
            self.told[name] += 0.1 * (signals[f"told_{name}"] - self.told[name])
        self.variety += (0.1 if self.variety else 1.0) * (signals["variety"] - self.variety)
        if self.seen <= c.patience or not self.first_variety:
            self.first_variety = self.variety
        elif signals["kl"] > c.most_kl:
            raise NonFinite(f"the poet is {signals['kl']:.2f} nats a token from the likelihood model")
        elif self.variety < c.least_variety * self.first_variety:
            raise NonFinite(f"of its pairs of words {self.variety:.0%} differ, at first {self.first_variety:.0%}")
        return {}

    def state(self) -> dict[str, float]:
        """What is counted."""
        counted = {"seen": self.seen, "variety": self.variety, "first_variety": self.first_variety}
        return {**counted, **{f"told_{name}": share for name, share in self.told.items()}}

    def restore(self, state: Mapping[str, float]) -> None:
        """Back to a remembered state."""
        self.seen, self.variety, self.first_variety = (state[name] for name in ("seen", "variety", "first_variety"))
        self.told = {name: state[f"told_{name}"] for name in self.told}

    # ------------------------------------------------------------------ the poet's losses

    def _policy(self, batch: Lesson, fakes: Poems) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """The policy's loss, KL(poet | likelihood model) in nats a token, and the mean rewards."""
        codes = batch.codes.repeat_interleave(self.config.samples, 0)
        controls = [one for one in batch.controls for _ in range(self.config.samples)]
        packed = packed_poems(self.prompter, fakes.tokens, controls, [True] * len(controls), fakes.ended)
        packed = packed.to(codes.device)
        logits, chosen = self.poet.logits(packed, codes)
        with torch.no_grad():
            believed = self.reference.logits(packed, codes)[0].float().log_softmax(-1)
        chances = logits.float().log_softmax(-1)
        divergence = (chances.exp() * (chances - believed)).sum(-1).mean()
        said = chances.gather(1, packed.target[chosen][:, None])[:, 0]
        advantage, rewards = self._advantage(fakes, codes, packed, chosen)
        return -(advantage * said).sum() / (len(fakes.tokens) * self.length), divergence, rewards

    def _advantage(
        self, fakes: Poems, codes: Tensor, packed: Packed, chosen: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The advantage of every token that was sampled, in the order of the packed rows; and the mean rewards."""
        style, relevance, there = self.bench.potentials(fakes.tokens, codes)
        assert relevance is not None
        last = there.sum(1, keepdim=True) - 1
        said = {"relevance": relevance.gather(1, last).mean(), "style": style.gather(1, last).mean()}
        advantage = torch.zeros_like(style)
        for weight, potential in zip(self.config.weights, (relevance, style), strict=True):
            if weight:
                advantage += weight * returns(potential, there, self.config.samples, self.config.clip)
        place = packed.position[chosen] + 1 - len(self.prompter.prompt(Controls(), True))
        return advantage[packed.owner[chosen], place], said

    def _likelihood(self, batch: Lesson) -> Tensor:
        """-log p of a token of the real pairs, with their pictures."""
        packed = packed_poems(self.prompter, batch.paired, batch.controls, [True] * len(batch.paired))
        chances, _ = self.poet.log_probabilities(packed.to(batch.codes.device), batch.codes)
        return -chances.sum() / (len(batch.paired) * self.length)


def _one_each(fakes: Poems, batch: Lesson) -> Sequence[Ints]:
    """The first of the poems for each picture: as many as there are real ones."""
    return fakes.tokens[:: len(fakes.tokens) // len(batch.paired)]
