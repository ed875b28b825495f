"""Bars, notes and how many of them sound at once. Letters: N phrases, S steps, P pitches.

Every function takes one track (N, S, P), as cells or as a plain piano roll; see `sounds.hear`.
"""

from __future__ import annotations

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.music.measures import compat as musegan2018
from gansuite.music.measures.intervals import Measure, Tally
from gansuite.music.measures.sounds import GRID, Music, Sounds, hear
from gansuite.music.roll import Grid


def empty_bars(track: Music, grid: Grid = GRID) -> Measure:
    """EB: the share of bars in which nothing sounds, 0..1.

    Parameters
    ----------
    track : ndarray, (N, S, P)
        Cells (uint8) or a plain piano roll (bool), from C1 up.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.

    Returns
    -------
    Measure
        Counted: bars.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`).

    Notes
    -----
    Bars without a sounding cell / bars. Several public implementations return the share of bars that are *not* empty.

    References
    ----------
    Dong, Hsiao, Yang and Yang 2018, MuseGAN (AAAI): "EB: ratio of empty bars".

    Examples
    --------
    >>> roll = np.zeros((1, 64, 84), bool)
    >>> roll[0, :16, 36] = True
    >>> empty_bars(roll).value
    0.75
    """
    return empty(one(track, grid)).measure()


def notes_per_bar(track: Music, grid: Grid = GRID) -> Measure:
    """How many notes begin in a bar, empty bars included: 0..steps of a bar x P.

    Parameters
    ----------
    track : ndarray, (N, S, P)
        Cells (uint8) or a plain piano roll (bool), from C1 up.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.

    Returns
    -------
    Measure
        Counted: bars.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`).

    Notes
    -----
    Beginnings of notes / bars. In cells a repeated note counts twice; in a plain piano roll a run of a pitch is one
    note.
    """
    return density(one(track, grid)).measure()


def polyphony(track: Music, grid: Grid = GRID, least: int = 2) -> Measure:
    """PP: the share of steps in which at least `least` pitches sound, 0..1.

    Parameters
    ----------
    track : ndarray, (N, S, P)
        Cells (uint8) or a plain piano roll (bool), from C1 up.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.
    least : int
        2 for the definition of the code of MuseGAN and BinaryMuseGAN; 3 ("more than two") for that of the paper's text,
        muspy and pypianoroll.

    Returns
    -------
    Measure
        Counted: steps of bars that are not empty.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`).

    Notes
    -----
    Steps with >= least pitches / steps of bars that are not empty. With `least=2` this is also the figure of 2018.

    References
    ----------
    Dong et al. 2018, MuseGAN (AAAI); Dong and Yang 2018, BinaryMuseGAN (ISMIR): "polyphonicity".

    Examples
    --------
    >>> roll = np.zeros((1, 16, 84), bool)
    >>> roll[0, :8, [36, 40]] = True
    >>> roll[0, :4, 43] = True
    >>> polyphony(roll).value, polyphony(roll, least=3).value
    (0.5, 0.25)
    """
    return polyphonic(one(track, grid), least).measure()


def qualified_notes(track: Music, grid: Grid = GRID, across_bars: bool = True, compat: str | None = None) -> Measure:
    """QN: the share of notes no shorter than a thirty-second, 0..1; low values mean fragments.

    Parameters
    ----------
    track : ndarray, (N, S, P)
        Cells (uint8) or a plain piano roll (bool), from C1 up.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.
    across_bars : bool
        Whether a note sounds on over a bar line; otherwise it is cut there into two.
    compat : None or "musegan2018"
        The latter for runs of two steps, cut at bar lines, as a mean of bars.

    Returns
    -------
    Measure
        Counted: notes; in compat, bars that are not empty.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`);
        or an unknown `compat`.

    Notes
    -----
    Notes of at least `shortest_qualified(steps_per_beat)` steps / notes. A thirty-second is an eighth of a beat. Where
    a grid is too coarse to tell it from the shortest note of all, two steps are asked for: at 4 steps a beat, an
    eighth note. In cells a repeated note counts twice; in a plain piano roll a run of a pitch is one note.

    References
    ----------
    Dong et al. 2018, MuseGAN (AAAI): "QN: ratio of qualified notes", at least 3 of 96 steps; their code asks for 2.

    Examples
    --------
    >>> roll = np.zeros((1, 16, 84), bool)
    >>> roll[0, :4, 36] = roll[0, 6, 36] = True
    >>> qualified_notes(roll).value
    0.5
    """
    sounds = one(track, grid)
    tally = musegan2018.qualified_notes(sounds) if musegan2018.is_old(compat) else qualified(sounds, across_bars)
    return tally.measure()


def shortest_qualified(steps_per_beat: int) -> int:
    """Steps of the shortest qualified note: an eighth of a beat rounded up, and at least 2."""
    return max(2, -(-steps_per_beat // 8))


def one(track: Music, grid: Grid) -> Sounds:
    """One track (N, S, P), ready to count; raises `GansuiteError` for several."""
    if track.ndim != 3:
        raise GansuiteError(
            f"This measure is of one track (phrases, steps, pitches), not of an array of shape {track.shape}.",
            "Take one track of it, as in music[:, 1], or use table() for all of them.",
        )
    return hear(track, grid)


def empty(sounds: Sounds) -> Tally:
    """Empty bars among all bars."""
    silent = ~sounds.sounding_bars
    return Tally(silent.sum(axis=2).astype(float), np.full(silent.shape[:2], sounds.bars))


def density(sounds: Sounds) -> Tally:
    """Notes begun, by bars."""
    notes = sounds.strikes.sum(axis=2)
    return Tally(notes.astype(float), np.full(notes.shape, sounds.bars), sounds.bar * sounds.cells.shape[3])


def polyphonic(sounds: Sounds, least: int) -> Tally:
    """Steps with that many pitches among the steps of bars that are not empty."""
    many = (sounds.pitches >= least).sum(axis=2)
    return Tally(many.astype(float), sounds.sounding_bars.sum(axis=2) * sounds.bar)


def qualified(sounds: Sounds, across_bars: bool = True) -> Tally:
    """Notes long enough among all notes."""
    long, notes = sounds.notes(shortest_qualified(sounds.beat), across_bars)
    return Tally(long.astype(float), notes)
