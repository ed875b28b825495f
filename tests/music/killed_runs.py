"""A music run killed with -9 again and again, and resumed each time.

Run as `python -m music.killed_runs FOLDER DATA KILLS SEED`; prints one JSON object: the digests at the end. Every life
is a fork of this process, which has imported PyTorch but never computed.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from core.killed_training import fork, survived
from core.shared_training import Listener
from gansuite.core.engine import World
from gansuite.core.run import Run
from gansuite.music.training import MusicRun
from music.small_runs import newest, quick_measures, small

LINES = 8  # a life tells at most, and a run has as many steps for each kill


def live(folder: Path, data: Path, steps: int, tell: Callable[[Mapping[str, Any]], object]) -> None:
    """One life: a new run, or the rest of one."""
    torch.set_num_threads(1)
    resume = bool(Run(folder).checkpoints())
    if not resume:  # killed before anything was saved
        shutil.rmtree(folder, ignore_errors=True)
    with quick_measures():
        resolved = small(data, run={"steps": steps}, rhythm={"checkpoint": 3, "sheet": 0, "measure": 8})
        MusicRun(resolved, folder, World(), [Listener(tell)], resume, "a life").train()


def killed_after(lines: int, pause: float, folder: Path, data: Path, steps: int) -> bool:
    """A life that is killed so many lines and a moment (or one line more) on; whether it ended before that."""
    ear, mouth = os.pipe()
    child = fork(lambda: live(folder, data, steps, lambda line: os.write(mouth, b".")))
    os.close(mouth)
    while lines > 0 and (heard := os.read(ear, lines)):
        lines -= len(heard)
    select.select([ear], [], [], pause)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.close(ear)
    return survived(child)


def killed_at_random(folder: Path, data: Path, kills: int, seed: int) -> None:
    """A run killed so many times, each time a few lines further on; one that ends too early begins again."""
    pick, done = random.Random(seed), 0
    while done < kills:
        if killed_after(pick.randrange(LINES), pick.uniform(0, 0.05), folder, data, LINES * kills):
            shutil.rmtree(folder)
        else:
            done += 1


def main(folder: Path, data: Path, kills: int, seed: int) -> None:
    """The run that is killed, and the one that is not."""
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])  # imports half of PyTorch: once, and not in every life
    straight, killed = folder / "straight", folder / "killed"
    killed_at_random(killed, data, kills, seed)
    for place in (killed, straight):
        survived(fork(lambda place=place: live(place, data, LINES * kills, lambda line: None)))  # type: ignore[misc]
    told = {"straight": newest(straight), "killed": newest(killed), "step": Run(killed).load()["step"]}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:5]))
