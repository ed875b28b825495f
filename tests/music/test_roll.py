"""Rolls and grids: cutting, joining and moving lose nothing that they should keep."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.music.roll import (
    DEFAULT_VELOCITY,
    HOLD,
    LOWEST,
    ONSET,
    PITCHES,
    SILENT,
    TRACKS,
    Cells,
    Grid,
    Roll,
    bar_steps,
    from_sounding,
    join,
    move,
)

from .hand_rolls import C, E, G, roll, strokes


def band(cells: Cells, velocity: Cells | None = None) -> Roll:
    return Roll(cells, TRACKS[: len(cells)], velocity=velocity)


def random_cells(seed: int, steps: int = 32, tracks: int = 2) -> Cells:
    """Legal cells of which every fourth sounds."""
    sounding = np.random.default_rng(seed).random((tracks, steps, PITCHES)) < 0.25
    return from_sounding(sounding)


def loudness(cells: Cells) -> Cells:
    """80 at every onset."""
    return np.where(cells == ONSET, 80, 0).astype(np.uint8)


# ------------------------------------------------------------------ bars and steps


@pytest.mark.parametrize(
    ("steps_per_beat", "meter", "bar"),
    [
        (4, (4, 4), 16),
        (4, (3, 4), 12),
        (4, (6, 8), 12),
        (4, (2, 4), 8),
        (12, (6, 8), 36),
        (6, (12, 8), 36),
        (2, (7, 8), 7),
    ],
)
def test_steps_of_a_bar(steps_per_beat: int, meter: tuple[int, int], bar: int) -> None:
    assert bar_steps(steps_per_beat, meter) == bar == Grid(1, steps_per_beat, meter).bar


@pytest.mark.parametrize(("steps_per_beat", "meter"), [(1, (6, 16)), (3, (7, 8)), (1, (7, 8)), (0, (4, 4))])
def test_a_bar_between_steps_is_refused(steps_per_beat: int, meter: tuple[int, int]) -> None:
    with pytest.raises(GansuiteError, match="not a whole number of steps") as caught:
        bar_steps(steps_per_beat, meter)
    assert "--steps-per-beat" in caught.value.remedy


def test_a_grid_counts_beats_in_quarters() -> None:
    assert (Grid().bar, Grid().beats, Grid().steps) == (16, 4, 64)
    waltz = Grid(8, 6, (3, 4))
    assert (waltz.bar, waltz.beats, waltz.steps) == (18, 3, 144)
    jig = Grid(2, 12, (6, 8))
    assert (jig.bar, jig.beats, jig.steps) == (36, 3, 72)


@pytest.mark.parametrize(
    ("grid", "music", "yes"),
    [
        ((4, 4), (4, 4), True),
        ((4, 4), (2, 4), True),
        ((4, 4), (2, 2), True),
        ((6, 8), (12, 8), True),
        ((3, 4), (3, 4), True),
        ((4, 4), (3, 4), False),
        ((3, 4), (6, 8), False),
        ((5, 4), (4, 4), False),
    ],
)
def test_which_meters_fill_a_grid(grid: tuple[int, int], music: tuple[int, int], yes: bool) -> None:
    assert Grid(meter=grid).accepts(music) is yes


def test_a_grid_comes_back_from_json() -> None:
    grid = Grid(8, 12, (6, 8), ("bass", "drums"))
    assert Grid.restored(json.loads(json.dumps(asdict(grid)))) == grid


@pytest.mark.parametrize(
    "saved",
    [None, 5, "4/4", [4], {}, {"meter": [4]}, {"meter": 4, "tracks": []}, {"meter": [4, 4], "tracks": 5, "bars": 4}],
    ids=repr,
)
def test_what_is_no_grid_is_told_apart(saved: Any) -> None:
    """The loader of models turns these three into a sentence."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        Grid.restored(saved)


def test_bars_that_have_begun_are_counted() -> None:
    whole = Roll(roll(steps=33))
    assert (whole.steps, whole.steps_per_bar, whole.bars) == (33, 16, 3)
    assert replace(whole, meter=(3, 4)).steps_per_bar == 12


# ------------------------------------------------------------------ cells


def test_a_run_of_sounding_cells_is_one_note() -> None:
    sounding = np.zeros((6, PITCHES), bool)
    sounding[[0, 1, 3, 4, 5], 7] = True
    assert from_sounding(sounding)[:, 7].tolist() == [ONSET, HOLD, SILENT, ONSET, HOLD, HOLD]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_cells_from_a_plain_roll_sound_where_it_does(seed: int) -> None:
    sounding = np.random.default_rng(seed).random((2, 3, 12, PITCHES)) < 0.4
    cells = from_sounding(sounding)
    assert cells.dtype == np.uint8
    assert np.array_equal(cells != SILENT, sounding)
    held = cells == HOLD
    assert not held[..., 0, :].any()
    assert (cells[..., :-1, :][held[..., 1:, :]] != SILENT).all()


def test_onsets_and_sounding_cells_of_a_roll() -> None:
    music = band(roll((C, 2, 3)))
    assert np.flatnonzero(music.onsets[0, :, C - LOWEST]).tolist() == [2]
    assert np.flatnonzero(music.sounding[0, :, C - LOWEST]).tolist() == [2, 3, 4]


# ------------------------------------------------------------------ cutting and joining


def test_a_note_cut_off_is_struck_again() -> None:
    music = band(roll((C, 2, 6), (E, 4, 1)))
    later = music.between(4, 10)
    assert later.cells[0, :, C - LOWEST].tolist() == [ONSET, HOLD, HOLD, HOLD, SILENT, SILENT]
    assert later.cells[0, 0, E - LOWEST] == ONSET
    assert music.cells[0, 4, C - LOWEST] == HOLD  # the music itself stays


def test_a_note_struck_again_has_a_velocity() -> None:
    cells = roll((C, 2, 6), (E, 4, 1))
    later = band(cells, velocity=loudness(cells)).between(4, 10)
    assert later.velocity is not None
    assert later.velocity[0, 0, [C - LOWEST, E - LOWEST]].tolist() == [DEFAULT_VELOCITY, 80]
    assert np.array_equal(later.velocity > 0, later.onsets)


def test_bars_are_counted_from_0() -> None:
    music = band(roll((C, 0, 1), (E, 16, 1), (G, 32, 1), steps=48))
    assert [int(np.flatnonzero(music.bar(n).cells[0, 0])[0]) + LOWEST for n in range(3)] == [C, E, G]
    assert music.bar(1, 2).steps == 32


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 31))
def test_parts_joined_sound_as_the_whole(seed: int, cut: int) -> None:
    cells = random_cells(seed)
    music = band(cells, velocity=loudness(cells))
    again = join([music.between(0, cut), music.between(cut, 32)])
    assert np.array_equal(again.sounding, music.sounding)
    assert np.array_equal(np.delete(again.cells, cut, 1), np.delete(cells, cut, 1))
    assert again.velocity is not None
    assert np.array_equal(again.velocity > 0, again.onsets)


def test_rolls_of_which_one_has_no_velocities_have_none_together() -> None:
    cells = roll((C, 0, 1))
    loud, plain = band(cells, velocity=loudness(cells)), band(cells)
    assert join([loud, plain]).velocity is None
    assert join([loud, loud]).velocity is not None


# ------------------------------------------------------------------ moving


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(-11, 11))
def test_moving_there_and_back_loses_only_what_left_the_range(seed: int, semitones: int) -> None:
    cells = random_cells(seed, steps=8)
    there = move(cells, semitones)
    again = move(there, -semitones)
    kept = slice(max(0, -semitones), PITCHES - max(0, semitones))
    assert np.array_equal(again[..., kept], cells[..., kept])
    assert again.sum() == cells[..., kept].sum() == there.sum()


def test_drums_stay_when_music_moves() -> None:
    cells = np.concatenate([roll(*strokes(0, 4)), roll((C, 0, 3))])
    higher = band(cells, velocity=loudness(cells)).moved(5)
    assert np.array_equal(higher.cells[0], cells[0])
    assert np.array_equal(higher.cells[1], roll((C + 5, 0, 3))[0])
    assert higher.velocity is not None
    assert np.array_equal(higher.velocity > 0, higher.onsets)
    assert band(cells).moved(-2).velocity is None
