"""A model that plays: a phrase follows from its seed and what is given, and from nothing else."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gansuite.core import __version__, randomness
from gansuite.core.errors import GansuiteError
from gansuite.core.model import load
from gansuite.music.networks.musegan import MuseGANConfig
from gansuite.music.roll import HOLD, LOWEST, ONSET, SILENT, Cells, Flags, Grid, from_sounding
from gansuite.music.sampler import Sampler, load_sampler

from .hand_rolls import C, roll
from .small_models import SMALL, save_model
from .small_phrases import phrases

GRID = Grid(bars=2)
SOUNDING = replace(SMALL, lengths=False)  # a model that does not tell onsets from held cells
DEAF = replace(SMALL, given=False, neurons="threshold", norm="batch", depth=0)


def sampler_of(folder: Path, config: MuseGANConfig = SMALL, grid: Grid = GRID, **changes: Any) -> Sampler:
    return load_sampler(save_model(folder, grid=grid, config=config, **changes))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "model", grid=GRID)


@pytest.fixture(scope="module")
def sampler(model: Path) -> Sampler:
    return load_sampler(model)


def some_bars(seed: int = 0, count: int = 1) -> Flags:
    return np.random.default_rng(seed).random((count, 5, 2)) < 0.5


def over_time(bars: Flags) -> Flags:
    return bars.repeat(GRID.bar, axis=2)


# ------------------------------------------------------------------ models


def test_a_sampler_knows_its_model(model: Path, sampler: Sampler) -> None:
    assert sampler.grid == GRID
    assert sampler.model_name == str(model)
    assert len(sampler.digest) == 64
    assert not sampler.generator.training
    assert sampler.device.type == "cpu"
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in sampler.generator.parameters())


def test_a_model_of_another_art_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="image"):
        sampler_of(tmp_path / "picture", art="image")


def test_a_device_that_is_not_there_is_refused(model: Path) -> None:
    with pytest.raises(GansuiteError, match="gramophone") as caught:
        load_sampler(model, "gramophone")
    assert "--device auto" in caught.value.remedy


GRID_SAVED = {
    "bars": 2,
    "steps_per_beat": 4,
    "meter": [4, 4],
    "tracks": ["drums", "piano", "guitar", "bass", "strings"],
}


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 20},
        {"latent": 9},
        {"latent": 10**9},
        {"depth": 2},
        {"depth": 10**9},
        {"refiner": 10**9},
        {"width": "four"},
        {"width": -4},
        {"mode": "composer"},
        {"mode": 5},
        {"given": False},
        {"lengths": False},
        {"density": 0},
        {"colour": "blue"},
        {"grid": None},
        {"grid": "4/4"},
        {"grid": {"bars": 2}},
        {"grid": {**GRID_SAVED, "bars": 4}},
        {"grid": {**GRID_SAVED, "bars": 10**9}},
        {"grid": {**GRID_SAVED, "bars": 0}},
        {"grid": {**GRID_SAVED, "bars": "two"}},
        {"grid": {**GRID_SAVED, "meter": [3, 4]}},
        {"grid": {**GRID_SAVED, "meter": [4, 0]}},
        {"grid": {**GRID_SAVED, "meter": [4]}},
        {"grid": {**GRID_SAVED, "meter": "4/4"}},
        {"grid": {**GRID_SAVED, "steps_per_beat": 0}},
        {"grid": {**GRID_SAVED, "steps_per_beat": -4}},
        {"grid": {**GRID_SAVED, "tracks": "drums"}},
        {"grid": {**GRID_SAVED, "tracks": ["kazoo"] * 5}},
        {"grid": {**GRID_SAVED, "tracks": ["drums"] * 5}},
        {"grid": {**GRID_SAVED, "tempo": 120}},
    ],
    ids=str,
)
def test_weights_that_do_not_fit_their_config_are_refused(model: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    network = {**load(model).config["network"], **changes}
    with pytest.raises(GansuiteError):
        sampler_of(tmp_path / "model", network=network)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="not finite"):
        sampler_of(tmp_path / "model", gain=math.nan)


# ------------------------------------------------------------------ seeds


def test_a_phrase_follows_from_its_seed_whatever_is_played_beside_it(sampler: Sampler) -> None:
    together = sampler.play(sampler.latents([3, 1, 4, 1]))
    assert (together.shape, together.dtype) == ((4, 5, 32, 84), np.uint8)
    assert np.array_equal(together[1], together[3])
    for row, seed in enumerate((3, 1, 4)):
        assert np.array_equal(sampler.play(sampler.latents([seed]))[0], together[row])
    assert not np.array_equal(together[0], together[1])


def test_the_number_of_threads_makes_no_difference(sampler: Sampler) -> None:
    threads = torch.get_num_threads()
    z = sampler.latents([5])
    one = sampler.play(z)
    try:
        torch.set_num_threads(2)
        assert np.array_equal(sampler.play(z), one)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_playing_leaves_the_global_random_numbers_alone(sampler: Sampler) -> None:
    before = torch.random.get_rng_state()
    sampler.play(sampler.latents([0]))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_latents_are_those_of_the_seeds(sampler: Sampler) -> None:
    assert torch.equal(sampler.latents([7, 2]), randomness.latents([7, 2], sampler.generator.latent_size))


@pytest.mark.parametrize("seeds", [[], [-1], [2**60]])
def test_what_is_no_seed_is_refused(sampler: Sampler, seeds: list[int]) -> None:
    with pytest.raises(GansuiteError, match="seed"):
        sampler.latents(seeds)


@pytest.mark.parametrize(
    "config",
    [SMALL, SOUNDING, DEAF, replace(SMALL, neurons="stochastic")],
    ids=["ours", "sounding", "classic", "stochastic"],
)
def test_every_model_plays_legal_music_and_strokes_of_drums(config: MuseGANConfig, tmp_path: Path) -> None:
    played = sampler_of(tmp_path / "model", config)
    cells = played.play(played.latents(range(6)), density=3.0)
    assert np.array_equal(cells, played.play(played.latents(range(6)), density=3.0))
    assert (cells[:, 0] == ONSET).any()
    assert not (cells[:, 0] == HOLD).any()
    assert (cells == HOLD).any()
    before = np.zeros_like(cells)
    before[:, :, 1:] = cells[:, :, :-1]
    assert (before[cells == HOLD] != SILENT).all()


# ------------------------------------------------------------------ density


@pytest.mark.parametrize("config", [SMALL, SOUNDING], ids=["lengths", "sounding"])
def test_a_greater_density_plays_more_notes(config: MuseGANConfig, tmp_path: Path) -> None:
    """On average, and never fewer in any phrase."""
    played = sampler_of(tmp_path / "model", config)
    z = played.latents(range(12))
    struck = [played.play(z, density=d) for d in (0.4, 0.7, 1.0, 1.5, 2.5)]
    counts = [(cells == ONSET if config.lengths else cells != SILENT).sum((1, 2, 3)) for cells in struck]
    for fewer, more in pairwise(counts):
        assert fewer.mean() < more.mean()
        assert (fewer <= more).all()
    assert np.array_equal(struck[2], played.play(z))


@pytest.mark.parametrize("density", [0.0, -1.0, math.inf, math.nan])
def test_an_impossible_density_is_refused(sampler: Sampler, density: float) -> None:
    with pytest.raises(GansuiteError, match="must be above 0") as caught:
        sampler.play(sampler.latents([0]), density=density)
    assert "--density 1.5" in caught.value.remedy


# ------------------------------------------------------------------ what is given


@pytest.mark.parametrize("config", [SMALL, SOUNDING], ids=["lengths", "sounding"])
def test_what_is_given_stays_as_it_is(config: MuseGANConfig, tmp_path: Path) -> None:
    played = sampler_of(tmp_path / "model", config)
    cells, told = phrases(GRID, 3, share=0.2), some_bars(count=3)
    z = played.latents([0, 1, 2])
    found = played.play(z, cells, told, density=2.0)
    kept = over_time(told)
    assert np.array_equal(found[kept], cells[kept])
    assert not np.array_equal(found[~kept], cells[~kept])
    assert np.array_equal(played.play(z[1:2], cells[1:2], told[1:2], density=2.0), found[1:2])


def given_track(*notes: tuple[int, int, int]) -> tuple[Cells, Flags]:
    """One phrase of which the second bar of the piano is given."""
    cells, told = np.zeros((1, 5, 32, 84), np.uint8), np.zeros((1, 5, 2), bool)
    cells[0, 1] = roll(*notes, steps=32)
    told[0, 1, 1] = True
    return cells, told


@pytest.mark.parametrize("config", [SMALL, SOUNDING], ids=["lengths", "sounding"])
def test_given_notes_that_are_tied_over_or_repeated_stay_so(config: MuseGANConfig, tmp_path: Path) -> None:
    """A note held from the bar before, which is not given, and two strokes in a row."""
    played = sampler_of(tmp_path / "model", config)
    cells, told = given_track((C, 8, 12), (C + 7, 20, 1), (C + 7, 21, 1))
    found = played.play(played.latents([0]), cells, told)
    assert found[0, 1, 16:20, C - LOWEST].tolist() == [HOLD] * 4
    assert found[0, 1, 20:22, C + 7 - LOWEST].tolist() == [ONSET, ONSET]
    assert np.array_equal(found[0, 1, 16:], cells[0, 1, 16:])


def test_only_what_is_given_counts_and_nothing_is_written_into_it(sampler: Sampler) -> None:
    cells, told = phrases(GRID, 1, share=0.2), some_bars()
    other = np.where(over_time(told)[..., None], cells, from_sounding(phrases(GRID, 1, 9) > 0))
    before = other.copy()
    z = sampler.latents([0])
    assert np.array_equal(sampler.play(z, cells, told), sampler.play(z, other, told))
    assert np.array_equal(other, before)


def test_what_is_given_makes_a_difference(sampler: Sampler) -> None:
    z, told = sampler.latents([0]), np.zeros((1, 5, 2), bool)
    told[:, 1] = True
    one, other = (sampler.play(z, phrases(GRID, 1, seed, share=0.2), told, density=3.0) for seed in (1, 2))
    assert not np.array_equal(one[:, 2:], other[:, 2:])


def test_nothing_given_is_from_nothing(sampler: Sampler) -> None:
    z, cells = sampler.latents([0]), phrases(GRID, 1)
    assert np.array_equal(sampler.play(z, cells, np.zeros((1, 5, 2), bool)), sampler.play(z))


def test_a_model_that_only_plays_from_nothing_says_so(tmp_path: Path) -> None:
    played = sampler_of(tmp_path / "model", DEAF)
    z, cells, told = played.latents([0]), phrases(GRID, 1), some_bars()
    with pytest.raises(GansuiteError, match="only plays from nothing") as caught:
        played.play(z, cells, told)
    assert played.model_name in caught.value.cause
    assert "gansuite models list" in caught.value.remedy
    assert np.array_equal(played.play(z, cells, told & False), played.play(z))


# ------------------------------------------------------------------ provenance


def test_a_piece_tells_how_it_was_made(sampler: Sampler) -> None:
    told = sampler.provenance("pieces", 7, {"form": "AABA"})
    assert (told.art, told.model, told.model_digest, told.seed, told.version) == (
        "music",
        sampler.model_name,
        sampler.digest,
        7,
        __version__,
    )
    assert told.settings == {"kind": "pieces", "form": "AABA", "device": "cpu"}
