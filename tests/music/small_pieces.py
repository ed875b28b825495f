"""Small MIDI files, written tick by tick."""

from __future__ import annotations

from pathlib import Path

import mido

TICKS = 96
BAR = 4 * TICKS
Line = list[tuple[int, int, int, int]]  # tick, length, pitch, velocity


def chords(root: int, bars: int, velocity: int = 70) -> Line:
    """A cadence (I IV V I) in a major key, a chord a bar, with a third that walks."""
    degrees = [(0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)]
    return [
        (bar * BAR + beat * TICKS, TICKS - 1, root + note, velocity + 3 * beat)
        for bar in range(bars)
        for beat in range(4)
        for note in degrees[bar % 4]
    ]


def write(
    path: Path,
    lines: dict[int, Line],
    tempi: tuple[tuple[int, int], ...] = ((0, 500_000),),
    meters: tuple[tuple[int, int, int], ...] = ((0, 4, 4),),
) -> Path:
    """A MIDI file with a track for each program; -1 is the drum kit. Ticks; microseconds a beat; (tick, 4, 4)."""
    file = mido.MidiFile(ticks_per_beat=TICKS)
    conductor: list[tuple[int, mido.MetaMessage]] = [
        *((tick, mido.MetaMessage("set_tempo", tempo=tempo)) for tick, tempo in tempi),
        *((tick, mido.MetaMessage("time_signature", numerator=n, denominator=d)) for tick, n, d in meters),
    ]
    file.tracks.append(in_order(conductor))
    for number, (program, line) in enumerate(lines.items()):
        channel = 9 if program < 0 else number
        events = [(0, mido.Message("program_change", program=max(program, 0), channel=channel))]
        for tick, length, pitch, velocity in line:
            events.append((tick, mido.Message("note_on", note=pitch, velocity=velocity, channel=channel)))
            events.append((tick + length, mido.Message("note_off", note=pitch, channel=channel)))
        file.tracks.append(in_order(events))
    file.save(str(path))
    return path


def in_order(events: list[tuple[int, mido.Message]]) -> mido.MidiTrack:
    track, now = mido.MidiTrack(), 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def write_band(folder: Path, pieces: int = 12, bars: int = 8) -> Path:
    """Pieces in all keys, in which all tracks play the same cadence, each piece with a rhythm of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for piece in range(pieces):
        line = [
            (tick, length // (1 + piece % 5), pitch, 90) for tick, length, pitch, _ in chords(48 + piece % 12, bars)
        ]
        line = [note for number, note in enumerate(line) if number % 7 != piece % 7]
        low = [(tick, length, pitch - 12, velocity) for tick, length, pitch, velocity in line[::3]]
        beat = [(tick, 9, 36 + 2 * (tick % BAR > 0), 90) for tick in range(0, bars * BAR, 48 + 48 * (piece % 3))]
        write(folder / f"{piece}.mid", {0: line, 25: line[1::2], 33: low, 48: line, -1: beat})
    return folder
