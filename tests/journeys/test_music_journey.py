"""A musician's way through `gansuite music`, from a folder of MIDI to pieces, accompaniments and figures."""

from __future__ import annotations

import json
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansuite.core.run import Run
from gansuite.music.midi import read_midi
from gansuite.music.roll import TRACKS
from gansuite.music.score import read_score
from journeys.front_door import Gansuite, Result
from music.small_pieces import chords, write, write_band

SMALL = """
[network]
latent = 4
width = 16
step_width = 8
octave_width = 4
depth = 1
[critic]
chroma_width = 8
[recipe]
batch_size = 8
precision = "fp32"
[rhythm]
log = 1
sheet = 6
checkpoint = 4
measure = 6
[run]
steps = 12
threads = 1
"""


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_band(tmp_path_factory.mktemp("source") / "band")


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "music.toml"
    path.write_text(SMALL, encoding="utf8")
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run lies that is trained only once."""
    return tmp_path_factory.mktemp("kept") / "mine"


@pytest.fixture
def model(gansuite: Gansuite, band: Path, toml: Path, kept: Path) -> Path:
    """The run that the commands play from, in the folder where they are typed."""
    if not kept.exists():
        gansuite("music", "train", "--data", band, "--config", toml, "--steps", 6, "--run", kept).ok()
    return Path(shutil.copytree(kept, "runs/mine"))


def written(result: Result) -> list[Path]:
    return [Path(line) for line in result.ok().out.splitlines()]


def sounding(path: Path) -> list[str]:
    return [name for name, cells in zip(TRACKS, read_midi(path.read_bytes()).cells, strict=True) if cells.any()]


def refused(result: Result, *words: str) -> None:
    """One sentence of cause, one of remedy, exit code 2, no traceback."""
    assert result.code == 2
    assert result.err.startswith("Error: ")
    assert "Traceback" not in result.err
    assert len(result.err.strip().splitlines()) == 2
    assert all(word in result.err for word in words), result.err


def test_from_a_folder_of_midi_to_pieces(gansuite: Gansuite, band: Path, toml: Path) -> None:
    told = gansuite("music", "inspect", band, "--json").ok().json()
    assert told["used"] == 12
    train = gansuite("music", "train", "--data", band, "--config", toml, "--json").ok()
    run = Path(train.json()["run"])
    assert run == Path("runs/music-001")
    assert train.json()["last_measure"]["step"] == 12
    assert (run / "report.html").exists()
    listed = gansuite("models", "list", "--json").ok().json()["models"]
    (mine,) = [entry for entry in listed if entry["kind"] == "run"]
    assert (mine["name"], mine["art"], mine["network"]) == ("music-001", "music", "musegan")

    words = ["music", "generate", "--model", run, "--tracks", "drums,piano,bass", "--bars", 6, "--tempo", 97]
    files = written(gansuite(*words, "--seed", 7, "--count", 2, "--key", "D", "--out", "mine"))
    assert files == [Path("mine/seed-0000007.mid"), Path("mine/seed-0000008.mid")]
    roll = read_midi(files[0].read_bytes())
    assert (roll.bars, roll.tempo) == (6, 97)
    assert set(sounding(files[0])) <= {"drums", "piano", "bass"}

    (again,) = written(gansuite("music", "generate", "--like", files[1]))
    assert again == Path("mine/seed-0000008-again.mid")
    assert again.read_bytes() == files[1].read_bytes()

    gansuite("music", "train", "--run", run, "--resume", "--steps", 16).ok()
    assert Run(run).load()["step"] == 16
    resumed = gansuite("music", "train", "--run", run, "--resume", "--mode", "composer")
    refused(resumed, "network.mode")
    refused(gansuite("music", "train", "--run", run, "--resume", "--model", "musegan"), "--model")


def test_what_lies_beside_a_piece(gansuite: Gansuite, model: Path) -> None:
    words = ["music", "generate", "--model", model, "--bars", 4, "--wav", "--png", "--npz", "--engine", "own"]
    told = gansuite(*words, "--out", "one.mid", "--json").ok().json()
    assert told["written"] == ["one.mid", "one.wav", "one.png", "one.npz"]
    with wave.open("one.wav") as sound:
        assert sound.getnchannels() == 2
        assert sound.getnframes() / sound.getframerate() > 4 * 4 * 60 / 110 - 2
    with Image.open("one.png") as picture:
        assert picture.mode == "RGB"
    (rendered,) = written(gansuite("music", "render", "one.mid", "--out", "two.wav", "--engine", "own"))
    with wave.open(str(rendered)) as sound:
        loud = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
    assert np.abs(loud).max() > 5000


def test_the_same_music_whichever_tracks_are_heard(gansuite: Gansuite, model: Path) -> None:
    words = ["music", "generate", "--model", model, "--seed", 3, "--form", "AB"]
    gansuite(*words, "--out", "all.mid").ok()
    gansuite(*words, "--tracks", "2", "--out", "two.mid").ok()
    whole, part = (read_midi(Path(name).read_bytes()).cells for name in ("all.mid", "two.mid"))
    for name in ("piano", "bass"):
        assert np.array_equal(whole[TRACKS.index(name)], part[TRACKS.index(name)])
    assert set(sounding(Path("two.mid"))) <= {"piano", "bass"}


def test_around_his_own_file(gansuite: Gansuite, model: Path) -> None:
    write(Path("mine.mid"), {5: chords(62, 9), 33: chords(38, 9), 56: [(0, 40, 70, 9)]}, ((0, 555_555),))
    words = ["music", "accompany", "mine.mid", "--model", model, "--given", "piano,bass", "--tracks", "drums,guitar"]
    done = gansuite(*words, "--out", "full.mid", "--png")
    assert written(done) == [Path("full.mid"), Path("full.png")]
    assert "strings" in done.err  # the trumpet, which was left out
    before, after = read_score(Path("mine.mid").read_bytes()), read_score(Path("full.mid").read_bytes())
    assert after.tempi == before.tempi

    def notes(score: object, program: int) -> list[tuple[int, ...]]:
        chosen = score.program == program  # type: ignore[attr-defined]
        columns = (getattr(score, name)[chosen].tolist() for name in ("start", "end", "pitch", "velocity"))
        return sorted(zip(*columns, strict=True))

    for program in (5, 33):
        assert notes(after, program) == notes(before, program)
    assert 56 not in after.program
    gansuite("music", "generate", "--like", "full.mid", "--out", "again.mid").ok()
    assert Path("again.mid").read_bytes() == Path("full.mid").read_bytes()
    beside = written(gansuite("music", "accompany", "mine.mid", "--model", model))
    assert beside == [Path("mine-accompanied.mid")]


def test_a_gap_is_filled_and_a_piece_goes_on(gansuite: Gansuite, model: Path) -> None:
    write(Path("mine.mid"), {5: chords(62, 8), 33: chords(38, 8)})
    words = ["music", "accompany", "mine.mid", "--model", model]
    assert written(gansuite(*words, "--tracks", "piano", "--bars", "3-4", "--out", "filled.mid")) == [
        Path("filled.mid")
    ]
    assert written(gansuite(*words, "--bars", "9-12", "--out", "longer.mid")) == [Path("longer.mid")]
    before, filled, longer = (read_score(Path(f"{name}.mid").read_bytes()) for name in ("mine", "filled", "longer"))
    assert sorted(filled.start[filled.program == 33]) == sorted(before.start[before.program == 33])
    assert before.last < longer.last
    gansuite("music", "generate", "--like", "longer.mid", "--out", "again.mid").ok()
    assert Path("again.mid").read_bytes() == Path("longer.mid").read_bytes()


def test_from_one_to_another(gansuite: Gansuite, model: Path, band: Path) -> None:
    words = ["music", "interpolate", "--model", model]
    (walk,) = written(gansuite(*words, "--seed", "3,8", "--steps", 3, "--key", "C"))
    assert walk == Path("walk.mid")
    assert read_midi(walk.read_bytes()).bars <= 12
    (between,) = written(gansuite(*words, "--from", band / "0.mid", "--to", band / "5.mid", "--out", "b.mid"))
    ends = read_midi(between.read_bytes()).cells
    first = read_midi((band / "0.mid").read_bytes()).cells
    assert np.array_equal(ends[1, :64], first[1, :64])
    for name in ("walk.mid", "b.mid"):
        gansuite("music", "generate", "--like", name, "--out", "again.mid").ok()
        assert Path("again.mid").read_bytes() == Path(name).read_bytes()
    refused(gansuite(*words, "--from", band / "0.mid"), "--to")
    refused(gansuite(*words, "--seed", "1-3"), "--seed 3,8")


def test_figures_of_a_run_are_those_of_its_own_music(gansuite: Gansuite, model: Path, band: Path) -> None:
    words = ["music", "evaluate", "--model", model, "--count", 6]
    own = gansuite(*words, "--json").ok().json()
    named = gansuite(*words, "--data", band, "--json").ok().json()
    assert own == named
    rows = {row["role"]: row for row in own["rows"]}
    assert set(rows) == {"held out", "model", "real", "shuffled"}
    assert rows["model"]["memorisation"]["copies"] == 0
    text = gansuite(*words, "--control", model).ok()
    assert "Qualified notes" in text.out
    assert "control" in text.out
    assert "playing 6 phrases" in text.err


def test_what_goes_wrong_is_told_in_two_sentences(gansuite: Gansuite, model: Path) -> None:
    words = ["music", "generate", "--model", model]
    refused(gansuite(*words, "--tracks", "piano,flute"), "flute", "drums, piano, guitar, bass, strings")
    refused(gansuite(*words, "--tracks", "6"), "5 tracks")
    refused(gansuite(*words, "--form", "A1"), "AABA")
    refused(gansuite(*words, "--bars", 0), "--bars 16")
    refused(gansuite(*words, "--key", "H"), "not a key")
    refused(gansuite(*words, "--tempo", 0), "tempo")
    refused(gansuite(*words, "--density", 0), "density")
    refused(gansuite(*words, "--out", "a.wav"), "a.mid")
    refused(gansuite(*words, "--engine", "organ", "--wav"), "engine")
    refused(gansuite("music", "generate", "--model", "nobody"), "nobody")
    refused(gansuite("music", "generate", "--like", "missing.mid"), "missing.mid")
    refused(gansuite("music", "accompany", "missing.mid", "--model", model), "missing.mid")
    Path("broken.mid").write_bytes(b"RIFF....WAVE")
    refused(gansuite("music", "accompany", "broken.mid", "--model", model), "broken.mid", "audio")
    refused(gansuite("music", "render", "broken.mid"), "broken.mid")
    refused(gansuite("music", "inspect", "nowhere"), "nowhere")
    write(Path("waltz.mid"), {0: chords(60, 4)}, meters=((0, 3, 4),))
    refused(gansuite("music", "accompany", "waltz.mid", "--model", model), "3/4", "--meter 3/4")
    refused(gansuite("music", "accompany", "waltz.mid", "--given", "drums", "--model", model), "no drums", "piano")


def test_json_is_one_object_and_nothing_else(gansuite: Gansuite, model: Path, band: Path) -> None:
    for words in (
        ["inspect", band],
        ["generate", "--model", model],
        ["accompany", band / "0.mid", "--tracks", "drums", "--out", "a.mid", "--model", model],
        ["interpolate", "--model", model],
        ["evaluate", "--model", model, "--count", 3],
        ["render", band / "0.mid", "--out", "a.wav", "--seconds", 2],
        ["train", "--run", model, "--resume", "--steps", 8],
    ):
        assert isinstance(json.loads(gansuite("music", *words, "--json").ok().out), dict)
