"""From the command to something on the screen: `--help`, and the first training step with a warm cache.

python benchmarks/startup.py --works 2549 --resolution 256
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from gansuite.image.sheets import save_image
from gansuite.image.synth import draw_portfolio


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of a command."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def first_step(works: Path, resolution: int, run: Path) -> float:
    """Seconds from typing the command to the record of its first training step."""
    words = ["image", "train", "--data", works, "--resolution", resolution, "--steps", 1000, "--run", run]
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "gansuite", *map(str, words)], stderr=subprocess.DEVNULL)
    metrics = run / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and '"step"' in metrics.read_text(encoding="utf8")):
        time.sleep(0.01)
    spent = time.perf_counter() - began
    process.kill()
    process.wait()
    return spent


def main() -> None:
    """Print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--works", type=int, default=2549)
    parser.add_argument("--resolution", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    helps = [seconds([sys.executable, "-m", "gansuite", "--help"]) for _ in range(args.rounds)]
    print(f"gansuite --help: {statistics.median(helps):.2f} s (median of {args.rounds})")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GANSUITE_CACHE"] = str(Path(folder) / "cache")
        works, _ = draw_portfolio(args.works, args.resolution)
        for i, work in enumerate(works):
            save_image(Image.fromarray(work), Path(folder) / "works" / f"{i:05d}.jpg", quality=90)
        runs = [Path(folder) / f"run-{i}" for i in range(args.rounds + 1)]
        cold, *warm = [first_step(Path(folder) / "works", args.resolution, run) for run in runs]
    print(f"first step, {args.works} works at {args.resolution} px, cold cache: {cold:.1f} s")
    print(f"first step, warm cache: {statistics.median(warm):.1f} s (median of {args.rounds})")


if __name__ == "__main__":
    main()
