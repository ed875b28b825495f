"""Phrases written by hand."""

from __future__ import annotations

import numpy as np

from gansuite.music.roll import HOLD, LOWEST, ONSET, PITCHES, Cells

C, D, E, F, G, A, B = 60, 62, 64, 65, 67, 69, 71
SCALE = (C, D, E, F, G, A, B)


def roll(*notes: tuple[int, int, int], steps: int = 16) -> Cells:
    """One phrase of one track (1, steps, 84) from notes: (MIDI pitch, first step, steps)."""
    cells = np.zeros((1, steps, PITCHES), np.uint8)
    for pitch, start, length in notes:
        cells[0, start : start + length, pitch - LOWEST] = HOLD
        cells[0, start, pitch - LOWEST] = ONSET
    return cells


def chord(*pitches: int, start: int = 0, length: int = 16) -> list[tuple[int, int, int]]:
    """The notes of a chord."""
    return [(pitch, start, length) for pitch in pitches]


def one_after_another(*pitches: int, length: int = 1) -> list[tuple[int, int, int]]:
    """Notes of equal length, each beginning where the last one ends."""
    return [(pitch, number * length, length) for number, pitch in enumerate(pitches)]


def strokes(*steps: int) -> list[tuple[int, int, int]]:
    """Strokes of one drum."""
    return [(36, step, 1) for step in steps]
