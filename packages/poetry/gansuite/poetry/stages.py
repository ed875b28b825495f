"""Several stages in one run: which there are, how the time is shared, and how a stopped run goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gansuite.core import commands
from gansuite.core.config import Resolved, from_saved
from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.files import write_atomically
from gansuite.core.model_format import CARD, CONFIG, TOKENIZER, WEIGHTS
from gansuite.core.run import CONFIG_LIMIT
from gansuite.core.strict_json import parse_object
from gansuite.poetry.config import ADVERSARIAL, EMBEDDING, ENCODER, LIKELIHOOD, STAGES, PoemConfig, configure

if TYPE_CHECKING:
    from gansuite.core.engine import World

ALL = "all"
SHARES: Mapping[str, float] = {ENCODER: 0.2, EMBEDDING: 0.05, LIKELIHOOD: 0.5, ADVERSARIAL: 0.25}  # of the minutes
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
    names = _names(asked)
    total = sum(SHARES[name] for name in names)
    stages = []
    for name in names:
        flags = {section: dict(values) for section, values in asked.flags.items()}
        minutes = flags.get("run", {}).get("minutes")
        if minutes is not None:
            flags["run"]["minutes"] = minutes * SHARES[name] / total
        stages.append(Stage(*configure(name, asked.preset, asked.file, flags, device, processes)))
    return [_shortened(stage, len(names) > 1) for stage in stages]


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

    finished = _finished(path) if resume else []
    if not resume and (path / RECORD).exists():
        raise GansuiteError(
            f"{path} already holds a run.", f"Add --resume to go on with it, or name another: --run {path}-2"
        )
    for stage in stages:
        if stage.name in finished:
            continue
        folder = path / stage.name
        started = (folder / CONFIG).exists()
        observers = commands.observers(folder, tensorboard) if world.leads else []
        if world.leads:
            print(stage.reason, file=sys.stderr)
        run = RUNS_OF[stage.name](stage.resolved, folder, world, observers, started, command)
        world.lead(lambda: _record(path, stages, finished))
        try:
            code = run.train()
        finally:
            if world.leads and run.run.metrics.exists():
                write_report(folder)
        if code:
            return code
        finished.append(stage.name)
        world.lead(lambda: _record(path, stages, finished))
    if world.leads:
        _publish(path / stages[-1].name / "model", path / "model")
        hint = f"Write with it: gansuite poem --model {path} --image PICTURE"
        commands.print_outcome(path / stages[-1].name, as_json, hint)
    return 0


def _names(asked: Plan) -> tuple[str, ...]:
    if asked.stage in STAGES:
        return (asked.stage,)
    if asked.stage != ALL:
        raise GansuiteError(f"There is no stage '{asked.stage}'.", did_you_mean(asked.stage, [ALL, *STAGES]))
    network = asked.flags.get("network", {})
    if not network.get("images"):
        return (LIKELIHOOD,)
    return (LIKELIHOOD, ADVERSARIAL) if network.get("start") else STAGES


def _shortened(stage: Stage, several: bool) -> Stage:
    """Where no time is said, the stages share what one would have."""
    config, origins = stage.resolved.config, stage.resolved.origins
    if not several or origins.get("run.minutes") != "minutes if nothing is said":
        return stage
    run = replace(config.run, minutes=(config.run.minutes or 0) * SHARES[stage.name])
    return replace(stage, resolved=Resolved(replace(config, run=run), origins))


def _resumed(asked: Plan) -> list[Stage]:
    """The stages of a run that was stopped."""
    if asked.run is None:
        raise GansuiteError("--resume was given without a run.", "Name it: --resume --run runs/poem-001")
    record = _read(asked.run)
    stages = []
    for saved in record["stages"]:
        name = saved["config"]["network"]["name"]
        if (asked.run / name / CONFIG).exists():
            resolved = commands.resumed(PoemConfig, "poem", asked.run / name, asked.flags, WORKS)
        else:
            resolved = from_saved(PoemConfig, saved)
        stages.append(Stage(resolved, f"stage {name} of {asked.run}"))
    return stages


def _record(path: Path, stages: Sequence[Stage], finished: Sequence[str]) -> None:
    told = {"stages": [stage.resolved.to_dict() for stage in stages], "finished": list(finished)}
    write_atomically(path / RECORD, json.dumps(told, indent=2))


def _read(path: Path) -> dict[str, Any]:
    try:
        record = parse_object((path / RECORD).read_bytes(), CONFIG_LIMIT)
        if not isinstance(record["stages"], list) or not isinstance(record["finished"], list):
            raise ValueError
        return record
    except (OSError, ValueError, KeyError) as error:
        raise GansuiteError(
            f"{path} is not a run of poems: its {RECORD} cannot be read.", "See your runs with: gansuite models list"
        ) from error


def _finished(path: Path) -> list[str]:
    return [str(name) for name in _read(path)["finished"]]


def _publish(model: Path, to: Path) -> None:
    """A copy of a model folder; its config comes last, as in any."""
    for name in (WEIGHTS, TOKENIZER, CARD, CONFIG):
        write_atomically(to / name, (model / name).read_bytes())
