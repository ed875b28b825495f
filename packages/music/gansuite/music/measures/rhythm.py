"""When things begin: groove and drum patterns. Letters: N phrases, K tracks, S steps, P pitches, B bars."""

from __future__ import annotations

import numpy as np

from gansuite.music.measures import compat as musegan2018
from gansuite.music.measures.intervals import Measure, Tally
from gansuite.music.measures.notes import one
from gansuite.music.measures.sounds import GRID, Ints, Music, hear
from gansuite.music.roll import Flags, Grid

SIXTEENTHS, EIGHTHS, TRIPLETS = 4, 2, 3


def groove_consistency(music: Music, grid: Grid = GRID) -> Measure:
    """How alike the rhythms of neighbouring bars are, 0..1; 1 if every bar begins its notes where the last did.

    Parameters
    ----------
    music : ndarray, (N, S, P) or (N, K, S, P)
        One track, or several heard together, as cells (uint8) or plain piano rolls (bool), from C1 up.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.

    Returns
    -------
    Measure
        Counted: pairs of neighbouring bars of one phrase, at least one of which begins a note.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`).

    Notes
    -----
    Mean over those pairs of 1 - (steps in which just one of the two begins a note) / steps of a bar. Two silent bars
    are no groove: a track that never plays has none, not a perfect one. Unlike muspy's, it is 1 for equal bars.

    References
    ----------
    Wu and Yang 2020, The Jazz Transformer on the Front Line (ISMIR), over all pairs; muspy, over neighbours.

    Examples
    --------
    >>> roll = np.zeros((1, 64, 84), bool)
    >>> roll[0, ::4, 36] = True  # a note on every beat
    >>> groove_consistency(roll).value
    1.0
    """
    sounds = hear(music, grid)
    return groove(sounds.by_bar(np.any(sounds.strikes, axis=1, keepdims=True))).measure()


def drum_pattern(track: Music, grid: Grid = GRID, division: int = SIXTEENTHS, compat: str | None = None) -> Measure:
    """DP: the share of drum strokes that fall on an even division of the beat, 0..1.

    Parameters
    ----------
    track : ndarray, (N, S, P)
        Cells (uint8) whose onsets are strokes, or a piano roll (bool) in which every step is one.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.
    division : int
        4 for sixteenths, 2 for eighths, 3 for triplets. On a grid of 4 steps a beat there is nothing beside the
        sixteenths: all strokes lie on them, and eighths say more.
    compat : None or "musegan2018"
        The latter for runs in place of strokes, 0.3 for one step beside a sixteenth, and the best of all shifts of the
        grid for each bar, as a mean of bars.

    Returns
    -------
    Measure
        Counted: strokes; in compat, bars that are not empty.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`);
        or an unknown `compat`.

    Notes
    -----
    Strokes on a multiple of 1/division of a beat / strokes.

    References
    ----------
    Dong et al. 2018, MuseGAN (AAAI): "DP: ratio of notes in 8- or 16-beat patterns".

    Examples
    --------
    >>> roll = np.zeros((1, 16, 84), bool)
    >>> roll[0, [0, 2, 4, 5], 12] = True
    >>> drum_pattern(roll, division=2).value
    0.75
    """
    one(track, grid)
    sounds = hear(track, grid, drums=(0,))
    if musegan2018.is_old(compat):
        return musegan2018.drum_pattern(sounds).measure()
    return on_division(sounds.strikes, sounds.beat, division).measure()


def groove(begins: Flags) -> Tally:
    """Agreement of neighbouring bars, from where notes begin (N, K, B, steps of a bar)."""
    lively = np.asarray(begins.any(axis=3))
    counted = lively[:, :, 1:] | lively[:, :, :-1]
    alike = (begins[:, :, 1:] == begins[:, :, :-1]).mean(axis=3)
    return Tally((alike * counted).sum(axis=2), counted.sum(axis=2))


def on_division(strikes: Ints, beat: int, division: int) -> Tally:
    """Strokes on the division among all strokes, from (N, K, S)."""
    hits = strikes[:, :, np.arange(strikes.shape[2]) % beat * division % beat == 0]
    return Tally(hits.sum(axis=2).astype(float), strikes.sum(axis=2))
