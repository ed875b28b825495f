"""The table of all measures, what it says of single tracks, and how far two tables are apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from gansuite.core.errors import GansuiteError
from gansuite.music import measures
from gansuite.music.measures import Measure, MusicTable, distance, harmony_gap, table, tallies
from gansuite.music.roll import TRACKS, Cells, Grid

from .hand_rolls import C, E, G, chord, roll, strokes

PITCHED = TRACKS[1:]
BY_TRACK = {
    "empty_bars": measures.empty_bars,
    "notes_per_bar": measures.notes_per_bar,
    "groove_consistency": measures.groove_consistency,
    "used_pitch_classes": measures.used_pitch_classes,
    "qualified_notes": measures.qualified_notes,
    "polyphony": measures.polyphony,
    "pitch_class_entropy": measures.pitch_class_entropy,
    "scale_consistency": measures.scale_consistency,
    "in_scale_rate": measures.in_scale_rate,
}


def music(phrases: int = 12, seed: int = 0, steps: int = 64) -> Cells:
    """Random phrases of five tracks."""
    random = np.random.default_rng(seed)
    cells = random.choice(3, (phrases, 5, steps, 84), p=[0.97, 0.02, 0.01]).astype(np.uint8)
    cells[random.random((phrases, 5)) < 0.2] = 0
    return cells


def figures(of: MusicTable) -> Iterator[tuple[str, str, Measure]]:
    return ((name, who, figure) for name, row in of.measures.items() for who, figure in row.items())


@pytest.fixture(scope="module")
def made() -> MusicTable:
    return table(music())


def test_every_track_and_pair_has_its_measures(made: MusicTable) -> None:
    assert (made.phrases, made.bars, made.tracks, made.compat) == (12, 48, TRACKS, None)
    assert set(made["empty_bars"]) == set(TRACKS)
    assert set(made["groove_consistency"]) == {*TRACKS, "all"}
    assert set(made["qualified_notes"]) == set(PITCHED)
    assert set(made["scale_consistency"]) == {*PITCHED, "all"}
    assert set(made["drum_pattern"]) == set(made["drum_eighths"]) == {"drums"}
    assert list(made["tonal_distance"]) == [
        "piano-guitar", "piano-bass", "piano-strings", "guitar-bass", "guitar-strings", "bass-strings"
    ]  # fmt: skip


@pytest.mark.parametrize("name", BY_TRACK)
def test_the_table_says_what_the_functions_say(made: MusicTable, name: str) -> None:
    for track, figure in made[name].items():
        if track != "all":
            assert figure == BY_TRACK[name](music()[:, TRACKS.index(track)])


def test_and_so_it_does_of_pairs_drums_and_the_band(made: MusicTable) -> None:
    piano, bass = music()[:, 1], music()[:, 3]
    assert made["tonal_distance"]["piano-bass"] == measures.tonal_distance(piano, bass)
    assert made["tonal_distance_shuffled"]["piano-bass"] == measures.shuffled_tonal_distance(piano, bass)
    assert made["drum_eighths"]["drums"] == measures.drum_pattern(music()[:, 0], division=2)
    assert made["scale_consistency"]["all"] == measures.scale_consistency(music()[:, 1:])
    assert made["groove_consistency"]["all"] == measures.groove_consistency(music())
    assert made["polyphony_above_two"]["bass"] == measures.polyphony(bass, least=3)
    assert made["qualified_notes_in_bars"]["bass"] == measures.qualified_notes(bass, across_bars=False)


def test_it_is_the_same_however_much_is_counted_at_once(monkeypatch: pytest.MonkeyPatch, made: MusicTable) -> None:
    monkeypatch.setattr(tallies, "CHUNK_CELLS", 5 * 64 * 84 * 5)
    assert table(music()) == made
    monkeypatch.setattr(tallies, "CHUNK_CELLS", 1)
    assert table(music()) == made


def test_every_step_of_a_plain_drum_roll_is_a_stroke() -> None:
    hats = np.zeros((1, 2, 16, 84), bool)
    hats[0, 0, :, 18] = hats[0, 1, :, 36] = True
    made = table(hats, ("drums", "bass"))
    assert made["notes_per_bar"]["drums"].value == 16
    assert made["notes_per_bar"]["bass"].value == 1
    assert made["drum_eighths"]["drums"].value == 0.5


@pytest.mark.parametrize("compat", [None, "musegan2018"])
@pytest.mark.parametrize(
    ("cells", "tracks", "grid"),
    [
        (np.zeros((3, 5, 64, 84), np.uint8), TRACKS, Grid()),
        (np.zeros((0, 5, 64, 84), np.uint8), TRACKS, Grid()),
        (np.zeros((1, 5, 0, 84), np.uint8), TRACKS, Grid()),
        (music(1, steps=16), TRACKS, Grid()),
        (music(2, steps=36), TRACKS, Grid(meter=(3, 4))),
        (music(2, steps=42), TRACKS, Grid(meter=(7, 8))),
        (music(2, steps=4), TRACKS, Grid(meter=(1, 8))),
        (music(2)[:, :1], ("drums",), Grid()),
        (np.ones((2, 5, 64, 84), np.uint8), TRACKS, Grid()),
    ],
    ids=[
        "silence",
        "no phrases",
        "no bars",
        "one bar",
        "waltz",
        "seven eighths",
        "half a beat",
        "drums alone",
        "everything at once",
    ],
)
def test_no_figure_is_ever_nan(cells: Cells, tracks: tuple[str, ...], grid: Grid, compat: str | None) -> None:
    for name, who, figure in figures(table(cells, tracks, grid, compat=compat)):
        assert figure.low <= figure.value <= figure.high, (name, who, figure)
        assert figure.count > 0 or figure.value == 0, (name, who, figure)


def test_a_table_survives_being_written_as_json(made: MusicTable) -> None:
    written = json.dumps(made.to_dict(), allow_nan=False)
    assert MusicTable.from_dict(json.loads(written)) == made


@pytest.mark.parametrize("saved", [{}, {"measures": {}}, {"measures": {"empty_bars": {"bass": 3}}}, {"measures": []}])
def test_what_is_no_table_is_refused(saved: dict[str, object]) -> None:
    with pytest.raises(GansuiteError, match="no table of musical measures"):
        MusicTable.from_dict(saved)


def test_a_track_that_the_source_never_had_is_not_silent() -> None:
    cells = np.stack([np.concatenate([roll((C, 0, 16)), roll()])] * 2, axis=1)
    present = np.array([[True, True], [False, True]])
    made = table(cells, ("piano", "bass"), present=present)
    assert [made["empty_bars"][track].value for track in ("piano", "bass")] == [0, 0.5]
    assert made["tonal_distance"]["piano-bass"].count == 4
    assert made["tonal_distance_shuffled"]["piano-bass"].count == 0
    full = np.repeat(cells[:1], 3, axis=0)
    partners = table(full, ("piano", "bass"), present=np.array([[True, True], [True, False], [True, True]]))
    assert partners["tonal_distance_shuffled"]["piano-bass"].count == 8


def test_the_names_of_the_tracks_are_those_of_the_grid() -> None:
    pitched = Grid(tracks=PITCHED)
    assert table(music()[:, 1:], grid=pitched) == table(music()[:, 1:], PITCHED)
    assert (measures.describe(music()[:, 1:], grid=pitched) == measures.describe(music()[:, 1:], PITCHED)).all()


def band(*tracks: Cells) -> MusicTable:
    return table(np.stack(tracks, axis=1), ("drums", "piano", "bass"))


def test_a_distance_by_hand() -> None:
    real = band(roll(*strokes(0, 16), steps=32), roll(*chord(C, E, G, length=32), steps=32), roll((C, 0, 32), steps=32))
    made = band(
        roll(*strokes(16), steps=32),  # half of the bars empty
        roll(*[(C, step, 1) for step in range(0, 32, 2)], steps=32),  # one pitch, fragments
        roll((C + 6, 0, 32), steps=32),  # a tritone from the piano
    )
    far = distance(made, real)
    assert far.empty_bars == pytest.approx((0.5 + 0 + 0) / 3)
    assert far.used_pitch_classes == pytest.approx((2 + 0) / 2 / 12)
    assert far.qualified_notes == pytest.approx((1 + 0) / 2)
    assert far.polyphony == pytest.approx((1 + 0) / 2)
    triad = measures.tonal_distance(roll(*chord(C, E, G)), roll((C, 0, 16))).value
    assert far.tonal_distance == pytest.approx((np.sqrt(8) - triad) / 2)
    assert far.mean == pytest.approx(
        np.mean([far.empty_bars, far.used_pitch_classes, far.qualified_notes, far.polyphony, far.tonal_distance])
    )
    assert distance(real, made) == far
    assert distance(real, real).mean == 0


def test_drums_count_in_the_distance_by_their_empty_bars_alone() -> None:
    loud = band(roll(*strokes(*range(16)), *chord(40, 41, 42)), roll((C, 0, 16)), roll((C, 0, 16)))
    still = band(roll(), roll((C, 0, 16)), roll((C, 0, 16)))
    assert distance(loud, still) == replace(distance(loud, loud), empty_bars=1 / 3)


def test_tables_are_compared_over_the_tracks_both_have() -> None:
    both, one = table(music()), table(music()[:, 1:], PITCHED)
    assert distance(both, one).mean == 0
    with pytest.raises(GansuiteError, match="nothing in common for used_pitch_classes"):
        distance(table(music()[:, :2], TRACKS[:2]), table(music()[:, [0, 3]], ("drums", "bass")))
    with pytest.raises(GansuiteError, match="the other 'musegan2018'"):
        distance(both, table(music(), compat="musegan2018"))


def test_a_track_no_phrase_could_have_is_left_out_but_a_dead_one_is_not() -> None:
    cells = music()
    cells[:, 0] = 0
    absent, made = np.ones((12, 5), bool), music()
    absent[:, 0] = False
    assert distance(table(cells, present=absent), table(made)).mean == 0
    assert distance(table(cells), table(made)).empty_bars > 0.1
    made[:, 3] = 0
    assert min(vars(distance(table(cells, present=absent), table(made))).values()) > 0.002


def test_the_order_of_the_tracks_does_not_matter() -> None:
    order = [3, 0, 4, 1, 2]
    turned = table(music()[:, order], [TRACKS[number] for number in order])
    assert distance(table(music()), turned).mean == pytest.approx(0)
    assert turned["tonal_distance_shuffled"] == table(music())["tonal_distance_shuffled"]


def test_the_harmony_gap_is_wide_where_tracks_listen_and_none_where_they_do_not() -> None:
    random = np.random.default_rng(0)
    roots = random.integers(48, 60, 200)
    piano = np.concatenate([roll(*chord(root, root + 4, root + 7)) for root in roots])
    bass = np.concatenate([roll((root - 12, 0, 16)) for root in roots])
    listening = table(np.stack([piano, bass], axis=1), ("piano", "bass"))
    deaf = table(np.stack([piano, bass[random.permutation(200)]], axis=1), ("piano", "bass"))
    assert harmony_gap(listening)["piano-bass"] > 0.6
    assert abs(harmony_gap(deaf)["piano-bass"]) < 0.15
    assert harmony_gap(table(np.zeros((2, 2, 16, 84), np.uint8), ("piano", "bass"))) == {}


def test_names_and_flags_must_fit_the_music() -> None:
    with pytest.raises(GansuiteError, match=r"does not have the 2 tracks piano, bass"):
        table(music(), ("piano", "bass"))
    with pytest.raises(GansuiteError, match=r"present have shape \(3, 5\)"):
        table(music(), present=np.ones((3, 5), bool))
