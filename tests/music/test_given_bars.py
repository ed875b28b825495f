"""Which bars of which tracks are given: what each kind of question leaves out, and how often each is asked."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.music.games.masked import given_bars

SHARE = torch.tensor([0.6])
U = torch.tensor([[0.30, 0.90, 0.20, 0.59], [0.70, 0.10, 0.10, 0.10], [0.61, 0.50, 0.99, 0.40]])[
    None
]  # 3 tracks, 4 bars
KINDS = {  # by hand, with those numbers
    "nothing": [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
    "whole tracks": [[1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]],  # whose first number is below 0.6
    "first bars": [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0]],  # 0, 1, 2 < 2.4
    "all but one": [[0, 1, 0, 1], [1, 1, 1, 1], [1, 1, 1, 1]],  # 0.3 * 3 chooses the first; its bars above 1/2 stay
    "here and there": [[1, 0, 1, 1], [0, 1, 1, 1], [0, 1, 0, 1]],
}


@pytest.mark.parametrize("number", range(len(KINDS)))
@pytest.mark.parametrize("free", [0.2, 0.5])
def test_each_kind_of_question_by_hand(number: int, free: float) -> None:
    kind = free / 2 if number == 0 else free + (1 - free) * (number - 0.5) / 4
    found = given_bars(torch.tensor([kind]), SHARE, U, free)
    assert found.dtype == torch.bool
    assert found[0].int().tolist() == list(KINDS.values())[number]


def test_all_but_one_may_leave_out_the_whole_track() -> None:
    found = given_bars(torch.tensor([0.8]), torch.tensor([0.4]), U, 0.5)
    assert found[0].int().tolist() == [[0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]


@pytest.mark.parametrize("free", [0.0, 0.3, 0.9])
def test_questions_are_asked_as_often_as_they_should_be(free: float) -> None:
    """Of a share `free` nothing is given; the others are a quarter each."""
    count = 20_000
    kinds = torch.rand(count, generator=torch.Generator().manual_seed(0))
    found = given_bars(kinds, SHARE.expand(count), U.expand(count, -1, -1), free)
    for name, mask in KINDS.items():
        often = float((found == torch.tensor(mask, dtype=torch.bool)).all(2).all(1).float().mean())
        assert often == pytest.approx(free if name == "nothing" else (1 - free) / 4, abs=0.01), name


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_free_phrases_are_given_nothing(seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    found = given_bars(*(torch.rand(50, *more, generator=random) for more in ((), (), (5, 4))), 1.0)
    assert not found.any()


def test_first_bars_are_of_every_number() -> None:
    """From one bar to all of them, equally often."""
    count = 8_000
    shares = torch.rand(count, generator=torch.Generator().manual_seed(0))
    found = given_bars(torch.full((count,), 0.3), shares, U.expand(count, -1, -1), 0.0)
    bars = found[:, 0].sum(1)
    assert torch.equal(found, (torch.arange(4) < bars[:, None])[:, None].expand(-1, 3, -1))
    assert (torch.bincount(bars) / count).tolist() == pytest.approx([0, 0.25, 0.25, 0.25, 0.25], abs=0.02)


def test_every_track_is_the_one_that_is_left_out() -> None:
    u = torch.rand(3_000, 5, 4, generator=torch.Generator().manual_seed(0))
    found = given_bars(torch.full((3_000,), 0.6), torch.full((3_000,), 0.2), u, 0.0)
    left_out = ~found.any(2)
    assert (left_out.sum(1) == 1).all()
    assert left_out.float().mean(0).tolist() == pytest.approx([0.2] * 5, abs=0.03)
