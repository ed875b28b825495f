"""Do both critics matter? The paper's two by two, and the likelihood model's temperatures, from one harness.

    python benchmarks/poetry_critics.py --start runs/new/critics --images scenes_64.zip --corpus train.jsonl.xz \\
        --held-out valid_authors.jsonl.xz --prose prose.jsonl.xz --judge judges --out critics

For each reward (none, relevance, style, both) and seed the adversarial stage runs for as many steps from the same
likelihood model and the same critics; `none` takes the same steps without any reward. Then each writes for the same
held-out pictures at temperature 1, and the judges, which no reward comes from, measure. The likelihood model itself
writes at several temperatures: what the adversarial one gains counts only outside that curve (Caccia et al. 2020,
"Language GANs Falling Short"). Rows are kept in OUT/rows.jsonl: what is there is not done again, so that processes with
different `--arms` may share the work.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gansuite.core.engine import join
from gansuite.core.observers.jsonl import MetricsFile
from gansuite.poetry.config import ADVERSARIAL, configure
from gansuite.poetry.dataset import PoemDataConfig, open_verse
from gansuite.poetry.evaluate import Pile, Task, held_out_pile, judges, write_lot
from gansuite.poetry.evaluation.lots import Lot
from gansuite.poetry.evaluation.report import Figures, Yardsticks
from gansuite.poetry.games.adversarial import REWARDS
from gansuite.poetry.parts import codes_of
from gansuite.poetry.pictures import open_pictures
from gansuite.poetry.sampler import load_sampler
from gansuite.poetry.scheme import HEARD_VERSION, heard_scheme
from gansuite.poetry.training import AdversarialRun

LIKELIHOOD = "likelihood"
TEMPERATURES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
COLUMNS = ("label first", "own at 10", "poeticness", "novelty 2", "self-BLEU", "distinct 2", "copied")
BETTER = {"label first": 1, "own at 10": 1, "poeticness": 1, "novelty 2": 1, "self-BLEU": -1, "distinct 2": 1}


def rows_of(kept: Path) -> list[dict[str, Any]]:
    """What has been measured."""
    return [json.loads(line) for line in kept.read_text("utf-8").splitlines()]


def row_of(found: Figures) -> dict[str, float]:
    """What of the figures is shown."""
    relevance, poeticness = found.relevance, found.poeticness
    assert relevance is not None
    assert poeticness is not None
    return {
        "label first": relevance.label_first.value,
        "own at 10": relevance.at[10].value,
        "poeticness": poeticness.value,
        "novelty 2": found.novelty[2].infrequent,
        "self-BLEU": found.self_bleu,
        "distinct 2": found.distinct_2,
        "copied": found.copied,
        "duplicates": found.duplicates,
    }


def train(args: argparse.Namespace, reward: str, seed: int, folder: Path) -> Path:
    """The adversarial stage with one reward; gone on with where it was stopped."""
    flags: dict[str, dict[str, Any]] = {
        "network": {"start": (args.start,), "images": tuple(args.images)},
        "data": data_of(args),
        "game": {"objective": reward},
        "run": {"steps": args.steps, "seed": seed, "threads": args.threads},
        "rhythm": {"measure": 0, "sheet": 0},
    }
    resolved, _ = configure(ADVERSARIAL, "small", None, flags, "cpu")
    with join("cpu", args.threads) as world:
        there = (folder / "config.json").exists()
        code = AdversarialRun(resolved, folder, world, [MetricsFile(folder / "metrics.jsonl")], there, "").train()
    if code:  # stopped on the way: what is there is no arm to be measured
        raise SystemExit(code)
    return folder


def data_of(args: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """Settings of the poems."""
    named = {"corpus": args.corpus, "held_out_corpus": args.held_out, "prose": args.prose}
    return {name: tuple(paths) for name, paths in named.items()}


def written(model: Path | str, pile: Pile, lines: Sequence[int], temperature: float, seed: int) -> list[str]:
    """What a model writes for the pictures."""
    sampler = load_sampler(model)
    assert pile.thumbnails is not None
    return write_lot(sampler, codes_of(sampler.parts, pile.thumbnails), lines, temperature, 1.0, seed)


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each reward or temperature: means over seeds, with half the width of their 95 % interval."""
    names = list(dict.fromkeys(row["name"] for row in rows))
    yield "  ".join([f"{'':<22}", *(f"{column:>16}" for column in COLUMNS), f"{'mean rank':>10}"])
    means = {name: {c: np.mean([r[c] for r in rows if r["name"] == name]) for c in COLUMNS} for name in names}
    arms = [name for name in names if name in REWARDS]
    for name in names:
        cells = []
        for column in COLUMNS:
            values = np.array([row[column] for row in rows if row["name"] == name])
            spread = 1.96 * values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else 0.0
            cells.append(f"{100 * values.mean():>9.2f} ±{100 * spread:>4.2f}")
        ranks = [1 + sum(s * means[o][c] > s * means[name][c] for o in arms) for c, s in BETTER.items()]
        rank = f"{np.mean(ranks):>10.2f}" if name in arms else ""
        yield "  ".join([f"{name:<22}", *(f"{cell:>16}" for cell in cells), rank]).rstrip()


def main() -> None:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", required=True, help="the likelihood model, with critics that have learnt")
    parser.add_argument("--images", action="append", required=True)
    parser.add_argument("--corpus", action="append", required=True)
    parser.add_argument("--held-out", action="append", required=True)
    parser.add_argument("--prose", action="append", required=True)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--arms", default=",".join((LIKELIHOOD, *REWARDS)), help="which of them to do")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    arms = args.arms.split(",")
    kept = args.out / "rows.jsonl"
    args.out.mkdir(parents=True, exist_ok=True)
    kept.touch()
    pictures = open_pictures(args.images)
    verse = open_verse(PoemDataConfig(**data_of(args)), pictures, heard_scheme, HEARD_VERSION)
    pile = held_out_pile(verse, pictures, args.count)
    task = Task([args.start], data_of(args), tuple(args.images), judge=args.judge)
    corpus = verse.corpus.poems
    yardsticks = Yardsticks([corpus[row] for row in verse.train.tolist()], *judges(task, verse, pictures, print))
    lines = [int(verse.controls.lines[row]) for row in pile.poems]

    def keep(name: str, seed: int, model: Path | str, temperature: float) -> None:
        texts = written(model, pile, lines, temperature, seed)
        found = row_of(yardsticks.measure(Lot(texts, pile.others, pile.thumbnails, pile.labels)))
        row = json.dumps({"name": name, "seed": seed, **found})
        with kept.open("a", encoding="utf-8") as file:
            file.write(row + "\n")
        print(row, flush=True)

    done = {(row["name"], row["seed"]) for row in rows_of(kept)}
    for seed in range(args.seeds):
        for reward in REWARDS:
            if reward in arms and (reward, seed) not in done:
                keep(reward, seed, train(args, reward, seed, args.out / f"{reward}-{seed}"), 1.0)
        for temperature in TEMPERATURES:
            name = f"{LIKELIHOOD}, T {temperature:g}"
            if LIKELIHOOD in arms and (name, seed) not in done:
                keep(name, seed, args.start, temperature)
    print("\n".join(table(sorted(rows_of(kept), key=lambda row: (row["name"] not in REWARDS, row["name"])))))


if __name__ == "__main__":
    main()
