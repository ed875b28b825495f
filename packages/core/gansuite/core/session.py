"""One sitting of training: drives a trainer within its budget, saves, measures, recovers and stops when told to."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

from gansuite.core.errors import DIVERGED, GansuiteError
from gansuite.core.observers.base import Observer
from gansuite.core.run import Run
from gansuite.core.trainer import Metrics, NonFinite, Trainer

ROLL_BACKS = 3
Measure = Callable[[Trainer], Metrics]


@dataclass(frozen=True)
class Rhythm:
    """How often, in steps, the session does what is not training; 0 is never.

    Attributes:
        log: a line of metrics.
        sheet: a sheet of samples.
        checkpoint: a checkpoint.
        measure: held-out measures, by which the best average is kept.
    """

    log: int = 10
    sheet: int = 100
    checkpoint: int = 250
    measure: int = 500


@dataclass
class Session:
    """Trains until the budget is spent, a signal arrives or nothing helps any more.

    Args:
        trainer: what to drive.
        run: where to save.
        rhythm: how often to do what.
        observers: who is told; only the leading process should have any.
        measure: held-out measures of the averaged generators; "held_out_distance" chooses the best.
        sheet: draws a sheet of samples for this step.
        export: writes the best model as a folder to share.
    """

    trainer: Trainer
    run: Run
    rhythm: Rhythm = field(default_factory=Rhythm)
    observers: Iterable[Observer] = ()
    measure: Measure | None = None
    sheet: Callable[[Trainer], None] | None = None
    export: Callable[[Trainer, Mapping[str, Any]], None] | None = None

    def __post_init__(self) -> None:
        self.best: Metrics = {}
        self.closing = 0.0
        self.attempts = 0
        self.measured = -1  # the step of the last measure
        self.received = 0

    def train(self, plan: Mapping[str, Any]) -> int:
        """Run to the end. Returns 0, or 128 + the signal that stopped it (after a saved checkpoint).

        Raises:
            GansuiteError: with exit code 3 when three roll-backs did not help.
        """
        outcome = "failed"
        for observer in self.observers:
            observer.start(plan)
        try:
            with self._signals():
                self._begin()
                stopped = self._loop()
                self._finish(bool(stopped))
            outcome = "stopped" if stopped else "done"
            return 128 + stopped if stopped else 0
        except GansuiteError as error:
            outcome = "diverged" if error.exit_code == DIVERGED else "failed"
            raise
        finally:
            for observer in self.observers:
                observer.finish(outcome)

    # ------------------------------------------------------------------ the loop

    def _loop(self) -> int:
        """Steps until the budget is spent or a signal is agreed upon; returns that signal or 0."""
        world = self.trainer.world
        while True:
            stop = world.agree(self.received)
            if stop or self._spent():
                return stop
            if self._step():
                self._rhythmic()

    def _spent(self) -> bool:
        t = self.trainer
        t.seconds = t.world.latest(self._now())
        return t.budget.fraction(t.images, t.seconds + self.closing) >= 1

    def _step(self) -> bool:
        """One round; False when it failed and the trainer has been rolled back."""
        trainer = self.trainer
        try:
            metrics, failure = trainer.step(), ""
        except NonFinite as error:
            metrics, failure = {}, str(error)
        if failure:
            self._recover(failure)
            return False
        trainer.seconds = self._now()
        if self._due(self.rhythm.log) or any(name.startswith("penalty/") for name in metrics):
            speed = self._speed()
            self._tell("step", {"images_per_second": speed, "progress": self._progress()} | metrics)
        return True

    def _rhythmic(self) -> None:
        first = self.trainer.step_count == 1  # what costs seconds waits for the first step
        if self.rhythm.sheet and (first or self._due(self.rhythm.sheet)):
            self._draw_sheet()
        if self.measure and (first or self._due(self.rhythm.measure)):
            self._take_measure()
        elif self._due(self.rhythm.checkpoint):
            self._save()

    def _begin(self) -> None:
        self._clock = time.monotonic() - self.trainer.seconds
        self._last = (self.trainer.seconds, self.trainer.images)
        if self.trainer.step_count == 0:
            self._save()
        else:
            self._event("resume", f"going on from step {self.trainer.step_count}")

    def _finish(self, stopped: bool) -> None:
        if stopped:
            self._save()
            if self.measured <= 1 < self.trainer.step_count:  # so that the model to share has learnt something
                self._take_measure()
            self._event("stop", "stopped by a signal; a checkpoint is saved")
            return
        if self.measured != self.trainer.step_count:
            self._take_measure()
        if not self._due(self.rhythm.sheet):
            self._draw_sheet()

    # ------------------------------------------------------------------ measuring and saving

    def _take_measure(self) -> None:
        """Measure, keep the best, save; remember what it cost, so that the budget ends on time.

        Saving comes last: a process killed before it does all of this again, one killed after it nothing twice.
        """
        trainer, began = self.trainer, self._now()
        measured = self.measure(trainer) if self.measure else {}
        distance = measured.get("held_out_distance", 0.0)
        best = distance <= self.best.get("held_out_distance", math.inf)
        self.measured = trainer.step_count
        if best:
            self.best = {**measured, "held_out_distance": distance, "step": trainer.step_count}
        trainer.world.lead(partial(self._keep, measured, best))
        self.closing = trainer.world.latest(self._now() - began)

    def _keep(self, measured: Metrics, best: bool) -> None:
        if best and self.export:
            self.export(self.trainer, measured)
        self.trainer.seconds = self._now()
        if measured:
            self._tell("measure", {**measured, "best": best})
        self._write(best)

    def _save(self) -> None:
        self.trainer.world.lead(self._write)

    def _write(self, best: bool = False) -> None:
        self.trainer.seconds = self._now()
        state = {"best": self.best, "attempts": self.attempts, "measured": self.measured}
        self.run.save({**self.trainer.state(), **state}, best)

    def _draw_sheet(self) -> None:
        if self.sheet:
            self.trainer.world.lead(partial(self.sheet, self.trainer))

    def resume(self) -> None:
        """Take up the newest checkpoint."""
        state = self.run.load()
        self.trainer.restore(state)
        self.best = dict(state["best"])
        self.attempts, self.measured = state.get("attempts", 0), state.get("measured", -1)

    def _recover(self, failure: str) -> None:
        """Back to a good checkpoint, each time an older one, with half the learning rates; three times at most."""
        self.attempts += 1
        step = self.trainer.step_count
        if self.attempts > ROLL_BACKS:
            self._event("diverged", failure)
            raise GansuiteError(
                f"Training diverged at step {step} ({failure}) and {ROLL_BACKS} roll-backs did not help.",
                "The best checkpoint is kept; try a lower learning rate (--lr) or a stronger penalty (--r1).",
                DIVERGED,
            )
        self.trainer.roll_back(self.run.load(back=self.attempts - 1))
        self.trainer.world.wait()  # until every rank has read it
        if self.trainer.world.leads:
            self.run.forget_after(self.trainer.step_count)
        self._event(
            "rollback",
            f"{failure} at step {step}: back to step {self.trainer.step_count} with the learning rates times "
            f"{self.trainer.lr_scale:g} and other random numbers",
        )
        self._last = (self.trainer.seconds, self.trainer.images)
        self._save()

    # ------------------------------------------------------------------ telling

    def _tell(self, kind: str, values: Mapping[str, Any]) -> None:
        t = self.trainer
        line = {
            "kind": kind,
            "step": t.step_count,
            "images": t.images,
            "seconds": round(t.seconds, 3),
            **values,
        }
        for observer in self.observers:
            observer.record(line)

    def _event(self, event: str, text: str) -> None:
        self._tell("event", {"event": event, "text": text})

    def _speed(self) -> float:
        (seconds, images), t = self._last, self.trainer
        self._last = (t.seconds, t.images)
        return (t.images - images) / max(t.seconds - seconds, 1e-9)

    def _progress(self) -> float:
        return self.trainer.budget.fraction(self.trainer.images, self.trainer.seconds)

    def _due(self, every: int) -> bool:
        return every > 0 and self.trainer.step_count % every == 0

    def _now(self) -> float:
        return time.monotonic() - self._clock

    # ------------------------------------------------------------------ signals

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM ask for a stop after this step; a second SIGINT quits at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {s: signal.signal(s, self._receive) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = number
