"""`gansuite image`: parse, call, print."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gansuite.core.errors import GansuiteError

if TYPE_CHECKING:
    from gansuite.core.config import Resolved
    from gansuite.core.engine import World
    from gansuite.core.observers.base import Observer
    from gansuite.image.config import ImageConfig

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Data = Annotated[str | None, typer.Option("--data", help="Folder, zip or file of works; left out: embedded portfolio.")]
Model = Annotated[
    str,
    typer.Option("--model", help="Model folder, run, bundled name, or owner/name on a hub (uses the network)."),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout; everything else goes to stderr.")]
Truncation = Annotated[float, typer.Option("--truncation", help="Below 1: more typical, less varied.")]
BUNDLED = "art"


@app.command()
def inspect(
    data: Annotated[Path, typer.Argument(help="Folder (read recursively), zip or file of works.")],
    background: Annotated[str, typer.Option("--background", help="What transparent works stand on.")] = "white",
    as_json: Json = False,
) -> None:
    """Say what is in a portfolio: what can be used, what cannot and why, and what resolution it supports."""
    from gansuite.image.inspect import inspect_portfolio

    report = inspect_portfolio(data, background)
    print(json.dumps(report.to_dict()) if as_json else report.to_text())


@app.command()
def train(
    data: Data = None,
    run: Annotated[Path | None, typer.Option("--run", help="The run's folder; default runs/image-NNN.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run named by --run.")] = False,
    model: Annotated[str | None, typer.Option("--model", help="dcgan (default) or dcgan-classic.")] = None,
    preset: Annotated[str, typer.Option("--preset", help="auto (fits the machine), smoke, half or full.")] = "auto",
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file; flags win over it.")] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="How long to train; 20 if nothing is said.")
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="How many steps to train.")] = None,
    resolution: Annotated[int | None, typer.Option("--resolution", help="Side of the pictures, 32 to 512.")] = None,
    fit: Annotated[str | None, typer.Option("--fit", help="crop, pad or stretch works to a square.")] = None,
    crops: Annotated[int | None, typer.Option("--crops", help="Cut large works into up to so many crops.")] = None,
    labels: Annotated[str | None, typer.Option("--labels", help="folders, none, or FILE.csv:COLUMN.")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="Works per step, over all processes.")] = None,
    accumulate: Annotated[int | None, typer.Option("--accumulate", help="Micro-batches per update.")] = None,
    objective: Annotated[
        str | None,
        typer.Option("--objective", help="minimax, non-saturating, least-squares, hinge, wasserstein or relativistic."),
    ] = None,
    r1: Annotated[float | None, typer.Option("--r1", help="Strength of the R1 penalty.")] = None,
    r2: Annotated[float | None, typer.Option("--r2", help="Strength of the R2 penalty.")] = None,
    gradient_penalty: Annotated[
        float | None, typer.Option("--gradient-penalty", help="Weight of the WGAN-GP penalty.")
    ] = None,
    critic_steps: Annotated[int | None, typer.Option("--critic-steps", help="Discriminator steps per step.")] = None,
    lr: Annotated[float | None, typer.Option("--lr", help="Learning rate of both players.")] = None,
    augment: Annotated[
        str | None, typer.Option("--augment", help="colour,translation,cutout, any of them, or none.")
    ] = None,
    width: Annotated[int | None, typer.Option("--width", help="Channels at the finest level.")] = None,
    precision: Annotated[str | None, typer.Option("--precision", help="auto, bf16 or fp32.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Every random number follows from it.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", help="CPU threads.")] = None,
    sheet_every: Annotated[
        int | None, typer.Option("--sheet-every", help="Steps between sheets of 48 samples.")
    ] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also write TensorBoard files.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the merged configuration and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Train on a portfolio. The same command runs under torchrun.

    Writes one run folder: sheets of 48 samples, checkpoints, metrics.jsonl, a timelapse, the best model to share and
    a report.html. Stop with Ctrl-C and go on with --resume. Without --data it trains on an embedded portfolio.
    """
    from gansuite.core.engine import find_device, join
    from gansuite.image.config import configure

    flags = _sections(
        data={"path": data, "resolution": resolution, "fit": fit, "crops": crops, "labels": labels},
        network={"width": width},
        game={
            "objective": objective,
            "r1": r1,
            "r2": r2,
            "gradient_penalty": gradient_penalty,
            "augment": augment,
        },
        recipe={
            "batch_size": batch_size,
            "accumulate": accumulate,
            "critic_steps": critic_steps,
            "generator_lr": lr,
            "discriminator_lr": lr,
            "precision": precision,
        },
        rhythm={"sheet": sheet_every},
        run={"seed": seed, "steps": steps, "minutes": minutes, "device": device, "threads": threads},
    )
    if resume:
        _require_unsaid(model=model, preset=None if preset == "auto" else preset, config=config)
        resolved, reason = _resumed(run, flags), f"going on with {run}"
    else:
        resolved, reason = configure(model, preset, config, flags, find_device(device or "auto").type)
    if dry_run:
        print(f"# {reason}\n{resolved.to_toml()}", end="")
        return
    with join(resolved.config.run.device, resolved.config.run.threads) as world:
        code = _train(resolved, run, world, resume, reason, tensorboard, as_json)
    raise typer.Exit(code)


@app.command()
def generate(
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder, or a .png for one picture or a sheet; default works.")
    ] = None,
    model: Model = BUNDLED,
    seed: Annotated[str, typer.Option("--seed", help="7, a list 1,5,9 or a range 3-8.")] = "0",
    count: Annotated[int | None, typer.Option("--count", help="How many, from the seed upwards.")] = None,
    truncation: Truncation = 1.0,
    sheet: Annotated[bool, typer.Option("--sheet", help="One sheet instead of single files.")] = False,
    like: Annotated[Path | None, typer.Option("--like", help="Make the pixels of this PNG again.")] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Draw pictures from a model; each PNG knows how it was made."""
    from gansuite.core.engine import find_device
    from gansuite.image.generate import like as make_again
    from gansuite.image.generate import load_sampler, parse_seeds, write_pictures

    if like is not None:
        beside = like.with_name(f"{like.stem}-again{like.suffix}")
        written = [make_again(like, out or beside, None if model == BUNDLED else model, device)]
    else:
        sampler = load_sampler(model, str(find_device(device)))
        written = write_pictures(sampler, parse_seeds(seed, count), truncation, out or Path("works"), sheet)
    _print_written(written, as_json)


@app.command()
def interpolate(
    out: Annotated[Path, typer.Option("--out", help="A .gif, .webp or (with the [video] extra) .mp4 file.")] = Path(
        "walk.webp"
    ),
    model: Model = BUNDLED,
    seed: Annotated[str, typer.Option("--seed", help="The seeds to pass through: 1,5,9 or 3-8.")] = "0-3",
    frames: Annotated[int, typer.Option("--frames", help="How many frames in all.")] = 96,
    fps: Annotated[int, typer.Option("--fps", help="Frames per second.")] = 24,
    loop: Annotated[bool, typer.Option("--loop/--no-loop", help="Come back to the first seed.")] = True,
    circle: Annotated[bool, typer.Option("--circle", help="Go round the circle through two seeds.")] = False,
    easing: Annotated[str, typer.Option("--easing", help="even, or smooth: slow down at every seed.")] = "even",
    truncation: Truncation = 1.0,
    scale: Annotated[int | None, typer.Option("--scale", help="Enlarge by a whole factor.")] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Walk through the latent space from seed to seed, as an animation."""
    from gansuite.core.engine import find_device
    from gansuite.image.generate import load_sampler, parse_seeds
    from gansuite.image.interpolate import Walk, write_walk

    on = find_device(device)
    walk = Walk(tuple(parse_seeds(seed)), frames, loop, circle, easing, truncation, fps, scale, on.type)
    _print_written([write_walk(load_sampler(model, str(on)), walk, out)], as_json)


@app.command()
def evaluate(
    data: Data = None,
    model: Model = BUNDLED,
    control: Annotated[str | None, typer.Option("--control", help="Another model, for a row beside it.")] = None,
    features: Annotated[
        list[str] | None,
        typer.Option("--features", help="Feature network: a .npz, an .onnx file or a transformers folder; repeatable."),
    ] = None,
    count: Annotated[int, typer.Option("--count", help="How many samples a row.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="The first seed of the samples.")] = 0,
    fit: Annotated[str, typer.Option("--fit", help="crop, pad or stretch works to a square.")] = "crop",
    labels: Annotated[str, typer.Option("--labels", help="As in the training, for the same split.")] = "folders",
    split_seed: Annotated[int, typer.Option("--split-seed", help="The data.seed of the training.")] = 0,
    nearest: Annotated[
        Path | None, typer.Option("--nearest", help="A PNG of the likeliest copies beside their works.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure a model's samples against held-out works, with controls beside it.

    A run is measured on its own works unless --data names others.

    Without --features the yardstick is a fixed random convolution pyramid: good for comparing rows, not for quoting.
    """
    from gansuite.core.engine import find_device
    from gansuite.image.config import works_of
    from gansuite.image.dataset import DataConfig, open_portfolio
    from gansuite.image.evaluate import evaluate_model, nearest_sheet, to_dict, to_text
    from gansuite.image.features import extractor
    from gansuite.image.generate import load_sampler
    from gansuite.image.sheets import save_image

    if nearest is not None and nearest.suffix.lower() != ".png":
        raise GansuiteError(f"{nearest} is not a PNG.", f"Use --nearest {nearest.with_suffix('.png')}.")
    on = str(find_device(device))
    sampler = load_sampler(model, on)
    other = load_sampler(control, on) if control else None
    own = works_of(model) if data is None else None
    config = own or DataConfig(path=data, resolution=sampler.resolution, fit=fit, labels=labels, seed=split_seed)
    networks = [extractor(None, on), *(extractor(spec, on) for spec in features or [])]
    portfolio = open_portfolio(config)
    rows = evaluate_model(
        sampler,
        portfolio,
        networks,
        count,
        seed,
        control=other,
        tell=lambda text: print(text, file=sys.stderr),
    )
    print(json.dumps(to_dict(rows)) if as_json else to_text(rows))
    if nearest is not None:
        save_image(nearest_sheet(sampler, portfolio, rows[0]), nearest)
        print(nearest, file=sys.stderr)


def _print_written(paths: list[Path], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"written": [str(path) for path in paths]}))
    else:
        print("\n".join(str(path) for path in paths))


def _sections(**sections: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Only what the person typed."""
    typed = {name: {k: v for k, v in values.items() if v is not None} for name, values in sections.items()}
    return {name: values for name, values in typed.items() if values}


def _resumed(run: Path | None, flags: dict[str, dict[str, Any]]) -> Resolved[ImageConfig]:
    """The run's own configuration; only how long, where and how it is shown may be changed."""
    from gansuite.core.config import Layer, from_saved, resolve
    from gansuite.core.run import Run
    from gansuite.image.config import ImageConfig

    if run is None:
        raise GansuiteError("--resume was given without a run.", "Name it: --resume --run runs/image-001")
    saved = Run(run).configuration()
    changeable = {
        "data": {"path"},  # where they lie: that they are the same works is checked
        "run": {"steps", "minutes", "device", "threads"},
        "recipe": {"accumulate"},
        "rhythm": {"sheet"},
    }
    for section, values in flags.items():
        for key in set(values) - changeable.get(section, set()):
            raise GansuiteError(
                f"{section}.{key} cannot be changed when a run goes on.",
                "Leave it out, or start another run with another --run name.",
            )
    before = from_saved(ImageConfig, saved)
    layers = [Layer("run", saved["config"])]
    if {"steps", "minutes"} & set(flags.get("run", {})):  # another end replaces both bounds of the old one
        layers.append(Layer("run", {"run": {"steps": None, "minutes": None}}))
    layers.append(Layer("flag", flags))
    resolved = resolve(ImageConfig, layers)
    return type(resolved)(resolved.config, {**before.origins, **dict.fromkeys(_keys(flags), "flag")})


def _require_unsaid(**options: object) -> None:
    for name, value in options.items():
        if value is not None:
            raise GansuiteError(
                f"--{name} cannot be given when a run goes on: it keeps the configuration it began with.",
                f"Leave --{name} out, or start another run with another --run name.",
            )


def _keys(flags: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [f"{section}.{key}" for section, values in flags.items() for key in values]


def _train(
    resolved: Resolved[ImageConfig],
    path: Path | None,
    world: World,
    resume: bool,
    reason: str,
    tensorboard: bool,
    as_json: bool,
) -> int:
    from gansuite.core.pages.report import write_report
    from gansuite.core.run import next_name
    from gansuite.image.training import ImageRun

    path = path or next_name("image")
    world.wait()  # all ranks have found the same name before one of them makes the folder
    observers = _observers(path, tensorboard) if world.leads else []
    command = shlex.join(["gansuite", *sys.argv[1:]])
    progress = _reading if world.leads and sys.stderr.isatty() else None
    image_run = ImageRun(resolved, path, world, observers, resume, command, progress)
    if world.leads and not resume:  # a resumed run tells it itself
        print("\n".join([reason, *image_run.portfolio.notes]), file=sys.stderr)
    try:
        code = image_run.train()
    finally:
        if world.leads and image_run.run.metrics.exists():
            write_report(path)
    if world.leads:
        _print_outcome(path, as_json)
    return code


def _reading(done: int, total: int) -> None:
    print(f"\rreading works: {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _observers(path: Path, tensorboard: bool) -> list[Observer]:
    from gansuite.core.observers.jsonl import MetricsFile
    from gansuite.core.observers.progress import ProgressBar
    from gansuite.core.observers.tensorboard import TensorBoard

    observers: list[Observer] = [MetricsFile(path / "metrics.jsonl"), ProgressBar()]
    return [*observers, TensorBoard(path / "tensorboard")] if tensorboard else observers


def _print_outcome(path: Path, as_json: bool) -> None:
    from gansuite.core.health import diagnose
    from gansuite.core.observers.jsonl import read_metrics

    records = read_metrics(path / "metrics.jsonl")
    verdict = diagnose(records)
    if as_json:
        measures = [r for r in records if r.get("kind") == "measure"]
        health = {"state": verdict.state, "reason": verdict.reason, "remedy": verdict.remedy}
        print(json.dumps({"run": str(path), "health": health, "last_measure": measures[-1] if measures else None}))
        return
    print(f"{verdict.state}: {verdict.reason} {verdict.remedy}")
    for name in ("report.html", "samples", "timelapse.webp", "model"):
        if (path / name).exists():
            print(path / name)
    print(f"Draw from it: gansuite image generate --model {path} --count 8 --out works", file=sys.stderr)
