"""25 Gaussians: a generator that forgets some of them has collapsed.

The grid is that of the papers since Metz et al. 2017 (Unrolled GAN); a sample is good within three deviations of the
nearest centre, and a mode is found when good samples fall on it (Lin et al. 2018, PacGAN, section 4.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from core.toys import Rules, gaussians, grid, ring, toy
from gansuite.core.randomness import latents
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer

SAMPLES = 2500
RULES = Rules("non-saturating", r1=0.01, r2=0.01, latent=2, width=64, depth=3)
RECIPE = Recipe(
    batch_size=128,
    penalty_interval=8,
    generator_lr=2e-3,
    discriminator_lr=3e-3,
    beta1=0.5,
    half_life=10_000,
    final_lr=0.05,
    precision="fp32",
)


@dataclass(frozen=True)
class Score:
    """Share of good samples, and how many good ones fall on each mode."""

    good: float
    counts: np.ndarray

    @property
    def modes(self) -> int:
        return int((self.counts > 0).sum())


def score(trainer: Trainer, centres: np.ndarray, sigma: float) -> Score:
    z = latents(list(range(SAMPLES)), RULES.latent)
    with torch.no_grad():
        drawn = trainer.averages["a"].module(z).numpy()
    distances = np.linalg.norm(drawn[:, None] - centres[None], axis=2)
    good = distances.min(1) < 3 * sigma
    return Score(float(good.mean()), np.bincount(distances.argmin(1)[good], minlength=len(centres)))


def learned(centres: np.ndarray, sigma: float, steps: int, rules: Rules = RULES) -> tuple[Score, Score]:
    """What the averaged generator draws before and after so many steps."""
    points = gaussians(centres, sigma, 400)
    trainer = toy(rules, RECIPE, Budget(images=steps * RECIPE.batch_size), points=points)
    before = score(trainer, centres, sigma)
    for _ in range(steps):
        trainer.step()
    return before, score(trainer, centres, sigma)


def test_a_short_training_finds_all_modes_of_the_grid() -> None:
    before, after = learned(grid(5, 1.0), 0.05, steps=4000)
    assert before.modes < 10
    assert before.good < 0.2
    assert after.modes == 25
    assert after.good > 0.6


WIDE = Rules("non-saturating", r1=0.01, r2=0.01, latent=2, width=96, depth=3)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "good"), [("grid", 0.9), ("ring", 0.8)])
def test_all_modes_and_good_samples_within_five_minutes(shape: str, good: float) -> None:
    """The grid as published, deviation 1/40 of the distance; the ring as dense as its 25 centres allow."""
    centres, sigma = (grid(5, 1.0), 0.025) if shape == "grid" else (ring(25, 2.0), 0.025)
    _, after = learned(centres, sigma, steps=16_000, rules=WIDE)
    assert after.modes == 25
    assert after.good > good
