"""Peak memory and time per image as resolution and batch grow: one fresh process per row.

Processor time is of all threads; pictures a second are by the clock, so that other work on the machine lowers them.
Operations are those of convolutions and matrix products, penalties included, two for a multiplication with its sum.

    python benchmarks/scaling.py
    OMP_NUM_THREADS=1 python benchmarks/scaling.py --model dcgan fast r3 style --resolutions 64 128 256
    OMP_NUM_THREADS=1 python benchmarks/scaling.py --model fast --row 256 4 --width 64 --operations
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

ROWS = [(64, 32), (64, 64), (64, 128), (128, 32), (256, 16)]


def one(model: str, resolution: int, batch: int, width: int, steps: int, operations: bool) -> None:
    """Train a few steps in this process and print a row."""
    import numpy as np
    import torch

    from gansuite.core.engine import World
    from gansuite.core.schedules import Budget
    from gansuite.core.trainer import Trainer
    from gansuite.image import networks, probe
    from gansuite.image.config import configure
    from gansuite.image.games.adversarial import AdversarialGame
    from gansuite.image.source import Pictures

    flags = {
        "data": {"resolution": resolution},
        "recipe": {"batch_size": batch or None},
        "network": {"width": width or None},
    }
    said = {section: {k: v for k, v in values.items() if v is not None} for section, values in flags.items()}
    config = configure(model, "auto", None, said, "cpu")[0].config
    batch, width = config.recipe.batch_size, config.network.width
    works = np.random.default_rng(0).integers(0, 256, (batch * 2, resolution, resolution, 3), dtype=np.uint8)
    spec = {"name": model, "resolution": resolution, "width": width, "latent": config.network.latent}
    g, d = networks.build(spec, 0)
    g, d = (m.to(memory_format=torch.channels_last) for m in (g, d))  # type: ignore[call-overload]
    rules = probe.with_strength(config.game, probe.formula(resolution, batch))
    source = Pictures(works, np.arange(len(works)), torch.device("cpu"))
    trainer = Trainer(
        AdversarialGame(g, d, rules), source, config.recipe, Budget(images=10**9), config.run.seed, World()
    )
    trainer.step()
    clock, began = time.perf_counter(), time.process_time()
    for _ in range(steps):
        trainer.step()
    spent = (time.process_time() - began) / (steps * batch)
    speed = steps * batch / (time.perf_counter() - clock)
    memory = "unknown" if (peak := peak_memory()) is None else f"{peak / 2**20:.0f}"
    row = f"{model:<14} {resolution:>10} {batch:>6} {width:>6} {spent * 1000:>15.1f} {speed:>10.1f} {memory:>9}"
    if operations:
        row += f"  {counted(trainer.step, steps) / (steps * batch) / 1e9:.2f} GFLOP an image"
    print(row)


def counted(step: Callable[[], object], steps: int) -> int:
    """The operations of so many steps; torch's own counter cannot follow a penalty's second derivatives."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import flop_registry

    class Counter(TorchDispatchMode):
        total = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            if formula := flop_registry.get(func.overloadpacket):
                self.total += formula(*args, **(kwargs or {}), out_val=out)
            return out

    with Counter() as counter:
        for _ in range(steps):
            step()
    return counter.total


def peak_memory() -> int | None:
    """The most memory this process has held, in bytes; None where Python cannot ask (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, others KiB


def main() -> None:
    """Print the table, or one row of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="+", default=["dcgan"])
    parser.add_argument("--row", nargs=2, type=int, metavar=("RESOLUTION", "BATCH"))
    parser.add_argument("--resolutions", nargs="+", type=int, help="at the batch that --preset auto chooses")
    parser.add_argument("--width", type=int, default=0, help="0: what --preset auto chooses here")
    parser.add_argument("--steps", type=int, default=16, help="a whole number of penalty intervals")
    parser.add_argument("--operations", action="store_true", help="count them, in as many steps again")
    args = parser.parse_args()
    if args.row:
        one(args.model[0], *args.row, args.width, args.steps, args.operations)
        return
    heads = f"{'resolution':>10} {'batch':>6} {'width':>6} {'CPU ms an image':>15} {'images/s':>10} {'peak MiB':>9}"
    print(f"{'model':<14} {heads}")
    rows = [(side, 0) for side in args.resolutions or []] or ROWS
    for model in args.model:
        for row in rows:
            command = [sys.executable, __file__, "--model", model, "--row", *map(str, row), "--steps", str(args.steps)]
            command += ["--operations"] if args.operations else []
            subprocess.run([*command, "--width", str(args.width)], check=True)


if __name__ == "__main__":
    main()
