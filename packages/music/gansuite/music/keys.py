"""The key of music: estimated from how long each pitch class sounds, named, and moved to C major or A minor.

A major key and its relative minor have the same notes, so moving needs one number of semitones for both, and phrases
that were moved are called canonical.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError
from gansuite.music.notes import DRUMS, Ints, Notes, stack, tidy
from gansuite.music.roll import LOWEST, PITCHES, Roll

TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
# Temperley, "What's key for key?" (Music Perception 17, 1999), table 2: how well each degree fits a key
MAJOR_FIT = (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0)
MINOR_FIT = (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0)

Histogram = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Key:
    """A key.

    Attributes:
        tonic: its pitch class, 0 (C) to 11 (B).
        minor: whether it is a minor key.
    """

    tonic: int
    minor: bool = False

    def __str__(self) -> str:
        return f"{TONICS[self.tonic]} {'minor' if self.minor else 'major'}"

    @property
    def shift(self) -> int:
        """Semitones from this key down or up to C major or A minor, -5 to 6."""
        return (5 - self.tonic - (3 if self.minor else 0)) % 12 - 5


def parse_key(text: str) -> Key:
    """The key a person names: `D minor`, `Bb`, `F# major`, `f#m`, `am`.

    Raises:
        GansuiteError: it is no key.
    """
    found = re.fullmatch(r"([A-Ga-g])([#♯b♭]?)[ _-]*(major|maj|minor|min|m|M|)", text.strip())
    if found is None:
        raise GansuiteError(
            f"'{text}' is not a key.", "Name one such as C, 'F# minor' or Bb: a letter, # or b, and major or minor."
        )
    letter, accidental, mode = found.groups()
    tonic = LETTERS[letter.upper()] + ACCIDENTALS[accidental]
    return Key(tonic % 12, mode in ("minor", "min", "m"))


def histograms(notes: Notes) -> Histogram:
    """How many steps each pitch class sounds in each phrase, drums aside: float64 (N, 12)."""
    pitched = notes.track != DRUMS
    column = notes.phrase[pitched].astype(np.int64) * 12 + (notes.pitch[pitched].astype(np.int64) + LOWEST) % 12
    return np.bincount(column, notes.length[pitched], notes.count * 12).reshape(-1, 12).astype(np.float64)


def estimate(histogram: Histogram) -> Ints:
    """The likeliest key of each histogram (N, 12): int64 (N,), 0..11 major and 12..23 minor keys by tonic.

    The key whose profile of fit correlates best with the histogram (Krumhansl and Schmuckler's method with Temperley's
    profiles); silence is in C major.
    """
    profiles = np.array([np.roll(fit, tonic) for fit in (MAJOR_FIT, MINOR_FIT) for tonic in range(12)])
    return np.asarray(np.argmax(_normal(histogram) @ _normal(profiles).T, axis=1), np.int64)


def key_of(number: int) -> Key:
    """The key with that number of `estimate`'s."""
    return Key(number % 12, number >= 12)


def estimate_key(roll: Roll) -> Key:
    """The likeliest key of a stretch of music, drums aside; of silence, C major."""
    pitched = [name != "drums" for name in roll.tracks]
    sounding = roll.sounding[pitched].sum(axis=(0, 1))
    classes = np.bincount((np.arange(PITCHES) + LOWEST) % 12, sounding, 12).astype(np.float64)
    return key_of(int(estimate(classes[None])[0]))


def shifts(notes: Notes, piece: Ints, trust: float = 0.5) -> Ints:
    """Semitones that bring each phrase to C major or A minor, -5 to 6: int64 (N,).

    Four bars alone are little evidence, and a piece may change its key, so a phrase is judged by its own notes and, as
    much again times `trust`, by those of its whole piece.

    Args:
        notes: N phrases.
        piece: (N,), the piece each comes from, 0 or more.
        trust: weight of the piece beside the phrase.
    """
    own = histograms(notes)
    pieces = np.zeros((int(piece.max(initial=-1)) + 1, 12))
    np.add.at(pieces, piece, own)
    table = np.array([key_of(number).shift for number in range(24)])
    return np.asarray(table[estimate(_share(own) + trust * _share(pieces)[piece])], np.int64)


def moved(notes: Notes, semitones: Ints, steps: int) -> Notes:
    """Each phrase of `steps` steps that many semitones (N,) higher, drums aside.

    A note that would leave the range keeps its pitch class and comes in by an octave.
    """
    return stack([_moved(part, semitones[rows], steps) for rows, part in notes.blocks()])


def in_scale(notes: Notes) -> float:
    """The share of sounding time whose pitches belong to C major, 0..1; 0 for silence."""
    total = histograms(notes).sum(axis=0)
    return float(total[list(MAJOR_SCALE)].sum() / max(total.sum(), 1e-9))


def _moved(notes: Notes, semitones: Ints, steps: int) -> Notes:
    pitch = notes.pitch + np.where(notes.track == DRUMS, 0, semitones[notes.phrase])
    pitch = np.where(pitch < 0, pitch + 12, np.where(pitch >= PITCHES, pitch - 12, pitch))
    start = notes.start.astype(np.int64)
    return tidy(notes.count, notes.phrase, notes.track, pitch, start, start + notes.length, steps)


def _share(histogram: Histogram) -> Histogram:
    return np.asarray(histogram / np.maximum(histogram.sum(axis=1, keepdims=True), 1e-9), np.float64)


def _normal(rows: Histogram) -> Histogram:
    """Rows of mean 0 and length 1, so that their products are correlations; constant rows become 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-12), np.float64)
