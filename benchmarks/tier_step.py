"""Each tier's training step against its own naive version, and what each of our ways brings: ratios from one process.

Naive is: penalties in every step instead of lazily, real and generated works through the discriminator in separate
passes, fp32 throughout, plain memory layout. Beside it stand our step and ours without one of these. Rounds
alternate and are as long as the interval of the penalties; processor time of one thread, which other work on the
machine does not count towards. A ratio is the median of those of the same round, with the least and the greatest.

    OMP_NUM_THREADS=1 python benchmarks/tier_step.py --models dcgan fast style r3 --resolution 64
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from gansuite.core.engine import World, has_bf16
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Trainer
from gansuite.image import networks, probe
from gansuite.image.config import ImageConfig, configure
from gansuite.image.games.adversarial import AdversarialGame
from gansuite.image.source import Pictures

Step = Callable[[], object]


def chosen(model: str, resolution: int) -> ImageConfig:
    """What `--preset auto` makes of a tier on a CPU, its penalties by the formula."""
    config = configure(model, "auto", None, {"data": {"resolution": resolution}}, "cpu")[0].config
    game = probe.with_strength(config.game, probe.formula(resolution, config.recipe.batch_size))
    precision = "bf16" if has_bf16(torch.device("cpu")) else "fp32"
    return replace(config, game=game, recipe=replace(config.recipe, precision=precision, compile="off"))


def step_of(config: ImageConfig, plain: bool) -> Step:
    """A step of a new trainer on random pictures; `plain` keeps torch's usual memory layout."""
    side, batch = config.data.resolution, config.recipe.batch_size
    pixels = np.random.default_rng(0).integers(0, 256, (2 * batch, side, side, 3), dtype=np.uint8)
    spec = {
        "name": config.network.name,
        "resolution": side,
        "width": config.network.width,
        "latent": config.network.latent,
    }
    g, d = networks.build(spec, 0)
    if not plain:
        g, d = (m.to(memory_format=torch.channels_last) for m in (g, d))  # type: ignore[call-overload]
    source = Pictures(pixels, np.arange(len(pixels)), torch.device("cpu"))
    game = AdversarialGame(g, d, config.game)
    return Trainer(game, source, config.recipe, Budget(images=10**9), 0, World()).step


def versions(config: ImageConfig) -> dict[str, Step]:
    """The naive step, ours, and ours without one of its ways."""
    every = replace(config, recipe=replace(config.recipe, penalty_interval=1))
    apart = replace(config, game=replace(config.game, joint=False))
    exact = replace(config, recipe=replace(config.recipe, precision="fp32"))
    naive = replace(every, game=apart.game, recipe=replace(every.recipe, precision="fp32"))
    found = {"naive": step_of(naive, True), "ours": step_of(config, False)}
    found |= {"penalties in every step": step_of(every, False), "separate passes": step_of(apart, False)}
    found |= {"plain layout": step_of(config, True)}
    return found | ({"fp32": step_of(exact, False)} if config.recipe.precision != "fp32" else {})


def seconds(step: Step, count: int) -> float:
    """Processor seconds of so many steps."""
    began = time.process_time()
    for _ in range(count):
        step()
    return time.process_time() - began


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["dcgan", "fast", "style", "r3"])
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print("| model | step | ms an image | naive takes |\n| --- | --- | --- | --- |")
    for model in args.models:
        config = chosen(model, args.resolution)
        steps, batch = config.recipe.penalty_interval, config.recipe.batch_size
        loops = versions(config)
        for step in loops.values():
            step()
        times: dict[str, list[float]] = {name: [] for name in loops}
        for _ in range(args.rounds):
            for name, step in loops.items():
                times[name].append(seconds(step, steps))
        for name, spent in times.items():
            ratios = [base / one for base, one in zip(times["naive"], spent, strict=True)]
            spread = f"{statistics.median(ratios):.2f} times as long ({min(ratios):.2f} to {max(ratios):.2f})"
            cost = 1000 * statistics.median(spent) / (steps * batch)
            told = name if name in ("naive", "ours") else f"ours, but {name}"
            print(f"| `{model}` | {told} | {cost:.1f} | {spread if name != 'naive' else ''} |", flush=True)


if __name__ == "__main__":
    main()
