"""From a model to pieces and back: files, and the same bytes made again."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pretty_midi
import pytest
import torch
from PIL import Image

from gansuite.core import __version__
from gansuite.core.errors import GansuiteError
from gansuite.core.provenance import Provenance, read_png
from gansuite.music.deliver import Beside, read_provenance
from gansuite.music.form import compose
from gansuite.music.generate import Piece, like, play_piece, write_pieces
from gansuite.music.keys import parse_key
from gansuite.music.lpd import read_lpd
from gansuite.music.midi import read_midi, write_midi
from gansuite.music.networks.musegan import MuseGANConfig
from gansuite.music.perform import transposed
from gansuite.music.roll import ONSET, TRACKS, Grid, Roll
from gansuite.music.sampler import Sampler, load_sampler

from .small_models import SMALL, Scripted, random_phrases, save_model

PIECE = Piece("AABA", 16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture(scope="module")
def sampler(folder: Path) -> Sampler:
    return load_sampler(folder)


# ---- pieces


def test_a_piece_has_the_bars_tempo_and_tracks_it_was_asked_for(sampler: Sampler, tmp_path: Path) -> None:
    piece = Piece("AABA", 14, ("piano", "bass"), 93.5, "D")
    (path,) = write_pieces(sampler, [7], piece, tmp_path)
    assert path == tmp_path / "seed-0000007.mid"
    roll = read_midi(path.read_bytes())
    assert (roll.bars, roll.tempo, roll.meter) == (14, 93.5, (4, 4))
    assert [name for name, cells in zip(TRACKS, roll.cells, strict=True) if cells.any()] == ["piano", "bass"]
    played = pretty_midi.PrettyMIDI(str(path))
    assert [(i.name, i.program, i.is_drum) for i in played.instruments] == [("piano", 0, False), ("bass", 33, False)]
    assert len({note.velocity for note in played.instruments[0].notes}) > 5


def test_the_same_seed_is_the_same_music_whichever_tracks_are_heard(sampler: Sampler) -> None:
    whole = play_piece(sampler, 7, PIECE)
    part = play_piece(sampler, 7, replace(PIECE, tracks=("drums", "strings")))
    for number, name in enumerate(TRACKS):
        expected = whole.cells[number] if name in ("drums", "strings") else np.zeros_like(whole.cells[number])
        assert np.array_equal(part.cells[number], expected)


def test_a_key_is_a_transposition_and_follows_from_the_seed_unless_named(sampler: Sampler) -> None:
    in_c = play_piece(sampler, 3, replace(PIECE, key="C"))
    for key in ("D", "F# minor", "Am"):
        moved = play_piece(sampler, 3, replace(PIECE, key=key))
        assert np.array_equal(moved.cells, transposed(in_c.cells, TRACKS, -parse_key(key).shift))
    assert np.array_equal(in_c.cells, play_piece(sampler, 3, replace(PIECE, key="Am")).cells)
    keys = {play_piece(sampler, 3, replace(PIECE, key=None)).cells.tobytes() for _ in range(2)}
    assert len(keys) == 1


def test_density_steers_how_many_notes_there_are(sampler: Sampler) -> None:
    notes = [play_piece(sampler, 1, replace(PIECE, density=d)).onsets.sum() for d in (0.5, 1.0, 2.0)]
    assert notes == sorted(notes)
    assert notes[0] < notes[2]


def test_velocities_do_not_change_what_is_composed(sampler: Sampler) -> None:
    roll = play_piece(sampler, 2, replace(PIECE, key="C"))
    assert np.array_equal(roll.cells, transposed(compose(sampler, 2, "AABA"), TRACKS, 0))


@pytest.mark.parametrize(
    "config",
    [
        replace(SMALL, mode="composer"),
        replace(SMALL, mode="jamming"),
        replace(SMALL, given=False, lengths=False, neurons="threshold", norm="batch", depth=0, density=0.5),
    ],
    ids=["composer", "jamming", "classic"],
)
def test_every_kind_of_model_plays(tmp_path: Path, config: MuseGANConfig) -> None:
    model = load_sampler(save_model(tmp_path / "model", config=config))
    assert write_pieces(model, [1], PIECE, tmp_path)[0].exists()


@pytest.mark.parametrize(("meter", "bars"), [((3, 4), 4), ((6, 8), 2)])
def test_other_meters(tmp_path: Path, meter: tuple[int, int], bars: int) -> None:
    model = load_sampler(save_model(tmp_path / "model", grid=Grid(bars, meter=meter)))
    (path,) = write_pieces(model, [1], Piece("ABA", 3 * bars), tmp_path)
    roll = read_midi(path.read_bytes())
    assert (roll.meter, roll.bars) == (meter, 3 * bars)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"tracks": ("kazoo",)}, "kazoo"),
        ({"form": "A1"}, "form"),
        ({"tempo": 0.5}, "tempo"),
        ({"key": "H"}, "key"),
        ({"density": -1.0}, "density"),
        ({"bars": 12}, "form"),
        ({"bars": 0}, "bars"),
    ],
)
def test_impossible_pieces_are_refused(sampler: Sampler, changes: dict[str, Any], cause: str) -> None:
    with pytest.raises(GansuiteError, match=cause):
        play_piece(sampler, 1, replace(PIECE, **changes))


def test_silence_is_told_and_not_written(tmp_path: Path) -> None:
    scripted = Scripted(lambda number, z: np.zeros((5, 64, 84), np.uint8))
    with pytest.raises(GansuiteError, match="silent"):
        write_pieces(scripted.sampler(), [1], PIECE, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# ---- files


def test_a_folder_of_pieces_and_what_lies_beside_them(sampler: Sampler, tmp_path: Path) -> None:
    written = write_pieces(sampler, [7, 8], Piece("A", 4), tmp_path, Beside(True, True, True, "own"))
    assert [path.name for path in written] == [
        f"seed-000000{seed}{suffix}" for seed in (7, 8) for suffix in (".mid", ".wav", ".png", ".npz")
    ]
    midi, wav, png, npz = written[:4]
    said = read_provenance(midi)
    assert read_png(png) == said
    assert said.to_json().encode() in wav.read_bytes()
    with ZipFile(npz) as archive:
        assert json.loads(archive.read("provenance.json")) == json.loads(said.to_json())
    roll = read_midi(midi.read_bytes())
    assert np.array_equal(read_lpd(npz.read_bytes()).roll(4).cells, roll.cells)
    with Image.open(png) as picture:
        assert picture.width > 300
    assert not list(tmp_path.rglob("*.partial"))


def test_pypianoroll_reads_what_lies_beside(sampler: Sampler, tmp_path: Path) -> None:
    import pypianoroll

    npz = write_pieces(sampler, [7], Piece("A", 4), tmp_path, Beside(npz=True))[1]
    loaded = pypianoroll.load(BytesIO(npz.read_bytes()))
    assert [track.name for track in loaded.tracks] == list(TRACKS)


def test_the_picture_shows_only_the_tracks_that_sound(sampler: Sampler, tmp_path: Path) -> None:
    heights = []
    for tracks in (("piano",), TRACKS):
        png = write_pieces(sampler, [7], Piece("A", 4, tracks), tmp_path, Beside(png=True))[1]
        with Image.open(png) as picture:
            heights.append(picture.height)
    assert heights[0] < heights[1] / 2


def test_a_midi_name_is_one_file(sampler: Sampler, tmp_path: Path) -> None:
    assert write_pieces(sampler, [3], PIECE, tmp_path / "one.MID") == [tmp_path / "one.MID"]
    assert len(write_pieces(sampler, [3, 3], PIECE, tmp_path / "two.mid")) == 1
    with pytest.raises(GansuiteError, match="2 pieces"):
        write_pieces(sampler, [3, 4], PIECE, tmp_path / "three.mid")
    with pytest.raises(GansuiteError) as caught:
        write_pieces(sampler, [3], PIECE, tmp_path / "one.wav")
    assert "one.mid" in caught.value.remedy
    assert not (tmp_path / "three.mid").exists()


def test_a_piece_says_how_it_was_made(sampler: Sampler, tmp_path: Path) -> None:
    (path,) = write_pieces(sampler, [7], replace(PIECE, key="Eb", tracks=("bass",)), tmp_path)
    said = read_provenance(path)
    assert (said.art, said.model, said.model_digest) == ("music", sampler.model_name, sampler.digest)
    assert (said.seed, said.version) == (7, __version__)
    assert said.settings == {
        "kind": "piece",
        "form": "AABA",
        "bars": 16,
        "tracks": ["bass"],
        "tempo": 110.0,
        "key": "Eb",
        "density": 1.0,
        "device": "cpu",
    }
    texts = pretty_midi.PrettyMIDI(str(path)).text_events
    assert [event.text for event in texts] == [said.to_json()]


# ---- made again


@pytest.mark.parametrize("piece", [PIECE, Piece("ABAC", 13, ("drums", "guitar"), 77.7, "F#m", 1.7)])
def test_the_same_bytes_from_the_file_alone(sampler: Sampler, tmp_path: Path, piece: Piece) -> None:
    work = write_pieces(sampler, [4, 5], piece, tmp_path / "works")[1]
    (again,) = like(work, tmp_path / "again")
    assert again == tmp_path / "again" / "seed-0000005.mid"
    assert again.read_bytes() == work.read_bytes()
    (third,) = like(again, tmp_path / "third.mid")
    assert third.read_bytes() == work.read_bytes()


def test_from_the_picture_of_a_piece(sampler: Sampler, tmp_path: Path) -> None:
    midi, png = write_pieces(sampler, [4], PIECE, tmp_path / "works", Beside(png=True))
    again = like(png, tmp_path / "again", beside=Beside(png=True))
    assert [path.read_bytes() for path in again] == [midi.read_bytes(), png.read_bytes()]


def test_other_weights_under_the_same_name_are_refused(tmp_path: Path) -> None:
    model = save_model(tmp_path / "model")
    (work,) = write_pieces(load_sampler(model), [11], PIECE, tmp_path / "works")
    moved = save_model(tmp_path / "moved")
    save_model(model, seed=1)
    with pytest.raises(GansuiteError, match="other weights") as caught:
        like(work, tmp_path / "again")
    assert "sha256" in caught.value.remedy
    (again,) = like(work, tmp_path / "again", model=moved)
    assert np.array_equal(read_midi(again.read_bytes()).cells, read_midi(work.read_bytes()).cells)


def forged(path: Path, sampler: Sampler, **changes: Any) -> Path:
    told = {"kind": "piece", "form": "A", "bars": 4, **changes.pop("settings", {})}
    said = {"art": "music", "model": sampler.model_name, "model_digest": sampler.digest, "seed": 1, "version": "9"}
    cells = np.zeros((5, 16, 84), np.uint8)
    cells[1, 0, 40] = ONSET
    path.write_bytes(write_midi(Roll(cells), Provenance(settings=told, **{**said, **changes}).to_json()))
    return path


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"art": "image"}, "image"),
        ({"seed": -1}, "seed"),
        ({"settings": {"kind": "opera"}}, "unknown"),
        ({"settings": {"kind": ["piece"]}}, "unknown"),
        ({"settings": {"reverb": 3}}, "unknown"),
        ({"settings": {"bars": "4"}}, "bars"),
        ({"settings": {"bars": 10**9}}, "bars"),
        ({"settings": {"form": "A" * 10**5}}, "form"),
        ({"settings": {"tracks": ["kazoo"]}}, "kazoo"),
        ({"settings": {"tempo": 0.0}}, "tempo"),
        ({"settings": {"device": "abacus"}}, "abacus"),
        ({"settings": {"density": 0.0}}, "density"),
    ],
)
def test_forged_settings_are_refused(sampler: Sampler, tmp_path: Path, changes: dict[str, Any], cause: str) -> None:
    work = forged(tmp_path / "forged.mid", sampler, **changes)
    with pytest.raises(GansuiteError, match=cause):
        like(work, tmp_path / "again")


def test_a_file_never_causes_a_download(sampler: Sampler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gansuite.core.library._from_hub", lambda name: pytest.fail("asked the hub"))
    work = forged(tmp_path / "forged.mid", sampler, model="somebody/anything")
    with pytest.raises(GansuiteError) as caught:
        like(work, tmp_path / "again")
    assert "--model" in caught.value.remedy


def test_a_work_is_not_written_over_itself(sampler: Sampler, tmp_path: Path) -> None:
    (work,) = write_pieces(sampler, [1], PIECE, tmp_path)
    with pytest.raises(GansuiteError, match="over itself"):
        like(work, tmp_path)


def test_a_device_that_is_not_here_is_named_with_a_way_out(sampler: Sampler, tmp_path: Path) -> None:
    absent = "cuda" if not torch.cuda.is_available() else "mps"
    work = forged(tmp_path / "forged.mid", sampler, settings={"device": absent})
    with pytest.raises(GansuiteError, match=absent) as caught:
        like(work, tmp_path / "again")
    assert "--device cpu" in caught.value.remedy


@pytest.mark.parametrize("name", ["missing.mid", "missing.png", "plain.mid", "text.mid", "cut.mid"])
def test_files_that_do_not_say_how_they_were_made(sampler: Sampler, tmp_path: Path, name: str) -> None:
    work = tmp_path / name
    if name == "plain.mid":
        work.write_bytes(write_midi(play_piece(sampler, 1, PIECE), "by hand"))
    elif name == "text.mid":
        work.write_text("not music")
    elif name == "cut.mid":
        whole = forged(tmp_path / "whole.mid", sampler).read_bytes()
        work.write_bytes(whole.replace(b'"seed"', b'"sead"'))
    with pytest.raises(GansuiteError):
        like(work, tmp_path / "again")


def test_random_phrases_make_pieces_too(tmp_path: Path) -> None:
    scripted = Scripted(random_phrases())
    (path,) = write_pieces(scripted.sampler(), [1], replace(PIECE, key="C"), tmp_path)
    assert read_midi(path.read_bytes()).bars == 16
