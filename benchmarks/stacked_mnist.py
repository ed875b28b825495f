"""Stacked MNIST: three digits as the colours of one picture, 1,000 modes; how many a generator covers, and how evenly.

    python benchmarks/stacked_mnist.py --digits mnist_train.npz --minutes 40 --threads 1 --out stacked

The test of Metz et al. 2017, section 3.3.1, as counted by Srivastava et al. 2017: 26,000 samples, each of the mode that
a digit classifier reads from its colours, by their number and the KL divergence of their histogram to an even one (in
nats; 26,000 real works have about 0.02). Digits stand at 32 px, two pixels of black around them.

Every row has the same minutes of processor time in as many threads, so that other work on the machine makes no
difference; samples, the classifier and checkpoints are not counted. OUT/rows.jsonl gets a line at every look. A row
that was killed goes on where it was saved; one that is done is not run again.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from gansuite.core import randomness
from gansuite.core.engine import World
from gansuite.core.run import Run
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer
from gansuite.image import networks
from gansuite.image.config import MODELS
from gansuite.image.games.adversarial import AdversarialGame, GameConfig, to_bytes, to_unit
from gansuite.image.source import Works

SIDE, DIGITS, SAMPLES, CHUNK = 32, 10, 26_000, 500
TESTED = 5_000  # digits on which the classifier is tested, and never trained
REAL = "real works"


# ------------------------------------------------------------------ digits


def padded(images: np.ndarray) -> np.ndarray:
    """uint8 (N, 28, 28) -> (N, 32, 32)."""
    edge = (SIDE - images.shape[1]) // 2
    return np.pad(images, ((0, 0), (edge, edge), (edge, edge)))


class Stacks:
    """A source of as many stacks as there are digits: each has its own red digit, and any two others.

    Args:
        digits: uint8 (N, 32, 32).
        seed: from which the other two follow.
    """

    def __init__(self, digits: np.ndarray, seed: int) -> None:
        self.digits = digits
        others = np.random.Generator(np.random.PCG64(randomness.key(seed, "stacks", 0)))
        self.members = np.stack([np.arange(len(digits)), *(others.permutation(len(digits)) for _ in range(2))], 1)

    def __len__(self) -> int:
        return len(self.members)

    def take(self, indices: np.ndarray) -> Works:
        """The stacks at these indices (B,): uint8 (B, 3, 32, 32), channels last in memory."""
        stacks = torch.from_numpy(self.digits[self.members[indices]])
        return Works(stacks.contiguous(memory_format=torch.channels_last))


# ------------------------------------------------------------------ the classifier


def classifier() -> nn.Module:
    """(B, 1, 32, 32) in [-1, 1] to the logits of ten digits (B, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, 2, 2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * 16, DIGITS),
    )


@torch.no_grad()
def read(judge: nn.Module, digits: np.ndarray) -> np.ndarray:
    """What digits uint8 (N, 32, 32) are: (N,) of 0 to 9."""
    parts = torch.split(torch.from_numpy(digits)[:, None], CHUNK)
    return np.concatenate([judge(to_unit(part)).argmax(1).numpy() for part in parts])


def train_classifier(digits: np.ndarray, labels: np.ndarray, epochs: int) -> tuple[nn.Module, float]:
    """A classifier, and its accuracy on digits that it was not trained on."""
    tested, order = min(TESTED, len(digits) // 6), randomness.order(1, 0, len(digits), len(digits))
    digits, labels = digits[order], labels[order]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        judge = classifier()
    optimiser = torch.optim.Adam(judge.parameters(), 2e-3)
    train, known = digits[:-tested], torch.from_numpy(labels[:-tested].astype(np.int64))
    steps = epochs * len(train) // 128
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        chosen = randomness.order(0, step * 128, 128, len(train))
        loss = cross_entropy(judge(to_unit(torch.from_numpy(train[chosen])[:, None])), known[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return judge.eval(), float((read(judge, digits[-tested:]) == labels[-tested:]).mean())


# ------------------------------------------------------------------ the count


@dataclass(frozen=True)
class Coverage:
    """How many of the 1,000 modes there are, and how far their histogram is from an even one, in nats."""

    modes: int
    kl: float


def coverage(modes: np.ndarray) -> Coverage:
    """Of the modes (N,) of samples, numbers from 0 to 999: sum_k p_k log(1000 p_k)."""
    counts = np.bincount(modes, minlength=DIGITS**3)
    share = counts[counts > 0] / len(modes)
    return Coverage(len(share), float((share * np.log(DIGITS**3 * share)).sum()))


def modes_of(judge: nn.Module, stacks: np.ndarray) -> np.ndarray:
    """The modes (N,) of stacks uint8 (N, 32, 32, 3): 100 red + 10 green + blue."""
    channels = np.ascontiguousarray(stacks.transpose(3, 0, 1, 2))
    red, green, blue = (read(judge, channel) for channel in channels)
    found: np.ndarray = 100 * red + 10 * green + blue
    return found


@torch.no_grad()
def sampled(generator: Any, count: int, seed: int) -> np.ndarray:
    """Pictures uint8 (count, 32, 32, 3)."""
    z = torch.randn(count, generator.config.latent, generator=randomness.generator(seed, "evaluate"))
    return np.concatenate([to_bytes(generator(part)) for part in torch.split(z, CHUNK)])


# ------------------------------------------------------------------ the rows


@dataclass(frozen=True)
class Row:
    """One way to train."""

    network: str
    width: int
    game: GameConfig
    recipe: Recipe


LIGHT = {"augment": "none", "flip": False}  # digits are neither few nor alike when mirrored
ROWS = {
    "rpgan": Row(
        "dcgan",
        16,
        GameConfig("relativistic", r1=0.5, r2=0.5, **LIGHT),  # type: ignore[arg-type]
        Recipe(64, half_life=20_000, final_lr=0.1),
    ),
    "non-saturating": Row(
        "dcgan",
        16,
        GameConfig("non-saturating", r1=0.5, **LIGHT),  # type: ignore[arg-type]
        Recipe(64, half_life=20_000, final_lr=0.1),
    ),
    "dcgan-classic": Row(
        "dcgan-classic", 64, GameConfig(**MODELS["dcgan-classic"]["game"]), Recipe(**MODELS["dcgan-classic"]["recipe"])
    ),
}


@dataclass
class Bench:
    """All rows, under the same judge and the same minutes.

    Args:
        digits: uint8 (N, 32, 32).
        judge: reads a digit.
        minutes: of processor time, of each row.
        looks: how often in that time samples are counted.
        samples: how many.
        out: a folder.
    """

    digits: np.ndarray
    judge: nn.Module
    minutes: float
    looks: int
    samples: int
    seed: int
    out: Path

    @property
    def lines(self) -> Path:
        """One JSON object for every look."""
        return self.out / "rows.jsonl"

    @cached_property
    def stacks(self) -> Stacks:
        """The real works."""
        return Stacks(self.digits, self.seed)

    def real(self) -> dict[str, Any]:
        """As many real works, counted like samples: how even one could be."""
        some = randomness.order(self.seed, 0, self.samples, len(self.stacks))
        pictures = self.stacks.take(some).pictures.permute(0, 2, 3, 1).numpy()
        return self._tell({"row": REAL, "minutes": 0.0, **vars(coverage(modes_of(self.judge, pictures)))})

    def run(self, name: str, row: Row) -> Iterator[dict[str, Any]]:
        """A look at the end of each share of the minutes, from wherever the row was saved."""
        trainer, saved = self._trainer(row), Run(self.out / name, keep=1)
        if saved.checkpoints():
            trainer.restore(saved.load())
        for end in np.linspace(0, 60 * self.minutes, self.looks + 1)[1:]:
            if trainer.seconds >= end:
                continue
            train_until(trainer, float(end))
            found = self._look(name, trainer)
            saved.save(trainer.state())
            yield found

    def _trainer(self, row: Row) -> Trainer:
        spec = {"name": row.network, "width": row.width, "latent": 100, "resolution": SIDE}
        players = [player.to(memory_format=torch.channels_last) for player in networks.build(spec, self.seed)]
        game = AdversarialGame(*players, row.game)  # type: ignore[arg-type]
        return Trainer(game, self.stacks, row.recipe, Budget(minutes=self.minutes), self.seed, World())

    def _look(self, name: str, trainer: Trainer) -> dict[str, Any]:
        pictures = sampled(trainer.averages["generator"].module, self.samples, self.seed)
        minutes, speed = trainer.seconds / 60, trainer.images / trainer.seconds
        found = {"row": name, "seed": self.seed, "minutes": round(minutes, 2), "images": trainer.images}
        found |= {"images_per_second": round(speed, 1), **vars(coverage(modes_of(self.judge, pictures)))}
        return self._tell(found)

    def _tell(self, found: dict[str, Any]) -> dict[str, Any]:
        with self.lines.open("a", encoding="utf8") as out:
            out.write(json.dumps(found) + "\n")
        return found


def train_until(trainer: Trainer, seconds: float) -> None:
    """Train until so many seconds of processor time are spent in all."""
    begin = time.process_time() - trainer.seconds
    while trainer.seconds < seconds:
        trainer.step()
        trainer.seconds = time.process_time() - begin


def show(found: dict[str, Any]) -> None:
    """One line of the table."""
    told = f"{found.get('images', 0):>10,} images {found.get('images_per_second', math.nan):6.0f}/s"
    print(
        f"{found['row']:<15}{found['minutes']:6.1f} min{told}{found['modes']:6} modes  KL {found['kl']:.3f}", flush=True
    )


def main() -> None:
    """Print a line for every look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=Path, required=True, help="npz: images uint8 (N, 28, 28), labels (N,)")
    parser.add_argument("--minutes", type=float, default=40.0, help="of processor time, for each row")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", choices=list(ROWS), help="this row alone")
    parser.add_argument("--looks", type=int, default=8)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--epochs", type=int, default=4, help="of the classifier")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("stacked"))
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    with np.load(asked.digits) as file:
        digits, labels = padded(file["images"]), file["labels"]
    judge, accuracy = train_classifier(digits, labels, asked.epochs)
    print(f"the classifier reads {accuracy:.2%} of the digits it was not trained on", flush=True)
    asked.out.mkdir(parents=True, exist_ok=True)
    bench = Bench(digits, judge, asked.minutes, asked.looks, asked.samples, asked.seed, asked.out)
    if not bench.lines.exists():
        show(bench.real())
    for name, row in ROWS.items():
        if asked.only in (None, name):
            for found in bench.run(name, row):
                show(found)


if __name__ == "__main__":
    main()
