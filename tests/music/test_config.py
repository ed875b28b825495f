"""What a music run is told: model, preset, file and flags, and what each preset stands for."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from gansuite.core.config import Resolved, from_saved
from gansuite.core.errors import GansuiteError
from gansuite.music import config as configuration
from gansuite.music import networks
from gansuite.music.config import MODELS, PRESETS, MusicConfig, configure
from gansuite.music.games.masked import GameConfig
from gansuite.music.networks.critic import CriticConfig
from gansuite.music.networks.musegan import MuseGANConfig
from gansuite.music.roll import Grid

Flags = dict[str, dict[str, Any]]
SHORT: Flags = {"run": {"steps": 5}}


def resolved(
    flags: Flags | None = None,
    preset: str = "auto",
    model: str | None = None,
    file: Path | None = None,
    device: str = "cpu",
    processes: int = 1,
) -> Resolved[MusicConfig]:
    return configure(model, preset, file, flags or {}, device, processes)[0]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf8")
    return path


def parameters(config: MusicConfig) -> tuple[int, int]:
    """Of generator and critic, on the grid of the data."""
    generator, critic = networks.build(config.data.grid, config.network, config.critic, 0)
    return count(generator), count(critic)


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "cores_usable", lambda: 2)


# ------------------------------------------------------------------ layers and origins


def test_the_model_wins_over_the_defaults_the_preset_the_file_and_flags_each_over_what_is_before(
    tmp_path: Path,
) -> None:
    file = written(tmp_path / "mine.toml", "[network]\nwidth = 24\n\n[recipe]\nbatch_size = 20\n")
    r = resolved({"recipe": {"batch_size": 12}}, "smoke", file=file)
    assert r.config.recipe.batch_size == 12  # the flag, over the file's 20 and smoke's 8
    assert r.config.network.width == 24  # the file, over smoke's 16
    assert r.config.network.step_width == 8  # smoke
    assert r.config.recipe.penalty_interval == 4  # the model, over the default of 8
    assert r.origins["recipe.batch_size"] == "flag"
    assert r.origins["network.width"] == "file mine.toml"
    assert r.origins["network.step_width"] == "preset smoke"
    assert r.origins["recipe.penalty_interval"] == "model musegan"
    assert "network.mode" not in r.origins


def test_our_recipe_is_what_one_gets_unasked() -> None:
    recipe = resolved(SHORT).config.recipe
    assert asdict(recipe).items() >= MODELS["musegan"]["recipe"].items()
    assert recipe.generator_lr == recipe.discriminator_lr == 1e-3
    assert 0 < recipe.final_lr < 1


def test_the_data_section_takes_paths_and_a_meter(tmp_path: Path) -> None:
    text = '[data]\npaths = ["a.zip", "b"]\nheld_out_paths = ["c"]\nmeter = [6, 8]\nbars = 8\nsteps_per_beat = 12\n'
    data = resolved(SHORT, file=written(tmp_path / "a.toml", text)).config.data
    assert (data.paths, data.held_out_paths) == (("a.zip", "b"), ("c",))
    assert data.grid == Grid(8, 12, (6, 8))


def test_the_printed_configuration_gives_itself_again(tmp_path: Path) -> None:
    flags: Flags = {"data": {"paths": ('my "songs"\\ß', "b.zip"), "meter": (3, 4)}, "run": {"steps": 7}}
    first = resolved(flags, "smoke")
    again = resolved(file=written(tmp_path / "again.toml", first.to_toml()))
    assert again.config == first.config
    assert "# preset smoke" in first.to_toml()


def test_the_printed_configuration_names_every_key() -> None:
    said = tomllib.loads(resolved(SHORT).to_toml())
    assert set(said) == {"data", "network", "critic", "game", "recipe", "rhythm", "run"}
    for section, kind in (("network", MuseGANConfig), ("critic", CriticConfig), ("game", GameConfig)):
        assert set(said[section]) == set(kind.__dataclass_fields__)


def test_a_saved_configuration_comes_back() -> None:
    first = resolved({"data": {"paths": ("a", "b")}} | SHORT, model="musegan-classic")
    assert from_saved(MusicConfig, first.to_dict()).config == first.config


def test_a_run_without_an_end_takes_twenty_minutes() -> None:
    assert (resolved().config.run.minutes, resolved().config.run.steps) == (20, None)
    assert (resolved(SHORT).config.run.minutes, resolved(preset="smoke").config.run.minutes) == (None, None)


def test_steps_are_counted_in_phrases() -> None:
    budget = resolved({"run": {"steps": 5}, "recipe": {"batch_size": 12}}).config.budget()
    assert (budget.images, budget.minutes) == (60, None)


# ------------------------------------------------------------------ presets


def test_smoke_is_over_in_forty_small_steps() -> None:
    c = resolved(preset="smoke").config
    assert (c.run.steps, c.recipe.batch_size) == (40, 8)
    assert c.rhythm.measure == c.run.steps
    assert max(parameters(c)) < 60_000


def test_small_is_what_two_cores_can_train() -> None:
    """1.1 million parameters and a critic of 0.9; auto chooses it where there is no card."""
    small, auto = resolved(SHORT, "small").config, resolved(SHORT).config
    assert small == auto
    assert (small.network.width, small.network.depth, small.recipe.batch_size) == (128, 2, 32)
    generator, critic = parameters(small)
    assert 1_000_000 < generator < 1_200_000
    assert 800_000 < critic < 1_000_000


def test_base_is_for_a_card_and_auto_finds_it() -> None:
    base, auto = resolved(SHORT, "base").config, resolved(SHORT, device="cuda").config
    assert base == auto
    assert (base.network.width, base.critic.chroma_width, base.recipe.batch_size) == (256, 256, 128)
    assert all(large > 3 * little for large, little in zip(parameters(base), (1_469_712, 970_600), strict=True))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("model", MODELS)
def test_every_preset_goes_with_every_model(model: str, preset: str) -> None:
    c = resolved(SHORT, preset, model).config
    assert c.network.name == model
    assert c.network.width == PRESETS[preset].get("network", {}).get("width", 128)


@pytest.mark.parametrize(
    ("processes", "accumulate", "batch"), [(1, 1, 32), (2, 1, 32), (3, 1, 33), (5, 1, 30), (3, 2, 30), (50, 1, 50)]
)
def test_auto_chooses_a_batch_that_all_processes_and_parts_share(processes: int, accumulate: int, batch: int) -> None:
    c = resolved({"recipe": {"accumulate": accumulate}} | SHORT, processes=processes).config
    assert c.recipe.batch_size == batch
    assert batch % (processes * accumulate) == 0


@pytest.mark.parametrize(("named", "found", "width"), [("cpu", "cuda", 128), ("cuda:1", "cpu", 256)])
def test_auto_fits_the_device_that_a_person_names(named: str, found: str, width: int) -> None:
    r, reason = configure(None, "auto", None, {"run": {"steps": 5, "device": named}}, found)
    assert r.config.network.width == width
    assert reason.startswith(f"preset auto: {named.partition(':')[0]} with 2 cores and 5 steps: musegan, width {width}")


def test_the_choice_is_told_in_a_sentence() -> None:
    _, reason = configure("musegan-threshold", "smoke", None, {"recipe": {"batch_size": 12}}, "cpu")
    assert reason == "preset smoke: cpu with 2 cores and 40 steps: musegan-threshold, width 16, batches of 12"
    assert "20 minutes" in configure(None, "small", None, {}, "cpu")[1]


# ------------------------------------------------------------------ models


def test_the_classic_stays_as_published() -> None:
    """Dong et al. 2018: hybrid, one roll of sounding notes, WGAN-GP with five critic steps, Adam (0.5, 0.9)."""
    for device in ("cpu", "cuda"):
        c = resolved(SHORT, model="musegan-classic", device=device).config
        n, g, r = c.network, c.game, c.recipe
        assert (n.mode, n.depth, n.given, n.lengths, n.norm, n.neurons) == (
            "hybrid",
            0,
            False,
            False,
            "batch",
            "threshold",
        )
        assert (g.objective, g.gradient_penalty, g.r1, g.r2, g.transpose) == ("wasserstein", 10, 0, 0, 0)
        assert (r.batch_size, r.critic_steps, r.penalty_interval, r.half_life) == (64, 5, 1, 0)
        assert (r.generator_lr, r.discriminator_lr, r.beta1, r.beta2, r.final_lr) == (2e-4, 2e-4, 0.5, 0.9, 1)
        assert not any((c.critic.onsets, c.critic.chroma, c.critic.private_logits, c.critic.spread))


def test_the_threshold_control_differs_in_its_neurons_alone() -> None:
    ours, control = (resolved(SHORT, model=name).config for name in ("musegan", "musegan-threshold"))
    assert (ours.network.neurons, control.network.neurons) == ("deterministic", "threshold")
    assert (ours.critic, ours.game, ours.recipe) == (control.critic, control.game, control.recipe)
    assert parameters(ours) == parameters(control)


def test_a_model_in_the_file_is_a_model(tmp_path: Path) -> None:
    file = written(tmp_path / "a.toml", '[network]\nname = "musegan-classic"\n')
    r = resolved(SHORT, file=file)
    assert (r.config.network.norm, r.config.recipe.critic_steps) == ("batch", 5)
    assert r.origins["network.norm"] == "model musegan-classic"


def test_a_file_for_one_model_says_nothing_of_another(tmp_path: Path) -> None:
    said = "[recipe]\ncritic_steps = 2\naccumulate = 2\n[network]\nname = 'musegan'\nnorm = 'none'\n"
    file = written(tmp_path / "a.toml", said)
    classic = resolved(SHORT, model="musegan-classic", file=file).config
    assert (classic.recipe.critic_steps, classic.network.norm) == (5, "batch")
    assert classic.recipe.accumulate == 2  # the classic says nothing of it
    assert resolved(SHORT, file=file).config.recipe.critic_steps == 2


def test_wasserstein_gets_its_penalty_and_five_critic_steps() -> None:
    """Gulrajani et al. 2017, algorithm 1."""
    r = resolved({"game": {"objective": "wasserstein"}} | SHORT)
    assert (r.config.game.gradient_penalty, r.config.game.r1, r.config.game.r2) == (10, 0, 0)
    assert (r.config.recipe.critic_steps, r.config.recipe.penalty_interval) == (5, 1)
    flags: Flags = {"game": {"objective": "wasserstein", "r1": 1.0}, "recipe": {"critic_steps": 2}}
    said = resolved(flags | SHORT).config
    assert (said.game.r1, said.recipe.critic_steps) == (1, 2)


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("call", "cause", "remedy"),
    [
        ({"preset": "smal"}, "There is no preset 'smal'.", "Did you mean 'small'?"),
        ({"preset": "x"}, "There is no preset 'x'.", "Known are: auto, base, small, smoke."),
        ({"model": "musegan-clasic"}, "There is no model called 'musegan-clasic'.", "Did you mean 'musegan-classic'?"),
        ({"flags": {"game": {"objective": "hing"}}}, "There is no objective 'hing'.", "Did you mean 'hinge'?"),
        ({"flags": {"network": {"mode": "jaming"}}}, "There is no mode 'jaming'.", "Did you mean 'jamming'?"),
        ({"flags": {"network": {"width": 30}}}, "The width is 30, but must be a multiple of 4.", "Use width = 128."),
        ({"flags": {"game": {"free": 2.0}}}, "free is 2.0, but must lie between 0 and 1.", "Use free = 0.5."),
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
        ("[critic]\nspektral = true\n", r"no key 'spektral' in section \[critic\] \(from file a.toml\)", "'spectral'"),
        ("[networks]\nwidth = 3\n", r"no section \[networks\] \(from file a.toml\)", "'network'"),
        ('[data]\npaths = "a.zip"\n', r"data.paths = 'a.zip' \(from file a.toml\)", "--dry-run"),
        ('[network]\nname = "music-vae"\n', "There is no model called 'music-vae'", "musegan"),
    ],
)
def test_a_file_that_will_not_do_is_named_with_its_key(tmp_path: Path, text: str, cause: str, remedy: str) -> None:
    with pytest.raises(GansuiteError, match=cause) as caught:
        resolved(file=written(tmp_path / "a.toml", text))
    assert remedy in caught.value.remedy
