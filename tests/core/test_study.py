"""A game of one: generators that learn from real works alone, played by the same trainer."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from core.toys import Points, fingerprint, gaussians, ring, weights
from gansuite.core.average import decay
from gansuite.core.engine import World
from gansuite.core.game import Losses, Study
from gansuite.core.randomness import Draw
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer

RECIPE = Recipe(batch_size=16, generator_lr=1e-2, beta1=0.9, half_life=64, precision="fp32")


class Denoise(Study):
    """A network that finds points again which were moved a little."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.generators = {"generator": nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))}

    def generator_losses(self, batch: Tensor, fakes: None, draw: Draw) -> Losses:
        assert fakes is None
        moved = batch + 0.1 * draw.normal("noise", 2)
        loss = (self.generators["generator"](moved) - batch).square().mean()
        return Losses({"distance": loss}, {"size": batch.detach().square().mean()})


def study(recipe: Recipe = RECIPE) -> Trainer:
    points = Points(gaussians(ring(), 0.05, 25))
    return Trainer(Denoise(), points, recipe, Budget(images=10**6), 0, World())


def test_it_learns_and_its_average_follows() -> None:
    trainer = study()
    before = weights(trainer)
    kept = before["average/generator/0.weight"]
    logged = []
    for step in range(1, 31):
        logged.append(trainer.step())
        beta = decay(16, 16 * step, RECIPE.half_life)
        kept = beta * kept + (1 - beta) * weights(trainer)["generator/generator/0.weight"]
    after = weights(trainer)
    assert all(not torch.equal(before[name], after[name]) for name in before)
    assert torch.allclose(after["average/generator/0.weight"], kept, atol=1e-6)
    assert logged[-1]["loss/distance"] < logged[0]["loss/distance"] / 2


def test_nothing_is_said_of_anybody_else() -> None:
    trainer = study()
    assert trainer.step().keys() == {"learning_rate", "loss/distance", "signal/size", "gradient/generator"}
    assert list(trainer.optimisers) == ["generator"]
    assert (trainer.step_count, trainer.images) == (1, 16)


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_a_restored_study_goes_on_to_the_same_bits(optimiser: str) -> None:
    recipe = replace(RECIPE, optimiser=optimiser)
    straight, first, second = (study(recipe) for _ in range(3))
    for _ in range(6):
        straight.step()
    for _ in range(2):
        first.step()
    second.restore(first.state())
    for _ in range(4):
        second.step()
    assert fingerprint(second.state()) == fingerprint(straight.state())


def test_parts_of_a_batch_do_what_the_whole_does() -> None:
    whole, parts = study(), study(replace(RECIPE, accumulate=4))
    for _ in range(4):
        assert parts.step() == pytest.approx(whole.step(), rel=1e-4)
