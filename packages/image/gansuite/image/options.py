"""What can be typed after `gansuite image`: each option once, and which setting it sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from typer import Argument, Option

from gansuite.image import BUNDLED, LAYERED

Flags: TypeAlias = dict[str, dict[str, Any]]

# ------------------------------------------------------------------ of several commands

Data = Annotated[str | None, Option("--data", help="Folder, zip or file of works; left out: embedded portfolio.")]
_WHICH = "Model folder, run, bundled name, or owner/name on a hub (uses the network)."
Model = Annotated[str, Option("--model", help=_WHICH)]
Painter = Annotated[str | None, Option("--model", help=_WHICH, show_default=f"{BUNDLED}, or {LAYERED} to mix or move")]
Device = Annotated[str, Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
Json = Annotated[bool, Option("--json", help="One JSON object on stdout; everything else goes to stderr.")]
Truncation = Annotated[float, Option("--truncation", help="Below 1: more typical, less varied.")]
Fit = Annotated[str | None, Option("--fit", help="crop, pad or stretch works to a square.", show_default="crop")]
Crops = Annotated[int | None, Option("--crops", help="Cut large works into up to so many crops.", show_default="1")]

# ------------------------------------------------------------------ train

Run = Annotated[Path | None, Option("--run", help="The run's folder; default runs/image-NNN.")]
Resume = Annotated[bool, Option("--resume", help="Go on with the run named by --run.")]
Architecture = Annotated[str | None, Option("--model", help="fast (default), dcgan, r3, style or dcgan-classic.")]
Preset = Annotated[str, Option("--preset", help="auto (fits the machine), smoke, half or full.")]
Config = Annotated[Path | None, Option("--config", help="A TOML file; flags win over it.")]
Minutes = Annotated[float | None, Option("--minutes", help="How long to train; 20 if nothing is said.")]
Steps = Annotated[int | None, Option("--steps", help="How many steps to train.")]
Resolution = Annotated[int | None, Option("--resolution", help="Side of the pictures, 32 to 1024.")]
Labels = Annotated[str | None, Option("--labels", help="What steers the pictures: folders, none, or FILE.csv:COLUMN.")]
Conditional = Annotated[
    bool | None,
    Option(
        "--conditional/--unconditional",
        help="Let labels steer, or only choose what is held out.",
        show_default="conditional",
    ),
]
BatchSize = Annotated[int | None, Option("--batch-size", help="Works per step, over all processes.")]
Accumulate = Annotated[int | None, Option("--accumulate", help="Micro-batches per update.")]
Objective = Annotated[
    str | None,
    Option("--objective", help="minimax, non-saturating, least-squares, hinge, wasserstein or relativistic."),
]
R1 = Annotated[float | None, Option("--r1", help="Strength of the R1 penalty; -1: found by a probe.")]
R2 = Annotated[float | None, Option("--r2", help="Strength of the R2 penalty; -1: found by a probe.")]
GradientPenalty = Annotated[float | None, Option("--gradient-penalty", help="Weight of the WGAN-GP penalty.")]
CriticSteps = Annotated[int | None, Option("--critic-steps", help="Discriminator steps per step.")]
LearningRate = Annotated[float | None, Option("--lr", help="Learning rate of both players.")]
Augment = Annotated[str | None, Option("--augment", help="colour,translation,cutout, any of them, or none.")]
Width = Annotated[int | None, Option("--width", help="Channels at the finest level.")]
Precision = Annotated[str | None, Option("--precision", help="auto, bf16 or fp32.")]
Seed = Annotated[int | None, Option("--seed", help="Every random number follows from it.")]
TrainDevice = Annotated[str | None, Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
Threads = Annotated[int | None, Option("--threads", help="CPU threads.")]
SheetEvery = Annotated[int | None, Option("--sheet-every", help="Steps between sheets of 48 samples.")]
TensorBoard = Annotated[bool, Option("--tensorboard", help="Also write TensorBoard files.")]
DryRun = Annotated[bool, Option("--dry-run", help="Print the merged configuration and stop.")]

# ------------------------------------------------------------------ generate and interpolate

Out = Annotated[Path | None, Option("--out", help="Folder, or a .png for one picture or a sheet; default works.")]
Seeds = Annotated[str, Option("--seed", help="7, a list 1,5,9 or a range 3-8.")]
Label = Annotated[str | None, Option("--label", help="Pictures of this label, of a model trained with labels.")]
Count = Annotated[int | None, Option("--count", help="How many, from the seed upwards.")]
Sheet = Annotated[bool, Option("--sheet", help="One sheet instead of single files.")]
Mix = Annotated[
    tuple[int, int] | None,
    Option("--mix", metavar="A B", help="Seed A with the layers of seed B that --layers says (style models)."),
]
Layers = Annotated[
    str | None,
    Option("--layers", help="coarse, middle, fine or all: what is mixed or moved.", show_default="all"),
]
Moves = Annotated[
    list[str] | None,
    Option("--move", metavar="N=AMOUNT", help="Go along a direction, as 3=+2.0; repeatable (style models)."),
]
Like = Annotated[Path | None, Option("--like", help="Make the pixels of this PNG again.")]
Film = Annotated[Path, Option("--out", help="A .gif or .webp file, or .mp4 with the extra 'video' installed.")]
Stations = Annotated[str | None, Option("--seed", help="The seeds to pass through: 1,5,9 or 3-8.", show_default="0-3")]
First = Annotated[Path | None, Option("--from", help="A projection (.safetensors) to begin with.")]
Last = Annotated[Path | None, Option("--to", help="A projection (.safetensors) to end with.")]
Frames = Annotated[int, Option("--frames", help="How many frames in all.")]
Rate = Annotated[int, Option("--fps", help="Frames per second.")]
Loop = Annotated[bool, Option("--loop/--no-loop", help="Come back to the first seed.")]
Circle = Annotated[bool, Option("--circle", help="Go round the circle through two seeds.")]
Easing = Annotated[str, Option("--easing", help="even, or smooth: slow down at every seed.")]
Scale = Annotated[int | None, Option("--scale", help="Enlarge by a whole factor.")]

# ------------------------------------------------------------------ directions and project

OneSeed = Annotated[int, Option("--seed", help="The picture that is moved.")]
Directions = Annotated[int, Option("--count", help="How many directions, the strongest first.")]
StripFile = Annotated[Path, Option("--out", help="A .png, or a folder.")]
Picture = Annotated[Path, Argument(help="A picture; its middle square is taken.")]
CodeFile = Annotated[Path, Option("--out", help="A .safetensors file; a .png to look at goes beside it.")]
SearchSteps = Annotated[int, Option("--steps", help="Steps of the search.")]
SearchSeed = Annotated[int, Option("--seed", help="Of the noise at the beginning of the search.")]

# ------------------------------------------------------------------ evaluate and inspect

Control = Annotated[
    str | None,
    Option("--control", help="Another model, for a row beside it; as --model, a hub's owner/name uses the network."),
]
Features = Annotated[
    list[str] | None,
    Option("--features", help="Feature network: a .npz, an .onnx file or a transformers folder; repeatable."),
]
Samples = Annotated[int, Option("--count", help="How many samples a row.")]
FirstSeed = Annotated[int, Option("--seed", help="The first seed of the samples.")]
Background = Annotated[
    str | None, Option("--background", help="What transparent and padded works stand on.", show_default="white")
]
SplitLabels = Annotated[
    str | None, Option("--labels", help="As in the training, for the same split.", show_default="auto")
]
HeldOut = Annotated[
    float | None, Option("--held-out", help="The data.held_out of the training: a share.", show_default="0.1")
]
KeepDuplicates = Annotated[
    bool | None,
    Option(
        "--keep-duplicates/--drop-duplicates", help="The data.keep_duplicates of the training.", show_default="keep"
    ),
]
SplitSeed = Annotated[int | None, Option("--split-seed", help="The data.seed of the training.", show_default="0")]
Nearest = Annotated[Path | None, Option("--nearest", help="A PNG of the likeliest copies beside their works.")]
Portfolio = Annotated[Path, Argument(help="Folder (read recursively), zip or file of works.")]
Ground = Annotated[str, Option("--background", help="What transparent works stand on.")]

SETS = {  # parameter of a command: the settings, by section and key
    "data": ["data.path"],
    "resolution": ["data.resolution"],
    "fit": ["data.fit"],
    "crops": ["data.crops"],
    "background": ["data.background"],
    "labels": ["data.labels"],
    "held_out": ["data.held_out"],
    "keep_duplicates": ["data.keep_duplicates"],
    "split_seed": ["data.seed"],
    "width": ["network.width"],
    "conditional": ["network.conditional"],
    "objective": ["game.objective"],
    "r1": ["game.r1"],
    "r2": ["game.r2"],
    "gradient_penalty": ["game.gradient_penalty"],
    "augment": ["game.augment"],
    "batch_size": ["recipe.batch_size"],
    "accumulate": ["recipe.accumulate"],
    "critic_steps": ["recipe.critic_steps"],
    "lr": ["recipe.generator_lr", "recipe.discriminator_lr"],
    "precision": ["recipe.precision"],
    "sheet_every": ["rhythm.sheet"],
    "seed": ["run.seed"],
    "steps": ["run.steps"],
    "minutes": ["run.minutes"],
    "device": ["run.device"],
    "threads": ["run.threads"],
}


def settings(parameters: Mapping[str, Any]) -> Flags:
    """What the person typed, by section and key, of all parameters of a command by name; None was not typed."""
    flags: Flags = {}
    for name, value in parameters.items():
        for section, _, key in (setting.partition(".") for setting in SETS.get(name, []) if value is not None):
            flags.setdefault(section, {})[key] = value
    return flags
