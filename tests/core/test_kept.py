"""A run never gets worse: the model it keeps is the latest, or the best where the latest is far worse by all signs."""

from __future__ import annotations

import math
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from core.sittings import QUIET, Line, Shelf, kill_at, rigged, saved_steps, shelved, sit
from core.toys import fingerprint
from gansuite.core.run import load_checkpoint


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_the_best_measure_is_remembered(path: Path) -> None:
    s, _ = shelved(path, {1: 3.0, 2: 1.0, 4: 2.0, 6: 0.5, 8: 0.9, 10: 0.7}, keep=2)
    s.train()
    measures = [line for line in s.notes.lines if line["kind"] == "measure"]
    assert [line["best"] for line in measures] == [True, True, False, True, False, False]
    best = load_checkpoint(s.run.best)
    assert (best["step"], best["best"]) == (6, {"held_out_distance": 0.5, "step": 6, "images": 96})
    assert saved_steps(s.run) == [8, 10]


def test_a_run_that_gets_worse_keeps_its_best(path: Path) -> None:
    """0.6 is 20 % more than 0.5: from step 8 on the model is that of step 4 again, and the log says so, once."""
    s, shelf = shelved(path, {1: 3.0, 2: 1.0, 4: 0.5, 6: 0.55, 8: 0.6, 10: 0.7})
    s.train()
    assert shelf.steps == [1, 2, 4, 6, 4]
    assert shelf.holds(load_checkpoint(s.run.best))
    assert (shelf.models[-1].images, shelf.models[-1].measured) == (64, {"held_out_distance": 0.5})
    measures = [line for line in s.notes.lines if line["kind"] == "measure"]
    assert [line["kept_images"] for line in measures] == [16, 32, 64, 96, 64, 64]
    (event,) = s.notes.events("kept")
    assert event["step"] == 8
    assert event["text"] == (
        "the model kept is that of 64 images (held-out distance 0.5); "
        "the latest is that of 128 images (held-out distance 0.6)"
    )


def test_a_run_that_only_wobbles_keeps_its_latest(path: Path) -> None:
    """Up to 15 % above the best a measure is noise, and an average that has seen more is the better bet."""
    s, shelf = shelved(path, {1: 3.0, 2: 1.0, 4: 1.149, 6: 1.05, 8: 1.1})
    s.train()
    assert shelf.steps == [1, 2, 4, 6, 8]
    assert shelf.holds(s.run.load())
    assert load_checkpoint(s.run.best)["step"] == 2
    assert s.notes.events("kept") == []


def test_a_farther_model_is_kept_where_it_covers_clearly_more(path: Path) -> None:
    """The blur of step 2 is nearer than all that follows. 0.64 is not clearly more than its 0.6; inf is never kept."""
    covered = {1: 0.1, 2: 0.6, 4: 0.64, 6: 0.7, 8: 0.2, 10: 0.9}
    distances = {1: 3.0, 2: 0.5, 4: 0.8, 6: 0.8, 8: 0.8, 10: math.inf}
    s, shelf = shelved(path, distances)
    s.session.measure = rigged(distances, {step: {"coverage": value} for step, value in covered.items()})
    s.train()
    assert shelf.steps == [1, 2, 6, 2]


def test_a_run_that_comes_back_keeps_its_latest_again(path: Path) -> None:
    s, shelf = shelved(path, {1: 1.0, 2: 2.0, 4: 1.1, 6: 5.0})
    s.train()
    assert shelf.steps == [1, 4, 1]
    events = s.notes.events("kept")
    assert [event["step"] for event in events] == [2, 4, 6]
    assert events[1]["text"] == "the model kept is the latest again, that of 64 images (held-out distance 1.1)"


def test_fifteen_percent_of_a_distance_below_nothing(path: Path) -> None:
    """The unbiased estimator of a distance may be negative: 15 % of its size is still 15 %."""
    s, shelf = shelved(path, {1: 1.0, 2: -0.2, 4: -0.18, 6: -0.1})
    s.train()
    assert shelf.steps == [1, 2, 4, 2]


@pytest.mark.parametrize("step", [3, 5, 7, 9])
def test_a_resumed_run_keeps_what_an_undisturbed_one_keeps(step: int, tmp_path: Path) -> None:
    """Stopped before, while and after the best is kept in place of the latest."""
    distances = {1: 3.0, 2: 0.5, 4: 0.7, 6: 0.8, 8: 0.55, 10: 0.9}
    straight, whole = shelved(tmp_path / "straight", distances)
    straight.train()
    first, before = shelved(tmp_path / "stopped", distances, act=kill_at(step, signal.SIGTERM))
    assert first.train() == 143
    second, after = shelved(tmp_path / "stopped", distances)
    second.session.resume()
    assert second.train() == 0
    assert before.steps + after.steps == whole.steps == [1, 2, 8, 2]
    assert fingerprint((before.models + after.models)[-1].averages) == fingerprint(whole.models[-1].averages)
    assert fingerprint(second.run.load()) == fingerprint(straight.run.load())
    told = [(e["step"], e["text"]) for s in (first, second) for e in s.notes.events("kept")]
    assert told == [(e["step"], e["text"]) for e in straight.notes.events("kept")]
    assert [step for step, _ in told] == [4, 8, 10]


def test_a_lost_best_makes_the_next_one_the_best(path: Path) -> None:
    def lose(line: Line) -> None:
        if line["kind"] == "step" and line["step"] == 3:
            s.run.best.unlink()

    s, shelf = shelved(path, {1: 3.0, 2: 0.5, 4: 2.0, 6: 2.1, 8: 4.0}, act=lose)
    s.train()
    assert shelf.steps == [1, 2, 4, 6, 4]
    assert load_checkpoint(s.run.best)["step"] == 4


@pytest.mark.parametrize("first", [1.0, math.nan])
def test_a_distance_that_is_not_a_number_is_never_the_best(path: Path, first: float) -> None:
    s, shelf = shelved(path, {1: first, 2: math.nan, 4: 0.5, 6: math.nan})
    s.train()
    assert load_checkpoint(s.run.best)["step"] == 4
    assert shelf.steps[-1] == 4


def test_without_measures_the_last_is_exported(path: Path) -> None:
    s = sit(path, steps=5, export=(shelf := Shelf()))
    s.train()
    assert shelf.steps[-1] == 5
    assert shelf.models[-1].measured == {}
    assert s.notes.steps("measure") == []


def test_without_measures_a_stopped_run_exports_its_last_each_time(path: Path) -> None:
    for step in (4, 7):
        act = kill_at(step, signal.SIGTERM)
        s = sit(path, 10, replace(QUIET, log=1), act=act, export=(shelf := Shelf()))
        if step == 7:
            s.session.resume()
        assert s.train() == 143
        assert shelf.steps[-1] == step
