"""The .npz of pypianoroll, in which the Lakh Pianoroll Dataset comes: the only place that talks to pypianoroll.

A piano roll of velocities cannot tell two notes side by side from one twice as long, unless their velocities differ; so
a change of velocity is read as a new note, and equal neighbours are written with velocities one apart. Of pypianoroll
only its reader and writer of .npz are used: its way from and to MIDI loses notes, and most of its measures are wrong.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gansuite.core.sources import Unreadable
from gansuite.music.guard import Limits, read_arrays
from gansuite.music.midi import PROGRAMS
from gansuite.music.notes import Ints, from_cells
from gansuite.music.roll import DEFAULT_VELOCITY, LOWEST, Roll
from gansuite.music.score import Score, from_the_start, tempo_of
from gansuite.music.smf import DRUM_KIT

if TYPE_CHECKING:
    from pypianoroll import Multitrack

ALL_PITCHES = 128
PARTS = ("data", "indices", "indptr", "shape")
Arrays = Mapping[str, npt.NDArray[Any] | bytes]


def read_lpd(data: bytes, limits: Limits | None = None) -> Score:
    """The notes of a pypianoroll .npz; a time step is a tick.

    Raises:
        Unreadable: it is none, damaged, or asks for too much.
    """
    limits = limits or Limits()
    piece = open_lpd(data, limits)
    tracks = [(_runs(track.pianoroll), _program(track)) for track in piece.tracks]
    table = np.concatenate([np.empty((0, 4), np.int64), *(runs for runs, _ in tracks)])
    if len(table) > limits.notes:
        raise Unreadable(f"has more than {limits.notes:,} notes")
    program = np.concatenate([np.full(len(runs), program) for runs, program in tracks])
    steps = max(len(track.pianoroll) for track in piece.tracks)
    return Score(
        piece.resolution,
        table[:, 1],
        table[:, 2],
        table[:, 0],
        np.clip(table[:, 3], 1, 127).astype(np.uint8),
        program.astype(np.int64),
        ((0, _tempo(piece.tempo)),),
        _meters(piece.downbeat, piece.resolution),
        steps,
    )


def open_lpd(data: bytes, limits: Limits | None = None) -> Multitrack:
    """A pypianoroll .npz as pypianoroll has it, once nothing in it can do harm; raises `Unreadable` as `read_lpd`."""
    limits = limits or Limits()
    _check(read_arrays(data, limits), limits)
    import pypianoroll

    try:
        return pypianoroll.load(BytesIO(data))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Unreadable("is a pypianoroll .npz that does not fit together") from error


def write_lpd(roll: Roll, name: str = "gansuite") -> bytes:
    """A roll as a pypianoroll .npz, which `read_lpd` and `pypianoroll.load` read: every cell comes back.

    Velocities come back but for one of equal neighbours, which is one lower (or higher).
    """
    import pypianoroll

    velocity = _velocities(roll)
    tracks = [
        pypianoroll.StandardTrack(
            name=track, program=PROGRAMS[track], is_drum=track == "drums", pianoroll=velocity[number]
        )
        for number, track in enumerate(roll.tracks)
    ]
    downbeat = np.arange(roll.steps) % roll.steps_per_bar == 0
    tempo = np.full(roll.steps, roll.tempo)  # one number a time step; of two dimensions pypianoroll writes no MIDI
    piece = pypianoroll.Multitrack(name, roll.steps_per_beat, tempo, downbeat, tracks)
    with tempfile.TemporaryDirectory() as folder:  # pypianoroll opens what it writes a second time, by its name
        path = Path(folder) / "roll.npz"
        piece.save(str(path))
        return path.read_bytes()


def _check(arrays: Arrays, limits: Limits) -> None:
    """Raise `Unreadable` unless every array is what pypianoroll and scipy take it for, unseen."""
    info = _info(arrays)
    resolution = info.get("beat_resolution") if info.get("resolution") is None else info["resolution"]
    if not isinstance(resolution, int) or not 1 <= resolution <= 960:
        raise Unreadable("is a pypianoroll .npz without a resolution")
    if not isinstance(info.get("name"), (str, type(None))):
        raise Unreadable("is a pypianoroll .npz that does not fit together")
    cells, number = 0, 0
    while str(number) in info:
        if not isinstance(info[str(number)], dict):
            raise Unreadable("is a pypianoroll .npz that does not fit together")
        cells += _check_sparse(arrays, f"pianoroll_{number}_csc_", resolution, limits)
        if cells > limits.array_bytes:
            raise Unreadable(f"unpacks to more than {limits.array_bytes >> 20} MB")
        number += 1
    if not number:
        raise Unreadable("holds no notes")


def _info(arrays: Arrays) -> dict[str, Any]:
    text = arrays.get("info.json")
    if not isinstance(text, bytes):
        raise Unreadable("is an .npz, but neither a phrase pack nor pypianoroll's")
    try:
        info = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("is a pypianoroll .npz whose info.json is damaged") from error
    if not isinstance(info, dict) or "name" not in info:
        raise Unreadable("is a pypianoroll .npz whose info.json is damaged")
    return info


def _check_sparse(arrays: Arrays, prefix: str, resolution: int, limits: Limits) -> int:
    """How many cells one compressed matrix has; scipy itself would trust its indices."""
    parts = [arrays.get(prefix + part) for part in PARTS]
    if not all(isinstance(part, np.ndarray) and part.ndim == 1 for part in parts):
        raise Unreadable("is a pypianoroll .npz with a track missing")
    values, indices, starts, shape = (np.asarray(part) for part in parts)
    whole = all(part.dtype.kind in "iu" for part in (indices, starts, shape)) and values.dtype.kind in "biuf"
    if not whole or len(shape) != 2 or int(shape[1]) != ALL_PITCHES or int(shape[0]) < 0:
        raise Unreadable("is a pypianoroll .npz that does not fit together")
    steps = int(shape[0])
    if steps > limits.beats * resolution:
        raise Unreadable(f"claims to last {steps // resolution:,} beats; the limit is {limits.beats:,}")
    if len(starts) != ALL_PITCHES + 1 or starts[0] != 0 or starts[-1] != len(indices) or len(values) != len(indices):
        raise Unreadable("is a pypianoroll .npz that does not fit together")
    if np.any(np.diff(starts.astype(np.int64)) < 0) or np.any(indices < 0) or np.any(indices >= steps):
        raise Unreadable("is a pypianoroll .npz that does not fit together")
    return steps * ALL_PITCHES * values.dtype.itemsize


def _runs(pianoroll: npt.NDArray[Any]) -> Ints:
    """Notes of a piano roll (T, 128): pitch, first step, step after the last, velocity: int64 (M, 4)."""
    lines = np.zeros((ALL_PITCHES, len(pianoroll) + 2), np.int64)
    lines[:, 1:-1] = np.nan_to_num(pianoroll.T.astype(np.float64), posinf=127, neginf=0).clip(0, 127)
    if pianoroll.dtype == np.bool_:
        lines *= DEFAULT_VELOCITY
    changes = lines[:, 1:] != lines[:, :-1]
    pitch, start = np.nonzero(changes & (lines[:, 1:] > 0))
    _, end = np.nonzero(changes & (lines[:, :-1] > 0))
    return np.stack([pitch, start, end, lines[pitch, start + 1]], axis=1)


def _program(track: Any) -> int:
    if track.is_drum:
        return DRUM_KIT
    return track.program if isinstance(track.program, int) and 0 <= track.program < 128 else 0


def _tempo(tempo: npt.NDArray[Any] | None) -> float:
    known = np.empty(0) if tempo is None else tempo[np.isfinite(tempo) & (tempo > 0)]
    return tempo_of(6e7 / float(np.median(known))) if known.size else 120.0


def _meters(downbeat: npt.NDArray[Any] | None, resolution: int) -> tuple[tuple[int, tuple[int, int]], ...]:
    """Time signatures from how far apart the downbeats are, in quarter notes; 4/4 where that says nothing."""
    beats = np.flatnonzero(np.empty(0) if downbeat is None else downbeat.ravel()).tolist()
    lengths = [later - earlier for earlier, later in pairwise(beats)]
    bars = [(tick, (length // resolution, 4)) for tick, length in zip(beats, lengths, strict=False)]
    sensible = [
        bar for bar, length in zip(bars, lengths, strict=True) if length % resolution == 0 and bar[1][0] in range(1, 17)
    ]
    return from_the_start(tuple(sensible), (4, 4))


def _velocities(roll: Roll) -> npt.NDArray[np.uint8]:
    """Velocities of sounding cells, (K, S, 128), such that every note differs from the one right before it."""
    notes = from_cells(roll.cells[None])
    loud = np.full(len(notes), DEFAULT_VELOCITY)
    if roll.velocity is not None:
        loud = roll.velocity[notes.track, notes.start, notes.pitch].astype(np.int64)
    out = np.zeros((*roll.cells.shape[:2], ALL_PITCHES), np.uint8)
    for track, pitch, start, length, velocity in zip(
        notes.track, notes.pitch, notes.start, notes.length, loud.tolist(), strict=True
    ):
        line = out[track, :, LOWEST + pitch]
        same = start > 0 and line[start - 1] == velocity
        line[start : start + length] = velocity - same if velocity > 1 else velocity + same
    return out
