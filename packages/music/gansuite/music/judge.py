"""Which phrases are worth keeping: enough instruments, in one key, none twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gansuite.music import keys
from gansuite.music.gather import Gathered
from gansuite.music.notes import DRUMS, Ints, Notes
from gansuite.music.phrases import FEW_FAMILIES, NO_DRUMS, families_playing
from gansuite.music.roll import Flags, Grid

DRUMS_FROM = 4  # families: whoever asks for so many wants drums among them, as the published sets do


@dataclass(frozen=True, eq=False)
class Judged:
    """What was found of N phrases.

    Attributes:
        notes: the phrases in C major or A minor.
        moved: int64 (N,), semitones by which each was moved.
        prints: N fingerprints, equal for phrases that are equal in that key.
        keeps: bool (N,), which have enough instruments.
        dropped: how many have not, and what was left out before, by reason.
    """

    notes: Notes
    moved: Ints
    prints: tuple[bytes, ...]
    keeps: Flags
    dropped: dict[str, int]


def judge(found: Gathered, grid: Grid, min_families: int) -> Judged:
    """Move phrases to one key and see which have enough instruments.

    Args:
        found: the phrases.
        grid: their shape.
        min_families: so many families must play, one less for each that the source cannot have; from 4 on, drums must
            be one of them where the source can have any.
    """
    playing = families_playing(found.notes, grid) & found.present
    drumless = found.present[:, DRUMS] & ~playing[:, DRUMS] & (min_families >= DRUMS_FROM)
    least = np.maximum(1, min_families - (~found.present).sum(axis=1))
    few = ~drumless & (playing.sum(axis=1) < least)
    moved = keys.shifts(found.notes, found.piece)
    notes = keys.moved(found.notes, moved, grid.steps)
    dropped = {**found.dropped, NO_DRUMS: int(drumless.sum()), FEW_FAMILIES: int(few.sum())}
    return Judged(notes, moved, _prints(notes), ~drumless & ~few, dropped)


def first_of_each(prints: Sequence[bytes], rows: Sequence[int]) -> list[int]:
    """The rows whose fingerprint no earlier one of them has."""
    seen: dict[bytes, int] = {}
    for row in rows:
        seen.setdefault(prints[row], row)
    return list(seen.values())


def _prints(notes: Notes) -> tuple[bytes, ...]:
    table = np.stack([notes.track, notes.pitch, notes.start, notes.length], axis=1, dtype=np.int32).astype(
        "<i4", copy=False
    )
    return tuple(
        hashlib.blake2b(table[start:stop].tobytes(), digest_size=16).digest()
        for start, stop in pairwise(notes.offsets().tolist())
    )
