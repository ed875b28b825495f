"""What can be typed after `gansuite music`: each option once, and which setting it sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from typer import Argument, Option

from gansuite.core.errors import GansuiteError

Flags: TypeAlias = dict[str, dict[str, Any]]

# ------------------------------------------------------------------ of several commands

Data = Annotated[
    list[str] | None,
    Option(
        "--data", help="Folder, zip or file of MIDI, LPD .npz or phrase packs; repeatable; left out: embedded band."
    ),
]
HeldOut = Annotated[
    list[str] | None,
    Option(
        "--held-out",
        help="Share of the phrases kept from training, or music to measure against; repeatable.",
        show_default="0.1",
    ),
]
Model = Annotated[
    str, Option("--model", help="Model folder, run, bundled name, or owner/name on a hub (uses the network).")
]
Device = Annotated[str, Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
Json = Annotated[bool, Option("--json", help="One JSON object on stdout; everything else goes to stderr.")]
Meter = Annotated[str | None, Option("--meter", help="Time signature: 4/4, 3/4, 6/8 or 2/4.", show_default="4/4")]
StepsPerBeat = Annotated[
    int | None, Option("--steps-per-beat", help="Steps in a quarter note: 4, 6, 12 or 24.", show_default="4")
]
PhraseBars = Annotated[int | None, Option("--bars", help="Bars in a phrase.", show_default="4")]
Hop = Annotated[int | None, Option("--hop", help="Bars from one phrase to the next.", show_default="as --bars")]
MinFamilies = Annotated[
    int | None, Option("--min-families", help="So many of the five families must play.", show_default="4")
]
Others = Annotated[
    bool | None,
    Option(
        "--others-to-strings/--families-only", help="Winds, brass and synths join the strings.", show_default="join"
    ),
]
SplitSeed = Annotated[int | None, Option("--split-seed", help="Chooses the pieces held out.", show_default="0")]

# ------------------------------------------------------------------ train

Run = Annotated[Path | None, Option("--run", help="The run's folder; default runs/music-NNN.")]
Resume = Annotated[bool, Option("--resume", help="Go on with the run named by --run.")]
Architecture = Annotated[str | None, Option("--model", help="musegan (default), musegan-classic or musegan-threshold.")]
Preset = Annotated[str, Option("--preset", help="auto (fits the machine), smoke, small or base.")]
Config = Annotated[Path | None, Option("--config", help="A TOML file; flags win over it.")]
Minutes = Annotated[float | None, Option("--minutes", help="How long to train; 20 if nothing is said.")]
Steps = Annotated[int | None, Option("--steps", help="How many steps to train.")]
Mode = Annotated[str | None, Option("--mode", help="hybrid, composer or jamming.")]
Neurons = Annotated[str | None, Option("--neurons", help="deterministic, stochastic or threshold.")]
Refiner = Annotated[int | None, Option("--refiner", help="Residual units that rework the finished roll.")]
Width = Annotated[int | None, Option("--width", help="Numbers in the token of a bar.")]
BatchSize = Annotated[int | None, Option("--batch-size", help="Phrases per step, over all processes.")]
Accumulate = Annotated[int | None, Option("--accumulate", help="Micro-batches per update.")]
Objective = Annotated[
    str | None,
    Option("--objective", help="minimax, non-saturating, least-squares, hinge, wasserstein or relativistic."),
]
R1 = Annotated[float | None, Option("--r1", help="Strength of the R1 penalty.")]
R2 = Annotated[float | None, Option("--r2", help="Strength of the R2 penalty.")]
GradientPenalty = Annotated[float | None, Option("--gradient-penalty", help="Weight of the WGAN-GP penalty.")]
CriticSteps = Annotated[int | None, Option("--critic-steps", help="Critic steps per step.")]
LearningRate = Annotated[float | None, Option("--lr", help="Learning rate of both players.")]
Free = Annotated[float | None, Option("--free", help="Share of the phrases of which nothing is given.")]
Transpose = Annotated[
    int | None, Option("--transpose", help="Move real and played phrases by up to so many semitones.")
]
Precision = Annotated[str | None, Option("--precision", help="auto, bf16 or fp32.")]
Seed = Annotated[int | None, Option("--seed", help="Every random number follows from it.")]
TrainDevice = Annotated[str | None, Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
Threads = Annotated[int | None, Option("--threads", help="CPU threads.")]
SheetEvery = Annotated[int | None, Option("--sheet-every", help="Steps between sheets of 48 samples.")]
TensorBoard = Annotated[bool, Option("--tensorboard", help="Also write TensorBoard files.")]
DryRun = Annotated[bool, Option("--dry-run", help="Print the merged configuration and stop.")]

# ------------------------------------------------------------------ generate, accompany and interpolate

Out = Annotated[Path | None, Option("--out", help="Folder, or a .mid for one piece; default pieces.")]
Tracks = Annotated[str, Option("--tracks", help="drums,piano,guitar,bass,strings: any of them, how many, or all.")]
Bars = Annotated[int | None, Option("--bars", help="How long a piece is.", show_default="16")]
Form = Annotated[
    str | None, Option("--form", help="A letter for each phrase, such as AABA.", show_default="one for the bars")
]
Tempo = Annotated[float, Option("--tempo", help="Quarter notes a minute.")]
Key = Annotated[str | None, Option("--key", help="D, Am, 'F# minor', ...", show_default="any, by the seed")]
Density = Annotated[float, Option("--density", help="Above 1: more notes; below: fewer.")]
Seeds = Annotated[str, Option("--seed", help="7, a list 1,5,9 or a range 3-8.")]
Count = Annotated[int | None, Option("--count", help="How many, from the seed upwards.")]
Wav = Annotated[bool, Option("--wav", help="Also write sound.")]
Png = Annotated[bool, Option("--png", help="Also write a picture of the piano roll.")]
Npz = Annotated[bool, Option("--npz", help="Also write a piano roll of pypianoroll.")]
Engine = Annotated[str, Option("--engine", help="What makes sound: auto, fluidsynth or own.")]
Like = Annotated[Path | None, Option("--like", help="Make this MIDI file again.")]
Mine = Annotated[Path, Argument(help="The MIDI file to play to.")]
Given = Annotated[str, Option("--given", help="What of the file is kept: names of tracks, or all that is there.")]
Wanted = Annotated[
    str | None, Option("--tracks", help="What is written: names of tracks.", show_default="all that is not given")
]
SomeBars = Annotated[
    str | None, Option("--bars", help="Which bars are written, such as 5-8; the first is 1.", show_default="all")
]
Around = Annotated[Path | None, Option("--out", help="The .mid to write, or a folder.", show_default="beside the file")]
OneSeed = Annotated[int, Option("--seed", help="What is played follows from it.")]
GivenKey = Annotated[str | None, Option("--key", help="The key of what is given.", show_default="estimated")]
Walk = Annotated[Path, Option("--out", help="A .mid file, or a folder.")]
Ends = Annotated[str, Option("--seed", help="From which seed to which: 3,8; with files, one seed.")]
First = Annotated[Path | None, Option("--from", help="A MIDI file to begin with.")]
Second = Annotated[Path | None, Option("--to", help="A MIDI file to end with.")]
Phrases = Annotated[int, Option("--steps", help="How many phrases in all.")]
WalkTempo = Annotated[
    float | None,
    Option("--tempo", help="Quarter notes a minute.", show_default="110, or that of the first file"),
]
WalkKey = Annotated[
    str | None, Option("--key", help="D, Am, 'F# minor', ...", show_default="by the seed, or that of the first file")
]

# ------------------------------------------------------------------ evaluate, render and inspect

Controls = Annotated[
    list[str] | None,
    Option(
        "--control",
        help="Another model, for a row beside it; repeatable; as --model, a hub's owner/name uses the network.",
    ),
]
Samples = Annotated[int, Option("--count", help="How many phrases of each model.")]
FirstSeed = Annotated[int, Option("--seed", help="The first seed of the phrases.")]
Midi = Annotated[Path, Argument(help="A MIDI file.")]
WavOut = Annotated[Path | None, Option("--out", help="The .wav, or a folder.", show_default="beside the file")]
Seconds = Annotated[float | None, Option("--seconds", help="Only the beginning.")]
Source = Annotated[Path, Argument(help="Folder (read recursively), zip or file of music.")]

SETS = {  # parameter of a command: the settings, by section and key
    "data": ["data.paths"],
    "bars": ["data.bars"],
    "steps_per_beat": ["data.steps_per_beat"],
    "meter": ["data.meter"],
    "hop": ["data.hop"],
    "min_families": ["data.min_families"],
    "others": ["data.others_to_strings"],
    "split_seed": ["data.seed"],
    "mode": ["network.mode"],
    "neurons": ["network.neurons"],
    "refiner": ["network.refiner"],
    "width": ["network.width"],
    "objective": ["game.objective"],
    "r1": ["game.r1"],
    "r2": ["game.r2"],
    "gradient_penalty": ["game.gradient_penalty"],
    "free": ["game.free"],
    "transpose": ["game.transpose"],
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
    """What the person typed, by section and key, of all parameters of a command by name; None and () were not typed.

    Raises:
        GansuiteError: `--meter` or `--held-out` cannot be understood.
    """
    typed = {name: value for name, value in parameters.items() if value not in (None, ())}
    if "data" in typed:
        typed["data"] = tuple(typed["data"])
    if "meter" in typed:
        typed["meter"] = parse_meter(typed["meter"])
    flags: Flags = {}
    for name, value in typed.items():
        for section, _, key in (setting.partition(".") for setting in SETS.get(name, [])):
            flags.setdefault(section, {})[key] = value
    if "held_out" in typed:
        flags.setdefault("data", {}).update(parse_held_out(typed["held_out"]))
    return flags


def parse_meter(text: str) -> tuple[int, int]:
    """`3/4` as (3, 4); raises `GansuiteError` for anything else."""
    number, _, unit = text.partition("/")
    if not (number.strip().isdecimal() and unit.strip().isdecimal()):
        raise GansuiteError(f"'{text}' is not a time signature.", "Use one such as 4/4, 3/4 or 6/8.")
    return int(number), int(unit)


def parse_held_out(words: list[str]) -> dict[str, Any]:
    """What `--held-out` sets: a share, or the paths of music to measure against; raises `GansuiteError` for both."""
    shares = [share for word in words if (share := _number(word)) is not None]
    if shares and len(words) > 1:
        raise GansuiteError(
            "--held-out names a share and something beside it.", "Give one share such as 0.1, or only paths."
        )
    return {"held_out": shares[0]} if shares else {"held_out_paths": tuple(words)}


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
