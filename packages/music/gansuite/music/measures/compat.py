"""`compat="musegan2018"`: the measures as the code behind the MuseGAN tables computed them, mistakes included.

They are here only so that old tables can be compared with. The code of Dong et al. 2018 (AAAI), and public code since
then, folds the chroma wrongly: it cuts the 84 pitches into 12 groups of 7 neighbouring semitones, where pitches an
octave apart belong together. Moreover everything is a mean over the bars in which a track plays, notes are cut at bar
lines, and tonal distances exist only for bars in which both tracks sound on every beat. What is struck again without a
rest is one note: rolls of that time had a rest of one step there. Letters as in `sounds`.
"""

from __future__ import annotations

import math

import numpy as np

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.music.measures.intervals import Float64, Tally
from gansuite.music.measures.sounds import CLASSES, Ints, Sounds
from gansuite.music.measures.tonal import Tonal, tonal
from gansuite.music.roll import Flags

MUSEGAN_2018 = "musegan2018"
C_MAJOR = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1])
BESIDE = 0.3  # weight of a drum stroke one step beside a sixteenth


def is_old(compat: str | None) -> bool:
    """Whether the definitions of 2018 are asked for.

    Raises:
        GansuiteError: another word.
    """
    if compat not in (None, MUSEGAN_2018):
        raise GansuiteError(
            f"No definitions are known under the name '{compat}'. {did_you_mean(compat, [MUSEGAN_2018])}",
            "Leave compat out for the right ones.",
        )
    return compat is not None


def rolls(sounds: Sounds) -> Flags:
    """Plain piano rolls bar by bar: bool (N, K, B, steps of a bar, P)."""
    shape = sounds.cells.shape
    return np.asarray(sounds.cells != 0).reshape(*shape[:2], sounds.bars, sounds.bar, shape[3])


def wrong_chroma(sounds: Sounds) -> Ints:
    """How many cells sound in each of 12 groups of neighbouring pitches: (N, K, B, steps of a bar, 12).

    Raises:
        GansuiteError: the number of pitches is not a multiple of 12.
    """
    bars = rolls(sounds)
    if bars.shape[-1] % CLASSES:
        raise GansuiteError(
            f"{bars.shape[-1]} pitches cannot be cut into 12 groups as in 2018.", "Use rolls of 84 pitches."
        )
    groups = bars.reshape(*bars.shape[:4], CLASSES, bars.shape[4] // CLASSES)
    return np.asarray(groups.sum(axis=5))


def used_pitch_classes(sounds: Sounds) -> Tally:
    """Groups of neighbouring pitches that sound in a bar in which the track plays."""
    used = (wrong_chroma(sounds).sum(axis=3) > 0).sum(axis=3)
    return Tally(used.sum(axis=2).astype(float), sounds.sounding_bars.sum(axis=2), CLASSES)


def qualified_notes(sounds: Sounds) -> Tally:
    """Per bar, the share of runs of at least two steps."""
    bars = rolls(sounds)
    later = np.zeros_like(bars)
    later[..., :-1, :] = bars[..., 1:, :]
    begin = _beginnings(bars)
    return _mean_of_bars((begin & later).sum(axis=(3, 4)), begin.sum(axis=(3, 4)))


def in_scale_rate(sounds: Sounds) -> Tally:
    """Per bar, the share of cells in the groups whose numbers are those of C major."""
    chroma = wrong_chroma(sounds).sum(axis=3)
    return _mean_of_bars(chroma @ C_MAJOR, chroma.sum(axis=3))


def drum_pattern(sounds: Sounds) -> Tally:
    """Per bar, the share of beginnings of runs on a sixteenth, less beside it, under the best of all shifts."""
    strikes = _beginnings(rolls(sounds)).sum(axis=4)
    scores = strikes @ _masks(sounds.bar, sounds.beat).T
    return _mean_of_bars(scores.max(axis=3), strikes.sum(axis=3))


def tonal_beats(sounds: Sounds) -> Tonal:
    """The centroids of wrongly folded beats; an observation is a whole bar in which every beat sounds."""
    beats = sounds.bar // sounds.beat
    chroma = wrong_chroma(sounds)[:, :, :, : beats * sounds.beat]
    shape = (sounds.phrases, sounds.tracks, sounds.bars * beats, sounds.beat, CLASSES)
    return tonal(chroma.reshape(shape).sum(axis=3), max(1, beats))


def _beginnings(bars: Flags) -> Flags:
    """Where runs begin, a bar at a time."""
    before = np.zeros_like(bars)
    before[..., 1:, :] = bars[..., :-1, :]
    return bars & ~before


def _masks(bar: int, beat: int) -> Float64:
    """The weights of the steps of a bar under every shift: (shifts, bar); 1 .3 0 0 0 .3 ... at 24 steps a beat."""
    period = beat // math.gcd(beat, 4)
    weights = np.zeros(period)
    weights[[1 % period, -1]] = BESIDE
    weights[0] = 1
    return np.array([np.roll(np.resize(weights, bar), shift) for shift in range(period)])


def _mean_of_bars(top: Float64 | Ints, bottom: Ints) -> Tally:
    """The mean of ratios (N, K, B) over the bars in which the bottom is not 0."""
    ratios = np.divide(top, bottom, out=np.zeros(bottom.shape), where=bottom > 0)
    return Tally(ratios.sum(axis=2), (bottom > 0).sum(axis=2))
