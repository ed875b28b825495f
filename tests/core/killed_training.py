"""A training of the toy that is killed with -9 again and again, and resumed each time.

Run as `python -m core.killed_training FOLDER KILLS SEED STRIDE`; prints one JSON object: what the runs hold at the end.
Every life is a fork of this process, which has imported PyTorch but never computed: lives are short, and many.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from core.shared_training import PLAIN, Listener
from core.toys import Rules, fingerprint, toy
from gansuite.core.files import write_atomically
from gansuite.core.observers.jsonl import MetricsFile, read_metrics
from gansuite.core.run import Run, create, load_checkpoint, reopen
from gansuite.core.schedules import Budget
from gansuite.core.session import Rhythm, Session
from gansuite.core.trainer import Trainer

CALM = Rules(r1=0.1)
TROUBLED = Rules(r1=0.1, trouble=lambda draw: draw.step == 11)
RHYTHM = Rhythm(log=1, sheet=0, checkpoint=4, measure=6)
SPOKEN = ("seconds", "images_per_second")  # what may differ between two runs


def measure(trainer: Trainer) -> dict[str, float]:
    """A distance that goes up and down and follows from the weights."""
    weight = next(iter(trainer.averages["a"].module.parameters()))
    return {"held_out_distance": float(weight.double().abs().sum().sin().abs())}


def train(folder: Path, rules: Rules, steps: int, tell: Callable[[], object] = lambda: None) -> None:
    """One life: a new run, or the rest of one."""
    torch.set_num_threads(1)
    fresh = not Run(folder).checkpoints()
    if fresh:  # killed before anything was saved
        shutil.rmtree(folder, ignore_errors=True)
    run = create(folder, {}) if fresh else reopen(folder)
    trainer = toy(rules, PLAIN, Budget(images=16 * steps))
    session = Session(trainer, run, RHYTHM, [MetricsFile(run.metrics), Listener(lambda line: tell())], measure)
    session.export = lambda kept: write_atomically(run.model / "step.json", str(kept.step))
    if not fresh:
        session.resume()
    session.train({"resumed_step": trainer.step_count})


def fork(life: Callable[[], None]) -> int:
    """Another process that lives this life; returns its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        life()
        code = 0
    finally:
        os._exit(code)


def survived(child: int) -> bool:
    """Whether it ended by itself; a life that fails is an error."""
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("a life ended with an error")
    return os.WIFEXITED(status)


def killed_after(lines: int, pause: float, folder: Path, rules: Rules, steps: int) -> bool:
    """A life that is killed some time after it told so many lines; whether it ended before that."""
    ear, mouth = os.pipe()
    child = fork(lambda: train(folder, rules, steps, lambda: os.write(mouth, b".")))
    os.close(mouth)
    while lines > 0 and (heard := os.read(ear, lines)):
        lines -= len(heard)
    end = time.perf_counter() + pause
    while time.perf_counter() < end:
        pass
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.close(ear)
    return survived(child)


@dataclass
class Trap:
    """Kills its own process at the n-th call that changes a file, before or after the call."""

    countdown: int
    after: bool

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call with the trap."""

        def trapped(*args: Any, **kwargs: Any) -> Any:
            self.countdown -= 1
            try:
                return call(*args, **kwargs) if self.countdown or self.after else None
            finally:
                if self.countdown == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        return trapped


def trapped_at(count: int, folder: Path, rules: Rules, steps: int) -> bool:
    """A life that ends at the n-th change of a file; whether it had fewer of them."""

    def life() -> None:
        trap = Trap(count // 2 + 1, bool(count % 2))
        for name in ("fsync", "replace", "unlink"):
            setattr(os, name, trap.around(getattr(os, name)))
        train(folder, rules, steps)

    return survived(fork(life))


def summary(folder: Path) -> dict[str, Any]:
    """What a finished run holds, but for clocks and the events of being resumed."""
    run = Run(folder)
    lines = [_timeless(line) for line in read_metrics(run.metrics)]
    newest, best = run.load(), load_checkpoint(run.best)
    return {
        "step": newest["step"],
        "weights": fingerprint(newest),
        "best": [best["step"], fingerprint(best)],
        "exported": (run.model / "step.json").read_text(encoding="utf8"),
        "lines": [line for line in lines if line.get("event") != "resume"],
        "left over": sorted(p.name for p in folder.rglob(".*")),
    }


def _timeless(line: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key not in SPOKEN}


def at_random(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    """`kills` kills at random moments of one run, and then the rest of it."""
    pick, steps, done = random.Random(seed), 4 * kills, 0
    while done < kills:
        if killed_after(pick.randrange(16), pick.uniform(0, 0.006), folder, CALM, steps):
            shutil.rmtree(folder)  # it came to its end too early: once more from the start
        else:
            done += 1
    while not survived(fork(lambda: train(folder, CALM, steps))):
        pass
    straight = folder.with_name("straight")
    survived(fork(lambda: train(straight, CALM, steps)))
    return {"killed": summary(folder), "straight": summary(straight)}


def at_every_change(folder: Path, stride: int) -> dict[str, Any]:
    """A troubled run for every `stride`-th moment just before or just after a change of a file, killed there."""
    steps, count = 18, 0
    found: list[dict[str, Any]] = []
    straight = folder.with_name("straight-troubled")
    survived(fork(lambda: train(straight, TROUBLED, steps)))
    while True:
        here = folder.with_name(f"change-{count}")
        if trapped_at(count, here, TROUBLED, steps):
            return {"killed": found, "straight": summary(straight)}
        survived(fork(lambda here=here: train(here, TROUBLED, steps)))  # type: ignore[misc]
        found.append(summary(here))
        shutil.rmtree(here)
        count += stride


def main(folder: Path, kills: int, seed: int, stride: int) -> None:
    """Both ways of being killed."""
    toy(CALM, PLAIN)  # the first optimiser imports half of PyTorch: once, here, and not in every life
    random_ones = at_random(folder / "random", kills, seed)
    print(json.dumps({"at random": random_ones, "at every change": at_every_change(folder / "x", stride)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
