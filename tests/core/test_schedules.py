"""Everything that changes over a run, as functions of its progress."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.schedules import Budget, constant_then_cosine, warm_up

few = settings(max_examples=50, deadline=None)


def test_budget_of_images_ignores_the_clock() -> None:
    budget = Budget(images=1000)
    assert budget.fraction(250, 1e9) == 0.25
    assert budget.fraction(1000, 0.0) == 1.0
    assert budget.fraction(5000, 0.0) == 1.0


def test_budget_of_minutes_ignores_the_images() -> None:
    budget = Budget(minutes=2)
    assert budget.fraction(10**9, 30.0) == 0.25
    assert budget.fraction(0, 120.0) == 1.0


def test_whichever_bound_comes_first_counts() -> None:
    budget = Budget(images=100, minutes=1)
    assert budget.fraction(50, 15.0) == 0.5
    assert budget.fraction(50, 45.0) == 0.75


def test_a_run_without_an_end_is_refused() -> None:
    with pytest.raises(GansuiteError, match="no end") as caught:
        Budget()
    assert "--minutes" in caught.value.remedy
    assert "--steps" in caught.value.remedy


@pytest.mark.parametrize(
    ("budget", "word"),
    [
        ({"images": 0}, "--steps"),
        ({"images": -5}, "--steps"),
        ({"minutes": 0.0}, "--minutes"),
        ({"minutes": -1.0}, "--min"),
    ],
)
def test_a_budget_must_be_more_than_nothing(budget: dict[str, float], word: str) -> None:
    with pytest.raises(GansuiteError, match="more than 0") as caught:
        Budget(**budget)  # type: ignore[arg-type]
    assert caught.value.cause.startswith(word)


@pytest.mark.parametrize("minutes", [math.nan, math.inf])
def test_minutes_must_be_a_number(minutes: float) -> None:
    with pytest.raises(GansuiteError):
        Budget(minutes=minutes)


def test_warm_up_is_a_ramp() -> None:
    assert [warm_up(f, 0.2) for f in (0.0, 0.05, 0.1, 0.2, 0.7)] == pytest.approx([0, 0.25, 0.5, 1, 1])
    assert warm_up(0.0, 0.0) == 1.0


def test_cosine_by_hand() -> None:
    """From 1 at the middle to 0.2 at the end; three quarters through, half a cosine: 0.2 + 0.8 / 2."""
    values = [constant_then_cosine(f, 0.2) for f in (0.0, 0.5, 0.75, 1.0)]
    assert values == pytest.approx([1.0, 1.0, 0.6, 0.2])
    sixth = 0.2 + 0.8 * 0.5 * (1 + math.cos(math.pi / 6))
    assert constant_then_cosine(0.5 + 0.5 / 6, 0.2) == pytest.approx(sixth)


@few
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.99))
def test_cosine_only_falls_and_stays_between(one: float, other: float, final: float, start: float) -> None:
    early, late = (constant_then_cosine(f, final, start) for f in sorted((one, other)))
    assert final - 1e-9 <= late <= early + 1e-9 <= 1 + 2e-9


@few
@given(st.integers(1, 10**6), st.integers(0, 2 * 10**6), st.integers(1, 64))
def test_progress_does_not_depend_on_the_batch(total: int, images: int, batch: int) -> None:
    """Images are what is counted: however they were batched, the schedule stands at the same place."""
    in_batches = sum([batch] * (images // batch))
    assert Budget(images=total).fraction(in_batches, 0) == min(1.0, in_batches / total)
