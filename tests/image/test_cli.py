"""What is typed after `gansuite image`: options, what each of them sets, and what their help says."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from typer.testing import CliRunner

from gansuite.image import config as image_config
from gansuite.image import options
from gansuite.image.cli import app
from gansuite.image.config import ImageConfig

from .small_models import save_model
from .small_runs import write_works

TYPED = {
    "data": ("--data", "works", {"data.path": "works"}),
    "resolution": ("--resolution", "48", {"data.resolution": 48}),
    "fit": ("--fit", "pad", {"data.fit": "pad"}),
    "crops": ("--crops", "3", {"data.crops": 3}),
    "labels": ("--labels", "none", {"data.labels": "none"}),
    "width": ("--width", "24", {"network.width": 24}),
    "objective": ("--objective", "hinge", {"game.objective": "hinge"}),
    "r1": ("--r1", "0.7", {"game.r1": 0.7}),
    "r2": ("--r2", "0.2", {"game.r2": 0.2}),
    "gradient_penalty": ("--gradient-penalty", "3", {"game.gradient_penalty": 3}),
    "augment": ("--augment", "cutout", {"game.augment": "cutout"}),
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


def dry(*words: object) -> tuple[str, dict[str, Any]]:
    """The reason and the configuration, by `section.key`, that a dry run prints."""
    out = typed("train", "--dry-run", *words)
    sections = tomllib.loads(out)
    merged = {f"{section}.{key}": value for section, values in sections.items() for key, value in values.items()}
    return out.partition("\n")[0], merged


# ------------------------------------------------------------------ train


def test_every_option_of_train_sets_what_it_names() -> None:
    said = dry(*(word for option, value, _ in TYPED.values() for word in (option, value)))[1]
    expected = {key: value for _, _, sets in TYPED.values() for key, value in sets.items()}
    assert {key: said[key] for key in expected} == expected


def test_every_setting_is_one_of_the_configuration() -> None:
    for keys in options.SETS.values():
        for section, _, key in (name.partition(".") for name in keys):
            assert key in {field.name for field in fields(get_type_hints(ImageConfig)[section])}


@pytest.mark.parametrize("command", ["train", "evaluate", "generate", "interpolate", "inspect"])
def test_every_option_has_its_help(command: str) -> None:
    parameters = next(c for c in app.registered_commands if c.callback and c.callback.__name__ == command).callback
    shown = " ".join(typed(command, "--help").replace("\u2502", " ").split())
    for name, hint in get_type_hints(parameters, include_extras=True).items():
        for told in getattr(hint, "__metadata__", ()):
            assert told.help in shown, name
            assert all(declared in shown for declared in "/".join(told.param_decls or ()).split("/")), name


def test_auto_under_torchrun_chooses_a_batch_that_the_processes_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_config, "cores_usable", lambda: 2)
    monkeypatch.setenv("WORLD_SIZE", "3")
    reason, said = dry("--steps", 5, "--device", "cpu")
    assert said["recipe.batch_size"] == 15
    assert "batches of 15" in reason


def test_auto_fits_the_device_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    (tmp_path / "a.toml").write_text('[run]\ndevice = "cpu"\n')
    assert dry("--config", tmp_path / "a.toml", "--steps", 5)[0].startswith("# auto: cpu with")


# ------------------------------------------------------------------ evaluate


def test_a_model_without_its_run_is_measured_on_the_same_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSUITE_CACHE", str(tmp_path / "cache"))
    works = write_works(tmp_path / "works", 24, side=80)
    model = save_model(tmp_path / "model")

    def held_out(*words: object) -> tuple[int, int]:
        rows = json.loads(typed("evaluate", "--model", model, "--data", works, "--count", 40, "--json", *words))["rows"]
        return rows[0]["works"], rows[0]["held_out"]

    whole = ("--held-out", 0.5)
    assert held_out(*whole) == (12, 12)
    assert held_out(*whole, "--crops", 4, "--split-seed", 3, "--labels", "none", "--background", "black") == (40, 48)
    assert held_out("--crops", 4, "--held-out", 0.25, "--drop-duplicates") == (40, 24)


def test_the_help_says_where_the_network_is_used() -> None:
    shown = " ".join(typed("evaluate", "--help").split())
    assert shown.count("uses the network") == 2  # --model and --control
