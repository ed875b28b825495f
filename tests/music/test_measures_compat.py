"""The measures of 2018: reproduced, mistakes and all, and only when they are asked for by name."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from gansuite.core.errors import GansuiteError
from gansuite.music.keys import Key
from gansuite.music.measures import (
    MusicTable,
    drum_pattern,
    harmony_gap,
    in_scale_rate,
    qualified_notes,
    table,
    tonal_distance,
    used_pitch_classes,
)
from gansuite.music.roll import Grid

from .hand_rolls import SCALE, C, E, chord, one_after_another, roll, strokes
from .test_measures_values import OCTAVES, is_measure

OLD = "musegan2018"
SLAKH = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "music" / "slakh_valid.npz"
PITCHED = ("piano", "guitar", "bass", "strings")
# Dong et al. 2018, table 2, training data: real and shuffled
PUBLISHED = {"guitar-bass": (1.57, 1.59), "piano-bass": (1.51, 1.56), "bass-strings": (1.58, 1.59)}


def test_octaves_were_seven_classes_and_seven_neighbours_one() -> None:
    is_measure(used_pitch_classes(roll(*chord(*OCTAVES)), compat=OLD), 7, 1)
    is_measure(used_pitch_classes(roll(*chord(*range(24, 31))), compat=OLD), 1, 1)
    is_measure(used_pitch_classes(roll(), compat=OLD), 0, 0)


def test_an_octave_was_a_dissonance_and_a_semitone_none() -> None:
    low, octave, semitone = (roll((pitch, 0, 16)) for pitch in (24, 36, 25))
    wrong = math.sqrt((2 * math.sin(7 * math.pi / 12)) ** 2 + 2 + 0.75)
    is_measure(tonal_distance(low, octave, compat=OLD), wrong, 1)
    is_measure(tonal_distance(low, semitone, compat=OLD), 0, 1)
    assert tonal_distance(low, octave).value == 0
    assert tonal_distance(low, semitone).value > 2


def test_a_silent_beat_silenced_the_bar() -> None:
    held = roll((24, 0, 32), steps=32)
    resting = roll((36, 0, 12), (36, 16, 16), steps=32)
    assert tonal_distance(held, resting, compat=OLD).count == 1
    assert tonal_distance(held, resting).count == 7


def test_qualified_notes_were_a_mean_of_bars_cut_at_the_bar_line() -> None:
    music = roll((C, 0, 4), (E, 16, 4), *[(C, 20 + 2 * n, 1) for n in range(3)], steps=32)
    is_measure(qualified_notes(music, compat=OLD), (1 + 0.25) / 2, 2)
    is_measure(qualified_notes(music), 2 / 5, 5)
    is_measure(qualified_notes(roll((C, 15, 2), steps=32), compat=OLD), 0, 2)
    is_measure(qualified_notes(roll((C, 0, 2), steps=96), Grid(steps_per_beat=24), compat=OLD), 1, 1)


def test_the_scale_was_one_of_groups() -> None:
    # the 84 pitches in groups of 7: the seven of C1 to F#1 are all "C", those of G1 to C#2 all "C sharp"
    music = roll(*one_after_another(*range(24, 31), *range(31, 38)))
    is_measure(in_scale_rate(music, compat=OLD), 0.5, 1)
    assert in_scale_rate(roll(*chord(*SCALE)), compat=OLD).value != 1


def test_drums_were_forgiven_any_shift_of_the_grid() -> None:
    grid = Grid(steps_per_beat=24)
    late = roll(*strokes(1, 7, 13, 19), steps=96)
    is_measure(drum_pattern(late, grid, compat=OLD), 1, 1)
    is_measure(drum_pattern(late, grid), 0, 4)
    is_measure(drum_pattern(roll(*strokes(0, 7), steps=96), grid, compat=OLD), 1.3 / 2, 1)
    is_measure(drum_pattern(roll(*strokes(0, 9), steps=96), grid, compat=OLD), 0.5, 1)
    is_measure(drum_pattern(roll(*strokes(0, 5)), compat=OLD), 1, 1)


def test_an_unknown_name_is_answered_with_the_known_one() -> None:
    with pytest.raises(GansuiteError, match="Did you mean 'musegan2018'"):
        used_pitch_classes(roll(), compat="musegan18")
    with pytest.raises(GansuiteError, match="only C major was measured, not G major"):
        in_scale_rate(roll(), key=Key(7), compat=OLD)
    with pytest.raises(GansuiteError, match="88 pitches cannot be cut into 12 groups"):
        used_pitch_classes(np.zeros((1, 16, 88), bool), compat=OLD)


def slakh() -> np.ndarray:
    if not SLAKH.exists():
        pytest.skip(f"{SLAKH.name} is not here")
    rows = np.load(SLAKH, allow_pickle=False)["phrases"]
    return np.unpackbits(rows, axis=1, count=4 * 64 * 84).reshape(-1, 4, 64, 84).astype(bool)


@pytest.fixture(scope="module")
def real() -> tuple[MusicTable, MusicTable]:
    """4,180 phrases of real music by the right definitions, and by those of 2018."""
    music = slakh()
    return table(music, PITCHED), table(music, PITCHED, compat=OLD)


def test_the_published_pattern_comes_out_of_other_real_music(real: tuple[MusicTable, MusicTable]) -> None:
    _, old = real
    for pair, (together, shuffled) in PUBLISHED.items():
        assert old["tonal_distance"][pair].value == pytest.approx(together, abs=0.15)
        assert old["tonal_distance_shuffled"][pair].value == pytest.approx(shuffled, abs=0.15)
        assert harmony_gap(old)[pair] < 0.1
    assert old["used_pitch_classes"]["bass"].value == pytest.approx(1.71, abs=0.2)


def test_the_right_measures_tell_real_music_from_shuffled(real: tuple[MusicTable, MusicTable]) -> None:
    right, _ = real
    assert min(harmony_gap(right).values()) > 0.5
    assert right["scale_consistency"]["all"].value == pytest.approx(0.976, abs=0.01)
    assert right["pitch_class_entropy"]["all"].value == pytest.approx(2.56, abs=0.05)
    assert right["groove_consistency"]["all"].value == pytest.approx(0.834, abs=0.01)
    classes = [right["used_pitch_classes"][track].value for track in PITCHED]
    assert classes == pytest.approx([4.20, 3.86, 2.23, 4.04], abs=0.15)
