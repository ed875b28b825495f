"""The running average of a generator, by half-life in images."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gansuite.core.average import Average, decay

LATE = 10**9  # images after which the ramp of the half-life is over


def linear(value: float) -> nn.Linear:
    layer = nn.Linear(2, 2)
    for p in layer.parameters():
        nn.init.constant_(p, value)
    return layer


def values(average: Average) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in average.module.state_dict().items()}


def test_after_one_half_life_half_is_forgotten() -> None:
    assert decay(100, LATE, half_life=100) == pytest.approx(0.5)
    assert decay(50, LATE, half_life=100) == pytest.approx(0.5**0.5)
    assert decay(300, LATE, half_life=100) == pytest.approx(0.125)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 512), st.integers(1, 16), st.floats(1, 1e6))
def test_two_batches_of_8_forget_like_one_of_16(batch: int, parts: int, half_life: float) -> None:
    assert decay(batch, LATE, half_life) ** parts == pytest.approx(decay(batch * parts, LATE, half_life))


def test_early_on_the_half_life_is_a_twentieth_of_what_was_seen() -> None:
    """After 200 images h = 0.05 * 200 = 10, so a batch of 20 leaves a quarter."""
    assert decay(20, 200, half_life=10_000) == pytest.approx(0.25)
    assert decay(20, 200, half_life=5) == pytest.approx(0.5**4)


def test_a_half_life_of_zero_keeps_nothing() -> None:
    assert decay(16, 10_000, half_life=0) == 0.0


def test_update_by_hand() -> None:
    """0.75 of 1 and 0.25 of 5, when 0.415 half-lives pass (0.5^0.415 = 0.75)."""
    average = Average(linear(1.0), half_life=1000)
    average.update(linear(5.0), batch=415, images=LATE)
    kept = 0.5**0.415
    assert values(average)["weight"][0, 0].item() == pytest.approx(kept * 1 + (1 - kept) * 5)


def test_it_ends_at_a_generator_that_stands_still() -> None:
    average, still = Average(linear(0.0), half_life=100), linear(3.0)
    for step in range(1, 50):
        average.update(still, 32, 32 * step)
    assert values(average)["bias"][0].item() == pytest.approx(3.0, rel=1e-3)


def test_a_half_life_of_zero_is_the_generator_itself() -> None:
    module = nn.Linear(3, 3)
    average = Average(nn.Linear(3, 3), half_life=0)
    average.update(module, 16, 16)
    assert all(torch.equal(a, b) for a, b in zip(average.module.parameters(), module.parameters(), strict=True))


def test_buffers_are_copied_not_averaged() -> None:
    module = nn.BatchNorm1d(2)
    average = Average(module, half_life=1000)
    module(torch.randn(8, 2) * 5 + 3)
    average.update(module, 8, 8)
    assert torch.equal(values(average)["running_mean"], module.state_dict()["running_mean"])
    assert values(average)["num_batches_tracked"].item() == 1
    module(torch.randn(8, 2))
    assert values(average)["num_batches_tracked"].item() == 1


def test_the_average_is_a_copy_at_rest() -> None:
    """In evaluation mode, without gradients, and untouched by what happens to the generator."""
    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    average = Average(module, half_life=1000)
    before = values(average)["0.weight"]
    nn.init.zeros_(next(module.parameters()))
    assert torch.equal(values(average)["0.weight"], before)
    assert not average.module.training
    assert not any(p.requires_grad for p in average.module.parameters())
    assert module.training
    assert all(p.requires_grad for p in module.parameters())


def test_updating_records_no_graph() -> None:
    module = nn.Linear(2, 2)
    average = Average(module, half_life=1000)
    average.update(module, 8, 8)
    assert all(p.grad_fn is None for p in average.module.parameters())
