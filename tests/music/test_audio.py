"""Sound one can rely on: right pitches, lengths and levels, audible drums, no clipping, the same bytes every time."""

from __future__ import annotations

import io
import wave

import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.music.audio import fluid
from gansuite.music.audio.drums import KIT, strike
from gansuite.music.audio.effects import CEILING, mastered, room
from gansuite.music.audio.parts import read_parts
from gansuite.music.audio.synth import TAIL, synthesize
from gansuite.music.audio.timbres import timbre_of
from gansuite.music.audio.tones import hertz, ringing, tone
from gansuite.music.audio.wav import read_comment, write_wav
from gansuite.music.audio.waves import RATE, damped, fading, noise

Note = tuple[int, float, float, int]  # pitch, start, end, velocity


def piece(*notes: Note, program: int = 0, drums: bool = False) -> pretty_midi.PrettyMIDI:
    midi = pretty_midi.PrettyMIDI()
    midi.instruments.append(pretty_midi.Instrument(program, drums))
    midi.instruments[0].notes += [pretty_midi.Note(loud, pitch, start, end) for pitch, start, end, loud in notes]
    return midi


def control(midi: pretty_midi.PrettyMIDI, number: int, value: int, time: float) -> None:
    midi.instruments[0].control_changes.append(pretty_midi.ControlChange(number, value, time))


def played(midi: pretty_midi.PrettyMIDI, seconds: float | None = None) -> np.ndarray:
    return synthesize(read_parts(midi, seconds))


def power(sound: np.ndarray, start: float, end: float) -> float:
    """Mean square of both sides between two times."""
    return float(np.mean(sound[..., int(start * RATE) : int(end * RATE)] ** 2))


def loudest_hertz(sound: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 18))
    return float(np.argmax(spectrum) * RATE / (1 << 18))


def brightness(sound: np.ndarray) -> float:
    """The mean frequency of the energy, hertz."""
    energy = np.abs(np.fft.rfft(sound)) ** 2
    return float(np.sum(energy * np.fft.rfftfreq(len(sound), 1 / RATE)) / np.sum(energy))


# waves


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 2000), st.lists(st.floats(20, 15000), min_size=1, max_size=5), st.floats(0, 30))
def test_damped_is_the_plain_sum_of_sinusoids(frames: int, frequencies: list[float], rate: float) -> None:
    count = len(frequencies)
    levels, phases = np.linspace(1, 0.2, count), np.linspace(0, 0.9, count)
    time = np.arange(frames) / RATE
    plain = sum(
        level * np.exp(-rate * time) * np.sin(2 * np.pi * (frequency * time + phase))
        for level, frequency, phase in zip(levels, frequencies, phases, strict=True)
    )
    found = damped(levels, np.array(frequencies), np.full(count, rate), phases, frames)
    np.testing.assert_allclose(found, plain, atol=2e-5)


def test_damped_keeps_its_pitch_for_half_a_minute() -> None:
    one = np.ones(1)
    sound = damped(one, 440 * one, 0 * one, 0 * one, 30 * RATE)
    last = np.arange(29 * RATE, 30 * RATE) / RATE
    np.testing.assert_allclose(sound[29 * RATE :], np.sin(2 * np.pi * 440 * last), atol=1e-4)


def test_a_fade_falls_by_sixty_decibels() -> None:
    assert fading(0.5, RATE)[RATE // 2] == pytest.approx(1e-3, rel=1e-3)


def test_noise_stays_in_its_band_and_repeats() -> None:
    assert 900 < brightness(noise(800, 1600, RATE, 3)) < 2500
    assert np.array_equal(noise(800, 1600, 1000, 3), noise(800, 1600, 1000, 3))
    assert not np.array_equal(noise(800, 1600, 1000, 3), noise(800, 1600, 1000, 4))


# tones


def test_hertz() -> None:
    assert hertz(69) == 440
    assert hertz(60) == pytest.approx(261.6256, abs=1e-4)


@pytest.mark.parametrize("program", [0, 4, 11, 16, 24, 25, 27, 33, 38, 40, 48, 52, 56, 71, 73, 80, 89])
def test_an_a_is_an_a(program: int) -> None:
    sound = tone(timbre_of(program), 69, 0.7, RATE)
    assert loudest_hertz(sound.mean(axis=0)) == pytest.approx(440, rel=0.01)


@pytest.mark.parametrize("program", range(128))
def test_every_program_sounds_at_every_pitch(program: int) -> None:
    for pitch in (0, 36, 64, 96, 127):
        sound = tone(timbre_of(program), pitch, 0.7, RATE // 4)
        assert np.isfinite(sound).all()
        assert 0.005 < sound.std() < 0.2
        assert np.abs(sound).max() < 0.9


def test_families_sound_different() -> None:
    """No two of the five tracks' instruments have nearly the same spectrum and course."""
    sounds = [tone(timbre_of(program), 57, 0.7, RATE)[0] for program in (0, 27, 33, 48)]
    spectra = [np.log10(np.abs(np.fft.rfft(sound))[200:4000].reshape(-1, 100).max(axis=1) + 1e-3) for sound in sounds]
    for i, first in enumerate(spectra):
        for second in spectra[:i]:
            assert np.sqrt(np.mean((first - second) ** 2)) > 0.25


def test_plucked_notes_die_away_and_bowed_ones_last() -> None:
    piano, strings = (tone(timbre_of(program), 69, 0.7, 3 * RATE) for program in (0, 48))
    assert power(piano, 2, 2.5) < 0.1 * power(piano, 0, 0.5)
    assert power(strings, 2, 2.5) > 0.5 * power(strings, 0.2, 0.7)
    assert power(strings, 0, 0.02) < 0.1 * power(strings, 0.2, 0.7)
    assert ringing(timbre_of(0), 100) < ringing(timbre_of(0), 40)


def test_a_firm_touch_is_brighter() -> None:
    soft, firm = (tone(timbre_of(0), 60, force, RATE)[0] for force in (0.2, 0.9))
    assert brightness(firm) > 1.15 * brightness(soft)
    assert firm.std() == pytest.approx(soft.std(), rel=0.2)


# drums


@pytest.mark.parametrize("pitch", [*KIT, 27, 0, 127])
def test_every_drum_is_heard_and_ends(pitch: int) -> None:
    sound = strike(pitch, 0.7)
    assert np.isfinite(sound).all()
    assert 0.2 < np.abs(sound).max() < 3
    assert 0.03 < len(sound) / RATE < 4
    assert abs(sound[-1]) < 1e-3


def test_kick_is_low_and_hat_is_high_and_open_hat_is_long() -> None:
    kick, snare, closed, opened = (strike(pitch, 0.7) for pitch in (36, 38, 42, 46))
    assert brightness(kick) < 200
    assert 500 < brightness(snare) < 5000 < brightness(closed)
    assert len(opened) > 3 * len(closed)
    assert loudest_hertz(strike(41, 0.7)) < loudest_hertz(strike(50, 0.7))


def test_drums_are_audible_where_they_are_struck() -> None:
    sound = played(piece((36, 0.5, 0.6, 100), (42, 1.5, 1.6, 100), drums=True))
    assert power(sound, 0, 0.49) < 1e-12
    assert power(sound, 0.5, 0.6) > 1e-2
    assert power(sound, 1.5, 1.6) > 1e-4
    assert power(sound, 1.5, 1.6) > 20 * power(sound, 1.35, 1.5)


def test_a_closed_hat_ends_an_open_one() -> None:
    opened, closed = (46, 0.0, 0.1, 120), (42, 0.2, 0.3, 1)
    alone, choked = played(piece(opened, drums=True)), played(piece(opened, closed, drums=True))
    assert power(choked, 0.25, 0.4) < 0.15 * power(alone, 0.25, 0.4)


# whole pieces


def test_length_peak_and_repeatability() -> None:
    midi = piece((60, 0, 1, 90), (64, 1, 2.5, 110))
    sound = played(midi)
    assert sound.shape == (2, int((2.5 + TAIL) * RATE))
    assert np.abs(sound).max() == pytest.approx(CEILING, rel=1e-4)
    assert np.abs(sound[:, -10:]).max() < 1e-3
    assert np.array_equal(sound, played(midi))


def test_a_hundred_loud_notes_do_not_clip() -> None:
    chord = [(pitch, 0.0, 0.5, 127) for pitch in range(20, 120)]
    assert np.abs(played(piece(*chord, program=30))).max() <= CEILING * 1.0001


def test_notes_sound_when_and_as_high_as_they_should() -> None:
    sound = played(piece((69, 1, 2, 100), (81, 3, 4, 100), program=73)).mean(axis=0)
    assert loudest_hertz(sound[int(1.1 * RATE) : 2 * RATE]) == pytest.approx(440, rel=0.01)
    assert loudest_hertz(sound[int(3.1 * RATE) : 4 * RATE]) == pytest.approx(880, rel=0.01)
    assert power(sound, 0, 0.99) < 1e-12
    assert power(sound, 2.5, 2.9) < 0.02 * power(sound, 1.2, 1.8)


def test_velocity_is_loudness() -> None:
    sound = played(piece((60, 0, 0.5, 30), (60, 2, 2.5, 120)))
    assert power(sound, 2, 2.5) > 10 * power(sound, 0, 0.5) > 0


def test_silence_stays_silent() -> None:
    assert not played(piece()).any()
    assert played(pretty_midi.PrettyMIDI()).shape == (2, int(TAIL * RATE))


def test_stretches_join_without_a_seam() -> None:
    """Notes on both sides of the half minute at which a new stretch begins, and one across it."""
    late = [(69, 29.0, 31.0, 100), (72, 29.9, 30.4, 100), (76, 30.0, 30.5, 100)]
    whole = played(piece(*late, program=56))
    early = played(piece(*((pitch, start - 25, end - 25, loud) for pitch, start, end, loud in late), program=56))
    here = whole[:, 25 * RATE :][:, : early.shape[1]]
    assert np.abs(here - early).max() < 1e-2


def test_families_stand_on_different_sides_and_the_file_may_choose() -> None:
    guitar = played(piece((60, 0, 1, 100), program=25))
    assert power(guitar[1], 0, 1) > 1.5 * power(guitar[0], 0, 1)
    moved = piece((60, 0, 1, 100), program=25)
    control(moved, 10, 0, 0.0)
    left, right = played(moved)
    assert power(left, 0, 0.5) > 8 * power(right, 0, 0.5)


def test_the_pedal_holds_notes() -> None:
    plain, held = piece((60, 0, 0.5, 100), (60, 3, 3.5, 100)), piece((60, 0, 0.5, 100), (60, 3, 3.5, 100))
    control(held, 64, 127, 0.1)
    control(held, 64, 0, 2.0)
    dry, wet = played(plain), played(held)
    assert power(wet, 1.5, 1.9) > 20 * power(dry, 1.5, 1.9)
    assert power(wet, 2.6, 2.9) < 0.2 * power(wet, 1.5, 1.9)


def test_a_pedal_that_is_never_lifted_holds_nothing() -> None:
    midi = piece((60, 0, 0.5, 100))
    control(midi, 64, 127, 0.0)
    assert played(midi).shape[1] == int((0.5 + TAIL) * RATE)


def test_volume_swells_within_a_note() -> None:
    midi = piece((60, 0, 4, 100), program=48)
    control(midi, 11, 10, 0.0)
    control(midi, 11, 127, 2.0)
    sound = played(midi)
    assert power(sound, 2.5, 3.5) > 100 * power(sound, 0.5, 1.5)


def test_bends_change_the_pitch() -> None:
    midi = piece((69, 0, 2, 100), program=73)
    midi.instruments[0].pitch_bends.append(pretty_midi.PitchBend(4096, 1.0))
    sound = played(midi).mean(axis=0)
    assert loudest_hertz(sound[RATE // 4 : RATE]) == pytest.approx(440, rel=0.01)
    assert loudest_hertz(sound[5 * RATE // 4 : 2 * RATE]) == pytest.approx(hertz(70), rel=0.01)


def test_only_the_beginning() -> None:
    midi = piece((60, 0, 8, 100), (72, 5, 6, 100))
    sound = played(midi, 4.0)
    assert sound.shape[1] == int((4 + TAIL) * RATE)
    assert len(read_parts(midi, 4.0)[0]) == 1


@pytest.mark.parametrize(
    ("notes", "told"),
    [
        ([(60, 0.0, 1e8, 100)], "27,777.8 hours"),
        ([(60, 1300.0, 1301.0, 100)], "21.7 minutes"),
    ],
)
def test_hostile_lengths_are_refused_before_any_sound_exists(notes: list[Note], told: str) -> None:
    with pytest.raises(GansuiteError, match=told) as caught:
        played(piece(*notes))
    assert "--seconds" in caught.value.remedy


def test_walls_of_notes_are_refused() -> None:
    wall = [(40 + i % 40, i / 1000, i / 1000 + 1000, 100) for i in range(20_000)]
    with pytest.raises(GansuiteError, match="in all"):
        played(piece(*wall))


def test_nonsense_in_a_note_is_passed_over() -> None:
    midi = piece((60, 0, 1, 100), (61, 0, 1, 100), (62, -5, 1, 100), (63, 0, 1, 0), (64, 2, 2, 100))
    midi.instruments[0].notes[1].start = float("nan")
    midi.instruments[0].notes[4].end = 1.0
    assert read_parts(midi)[0].pitch.tolist() == [60, 64]
    assert np.isfinite(played(midi)).all()


# effects


def test_the_room_answers_later_and_on_both_sides() -> None:
    click = np.zeros(RATE, np.float32)
    click[0] = 1
    left, right = room(click)
    assert np.abs(left[: RATE // 100]).max() < 1e-6
    assert np.sum(left**2) == pytest.approx(1, rel=0.01)
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.1


def test_the_room_answers_long_music_as_it_does_short_music() -> None:
    send = noise(100, 5000, 3 * RATE, 1)
    late = np.concatenate([np.zeros(4 * RATE, np.float32), send])
    np.testing.assert_allclose(room(late)[:, 4 * RATE :], room(send), atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5000), st.floats(1e-3, 50))
def test_mastering_never_clips(seed: int, frames: int, loud: float) -> None:
    mix = (np.random.default_rng(seed).standard_normal((2, frames)) ** 3 * loud).astype(np.float32)
    assert np.abs(mastered(mix)).max() == pytest.approx(CEILING, rel=1e-4)


def test_one_stroke_does_not_make_the_rest_quiet() -> None:
    mix = np.tile(np.sin(np.arange(RATE) / 20), (2, 1)).astype(np.float32) * 0.2
    mix[:, RATE // 2] = 1.0
    mastered(mix)
    assert np.abs(mix[:, : RATE // 4]).max() > 0.3  # 0.18 by scaling alone
    assert np.abs(mix).max() == pytest.approx(CEILING, rel=1e-4)


# files


def test_wav_is_what_the_wave_module_reads() -> None:
    sound = np.array([[0.0, 0.5, -1.0], [1.0, -0.5, 2.0]], np.float32)
    stream = io.BytesIO()
    write_wav(stream, sound)
    with wave.open(io.BytesIO(stream.getvalue())) as reader:
        assert reader.getparams()[:4] == (2, 2, 44100, 3)
        frames = np.frombuffer(reader.readframes(3), "<i2").reshape(-1, 2)
    assert frames.tolist() == [[0, 32767], [16384, -16384], [-32767, 32767]]
    assert read_comment(stream.getvalue()) is None


@pytest.mark.parametrize("comment", ["made by seed 7", "odd", '{"name": "Bäße"}'])
def test_a_comment_travels_in_the_file(comment: str) -> None:
    stream = io.BytesIO()
    write_wav(stream, np.zeros((2, 101), np.float32), comment)
    data = stream.getvalue()
    assert read_comment(data) == comment
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    with wave.open(io.BytesIO(data)) as reader:
        assert reader.getnframes() == 101


def test_no_comment_in_what_is_no_wav() -> None:
    assert read_comment(b"RIFF") is None
    assert read_comment(b"MThd" + bytes(40)) is None


# FluidSynth


class Recorder:
    """Stands in for fluidsynth.Synth: notes what it is told and makes a quiet hum."""

    told: list[tuple[object, ...]]

    def __init__(self, **_: object) -> None:
        Recorder.told = []
        self.frames = 0

    def sfload(self, path: str) -> int:
        return 0 if path.endswith(".sf2") else -1

    def program_select(self, channel: int, font: int, bank: int, preset: int) -> int:
        self.told.append(("program", channel, bank, preset))
        return 0

    def get_samples(self, frames: int) -> np.ndarray:
        self.frames += frames
        return np.full(2 * frames, 1000, np.int16)

    def noteon(self, *arguments: int) -> None:
        self.told.append((self.frames, "on", *arguments))

    def noteoff(self, *arguments: int) -> None:
        self.told.append((self.frames, "off", *arguments))

    def cc(self, *arguments: int) -> None:
        self.told.append((self.frames, "cc", *arguments))

    def pitch_bend(self, *arguments: int) -> None:
        self.told.append((self.frames, "bend", *arguments))

    def delete(self) -> None:
        self.told.append(("deleted",))


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> type[Recorder]:
    module = type("fluidsynth", (), {"Synth": Recorder})
    monkeypatch.setattr(fluid, "library", lambda: module)
    return Recorder


def test_fluidsynth_is_told_everything_in_order(recorder: type[Recorder]) -> None:
    midi = piece((60, 0, 1, 90), (60, 1, 2, 80), program=48)
    control(midi, 11, 64, 1.0)
    midi.instruments[0].pitch_bends.append(pretty_midi.PitchBend(4096, 1.0))
    midi.instruments.append(pretty_midi.Instrument(0, True))
    midi.instruments[1].notes.append(pretty_midi.Note(70, 36, 0.5, 0.6))
    sound = fluid.play(read_parts(midi))
    assert sound.shape == (2, 4 * RATE)
    names = [(entry[1], entry[2]) if isinstance(entry[0], int) else entry for entry in recorder.told]
    assert names[:2] == [("program", 0, 0, 48), ("program", 1, 128, 0)]
    assert names[2:] == [
        *[("on", 0), ("on", 1), ("off", 1), ("off", 0), ("cc", 0), ("bend", 0), ("on", 0), ("off", 0)],
        ("deleted",),
    ]
    assert recorder.told[3][0] == pytest.approx(0.5 * RATE, abs=64)


def test_a_sound_font_that_cannot_be_read(recorder: type[Recorder], tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(GansuiteError, match="cannot read the sound font"):
        fluid.play(read_parts(piece((60, 0, 1, 90))), tmp_path_factory.mktemp("fonts") / "none.xyz")
    assert recorder.told[-1] == ("deleted",)


def test_a_missing_fluidsynth_is_found_missing_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> None:
        print("looking for", name)
        raise ImportError("Couldn't find the FluidSynth library.")

    fluid.library.cache_clear()
    monkeypatch.setattr(fluid.importlib, "import_module", missing)
    assert fluid.library() is None
    assert capsys.readouterr() == ("", "")
    with pytest.raises(GansuiteError, match="not installed") as caught:
        fluid.play([])
    assert "--engine own" in caught.value.remedy
    fluid.library.cache_clear()
