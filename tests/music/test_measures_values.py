"""Musical measures of phrases written by hand, each worked out on paper.

Among them are the phrases on which public implementations go wrong: octaves taken for different pitch classes and
neighbours for the same, empty bars that are counted as full, one-step notes that pass for long ones, silent beats that
give NaN, equal bars whose groove is not 1, and ordinary music on which they raise.
"""

from __future__ import annotations

import doctest
import importlib
import math
from collections.abc import Callable

import numpy as np
import pytest

from gansuite.core.errors import GansuiteError
from gansuite.music.keys import Key
from gansuite.music.measures import (
    Measure,
    chroma,
    drum_pattern,
    empty_bars,
    groove_consistency,
    in_scale_rate,
    notes_per_bar,
    pitch_class_entropy,
    polyphony,
    qualified_notes,
    scale_consistency,
    shortest_qualified,
    shuffled_tonal_distance,
    tonal_distance,
    used_pitch_classes,
)
from gansuite.music.roll import Cells, Grid

from .hand_rolls import SCALE, A, B, C, D, E, F, G, chord, one_after_another, roll, strokes

OCTAVES = tuple(range(24, 108, 12))  # C1 to C7
TWELVE = tuple(range(60, 72))
FINE, FINER = Grid(steps_per_beat=12), Grid(steps_per_beat=24)
WALTZ, JIG = Grid(meter=(3, 4)), Grid(meter=(6, 8))
FOUR_BEATS = [(C, beat * 4 + bar * 16, 4) for bar in range(4) for beat in range(4)]


def is_measure(measure: Measure, value: float, count: int) -> None:
    assert (measure.value, measure.count) == (pytest.approx(value, abs=1e-12), count)
    assert 0 <= measure.low <= measure.value <= measure.high


@pytest.mark.parametrize(
    ("music", "grid", "value", "count"),
    [
        pytest.param(roll(steps=64), Grid(), 1, 4, id="silence"),
        pytest.param(roll(*FOUR_BEATS, steps=64), Grid(), 0, 4, id="all bars full"),
        pytest.param(roll(*FOUR_BEATS[:12], steps=64), Grid(), 0.25, 4, id="the last of four empty, not 0.75"),
        pytest.param(roll(*FOUR_BEATS[:8], steps=64), Grid(), 0.5, 4, id="two of four empty, not 0.2"),
        pytest.param(roll((C, 12, 8), steps=32), Grid(), 0, 2, id="a note held into the second bar fills it"),
        pytest.param(roll((C, 0, 1), steps=24), WALTZ, 0.5, 2, id="bars of three beats"),
        pytest.param(roll((C, 13, 1), steps=36), JIG, 2 / 3, 3, id="bars of six quavers"),
    ],
)
def test_empty_bars(music: Cells, grid: Grid, value: float, count: int) -> None:
    is_measure(empty_bars(music, grid), value, count)


@pytest.mark.parametrize(
    ("music", "value", "count"),
    [
        pytest.param(roll(*chord(*OCTAVES)), 1, 1, id="one class in seven octaves, not 7"),
        pytest.param(roll(*chord(*range(24, 31))), 7, 1, id="seven neighbours, not 1"),
        pytest.param(roll(*one_after_another(*TWELVE)), 12, 1, id="all twelve"),
        pytest.param(roll(*chord(C, E, G), steps=32), 3, 1, id="empty bars are no bars with 0 classes"),
        pytest.param(roll(*chord(C, E, G), (A, 16, 1), steps=32), 2, 2, id="mean of 3 and 1"),
        pytest.param(roll((C, 0, 32), (D, 20, 1), steps=32), 1.5, 2, id="a held note is used in both bars"),
        pytest.param(roll(), 0, 0, id="silence"),
    ],
)
def test_used_pitch_classes(music: Cells, value: float, count: int) -> None:
    is_measure(used_pitch_classes(music), value, count)


@pytest.mark.parametrize(
    ("music", "two", "three", "count"),
    [
        pytest.param(roll((C, 0, 16)), 0, 0, 16, id="one voice"),
        pytest.param(roll(*chord(C, E, length=8)), 0.5, 0, 16, id="two voices for half a bar"),
        pytest.param(roll(*chord(C, E, length=8), (G, 0, 4)), 0.5, 0.25, 16, id="a third joins"),
        pytest.param(roll(*chord(C, C + 12)), 1, 0, 16, id="an octave is two pitches"),
        pytest.param(roll(*chord(C, E, G), steps=64), 1, 1, 16, id="empty bars do not count"),
        pytest.param(roll(), 0, 0, 0, id="silence"),
    ],
)
def test_polyphony_in_both_definitions(music: Cells, two: float, three: float, count: int) -> None:
    is_measure(polyphony(music), two, count)
    is_measure(polyphony(music, least=3), three, count)


@pytest.mark.parametrize(
    ("music", "grid", "across", "cut"),
    [
        pytest.param(roll(*one_after_another(*[C, D] * 8)), Grid(), (0, 16), (0, 16), id="one-step notes"),
        pytest.param(roll(*chord(*TWELVE, length=1)), Grid(), (0, 12), (0, 12), id="neighbours do not make a run"),
        pytest.param(roll((C, 0, 2), (C, 4, 1)), Grid(), (0.5, 2), (0.5, 2), id="one long, one short"),
        pytest.param(roll((C, 15, 2), steps=32), Grid(), (1, 1), (0, 2), id="over the bar line"),
        pytest.param(roll((C, 14, 3), steps=32), Grid(), (1, 1), (0.5, 2), id="over the bar line, longer"),
        pytest.param(roll((C, 15, 1)), Grid(), (0, 1), (0, 1), id="cut off by the end"),
        pytest.param(roll((C, 0, 1), (C, 1, 1)), Grid(), (0, 2), (0, 2), id="a repeated note is two"),
        pytest.param(roll((C, 0, 1), (C, 8, 2), steps=48), FINE, (0.5, 2), (0.5, 2), id="12 a beat: two steps"),
        pytest.param(roll((C, 0, 2), (C, 8, 3), steps=96), FINER, (0.5, 2), (0.5, 2), id="24 a beat: three steps"),
        pytest.param(roll(), Grid(), (0, 0), (0, 0), id="silence"),
    ],
)
def test_qualified_notes(music: Cells, grid: Grid, across: tuple[float, int], cut: tuple[float, int]) -> None:
    is_measure(qualified_notes(music, grid), *across)
    is_measure(qualified_notes(music, grid, across_bars=False), *cut)


def test_in_a_plain_piano_roll_a_run_is_one_note() -> None:
    repeated = roll((C, 0, 1), (C, 1, 1))
    is_measure(notes_per_bar(repeated), 2, 1)
    is_measure(notes_per_bar(repeated > 0), 1, 1)
    is_measure(qualified_notes(repeated > 0), 1, 1)


def test_a_hold_without_an_onset_begins_a_note() -> None:
    cells = np.zeros((1, 16, 84), np.uint8)
    cells[0, 0:2, 5] = cells[0, 8, 5] = 2
    is_measure(notes_per_bar(cells), 2, 1)
    is_measure(qualified_notes(cells), 0.5, 2)


def test_the_shortest_qualified_note_is_a_thirty_second_or_two_steps() -> None:
    assert [shortest_qualified(steps) for steps in (1, 4, 6, 8, 12, 16, 20, 24, 48)] == [2, 2, 2, 2, 2, 2, 3, 3, 6]


@pytest.mark.parametrize(
    ("music", "entropy", "consistency", "in_c"),
    [
        pytest.param(roll((C, 0, 16)), 0, 1, 1, id="one class"),
        pytest.param(roll(*chord(*OCTAVES)), 0, 1, 1, id="its octaves"),
        pytest.param(roll((C, 0, 8), (G, 8, 8)), 1, 1, 1, id="two alike"),
        pytest.param(roll((C, 0, 12), (C + 1, 12, 4)), 2 - 0.75 * math.log2(3), 1, 0.75, id="three to one"),
        pytest.param(roll(*chord(*TWELVE)), math.log2(12), 7 / 12, 7 / 12, id="all alike"),
        pytest.param(roll(*chord(*SCALE)), math.log2(7), 1, 1, id="C major"),
        pytest.param(roll(*chord(*(p + 1 for p in SCALE))), math.log2(7), 1, 2 / 7, id="C sharp major"),
        pytest.param(roll(*chord(C, D, E, 66, 68, 70)), math.log2(6), 4 / 6, 0.5, id="whole tones"),
    ],
)
def test_entropy_and_scales(music: Cells, entropy: float, consistency: float, in_c: float) -> None:
    is_measure(pitch_class_entropy(music), entropy, 1)
    is_measure(scale_consistency(music), consistency, 1)
    is_measure(in_scale_rate(music), in_c, int((music > 0).sum()))


def test_silence_has_no_harmony_and_no_nan() -> None:
    for measure in (pitch_class_entropy, scale_consistency, in_scale_rate):
        is_measure(measure(roll()), 0, 0)
    assert pitch_class_entropy(roll()).high == pytest.approx(math.log2(12))


def test_the_scale_is_that_of_the_key() -> None:
    c_major = roll(*chord(*SCALE))
    shares = {str(key): in_scale_rate(c_major, key=key).value for key in (Key(0), Key(9, True), Key(7), Key(5), Key(2))}
    assert shares == pytest.approx({"C major": 1, "A minor": 1, "G major": 6 / 7, "F major": 6 / 7, "D major": 5 / 7})


def test_several_tracks_are_heard_together() -> None:
    band = np.stack([roll((C, 0, 16)), roll((G, 0, 16))], axis=1)
    is_measure(pitch_class_entropy(band), 1, 1)
    is_measure(scale_consistency(np.stack([roll(*chord(C, D)), roll((C + 1, 0, 16))], axis=1)), 2 / 3, 1)
    offbeat = np.stack([roll((C, 0, 1), (C, 16, 1), steps=32), roll((C, 4, 1), steps=32)], axis=1)
    is_measure(groove_consistency(offbeat), 15 / 16, 1)


FIFTH = math.sqrt((2 * math.sin(math.pi / 12)) ** 2 + 2 + 0.75)  # a twelfth, a quarter and a third of the circles
SEMITONE = math.sqrt((2 * math.sin(7 * math.pi / 12)) ** 2 + 2 + 0.75)


@pytest.mark.parametrize(
    ("first", "second", "value", "count"),
    [
        pytest.param(roll((C, 0, 16)), roll((C, 0, 16)), 0, 4, id="the same"),
        pytest.param(roll((C, 0, 16)), roll((C - 24, 0, 16)), 0, 4, id="octaves apart"),
        pytest.param(roll((C, 0, 16)), roll((C + 6, 0, 16)), math.sqrt(8), 4, id="a tritone"),
        pytest.param(roll((C, 0, 16)), roll((G, 0, 16)), FIFTH, 4, id="a fifth"),
        pytest.param(roll((C, 0, 16)), roll((C + 1, 0, 16)), SEMITONE, 4, id="a semitone"),
        pytest.param(roll((C, 0, 16)), roll((C, 0, 4), (G, 4, 12)), 0.75 * FIFTH, 4, id="mean over beats"),
        pytest.param(roll((C, 0, 16)), roll((G, 8, 8)), FIFTH, 2, id="beats in which one is silent do not count"),
        pytest.param(roll((C, 0, 8)), roll((G, 8, 8)), 0, 0, id="never together"),
        pytest.param(roll((C, 0, 16)), roll(), 0, 0, id="one silent"),
        pytest.param(roll((C, 0, 3), (G, 3, 1)), roll((C, 0, 4)), FIFTH / 4, 1, id="weighed by time"),
    ],
)
def test_tonal_distance(first: Cells, second: Cells, value: float, count: int) -> None:
    is_measure(tonal_distance(first, second), value, count)
    is_measure(tonal_distance(second, first), value, count)


def test_shuffled_tracks_come_from_different_phrases() -> None:
    ours = np.concatenate([roll((pitch, 0, 16)) for pitch in (C, C + 6)])
    is_measure(tonal_distance(ours, ours), 0, 8)
    for seed in range(5):
        is_measure(shuffled_tonal_distance(ours, ours, seed=seed), math.sqrt(8), 8)
    is_measure(shuffled_tonal_distance(ours[:1], ours[:1]), 0, 0)


@pytest.mark.parametrize(
    ("music", "value", "count"),
    [
        pytest.param(roll(*FOUR_BEATS, steps=64), 1, 3, id="four equal bars, not 0.984"),
        pytest.param(roll(*[(C, s, 1) for s in range(64)], steps=64), 1, 3, id="four full bars"),
        pytest.param(roll(*FOUR_BEATS[:8], steps=64), 1 - 4 / 16 / 2, 2, id="two silent bars make no pair"),
        pytest.param(roll((C, 0, 1), (C, 18, 1), steps=32), 1 - 2 / 16, 1, id="two steps differ"),
        pytest.param(roll((C, 0, 32), steps=32), 1 - 1 / 16, 1, id="a held note begins once"),
        pytest.param(roll((C, 0, 1), (G, 16, 1), steps=32), 1, 1, id="pitches do not matter"),
        pytest.param(roll((C, 0, 1)), 0, 0, id="one bar has no neighbour"),
        pytest.param(np.concatenate([roll((C, 0, 1))] * 2), 0, 0, id="nor have two phrases of one"),
        pytest.param(roll(steps=64), 0, 0, id="silence has no groove"),
    ],
)
def test_groove_consistency(music: Cells, value: float, count: int) -> None:
    is_measure(groove_consistency(music), value, count)


@pytest.mark.parametrize(
    ("music", "grid", "sixteenths", "eighths", "triplets"),
    [
        pytest.param(roll(*strokes(0, 4, 8, 12)), Grid(), 1, 1, 1, id="on the beat"),
        pytest.param(roll(*strokes(*range(16))), Grid(), 1, 0.5, 0.25, id="every step is a stroke"),
        pytest.param(roll(*strokes(0, 3, 6, 9), steps=48), FINE, 1, 0.5, 0.25, id="sixteenths"),
        pytest.param(roll(*strokes(0, 4, 8), steps=48), FINE, 1 / 3, 1 / 3, 1, id="triplets"),
        pytest.param(roll(*strokes(1, 4, 7, 10), steps=48), FINE, 0, 0, 0.25, id="all late by a step"),
        pytest.param(roll(), Grid(), 0, 0, 0, id="silence"),
    ],
)
def test_drum_pattern(music: Cells, grid: Grid, sixteenths: float, eighths: float, triplets: float) -> None:
    struck = int((music == 1).sum())
    for division, value in ((4, sixteenths), (2, eighths), (3, triplets)):
        is_measure(drum_pattern(music, grid, division), value, struck)
        is_measure(drum_pattern(music > 0, grid, division), value, struck)


def test_chroma_adds_octaves_up() -> None:
    counted = chroma(roll((C, 0, 6), (C + 12, 4, 2), (B, 8, 4)), steps=4)
    assert counted.shape == (1, 4, 12)
    assert [counted[0, beat, [0, 11]].tolist() for beat in range(4)] == [[4, 0], [4, 0], [0, 4], [0, 0]]
    assert chroma(np.stack([roll((F, 0, 16))] * 2, axis=1), steps=10)[0, :, :, 5].tolist() == [[10, 6], [10, 6]]


SINGLE: list[Callable[..., Measure]] = [empty_bars, notes_per_bar, polyphony, qualified_notes, used_pitch_classes]


@pytest.mark.parametrize("measure", [*SINGLE, drum_pattern])
def test_a_measure_of_one_track_takes_one(measure: Callable[..., Measure]) -> None:
    with pytest.raises(GansuiteError, match=r"of one track .* not of an array of shape \(1, 2, 16, 84\)"):
        measure(np.zeros((1, 2, 16, 84), np.uint8))


@pytest.mark.parametrize(
    ("music", "said"),
    [
        (np.zeros((16, 84), np.uint8), "of one track"),
        (np.zeros((1, 16, 84)), "not float64"),
        (np.full((1, 16, 84), 90, np.uint8), "A cell holds 90"),
        (np.zeros((1, 20, 84), np.uint8), "20 steps, which is not a whole number of bars of 16 steps"),
    ],
)
def test_what_is_no_music_is_refused(music: np.ndarray, said: str) -> None:
    with pytest.raises(GansuiteError, match=said):
        empty_bars(music)


def test_two_tracks_must_be_of_the_same_phrases() -> None:
    with pytest.raises(GansuiteError, match="The two tracks differ"):
        tonal_distance(roll(), roll(steps=32))
    with pytest.raises(GansuiteError, match="of one track"):
        tonal_distance(np.zeros((1, 2, 16, 84), bool), np.zeros((1, 2, 16, 84), bool))


@pytest.mark.parametrize("room", ["intervals", "notes", "harmony", "rhythm"])
def test_the_examples_in_the_docstrings_hold(room: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(f"gansuite.music.measures.{room}"))
    assert (failed, tried > 0) == (0, True)
