"""Music recipes side by side: the same music, grid and processor seconds for each; one row a recipe and seed.

    python benchmarks/music_recipes.py --data clean_midi.zip --data slakh_train.npz --held-out slakh_valid.npz

A recipe is named as `gansuite music train --model` names it. Its time is that of the processor spent on training, in
one thread, so that other work on the machine makes no difference; reading the music and measuring are not counted. At
the end the averaged generator plays 1,000 phrases of which nothing is given, with the tracks of the held-out music.

Generators are kept in --kept as they were at the end of their training; one that is there is levelled and measured
anew, not trained again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from gansuite.core import randomness
from gansuite.core.engine import World
from gansuite.core.trainer import Trainer
from gansuite.music.config import MODELS, MusicConfig, configure
from gansuite.music.dataset import Music, MusicDataConfig, open_music
from gansuite.music.measures.memory import fingerprint, memorisation
from gansuite.music.measures.table import MusicTable, distance, table
from gansuite.music.training import build_trainer, leveller, play

SAMPLES = 1000


def configuration(model: str, file: Path | None, seed: int, minutes: float) -> MusicConfig:
    """The recipe as `train --model --config` would run it on a CPU."""
    flags = {"run": {"seed": seed, "minutes": minutes, "threads": 1}}
    return configure(model, "small", file, flags, "cpu")[0].config


def train(config: MusicConfig, music: Music, kept: Path) -> Trainer:
    """Train for the budget's minutes of processor time, or take the average from where it was kept."""
    trainer = build_trainer(config, music, World())
    generator = trainer.averages["generator"].module
    if kept.exists():
        weights = load_file(kept)
        trainer.step_count, trainer.images = weights.pop("seen").tolist()
        generator.load_state_dict(weights)
        return trainer
    begin = time.process_time()
    while trainer.budget.fraction(trainer.images, trainer.seconds) < 1:
        trainer.step()
        trainer.seconds = time.process_time() - begin
    seen = torch.tensor([trainer.step_count, trainer.images])
    kept.parent.mkdir(parents=True, exist_ok=True)
    save_file({**generator.state_dict(), "seen": seen}, kept)
    return trainer


def sample(config: MusicConfig, trainer: Trainer, music: Music) -> tuple[np.ndarray, np.ndarray]:
    """Phrases (N, K, T, P) and which tracks they have (N, K)."""
    generator: Any = trainer.averages["generator"].module
    leveller(config, music.train, generator.latent_size)(generator)
    rows = np.linspace(0, len(music.held_out) - 1, SAMPLES).astype(int)
    z = torch.randn(SAMPLES, generator.latent_size, generator=randomness.generator(config.run.seed, "evaluate"))
    present = music.held_out.present[rows]
    return play(generator, z, present), present


def row(name: str, config: MusicConfig, music: Music, truth: MusicTable, kept: Path) -> dict[str, Any]:
    """One recipe, trained and measured."""
    trainer = train(config, music, kept / f"{name}-{config.run.seed}-{config.run.minutes:g}.safetensors")
    cells, present = sample(config, trainer, music)
    found = table(cells, music.grid.tracks, music.grid, present)
    apart = distance(found, truth)
    copied = memorisation(fingerprint(music.train.cells), fingerprint(cells))
    return {
        "model": name,
        "seed": config.run.seed,
        "cpu_minutes": config.run.minutes,
        "steps": trainer.step_count,
        "phrases": trainer.images,
        "distance": {"mean": apart.mean, **vars(apart)},
        "memorisation": str(copied),
        "table": found.to_dict(),
    }


def rows(asked: argparse.Namespace, music: Music) -> Iterator[dict[str, Any]]:
    """All that was asked for; first, how near one could come: the held-out music against as many training phrases."""
    grid, held = music.grid, music.held_out
    truth = table(held.cells, grid.tracks, grid, held.present)
    some = np.linspace(0, len(music.train) - 1, SAMPLES).astype(int)
    real = table(music.train.take(some), grid.tracks, grid, music.train.present[some])
    apart = distance(real, truth)
    yield {"model": "training phrases", "distance": {"mean": apart.mean, **vars(apart)}, "table": truth.to_dict()}
    for seed in asked.seeds:
        for model in asked.models:
            config = configuration(model, asked.config, seed, asked.minutes)
            yield row(asked.name or model, config, music, truth, asked.kept)


def main() -> None:
    """Print a line for each row, and write all of them to --out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", default=[])
    parser.add_argument("--held-out", action="append", default=[])
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--config", type=Path, help="a TOML file that changes the recipe")
    parser.add_argument("--name", help="of the rows, where it is not the model's")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of processor time, for each row")
    parser.add_argument("--out", type=Path, default=Path("music_recipes.jsonl"))
    parser.add_argument("--kept", type=Path, default=Path("music_recipes"), help="a folder for the generators")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    music = open_music(replace(MusicDataConfig(), paths=tuple(asked.data), held_out_paths=tuple(asked.held_out)))
    with asked.out.open("a", encoding="utf8") as out:
        for found in rows(asked, music):
            out.write(json.dumps(found) + "\n")
            out.flush()
            parts = "  ".join(f"{name} {value:.3f}" for name, value in found["distance"].items())
            print(f"{found['model']:18} seed {found.get('seed', '-')}  {parts}", flush=True)


if __name__ == "__main__":
    main()
