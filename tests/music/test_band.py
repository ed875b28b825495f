"""The band that plays when there is no other music: always the same, never the same twice, and in tune."""

from __future__ import annotations

import numpy as np
import pytest

from gansuite.core.errors import GansuiteError
from gansuite.music.band import compose, draw_band, style_names
from gansuite.music.band.harmony import nearest_tone, progression, step_from, voiced
from gansuite.music.band.players import CRASH, KICK, SNARE, hits
from gansuite.music.band.styles import STYLES
from gansuite.music.midi import read_midi, write_midi
from gansuite.music.roll import LOWEST, ONSET, TRACKS

SOME = range(20)  # two pieces of every style in 4/4


def test_pieces_are_rolls_of_five_tracks_with_velocities() -> None:
    rolls = draw_band(12, seed=3)
    for roll in rolls:
        assert roll.cells.shape == (5, 256, 84)
        assert roll.tracks == TRACKS
        assert roll.velocity is not None
        assert np.array_equal(roll.velocity > 0, roll.cells == ONSET)
        assert 60 <= roll.tempo <= 190
        assert np.array_equal(read_midi(write_midi(roll)).cells, roll.cells)
    assert len({roll.cells.tobytes() for roll in rolls}) == 12


def test_a_piece_depends_on_seed_and_index_alone() -> None:
    few, many, other = draw_band(3, seed=1), draw_band(6, seed=1), draw_band(3, seed=2)
    for one, two, three in zip(few, many, other, strict=False):
        assert np.array_equal(one.cells, two.cells)
        assert np.array_equal(one.velocity, two.velocity)
        assert not np.array_equal(one.cells, three.cells)
    assert np.array_equal(compose(4, 1, bars=8).score.roll().cells[:, :112], many[4].cells[:, :112])


def test_styles_take_turns_and_keys_and_tempi_vary() -> None:
    pieces = [compose(index) for index in range(60)]
    names = style_names()
    assert len(names) == 10
    assert [piece.style for piece in pieces[:10]] == list(names)
    assert len({str(piece.key) for piece in pieces}) >= 18
    assert len({piece.score.tempo for piece in pieces}) >= 30
    assert {piece.key.minor for piece in pieces} == {True, False}


def test_the_harmony_is_in_the_key_and_the_tracks_agree() -> None:
    shares = []
    for index in SOME:
        piece = compose(index)
        roll = piece.score.roll().moved(piece.key.shift)
        sounding = roll.sounding[1:].sum(axis=(0, 1))
        classes = np.bincount((np.arange(84) + LOWEST) % 12, sounding, 12)
        shares.append(classes[[0, 2, 4, 5, 7, 9, 11]].sum() / classes.sum())
    assert min(shares) > 0.7  # a blues has flat sevenths
    assert np.mean(shares) > 0.9


def test_the_bass_plays_one_note_at_a_time_below_the_others_and_meets_the_root() -> None:
    for index in SOME:
        roll = compose(index).score.roll()
        bass = roll.sounding[TRACKS.index("bass")]
        assert bass.sum(axis=1).max() == 1
        assert bass[::16].any(axis=1).mean() > 0.7
        low = np.nonzero(bass)[1].mean()
        for track in ("piano", "guitar", "strings"):
            pitches = np.nonzero(roll.sounding[TRACKS.index(track)])[1]
            assert not len(pitches) or pitches.mean() > low + 8


def test_drums_keep_a_pattern_that_fills_break() -> None:
    for index in SOME:
        roll = compose(index).score.roll()
        drums = roll.onsets[0].reshape(16, 16, 84)
        assert drums.any(axis=(1, 2)).all()
        assert np.array_equal(
            drums[0][:, [KICK - LOWEST, SNARE - LOWEST]], drums[1][:, [KICK - LOWEST, SNARE - LOWEST]]
        )
        assert not np.array_equal(drums[3], drums[2])
        assert drums[:, 0, CRASH - LOWEST].any()


def test_sections_return() -> None:
    pieces = [compose(index) for index in range(12)]
    chords = [piece.score.roll().onsets[3].reshape(4, 64, 84) for piece in pieces]
    assert sum(bool(np.array_equal(bass[0].any(axis=1), bass[-1].any(axis=1))) for bass in chords) >= 2
    assert sum(bool((bass[0] != bass[2]).any()) for bass in chords) >= 8


@pytest.mark.parametrize(("meter", "steps"), [((3, 4), 12), ((6, 8), 12)])
def test_the_band_knows_other_meters(meter: tuple[int, int], steps: int) -> None:
    for roll in draw_band(4, meter=meter, bars=8):
        assert roll.meter == meter
        assert roll.steps == 8 * steps
        assert roll.onsets.any(axis=(1, 2)).sum() >= 4


def test_finer_grids_hear_the_swing() -> None:
    swing = style_names().index("swing")
    fine = draw_band(swing + 1, steps_per_beat=12)[swing]
    places = set(np.nonzero(fine.onsets[0].any(axis=1))[0] % 12)
    assert places <= {0, 4, 8}
    assert 8 in places


@pytest.mark.parametrize(
    ("ask", "cause"),
    [
        (lambda: draw_band(0), "0 pieces"),
        (lambda: draw_band(1, meter=(5, 4)), "does not play in 5/4"),
        (lambda: draw_band(1, meter=(6, 8), steps_per_beat=1), None),
        (lambda: compose(-1), "numbered from 0"),
        (lambda: compose(0, bars=0), "a bar or more"),
    ],
)
def test_what_the_band_cannot_play_is_told(ask: object, cause: str | None) -> None:
    if cause is None:
        ask()  # type: ignore[operator]
        return
    with pytest.raises(GansuiteError, match=cause):
        ask()  # type: ignore[operator]


# ---- how it is made


def test_patterns_are_laid_over_a_bar() -> None:
    assert [tuple(hit) for hit in hits("x-.X", 48)] == [(0, 24, "x"), (36, 12, "X")]
    assert [tuple(hit) for hit in hits("..--o", 10)] == [(8, 2, "o")]  # there is nothing to hold


def test_every_pattern_fills_its_bar_evenly() -> None:
    for style in STYLES:
        beats = style.meter[0] * 4 // style.meter[1]
        lines = [*style.bass, *style.piano, *style.guitar, *style.strings, *style.melody]
        lines += [line for kit in style.kits for line in (kit.kick, kit.snare, kit.hat, kit.ride, kit.extra) if line]
        assert {len(line) % beats for line in lines} == {0}, style.name
        assert all(len(line) // beats in (3, 4) for line in lines), style.name


def test_every_chord_line_can_be_read() -> None:
    for style in STYLES:
        for minor, lines in ((False, style.major), (True, style.minor)):
            assert all(len(progression(line, 0, minor)) == 4 for line in lines)


def test_chords_are_numerals_of_the_key() -> None:
    names = [chord.classes for chord in progression("I ii7 bVI V7", 0, False)]
    assert names == [(0, 4, 7), (2, 5, 9, 0), (8, 0, 3), (7, 11, 2, 5)]
    minor = progression("i V", 9, True)
    assert minor[0].scale == {9, 11, 0, 2, 4, 5, 7}
    assert minor[1].scale == {9, 11, 0, 2, 4, 5, 8}  # the leading note takes the place of the seventh degree
    with pytest.raises(ValueError, match="no chord"):
        progression("I H", 0, False)


def test_voices_move_as_little_as_they_can() -> None:
    home, away = progression("I IV", 0, False)
    first = voiced(home, (), 55, 76, 3)
    second = voiced(away, first, 55, 76, 3)
    assert sorted(pitch % 12 for pitch in second) == [0, 5, 9]
    assert sum(abs(one - two) for one, two in zip(first, second, strict=True)) <= 4


def test_steps_and_tones() -> None:
    scale = frozenset((0, 2, 4, 5, 7, 9, 11))
    assert [step_from(scale, 60, steps) for steps in (-1, 0, 1, 2, 7)] == [59, 60, 62, 64, 72]
    assert nearest_tone((0, 4, 7), 62) == 64
    assert nearest_tone((0, 4, 7), 65) == 64
