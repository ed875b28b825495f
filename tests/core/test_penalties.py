"""Gradient penalties against numbers worked out by hand, and their gradients on the critic's weights."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gansuite.core.penalties import Critic, r1, r2, squared_gradient_norm, wgan_gp

Penalty = Callable[[Critic], Tensor]
REAL = torch.tensor([[1.0, 2.0], [-1.0, 0.5]])
FAKE = torch.tensor([[0.0, 1.0], [2.0, -3.0]])
U = torch.tensor([0.25, 0.5])


def linear(w: Tensor) -> Critic:
    """D(x) = w x, whose gradient is w everywhere."""
    return lambda x: x @ w


def quadratic(c: Tensor) -> Critic:
    """D(x) = sum_j c_j x_j^2, whose gradient is 2 c_j x_j."""
    return lambda x: (x.square() * c).sum(1)


def vector(*values: float) -> Tensor:
    return torch.tensor(values, requires_grad=True)


def slope(value: Tensor, weight: Tensor) -> list[float]:
    (gradient,) = torch.autograd.grad(value, weight)
    return [float(g) for g in gradient]


def test_squared_norm_is_one_number_for_each_sample() -> None:
    norms = squared_gradient_norm(quadratic(vector(3.0, 0.5)), REAL)
    # gradients (6, 2) and (-6, 0.5)
    assert norms.tolist() == pytest.approx([36 + 4, 36 + 0.25])
    assert norms.dtype == torch.float32


def test_many_judgements_of_a_sample_are_penalised_as_their_mean() -> None:
    """Two linear critics, (3, 4) and (1, 0), have the mean (2, 2)."""
    both = torch.tensor([[3.0, 1.0], [4.0, 0.0]])
    assert r1(lambda x: x @ both, REAL, 1.0).item() == pytest.approx((4 + 4) / 2)


def test_r1_of_a_linear_critic() -> None:
    """gamma/2 |w|^2 = 10/2 (9 + 16), and its gradient is gamma w."""
    w = vector(3.0, 4.0)
    value = r1(linear(w), REAL, 10.0)
    assert value.item() == pytest.approx(125.0)
    assert slope(value, w) == pytest.approx([30.0, 40.0])


def test_r1_of_a_quadratic_critic() -> None:
    """gamma/2 mean(sum (2 c_j x_j)^2); the gradient on c_j is gamma/2 * 8 c_j mean(x_j^2)."""
    c = vector(3.0, 0.5)
    value = r1(quadratic(c), REAL, 0.1)
    assert value.item() == pytest.approx(0.05 * (40 + 36.25) / 2)
    assert slope(value, c) == pytest.approx([0.05 * 8 * 3.0 * 1.0, 0.05 * 8 * 0.5 * (4 + 0.25) / 2])


def test_r2_of_a_quadratic_critic() -> None:
    """On the generated points (0, 1) and (2, -3): gradients (0, 1) and (12, -3)."""
    c = vector(3.0, 0.5)
    value = r2(quadratic(c), FAKE, 2.0)
    assert value.item() == pytest.approx((1 + 144 + 9) / 2)
    assert slope(value, c) == pytest.approx([8 * 3.0 * 2.0, 8 * 0.5 * 5.0])


def test_wgan_gp_of_a_linear_critic() -> None:
    """weight (|w| - 1)^2 = 10 (5 - 1)^2; its gradient is 2 weight (|w| - 1) w / |w|."""
    w = vector(3.0, 4.0)
    value = wgan_gp(linear(w), REAL, FAKE, U)
    assert value.item() == pytest.approx(160.0)
    assert slope(value, w) == pytest.approx([20 * 4 * 0.6, 20 * 4 * 0.8])


def test_wgan_gp_of_a_quadratic_critic_looks_between_the_pairs() -> None:
    """u = 1/4 and 1/2: points (0.25, 1.25) and (0.5, -1.25), gradients (1.5, 1.25) and (3, -1.25)."""
    c = vector(3.0, 0.5)
    value = wgan_gp(quadratic(c), REAL, FAKE, U, weight=2.0)
    norms = [math.hypot(1.5, 1.25), math.hypot(3.0, 1.25)]
    assert value.item() == pytest.approx(sum((n - 1) ** 2 for n in norms))
    # d norm / d c_j = g_j 2 x_j / norm
    wanted = [
        sum(2 * (n - 1) * g * 2 * x / n for n, g, x in zip(norms, (1.5, 3.0), (0.25, 0.5), strict=True)),
        sum(2 * (n - 1) * g * 2 * x / n for n, g, x in zip(norms, (1.25, -1.25), (1.25, -1.25), strict=True)),
    ]
    assert slope(value, c) == pytest.approx(wanted)


def test_wgan_gp_of_a_flat_critic_has_a_finite_gradient() -> None:
    """At w = 0 the norm has no derivative: the small number under the root keeps the gradient finite."""
    w = vector(0.0, 0.0)
    value = wgan_gp(linear(w), REAL, FAKE, U)
    assert value.item() == pytest.approx(10.0, rel=1e-4)
    assert all(math.isfinite(g) for g in slope(value, w))


def test_pictures_sum_over_all_their_pixels() -> None:
    x = torch.rand(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    w = torch.full((2, 4, 4), 0.5)
    critic: Critic = lambda x: (x * w).flatten(1).sum(1)  # noqa: E731
    assert r1(critic, x, 2.0).item() == pytest.approx(32 * 0.25)
    assert wgan_gp(critic, x, x.flip(0), torch.rand(3), 1.0).item() == pytest.approx((math.sqrt(8) - 1) ** 2)


def picture_critic() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8, 8, 3, 2, 1),
        nn.SiLU(),
        nn.Flatten(),
        nn.Linear(32, 1),
    )


def picture_penalties(critic: nn.Module) -> dict[str, Tensor]:
    g = torch.Generator().manual_seed(1)
    real, fake, u = (
        torch.randn(4, 3, 8, 8, generator=g),
        torch.randn(4, 3, 8, 8, generator=g),
        torch.rand(4, generator=g),
    )

    def logits(x: Tensor) -> Tensor:
        found: Tensor = critic(x).squeeze(1)
        return found

    return {
        "r1": r1(logits, real, 1.0),
        "r2": r2(logits, fake, 1.0),
        "wgan_gp": wgan_gp(logits, real, fake, u),
    }


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", ["r1", "r2", "wgan_gp"])
def test_every_weight_of_a_picture_critic_feels_the_penalty(name: str, precision: str) -> None:
    """The trap this guards against: a penalty that is shown in the log and trains nothing."""
    critic = picture_critic()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        value = picture_penalties(critic)[name]
    assert value.dtype == torch.float32
    value.backward()  # type: ignore[no-untyped-call]
    felt = {n: p.grad for n, p in critic.named_parameters() if p.grad is not None}
    assert {n for n, g in felt.items() if g.abs().sum() > 0} >= {"0.weight", "2.weight", "5.weight", "2.bias"}
    assert all(torch.isfinite(g).all() for g in felt.values())


@pytest.mark.parametrize("name", ["r1", "r2", "wgan_gp"])
def test_gradient_agrees_with_finite_differences(name: str) -> None:
    """Along a random direction in weight space, in a critic that is smooth."""
    critic = picture_critic()
    critic[1] = nn.SiLU()
    with torch.no_grad():
        list(critic.parameters())[-2].mul_(10)  # so that the norms lie near 1, and rounding far below the differences
    weight = next(critic.parameters())
    direction = torch.randn(weight.shape, generator=torch.Generator().manual_seed(2))
    (gradient,) = torch.autograd.grad(picture_penalties(critic)[name], weight)
    sides = []
    for step in (1e-2, -1e-2):
        with torch.no_grad():
            weight.add_(direction, alpha=step)
        sides.append(picture_penalties(critic)[name].item())
        with torch.no_grad():
            weight.sub_(direction, alpha=step)
    assert (gradient * direction).sum().item() == pytest.approx((sides[0] - sides[1]) / 2e-2, rel=2e-2)


def test_bf16_gradients_are_summed_in_fp32() -> None:
    """4096 squares of 2^-6 sum to 1; adding them up in bf16 would stop at 256 of them."""
    layer = nn.Linear(4096, 1)
    nn.init.constant_(layer.weight, 2.0**-6)
    with torch.autocast("cpu", torch.bfloat16):
        value = r1(lambda x: layer(x).squeeze(1), torch.randn(2, 4096), 2.0)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(1.0, rel=1e-6)
    value.backward()  # type: ignore[no-untyped-call]
    assert layer.weight.grad is not None
    # d/dw of gamma/2 |w|^2 is gamma w = 2^-5, rounded by the bf16 backward pass at most
    assert layer.weight.grad.tolist()[0] == pytest.approx([2.0**-5] * 4096, rel=1e-2)


def test_penalties_do_not_depend_on_the_batch_size() -> None:
    """Twice the same works is the same penalty, and two halves average to the whole."""
    critic = quadratic(vector(3.0, 0.5))
    double, halves = torch.cat([REAL, REAL]), [r1(critic, half, 1.0) for half in torch.split(REAL, 1)]
    assert r1(critic, double, 1.0).item() == pytest.approx(r1(critic, REAL, 1.0).item())
    assert (sum(halves) / 2).item() == pytest.approx(r1(critic, REAL, 1.0).item())  # type: ignore[union-attr]
    twice = wgan_gp(critic, double, torch.cat([FAKE, FAKE]), torch.cat([U, U]))
    assert twice.item() == pytest.approx(wgan_gp(critic, REAL, FAKE, U).item())


def test_the_works_themselves_get_no_gradient() -> None:
    """Generated works may still hang on their generator: a penalty of the critic must not reach it."""
    real, fake = REAL.clone().requires_grad_(True), FAKE.clone().requires_grad_(True)
    w = vector(3.0, 4.0)
    (r1(quadratic(w), real, 1.0) + r2(quadratic(w), fake, 1.0)).backward()  # type: ignore[no-untyped-call]
    assert real.grad is None
    assert fake.grad is None
    assert w.grad is not None
