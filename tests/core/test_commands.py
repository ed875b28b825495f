"""What all command lines do alike: settings by section, a run that goes on, where files are."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gansuite.core.commands import Flags, print_written, require_unsaid, resumed, settings
from gansuite.core.config import Layer, Resolved, resolve
from gansuite.core.errors import GansuiteError
from gansuite.core.run import RunConfig, create
from gansuite.core.trainer import Recipe

WORKS = {"data": {"folder"}}


@dataclass(frozen=True)
class Data:
    """Where works lie, and how they are used."""

    folder: str = ""
    held_out: float = 0.1


@dataclass(frozen=True)
class Config:
    """The configuration of an art."""

    data: Data = field(default_factory=Data)
    recipe: Recipe = field(default_factory=Recipe)
    run: RunConfig = field(default_factory=RunConfig)


def saved(folder: Path, **run: Any) -> Path:
    """A run that was started with a flag and a file."""
    layers = [Layer("file mine.toml", {"recipe": {"batch_size": 8}}), Layer("flag", {"run": run})]
    create(folder, resolve(Config, layers).to_dict())
    return folder


def again(folder: Path | None, **flags: dict[str, Any]) -> Resolved[Config]:
    return resumed(Config, "image", folder, flags, WORKS)


# ------------------------------------------------------------------ what was typed


def test_only_what_was_typed_is_a_setting() -> None:
    sets = {"steps": ["run.steps"], "minutes": ["run.minutes"], "data": ["data.folder"], "quiet": ["run.quiet"]}
    typed = {"steps": 5, "minutes": None, "data": (), "quiet": False, "json": True}
    assert settings(typed, sets) == {"run": {"steps": 5, "quiet": False}}
    assert settings({}, sets) == {}


def test_one_option_may_set_several_and_lists_become_tuples() -> None:
    sets = {"lr": ["recipe.generator_lr", "recipe.discriminator_lr"], "data": ["data.folders"]}
    flags: Flags = settings({"lr": 1e-3, "data": ["a", "b"]}, sets)
    assert flags == {
        "recipe": {"generator_lr": 1e-3, "discriminator_lr": 1e-3},
        "data": {"folders": ("a", "b")},
    }


# ------------------------------------------------------------------ a run that goes on


def test_a_run_goes_on_as_it_began(tmp_path: Path) -> None:
    found = again(saved(tmp_path / "r", steps=9, seed=3))
    assert found.config == Config(recipe=Recipe(batch_size=8), run=RunConfig(steps=9, seed=3))
    assert found.origins["recipe.batch_size"] == "file mine.toml"
    assert found.origins["run.seed"] == "flag"


def test_another_end_replaces_both_bounds(tmp_path: Path) -> None:
    folder = saved(tmp_path / "r", steps=9, minutes=2.0)
    longer = again(folder, run={"minutes": 5.0})
    assert (longer.config.run.steps, longer.config.run.minutes) == (None, 5.0)
    assert longer.origins["run.minutes"] == "flag"
    kept = again(folder, run={"threads": 1})
    assert (kept.config.run.steps, kept.config.run.minutes, kept.config.run.threads) == (9, 2.0, 1)


def test_how_a_batch_is_parted_and_where_works_lie_may_change(tmp_path: Path) -> None:
    found = again(saved(tmp_path / "r", steps=9), recipe={"accumulate": 2}, data={"folder": "moved"})
    assert (found.config.recipe.accumulate, found.config.data.folder) == (2, "moved")


@pytest.mark.parametrize(
    "flags", [{"recipe": {"batch_size": 4}}, {"run": {"seed": 1}}, {"data": {"held_out": 0.2}}, {"game": {"r1": 1.0}}]
)
def test_nothing_else_may_change(tmp_path: Path, flags: dict[str, dict[str, Any]]) -> None:
    folder = saved(tmp_path / "r", steps=9)
    section, values = next(iter(flags.items()))
    with pytest.raises(GansuiteError, match=rf"{section}\.{next(iter(values))} cannot be changed") as caught:
        again(folder, **flags)
    assert "--run" in caught.value.remedy


def test_a_run_has_to_be_named_and_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="--resume was given without a run") as caught:
        again(None)
    assert "runs/image-001" in caught.value.remedy
    with pytest.raises(GansuiteError, match="is not a run"):
        again(tmp_path)


def test_what_a_run_that_goes_on_cannot_take_is_refused() -> None:
    require_unsaid(preset=None, config=None)
    with pytest.raises(GansuiteError, match="--preset cannot be given when a run goes on") as caught:
        require_unsaid(config=None, preset="smoke")
    assert "Leave --preset out" in caught.value.remedy


# ------------------------------------------------------------------ where files are


def test_files_are_told_by_line_or_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    paths = [Path("a b.png"), Path("c/d.json")]
    print_written(paths, as_json=False)
    assert capsys.readouterr().out == "a b.png\nc/d.json\n"
    print_written(paths, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"written": ["a b.png", "c/d.json"]}
