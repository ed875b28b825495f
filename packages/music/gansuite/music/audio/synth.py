"""Our own synthesiser: notes in seconds become stereo sound, with numpy alone and the same way every time.

The music is made in stretches of half a minute, each with what still sounds after it, so that memory depends on the
length of the mix alone. F = frames; a bus is (C, F) with one or two channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.music.audio.drums import piece_of, strike
from gansuite.music.audio.effects import mastered, room
from gansuite.music.audio.parts import Ints, Part, at
from gansuite.music.audio.timbres import Timbre, timbre_of
from gansuite.music.audio.tones import LONGEST, ringing, tone
from gansuite.music.audio.waves import RATE, Numbers, Sound, fading, rising

TAIL = 2.0  # seconds after the last note ends, in which it and the room die away
STRETCH = 30.0
MOST_SOUNDING = 400_000.0  # seconds of all notes together; a symphony has 50,000
DRUM_LEVEL = 0.7
_TOUCHES = 8  # how many degrees of force are told apart


def synthesize(parts: Sequence[Part]) -> Sound:
    """Play the parts: float32 (2, F), its peak at -1 dB of full scale, `TAIL` seconds longer than the last note.

    Raises:
        GansuiteError: so many notes sound at once that it would take hours.
    """
    _refuse_walls(parts)
    mix = np.zeros((2, int((_ends(parts) + TAIL) * RATE)), np.float32)
    for begin in np.arange(0.0, _ends(parts), STRETCH):
        _play_stretch(mix, parts, float(begin))
    fade = np.linspace(1, 0, int(0.5 * RATE), dtype=np.float32)
    mix[:, -len(fade) :] *= fade
    return mastered(mix)


def _ends(parts: Sequence[Part]) -> float:
    return max((float(part.end.max()) for part in parts if len(part)), default=0.0)


def _refuse_walls(parts: Sequence[Part]) -> None:
    sounding = sum(float(np.minimum(part.end - part.start, 30.0).sum()) + len(part) for part in parts)
    if sounding > MOST_SOUNDING:
        raise GansuiteError(
            f"The notes sound {sounding:,.0f} seconds in all, and at most {MOST_SOUNDING:,.0f} can be rendered.",
            "Render its beginning with --seconds 60, or remove tracks in a MIDI editor.",
        )


def _play_stretch(mix: Sound, parts: Sequence[Part], begin: float) -> None:
    """Add all notes that begin within a stretch, and the room's answer to them."""
    rest = mix[:, int(begin * RATE) :]
    reach = int((STRETCH + LONGEST + TAIL) * RATE)
    send = np.zeros(min(rest.shape[1], reach), np.float32)
    last = 0
    for part in parts:
        chosen = np.flatnonzero((part.start >= begin) & (part.start < begin + STRETCH))
        if len(chosen):
            play = _play_drums if part.drums else _play_pitched
            last = max(last, play(rest, send, part, chosen, begin))
    answer = room(send[:last])[:, : rest.shape[1]]
    rest[:, : answer.shape[1]] += answer


def _play_pitched(mix: Sound, send: Sound, part: Part, chosen: Ints, begin: float) -> int:
    """Add notes of a pitched instrument; returns how many frames they reach."""
    timbre = timbre_of(part.program)
    lengths = _lengths(timbre, part, chosen)
    starts = np.rint((part.start[chosen] - begin) * RATE).astype(np.int64)
    frames = min(int((starts + lengths).max() + timbre.release * RATE), len(send))
    bus = np.zeros((2 if timbre.wide else 1, frames), np.float32)
    for at_once, sound in _tones(timbre, part, chosen, lengths):
        loud = _loudness(part.velocity[chosen[at_once]])
        _add(bus, int(starts[at_once]), sound * loud)
    bus = _shaped(bus, part, timbre, begin)
    mix[:, :frames] += bus * _sides(timbre.pan if part.pan is None else part.pan)
    send[:frames] += bus.mean(axis=0) * np.float32(timbre.send)
    return frames


def _lengths(timbre: Timbre, part: Part, chosen: Ints) -> Ints:
    """Frames each note is held, in steps of 64 so that notes of one length share their sound."""
    heard = np.array([ringing(timbre, pitch) for pitch in range(128)])[part.pitch[chosen]]
    held = np.minimum(part.end[chosen] - part.start[chosen], heard)
    return np.asarray(64 * (np.ceil(held * RATE / 64) + 1), np.int64)


def _tones(timbre: Timbre, part: Part, chosen: Ints, lengths: Ints) -> Iterator[tuple[int, Sound]]:
    """The place in `chosen` and the sound (C, F) of every note; notes that are alike are made once."""
    release = int(timbre.release * RATE)
    highest = 2.0 ** (max(part.bend[1].max(initial=0.0), 0.0) / 12)
    for pitch, force, group in _alike(part, chosen):
        wave = tone(timbre, pitch, force, int((lengths[group].max() + release) * highest) + 2)
        released: dict[int, Sound] = {}
        for place in group:
            length = int(lengths[place])
            bend = _bend(part, float(part.start[chosen[place]]), length + release)
            if bend is not None:
                yield int(place), _released(_bent(wave, bend), length, release)
                continue
            if length not in released:
                released[length] = _released(wave[:, : length + release].copy(), length, release)
            yield int(place), released[length]


def _alike(part: Part, chosen: Ints) -> Iterator[tuple[int, float, Ints]]:
    """Pitch, force (0..1) and places in `chosen` of the notes that share both."""
    keys = part.pitch[chosen] * _TOUCHES + part.velocity[chosen] * _TOUCHES // 128
    order = np.argsort(keys, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
        pitch, touch = divmod(int(keys[group[0]]), _TOUCHES)
        yield pitch, (touch + 0.5) / _TOUCHES, group


def _released(sound: Sound, length: int, release: int) -> Sound:
    """A sound (C, F) let go after `length` frames, changed in place."""
    fade = fading(release / RATE, release) * np.linspace(1, 0, release, dtype=np.float32)
    sound[:, length : length + release] *= fade
    return sound


def _bend(part: Part, start: float, frames: int) -> Numbers | None:
    """Semitones (F,) during a note, None where it is not bent."""
    if not len(part.bend[0]):
        return None
    bend = at(part.bend, start + np.arange(frames) / RATE, 0.0)
    return bend if bend.any() else None


def _bent(wave: Sound, bend: Numbers) -> Sound:
    """A sound (C, F) read faster or slower, as the bend (F,) says."""
    places = np.cumsum(2.0 ** (bend / 12)) - 1
    known = np.arange(wave.shape[1])
    return np.stack([np.interp(places, known, side) for side in wave]).astype(np.float32)


def _shaped(bus: Sound, part: Part, timbre: Timbre, begin: float) -> Sound:
    """The bus after the instrument's own overdrive, level and volume controls."""
    if timbre.drive:
        bus = np.tanh(bus * np.float32(4 * timbre.drive)) / np.float32(4)
    if len(part.volume[0]):
        grid = np.arange(0, bus.shape[1] + 441, 441)  # every 10 ms, so that steps do not click
        levels = at(part.volume, begin + grid / RATE, 1.0)
        bus = bus * np.interp(np.arange(bus.shape[1]), grid, levels).astype(np.float32)
    return bus * np.float32(timbre.gain)


def _play_drums(mix: Sound, send: Sound, part: Part, chosen: Ints, begin: float) -> int:
    """Add strokes on the drum kit; returns how many frames they reach."""
    starts = np.rint((part.start[chosen] - begin) * RATE).astype(np.int64)
    loud = _loudness(part.velocity[chosen]) * at(part.volume, part.start[chosen], 1.0) * DRUM_LEVEL
    until = (_choked(part)[chosen] * RATE).astype(np.int64)
    reach = 0
    for pitch, force, group in _alike(part, chosen):
        piece, wave = piece_of(pitch), strike(pitch, force)
        sides = _sides(piece.pan) * np.float32(piece.gain)
        for place in group:
            sound = _cut(wave, int(until[place])) * np.float32(loud[place])
            first = int(starts[place])
            _add(mix, first, sound * sides)
            _add(send[None], first, sound[None] * np.float32(piece.send * piece.gain))
            reach = max(reach, first + len(sound))
    return min(reach, len(send))


def _choked(part: Part) -> Numbers:
    """Seconds (M,) until a piece that chokes it is struck after each note; 60 where none is."""
    groups = np.array([piece_of(pitch).choke for pitch in range(128)])[part.pitch]
    until = np.full(len(part), 60.0)
    for group in set(groups[groups > 0].tolist()):
        notes = np.flatnonzero(groups == group)
        until[notes[:-1]] = np.diff(part.start[notes])
    return until


def _cut(wave: Sound, frames: int) -> Sound:
    """A stroke, ended softly after that many frames."""
    if frames >= len(wave):
        return wave
    fade = rising(0.006)[::-1]
    sound = wave[: frames + len(fade)].copy()
    sound[frames:] *= fade[: len(sound) - frames]
    return sound


def _loudness(velocity: Ints) -> Sound:
    return np.asarray((velocity / 127) ** 1.6, np.float32)


def _sides(pan: float) -> Sound:
    """Factors (2, 1) of left and right that keep the power."""
    angle = (pan + 1) * np.pi / 4
    return np.array([[np.cos(angle)], [np.sin(angle)]], np.float32)


def _add(bus: Sound, first: int, sound: Sound) -> None:
    place = bus[:, first : first + sound.shape[-1]]
    place += sound[:, : place.shape[1]]
