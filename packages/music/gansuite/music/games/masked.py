"""One generator against one critic on phrases of which part may be given.

B phrases, K tracks, M bars, T steps, C channels, P = 84 pitches. The generator sees which bars of which tracks are
given and what they hold, and plays the rest; the critic judges the whole. One model so composes from nothing,
accompanies, fills bars, plays one track anew and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gansuite.core import penalties
from gansuite.core.engine import EAGER, Compiler
from gansuite.core.errors import GansuiteError
from gansuite.core.game import Losses
from gansuite.core.objectives import objective
from gansuite.core.randomness import Draw
from gansuite.music.networks.channels import to_channels
from gansuite.music.networks.critic import Critic
from gansuite.music.networks.musegan import Generator


@dataclass(frozen=True)
class GameConfig:
    """What the two play for.

    Attributes:
        objective: minimax, non-saturating, least-squares, hinge, wasserstein or relativistic.
        r1, r2: strengths of the zero-centred penalties on real and generated phrases; 0 is off.
        gradient_penalty: weight of WGAN-GP's penalty; 0 is off.
        free: share of the phrases of which nothing is given.
        transpose: real and generated phrases are moved by up to that many semitones on their way to the critic.
        slope: the steepness that the neurons' sigmoid reaches.
        slope_ramp: over how many phrases it does.
    """

    objective: str = "relativistic"
    r1: float = 3.0
    r2: float = 3.0
    gradient_penalty: float = 0.0
    free: float = 0.5
    transpose: int = 0
    slope: float = 1.0
    slope_ramp: float = 100_000

    def __post_init__(self) -> None:
        objective(self.objective)
        for name in ("r1", "r2", "gradient_penalty"):
            if getattr(self, name) < 0:
                raise GansuiteError(f"{name} is {getattr(self, name)}, but cannot be negative.", f"Use {name} = 0.")
        if not 0 <= self.free <= 1:
            raise GansuiteError(f"free is {self.free}, but must lie between 0 and 1.", "Use free = 0.5.")
        if not 0 <= self.transpose <= 11:
            raise GansuiteError(f"transpose is {self.transpose}, but must lie between 0 and 11.", "Use transpose = 6.")
        if self.slope <= 0 or self.slope_ramp <= 0:
            raise GansuiteError("slope and slope_ramp must be more than 0.", "Use slope = 1 and slope_ramp = 100000.")


@dataclass(frozen=True)
class Batch:
    """Real phrases: cells uint8 (B, K, T, P) of SILENT, ONSET and HOLD; present bool (B, K), which tracks there are."""

    cells: Tensor
    present: Tensor


@dataclass(frozen=True)
class Played:
    """Generated phrases (B, K, T, P, C), which bars of them were given (B, K, M), and the phrases these are from."""

    x: Tensor
    given: Tensor
    real: Tensor


class MaskedGame:
    """A `Game` on `Batch`es.

    Args:
        generator, critic: the players, as they are saved, averaged and penalised.
        config: what they play for.
        compiler: of the critic's passes, but for those that a penalty differentiates twice.
    """

    def __init__(self, generator: Generator, critic: Critic, config: GameConfig, compiler: Compiler = EAGER) -> None:
        self.generators = {"generator": generator}
        self.discriminators = {"critic": critic}
        self.generator, self.critic, self.config = generator, critic, config
        self.judged = compiler(critic)
        self.objective = objective(config.objective)
        self.seen = 0.0

    def generate(self, batch: Batch, draw: Draw) -> Played:
        """The phrases of the batch, played anew but for what is given of them."""
        c = self.generator.config
        given = self._given(batch, draw)
        stochastic = c.neurons == "stochastic"
        noise = draw.uniform("neurons", *batch.cells.shape[1:], c.channels) if stochastic else None
        z, real = draw.normal("z", self.generator.latent_size), to_channels(batch.cells, c.channels)
        return Played(self.generator(z, real, given, batch.present, noise), given, real)

    def discriminator_losses(self, batch: Batch, fakes: Played, draw: Draw) -> Losses:
        """The critic's loss."""
        shifts = self._shifts(len(batch.cells), draw)
        a = self._logits(fakes.real, batch, fakes.given, shifts)
        b = self._logits(fakes.x, batch, fakes.given, shifts)
        loss = self._mean([self.objective.discriminator(*pair) for pair in zip(a, b, strict=True)])
        signals = {
            "real_sign": self.objective.margin(a[0], b[0]).detach().sign().mean(),
            "real_logit": a[0].detach().mean(),
            "fake_logit": b[0].detach().mean(),
            "real_cells": (batch.cells > 0).float().mean(),
            "fake_cells": fakes.x.sum(-1).mean(),
        }
        return Losses({"critic": loss}, signals | self.objective.doubt(loss))

    def penalties(self, batch: Batch, fakes: Played, draw: Draw) -> Losses:
        """The gradient penalties that are switched on."""
        c, terms = self.config, {}
        if not (c.r1 or c.r2 or c.gradient_penalty):
            return Losses({})
        shifts = self._shifts(len(batch.cells), draw)
        real = moved(fakes.real, shifts, self._drums)
        fake = moved(fakes.x, shifts, self._drums)

        def critic(x: Tensor) -> Tensor:
            logits = self.critic(x, fakes.given, batch.present)
            return torch.stack([level.mean(1) for level in self.critic.levels(logits)]).mean(0)

        if c.r1:
            terms["r1"] = penalties.r1(critic, real, c.r1)
        if c.r2:
            terms["r2"] = penalties.r2(critic, fake, c.r2)
        if c.gradient_penalty:
            u = draw.uniform("between")
            terms["wgan_gp"] = penalties.wgan_gp(critic, real, fake, u, c.gradient_penalty)
        return Losses(terms)

    def generator_losses(self, batch: Batch, fakes: Played, draw: Draw) -> Losses:
        """The generator's loss; a paired objective looks at real phrases beside its own."""
        shifts = self._shifts(len(batch.cells), draw)
        b = self._logits(fakes.x, batch, fakes.given, shifts)
        if not self.objective.paired:
            return Losses({"generator": self._mean([self.objective.generator(fake, None) for fake in b])})
        with torch.no_grad():
            a = self._logits(fakes.real, batch, fakes.given, shifts)
        terms = [self.objective.generator(fake, real) for fake, real in zip(b, a, strict=True)]
        return Losses({"generator": self._mean(terms)})

    def adapt(self, signals: Mapping[str, float], images: int) -> Mapping[str, float]:
        """Steepen the neurons' sigmoid (slope annealing: Chung et al. 2017, section 3.4)."""
        self.seen += images
        self._steepen()
        return {"slope": self.generator.slope}

    def state(self) -> dict[str, float]:
        """How many phrases have been played, from which the slope follows."""
        return {"seen": self.seen}

    def restore(self, state: Mapping[str, float]) -> None:
        """Back to a remembered state."""
        self.seen = state["seen"]
        self._steepen()

    @property
    def _drums(self) -> list[int]:
        return [i for i, name in enumerate(self.generator.grid.tracks) if name == "drums"]

    def _steepen(self) -> None:
        start = self.generator.config.slope
        self.generator.slope = start + (self.config.slope - start) * min(1.0, self.seen / self.config.slope_ramp)

    @staticmethod
    def _mean(terms: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(terms)).mean()

    def _logits(self, x: Tensor, batch: Batch, given: Tensor, shifts: Tensor | None) -> list[Tensor]:
        """What the critic says of phrases, flat, level by level: of phrases, of bars, of bars of tracks."""
        logits = self.judged(moved(x, shifts, self._drums), given, batch.present)
        return [level.flatten() for level in self.critic.levels(logits)]

    def _shifts(self, rows: int, draw: Draw) -> Tensor | None:
        n = self.config.transpose
        return (draw.uniform("shift") * (2 * n + 1)).long() - n if n else None

    def _given(self, batch: Batch, draw: Draw) -> Tensor:
        shape = (batch.cells.shape[1], self.generator.grid.bars)
        if not self.generator.config.given:
            return torch.zeros(len(batch.cells), *shape, dtype=torch.bool, device=batch.cells.device)
        return given_bars(draw.uniform("kind"), draw.uniform("share"), draw.uniform("bars", *shape), self.config.free)


def given_bars(kind: Tensor, share: Tensor, u: Tensor, free: float) -> Tensor:
    """Which bars of which tracks are given: bool (B, K, M).

    Of a share `free` of the phrases nothing; of the others, a quarter each: whole tracks, the first bars of all
    tracks, all but one track or some bars of it, and bars here and there.

    Args:
        kind, share: uniform (B,): what kind of question is asked, and how much is given.
        u: uniform (B, K, M): which of the tracks and bars.
    """
    asked = (kind - free) / max(1e-6, 1 - free) * 4
    share = share[:, None, None]
    tracks = (u[..., :1] < share).expand_as(u)
    first = (torch.arange(u.shape[2], device=u.device) < share * u.shape[2]).expand_as(u)
    one = torch.arange(u.shape[1], device=u.device)[:, None] == (u[:, :1, :1] * u.shape[1]).long()
    all_but_one = ~(one & ((u < 0.5) | (share < 0.5)))
    scattered = u < share
    chosen = torch.stack([tracks, first, all_but_one, scattered])
    picked = chosen[asked.clamp(0, 3).long(), torch.arange(len(u), device=u.device)]
    return picked & (asked >= 0)[:, None, None]


def moved(x: Tensor, shifts: Tensor | None, stay: list[int]) -> Tensor:
    """Phrases (B, K, T, P, C), each moved by its own number of semitones (B,); the tracks `stay` are not."""
    if shifts is None:
        return x
    pitches = torch.arange(x.shape[3], device=x.device)
    source = pitches - shifts[:, None]  # (B, P)
    inside = (source >= 0) & (source < x.shape[3])
    index = source.clamp(0, x.shape[3] - 1)[:, None, None, :, None].expand_as(x)
    out = x.gather(3, index) * inside[:, None, None, :, None]
    if stay:
        keep = torch.zeros(x.shape[1], device=x.device)
        keep[stay] = 1
        keep = keep[:, None, None, None]
        out = x * keep + out * (1 - keep)
    return out
