"""Peak memory and time per image as resolution and batch grow: one fresh process per row.

python benchmarks/scaling.py
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

ROWS = [(64, 32), (64, 64), (64, 128), (128, 32), (256, 16)]


def one(resolution: int, batch: int, width: int, steps: int) -> None:
    """Train a few steps in this process and print a row."""
    import numpy as np
    import torch

    from gansuite.core.engine import World
    from gansuite.core.schedules import Budget
    from gansuite.core.trainer import Recipe, Trainer
    from gansuite.image import networks
    from gansuite.image.config import ImageConfig, NetworkConfig
    from gansuite.image.dataset import DataConfig
    from gansuite.image.games.adversarial import AdversarialGame
    from gansuite.image.source import Pictures

    config = ImageConfig(DataConfig(resolution=resolution), NetworkConfig(width=width), recipe=Recipe(batch_size=batch))
    works = np.random.default_rng(0).integers(0, 256, (batch * 2, resolution, resolution, 3), dtype=np.uint8)
    spec = {**vars(config.network), "resolution": resolution}
    g, d = (m.to(memory_format=torch.channels_last) for m in networks.build(spec, 0))  # type: ignore[call-overload]
    game = AdversarialGame(g, d, config.game, config.network.latent)
    source = Pictures(works, np.arange(len(works)), torch.device("cpu"))
    trainer = Trainer(game, source, config.recipe, Budget(images=10**9), config.run.seed, World())
    trainer.step()
    began = time.perf_counter()
    for _ in range(steps):
        trainer.step()
    spent = (time.perf_counter() - began) / (steps * batch)
    memory = "unknown" if (peak := peak_memory()) is None else f"{peak / 2**20:.0f}"
    print(f"{resolution:>10} {batch:>6} {width:>6} {spent * 1000:>14.1f} {1 / spent:>10.1f} {memory:>12}")


def peak_memory() -> int | None:
    """The most memory this process has held, in bytes; None where Python cannot ask (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, others KiB


def width_chosen(resolution: int) -> int:
    """What `--preset auto` chooses on this machine's processor."""
    from gansuite.image.config import fit_to_machine

    return int(fit_to_machine("cpu", None, None, resolution)["network"]["width"])


def main() -> None:
    """Print the table, or one row of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", nargs=2, type=int, metavar=("RESOLUTION", "BATCH"))
    parser.add_argument("--width", type=int, default=0, help="0: what --preset auto chooses here")
    parser.add_argument("--steps", type=int, default=16, help="a whole number of penalty intervals")
    args = parser.parse_args()
    if args.row:
        resolution, batch = args.row
        one(resolution, batch, args.width or width_chosen(resolution), args.steps)
        return
    print(f"{'resolution':>10} {'batch':>6} {'width':>6} {'ms per image':>14} {'images/s':>10} {'peak MiB':>12}")
    for row in ROWS:
        command = [sys.executable, __file__, "--row", *map(str, row), "--steps", str(args.steps)]
        subprocess.run([*command, "--width", str(args.width)], check=True)


if __name__ == "__main__":
    main()
