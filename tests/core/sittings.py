"""Sittings on the toy, in a folder, with somebody who writes everything down."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from core.toys import Rules, fingerprint, toy
from gansuite.core.run import Run, create, reopen
from gansuite.core.schedules import Budget
from gansuite.core.session import Kept, Rhythm, Session
from gansuite.core.trainer import Recipe, Trainer

RECIPE = Recipe(batch_size=16, generator_lr=1e-3, discriminator_lr=1e-3, precision="fp32")
QUIET = Rhythm(log=0, sheet=0, checkpoint=0, measure=0)
Line = Mapping[str, Any]


@dataclass
class Notes:
    """An observer that writes everything down, and may act on a line."""

    act: Callable[[Line], None] = lambda line: None
    plans: list[Line] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    def start(self, plan: Line) -> None:
        self.plans.append(plan)

    def record(self, line: Line) -> None:
        self.lines.append(line)
        self.act(line)

    def finish(self, outcome: str) -> None:
        self.outcomes.append(outcome)

    def steps(self, kind: str) -> list[int]:
        return [line["step"] for line in self.lines if line["kind"] == kind]

    def events(self, event: str) -> list[Line]:
        return [line for line in self.lines if line.get("event") == event]


@dataclass
class Sitting:
    """A session on the toy in a folder, with notes."""

    session: Session
    notes: Notes
    run: Run

    @property
    def trainer(self) -> Trainer:
        return self.session.trainer

    def train(self) -> int:
        return self.session.train({"run": self.run.path})


def sit(
    path: Path,
    steps: int = 10,
    rhythm: Rhythm = QUIET,
    rules: Rules | None = None,
    act: Callable[[Line], None] = lambda line: None,
    trainer: Trainer | None = None,
    keep: int = 3,
    **more: Any,
) -> Sitting:
    notes = Notes(act)
    run = reopen(path, keep=keep) if path.exists() else create(path, {}, keep)
    trainer = trainer or toy(rules, RECIPE, Budget(images=16 * steps))
    return Sitting(Session(trainer, run, rhythm, [notes], **more), notes, run)


def saved_steps(run: Run) -> list[int]:
    return [int(path.stem[5:]) for path in run.checkpoints()]


def rigged(
    distances: Mapping[int, float], also: Mapping[int, Mapping[str, float]] | None = None
) -> Callable[[Trainer], dict[str, float]]:
    return lambda trainer: {
        "held_out_distance": distances[trainer.step_count],
        **(also or {}).get(trainer.step_count, {}),
    }


def kill_at(step: int, *numbers: signal.Signals) -> Callable[[Line], None]:
    def act(line: Line) -> None:
        if line["kind"] == "step" and line["step"] == step:
            for number in numbers:
                os.kill(os.getpid(), number)

    return act


def stopped_at(step: int, monkeypatch: pytest.MonkeyPatch, run: Callable[[], int]) -> int:
    """The run's exit code when a SIGTERM comes while step number `step` is played."""
    real = Trainer.step

    def play_and_stop(trainer: Trainer) -> Any:
        if trainer.step_count == step - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return real(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", play_and_stop)
        return run()


@dataclass
class Shelf:
    """Where a session puts the model to share, time after time."""

    models: list[Kept] = field(default_factory=list)

    def __call__(self, kept: Kept) -> None:
        averages = {name: {key: w.clone() for key, w in state.items()} for name, state in kept.averages.items()}
        self.models.append(replace(kept, averages=averages))

    @property
    def steps(self) -> list[int]:
        return [kept.step for kept in self.models]

    def holds(self, checkpoint: Mapping[str, Any]) -> bool:
        """Whether the last model is the average of that checkpoint, to the last bit."""
        return fingerprint(self.models[-1].averages) == fingerprint(checkpoint["averages"])


def shelved(path: Path, distances: Mapping[int, float], **more: Any) -> tuple[Sitting, Shelf]:
    """A run that is measured every second step, and rigged."""
    shelf, rhythm = Shelf(), replace(QUIET, log=1, measure=2)
    return sit(path, max(distances), rhythm, measure=rigged(distances), export=shelf, **more), shelf
