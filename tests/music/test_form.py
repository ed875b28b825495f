"""Sections that return, and joins at which the music goes on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cosine_similarity

from gansuite.core import randomness
from gansuite.core.errors import GansuiteError
from gansuite.music.form import (
    MOST_BARS,
    check_form,
    compose,
    fill,
    key_of_seed,
    kinship,
    latent,
    moment,
    plan,
    windows,
)
from gansuite.music.roll import HOLD, ONSET, SILENT, Cells, Flags, Grid

from .small_models import Scripted, numbered, random_phrases

GRID = Grid()
BAR = GRID.bar
FORMS = st.text("ABC", min_size=1, max_size=7)


def bars_of(cells: Cells) -> list[bytes]:
    """Each bar of a piece, to be compared."""
    return [cells[:, start : start + BAR].tobytes() for start in range(0, cells.shape[1], BAR)]


def phrase_numbers(cells: Cells) -> list[int]:
    """Of a piece of `numbered` phrases, which one each bar comes from."""
    return [int(np.flatnonzero(cells[1, start])[0]) for start in range(0, cells.shape[1], BAR)]


# ---- forms


@pytest.mark.parametrize(
    ("form", "bars", "phrase", "expected"),
    [
        (None, None, 4, ("AABA", 16)),
        (None, 16, 4, ("AABA", 16)),
        (None, 4, 4, ("A", 4)),
        (None, 1, 4, ("A", 1)),
        (None, 8, 4, ("AB", 8)),
        (None, 12, 4, ("ABA", 12)),
        (None, 13, 4, ("AABA", 13)),
        (None, 32, 4, ("AABACABA", 32)),
        (None, 16, 2, ("AABACABA", 16)),
        ("abac", None, 4, ("ABAC", 16)),
        ("A-B, A", None, 4, ("ABA", 12)),
        ("AB", 16, 4, ("ABAB", 16)),
        ("AABA", 6, 4, ("AA", 6)),
    ],
)
def test_the_form_of_a_piece(form: str | None, bars: int | None, phrase: int, expected: tuple[str, int]) -> None:
    assert plan(form, bars, phrase) == expected


@given(st.integers(1, MOST_BARS), st.integers(1, 8))
def test_a_form_nobody_named_fits_the_bars_and_ends_as_it_began(bars: int, phrase: int) -> None:
    letters, length = plan(None, bars, phrase)
    assert (len(letters), length) == (-(-bars // phrase), bars)
    assert letters[0] == "A"
    assert len(letters) == 2 or letters[-1] == "A"
    assert plan(letters, bars, phrase) == (letters, bars)


@pytest.mark.parametrize("form", ["", "A1", "AÄ", "AABA?", " -"])
def test_what_is_no_form(form: str) -> None:
    with pytest.raises(GansuiteError, match="form"):
        check_form(form)


@pytest.mark.parametrize("bars", [0, -4, MOST_BARS + 1])
def test_a_piece_has_a_sensible_length(bars: int) -> None:
    with pytest.raises(GansuiteError, match="bars"):
        plan(None, bars, 4)


# ---- composing


def test_the_first_section_is_the_phrase_of_the_seed() -> None:
    scripted = Scripted(random_phrases())
    song = compose(scripted.sampler(), 5, "AB")
    assert np.array_equal(song[:, : 4 * BAR], scripted.play(scripted.latents([5]))[0])
    assert not np.array_equal(latent(scripted.sampler(), 5, "B"), latent(scripted.sampler(), 5))


def test_a_tune_with_its_bridge() -> None:
    """AABA: A from nothing and then around its fullest track; so are four phrases, of which one becomes B."""
    scripted = Scripted(numbered())
    song = compose(scripted.sampler(), 0, "AABA")
    assert phrase_numbers(song) == [0] * 8 + [2] * 4 + [0] * 4
    given = [given.all(axis=1).tolist() for _, given in scripted.asked]
    assert given == [[False] * 5, [False, True, False, False, False]] * 5


def test_a_new_section_is_the_one_that_goes_on_best() -> None:
    """The piano strikes C; of four phrases that begin with other notes one comes to C again."""
    pitches = iter([0, 0, 2, 2, 4, 4, 12, 12, 7, 7])

    def script(number: int, z: Tensor) -> Cells:
        cells = np.zeros((5, 4 * BAR, 84), np.uint8)
        cells[1, ::4, next(pitches)] = ONSET
        return cells

    song = compose(Scripted(script).sampler(), 0, "AB")
    assert phrase_numbers(song) == [0] * 4 + [12] * 4


def test_kinship_by_hand() -> None:
    """C and E against E and G: one of two in common; drums do not count, nor do other bars."""
    before, after = (np.zeros((5, 4 * BAR, 84), np.uint8) for _ in range(2))
    before[1, -BAR, [0, 28]] = after[3, 0, [4, 19]] = ONSET
    assert kinship(GRID, before, after) == pytest.approx(0.5)
    before[0], after[0], before[1, 0, 4], after[1, -1, 0] = ONSET, ONSET, ONSET, ONSET
    assert kinship(GRID, before, after) == pytest.approx(0.5)
    assert kinship(GRID, before, np.zeros_like(after)) == 0


def test_other_sections_have_what_is_static_of_the_first() -> None:
    scripted = Scripted(numbered()).sampler()
    first, other = latent(scripted, 5)[0], latent(scripted, 5, "B")[0]
    assert torch.equal(first[:2], other[:2])
    assert not (first[2:] == other[2:]).any()


@settings(max_examples=40, deadline=None)
@given(FORMS, st.integers(0, 1000))
def test_sections_return_note_for_note(form: str, seed: int) -> None:
    song = compose(Scripted(random_phrases()).sampler(), seed, form)
    assert song.shape == (5, len(form) * 4 * BAR, 84)
    bars = bars_of(song)
    for place, letter in enumerate(form):
        first = form.index(letter)
        for bar in range(4):
            here, there = 4 * place + bar, 4 * first + bar
            assert bars[here] == bars[there]


@settings(max_examples=40, deadline=None)
@given(FORMS, st.integers(0, 1000))
def test_no_note_is_held_that_was_not_struck(form: str, seed: int) -> None:
    song = compose(Scripted(random_phrases()).sampler(), seed, form)
    before = np.concatenate([np.zeros_like(song[:, :1]), song[:, :-1]], axis=1)
    assert not ((song == HOLD) & (before == SILENT)).any()


def test_a_long_stretch_goes_on_as_a_variation_of_how_it_began() -> None:
    """The latent keeps three quarters of its variance, and with it a cosine of 0.87."""
    scripted = Scripted(numbered())
    scripted.generator.latent_size = 4000
    scripted.latents = lambda seeds: randomness.latents(list(seeds), 4000)  # type: ignore[method-assign]
    first, later, last = (moment(scripted.sampler(), 3, start)[0] for start in (0, 2, 4))
    assert torch.equal(first, latent(scripted.sampler(), 3)[0])
    assert float(cosine_similarity(first, later, dim=0)) == pytest.approx(0.75**0.5, abs=0.05)
    assert float(cosine_similarity(later, last, dim=0)) == pytest.approx(0.75, abs=0.05)
    assert float(later.std()) == pytest.approx(1, abs=0.05)


def test_a_model_that_cannot_be_told_anything_plays_side_by_side() -> None:
    scripted = Scripted(numbered(), given=False)
    song = compose(scripted.sampler(), 0, "AABA")
    assert phrase_numbers(song) == [0] * 8 + [1] * 4 + [0] * 4


@pytest.mark.parametrize("bars", [1, 2, 3, 8])
def test_phrases_of_other_lengths(bars: int) -> None:
    grid = Grid(bars=bars)
    scripted = Scripted(numbered(grid), grid)
    song = compose(scripted.sampler(), 0, "AABA")
    assert song.shape[1] == 4 * grid.steps
    assert phrase_numbers(song)[:bars] == [0] * bars
    assert all(song[:, start : start + BAR].any() for start in range(0, song.shape[1], BAR))


def test_a_seed_is_in_one_of_twelve_keys() -> None:
    assert {key_of_seed(seed).tonic for seed in range(200)} == set(range(12))
    assert key_of_seed(7) == key_of_seed(7)


# ---- filling what is not known


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_known_stays_and_the_rest_is_played(data: st.DataObject) -> None:
    grid = Grid(bars=data.draw(st.integers(1, 4)))
    bars = data.draw(st.integers(grid.bars, 11))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    known = random.random((5, bars)) < data.draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    cells = np.where(random.random((5, bars * BAR, 84)) < 0.02, ONSET, SILENT).astype(np.uint8)
    asked = []

    def play(start: int, told: Cells, given: Flags) -> Cells:
        asked.append(start)
        return np.full_like(told, ONSET)

    filled = fill(play, cells, known, grid)
    by_step = known.repeat(BAR, axis=1)
    assert np.array_equal(filled[by_step], cells[by_step])
    assert (filled[~by_step] == ONSET).all()
    assert asked == sorted(asked)


@given(st.integers(1, 8), st.integers(0, 40))
def test_windows_overlap_by_half_and_reach_to_the_end(phrase: int, more: int) -> None:
    starts = windows(phrase + more, phrase)
    assert starts[0] == 0
    assert starts[-1] == more
    assert all(0 < b - a <= max(1, phrase // 2) for a, b in pairwise(starts))
