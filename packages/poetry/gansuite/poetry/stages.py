"""Several stages in one run: which there are, how the time is shared, and how a stopped run goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gansuite.core import commands
from gansuite.core.config import Layer, Resolved, from_saved, resolve
from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.files import write_atomically
from gansuite.core.model_format import CARD, CONFIG, TOKENIZER, WEIGHTS
from gansuite.core.observers.jsonl import read_metrics
from gansuite.core.run import CONFIG_LIMIT
from gansuite.core.strict_json import parse_object
from gansuite.poetry.config import ADVERSARIAL, CRITICS, EMBEDDING, ENCODER, LIKELIHOOD, STAGES, PoemConfig, configure

if TYPE_CHECKING:
    from gansuite.core.engine import World

ALL = "all"
SHARES: Mapping[str, float] = {ENCODER: 0.2, EMBEDDING: 0.05, LIKELIHOOD: 0.45, CRITICS: 0.1, ADVERSARIAL: 0.2}
RECORD = "stages.json"
WORKS = {"data": {"corpus", "held_out_corpus", "prose"}, "network": {"images"}}  # where they lie may be said anew


@dataclass(frozen=True)
class Plan:
    """What a person asked for.

    Attributes:
        stage: all, or one of `config.STAGES`.
        preset, file, flags: see `config.configure`.
        run: the folder, or None for a new one.
        resume: go on with what the folder says.
    """

    stage: str
    preset: str
    file: Path | None
    flags: commands.Flags
    run: Path | None = None
    resume: bool = False


@dataclass(frozen=True)
class Stage:
    """One stage that is to be run: its whole configuration, and a sentence on what the preset chose."""

    resolved: Resolved[PoemConfig]
    reason: str

    @property
    def name(self) -> str:
        """One of `config.STAGES`."""
        return self.resolved.config.network.name


def plan(asked: Plan, device: str, processes: int = 1) -> list[Stage]:
    """The stages to run, in their order.

    Raises:
        GansuiteError: there is no such stage, or a setting is impossible.
    """
    if asked.resume:
        return _resumed(asked)
    chosen = (configure(name, asked.preset, asked.file, asked.flags, device, processes) for name in _names(asked))
    return _shared([Stage(*one) for one in chosen])


def train_stages(
    stages: Sequence[Stage],
    path: Path,
    world: World,
    resume: bool,
    command: str,
    tensorboard: bool = False,
    as_json: bool = False,
) -> int:
    """Run the stages that are not finished, and put the model of the last one where a run's model is.

    Returns:
        0, or 128 + the signal that stopped it.
    """
    from gansuite.core.pages.report import write_report
    from gansuite.poetry.training import RUNS_OF

    record = _read(path) if (path / RECORD).exists() else {"stages": [], "finished": []}
    _require_free(path, stages, resume)
    record["stages"] = _joined(record["stages"], stages)
    if resume and all(stage.name in record["finished"] for stage in stages):
        record["finished"].remove(stages[-1].name)  # the last one can always be trained longer
    for stage in stages:
        if resume and stage.name in record["finished"]:
            continue
        folder = path / stage.name
        observers = commands.observers(folder, tensorboard) if world.leads else []
        started = (folder / CONFIG).exists()
        remember = partial(_write, path, record)  # before the stage's folder, so that a run killed there can be resumed
        run = RUNS_OF[stage.name](stage.resolved, folder, world, observers, started, command, remember)
        if world.leads:
            print(stage.reason, file=sys.stderr)
        try:
            code = run.train()
        finally:
            if world.leads and run.run.metrics.exists():
                write_report(folder)
        if code:
            return code
        if world.leads and stage.name == LIKELIHOOD:
            _tell_perplexity(run.run.metrics)
        record["finished"].append(stage.name)
        world.lead(remember)
    if world.leads:
        _publish(path / stages[-1].name / "model", path / "model")
        hint = f"Write with it: gansuite poem --model {path} --image PICTURE"
        commands.print_outcome(path / stages[-1].name, as_json, hint, run=path)
    return 0


def _names(asked: Plan) -> tuple[str, ...]:
    if asked.stage in STAGES:
        return (asked.stage,)
    if asked.stage != ALL:
        raise GansuiteError(f"There is no stage '{asked.stage}'.", did_you_mean(asked.stage, [ALL, *STAGES]))
    network = asked.flags.get("network", {})
    if not network.get("images"):
        return (LIKELIHOOD,)
    if network.get("start"):
        return (LIKELIHOOD, CRITICS, ADVERSARIAL)
    return STAGES[1:] if network.get("vision") else STAGES


def _shared(stages: Sequence[Stage]) -> list[Stage]:
    """The stages, each with its share of the minutes that all of them have together."""
    total = sum(SHARES[stage.name] for stage in stages)
    return [_with_share(stage, SHARES[stage.name] / total) for stage in stages]


def _with_share(stage: Stage, share: float) -> Stage:
    config = stage.resolved.config
    if config.run.minutes is None or share == 1:
        return stage
    minutes = config.run.minutes * share
    resolved = Resolved(replace(config, run=replace(config.run, minutes=minutes)), stage.resolved.origins)
    return Stage(resolved, f"{stage.reason}; {minutes:g} of the minutes are this stage's")


def _resumed(asked: Plan) -> list[Stage]:
    """The stages of a run that was stopped; another end than it had is one for all of them."""
    if asked.run is None:
        raise GansuiteError("--resume was given without a run.", "Name it: --resume --run runs/poem-001")
    stages = []
    for name, saved in _by_name(_read(asked.run)["stages"]).items():
        begun = (asked.run / name / CONFIG).exists()
        resolved = (
            commands.resumed(PoemConfig, "poem", asked.run / name, asked.flags, WORKS)
            if begun
            else _to_begin(saved, asked.flags)
        )
        stages.append(Stage(resolved, f"stage {name} of {asked.run}"))
    return _shared(stages) if "minutes" in asked.flags.get("run", {}) else stages


def _to_begin(saved: Mapping[str, Any], flags: commands.Flags) -> Resolved[PoemConfig]:
    """A stage that the run had not come to; what may not be changed has been refused by those that it had."""
    before = from_saved(PoemConfig, saved)
    ends = {"steps": None, "minutes": None} if {"steps", "minutes"} & set(flags.get("run", {})) else {}
    layers = [Layer("run", saved["config"]), Layer("run", {"run": ends}), Layer("flag", flags)]
    return Resolved(resolve(PoemConfig, layers).config, before.origins)


def _require_free(path: Path, stages: Sequence[Stage], resume: bool) -> None:
    """Raise `GansuiteError` when a stage that is to begin has been begun there."""
    begun = [stage.name for stage in stages if (path / stage.name / CONFIG).exists()]
    if begun and not resume:
        raise GansuiteError(
            f"{path} already holds the stage {begun[0]}.",
            f"Add --resume to go on with it, or name another: --run {path}-2",
        )


def _joined(before: Sequence[Mapping[str, Any]], stages: Sequence[Stage]) -> list[Mapping[str, Any]]:
    """The record of the stages of a run: those that others commands trained, and these."""
    new = {stage.name: stage.resolved.to_dict() for stage in stages}
    told = _by_name(before) | new
    return [told[name] for name in STAGES if name in told]


def _by_name(saved: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {stage["config"]["network"]["name"]: stage for stage in saved}


def _tell_perplexity(metrics: Path) -> None:
    """What the stage of likelihood came to, from its first measure to that of the model it keeps."""
    found = [line["perplexity"] for line in read_metrics(metrics) if line.get("kind") == "measure"]
    if found:
        print(f"held-out perplexity {found[0]:.1f} -> {min(found):.1f}", file=sys.stderr)


def _write(path: Path, record: Mapping[str, Any]) -> None:
    write_atomically(path / RECORD, json.dumps(record, indent=2))


def _read(path: Path) -> dict[str, Any]:
    try:
        record = parse_object((path / RECORD).read_bytes(), CONFIG_LIMIT)
        if not set(record["finished"]) <= set(_by_name(record["stages"])) <= set(STAGES):
            raise ValueError
        return record
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GansuiteError(
            f"{path} is not a run of poems: its {RECORD} cannot be read.", "See your runs with: gansuite models list"
        ) from error


def _publish(model: Path, to: Path) -> None:
    """A copy of a model folder; its config comes last, as in any."""
    for name in (WEIGHTS, TOKENIZER, CARD, CONFIG):
        write_atomically(to / name, (model / name).read_bytes())
