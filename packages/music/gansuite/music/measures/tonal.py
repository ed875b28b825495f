"""The tonal space in which the distance of two tracks is measured.

Letters: N phrases, K tracks, T beats.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gansuite.music.measures.intervals import Float64, Tally
from gansuite.music.measures.sounds import CLASSES, Ints
from gansuite.music.roll import Flags


def _tonal_matrix() -> Float64:
    """The places of the 12 pitch classes on three circles: (12, 6)."""
    angles = np.arange(CLASSES)[:, None] * np.array([7 / 6, 3 / 2, 2 / 3]) * np.pi
    radii = np.array([1.0, 1.0, 0.5])
    return np.concatenate([radii * np.sin(angles), radii * np.cos(angles)], axis=1)


TONAL = _tonal_matrix()
FARTHEST = float(np.linalg.norm(TONAL[:, None] - TONAL, axis=2).max())  # two chords are never farther apart than this


@dataclass(frozen=True, eq=False)
class Tonal:
    """Where tracks are in tonal space, beat by beat.

    Attributes:
        centroids: (N, K, T, 6); 0 where nothing sounds.
        sounding: (N, K, T) whether anything sounds in the beat.
        group: how many beats make one observation; it counts if both tracks sound in all of them.
    """

    centroids: Float64
    sounding: Flags
    group: int = 1

    def rows(self, order: Ints | Flags) -> Tonal:
        """The phrases of that order (indices), or those chosen (flags)."""
        return replace(self, centroids=self.centroids[order], sounding=self.sounding[order])

    def pair(self, first: int, second: int, order: Ints | None = None) -> Tally:
        """The tonal distances of two tracks; those of the second are taken from the phrases `order` (N,)."""
        other = self if order is None else self.rows(order)
        gaps = self.centroids[:, first] - other.centroids[:, second]
        both = self.sounding[:, first] & other.sounding[:, second]
        shape = (len(gaps), gaps.shape[1] // self.group, self.group)
        counted = both.reshape(shape).all(axis=2)
        distances = np.sqrt(np.einsum("ntd,ntd->nt", gaps, gaps)).reshape(shape).mean(axis=2)
        return Tally((distances * counted).sum(axis=1)[:, None], counted.sum(axis=1)[:, None], FARTHEST)


def tonal(chroma: Ints, group: int = 1) -> Tonal:
    """The tonal centroids (Harte, Sandler and Gasser 2006) of beats (N, K, T, 12).

    A beat's chroma, divided by its sum, weighs the places of the pitch classes on the circles of fifths, minor and
    major thirds, of radii 1, 1 and 1/2.
    """
    totals = chroma.sum(axis=3)
    return Tonal((chroma @ TONAL) / np.maximum(totals, 1)[..., None], totals > 0, group)


def strangers(phrases: int, seed: int = 0) -> Ints:
    """For each of N phrases another one, never itself, at random: (N,); of a single phrase, itself."""
    order = np.random.default_rng(seed).permutation(phrases)
    partners = np.empty(phrases, np.int64)
    partners[order] = np.roll(order, 1)
    return partners
