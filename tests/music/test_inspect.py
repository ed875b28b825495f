"""The report on people's music."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gansuite.core.errors import GansuiteError
from gansuite.music.dataset import MusicDataConfig
from gansuite.music.inspect import inspect_music

from .hostile import BEAT, END, USED, make_hostile_folder, meter, pack, pianoroll, piece, smf, song, tempo

CLEAN = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "music" / "clean_midi.zip"


def test_a_small_collection_is_described(tmp_path: Path) -> None:
    for seed in range(4):
        (tmp_path / f"{seed}.mid").write_bytes(piece(seed))
    (tmp_path / "fast.mid").write_bytes(smf(tempo(300_000), *song(5)[1:]))
    (tmp_path / "twice.mid").write_bytes(piece(0))
    (tmp_path / "drumless.mid").write_bytes(smf(*song(6, leave_out=("drums",))))
    (tmp_path / "waltz.mid").write_bytes(piece(7, beats=3))
    (tmp_path / "pack.npz").write_bytes(pack(drums=False))
    (tmp_path / "notes.txt").write_text("remember the milk")
    report = inspect_music(tmp_path)
    assert (report.found, report.used) == (10, 8)
    assert report.skipped == (("notes.txt", "is text, not MIDI"), ("waltz.mid", "is in 3/4, not in 4/4"))
    assert report.kinds == {"MIDI": 8, "phrase pack": 1}
    assert report.meters == {"4/4": 8, "3/4": 1}
    assert {name: count for name, count in report.tempi.items() if count} == {"120-139": 7, "200 or more": 1}
    assert (report.cut, report.kept, report.pieces) == (7 * 2 + 6, 16, 8)
    assert report.dropped == {"without drums": 2, "an exact repetition of another, in any key": 2}
    assert report.families == {"drums": 0.857, "piano": 1.0, "guitar": 1.0, "bass": 1.0, "strings": 1.0}
    assert report.in_scale == (1.0, 1.0)
    assert report.split is None
    assert sum(report.keys.values()) == report.kept
    assert "--hop 1" in report.advice
    assert any("without a drum track" in warning for warning in report.warnings)


def test_the_report_is_json_and_a_page_of_text(tmp_path: Path) -> None:
    for seed in range(3):
        (tmp_path / f"{seed}.mid").write_bytes(piece(seed))
        (tmp_path / f"bad{seed}.mid").write_bytes(b"")
    report = inspect_music(tmp_path)
    assert json.loads(json.dumps(report.to_dict()))["skipped"][0] == ["bad0.mid", "is empty (0 bytes)"]
    text = report.to_text()
    assert "6 files, 3 used, 3 skipped" in text
    assert "bad2.mid is empty" in text
    assert "6 cut, 6 kept, of 3 pieces" in text
    assert "... and 2 more" in report.to_text(shown=1)


def test_folders_train_and_valid_are_counted(tmp_path: Path) -> None:
    for seed in range(5):
        folder = tmp_path / ("valid" if seed == 4 else "train")
        folder.mkdir(exist_ok=True)
        (folder / f"{seed}.mid").write_bytes(piece(seed))
    report = inspect_music(tmp_path)
    assert report.split == (8, 2)
    assert "8 in train, 2 in valid" in report.to_text()


def test_other_meters_and_few_instruments_are_advised_on(tmp_path: Path) -> None:
    for seed in range(4):
        (tmp_path / f"{seed}.mid").write_bytes(smf(*song(seed, leave_out=("guitar", "strings"))))
        (tmp_path / f"w{seed}.mid").write_bytes(piece(seed, beats=3))
    report = inspect_music(tmp_path)
    assert report.kept == 0
    assert report.advice == "There is nothing to train on here."
    assert any("--min-families 3" in warning for warning in report.warnings)
    waltzes = inspect_music(tmp_path, MusicDataConfig(meter=(3, 4)))
    assert (waltzes.kept, waltzes.used) == (8, 4)
    assert inspect_music(tmp_path, MusicDataConfig(min_families=3)).kept == 8


def test_a_change_of_meter_loses_only_what_stands_in_the_other(tmp_path: Path) -> None:
    conductor = meter(4, 4) + meter(3, 4, 16 * BEAT) + meter(4, 4, 12 * BEAT) + END
    for seed in range(2):
        (tmp_path / f"{seed}.mid").write_bytes(smf(conductor, *song(seed, bars=11)[1:]))
    report = inspect_music(tmp_path)
    assert report.cut == 2 * 2  # bars 1 to 4, and the four after the waltz
    assert report.dropped["in another meter"] == 2
    assert any("--meter" in warning for warning in report.warnings)


def test_hostile_files_are_reported_one_by_one(tmp_path: Path) -> None:
    expected = make_hostile_folder(tmp_path / "works")
    report = inspect_music(tmp_path / "works")
    unused = {name for name, word in expected.items() if word != USED}
    assert (report.found, report.used) == (len(expected), len(expected) - len(unused))
    assert all(expected[name] in reason for name, reason in report.skipped)
    assert [name for name, _ in report.skipped] == sorted(unused)
    assert inspect_music(tmp_path / "works") == report


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is told another way there")
def test_hostile_files_take_less_than_a_gigabyte(tmp_path: Path) -> None:
    make_hostile_folder(tmp_path / "works")
    script = (  # not getrusage: its peak is handed down by whoever starts the process
        "import sys; from pathlib import Path; from gansuite.music.inspect import inspect_music;"
        "inspect_music(sys.argv[1]); print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    told = subprocess.run([sys.executable, "-c", script, str(tmp_path / "works")], capture_output=True, check=True)
    peak = int(told.stdout) * 1024
    assert peak < 2**30


def test_one_file_of_each_kind_can_be_named(tmp_path: Path) -> None:
    for name, data, kind in (
        ("a.mid", piece(), "MIDI"),
        ("p.npz", pack(), "phrase pack"),
        ("l.npz", pianoroll(), "pypianoroll"),
    ):
        (tmp_path / name).write_bytes(data)
        report = inspect_music(tmp_path / name)
        assert report.kinds == {kind: 1}
    assert "at least two" in inspect_music(tmp_path / "a.mid").advice


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="There is no folder or file"):
        inspect_music(tmp_path / "nowhere")
    with pytest.raises(GansuiteError, match="holds no files"):
        inspect_music(tmp_path)
    (tmp_path / "a.mid").write_text("no")
    with pytest.raises(GansuiteError, match="1 to 64 bars"):
        inspect_music(tmp_path, MusicDataConfig(bars=0))
    report = inspect_music(tmp_path)
    assert (report.used, report.kept) == (0, 0)
    assert "nothing to train on" in report.to_text()
    assert json.dumps(report.to_dict())


@pytest.mark.skipif(not CLEAN.exists(), reason="the clean pack is not there")
def test_the_clean_pack_is_worth_training_on() -> None:
    report = inspect_music(CLEAN)
    assert report.found == 173
    assert report.used > 150
    assert report.split is not None
    assert report.split[0] > 1_400
    assert report.split[1] > 150
    assert report.in_scale[1] > 0.9 > report.in_scale[0]
