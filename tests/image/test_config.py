"""What an image run is told: model, preset, file and flags, each value knowing where it came from."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gansuite.core.config import Resolved
from gansuite.core.errors import GansuiteError
from gansuite.core.run import create
from gansuite.image import config
from gansuite.image.config import ImageConfig, configure, data_for, fit_to_machine
from gansuite.image.dataset import DataConfig
from gansuite.image.games.adversarial import PROBED, GameConfig

from .small_models import save_model

Flags = dict[str, dict[str, Any]]
SHORT: Flags = {"run": {"steps": 5}}


def resolved(
    flags: Flags | None = None,
    preset: str = "auto",
    model: str | None = None,
    file: Path | None = None,
    device: str = "cpu",
) -> Resolved[ImageConfig]:
    return configure(model, preset, file, flags or {}, device)[0]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf8")
    return path


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return written(tmp_path / "mine.toml", "[network]\nwidth = 24\n\n[recipe]\nbatch_size = 20\ngenerator_lr = 1e-3\n")


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "cores_usable", lambda: 2)


# ------------------------------------------------------------------ layers and origins


def test_the_preset_wins_over_the_defaults_the_file_over_it_and_flags_over_all(toml: Path) -> None:
    r = resolved({"recipe": {"batch_size": 12}}, "smoke", file=toml)
    assert r.config.data.resolution == 32  # smoke
    assert r.config.network.width == 24  # the file, over smoke's 8
    assert r.config.recipe.batch_size == 12  # the flag, over the file's 20 and smoke's 16
    assert r.config.recipe.beta2 == 0.99  # the default


def test_each_value_knows_where_it_came_from(toml: Path) -> None:
    origins = resolved({"recipe": {"batch_size": 12}}, "smoke", file=toml).origins
    assert origins["data.resolution"] == "preset smoke"
    assert origins["network.width"] == "file mine.toml"
    assert origins["recipe.batch_size"] == "flag"
    assert "recipe.beta2" not in origins


def test_fast_is_what_trains_if_no_model_is_named_with_all_that_it_brings(toml: Path) -> None:
    r = resolved(SHORT, file=toml)
    assert (r.config.network.name, r.config.game.objective, r.config.recipe.final_lr) == ("fast", "hinge", 0.1)
    assert r.origins["game.objective"] == "model fast"
    assert resolved(SHORT).config == resolved(SHORT, model="fast").config


def test_a_model_in_the_file_is_a_model(tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", '[network]\nname = "dcgan-classic"\n')
    r = resolved(SHORT, file=file)
    assert (r.config.network.name, r.config.network.width, r.config.recipe.batch_size) == ("dcgan-classic", 64, 128)
    assert r.origins["network.width"] == "model dcgan-classic"


def test_the_model_flag_wins_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", '[network]\nname = "dcgan-classic"\n')
    assert resolved(SHORT, file=file, model="dcgan").config.network.name == "dcgan"


def test_a_file_for_one_model_says_nothing_of_another(tmp_path: Path, toml: Path) -> None:
    text = toml.read_text(encoding="utf8").replace("[network]", '[network]\nname = "dcgan"')
    file = written(tmp_path / "more.toml", text + "accumulate = 2\n")
    r = resolved(SHORT, file=file, model="dcgan-classic")
    assert (r.config.network.width, r.config.recipe.batch_size, r.config.recipe.generator_lr) == (64, 128, 2e-4)
    assert r.origins["recipe.batch_size"] == "model dcgan-classic"
    assert r.config.recipe.accumulate == 2  # the classic says nothing of it
    flags: Flags = {"recipe": {"batch_size": 12}} | SHORT
    assert resolved(flags, file=file, model="dcgan-classic").config.recipe.batch_size == 12


def test_a_file_that_names_no_model_or_the_same_counts_beside_the_flag(tmp_path: Path, toml: Path) -> None:
    r = resolved(SHORT, file=toml, model="dcgan-classic")
    assert (r.config.network.name, r.config.network.width, r.config.recipe.batch_size) == ("dcgan-classic", 24, 20)
    named = written(tmp_path / "same.toml", '[network]\nname = "dcgan-classic"\nwidth = 24\n')
    assert resolved(SHORT, file=named, model="dcgan-classic").config.network.width == 24


def test_a_file_for_one_objective_says_nothing_of_another(tmp_path: Path) -> None:
    text = '[game]\nobjective = "{}"\nr1 = 3.0\n[recipe]\ncritic_steps = 2\n'
    flags: Flags = {"game": {"objective": "wasserstein"}} | SHORT
    flagged = resolved(flags, file=written(tmp_path / "a", text.format("hinge")))
    assert (flagged.config.game.r1, flagged.config.recipe.critic_steps) == (0, 5)
    assert flagged.origins["game.r1"] == "objective wasserstein"
    filed = resolved(SHORT, file=written(tmp_path / "b", text.format("wasserstein")))
    assert (filed.config.game.r1, filed.config.recipe.critic_steps) == (3, 2)


def test_the_printed_configuration_gives_itself_again(tmp_path: Path, toml: Path) -> None:
    first = resolved({"data": {"path": 'my "works"\\ß'}, "run": {"steps": 7}}, file=toml)
    again = resolved(file=written(tmp_path / "again.toml", first.to_toml()))
    assert again.config == first.config
    assert "# file mine.toml" in first.to_toml()


def test_the_printed_configuration_names_every_key() -> None:
    said = tomllib.loads(resolved(SHORT).to_toml())
    assert set(said) == {"data", "network", "game", "recipe", "rhythm", "run"}
    assert set(said["game"]) == set(GameConfig.__dataclass_fields__)


# ------------------------------------------------------------------ how long


def test_a_run_without_an_end_takes_twenty_minutes() -> None:
    r = resolved()
    assert (r.config.run.minutes, r.config.run.steps) == (20, None)
    assert r.origins["run.minutes"] == "minutes if nothing is said"


@pytest.mark.parametrize("flags", [{"run": {"steps": 5}}, {"run": {"minutes": 3.0}}])
def test_whoever_says_how_long_is_believed(flags: Flags) -> None:
    run = resolved(flags).config.run
    assert {"steps": run.steps, "minutes": run.minutes} == {"steps": None, "minutes": None} | flags["run"]


def test_steps_are_counted_in_images() -> None:
    budget = resolved({"run": {"steps": 5}, "recipe": {"batch_size": 12}}).config.budget()
    assert (budget.images, budget.minutes) == (60, None)


def test_the_smoke_preset_has_an_end_of_its_own() -> None:
    assert resolved(preset="smoke").config.run.minutes is None


# ------------------------------------------------------------------ presets


def test_auto_chooses_and_says_why() -> None:
    r, reason = configure(None, "auto", None, {"run": {"minutes": 3.0}, "data": {"resolution": 64}}, "cpu")
    assert reason.startswith("auto: cpu with 2 cores and 3 minutes at 64 px: ")
    assert f"width {r.config.network.width}" in reason
    assert f"batches of {r.config.recipe.batch_size}" in reason
    assert r.config.recipe.half_life == 1_500
    assert "a measure every 100 steps" in reason
    assert r.config.rhythm.measure == 100
    origins = {r.origins[key] for key in ("network.width", "recipe.half_life", "rhythm.measure")}
    assert origins == {"preset auto"}


def test_auto_tells_what_is_used_when_a_flag_wins_over_it() -> None:
    _, reason = configure(None, "auto", None, SHORT | {"recipe": {"batch_size": 12}, "network": {"width": 8}}, "cpu")
    assert "width 8, batches of 12, " in reason


@pytest.mark.parametrize(
    ("processes", "accumulate", "batch"),
    [(1, 1, 32), (2, 1, 32), (3, 1, 33), (5, 1, 30), (3, 2, 30), (7, 4, 28), (50, 1, 50), (24, 4, 96)],
)
def test_auto_chooses_a_batch_that_all_processes_and_parts_share(processes: int, accumulate: int, batch: int) -> None:
    flags: Flags = SHORT | {"recipe": {"accumulate": accumulate}}
    r, reason = configure("dcgan", "auto", None, flags, "cpu", processes)
    assert r.config.recipe.batch_size == batch
    assert batch % (processes * accumulate) == 0
    assert f"batches of {batch}," in reason


def test_auto_heeds_the_parts_that_a_file_asks_for(tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", "[recipe]\naccumulate = 6\n")
    assert resolved(SHORT, file=file, model="dcgan").config.recipe.batch_size == 30


@pytest.mark.parametrize(
    ("named", "found", "width"), [("cpu", "cuda", 32), ("cuda:1", "cpu", 64), ("auto", "cuda", 64)]
)
def test_auto_fits_the_device_that_a_file_names(tmp_path: Path, named: str, found: str, width: int) -> None:
    file = written(tmp_path / "a.toml", f'[run]\ndevice = "{named}"\n')
    r, reason = configure(None, "auto", file, SHORT, found)
    assert (r.config.run.device, r.config.network.width) == (named, width)
    assert reason.startswith(f"auto: {(found if named == 'auto' else named).partition(':')[0]} with")
    flagged = configure(None, "auto", file, SHORT | {"run": {"steps": 5, "device": "mps"}}, found)[1]
    assert flagged.startswith("auto: mps with")


def test_auto_makes_the_network_wider_where_there_is_a_card() -> None:
    slow, quick = resolved(SHORT).config, resolved(SHORT, device="cuda").config
    assert (quick.network.width, quick.recipe.batch_size) == (64, 2 * slow.recipe.batch_size)
    assert slow.network.width < 64


@pytest.mark.parametrize("resolution", [32, 64, 128, 256, 512])
def test_auto_never_chooses_an_impossible_width(resolution: int) -> None:
    width = fit_to_machine("cpu", 20, None, resolution)["network"]["width"]
    assert width % 8 == 0
    assert 16 <= width <= 64


@pytest.mark.parametrize(
    ("minutes", "steps", "half_life"),
    [
        (0.1, None, 500),
        (10, None, 5_000),
        (600, None, 10_000),
        (None, None, 10_000),  # twenty minutes
        (None, 5, 500),
        (None, 1_000, 1_600),  # a twentieth of its 32,000 images
        (None, 100_000, 10_000),
        (3, 100_000, 1_500),  # minutes are the surer of the two
    ],
)
def test_the_average_is_shorter_in_a_short_run(minutes: float | None, steps: int | None, half_life: float) -> None:
    assert fit_to_machine("cpu", minutes, steps, 64)["recipe"]["half_life"] == half_life


def test_auto_tells_steps_where_only_steps_are_said() -> None:
    r, reason = configure(None, "auto", None, {"run": {"steps": 1_000}}, "cpu")
    assert " and 1000 steps at " in reason
    assert r.config.recipe.half_life == 800


@pytest.mark.parametrize(
    ("minutes", "steps", "measure"), [(5, None, 100), (6, None, 500), (None, None, 500), (None, 60, 500)]
)
def test_a_short_run_is_measured_more_often(minutes: float | None, steps: int | None, measure: int) -> None:
    assert fit_to_machine("cpu", minutes, steps, 64)["rhythm"]["measure"] == measure


def test_the_classic_stays_as_published() -> None:
    """Radford et al. 2015, section 4."""
    r, reason = configure("dcgan-classic", "auto", None, SHORT, "cuda")
    c = r.config
    assert reason == "auto: dcgan-classic stays as published"
    assert (c.network.width, c.network.latent, c.recipe.batch_size) == (64, 100, 128)
    assert c.recipe.generator_lr == c.recipe.discriminator_lr == 2e-4
    assert (c.recipe.beta1, c.recipe.beta2, c.recipe.half_life) == (0.5, 0.999, 0)
    assert (c.game.objective, c.game.r1, c.game.augment, c.game.flip, c.game.joint) == (
        "non-saturating",
        0,
        "none",
        False,
        False,
    )


@pytest.mark.parametrize(("preset", "width"), [("half", 32), ("full", 64)])
def test_the_widths_of_the_presets(preset: str, width: int) -> None:
    assert resolved(preset=preset).config.network.width == width


# ------------------------------------------------------------------ objectives bring what they need


def test_wasserstein_gets_its_penalty_and_five_critic_steps() -> None:
    """Gulrajani et al. 2017, algorithm 1."""
    r = resolved({"game": {"objective": "wasserstein"}} | SHORT)
    assert (r.config.game.gradient_penalty, r.config.game.r1) == (10, 0)
    assert (r.config.recipe.critic_steps, r.config.recipe.penalty_interval) == (5, 1)
    assert r.origins["recipe.critic_steps"] == "objective wasserstein"


def test_a_flag_still_wins_over_what_an_objective_brings() -> None:
    flags: Flags = {"game": {"objective": "wasserstein"}, "recipe": {"critic_steps": 2}, "run": {"steps": 5}}
    assert resolved(flags).config.recipe.critic_steps == 2


def test_an_objective_named_in_the_file_brings_it_too(tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", '[game]\nobjective = "relativistic"\n')
    game = resolved(SHORT, file=file).config.game
    assert game.r1 == game.r2 == PROBED


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("call", "cause", "remedy"),
    [
        ({"preset": "smok"}, "There is no preset 'smok'.", "Did you mean 'smoke'?"),
        ({"preset": "x"}, "There is no preset 'x'.", "Known are: auto, full, half, smoke."),
        ({"model": "dcgan-clasic"}, "There is no model called 'dcgan-clasic'.", "Did you mean 'dcgan-classic'?"),
        ({"flags": {"game": {"objective": "hing"}}}, "There is no objective 'hing'.", "Did you mean 'hinge'?"),
        ({"flags": {"game": {"augment": "cutot"}}}, "There is no augmentation 'cutot'.", "Did you mean 'cutout'?"),
        ({"flags": {"game": {"r1": -0.5}}}, "r1 is -0.5, but cannot be negative.", "Use r1 = 0."),
        ({"flags": {"recipe": {"batch_size": 0}}}, "batch_size is 0, but must be at least 1.", "Try batch_size = 1."),
    ],
)
def test_what_is_unknown_is_named_with_what_is_near(call: dict[str, Any], cause: str, remedy: str) -> None:
    with pytest.raises(GansuiteError) as caught:
        resolved(**call)
    assert (caught.value.cause, caught.value.remedy, caught.value.exit_code) == (cause, remedy, 2)


@pytest.mark.parametrize(
    ("text", "cause", "remedy"),
    [
        ("[recipe]\nbatchsize = 3\n", r"no key 'batchsize' in section \[recipe\] \(from file a.toml\)", "'batch_size'"),
        ("[recipes]\nbatch_size = 3\n", r"no section \[recipes\] \(from file a.toml\)", "'recipe'"),
        ("batch_size = 3\n", "stands outside a section", "--dry-run"),
        ("[recipe\n", "cannot be read as TOML", "Mend"),
        ('[recipe]\nbatch_size = "many"\n', r"recipe.batch_size = 'many' \(from file a.toml\)", "--dry-run"),
        ('[run]\nminutes = "all night"\n', r"run.minutes = 'all night' \(from file a.toml\)", "--dry-run"),
        ('[data]\nresolution = "large"\n', r"data.resolution = 'large' \(from file a.toml\)", "--dry-run"),
        ('[network]\nname = "vqvae"\n', "There is no model called 'vqvae'", "dcgan"),
    ],
)
def test_a_file_that_will_not_do_is_named_with_its_key(tmp_path: Path, text: str, cause: str, remedy: str) -> None:
    with pytest.raises(GansuiteError, match=cause) as caught:
        resolved(file=written(tmp_path / "a.toml", text))
    assert remedy in caught.value.remedy


# ------------------------------------------------------------------ what a model is measured on


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a small model, by its name `mine`."""
    monkeypatch.chdir(tmp_path)
    data = {"path": "works", "resolution": 32, "crops": 4, "held_out": 0.3, "labels": "none", "seed": 5}
    create(Path("runs/mine"), resolved({"data": data}).to_dict())
    Path("runs/mine/checkpoints").mkdir()
    save_model(Path("runs/mine/model"))
    return Path("runs/mine")


@pytest.mark.parametrize("name", ["mine", "runs/mine", "runs/mine/model"])
def test_a_run_is_measured_on_its_own_works(run: Path, name: str) -> None:
    own = DataConfig("works", 32, crops=4, held_out=0.3, labels="none", seed=5)
    assert data_for(name, 32, {}) == own
    assert data_for(name, 32, {"path": "moved", "crops": 1}) == replace(own, path="moved", crops=1)


def test_another_model_is_measured_on_what_is_said(run: Path) -> None:
    said = {"path": "works", "crops": 4, "held_out": 0.3, "labels": "none", "seed": 5}
    for name in (str(save_model(Path("plain"))), "art", "somebody/anything"):
        assert data_for(name, 32, {}) == DataConfig(resolution=32)
        assert data_for(name, 32, said) == data_for("mine", 32, {})


def test_a_bundled_model_is_not_taken_for_a_run_of_that_name(run: Path) -> None:
    run.rename("runs/art")
    assert data_for("art", 64, {}) == DataConfig(resolution=64)
