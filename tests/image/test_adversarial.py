"""One generator against one discriminator, on pictures: every objective trains, every penalty counts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansuite.core.engine import World
from gansuite.core.errors import GansuiteError
from gansuite.core.objectives import OBJECTIVES
from gansuite.core.randomness import Draw
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer
from gansuite.image import networks
from gansuite.image.games.adversarial import AdversarialGame, GameConfig, to_bytes, to_unit
from gansuite.image.source import Pictures, Works
from gansuite.image.synth import draw_portfolio

RECIPE = Recipe(batch_size=8, penalty_interval=2, precision="fp32")
PLAIN = GameConfig(augment="none", flip=False, r1=0)


@pytest.fixture(scope="module")
def works() -> np.ndarray:
    return draw_portfolio(16, 32)[0]


def game(config: GameConfig = PLAIN, name: str = "dcgan") -> AdversarialGame:
    spec = {"name": name, "resolution": 32, "width": 8, "latent": 6}
    return AdversarialGame(*networks.build(spec, seed=0), config)


def trainer(works: np.ndarray, config: GameConfig, recipe: Recipe = RECIPE, name: str = "dcgan") -> Trainer:
    source = Pictures(works, np.arange(len(works)), torch.device("cpu"))
    return Trainer(game(config, name), source, recipe, Budget(images=10**6), 0, World())


def weights(module: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten().clone() for p in module.parameters()])


def batch(works: np.ndarray, count: int = 4) -> Works:
    return Works(torch.from_numpy(works[:count]).permute(0, 3, 1, 2))


def draw(count: int = 4, step: int = 0) -> Draw:
    return Draw(0, step, count, slice(0, count))


# ------------------------------------------------------------------ bytes and units


def test_bytes_become_numbers_and_the_same_bytes_again() -> None:
    every = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    unit = to_unit(every)
    assert (float(unit.min()), float(unit.max())) == (-1, 1)
    again = to_bytes(unit)
    assert again.shape == (1, 16, 16, 3)
    assert np.array_equal(again[0, :, :, 0].ravel(), np.arange(256))


def test_the_source_keeps_its_bytes() -> None:
    """A batch is a copy: turning it into numbers must not write into the portfolio."""
    pixels = np.full((2, 4, 4, 3), 7, np.uint8)
    pixels.setflags(write=False)
    source = Pictures(pixels, np.array([1, 0]), torch.device("cpu"))
    to_unit(source.take(np.array([0, 1, 0])).pictures)
    assert (pixels == 7).all()


def test_numbers_beyond_the_range_are_cut_and_halves_rounded() -> None:
    x = torch.tensor([-1.5, -1, 0, 1, 1.5, 0.5 / 127.5]).view(6, 1, 1, 1).expand(6, 3, 1, 1)
    assert to_bytes(x)[:, 0, 0, 0].tolist() == [0, 0, 128, 255, 255, 128]


def test_the_source_hands_out_the_chosen_works_channels_first(works: np.ndarray) -> None:
    source = Pictures(works, np.array([5, 2, 9]), torch.device("cpu"))
    taken = source.take(np.array([2, 0])).pictures
    assert len(source) == 3
    assert taken.shape == (2, 3, 32, 32)
    assert np.array_equal(taken[0].permute(1, 2, 0).numpy(), works[9])
    assert np.array_equal(taken[1].permute(1, 2, 0).numpy(), works[5])


# ------------------------------------------------------------------ every objective trains


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_trains(name: str, works: np.ndarray) -> None:
    t = trainer(works, GameConfig(objective=name, augment="translation", augment_strength=0.3, r1=0.1, r2=0.1))
    before = [weights(m) for m in (t.game.generators["generator"], t.game.discriminators["discriminator"])]
    logged = [t.step() for _ in range(4)]
    assert all(math.isfinite(v) for line in logged for v in line.values())
    after = [weights(m) for m in (t.game.generators["generator"], t.game.discriminators["discriminator"])]
    for one, other in zip(before, after, strict=True):
        assert float((one - other).abs().max()) > 1e-5


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_discriminator_learns_to_tell_under_every_objective(name: str, works: np.ndarray) -> None:
    """With the generator held still, real logits end above generated ones."""
    t = trainer(works, GameConfig(objective=name, augment="none", r1=0.1), replace(RECIPE, generator_lr=1e-12))
    logged = [t.step() for _ in range(12)]
    gap = [line["signal/real_logit"] - line["signal/fake_logit"] for line in logged]
    assert gap[-1] > max(0.2, gap[0])


@pytest.mark.parametrize("objective", ["non-saturating", "wasserstein", "relativistic"])
def test_the_classic_plays_too(objective: str, works: np.ndarray) -> None:
    config = replace(PLAIN, objective=objective, joint=False)
    logged = [trainer(works, config, replace(RECIPE, half_life=0), "dcgan-classic").step() for _ in range(2)]
    assert logged[0] == logged[1]


def test_losses_by_hand(works: np.ndarray) -> None:
    """With a discriminator that says 0 of everything, non-saturating losses are 2 ln 2 and ln 2."""
    g, real = game(), batch(works)
    g.discriminator.to_logit.weight.data.zero_()
    fakes = g.generate(real, draw())
    assert fakes.shape == (4, 3, 32, 32)
    found = g.discriminator_losses(real, fakes.detach(), draw())
    assert float(found.terms["discriminator"].detach()) == pytest.approx(2 * math.log(2))
    assert float(found.signals["real_sign"]) == 0
    assert float(g.generator_losses(real, fakes, draw()).terms["generator"].detach()) == pytest.approx(math.log(2))


def test_the_signal_is_the_mean_sign_of_the_margin(works: np.ndarray) -> None:
    """A discriminator that says 0.25 of everything: on the real side of 0, not of 1/2, and telling nothing apart."""
    by_hand = {"hinge": 1, "least-squares": -1, "wasserstein": 0, "relativistic": 0}
    for objective, sign in by_hand.items():
        g, real = game(replace(PLAIN, objective=objective)), batch(works)
        g.discriminator.to_logit.weight.data.zero_()
        g.discriminator.to_logit.bias.data.fill_(0.25)
        found = g.discriminator_losses(real, g.generate(real, draw()).detach(), draw())
        assert float(found.signals["real_sign"]) == sign, objective


def test_one_pass_over_both_gives_the_same_logits_as_two(works: np.ndarray) -> None:
    real, one, two = batch(works), game(), game(replace(PLAIN, joint=False))
    fakes = one.generate(real, draw()).detach()
    a, b = (g.discriminator_losses(real, fakes, draw()) for g in (one, two))
    torch.testing.assert_close(a.terms, b.terms, atol=1e-5, rtol=1e-5)


def test_the_generator_is_seen_through_the_same_augmentation_as_works(works: np.ndarray) -> None:
    """Otherwise augmentations leak into the samples."""
    g, real = game(replace(PLAIN, augment="cutout", augment_strength=0.8)), batch(works)
    seen: list[Tensor] = []
    g.discriminator.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    fakes = g.generate(real, draw())
    g.generator_losses(real, fakes, draw())
    g.discriminator_losses(real, fakes.detach(), draw())
    assert all(float((x == 0).float().mean()) > 0.05 for x in seen)
    assert seen[0].requires_grad


# ------------------------------------------------------------------ penalties


@pytest.mark.parametrize(
    ("on", "term"), [({"r1": 1.0}, "r1"), ({"r2": 1.0}, "r2"), ({"gradient_penalty": 10.0}, "wgan_gp")]
)
def test_a_penalty_that_is_switched_on_appears_and_acts(on: dict[str, Any], term: str, works: np.ndarray) -> None:
    real, plain, g = batch(works), game(), game(replace(PLAIN, **on))
    fakes = g.generate(real, draw()).detach()
    assert dict(plain.penalties(real, fakes, draw()).terms) == {}
    terms = g.penalties(real, fakes, draw()).terms
    assert list(terms) == [term]
    terms[term].backward()  # type: ignore[no-untyped-call]
    assert any(float(p.grad.abs().max()) > 0 for p in g.discriminator.parameters() if p.grad is not None)
    assert all(p.grad is None for p in g.generator.parameters())


def test_lazy_penalties_are_logged_on_their_steps_only(works: np.ndarray) -> None:
    t = trainer(works, replace(PLAIN, r1=0.1, r2=0.1))
    penalised = [{k for k in t.step() if k.startswith("penalty/")} for _ in range(4)]
    assert penalised == [{"penalty/r1", "penalty/r2"}, set()] * 2


# ------------------------------------------------------------------ the strength of augmentation


def test_the_strength_follows_overfitting() -> None:
    g = game(replace(PLAIN, augment="translation", augment_strength=-1, augment_ramp=1000))
    assert g.strength == 0
    assert g.adapt({"real_sign": 0.9}, 100) == {"augment": pytest.approx(0.1)}
    assert g.adapt({"real_sign": 0.9}, 10_000) == {"augment": 0.8}
    assert g.adapt({"real_sign": 0.2}, 300) == {"augment": pytest.approx(0.5)}


def test_a_fixed_strength_stays() -> None:
    g = game(replace(PLAIN, augment="cutout", augment_strength=0.4))
    assert g.adapt({"real_sign": 1.0}, 10**6) == {"augment": 0.4}


def test_without_augmentations_there_is_no_strength() -> None:
    assert game(replace(PLAIN, augment_strength=-1)).adapt({"real_sign": 1.0}, 10**6) == {"augment": 0}


def test_the_strength_is_remembered() -> None:
    one = game(replace(PLAIN, augment="translation", augment_ramp=1000))
    one.adapt({"real_sign": 1.0}, 250)
    other = game(replace(PLAIN, augment="translation", augment_ramp=1000))
    other.restore(one.state())
    assert other.strength == pytest.approx(0.25)
    assert other.state() == one.state()


def test_a_whole_state_comes_back(works: np.ndarray) -> None:
    """Ten steps in one go, and six, a restore into a fresh trainer, and four more, are the same to the last bit."""
    config = GameConfig(augment="translation,colour", augment_ramp=100, r1=0.1)
    straight, first, second = (trainer(works, config) for _ in range(3))
    lines = [straight.step() for _ in range(10)]
    for _ in range(6):
        first.step()
    second.restore(first.state())
    assert [second.step() for _ in range(4)] == lines[6:]
    for name in ("generators", "discriminators"):
        for one, other in zip(getattr(straight.game, name).values(), getattr(second.game, name).values(), strict=True):
            assert torch.equal(weights(one), weights(other))


@pytest.mark.parametrize("strength", [-0.5, 0.9, 2.0])
def test_a_strength_out_of_range_is_refused(strength: float) -> None:
    """Above 0.8 augmentations leak into the samples; -1 alone means that it follows overfitting."""
    with pytest.raises(GansuiteError, match="augment_strength"):
        GameConfig(augment_strength=strength)


@pytest.mark.parametrize("ramp", [0, -5])
def test_a_ramp_of_nothing_is_refused(ramp: float) -> None:
    with pytest.raises(GansuiteError, match="augment_ramp"):
        GameConfig(augment_ramp=ramp)
