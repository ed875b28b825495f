"""As many notes as the music has: shares by hand, and a generator that is brought to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gansuite.music import networks
from gansuite.music.levels import Levels, Told, level, levels_of, likeness, reach_of
from gansuite.music.networks.channels import heard_in, in_tune, to_cells, to_channels
from gansuite.music.networks.levelling import attuned, lingering, middle
from gansuite.music.networks.musegan import Generator, MuseGANConfig
from gansuite.music.roll import HOLD, ONSET, SILENT, Cells, Flags

from .hand_rolls import C, roll, strokes
from .small_phrases import noise, phrases
from .small_runs import TINY, TINY_CRITIC, TWO_BARS

CELLS = TWO_BARS.steps * 84  # of a track
EVERYWHERE = np.array([0.02, 0.01, 0.004, 0.001, 0.03])
SELDOM = np.array([0.0, 0.25, 0.5, 0.125, 1 / 48])
LASTING = np.array([0.0, 0.6, 0.5, 0.3, 0.4])
ANYHOW = np.zeros(5)  # however unlike bars are
ANYWHERE = np.full(5, 84.0)
LENGTH = np.array([1.0, 2.5, 2.0, 1.5, 2.0])
SPARSE = phrases(TWO_BARS, 24, share=0.004)  # few pitch classes sound in a beat
WANTED = Levels(EVERYWHERE, LASTING, SELDOM, ANYHOW, ANYWHERE, LENGTH, ANYHOW)


def built(config: MuseGANConfig = TINY) -> Generator:
    return networks.build(TWO_BARS, config, TINY_CRITIC, seed=0)[0].eval()


def played(generator: Generator, count: int, there: Flags | None = None) -> Cells:
    """Phrases from nothing, those that the levels are found by."""
    present = None if there is None else torch.from_numpy(there)
    return to_cells(generator(noise(count, generator.latent_size), present=present).detach(), TWO_BARS.tracks)


def brought(generator: Generator, wanted: Levels, count: int = 24, there: Flags | None = None) -> Generator:
    there = np.ones((count, 5), bool) if there is None else there
    level(generator, wanted, noise(count, generator.latent_size), np.resize(SPARSE, (count, *SPARSE.shape[1:])), there)
    return generator


def test_shares_by_hand() -> None:
    """Drums strike three times; the piano holds a note of two in one of two phrases, in which it is there."""
    cells = np.zeros((2, 5, 32, 84), np.uint8)
    cells[0, 0] = roll(*strokes(0, 4, 8), steps=32)
    cells[0, 1] = roll((C, 0, 4), (C, 4, 1), steps=32)
    there = np.ones((2, 5), bool)
    there[1, 1] = there[:, 4] = False
    found = levels_of(cells, there, lengths=True, grid=TWO_BARS)
    assert (found.struck * CELLS).tolist() == pytest.approx([1.5, 2, 0, 0, 0])
    assert found.lasting.tolist() == pytest.approx([0, 0.5, 0, 0, 0])
    assert found.silent.tolist() == pytest.approx([0.75, 0.5, 1, 1, 0])
    assert found.length.tolist() == pytest.approx([1, 2.5, 0, 0, 0])
    assert (levels_of(cells, there, lengths=False, grid=TWO_BARS).struck * CELLS).tolist() == pytest.approx(
        [1.5, 5, 0, 0, 0]
    )


@pytest.mark.parametrize("mode", ["hybrid", "composer"])
def test_a_levelled_generator_plays_as_many_notes_as_are_wanted(mode: str) -> None:
    generator = brought(built(replace(TINY, mode=mode)), WANTED)
    cells = played(generator, 24)
    found = levels_of(cells, np.ones((24, 5), bool), lengths=True, grid=TWO_BARS)
    assert found.struck.tolist() == pytest.approx(EVERYWHERE.tolist(), abs=1 / (24 * CELLS))
    assert found.lasting.tolist() == pytest.approx(LASTING.tolist(), abs=0.03)
    assert found.length.tolist() == pytest.approx(LENGTH.tolist(), abs=0.1)
    assert (found.silent >= SELDOM - 1e-9).all()  # a bar that is let play may still hold no note
    assert not (cells[:, 0] == HOLD).any()


def test_without_lengths_the_share_of_sounding_cells_is_reached() -> None:
    generator = brought(built(replace(TINY, lengths=False)), WANTED)
    sounding = (played(generator, 24) != SILENT).mean((0, 2, 3))
    assert sounding.tolist() == pytest.approx(EVERYWHERE.tolist(), abs=1 / (24 * CELLS))


def test_the_levels_of_music_are_reached_where_its_tracks_are() -> None:
    cells = phrases(TWO_BARS, 24, share=0.05)
    there = np.random.default_rng(0).random((24, 5)) < 0.6
    wanted = levels_of(np.where(there[..., None, None], cells, SILENT), there, lengths=True, grid=TWO_BARS)
    found = levels_of(played(brought(built(), wanted, there=there), 24, there), there, lengths=True, grid=TWO_BARS)
    assert found.struck.tolist() == pytest.approx(wanted.struck.tolist(), abs=1e-4)
    assert found.lasting.tolist() == pytest.approx(wanted.lasting.tolist(), abs=0.03)


def test_silence_is_reached_too() -> None:
    assert not played(brought(built(), replace(WANTED, struck=np.zeros(5), silent=np.zeros(5))), 24).any()


def test_a_track_that_is_never_there_keeps_its_level() -> None:
    there = np.ones((4, 5), bool)
    there[:, 2] = False
    generator = brought(built(), WANTED, 4, there)
    assert generator.levelling.shift[2].tolist() == [0, 0]
    assert (generator.levelling.shift[[0, 1, 3, 4], 0] != 0).all()


def test_levelling_twice_is_levelling_once_and_changes_no_weight() -> None:
    generator = built()
    before = {name: weight.clone() for name, weight in generator.state_dict().items()}
    shift = brought(generator, WANTED).levelling.shift.clone()
    assert torch.equal(brought(generator, WANTED).levelling.shift, shift)
    changed = {name for name, weight in generator.state_dict().items() if not torch.equal(weight, before[name])}
    assert changed == {f"levelling.{name}" for name in ("shift", "hush", "stay")}


# ---- a steady beat


def test_likeness_by_hand() -> None:
    """Of the strokes of bars 1 and 2 one of three is in both; bar 3 is silent, so that it is like nothing."""
    begins = torch.zeros(1, 12, 84, dtype=torch.bool)
    begins[0, [0, 2, 4, 5], 7] = True
    assert likeness(begins, 3) == pytest.approx(1 / 3)
    assert likeness(begins[:, :4], 1) == 0
    assert likeness(begins.repeat(1, 2, 1)[:, [0, 1, 2, 3, 0, 1, 2, 3]], 2) == 1


def test_bars_come_to_be_as_much_alike_as_is_wanted() -> None:
    wanted = np.array([0.8, 0.75, 0.0, 0.9, 1.0])
    generator = brought(built(), replace(WANTED, silent=ANYHOW, alike=wanted), 48)
    found = levels_of(played(generator, 48), np.ones((48, 5), bool), lengths=True, grid=TWO_BARS)
    assert found.struck.tolist() == pytest.approx(EVERYWHERE.tolist(), abs=1e-3)
    assert (found.alike >= wanted - 1e-9).all()
    assert (found.alike[[0, 1, 3]] <= wanted[[0, 1, 3]] + 0.05).all()
    assert generator.levelling.steadiness[2] == 0
    assert (generator.levelling.steadiness[[0, 1, 3, 4]] > 0).all()


def test_a_steady_track_goes_on_with_the_bar_that_is_given() -> None:
    generator = built()
    logits = torch.randn(3, 5, TWO_BARS.steps, 84, 2, generator=torch.Generator().manual_seed(0))
    cells, given = torch.zeros_like(logits), torch.zeros(3, 5, 2, dtype=torch.bool)
    cells[:, :, : TWO_BARS.bar : 4, 7] = 1
    given[:, :, 0] = True
    assert torch.equal(generator.levelling.steadied(logits, cells, given), logits)
    generator.levelling.steadiness.fill_(1.0)
    free = generator.levelling.steadied(logits).unflatten(2, (2, -1))
    assert torch.allclose(free[:, :, 0], free[:, :, 1])
    told = generator.levelling.steadied(logits, cells, given)
    first, second = (x.unflatten(2, (2, -1))[:, :, bar] for bar, x in enumerate((cells, told)))
    assert float(((second > 0) == first.bool()).float().mean()) > 0.99


# ---- in its place


def test_reach_by_hand() -> None:
    """Notes at C, E and an octave above, E most often: E is the middle, and the octave is 8 semitones away."""
    begins = torch.zeros(2, 16, 84, dtype=torch.bool)
    begins[0, [0, 4], 12] = begins[0, [0, 4, 8], 16] = begins[0, 12, 24] = True
    assert middle(begins).tolist() == [16, 0]
    assert reach_of(begins) == 8
    begins[1, :, 40] = True
    begins[1, 0, 41] = True
    begins[0] = False
    assert reach_of(begins) == 1
    assert reach_of(begins.repeat(1, 7, 1)) == 1
    begins[1, 0, 41] = False
    assert reach_of(begins) == 0
    assert reach_of(torch.zeros(2, 16, 84, dtype=torch.bool)) == 84


def test_no_note_is_farther_away_than_those_of_the_music() -> None:
    """Others take the place of those that were: there are as many as before, and drums stay where they are."""
    generator = brought(built(), replace(WANTED, reach=np.array([3.0, 3.0, 12.0, 84.0, 20.0])))
    onsets = played(generator, 24) == ONSET
    spans = [
        max(int(np.ptp(np.flatnonzero(phrase.any(0)))) for phrase in onsets[:, track] if phrase.any())
        for track in range(5)
    ]
    assert spans[0] > 6
    assert all(0 < span <= 2 * reach for span, reach in zip(spans[1:], (3, 12, 84, 20), strict=True))
    assert onsets.mean((0, 2, 3)).tolist() == pytest.approx(EVERYWHERE.tolist(), rel=0.02)


def test_an_answer_stays_near_what_is_given_of_its_track() -> None:
    generator = built()
    generator.levelling.reach.fill_(5.0)
    logits = torch.randn(2, 5, TWO_BARS.steps, 84, 2, generator=torch.Generator().manual_seed(0))
    cells, given = torch.zeros_like(logits), torch.zeros(2, 5, 2, dtype=torch.bool)
    cells[:, :, : TWO_BARS.bar, 70, 0] = 1
    given[:, :, 0] = True
    logits = logits - 2  # the given bar is most of what is struck
    struck = generator.levelling(logits, cells, given)[:, :, TWO_BARS.bar :, :, 0] > 0
    pitches = torch.nonzero(struck.any(2))[:, 2]
    assert len(pitches)
    free = torch.nonzero((generator.levelling(logits)[..., 0] > 0).any(2))[:, 2]
    assert float((free - 70.0).abs().mean()) > float((pitches - 70.0).abs().mean())


def test_what_stays_is_what_is_held_longer() -> None:
    """A held cell behind an onset keeps its logit; those behind it are moved."""
    logits = torch.zeros(1, 4, 84, 2)
    struck = torch.zeros(1, 4, 84, dtype=torch.bool)
    struck[0, 0, 7] = True
    moved = lingering(logits, struck, 2.0)
    assert moved[0, :, 7, 1].tolist() == [2, 0, 2, 2]
    assert torch.equal(moved[..., 0], logits[..., 0])
    assert torch.equal(lingering(logits[..., :1], struck, 2.0), logits[..., :1])


# ---- in tune


def test_in_tune_by_hand() -> None:
    """The piano holds a C for the first beat; the guitar answers with C and G there, and is free later."""
    cells = np.zeros((1, 5, 32, 84), np.uint8)
    cells[0, 1] = roll((C, 0, 4), steps=32)
    cells[0, 2] = roll((C + 12, 0, 1), (C + 7, 2, 1), (C + 1, 8, 1), steps=32)
    there = np.ones((1, 5), bool)
    there[:, 3:] = False
    told = Told.of(cells, there, lengths=True, grid=TWO_BARS)
    assert told.given[0, :, 0].tolist() == [False, True, False, False, False]
    assert told.signs[0, 3].unflatten(0, (7, 12)).sum(0).tolist() == [7, *[-7] * 11]
    assert not told.signs[0, 4:].any()
    assert told.share(torch.from_numpy(cells[:, 2] == ONSET), 2) == 0.5
    assert told.share(torch.from_numpy(cells[:, 1] == ONSET), 1) == 0  # it plays to nobody
    assert levels_of(cells, there, lengths=True, grid=TWO_BARS).tuned.tolist() == [0, 0, 0.5, 0, 0]


def test_each_phrase_tells_one_of_its_pitched_tracks_in_turn() -> None:
    there = np.ones((5, 5), bool)
    there[2:, 1] = there[4, 1:] = False
    told = Told.of(phrases(TWO_BARS, 5), there, lengths=True, grid=TWO_BARS)
    assert [np.flatnonzero(row).tolist() for row in told.given[..., 0].numpy()] == [[1], [2], [4], [2], []]
    assert told.listening(3).tolist() == [True, True, True, True, False]


def test_what_is_attuned_has_as_many_notes_more_of_them_in_tune() -> None:
    logits = torch.randn(2, 5, 32, 84, 2, generator=torch.Generator().manual_seed(0)) - 1.5
    signs = in_tune(heard_in(channels(phrases(TWO_BARS, 2)), told_tracks(2), TWO_BARS), TWO_BARS)[:, None]
    before, after = logits[..., 0] > 0, attuned(logits, signs, 2.0)[..., 0] > 0
    assert torch.equal(after.sum((2, 3)), before.sum((2, 3)))
    assert float((after * signs).sum()) > float((before * signs).sum())
    assert torch.equal(attuned(logits, torch.zeros_like(signs), 2.0)[..., 0] > 0, before)
    nothing = logits - 100
    assert torch.equal(attuned(nothing, signs, 2.0), nothing)


def test_tracks_come_to_heed_what_is_given_as_those_of_the_music_do() -> None:
    wanted = np.array([0.9, 0.6, 0.8, 0.0, 0.7])
    generator = brought(built(), replace(WANTED, tuned=wanted))
    heed = generator.levelling.heed
    assert heed[[0, 3]].tolist() == [0, 0]  # drums have no pitch classes, and the bass is free enough
    assert (heed[[1, 2, 4]] > 0).all()
    told = Told.of(SPARSE, np.ones((24, 5), bool), lengths=True, grid=TWO_BARS)
    x = generator(noise(24, generator.latent_size), told.x, told.given).detach()
    for track in (1, 2, 4):
        assert wanted[track] <= told.share(x[:, track, ..., 0] > 0, track) <= wanted[track] + 0.1


def told_tracks(count: int) -> torch.Tensor:
    """The piano is given."""
    return (torch.arange(5) == 1)[None, :, None].expand(count, 5, 2)


def channels(cells: Cells) -> torch.Tensor:
    return to_channels(torch.from_numpy(cells), 2)
