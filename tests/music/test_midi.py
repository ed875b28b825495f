"""MIDI in and out: what is read from any file, what comes back from our own, and what pretty_midi makes of both."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pretty_midi
import pypianoroll
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.sources import Unreadable
from gansuite.music.guard import Limits
from gansuite.music.midi import add_tracks, open_midi, read_midi, read_text, score_in, to_bytes, to_ticks, write_midi
from gansuite.music.notes import paint, tidy
from gansuite.music.roll import HOLD, LOWEST, ONSET, TRACKS, Roll, bar_steps
from gansuite.music.score import Score, read_score, tempo_of
from gansuite.music.smf import seconds, walk

from .hostile import BEAT, END, chunk, meta, meter, note, number, piece, program, smf, song, tempo

CLEAN = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "music" / "clean_midi.zip"
MIDDLE_C = 60 - LOWEST


@st.composite
def rolls(draw: st.DrawFn) -> Roll:
    """Any music on a grid: five tracks, notes of any length side by side, velocities, meters and tempi."""
    steps_per_beat = draw(st.sampled_from([4, 6, 12, 24]))
    signature = draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (2, 4)]))
    steps = draw(st.integers(1, 4)) * bar_steps(steps_per_beat, signature)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(0, 300))
    track, pitch, start = rng.integers(0, 5, count), rng.integers(0, 84, count), rng.integers(0, steps, count)
    if draw(st.booleans()):
        pitch %= 3  # repeated notes and chords of few pitches
    end = start + rng.integers(1, steps, count)
    cells = paint(tidy(1, np.zeros(count), track, pitch, start, end, steps), steps)[0]
    velocity = np.where(cells == ONSET, rng.integers(1, 128, cells.shape), 0).astype(np.uint8)
    return Roll(cells, TRACKS, steps_per_beat, signature, draw(st.integers(200, 3000)) / 10, velocity)


def table(score: Score) -> list[tuple[int, ...]]:
    """All notes, sorted: program, start, end, pitch, velocity."""
    columns = (score.program, score.start, score.end, score.pitch, score.velocity)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def notes_of(data: bytes) -> list[tuple[int, ...]]:
    return table(read_score(data))


# ---- round trips


@given(rolls())
@settings(max_examples=60, deadline=None)
def test_a_roll_comes_back_from_midi_cell_by_cell(roll: Roll) -> None:
    back = read_midi(write_midi(roll), roll.steps_per_beat)
    assert np.array_equal(back.cells, roll.cells)
    assert roll.velocity is not None
    assert np.array_equal(back.velocity, roll.velocity)
    assert (back.tracks, back.meter, back.tempo) == (roll.tracks, roll.meter, roll.tempo)


def test_a_silent_roll_keeps_its_length() -> None:
    back = read_midi(write_midi(Roll(np.zeros((5, 32, 84), np.uint8))))
    assert back.steps == 32
    assert not back.cells.any()


def test_some_tracks_come_back_in_their_places() -> None:
    cells = np.zeros((2, 16, 84), np.uint8)
    cells[0, 0, 10], cells[1, 4:6, 20] = ONSET, (ONSET, HOLD)
    back = read_midi(write_midi(Roll(cells, ("bass", "drums"))))
    assert [name for name, track in zip(TRACKS, back.cells, strict=True) if track.any()] == ["drums", "bass"]
    assert back.cells[3, 0, 10] == ONSET
    assert back.cells[0, 4, 20] == ONSET
    assert back.velocity is not None
    assert back.velocity[3, 0, 10] == 90


def test_a_text_comes_back() -> None:
    data = write_midi(Roll(np.zeros((5, 16, 84), np.uint8)), '{"art": "music"} – 曲')
    assert read_text(data) == '{"art": "music"} – 曲'
    assert read_text(data, '{"art"') is not None
    assert read_text(data, "other") is None
    assert read_text(piece()) is None
    assert read_text(smf(meta(1, "café".encode("latin-1")) + END)) == "café"


@pytest.mark.parametrize("bad", [0.0, 3.0, 5000.0])
def test_a_tempo_that_midi_cannot_say_is_refused(bad: float) -> None:
    with pytest.raises(GansuiteError, match="--tempo"):
        write_midi(Roll(np.zeros((5, 16, 84), np.uint8), tempo=bad))


@given(st.integers(40, 9999))
def test_a_tempo_of_one_decimal_survives_its_microseconds(tenths: int) -> None:
    assert tempo_of(round(6e7 / (tenths / 10))) == tenths / 10


# ---- what is read, note by note


def test_beginnings_and_ends_go_to_the_nearest_step() -> None:
    quarter = BEAT // 4
    track = note(60, quarter * 2, wait=11) + note(62, 3, wait=20) + note(64, quarter + 13, wait=quarter)
    roll = read_midi(smf(program(0, 0) + track + END))
    line = {pitch: roll.cells[1, :, pitch - LOWEST].tolist() for pitch in (60, 62, 64)}
    assert line[60][:4] == [ONSET, HOLD, 0, 0]  # ticks 11..59 are steps 0.46..2.46
    assert line[62][:5] == [0, 0, 0, ONSET, 0]  # ticks 79..82 are steps 3.3..3.4: one step at least
    assert line[64][4:8] == [ONSET, HOLD, 0, 0]  # ticks 106..143 are steps 4.4..5.96
    assert roll.steps == 16


def test_repeated_notes_are_struck_again_and_long_ones_held() -> None:
    roll = read_midi(smf(note(60) + note(60, 2 * BEAT) + END))
    assert roll.cells[1, :12, MIDDLE_C].tolist() == [1, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 2]


def test_the_louder_of_two_notes_in_a_cell_is_heard_and_the_longer_one_kept() -> None:
    roll = read_midi(
        smf(program(0, 0) + note(60, BEAT // 2, velocity=50) + END, program(1, 4) + note(60, channel=1) + END)
    )
    assert roll.velocity is not None
    assert roll.velocity[1, 0, MIDDLE_C] == 80
    assert roll.cells[1, :4, MIDDLE_C].tolist() == [1, 2, 2, 2]


def test_drums_are_beginnings_only() -> None:
    roll = read_midi(smf(note(36, 2 * BEAT, channel=9) + END))
    assert roll.cells[0, :, 36 - LOWEST].tolist() == [1] + [0] * 15


@pytest.mark.parametrize(
    ("instrument", "others", "track"),
    [
        (0, True, "piano"),
        (7, False, "piano"),
        (16, True, "piano"),
        (24, True, "guitar"),
        (31, False, "guitar"),
        (32, True, "bass"),
        (39, False, "bass"),
        (40, False, "strings"),
        (51, True, "strings"),
        (52, False, None),
        (73, True, "strings"),
        (73, False, None),
        (8, True, "strings"),
        (111, True, "strings"),
        (112, True, None),
        (127, True, None),
    ],
)
def test_programs_go_to_their_families(instrument: int, others: bool, track: str | None) -> None:
    roll = read_midi(smf(program(0, instrument) + note(60) + END), others_to_strings=others)
    assert [name for name, cells in zip(TRACKS, roll.cells, strict=True) if cells.any()] == ([track] if track else [])


def test_notes_outside_the_seven_octaves_are_left_out_of_a_roll_but_not_of_a_score() -> None:
    data = smf(note(23) + note(24) + note(107) + note(108) + END)
    assert read_midi(data).onsets.sum() == 2
    assert len(notes_of(data)) == 4


def test_tempo_changes_move_no_note_off_the_grid() -> None:
    conductor = tempo(500_000) + tempo(333_333, 3 * BEAT + 7) + tempo(1_234_567, 5) + END
    slow = read_midi(smf(conductor, b"".join(note(60 + n % 5) for n in range(8)) + END))
    plain = read_midi(smf(b"".join(note(60 + n % 5) for n in range(8)) + END))
    assert np.array_equal(slow.cells, plain.cells)
    assert slow.tempo == tempo_of(1_234_567)  # the one that holds longest
    assert plain.tempo == 120


def test_the_meter_that_holds_longest_makes_the_bars() -> None:
    conductor = meter(4, 4) + meter(6, 8, 4 * BEAT) + END
    roll = read_midi(smf(conductor, note(60, 30 * BEAT) + END))
    assert roll.meter == (6, 8)
    assert roll.steps == 120  # ten bars of twelve steps
    assert read_midi(smf(meter(7, 16) + END, note(60) + END), 2).meter == (4, 4)  # 3.5 steps make no bar


def test_type_2_patterns_follow_one_another() -> None:
    data = smf(note(60) + END, note(62) + END, kind=2)
    assert [(start, pitch) for _, start, _, pitch, _ in notes_of(data)] == [(0, 60), (4 * BEAT, 62)]


@pytest.mark.parametrize(
    "how", ["type 0", "riff", "alien chunk", "running status", "no end mark", "junk", "long header"]
)
def test_odd_files_hold_the_same_notes(how: str) -> None:
    body = b"".join(note(60 + n) for n in range(4))
    plain = smf(body + END)
    running = b"\x00\x90\x3c\x50" + b"".join(number(BEAT) + bytes([60 + n, 0, 0, 61 + n, 80]) for n in range(3))
    odd = {
        "type 0": smf(body + END, kind=0),
        "riff": b"RIFF" + struct.pack("<I", len(plain) + 12) + b"RMIDdata" + struct.pack("<I", len(plain)) + plain,
        "alien chunk": plain[:14] + chunk(b"XFKM", b"\x90\x3c\x50") + plain[14:],
        "running status": smf(running + number(BEAT) + bytes([63, 0]) + END),
        "no end mark": smf(body),
        "junk": plain + b"MTr\0\1\2",
        "long header": b"MThd" + struct.pack(">IHHHI", 10, 1, 1, BEAT, 7) + chunk(b"MTrk", body + END),
    }
    assert notes_of(odd[how]) == notes_of(plain)
    assert len(notes_of(plain)) == 4


def test_lost_ends_are_mended() -> None:
    on = bytes([0, 0x90, 60, 80])
    assert notes_of(smf(on + number(10 * BEAT) + END[1:])) == [(0, 0, 4 * BEAT, 60, 80)]  # held a bar at most
    assert notes_of(smf(on + number(2 * BEAT) + END[1:])) == [(0, 0, 2 * BEAT, 60, 80)]  # and not beyond the end
    assert notes_of(smf(on + bytes([0, 0x80, 60, 0]) + END)) == [(0, 0, 1, 60, 80)]  # ended as it begins: a tick
    assert notes_of(smf(bytes([0, 0x80, 60, 0]) + END)) == []  # an end without a beginning
    twice = on + number(BEAT) + on[1:] + number(BEAT) + bytes([0x80, 60, 0]) + END
    assert notes_of(smf(twice)) == [(0, 0, 2 * BEAT, 60, 80), (0, BEAT, 2 * BEAT, 60, 80)]


def test_a_channel_borrows_the_program_that_another_track_sets() -> None:
    data = smf(program(2, 33) + END, note(40, channel=2) + END)
    assert notes_of(data) == [(33, 0, BEAT, 40, 80)]
    assert notes_of(smf(note(40, channel=2) + END)) == [(0, 0, BEAT, 40, 80)]
    assert [played.program for played in open_midi(data).instruments] == [33]


# ---- limits


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (Limits(events=10), "more than 10 events"),
        (Limits(notes=10), "more than 10 notes"),
        (Limits(tracks=2), "more than 2 tracks"),
        (Limits(beats=31), "claims to last 32 beats; the limit is 31"),
        (Limits(ticks=1000), "claims to last 3,072 ticks; the limit is 1,000"),
        (Limits(seconds=15), "claims to last 0 hours"),
        (Limits(midi_bytes=100), "too large"),
    ],
)
def test_every_limit_is_kept(limits: Limits, word: str) -> None:
    with pytest.raises(Unreadable, match=word):
        read_midi(piece(), limits=limits)
    read_midi(piece())


def test_a_file_of_44_bytes_that_claims_to_last_for_years_makes_no_array() -> None:
    data = smf(bytes([0, 0x90, 60, 80]) + b"\xff\xff\xff\x7f" + bytes([0x80, 60, 0]) + b"\x00\xff\x2f\x00", division=1)
    assert len(data) < 44
    for read in (read_midi, read_score, open_midi, read_text):
        with pytest.raises(Unreadable, match="37,283 hours"):
            read(data)


def test_seconds_follow_the_tempo() -> None:
    data = smf(tempo(500_000) + tempo(1_000_000, 2 * BEAT) + END, note(60, 5 * BEAT) + END)
    assert seconds(walk(data)) == pytest.approx(2 * 0.5 + 3 * 1.0)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_bytes_break_the_reader(data: st.DataObject) -> None:
    whole = bytearray(piece(data.draw(st.integers(0, 3)), bars=2))
    for _ in range(data.draw(st.integers(0, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    harmed = bytes(whole[: data.draw(st.integers(0, len(whole)))]) + data.draw(st.binary(max_size=20))
    try:
        roll = read_midi(harmed)
    except Unreadable:
        return
    assert roll.steps <= 2 * 48_000
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # pretty_midi warns of what is no proper file
        assert table(score_in(open_midi(harmed))) == notes_of(harmed)


# ---- pretty_midi and pypianoroll, both ways


def test_what_pretty_midi_writes_is_read() -> None:
    midi = pretty_midi.PrettyMIDI(initial_tempo=90, resolution=220)
    midi.time_signature_changes.append(pretty_midi.TimeSignature(3, 4, 0))
    for instrument, drums, pitch in ((33, False, 40), (0, True, 38)):
        played = pretty_midi.Instrument(instrument, drums)
        played.notes = [pretty_midi.Note(70 + n, pitch, n * 60 / 90, (n + 0.5) * 60 / 90) for n in range(6)]
        midi.instruments.append(played)
    stream = io.BytesIO()
    midi.write(stream)
    roll = read_midi(stream.getvalue())
    assert (roll.meter, roll.tempo, roll.steps) == ((3, 4), 90.0, 24)
    assert roll.cells[3, :8, 40 - LOWEST].tolist() == [1, 2, 0, 0, 1, 2, 0, 0]
    assert roll.cells[0, :8, 38 - LOWEST].tolist() == [1, 0, 0, 0, 1, 0, 0, 0]
    assert roll.velocity is not None
    assert roll.velocity[3, ::4, 40 - LOWEST].tolist() == [70, 71, 72, 73, 74, 75]


def test_what_pypianoroll_writes_is_read() -> None:
    pianoroll = np.zeros((96, 128), np.uint8)
    pianoroll[0:24, 60], pianoroll[48:72, 64] = 80, 90
    track = pypianoroll.StandardTrack(name="keys", program=0, pianoroll=pianoroll)
    song_ = pypianoroll.Multitrack(resolution=24, tempo=np.full(96, 100.0), tracks=[track])
    stream = io.BytesIO()
    song_.to_pretty_midi().write(stream)
    roll = read_midi(stream.getvalue())
    assert roll.tempo == 100
    assert np.argwhere(roll.onsets[1]).tolist() == [[0, 60 - LOWEST], [8, 64 - LOWEST]]
    assert roll.sounding[1].sum() == 8


def test_what_is_written_is_what_pretty_midi_reads() -> None:
    cells = np.zeros((5, 16, 84), np.uint8)
    cells[:, 0, 20] = ONSET
    cells[1:, 1:6, 20] = HOLD
    velocity = np.where(cells == ONSET, 99, 0).astype(np.uint8)
    midi = pretty_midi.PrettyMIDI(io.BytesIO(write_midi(Roll(cells, TRACKS, 4, (4, 4), 100.0, velocity), "where from")))
    assert [(played.name, played.program, played.is_drum) for played in midi.instruments] == [
        ("drums", 0, True),
        ("piano", 0, False),
        ("guitar", 27, False),
        ("bass", 33, False),
        ("strings", 48, False),
    ]
    assert [signature.numerator for signature in midi.time_signature_changes] == [4]
    assert midi.get_tempo_changes()[1].tolist() == [pytest.approx(100)]
    assert [text.text for text in midi.text_events] == ["where from"]
    played = midi.instruments[3].notes[0]
    assert (played.pitch, played.velocity) == (44, 99)
    assert (played.start, played.end) == (0, pytest.approx(1.5 * 0.6))


def test_a_persons_own_piece_is_kept_note_for_note_and_added_to() -> None:
    conductor = tempo(500_000) + tempo(400_001, 5 * BEAT + 11) + tempo(612_345, BEAT) + meter(4, 4) + END
    mine = smf(conductor, *song(3)[1:], meta(1, b"mine") + END)
    midi = open_midi(mine)
    before = table(score_in(midi))
    assert before == notes_of(mine)
    cells = np.zeros((5, 128, 84), np.uint8)
    cells[3, ::3, 10] = ONSET
    add_tracks(midi, Roll(cells, TRACKS, 4), ["bass", "drums"], origin=0)
    data = to_bytes(midi, "from where")
    after = notes_of(data)
    added = [row for row in after if row not in before]
    assert [row for row in after if row in before] == before
    assert [(start, end) for _, start, end, _, _ in added] == [(24 * n, 24 * n + 24) for n in range(0, 128, 3)]
    assert {program for program, *_ in added} == {33}
    assert read_text(data) == "from where"
    assert walk(data).tempi == ((0, 500_000), (5 * BEAT + 11, 400_001), (6 * BEAT + 11, 612_345))


def test_a_roll_can_begin_later_and_on_a_grid_that_ticks_do_not_share() -> None:
    midi = open_midi(smf(note(60, 20 * 100) + END, division=100))
    cells = np.zeros((1, 12, 84), np.uint8)
    cells[0, ::4, 10] = ONSET
    add_tracks(midi, Roll(cells, ("guitar",), 12), origin=400)
    starts = to_ticks(midi, np.array([played.start for played in midi.instruments[-1].notes]))
    assert starts.tolist() == [400, 433, 467]


def test_instruments_can_be_chosen_by_number() -> None:
    midi = open_midi(piece(1))
    assert len(score_in(midi, [0]).start) == len(midi.instruments[0].notes)
    assert len(score_in(midi, []).start) == 0
    assert score_in(midi).meter == (4, 4)


@pytest.mark.skipif(not CLEAN.exists(), reason="the clean pack is not there")
def test_real_files_are_read_as_pretty_midi_reads_them() -> None:
    with zipfile.ZipFile(CLEAN) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".mid"))
        files = {name: archive.read(name) for name in names[::17]}
    for name, data in files.items():
        midi = open_midi(data)
        score = read_score(data)
        found = score_in(midi)
        assert table(found) == table(score), name
        assert (found.tempi, found.meters) == (score.tempi, score.meters), name
        assert notes_of(to_bytes(midi)) == table(score), name
