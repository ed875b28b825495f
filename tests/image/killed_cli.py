"""`gansuite image train` killed with -9 again and again, and resumed through the command line each time.

Run as `python -m image.killed_cli FOLDER DATA KILLS SEED`; prints one JSON object: the digests at the end. Every life
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
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from gansuite.cli import main as gansuite
from gansuite.core.observers.jsonl import MetricsFile
from gansuite.core.run import Run
from image.small_runs import newest


def command(folder: Path, data: Path, toml: Path) -> list[str]:
    """What a person types to start, or to go on if there is something to go on from."""
    if Run(folder).checkpoints():
        return ["image", "train", "--run", str(folder), "--resume"]
    shutil.rmtree(folder, ignore_errors=True)  # killed before anything was saved
    return ["image", "train", "--run", str(folder), "--data", str(data), "--config", str(toml)]


def live(words: list[str], mouth: int | None = None) -> int:
    """One life in a fork of this process, which sends a byte for every line of its metrics; returns its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        if mouth is not None:
            MetricsFile.record = telling(MetricsFile.record, mouth)  # type: ignore[method-assign]
        sys.argv = ["gansuite", *words]
        with open(os.devnull, "w", encoding="utf8") as nothing:
            os.dup2(nothing.fileno(), 1)
            gansuite()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def ended(child: int) -> bool:
    """Whether it came to its own end; a life that fails is an error."""
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError(f"a life ended with {os.WEXITSTATUS(status)}")
    return os.WIFEXITED(status)


def telling(record: Callable[..., None], mouth: int) -> Callable[..., None]:
    """The method, and a byte after it."""

    def recorded(*args: Any) -> None:
        record(*args)
        os.write(mouth, b".")

    return recorded


def killed_after(lines: int, pause: float, words: list[str]) -> bool:
    """A life that is killed so many lines and a moment (or one line more) on; whether it ended before that."""
    ear, mouth = os.pipe()
    child = live(words, mouth)
    os.close(mouth)
    while lines > 0 and (heard := os.read(ear, lines)):
        lines -= len(heard)
    select.select([ear], [], [], pause)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.close(ear)
    return ended(child)


def killed_at_random(folder: Path, data: Path, toml: Path, kills: int, seed: int) -> None:
    """A run killed so many times, each time a few lines further on; one that ends too early begins again."""
    pick, done = random.Random(seed), 0
    while done < kills:
        if killed_after(pick.randrange(12), pick.uniform(0, 0.02), command(folder, data, toml)):
            shutil.rmtree(folder)
        else:
            done += 1


def main(folder: Path, data: Path, kills: int, seed: int) -> None:
    """The run that is killed, and the one that is not."""
    torch.set_num_threads(1)
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])  # imports half of PyTorch: once, and not in every life
    toml = folder / "small.toml"
    straight, killed = folder / "straight", folder / "killed"
    ended(live(command(straight, data, toml)))
    killed_at_random(killed, data, toml, kills, seed)
    ended(live(command(killed, data, toml)))
    told = {"straight": newest(straight), "killed": newest(killed), "step": Run(killed).load()["step"]}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:5]))
