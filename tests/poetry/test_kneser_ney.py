"""The n-gram model against a slow one written from the paper, and as a distribution."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.poetry.measures.kneser_ney import KneserNey

V, END = 7, 6
POEMS = st.lists(st.lists(st.integers(0, 5), max_size=9), min_size=1, max_size=12)


def packed(poems: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([token for poem in poems for token in poem], np.uint16), np.cumsum([0, *map(len, poems)])


def trained(poems: list[list[int]], order: int = 3) -> KneserNey:
    return KneserNey.train(*packed(poems), END, V, order)


class Slow:
    """Chen and Goodman 1998, word for word."""

    def __init__(self, poems: list[list[int]], order: int) -> None:
        self.counts: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(order + 1)]
        for poem in poems:
            whole = [-1] * (order - 1) + poem + [END]
            for place in range(order - 1, len(whole)):
                self.counts[order][tuple(whole[place - order + 1 : place + 1])] += 1
        for n in range(order - 1, 0, -1):
            self.counts[n] = Counter(gram[1:] for gram in self.counts[n + 1])
        self.followers: list[dict[tuple[int, ...], list[int]]] = []
        for counts in self.counts:
            self.followers.append(defaultdict(list))
            for gram, count in counts.items():
                self.followers[-1][gram[:-1]].append(count)
        self.discounts = [self.estimated(counts) for counts in self.counts]

    @staticmethod
    def estimated(counts: Counter[tuple[int, ...]]) -> list[float]:
        n = [sum(count == k for count in counts.values()) for k in range(5)]
        if 0 in n[1:]:
            return [0, 0.5, 1, 1.5]
        y = n[1] / (n[1] + 2 * n[2])
        return [0, *(min(k, max(0, k - (k + 1) * y * n[k + 1] / n[k])) for k in (1, 2, 3))]

    def probability(self, gram: tuple[int, ...]) -> float:
        if not gram:
            return 1 / V
        lower, n = self.probability(gram[1:]), len(gram)
        counts = self.followers[n].get(gram[:-1], [])
        if not counts:
            return lower
        taken = [self.discounts[n][min(count, 3)] for count in counts]
        own = self.counts[n][gram]
        return (own - self.discounts[n][min(own, 3)] + sum(taken) * lower) / sum(counts)


@settings(max_examples=40, deadline=None)
@given(POEMS, POEMS, st.integers(1, 3))
def test_it_agrees_with_the_paper(training: list[list[int]], poems: list[list[int]], order: int) -> None:
    slow, wanted = Slow(training, order), []
    for poem in poems:
        whole = [-1] * (order - 1) + poem + [END]
        wanted += [slow.probability(tuple(whole[i - order + 1 : i + 1])) for i in range(order - 1, len(whole))]
    model = trained(training, order)
    np.testing.assert_allclose(model.probabilities(*packed(poems)), wanted, rtol=1e-9)
    assert model.perplexity(*packed(poems)) == pytest.approx(math.exp(-np.log(wanted).mean()))


@settings(max_examples=40, deadline=None)
@given(POEMS, st.lists(st.integers(0, 5), max_size=3))
def test_what_may_follow_adds_up_to_one(training: list[list[int]], before: list[int]) -> None:
    model, place = trained(training), len(before)
    follow = [model.probabilities(*packed([[*before, token]]))[place] for token in range(END)]
    end = model.probabilities(*packed([before]))[place]
    assert sum(follow) + end == pytest.approx(1)


def test_discounts_are_estimated_where_there_is_enough_to_go_by() -> None:
    draw = np.random.default_rng(0)
    poems = [draw.choice(6, 12, p=[0.4, 0.3, 0.15, 0.1, 0.04, 0.01]).tolist() for _ in range(60)]
    slow = Slow(poems, 3)
    assert slow.discounts[3] != [0, 0.5, 1, 1.5]
    found = trained(poems).probabilities(*packed([[0, 1, 2]]))
    assert found[2] == pytest.approx(slow.probability((0, 1, 2)))


def test_poems_do_not_see_one_another() -> None:
    model = trained([[0, 1, 2], [3, 4]])
    together = model.probabilities(*packed([[0, 1], [2, 3]]))
    alone = [model.probabilities(*packed([poem])) for poem in ([0, 1], [2, 3])]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_a_slice_of_a_larger_table_counts_from_its_own_start() -> None:
    ids, starts = packed([[0, 1], [2, 3, 4], [5]])
    model = trained([[0, 1], [2, 3]])
    assert model.perplexity(ids, starts[1:]) == pytest.approx(model.perplexity(*packed([[2, 3, 4], [5]])))


def test_learnt_text_surprises_less_than_noise() -> None:
    poem = [0, 1, 2, 3, 4, 5, 0, 1, 2]
    assert trained([poem] * 9).perplexity(*packed([poem])) < 1.5
    assert trained([poem] * 9).perplexity(*packed([poem[::-1]])) > V


def test_no_poems_are_refused() -> None:
    with pytest.raises(GansuiteError):
        trained([])
    with pytest.raises(GansuiteError):
        trained([[0]]).perplexity(*packed([]))
