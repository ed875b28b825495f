"""Small portfolios: does training converge on 100 works, does it collapse when it goes on, does it copy?

    python benchmarks/image_small.py --minutes 1.5 --out small
    python benchmarks/image_small.py --art art_gan_128.zip --style Ukiyo_e --works 300 --resolution 64 --minutes 10 \\
        --features mobilenetv2.npz --out ukiyo

Without `--art`: 20 sets drawn by our own code, each style alone, pairs of styles, and all of them. With it: works of
one style, in the order of a fixed shuffle. Each set is trained by the command a person would type, for twice
`--minutes`; health is read at half the time, at the end, and at every measure in between. Suspected copies are samples
nearer to a training work than all but one in a hundred of works of the same hand that were not trained on. A set that
is in `rows.jsonl` is not trained again.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from gansuite.core import measures
from gansuite.core.health import diagnose
from gansuite.image.features import Extractor, extractor
from gansuite.image.sampler import load_sampler
from gansuite.image.synth import STYLES, draw_portfolio

FRESH, SAMPLES = 400, 500
PAIRED_WITH = 3  # styles further on, the other of a pair


@dataclass(frozen=True)
class Portfolio:
    """A small set: uint8 (N, S, S, 3) to train on, and works of the same hand (M, S, S, 3) that are kept back."""

    name: str
    works: np.ndarray
    fresh: np.ndarray


def drawn(count: int, side: int) -> Iterator[Portfolio]:
    """Twenty sets: each style alone, pairs of styles, and four of all."""
    alone = [(style,) for style in STYLES]
    pairs = [(style, STYLES[(place + PAIRED_WITH) % len(STYLES)]) for place, style in enumerate(STYLES)]
    for seed, styles in enumerate([*alone, *pairs, *[STYLES] * 4]):
        all_works, _ = draw_portfolio(count + FRESH, side, seed, styles)
        yield Portfolio(
            f"{seed:02d} {'all' if styles == STYLES else ' + '.join(styles)}", *np.split(all_works, [count])
        )


def painted(art: Path, style: str, count: int, side: int) -> Iterator[Portfolio]:
    """Works of one style, some to train on and the others kept back."""
    with zipfile.ZipFile(art) as pack:
        rows = csv.DictReader(io.TextIOWrapper(pack.open("labels.csv"), encoding="utf8"))
        names = sorted(row["file"] for row in rows if row["style"] == style)
        order = np.random.default_rng(0).permutation(len(names))
        pictures = [Image.open(io.BytesIO(pack.read(names[place]))) for place in order]
    pixels = np.stack(
        [np.asarray(picture.convert("RGB").resize((side, side), Image.Resampling.BOX)) for picture in pictures]
    )
    yield Portfolio(style, *np.split(pixels, [count]))


def trained(portfolio: Portfolio, args: argparse.Namespace) -> Path:
    """The run folder of a set, at the end of twice its minutes."""
    folder = args.out / portfolio.name.replace(" ", "-")
    works = folder / "works"
    works.mkdir(parents=True, exist_ok=True)
    for number, work in enumerate(portfolio.works):
        Image.fromarray(work).save(works / f"{number:03d}.png")
    command = [sys.executable, "-m", "gansuite", "image", "train", "--data", works, "--run", folder / "run"]
    command += ["--model", args.model, "--resolution", args.resolution, "--minutes", 2 * args.minutes, "--threads", 1]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder / "run"


def verdicts(run: Path, seconds: float) -> tuple[str, str, str]:
    """The health after so many seconds, at the end, and the gravest alarm that was given at any measure."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    half = max(place for place, line in enumerate(lines) if line["kind"] == "step" and line["seconds"] <= seconds)
    told = {diagnose(lines[: place + 1]).state for place, line in enumerate(lines) if line["kind"] == "measure"}
    worst = next((state for state in ("diverged", "collapsed", "overfitting") if state in told), "none")
    return diagnose(lines[: half + 1]).state, diagnose(lines).state, worst


def row_of(portfolio: Portfolio, args: argparse.Namespace, space: Extractor) -> dict[str, Any]:
    """Train on a set; tell what became of it."""
    run = trained(portfolio, args)
    converged, ended, worst = verdicts(run, 60 * args.minutes)
    sampler = load_sampler(run)
    samples = sampler.draw(sampler.codes(range(SAMPLES)))
    works, fresh, fakes = (space(pixels) for pixels in (portfolio.works, portfolio.fresh, samples))
    return {
        "set": portfolio.name,
        "works": len(portfolio.works),
        "after": converged,
        "after twice": ended,
        "alarm": worst,
        "distance": measures.kernel_distance(fresh, fakes),
        "training works": measures.kernel_distance(fresh, works),
        "diversity": measures.diversity(fresh, fakes),
        "copies": measures.copy_risk(works, fresh, fakes).share,
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown."""
    names = list(rows[0])
    shown = [[f"{row[name]:.3f}" if isinstance(row[name], float) else str(row[name]) for name in names] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [names, ["---"] * len(names), *shown])


def main() -> None:
    """Train what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="fast")
    parser.add_argument("--works", type=int, default=100)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=1.5, help="of one thread; it is trained for twice as long")
    parser.add_argument("--art", type=Path, help="a zip with labels.csv and images/")
    parser.add_argument("--style", default="Ukiyo_e")
    parser.add_argument("--features", help="a feature network; without one the fixed random pyramid")
    parser.add_argument("--out", type=Path, default=Path("small"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    space, book = extractor(args.features), args.out / "rows.jsonl"
    rows = [json.loads(line) for line in book.read_text().splitlines()] if book.exists() else []
    side = args.resolution
    sets = painted(args.art, args.style, args.works, side) if args.art else drawn(args.works, side)
    for portfolio in sets:
        if all(row["set"] != portfolio.name for row in rows):
            rows.append(row_of(portfolio, args, space))
            with book.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
            print(rows[-1], flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
