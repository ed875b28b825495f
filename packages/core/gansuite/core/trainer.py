"""The adversarial loop of the paper: discriminators improve k times, the generators once, the average follows.

The trainer draws no progress bar and opens no file. A session drives it, saves it and shows it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from gansuite.core import randomness, schedules
from gansuite.core.average import Average
from gansuite.core.engine import World, autocast, check_compile, check_precision
from gansuite.core.errors import GansuiteError
from gansuite.core.game import Game, Losses
from gansuite.core.optimisers import Muon, check_optimiser
from gansuite.core.randomness import Draw

Metrics = dict[str, float]
Part = tuple[str, Losses, float]  # how its terms are logged, the losses, their weight


class Source(Protocol):
    """Where real works come from."""

    def __len__(self) -> int:
        """How many works there are."""

    def take(self, indices: np.ndarray) -> Any:
        """The works at these indices (B,), on the device, as the game's batch."""


class NonFinite(Exception):
    """A loss or a gradient was not finite on some rank; no weight has been touched in this half-step."""


@dataclass(frozen=True)
class Recipe:
    """How the players learn.

    Attributes:
        batch_size: real works per step, over all processes and micro-batches.
        critic_steps: discriminator steps per generator step (k in Goodfellow et al. 2014, algorithm 1).
        accumulate: micro-batches whose gradients are summed before each update.
        penalty_interval: penalties are computed every so many steps, times as much (lazy: Karras et al. 2020).
        optimiser: adam, or muon for the matrices inside networks.
        generator_lr, discriminator_lr: learning rates of Adam.
        beta1, beta2: Adam's decay rates.
        half_life: of the generator's average, in images; 0 keeps no average.
        warm_up: share of the budget over which learning rates rise from 0.
        final_lr: factor on the learning rates at the end of the budget (cosine over its second half).
        final_penalty: factor on the penalties at the end of the budget (cosine over all of it).
        precision: auto, bf16 or fp32.
        compile: auto, on or off: whether passes without a penalty are compiled; auto means on a CUDA card.
    """

    batch_size: int = 32
    critic_steps: int = 1
    accumulate: int = 1
    penalty_interval: int = 8
    optimiser: str = "adam"
    generator_lr: float = 4e-4
    discriminator_lr: float = 4e-4
    beta1: float = 0.0
    beta2: float = 0.99
    half_life: float = 10_000
    warm_up: float = 0.0
    final_lr: float = 1.0
    final_penalty: float = 1.0
    precision: str = "auto"
    compile: str = "auto"

    def __post_init__(self) -> None:
        for name in ("batch_size", "critic_steps", "accumulate", "penalty_interval"):
            if getattr(self, name) < 1:
                raise GansuiteError(f"{name} is {getattr(self, name)}, but must be at least 1.", f"Try {name} = 1.")
        for name in ("generator_lr", "discriminator_lr", "half_life", "warm_up", "final_lr", "final_penalty"):
            if getattr(self, name) < 0:
                raise GansuiteError(f"{name} is {getattr(self, name)}, but cannot be negative.", f"Use {name} = 0.")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise GansuiteError(f"{name} is {getattr(self, name)}, but must lie in [0, 1).", f"Try {name} = 0.9.")
        check_optimiser(self.optimiser)
        check_precision(self.precision)
        check_compile(self.compile)


class Trainer:
    """Plays a game step by step.

    Args:
        game: the players and their losses, already on the world's device.
        source: real works.
        recipe: how the players learn.
        budget: how long the run may last; the learning-rate schedule follows it.
        seed: from which, with the step, every random number follows.
        world: this process among its peers.

    Attributes:
        step_count: rounds played.
        images: real works seen.
        seconds: time spent, as told by the session.
        averages: the running average of each generator, by name.
    """

    def __init__(
        self, game: Game, source: Source, recipe: Recipe, budget: schedules.Budget, seed: int, world: World
    ) -> None:
        _require_divisible(recipe, world)
        self.game, self.source, self.recipe = game, source, recipe
        self.budget, self.seed, self.world = budget, seed, world
        self.step_count = self.images = self.skipped = 0
        self.seconds, self.lr_scale = 0.0, 1.0
        world.broadcast([*game.generators.values(), *game.discriminators.values()])
        self.averages = {name: Average(g, recipe.half_life) for name, g in game.generators.items()}
        sides = {"discriminator": game.discriminators, "generator": game.generators}
        self.optimisers = {side: self._optimiser(players) for side, players in sides.items() if players}

    # ------------------------------------------------------------------ the algorithm

    def step(self) -> Metrics:
        """One round. Returns what to log.

        Raises:
            NonFinite: before the update that would have used a loss or gradient that is not finite.
        """
        metrics: Metrics = {"learning_rate": self._set_learning_rates()}
        for k in range(self.recipe.critic_steps):
            rounds = [self._round(k, part) for part in range(self.recipe.accumulate)]
            if self.game.discriminators:
                metrics |= self._improve("discriminator", (self._discriminator_losses(*r) for r in rounds))
        with frozen(self.game.discriminators.values()):
            metrics |= self._improve("generator", (self._generator_losses(*r) for r in rounds))
        self.step_count += 1
        self.images += self.recipe.batch_size
        for name, average in self.averages.items():
            average.update(self.game.generators[name], self.recipe.batch_size, self.images)
        signals = {name[7:]: value for name, value in metrics.items() if name.startswith("signal/")}
        adapted = self.game.adapt(signals, self.recipe.batch_size)
        return metrics | {f"signal/{name}": value for name, value in adapted.items()}

    def _round(self, k: int, part: int) -> tuple[Any, Any, Draw]:
        """One micro-batch: real works, what the generators make of them, and the random numbers for both."""
        r = self.recipe
        draw = Draw(
            self.seed,
            self.step_count + self.skipped,
            r.batch_size,
            self.world.rows(r.batch_size, part, r.accumulate),
            self.world.device,
            f"k{k}/",
        )
        position = (draw.step * r.critic_steps + k) * r.batch_size
        indices = randomness.order(self.seed, position, r.batch_size, len(self.source))
        batch = self.source.take(indices[draw.rows])
        keep_graph = k == r.critic_steps - 1 and r.accumulate == 1
        return batch, self._generate(batch, draw) if keep_graph else None, draw

    def _generate(self, batch: Any, draw: Draw) -> Any:
        with autocast(self.world.device, self.recipe.precision):
            return self.game.generate(batch, draw.scoped("generate"))

    def _discriminator_losses(self, batch: Any, fakes: Any, draw: Draw) -> Iterator[Part]:
        if fakes is None:
            with torch.no_grad():
                fakes = self._generate(batch, draw)
        fakes, draw = detached(fakes), draw.scoped("discriminator")
        with autocast(self.world.device, self.recipe.precision):
            losses = self.game.discriminator_losses(batch, fakes, draw)
        yield "loss", losses, 1.0
        if (self.step_count + self.skipped) % self.recipe.penalty_interval == 0:
            with autocast(self.world.device, self.recipe.precision):
                penalties = self.game.penalties(batch, fakes, draw.scoped("penalty"))
            yield "penalty", penalties, self.recipe.penalty_interval * self._penalty_factor()

    def _penalty_factor(self) -> float:
        spent = self.budget.fraction(self.images, self.seconds)
        return schedules.constant_then_cosine(spent, self.recipe.final_penalty, start=0.0)

    def _generator_losses(self, batch: Any, fakes: Any, draw: Draw) -> Iterator[Part]:
        fakes = self._generate(batch, draw) if fakes is None else fakes
        with autocast(self.world.device, self.recipe.precision):
            losses = self.game.generator_losses(batch, fakes, draw.scoped("generator"))
        yield "loss", losses, 1.0

    # ------------------------------------------------------------------ one update

    def _improve(self, side: str, micro_batches: Iterable[Iterator[Part]]) -> Metrics:
        """Sum gradients over micro-batches and ranks, check them, update one side."""
        optimiser = self.optimisers[side]
        optimiser.zero_grad(set_to_none=True)
        logged: dict[str, Tensor] = {}
        share = 1 / (self.world.size * self.recipe.accumulate)
        for kind, losses, weight in (item for micro_batch in micro_batches for item in micro_batch):
            if losses.terms:
                (sum(losses.terms.values()) * (share * weight)).backward()  # type: ignore[union-attr]
            _add(logged, kind, losses, share)
        modules = self.game.discriminators if side == "discriminator" else self.game.generators
        self.world.sum_gradients(modules.values())
        metrics = self._collect(side, logged, modules.values())
        if not all(math.isfinite(value) for value in metrics.values()):
            raise NonFinite(f"{', '.join(n for n, v in metrics.items() if not math.isfinite(v))} is not finite")
        with autocast(self.world.device, self.recipe.precision):  # for the products that Muon needs
            optimiser.step()
        return metrics

    def _collect(self, side: str, logged: Mapping[str, Tensor], modules: Iterable[nn.Module]) -> Metrics:
        """Means over all ranks, as floats: one synchronisation with the device."""
        values = torch.stack([*(v.float() for v in logged.values())]) if logged else torch.zeros(0)
        gradients = [p.grad for m in modules for p in m.parameters() if p.grad is not None]
        norm = torch.stack(torch._foreach_norm(gradients)).float().norm()
        numbers = [*self.world.sum(values).tolist(), norm.item()]
        return dict(zip([*logged, f"gradient/{side}"], numbers, strict=True))

    def _set_learning_rates(self) -> float:
        r, spent = self.recipe, self.budget.fraction(self.images, self.seconds)
        factor = schedules.warm_up(spent, r.warm_up) * schedules.constant_then_cosine(spent, r.final_lr)
        rates = {"generator": r.generator_lr, "discriminator": r.discriminator_lr}
        for side, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = rates[side] * factor * self.lr_scale
        return r.generator_lr * factor * self.lr_scale

    def _optimiser(self, modules: Mapping[str, nn.Module]) -> torch.optim.Optimizer:
        betas = (float(self.recipe.beta1), float(self.recipe.beta2))
        if self.recipe.optimiser == "muon":
            return Muon(modules.values(), betas)
        parameters = [p for module in modules.values() for p in module.parameters()]
        return torch.optim.Adam(parameters, betas=betas, fused=self.world.device.type != "mps")

    # ------------------------------------------------------------------ being saved and rolled back

    def state(self) -> dict[str, Any]:
        """Everything a later process needs to go on to the same bits: tensors, numbers and dicts only."""
        return {
            "format": 1,
            "step": self.step_count,
            "images": self.images,
            "skipped": self.skipped,
            "seconds": self.seconds,
            "lr_scale": self.lr_scale,
            "seed": self.seed,
            "generators": {n: m.state_dict() for n, m in self.game.generators.items()},
            "discriminators": {n: m.state_dict() for n, m in self.game.discriminators.items()},
            "averages": {n: a.module.state_dict() for n, a in self.averages.items()},
            "optimisers": {n: o.state_dict() for n, o in self.optimisers.items()},
            "game": dict(self.game.state()),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Back to a saved state."""
        self.step_count, self.images, self.skipped = state["step"], state["images"], state["skipped"]
        self.seconds, self.lr_scale, self.seed = state["seconds"], state["lr_scale"], state["seed"]
        for kind in ("generators", "discriminators"):
            for name, module in getattr(self.game, kind).items():
                module.load_state_dict(state[kind][name])
        for name, average in self.averages.items():
            average.module.load_state_dict(state["averages"][name])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.game.restore(state["game"])

    def roll_back(self, state: Mapping[str, Any]) -> None:
        """Back to a good state with half the learning rates and other random numbers from there on."""
        lost = self.step_count + self.skipped + 1
        scale = self.lr_scale
        self.restore(state)
        self.lr_scale = min(scale, self.lr_scale) / 2
        self.skipped = lost - self.step_count


def _require_divisible(recipe: Recipe, world: World) -> None:
    parts = world.size * recipe.accumulate
    if recipe.batch_size % parts:
        nearest = max(1, round(recipe.batch_size / parts)) * parts
        raise GansuiteError(
            f"A batch of {recipe.batch_size} cannot be shared by {world.size} processes x {recipe.accumulate} parts.",
            f"Use --batch-size {nearest}.",
        )


def _add(logged: dict[str, Tensor], kind: str, losses: Losses, share: float) -> None:
    named = {f"{kind}/{n}": v for n, v in losses.terms.items()}
    named |= {f"signal/{n}": v for n, v in losses.signals.items()}
    for name, value in named.items():
        logged[name] = logged.get(name, 0) + value.detach() * share


def detached(fakes: Any) -> Any:
    """The same tensors, or dicts, tuples, lists and dataclasses of them, without their graph."""
    if isinstance(fakes, Tensor):
        return fakes.detach()
    if isinstance(fakes, Mapping):
        return {name: detached(value) for name, value in fakes.items()}
    if isinstance(fakes, tuple | list):
        values = [detached(value) for value in fakes]
        return type(fakes)(*values) if hasattr(fakes, "_fields") else type(fakes)(values)
    if is_dataclass(fakes) and not isinstance(fakes, type):
        return replace(fakes, **{f.name: detached(getattr(fakes, f.name)) for f in fields(fakes)})
    return fakes


@contextmanager
def frozen(modules: Iterable[nn.Module]) -> Iterator[None]:
    """No gradient for these modules' parameters inside the block: nobody pays for what nobody uses."""
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
