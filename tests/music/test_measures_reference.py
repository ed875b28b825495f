"""The fast measures against slow ones in plain Python, on 1,000 random phrases of all grids and densities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gansuite.music import measures
from gansuite.music.keys import Key
from gansuite.music.measures import Measure
from gansuite.music.roll import Cells, Grid, bar_steps

from . import slow_measures as slow

ROLLS = 1000
GRIDS = (
    *(Grid(steps_per_beat=steps, meter=(4, 4)) for steps in (1, 2, 3, 4, 6)),
    *(Grid(steps_per_beat=steps, meter=(3, 4)) for steps in (4, 9)),
    *(
        Grid(steps_per_beat=steps, meter=meter)
        for steps, meter in ((2, (6, 8)), (4, (7, 8)), (24, (1, 4)), (12, (2, 4)))
    ),
)


def random_rolls() -> Iterator[tuple[Grid, Cells]]:
    """(grid, cells (N, 2, S, P)), 1,000 phrases of two tracks in all, from silent to crowded."""
    random = np.random.default_rng(20180202)
    made = 0
    while made < ROLLS:
        grid = GRIDS[random.integers(len(GRIDS))]
        phrases, bars = int(random.integers(1, 5)), int(random.integers(1, 4))
        steps = bars * bar_steps(grid.steps_per_beat, grid.meter)
        odds = random.dirichlet([random.choice([40.0, 8.0, 1.0]), 0.7, 1.0])
        cells = random.choice(3, size=(phrases, 2, steps, int(random.choice([12, 24]))), p=odds).astype(np.uint8)
        cells[random.random((phrases, 2)) < 0.1] = 0
        made += phrases
        yield grid, cells


def check(measure: Measure, counts: list[slow.Counts]) -> None:
    value, count = slow.figure(counts)
    assert measure.value == pytest.approx(value, abs=1e-9)
    assert measure.count == count
    assert measure.low <= measure.value <= measure.high


def check_track(track: Cells, grid: Grid, bar: int, tonic: int) -> None:
    beat, phrases = grid.steps_per_beat, track.tolist()
    fast = measures
    check(fast.empty_bars(track, grid), [slow.empty_bars(p, bar) for p in phrases])
    check(fast.notes_per_bar(track, grid), [slow.notes_per_bar(p, bar) for p in phrases])
    check(fast.used_pitch_classes(track, grid), [slow.used_pitch_classes(p, bar) for p in phrases])
    for least in (2, 3):
        check(fast.polyphony(track, grid, least), [slow.polyphony(p, bar, least) for p in phrases])
    for across in (True, False):
        check(fast.qualified_notes(track, grid, across), [slow.qualified_notes(p, bar, beat, across) for p in phrases])
    check(fast.pitch_class_entropy(track, grid), [slow.pitch_class_entropy(p) for p in phrases])
    check(fast.scale_consistency(track, grid), [slow.scale_consistency(p) for p in phrases])
    check(fast.in_scale_rate(track, grid, Key(tonic)), [slow.in_scale_rate(p, tonic) for p in phrases])
    check(fast.groove_consistency(track, grid), [slow.groove_consistency(p, bar) for p in phrases])
    for division in (2, 3, 4):
        check(fast.drum_pattern(track, grid, division), [slow.drum_pattern(p, beat, division) for p in phrases])


def check_track_2018(track: Cells, grid: Grid, bar: int) -> None:
    old, phrases = "musegan2018", track.tolist()
    fast = measures
    check(fast.used_pitch_classes(track, grid, compat=old), [slow.old_used_pitch_classes(p, bar) for p in phrases])
    check(fast.qualified_notes(track, grid, compat=old), [slow.old_qualified_notes(p, bar) for p in phrases])
    check(fast.in_scale_rate(track, grid, compat=old), [slow.old_in_scale_rate(p, bar) for p in phrases])
    check(
        fast.drum_pattern(track, grid, compat=old),
        [slow.old_drum_pattern(p, bar, grid.steps_per_beat) for p in phrases],
    )


def check_pair(cells: Cells, grid: Grid, bar: int) -> None:
    beat, (first, second) = grid.steps_per_beat, (cells[:, 0], cells[:, 1])
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    check(measures.tonal_distance(first, second, grid), [slow.tonal_distance(*pair, beat) for pair in pairs])
    check(
        measures.tonal_distance(first, second, grid, compat="musegan2018"),
        [slow.old_tonal_distance(*pair, bar, beat) for pair in pairs],
    )


def test_all_measures_equal_the_slow_ones_on_a_thousand_rolls() -> None:
    for number, (grid, cells) in enumerate(random_rolls()):
        bar = bar_steps(grid.steps_per_beat, grid.meter)
        for track in (cells[:, 0], cells[:, 1]):
            check_track(track, grid, bar, number % 12)
            check_track_2018(track, grid, bar)
        check_pair(cells, grid, bar)


def test_a_plain_piano_roll_is_measured_as_the_cells_of_its_runs() -> None:
    for grid, cells in random_rolls():
        bar = bar_steps(grid.steps_per_beat, grid.meter)
        track = cells[:, 0] > 0
        phrases = (track * 2).astype(int).tolist()  # holds alone: each run begins a note
        check(measures.notes_per_bar(track, grid), [slow.notes_per_bar(p, bar) for p in phrases])
        check(
            measures.qualified_notes(track, grid),
            [slow.qualified_notes(p, bar, grid.steps_per_beat, True) for p in phrases],
        )
        check(measures.groove_consistency(track, grid), [slow.groove_consistency(p, bar) for p in phrases])
