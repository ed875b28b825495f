"""A small game for tests: points of the plane, played for by small networks without batch norm."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gansuite.core import penalties
from gansuite.core.engine import World
from gansuite.core.game import Losses
from gansuite.core.objectives import objective
from gansuite.core.randomness import Draw
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer

Trouble = Callable[[Draw], bool]
ENDLESS = Budget(images=10**9)


class Points:
    """A `Source` of real points: float32 (N, 2)."""

    def __init__(self, points: np.ndarray) -> None:
        self.points = torch.from_numpy(points.astype(np.float32))

    def __len__(self) -> int:
        return len(self.points)

    def take(self, indices: np.ndarray) -> Tensor:
        """(B,) -> (B, 2)."""
        return self.points[torch.from_numpy(indices)]


def ring(modes: int = 8, radius: float = 1.0) -> np.ndarray:
    """Centres on a circle: (modes, 2)."""
    angles = 2 * math.pi * np.arange(modes) / modes
    return radius * np.stack([np.cos(angles), np.sin(angles)], 1)


def grid(side: int = 5, distance: float = 0.5) -> np.ndarray:
    """Centres on a square grid around the origin: (side^2, 2)."""
    axis = (np.arange(side) - (side - 1) / 2) * distance
    return np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)


def gaussians(centres: np.ndarray, sigma: float, each: int, seed: int = 0) -> np.ndarray:
    """`each` points around each centre: (modes * each, 2)."""
    noise = np.random.default_rng(seed).normal(0, sigma, (len(centres), each, 2))
    return (centres[:, None] + noise).reshape(-1, 2)


@dataclass(frozen=True)
class Rules:
    """How the toy is played.

    Attributes:
        objective, real_target, r1, r2, gradient_penalty: as for the image game.
        pairs: how many generators, each against a discriminator of its own.
        latent, width, depth: sizes of the networks.
        convolution: a last layer of D whose weights lie in memory as channels last.
        rest: where only the first pair plays.
        trouble: where the discriminators' loss becomes NaN.
        generator_trouble: where the generators' loss becomes NaN.
    """

    objective: str = "non-saturating"
    real_target: float = 1.0
    r1: float = 0.0
    r2: float = 0.0
    gradient_penalty: float = 0.0
    pairs: int = 1
    latent: int = 4
    width: int = 16
    depth: int = 2
    convolution: bool = False
    rest: Trouble = lambda draw: False
    trouble: Trouble = lambda draw: False
    generator_trouble: Trouble = lambda draw: False


class Patch(nn.Module):
    """(B, 2W) -> (B, 2): a convolution over a picture of 2 x 2, with channels last in memory."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inside = nn.Conv2d(width // 4, 8, 2, padding=1)
        self.outside = nn.Conv2d(8, 1, 3)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        picture = x.view(len(x), -1, 2, 2).contiguous(memory_format=torch.channels_last)
        y: Tensor = self.outside(torch.tanh(self.inside(picture)))
        return y.flatten(1)


def network(inputs: int, outputs: int, rules: Rules, convolution: bool = False) -> nn.Sequential:
    """A plain perceptron with rectifiers."""
    sizes = [inputs, *[rules.width] * rules.depth]
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers, Patch(rules.width) if convolution else nn.Linear(rules.width, outputs))


class ToyGame:
    """A `Game` on points: every pair plays the same game, with its own latents."""

    def __init__(self, rules: Rules, seed: int = 0) -> None:
        self.rules = rules
        self.objective = objective(rules.objective, rules.real_target)
        names = [chr(ord("a") + i) for i in range(rules.pairs)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.generators: Mapping[str, nn.Module] = {n: network(rules.latent, 2, rules) for n in names}
            self.discriminators: Mapping[str, nn.Module] = {n: network(2, 1, rules, rules.convolution) for n in names}
        self.mood = 0.0

    def generate(self, batch: Tensor, draw: Draw) -> dict[str, Tensor]:
        """Points by the name of their generator: (B, 2) each."""
        playing = "a" if self.rules.rest(draw) else "".join(self.generators)
        return {n: self.generators[n](draw.normal(f"z-{n}", self.rules.latent)) for n in playing}

    def discriminator_losses(self, batch: Tensor, fakes: Mapping[str, Tensor], draw: Draw) -> Losses:
        """One term for each discriminator."""
        logits = {n: (self.critic(n)(batch), self.critic(n)(fakes[n])) for n in fakes}
        bad = math.nan if self.rules.trouble(draw) else 1.0
        terms = {f"discriminator-{n}": self.objective.discriminator(a, b) * bad for n, (a, b) in logits.items()}
        signs = torch.stack([a.detach().sign().mean() for a, _ in logits.values()])
        return Losses(terms, {"real_sign": signs.mean()})

    def penalties(self, batch: Tensor, fakes: Mapping[str, Tensor], draw: Draw) -> Losses:
        """Those that the rules ask for, summed over the discriminators."""
        named = [self._penalties(n, batch, fakes[n], draw) for n in fakes]
        return Losses({key: torch.stack([terms[key] for terms in named]).sum() for key in named[0]})

    def _penalties(self, name: str, real: Tensor, fake: Tensor, draw: Draw) -> dict[str, Tensor]:
        r, critic, u = self.rules, self.critic(name), draw.uniform(f"between-{name}")
        terms = {}
        if r.r1:
            terms["r1"] = penalties.r1(critic, real, r.r1)
        if r.r2:
            terms["r2"] = penalties.r2(critic, fake, r.r2)
        if r.gradient_penalty:
            terms["wgan_gp"] = penalties.wgan_gp(critic, real, fake, u, r.gradient_penalty)
        return terms

    def generator_losses(self, batch: Tensor, fakes: Mapping[str, Tensor], draw: Draw) -> Losses:
        """One term for each generator."""
        bad = math.nan if self.rules.generator_trouble(draw) else 1.0
        terms = {}
        for n in fakes:
            a = self.critic(n)(batch) if self.objective.paired else None
            terms[f"generator-{n}"] = self.objective.generator(self.critic(n)(fakes[n]), a) * bad
        return Losses(terms)

    def critic(self, name: str) -> Callable[[Tensor], Tensor]:
        """The discriminator as a function to logits (B,)."""
        return lambda x: self.discriminators[name](x).squeeze(1)

    def adapt(self, signals: Mapping[str, float], images: int) -> Mapping[str, float]:
        """A mood that follows the sign on real works, so that something has to be remembered."""
        self.mood += 0.01 * images * signals["real_sign"]
        return {"mood": self.mood}

    def state(self) -> dict[str, float]:
        """The mood."""
        return {"mood": self.mood}

    def restore(self, state: Mapping[str, float]) -> None:
        """Back to a remembered mood."""
        self.mood = state["mood"]


def toy(
    rules: Rules | None = None,
    recipe: Recipe | None = None,
    budget: Budget = ENDLESS,
    seed: int = 0,
    world: World | None = None,
    points: np.ndarray | None = None,
) -> Trainer:
    """A trainer of the toy on a ring of eight Gaussians, batches of 16 unless told otherwise."""
    source = Points(gaussians(ring(), 0.05, 25) if points is None else points)
    recipe = recipe or Recipe(batch_size=16, generator_lr=1e-3, discriminator_lr=1e-3)
    return Trainer(ToyGame(rules or Rules(), seed), source, recipe, budget, seed, world or World())


def weights(trainer: Trainer) -> dict[str, Tensor]:
    """Every weight of every player and of every average, by a name."""
    found: dict[str, Tensor] = {}
    for kind, modules in (
        ("generator", trainer.game.generators),
        ("discriminator", trainer.game.discriminators),
        ("average", {n: a.module for n, a in trainer.averages.items()}),
    ):
        for name, module in modules.items():
            found |= {f"{kind}/{name}/{k}": v.detach().clone() for k, v in module.state_dict().items()}
    return found


def fingerprint(state: Mapping[str, Any]) -> str:
    """sha256 over all weights, averages, optimisers and counters of a trainer's state, but not its clock."""
    digest = hashlib.sha256()
    _feed(digest, {k: v for k, v in state.items() if k != "seconds"})
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            digest.update(f"{key}:".encode())
            _feed(digest, value[key])
    elif isinstance(value, Tensor):
        digest.update(value.detach().contiguous().cpu().numpy().tobytes())
    elif isinstance(value, list | tuple):
        for item in value:
            _feed(digest, item)
    else:
        digest.update(f"{value!r};".encode())


def largest_gap(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    """The largest difference of any weight."""
    assert one.keys() == other.keys()
    return max(float((one[k].double() - other[k].double()).abs().max()) for k in one)
