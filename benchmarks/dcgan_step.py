"""Our DCGAN step against the textbook loop: same architecture, batch and machine, ratios from one process.

The textbook loop is the one everybody has read: fp32, BCE on a sigmoid, D(real) and D(fake) in separate passes, D's
gradients kept in G's step, and worker processes that decode JPEGs. Runs alternate. A ratio is the median of those of
neighbouring runs, which a machine that is slow for a minute slows alike, with its quartiles beside it.

    python benchmarks/dcgan_step.py --width 64 --batch 64 --resolution 64
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from gansuite.core.engine import World, find_device, has_bf16
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer
from gansuite.image import networks
from gansuite.image.games.adversarial import AdversarialGame, GameConfig
from gansuite.image.networks.parts import Discriminator, Generator
from gansuite.image.source import Pictures
from gansuite.image.synth import draw_portfolio

LATENT = 100


class Jpegs(Dataset[Tensor]):
    """A folder of JPEGs, decoded and resized again every time, as the textbook does."""

    def __init__(self, folder: Path, resolution: int) -> None:
        self.files, self.resolution = sorted(folder.glob("*.jpg")) * 64, resolution

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.files[index]) as image:
            small = image.convert("RGB").resize((self.resolution, self.resolution))
        return torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 127.5 - 1


def batches(loader: DataLoader[Tensor]) -> Iterator[Tensor]:
    """The loader's batches without end."""
    while True:
        yield from loader


def players(name: str, resolution: int, width: int, device: torch.device) -> tuple[Generator, Discriminator]:
    """The same generator and discriminator for both loops."""
    spec = {"name": name, "resolution": resolution, "width": width, "latent": LATENT}
    g, d = networks.build(spec, 0)
    return g.to(device), d.to(device)


def textbook(g: nn.Module, d: nn.Module, data: Iterator[Tensor], device: torch.device) -> Callable[[], None]:
    """The loop of the tutorials; D ends in a sigmoid."""
    bce = nn.BCELoss()
    optimisers = [torch.optim.Adam(m.parameters(), lr=2e-4, betas=(0.5, 0.999)) for m in (d, g)]

    def step() -> None:
        real = next(data).to(device)
        ones, zeros = torch.ones(len(real), device=device), torch.zeros(len(real), device=device)
        d.zero_grad()
        bce(torch.sigmoid(d(real)), ones).backward()
        fake = g(torch.randn(len(real), LATENT, device=device))
        bce(torch.sigmoid(d(fake.detach())), zeros).backward()
        optimisers[0].step()
        g.zero_grad()
        bce(torch.sigmoid(d(fake)), ones).backward()
        optimisers[1].step()

    return step


def ours(
    g: Generator, d: Discriminator, works: np.ndarray, batch: int, precision: str, device: torch.device
) -> Callable[[], object]:
    """Our trainer's step on the same networks and losses: bytes in memory, one pass of D over real and generated."""
    g, d = g.to(memory_format=torch.channels_last), d.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    game = AdversarialGame(g, d, GameConfig(r1=0, augment="none", flip=False))
    recipe = Recipe(batch_size=batch, beta1=0.5, beta2=0.999, half_life=0, precision=precision)
    source = Pictures(works, np.arange(len(works)), device)
    return Trainer(game, source, recipe, Budget(images=10**9), 0, World(device=device)).step


def seconds(step: Callable[[], object], count: int, device: torch.device) -> float:
    """Wall-clock seconds of `count` steps."""
    began = time.perf_counter()
    for _ in range(count):
        step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def main() -> None:
    """Print images per second of each loop and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (
        ("width", 64),
        ("batch", 64),
        ("resolution", 64),
        ("steps", 2),
        ("rounds", 15),
        ("workers", 2),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--network", default="dcgan-classic", choices=list(networks.ARCHITECTURES))
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    device = find_device(args.device)
    works, _ = draw_portfolio(200, args.resolution)
    with tempfile.TemporaryDirectory() as folder:
        for i, work in enumerate(works):
            memory = io.BytesIO()
            Image.fromarray(work).resize((256, 256)).save(memory, "JPEG", quality=90)
            (Path(folder) / f"{i}.jpg").write_bytes(memory.getvalue())
        loader = DataLoader(Jpegs(Path(folder), args.resolution), args.batch, shuffle=True, num_workers=args.workers)
        make = partial(players, args.network, args.resolution, args.width, device)
        loops: dict[str, Callable[[], object]] = {
            "textbook": textbook(*make(), batches(loader), device),
            "ours, fp32": ours(*make(), works, args.batch, "fp32", device),
        }
        if has_bf16(device):
            loops["ours, bf16"] = ours(*make(), works, args.batch, "bf16", device)
        report(loops, args, device)


def report(loops: dict[str, Callable[[], object]], args: argparse.Namespace, device: torch.device) -> None:
    """Alternate the loops, print medians, ratios and their quartiles."""
    for step in loops.values():
        seconds(step, 2, device)
    times: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(args.rounds):
        for name, step in loops.items():
            times[name].append(seconds(step, args.steps, device))
    print(
        f"{args.network} at {args.resolution} px, width {args.width}, batch {args.batch}, on {device}; "
        f"medians of {args.rounds}"
    )
    for name, values in times.items():
        ratios = [base / value for base, value in zip(times["textbook"], values, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        speed = args.batch * args.steps / statistics.median(values)
        print(f"{name:<12} {speed:8.1f} images/s   {middle:5.2f}x  ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
