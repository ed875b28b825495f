"""Music opened for training: phrases in one key, what is left out, and pieces held out."""

from __future__ import annotations

import contextlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.sources import Unreadable
from gansuite.music.dataset import Music, MusicDataConfig, Phrases, check_config, open_music
from gansuite.music.guard import Limits
from gansuite.music.midi import write_midi
from gansuite.music.packs import read_pack
from gansuite.music.roll import HOLD, LOWEST, ONSET, TRACKS, Roll

from .hostile import USED, broken, make_hostile_folder, npz, pack, piece, smf, song

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "music"
SCALE = np.isin((np.arange(84) + LOWEST) % 12, (0, 2, 4, 5, 7, 9, 11))


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """Six pieces of eight bars, that is of two phrases."""
    root = tmp_path / "songs"
    root.mkdir()
    for seed in range(6):
        (root / f"{seed}.mid").write_bytes(piece(seed))
    return root


def opened(*paths: Path, **changes: object) -> Music:
    return open_music(replace(MusicDataConfig(tuple(map(str, paths))), **changes))  # type: ignore[arg-type]


def prints(phrases: Phrases) -> set[bytes]:
    return {cells.tobytes() for cells in phrases.cells}


def packed(folder: Path, name: str, **how: int) -> Path:
    path = folder / name
    path.write_bytes(pack(**how))
    return path


# ---- what comes out


def test_music_is_phrases_of_five_tracks_in_one_key(songs: Path) -> None:
    music = opened(songs)
    assert (len(music.train), len(music.held_out)) == (10, 2)
    cells = music.train.cells
    assert cells.shape == (10, 5, 64, 84)
    assert cells.dtype == np.uint8
    assert set(np.unique(cells)) == {0, ONSET, HOLD}
    assert (cells[:, 0] != HOLD).all()
    assert music.train.present.shape == (10, 5)
    assert music.train.present.all()
    assert (cells[:, 1:] > 0).any(axis=(0, 1, 2))[~SCALE].sum() == 0
    assert music.names == tuple(f"{seed}.mid" for seed in range(6))
    assert music.report.phrases == (10, 2)
    assert music.report.pieces == (5, 1)
    assert music.grid.steps == 64


def test_rows_are_taken_as_an_array_would(songs: Path) -> None:
    train = opened(songs).train
    for rows in ([3, 0, 3], slice(2, 5), np.array([9]), np.arange(0)):
        assert np.array_equal(train.take(rows), train.cells[rows])  # type: ignore[index]


def test_every_phrase_knows_how_far_it_was_moved(tmp_path: Path) -> None:
    moved_up = npz(**_transposed(pack(seed=3), 4))
    for name, data in (("a.npz", pack(seed=3)), ("b.npz", moved_up)):
        (tmp_path / name).write_bytes(data)
    one, two = (opened(tmp_path / name, held_out=0.5) for name in ("a.npz", "b.npz"))
    assert prints(one.train) | prints(one.held_out) == prints(two.train) | prints(two.held_out)
    shifts = np.concatenate([two.train.moved, two.held_out.moved])
    assert set(shifts) == {-4}
    assert set(np.concatenate([one.train.moved, one.held_out.moved])) == {0}


def _transposed(data: bytes, semitones: int) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data)) as arrays:
        bits = np.unpackbits(arrays["phrases"], axis=1).reshape(-1, 5, 64, 84)
        bits[:, 1:] = np.roll(bits[:, 1:], semitones, axis=3)
        return {"phrases": np.packbits(bits.reshape(len(bits), -1), axis=1), "piece": arrays["piece"]}


def test_what_a_source_cannot_have_is_not_there_rather_than_silent(tmp_path: Path) -> None:
    paths = packed(tmp_path, "with.npz"), packed(tmp_path, "without.npz", drums=False, seed=1)
    music = opened(*paths, held_out=0.5)
    present = np.concatenate([music.train.present, music.held_out.present])
    drums = np.concatenate([music.train.cells[:, 0], music.held_out.cells[:, 0]]).any(axis=(1, 2))
    assert present[:, 1:].all()
    assert np.array_equal(present[:, 0], drums)
    assert 0 < drums.sum() < len(drums)
    assert "with.npz: Piece0" in music.names


@pytest.mark.parametrize(("bars", "steps_per_beat"), [(4, 4), (2, 4), (1, 12), (4, 24), (2, 6)])
def test_a_pack_can_be_cut_shorter_and_put_on_another_grid(tmp_path: Path, bars: int, steps_per_beat: int) -> None:
    path = packed(tmp_path, "p.npz", steps_per_beat=12)
    music = opened(path, bars=bars, steps_per_beat=steps_per_beat, held_out=0.5)
    cells = np.concatenate([music.train.cells, music.held_out.cells])
    assert cells.shape[1:] == (5, bars * 4 * steps_per_beat, 84)
    onsets = (cells == ONSET).any(axis=3)
    beats = np.arange(cells.shape[2]) % steps_per_beat == 0
    assert onsets[:, :, beats].all()
    assert not onsets[:, :, ~beats].any()
    assert music.report.cut == 6 * 4 // bars


@pytest.mark.parametrize("changes", [{"bars": 8}, {"bars": 3}, {"meter": (3, 4)}])
def test_a_pack_that_cannot_be_cut_so_is_named(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(GansuiteError, match="holds phrases of 4 bars of 4/4"):
        opened(packed(tmp_path, "p.npz"), **changes)


def test_a_pack_has_no_more_notes_than_allowed() -> None:
    with pytest.raises(Unreadable, match="more than 100 notes"):
        read_pack(pack(), Limits(pack_notes=100))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_bytes_break_the_reader_of_packs(data: st.DataObject) -> None:
    whole = bytearray(pack(phrases=2, pieces=1))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Unreadable):
        assert read_pack(bytes(whole)).notes.count <= 2


def test_phrases_may_overlap(songs: Path) -> None:
    once, often = opened(songs, held_out=0.5), opened(songs, hop=1, held_out=0.5)
    assert once.report.cut == 12
    assert often.report.cut == 6 * 5
    assert prints(once.train) | prints(once.held_out) <= prints(often.train) | prints(often.held_out)


def test_a_note_over_the_bar_line_is_struck_again_in_the_next_phrase(tmp_path: Path) -> None:
    for name, low in (("a", 36), ("b", 48)):
        cells = np.zeros((5, 128, 84), np.uint8)
        cells[0, ::4, 12] = ONSET
        cells[1:4, ::8, low] = ONSET
        cells[4, 60, low], cells[4, 61:70, low] = ONSET, HOLD
        (tmp_path / f"{name}.mid").write_bytes(write_midi(Roll(cells)))
    music = opened(tmp_path, held_out=0.5)
    strings = music.train.cells[:, 4].max(axis=2)
    assert strings[0, 56:].tolist() == [0, 0, 0, 0, ONSET, HOLD, HOLD, HOLD]
    assert strings[1, :8].tolist() == [ONSET, HOLD, HOLD, HOLD, HOLD, HOLD, 0, 0]


@pytest.mark.parametrize(
    ("beats", "unit", "meter", "used"),
    [(3, 4, (3, 4), True), (6, 8, (6, 8), True), (12, 8, (6, 8), True), (2, 4, (4, 4), True), (2, 2, (4, 4), True),
     (3, 4, (4, 4), False), (6, 8, (3, 4), False), (4, 4, (2, 4), True), (5, 4, (4, 4), False)],
)  # fmt: skip
def test_meters_are_joined_or_left_out(
    tmp_path: Path, beats: int, unit: int, meter: tuple[int, int], used: bool
) -> None:
    for seed in range(3):
        (tmp_path / f"{seed}.mid").write_bytes(piece(seed, bars=16, beats=beats, unit=unit))
    if used:
        music = opened(tmp_path, meter=meter, held_out=0.4)
        assert music.train.cells.shape[2] == 4 * 4 * 4 * meter[0] // meter[1]
    else:
        with pytest.raises(GansuiteError, match=f"is in {beats}/{unit}, not in {meter[0]}/{meter[1]}"):
            opened(tmp_path, meter=meter)


# ---- what is left out


def test_equal_phrases_count_once_in_whatever_key_and_never_on_both_sides(tmp_path: Path) -> None:
    for name, data in (
        ("a.npz", pack(seed=1)),
        ("b.npz", npz(**_transposed(pack(seed=1), 3))),
        ("c.npz", pack(seed=2)),
    ):
        (tmp_path / name).write_bytes(data)
    music = opened(tmp_path, held_out=0.5)
    assert music.report.dropped == {"an exact repetition of another, in any key": 6}
    assert len(music.train) + len(music.held_out) == 12
    assert not prints(music.train) & prints(music.held_out)
    pieces = {music.names[row] for row in music.train.piece}
    assert pieces.isdisjoint({music.names[row] for row in music.held_out.piece})


def test_phrases_need_enough_instruments(tmp_path: Path) -> None:
    for seed in range(3):
        (tmp_path / f"full{seed}.mid").write_bytes(piece(seed))
        (tmp_path / f"two{seed}.mid").write_bytes(smf(*song(10 + seed, leave_out=("guitar", "strings"))))
        (tmp_path / f"drumless{seed}.mid").write_bytes(smf(*song(20 + seed, leave_out=("drums",))))
    dropped = opened(tmp_path).report.dropped
    assert dropped == {"without drums": 6, "with too few instruments playing": 6}
    assert opened(tmp_path, min_families=3).report.dropped == {}
    assert sum(opened(tmp_path, min_families=1).report.phrases) == 18


def test_a_pack_without_drums_needs_one_instrument_less(tmp_path: Path) -> None:
    assert opened(packed(tmp_path, "p.npz", drums=False)).report.dropped == {}


def test_hostile_files_do_not_stop_good_ones(tmp_path: Path) -> None:
    expected = make_hostile_folder(tmp_path / "works")
    music = opened(tmp_path / "works")
    unused = {name for name, word in expected.items() if word != USED}
    assert {name for name, _ in music.report.skipped} == unused
    assert all(expected[name] in reason for name, reason in music.report.skipped)
    assert music.report.used == len(expected) - len(unused)


# ---- what is held out


def test_whole_pieces_are_held_out_by_what_they_hold(songs: Path, tmp_path: Path) -> None:
    first = opened(songs, held_out=0.4)
    assert first.report.pieces == (4, 2)
    renamed = tmp_path / "renamed"
    renamed.mkdir()
    for seed in range(6):
        (renamed / f"{9 - seed}.mid").write_bytes(piece(seed))
    second = opened(renamed, held_out=0.4)
    assert prints(first.held_out) == prints(second.held_out)
    assert prints(first.held_out) != prints(opened(songs, held_out=0.4, seed=1).held_out)
    assert opened(songs, held_out=0.4).digest == first.digest
    assert opened(songs, held_out=0.2).digest != first.digest


def test_versions_of_a_piece_stay_together(tmp_path: Path) -> None:
    for seed in range(4):
        tracks = song(seed)
        (tmp_path / f"{seed}.mid").write_bytes(smf(*tracks))
        (tmp_path / f"{seed} again.mid").write_bytes(smf(tracks[0], *reversed(tracks[1:])))
    for seed in range(5):
        music = opened(tmp_path, held_out=0.25, seed=seed)
        assert music.report.phrases == (6, 2)
        assert music.report.dropped == {"an exact repetition of another, in any key": 8}


def test_folders_named_train_and_valid_are_respected(tmp_path: Path) -> None:
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for seed in range(6):
            archive.writestr(f"music/{'valid' if seed < 3 else 'train'}/{seed}.mid", piece(seed))
    music = opened(path, held_out=0.1)
    assert {music.names[row] for row in music.held_out.piece} == {f"music/valid/{seed}.mid" for seed in range(3)}
    assert {music.names[row] for row in music.train.piece} == {f"music/train/{seed}.mid" for seed in range(3, 6)}


def test_music_to_measure_against_can_be_named(songs: Path, tmp_path: Path) -> None:
    path = packed(tmp_path, "held.npz")
    music = opened(songs, held_out_paths=(str(path),))
    assert music.report.phrases == (12, 6)
    assert {music.names[row] for row in music.held_out.piece} == {f"held.npz: Piece{n}" for n in range(3)}
    with pytest.raises(GansuiteError, match="nothing to hold out"):
        opened(songs, held_out_paths=(str(songs / "1.mid"),))  # all of it is trained on


# ---- the embedded band


def test_without_data_the_band_plays() -> None:
    calls: list[tuple[int, int]] = []
    music = open_music(MusicDataConfig(), lambda done, total: calls.append((done, total)))
    assert calls[-1] == (600, 600)
    assert len(music.train) > 1_800
    assert len(music.held_out) > 150
    assert music.report.sources == ("the embedded band",)
    assert music.report.in_scale[1] > 0.9 > music.report.in_scale[0]
    assert open_music(MusicDataConfig()).digest == music.digest


# ---- what cannot be


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"bars": 0}, "1 to 64 bars"),
        ({"steps_per_beat": 5}, "5 steps a beat"),
        ({"meter": (4, 3)}, "not a time signature"),
        ({"meter": (7, 16), "steps_per_beat": 6}, "not a whole number of steps"),
        ({"held_out": 0.6}, "0 to 0.5"),
        ({"min_families": 6}, "5 families"),
        ({"min_families": 0}, "5 families"),
        ({"hop": 5}, "hop is 5 bars"),
        ({"held_out_paths": ("x",)}, "none to train on"),
        ({"paths": ("x",) * 65}, "More than 64"),
    ],
)
def test_impossible_settings_are_told_before_any_file_is_touched(changes: dict[str, object], cause: str) -> None:
    with pytest.raises(GansuiteError, match=cause):
        check_config(replace(MusicDataConfig(), **changes))  # type: ignore[arg-type]


def test_what_cannot_be_trained_on_is_told(tmp_path: Path, songs: Path) -> None:
    with pytest.raises(GansuiteError, match="There is no folder or file"):
        opened(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(GansuiteError, match="holds no files"):
        opened(tmp_path / "empty")
    with pytest.raises(GansuiteError, match="whole pieces are held out, so at least two") as one:
        opened(songs / "1.mid")
    assert "--data" in one.value.remedy
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.mid").write_bytes(broken()["cut_in_half.mid"][0])
    with pytest.raises(
        GansuiteError, match=r"no phrase to train on: 0 were found\. The first file skipped: a\.mid is cut"
    ):
        opened(tmp_path / "bad")
    (tmp_path / "solo").mkdir()
    for seed in range(3):
        tracks = song(seed, leave_out=("guitar", "bass", "strings", "drums"))
        (tmp_path / "solo" / f"{seed}.mid").write_bytes(smf(*tracks))
    with pytest.raises(GansuiteError, match="6 without drums") as few:
        opened(tmp_path / "solo")
    assert "--min-families 1" in few.value.remedy


# ---- real data


@pytest.mark.skipif(not DATA.exists(), reason="the packs are not there")
def test_the_packs_are_what_their_readme_says() -> None:
    held = str(DATA / "slakh_valid.npz")
    music = opened(DATA / "clean_midi.zip", DATA / "slakh_train.npz", held_out_paths=(held,))
    report = music.report
    assert report.files == 175
    assert report.phrases[0] > 18_000
    assert report.phrases[1] > 3_000
    assert report.in_scale[1] > 0.95
    assert not music.train.present[:, 0].all()
    assert any(music.names[row].startswith("valid/") for row in music.held_out.piece)
    assert not prints_of(music.train) & prints_of(music.held_out)
    assert music.train.take([0]).shape == (1, len(TRACKS), 64, 84)


def prints_of(phrases: Phrases) -> set[bytes]:
    return {phrases.take([row]).tobytes() for row in range(0, len(phrases), 40)}
