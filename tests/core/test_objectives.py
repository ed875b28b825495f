"""Adversarial losses against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.core.objectives import OBJECTIVES, objective

A, B = (1.0, -2.0), (0.5, 3.0)  # logits of two real and two generated works
L = math.log


def sigmoid(t: float) -> float:
    return 1 / (1 + math.exp(-t))


def logits(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


# log D and log(1 - D) of the papers, written out for the four numbers above.
REAL = [-(L(sigmoid(1.0)) + L(sigmoid(-2.0))) / 2, -(L(1 - sigmoid(1.0)) + L(1 - sigmoid(-2.0))) / 2]
FAKE = [-(L(sigmoid(0.5)) + L(sigmoid(3.0))) / 2, -(L(1 - sigmoid(0.5)) + L(1 - sigmoid(3.0))) / 2]

CASES = {
    "minimax": (REAL[0] + FAKE[1], -FAKE[1]),
    "non-saturating": (REAL[0] + FAKE[1], FAKE[0]),
    # ((1 - 1)^2 + (-2 - 1)^2) / 4 + (0.5^2 + 3^2) / 4; generator ((0.5 - 1)^2 + (3 - 1)^2) / 4
    "least-squares": ((0 + 9) / 4 + (0.25 + 9) / 4, (0.25 + 4) / 4),
    # real: max(0, 1 - 1), max(0, 1 + 2); generated: 1.5, 4
    "hinge": ((0 + 3) / 2 + (1.5 + 4) / 2, -1.75),
    "wasserstein": (1.75 + 0.5, -1.75),
    # pairs (1, 0.5) and (-2, 3): -log sigmoid(a - b) for the discriminator, -log sigmoid(b - a) for the generator
    "relativistic": (-(L(sigmoid(0.5)) + L(sigmoid(-5))) / 2, -(L(sigmoid(-0.5)) + L(sigmoid(5))) / 2),
}


def test_every_objective_is_worked_out_here() -> None:
    assert set(CASES) == set(OBJECTIVES)


@pytest.mark.parametrize("name", CASES)
def test_losses_worked_out_by_hand(name: str) -> None:
    a, b, chosen = logits(A), logits(B), objective(name)
    assert chosen.name == name
    assert chosen.discriminator(a, b).item() == pytest.approx(CASES[name][0], rel=1e-12)
    assert chosen.generator(b, a).item() == pytest.approx(CASES[name][1], rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_margins_worked_out_by_hand(name: str) -> None:
    """How far a real work lies on the real side: of 0, of one half between the targets, or of its generated one."""
    by_hand = {"least-squares": [0.5, -2.5], "wasserstein": [0.5, -5.0], "relativistic": [0.5, -5.0]}
    assert objective(name).margin(logits(A), logits(B)).tolist() == by_hand.get(name, [1.0, -2.0])


@pytest.mark.parametrize("name", CASES)
def test_each_player_pushes_its_own_way(name: str) -> None:
    """Minimising raises real logits and lowers generated ones for D, and raises generated ones for G."""
    a, b, chosen = logits((0.3, -0.4)), logits((0.2, -0.1)), objective(name)
    d_a, d_b = torch.autograd.grad(chosen.discriminator(a, b), (a, b))
    (g_b,) = torch.autograd.grad(chosen.generator(b, a), b)
    if name == "least-squares":  # D wants generated logits at 0, from either side
        d_b = d_b * b.sign()
    assert (d_a < 0).all()
    assert (d_b > 0).all()
    assert (g_b < 0).all()


def test_minimax_saturates_where_non_saturating_does_not() -> None:
    """For a generated work that D is sure about, D(G(z)) = sigmoid(-10)."""
    b = logits((-10.0,))
    (weak,) = torch.autograd.grad(objective("minimax").generator(b, None), b)
    (strong,) = torch.autograd.grad(objective("non-saturating").generator(b, None), b)
    assert weak.item() == pytest.approx(-sigmoid(-10), rel=1e-12)
    assert strong.item() == pytest.approx(-sigmoid(10), rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_large_logits_stay_finite(name: str) -> None:
    a = torch.tensor([200.0, -200.0], requires_grad=True)
    b = torch.tensor([-200.0, 200.0], requires_grad=True)
    chosen = objective(name)
    loss = chosen.discriminator(a, b) + chosen.generator(b, a)
    loss.backward()  # type: ignore[no-untyped-call]
    assert a.grad is not None
    assert b.grad is not None
    assert torch.isfinite(torch.stack([loss, *a.grad, *b.grad])).all()


def test_label_smoothing_by_hand() -> None:
    """Target 0.9: 0.9 (-log D) + 0.1 (-log(1 - D)) on real works, nothing changed on generated ones."""
    smooth = objective("non-saturating", real_target=0.9)
    wanted = 0.9 * REAL[0] + 0.1 * REAL[1] + FAKE[1]
    assert smooth.discriminator(logits(A), logits(B)).item() == pytest.approx(wanted, rel=1e-12)
    assert smooth.generator(logits(B), None).item() == pytest.approx(FAKE[0], rel=1e-12)


def test_smoothed_discriminator_is_content_at_the_target() -> None:
    """The minimum of the cross-entropy with target t lies where sigmoid(a) = t."""
    a = logits((L(0.9 / 0.1),))
    (slope,) = torch.autograd.grad(objective("non-saturating", 0.9).discriminator(a, logits(B)), a)
    assert slope.item() == pytest.approx(0.0, abs=1e-12)


def test_relativistic_pairs_row_by_row() -> None:
    paired = objective("relativistic")
    assert paired.paired
    a, b = logits((1.0, -2.0)), logits((3.0, 0.5))  # the generated ones swapped: pairs (1, 3) and (-2, 0.5)
    wanted = -(L(sigmoid(-2.0)) + L(sigmoid(-2.5))) / 2
    assert paired.discriminator(a, b).item() == pytest.approx(wanted, rel=1e-12)
    assert [n for n, make in OBJECTIVES.items() if make().paired] == ["relativistic"]


def test_relativistic_generator_needs_real_works() -> None:
    with pytest.raises(ValueError, match="real works"):
        objective("relativistic").generator(logits(B), None)


def test_unknown_objective_suggests_the_nearest() -> None:
    with pytest.raises(GansuiteError) as caught:
        objective("non-saturatin")
    assert "'non-saturatin'" in caught.value.cause
    assert caught.value.remedy == "Did you mean 'non-saturating'?"
    assert caught.value.exit_code == 2


def test_unknown_objective_without_a_neighbour_lists_all() -> None:
    with pytest.raises(GansuiteError) as caught:
        objective("xyz")
    assert all(name in caught.value.remedy for name in OBJECTIVES)


@pytest.mark.parametrize("name", [n for n in CASES if n != "non-saturating"])
def test_smoothing_of_a_loss_without_labels_is_refused(name: str) -> None:
    with pytest.raises(GansuiteError, match="Label smoothing") as caught:
        objective(name, real_target=0.9)
    assert name in caught.value.cause
    assert "non-saturating" in caught.value.remedy


@pytest.mark.parametrize("target", [0.5, 0.0, -1.0, 1.2, math.nan])
def test_targets_outside_their_range_are_refused(target: float) -> None:
    with pytest.raises(GansuiteError, match="real_target"):
        objective("non-saturating", real_target=target)


# ------------------------------------------------------------------ doubt


def test_doubt_by_hand() -> None:
    """0 for a discriminator that is right beyond doubt, 1 for a guess, whatever the scale of the loss."""
    sure, zero = torch.full((4,), 40.0), torch.zeros(4)
    for name in ("minimax", "non-saturating", "hinge", "relativistic"):
        o = objective(name)
        assert float(o.doubt(o.discriminator(sure, -sure))["doubt"]) == pytest.approx(0, abs=1e-6), name
        assert float(o.doubt(o.discriminator(zero, zero))["doubt"]) == pytest.approx(1), name
    squares = objective("least-squares")
    assert float(squares.doubt(squares.discriminator(zero + 1, zero))["doubt"]) == 0
    assert float(squares.doubt(squares.discriminator(zero + 0.5, zero + 0.5))["doubt"]) == 1


def test_doubt_with_smoothed_labels_by_hand() -> None:
    """With a target of 0.9 the surest discriminator says 0.9, a logit of ln 9; the best guess is 0.45 of everything."""
    o = objective("non-saturating", 0.9)
    sure, guess = torch.full((4,), math.log(9)), torch.full((4,), math.log(0.45 / 0.55))
    assert float(o.discriminator(sure, torch.full((4,), -40.0))) == pytest.approx(0.325083, abs=1e-5)
    assert float(o.doubt(o.discriminator(sure, torch.full((4,), -40.0)))["doubt"]) == pytest.approx(0, abs=1e-6)
    assert float(o.doubt(o.discriminator(guess, guess))["doubt"]) == pytest.approx(1)


def test_a_wasserstein_critic_has_no_doubt_that_its_loss_could_tell() -> None:
    assert objective("wasserstein").doubt(torch.tensor(-0.02)) == {}
