"""What the command lines of all arts do alike: go on with a run, watch it, say what came of it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from gansuite.core.errors import GansuiteError

if TYPE_CHECKING:
    from gansuite.core.config import Resolved
    from gansuite.core.observers.base import Observer

T = TypeVar("T")
Flags: TypeAlias = dict[str, dict[str, Any]]
CHANGEABLE: Mapping[str, set[str]] = {  # of a run that goes on: how long, where, and how it is shown
    "run": {"steps", "minutes", "device", "threads"},
    "recipe": {"accumulate"},
    "rhythm": {"sheet"},
}
SHOWN = ("report.html", "samples", "timelapse.webp", "model")


def settings(parameters: Mapping[str, Any], sets: Mapping[str, Sequence[str]]) -> Flags:
    """What the person typed, by section and key; None and () were not typed.

    Args:
        parameters: of a command, by name.
        sets: the settings (`section.key`) of each parameter.
    """
    flags: Flags = {}
    for name, value in parameters.items():
        if value in (None, ()):
            continue
        for section, _, key in (setting.partition(".") for setting in sets.get(name, [])):
            flags.setdefault(section, {})[key] = tuple(value) if isinstance(value, list) else value
    return flags


def processes() -> int:
    """How many torchrun started: auto sizes a batch before they have joined."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def resumed(kind: type[T], art: str, run: Path | None, flags: Flags, works: Mapping[str, set[str]]) -> Resolved[T]:
    """The run's own configuration; only how long, where and how it is shown may be changed.

    Args:
        kind: of the configuration.
        art: how its runs are called.
        run: its folder.
        flags: what the person typed.
        works: settings that say where the works lie: that they are the same is checked when they are read.

    Raises:
        GansuiteError: there is no such run, or something else is to be changed.
    """
    from gansuite.core.config import Layer, from_saved, resolve
    from gansuite.core.run import Run

    if run is None:
        raise GansuiteError("--resume was given without a run.", f"Name it: --resume --run runs/{art}-001")
    saved = Run(run).configuration()
    for section, values in flags.items():
        for key in set(values) - CHANGEABLE.get(section, set()) - works.get(section, set()):
            raise GansuiteError(
                f"{section}.{key} cannot be changed when a run goes on.",
                "Leave it out, or start another run with another --run name.",
            )
    before = from_saved(kind, saved)
    layers = [Layer("run", saved["config"])]
    if {"steps", "minutes"} & set(flags.get("run", {})):  # another end replaces both bounds of the old one
        layers.append(Layer("run", {"run": {"steps": None, "minutes": None}}))
    layers.append(Layer("flag", flags))
    resolved = resolve(kind, layers)
    typed = [f"{section}.{key}" for section, values in flags.items() for key in values]
    return type(resolved)(resolved.config, {**before.origins, **dict.fromkeys(typed, "flag")})


def require_unsaid(**said: object) -> None:
    """Raise `GansuiteError` for an option that a run which goes on cannot take."""
    for name, value in said.items():
        if value is not None:
            raise GansuiteError(
                f"--{name} cannot be given when a run goes on: it keeps the configuration it began with.",
                f"Leave --{name} out, or start another run with another --run name.",
            )


def observers(path: Path, tensorboard: bool) -> list[Observer]:
    """Who watches a run."""
    from gansuite.core.observers.jsonl import MetricsFile
    from gansuite.core.observers.progress import ProgressBar
    from gansuite.core.observers.tensorboard import TensorBoard

    watching: list[Observer] = [MetricsFile(path / "metrics.jsonl"), ProgressBar()]
    return [*watching, TensorBoard(path / "tensorboard")] if tensorboard else watching


def print_outcome(path: Path, as_json: bool, hint: str, run: Path | None = None) -> None:
    """How the run (or its stage at `path`) is, where its files are, and on standard error what to do next."""
    from gansuite.core.health import diagnose
    from gansuite.core.observers.jsonl import read_metrics

    records = read_metrics(path / "metrics.jsonl")
    verdict = diagnose(records)
    if as_json:
        measures = [r for r in records if r.get("kind") == "measure"]
        health = {"state": verdict.state, "reason": verdict.reason, "remedy": verdict.remedy}
        last = measures[-1] if measures else None
        print(json.dumps({"run": str(run or path), "health": health, "last_measure": last}))
        return
    print(f"{verdict.state}: {verdict.reason} {verdict.remedy}")
    print_written([path / name for name in SHOWN if (path / name).exists()], as_json=False)
    print(hint, file=sys.stderr)


def print_written(paths: Sequence[Path], as_json: bool) -> None:
    """Where files are."""
    if as_json:
        print(json.dumps({"written": [str(path) for path in paths]}))
    else:
        print("\n".join(str(path) for path in paths))
