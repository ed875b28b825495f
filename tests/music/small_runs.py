"""Small music runs, and the script that two processes are both asked to do.

Run as `python -m music.small_runs OUT DATA` under the variables that torchrun sets; writes OUT/rank-N.pt.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from core.toys import fingerprint, weights
from gansuite.core.config import Resolved
from gansuite.core.engine import World, join
from gansuite.core.observers.base import Observer
from gansuite.core.observers.jsonl import MetricsFile
from gansuite.core.run import Run
from gansuite.music import training
from gansuite.music.band import draw_band
from gansuite.music.config import MusicConfig, configure
from gansuite.music.dataset import open_music
from gansuite.music.midi import write_midi
from gansuite.music.networks.critic import CriticConfig
from gansuite.music.networks.musegan import MuseGANConfig
from gansuite.music.roll import Grid
from gansuite.music.training import MusicRun, build_trainer
from image.small_runs import double_precision

Sections = Mapping[str, Mapping[str, Any]]
SIZES = {"latent": 4, "width": 16, "step_width": 8, "octave_width": 4}
TINY = MuseGANConfig(latent=4, width=16, step_width=8, octave_width=4, depth=1)
TINY_CRITIC = CriticConfig(chroma_width=8)
TWO_BARS = Grid(bars=2)
SMALL: dict[str, dict[str, Any]] = {
    "data": {"bars": TWO_BARS.bars},
    "network": SIZES,
    "critic": {"chroma_width": 8},
    "recipe": {"batch_size": 8, "precision": "fp32"},
    "rhythm": {"log": 1, "sheet": 6, "checkpoint": 4, "measure": 6},
    "run": {"steps": 12, "device": "cpu", "threads": 1},
}
GAMES: dict[str, Sections] = {
    "default": {"recipe": {"batch_size": 16}},
    "two parts, transposed, stochastic neurons that steepen": {
        "network": {"neurons": "stochastic"},
        "game": {"transpose": 5, "slope": 2.0, "slope_ramp": 50.0, "free": 0.3},
        "recipe": {"batch_size": 16, "accumulate": 2},
    },
}
STEPS = 7
FEW = 32  # phrases that are measured, and by which levels are found


def write_band(folder: Path, count: int = 12, bars: int = 8) -> Path:
    """A folder of MIDI files by the embedded band."""
    folder.mkdir(parents=True)
    for number, roll in enumerate(draw_band(count, bars=bars)):
        (folder / f"{number:02d}.mid").write_bytes(write_midi(roll))
    return folder


def small(data: Path, model: str | None = None, **sections: Mapping[str, Any]) -> Resolved[MusicConfig]:
    """A small configuration on a folder of music, changed by section."""
    flags = {section: {**values, **sections.get(section, {})} for section, values in SMALL.items()}
    flags["data"] = {"paths": [str(data)], **flags["data"]}
    return configure(model, "auto", None, {**sections, **flags}, "cpu")[0]


def music_run(
    folder: Path, data: Path, resume: bool = False, model: str | None = None, **sections: Mapping[str, Any]
) -> MusicRun:
    """A run with its metrics file, alone in the world."""
    observers: Sequence[Observer] = [MetricsFile(folder / "metrics.jsonl")]
    return MusicRun(small(data, model, **sections), folder, World(), observers, resume, "a test")


@contextmanager
def quick_measures() -> Iterator[None]:
    """Runs that look at fewer phrases."""
    with patch.multiple(training, SAMPLES=FEW, LEVELLED=(FEW, FEW)):
        yield


def newest(folder: Path) -> str:
    """The digest of the newest checkpoint of a run, but for its clock."""
    return fingerprint(Run(folder).load())


def play(name: str, data: Path, world: World, steps: int = STEPS) -> dict[str, Tensor]:
    """Every weight after a few steps of one of the games, in double precision: see `image.small_runs.play`.

    Not even losses and spreads are rounded to float32: a shift of all phrases alike should have no gradient at all.
    """
    config = small(data, **GAMES[name]).config
    with double_precision(), patch.object(Tensor, "float", _float_or_double):
        trainer = build_trainer(config, open_music(config.data), world)
        for module in (*trainer.game.generators.values(), *trainer.game.discriminators.values()):
            module.register_forward_pre_hook(lambda module, inputs: tuple(map(_double, inputs)))
        for _ in range(steps):
            trainer.step()
    return weights(trainer)


TO_FLOAT = Tensor.float


def _float_or_double(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else TO_FLOAT(x)


def _double(x: Tensor | None) -> Tensor | None:
    return x if x is None or not x.is_floating_point() else x.double()


def main(out: Path, data: Path) -> None:
    """All games, and one whole run, as one process among several."""
    with join("cpu", threads=1) as world, quick_measures():
        torch.save({name: play(name, data, world) for name in GAMES}, out / f"rank-{world.rank}.pt")
        MusicRun(small(data), out / "run", world).train()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
