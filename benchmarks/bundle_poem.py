"""Put trained runs of poems into the package as one model, in half precision, and measure it for its card.

Where several runs have a part, that of the last is taken.

python benchmarks/bundle_poem.py runs/verse --images scenes_64.zip --corpus train.jsonl.xz \\
    --held-out valid_authors.jsonl.xz --prose prose.jsonl.xz --judge judges --minutes 180 --command "..."
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from gansuite.core.card import Card
from gansuite.core.model import Model, from_pretrained, save_pretrained
from gansuite.core.model_format import TOKENIZER
from gansuite.core.observers.jsonl import read_metrics
from gansuite.core.run import Run
from gansuite.poetry import BUNDLED
from gansuite.poetry.config import STAGES
from gansuite.poetry.evaluate import Task, evaluate_models
from gansuite.poetry.evaluation.report import Evaluation
from gansuite.poetry.parts import POET, merged, parts_of

FOLDER = Path(__file__).parents[1] / "packages/poetry/gansuite/poetry/bundled"
DATA = (
    "Poems of 3 to 10 lines from books of Project Gutenberg (public domain in the USA), through the TEI edition "
    "`tnhaider/english-gutenberg-poetry`, and prose of the same books for the critic of style; other authors were held "
    "out. Pictures of 64 pixels a side: six scenes (`ndb796/Scene-Classification-Dataset-Split`, CC0 by its "
    "uploader's word), five flowers (the TensorFlow flower photographs, CC BY 2.0 by photographer, from "
    "`Oldpel/flower_photos`) and four kinds of weather (the Multi-class Weather Dataset, CC BY 4.0, from "
    "`ndb796/weather_dataset`). Pictures and poems are paired by label through a lexicon. Neither is in the package."
)
RIGHTS = "public domain, CC0, CC BY 2.0 and CC BY 4.0, as named; thanks to the photographers and editors"
NOTES = """## What it is good for

{of_parts}

Short English verse for photographs of seas, mountains, forests, glaciers, streets, buildings, five flowers and the
weather, and from words alone. Of anything else it sees the nearest of these. It learnt from verse written before 1930.

## How to read the measures

Poems of the table are straight from the poet, at temperature {temperature} and relevance {relevance}, without the rules
by which `gansuite poem` keeps forms. "own picture" is whether an independent judge (another architecture, other
weights, the poems of other authors than the critics learnt from) finds the picture that a poem was written for among
{count}. Weak pairs know no more than a label: what a perfect poem would reach is said below the table. "poeticness" is
how likely another judge takes a text for a poem by a person.

Measures of the stages: {stages}

Trained on {machine}.
"""


def stage_measures(runs: Sequence[Path]) -> str:
    """The last measures of each stage of each run, in words."""
    told = []
    for run, stage in ((run, stage) for run in runs for stage in STAGES if (run / stage).is_dir()):
        lines = [line for line in read_metrics(Run(run / stage).metrics) if line.get("kind") == "measure"]
        skipped = ("kind", "step", "images", "seconds", "best", "kept_images", "held_out_distance")
        figures = [f"{name} {value:.3g}" for name, value in lines[-1].items() if name not in skipped] if lines else []
        told += [f"{run.name}/{stage}: {', '.join(figures)}."] if figures else []
    return " ".join(told)


def joined(models: Sequence[Model]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The configuration and the weights of several models as one."""
    merged([parts_of(model, without=(POET,)) for model in models])  # refuses what does not go together
    parts: dict[str, Any] = {}
    weights: dict[str, Tensor] = {}
    for model in models:
        own = model.config["network"]["parts"]
        parts |= own
        weights = {name: w for name, w in weights.items() if name.split(".")[0] not in own} | model.weights
    last = models[-1].config
    return {**last, "network": {**last["network"], "parts": parts}}, weights


def rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The table of an evaluation, a row a measure."""
    lines = [line.split("  ") for line in evaluation.to_text().split("\n\n")[0].split("\n")]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    return [dict(zip(["", *cells[0]], line, strict=False)) for line in cells[1:]]


def main() -> None:
    """Write the bundled folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--name", default=BUNDLED)
    parser.add_argument("--images", action="append", required=True)
    parser.add_argument("--corpus", action="append", required=True)
    parser.add_argument("--held-out", action="append", required=True)
    parser.add_argument("--prose", action="append", required=True)
    parser.add_argument("--control", action="append", default=[])
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--temperature", type=float, default=0.9)
    parser.add_argument("--relevance", type=float, default=2.0)
    parser.add_argument("--minutes", type=float, required=True, help="of all stages")
    parser.add_argument("--command", required=True, help="what was typed to train it")
    parser.add_argument("--of-parts", default="", help="which run each part comes from, in a sentence")
    parser.add_argument("--machine", default="one CPU core")
    args = parser.parse_args()
    models = [from_pretrained(run) for run in args.runs]
    config, weights = joined(models)
    vocabulary = {TOKENIZER: (models[-1].path / TOKENIZER).read_bytes()}
    folder = FOLDER / args.name
    save_pretrained(folder, config, weights, f"# gansuite {args.name}\n", half=True, files=vocabulary)
    data = {name: tuple(getattr(args, name)) for name in ("corpus", "prose")} | {
        "held_out_corpus": tuple(args.held_out)
    }
    task = Task(
        [str(folder), *args.control],
        data,
        tuple(args.images),
        args.count,
        args.temperature,
        args.relevance,
        args.judge,
    )
    found = evaluate_models(task, print)
    evaluation = replace(found, rows={key.replace(str(folder), args.name): row for key, row in found.rows.items()})
    print(evaluation.to_text())
    training = config["training"]
    card = Card(
        title=f"gansuite {args.name}: poems for pictures",
        art="poetry",
        data=DATA,
        data_licence=RIGHTS,
        seed=training["seed"],
        steps=training["steps"],
        images=training["images"],
        minutes=args.minutes,
        command=args.command,
        measures={
            "poems for held-out pictures": rows(evaluation),
            "below the table": {"": evaluation.to_text().split("\n\n")[1].replace("\n", " ")},
        },
        notes=NOTES.format(**vars(args), stages=stage_measures(args.runs)),
    )
    print(save_pretrained(folder, config, weights, card, half=True, files=vocabulary))


if __name__ == "__main__":
    main()
