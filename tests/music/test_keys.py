"""Keys: their names, their estimate, and phrases moved to C major or A minor."""

from __future__ import annotations

import numpy as np
import pytest

from gansuite.core.errors import GansuiteError
from gansuite.music.band import compose
from gansuite.music.keys import Key, estimate, estimate_key, histograms, in_scale, moved, parse_key, shifts
from gansuite.music.notes import Notes, stack, tidy
from gansuite.music.roll import LOWEST, TRACKS

SCALE = (0, 2, 4, 5, 7, 9, 11)
CADENCE = ((0, 4, 7), (5, 9, 0), (7, 11, 2), (0, 4, 7))  # C F G C


def chords(tones: tuple[tuple[int, ...], ...], tonic: int = 0, track: int = 1, base: int = 36) -> Notes:
    """One phrase of chords of four steps each, pitches near C4."""
    rows = [(base + (tone + tonic) % 12, 4 * place) for place, chord in enumerate(tones) for tone in chord]
    pitch, start = (np.array(column) for column in zip(*rows, strict=True))
    return tidy(1, np.zeros(len(rows)), np.full(len(rows), track), pitch, start, start + 4, 16)


def test_keys_have_names_and_shifts() -> None:
    assert [str(key) for key in (Key(0), Key(9, True), Key(6, True), Key(10))] == [
        "C major",
        "A minor",
        "F# minor",
        "Bb major",
    ]
    assert [Key(tonic).shift for tonic in range(12)] == [0, -1, -2, -3, -4, -5, 6, 5, 4, 3, 2, 1]
    for tonic in range(12):
        assert Key((tonic + 9) % 12, True).shift == Key(tonic).shift  # the relative minor


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("C", Key(0)),
        ("c", Key(0)),
        ("F# minor", Key(6, True)),
        ("f#m", Key(6, True)),
        ("Bb", Key(10)),
        ("B♭ major", Key(10)),
        ("am", Key(9, True)),
        ("AM", Key(9)),
        ("Cb", Key(11)),
        (" e-min ", Key(4, True)),
    ],
)
def test_a_person_may_name_a_key_in_many_ways(text: str, key: Key) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize("text", ["", "H", "C##", "minor", "C dorian", "7"])
def test_what_is_no_key_is_told(text: str) -> None:
    with pytest.raises(GansuiteError, match="is not a key"):
        parse_key(text)


def test_histograms_weigh_pitch_classes_by_steps_and_leave_drums_out() -> None:
    notes = tidy(2, [0, 0, 1], [1, 0, 3], [12, 12, 19], np.array([0, 0, 2]), np.array([3, 3, 4]), 16)
    expected = np.zeros((2, 12))
    expected[0, 0], expected[1, 7] = 3, 2
    assert np.array_equal(histograms(notes), expected)


@pytest.mark.parametrize("tonic", range(12))
def test_a_cadence_is_in_its_key_and_moves_to_c(tonic: int) -> None:
    notes = chords(CADENCE, tonic)
    assert estimate(histograms(notes)).tolist() == [tonic]
    by = shifts(notes, np.array([0]))
    assert by.tolist() == [Key(tonic).shift]
    assert in_scale(moved(notes, by, 16)) == 1
    minor = chords(((0, 3, 7), (5, 8, 0), (7, 11, 2), (0, 3, 7)), tonic)
    assert estimate(histograms(minor)).tolist() == [12 + tonic]


def test_silence_is_in_c_major() -> None:
    empty = tidy(2, [], [], [], np.empty(0, np.int64), np.empty(0, np.int64), 16)
    assert shifts(empty, np.array([0, 1])).tolist() == [0, 0]
    assert in_scale(empty) == 0


def test_in_scale_counts_steps() -> None:
    notes = tidy(1, [0, 0], [1, 1], [36, 37], np.array([0, 0]), np.array([3, 1]), 16)
    assert in_scale(notes) == pytest.approx(0.75)


def test_an_unclear_phrase_takes_the_key_of_its_piece() -> None:
    unclear = chords(((0, 7), (0, 7), (0, 7), (0, 7)))  # C and G: C major, G major, F major...
    piece = stack([chords(CADENCE, 7), chords(CADENCE, 7), unclear])
    alone, together = shifts(piece, np.array([0, 0, 1])), shifts(piece, np.array([0, 0, 0]), trust=1.0)
    assert alone.tolist()[:2] == together.tolist()[:2] == [5, 5]
    assert alone[2] == 0
    assert together[2] == 5


def test_moving_leaves_drums_and_folds_what_leaves_the_range() -> None:
    notes = tidy(1, [0, 0, 0], [0, 3, 4], [5, 2, 82], np.array([0, 0, 0]), np.array([1, 4, 4]), 16)
    down, up = moved(notes, np.array([-5]), 16), moved(notes, np.array([6]), 16)
    assert down.pitch.tolist() == [5, 9, 77]  # 2 - 5 comes in an octave higher
    assert up.pitch.tolist() == [5, 8, 76]  # 82 + 6 comes in an octave lower
    assert (down.pitch.astype(int)[1] + LOWEST) % 12 == (2 - 5 + LOWEST) % 12


def test_the_key_of_most_band_pieces_is_found() -> None:
    pieces = [compose(index) for index in range(60)]
    right = [estimate_key(piece.score.roll()).shift == piece.key.shift for piece in pieces]
    assert np.mean(right) > 0.8  # blues with a flat seventh sounds a fifth lower
    assert TRACKS[0] == "drums"
