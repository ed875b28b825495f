"""One sitting of training: drives a trainer within its budget, saves, measures, recovers and stops when told to."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

from torch import OutOfMemoryError, Tensor

from gansuite.core.errors import DIVERGED, GansuiteError
from gansuite.core.health import ROLL_BACKS, WORSE
from gansuite.core.observers.base import Observer
from gansuite.core.run import Run, load_checkpoint
from gansuite.core.trainer import Metrics, NonFinite, Trainer

COVERS_MORE = 0.05  # two standard errors of the coverage of 400 works

Measure = Callable[[Trainer], Metrics]


@dataclass(frozen=True)
class Rhythm:
    """How often, in steps, the session does what is not training; 0 is never.

    Attributes:
        log: a line of metrics.
        sheet: a sheet of samples.
        checkpoint: a checkpoint.
        measure: held-out measures, by which it is decided which average is kept.
    """

    log: int = 10
    sheet: int = 100
    checkpoint: int = 250
    measure: int = 500


@dataclass(frozen=True)
class Kept:
    """The model that a run keeps for whoever asks for it.

    Attributes:
        averages: the state of each averaged generator, by name.
        discriminators: the state of each discriminator, by name.
        step, images, seconds: how far the training was when they were like that.
        measured: their held-out measures; empty where nothing is measured.
    """

    averages: Mapping[str, Mapping[str, Tensor]]
    discriminators: Mapping[str, Mapping[str, Tensor]]
    step: int
    images: int
    seconds: float
    measured: Metrics


@dataclass
class Session:
    """Trains until the budget is spent, a signal arrives or nothing helps any more.

    Args:
        trainer: what to drive.
        run: where to save.
        rhythm: how often to do what.
        observers: who is told, on the leading process alone.
        measure: held-out measures of the averaged generators; "held_out_distance" decides which are kept.
        sheet: draws a sheet of samples for this step.
        export: writes the model that is kept as a folder to share: the latest measured one, or the best one where the
            latest is more than 15 % farther from held-out works and does not clearly cover more of them: an early blur
            may be nearer than all that follows, and come near only a few.
        notes: sentences to tell at the beginning.
    """

    trainer: Trainer
    run: Run
    rhythm: Rhythm = field(default_factory=Rhythm)
    observers: Iterable[Observer] = ()
    measure: Measure | None = None
    sheet: Callable[[Trainer], None] | None = None
    export: Callable[[Kept], None] | None = None
    notes: Iterable[str] = ()

    def __post_init__(self) -> None:
        self.best: Metrics = {}  # the measures of the nearest one, and its step and images
        self.kept: Metrics = {}  # those of the one that is kept
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
        self.trainer.world.lead(partial(self._introduce, plan))
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
            with ExitStack() as closing:  # every one of them, whatever the others meet
                for observer in reversed([*self.observers]):
                    closing.callback(observer.finish, outcome)

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
            line = {"images_per_second": self._speed(), "progress": self._progress()} | metrics
            trainer.world.lead(partial(self._tell, "step", line))
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
        for note in self.notes:
            self._event("note", note)
        if self.trainer.step_count == 0:
            self._save()
        else:
            self._event("resume", f"going on from step {self.trainer.step_count}")

    def _finish(self, stopped: bool) -> None:
        if stopped:
            self._save()
            if self._stale():
                self._take_measure()
            self._event("stop", "stopped by a signal; a checkpoint is saved")
            return
        if self.measured != self.trainer.step_count:
            self._take_measure()
        if not self._due(self.rhythm.sheet):
            self._draw_sheet()

    def _stale(self) -> bool:
        """Whether the model to share has learnt nothing yet, or is never measured on the way."""
        now = self.trainer.step_count
        return self.measured <= 1 < now or (not self.rhythm.measure and self.measured != now)

    # ------------------------------------------------------------------ measuring and saving

    def _take_measure(self) -> None:
        """Measure, choose what is kept, save; remember what it cost, so that the budget ends on time.

        Saving comes last: a process killed before it does all of this again, one killed after it nothing twice.
        """
        trainer, began = self.trainer, self._now()
        measured = self.measure(trainer) if self.measure else {}
        trainer.world.lead(partial(self._keep, measured))
        self.measured = trainer.step_count  # on the others too
        self.closing = trainer.world.latest(self._now() - began)

    def _keep(self, measured: Metrics) -> None:
        trainer = self.trainer
        latest = {**measured, "step": trainer.step_count, "images": trainer.images}
        was_fallen = self.kept.get("step", self.measured) != self.measured
        best, fallen = self._judge(measured)
        if best:
            self.best = latest
        if not fallen:
            self._keep_this(trainer.state(), latest)
        elif self.kept.get("step") != self.best["step"]:
            self._keep_best()
        trainer.seconds = self._now()
        if measured:
            self._tell("measure", {**measured, "best": best, "kept_images": self.kept["images"]})
        if fallen != was_fallen:
            self._tell("event", {"event": "kept", "text": _choice(self.kept, latest)})
        self.measured = trainer.step_count
        self._write(best)

    def _judge(self, measured: Metrics) -> tuple[bool, bool]:
        """Whether these measures are the best, and whether they are so much worse by all signs that it is kept."""
        there = self.best if self.run.best.exists() else {}
        least, distance = there.get("held_out_distance"), measured.get("held_out_distance")
        if least is None or distance is None:
            return least is None and not math.isnan(distance or 0.0), False
        farther = not distance <= least + WORSE * abs(least)
        covers_more = measured.get("coverage", 0.0) > there.get("coverage", 0.0) + COVERS_MORE
        return distance <= least, farther and not (covers_more and math.isfinite(distance))

    def _keep_best(self) -> None:
        """Keep what best.pt holds, and believe what it says of itself."""
        state = load_checkpoint(self.run.best)
        self.best = {**state["best"], "step": state["step"], "images": state["images"]}
        self._keep_this(state, self.best)

    def _keep_this(self, state: Mapping[str, Any], measures: Metrics) -> None:
        self.kept = measures
        if self.export:
            measured = {name: value for name, value in measures.items() if name not in ("step", "images")}
            players = state["averages"], state["discriminators"]
            self.export(Kept(*players, state["step"], state["images"], state["seconds"], measured))

    def _save(self) -> None:
        self.trainer.world.lead(self._write)

    def _write(self, best: bool = False) -> None:
        self.trainer.seconds = self._now()
        state = {"best": self.best, "kept": self.kept, "attempts": self.attempts, "measured": self.measured}
        self.run.save({**self.trainer.state(), **state}, best)

    def _draw_sheet(self) -> None:
        if self.sheet:
            self.trainer.world.lead(partial(self.sheet, self.trainer))

    def resume(self) -> None:
        """Take up the newest checkpoint.

        Raises:
            GansuiteError: there is none, it is damaged, or it is that of other players than the trainer's.
        """
        state = self.run.load()
        try:
            self.trainer.restore(state)
        except OutOfMemoryError:
            raise
        except (RuntimeError, KeyError, ValueError) as error:  # PyTorch knows no better names for what does not fit
            reason = str(error).strip().splitlines()[-1].strip()
            raise GansuiteError(
                f"The checkpoint of {self.run.path} does not fit what its config.json describes ({reason}).",
                "Put config.json back as it was when the run began, or start another run with --run.",
            ) from error
        self.best, self.kept = dict(state["best"]), dict(state.get("kept", {}))
        self.attempts, self.measured = state.get("attempts", 0), state.get("measured", -1)

    def _recover(self, failure: str) -> None:
        """Back to a good checkpoint, each time an older one, with half the learning rates; three times at most."""
        self.attempts += 1
        step = self.trainer.step_count
        if self.attempts > ROLL_BACKS:
            self.trainer.world.lead(partial(self._give_up, failure))
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

    def _give_up(self, failure: str) -> None:
        self._tell("event", {"event": "diverged", "text": failure})
        kept = f" The model kept is that of {_seen(self.kept)}." if self.kept and self.export else ""
        raise GansuiteError(
            f"Training diverged at step {self.trainer.step_count} ({failure}) and {ROLL_BACKS} roll-backs did not "
            f"help.{kept}",
            "Try a lower learning rate (--lr) or a stronger penalty (--r1).",
            DIVERGED,
        )

    # ------------------------------------------------------------------ telling

    def _introduce(self, plan: Mapping[str, Any]) -> None:
        for observer in self.observers:
            observer.start(plan)

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
        self.trainer.world.lead(partial(self._tell, "event", {"event": event, "text": text}))

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


def _seen(measures: Metrics) -> str:
    """How far a model had come, and where it stood."""
    distance = measures.get("held_out_distance")
    return f"{measures['images']:,} images" + (f" (held-out distance {distance:.3g})" if distance is not None else "")


def _choice(kept: Metrics, latest: Metrics) -> str:
    if kept["step"] == latest["step"]:
        return f"the model kept is the latest again, that of {_seen(latest)}"
    return f"the model kept is that of {_seen(kept)}; the latest is that of {_seen(latest)}"
