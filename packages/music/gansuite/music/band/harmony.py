"""Chords by roman numerals, and how they are laid on an instrument."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
NUMERALS = ("i", "ii", "iii", "iv", "v", "vi", "vii")
QUALITIES = {  # semitones above the root, by what follows the numeral; the first of each pair is for a major one
    "": ((0, 4, 7), (0, 3, 7)),
    "7": ((0, 4, 7, 10), (0, 3, 7, 10)),
    "maj7": ((0, 4, 7, 11), (0, 3, 7, 11)),
    "9": ((0, 4, 7, 10, 14), (0, 3, 7, 10, 14)),
    "6": ((0, 4, 7, 9), (0, 3, 7, 9)),
    "sus4": ((0, 5, 7), (0, 5, 7)),
    "dim": ((0, 3, 6), (0, 3, 6)),
    "m7b5": ((0, 3, 6, 10), (0, 3, 6, 10)),
}
DEGREES = {0: 0, 3: 2, 4: 2, 5: 3, 6: 4, 7: 4, 9: 5, 10: 6, 11: 6, 14: 1}  # how many letters above the root


@dataclass(frozen=True)
class Chord:
    """A chord in a key.

    Attributes:
        root: its pitch class, 0..11.
        intervals: semitones of its tones above the root, from 0 on.
        scale: the seven pitch classes of the key, the chord's own in place of those of the same degree.
    """

    root: int
    intervals: tuple[int, ...]
    scale: frozenset[int]

    @property
    def classes(self) -> tuple[int, ...]:
        """The pitch classes of its tones, root first."""
        return tuple((self.root + interval) % 12 for interval in self.intervals)


def progression(numerals: str, tonic: int, minor: bool) -> list[Chord]:
    """The chords of a line such as `I vi ii7 V7` or `i bVI bVII i`.

    Numerals count degrees of the major scale in either mode, so that the sixth of a minor key is `bVI`; capitals are
    major chords.

    Args:
        numerals: chords with blanks between them.
        tonic: pitch class, 0..11.
        minor: which scale melodies move in.
    """
    return [_chord(word, tonic, MINOR if minor else MAJOR) for word in numerals.split()]


@lru_cache(4096)
def voiced(chord: Chord, near: tuple[int, ...], low: int, high: int, tones: int = 4) -> tuple[int, ...]:
    """The chord's tones as ascending pitches (MIDI numbers) between `low` and `high`, moving least from `near`.

    With more than `tones` tones, the fifth gives way first, then those beyond the seventh.
    """
    classes = list(chord.classes)
    if len(classes) > tones:
        classes = [tone for tone in classes if tone != (chord.root + 7) % 12 or len(chord.intervals) <= 3][:tones]
    choices = [[pitch for pitch in range(low, high + 1) if pitch % 12 == tone] for tone in classes]
    target = sorted(near) or [(low + high) // 2]
    return min((tuple(sorted(pitches)) for pitches in product(*choices)), key=lambda found: _distance(found, target))


def nearest_tone(classes: Sequence[int] | frozenset[int], pitch: int) -> int:
    """The pitch of one of the classes nearest to `pitch`, the higher of two."""
    return min(range(pitch - 6, pitch + 7), key=lambda near: (near % 12 not in classes, abs(near - pitch), -near))


def step_from(scale: frozenset[int], pitch: int, steps: int) -> int:
    """The pitch so many steps of the scale above (or below) `pitch`."""
    direction = 1 if steps > 0 else -1
    for _ in range(abs(steps)):
        pitch += direction
        while pitch % 12 not in scale:
            pitch += direction
    return pitch


def _chord(word: str, tonic: int, mode: tuple[int, ...]) -> Chord:
    found = re.fullmatch(r"(b|#)?([ivIV]+)(.*)", word)
    if found is None or found[2].lower() not in NUMERALS or found[3] not in QUALITIES:
        raise ValueError(f"{word} is no chord")
    place = NUMERALS.index(found[2].lower())
    degree = MAJOR[place] + {"b": -1, "#": 1, None: 0}[found[1]]
    intervals = QUALITIES[found[3]][found[2].islower()]
    root = (tonic + degree) % 12
    tones = [(tonic + step) % 12 for step in mode]
    for interval in intervals:
        tones[(place + DEGREES[interval]) % 7] = (root + interval) % 12
    return Chord(root, intervals, frozenset(tones))


def _distance(pitches: Sequence[int], near: Sequence[int]) -> float:
    """How far the voices of two chords lie apart, wide and clustered layings weighing more."""
    moved = sum(min(abs(pitch - other) for other in near) for pitch in pitches)
    centre = abs(sum(pitches) / len(pitches) - sum(near) / len(near))
    gaps = [high - low for low, high in pairwise(pitches)]
    return moved + centre + sum(max(0, gap - 7) + 3 * (gap < 2) for gap in gaps)
