"""Every tier on the same works, for the same processor time, by one yardstick: the table of the README.

    python benchmarks/image_tiers.py --data art_gan_128.zip --labels labels.csv:style --features mobilenetv2.npz \\
        --features squeezenet.npz --minutes 20 --seeds 0 1 --out tiers

The budget is processor minutes of one thread, which other work on the machine does not shorten; schedules follow it.
A row that is in `rows.jsonl` is not trained again. Sheets are written beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gansuite.core import measures
from gansuite.core.config import Resolved
from gansuite.core.engine import World
from gansuite.core.trainer import NonFinite, Trainer
from gansuite.image.config import MODELS, ImageConfig, configure
from gansuite.image.dataset import Portfolio, open_portfolio
from gansuite.image.features import Extractor, extractor
from gansuite.image.measuring import fixed, thinned
from gansuite.image.sheets import COLUMNS, ROWS, save_image, sheet
from gansuite.image.training import build_trainer

SAMPLES = 1000
NEIGHBOURS = 5


def configured(args: argparse.Namespace, model: str, seed: int) -> Resolved[ImageConfig]:
    """What a person would get who named the model and the minutes."""
    data = {"path": str(args.data), "resolution": args.resolution, "labels": args.labels}
    flags = {
        "data": data,
        "network": {"conditional": args.conditional},
        "run": {"minutes": args.minutes, "seed": seed, "device": "cpu", "threads": 1},
        **({"recipe": {"precision": args.precision}} if args.precision else {}),
    }
    return configure(None if args.config else model, "auto", args.config, flags, "cpu")[0]


def trained(config: ImageConfig, portfolio: Portfolio, minutes: float) -> tuple[Trainer, int]:
    """A trainer at the end of its processor minutes, and how often a step was not finite."""
    trainer, broken = build_trainer(config, portfolio, World()), 0
    began = time.process_time()
    while (spent := time.process_time() - began) < 60 * minutes:
        trainer.seconds = spent
        try:
            trainer.step()
        except NonFinite:
            broken += 1
            trainer.skipped += 1
            if broken > 20:
                break
    return trainer, broken


def row_of(args: argparse.Namespace, model: str, seed: int, spaces: list[Extractor]) -> Mapping[str, Any]:
    """Train one model and measure the average of its generator against held-out works."""
    config = configured(args, model, seed).config
    portfolio = open_portfolio(config.data)
    trainer, broken = trained(config, portfolio, args.minutes)
    generator = trainer.averages["generator"].module
    labels = portfolio.labels[portfolio.train] if config.conditional and portfolio.labels is not None else None
    size = config.network.latent
    shown = fixed(ROWS * COLUMNS, size, 0, "sheet", labels).draw(generator)
    save_image(sheet(shown, COLUMNS), args.out / f"{args.name or model}-{seed}.png")
    drawn = fixed(SAMPLES, size, seed, "measure", labels).draw(generator)
    real, train = portfolio.pixels[portfolio.held_out], portfolio.pixels[thinned(portfolio.train, SAMPLES)]
    return {
        "model": args.name or model,
        "seed": seed,
        "minutes": args.minutes,
        "images": trainer.images,
        "broken": broken,
        "spaces": {space.name: figures(space(real), space(train), space(drawn)) for space in spaces},
    }


def figures(real: np.ndarray, train: np.ndarray, drawn: np.ndarray) -> dict[str, float]:
    """Distance to held-out works, density, coverage, and the share of suspected copies."""
    near = measures.density_coverage(real, drawn, NEIGHBOURS)
    return {
        "kid": measures.kernel_distance(real, drawn),
        "error": measures.kernel_distance_interval(real, drawn).standard_error,
        "density": near.density,
        "coverage": near.coverage,
        "copies": measures.copy_risk(train, real, drawn).share,
    }


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Markdown: one line a model, means over its seeds."""
    kept = list(rows)
    lines = ["| model | seeds | works seen | " + " | ".join(f"KID {s} | density | coverage" for s in kept[0]["spaces"])]
    lines += ["| --- " * (3 + 3 * len(kept[0]["spaces"]))]
    for model in dict.fromkeys(row["model"] for row in kept):
        mine = [row for row in kept if row["model"] == model]
        cells = [model, str(len(mine)), f"{statistics.mean(row['images'] for row in mine):,.0f}"]
        for space in mine[0]["spaces"]:
            for name in ("kid", "density", "coverage"):
                values = [row["spaces"][space][name] for row in mine]
                spread = f" ({min(values):.3f} to {max(values):.3f})" if name == "kid" and len(values) > 1 else ""
                cells.append(f"{statistics.mean(values):.3f}{spread}")
        lines.append("| " + " | ".join(cells))
    return "\n".join(f"{line} |" for line in lines)


def main() -> None:
    """Train what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", default="auto")
    parser.add_argument("--conditional", action="store_true", help="let labels steer")
    parser.add_argument("--features", action="append", default=[])
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--precision")
    parser.add_argument("--config", type=Path, help="a TOML file that changes the recipe")
    parser.add_argument("--name", help="of the rows, where it is not the model's")
    parser.add_argument("--out", type=Path, default=Path("tiers"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    spaces = [extractor(spec) for spec in args.features] or [extractor(None)]
    book = args.out / "rows.jsonl"
    rows = [json.loads(line) for line in book.read_text().splitlines()] if book.exists() else []
    for seed in args.seeds:
        for model in args.models:
            if any((row["model"], row["seed"]) == (args.name or model, seed) for row in rows):
                continue
            rows.append(row_of(args, model, seed, spaces))
            with book.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
            print(table(rows), flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
