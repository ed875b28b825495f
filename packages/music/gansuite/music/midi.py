"""MIDI in and out: the only place that talks to pretty_midi.

Reading goes through `smf.walk`, which no file can harm. `read_midi` takes the notes from there; `open_midi` hands
pretty_midi a file written anew, so that a person's own piece can be kept note for note, added to and written again.
Everything is placed by ticks, never by seconds, so tempo changes move no note off the grid.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.music.guard import Limits
from gansuite.music.notes import Ints, from_cells
from gansuite.music.roll import DEFAULT_VELOCITY, LOWEST, Roll
from gansuite.music.score import TEMPI, Score, from_the_start, score_of, tempo_of
from gansuite.music.smf import DRUM_KIT, variable_length, walk

if TYPE_CHECKING:
    from pretty_midi import PrettyMIDI

TICKS_PER_BEAT = 480
PROGRAMS = {"drums": 0, "piano": 0, "guitar": 27, "bass": 33, "strings": 48}  # General MIDI, counted from 0
LAST_MARK = b"\x01\xff\x2f\x00"  # how pretty_midi ends a track: a tick after the last event
DRUM_BEATS = 4  # a written drum note lasts a quarter of a beat, or until the next


def read_midi(
    data: bytes, steps_per_beat: int = 4, others_to_strings: bool = True, limits: Limits | None = None
) -> Roll:
    """A MIDI file as five tracks on one grid, in the file's prevailing tempo and meter.

    Beginnings and ends go to the nearest step and a note has at least one; drums are beginnings only. The end is
    rounded up to a whole bar; notes outside C1..B7 are left out. See `Score.families` for which program goes where.

    Raises:
        Unreadable: it is no MIDI, damaged, or asks for too much.
    """
    return score_of(walk(data, limits)).roll(steps_per_beat, others_to_strings)


def write_midi(roll: Roll, text: str | None = None) -> bytes:
    """A roll as a MIDI file of type 1, a track an instrument, drums on channel 10.

    `read_midi` gives back every cell, velocity, the meter and, to a microsecond a beat, the tempo.

    Args:
        roll: what to write; where it knows no velocity, 90 is written.
        text: put into a text event at the beginning; `read_text` gives it back.

    Raises:
        GansuiteError: the tempo is not between 4 and 1000.
    """
    import pretty_midi

    if not TEMPI[0] <= roll.tempo <= TEMPI[1]:
        raise GansuiteError(
            f"A tempo of {roll.tempo:g} quarter notes a minute cannot be written.", "Use --tempo with 4 to 1000."
        )
    resolution = roll.steps_per_beat * max(1, TICKS_PER_BEAT // roll.steps_per_beat)
    midi = pretty_midi.PrettyMIDI(resolution=resolution, initial_tempo=6e7 / round(6e7 / roll.tempo))
    midi.time_signature_changes.append(pretty_midi.TimeSignature(*roll.meter, 0.0))
    add_tracks(midi, roll)
    return to_bytes(midi, text, roll.steps * resolution // roll.steps_per_beat)


def read_text(data: bytes, beginning: str = "") -> str | None:
    """The first text event of a MIDI file that begins so, or None; raises `Unreadable`."""
    return next((text for text in walk(data).texts if text.startswith(beginning)), None)


def open_midi(data: bytes, limits: Limits | None = None) -> PrettyMIDI:
    """A person's file in pretty_midi's form, mended and within the limits: to keep, add to and write with `to_bytes`.

    Raises:
        Unreadable: it is no MIDI, damaged, or asks for too much.
    """
    import pretty_midi

    return pretty_midi.PrettyMIDI(BytesIO(walk(data, limits).to_bytes()))


def score_in(midi: PrettyMIDI, instruments: Sequence[int] | None = None) -> Score:
    """The notes of a pretty_midi piece in ticks, those of all its instruments or of some by number."""
    chosen = range(len(midi.instruments)) if instruments is None else instruments
    rows = [
        (note.start, note.end, note.pitch, note.velocity, DRUM_KIT if played.is_drum else played.program)
        for played in (midi.instruments[number] for number in chosen)
        for note in played.notes
    ]
    table = np.array(rows, np.float64).reshape(-1, 5)
    start = to_ticks(midi, table[:, 0])
    end = np.maximum(to_ticks(midi, table[:, 1]), start + 1)
    times, tempi = midi.get_tempo_changes()
    tempo_ticks = to_ticks(midi, times).tolist()
    meters = sorted(midi.time_signature_changes, key=lambda change: change.time)
    meter_ticks = to_ticks(midi, np.array([change.time for change in meters], np.float64)).tolist()
    return Score(
        midi.resolution,
        start,
        end,
        table[:, 2].astype(np.int64),
        table[:, 3].astype(np.uint8),
        table[:, 4].astype(np.int64),
        from_the_start(
            tuple((tick, tempo_of(6e7 / tempo)) for tick, tempo in zip(tempo_ticks, tempi, strict=True)), 120.0
        ),
        from_the_start(
            tuple(
                (tick, (meter.numerator, meter.denominator)) for tick, meter in zip(meter_ticks, meters, strict=True)
            ),
            (4, 4),
        ),
        int(end.max(initial=0)),
    )


def to_ticks(midi: PrettyMIDI, seconds: np.ndarray) -> Ints:
    """The tick nearest to each time, through all tempo changes."""
    times, tempi = midi.get_tempo_changes()
    scales = 60.0 / (tempi * midi.resolution)
    ticks = np.concatenate([[0.0], np.cumsum(np.rint(np.diff(times) / scales[:-1]))])
    part = np.maximum(np.searchsorted(times, seconds + scales.min() / 4, side="right") - 1, 0)
    return np.asarray(np.rint(ticks[part] + (seconds - times[part]) / scales[part]), np.int64)


def add_tracks(midi: PrettyMIDI, roll: Roll, names: Sequence[str] | None = None, origin: int = 0) -> None:
    """Put tracks of a roll into a pretty_midi piece, on its beats: each as an instrument of its own.

    Args:
        midi: the piece; its tempo and its changes rule, the roll's does not.
        roll: the music.
        names: which tracks of the roll; all of them unless given. A track without notes is left out.
        origin: the tick at which the roll begins.
    """
    import pretty_midi

    notes = from_cells(roll.cells[None])
    velocity = np.full(len(notes), DEFAULT_VELOCITY)
    if roll.velocity is not None:
        velocity = roll.velocity[notes.track, notes.start, notes.pitch].astype(np.int64)
    start, length = notes.start.astype(np.int64), notes.length.astype(np.int64)
    midi.tick_to_time(origin + roll.steps * midi.resolution // roll.steps_per_beat)  # the last first: it makes a table
    for number, name in enumerate(roll.tracks):
        mine = np.flatnonzero(notes.track == number)
        if not len(mine) or (names is not None and name not in names):
            continue
        held = _struck(notes.pitch[mine], start[mine], roll) if name == "drums" else length[mine]
        played = pretty_midi.Instrument(PROGRAMS[name], name == "drums", name)
        for row, lasts in zip(mine.tolist(), held.tolist(), strict=True):
            begin, end = (
                midi.tick_to_time(origin + round(step * midi.resolution / roll.steps_per_beat))
                for step in (int(start[row]), int(start[row]) + lasts)
            )
            played.notes.append(pretty_midi.Note(int(velocity[row]), int(notes.pitch[row]) + LOWEST, begin, end))
        midi.instruments.append(played)


def to_bytes(midi: PrettyMIDI, text: str | None = None, end: int | None = None) -> bytes:
    """A pretty_midi piece as a file.

    Args:
        midi: what to write.
        text: put into a text event at the beginning, before all others.
        end: the tick at which it ends, if that is later than its last event.
    """
    import pretty_midi

    if text is not None:
        # pretty_midi writes Latin-1; these are the bytes of UTF-8
        midi.text_events.insert(0, pretty_midi.Text(text.encode("utf-8").decode("latin-1"), 0.0))
    stream = BytesIO()
    scales = midi._tick_scales
    try:
        # pretty_midi cuts off microseconds: what stands for 500,000 may be 499,999.9999
        midi._tick_scales = [(tick, scale * (1 + 1e-9)) for tick, scale in scales]
        midi.write(stream)
    finally:
        midi._tick_scales = scales
    return stream.getvalue() if end is None else _lasting(stream.getvalue(), end)


def _struck(pitch: np.ndarray, start: Ints, roll: Roll) -> Ints:
    """How many steps drum notes, sorted by pitch and start, are written to last."""
    same = np.diff(pitch.astype(np.int64), append=-1) == 0
    following = np.where(same, np.diff(start, append=0), roll.steps - start)
    return np.asarray(np.minimum(max(roll.steps_per_beat // DRUM_BEATS, 1), following), np.int64)


def _lasting(data: bytes, end: int) -> bytes:
    """The file with the end mark of its first track at the tick `end`, if all its events stand at the beginning."""
    size = struct.unpack_from(">I", data, 18)[0]
    track = data[22 : 22 + size]
    if not track.endswith(LAST_MARK):
        return data
    track = track[: -len(LAST_MARK)] + variable_length(end) + LAST_MARK[1:]
    return data[:18] + struct.pack(">I", len(track)) + track + data[22 + size :]
