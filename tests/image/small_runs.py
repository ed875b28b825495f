"""Small image runs, and the script that two processes are both asked to do.

Run as `python -m image.small_runs OUT DATA` under the variables that torchrun sets; writes OUT/rank-N.pt.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from gansuite.core.config import Layer, resolve
from gansuite.core.engine import World, join
from gansuite.core.observers.base import Observer
from gansuite.core.observers.jsonl import MetricsFile
from gansuite.core.run import Run
from gansuite.image.config import ImageConfig
from gansuite.image.dataset import open_portfolio
from gansuite.image.synth import draw_portfolio
from gansuite.image.training import ImageRun, build_trainer

Sections = Mapping[str, Mapping[str, Any]]
SMALL: dict[str, dict[str, Any]] = {
    "data": {"resolution": 32},
    "network": {"name": "dcgan", "width": 8, "latent": 16},
    "recipe": {"batch_size": 8, "precision": "fp32", "penalty_interval": 3},
    "rhythm": {"log": 1, "sheet": 6, "checkpoint": 4, "measure": 6},
    "run": {"steps": 12, "device": "cpu", "threads": 1},
}
GAMES: dict[str, Sections] = {
    "plain": {},
    "relativistic, lazy R1 and R2, two parts, translation": {
        "game": {
            "objective": "relativistic",
            "r1": 0.05,
            "r2": 0.05,
            "augment": "translation",
            "augment_strength": 0.5,
        },
        "recipe": {"accumulate": 2},
    },
    "fast, by label": {
        "network": {"name": "fast"},
        "data": {"labels": "folders"},
        "game": {"objective": "hinge"},
    },
    "r3, by label": {
        "network": {"name": "r3"},
        "data": {"labels": "folders"},
        "game": {"objective": "relativistic", "r1": 0.05, "r2": 0.05},
    },
    "style, by label": {"network": {"name": "style"}, "data": {"labels": "folders"}},
}
STEPS = 7


def write_works(folder: Path, count: int = 72, side: int = 40) -> Path:
    """A folder of small PNGs in two sub-folders, drawn by our own code."""
    works, _ = draw_portfolio(count, side)
    for i, work in enumerate(works):
        path = folder / ("odd" if i % 2 else "even") / f"{i:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(work).save(path)
    return folder


def small(data: Path | None, /, **sections: Mapping[str, Any]) -> Any:
    """A small configuration on a folder of works, changed by section."""
    path = {"data": {"path": None if data is None else str(data)}}
    return resolve(ImageConfig, [Layer("small", SMALL), Layer("test", path), Layer("test", sections)])


def image_run(folder: Path, data: Path, /, resume: bool = False, **sections: Mapping[str, Any]) -> ImageRun:
    """A run with its metrics file, alone in the world."""
    observers: Sequence[Observer] = [MetricsFile(folder / "metrics.jsonl")]
    return ImageRun(small(data, **sections), folder, World(), observers, resume, "a test")


def digest(state: Mapping[str, Any]) -> str:
    """sha256 over all tensors and numbers of a checkpoint, but not its clock."""
    found = hashlib.sha256()
    _feed(found, {key: value for key, value in state.items() if key != "seconds"})
    return found.hexdigest()


def newest(folder: Path) -> str:
    """The digest of the newest checkpoint of a run."""
    return digest(Run(folder).load())


def _feed(found: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            found.update(f"{key}:".encode())
            _feed(found, value[key])
    elif isinstance(value, Tensor):
        found.update(value.detach().contiguous().numpy().tobytes())
    elif isinstance(value, list | tuple):
        for item in value:
            _feed(found, item)
    else:
        found.update(f"{value!r};".encode())


def play(name: str, data: Path, world: World, steps: int = STEPS) -> dict[str, Tensor]:
    """Every weight after a few steps of one of the games, in double precision.

    Adam divides a gradient by its own size: where it should be 0, rounding alone decides where the weight goes, unless
    rounding is far below Adam's epsilon.
    """
    config: ImageConfig = small(data, **GAMES[name]).config
    with double_precision():
        trainer = build_trainer(config, open_portfolio(config.data), world)
        for _ in range(steps):
            trainer.step()
    modules = {**trainer.game.generators, **trainer.game.discriminators}
    modules |= {f"average {name}": average.module for name, average in trainer.averages.items()}
    return {f"{name}/{k}": v.detach().clone() for name, m in modules.items() for k, v in m.state_dict().items()}


@contextmanager
def double_precision() -> Iterator[None]:
    """What is made inside is float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def main(out: Path, data: Path) -> None:
    """All games, and one whole run, as one process among several."""
    with join("cpu", threads=1) as world:
        torch.save({name: play(name, data, world) for name in GAMES}, out / f"rank-{world.rank}.pt")
        ImageRun(small(data), out / "run", world).train()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
