"""Pitch classes, scales, and how far two tracks are apart in tonal space.

Letters: N phrases, K tracks, S steps, P pitches, B bars. A function that takes `music` measures one track (N, S, P), or
several (N, K, S, P) heard together; leave the drums out, their pitches are instruments. All count sounding time: a
pitch class weighs as many steps as it sounds, pitches an octave apart adding up.
"""

from __future__ import annotations

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.music.keys import MAJOR_SCALE, Key
from gansuite.music.measures import compat as musegan2018
from gansuite.music.measures.intervals import Measure, Tally
from gansuite.music.measures.notes import one
from gansuite.music.measures.sounds import CLASSES, GRID, Ints, Music, hear
from gansuite.music.measures.tonal import Tonal, strangers, tonal
from gansuite.music.roll import Grid

C_MAJOR = Key(0)
_SCALE = np.isin(np.arange(CLASSES), MAJOR_SCALE)
_SCALES = np.array([np.roll(_SCALE, tonic) for tonic in range(CLASSES)])  # minor keys share those of their relatives


def used_pitch_classes(track: Music, grid: Grid = GRID, compat: str | None = None) -> Measure:
    """UPC: how many of the 12 pitch classes sound in a bar that is not empty, 0..12.

    Parameters
    ----------
    track : ndarray, (N, S, P)
        Cells (uint8) or a plain piano roll (bool), from C1 up.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.
    compat : None or "musegan2018"
        The latter for groups of seven neighbouring semitones in place of pitch classes.

    Returns
    -------
    Measure
        Counted: bars that are not empty.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`);
        or an unknown `compat`.

    Notes
    -----
    Mean over bars that are not empty of |{pitch mod 12}|.

    References
    ----------
    Dong et al. 2018, MuseGAN (AAAI): "UPC: number of used pitch classes per bar".

    Examples
    --------
    >>> roll = np.zeros((1, 16, 84), bool)
    >>> roll[0, :, [0, 12, 24]] = True  # C in three octaves
    >>> used_pitch_classes(roll).value, used_pitch_classes(roll, compat="musegan2018").value
    (1.0, 3.0)
    """
    sounds = one(track, grid)
    if musegan2018.is_old(compat):
        return musegan2018.used_pitch_classes(sounds).measure()
    return classes(sounds.bar_chroma).measure()


def pitch_class_entropy(music: Music, grid: Grid = GRID) -> Measure:
    """PCE: the entropy of the pitch classes of a phrase in bits, 0 (one class) to 3.585 (all alike).

    Parameters
    ----------
    music : ndarray, (N, S, P) or (N, K, S, P)
        One track, or several heard together, as cells (uint8) or plain piano rolls (bool), from C1 up.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.

    Returns
    -------
    Measure
        Counted: phrases that sound.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`).

    Notes
    -----
    -sum p log2 p over the shares p of the 12 classes in the sounding time, as a mean over phrases that sound; at most
    log2(12). muspy weighs notes in place of time.

    References
    ----------
    Wu and Yang 2020, The Jazz Transformer on the Front Line (ISMIR).

    Examples
    --------
    >>> roll = np.zeros((1, 16, 84), bool)
    >>> roll[0, :8, 36] = roll[0, 8:, 43] = True
    >>> pitch_class_entropy(roll).value
    1.0
    """
    return entropy(_together(music, grid)).measure()


def scale_consistency(music: Music, grid: Grid = GRID) -> Measure:
    """The share of a phrase in the scale that fits it best, 0..1; if all classes sound alike, 7/12.

    Parameters
    ----------
    music : ndarray, (N, S, P) or (N, K, S, P)
        One track, or several heard together, as cells (uint8) or plain piano rolls (bool), from C1 up.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.

    Returns
    -------
    Measure
        Counted: phrases that sound.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`).

    Notes
    -----
    Max over the 24 major and natural minor keys of the share of sounding time inside the scale, as a mean over phrases
    that sound. muspy weighs notes in place of time.

    References
    ----------
    Mogren 2016, C-RNN-GAN; muspy, `scale_consistency`.

    Examples
    --------
    >>> roll = np.zeros((1, 16, 84), bool)
    >>> roll[0, :, [36, 37, 38]] = True  # C, C sharp and D are in no scale together
    >>> round(scale_consistency(roll).value, 3)
    0.667
    """
    return consistency(_together(music, grid)).measure()


def in_scale_rate(music: Music, grid: Grid = GRID, key: Key = C_MAJOR, compat: str | None = None) -> Measure:
    """The share of sounding cells whose pitch belongs to a key, 0..1.

    Parameters
    ----------
    music : ndarray, (N, S, P) or (N, K, S, P)
        One track, or several heard together, as cells (uint8) or plain piano rolls (bool), from C1 up.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.
    key : Key
        Whose scale; phrases moved to C major or A minor are measured in C major.
    compat : None or "musegan2018"
        The latter for one track in C major with the chroma folded wrongly, as a mean of bars.

    Returns
    -------
    Measure
        Counted: sounding cells; in compat, bars that are not empty.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`);
        an unknown `compat`, or one together with several tracks or another key.

    Notes
    -----
    Sounding cells in the scale / sounding cells; the scale of a minor key is the natural one.

    References
    ----------
    Dong et al. 2018, MuseGAN (its code); muspy, `pitch_in_scale_rate`.

    Examples
    --------
    >>> roll = np.zeros((1, 16, 84), bool)
    >>> roll[0, :12, 36] = roll[0, 12:, 37] = True  # C, then C sharp
    >>> in_scale_rate(roll).value
    0.75
    """
    if not musegan2018.is_old(compat):
        return in_scale(_together(music, grid), key).measure()
    if key.shift != 0:
        raise GansuiteError(f"In 2018 only C major was measured, not {key}.", "Leave out the key or compat.")
    return musegan2018.in_scale_rate(one(music, grid)).measure()


def tonal_distance(first: Music, second: Music, grid: Grid = GRID, compat: str | None = None) -> Measure:
    """TD: how far two tracks are apart harmonically, 0 (the same chords) to 2.83.

    Parameters
    ----------
    first, second : ndarray, (N, S, P)
        Two tracks of the same phrases, as cells (uint8) or plain piano rolls (bool), from C1 up.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.
    compat : None or "musegan2018"
        The latter for the chroma folded wrongly, as a mean of the bars in which both sound on every beat.

    Returns
    -------
    Measure
        Counted: beats in which both sound; in compat, bars.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`);
        different shapes, or an unknown `compat`.

    Notes
    -----
    The Euclidean distance of the two tonal centroids (see `tonal.tonal`) of a beat (a quarter note), as a mean over the
    beats in which both tracks sound. With the chroma of 2018, shuffled tracks are hardly farther apart than real ones.

    References
    ----------
    Harte, Sandler and Gasser 2006, Detecting Harmonic Change in Musical Audio; Dong et al. 2018, MuseGAN (AAAI).

    Examples
    --------
    >>> low = np.zeros((1, 16, 84), bool)
    >>> low[0, :, 12] = True
    >>> tonal_distance(low, np.roll(low, 12, axis=2)).value  # an octave
    0.0
    >>> round(tonal_distance(low, np.roll(low, 6, axis=2)).value, 3)  # a tritone
    2.828
    """
    return _both(first, second, grid, compat).pair(0, 1).measure()


def shuffled_tonal_distance(
    first: Music, second: Music, grid: Grid = GRID, seed: int = 0, compat: str | None = None
) -> Measure:
    """The control of `tonal_distance`: each phrase of the first track with the second track of another phrase.

    Tracks that hear each other are nearer than this; tracks that agree no better than strangers are not.

    Parameters
    ----------
    first, second, grid, compat
        As for `tonal_distance`, which also tells the errors.
    seed : int
        Of the partners, none of which is the phrase itself.

    Returns
    -------
    Measure
        Counted: beats in which both sound; none for fewer than two phrases.
    """
    both = _both(first, second, grid, compat)
    return shuffled(both, 0, 1, seed).measure()


def chroma(music: Music, steps: int, grid: Grid = GRID) -> Ints:
    """How many cells of each pitch class sound in each stretch of `steps` steps.

    Parameters
    ----------
    music : ndarray, (N, S, P) or (N, K, S, P)
        Cells (uint8) or plain piano rolls (bool), from C1 up.
    steps : int
        Of a stretch; the last may be shorter.
    grid : Grid
        Steps of a beat and of a bar.

    Returns
    -------
    ndarray of int64, (N, stretches, 12) or (N, K, stretches, 12)
        Pitch class 0 is C; pitches an octave apart add up.

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`).
    """
    counted = hear(music, grid).chroma(steps)
    return counted if music.ndim == 4 else counted[:, 0]


def classes(bar_chroma: Ints) -> Tally:
    """Pitch classes by sounding bar, from (N, K, B, 12)."""
    used = (bar_chroma > 0).sum(axis=3)
    return Tally(used.sum(axis=2).astype(float), (used > 0).sum(axis=2), CLASSES)


def entropy(phrase_chroma: Ints) -> Tally:
    """Entropies of sounding phrases, from (N, K, 12)."""
    total = phrase_chroma.sum(axis=2)
    share = phrase_chroma / np.maximum(total, 1)[..., None]
    bits = -(share * np.log2(np.where(share > 0, share, 1))).sum(axis=2)
    return Tally(np.maximum(bits, 0), (total > 0).astype(np.int64), float(np.log2(CLASSES)))


def consistency(phrase_chroma: Ints) -> Tally:
    """Shares in the best scale of sounding phrases, from (N, K, 12)."""
    total = phrase_chroma.sum(axis=2)
    best = (phrase_chroma @ _SCALES.T.astype(np.int64)).max(axis=2)
    return Tally(best / np.maximum(total, 1), (total > 0).astype(np.int64))


def in_scale(phrase_chroma: Ints, key: Key = C_MAJOR) -> Tally:
    """Sounding cells in a scale among all, from (N, K, 12)."""
    scale = _SCALES[-key.shift % CLASSES]
    return Tally(phrase_chroma[..., scale].sum(axis=2).astype(float), phrase_chroma.sum(axis=2))


def shuffled(tracks: Tonal, first: int, second: int, seed: int) -> Tally:
    """The distances of two tracks of different phrases."""
    phrases = len(tracks.sounding)
    tally = tracks.pair(first, second, strangers(phrases, seed))
    return tally if phrases > 1 else Tally(0 * tally.top, 0 * tally.bottom, tally.limit)


def _both(first: Music, second: Music, grid: Grid, compat: str | None) -> Tonal:
    if first.shape != second.shape or first.dtype != second.dtype:
        raise GansuiteError(
            f"The two tracks differ: {first.dtype} of shape {first.shape} and {second.dtype} of shape {second.shape}.",
            "Give two tracks of the same phrases.",
        )
    if first.ndim != 3:
        one(first, grid)
    sounds = hear(np.stack([first, second], axis=1), grid)
    return musegan2018.tonal_beats(sounds) if musegan2018.is_old(compat) else tonal(sounds.beats)


def _together(music: Music, grid: Grid) -> Ints:
    """Chroma of whole phrases, all tracks added up: (N, 1, 12)."""
    return np.asarray(hear(music, grid).beats.sum(axis=(1, 2))[:, None])
