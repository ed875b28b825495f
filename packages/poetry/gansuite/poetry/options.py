"""What can be typed after `gansuite poem`: each option once, and which setting it sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from gansuite.core import commands
from gansuite.core.errors import GansuiteError

# ------------------------------------------------------------------ of several commands

Model = Annotated[
    str, Option("--model", help="Model folder, run, bundled name, or owner/name on a hub (uses the network).")
]
Json = Annotated[bool, Option("--json", help="One JSON object on stdout; everything else goes to stderr.")]
Images = Annotated[
    list[str] | None, Option("--images", help="Folder or zip of pictures in folders named after what they show.")
]
Corpus = Annotated[
    list[str] | None,
    Option("--corpus", help="Poems: .txt, .csv, .json, .jsonl, or a folder or zip of them; repeatable."),
]
HeldOut = Annotated[
    list[str] | None,
    Option(
        "--held-out",
        help="Share of the poems kept from training, or poems to measure against; repeatable.",
        show_default="0.1",
    ),
]
Prose = Annotated[list[str] | None, Option("--prose", help="Real prose, for the critic of style; repeatable.")]
Pairs = Annotated[
    str | None,
    Option("--pairs", help="weak (by a picture's label), none, or a table of picture and poem.", show_default="weak"),
]

# ------------------------------------------------------------------ a poem

Image = Annotated[Path | None, Option("--image", help="A picture, or a folder of them; left out: a poem from words.")]
Lines = Annotated[int | None, Option("--lines", help="How many lines.")]
Rhyme = Annotated[str, Option("--rhyme", help="A letter a line, as ABAB, AABB or ABBA; none: no rhyme is asked.")]
Form = Annotated[str, Option("--form", help="haiku, tanka, couplet, tercet, quatrain, ballad, limerick or sonnet.")]
Syllables = Annotated[str, Option("--syllables", help="Of each line, as 5-7-5.")]
Meter = Annotated[
    str, Option("--meter", help="iambic, trochaic, anapestic, dactylic or amphibrachic; 'iambic 5' for five feet.")
]
Words = Annotated[str, Option("--words", help="Must stand in the poem, as sea,light.")]
Mood = Annotated[
    str,
    Option("--mood", help="joyful, calm, tender, melancholy, dark or wild.", show_default="that of the picture"),
]
Era = Annotated[str, Option("--era", help="early, romantic, victorian, edwardian or modern; the first two write old.")]
Title = Annotated[bool, Option("--title", help="A title above the poem.")]
Count = Annotated[int, Option("--count", help="How many poems, all different.")]
Seed = Annotated[int, Option("--seed", help="The same seed, the same poem.")]
Temperature = Annotated[float, Option("--temperature", help="Below 1 the likely becomes likelier; 0.05 to 3.")]
Relevance = Annotated[float, Option("--relevance", help="How much the picture counts: 0 to 6, 1 is as it was learnt.")]
BestOf = Annotated[int, Option("--best-of", help="Poems written for each that is kept; the two critics choose.")]
Scores = Annotated[bool, Option("--scores", help="What the critics say, on stderr.")]
Prompt = Annotated[str, Option("--prompt", help="How the poem begins.")]
Out = Annotated[Path | None, Option("--out", help="Write .md, .jsonl or .txt instead of printing.")]
CardOut = Annotated[Path | None, Option("--card", help="A PNG: the picture and its poem set as a card.")]

# ------------------------------------------------------------------ score

Text = Annotated[Path, Argument(help="A poem in a .txt file; - reads standard input.")]
Beside = Annotated[Path | None, Option("--image", help="The picture that it may go with.")]

# ------------------------------------------------------------------ train

Run = Annotated[Path | None, Option("--run", help="The run's folder; default runs/poem-NNN.")]
Resume = Annotated[bool, Option("--resume", help="Go on with the run named by --run.")]
Stage = Annotated[str, Option("--stage", help="all, encoder, embedding, likelihood, critics or adversarial.")]
Start = Annotated[
    list[str] | None,
    Option(
        "--start",
        help="Train this model further: folder, run, bundled name or hub id (uses the network); or parts of it: "
        "NAME:encoder,embedding. Repeatable: the later one's parts are taken.",
    ),
]
Vision = Annotated[
    str | None, Option("--vision", help="A CLIP instead of our own encoder: a folder, or a hub id (uses the network).")
]
Language = Annotated[
    str | None, Option("--language", help="A GPT-2 to begin from: a folder, or a hub id (uses the network).")
]
Preset = Annotated[str, Option("--preset", help="auto (fits the machine), smoke, small or base.")]
Config = Annotated[Path | None, Option("--config", help="A TOML file; flags win over it.")]
Minutes = Annotated[float | None, Option("--minutes", help="How long to train; 20 if nothing is said.")]
Steps = Annotated[int | None, Option("--steps", help="How many steps to train each stage.")]
BatchSize = Annotated[int | None, Option("--batch-size", help="Poems per step, over all processes.")]
Accumulate = Annotated[int | None, Option("--accumulate", help="Micro-batches per update.")]
LearningRate = Annotated[float | None, Option("--lr", help="Learning rate of all players.")]
Paired = Annotated[
    float | None,
    Option("--paired", help="About the share of the poems that goes with a picture, if more than do anyway; 1 is all."),
]
Reward = Annotated[str | None, Option("--reward", help="Critics that reward the poet: both, relevance, style or none.")]
Mix = Annotated[float | None, Option("--mix", help="Share of relevance in the reward, 0 to 1.")]
Divergence = Annotated[float | None, Option("--kl", help="How dear it is to leave the likelihood model.")]
Precision = Annotated[str | None, Option("--precision", help="auto, bf16 or fp32.")]
TrainSeed = Annotated[int | None, Option("--seed", help="Every random number of the run follows from it.")]
SplitSeed = Annotated[int | None, Option("--split-seed", help="Chooses what is held out.", show_default="0")]
Device = Annotated[str | None, Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
Threads = Annotated[int | None, Option("--threads", help="CPU threads; 0 leaves PyTorch's choice.")]
SheetEvery = Annotated[int | None, Option("--sheet-every", help="Steps between sheets of poems; 0 is never.")]
TensorBoard = Annotated[bool, Option("--tensorboard", help="Log to TensorBoard too.")]
DryRun = Annotated[bool, Option("--dry-run", help="Print the whole configuration and stop.")]

# ------------------------------------------------------------------ evaluate

Samples = Annotated[int, Option("--count", help="Held-out pictures to write for.")]
Judge = Annotated[Path | None, Option("--judge", help="Where the judge is kept; trained there if it is not yet.")]
Others = Annotated[list[str] | None, Option("--control", help="Another model to measure beside it; repeatable.")]

SETS: dict[str, list[str]] = {
    "images": ["network.images"],
    "start": ["network.start"],
    "vision": ["network.vision"],
    "language": ["network.language"],
    "corpus": ["data.corpus"],
    "prose": ["data.prose"],
    "pairs": ["data.pairs"],
    "split_seed": ["data.seed"],
    "batch_size": ["recipe.batch_size"],
    "accumulate": ["recipe.accumulate"],
    "lr": ["recipe.generator_lr", "recipe.discriminator_lr"],
    "precision": ["recipe.precision"],
    "paired": ["likelihood.paired"],
    "reward": ["game.objective"],
    "mix": ["game.mix"],
    "kl": ["game.kl"],
    "sheet_every": ["rhythm.sheet"],
    "seed": ["run.seed"],
    "steps": ["run.steps"],
    "minutes": ["run.minutes"],
    "device": ["run.device"],
    "threads": ["run.threads"],
}


def settings(parameters: Mapping[str, Any]) -> commands.Flags:
    """What the person typed, by section and key, of all parameters of a command by name.

    Raises:
        GansuiteError: `--held-out` cannot be understood.
    """
    flags = commands.settings(parameters, SETS)
    if parameters.get("held_out"):
        flags.setdefault("data", {}).update(parse_held_out(parameters["held_out"]))
    return flags


def parse_held_out(words: list[str]) -> dict[str, Any]:
    """What `--held-out` sets: a share, or the paths of poems to measure against; raises `GansuiteError` for both."""
    shares = [word for word in words if word.replace(".", "", 1).isdecimal()]
    if shares and len(words) > 1:
        raise GansuiteError(
            "--held-out names a share and something beside it.", "Give one share such as 0.1, or only paths."
        )
    return {"held_out": float(shares[0])} if shares else {"held_out_corpus": tuple(words)}


def parse_words(text: str) -> tuple[str, ...]:
    """`sea, light` as its words."""
    return tuple(word.strip() for word in text.split(",") if word.strip())
