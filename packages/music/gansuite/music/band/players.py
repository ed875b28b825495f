"""What each player of the band makes of a bar: notes in ticks, TICKS to a quarter note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .harmony import Chord, nearest_tone, step_from, voiced
from .styles import Kit, Style

TICKS = 12
KICK, SNARE, CLOSED_HAT, OPEN_HAT, CRASH, RIDE = 36, 38, 42, 46, 49, 51
TOMS = (50, 48, 45, 43)
LOUDNESS = {"X": 112, "x": 92, "o": 56}
RANGES = {"bass": (28, 50), "piano": (48, 76), "guitar": (45, 71), "strings": (50, 79)}
LEAD_RANGES = {"piano": (67, 91), "guitar": (60, 83), "strings": (65, 91)}
SIXTH = 9  # semitones

Rng = np.random.Generator


class Note(NamedTuple):
    """One note: ticks from the beginning of the piece, MIDI number, 1..127."""

    track: str
    start: int
    length: int
    pitch: int
    velocity: int


class Hit(NamedTuple):
    """One sign of a pattern: ticks from the beginning of the bar."""

    start: int
    length: int
    sign: str


@lru_cache(1024)
def hits(pattern: str, bar: int) -> tuple[Hit, ...]:
    """The notes of a pattern laid over a bar of `bar` ticks."""
    found: list[Hit] = []
    for place, sign in enumerate(pattern):
        start, end = place * bar // len(pattern), (place + 1) * bar // len(pattern)
        if sign == "-" and found and found[-1].start + found[-1].length == start:
            found[-1] = Hit(found[-1].start, end - found[-1].start, found[-1].sign)
        elif sign not in ".-":
            found.append(Hit(start, end - start, sign))
    return tuple(found)


def drums(kit: Kit, style: Style, bar: int, rng: Rng) -> Iterator[Note]:
    """A bar on the drums."""
    for pattern, drum in (
        (kit.kick, KICK),
        (kit.snare, SNARE),
        (kit.hat, CLOSED_HAT),
        (kit.ride, RIDE),
        (kit.extra, style.extra),
    ):
        for hit in hits(pattern, bar):
            opens = drum == CLOSED_HAT and hit.sign == "X"
            soft = 0.82 if drum in (CLOSED_HAT, RIDE) else 1.0
            yield _note("drums", hit, OPEN_HAT if opens else drum, soft * LOUDNESS[hit.sign], rng)


def fill(kit: Kit, style: Style, bar: int, rng: Rng) -> Iterator[Note]:
    """The same bar with its last beat or two given to snare and toms."""
    begin = bar - TICKS * int(rng.integers(1, 3))
    yield from (note for note in drums(kit, style, bar, rng) if note.start < begin)
    part = TICKS // 3 if len(kit.hat or kit.ride) % 16 else TICKS // 4
    places = range(begin, bar, part)
    for number, start in enumerate(places):
        if number and rng.random() < 0.25:
            continue
        drum = (SNARE, *TOMS)[min(len(TOMS), number * (len(TOMS) + 1) // len(places))]
        yield _note("drums", Hit(start, part, "x"), drum, 76 + 34 * number / len(places), rng)


def bass(line: str, chord: Chord, following: Chord, bar: int, low: int, rng: Rng) -> Iterator[Note]:
    """A bar of bass, its root the first one from `low` on."""
    root = _root(chord, low)
    tones = {"1": 0, "3": chord.intervals[1], "5": chord.intervals[2], "6": SIXTH, "8": 12}
    for hit in hits(line, bar):
        pitch = root + tones.get(hit.sign, 0)
        if hit.sign == "a":
            target = nearest_tone((following.root,), root)
            pitch = step_from(following.scale, target, int(rng.choice((-1, 1))))
        yield _note("bass", hit, pitch, 96, rng)


def comping(
    track: str, pattern: str, voicing: Sequence[int], bar: int, rng: Rng, loudness: float = 72
) -> Iterator[Note]:
    """A bar of chords, struck or, where the pattern has digits, broken."""
    ladder = [*voicing, voicing[0] + 12, voicing[1] + 12]
    for hit in hits(pattern, bar):
        broken = hit.sign.isdigit()
        for pitch in [ladder[int(hit.sign)]] if broken else voicing:
            yield _note(track, hit, pitch, loudness + 14 * (hit.sign == "X"), rng)


def melody(
    track: str, rhythm: str, contour: Sequence[int], chord: Chord, last: int, bar: int, rng: Rng
) -> Iterator[Note]:
    """A bar of melody from the pitch `last` on: tones of the chord on beats, steps of the scale between them."""
    low, high = LEAD_RANGES[track]
    pitch = last
    for hit, steps in zip(hits(rhythm, bar), contour, strict=False):
        pitch = step_from(chord.scale, pitch, steps) if steps else pitch
        if hit.start % TICKS == 0 or hit.length > TICKS // 2:
            pitch = nearest_tone(chord.classes, pitch)
        pitch += 12 * (pitch < low) - 12 * (pitch > high)
        yield _note(track, hit, pitch, 98, rng)


def lay(track: str, chord: Chord, near: tuple[int, ...], tones: int) -> tuple[int, ...]:
    """The chord on an instrument's middle range, close to how the one before it was laid."""
    return voiced(chord, near, *RANGES[track], tones)


def _root(chord: Chord, low: int) -> int:
    return low + (chord.root - low) % 12


def _note(track: str, hit: Hit, pitch: int, loudness: float, rng: Rng) -> Note:
    velocity = loudness + rng.normal(0, 4) + (4 if hit.start == 0 else 0)
    return Note(track, hit.start, hit.length, pitch, min(max(int(velocity), 1), 127))
