"""What one file may ask of this machine, settled before any array exists."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from gansuite.core import sources
from gansuite.core.sources import MEGABYTE, PACKINGS, Unreadable


@dataclass(frozen=True)
class Limits(sources.Limits):
    """What one file of music may ask of this machine before it is refused."""

    file_bytes: int = 64 * MEGABYTE  # one file, unpacked
    array_bytes: int = 256 * MEGABYTE  # all arrays of an .npz together
    beats: int = 12_000  # quarter notes: 100 minutes at 120 a minute
    midi_bytes: int = 8 * MEGABYTE  # one MIDI file
    seconds: float = 4 * 3600.0
    ticks: int = 10_000_000  # the most that pretty_midi takes
    events: int = 400_000  # MIDI messages; a symphony has 100,000
    notes: int = 150_000
    pack_notes: int = 8_000_000  # all phrases of a pack together
    tracks: int = 256
    text_bytes: int = MEGABYTE  # all texts of a MIDI file together


def read_arrays(data: bytes, limits: Limits) -> dict[str, npt.NDArray[Any] | bytes]:
    """What an .npz holds, by name; what is no array comes as bytes.

    The header of each array is read first: it may not claim more than lies in the file, nor more than the limits.

    Raises:
        Unreadable: it is damaged, too large, or holds what would have to be unpickled.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
            if any(info.compress_type not in PACKINGS for info in members):
                raise Unreadable("is packed in a way that cannot be unpacked here")
            if sum(info.file_size for info in members) > limits.array_bytes:
                raise Unreadable(f"unpacks to more than {limits.array_bytes // MEGABYTE} MB, the limit for an .npz")
            return {info.filename.removesuffix(".npy"): _member(archive, info) for info in members}
    except Unreadable:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise Unreadable("is a damaged .npz file") from error
    except (ValueError, SyntaxError, TypeError) as error:
        raise Unreadable("is an .npz with an array that cannot be read") from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any] | bytes:
    data = archive.read(info)
    if not data.startswith(b"\x93NUMPY"):
        return data
    stream = BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, kind = np.lib.format.read_array_header_1_0(stream)
    else:
        shape, _, kind = np.lib.format.read_array_header_2_0(stream)
    claimed = kind.itemsize * int(np.prod([int(side) for side in shape], dtype=object))
    if kind.hasobject or claimed > len(data):
        raise Unreadable("is an .npz whose arrays claim more than the file holds, or hold programs")
    stream.seek(0)
    return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
