"""Which tracks and bars a latent reaches: the three models of Dong et al. 2018, section 4."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gansuite.music import networks
from gansuite.music.networks.layers import TemporalGenerator
from gansuite.music.networks.musegan import MODES, Generator, MuseGANConfig
from gansuite.music.roll import Grid

from .small_phrases import channels, noise, phrases
from .small_runs import TINY, TINY_CRITIC, TWO_BARS

PAPER = replace(TINY, depth=0, given=False)  # nothing but latents and bar generators


def built(config: MuseGANConfig, grid: Grid = TWO_BARS) -> Generator:
    return networks.build(grid, config, TINY_CRITIC, seed=0)[0]


def latents(generator: Generator, count: int = 2) -> Tensor:
    return noise(count, generator.latent_size)


VECTORS = {"composer": (1, 0), "jamming": (0, 5), "hybrid": (1, 5)}  # shared, private


def moved_logits(generator: Generator, vector: int) -> list[list[bool]]:
    """By track and bar: whether logits change with that latent vector."""
    z = latents(generator, 1)
    other = z.clone()
    other[:, vector * TINY.latent : (vector + 1) * TINY.latent] += 1
    one, two = (generator.logits(x, None, None, None) for x in (z, other))
    found: list[list[bool]] = (one != two)[0].unflatten(1, (generator.grid.bars, -1)).flatten(2).any(2).tolist()
    return found


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_private_latents_touch_their_track_alone_and_shared_ones_all(mode: str, told: bool) -> None:
    """Order of the vectors: shared static, shared moving, private static by track, private moving by track."""
    generator = built(replace(PAPER, mode=mode, given=told), TWO_BARS)
    shared, private = VECTORS[mode]
    for vector in range(2 * shared):
        assert moved_logits(generator, vector) == [[True] * 2] * 5
    for vector in range(2 * private):
        track = vector % 5
        assert moved_logits(generator, 2 * shared + vector) == [[k == track] * 2 for k in range(5)]


def test_with_attention_the_tracks_hear_each_other() -> None:
    generator = built(replace(PAPER, depth=1))
    assert moved_logits(generator, 2) == [[True] * 2] * 5  # private to the drums


@pytest.mark.parametrize("mode", MODES)
def test_static_latents_are_the_same_in_every_bar_and_moving_ones_are_not(mode: str) -> None:
    generator = built(replace(PAPER, mode=mode), Grid(bars=4))
    told = generator.plan(latents(generator)).detach()  # (B, G, M, still and moving, shared and private)
    assert told.shape == (2, 1 if mode == "composer" else 5, 4, generator.plan.size)
    for number, part in enumerate(told.split(TINY.latent, -1)):
        same = bool((part == part[:, :, :1]).all())
        assert same == (number % 2 == 0)


def test_a_static_private_latent_reaches_its_bar_generator_as_it_is() -> None:
    generator = built(PAPER)
    z = latents(generator)
    vectors = z.unflatten(1, (12, TINY.latent))
    told = generator.plan(z)[:, :, 1]
    torch.testing.assert_close(told[..., : TINY.latent], vectors[:, :1].expand(-1, 5, -1))
    torch.testing.assert_close(told[..., 2 * TINY.latent : 3 * TINY.latent], vectors[:, 2:7])


def test_in_a_composer_one_bar_generator_plays_all_tracks() -> None:
    composer, jamming = (built(replace(PAPER, mode=mode)) for mode in ("composer", "jamming"))
    assert composer.bar.beat.weight.shape[0] == 1
    assert jamming.bar.beat.weight.shape[0] == 5


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("bars", [1, 2, 3, 4, 8])
def test_each_group_has_a_temporal_generator_of_its_own(bars: int, norm: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        temporal = TemporalGenerator(3, 4, bars, norm, 6).eval()
    z = noise(2, 3, 4)
    other = z.clone()
    other[:, 1] += 1
    one, two = temporal(z), temporal(other)
    assert one.shape == (2, 3, bars, 4)
    assert (one != two).any(3).tolist() == [[[k == 1] * bars for k in range(3)]] * 2


def test_a_bar_is_encoded_by_itself() -> None:
    generator = built(TINY, TWO_BARS)
    assert generator.encoder is not None
    one, other = channels(phrases(TWO_BARS, 1, 1)), channels(phrases(TWO_BARS, 1, 1))
    other[:, 3, 20, 40] = 1 - other[:, 3, 20, 40]
    changed = (generator.encoder(one) != generator.encoder(other)).any(3)[0]
    assert changed.tolist() == [[k == 3 and m == 1 for m in range(2)] for k in range(5)]
