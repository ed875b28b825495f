"""From a MIDI file to a WAV, and what people read when that cannot be."""

from __future__ import annotations

import io
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from gansuite.core.errors import GansuiteError
from gansuite.music.audio import fluid
from gansuite.music.audio.synth import TAIL
from gansuite.music.audio.wav import read_comment
from gansuite.music.midi import write_midi
from gansuite.music.render import render
from gansuite.music.roll import ONSET, Roll


@pytest.fixture(autouse=True)
def without_fluidsynth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fluid, "library", lambda: None)


def band() -> bytes:
    """Two bars of drums and bass at 120 a minute."""
    cells = np.zeros((5, 32, 84), np.uint8)
    cells[0, ::4, 12] = ONSET
    cells[3, ::8, 16] = ONSET
    return write_midi(Roll(cells))


def frames(path: Path) -> np.ndarray:
    with wave.open(str(path)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (2, 2, 44100)
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2").reshape(-1, 2)


def test_a_file_becomes_a_wav_beside_it(tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(band())
    done = render(tmp_path / "song.mid")
    assert done.path == tmp_path / "song.wav"
    assert done.engine == "own"
    heard = frames(done.path)
    assert len(heard) / 44100 == pytest.approx(done.seconds, abs=1e-3)
    assert done.seconds == pytest.approx(3.625 + TAIL, abs=0.3)
    assert 29000 < np.abs(heard.astype(int)).max() < 29300  # -1 dB of full scale


def test_bytes_and_music_that_was_read_give_the_same_sound(tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(band())
    music = pretty_midi.PrettyMIDI(io.BytesIO(band()))
    made = [
        render(source, tmp_path / f"{i}.wav").path.read_bytes()
        for i, source in enumerate([tmp_path / "song.mid", band(), music])
    ]
    assert made[0] == made[1] == made[2]


def test_into_a_folder_with_a_comment_and_only_the_beginning(tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(band())
    (tmp_path / "out").mkdir()
    done = render(
        tmp_path / "song.mid", tmp_path / "out", seconds=1.0, comment="seed 7"
    )  # the last stroke ends at 0.625
    assert done.path == tmp_path / "out" / "song.wav"
    assert done.seconds == pytest.approx(0.625 + TAIL, abs=0.01)
    assert read_comment(done.path.read_bytes()) == "seed 7"


def test_missing_folders_are_made(tmp_path: Path) -> None:
    assert render(band(), tmp_path / "a" / "b.wav").path.is_file()


def test_auto_takes_fluidsynth_where_it_works_and_goes_on_where_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fluid, "library", lambda: io)
    monkeypatch.setattr(fluid, "play", lambda parts: np.zeros((2, 100), np.float32))
    assert render(band(), tmp_path / "a.wav").engine == "fluidsynth"
    assert render(band(), tmp_path / "a.wav", engine="own").engine == "own"

    def broken(parts: object) -> None:
        raise GansuiteError("no font", "none")

    monkeypatch.setattr(fluid, "play", broken)
    assert render(band(), tmp_path / "a.wav").engine == "own"
    with pytest.raises(GansuiteError, match="no font"):
        render(band(), tmp_path / "a.wav", engine="fluidsynth")


@pytest.mark.parametrize(
    ("arguments", "cause", "remedy"),
    [
        ({"engine": "fluidsynth"}, "FluidSynth is not installed", "--engine own"),
        ({"engine": "fluidsnth"}, "There is no engine 'fluidsnth'", "'fluidsynth'"),
        ({"out": Path("x.mp3")}, "x.mp3 is not the name of a WAV", "--out x.wav"),
        ({"seconds": 0.0}, "in 0 seconds", "--seconds"),
        ({"seconds": float("nan")}, "in nan seconds", "--seconds"),
        ({"midi": b"RIFF0000WAVE"}, "The music is audio", "MIDI file"),
        ({"midi": Path("nowhere.mid")}, "There is no file nowhere.mid", "path of a MIDI"),
    ],
)
def test_errors_say_what_to_do(arguments: dict[str, object], cause: str, remedy: str, tmp_path: Path) -> None:
    given = {"midi": band(), "out": tmp_path / "a.wav"} | arguments
    with pytest.raises(GansuiteError) as caught:
        render(**given)  # type: ignore[arg-type]
    assert cause in caught.value.cause
    assert remedy in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_midi(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="cannot be read"):
        render(tmp_path, tmp_path / "a.wav")


def test_a_file_that_claims_hours_is_refused(tmp_path: Path) -> None:
    """A header, a note on, an end after the longest delta there is."""
    track = b"\x00\x90\x3c\x40" + b"\xff\xff\xff\x7f\x80\x3c\x00" + b"\x00\xff\x2f\x00"
    data = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x01" + b"MTrk" + len(track).to_bytes(4, "big") + track
    (tmp_path / "bomb.mid").write_bytes(data)
    with pytest.raises(GansuiteError, match=r"bomb\.mid claims to last"):
        render(tmp_path / "bomb.mid")


def test_half_an_hour_is_refused_but_its_beginning_rendered(tmp_path: Path) -> None:
    music = pretty_midi.PrettyMIDI()
    music.instruments.append(pretty_midi.Instrument(0))
    music.instruments[0].notes += [pretty_midi.Note(90, 60, 0, 1), pretty_midi.Note(90, 62, 1800, 1801)]
    with pytest.raises(GansuiteError, match=r"lasts 30\.0 minutes") as caught:
        render(music, tmp_path / "a.wav")
    assert "--seconds" in caught.value.remedy
    assert render(music, tmp_path / "a.wav", seconds=10).seconds == pytest.approx(1 + TAIL, abs=0.01)


def test_importing_it_is_light() -> None:
    heavy = "{'torch', 'pretty_midi', 'scipy', 'matplotlib', 'fluidsynth'}"
    code = f"import sys, gansuite.music.render, gansuite.music.picture; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
