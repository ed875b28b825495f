"""A world whose truth is known: sequences of a random recurrent network (SeqGAN: Yu et al. 2017, section 4).

    python benchmarks/poetry_oracle.py

How likely the poet's sequences are to that network is measured exactly: after maximum likelihood, after as many more
rounds without a reward, and after the adversarial stage, with the code that trains poems. The last should be below both
others. It is not yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gansuite.core.engine import World
from gansuite.core.game import Game
from gansuite.core.randomness import Draw
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer
from gansuite.poetry.controls import Controls
from gansuite.poetry.games.adversarial import AdversarialGame, GameConfig, Lesson
from gansuite.poetry.games.likelihood import LikelihoodConfig, LikelihoodGame, Poems
from gansuite.poetry.games.rollout import Manner, decoder_of, roll_out
from gansuite.poetry.negatives import STYLES
from gansuite.poetry.networks.critics import MATCHES, Critic, CriticConfig
from gansuite.poetry.networks.poet import Poet, PoetConfig
from gansuite.poetry.prompts import Prompter
from gansuite.poetry.tokens import special_names

WORDS, LENGTH, KNOWN = 60, 10, 6000
CPU = World()
NAMES = [*special_names(), *(f"word {number}" for number in range(WORDS))]
VOCABULARY = {name: number for number, name in enumerate(NAMES)}
FIRST = len(NAMES) - WORDS
NOBODY_SEEN = torch.zeros(KNOWN, 4)


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

    def __init__(self, words: np.ndarray, adversarial: bool) -> None:
        self.words, self.adversarial = words + FIRST, adversarial

    def __len__(self) -> int:
        return len(self.words)

    def take(self, indices: np.ndarray) -> Any:
        real = list(self.words[indices])
        asked = [Controls()] * len(real)
        if not self.adversarial:
            return Poems(real, asked, [np.zeros(1, np.int64)] * len(real))
        draw = np.random.default_rng(indices)
        shuffled = [draw.permutation(row) for row in real]
        noise = list(draw.integers(FIRST, len(NAMES), (len(real), LENGTH)))
        others = list(self.words[draw.integers(0, len(self), len(real))])
        return Lesson(NOBODY_SEEN[: len(real)], asked, real, others, shuffled, noise)


def trained(game: Game, source: Texts, recipe: Recipe, steps: int) -> Trainer:
    trainer = Trainer(game, source, recipe, Budget(steps * recipe.batch_size), 0, CPU)
    for _ in range(steps):
        trainer.step()
    return trainer


def oracle_nats(oracle: Oracle, poet: Poet, prompter: Prompter, count: int = 500) -> float:
    draw = Draw(1, 0, count, slice(None))
    written = roll_out(
        decoder_of(poet), prompter, torch.zeros(count, 4), [Controls()] * count, draw, Manner(most=LENGTH)
    )
    whole = [row for row in written.tokens if len(row) == LENGTH]
    assert len(whole) > 0.9 * count
    return oracle.nats(torch.from_numpy(np.stack(whole)) - FIRST)


def make_world() -> Mapping[str, Any]:
    """The oracle, what it said, and a poet trained on it until more training makes it worse."""
    torch.manual_seed(0)
    oracle, generator = Oracle(), torch.Generator().manual_seed(0)
    words = oracle.sample(KNOWN, generator).numpy()
    prompter = Prompter(VOCABULARY, places=1)
    poet = Poet(PoetConfig(len(NAMES), width=32, layers=1, heads=2, positions=32, places=1), 4, prompter.image)
    game = LikelihoodGame(poet, prompter, NOBODY_SEEN, LikelihoodConfig(picture_dropped=0), 1.0 + LENGTH)
    recipe = Recipe(batch_size=64, optimiser="muon", generator_lr=3e-3, beta1=0.9, half_life=3_000, final_lr=0.05)
    learnt = trained(game, Texts(words, adversarial=False), recipe, 300).averages["generator"].module
    return {"oracle": oracle, "words": words, "prompter": prompter, "poet": learnt}


def after_the_game(world: Mapping[str, Any], objective: str) -> float:
    """What the oracle says of the poet after 140 rounds, the same ones whichever critics reward it."""
    poet, prompter = deepcopy(world["poet"]).requires_grad_(True), world["prompter"]
    torch.manual_seed(1)
    sizes = CriticConfig(token=32, width=48)
    critics = Critic(len(NAMES), len(MATCHES), 4, sizes), Critic(len(NAMES), len(STYLES), 0, sizes)
    rules = GameConfig(
        objective, tokens=LENGTH, kl=0.01, likelihood=0.05, patience=2_500, sure=1.0, most_kl=9.0, least_variety=0.2
    )
    game = AdversarialGame(poet, world["poet"], *critics, prompter, rules, 1.0 + LENGTH)
    recipe = Recipe(
        batch_size=64, generator_lr=3e-3, discriminator_lr=5e-3, beta1=0.5, half_life=1_000, penalty_interval=100
    )
    played = trained(game, Texts(world["words"], adversarial=True), recipe, 140)
    return oracle_nats(world["oracle"], played.averages["generator"].module, prompter)


def main() -> None:
    """Print -log p of a word under the oracle, in nats, of what three poets write."""
    torch.set_num_threads(1)
    world = make_world()
    print(f"oracle itself: {world['oracle'].nats(torch.from_numpy(world['words'])):.3f}")
    print(f"likelihood: {oracle_nats(world['oracle'], world['poet'], world['prompter']):.3f}")
    for objective in ("none", "style"):
        print(f"reward {objective}: {after_the_game(world, objective):.3f}")


if __name__ == "__main__":
    main()
