"""What is to be played: the notes of a MIDI in seconds, with pedal, volume, place and bends, as plain arrays.

M = notes of a part. Everything is bounded here, before any sound is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError

if TYPE_CHECKING:
    from pretty_midi import Instrument, PrettyMIDI

LONGEST = 20 * 60.0  # seconds; the mix of 20 minutes takes 420 MB
MOST_NOTES = 200_000
BEND_RANGE = 2.0  # semitones either way, what General MIDI begins with
PEDAL, VOLUME, PAN, EXPRESSION = 64, 7, 10, 11

Numbers = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Curve = tuple[Numbers, Numbers]  # times and the values that hold from there on


@dataclass(frozen=True, eq=False)
class Part:
    """What one instrument plays.

    Attributes:
        program: General MIDI program, 0..127.
        drums: whether notes name pieces of the drum kit.
        start, end: (M,) seconds, ascending by start; the pedal counts.
        pitch, velocity: (M,), 0..127 and 1..127.
        volume: factor over time, from volume and expression; empty where the file gives none.
        pan: -1 (left) to 1 (right), or None where the file gives none.
        bend: semitones over time; empty where the file gives none.
    """

    program: int
    drums: bool
    start: Numbers
    end: Numbers
    pitch: Ints
    velocity: Ints
    volume: Curve
    pan: float | None
    bend: Curve

    def __len__(self) -> int:
        return len(self.start)


def read_parts(midi: PrettyMIDI, seconds: float | None = None) -> list[Part]:
    """The parts that sound.

    Args:
        midi: its notes in seconds.
        seconds: only the beginning, that many seconds of it.

    Raises:
        GansuiteError: it is longer than `LONGEST`, or has more than `MOST_NOTES` notes.
    """
    count = sum(len(instrument.notes) for instrument in midi.instruments)
    if count > MOST_NOTES:
        raise GansuiteError(
            f"The music has {count:,} notes, and at most {MOST_NOTES:,} can be rendered.",
            "Cut it into pieces, or remove tracks in a MIDI editor.",
        )
    parts = [_part(instrument) for instrument in midi.instruments]
    parts = [_beginning(part, seconds) for part in parts if len(part)]
    longest = max((float(part.end.max()) for part in parts if len(part)), default=0.0)
    if longest > LONGEST:
        raise GansuiteError(
            f"The music lasts {_clock(longest)}, and at most {LONGEST / 60:.0f} minutes can be rendered.",
            "Render its beginning with --seconds 600, or cut it into pieces.",
        )
    return [part for part in parts if len(part)]


def _part(instrument: Instrument) -> Part:
    rows = [(note.start, note.end, note.pitch, note.velocity) for note in instrument.notes]
    table = np.array(rows, np.float64).reshape(-1, 4)
    table = table[np.isfinite(table).all(axis=1) & (table[:, 0] >= 0) & (table[:, 3] > 0)]
    start, end, pitch, velocity = table[np.argsort(table[:, 0], kind="stable")].T
    controls = {number: _control(instrument, number) for number in (PEDAL, VOLUME, PAN, EXPRESSION)}
    pan = controls[PAN][1]
    return Part(
        program=int(np.clip(instrument.program, 0, 127)),
        drums=bool(instrument.is_drum),
        start=start,
        end=_pedalled(np.maximum(end, start), controls[PEDAL]),
        pitch=np.clip(pitch, 0, 127).astype(np.int64),
        velocity=np.clip(velocity, 1, 127).astype(np.int64),
        volume=_volume(controls[VOLUME], controls[EXPRESSION]),
        pan=float(np.clip((pan[0] - 64) / 63, -1, 1)) if len(pan) else None,
        bend=_bend(instrument),
    )


def _control(instrument: Instrument, number: int) -> Curve:
    found = sorted((change.time, change.value) for change in instrument.control_changes if change.number == number)
    times, values = np.array(found, np.float64).reshape(-1, 2).T
    return times, values


def _bend(instrument: Instrument) -> Curve:
    found = sorted((bend.time, bend.pitch * BEND_RANGE / 8192) for bend in instrument.pitch_bends)
    times, values = np.array(found, np.float64).reshape(-1, 2).T
    return (times, values) if values.any() else (times[:0], values[:0])


def _pedalled(end: Numbers, pedal: Curve) -> Numbers:
    """Note ends (M,), moved to where the pedal that holds them is lifted; one that never is, holds nothing."""
    times, values = pedal
    down = values >= 64
    if not down.any():
        return end
    latest = np.searchsorted(times, end, side="right") - 1
    held = (latest >= 0) & down[np.maximum(latest, 0)]
    lifts = np.append(times[~down], np.inf)
    lifted = lifts[np.searchsorted(lifts[:-1], end, side="right")]
    return np.where(held & np.isfinite(lifted), lifted, end)


def _volume(volume: Curve, expression: Curve) -> Curve:
    """The product of both controls as a factor, 1 at their customary values of 100 and 127."""
    times = np.union1d(volume[0], expression[0])
    return times, (at(volume, times, 100.0) / 100) ** 2 * (at(expression, times, 127.0) / 127) ** 2


def at(curve: Curve, times: Numbers, before: float) -> Numbers:
    """The values of a curve of steps at some times; `before` holds until its first one."""
    return np.append(before, curve[1])[np.searchsorted(curve[0], times, side="right")]


def _beginning(part: Part, seconds: float | None) -> Part:
    if seconds is None:
        return part
    kept = part.start < seconds
    return replace(
        part,
        start=part.start[kept],
        end=np.minimum(part.end[kept], seconds),
        pitch=part.pitch[kept],
        velocity=part.velocity[kept],
    )


def _clock(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} hours" if seconds >= 7200 else f"{seconds / 60:.1f} minutes"
