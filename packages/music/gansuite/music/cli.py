"""`gansuite music`: parse, call, print."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gansuite.core import commands
from gansuite.core.errors import GansuiteError
from gansuite.music import BUNDLED, options

if TYPE_CHECKING:
    from gansuite.core.config import Resolved
    from gansuite.core.engine import World
    from gansuite.music.config import MusicConfig

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

WORKS = {"data": {"paths", "held_out_paths"}}  # where they lie may be said anew


@app.command()
def inspect(
    context: typer.Context,
    data: options.Source,
    bars: options.PhraseBars = None,
    steps_per_beat: options.StepsPerBeat = None,
    meter: options.Meter = None,
    hop: options.Hop = None,
    min_families: options.MinFamilies = None,
    others: options.Others = None,
    as_json: options.Json = False,
) -> None:
    """Say what is in a source of music: what can be used, what cannot and why, and what training would make of it."""
    from gansuite.music.dataset import MusicDataConfig
    from gansuite.music.inspect import inspect_music

    said = options.settings({name: value for name, value in context.params.items() if name != "data"})
    report = inspect_music(data, replace(MusicDataConfig(), **said.get("data", {})))
    print(json.dumps(report.to_dict()) if as_json else report.to_text())


@app.command()
def train(
    context: typer.Context,
    data: options.Data = None,
    held_out: options.HeldOut = None,
    run: options.Run = None,
    resume: options.Resume = False,
    model: options.Architecture = None,
    preset: options.Preset = "auto",
    config: options.Config = None,
    minutes: options.Minutes = None,
    steps: options.Steps = None,
    bars: options.PhraseBars = None,
    steps_per_beat: options.StepsPerBeat = None,
    meter: options.Meter = None,
    hop: options.Hop = None,
    min_families: options.MinFamilies = None,
    others: options.Others = None,
    split_seed: options.SplitSeed = None,
    mode: options.Mode = None,
    neurons: options.Neurons = None,
    refiner: options.Refiner = None,
    width: options.Width = None,
    batch_size: options.BatchSize = None,
    accumulate: options.Accumulate = None,
    objective: options.Objective = None,
    r1: options.R1 = None,
    r2: options.R2 = None,
    gradient_penalty: options.GradientPenalty = None,
    critic_steps: options.CriticSteps = None,
    lr: options.LearningRate = None,
    free: options.Free = None,
    transpose: options.Transpose = None,
    precision: options.Precision = None,
    seed: options.Seed = None,
    device: options.TrainDevice = None,
    threads: options.Threads = None,
    sheet_every: options.SheetEvery = None,
    tensorboard: options.TensorBoard = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Train on MIDI files. The same command runs under torchrun.

    Writes one run folder: sheets of 48 phrases, checkpoints, metrics.jsonl, the best model to share and a report.html.
    Stop with Ctrl-C and go on with --resume. Without --data it trains on an embedded band.
    """
    from gansuite.core.engine import find_device, join
    from gansuite.music.config import MusicConfig, configure

    flags = options.settings(context.params)
    if resume:
        commands.require_unsaid(model=model, preset=None if preset == "auto" else preset, config=config)
        resolved, reason = commands.resumed(MusicConfig, "music", run, flags, WORKS), f"going on with {run}"
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
    model: options.Model = BUNDLED,
    tracks: options.Tracks = "all",
    bars: options.Bars = None,
    form: options.Form = None,
    tempo: options.Tempo = 110.0,
    key: options.Key = None,
    density: options.Density = 1.0,
    seed: options.Seeds = "0",
    count: options.Count = None,
    wav: options.Wav = False,
    png: options.Png = False,
    npz: options.Npz = False,
    engine: options.Engine = "auto",
    like: options.Like = None,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Play pieces from a model; each MIDI file knows how it was made.

    All tracks are played and those not named are muted: the same seed is the same music, whichever are heard.
    """
    from gansuite.core.engine import find_device
    from gansuite.core.seeds import parse_seeds
    from gansuite.music.deliver import Beside
    from gansuite.music.form import plan
    from gansuite.music.generate import Piece, load_sampler, write_pieces
    from gansuite.music.generate import like as make_again
    from gansuite.music.perform import parse_tracks

    beside = Beside(wav, png, npz, engine)
    if like is not None:
        again = like.with_name(f"{like.stem}-again.mid")
        written = make_again(like, out or again, None if model == BUNDLED else model, device, beside)
    else:
        names, seeds, on = parse_tracks(tracks), parse_seeds(seed, count), find_device(device)
        sampler = load_sampler(model, str(on))
        letters, length = plan(form, bars, sampler.grid.bars)
        piece = Piece(letters, length, names, tempo, key, density, on.type)
        written = write_pieces(sampler, seeds, piece, out or Path("pieces"), beside)
    commands.print_written(written, as_json)


@app.command()
def accompany(
    mine: options.Mine,
    given: options.Given = "all",
    tracks: options.Wanted = None,
    bars: options.SomeBars = None,
    out: options.Around = None,
    model: options.Model = BUNDLED,
    key: options.GivenKey = None,
    density: options.Density = 1.0,
    seed: options.OneSeed = 0,
    wav: options.Wav = False,
    png: options.Png = False,
    npz: options.Npz = False,
    engine: options.Engine = "auto",
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Write other tracks around your own MIDI file, whose given notes, tempo and instruments stay just as they are.

    With --bars only some bars are written, and all else stays; bars behind the end go on with the piece.
    """
    from gansuite.core.engine import find_device
    from gansuite.music.accompany import Accompaniment, choose, opened, write_around
    from gansuite.music.bars import parse_bars
    from gansuite.music.deliver import Beside, deliver, place
    from gansuite.music.sampler import load_sampler

    some = None if bars is None else parse_bars(bars)
    midi = opened(mine)
    kept, written = choose(midi, given, tracks, some)
    path = place(out or mine.parent, f"{mine.stem}-accompanied.mid")
    if path.resolve() == mine.resolve():
        raise GansuiteError(f"{mine} would be written over itself.", "Name another place with --out.")
    on = find_device(device)
    settings = Accompaniment(kept, written, None, key, density, on.type, some)
    work, notes = write_around(load_sampler(model, str(on)), midi, seed, settings)
    files = deliver(work, path, Beside(wav, png, npz, engine))
    if notes:
        print("\n".join(notes), file=sys.stderr)
    commands.print_written(files, as_json)


@app.command()
def interpolate(
    out: options.Walk = Path("walk.mid"),
    model: options.Model = BUNDLED,
    seed: options.Ends = "0-1",
    first: options.First = None,
    second: options.Second = None,
    steps: options.Phrases = 8,
    tracks: options.Tracks = "all",
    tempo: options.WalkTempo = None,
    key: options.WalkKey = None,
    density: options.Density = 1.0,
    wav: options.Wav = False,
    png: options.Png = False,
    npz: options.Npz = False,
    engine: options.Engine = "auto",
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Go from one phrase to another in small steps: between two seeds, or with --from and --to between MIDI files.

    Between seeds the latent moves along an arc. Between files the first phrase is the one's, note for note, and the
    last the other's; on the way ever fewer bars of the one are kept, then ever more of the other, and the model plays
    the rest. Both are in the key of the first.
    """
    from gansuite.core.engine import find_device
    from gansuite.core.seeds import parse_seeds
    from gansuite.music import interpolate as between
    from gansuite.music.deliver import Beside, deliver, place
    from gansuite.music.perform import parse_tracks
    from gansuite.music.sampler import load_sampler

    names, seeds, on = parse_tracks(tracks), parse_seeds(seed), find_device(device)
    if (first is None) != (second is None):
        raise GansuiteError("Only one of two files is named.", "Give both: --from A.mid --to B.mid")
    sampler = load_sampler(model, str(on))
    walk: between.Walk | between.Passage
    if first is not None and second is not None:
        walk = between.passage(sampler.grid, first, second, steps, names, tempo, key, density, on.type)
    else:
        walk = between.Walk(between.ends(seeds), steps, names, tempo or between.TEMPO, key, density, on.type)
    work = between.walk(sampler, seeds[0], walk)
    commands.print_written(deliver(work, place(out, "walk.mid"), Beside(wav, png, npz, engine)), as_json)


@app.command()
def evaluate(
    context: typer.Context,
    data: options.Data = None,
    held_out: options.HeldOut = None,
    model: options.Model = BUNDLED,
    control: options.Controls = None,
    count: options.Samples = 1000,
    seed: options.FirstSeed = 0,
    hop: options.Hop = None,
    min_families: options.MinFamilies = None,
    others: options.Others = None,
    split_seed: options.SplitSeed = None,
    device: options.Device = "auto",
    as_json: options.Json = False,
) -> None:
    """Measure a model's phrases against held-out music, with controls beside it: the tables of the MuseGAN papers.

    A run is measured on its own music, cut and split as it was for its training; what is said of it here wins. Any
    other model needs --data and the options of its training.
    """
    from gansuite.core.engine import find_device
    from gansuite.music.dataset import open_music
    from gansuite.music.evaluate import data_for, evaluate_model
    from gansuite.music.figures import to_text
    from gansuite.music.sampler import load_sampler

    on = str(find_device(device))
    sampler, *controls = (load_sampler(name, on) for name in (model, *(control or [])))
    said = options.settings(context.params).get("data", {})
    music = open_music(data_for(model, sampler.grid, said))
    found = evaluate_model(
        sampler, music, count, seed, controls=controls, tell=lambda text: print(text, file=sys.stderr)
    )
    print(json.dumps(found.to_dict()) if as_json else to_text(found))


@app.command()
def render(
    midi: options.Midi,
    out: options.WavOut = None,
    engine: options.Engine = "auto",
    seconds: options.Seconds = None,
    as_json: options.Json = False,
) -> None:
    """Make a WAV of any MIDI file: by FluidSynth where it is installed, else by our own synthesiser, drums included."""
    from gansuite.music.render import render as make_sound

    rendered = make_sound(midi, out, engine, seconds)
    print(f"{rendered.seconds:.1f} s, played by {rendered.engine}", file=sys.stderr)
    commands.print_written([rendered.path], as_json)


def _train(
    resolved: Resolved[MusicConfig],
    path: Path | None,
    world: World,
    resume: bool,
    reason: str,
    tensorboard: bool,
    as_json: bool,
) -> int:
    from gansuite.core.pages.report import write_report
    from gansuite.core.run import next_name
    from gansuite.music.training import MusicRun

    path = path or next_name("music")
    world.wait()  # all ranks have found the same name before one of them makes the folder
    observers = commands.observers(path, tensorboard) if world.leads else []
    command = shlex.join(["gansuite", *sys.argv[1:]])
    if world.leads:
        print(reason, file=sys.stderr)
    music_run = MusicRun(resolved, path, world, observers, resume, command)
    try:
        code = music_run.train()
    finally:
        if world.leads and music_run.run.metrics.exists():
            write_report(path)
    if world.leads:
        commands.print_outcome(
            path, as_json, f"Play from it: gansuite music generate --model {path} --count 8 --out pieces"
        )
    return code
