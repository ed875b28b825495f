"""Some bars of a person's piece written anew, and a piece that goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gansuite.core.errors import GansuiteError
from gansuite.music.accompany import Accompaniment, choose, opened, write_around
from gansuite.music.bars import Bars, parse_bars, require_joined, span
from gansuite.music.deliver import Beside, deliver
from gansuite.music.generate import like
from gansuite.music.roll import LOWEST, TRACKS, Grid
from gansuite.music.sampler import Sampler, load_sampler
from gansuite.music.score import Score, read_score

from .small_models import Scripted, numbered, save_model
from .small_pieces import BAR, TICKS, chords, write
from .test_accompany import notes_of

GRID = Grid()


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    return load_sampler(save_model(tmp_path_factory.mktemp("models") / "model"))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Ten bars of piano and bass, in which notes are held over bar lines."""
    held = [(4 * BAR - 50, BAR, 81, 64), (6 * BAR - 9, 30, 83, 65)]
    lines = {4: [*chords(62, 10), *held], 38: [(bar * BAR, BAR // 2, 38, 100) for bar in range(10)]}
    return write(tmp_path / "mine.mid", lines)


def written(sampler: Sampler, path: Path, bars: str, tracks: str | None = None, seed: int = 3) -> tuple[bytes, Score]:
    some = parse_bars(bars)
    midi = opened(path)
    work, _ = write_around(sampler, midi, seed, Accompaniment(*choose(midi, "all", tracks, some), bars=some))
    return work.midi, read_score(work.midi)


def within(score: Score, bars: Bars) -> np.ndarray:
    begin, end = span(score, bars)
    return np.asarray((score.start >= begin) & (score.start < end))


def part(score: Score, chosen: np.ndarray) -> Score:
    columns = {name: getattr(score, name)[chosen] for name in ("start", "end", "pitch", "velocity", "program")}
    return replace(score, **columns)


# ---- a gap


@pytest.mark.parametrize("bars", ["5-6", "1-4", "10", "2-9"])
def test_all_that_is_outside_of_the_bars_stays(sampler: Sampler, mine: Path, bars: str) -> None:
    before = read_score(mine.read_bytes())
    _, after = written(sampler, mine, bars, "piano")
    outside = [part(score, ~within(score, parse_bars(bars))) for score in (before, after)]
    assert notes_of(outside[1], *TRACKS) == notes_of(outside[0], *TRACKS)
    inside = [part(score, within(score, parse_bars(bars))) for score in (before, after)]
    assert notes_of(inside[1], "bass") == notes_of(inside[0], "bass")
    assert notes_of(inside[1], "piano") != notes_of(inside[0], "piano")


def test_unless_named_the_tracks_of_the_piece_are_written(sampler: Sampler, mine: Path) -> None:
    assert choose(opened(mine), "all", None, (5, 6)) == (("all",), ("piano", "bass"))
    assert choose(opened(mine), "piano", None, (5, 6)) == (("piano",), ("drums", "guitar", "bass", "strings"))


def test_the_model_hears_both_sides_of_a_gap(mine: Path) -> None:
    model = Scripted(numbered())
    written(model.sampler(), mine, "5-6", "piano")
    (given,) = [given for _, given in model.asked]
    piano, bass = TRACKS.index("piano"), TRACKS.index("bass")
    assert given[piano].tolist() == [True, False, False, True]  # bars 4 to 7
    assert given[bass].tolist() == [True] * 4
    assert not given[TRACKS.index("drums")].any()


def test_of_all_tracks_nothing_in_the_gap_is_told(mine: Path) -> None:
    model = Scripted(numbered())
    written(model.sampler(), mine, "5-6")
    (given,) = [given for _, given in model.asked]
    assert given[TRACKS.index("bass")].tolist() == [True, False, False, True]


def test_a_track_that_is_not_there_is_written_in_these_bars_alone(sampler: Sampler, mine: Path) -> None:
    _, after = written(sampler, mine, "3-4", "strings")
    strings = after.families() == TRACKS.index("strings")
    assert strings.any()
    assert within(after, (3, 4))[strings].all()


# ---- going on


def test_a_piece_goes_on_behind_its_end(sampler: Sampler, mine: Path) -> None:
    before = read_score(mine.read_bytes())
    _, after = written(sampler, mine, "11-16")
    old = part(after, ~within(after, (11, 16)))
    assert notes_of(old, *TRACKS) == notes_of(before, *TRACKS)
    new = part(after, within(after, (11, 16)))
    assert set(new.families().tolist()) <= {TRACKS.index("piano"), TRACKS.index("bass")}
    assert new.start.min() < 12 * BAR
    assert new.start.max() >= 15 * BAR
    assert after.start.max() < 16 * BAR


def test_it_hears_how_the_piece_ended(mine: Path) -> None:
    model = Scripted(numbered())
    written(model.sampler(), mine, "11-14")
    cells, given = model.asked[0]
    assert given[TRACKS.index("piano")].tolist() == [True, True, False, False]  # bars 9 and 10
    assert cells[TRACKS.index("bass"), :, 36 - LOWEST].any()  # the D of the bass, in C
    assert len(model.asked) == 2


# ---- made again, and what cannot be


@pytest.mark.parametrize(("bars", "tracks"), [("5-6", "piano"), ("5", None), ("11-16", None), ("9-12", "drums,bass")])
def test_the_same_bytes_from_the_file_alone(
    sampler: Sampler, mine: Path, tmp_path: Path, bars: str, tracks: str | None
) -> None:
    some = parse_bars(bars)
    midi = opened(mine)
    work, _ = write_around(sampler, midi, 3, Accompaniment(*choose(midi, "all", tracks, some), bars=some))
    (made,) = deliver(work, tmp_path / "out" / "made.mid", Beside())
    (again,) = like(made, tmp_path / "again")
    assert again.read_bytes() == made.read_bytes()


def test_bar_lines_follow_the_meters() -> None:
    none = np.zeros(0, np.int64)
    meters = ((0, (4, 4)), (2 * BAR, (3, 4)), (2 * BAR + 7 * TICKS, (6, 8)))  # the second bar of 3/4 is cut short
    score = Score(TICKS, none, none, none, none.astype(np.uint8), none, ((0, 120.0),), meters, 20 * BAR)
    assert span(score, (1, 2)) == (0, 2 * BAR)
    assert span(score, (3, 3)) == (2 * BAR, 2 * BAR + 3 * TICKS)
    assert span(score, (5, 5)) == (2 * BAR + 6 * TICKS, 2 * BAR + 7 * TICKS)
    assert span(score, (6, 7)) == (2 * BAR + 7 * TICKS, 2 * BAR + 13 * TICKS)


@pytest.mark.parametrize(
    ("typed", "cause"),
    [
        ("five", "are no bars"),
        ("5-", "are no bars"),
        ("0-4", "no bar 0"),
        ("8-5", "run backwards"),
        ("1-9999", "too many"),
    ],
)
def test_what_is_no_bars(typed: str, cause: str) -> None:
    with pytest.raises(GansuiteError, match=cause):
        parse_bars(typed)


def test_bars_that_hang_in_the_air(mine: Path) -> None:
    score = read_score(mine.read_bytes())
    require_joined(score, (11, 14))
    with pytest.raises(GansuiteError, match="has 10 bars") as refused:
        require_joined(score, (12, 14))
    assert "--bars 11-18" in str(refused.value.remedy)


def test_bars_in_a_meter_that_the_model_does_not_play(sampler: Sampler, tmp_path: Path) -> None:
    path = write(tmp_path / "both.mid", {4: chords(62, 10)}, meters=((0, 4, 4), (4 * BAR, 3, 4)))
    with pytest.raises(GansuiteError, match="3/4"):
        written(sampler, path, "5-6", "piano")
    assert written(sampler, path, "3-5", "piano")
