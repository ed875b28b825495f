"""The strength of the zero-centred penalties, found by a short probe and not asked of a person.

Too weak, and the discriminator is soon right about everything and its gradients explode; too strong, and it tells
nothing apart: the generator learns nothing either way. How sure it is falls as the strength grows, so a walk finds the
right one: from a formula's value up or down a ladder, each rung a copy of the run from the same seed, until doubt
(see `core.objectives.Objective.doubt`) is neither near 0 nor near 1. All of it takes at most a twentieth of the budget;
where that is too little for one copy, the formula's value is taken.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gansuite.core.trainer import NonFinite, Trainer
from gansuite.image.games.adversarial import PROBED, GameConfig

Clock = Callable[[], float]
Build = Callable[[float], Trainer]

BASE = 0.01  # of the formula
SHARE = 0.05  # of the budget, at most
RUNG = 4.0  # between two strengths
RUNGS = 4  # tried, at most
STEPS = 64  # of a copy
JUDGED = 32  # the last of them, by which it is judged
TIMED = 4  # the first of them, after which it is known whether the rest will fit
SURE, GUESSING = 0.1, 0.9  # doubt below and above which a discriminator teaches nothing


def asked(game: GameConfig) -> bool:
    """Whether a strength is to be found."""
    return PROBED in (game.r1, game.r2)


def formula(resolution: int, batch: int) -> float:
    """gamma = 0.01 resolution^2 / batch.

    The form is that of the `auto` configuration published with Karras et al. 2020 (StyleGAN2-ADA), where the factor is
    0.0002 for R1 alone. Huang et al. 2024 chose larger strengths by hand; this one is where a walk begins.
    """
    return BASE * resolution**2 / batch


def with_strength(game: GameConfig, gamma: float) -> GameConfig:
    """The game with this strength wherever one is to be found; what a person chose stays."""
    found = {name: gamma for name in ("r1", "r2") if getattr(game, name) == PROBED}
    return replace(game, **found)  # type: ignore[arg-type]  # both are floats


@dataclass(frozen=True)
class Found:
    """What a probe came to.

    Attributes:
        gamma: the strength.
        doubts: by strength tried, the discriminator's mean doubt; 0 where training broke down.
        seconds: what the probe took.
    """

    gamma: float
    doubts: dict[float, float]
    seconds: float

    def __str__(self) -> str:
        if not self.doubts:
            return f"penalty {self.gamma:.3g} by formula: a probe does not fit into {SHARE:.0%} of the budget"
        tried = ", ".join(f"{gamma:.3g} (doubt {doubt:.2f})" for gamma, doubt in self.doubts.items())
        return f"penalty {self.gamma:.3g}, found by a probe of {self.seconds:.0f} s that tried {tried}"


@dataclass
class Probe:
    """A walk along the ladder.

    Args:
        build: a fresh copy of the run at a strength; always from the same seed.
        clock: seconds.
    """

    build: Build
    clock: Clock = time.monotonic
    images: int = field(default=0, init=False)

    def find(self, start: float) -> Found:
        """The first strength that leaves a discriminator in doubt but not lost, beginning with `start`.

        Where the budget ends the walk, it is the next rung in the direction found.
        """
        self._began, gamma = self.clock(), start
        doubts: dict[float, float] = {}
        for _ in range(RUNGS):
            doubt = self._doubt(gamma)
            if doubt is None or math.isnan(doubt):  # no room, or an objective that knows no doubt
                break
            doubts[gamma] = doubt
            if SURE <= doubt <= GUESSING:
                break
            following = gamma * RUNG if doubt < SURE else gamma / RUNG
            if following in doubts:  # too weak below, too strong above
                gamma = (gamma * following) ** 0.5
                break
            gamma = following
        return Found(gamma, doubts, self.clock() - self._began)

    def _doubt(self, gamma: float) -> float | None:
        """Mean doubt at the end of a copy of this strength; None when the budget has no room for it."""
        trainer, found, first = self.build(gamma), [], 0.0
        if trainer.budget.fraction(self.images + STEPS * trainer.recipe.batch_size, 0.0) > SHARE:
            return None
        for step in range(STEPS):
            spent = self._spent(trainer)
            first = spent if step == 1 else first  # which also pays for what is only done once
            rest = (spent - first) / (step - 1) * (STEPS - step) if step >= TIMED else 0.0
            if spent + rest > SHARE:
                return None
            self.images += trainer.recipe.batch_size
            try:
                found.append(trainer.step().get("signal/doubt", math.nan))
            except NonFinite:
                return 0.0
        return sum(found[-JUDGED:]) / JUDGED

    def _spent(self, trainer: Trainer) -> float:
        """The share of the run's budget that the probe has taken, the same on every rank."""
        seconds = trainer.world.latest(self.clock() - self._began)
        return trainer.budget.fraction(self.images, seconds)
