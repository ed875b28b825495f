"""What is typed after `gansuite music`: options, what each of them sets, and what their help says."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from typer.testing import CliRunner

from gansuite.core.errors import GansuiteError
from gansuite.music import options
from gansuite.music.cli import app
from gansuite.music.config import MusicConfig

from .small_models import save_model
from .small_pieces import write_band

TYPED = {
    "bars": ("--bars", "2", {"data.bars": 2}),
    "steps_per_beat": ("--steps-per-beat", "12", {"data.steps_per_beat": 12}),
    "meter": ("--meter", "3/4", {"data.meter": [3, 4]}),
    "hop": ("--hop", "1", {"data.hop": 1}),
    "min_families": ("--min-families", "3", {"data.min_families": 3}),
    "split_seed": ("--split-seed", "8", {"data.seed": 8}),
    "mode": ("--mode", "jamming", {"network.mode": "jamming"}),
    "neurons": ("--neurons", "stochastic", {"network.neurons": "stochastic"}),
    "refiner": ("--refiner", "2", {"network.refiner": 2}),
    "width": ("--width", "24", {"network.width": 24}),
    "objective": ("--objective", "hinge", {"game.objective": "hinge"}),
    "r1": ("--r1", "0.7", {"game.r1": 0.7}),
    "r2": ("--r2", "0.2", {"game.r2": 0.2}),
    "gradient_penalty": ("--gradient-penalty", "3", {"game.gradient_penalty": 3}),
    "free": ("--free", "0.25", {"game.free": 0.25}),
    "transpose": ("--transpose", "5", {"game.transpose": 5}),
    "batch_size": ("--batch-size", "20", {"recipe.batch_size": 20}),
    "accumulate": ("--accumulate", "2", {"recipe.accumulate": 2}),
    "critic_steps": ("--critic-steps", "3", {"recipe.critic_steps": 3}),
    "lr": ("--lr", "0.001", {"recipe.generator_lr": 0.001, "recipe.discriminator_lr": 0.001}),
    "precision": ("--precision", "fp32", {"recipe.precision": "fp32"}),
    "sheet_every": ("--sheet-every", "9", {"rhythm.sheet": 9}),
    "seed": ("--seed", "4", {"run.seed": 4}),
    "steps": ("--steps", "6", {"run.steps": 6}),
    "minutes": ("--minutes", "0.5", {"run.minutes": 0.5}),
    "device": ("--device", "cpu", {"run.device": "cpu"}),
    "threads": ("--threads", "1", {"run.threads": 1}),
}


def typed(*words: object) -> str:
    """What a command prints."""
    done = CliRunner().invoke(app, [*map(str, words)], env={"COLUMNS": "200"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def dry(*words: object) -> dict[str, Any]:
    """The configuration, by `section.key`, that a dry run prints."""
    sections = tomllib.loads(typed("train", "--dry-run", *words))
    return {f"{section}.{key}": value for section, values in sections.items() for key, value in values.items()}


# ------------------------------------------------------------------ train


def test_every_option_of_train_sets_what_it_names() -> None:
    assert TYPED.keys() | {"data", "others"} == options.SETS.keys()
    said = dry(*(word for option, value, _ in TYPED.values() for word in (option, value)))
    expected = {key: value for _, _, sets in TYPED.values() for key, value in sets.items()}
    assert {key: said[key] for key in expected} == expected


def test_several_sources_and_what_is_held_out() -> None:
    said = dry("--data", "a", "--data", "b.zip", "--held-out", "c", "--held-out", "d", "--families-only")
    assert said["data.paths"] == ["a", "b.zip"]
    assert said["data.held_out_paths"] == ["c", "d"]
    assert said["data.others_to_strings"] is False
    assert dry("--held-out", "0.25")["data.held_out"] == 0.25
    assert options.settings({"data": (), "held_out": (), "steps": None}) == {}


@pytest.mark.parametrize("words", [("--meter", "waltz"), ("--held-out", "0.1", "--held-out", "b"), ("--meter", "3")])
def test_what_cannot_be_understood(words: tuple[str, ...]) -> None:
    with pytest.raises(GansuiteError):
        dry(*words)


def test_every_setting_is_one_of_the_configuration() -> None:
    for keys in options.SETS.values():
        for section, _, key in (name.partition(".") for name in keys):
            assert key in {field.name for field in fields(get_type_hints(MusicConfig)[section])}


@pytest.mark.parametrize("model", ["musegan", "musegan-classic", "musegan-threshold"])
def test_models_by_name(model: str) -> None:
    assert dry("--model", model)["network.name"] == model


# ------------------------------------------------------------------ help


@pytest.mark.parametrize("command", ["train", "evaluate", "generate", "accompany", "interpolate", "inspect", "render"])
def test_every_option_has_its_help(command: str) -> None:
    parameters = next(c for c in app.registered_commands if c.callback and c.callback.__name__ == command).callback
    shown = " ".join(typed(command, "--help").replace("\u2502", " ").split())
    for name, hint in get_type_hints(parameters, include_extras=True).items():
        for told in getattr(hint, "__metadata__", ()):
            assert told.help in shown, name
            assert all(declared in shown for declared in "/".join(told.param_decls or ()).split("/")), name


def test_the_help_says_where_the_network_is_used() -> None:
    shown = " ".join(typed("evaluate", "--help").split())
    assert shown.count("uses the network") == 2  # --model and --control


HEAVY = ("torch", "transformers", "scipy", "matplotlib", "pretty_midi", "pypianoroll")


def imported(code: str) -> set[str]:
    """Which of the heavy libraries some code imports, in a process of its own."""
    told = f"import sys\n{code}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_nothing_heavy_is_imported_for_help() -> None:
    assert imported("import gansuite.music.cli, gansuite.music.options") == set()


def test_pieces_are_played_without_what_only_pictures_and_rolls_need(tmp_path: Path) -> None:
    model = save_model(tmp_path / "model")
    words = ["generate", "--model", str(model), "--bars", "4", "--wav", "--out", str(tmp_path / "a.mid")]
    used = imported(f"from gansuite.music.cli import app\napp({words!r}, standalone_mode=False)")
    assert (tmp_path / "a.wav").exists()
    assert "torch" in used
    assert not used & {"transformers", "matplotlib", "pypianoroll"}


def test_sound_is_made_without_torch(tmp_path: Path) -> None:
    piece = write_band(tmp_path / "band", 1, 1) / "0.mid"
    words = ["render", str(piece), "--engine", "own"]
    used = imported(f"from gansuite.music.cli import app\napp({words!r}, standalone_mode=False)")
    assert piece.with_suffix(".wav").exists()
    assert not used & {"torch", "transformers", "scipy", "matplotlib", "pypianoroll"}


# ------------------------------------------------------------------ evaluate and inspect


def test_a_model_without_its_run_is_measured_on_the_music_that_is_named(tmp_path: Path) -> None:
    band, model = write_band(tmp_path / "band"), save_model(tmp_path / "model")

    def sides(*words: object) -> tuple[int, int]:
        told = json.loads(typed("evaluate", "--model", model, "--data", band, "--count", 3, "--json", *words))
        return told["train"], told["held_out"]

    train, held_out = sides()
    assert train > held_out > 0
    assert sides("--held-out", 0.5)[1] > held_out
    assert sum(sides("--hop", 1)) > train + held_out
    others = write_band(tmp_path / "others", 17)
    assert sides("--held-out", others)[0] > train


def test_inspect_cuts_as_it_is_told(tmp_path: Path) -> None:
    band = write_band(tmp_path / "band", 3)
    four, two = (json.loads(typed("inspect", band, "--bars", bars, "--json"))["cut"] for bars in (4, 2))
    assert (four, two) == (6, 12)
    assert "6" in typed("inspect", band)
