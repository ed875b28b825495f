"""Music written around a person's own file, of which nothing that is given changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.music.accompany import Accompaniment, Stretch, choose, hear, opened, shifts, write_around
from gansuite.music.deliver import Beside, Work, deliver, read_provenance
from gansuite.music.generate import like
from gansuite.music.keys import parse_key
from gansuite.music.midi import read_midi, score_in
from gansuite.music.networks.musegan import MuseGANConfig
from gansuite.music.perform import folded
from gansuite.music.roll import HOLD, LOWEST, ONSET, SILENT, TRACKS, Cells, Grid, from_sounding
from gansuite.music.sampler import Sampler, load_sampler
from gansuite.music.score import Score, read_score

from .small_models import Scripted, numbered, random_phrases, save_model
from .small_pieces import BAR, TICKS, chords, write

GRID = Grid()


def notes_of(score: Score, *families: str) -> Counter[tuple[int, ...]]:
    """Every note of some tracks: ticks, pitch, velocity and program."""
    chosen = np.isin(score.families(), [TRACKS.index(name) for name in families])
    columns = (score.start, score.end, score.pitch, score.velocity, score.program)
    return Counter(zip(*(column[chosen].tolist() for column in columns), strict=True))


def accompanied(
    sampler: Sampler, path: Path, given: str = "all", tracks: str | None = None, seed: int = 3, key: str | None = None
) -> tuple[Work, list[str]]:
    midi = opened(path)
    return write_around(sampler, midi, seed, Accompaniment(*choose(midi, given, tracks), key=key))


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    return load_sampler(save_model(tmp_path_factory.mktemp("models") / "model"))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Ten bars of piano in D with a slower middle, an organ among them, a bass, and a triangle nobody hears."""
    lines = {
        4: chords(62, 10),
        19: [(2 * BAR + 5, 700, 50, 33), (9 * BAR, 2 * BAR - 7, 62, 127)],
        38: [(bar * BAR, BAR // 2, 38, 100) for bar in range(10)],
        113: [(7, 11, 60, 1)],
    }
    return write(tmp_path / "mine.mid", lines, ((0, 500_000), (3 * BAR + 17, 612_345), (5 * BAR, 480_001)))


# ---- nothing that is given changes


@pytest.mark.parametrize(
    ("given", "tracks", "kept", "left_out"),
    [
        ("all", None, ("piano", "bass"), ()),
        ("piano", "drums,strings", ("piano",), ("bass", "other")),
        ("piano,bass", "drums", ("piano", "bass"), ("other",)),
        ("bass", "piano", ("bass",), ("other",)),
        ("all", "bass", ("piano",), ()),
    ],
)
def test_given_notes_are_the_very_same(
    sampler: Sampler, mine: Path, given: str, tracks: str | None, kept: tuple[str, ...], left_out: tuple[str, ...]
) -> None:
    work, said = accompanied(sampler, mine, given, tracks)
    before, after = read_score(mine.read_bytes()), read_score(work.midi)
    assert notes_of(after, *kept) == notes_of(before, *kept)
    assert (after.tempi, after.meters, after.ticks_per_beat) == (before.tempi, before.meters, before.ticks_per_beat)
    written = set(np.unique(after.families()).tolist()) - {TRACKS.index(name) for name in kept} - {-1}
    wanted = tracks.split(",") if tracks else ["drums", "guitar", "strings"]
    assert written <= {TRACKS.index(name) for name in wanted}
    assert written
    assert [name for name in left_out if name in " ".join(said)] == list(left_out)
    assert bool(said) == bool(left_out)


def test_what_nobody_hears_stays_when_all_is_given(sampler: Sampler, mine: Path) -> None:
    after = read_score(accompanied(sampler, mine)[0].midi)
    assert 113 in after.program


def test_replaced_tracks_are_gone(mine: Path) -> None:
    scripted = Scripted(numbered())
    work, _ = accompanied(scripted.sampler(), mine, "piano", "bass")
    after = read_score(work.midi)
    assert set(after.program[after.families() == TRACKS.index("bass")].tolist()) == {33}
    assert not notes_of(after, "bass") & notes_of(read_score(mine.read_bytes()), "bass")


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_given_notes_of_any_file_are_the_very_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    note = st.tuples(st.integers(0, 6 * BAR), st.integers(1, BAR), st.integers(0, 127), st.integers(1, 127))
    lines = {program: data.draw(st.lists(note, min_size=1, max_size=8)) for program in (0, 33)}
    changes = data.draw(st.lists(st.tuples(st.integers(1, 6 * BAR), st.integers(200_000, 1_500_000)), max_size=4))
    path = write(tmp_path_factory.mktemp("any") / "any.mid", lines, ((0, 500_000), *changes))
    work, _ = accompanied(Scripted(random_phrases()).sampler(), path, "all", "drums")
    before, after = read_score(path.read_bytes()), read_score(work.midi)
    assert notes_of(after, "piano", "bass") == notes_of(before, "piano", "bass")
    assert after.tempi == before.tempi


# ---- what is written


def test_music_is_written_over_the_whole_length_on_his_beats(mine: Path) -> None:
    """A stroke on every step, so that every step of his eleven bars must have one, and none comes after."""
    scripted = Scripted(numbered())
    after = read_score(accompanied(scripted.sampler(), mine, "all", "drums")[0].midi)
    strokes = after.start[after.families() == 0]
    assert sorted(set(strokes.tolist())) == list(range(0, 11 * BAR, TICKS // 4))


def test_the_model_hears_his_music_in_its_own_key_and_plays_in_his(mine: Path) -> None:
    def script(number: int, z: object) -> Cells:
        cells = np.zeros((5, GRID.steps, 84), np.uint8)
        cells[4, ::16, [36, 40, 43]] = ONSET  # C major
        return cells

    scripted = Scripted(script)
    work, _ = accompanied(scripted.sampler(), mine, "piano", "strings")
    for cells, given_bars in scripted.asked:
        assert given_bars[1].any()
        heard = np.flatnonzero(cells[1].any(axis=0)) % 12
        assert set(heard.tolist()) <= {0, 2, 4, 5, 7, 9, 11}
    after = read_score(work.midi)
    strings = after.pitch[after.families() == TRACKS.index("strings")]
    assert set((strings % 12).tolist()) == {2, 6, 9}  # D major


def test_a_key_that_is_named_rules(mine: Path) -> None:
    scripted = Scripted(numbered())
    accompanied(scripted.sampler(), mine, "piano", "drums", key="E")
    plain = hear(read_score(mine.read_bytes()), Stretch(0, 11), GRID)
    cells = scripted.asked[0][0]
    assert np.array_equal(cells[1], folded(plain[1, : GRID.steps], parse_key("E").shift))


def test_what_was_played_before_is_given_again(mine: Path) -> None:
    scripted = Scripted(numbered())
    accompanied(scripted.sampler(), mine, "piano", "drums")
    told = [given.all(axis=0).tolist() for _, given in scripted.asked]
    assert told[0] == [False] * 4
    assert all(bars[:2] == [True, True] for bars in told[1:])
    assert len(told) == 5  # windows at 0, 2, 4, 6 and 7 of eleven bars


def test_where_nothing_is_given_the_model_is_told_nothing(tmp_path: Path) -> None:
    line = [(tick, *rest) for tick, *rest in chords(60, 8) if not 4 * BAR <= tick < 6 * BAR]
    path = write(tmp_path / "rest.mid", {0: line})
    scripted = Scripted(numbered())
    work, _ = accompanied(scripted.sampler(), path, "all", "drums")
    told = [given[1].tolist() for _, given in scripted.asked]
    assert told == [[True] * 4, [True, True, False, False], [True] * 4]  # then what it imagined is context
    after = read_score(work.midi)
    assert len(set((after.start[after.families() == 0] // BAR).tolist())) == 8


def test_it_plays_as_loud_as_he_does(tmp_path: Path, sampler: Sampler) -> None:
    means = []
    for velocity in (40, 110):
        path = write(tmp_path / f"{velocity}.mid", {0: chords(60, 4, velocity)})
        after = read_score(accompanied(sampler, path, "piano", "drums")[0].midi)
        means.append(after.velocity[after.families() == 0].mean())
    assert means[0] + 20 < means[1]


def test_drums_alone_are_accompanied_in_the_key_of_the_seed(tmp_path: Path) -> None:
    path = write(tmp_path / "beat.mid", {-1: [(tick, 10, 36, 90) for tick in range(0, 4 * BAR, TICKS)]})
    scripted = Scripted(numbered())
    work, _ = accompanied(scripted.sampler(), path, "drums", "bass")
    assert scripted.asked[0][1][0].all()
    assert "bass" in {name for name, cells in zip(TRACKS, work.roll.cells, strict=True) if cells.any()}


# ---- what a file may be


def test_a_change_of_meter_is_told_and_left_alone(tmp_path: Path) -> None:
    meters = ((0, 4, 4), (2 * BAR, 3, 4), (2 * BAR + 3 * TICKS, 2, 4))
    path = write(tmp_path / "odd.mid", {0: chords(60, 6)}, meters=meters)
    work, said = accompanied(Scripted(numbered()).sampler(), path, "all", "drums,bass")
    assert said == ["Bars in 3/4 are left without accompaniment."]
    after = read_score(work.midi)
    strokes = after.start[after.families() == 0]
    assert not ((strokes >= 2 * BAR) & (strokes < 2 * BAR + 3 * TICKS)).any()
    assert (strokes >= 2 * BAR + 3 * TICKS).any()
    assert len({(*key,) for key in after.program[after.families() == 0][:, None].tolist()}) == 1
    assert notes_of(after, "piano") == notes_of(read_score(path.read_bytes()), "piano")


def test_a_meter_that_the_model_does_not_play(tmp_path: Path, sampler: Sampler) -> None:
    path = write(tmp_path / "waltz.mid", {0: chords(60, 4)}, meters=((0, 3, 4),))
    with pytest.raises(GansuiteError, match=r"3/4.*4/4") as caught:
        accompanied(sampler, path)
    assert "--meter 3/4" in caught.value.remedy


def test_a_waltz_by_a_model_of_waltzes(tmp_path: Path) -> None:
    model = load_sampler(save_model(tmp_path / "model", grid=Grid(4, meter=(3, 4))))
    path = write(tmp_path / "waltz.mid", {0: chords(60, 4)}, meters=((0, 3, 4),))
    work, _ = accompanied(model, path, "piano", "bass")
    assert work.roll.meter == (3, 4)
    assert notes_of(read_score(work.midi), "piano") == notes_of(read_score(path.read_bytes()), "piano")


@pytest.mark.parametrize("bars", [1, 3])
def test_a_file_shorter_than_a_phrase(tmp_path: Path, bars: int) -> None:
    path = write(tmp_path / "short.mid", {0: chords(60, bars)})
    scripted = Scripted(numbered())
    after = read_score(accompanied(scripted.sampler(), path, "all", "drums")[0].midi)
    assert scripted.asked[0][1][1].tolist() == [bar < bars for bar in range(4)]
    assert after.start[after.families() == 0].max() < bars * BAR


def test_notes_off_the_grid_and_out_of_range_are_heard_as_well_as_can_be() -> None:
    score = Score(
        96,
        np.array([11, 13, -40, 400]),
        np.array([12, 30, 40, 500]),
        np.array([60, 127, 62, 36]),
        np.full(4, 90, np.uint8),
        np.array([0, 0, 0, -1]),
        ((0, 120.0),),
        ((0, (4, 4)),),
        500,
    )
    cells = hear(score, Stretch(0, 1), GRID)
    assert cells.shape == (5, 16, 84)
    assert cells[1, :3, 60 - LOWEST].tolist() == [ONSET, SILENT, SILENT]
    assert cells[1, :3, 62 - LOWEST].tolist() == [ONSET, HOLD, SILENT]
    assert not cells[1, :, 83].any()
    assert not cells[0].any()  # a stroke after the bar


@pytest.mark.parametrize(
    ("given", "tracks", "cause"),
    [
        ("guitar", None, "no guitar"),
        ("piano", "piano,drums", "both given and written"),
        ("flute", None, "flute"),
        ("piano", "flute", "flute"),
        ("piano,drums", None, "no drums"),
    ],
)
def test_what_cannot_be_given_or_written(
    sampler: Sampler, mine: Path, given: str, tracks: str | None, cause: str
) -> None:
    with pytest.raises(GansuiteError, match=cause):
        accompanied(sampler, mine, given, tracks)


def test_a_full_band_leaves_nothing_to_write(tmp_path: Path, sampler: Sampler) -> None:
    line = chords(60, 2)
    path = write(tmp_path / "band.mid", {0: line, 25: line, 33: line, 48: line, -1: [(0, 9, 36, 90)]})
    with pytest.raises(GansuiteError, match="nothing is left"):
        accompanied(sampler, path)
    with pytest.raises(GansuiteError, match="nothing of what is given"):
        accompanied(sampler, path, "all", "all")


@pytest.mark.parametrize("content", [None, b"", b"not music at all", b"MThd\x00\x00\x00\x06\x00\x01\x00\x00\x00\x60"])
def test_files_that_are_no_music(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.mid"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GansuiteError) as caught:
        opened(path)
    assert "broken.mid" in caught.value.cause


def test_a_model_that_cannot_be_told_anything(tmp_path: Path, mine: Path) -> None:
    config = MuseGANConfig(width=16, step_width=8, octave_width=4, depth=1, latent=4, given=False)
    model = load_sampler(save_model(tmp_path / "model", config=config))
    with pytest.raises(GansuiteError, match="only plays from nothing"):
        accompanied(model, mine)


# ---- made again


@pytest.mark.parametrize(("given", "tracks"), [("all", None), ("piano", "drums,bass"), ("bass", None), ("all", "bass")])
def test_the_same_bytes_from_the_file_alone(
    sampler: Sampler, mine: Path, tmp_path: Path, given: str, tracks: str | None
) -> None:
    work, _ = accompanied(sampler, mine, given, tracks)
    (written,) = deliver(work, tmp_path / "out" / "both.mid", Beside())
    mine.unlink()
    (again,) = like(written, tmp_path / "again")
    assert again.read_bytes() == written.read_bytes()


def test_an_accompaniment_of_an_accompaniment_has_one_provenance(sampler: Sampler, mine: Path, tmp_path: Path) -> None:
    (first,) = deliver(accompanied(sampler, mine, "piano", "drums")[0], tmp_path / "first.mid", Beside())
    work, _ = accompanied(sampler, first, "piano,drums", "bass", seed=9)
    (second,) = deliver(work, tmp_path / "second.mid", Beside(True, True, True, "own"))[:1]
    said = read_provenance(second)
    assert (said.seed, said.settings["given"]) == (9, ["drums", "piano"])
    assert second.read_bytes().count(b'{"art"') == 1
    assert notes_of(read_score(second.read_bytes()), "drums") == notes_of(read_score(first.read_bytes()), "drums")
    (again,) = like(second, tmp_path / "again")
    assert again.read_bytes() == second.read_bytes()


# ---- keys


def test_a_lasting_change_of_key_is_followed_and_a_passing_one_is_not() -> None:
    def cadence(root: int, bars: int) -> Cells:
        sounding = np.zeros((5, bars * GRID.bar, 84), bool)
        for tick, length, pitch, _ in chords(root, bars):
            start = tick * 4 // TICKS
            sounding[1, start : start + max(1, length * 4 // TICKS), pitch - LOWEST] = True
        return from_sounding(sounding)

    starts = [0, 4, 8, 12]
    lasting = np.concatenate([cadence(60, 8), cadence(63, 8)], axis=1)
    assert shifts(lasting, GRID, starts) == [0, 0, -3, -3]
    assert shifts(cadence(62, 16), GRID, starts) == [-2] * 4
    passing = cadence(60, 16)
    passing[1, 13 * GRID.bar : 14 * GRID.bar] = cadence(62, 1)[1]  # II major, with an F sharp
    assert shifts(passing, GRID, starts) == [0] * 4
    assert shifts(np.zeros_like(passing), GRID, starts) == [0] * 4


def test_a_score_of_an_opened_file_is_that_of_the_file(mine: Path) -> None:
    whole = read_score(mine.read_bytes())
    assert notes_of(score_in(opened(mine)), *TRACKS) == notes_of(whole, *TRACKS)
    assert np.array_equal(read_midi(mine.read_bytes()).cells[1], hear(whole, Stretch(0, 11), GRID)[1])


def test_settings_of_an_accompaniment_are_checked() -> None:
    fine = Accompaniment(("piano",), ("drums",))
    for changes in ({"given": ("all", "piano")}, {"tracks": ()}, {"tracks": ("piano",)}, {"key": "X"}):
        with pytest.raises(GansuiteError):
            replace(fine, **changes)
