"""Sequences side by side in rows: nothing lost, nothing twice, nobody sees a neighbour."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.poetry.packing import NO_TARGET, NOBODY, pack, table_of

ROW = 10
SEQUENCES = st.lists(
    st.lists(st.integers(1, 99), min_size=2, max_size=14).flatmap(
        lambda ids: st.tuples(st.just(ids), st.integers(1, len(ids) - 1))
    ),
    min_size=1,
    max_size=12,
)
Sequences = list[tuple[list[int], int]]


def test_a_small_case_by_hand() -> None:
    """The longest first; the two that are left over go where the least room is."""
    packed = pack([[1, 2, 3], [4, 5], [6, 7, 8, 9]], [1, 1, 2], row=6)
    none = NO_TARGET
    assert packed.ids.tolist() == [[6, 7, 8, 9, 4, 5], [1, 2, 3, 0, 0, 0]]
    assert packed.position.tolist() == [[0, 1, 2, 3, 0, 1], [0, 1, 2, 0, 0, 0]]
    assert packed.owner.tolist() == [[2, 2, 2, 2, 1, 1], [0, 0, 0, NOBODY, NOBODY, NOBODY]]
    assert packed.target.tolist() == [[none, 8, 9, none, 5, none], [2, 3, none, none, none, none]]


def test_who_sees_whom_by_hand() -> None:
    seen = pack([[1, 2], [3, 4]], [1, 1], row=4).visible()
    assert seen.shape == (1, 1, 4, 4)
    assert seen[0, 0].int().tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]]


@settings(max_examples=60, deadline=None)
@given(SEQUENCES)
def test_every_token_stands_once_and_in_order(sequences: Sequences) -> None:
    packed = pack([ids for ids, _ in sequences], [first for _, first in sequences], ROW)
    for number, (ids, first) in enumerate(sequences):
        lines, places = torch.nonzero(packed.owner == number, as_tuple=True)
        assert len(set(lines.tolist())) == 1
        assert all(after == before + 1 for before, after in pairwise(places.tolist()))
        cut = ids[:ROW]
        assert packed.ids[lines, places].tolist() == cut
        assert packed.position[lines, places].tolist() == list(range(len(cut)))
        foretold = [cut[place + 1] if first <= place + 1 < len(cut) else NO_TARGET for place in range(len(cut))]
        assert packed.target[lines, places].tolist() == foretold
    empty = packed.owner == NOBODY
    assert int((~empty).sum()) == sum(min(ROW, len(ids)) for ids, _ in sequences)
    assert set(packed.target[empty].tolist()) <= {NO_TARGET}
    assert not packed.ids[empty].any()


@settings(max_examples=60, deadline=None)
@given(SEQUENCES)
def test_a_token_sees_its_own_past_alone(sequences: Sequences) -> None:
    packed = pack([ids for ids, _ in sequences], [first for _, first in sequences], ROW)
    seen = packed.visible()[:, 0]
    for line, place, other in np.ndindex(*seen.shape):
        same = packed.owner[line, place] == packed.owner[line, other]
        assert bool(seen[line, place, other]) == (bool(same) and other <= place)


@settings(max_examples=60, deadline=None)
@given(SEQUENCES)
def test_no_two_rows_could_have_been_one(sequences: Sequences) -> None:
    packed = pack([ids for ids, _ in sequences], [first for _, first in sequences], ROW)
    used = sorted((packed.owner != NOBODY).sum(1).tolist())
    assert len(used) < 2 or used[0] + used[1] > ROW


def test_what_is_learnt_from_may_lie_behind_the_cut() -> None:
    packed = pack([list(range(1, 9))], [6], row=4)
    assert packed.ids.tolist() == [[1, 2, 3, 4]]
    assert set(packed.target.flatten().tolist()) == {NO_TARGET}


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_all_of_it_goes_to_a_device(device: str) -> None:
    packed = pack([[1, 2]], [1], row=4).to(torch.device(device))
    parts = (packed.ids, packed.position, packed.owner, packed.target, packed.visible())
    assert {part.device.type for part in parts} == {device}


def test_poems_side_by_side() -> None:
    ids, there = table_of([np.array([5, 6, 7]), np.array([8])], torch.device("cpu"))
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert there.tolist() == [[True] * 3, [True, False, False]]
