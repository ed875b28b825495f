"""Measure a trained run beside its control and put it into the package, in half precision and with its card.

    python benchmarks/bundle.py runs/dcgan --control runs/dcgan-classic --data art_gan_128.zip \\
        --labels labels.csv:style --features mobilenetv2.npz --command "gansuite image train ..."
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from gansuite.core.card import Card
from gansuite.core.model import from_pretrained, save_pretrained
from gansuite.core.observers.jsonl import read_metrics
from gansuite.image import BUNDLED
from gansuite.image.config import data_for
from gansuite.image.dataset import open_portfolio
from gansuite.image.evaluate import Row, evaluate_model, to_text
from gansuite.image.features import extractor
from gansuite.image.sampler import load_sampler
from gansuite.image.sheets import save_image, sheet

FOLDER = Path(__file__).parents[1] / "packages/image/gansuite/image/bundled"
DATA = (
    "3,449 training works of `art_gan_128.zip` (383 more were held out): public-domain paintings and prints in seven "
    "styles (Impressionism, Ukiyo-e, Cubism, Pointillism, Naive art, Rococo, Fauvism), from the GitHub repository "
    "`jalpv1/wiki-art-selected-resized` at commit 6a55420, reduced by hand to painters who died in 1929 or before and, "
    "of those who died from 1930 to 1954, to works dated 1929 or earlier. The works themselves are not in the package."
)
RIGHTS = (
    "public domain where protection runs for the painter's life and 70 years; all works were made before 1930. "
    "Publication dates were not checked."
)
NOTES = """## What it is good for

Small pictures ({side} px) that dream after the training works: landscapes, skies, foliage, figures hinted at. It is a
starting point and a demonstration; train on your own works for anything that matters.

## How to read the measures

Kernel distance (KID, unbiased) to held-out works; the network is named and none of these figures is an FID. MobileNetV2
scores an early blur too well, so density, coverage and a second network stand beside it, with the rows of real works
(the floor), blurred works and noise. The control is `{control}` after {seen:,} works.

Trained on {machine}.
"""


def table(rows: list[Row]) -> list[dict[str, Any]]:
    """The rows as a card shows them."""
    return [
        {
            "": {"model": "this model", "control": "the control"}.get(row.role, row.who),
            "KID": f"{row.kernel:.3f} ± {row.kernel_error:.3f}",
            "precision": f"{row.precision:.2f}",
            "recall": f"{row.recall:.2f}",
            "density": f"{row.density:.2f}",
            "coverage": f"{row.coverage:.2f}",
            "suspected copies": "" if row.copied is None else f"{row.copied:.1%}",
        }
        for row in rows
    ]


def figures(args: argparse.Namespace, side: int) -> dict[str, list[dict[str, Any]]]:
    """Every feature network's table; also printed."""
    said = {"path": str(args.data)} | ({"labels": args.labels} if args.labels else {})
    portfolio = open_portfolio(data_for(str(args.run), side, said))
    spaces = [extractor(None), *(extractor(str(path)) for path in args.features)]
    rows = evaluate_model(
        load_sampler(args.run), portfolio, spaces, args.count, control=load_sampler(args.control), tell=print
    )
    print(to_text(rows))
    return {name: table([r for r in rows if r.network == name]) for name in dict.fromkeys(r.network for r in rows)}


def control(model: Path) -> dict[str, Any]:
    """Which network the control is, and how many works it has seen."""
    config = from_pretrained(model).config
    return {"control": config["network"]["name"], "seen": config["training"]["images"]}


def main() -> None:
    """Write the bundled folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", default=BUNDLED)
    parser.add_argument("--control", type=Path, required=True, help="a run or a model folder")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", help="where the run had others")
    parser.add_argument("--features", type=Path, action="append", default=[])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--command", required=True, help="what was typed to train it")
    parser.add_argument("--machine", default="two CPU cores")
    args = parser.parse_args()
    model = from_pretrained(args.run)
    network, training = model.config["network"], model.config["training"]
    seconds = [r["seconds"] for r in read_metrics(args.run / "metrics.jsonl") if r.get("step", 0) <= training["steps"]]
    saved = json.loads((args.run / "config.json").read_text())
    card = Card(
        title=f"gansuite {args.name}: {network['name']} at {network['resolution']} px",
        art="image",
        data=DATA,
        data_licence=RIGHTS,
        seed=saved["config"]["run"]["seed"],
        steps=training["steps"],
        images=training["images"],
        minutes=round(max(seconds) / 60, 1),
        command=args.command,
        measures=figures(args, network["resolution"]),
        notes=NOTES.format(side=network["resolution"], machine=args.machine, **control(args.control)),
    )
    folder = save_pretrained(FOLDER / args.name, model.config, model.weights, card, half=True)
    sampler = load_sampler(folder)
    save_image(sheet(sampler.draw(sampler.codes(list(range(48))))), args.run / "bundled.png")
    print(folder, args.run / "bundled.png")


if __name__ == "__main__":
    main()
