"""A world whose truth is known: sequences of a random recurrent network (SeqGAN: Yu et al. 2017, section 4).

    python tests/poetry/oracle.py

prints, for some seeds, how far what three poets write is from that truth: after maximum likelihood, after as many more
rounds as the adversarial stage takes but without a reward, and after that stage; and the first at lower temperatures.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gansuite.core.engine import World
from gansuite.core.randomness import Draw
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer
from gansuite.poetry.controls import Controls
from gansuite.poetry.games.adversarial import AdversarialGame, GameConfig
from gansuite.poetry.games.judging import Lesson
from gansuite.poetry.games.likelihood import LikelihoodConfig, LikelihoodGame, Poems
from gansuite.poetry.games.rollout import Manner, decoder_of, roll_out, variety_of
from gansuite.poetry.negatives import STYLES
from gansuite.poetry.networks.critics import MATCHES, Critic, CriticConfig
from gansuite.poetry.networks.poet import Poet, PoetConfig
from gansuite.poetry.prompts import Prompter
from gansuite.poetry.split import Ints
from gansuite.poetry.tokens import special_names

WORDS, LENGTH, KNOWN, WRITTEN, BATCH = 20, 10, 8_000, 2_000, 64
LEARNT, ALONE, REWARDED = 300, 160, 80  # rounds: likelihood, critics by themselves, with a reward
NAMES = [*special_names(), *(f"word {number}" for number in range(WORDS))]
FIRST = len(NAMES) - WORDS
PROMPTER = Prompter({name: number for number, name in enumerate(NAMES)}, places=1)
NOBODY_SEEN = torch.zeros(KNOWN, 4)
RULES = GameConfig(
    "style",
    tokens=LENGTH + 1,
    kl=0.01,
    patience=ALONE * BATCH,
    sure=1.0,
    most_kl=9.0,
    least_variety=0.2,
)
RECIPE = Recipe(BATCH, optimiser="muon", generator_lr=1e-3, discriminator_lr=5e-3, beta1=0.9, half_life=1_000)


class Oracle(nn.Module):
    """A recurrent network with large random weights: its next word is far from chance, and far from sure."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Embedding(WORDS + 1, 32)
        self.lstm = nn.LSTM(32, 32, batch_first=True)
        self.word = nn.Linear(32, WORDS)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=1.0)

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Sequences (count, LENGTH)."""
        ids, state = torch.full((count, 1), WORDS), None
        found = []
        for _ in range(LENGTH):
            heard, state = self.lstm(self.token(ids), state)
            ids = torch.multinomial(self.word(heard[:, -1]).softmax(-1), 1, generator=generator)
            found.append(ids)
        return torch.cat(found, 1)

    @torch.no_grad()
    def nats(self, ids: Tensor) -> float:
        """-log p of a word of sequences (N, LENGTH), in the mean."""
        before = torch.cat([torch.full((len(ids), 1), WORDS), ids[:, :-1]], 1)
        logits = self.word(self.lstm(self.token(before))[0])
        return float(nn.functional.cross_entropy(logits.flatten(0, 1), ids.flatten()))


class Texts:
    """The oracle's sequences, for the poet alone and for the poet with its critics."""

    def __init__(self, words: Ints, adversarial: bool) -> None:
        self.words, self.adversarial = words, adversarial

    def __len__(self) -> int:
        return len(self.words)

    def take(self, indices: Ints) -> Any:
        real = list(self.words[indices])
        asked = [Controls()] * len(real)
        if not self.adversarial:
            return Poems(real, asked, [np.zeros(1, np.int64)] * len(real))
        draw = np.random.default_rng(indices)
        shuffled = [draw.permutation(row) for row in real]
        noise = list(draw.integers(FIRST, len(NAMES), (len(real), LENGTH)))
        others = list(self.words[draw.integers(0, len(self), len(real))])
        return Lesson(NOBODY_SEEN[: len(real)], asked, real, others, shuffled, noise)


@dataclass(frozen=True)
class Known:
    """An oracle, what it said, and a poet who learnt that by heart."""

    oracle: Oracle
    words: Ints
    poet: Poet


@dataclass(frozen=True)
class Figures:
    """Of what a poet writes, in nats a word.

    Attributes:
        nats: -log p under the oracle.
        own: -log p under the poet itself: its entropy.
        variety: distinct-2.
        whole: share of the sequences that are as long as the oracle's; the others are left out.
    """

    nats: float
    own: float
    variety: float
    whole: float

    @property
    def apart(self) -> float:
        """KL(poet | oracle): that a poet says the same again and again brings it no nearer."""
        return self.nats - self.own


def known_world(seed: int) -> Known:
    """An oracle, and a poet of fewer weights that was trained on it until its rate has fallen to a twentieth."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        oracle = Oracle()
        words = oracle.sample(KNOWN, torch.Generator().manual_seed(seed)).numpy() + FIRST
        sizes = PoetConfig(len(NAMES), width=8, layers=1, heads=2, positions=32, places=1)
        poet = Poet(sizes, NOBODY_SEEN.shape[1], PROMPTER.image)
    game = LikelihoodGame(poet, PROMPTER, NOBODY_SEEN, LikelihoodConfig(picture_dropped=0), 1.0 + LENGTH)
    recipe = replace(RECIPE, generator_lr=5e-3, half_life=3_000, final_lr=0.05)
    trainer = Trainer(game, Texts(words, adversarial=False), recipe, Budget(LEARNT * BATCH), seed, World())
    return Known(oracle, words, poet_after(trainer, LEARNT))


def learning_alone(world: Known, seed: int) -> Trainer:
    """The adversarial stage, when the critics have learnt alone and the reward is about to count."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        critics = [Critic(len(NAMES), len(STYLES), 0, CriticConfig(token=32, width=64))]
        critics.append(Critic(len(NAMES), len(MATCHES), NOBODY_SEEN.shape[1], CriticConfig(token=4, width=4)))
    style, relevance = critics
    poet = deepcopy(world.poet).requires_grad_(True)
    game = AdversarialGame(poet, world.poet, relevance, style, PROMPTER, RULES, 1.0 + LENGTH)
    budget = Budget((ALONE + REWARDED) * BATCH)
    trainer = Trainer(game, Texts(world.words, adversarial=True), RECIPE, budget, seed, World())
    poet_after(trainer, ALONE)
    return trainer


def poet_after(trainer: Trainer, rounds: int) -> Poet:
    for _ in range(rounds):
        trainer.step()
    poet = trainer.averages["generator"].module
    assert isinstance(poet, Poet)
    return poet


def rewarded(alone: Trainer, objective: str) -> Poet:
    """The rounds that are left, with a reward or without; what was learnt alone stays as it is."""
    trainer = deepcopy(alone)
    assert isinstance(trainer.game, AdversarialGame)
    trainer.game.config = replace(RULES, objective=objective)
    return poet_after(trainer, REWARDED)


def figures(world: Known, poet: Poet, temperature: float = 1.0, seed: int = 1) -> Figures:
    """Of sequences that a poet writes."""
    asked, manner = [Controls()] * WRITTEN, Manner(most=LENGTH + 1, temperature=temperature)
    draw = Draw(seed, 0, WRITTEN, slice(None))
    written = roll_out(decoder_of(poet), PROMPTER, NOBODY_SEEN[:WRITTEN], asked, draw, manner).tokens
    whole = [poem for poem in written if len(poem) == LENGTH]
    ids = torch.from_numpy(np.stack(whole))
    own = own_nats(poet, ids, temperature)
    return Figures(world.oracle.nats(ids - FIRST), own, variety_of(whole[: WRITTEN // 4]), len(whole) / WRITTEN)


def own_nats(poet: Poet, ids: Tensor, temperature: float) -> float:
    """-log p of a word of sequences (N, LENGTH) under the poet, among words alone."""
    decoder, prompt = decoder_of(poet), torch.tensor([PROMPTER.prompt(Controls(), True)] * len(ids))
    embedded = decoder.embed(torch.cat([prompt, ids[:, :-1]], 1), NOBODY_SEEN[: len(ids)])
    logits, _ = decoder.read(embedded, decoder.empty(len(ids)))
    words = logits[:, prompt.shape[1] - 1 :, FIRST:] / temperature
    return float(nn.functional.cross_entropy(words.flatten(0, 1), (ids - FIRST).flatten()))


def cooled(world: Known, own: float) -> Figures:
    """The likelihood poet at the temperature at which its entropy is `own`: what mere sharpening gives."""
    low, high = 0.3, 1.2
    for _ in range(7):
        middle = (low + high) / 2
        low, high = (middle, high) if figures(world, world.poet, middle).own < own else (low, middle)
    return figures(world, world.poet, (low + high) / 2)


def main() -> None:
    """Print what three poets write, seed by seed."""
    torch.set_num_threads(1)
    for seed in range(3):
        world = known_world(seed)
        print(f"seed {seed}: oracle itself {world.oracle.nats(torch.from_numpy(world.words) - FIRST):.3f}")
        alone = learning_alone(world, seed)
        rows = {"likelihood": figures(world, world.poet)}
        rows |= {f"reward {name}": figures(world, rewarded(alone, name)) for name in ("none", "style")}
        rows["cooled"] = cooled(world, rows["reward style"].own)
        for name, row in rows.items():
            print(f"  {name:14} {row.nats:.3f} own {row.own:.3f} KL {row.apart:.3f} distinct-2 {row.variety:.3f}")


if __name__ == "__main__":
    main()
