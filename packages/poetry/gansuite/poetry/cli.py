"""`gansuite poem`: parse, call, print."""

from __future__ import annotations

import json
import shlex
import sys

import typer

from gansuite.core import commands
from gansuite.poetry import BUNDLED, options

app = typer.Typer(pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def poem(
    context: typer.Context,
    image: options.Image = None,
    model: options.Model = BUNDLED,
    lines: options.Lines = None,
    rhyme: options.Rhyme = "",
    form: options.Form = "",
    syllables: options.Syllables = "",
    meter: options.Meter = "",
    words: options.Words = "",
    mood: options.Mood = "",
    era: options.Era = "modern",
    title: options.Title = False,
    count: options.Count = 1,
    seed: options.Seed = 0,
    temperature: options.Temperature = 0.9,
    relevance: options.Relevance = 2.0,
    best_of: options.BestOf = 1,
    scores: options.Scores = False,
    prompt: options.Prompt = "",
    out: options.Out = None,
    card: options.CardOut = None,
    as_json: options.Json = False,
) -> None:
    """Write a poem for a picture, for every picture of a folder, or from words alone.

    Prints the poem and nothing else; a form that is asked for is kept.
    """
    if context.invoked_subcommand is not None:
        return
    from gansuite.core.seeds import check_seeds
    from gansuite.poetry.desk import Asked, deliver
    from gansuite.poetry.write import Request

    check_seeds([seed])
    request = Request(
        form=form,
        rhyme="" if rhyme.lower() == "none" else rhyme,
        syllables=syllables,
        meter=meter,
        lines=lines,
        words=options.parse_words(words),
        opening=prompt,
        mood=mood,
        era=era,
        temperature=temperature,
        relevance=relevance,
        best_of=best_of,
        seed=seed,
        count=count,
    )
    print(deliver(Asked(request, image, model, title, scores, out, card, as_json)), end="")


@app.command()
def inspect(
    context: typer.Context,
    corpus: options.Corpus = None,
    images: options.Images = None,
    held_out: options.HeldOut = None,
    prose: options.Prose = None,
    pairs: options.Pairs = None,
    as_json: options.Json = False,
) -> None:
    """Say what training would make of poems and pictures: what is kept, what is not and why."""
    from gansuite.poetry.dataset import PoemDataConfig
    from gansuite.poetry.inspect import inspect_poems
    from gansuite.poetry.pictures import open_pictures

    said = options.settings(context.params).get("data", {})
    report = inspect_poems(PoemDataConfig(**said), open_pictures(images) if images else None)
    print(json.dumps(report.to_dict()) if as_json else report.to_text())


@app.command()
def train(
    context: typer.Context,
    corpus: options.Corpus = None,
    images: options.Images = None,
    held_out: options.HeldOut = None,
    prose: options.Prose = None,
    pairs: options.Pairs = None,
    stage: options.Stage = "all",
    start: options.Start = None,
    vision: options.Vision = None,
    language: options.Language = None,
    run: options.Run = None,
    resume: options.Resume = False,
    preset: options.Preset = "auto",
    config: options.Config = None,
    minutes: options.Minutes = None,
    steps: options.Steps = None,
    batch_size: options.BatchSize = None,
    accumulate: options.Accumulate = None,
    lr: options.LearningRate = None,
    paired: options.Paired = None,
    reward: options.Reward = None,
    mix: options.Mix = None,
    kl: options.Divergence = None,
    precision: options.Precision = None,
    seed: options.TrainSeed = None,
    split_seed: options.SplitSeed = None,
    device: options.Device = None,
    threads: options.Threads = None,
    sheet_every: options.SheetEvery = None,
    tensorboard: options.TensorBoard = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Train on poems, and on pictures beside them. The same command runs under torchrun.

    Five stages, all or one by one: the encoder learns what pictures show, the embedding which poems go with them, the
    poet to write by maximum likelihood, two critics to judge, and the poet to please them. Without pictures only the
    poet learns. Stop with Ctrl-C and go on with --resume.
    """
    from gansuite.core.engine import find_device, join
    from gansuite.core.run import next_name
    from gansuite.poetry.stages import ALL, Plan, plan, train_stages

    flags = options.settings(context.params)
    if resume:
        typed = {"preset": (preset, "auto"), "stage": (stage, ALL), "config": (config, None)}
        commands.require_unsaid(**{name: said for name, (said, default) in typed.items() if said != default})
    asked = Plan(stage, preset, config, flags, run, resume)
    chosen = plan(asked, find_device().type, commands.processes())
    if dry_run:
        print("\n".join(f"# {one.reason}\n{one.resolved.to_toml()}" for one in chosen), end="")
        return
    first = chosen[0].resolved.config.run
    with join(first.device, first.threads) as world:
        path = run or next_name("poem")
        world.wait()  # all ranks have found the same name before one of them makes the folder
        code = train_stages(chosen, path, world, resume, shlex.join(["gansuite", *sys.argv[1:]]), tensorboard, as_json)
    raise typer.Exit(code)


@app.command()
def score(
    text: options.Text,
    image: options.Beside = None,
    model: options.Model = BUNDLED,
    as_json: options.Json = False,
) -> None:
    """Say what is found in a poem: rhyme, meter, syllables, and what both critics think of each line."""
    from gansuite.poetry.desk import score as scored

    found = scored(text, image, model)
    print(json.dumps(found.to_dict()) if as_json else found.to_text())


@app.command()
def evaluate(
    context: typer.Context,
    corpus: options.Corpus = None,
    images: options.Images = None,
    held_out: options.HeldOut = None,
    prose: options.Prose = None,
    model: options.Model = BUNDLED,
    control: options.Others = None,
    count: options.Samples = 1000,
    temperature: options.Temperature = 0.9,
    relevance: options.Relevance = 2.0,
    judge: options.Judge = None,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Measure a model's poems for held-out pictures, with real poems and the same model without pictures beside them.

    An independent judge, which no critic has seen and which learns from the other half of the poems, tells whether a
    poem's picture can be found among all by the poem.
    """
    from gansuite.poetry.evaluate import Task, evaluate_models

    said = options.settings(context.params)
    names = [model, *(control or [])]
    task = Task(names, said.get("data", {}), tuple(images or ()), count, temperature, relevance, judge, seed)
    found = evaluate_models(task, lambda text: print(text, file=sys.stderr))
    print(json.dumps(found.to_dict()) if as_json else found.to_text())
