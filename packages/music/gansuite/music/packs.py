"""Phrase packs: thousands of phrases of four bars in one .npz, each a row of packed bits.

`phrases` (N, bytes) holds K x S x 84 bits a row, most significant first: K = 5 tracks in the order of `TRACKS`, or 4
where the source has no drums; S = 16 beats of 4, 6, 12 or 24 steps. A bit says that a pitch sounds, a rest of one step
before the same pitch that it is struck again. `piece` (N,) tells phrases of one piece; `names`, of the pieces, may be
missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansuite.core.sources import Unreadable
from gansuite.music.guard import Limits, read_arrays
from gansuite.music.notes import Ints, Notes, from_sounding, stack
from gansuite.music.roll import PITCHES, TRACKS

BEATS = 16
RESOLUTIONS = (4, 6, 12, 24)
CHUNK_CELLS = 8_000_000
DENSEST = 0.2  # share of sounding cells; music has 0.03
Arrays = Mapping[str, npt.NDArray[np.generic] | bytes]


@dataclass(frozen=True, eq=False)
class Pack:
    """The phrases of a pack as they are in it.

    Attributes:
        notes: N phrases of 16 beats.
        steps_per_beat: their grid.
        tracks: which of `TRACKS` the pack has.
        piece: int64 (N,), 0..P-1.
        names: P names of pieces.
    """

    notes: Notes
    steps_per_beat: int
    tracks: tuple[int, ...]
    piece: Ints
    names: tuple[str, ...]


def is_pack(arrays: Arrays) -> bool:
    """Whether the arrays of an .npz are those of a phrase pack."""
    return "phrases" in arrays and "piece" in arrays


def read_pack(data: bytes, limits: Limits | None = None) -> Pack:
    """Read the bytes of a pack; raises `Unreadable` when it is none, or not whole."""
    limits = limits or Limits()
    return unpack(read_arrays(data, limits), limits)


def unpack(arrays: Arrays, limits: Limits) -> Pack:
    """The pack in these arrays; raises `Unreadable` when they are none, or do not fit together."""
    rows, piece = arrays.get("phrases"), arrays.get("piece")
    if not isinstance(rows, np.ndarray) or not isinstance(piece, np.ndarray):
        raise Unreadable("is an .npz without 'phrases' and 'piece', so no phrase pack")
    if rows.ndim != 2 or rows.dtype != np.uint8 or piece.shape != rows.shape[:1] or piece.dtype.kind not in "iu":
        raise Unreadable("is a phrase pack whose arrays do not fit together")
    steps_per_beat, tracks = _layout(rows.shape[1])
    found, piece = np.unique(piece.astype(np.int64), return_inverse=True)
    names = _names(arrays.get("names"), found)
    return Pack(
        _notes(rows.astype(np.uint8, copy=False), steps_per_beat, tracks, limits), steps_per_beat, tracks, piece, names
    )


def _layout(row_bytes: int) -> tuple[int, tuple[int, ...]]:
    every = tuple(range(len(TRACKS)))
    for steps_per_beat in RESOLUTIONS:
        for tracks in (every, every[1:]):
            if -(-len(tracks) * BEATS * steps_per_beat * PITCHES // 8) == row_bytes:
                return steps_per_beat, tracks
    raise Unreadable(f"is a phrase pack with rows of {row_bytes} bytes; 4 bars of 4 or 5 tracks never have as many")


def _names(names: npt.NDArray[np.generic] | bytes | None, found: Ints) -> tuple[str, ...]:
    known = names.tolist() if isinstance(names, np.ndarray) and names.dtype.kind == "U" else []
    return tuple(str(known[number]) if 0 <= number < len(known) else f"piece {number}" for number in found)


def _notes(rows: npt.NDArray[np.uint8], steps_per_beat: int, tracks: tuple[int, ...], limits: Limits) -> Notes:
    shape = (len(tracks), BEATS * steps_per_beat, PITCHES)
    size = int(np.prod(shape))
    chunk = max(1, CHUNK_CELLS // size)
    parts: list[Notes] = []
    for start in range(0, len(rows), chunk):
        bits = np.unpackbits(rows[start : start + chunk], axis=1, count=size)
        if int(np.count_nonzero(bits)) > DENSEST * bits.size:
            raise Unreadable("is a phrase pack in which nearly everything sounds: that is no music")
        parts.append(from_sounding(bits.reshape(-1, *shape), tracks, mend=True))
        if sum(map(len, parts)) > limits.pack_notes:
            raise Unreadable(f"has more than {limits.pack_notes:,} notes")
    return stack(parts)
