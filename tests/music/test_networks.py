"""MuseGAN's generator: shapes, what is given, legal music, and who hears whom; and that its critic goes with it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.music import networks
from gansuite.music.networks.channels import to_cells, to_channels
from gansuite.music.networks.critic import Critic, CriticConfig
from gansuite.music.networks.levelling import surest
from gansuite.music.networks.musegan import MODES, Generator, MuseGANConfig
from gansuite.music.roll import HOLD, ONSET, SILENT, TRACKS, Cells, Grid

from .hand_rolls import C, roll
from .small_phrases import channels, noise, phrases, some_bars
from .small_runs import TINY, TINY_CRITIC, TWO_BARS

SHORT = Grid(bars=2, steps_per_beat=2)
PAPER = replace(TINY, depth=0, given=False)  # Dong et al. 2018: nothing but latents and bar generators


def built(
    config: MuseGANConfig = TINY, grid: Grid = SHORT, streams: CriticConfig = TINY_CRITIC
) -> tuple[Generator, Critic]:
    return networks.build(grid, config, streams, seed=0)


def latents(generator: Generator, count: int = 2, seed: int = 0) -> Tensor:
    return noise(count, generator.latent_size, seed=seed)


def played(generator: Generator, count: int = 2, **more: Any) -> Tensor:
    return generator(latents(generator, count), **more).detach()


def judged(critic: Critic, x: Tensor) -> Tensor:
    """Logits of phrases of which nothing is given and every track is there."""
    k, bars = len(critic.grid.tracks), critic.grid.bars
    return critic(x, torch.zeros(len(x), k, bars, dtype=torch.bool), torch.ones(len(x), k, dtype=torch.bool)).detach()


def is_legal(cells: Cells) -> bool:
    """Whether every held cell has a sounding one before it."""
    before = np.zeros_like(cells)
    before[..., 1:, :] = cells[..., :-1, :]
    return bool((before[cells == HOLD] != SILENT).all())


# ------------------------------------------------------------------ shapes


@pytest.mark.parametrize("lengths", [True, False])
@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize("mode", MODES)
def test_every_choice_of_the_paper_plays_and_is_judged(mode: str, depth: int, lengths: bool) -> None:
    for norm, refiner, told in itertools.product(("none", "batch"), (0, 1), (False, True)):
        config = replace(TINY, mode=mode, depth=depth, lengths=lengths, norm=norm, refiner=refiner, given=told)
        generator, critic = built(config)
        x = played(generator, 3)
        assert x.shape == (3, 5, 16, 84, 2 if lengths else 1)
        assert set(x.unique().tolist()) <= {0, 1}
        assert judged(critic, x).shape == (3, 1 + 2 + 5 * 2)
        assert is_legal(to_cells(x, TRACKS))


@pytest.mark.parametrize("meter", [(4, 4), (3, 4), (6, 8)])
@pytest.mark.parametrize("bars", [1, 2, 4, 8])
@pytest.mark.parametrize("steps_per_beat", [3, 4, 6, 12])
def test_every_grid_of_music_can_be_played(meter: tuple[int, int], bars: int, steps_per_beat: int) -> None:
    if meter == (6, 8) and steps_per_beat == 3:
        steps_per_beat = 2
    grid = Grid(bars, steps_per_beat, meter)
    generator, critic = built(grid=grid)
    x = played(generator)
    assert x.shape == (2, 5, grid.steps, 84, 2)
    assert judged(critic, x).shape == (2, 1 + bars + 5 * bars)


@pytest.mark.parametrize("tracks", [("piano",), ("bass", "drums"), ("drums", "guitar", "strings")])
@pytest.mark.parametrize("mode", MODES)
def test_a_band_may_be_smaller(mode: str, tracks: tuple[str, ...]) -> None:
    grid = replace(SHORT, tracks=tracks)
    generator, critic = built(replace(TINY, mode=mode), grid)
    x = played(generator)
    assert x.shape[:2] == (2, len(tracks))
    assert judged(critic, x).shape == (2, 1 + 2 + 2 * len(tracks))


@pytest.mark.parametrize(("mode", "vectors"), [("composer", 2), ("jamming", 10), ("hybrid", 12)])
def test_latents_are_shared_private_or_both(mode: str, vectors: int) -> None:
    """Static and moving: one of each for all, or one of each for every track."""
    generator, _ = built(replace(TINY, mode=mode))
    assert generator.latent_size == vectors * TINY.latent


def test_phrases_and_logits_are_float32_under_bf16_autocast() -> None:
    """Losses and neurons must not be rounded to eight bits."""
    generator, critic = built()
    with torch.autocast("cpu", torch.bfloat16):
        x = generator(latents(generator))
        assert x.dtype == generator.logits(latents(generator), None, None, None).dtype == torch.float32
        assert judged(critic, x).dtype == torch.float32


@pytest.mark.parametrize("mode", MODES)
def test_every_weight_gets_a_gradient(mode: str) -> None:
    generator, critic = built(replace(TINY, mode=mode, refiner=1, norm="batch"))
    cells, told, there = channels(phrases(SHORT, 4)), some_bars(SHORT, 4), torch.ones(4, 5, dtype=torch.bool)
    critic(generator(latents(generator, 4), cells, told, there), told, there).sum().backward()
    for module in (generator, critic):
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name


# ------------------------------------------------------------------ building


def test_the_weights_are_a_function_of_the_seed() -> None:
    one, same, other = (networks.build(SHORT, TINY, TINY_CRITIC, seed) for seed in (3, 3, 4))
    for a, b, c in zip(one, same, other, strict=True):
        for weight, again in zip(a.state_dict().values(), b.state_dict().values(), strict=True):
            assert torch.equal(weight, again)
        assert not torch.equal(next(a.parameters()), next(c.parameters()))


def test_building_leaves_the_global_random_numbers_alone() -> None:
    before = torch.random.get_rng_state()
    built()
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("config", [TINY, replace(TINY, mode="composer", lengths=False, refiner=1, norm="batch")])
def test_the_description_of_a_generator_builds_it_again(config: MuseGANConfig) -> None:
    generator, _ = built(config, Grid(2, 4, (3, 4), ("bass", "drums")))
    again = networks.build_generator(networks.describe(generator))
    again.load_state_dict(generator.state_dict())
    assert (again.grid, again.config) == (generator.grid, generator.config)
    z = latents(generator)
    assert torch.equal(generator.eval()(z), again.eval()(z))


@pytest.mark.parametrize(
    ("changes", "cause", "remedy"),
    [
        ({"mode": "jaming"}, "no mode 'jaming'", "'jamming'"),
        ({"norm": "layer"}, "no norm 'layer'", "batch, none"),
        ({"neurons": "binary"}, "no 'binary' neurons", "deterministic"),
        ({"width": 18}, "width is 18, but must be a multiple of 4", "128"),
        ({"latent": 0}, "latent is 0", "latent = 1"),
        ({"octave_width": -1}, "octave_width is -1", "octave_width = 1"),
        ({"depth": -1}, "depth is -1", "depth"),
        ({"depth": 10**9}, "depth is 1000000000", "64 at most"),
        ({"refiner": 65}, "refiner is 65", "64 at most"),
        ({"density": 0.0}, "density is 0.0", "0.03"),
        ({"density": 1.0}, "density is 1.0", "0.03"),
        ({"slope": 0.0}, "slope is 0.0", "slope = 1"),
    ],
)
def test_a_generator_that_cannot_be_is_refused(changes: dict[str, Any], cause: str, remedy: str) -> None:
    with pytest.raises(GansuiteError, match=cause) as caught:
        replace(TINY, **changes)
    assert remedy in caught.value.remedy


def test_a_critic_without_width_is_refused() -> None:
    with pytest.raises(GansuiteError, match="chroma_width is 0"):
        CriticConfig(chroma_width=0)


@pytest.mark.parametrize("meter", [(7, 8), (5, 8), (3, 8)])
def test_bars_that_are_not_whole_beats_are_refused(meter: tuple[int, int]) -> None:
    with pytest.raises(GansuiteError, match="not a whole number of quarter notes") as caught:
        built(grid=Grid(2, 4, meter))
    assert "--meter 4/4" in caught.value.remedy


def test_a_phrase_without_bars_is_refused() -> None:
    with pytest.raises(GansuiteError, match="cannot have 0 bars") as caught:
        built(grid=Grid(bars=0))
    assert "--bars 4" in caught.value.remedy


@pytest.mark.parametrize("tracks", [(), ("piano", "organ"), ("bass", "bass"), ("drum",), (1, 2)])
def test_tracks_that_nobody_plays_are_refused(tracks: Any) -> None:
    with pytest.raises(GansuiteError, match="tracks cannot be") as caught:
        built(grid=replace(SHORT, tracks=tracks))
    assert "drums, piano, guitar, bass, strings" in caught.value.remedy


# ------------------------------------------------------------------ what is given


@pytest.mark.parametrize("neurons", ["threshold", "deterministic", "stochastic"])
@pytest.mark.parametrize("lengths", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_given_bars_come_back_as_they_are(mode: str, lengths: bool, neurons: str) -> None:
    config = replace(TINY, mode=mode, lengths=lengths, neurons=neurons)
    generator, _ = built(config)
    cells, told = channels(phrases(SHORT, 3), config.channels), some_bars(SHORT, 3)
    noise_ = torch.rand(3, 5, 16, 84, config.channels, generator=torch.Generator().manual_seed(1))
    x = played(generator, 3, cells=cells, given=told, noise=noise_)
    kept = told.repeat_interleave(8, 2)
    assert torch.equal(x[kept], cells[kept])
    assert not torch.equal(x[~kept], cells[~kept])


def test_only_what_is_given_is_heard() -> None:
    generator, _ = built()
    one, other, told = phrases(SHORT, 3, 1), phrases(SHORT, 3, 2), some_bars(SHORT, 3)
    other = np.where(told.repeat_interleave(8, 2)[..., None].numpy(), one, other)
    first, second = (played(generator, 3, cells=channels(cells), given=told) for cells in (one, other))
    assert torch.equal(first, second)


def test_given_music_is_heard_by_all_tracks_and_bars() -> None:
    generator, _ = built()
    told = torch.zeros(1, 5, 2, dtype=torch.bool)
    told[:, 1, 0] = True
    z = latents(generator, 1)
    one, other = (
        generator.logits(
            z, channels(phrases(SHORT, 1, seed)) * told.repeat_interleave(8, 2)[..., None, None], told, None
        )
        for seed in (1, 2)
    )
    changed = (one != other).unflatten(2, (2, 8)).flatten(3).any(3)
    assert bool(changed.all())


HEARD = {  # what is changed in a given C of the second beat, and whether the pitch classes are answered otherwise
    "an octave higher": ((C + 12, 4, 4), 1, False),
    "shorter": ((C, 6, 2), 1, True),
    "a semitone higher": ((C + 1, 4, 4), 1, True),
    "on another given instrument": ((C, 4, 4), 3, False),
    "on the drums": ((C, 4, 4), 0, True),
}


@pytest.mark.parametrize("change", HEARD)
def test_pitch_classes_that_are_given_are_answered_in_their_beat(change: str) -> None:
    """Heard by all tracks and octaves, whatever the tokens make of it; drums have no pitch classes."""
    generator, _ = built(grid=TWO_BARS)
    assert generator.encoder is not None
    for parameter in generator.encoder.bar.parameters():
        parameter.data.zero_()
    note, track, otherwise = HEARD[change]
    told = torch.tensor([True, True, False, True, False])[None, :, None].expand(1, 5, 2)
    z = latents(generator, 1)
    one, two = (
        generator.logits(z, channels(one_note(*what)), told, None)[0] for what in (((C, 4, 4), 1), (note, track))
    )
    changed = (one != two).unflatten(1, (8, 4)).unflatten(3, (7, 12)).any(5).any(4).any(2)  # tracks, beats, octaves
    assert torch.equal(changed, (torch.arange(8) == 1)[None, :, None].expand(5, 8, 7) & otherwise)


def test_chords_are_agreed_on_by_all_tracks_in_their_beat() -> None:
    """Nothing is given: a G in the chord of the second beat of each bar is heard by all tracks and octaves then."""
    generator, _ = built(grid=TWO_BARS)
    assert generator.bar.chords is not None
    z = latents(generator, 1)
    one = generator.logits(z, None, None, None)[0]
    generator.bar.chords.bias.data[12 + 7] += 4
    other = generator.logits(z, None, None, None)[0]
    changed = (one != other).unflatten(1, (8, 4)).unflatten(3, (7, 12)).any(5).any(4).any(2)  # tracks, beats, octaves
    assert torch.equal(changed, (torch.arange(8) % 4 == 1)[None, :, None].expand(5, 8, 7))


def test_bars_that_are_unsure_fall_silent_once_it_has_learnt() -> None:
    generator, _ = built(replace(TINY, density=0.5))
    z = latents(generator, 8)
    sure = surest(generator.logits(z, None, None, None), SHORT.bars)
    generator.levelling.hush[1] = sure[:, 1].median()
    heard = [(x != 0).unflatten(2, (2, -1)).flatten(3).any(3) for x in (generator(z), generator.eval()(z))]
    quiet = sure <= generator.levelling.hush[:, None]
    assert 0 < int(quiet[:, 1].sum()) < 16
    assert not quiet[:, [0, 2, 3, 4]].any()
    assert torch.equal(heard[1], heard[0] & ~quiet)
    assert bool(heard[0][quiet].all())


def one_note(note: tuple[int, int, int], track: int) -> Cells:
    """A phrase in which one track plays one note."""
    cells = np.zeros((1, 5, 32, 84), np.uint8)
    cells[:, track] = roll(note, steps=32)
    return cells


def test_nothing_given_is_the_same_as_saying_nothing() -> None:
    generator, _ = built()
    silence, nothing = torch.zeros(2, 5, 16, 84, 2), torch.zeros(2, 5, 2, dtype=torch.bool)
    said = generator.logits(latents(generator), silence, nothing, None)
    torch.testing.assert_close(generator.logits(latents(generator), None, None, None), said)


@pytest.mark.parametrize("lengths", [True, False])
def test_absent_tracks_are_silent(lengths: bool) -> None:
    config = replace(TINY, lengths=lengths, density=0.9)
    generator, _ = built(config)
    there = torch.tensor([[True, False, True, True, False], [False, True, True, True, True]])
    x = played(generator, cells=channels(phrases(SHORT, 2), config.channels), given=some_bars(SHORT, 2), present=there)
    assert torch.equal(x.flatten(2).any(2), there)


def test_absent_tracks_are_known_to_the_others() -> None:
    generator, _ = built()
    nothing = torch.zeros(1, 5, 2, dtype=torch.bool), torch.zeros(1, 5, 16, 84, 2)
    there = torch.tensor([[True, False, True, True, True]])
    z = latents(generator, 1)
    one, other = (generator.logits(z, nothing[1], nothing[0], present) for present in (None, there))
    assert bool((one != other).any())


# ------------------------------------------------------------------ legal music


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["deterministic", "stochastic"]))
def test_nothing_is_held_that_was_not_struck(seed: int, neurons: str) -> None:
    generator, _ = built(replace(TINY, neurons=neurons))
    x = generator.notes(noise(2, 5, 16, 84, 2, seed=seed), torch.full((2, 5, 16, 84, 2), 0.4))
    onset, hold = x.unbind(-1)
    cells = np.where(onset > 0, ONSET, np.where(hold > 0, HOLD, SILENT))
    assert is_legal(cells)
    assert not (onset * hold).any()
    assert not hold[:, 0].any()  # the drums
    assert hold[:, 1:].any()


def test_threshold_drums_are_not_held_either() -> None:
    generator, _ = built(replace(TINY, neurons="threshold"))
    hold = played(generator)[..., 1]
    assert not hold[:, 0].any()
    assert (hold[:, 1:] > 0).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2]))
def test_cells_are_legal_whatever_is_played(seed: int, count: int) -> None:
    x = torch.rand(2, 5, 16, 84, count, generator=torch.Generator().manual_seed(seed))
    cells = to_cells(x, TRACKS)
    assert cells.dtype == np.uint8
    assert is_legal(cells[:, 1:])
    assert set(np.unique(cells)) == {SILENT, ONSET, HOLD}
    if count == 1:
        assert np.array_equal(cells > 0, (x[..., 0] > 0.5).numpy())
        assert not (cells[:, 0] == HOLD).any()
    else:
        assert np.array_equal(cells == ONSET, (x[..., 0] > 0.5).numpy())


@pytest.mark.parametrize("place", [0, 2])
def test_sounding_cells_of_drums_are_strokes_wherever_the_drums_are(place: int) -> None:
    x = torch.zeros(1, 3, 4, 84, 1)
    x[:, :, 1:, 7] = 1
    tracks = ["piano", "bass"]
    tracks.insert(place, "drums")
    cells = to_cells(x, tracks)[0, :, :, 7].tolist()
    assert cells.pop(place) == [SILENT, ONSET, ONSET, ONSET]
    assert cells == [[SILENT, ONSET, HOLD, HOLD]] * 2


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_cells_become_channels_and_the_same_cells_again(seed: int) -> None:
    cells = phrases(SHORT, 2, seed)
    assert np.array_equal(to_cells(channels(cells), TRACKS), cells)
    sounding = to_channels(torch.from_numpy(cells), 1)
    assert np.array_equal(sounding[..., 0].bool().numpy(), cells != SILENT)
    assert np.array_equal(to_cells(sounding, TRACKS), cells)  # here no note follows another of its pitch at once


def test_the_first_notes_are_as_dense_as_asked() -> None:
    """The last bias starts at logit(density): with weights of 0 that share would sound."""
    for density in (0.03, 0.4):
        generator, _ = built(replace(PAPER, density=density, neurons="threshold"))
        generator.bar.pitch.weight.data.zero_()
        assert played(generator)[..., 0].unique().tolist() == pytest.approx([density])


def test_a_greater_density_adds_onsets_and_takes_none_away() -> None:
    generator, _ = built()
    sparse, plain, dense = (played(generator, density=d)[..., 0] for d in (-0.3, 0.0, 0.3))
    assert sparse.sum() < plain.sum() < dense.sum()
    assert bool((sparse <= plain).all())
    assert bool((plain <= dense).all())


# ------------------------------------------------------------------ the refiner


def test_a_refiner_begins_as_nothing_and_then_hears_its_surroundings() -> None:
    generator, _ = built(replace(PAPER, refiner=2))
    logits = noise(1, 5, 16, 84, 2)
    assert torch.equal(generator.refiner(logits), logits)
    generator.refiner.gains.data.fill_(1.0)
    other = logits.clone()
    other[0, 1, 8, 40, 0] += 1
    changed = (generator.refiner(logits) != generator.refiner(other))[0]
    assert changed.flatten(1).any(1).tolist() == [True] * 5  # all tracks together
    steps, pitches = (changed.any(3).any(0).any(axis).nonzero().flatten() for axis in (1, 0))
    assert (int(steps.min()), int(steps.max())) == (4, 12)  # two units of twice a kernel of 3 x 13
    assert (int(pitches.min()), int(pitches.max())) == (16, 64)
