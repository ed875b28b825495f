"""Piano rolls as pictures: the right colours at the right places, at every grid and in every line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gansuite.core.errors import GansuiteError
from gansuite.music.layout import PAGE_STYLE, TILE_STYLE, Layout, lay_out
from gansuite.music.picture import COLOURS, LANE, draw_roll, draw_sheet
from gansuite.music.roll import HOLD, LOWEST, ONSET, TRACKS, Roll, from_sounding


def roll_of(*notes: tuple[str, int, int, int, int], steps: int = 64, grid: int = 4) -> Roll:
    """A roll of notes (track, MIDI pitch, start, length, velocity)."""
    cells = np.zeros((5, steps, 84), np.uint8)
    velocity = np.zeros_like(cells)
    for track, pitch, start, length, loud in notes:
        number = TRACKS.index(track)
        cells[number, start : start + length, pitch - LOWEST] = HOLD
        cells[number, start, pitch - LOWEST] = ONSET
        velocity[number, start, pitch - LOWEST] = loud
    return Roll(cells, steps_per_beat=grid, velocity=velocity)


def middle(picture: Image.Image, box: tuple[int, int, int, int]) -> np.ndarray:
    """The colour in the middle of a box."""
    left, top, right, bottom = box
    return np.array(picture.getpixel(((left + right) // 2, (top + bottom) // 2)), int)


def note_colour(picture: Image.Image, layout: Layout, track: str, pitch: int, start: int, length: int) -> np.ndarray:
    return middle(picture, layout.box(layout.lanes[TRACKS.index(track)], pitch, start, length))


def is_like(colour: np.ndarray, track: str) -> bool:
    """Whether a colour lies on the way from the lane's to the track's, and far from the lane's."""
    away, wanted = colour - np.array(LANE), np.array(COLOURS[track]) - np.array(LANE)
    strength = float(away @ wanted / (wanted @ wanted))
    return strength > 0.3 and bool(np.abs(away - strength * wanted).max() < 8)


@pytest.mark.parametrize("grid", [4, 6, 12, 24])
def test_every_track_is_drawn_in_its_colour_where_its_notes_are(grid: int) -> None:
    notes = [
        (track, 48 + 2 * i, (4 * i + 1) * grid, 1 if track == "drums" else 2 * grid, 100)
        for i, track in enumerate(TRACKS)
    ]
    roll = roll_of(*notes, steps=32 * grid, grid=grid)
    layout, picture = lay_out([roll]), draw_roll(roll)
    for track, pitch, start, length, _ in notes:
        drawn = grid // 4 if track == "drums" else length  # dots are as wide as a sixteenth
        assert is_like(note_colour(picture, layout, track, pitch, start, drawn), track)
        if track != "drums":
            for other in (start - grid, start + length):
                assert not is_like(note_colour(picture, layout, track, pitch, other, grid), track)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(4, 4), (3, 4), (6, 8)]), st.integers(1, 40))
def test_any_music_is_drawn_note_for_note(seed: int, meter: tuple[int, int], bars: int) -> None:
    rng = np.random.default_rng(seed)
    steps = bars * 16 * meter[0] // meter[1]
    cells = from_sounding(rng.random((5, steps, 84)) < 0.02)
    cells[0][cells[0] == HOLD] = 0
    roll = Roll(cells, meter=meter)
    layout, picture = lay_out([roll]), draw_roll(roll)
    assert picture.size == layout.size
    found = np.argwhere(cells == ONSET)
    for track, step, pitch in found[rng.permutation(len(found))[:20]]:
        left, top, right, bottom = layout.box(layout.lanes[track], int(pitch) + LOWEST, int(step))
        area = np.array(picture.crop((left, top, right, bottom)), int).reshape(-1, 3)
        assert any(is_like(colour, TRACKS[track]) for colour in area)


def test_louder_notes_are_brighter() -> None:
    roll = roll_of(("piano", 60, 0, 4, 20), ("piano", 60, 8, 4, 70), ("piano", 60, 16, 4, 127))
    layout, picture = lay_out([roll]), draw_roll(roll)
    soft, medium, loud = (note_colour(picture, layout, "piano", 60, start, 4).sum() for start in (0, 8, 16))
    assert soft < medium < loud
    assert note_colour(picture, layout, "piano", 60, 16, 4).tolist() == list(COLOURS["piano"])


def test_without_velocities_all_notes_are_bright() -> None:
    roll = replace(roll_of(("bass", 40, 0, 4, 1)), velocity=None)
    assert note_colour(draw_roll(roll), lay_out([roll]), "bass", 40, 0, 4).tolist() == list(COLOURS["bass"])


def test_repeated_notes_are_told_from_a_long_one() -> None:
    """A gap behind each note, and a bright edge where the next begins."""
    long, twice = (
        draw_roll(roll_of(*notes)) for notes in ([("piano", 60, 0, 8, 90)], [("piano", 60, s, 4, 90) for s in (0, 4)])
    )
    layout = lay_out([roll_of(("piano", 60, 0, 8, 90))])
    left, top, _, _ = layout.box(layout.lanes[1], 60, 4, 4)
    assert is_like(np.array(long.getpixel((left - 1, top))), "piano")
    assert not is_like(np.array(twice.getpixel((left - 1, top))), "piano")
    assert sum(twice.getpixel((left, top))) > sum(twice.getpixel((left + 2, top)))


def test_a_note_goes_on_in_the_next_line() -> None:
    roll = roll_of(("strings", 60, 16 * 16 - 8, 16, 100), steps=32 * 16)
    layout, picture = lay_out([roll]), draw_roll(roll)
    assert (layout.lines, layout.line_steps) == (2, 16 * 16)
    for start in (16 * 16 - 8, 16 * 16):
        assert is_like(note_colour(picture, layout, "strings", 60, start, 8), "strings")
    assert layout.box(layout.lanes[4], 60, 16 * 16, 8)[0] == layout.x(0)


@pytest.mark.parametrize(
    ("bars", "meter", "lines", "line_bars"),
    [
        (1, (4, 4), 1, 1),
        (16, (4, 4), 1, 16),
        (17, (4, 4), 2, 12),
        (64, (4, 4), 4, 16),
        (24, (3, 4), 2, 12),
        (21, (3, 4), 1, 21),
        (40, (6, 8), 2, 20),
    ],
)
def test_lines_hold_at_most_64_beats_and_share_bars_evenly(
    bars: int, meter: tuple[int, int], lines: int, line_bars: int
) -> None:
    roll = Roll(np.zeros((5, bars * 16 * meter[0] // meter[1], 84), np.uint8), meter=meter)
    layout = lay_out([roll])
    assert (layout.lines, layout.line_steps // roll.steps_per_bar) == (lines, line_bars)


def test_lanes_show_what_is_used_and_little_else() -> None:
    roll = roll_of(("drums", 36, 0, 1, 90), ("drums", 42, 2, 1, 90), ("piano", 48, 0, 4, 90), ("piano", 84, 4, 4, 90))
    drums, piano, guitar, *_ = lay_out([roll]).lanes
    assert drums.pitches == (36, 42)
    assert piano.pitches == tuple(range(48, 85))
    assert guitar.height < piano.height / 4
    assert drums.y < piano.y < guitar.y


def test_bar_lines_are_brighter_than_beat_lines_and_names_are_written() -> None:
    roll = roll_of(("piano", 60, 0, 4, 90))
    layout, picture = lay_out([roll]), draw_roll(roll)
    y = layout.y(0) + layout.lanes[3].y + 2
    phrase, bar, beat, plain = (sum(picture.getpixel((layout.x(step), y))) for step in (0, 16, 20, 22))
    assert phrase > bar > beat > plain
    margin = np.array(picture.crop((0, 0, layout.x(0) - 1, picture.height)))
    for colour in COLOURS.values():
        assert (np.abs(margin.astype(int) - colour).max(axis=2) < 60).any()
    numbers = np.array(picture.crop((layout.x(16), 0, layout.x(20), layout.y(0))))
    assert numbers.max() > 120


def test_six_eighths_have_two_beats() -> None:
    roll = Roll(np.zeros((5, 24, 84), np.uint8), meter=(6, 8))
    layout, picture = lay_out([roll]), draw_roll(roll)
    y = layout.y(0) + layout.lanes[3].y + 2
    drawn = [sum(picture.getpixel((layout.x(step), y))) for step in range(12)]
    assert [step for step in range(12) if drawn[step] > drawn[1]] == [0, 6]


def test_a_sheet_is_a_grid_of_phrases_that_share_their_lanes() -> None:
    rolls = [roll_of(("piano", 50 + 3 * i, 4 * i, 4, 100)) for i in range(5)]
    sheet, layout = draw_sheet(rolls, columns=3), lay_out(rolls, TILE_STYLE)
    width, height = layout.size
    assert sheet.size == (3 * width, 2 * height)
    for i in range(5):
        left, top, right, bottom = layout.box(layout.lanes[1], 50 + 3 * i, 4 * i, 4)
        x, y = i % 3 * width, i // 3 * height
        assert is_like(middle(sheet, (left + x, top + y, right + x, bottom + y)), "piano")
    assert not np.array(sheet.crop((2 * width, height, 3 * width, 2 * height))).std(axis=(0, 1)).any()


def test_a_sheet_of_48_phrases_fits_a_screen_whatever_they_hold() -> None:
    rng = np.random.default_rng(0)
    noise = [Roll((rng.random((5, 64, 84)) < 0.05).astype(np.uint8)) for _ in range(48)]
    width, height = draw_sheet(noise).size
    assert width < 1700
    assert height < 1400


def test_a_stray_note_stays_in_its_lane() -> None:
    many = [("piano", 60 + i % 12, 0, 64, 100) for i in range(12)]
    rolls = [roll_of(*many), roll_of(("piano", 107, 0, 1, 100))]
    layout = lay_out(rolls, TILE_STYLE)
    assert layout.lanes[1].pitches[-1] < 80
    assert is_like(middle(draw_sheet(rolls, columns=1), layout.box(layout.lanes[1], 60, 0, 64)), "piano")
    assert layout.lanes[1].row_y(107) == layout.lanes[1].row_y(layout.lanes[1].pitches[-1])


def test_the_same_music_is_the_same_picture() -> None:
    roll = roll_of(("guitar", 60, 0, 4, 90), ("drums", 38, 4, 1, 90))
    assert draw_roll(roll).tobytes() == draw_roll(roll).tobytes()


def test_some_tracks_alone() -> None:
    roll = Roll(roll_of(("bass", 40, 0, 4, 90)).cells[3:4], tracks=("bass",))
    layout = lay_out([roll])
    assert [lane.track for lane in layout.lanes] == ["bass"]
    assert is_like(middle(draw_roll(roll), layout.box(layout.lanes[0], 40, 0, 4)), "bass")


def test_nothing_to_draw() -> None:
    with pytest.raises(GansuiteError, match="no music to draw"):
        draw_sheet([])
    with pytest.raises(GansuiteError, match="no music to draw"):
        draw_roll(Roll(np.zeros((5, 0, 84), np.uint8)), PAGE_STYLE)
