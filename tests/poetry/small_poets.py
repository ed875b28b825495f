"""A poet of a few hundred weights, its vocabulary, and verses of numbers to learn from."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from gansuite.poetry.controls import Controls
from gansuite.poetry.games.likelihood import Poems
from gansuite.poetry.networks.poet import Poet, PoetConfig
from gansuite.poetry.prompts import Prompter
from gansuite.poetry.split import Ints
from gansuite.poetry.tokens import special_names

WORDS, FEATURES, PLACES = 20, 6, 2
NAMES = [*special_names(), *(f"word {number}" for number in range(WORDS))]
VOCABULARY = {name: number for number, name in enumerate(NAMES)}
FIRST = len(NAMES) - WORDS
PROMPTER = Prompter(VOCABULARY, PLACES)
TINY = PoetConfig(len(NAMES), width=16, layers=2, heads=2, positions=40, places=PLACES)
ASKED = Controls(lines=4, length=1, mood=2, era=3, rhyme="-A-A")


def poet(seed: int = 0, picture: int = FEATURES) -> Poet:
    """A poet who knows nothing yet; its weights are larger than those of a large one, so that it has opinions."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = Poet(TINY, picture, PROMPTER.image)
        for name, parameter in made.named_parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.5 if "wte" in name else 0.3)
    return made


def verses(count: int, seed: int = 0, shortest: int = 2, longest: int = 7) -> list[Ints]:
    """Poems of words by chance."""
    draw = np.random.default_rng(seed)
    return [draw.integers(FIRST, len(NAMES), draw.integers(shortest, longest + 1)) for _ in range(count)]


def codes(count: int, seed: int = 0) -> Tensor:
    """Of so many pictures: (count, FEATURES)."""
    return torch.randn(count, FEATURES, generator=torch.Generator().manual_seed(seed))


class Shelf:
    """A source of verses, all asked for alike; every second one goes with pictures."""

    def __init__(self, count: int, pictures: int = 4) -> None:
        self.poems = verses(count)
        self.pictures = [np.arange(row % 2 * (1 + row % pictures)) for row in range(count)]

    def __len__(self) -> int:
        return len(self.poems)

    def take(self, indices: Ints) -> Poems:
        rows = indices.tolist()
        return Poems([self.poems[row] for row in rows], [ASKED] * len(rows), [self.pictures[row] for row in rows])
