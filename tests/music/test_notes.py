"""Phrases as tables of notes: from cells and back, cut, moved between grids."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.music.notes import Notes, from_cells, from_sounding, nearest, paint, rescaled, stack, tidy
from gansuite.music.roll import HOLD, ONSET, SILENT, TRACKS, Cells


@st.composite
def phrases(draw: st.DrawFn, steps: int = 24) -> Notes:
    """Up to four phrases of any notes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, many = draw(st.integers(0, 4)), draw(st.integers(0, 60))
    many = many if count else 0
    start = rng.integers(-2, steps + 2, many)
    columns = (rng.integers(0, max(count, 1), many), rng.integers(0, 5, many), rng.integers(0, 12, many))
    return tidy(count, *columns, start, start + rng.integers(-1, steps, many), steps)


def same(one: Notes, two: Notes) -> bool:
    columns = ("phrase", "track", "pitch", "start", "length")
    return one.count == two.count and all(np.array_equal(getattr(one, name), getattr(two, name)) for name in columns)


def by_hand(count: int, notes: list[tuple[int, int, int, int, int]], steps: int) -> Cells:
    """What `tidy` and `paint` should make of (phrase, track, pitch, start, end), one cell after another."""
    cells = np.full((count, len(TRACKS), steps, 84), SILENT, np.uint8)
    inside = [note for note in notes if 0 <= note[3] < steps]
    for phrase, track, pitch, start, end in inside:
        if track:
            cells[phrase, track, start + 1 : max(end, start + 1), pitch] = HOLD
    for phrase, track, pitch, start, _ in inside:
        cells[phrase, track, start, pitch] = ONSET
    return cells


@given(phrases())
@settings(max_examples=60, deadline=None)
def test_cells_and_notes_are_the_same_music(notes: Notes) -> None:
    cells = paint(notes, 24)
    assert cells.shape == (notes.count, 5, 24, 84)
    assert same(from_cells(cells), notes)


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_any_notes_become_what_one_would_draw_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = rng.integers(-2, 26, 40)
    end = start + rng.integers(-1, 12, 40)
    phrase, track, pitch = rng.integers(0, 2, 40), rng.integers(0, 5, 40), rng.integers(0, 4, 40)
    rows = list(zip(*(column.tolist() for column in (phrase, track, pitch, start, end)), strict=True))
    assert np.array_equal(paint(tidy(2, phrase, track, pitch, start, end, 24), 24), by_hand(2, rows, 24))


@given(phrases(), st.data())
@settings(max_examples=40, deadline=None)
def test_selecting_takes_rows_in_any_order_and_twice(notes: Notes, data: st.DataObject) -> None:
    if not notes.count:
        return
    rows = np.array(data.draw(st.lists(st.integers(0, notes.count - 1), max_size=6)), np.int64)
    assert np.array_equal(paint(notes.select(rows), 24), paint(notes, 24)[rows])


@given(phrases(), phrases())
@settings(max_examples=30, deadline=None)
def test_stacking_is_one_after_the_other(one: Notes, two: Notes) -> None:
    assert np.array_equal(paint(stack([one, two]), 24), np.concatenate([paint(one, 24), paint(two, 24)]))
    assert stack([]).count == 0


def test_runs_of_a_plain_roll_are_notes_and_in_drums_each_step_is() -> None:
    sounding = np.zeros((1, 2, 8, 84), np.uint8)
    sounding[0, 0, 2:4, 10] = 1
    sounding[0, 1, [0, 1, 3, 4, 6], 20] = 1
    cells = paint(from_sounding(sounding, (0, 3)), 8)[0]
    assert cells[0, :, 10].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    assert cells[3, :, 20].tolist() == [1, 2, 0, 1, 2, 0, 1, 0]
    mended = paint(from_sounding(sounding, (0, 3), mend=True), 8)[0]
    assert mended[3, :, 20].tolist() == [1, 2, 2, 1, 2, 2, 1, 0]
    assert mended[0, :, 10].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_a_rest_of_one_step_is_mended_only_before_the_same_pitch() -> None:
    sounding = np.zeros((2, 1, 8, 84), np.uint8)
    sounding[0, 0, 0:3, 20] = sounding[0, 0, 4:6, 21] = sounding[1, 0, 0, 20] = sounding[0, 0, 7, 20] = 1
    mended = paint(from_sounding(sounding, (1,), mend=True), 8)
    assert mended[0, 1, :, 20].tolist() == [1, 2, 2, 0, 0, 0, 0, 1]
    assert mended[0, 1, :, 21].tolist() == [0, 0, 0, 0, 1, 2, 0, 0]


def test_a_finer_grid_is_rounded_to_a_coarser_one() -> None:
    start = np.array([0, 1, 5, 17, 23])
    end = np.array([2, 3, 11, 18, 24])
    notes = tidy(1, [0] * 5, [1] * 5, [1, 2, 3, 4, 5], start, end, 24)
    coarse = rescaled(notes, 24, 12, 4)
    assert coarse.pitch.tolist() == [1, 2, 3, 4]  # 23/3 is nearest to step 8, which is the next phrase's
    assert coarse.start.tolist() == [0, 0, 2, 6]
    assert coarse.length.tolist() == [1, 1, 2, 1]  # 5..11 is 1.7..3.7
    assert same(rescaled(rescaled(notes, 24, 12, 24), 48, 24, 12), notes)
    assert rescaled(notes, 24, 12, 12) is notes


def test_halves_go_up() -> None:
    assert nearest(np.array([0, 1, 2, 3, -1, -2]), 2).tolist() == [0, 1, 1, 2, 0, -1]
