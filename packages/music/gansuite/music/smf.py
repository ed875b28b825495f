"""MIDI files made safe: every byte is walked once, and what comes out is notes, or a plain file, within the limits.

Standard MIDI Files 1.0 (RP-001) is what a file should be. In the wild one in thirty is not: cut off, without end marks,
with notes never ended, tempo in any track, keys that do not exist, in a RIFF envelope. What can be understood without
guessing is mended; the rest is refused with a reason. No list grows beyond the limits, and no array is made.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from gansuite.core.sources import MEGABYTE, Unreadable
from gansuite.music.guard import Limits

TEXT, NAME, LYRIC, END, TEMPO, METER, KEY = 0x01, 0x03, 0x05, 0x2F, 0x51, 0x58, 0x59
CONDUCTOR = {TEMPO: 3, METER: 4, KEY: 2}  # bytes of each
HANGING_BEATS = 4  # how long a note lasts that is never ended
NOT_MIDI = (
    (b"RIFF", "is audio or film (RIFF), not MIDI"),
    (b"ID3", "is audio (MP3), not MIDI"),
    (b"\xff\xfb", "is audio (MP3), not MIDI"),
    (b"OggS", "is audio (Ogg), not MIDI"),
    (b"fLaC", "is audio (FLAC), not MIDI"),
    (b"PK\x03\x04", "is an archive (zip), not MIDI; name it itself, or unpack it"),
    (b"\x1f\x8b", "is packed (gzip), not MIDI; unpack it"),
    (b"%PDF", "is a PDF, not MIDI"),
    (b"\x89PNG", "is a picture, not MIDI"),
    (b"\xff\xd8\xff", "is a picture, not MIDI"),
    (b"GIF8", "is a picture, not MIDI"),
    (b"MZ", "is a program, not MIDI"),
    (b"\x7fELF", "is a program, not MIDI"),
)
DRUM_CHANNEL, DRUM_KIT = 9, -1
UNKNOWN = 128  # plus the channel: the program of a note whose track names none
DEFAULT_TEMPO = 500_000  # microseconds a quarter note
Event = tuple[int, bytes]  # tick, and the message with its status byte


class Note(NamedTuple):
    """One note of a file: ticks, MIDI numbers, and the program that plays it, DRUM_KIT on channel 10."""

    start: int
    end: int
    pitch: int
    velocity: int
    program: int


@dataclass(frozen=True)
class Midi:
    """What a MIDI file holds.

    Attributes:
        ticks_per_beat: ticks in a quarter note.
        end: ticks from the beginning to the last end of a track.
        notes: all notes, track by track.
        tempi: (tick, microseconds a quarter note), in order.
        meters: (tick, (beats, unit)), in order.
        texts: its text events, track by track.
        conductor: tempo, meter and key messages, in order.
        tracks: all other messages worth keeping, in order, of each track that has any.
    """

    ticks_per_beat: int
    end: int
    notes: tuple[Note, ...]
    tempi: tuple[tuple[int, int], ...]
    meters: tuple[tuple[int, tuple[int, int]], ...]
    texts: tuple[str, ...]
    conductor: tuple[Event, ...]
    tracks: tuple[tuple[Event, ...], ...]

    def to_bytes(self) -> bytes:
        """A plain file of type 1: tempo, meter and key in the first track, every note ended."""
        chunks = [_chunk(self.conductor, self.end), *(_chunk(events, self.end) for events in self.tracks)]
        header = struct.pack(">IHHH", 6, 1, len(chunks), self.ticks_per_beat)
        return b"MThd" + header + b"".join(chunks)


def walk(data: bytes, limits: Limits | None = None) -> Midi:
    """Walk a MIDI file; the head of this module says what is mended.

    Args:
        data: the whole file, of type 0, 1 or 2 (whose patterns are put one after another), or one in a RIFF envelope.
        limits: what it may ask for.

    Raises:
        Unreadable: it is no MIDI, damaged, or asks for too much.
    """
    limits = limits or Limits()
    if len(data) > limits.midi_bytes:
        raise Unreadable(f"is too large for MIDI: {len(data) / MEGABYTE:,.0f} MB")
    start = _find_header(data)
    kind, ticks_per_beat = _read_header(data, start)
    walker = _Walker(data, limits, HANGING_BEATS * ticks_per_beat)
    tracks = [walker.track(*chunk, number) for number, chunk in enumerate(_chunks(data, start, limits), 1)]
    _borrow_programs(tracks)
    if kind == 2:
        tracks = _one_after_another(tracks, 4 * ticks_per_beat)
    conductor = sorted((event for track in tracks for event in track.conductor), key=itemgetter(0))
    found = Midi(
        ticks_per_beat,
        max(track.end for track in tracks),
        tuple(note for track in tracks for note in track.notes),
        tuple((tick, int.from_bytes(body[3:6], "big")) for tick, body in conductor if body[1] == TEMPO),
        tuple((tick, (body[3], 1 << body[4])) for tick, body in conductor if body[1] == METER),
        tuple(_decoded(body[2:]) for track in tracks for _, body in track.events if body[:2] == bytes((0xFF, TEXT))),
        tuple(conductor),
        tuple(tuple(track.events) for track in tracks if track.events),
    )
    _check_length(found, limits)
    return found


def variable_length(number: int) -> bytes:
    """A number as MIDI writes it: seven bits a byte, the highest first, all but the last byte marked."""
    out = bytes([number & 0x7F])
    while number := number >> 7:
        out = bytes([number & 0x7F | 0x80]) + out
    return out


@dataclass
class _Track:
    """One track as it is read.

    `sounding` holds, for each channel and pitch, when its open notes began and how loud; `programs` the latest program
    of each channel, `first` the first, and `borrows` the channels that play before they have one.
    """

    events: list[Event] = field(default_factory=list)
    conductor: list[Event] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    sounding: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)
    programs: dict[int, int] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)
    borrows: set[int] = field(default_factory=set)
    end: int = 0


class _Walker:
    """Reads the tracks of one file, and counts what they ask for."""

    def __init__(self, data: bytes, limits: Limits, hanging: int) -> None:
        self.data, self.limits, self.hanging = data, limits, hanging
        self.events = self.notes = self.text_bytes = 0

    def track(self, place: int, stop: int, number: int) -> _Track:
        """The events from `place` on, to their end mark or to `stop`, where the file says that they end."""
        track, tick, running, data = _Track(), 0, 0, self.data
        try:
            while place < stop:
                delta, place = _number(data, place)
                tick += delta
                status = data[place]
                place += status >= 0x80
                status = status if status >= 0x80 else running
                self._count()
                if 0x80 <= status < 0xF0:
                    running = status
                    place = self._channel(track, tick, status, place)
                elif status == 0xFF and data[place] == END:
                    break
                else:
                    place = self._other(track, tick, status, place)
        except IndexError:
            raise Unreadable(f"is cut off in track {number}") from None
        except ValueError:
            raise Unreadable(f"is damaged in track {number}") from None
        self._close(track, tick)
        return track

    def _count(self) -> None:
        self.events += 1
        if self.events > self.limits.events:
            raise Unreadable(f"has more than {self.limits.events:,} events")

    def _channel(self, track: _Track, tick: int, status: int, place: int) -> int:
        """One message of a channel; returns the place behind it."""
        kind, data = status & 0xF0, self.data
        size = 1 if kind in (0xC0, 0xD0) else 2
        first, second = data[place], data[place + size - 1]
        if (first | second) & 0x80:
            raise ValueError
        if kind in (0x80, 0x90):
            self._note(track, tick, status & 0x0F, first, second if kind == 0x90 else 0)
        elif kind in (0xB0, 0xC0, 0xE0):
            track.events.append((tick, bytes((status,)) + data[place : place + size]))
            if kind == 0xC0:
                track.programs[status & 0x0F] = first
                track.first.setdefault(status & 0x0F, first)
        return place + size

    def _note(self, track: _Track, tick: int, channel: int, pitch: int, velocity: int) -> None:
        """A note begins, or, without velocity, ends: those that begin and end at once last a tick."""
        begun = track.sounding.get((channel, pitch))
        if velocity:
            self.notes += 1
            if self.notes > self.limits.notes:
                raise Unreadable(f"has more than {self.limits.notes:,} notes")
            track.sounding.setdefault((channel, pitch), []).append((tick, velocity))
            track.events.append((tick, bytes((0x90 | channel, pitch, velocity))))
        elif begun:
            late = tick + all(start == tick for start, _ in begun)
            track.sounding[channel, pitch] = [note for note in begun if note[0] == late]
            self._end(track, late, channel, pitch, [note for note in begun if note[0] != late])

    def _end(self, track: _Track, tick: int, channel: int, pitch: int, begun: Sequence[tuple[int, int]]) -> None:
        drums = channel == DRUM_CHANNEL
        program = DRUM_KIT if drums else track.programs.get(channel, UNKNOWN + channel)
        track.events.append((tick, bytes((0x90 | channel, pitch, 0))))
        track.notes += [Note(start, tick, pitch, velocity, program) for start, velocity in begun]
        if program >= UNKNOWN:
            track.borrows.add(channel)
        track.end = max(track.end, tick)

    def _other(self, track: _Track, tick: int, status: int, place: int) -> int:
        """A system exclusive or meta message; returns the place behind it."""
        if status not in (0xF0, 0xF7, 0xFF):
            raise ValueError
        kind = -1
        if status == 0xFF:
            kind = self.data[place]
            place += 1
        size, place = _number(self.data, place)
        body = self.data[place : place + size]
        if len(body) < size:
            raise IndexError
        if kind in CONDUCTOR and _sensible(kind, body):
            body = body[: CONDUCTOR[kind]]
            track.conductor.append((tick, bytes((0xFF, kind, len(body))) + body))
        elif kind in (TEXT, NAME, LYRIC):
            self.text_bytes += size
            if self.text_bytes <= self.limits.text_bytes:
                track.events.append((tick, bytes((0xFF, kind)) + variable_length(size) + body))
        return place + size

    def _close(self, track: _Track, tick: int) -> None:
        """End what still sounds, and put ends that came late in order."""
        track.end = max(track.end, tick)
        for (channel, pitch), begun in track.sounding.items():
            if begun:
                last = begun[-1][0]
                self._end(track, max(last + 1, min(last + self.hanging, track.end)), channel, pitch, begun)
        track.events.sort(key=itemgetter(0))


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A number of variable length, and the place behind it."""
    number = data[place]
    if number < 0x80:
        return number, place + 1
    number &= 0x7F
    for place in range(place + 1, place + 4):  # noqa: B020, PLR1704
        byte = data[place]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, place + 1
    raise ValueError


def _find_header(data: bytes) -> int:
    if not data:
        raise Unreadable("is empty (0 bytes)")
    start = data.find(b"MThd", 0, 256)  # behind a RIFF or MacBinary header, if there is one
    if start >= 0:
        return start
    for magic, reason in NOT_MIDI:
        if data.startswith(magic):
            raise Unreadable(reason)
    head = data[:512]
    plain = sum(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head)
    raise Unreadable("is text, not MIDI" if plain > 0.95 * len(head) else "is not MIDI")


def _read_header(data: bytes, start: int) -> tuple[int, int]:
    """The type, and the ticks in a quarter note."""
    if len(data) < start + 14:
        raise Unreadable("is cut off in its first bytes")
    kind, _, division = struct.unpack_from(">HHH", data, start + 8)
    if kind > 2:
        raise Unreadable(f"is damaged: there is no MIDI of type {kind}")
    if division & 0x8000:
        raise Unreadable("counts time in film frames (SMPTE), not in beats")
    if division == 0:
        raise Unreadable("is damaged: its beats have no ticks")
    return kind, division


def _chunks(data: bytes, start: int, limits: Limits) -> Iterator[tuple[int, int]]:
    """Where the events of each track begin and stop; chunks of other kinds are passed over."""
    place = start + 8 + struct.unpack_from(">I", data, start + 4)[0]
    found = 0
    while place + 8 <= len(data):
        size = struct.unpack_from(">I", data, place + 4)[0]
        if data[place : place + 4] == b"MTrk":
            found += 1
            if found > limits.tracks:
                raise Unreadable(f"has more than {limits.tracks} tracks")
            yield place + 8, place + 8 + size
        place += 8 + size
    if not found:
        raise Unreadable("is damaged: it has no track")


def _sensible(kind: int, body: bytes) -> bool:
    """Whether a tempo, meter or key exists."""
    if len(body) < CONDUCTOR[kind]:
        return False
    if kind == TEMPO:
        return any(body[:3])
    if kind == METER:
        return 1 <= body[0] <= 64 and body[1] <= 6
    return struct.unpack_from("b", body)[0] in range(-7, 8) and body[1] in (0, 1)


def _borrow_programs(tracks: Sequence[_Track]) -> None:
    """Give notes of a channel without a program in their track the one that another track sets for the channel."""
    elsewhere: dict[int, int] = {}
    for track in tracks:
        elsewhere = track.first | elsewhere
    for track in tracks:
        for channel in track.borrows:
            track.events.insert(0, (0, bytes((0xC0 | channel, elsewhere.get(channel, 0)))))
        track.notes = [
            note._replace(program=elsewhere.get(note.program - UNKNOWN, 0)) if note.program >= UNKNOWN else note
            for note in track.notes
        ]


def _one_after_another(tracks: Sequence[_Track], unit: int) -> list[_Track]:
    """Tracks of which each begins when the one before has ended, at a multiple of `unit` ticks."""
    found, shift = [], 0
    for track in tracks:
        events = [(tick + shift, message) for tick, message in track.events]
        conductor = [(tick + shift, message) for tick, message in track.conductor]
        notes = [note._replace(start=note.start + shift, end=note.end + shift) for note in track.notes]
        found.append(_Track(events, conductor, notes, end=track.end + shift))
        shift += -(-track.end // unit) * unit
    return found


def _check_length(midi: Midi, limits: Limits) -> None:
    hours = seconds(midi) / 3600
    if hours * 3600 > limits.seconds:
        raise Unreadable(f"claims to last {hours:,.0f} hours; the limit is {limits.seconds / 3600:.0f}")
    if midi.end > limits.beats * midi.ticks_per_beat:
        raise Unreadable(f"claims to last {midi.end // midi.ticks_per_beat:,} beats; the limit is {limits.beats:,}")
    if midi.end >= limits.ticks:
        raise Unreadable(f"claims to last {midi.end:,} ticks; the limit is {limits.ticks:,}")


def seconds(midi: Midi) -> float:
    """How long a file lasts."""
    total, last, tempo = 0.0, 0, DEFAULT_TEMPO
    for tick, following in (*midi.tempi, (midi.end, DEFAULT_TEMPO)):
        total += (tick - last) * tempo / (1e6 * midi.ticks_per_beat)
        last, tempo = tick, following
    return total


def _chunk(events: Sequence[Event], end: int) -> bytes:
    parts, last = [], 0
    for tick, message in events:
        parts += [variable_length(tick - last), message]
        last = tick
    body = b"".join(parts) + variable_length(end - last) + bytes((0xFF, END, 0))
    return b"MTrk" + struct.pack(">I", len(body)) + body


def _decoded(counted: bytes) -> str:
    """A text behind its length: UTF-8 where it is that, else Latin-1."""
    _, place = _number(counted, 0)
    try:
        return counted[place:].decode("utf-8")
    except UnicodeDecodeError:
        return counted[place:].decode("latin-1")
