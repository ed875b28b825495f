"""What one process and two processes are both asked to do, and the script that is one of the two.

Run as `python -m core.shared_training OUT` under the variables that torchrun sets; writes OUT/rank-N.pt.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch

from core.toys import Rules, toy, weights
from gansuite.core import session
from gansuite.core.engine import World, join
from gansuite.core.errors import GansuiteError
from gansuite.core.observers.jsonl import MetricsFile
from gansuite.core.randomness import Draw
from gansuite.core.run import Run, create
from gansuite.core.schedules import Budget
from gansuite.core.session import Rhythm, Session
from gansuite.core.trainer import Recipe

PLAIN = Recipe(batch_size=16, generator_lr=1e-3, discriminator_lr=1e-3, precision="fp32")
R3GAN = Rules("relativistic", r1=0.1, r2=0.1, convolution=True)
WGAN = Rules("wasserstein", gradient_penalty=10.0, pairs=2)
PART_TIME = Rules(pairs=2, rest=lambda draw: draw.step % 3 == 1)
GAMES: dict[str, tuple[Rules, Recipe]] = {
    "relativistic with lazy R1 and R2": (R3GAN, replace(PLAIN, penalty_interval=3)),
    "WGAN-GP with two critic steps": (WGAN, replace(PLAIN, penalty_interval=1, critic_steps=2)),
    "accumulation": (R3GAN, replace(PLAIN, penalty_interval=2, accumulate=2)),
    "players that rest": (PART_TIME, replace(PLAIN, beta1=0.9)),
}
STEPS = 7
Result = dict[str, Any]


def play(name: str, world: World) -> Result:
    """A few steps of one of the games."""
    rules, recipe = GAMES[name]
    trainer = toy(rules, recipe, world=world)
    logged = [trainer.step() for _ in range(STEPS)]
    return {"weights": weights(trainer), "logged": logged}


@dataclass
class Listener:
    """An observer that hands every line on."""

    hear: Callable[[Mapping[str, Any]], object]

    def start(self, plan: Mapping[str, Any]) -> None:
        """Nothing yet."""

    def record(self, line: Mapping[str, Any]) -> None:
        """One more line."""
        self.hear(line)

    def finish(self, outcome: str) -> None:
        """Nothing left."""


def sitting(folder: Path, world: World, rules: Rules, budget: Budget, **more: Any) -> Session:
    """A session whose folder the leading process makes."""
    world.lead(lambda: create(folder, {}))
    rhythm = Rhythm(log=1, sheet=0, checkpoint=4, measure=0)
    return Session(toy(rules, PLAIN, budget, world=world), Run(folder), rhythm, **more)


def nan_on_one_rank(folder: Path, world: World) -> Result:
    """The second process meets a NaN at draw 6; alone, the one process does."""
    rules = Rules(r1=0.1, trouble=lambda draw: draw.step == 6 and draw.rows.stop == draw.total)
    lines: list[Mapping[str, Any]] = []
    s = sitting(folder, world, rules, Budget(images=160), observers=[Listener(lines.append)])
    s.train({})
    events = [line["step"] for line in lines if line.get("event") == "rollback"]
    t = s.trainer
    return {"weights": weights(t), "gone back": (s.attempts, t.lr_scale, t.skipped), "told": events}


def clocks_that_differ(folder: Path, world: World) -> Result:
    """A budget of minutes with a schedule, where the second process's clock runs slower."""
    ticks = iter(range(10**6))
    clock = SimpleNamespace(monotonic=lambda: next(ticks) * (1.0 - 0.1 * world.rank))
    with patch.object(session, "time", clock):
        s = sitting(folder, world, Rules(), Budget(minutes=1))
        s.trainer.recipe = replace(PLAIN, final_lr=0.0, warm_up=0.2)
        s.train({})
    return {"weights": weights(s.trainer), "steps": s.trainer.step_count}


def signal_on_one_rank(folder: Path, world: World) -> Result:
    """Only the second process is told to stop."""

    def strike(draw: Draw) -> bool:
        if draw.step == 5 and world.rank == world.size - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return False

    s = sitting(folder, world, Rules(trouble=strike), Budget(images=16_000))
    return {"code": s.train({}), "steps": s.trainer.step_count, "saved": s.run.load()["step"]}


def disk_full(folder: Path, world: World) -> Result:
    """The disk of the leading process fills up after step 6, before the checkpoint at step 8."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def hear(line: Mapping[str, Any]) -> None:
        if line["step"] == 6:
            os.fsync = full  # type: ignore[assignment]

    real = os.fsync
    s = sitting(folder, world, Rules(), Budget(images=16_000), observers=[Listener(hear)])
    try:
        return ended(s)
    finally:
        os.fsync = real


def disk_full_for_an_observer(folder: Path, world: World) -> Result:
    """The disk of the leading process fills up between two checkpoints, where only its metrics are written."""
    metrics = MetricsFile(folder / "metrics.jsonl")

    def hear(line: Mapping[str, Any]) -> None:
        if line["step"] == 6:
            metrics._stream = Full()

    observers = [Listener(hear), metrics] if world.leads else []
    s = sitting(folder, world, Rules(), Budget(images=16_000), observers=observers)
    return ended(s) | {"steps": s.trainer.step_count}


def nothing_helps(folder: Path, world: World) -> Result:
    """Every process meets the same trouble at the same step, and one of them tells it."""
    rules = Rules(trouble=lambda draw: draw.step > 2)
    return ended(sitting(folder, world, rules, Budget(images=16_000)))


class Full(io.StringIO):
    """A file on a disk without room."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def ended(session: Session) -> Result:
    """What a process says at its end, its exit code, and the step that was saved."""
    said, code = "", 0
    try:
        code = session.train({})
    except GansuiteError as error:
        said, code = str(error), error.exit_code
    except SystemExit as error:
        code = int(error.code or 0)
    return {"said": said, "code": code, "saved": session.run.load()["step"]}


SITTINGS: dict[str, Callable[[Path, World], Result]] = {
    "a NaN on one rank": nan_on_one_rank,
    "clocks that differ": clocks_that_differ,
    "a signal on one rank": signal_on_one_rank,
    "a full disk": disk_full,
    "a full disk for an observer": disk_full_for_an_observer,
    "nothing helps": nothing_helps,
}


def main(out: Path) -> None:
    """Everything, as one process among several."""
    with join("cpu", threads=1) as world:
        results = {name: play(name, world) for name in GAMES}
        results |= {name: do(out / name, world) for name, do in SITTINGS.items()}
        torch.save(results, out / f"rank-{world.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
