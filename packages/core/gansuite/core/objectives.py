"""Adversarial losses as pairs of pure functions of logits, named after their papers.

a = D(x) are the logits of real works, b = D(G(z)) of generated ones, both (B,), or (B, K) where a discriminator judges
each work K times. Every loss is a mean over all of them, minimised by its player. sp is softplus:
sp(t) = log(1 + exp(t)), so -log sigmoid(t) = sp(-t).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

from gansuite.core.errors import GansuiteError, did_you_mean


@dataclass(frozen=True)
class Objective:
    """One adversarial game.

    Attributes:
        name: how a person chooses it.
        discriminator: (a, b) -> scalar loss of the discriminator.
        generator: (b, a) -> scalar loss of the generator; only a paired objective looks at a.
        paired: whether the generator's loss needs the logits of real works too.
        margin: (a, b) -> one number a logit, positive where the discriminator takes a real work for real.
        bounds: the discriminator's loss when it is right about everything beyond doubt, and the least it can be when
            it tells nothing apart; None where no loss says so.
    """

    name: str
    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor | None], Tensor]
    paired: bool = False
    margin: Callable[[Tensor, Tensor], Tensor] = lambda a, b: a
    bounds: tuple[float, float] | None = None

    def doubt(self, loss: Tensor) -> dict[str, Tensor]:
        """The signal by which health sees a discriminator that is right beyond doubt, whatever the objective's scale.

        Args:
            loss: the discriminator's, a scalar.

        Returns:
            {"doubt": (loss - sure) / (guessing - sure)}: 0 beyond doubt, 1 for a guess; nothing for an objective whose
            loss has no such bounds.
        """
        if self.bounds is None:
            return {}
        sure, guessing = self.bounds
        return {"doubt": (loss.detach() - sure) / (guessing - sure)}


def minimax() -> Objective:
    """Goodfellow et al. 2014, eq. 1: both players on log D(x) + log(1 - D(G(z)))."""
    return Objective(
        "minimax",
        lambda a, b: softplus(-a).mean() + softplus(b).mean(),
        lambda b, a: -softplus(b).mean(),
        bounds=(0.0, 2 * math.log(2)),
    )


def non_saturating(real_target: float = 1.0) -> Objective:
    """Goodfellow et al. 2014, section 3: the generator maximises log D(G(z)).

    Args:
        real_target: the label of real works in (0.5, 1]; below 1 is one-sided label smoothing (Salimans et al.
            2016, section 3.4). Cross-entropy with target t is t sp(-a) + (1 - t) sp(a), at least the entropy of t;
            who says D of every work pays -t log D - (2 - t) log(1 - D), least at D = t / 2.
    """
    t = real_target
    return Objective(
        "non-saturating",
        lambda a, b: (t * softplus(-a) + (1 - t) * softplus(a)).mean() + softplus(b).mean(),
        lambda b, a: softplus(-b).mean(),
        bounds=(_cost(t, 1 - t), _cost(t, 2 - t)),
    )


def _cost(real: float, fake: float) -> float:
    """-real log D - fake log(1 - D) at the best D, which is real / (real + fake)."""
    whole = real + fake
    return -sum(part * math.log(part / whole) for part in (real, fake) if part)


def least_squares() -> Objective:
    """Mao et al. 2017, eq. 9: targets 1 for real, 0 for generated, 1 for the generator, each with a factor 1/2."""
    return Objective(
        "least-squares",
        lambda a, b: 0.5 * (a - 1).square().mean() + 0.5 * b.square().mean(),
        lambda b, a: 0.5 * (b - 1).square().mean(),
        margin=lambda a, b: a - 0.5,
        bounds=(0.0, 0.25),
    )


def hinge() -> Objective:
    """Lim and Ye 2017; Miyato et al. 2018, eq. 16 and 17."""
    return Objective(
        "hinge",
        lambda a, b: relu(1 - a).mean() + relu(1 + b).mean(),
        lambda b, a: -b.mean(),
        bounds=(0.0, 2.0),
    )


def _apart(a: Tensor, b: Tensor) -> Tensor:
    """The margin where only differences of logits mean anything: real against generated, row by row."""
    return a - b


def wasserstein() -> Objective:
    """Arjovsky et al. 2017, eq. 3: a critic's difference of means; it needs the gradient penalty."""
    return Objective("wasserstein", lambda a, b: b.mean() - a.mean(), lambda b, a: -b.mean(), margin=_apart)


def _relativistic_generator(b: Tensor, a: Tensor | None) -> Tensor:
    if a is None:
        raise ValueError("the relativistic generator loss needs the logits of real works")
    return softplus(a - b).mean()


def relativistic() -> Objective:
    """RpGAN, Jolicoeur-Martineau 2019 (relativistic pairing), as used in Huang et al. 2024 (R3GAN), eq. 2.

    Real and generated works are paired row by row; each player only asks which of the two is more real.
    """
    return Objective(
        "relativistic",
        lambda a, b: softplus(b - a).mean(),
        _relativistic_generator,
        paired=True,
        margin=_apart,
        bounds=(0.0, math.log(2)),
    )


OBJECTIVES: dict[str, Callable[[], Objective]] = {
    "minimax": minimax,
    "non-saturating": non_saturating,
    "least-squares": least_squares,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic": relativistic,
}


def objective(name: str, real_target: float = 1.0) -> Objective:
    """The objective of that name.

    Args:
        real_target: one-sided label smoothing, in (0.5, 1]; only the non-saturating loss knows it.

    Raises:
        GansuiteError: for an unknown name, a target out of range, or smoothing asked of a loss that has none.
    """
    if name not in OBJECTIVES:
        raise GansuiteError(f"There is no objective '{name}'.", did_you_mean(name, list(OBJECTIVES)))
    if not 0.5 < real_target <= 1.0:
        raise GansuiteError(
            f"real_target is {real_target}, but must be above 0.5 and at most 1.", "Try real_target = 0.9."
        )
    if real_target == 1.0:
        return OBJECTIVES[name]()
    if name != "non-saturating":
        raise GansuiteError(
            f"Label smoothing ({real_target}) was asked of the {name} objective, which has no labels.",
            "Use --objective non-saturating, or leave real_target at 1.",
        )
    return non_saturating(real_target)
