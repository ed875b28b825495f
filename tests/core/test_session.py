"""One sitting of training: budgets, rhythm, roll-backs, signals. What it keeps is in test_kept."""

from __future__ import annotations

import errno
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from torch import Tensor

from core.sittings import QUIET, RECIPE, Line, Notes, Shelf, kill_at, rigged, saved_steps, sit
from core.toys import ENDLESS, Points, Rules, ToyGame, fingerprint, gaussians, ring, toy
from gansuite.core import session
from gansuite.core.engine import World
from gansuite.core.errors import GansuiteError
from gansuite.core.run import load_checkpoint
from gansuite.core.schedules import Budget
from gansuite.core.session import Rhythm
from gansuite.core.trainer import Recipe, Trainer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run"


# ------------------------------------------------------------------ budgets


def test_a_budget_of_steps_is_played_to_the_end(path: Path) -> None:
    s = sit(path, steps=7)
    assert s.train() == 0
    assert (s.trainer.step_count, s.trainer.images) == (7, 112)
    assert saved_steps(s.run) == [0, 7]
    assert s.notes.outcomes == ["done"]
    assert s.notes.plans == [{"run": path}]


class Clock:
    """Time that passes only when somebody works."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Slow(Points):
    """A source whose batches take a second."""

    clock: Clock

    def take(self, indices: np.ndarray) -> Tensor:
        self.clock.now += 1.0
        return super().take(indices)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=found.monotonic))
    return found


def timed(clock: Clock, budget: Budget, recipe: Recipe = RECIPE) -> Trainer:
    source = Slow(gaussians(ring(), 0.05, 25))
    source.clock = clock
    return Trainer(ToyGame(Rules()), source, recipe, budget, 0, World())


def test_a_budget_of_minutes_ends_on_time_with_its_measures(path: Path, clock: Clock) -> None:
    """Two minutes in steps of a second and measures of four, the last one included, to 3 percent."""

    def measure(trainer: Trainer) -> dict[str, float]:
        clock.now += 4.0
        return {"held_out_distance": 1.0}

    s = sit(path, trainer=timed(clock, Budget(minutes=2)), rhythm=replace(QUIET, measure=30), measure=measure)
    assert s.train() == 0
    assert clock.now - 1000 == pytest.approx(120, rel=0.03)
    assert s.notes.steps("measure")[-1] == s.trainer.step_count
    assert s.trainer.step_count >= 95


def test_minutes_of_a_resumed_run_are_counted_together(path: Path, clock: Clock) -> None:
    def stop(line: Line) -> None:
        if line["kind"] == "step" and line["step"] == 40:
            os.kill(os.getpid(), signal.SIGTERM)

    budget = Budget(minutes=1.5)
    first = sit(path, trainer=timed(clock, budget), rhythm=replace(QUIET, log=10), act=stop)
    assert first.train() == 143
    clock.now += 5000  # the night
    second = sit(path, trainer=timed(clock, budget))
    second.session.resume()
    assert second.train() == 0
    assert second.trainer.seconds == pytest.approx(90, abs=1.5)
    assert second.trainer.step_count == pytest.approx(90, abs=1.5)


def test_schedules_follow_the_minutes(path: Path, clock: Clock) -> None:
    trainer = timed(clock, Budget(minutes=1), replace(RECIPE, final_lr=0.0))
    s = sit(path, trainer=trainer, rhythm=replace(QUIET, log=1))
    s.train()
    rates = {line["step"]: line["learning_rate"] for line in s.notes.lines if line["kind"] == "step"}
    assert rates[20] == pytest.approx(1e-3)
    # step 46 begins at second 45: three quarters of the budget, half of the cosine
    assert rates[46] == pytest.approx(0.5e-3, rel=0.05)
    progress = [line["progress"] for line in s.notes.lines if line["kind"] == "step"]
    assert progress == sorted(progress)
    assert progress[-1] == pytest.approx(1.0, abs=0.02)


def test_speed_counts_the_images_since_the_last_line(path: Path, clock: Clock) -> None:
    s = sit(path, trainer=timed(clock, Budget(images=16 * 20)), rhythm=replace(QUIET, log=5))
    s.train()
    assert [line["images_per_second"] for line in s.notes.lines if line["kind"] == "step"] == pytest.approx([16.0] * 4)


# ------------------------------------------------------------------ rhythm


def test_the_rhythm(path: Path) -> None:
    sheets: list[int] = []
    measures: list[int] = []

    def measure(trainer: Trainer) -> dict[str, float]:
        measures.append(trainer.step_count)
        return {"held_out_distance": 1.0, "diversity": 0.5}

    s = sit(
        path,
        steps=14,
        rhythm=Rhythm(log=3, sheet=4, checkpoint=5, measure=6),
        keep=99,
        measure=measure,
        sheet=lambda trainer: sheets.append(trainer.step_count),
    )
    s.train()
    assert s.notes.steps("step") == [3, 6, 9, 12]
    assert sheets == [1, 4, 8, 12, 14]
    assert measures == [1, 6, 12, 14]
    assert s.notes.steps("measure") == measures
    assert saved_steps(s.run) == [0, 1, 5, 6, 10, 12, 14]


def test_steps_with_a_penalty_are_always_told(path: Path) -> None:
    s = sit(path, steps=20, rules=Rules(r1=0.1))
    s.train()
    assert s.notes.steps("step") == [1, 9, 17]
    assert all("penalty/r1" in line for line in s.notes.lines if line["kind"] == "step")


def test_the_last_step_is_measured_once(path: Path) -> None:
    s = sit(path, steps=6, rhythm=replace(QUIET, measure=3, sheet=3), measure=lambda t: {"held_out_distance": 1.0})
    s.train()
    assert s.notes.steps("measure") == [1, 3, 6]


def test_lines_say_where_the_run_stands(path: Path) -> None:
    s = sit(path, steps=4, rhythm=replace(QUIET, log=2))
    s.train()
    first = next(line for line in s.notes.lines if line["kind"] == "step")
    assert (first["step"], first["images"], first["progress"]) == (2, 32, 0.5)
    assert {
        "seconds",
        "images_per_second",
        "learning_rate",
        "loss/discriminator-a",
        "gradient/generator",
    } <= first.keys()


# ------------------------------------------------------------------ what goes wrong


def test_a_run_that_diverges_once_goes_back_and_on(path: Path) -> None:
    """Not a number at draw 7: back to step 5, half the rates, numbers from draw 8 on, and to the end."""
    s = sit(path, 20, Rhythm(log=1, sheet=0, checkpoint=5, measure=0), Rules(trouble=lambda draw: draw.step == 7))
    assert s.train() == 0
    (event,) = s.notes.events("rollback")
    assert event["step"] == 5
    assert "loss/discriminator-a" in event["text"]
    assert "step 7" in event["text"]
    assert "times 0.5" in event["text"]
    assert (s.trainer.step_count, s.trainer.lr_scale, s.trainer.skipped) == (20, 0.5, 3)
    told = s.notes.steps("step")
    assert told == [*range(1, 8), *range(6, 21)]
    rates = [line["learning_rate"] for line in s.notes.lines if line["kind"] == "step"]
    assert rates == pytest.approx([1e-3] * 7 + [0.5e-3] * 15)
    assert s.notes.outcomes == ["done"]


def test_each_roll_back_goes_further(path: Path) -> None:
    """Troubles at draws 13, 15 and 17: back to 12, then to the checkpoint before it, and so on."""
    s = sit(path, 20, replace(QUIET, checkpoint=4), Rules(trouble=lambda draw: draw.step in (13, 15, 17)))
    assert s.train() == 0
    assert [event["step"] for event in s.notes.events("rollback")] == [12, 8, 4]
    assert s.trainer.lr_scale == 0.125
    assert s.trainer.step_count == 20


def test_what_never_gets_better_stops_with_its_own_exit_code(path: Path) -> None:
    trouble = Rules(trouble=lambda draw: draw.step >= 17)
    s = sit(path, 40, replace(QUIET, checkpoint=5), trouble, measure=rigged({1: 1.0}), export=Shelf())
    with pytest.raises(GansuiteError, match="3 roll-backs did not help") as caught:
        s.train()
    assert caught.value.cause.endswith("The model kept is that of 16 images (held-out distance 1).")
    assert caught.value.exit_code == 3
    assert "loss/discriminator-a" in caught.value.cause
    assert "learning rate" in caught.value.remedy
    assert len(s.notes.events("rollback")) == 3
    assert len(s.notes.events("diverged")) == 1
    assert s.notes.outcomes == ["diverged"]
    assert load_checkpoint(s.run.best)["step"] == 1
    assert s.run.load()["step"] < 17


def test_trouble_in_the_first_step_stops_too(path: Path) -> None:
    s = sit(path, 10, rules=Rules(generator_trouble=lambda draw: True))
    with pytest.raises(GansuiteError, match="diverged at step 0") as caught:
        s.train()
    assert "kept" not in str(caught.value)  # there was no model yet
    assert not s.run.best.exists()
    assert s.run.load()["step"] == 0


def test_after_a_roll_back_the_new_way_is_what_is_resumed(path: Path) -> None:
    """Stopped after the second roll-back, at a step before the newest abandoned checkpoint."""

    def stop(line: Line) -> None:
        if len(s.notes.events("rollback")) == 2 and line["kind"] == "step" and line["step"] == 14:
            os.kill(os.getpid(), signal.SIGTERM)

    rules = Rules(trouble=lambda draw: draw.step in (17, 19))
    s = sit(path, 30, Rhythm(log=1, sheet=0, checkpoint=4, measure=0), rules, stop)
    assert s.train() == 143
    assert [event["step"] for event in s.notes.events("rollback")] == [16, 12]
    state = s.run.load()
    assert (state["step"], state["lr_scale"]) == (14, 0.25)


def test_a_roll_back_is_saved_at_once(path: Path) -> None:
    """A run killed right after it goes on with the halved rates, whatever its clock says then."""
    saved: list[float] = []
    rules = Rules(trouble=lambda draw: draw.step == 7)
    s = sit(path, 10, Rhythm(log=1, sheet=0, checkpoint=5, measure=0), rules, lambda line: look())

    def look() -> None:
        saved.extend(s.run.load()["lr_scale"] for _ in s.notes.events("rollback") if s.trainer.step_count == 6)

    s.train()
    assert saved == [0.5]


def test_a_resumed_run_remembers_its_roll_backs(path: Path) -> None:
    rhythm = replace(QUIET, checkpoint=4)
    trouble = Rules(trouble=lambda draw: draw.step in (6, 10))
    first = sit(path, 12, rhythm, trouble)
    first.train()
    again = sit(path, 40, rhythm, Rules(trouble=lambda draw: draw.step > 20))
    again.session.resume()
    with pytest.raises(GansuiteError, match="diverged"):
        again.train()
    assert len(first.notes.events("rollback")) == 2
    assert len(again.notes.events("rollback")) == 1


def test_a_full_disk_ends_the_run_and_keeps_what_was_saved(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(line: Line) -> None:
        if line["step"] == 7:
            monkeypatch.setattr(os, "fsync", full)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    s = sit(path, 20, Rhythm(log=1, sheet=0, checkpoint=5, measure=0), act=fill)
    with pytest.raises(GansuiteError, match="disk is full") as caught:
        s.train()
    assert caught.value.exit_code == 2
    assert s.notes.outcomes == ["failed"]
    assert s.trainer.step_count == 10
    monkeypatch.undo()
    again = sit(path, 20)
    again.session.resume()
    assert again.trainer.step_count == 5
    assert again.train() == 0


def test_what_one_observer_meets_at_the_end_keeps_no_other_from_its_own(path: Path) -> None:
    class Deaf(Notes):
        def finish(self, outcome: str) -> None:
            raise GansuiteError("The disk is full.", "Free some space.")

    s = sit(path, 3)
    s.session.observers = [Deaf(), s.notes, Deaf()]
    with pytest.raises(GansuiteError, match="disk is full"):
        s.train()
    assert s.notes.outcomes == ["done"]


def test_an_error_in_the_middle_still_closes_the_observers(path: Path) -> None:
    def fail(line: Line) -> None:
        raise ZeroDivisionError

    s = sit(path, rhythm=replace(QUIET, log=1), act=fail)
    with pytest.raises(ZeroDivisionError):
        s.train()
    assert s.notes.outcomes == ["failed"]


# ------------------------------------------------------------------ signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_save_and_stop(path: Path, number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    s = sit(path, 100, replace(QUIET, log=1), act=kill_at(7, number))
    assert s.train() == code
    assert s.trainer.step_count == 7
    assert saved_steps(s.run) == [0, 7]
    assert s.notes.events("stop")
    assert s.notes.outcomes == ["stopped"]
    assert signal.getsignal(number) is before
    assert fingerprint(s.trainer.state()) == fingerprint({k: s.run.load()[k] for k in s.trainer.state()})


@pytest.mark.parametrize(("step", "measured"), [(1, [1]), (4, [1, 4]), (7, [1, 6])])
def test_a_stopped_run_has_measured_more_than_its_first_step(path: Path, step: int, measured: list[int]) -> None:
    """A run stopped before its second measure takes it then, so that the model to share has learnt something."""
    s = sit(
        path,
        100,
        replace(QUIET, log=1, measure=6),
        act=kill_at(step, signal.SIGTERM),
        measure=rigged({n: 1 / n for n in (1, 4, 6)}),
        export=(shelf := Shelf()),
    )
    assert s.train() == 143
    assert s.notes.steps("measure") == shelf.steps == measured
    assert load_checkpoint(s.run.best)["step"] == measured[-1]
    assert (s.run.load()["step"], s.run.load()["measured"]) == (step, measured[-1])


def test_a_second_interrupt_quits_at_once(path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    s = sit(path, 100, replace(QUIET, log=1), act=kill_at(7, signal.SIGINT, signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        s.train()
    assert s.notes.outcomes == ["failed"]
    assert signal.getsignal(signal.SIGINT) is before
    assert s.run.load()["step"] == 0


def test_two_requests_to_terminate_are_one(path: Path) -> None:
    s = sit(path, 100, replace(QUIET, log=1), act=kill_at(7, signal.SIGTERM, signal.SIGTERM))
    assert s.train() == 143


def test_a_session_beside_the_main_thread_leaves_signals_alone(path: Path) -> None:
    codes: list[int] = []
    s = sit(path, 3)
    thread = threading.Thread(target=lambda: codes.append(s.train()))
    thread.start()
    thread.join(60)
    assert codes == [0]


# ------------------------------------------------------------------ going on


def test_stopped_and_resumed_is_the_same_as_never_stopped(tmp_path: Path) -> None:
    rhythm, rules = Rhythm(log=1, sheet=0, checkpoint=4, measure=6), Rules(r1=0.1, pairs=2)

    def measure(trainer: Trainer) -> dict[str, float]:
        return {"held_out_distance": 1 / (1 + trainer.step_count)}

    straight = sit(tmp_path / "straight", 20, rhythm, rules, measure=measure)
    straight.train()
    first = sit(tmp_path / "stopped", 20, rhythm, rules, kill_at(9, signal.SIGTERM), measure=measure)
    assert first.train() == 143
    second = sit(tmp_path / "stopped", 20, rhythm, rules, measure=measure)
    second.session.resume()
    assert [event["step"] for event in second.notes.events("resume")] == []
    assert second.train() == 0
    assert [event["step"] for event in second.notes.events("resume")] == [9]
    assert fingerprint(second.trainer.state()) == fingerprint(straight.trainer.state())
    assert first.notes.steps("step") + second.notes.steps("step") == straight.notes.steps("step")
    assert first.notes.steps("measure") + second.notes.steps("measure") == straight.notes.steps("measure")


def test_a_finished_run_has_nothing_left_to_do(path: Path) -> None:
    measure = rigged({1: 1.0, 5: 0.5})
    sit(path, 5, measure=measure).train()
    again = sit(path, 5, measure=measure)
    again.session.resume()
    assert again.train() == 0
    assert again.trainer.step_count == 5
    assert again.notes.steps("measure") == []


@pytest.mark.parametrize(
    ("other", "misfit"),
    [(Rules(width=8), "size mismatch"), (Rules(pairs=2), "'b'"), (Rules(depth=3), "size mismatch")],
)
def test_a_checkpoint_of_other_players_is_refused_in_a_sentence(path: Path, other: Rules, misfit: str) -> None:
    """Somebody edited config.json between two sittings."""
    sit(path, 3).train()
    again = sit(path, 6, rules=other)
    with pytest.raises(GansuiteError, match="does not fit what its config") as caught:
        again.session.resume()
    assert str(path) in caught.value.cause
    assert misfit in caught.value.cause
    assert "Put config.json back" in caught.value.remedy
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_notes_are_told_at_the_beginning(path: Path) -> None:
    s = sit(path, 2, notes=["nothing is compiled"])
    s.train()
    assert [(line["step"], line["text"]) for line in s.notes.events("note")] == [(0, "nothing is compiled")]


def test_an_endless_budget_is_possible_for_those_who_stop_it(path: Path) -> None:
    s = sit(path, trainer=toy(None, RECIPE, ENDLESS), rhythm=replace(QUIET, log=1), act=kill_at(3, signal.SIGINT))
    assert s.train() == 130
