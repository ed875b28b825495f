"""The critic: what each of its streams hears (Dong and Yang 2018), and what it makes of a whole batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansuite.music import networks
from gansuite.music.networks.critic import Critic, CriticConfig, spread
from gansuite.music.networks.musegan import MuseGANConfig
from gansuite.music.roll import LOWEST, Cells, Grid

from .hand_rolls import C, roll
from .small_phrases import channels, noise, phrases
from .small_runs import TINY, TINY_CRITIC, TWO_BARS

SHORT = Grid(bars=2, steps_per_beat=2)


def built(config: MuseGANConfig = TINY, grid: Grid = SHORT, streams: CriticConfig = TINY_CRITIC) -> Critic:
    return networks.build(grid, config, streams, seed=0)[1]


def judged(critic: Critic, x: Tensor) -> Tensor:
    """Logits of phrases of which nothing is given and every track is there."""
    k, bars = len(critic.grid.tracks), critic.grid.bars
    return critic(x, torch.zeros(len(x), k, bars, dtype=torch.bool), torch.ones(len(x), k, dtype=torch.bool)).detach()


def deaf(streams: CriticConfig, config: MuseGANConfig = TINY) -> Critic:
    """A critic whose private streams hear nothing, in double precision."""
    critic = built(config, TWO_BARS, streams)
    for parameter in critic.private.bar.parameters():
        parameter.data.zero_()
    return critic.double()


def phrase(*notes: tuple[int, int, int], track: int = 1) -> Cells:
    """A phrase of two bars in which one track plays: (1, 5, 32, 84)."""
    cells = np.zeros((1, 5, 32, 84), np.uint8)
    cells[:, track] = roll(*notes, steps=32)
    return cells


PLAIN = phrase((C, 4, 4))
CHANGES = {  # what is changed in one long C, and which streams then hear something else
    "an octave higher": (phrase((C + 12, 4, 4)), set()),
    "a semitone higher": (phrase((C + 1, 4, 4)), {"chroma"}),
    "struck twice": (phrase((C, 4, 2), (C, 6, 2)), {"onsets"}),
    "later": (phrase((C, 5, 4)), {"onsets", "chroma"}),
    "in the other bar": (phrase((C, 20, 4)), {"onsets", "chroma"}),
    "on another instrument": (phrase((C, 4, 4), track=2), {"onsets", "chroma"}),
}


@pytest.mark.parametrize("stream", ["onsets", "chroma", "neither"])
@pytest.mark.parametrize("change", CHANGES)
def test_each_stream_hears_what_it_should(change: str, stream: str) -> None:
    critic = deaf(replace(TINY_CRITIC, onsets=stream == "onsets", chroma=stream == "chroma"))
    other, heard = CHANGES[change]
    one, two = (judged(critic, channels(cells).double())[:, :3] for cells in (PLAIN, other))  # the phrase and its bars
    assert bool((one != two).any()) == (stream in heard)


def rhythm(critic: Critic, x: Tensor) -> Tensor:
    return critic._rhythm(x, critic._sums(x))


def test_begins_and_ends_by_hand() -> None:
    """C from step 4 to 7, struck again at 6: it begins at 4 and 6, and ends at 6 and 8."""
    critic = built(TINY, TWO_BARS)
    found = rhythm(critic, channels(phrase((C, 4, 2), (C, 6, 2))))  # (B, bars, steps x tracks x 2)
    events = found.unflatten(2, (16, 5, 2))[0]
    assert events[0, :, 1, 0].nonzero().flatten().tolist() == [4, 6]
    assert events[0, :, 1, 1].nonzero().flatten().tolist() == [6, 8]
    assert float(events.sum()) == 4


def test_begins_and_ends_of_sounding_cells_by_hand() -> None:
    """Without lengths two strokes in a row are one note; a chord of three begins three times."""
    config = replace(TINY, lengths=False)
    critic = built(config, TWO_BARS)
    chord = [(C, 4, 4), (C + 4, 4, 4), (C + 7, 4, 2)]
    events = rhythm(critic, channels(phrase(*chord, (C + 7, 6, 2)), 1)).unflatten(2, (16, 5, 2))[0]
    assert {(int(s), int(e)): float(events[0, s, 1, e]) for s, e in events[0, :, 1].nonzero()} == {(4, 0): 3, (8, 1): 3}


def test_chroma_by_hand() -> None:
    """Half a beat is two steps: C4 and C5 through one step of them, G for both."""
    critic = built(TINY, TWO_BARS)
    sums = critic._sums(channels(phrase((C, 4, 1), (C + 12, 4, 1), (C + 7, 4, 2))))
    found = critic._chroma(sums).unflatten(2, (5, 12))[0]
    assert found.shape == (16, 5, 12)
    assert LOWEST % 12 == 0  # the first class is C
    assert {tuple(place): float(found[tuple(place)]) for place in found.nonzero().tolist()} == {
        (2, 1, 0): 1.0,
        (2, 1, 7): 1.0,
    }


def test_private_streams_hear_a_track_and_merged_ones_all() -> None:
    critic = built(TINY, TWO_BARS)
    one, two = (judged(critic, channels(cells))[0] for cells in (PLAIN, phrase((C, 5, 3))))
    changed = one != two
    assert changed[:3].tolist() == [True, True, False]  # the phrase and its first bar
    assert changed[3:].view(5, 2).tolist() == [[k == 1, False] for k in range(5)]


def test_given_and_present_are_heard_by_the_merged_stream() -> None:
    critic = built()
    x, told, there = channels(phrases(SHORT, 1)), torch.zeros(1, 5, 2), torch.ones(1, 5)
    other_told, other_there = told.clone(), there.clone()
    other_told[0, 2, 1], other_there[0, 3] = 1, 0
    plain = critic(x, told, there)
    assert (critic(x, other_told, there) != plain)[0, :3].tolist() == [True, False, True]
    assert (critic(x, told, other_there) != plain)[0, :3].tolist() == [True, True, True]


@pytest.mark.parametrize("off", ["onsets", "chroma", "private_logits", "spread"])
def test_each_stream_can_be_switched_off(off: str) -> None:
    critic = built(streams=replace(TINY_CRITIC, **{off: False}))
    whole = built()
    assert judged(critic, channels(phrases(SHORT, 4))).shape == (4, 1 if off == "private_logits" else 13)
    sizes = [sum(p.numel() for p in network.parameters()) for network in (critic, whole)]
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize(("private", "sizes"), [(True, [1, 2, 10]), (False, [1])])
def test_logits_are_of_phrases_of_bars_and_of_bars_of_tracks(private: bool, sizes: list[int]) -> None:
    critic = built(streams=replace(TINY_CRITIC, private_logits=private))
    logits = judged(critic, channels(phrases(SHORT, 3)))
    levels = critic.levels(logits)
    assert [tuple(level.shape) for level in levels] == [(3, size) for size in sizes]
    assert torch.equal(torch.cat(levels, 1), logits)


def test_spread_by_hand() -> None:
    """Groups of four neighbours: (0, 0, 2, 2) has deviation 1, four equal ones none; the mean is over features."""
    x = torch.tensor([[0.0, 5.0], [0.0, 5.0], [2.0, 5.0], [2.0, 5.0], *[[1.0, 3.0]] * 4])
    assert spread(x).flatten().tolist() == pytest.approx([0.5] * 4 + [0.0] * 4, abs=1e-3)


@pytest.mark.parametrize("on", [True, False])
def test_a_critic_sees_that_phrases_are_identical(on: bool) -> None:
    """The same phrase among copies of itself, and among others."""
    critic = built(streams=replace(TINY_CRITIC, spread=on))
    different = channels(phrases(SHORT, 4))
    copies = different[:1].expand_as(different)
    apart = float((judged(critic, copies)[0, 0] - judged(critic, different)[0, 0]).abs())
    assert (apart > 1e-3) == on


def test_a_batch_that_makes_no_groups_has_no_spread() -> None:
    assert spread(noise(3, 5)).flatten().tolist() == pytest.approx([0.0] * 3, abs=1e-3)


def test_a_spectrally_normalised_critic_stretches_nothing() -> None:
    """Every map of it, the private ones track by track, has a largest singular value of 1."""
    critic = built(streams=replace(TINY_CRITIC, spectral=True))
    x = channels(phrases(SHORT, 4))
    for _ in range(40):
        judged(critic, x)
    maps = [m.weight.detach() for m in critic.modules() if hasattr(m, "parametrizations")]
    assert len(maps) == len([m for m in built().modules() if isinstance(m, nn.Linear)]) + 5
    for weight in maps:
        largest = torch.linalg.matrix_norm(weight, 2)
        torch.testing.assert_close(largest, torch.ones_like(largest), atol=0.02, rtol=0)
