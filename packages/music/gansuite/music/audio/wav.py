"""WAV files: 16 bit, stereo, 44.1 kHz, with a comment if wanted."""

from __future__ import annotations

import struct
import wave
from typing import BinaryIO

import numpy as np

from gansuite.music.audio.waves import RATE, Sound

_AT_ONCE = 1 << 18  # frames


def write_wav(stream: BinaryIO, sound: Sound, comment: str = "") -> None:
    """Write a sound (2, F) within -1..1 to a seekable stream; the comment goes into an ICMT chunk."""
    with wave.open(stream, "wb") as writer:
        writer.setparams((2, 2, RATE, sound.shape[1], "NONE", "not compressed"))
        for first in range(0, sound.shape[1], _AT_ONCE):
            part = np.clip(sound[:, first : first + _AT_ONCE].T, -1, 1)
            writer.writeframesraw(np.rint(part * 32767).astype("<i2").tobytes())
    if comment:
        _append_comment(stream, comment.encode())


def read_comment(data: bytes) -> str | None:
    """The comment of a WAV file, None where it has none."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        if name == b"LIST" and data[place + 8 : place + 16] == b"INFOICMT":
            (length,) = struct.unpack_from("<I", data, place + 16)
            return data[place + 20 : place + 20 + length].rstrip(b"\0").decode(errors="replace")
        place += 8 + size + size % 2
    return None


def _append_comment(stream: BinaryIO, text: bytes) -> None:
    text += b"\0" * (2 - len(text) % 2)
    body = b"INFOICMT" + struct.pack("<I", len(text)) + text
    end = stream.seek(0, 2)
    stream.write(b"LIST" + struct.pack("<I", len(body)) + body)
    stream.seek(4)
    stream.write(struct.pack("<I", end + len(body)))
    stream.seek(0, 2)
