"""From cells to music: which tracks, how loud, in which key."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.music.notes import from_cells
from gansuite.music.perform import (
    LEVELS,
    LOUDEST,
    SOFTEST,
    accents,
    check_tempo,
    folded,
    mended,
    parse_tracks,
    perform,
    transposed,
)
from gansuite.music.roll import HOLD, LOWEST, ONSET, SILENT, TRACKS, Cells, Grid

from .small_models import random_phrases

GRID = Grid()


def phrase(seed: int = 0, density: float = 0.05) -> Cells:
    import torch

    return mended(random_phrases(density=density)(0, torch.tensor([seed / 1e6])))


def empty() -> Cells:
    return np.zeros((5, GRID.steps, 84), np.uint8)


# ---- which tracks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", TRACKS),
        ("piano", ("piano",)),
        ("strings, drums", ("drums", "strings")),
        ("Bass,bass", ("bass",)),
        ("1", ("piano",)),
        ("3", ("drums", "piano", "bass")),
        ("5", TRACKS),
    ],
)
def test_tracks_by_name_or_number(text: str, expected: tuple[str, ...]) -> None:
    assert parse_tracks(text) == expected


@pytest.mark.parametrize("text", ["violin", "piano,flute", "", ",", "0", "6", "-1"])
def test_wrong_tracks_are_answered_with_the_right_ones(text: str) -> None:
    with pytest.raises(GansuiteError) as caught:
        parse_tracks(text)
    assert all(name in caught.value.remedy for name in TRACKS)


def test_a_near_miss_is_recognised() -> None:
    with pytest.raises(GansuiteError) as caught:
        parse_tracks("paino,bass")
    assert "Did you mean 'piano'?" in caught.value.remedy
    assert "strings" in caught.value.remedy


@settings(max_examples=30, deadline=None)
@given(st.sets(st.sampled_from(TRACKS), min_size=1), st.integers(0, 99))
def test_what_is_heard_of_a_track_does_not_depend_on_the_others(tracks: set[str], seed: int) -> None:
    cells = phrase(seed)
    whole = perform(cells, GRID, 110.0, seed)
    part = perform(cells, GRID, 110.0, seed, tuple(tracks))
    assert part.velocity is not None
    assert whole.velocity is not None
    for number, name in enumerate(TRACKS):
        heard = name in tracks
        assert np.array_equal(part.cells[number], whole.cells[number] * heard)
        assert np.array_equal(part.velocity[number], whole.velocity[number] * heard)


def test_a_model_of_fewer_tracks_fills_its_places() -> None:
    grid = Grid(tracks=("bass", "piano"))
    cells = np.zeros((2, grid.steps, 84), np.uint8)
    cells[0, 0, 4] = cells[1, 0, 40] = ONSET
    roll = perform(cells, grid, 120.0, 0)
    assert roll.tracks == TRACKS
    assert [tuple(place) for place in np.argwhere(roll.cells)] == [(1, 0, 40), (3, 0, 4)]


# ---- how loud


def test_velocities_stand_at_onsets_alone_and_vary_a_little() -> None:
    roll = perform(phrase(density=0.02), GRID, 110.0, 3)
    assert roll.velocity is not None
    assert np.array_equal(roll.velocity > 0, roll.cells == ONSET)
    loud = roll.velocity[roll.velocity > 0]
    assert SOFTEST <= loud.min() < loud.max() <= LOUDEST
    again = perform(phrase(density=0.02), GRID, 110.0, 3).velocity
    other = perform(phrase(density=0.02), GRID, 110.0, 4).velocity
    assert np.array_equal(roll.velocity, again)
    assert other is not None
    assert 0 < np.abs(roll.velocity.astype(int) - other.astype(int)).max() < 20


def test_the_first_beat_is_the_strongest_and_the_kick_louder_than_the_hat() -> None:
    assert accents(GRID)[[0, 8, 4, 2, 1]].tolist() == sorted(accents(GRID)[[0, 8, 4, 2, 1]].tolist(), reverse=True)
    assert accents(Grid(meter=(3, 4))).tolist() == [10, -8, -3, -8, 2, -8, -3, -8, 2, -8, -3, -8]
    assert accents(Grid(meter=(6, 8))).argsort()[-2:].tolist() == [6, 0]
    cells = empty()
    cells[0, :, [36 - LOWEST, 42 - LOWEST]] = ONSET
    velocity = perform(cells, GRID, 110.0, 0).velocity
    assert velocity is not None
    assert (velocity[0, :, 36 - LOWEST] > velocity[0, :, 42 - LOWEST]).all()


def test_the_top_of_a_chord_sings() -> None:
    cells = empty()
    cells[1, ::4, [40, 43, 47]] = ONSET
    velocity = perform(cells, GRID, 110.0, 0).velocity
    assert velocity is not None
    means = velocity[1, ::4][:, [40, 43, 47]].mean(axis=0)
    assert means[2] > means[:2].max() + 4
    assert abs(velocity[1, ::4][:, 47].mean() - LEVELS["piano"]) < 15
    louder = perform(cells, GRID, 110.0, 0, louder=10).velocity
    assert louder is not None
    assert (louder[1][velocity[1] > 0] > velocity[1][velocity[1] > 0]).all()


# ---- in which key


@settings(max_examples=50, deadline=None)
@given(st.integers(-6, 6), st.integers(0, 99))
def test_a_piece_moves_as_a_whole_and_drums_stay(semitones: int, seed: int) -> None:
    cells = phrase(seed, 0.01)
    cells[1:, :, :14] = cells[1:, :, -14:] = SILENT
    moved = transposed(cells, TRACKS, semitones)
    assert np.array_equal(moved[0], cells[0])
    for before, after in zip(cells[1:], moved[1:], strict=True):
        assert np.array_equal(after, np.roll(before, semitones, axis=1))


def test_a_low_bass_goes_up_where_it_cannot_go_down() -> None:
    cells = empty()
    cells[3, 0, 2], cells[1, 0, 40] = ONSET, ONSET  # D1 and E4
    moved = transposed(cells, TRACKS, -5)
    assert np.argwhere(moved).tolist() == [[1, 0, 35], [3, 0, 9]]
    cells[3, 4, 83] = ONSET  # now it fits in no octave, and most of it stays
    cells[3, 8:12, 70] = ONSET
    moved = transposed(cells, TRACKS, -5)
    assert set(np.flatnonzero(moved[3].any(axis=0)) % 12) == {(2 - 5) % 12, (83 - 5) % 12, (70 - 5) % 12}


@settings(max_examples=50, deadline=None)
@given(st.integers(-30, 30), st.integers(0, 99))
def test_folding_keeps_every_pitch_class_and_legal_notes(semitones: int, seed: int) -> None:
    cells = phrase(seed)[1]
    after = folded(cells, semitones)
    for step in range(0, GRID.steps, 7):
        assert set((np.flatnonzero(cells[step]) + semitones) % 12) == set(np.flatnonzero(after[step]) % 12)
    assert np.array_equal(mended(after), after)


def test_a_note_held_without_a_beginning_gets_one() -> None:
    cells = empty()
    cells[1, 0:3, 40] = HOLD
    cells[1, 5:8, 40] = [ONSET, HOLD, HOLD]
    cells[1, 9:11, 40] = HOLD
    assert mended(cells)[1, :11, 40].tolist() == [1, 2, 2, 0, 0, 1, 2, 2, 0, 1, 2]
    notes = from_cells(mended(cells)[None])
    assert notes.start.tolist() == [0, 5, 9]
    assert notes.length.tolist() == [3, 3, 2]


@pytest.mark.parametrize("tempo", [0.0, 3.9, 1001.0, float("nan"), float("inf")])
def test_a_tempo_that_midi_cannot_hold_is_refused(tempo: float) -> None:
    with pytest.raises(GansuiteError, match="tempo"):
        check_tempo(tempo)
