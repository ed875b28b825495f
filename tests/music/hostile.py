"""Files such as people have: MIDI written by hand, odd files that must be used, broken ones to be named."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

USED = "used"
END = b"\x00\xff\x2f\x00"
BEAT = 96  # ticks
TONES = (0, 0, 0, 4, 4, 7, 7, 2, 5, 9, 11)  # of C major, those of its chord more often


def smf(*tracks: bytes, division: int = BEAT, kind: int = 1) -> bytes:
    """A MIDI file of tracks (without their headers)."""
    header = b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division)
    return header + b"".join(chunk(b"MTrk", track) for track in tracks)


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a MIDI or RIFF-like file, its length in big-endian order."""
    return name + struct.pack(">I", len(data)) + data


def number(value: int) -> bytes:
    """A number of variable length."""
    out = bytes([value & 127])
    while value := value >> 7:
        out = bytes([value & 127 | 128]) + out
    return out


def note(pitch: int, length: int = BEAT, wait: int = 0, channel: int = 0, velocity: int = 80) -> bytes:
    """A note on after `wait` ticks and its end after `length` more."""
    return number(wait) + bytes([0x90 | channel, pitch, velocity]) + number(length) + bytes([0x80 | channel, pitch, 64])


def program(channel: int, value: int) -> bytes:
    """A program change."""
    return bytes([0, 0xC0 | channel, value])


def meta(kind: int, data: bytes, wait: int = 0) -> bytes:
    """A meta event."""
    return number(wait) + bytes([0xFF, kind]) + number(len(data)) + data


def tempo(microseconds: int, wait: int = 0) -> bytes:
    """A tempo event."""
    return meta(0x51, microseconds.to_bytes(3, "big"), wait)


def meter(beats: int, unit: int, wait: int = 0) -> bytes:
    """A time signature."""
    return meta(0x58, bytes([beats, unit.bit_length() - 1, 24, 8]), wait)


def song(seed: int = 0, bars: int = 8, beats: int = 4, unit: int = 4, leave_out: Sequence[str] = ()) -> list[bytes]:
    """Tracks of a piece for all five families, different for every seed."""
    draw = np.random.default_rng(seed)
    tracks = [meter(beats, unit) + tempo(500_000) + END]
    quarters = bars * beats * 4 // unit
    families = {
        "drums": (9, 0, 36),
        "piano": (0, 0, 60),
        "guitar": (1, 25, 48),
        "bass": (2, 33, 36),
        "strings": (3, 48, 72),
    }
    for name, (channel, instrument, low) in families.items():
        if name in leave_out:
            continue
        pitches = low + draw.choice(TONES, quarters)
        body = b"".join(note(int(pitch), channel=channel) for pitch in pitches)
        tracks.append(program(channel, instrument) + body + END)
    return tracks


def piece(seed: int = 0, **how: int) -> bytes:
    """A whole MIDI file of eight bars."""
    return smf(*song(seed, **how))


def npz(**arrays: np.ndarray | bytes) -> bytes:
    """An .npz; bytes become members as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in arrays.items():
            if isinstance(value, bytes):
                archive.writestr(name.replace("__", "."), value)
            else:
                body = io.BytesIO()
                np.lib.format.write_array(body, value)
                archive.writestr(f"{name}.npy", body.getvalue())
    return out.getvalue()


def pack(phrases: int = 6, pieces: int = 3, drums: bool = True, steps_per_beat: int = 4, seed: int = 0) -> bytes:
    """A phrase pack in which every track plays quarter notes."""
    draw = np.random.default_rng(seed)
    steps = 16 * steps_per_beat
    bits = np.zeros((phrases, 5, steps, 84), np.uint8)
    for track, low in enumerate((12, 36, 24, 12, 48)):
        pitches = low + draw.choice(TONES, (phrases, 16))
        for beat in range(16):
            length = 1 if track == 0 else steps_per_beat - 1
            for step in range(length):
                bits[np.arange(phrases), track, beat * steps_per_beat + step, pitches[:, beat]] = 1
    rows = bits if drums else bits[:, 1:]
    piece = (np.arange(phrases) * pieces // phrases).astype(np.int32)
    names = np.array([f"Piece{number}" for number in range(pieces)])
    return npz(phrases=np.packbits(rows.reshape(phrases, -1), axis=1), piece=piece, names=names)


def pianoroll(steps: int = 96, claimed: int | None = None, index: int = 5, **info: object) -> bytes:
    """A pypianoroll .npz written by hand: one track that plays one pitch, at 4 steps a beat."""
    said = {"name": "song", "resolution": 4, "0": {"name": "keys", "program": 0, "is_drum": False}, **info}
    starts = np.zeros(129, np.int32)
    starts[61:] = 4
    return npz(
        pianoroll_0_csc_data=np.full(4, 80, np.uint8),
        pianoroll_0_csc_indices=np.array([2, 3, 4, index], np.int32),
        pianoroll_0_csc_indptr=starts,
        pianoroll_0_csc_shape=np.array([claimed or steps, 128], np.int64),
        tempo=np.full(steps, 100.0),
        info__json=json.dumps(said).encode(),
    )


def header_that_lies() -> bytes:
    """An .npz of a few bytes with an array that claims a terabyte."""
    body = io.BytesIO()
    np.lib.format.write_array_header_1_0(body, {"descr": "|u1", "fortran_order": False, "shape": (2**40, 1)})
    members = {"phrases.npy": body.getvalue(), "piece.npy": body.getvalue()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def pickled() -> bytes:
    """An .npz with an array of Python objects, which would have to be unpickled."""
    body = io.BytesIO()
    np.save(body, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("phrases.npy", body.getvalue())
        archive.writestr("piece.npy", body.getvalue())
    return out.getvalue()


def odd_but_usable() -> dict[str, bytes]:
    """Files that must be used, by name."""
    whole, tracks = piece(1), song(2)
    running = bytes([0, 0x90, 60, 80]) + b"".join(number(BEAT) + bytes([60, 0, 0, 60, 80]) for _ in range(31))
    running += number(BEAT) + bytes([60, 0])
    no_end = [track[: -len(END)] for track in song(3)]
    late_tempo = [*song(4)[1:], tempo(400_000) + END]
    strange_key = [meta(0x59, b"\xff\xff") + song(5)[0], *song(5)[1:]]
    hanging = [*song(6), b"".join(bytes([0, 0x90, pitch, 80]) for pitch in range(60, 70)) + number(3000) + END[1:]]
    exclusive = [bytes([0, 0xF0, 3, 1, 2, 0xF7]) + song(7)[0], *song(7)[1:]]
    return {
        "plain.mid": whole,
        "type_0.mid": smf(_merged(song(8)), kind=0),
        "type_2.mid": smf(*tracks, kind=2),
        "riff.rmi": b"RIFF" + struct.pack("<I", len(whole) + 12) + b"RMIDdata" + struct.pack("<I", len(whole)) + whole,
        "alien_chunk.mid": smf(*song(9)) + chunk(b"XFIH", b"abc") + chunk(b"MTrk", END),
        "running_status.mid": smf(*song(10), running + END),
        "no_end_marks.mid": smf(*no_end),
        "tempo_in_last_track.mid": smf(*late_tempo),
        "strange_key.mid": smf(*strange_key),
        "hanging_notes.mid": smf(*hanging),
        "exclusive.mid": smf(*exclusive),
        "garbage behind.mid": piece(11) + b"\0" * 7,
        "no extension": piece(12),
        "Überraschung 曲 🎵.MID": piece(13),
        "pack.npz": pack(),
        "no_drums.npz": pack(drums=False, seed=2),
    }


def broken() -> dict[str, tuple[bytes, str]]:
    """Damaged and dangerous files, by name, each with a word of the reason."""
    whole = piece(20)
    huge_delta = b"\xff\xff\xff\x7f"
    forever = bytes([0, 0x90, 60, 80]) + huge_delta + bytes([0x80, 60, 0]) + END
    many = (b"\x00\x90\x3c\x50\x01\x80\x3c\x00") * 160_000
    return {
        "forever.mid": (smf(forever, division=1), "hours"),
        "beats.mid": (smf(tempo(1) + forever, division=9_600), "beats"),
        "notes.mid": (smf(many + END), "notes"),
        "events.mid": (smf(b"\x00\xb0\x07\x64" * 450_000 + END), "events"),
        "large.mid": (smf(bytes(9 * 2**20)), "too large"),
        "tracks.mid": (smf(*[END] * 300), "tracks"),
        "cut_in_half.mid": (whole[: len(whole) // 2], "cut off"),
        "cut_in_header.mid": (whole[:11], "cut off"),
        "no_track.mid": (whole[:14], "no track"),
        "empty.mid": (b"", "empty"),
        "silent.mid": (smf(END), "no notes"),
        "film.mid": (smf(*song(21), division=0xE728), "SMPTE"),
        "no_ticks.mid": (smf(*song(22), division=0), "no ticks"),
        "type_7.mid": (smf(*song(23), kind=7), "type 7"),
        "no_status.mid": (smf(b"\x00\x3c\x50" + END), "damaged"),
        "high_bytes.mid": (smf(b"\x00\x90\xbc\x50" + END), "damaged"),
        "real_time.mid": (smf(b"\x00\xf8" + END), "damaged"),
        "endless_number.mid": (smf(b"\xff\xff\xff\xff\x7f\x90\x3c\x50" + END), "damaged"),
        "long_text.mid": (smf(b"\x00\xff\x01\xff\xff\xff\x7fabc"), "cut off"),
        "waltz.mid": (piece(24, beats=3), "3/4"),
        "short.mid": (piece(25, bars=3), "4 bars"),
        "lies.npz": (header_that_lies(), "claim"),
        "pickled.npz": (pickled(), "programs"),
        "bomb.npz": (npz(phrases=np.zeros((300, 2**20), np.uint8), piece=np.zeros(300, np.int32)), "256 MB"),
        "full.npz": (npz(phrases=np.full((99, 3360), 255, np.uint8), piece=np.zeros(99, np.int32)), "no music"),
        "rows.npz": (npz(phrases=np.zeros((3, 100), np.uint8), piece=np.zeros(3, np.int32)), "rows of 100"),
        "odd_pack.npz": (npz(phrases=np.zeros((3, 3360), np.uint8), piece=np.zeros(4, np.int32)), "together"),
        "other.npz": (npz(weights=np.zeros(3)), "neither"),
        "cut.npz": (pack()[:-200], "damaged"),
        "wild_index.npz": (pianoroll(index=10**6), "together"),
        "long_claim.npz": (pianoroll(claimed=10**7), "beats"),
        "bad_info.npz": (npz(info__json=b"{"), "info.json"),
    }


def something_else() -> dict[str, tuple[bytes, str]]:
    """Files of other kinds, by name, each with a word of the reason."""
    return {
        "notes.txt": (b"remember the milk\n" * 20, "text"),
        "page.mid": (b"<!DOCTYPE html><title>404</title>" * 10, "text"),
        "song.mp3": (b"ID3\x03\0\0\0\0\0\x21" + bytes(200), "MP3"),
        "song.wav": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(200), "audio"),
        "picture.png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "picture"),
        "score.pdf": (b"%PDF-1.4\n" + bytes(100), "PDF"),
        "noise.mid": (np.random.default_rng(0).bytes(3000), "not MIDI"),
    }


def make_hostile_folder(root: Path) -> dict[str, str]:
    """Write the files above below `root`; returns name -> "used", or a word its reason must hold."""
    root.mkdir(parents=True, exist_ok=True)
    files = {name: (data, USED) for name, data in odd_but_usable().items()}
    files |= broken() | something_else()
    for name, (data, _) in files.items():
        (root / name).write_bytes(data)
    outside = root.parent / "outside.mid"
    outside.write_bytes(piece(99))
    os.symlink(outside, root / "link.mid")
    return {name: word for name, (_, word) in files.items()} | {"link.mid": "leads out"}


def _merged(tracks: Sequence[bytes]) -> bytes:
    """Tracks after one another in one."""
    return b"".join(track[: -len(END)] for track in tracks) + END
