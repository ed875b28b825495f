"""Every tier on the same works, for the same processor time, by one yardstick: the table of the README.

    python benchmarks/image_tiers.py --data art_gan_128.zip --labels labels.csv:style --features mobilenetv2.npz \\
        --features squeezenet.npz --minutes 20 60 --seeds 0 1 --out tiers

The budget is processor minutes of one thread, which other work on the machine does not shorten; schedules follow the
longest that is named, and the others are points on its way. What is in `rows.jsonl` is not trained again. Sheets are
written beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
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
BROKEN = 20  # steps that are not finite, after which a run is given up


def configured(args: argparse.Namespace, model: str, seed: int) -> Resolved[ImageConfig]:
    """What a person would get who named the model and the minutes."""
    data = {"path": str(args.data), "resolution": args.resolution, "labels": args.labels}
    flags = {
        "data": data,
        "network": {"conditional": args.conditional},
        "run": {"minutes": max(args.minutes), "seed": seed, "device": "cpu", "threads": 1},
        **({"recipe": {"precision": args.precision}} if args.precision else {}),
    }
    return configure(None if args.config else model, "auto", args.config, flags, "cpu")[0]


def trained(
    config: ImageConfig, portfolio: Portfolio, minutes: Sequence[float]
) -> Iterator[tuple[float, Trainer, int]]:
    """So many processor minutes of training on: the minutes, the trainer, how often a step was not finite."""
    trainer, broken, spent = build_trainer(config, portfolio, World()), 0, 0.0
    for end in sorted(minutes):
        began = time.process_time() - spent  # what is done between two ends does not count
        while (spent := time.process_time() - began) < 60 * end and broken <= BROKEN:
            trainer.seconds = spent
            try:
                trainer.step()
            except NonFinite:
                broken += 1
                trainer.skipped += 1
        yield end, trainer, broken


def rows_of(
    args: argparse.Namespace, model: str, seed: int, spaces: list[Extractor], known: Set[float]
) -> Iterator[Mapping[str, Any]]:
    """Train one model and measure the average of its generator against held-out works, where that is not known."""
    config = configured(args, model, seed).config
    portfolio = open_portfolio(config.data)
    labels = portfolio.labels[portfolio.train] if config.conditional and portfolio.labels is not None else None
    size = config.network.latent
    real, train = portfolio.pixels[portfolio.held_out], portfolio.pixels[thinned(portfolio.train, SAMPLES)]
    for minutes, trainer, broken in trained(config, portfolio, args.minutes):
        if minutes in known:
            continue
        generator = trainer.averages["generator"].module
        shown = fixed(ROWS * COLUMNS, size, 0, "sheet", labels).draw(generator)
        save_image(sheet(shown, COLUMNS), args.out / f"{args.name or model}-{seed}-{minutes:g}.png")
        drawn = fixed(SAMPLES, size, seed, "measure", labels).draw(generator)
        yield {
            "model": args.name or model,
            "seed": seed,
            "minutes": minutes,
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
    """Markdown: one line a model and its minutes, means over its seeds."""
    kept = list(rows)
    lines = [
        "| model | minutes | seeds | works seen | "
        + " | ".join(f"KID {s} | density | coverage" for s in kept[0]["spaces"])
    ]
    lines += ["| --- " * (4 + 3 * len(kept[0]["spaces"]))]
    for model, minutes in dict.fromkeys((row["model"], row["minutes"]) for row in kept):
        mine = [row for row in kept if (row["model"], row["minutes"]) == (model, minutes)]
        cells = [model, f"{minutes:g}", str(len(mine)), f"{statistics.mean(row['images'] for row in mine):,.0f}"]
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
    parser.add_argument("--minutes", nargs="+", type=float, default=[20.0])
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
            known = {row["minutes"] for row in rows if (row["model"], row["seed"]) == (args.name or model, seed)}
            if known.issuperset(args.minutes):
                continue
            for row in rows_of(args, model, seed, spaces, known):
                rows.append(row)
                with book.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                print(table(rows), flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
