"""One generator against one discriminator, on pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gansuite.core import penalties
from gansuite.core.engine import EAGER, Compiler
from gansuite.core.errors import GansuiteError
from gansuite.core.game import Losses
from gansuite.core.objectives import objective
from gansuite.core.randomness import Draw
from gansuite.image.augment import CAP, adapted, augment, flip, parse_augmentations
from gansuite.image.networks.parts import Discriminator, Generator
from gansuite.image.source import Works

PROBED = -1.0  # a strength that a probe finds: see `gansuite.image.probe`


@dataclass(frozen=True)
class GameConfig:
    """What the two play for.

    Attributes:
        objective: minimax, non-saturating, least-squares, hinge, wasserstein or relativistic.
        real_target: label of real works in (0.5, 1]; below 1 is one-sided smoothing (non-saturating only).
        r1, r2: strengths of the zero-centred penalties on real and generated works; 0 is off, -1 is found by a probe.
        gradient_penalty: weight of WGAN-GP's penalty; 0 is off.
        augment: augmentations, comma-separated: colour, translation, cutout; or none.
        augment_strength: probability of each in [0, 0.8]; -1 lets it follow overfitting (ADA).
        augment_ramp: under ADA, how many images it takes from 0 to 1.
        flip: whether works may be mirrored.
        joint: whether real and generated works go through the discriminator in one pass (batch norm needs two).
    """

    objective: str = "non-saturating"
    real_target: float = 1.0
    r1: float = 0.3
    r2: float = 0.0
    gradient_penalty: float = 0.0
    augment: str = "translation"
    augment_strength: float = -1.0
    augment_ramp: float = 100_000
    flip: bool = True
    joint: bool = True

    def __post_init__(self) -> None:
        objective(self.objective, self.real_target)
        parse_augmentations(self.augment)
        for name, lowest in (("r1", PROBED), ("r2", PROBED), ("gradient_penalty", 0)):
            if getattr(self, name) < 0 and getattr(self, name) != lowest:
                raise GansuiteError(f"{name} is {getattr(self, name)}, but cannot be negative.", f"Use {name} = 0.")
        if self.augment_strength != -1 and not 0 <= self.augment_strength <= CAP:
            raise GansuiteError(
                f"augment_strength is {self.augment_strength}, but must be -1 or lie between 0 and {CAP}.",
                "Use augment_strength = -1 to let it follow overfitting.",
            )
        if self.augment_ramp <= 0:
            raise GansuiteError(
                f"augment_ramp is {self.augment_ramp}, but must be more than 0.", "Use augment_ramp = 100000."
            )


class AdversarialGame:
    """A `Game` of one generator and one discriminator on pictures; with labels, fakes are of the labels of the works.

    Args:
        generator, discriminator: the players, as they are saved, averaged and penalised.
        config: what they play for.
        compiler: of their forward passes, but for those that a penalty differentiates twice.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: Discriminator,
        config: GameConfig,
        compiler: Compiler = EAGER,
    ) -> None:
        self.generators: Mapping[str, nn.Module] = {"generator": generator}
        self.discriminators: Mapping[str, nn.Module] = {"discriminator": discriminator}
        self.generator, self.discriminator = generator, discriminator
        self.generated, self.judged = compiler(generator), compiler(discriminator)
        self.studied = compiler(discriminator.study)
        self.config = config
        self.objective = objective(config.objective, config.real_target)
        self.augmentations = parse_augmentations(config.augment)
        self.strength = max(0.0, config.augment_strength)

    def generate(self, batch: Works, draw: Draw) -> Tensor:
        """(B, 3, S, S) pictures in [-1, 1] from fresh latents."""
        fakes: Tensor = self.generated(**self.generator.inputs(draw), labels=batch.labels)
        return fakes

    def discriminator_losses(self, batch: Works, fakes: Tensor, draw: Draw) -> Losses:
        """The discriminator's loss; its mean sign on real works is the signal of overfitting."""
        real, fakes = self._shown(batch, fakes, draw)
        a, b, lessons = self._studied(real, fakes, batch.labels, draw)
        loss = self.objective.discriminator(a, b)
        signals = {
            "real_sign": self.objective.margin(a, b).detach().sign().mean(),
            "real_logit": a.detach().mean(),
            "fake_logit": b.detach().mean(),
        }
        return Losses({"discriminator": loss, **lessons}, signals | self.objective.doubt(loss))

    def penalties(self, batch: Works, fakes: Tensor, draw: Draw) -> Losses:
        """The gradient penalties that are switched on, each on augmented works, never compiled."""
        c, terms = self.config, {}
        if not (c.r1 or c.r2 or c.gradient_penalty):
            return Losses({})
        real, fakes = self._shown(batch, fakes, draw)
        judge = partial(self.discriminator, labels=batch.labels)
        if c.r1:
            terms["r1"] = penalties.r1(judge, real, c.r1)
        if c.r2:
            terms["r2"] = penalties.r2(judge, fakes, c.r2)
        if c.gradient_penalty:
            u = draw.uniform("between")
            terms["wgan_gp"] = penalties.wgan_gp(judge, real, fakes, u, c.gradient_penalty)
        return Losses(terms)

    def generator_losses(self, batch: Works, fakes: Tensor, draw: Draw) -> Losses:
        """The generator's loss; a paired objective lets it see real works beside its own."""
        b = self.judged(self._augment(fakes, draw.scoped("fake")), batch.labels)
        if not self.objective.paired:
            return Losses({"generator": self.objective.generator(b, None)})
        with torch.no_grad():  # no gradient goes from real works to the generator
            a = self.judged(self._real(batch, draw), batch.labels)
        return Losses({"generator": self.objective.generator(b, a)})

    def adapt(self, signals: Mapping[str, float], images: int) -> Mapping[str, float]:
        """Let the strength of augmentation follow the signal of overfitting."""
        c = self.config
        if c.augment_strength < 0 and self.augmentations:
            self.strength = adapted(self.strength, signals["real_sign"], images, c.augment_ramp)
        return {"augment": self.strength}

    def state(self) -> dict[str, float]:
        """The strength of augmentation."""
        return {"strength": self.strength}

    def restore(self, state: Mapping[str, float]) -> None:
        """Back to a remembered strength."""
        self.strength = state["strength"]

    def _shown(self, batch: Works, fakes: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
        """Real and generated works as the discriminator sees them: (B, 3, S, S) each."""
        return self._real(batch, draw), self._augment(fakes, draw.scoped("fake"))

    def _real(self, batch: Works, draw: Draw) -> Tensor:
        real = to_unit(batch.pictures)
        return self._augment(flip(real, draw) if self.config.flip else real, draw.scoped("real"))

    def _studied(
        self, real: Tensor, fakes: Tensor, labels: Tensor | None, draw: Draw
    ) -> tuple[Tensor, Tensor, Mapping[str, Tensor]]:
        """Logits of both, and what else the discriminator learns from the real ones."""
        u = draw.uniform("study")
        if not self.config.joint:
            a, lessons = self.studied(real, labels, u)
            return a, self.judged(fakes, labels), lessons
        logits, lessons = self.studied(_together(real, fakes), _doubled(labels), u)
        a, b = logits.split([len(real), len(fakes)])
        return a, b, lessons

    def _augment(self, x: Tensor, draw: Draw) -> Tensor:
        return augment(x, self.augmentations, self.strength, draw)


def _together(real: Tensor, fakes: Tensor) -> Tensor:
    return torch.cat([real, fakes]).contiguous(memory_format=torch.channels_last)


def _doubled(labels: Tensor | None) -> Tensor | None:
    return None if labels is None else torch.cat([labels, labels])


def to_unit(pictures: Tensor) -> Tensor:
    """uint8 (B, 3, S, S) -> the default floating type in [-1, 1]."""
    return pictures.to(torch.get_default_dtype()).div_(127.5).sub_(1.0)


def to_bytes(pictures: Tensor) -> Any:
    """Pictures (B, 3, S, S) in [-1, 1] -> uint8 numpy (B, S, S, 3)."""
    scaled = pictures.float().add(1.0).mul(127.5).round().clamp(0, 255).byte()
    return scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
