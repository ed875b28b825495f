"""The adversarial loop, step by step, on points of the plane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from core.toys import Rules, ToyGame, fingerprint, gaussians, largest_gap, ring, toy, weights
from gansuite.core.average import decay
from gansuite.core.engine import World
from gansuite.core.errors import GansuiteError
from gansuite.core.game import Losses
from gansuite.core.objectives import OBJECTIVES
from gansuite.core.randomness import Draw
from gansuite.core.schedules import Budget
from gansuite.core.trainer import NonFinite, Recipe, Trainer, detached, frozen

PLAIN = Recipe(batch_size=16, generator_lr=1e-3, discriminator_lr=1e-3, precision="fp32")


def steps(trainer: Trainer, count: int) -> list[dict[str, float]]:
    return [trainer.step() for _ in range(count)]


# ------------------------------------------------------------------ the algorithm


class Watched(ToyGame):
    """Writes down who was asked, with which works, fakes and numbers."""

    def __init__(self, rules: Rules) -> None:
        super().__init__(rules)
        self.calls: list[tuple[str, Tensor, Any, Draw]] = []

    def discriminator_losses(self, batch: Tensor, fakes: Mapping[str, Tensor], draw: Draw) -> Losses:
        self.calls.append(("discriminator", batch, fakes, draw))
        return super().discriminator_losses(batch, fakes, draw)

    def penalties(self, batch: Tensor, fakes: Mapping[str, Tensor], draw: Draw) -> Losses:
        self.calls.append(("penalty", batch, fakes, draw))
        return super().penalties(batch, fakes, draw)

    def generator_losses(self, batch: Tensor, fakes: Mapping[str, Tensor], draw: Draw) -> Losses:
        self.calls.append(("generator", batch, fakes, draw))
        frozen_now = [p.requires_grad for d in self.discriminators.values() for p in d.parameters()]
        assert not any(frozen_now)
        return super().generator_losses(batch, fakes, draw)


def watched(rules: Rules | None = None, **recipe: Any) -> tuple[Trainer, Watched]:
    trainer = toy(rules, replace(PLAIN, **recipe))
    game = Watched(rules or Rules())
    return Trainer(game, trainer.source, trainer.recipe, trainer.budget, 0, World()), game


def test_the_discriminator_moves_k_times_then_the_generator_once() -> None:
    trainer, game = watched(critic_steps=3)
    steps(trainer, 1)
    penalised = ["discriminator", "penalty"] * 3 + ["generator"]
    assert [call[0] for call in game.calls] == penalised
    game.calls.clear()
    steps(trainer, 2)
    assert [call[0] for call in game.calls] == ["discriminator"] * 3 + ["generator"] + ["discriminator"] * 3 + [
        "generator"
    ]


def test_every_critic_step_sees_other_works_and_other_latents() -> None:
    trainer, game = watched(critic_steps=3)
    steps(trainer, 2)
    seen = [call for call in game.calls if call[0] == "discriminator"]
    assert len({tuple(batch.flatten().tolist()) for _, batch, _, _ in seen}) == 6
    assert len({tuple(fakes["a"].flatten().tolist()) for _, _, fakes, _ in seen}) == 6
    # the generator answers on the works and latents of the last critic step
    last, answer = seen[2], game.calls[6]
    assert torch.equal(last[1], answer[1])
    assert torch.equal(last[2]["a"], answer[2]["a"])


def test_one_epoch_shows_every_work_once() -> None:
    """8 x 25 points, 3 critic steps of 16 works: 200 works are 12.5 critic steps."""
    trainer, game = watched(critic_steps=3)
    steps(trainer, 5)
    shown = torch.cat([batch for kind, batch, _, _ in game.calls if kind == "discriminator"])[:200]
    assert len(torch.unique(shown, dim=0)) == 200


def test_fakes_carry_no_gradient_into_the_discriminator_s_step() -> None:
    for accumulate in (1, 2):
        trainer, game = watched(Rules(pairs=2, r1=0.1), accumulate=accumulate, penalty_interval=1)
        steps(trainer, 1)
        for kind, _, fakes, _ in game.calls:
            assert all(f.requires_grad == (kind == "generator") for f in fakes.values())


def test_penalties_are_asked_for_every_few_steps() -> None:
    trainer, game = watched(Rules(r1=0.1), penalty_interval=4)
    logged = steps(trainer, 9)
    assert [i for i, metrics in enumerate(logged) if "penalty/r1" in metrics] == [0, 4, 8]
    assert sum(call[0] == "penalty" for call in game.calls) == 3


def test_a_lazy_penalty_weighs_as_much_as_its_interval() -> None:
    """Its gradient is added 4 times on every fourth step; the log shows the penalty itself."""
    lazy, eager = (toy(Rules(r1=r1), replace(PLAIN, penalty_interval=n)) for r1, n in ((0.5, 4), (2.0, 1)))
    one, other = lazy.step(), eager.step()
    assert largest_gap(weights(lazy), weights(eager)) < 1e-7
    assert other["penalty/r1"] == pytest.approx(4 * one["penalty/r1"], rel=1e-5)
    assert one["gradient/discriminator"] == pytest.approx(other["gradient/discriminator"], rel=1e-5)


def test_a_penalty_changes_the_weights() -> None:
    assert largest_gap(weights(stepped(Rules())), weights(stepped(Rules(r1=1.0)))) > 1e-5
    assert largest_gap(weights(stepped(Rules())), weights(stepped(Rules(r2=1.0)))) > 1e-5
    assert largest_gap(weights(stepped(Rules())), weights(stepped(Rules(gradient_penalty=1.0)))) > 1e-5


def stepped(rules: Rules, count: int = 1, **recipe: Any) -> Trainer:
    trainer = toy(rules, replace(PLAIN, **recipe))
    steps(trainer, count)
    return trainer


def test_one_step_is_adam_on_the_gradient() -> None:
    """The first step of Adam moves each weight by lr g / (|g| + eps), worked out here with autograd alone."""
    trainer = toy(Rules(objective="wasserstein"), PLAIN)
    game, before = trainer.game, weights(trainer)
    draw = Draw(0, 0, 16, slice(0, 16), scope="k0/")
    real, _, _ = trainer._round(0, 0)
    z = draw.scoped("generate").normal("z-a", 4)
    loss = game.discriminators["a"](game.generators["a"](z).detach()).mean() - game.discriminators["a"](real).mean()
    names = [n for n, _ in game.discriminators["a"].named_parameters()]
    gradients = torch.autograd.grad(loss, list(game.discriminators["a"].parameters()))
    metrics, after = trainer.step(), weights(trainer)
    assert metrics["loss/discriminator-a"] == pytest.approx(loss.item(), rel=1e-5)
    norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
    assert metrics["gradient/discriminator"] == pytest.approx(norm, rel=1e-5)
    for name, g in zip(names, gradients, strict=True):
        wanted = before[f"discriminator/a/{name}"] - 1e-3 * g / (g.abs() + 1e-8)
        assert torch.allclose(after[f"discriminator/a/{name}"], wanted, atol=1e-6)


# ------------------------------------------------------------------ accumulation


@pytest.mark.parametrize("name", OBJECTIVES)
def test_accumulation_is_one_big_batch(name: str) -> None:
    """Lazy R1 and R2 included: 4 micro-batches of 4 do what 16 works at once do."""
    rules = Rules(objective=name, r1=0.1, r2=0.1)
    whole, parts = (stepped(rules, 6, accumulate=n, penalty_interval=2) for n in (1, 4))
    assert largest_gap(weights(whole), weights(parts)) < 1e-6


def test_accumulation_with_critic_steps_and_wgan_gp() -> None:
    rules = Rules(objective="wasserstein", gradient_penalty=10.0, pairs=2)
    whole, parts = (stepped(rules, 4, accumulate=n, penalty_interval=1, critic_steps=3) for n in (1, 2))
    assert largest_gap(weights(whole), weights(parts)) < 1e-6


def test_accumulation_logs_the_same_numbers() -> None:
    rules = Rules(r1=0.1)
    one, other = (toy(rules, replace(PLAIN, accumulate=n)).step() for n in (1, 4))
    assert one.keys() == other.keys()
    assert {k: pytest.approx(v, rel=1e-4, abs=1e-6) for k, v in one.items()} == other


def test_a_batch_that_cannot_be_shared_says_which_can() -> None:
    with pytest.raises(GansuiteError, match="A batch of 16 cannot be shared by 1 processes x 3 parts") as caught:
        toy(recipe=replace(PLAIN, accumulate=3))
    assert caught.value.remedy == "Use --batch-size 15."


@pytest.mark.parametrize("key", ["batch_size", "critic_steps", "accumulate", "penalty_interval"])
def test_counts_must_be_at_least_one(key: str) -> None:
    with pytest.raises(GansuiteError, match=f"{key} is 0"):
        replace(PLAIN, **{key: 0})  # type: ignore[arg-type]


def test_precision_and_compiling_are_chosen_by_name() -> None:
    for name in ("precision", "compile"):
        with pytest.raises(GansuiteError, match="'fast'"):
            replace(PLAIN, **{name: "fast"})  # type: ignore[arg-type]


# ------------------------------------------------------------------ any number of players


def test_two_generators_and_two_discriminators() -> None:
    trainer = toy(Rules(pairs=2, r1=0.1), PLAIN)
    before, metrics, after = weights(trainer), trainer.step(), weights(trainer)
    assert {"loss/discriminator-a", "loss/discriminator-b", "loss/generator-a", "loss/generator-b"} <= metrics.keys()
    assert set(trainer.averages) == {"a", "b"}
    assert all(not torch.equal(before[k], after[k]) for k in before if k.endswith("weight"))


def test_a_pair_learns_as_it_would_alone() -> None:
    """The players of a do not feel those of b, whose losses are only added up."""
    alone, together = toy(Rules(), PLAIN), toy(Rules(pairs=2), PLAIN)
    for kind in ("generators", "discriminators"):
        mine, theirs = getattr(alone.game, kind)["a"], getattr(together.game, kind)["a"]
        mine.load_state_dict(theirs.state_dict())
    steps(alone, 4)
    steps(together, 4)
    one, other = weights(alone), weights(together)
    players = [k for k in one if not k.startswith("average")]
    assert max(float((one[k] - other[k]).abs().max()) for k in players) < 1e-7


# ------------------------------------------------------------------ frozen and detached


def test_frozen_gives_back_what_it_found() -> None:
    """A part that was at rest before, such as borrowed features, stays at rest after."""
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False))
    with frozen([module]):
        assert not any(p.requires_grad for p in module.parameters())
    assert [p.requires_grad for p in module.parameters()] == [True, True, False, False]


def test_frozen_gives_back_after_an_error_too() -> None:
    module = nn.Linear(2, 2)
    with pytest.raises(ZeroDivisionError), frozen([module]):
        raise ZeroDivisionError
    assert all(p.requires_grad for p in module.parameters())


def test_a_part_at_rest_stays_as_it_is_through_training() -> None:
    trainer = toy(Rules(r1=0.1), PLAIN)
    features = trainer.game.discriminators["a"][0].requires_grad_(False)  # type: ignore[index]
    before = features.weight.clone()
    steps(trainer, 3)
    assert torch.equal(features.weight, before)
    assert not features.weight.requires_grad


class Pair(NamedTuple):
    left: Tensor
    right: Tensor


@dataclass(frozen=True)
class Works:
    pictures: Tensor
    more: dict[str, Tensor]
    title: str = "x"


def test_detached_reaches_into_whatever_an_art_makes() -> None:
    x = torch.ones(2, requires_grad=True) * 2
    found = detached({"a": x, "b": (x, [x, "word"]), "c": Pair(x, x), "d": Works(x, {"e": x})})
    tensors = [found["a"], found["b"][0], found["b"][1][0], *found["c"], found["d"].pictures, found["d"].more["e"]]
    assert not any(t.requires_grad for t in tensors)
    assert all(torch.equal(t, x) for t in tensors)
    assert isinstance(found["c"], Pair)
    assert (found["d"].title, found["b"][1][1]) == ("x", "word")
    assert x.requires_grad


# ------------------------------------------------------------------ what is not finite


def test_a_discriminator_loss_that_is_not_finite_moves_no_weight() -> None:
    trainer = toy(Rules(trouble=lambda draw: draw.step == 2), PLAIN)
    steps(trainer, 2)
    before = fingerprint(trainer.state())
    with pytest.raises(NonFinite, match="loss/discriminator-a"):
        trainer.step()
    assert fingerprint(trainer.state()) == before


def test_a_generator_loss_that_is_not_finite_moves_no_generator() -> None:
    trainer = toy(Rules(pairs=2, generator_trouble=lambda draw: draw.step == 2), PLAIN)
    steps(trainer, 2)
    before = weights(trainer)
    with pytest.raises(NonFinite, match="gradient/generator"):
        trainer.step()
    after = weights(trainer)
    assert all(torch.equal(before[k], after[k]) for k in before if not k.startswith("discriminator"))
    assert trainer.step_count == 2


def test_a_gradient_that_is_not_finite_is_found_behind_a_finite_loss() -> None:
    """The root of 0 is 0, and its slope is not a number."""

    class Rooted(ToyGame):
        def generator_losses(self, batch: Tensor, fakes: Mapping[str, Tensor], draw: Draw) -> Losses:
            return Losses({"root": (fakes["a"] * 0).square().sum().sqrt()})

    base = toy(Rules(), PLAIN)
    trainer = Trainer(Rooted(Rules()), base.source, PLAIN, base.budget, 0, World())
    before = weights(trainer)
    with pytest.raises(NonFinite, match=r"^gradient/generator is not"):
        trainer.step()
    after = weights(trainer)
    assert all(torch.equal(before[k], after[k]) for k in before if k.startswith("generator"))


def test_rolling_back_halves_the_rates_and_draws_other_numbers() -> None:
    trainer = toy(Rules(), PLAIN)
    steps(trainer, 3)
    good = trainer.state()
    good = {**good, "generators": {"a": {k: v.clone() for k, v in good["generators"]["a"].items()}}}
    steps(trainer, 4)
    trainer.roll_back(good)
    assert (trainer.step_count, trainer.images) == (3, 48)
    assert trainer.step_count + trainer.skipped == 8  # past the step that failed, which was number 7
    assert trainer.step()["learning_rate"] == pytest.approx(5e-4)
    trainer.roll_back(good)
    assert trainer.step_count + trainer.skipped == 10
    assert trainer.step()["learning_rate"] == pytest.approx(2.5e-4)


# ------------------------------------------------------------------ time, averages, saving


def test_everything_is_counted_in_images() -> None:
    trainer = stepped(Rules(), 5, critic_steps=2)
    assert (trainer.step_count, trainer.images) == (5, 80)


def test_learning_rates_follow_the_budget() -> None:
    recipe = replace(PLAIN, warm_up=0.25, final_lr=0.0, discriminator_lr=4e-3)
    trainer = toy(Rules(), recipe, Budget(images=8 * 16))
    rates = [metrics["learning_rate"] for metrics in steps(trainer, 8)]
    cosine = [0.5 * (1 + math.cos(math.pi * i / 4)) for i in range(4)]
    assert rates == pytest.approx([1e-3 * f for f in [0, 0.5, 1, 1, *cosine]])
    assert trainer.optimisers["discriminator"].param_groups[0]["lr"] == pytest.approx(4 * rates[-1])


def test_the_average_follows_the_generator() -> None:
    trainer = toy(Rules(), replace(PLAIN, half_life=64))
    kept = weights(trainer)["average/a/0.weight"]
    for step in range(1, 6):
        trainer.step()
        beta = decay(16, 16 * step, 64)
        kept = beta * kept + (1 - beta) * weights(trainer)["generator/a/0.weight"]
    assert torch.allclose(weights(trainer)["average/a/0.weight"], kept, atol=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_restored_trainer_goes_on_to_the_same_bits(name: str) -> None:
    rules = Rules(objective=name, r1=0.1, pairs=2)
    straight, first, second = (toy(rules, replace(PLAIN, critic_steps=2, final_lr=0.1), Budget(200)) for _ in range(3))
    steps(straight, 7)
    steps(first, 3)
    torch.manual_seed(123)  # no draw depends on the global generator
    second.restore(first.state())
    steps(second, 4)
    assert fingerprint(second.state()) == fingerprint(straight.state())


def test_the_seed_decides_everything() -> None:
    def run(seed: int) -> str:
        trainer = toy(Rules(r1=0.1), PLAIN, seed=seed)
        steps(trainer, 3)
        return fingerprint(trainer.state())

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_signals_reach_the_game_and_the_log() -> None:
    trainer = toy(Rules(), PLAIN)
    logged = steps(trainer, 3)
    moods = [0.16 * sum(m["signal/real_sign"] for m in logged[: i + 1]) for i in range(3)]
    assert [m["signal/mood"] for m in logged] == pytest.approx(moods)
    assert trainer.state()["game"] == {"mood": pytest.approx(moods[-1])}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_bf16_stays_near_fp32(name: str) -> None:
    """Penalties included: after one step in bf16 the losses agree to its three digits."""
    rules = Rules(objective=name, r1=0.1, r2=0.1, gradient_penalty=1.0)
    one, other = (toy(rules, replace(PLAIN, precision=p)).step() for p in ("fp32", "bf16"))
    assert one.keys() == other.keys()
    for key in one:
        assert other[key] == pytest.approx(one[key], rel=0.05, abs=0.02), key


# ------------------------------------------------------------------ golden losses

GOLDEN = {
    "loss/discriminator-a": """
        0.669996 0.666151 0.632129 0.615783 0.612115 0.56517 0.496299 0.422793 0.473706 0.494245
        0.438051 0.414799 0.473641 0.495425 0.467632 0.490268 0.566041 0.516587 0.614512 0.589941
    """,
    "loss/generator-a": """
        0.718301 0.732073 0.78758 0.820362 0.806634 0.909988 1.01476 1.21971 0.972552 1.00471
        1.17233 1.29117 1.04094 1.0871 1.19206 1.05324 0.899713 0.99174 0.877725 0.901857
    """,
    "penalty/r1": """
        0.000603677 0.00323028 0.0300787 0.0564578 0.0624619
    """,
}


def golden() -> dict[str, list[float]]:
    """The first 20 steps of the toy at seed 0: what a change of the trainer must not change."""
    recipe = Recipe(batch_size=16, generator_lr=5e-3, discriminator_lr=1e-2, precision="fp32", half_life=100)
    recipe = replace(recipe, critic_steps=2, accumulate=2, penalty_interval=4, warm_up=0.1, final_lr=0.1)
    points = gaussians(ring(8), 0.05, 25)
    trainer = toy(Rules("relativistic", r1=0.1, r2=0.1), recipe, Budget(images=320), points=points)
    logged = steps(trainer, 20)
    return {key: [m[key] for m in logged if key in m] for key in GOLDEN}


@pytest.mark.parametrize("key", GOLDEN)
def test_golden_losses(key: str) -> None:
    assert golden()[key] == pytest.approx([float(number) for number in GOLDEN[key].split()], rel=1e-4)
