"""Measure a trained music run beside its control and put it into the package, in half precision and with its card.

python benchmarks/bundle_music.py runs/band --command "gansuite music train ..."
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gansuite.core.card import Card
from gansuite.core.config import from_saved
from gansuite.core.model import from_pretrained, save_pretrained
from gansuite.core.observers.jsonl import read_metrics
from gansuite.core.run import Run
from gansuite.music import BUNDLED
from gansuite.music.config import MusicConfig
from gansuite.music.dataset import open_music
from gansuite.music.evaluate import Evaluation, Row, closed, data_for, evaluate_model
from gansuite.music.figures import to_text
from gansuite.music.sampler import load_sampler
from gansuite.music.training import leveller

FOLDER = Path(__file__).parents[1] / "packages/music/gansuite/music/bundled"
DATA = (
    "{train} phrases of four bars ({held_out} more, of {pieces} other pieces, were held out): MIDI files with drums of "
    "the projects Freedoom (BSD-3), Simutrans (Artistic licence, the files named by it) and OpenMSX (GPL-2); and "
    "phrases without drums of Slakh2100 (Manilow et al. 2019; CC BY 4.0), whose pieces come from the Lakh MIDI "
    "Dataset (Raffel 2016; CC BY 4.0). No music is in the package."
)
RIGHTS = "as named: BSD-3, Artistic, GPL-2 and CC BY 4.0; thanks to the makers of Slakh2100 and Lakh"
NOTES = """## What it is good for

Sketches for five tracks (drums, piano, guitar, bass, strings) in 4/4, four bars at a time, in sixteenths; accompaniment
to a part of your own. It learnt drums from {band} phrases only, and from music for games.

## How to read the measures

Rows are against held-out music. "distance" is the mean normalised distance over empty bars, used pitch classes,
qualified notes, polyphony (mean over tracks) and tonal distance (mean over pairs): 0 is alike. "gap" is how much nearer
tracks of one phrase are to one another, in tonal distance, than tracks of different phrases; "closed" how much of that
gap the model closes when it plays to a given track. The averaged generator is levelled: its tracks are set to as many
silent bars and notes as the training music has, as long and no farther apart, its bars to be as much alike, and its
tracks to heed a given one as much (`music/levels.py`).

Trained on {machine}.
"""
SHOWN = ("empty_bars", "used_pitch_classes", "qualified_notes", "polyphony")


def figures(row: Row) -> dict[str, Any]:
    """A row as a card shows it."""
    gap = _mean(row, "tonal_distance_shuffled") - _mean(row, "tonal_distance")
    shown: dict[str, Any] = {"": {"model": "this model", "control": "the control"}.get(row.role, row.who)}
    shown["distance"] = "" if row.distance is None else f"{row.distance.mean:.3f}"
    for name in SHOWN:
        shown[name.replace("_", " ")] = " / ".join(f"{m.value:.2f}" for m in row.table[name].values())
    shown["gap"] = f"{gap:.2f}"
    shown["scale consistency"] = f"{row.table['scale_consistency']['all'].value:.3f}"
    shown["closed"] = "" if not row.accompaniment else f"{closed(row.accompaniment):.0%}"
    return shown


def _mean(row: Row, name: str) -> float:
    pairs = row.table[name].values()
    return sum(pair.value for pair in pairs) / len(pairs)


def memory(evaluation: Evaluation) -> dict[str, Any]:
    """How new the model's phrases are."""
    known = evaluation.rows[1].memorisation
    assert known is not None
    return {"exact copies": known.copies, "unique": f"{known.unique.value:.1%}", "of": known.samples}


def main() -> None:
    """Write the bundled folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", default=BUNDLED)
    parser.add_argument("--control", type=Path, action="append", default=[])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--command", required=True, help="what was typed to train it")
    parser.add_argument("--machine", default="one CPU core")
    args = parser.parse_args()
    model, sampler = from_pretrained(args.run), load_sampler(args.run)
    music = open_music(data_for(str(args.run), sampler.grid, {}))
    config = from_saved(MusicConfig, Run(args.run).configuration()).config
    leveller(config, music.train, sampler.generator.latent_size)(sampler.generator)
    controls = [load_sampler(control) for control in args.control]
    evaluation = evaluate_model(sampler, music, args.count, controls=controls, tell=print)
    print(to_text(evaluation))
    training = model.config["training"]
    measured = next(
        line
        for line in read_metrics(Run(args.run).metrics)
        if line.get("kind") == "measure" and line["images"] == training["images"]
    )
    counts = {"train": evaluation.train, "held_out": evaluation.held_out, "pieces": evaluation.pieces}
    card = Card(
        title=f"gansuite {args.name}: {model.config['network']['name']}, five tracks, four bars of 4/4",
        art="music",
        data=DATA.format(**counts),
        data_licence=RIGHTS,
        seed=config.run.seed,
        steps=training["steps"],
        images=training["images"],
        minutes=round(measured["seconds"] / 60, 1),
        command=args.command,
        measures={
            "drums / piano / guitar / bass / strings; the first only of empty bars": [
                figures(r) for r in evaluation.rows
            ],
            "memorisation": [memory(evaluation)],
        },
        notes=NOTES.format(machine=args.machine, band=int(music.train.present.all(1).sum())),
    )
    print(save_pretrained(FOLDER / args.name, model.config, sampler.generator.state_dict(), card, half=True))


if __name__ == "__main__":
    main()
