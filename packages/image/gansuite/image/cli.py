"""`gansuite image`: parse, call, print."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gansuite.core import commands
from gansuite.core.errors import GansuiteError
from gansuite.image import BUNDLED, LAYERED, options

if TYPE_CHECKING:
    from gansuite.core.config import Resolved
    from gansuite.core.engine import World
    from gansuite.image.config import ImageConfig
    from gansuite.image.mixing import Change

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

WORKS = {"data": {"path"}}  # where they lie may be said anew


@app.command()
def inspect(data: options.Portfolio, background: options.Ground = "white", as_json: options.Json = False) -> None:
    """Say what is in a portfolio: what can be used, what cannot and why, and what resolution it supports."""
    from gansuite.image.inspect import inspect_portfolio

    report = inspect_portfolio(data, background)
    print(json.dumps(report.to_dict()) if as_json else report.to_text())


@app.command()
def train(
    context: typer.Context,
    data: options.Data = None,
    run: options.Run = None,
    resume: options.Resume = False,
    model: options.Architecture = None,
    preset: options.Preset = "auto",
    config: options.Config = None,
    minutes: options.Minutes = None,
    steps: options.Steps = None,
    resolution: options.Resolution = None,
    fit: options.Fit = None,
    crops: options.Crops = None,
    labels: options.Labels = None,
    conditional: options.Conditional = None,
    batch_size: options.BatchSize = None,
    accumulate: options.Accumulate = None,
    objective: options.Objective = None,
    r1: options.R1 = None,
    r2: options.R2 = None,
    gradient_penalty: options.GradientPenalty = None,
    critic_steps: options.CriticSteps = None,
    lr: options.LearningRate = None,
    augment: options.Augment = None,
    width: options.Width = None,
    precision: options.Precision = None,
    seed: options.Seed = None,
    device: options.TrainDevice = None,
    threads: options.Threads = None,
    sheet_every: options.SheetEvery = None,
    tensorboard: options.TensorBoard = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Train on a portfolio. The same command runs under torchrun.

    Writes one run folder: sheets of 48 samples, checkpoints, metrics.jsonl, a timelapse, the best model to share and
    a report.html. Stop with Ctrl-C and go on with --resume. Without --data it trains on an embedded portfolio.
    """
    from gansuite.core.engine import find_device, join
    from gansuite.image.config import ImageConfig, configure

    flags = options.settings(context.params)
    if resume:
        commands.require_unsaid(model=model, preset=None if preset == "auto" else preset, config=config)
        resolved, reason = commands.resumed(ImageConfig, "image", run, flags, WORKS), f"going on with {run}"
    else:
        resolved, reason = configure(model, preset, config, flags, find_device().type, commands.processes())
    find_device(resolved.config.run.device)  # if it is not there, that is said before anything is read or written
    if dry_run:
        print(f"# {reason}\n{resolved.to_toml()}", end="")
        return
    with join(resolved.config.run.device, resolved.config.run.threads) as world:
        code = _train(resolved, run, world, resume, reason, tensorboard, as_json)
    raise typer.Exit(code)


@app.command()
def generate(
    out: options.Out = None,
    model: options.Painter = None,
    seed: options.Seeds = "0",
    count: options.Count = None,
    truncation: options.Truncation = 1.0,
    label: options.Label = None,
    sheet: options.Sheet = False,
    mix: options.Mix = None,
    layers: options.Layers = None,
    move: options.Moves = None,
    like: options.Like = None,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Draw pictures from a model; each PNG knows how it was made."""
    from gansuite.core.engine import find_device
    from gansuite.core.seeds import parse_seeds
    from gansuite.image.generate import like as make_again
    from gansuite.image.generate import write_changed, write_pictures
    from gansuite.image.sampler import load_sampler

    if like is not None:
        beside = like.with_name(f"{like.stem}-again{like.suffix}")
        written = [make_again(like, out or beside, model, device)]
    else:
        change = _change(mix, layers, move or [], sheet)
        named = model or (LAYERED if change else BUNDLED)
        sampler, folder = load_sampler(named, str(find_device(device))), out or Path("works")
        seeds = parse_seeds(seed, count) if mix is None else [mix[0]]
        if change is None:
            written = write_pictures(sampler, seeds, truncation, folder, sheet, label=label)
        else:
            written = write_changed(sampler, seeds, truncation, folder, change, label)
    commands.print_written(written, as_json)


@app.command()
def interpolate(
    out: options.Film = Path("walk.webp"),
    model: options.Model = BUNDLED,
    seed: options.Stations = None,
    first: options.First = None,
    last: options.Last = None,
    frames: options.Frames = 96,
    fps: options.Rate = 24,
    loop: options.Loop = True,
    circle: options.Circle = False,
    easing: options.Easing = "even",
    truncation: options.Truncation = 1.0,
    label: options.Label = None,
    scale: options.Scale = None,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Walk through the latent space from seed to seed, as an animation; a picture of your own may be an end."""
    from gansuite.core.engine import find_device
    from gansuite.core.seeds import parse_seeds
    from gansuite.image.interpolate import Walk, code_to_text, write_walk
    from gansuite.image.project import load_code
    from gansuite.image.sampler import load_sampler

    on = find_device(device)
    sampler = load_sampler(model, str(on))
    ends = [None if end is None else code_to_text(load_code(end, sampler)) for end in (first, last)]
    seeds = parse_seeds(seed or "0-3") if seed or not any(ends) else []
    walk = Walk(tuple(seeds), frames, loop, circle, easing, truncation, fps, scale, on.type, label, *ends)
    commands.print_written([write_walk(sampler, walk, out)], as_json)


@app.command()
def directions(
    out: options.StripFile = Path("strip.png"),
    model: options.Model = LAYERED,
    seed: options.OneSeed = 0,
    count: options.Directions = 8,
    layers: options.Layers = None,
    truncation: options.Truncation = 1.0,
    label: options.Label = None,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Show what the directions of a style model do, one a row; go along them with: generate --move 3=+2.0."""
    from gansuite.core.engine import find_device
    from gansuite.image.directions import Strip
    from gansuite.image.generate import write_strip
    from gansuite.image.sampler import load_sampler

    on = find_device(device)
    strip = Strip(count, layers or "all", truncation, on.type, label)
    commands.print_written([write_strip(load_sampler(model, str(on)), seed, strip, out)], as_json)


@app.command()
def project(
    picture: options.Picture,
    out: options.CodeFile = Path("projection.safetensors"),
    model: options.Model = BUNDLED,
    steps: options.SearchSteps = 300,
    seed: options.SearchSeed = 0,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Find the code whose picture comes nearest to one of your own; interpolate takes it with --from and --to."""
    from gansuite.core.engine import find_device
    from gansuite.image.project import Search, write_projection
    from gansuite.image.sampler import load_sampler

    sampler = load_sampler(model, str(find_device(device)))
    search = Search(steps=steps, seed=seed)
    commands.print_written(write_projection(sampler, picture, out, search, _searching), as_json)


@app.command()
def evaluate(
    context: typer.Context,
    data: options.Data = None,
    model: options.Model = BUNDLED,
    control: options.Control = None,
    features: options.Features = None,
    count: options.Samples = 1000,
    seed: options.FirstSeed = 0,
    fit: options.Fit = None,
    crops: options.Crops = None,
    background: options.Background = None,
    labels: options.SplitLabels = None,
    held_out: options.HeldOut = None,
    keep_duplicates: options.KeepDuplicates = None,
    split_seed: options.SplitSeed = None,
    nearest: options.Nearest = None,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Measure a model's samples against held-out works, with controls beside it.

    A run is measured on its own works, cut and split as they were for its training; what is said of them here wins.
    Any other model needs --data and the options of its training: figures mean something only for the same held-out
    works.

    Without --features the yardstick is a fixed random convolution pyramid: good for comparing rows, not for quoting.
    """
    from gansuite.core.engine import find_device
    from gansuite.image.config import data_for
    from gansuite.image.dataset import open_portfolio
    from gansuite.image.evaluate import evaluate_model, nearest_sheet, to_dict, to_text
    from gansuite.image.features import extractor
    from gansuite.image.sampler import load_sampler
    from gansuite.image.sheets import save_image

    if nearest is not None and nearest.suffix.lower() != ".png":
        raise GansuiteError(f"{nearest} is not a PNG.", f"Use --nearest {nearest.with_suffix('.png')}.")
    on = str(find_device(device))
    sampler = load_sampler(model, on)
    other = load_sampler(control, on) if control else None
    networks = [extractor(None, on), *(extractor(spec, on) for spec in features or [])]
    said = options.settings(context.params).get("data", {})
    portfolio = open_portfolio(data_for(model, sampler.resolution, said))
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
    observers = commands.observers(path, tensorboard) if world.leads else []
    command = shlex.join(["gansuite", *sys.argv[1:]])
    progress = _reading if world.leads and sys.stderr.isatty() else None
    image_run = ImageRun(resolved, path, world, observers, resume, command, progress=progress)
    if world.leads and not resume:  # a resumed run tells it itself
        print("\n".join([reason, *image_run.portfolio.notes]), file=sys.stderr)
    try:
        code = image_run.train()
    finally:
        if world.leads and image_run.run.metrics.exists():
            write_report(path)
    if world.leads:
        commands.print_outcome(
            path, as_json, f"Draw from it: gansuite image generate --model {path} --count 8 --out works"
        )
    return code


def _change(mix: tuple[int, int] | None, layers: str | None, moves: list[str], sheet: bool) -> Change | None:
    """What was said about how pictures differ from those of their seeds; None: nothing."""
    from gansuite.image.directions import parse_move
    from gansuite.image.mixing import Change

    if mix is None and not moves:
        if layers is not None:
            raise GansuiteError("--layers was given without --mix or --move.", "Leave it out, or add --mix A B.")
        return None
    if sheet:
        raise GansuiteError("--sheet shows works as they are, not mixed or moved.", "Leave --sheet out.")
    return Change(None if mix is None else mix[1], layers or "all", tuple(parse_move(move) for move in moves))


def _searching(step: int, distance: float) -> None:
    print(f"step {step}: {distance:.3f} away", file=sys.stderr)


def _reading(done: int, total: int) -> None:
    print(f"\rreading works: {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)
