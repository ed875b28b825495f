"""Every random number is a function of (seed, stream, step)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.engine import World
from gansuite.core.randomness import Draw, generator, key, latents, order

few = settings(max_examples=40, deadline=None)


def whole(total: int, seed: int = 0, step: int = 0) -> Draw:
    return Draw(seed, step, total, slice(0, total))


@few
@given(st.integers(0, 2**31), st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 4), st.integers(1, 5))
def test_the_same_numbers_however_they_are_sliced(seed: int, step: int, size: int, parts: int, share: int) -> None:
    """Over any number of processes and micro-batches the rows together are one process's draw."""
    total = size * parts * share
    one = whole(total, seed, step)
    many = [
        Draw(seed, step, total, World(rank, size).rows(total, part, parts))
        for rank in range(size)
        for part in range(parts)
    ]
    assert torch.equal(torch.cat([d.normal("z", 3) for d in many]), one.normal("z", 3))
    assert torch.equal(torch.cat([d.uniform("u") for d in many]), one.uniform("u"))


def test_a_draw_can_be_asked_again_in_any_order() -> None:
    draw = whole(4)
    first = draw.normal("z", 8)
    draw.uniform("something else", 100)
    torch.randn(3)
    assert torch.equal(draw.normal("z", 8), first)


def test_drawing_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    whole(4).normal("z", 8)
    latents([1, 2], 3)
    assert torch.equal(torch.get_rng_state(), before)


def test_streams_steps_seeds_and_scopes_differ() -> None:
    base = whole(4)
    others = [
        base.normal("y", 8),
        whole(4, step=1).normal("z", 8),
        whole(4, seed=1).normal("z", 8),
        base.scoped("discriminator").normal("z", 8),
        base.scoped("discriminator").scoped("penalty").normal("z", 8),
    ]
    drawn = torch.stack([base.normal("z", 8), *others]).flatten(1)
    assert len(torch.unique(drawn, dim=0)) == len(drawn)


def test_scopes_nest_like_folders() -> None:
    assert torch.equal(whole(4).scoped("a").scoped("b").normal("z"), whole(4).scoped("a/b").normal("z"))


def test_shapes_and_ranges() -> None:
    draw = Draw(0, 0, 1000, slice(100, 900))
    assert draw.normal("z", 2, 3).shape == (800, 2, 3)
    u = draw.uniform("u")
    assert u.shape == (800,)
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(draw.normal("z", 16).mean()) < 0.05
    assert draw.normal("z", 16).std().item() == pytest.approx(1, abs=0.05)


def test_keys_are_the_same_everywhere() -> None:
    """Known numbers: a change here would change every run, and what every seed shows."""
    assert key(0, "z", 0) == 2510636660948682236
    assert generator(0, "z", 0).initial_seed() == key(0, "z", 0)
    assert latents([7], 3)[0].tolist() == pytest.approx([-1.6893172, -1.3442780, 1.8978485], rel=1e-5)
    assert order(0, 0, 10, 10).tolist() == [4, 9, 0, 7, 3, 1, 2, 8, 6, 5]


def test_one_latent_for_each_seed() -> None:
    """The latent of a seed does not depend on its company."""
    together = latents([3, 1, 2], 16)
    assert together.shape == (3, 16)
    assert torch.equal(together[1:2], latents([1], 16))
    assert torch.equal(together.flip(0), latents([2, 1, 3], 16))
    assert len(torch.unique(together, dim=0)) == 3


# ------------------------------------------------------------------ the order of works


@few
@given(st.integers(0, 2**31), st.integers(1, 60), st.integers(0, 5))
def test_every_epoch_is_a_permutation(seed: int, length: int, epoch: int) -> None:
    indices = order(seed, epoch * length, length, length)
    assert sorted(indices.tolist()) == list(range(length))


@few
@given(st.integers(0, 2**31), st.integers(0, 500), st.integers(1, 100), st.integers(1, 60), st.data())
def test_the_order_can_be_taken_up_anywhere(
    seed: int, start: int, count: int, length: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, count))
    pieces = [order(seed, start, cut, length), order(seed, start + cut, count - cut, length)]
    assert np.array_equal(np.concatenate(pieces), order(seed, start, count, length))


def test_epochs_and_seeds_are_shuffled_differently() -> None:
    orders = [tuple(order(seed, epoch * 50, 50, 50)) for seed in range(3) for epoch in range(3)]
    assert len(set(orders)) == 9
    assert tuple(range(50)) not in orders


def test_a_batch_larger_than_the_portfolio_spans_epochs() -> None:
    indices = order(0, 0, 25, 10)
    counts = np.bincount(indices, minlength=10)
    assert indices.dtype == np.int64
    assert counts.sum() == 25
    assert counts.min() >= 2
    assert counts.max() <= 3
