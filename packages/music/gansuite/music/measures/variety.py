"""Does generated music reach as far as real music does? Phrases as points whose coordinates are their measures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from gansuite.core.measures import DensityCoverage, density_coverage
from gansuite.music.measures.intervals import Float64, Tally
from gansuite.music.measures.sounds import GRID, Music
from gansuite.music.measures.tallies import DRUMS, count, is_of
from gansuite.music.roll import Grid


def describe(music: Music, tracks: Sequence[str] | None = None, grid: Grid = GRID) -> Float64:
    """Each phrase's own measures: what `table` has of it, track by track, of the band and pair by pair.

    Parameters
    ----------
    music : ndarray, (N, K, S, P)
        Cells or piano rolls.
    tracks : sequence of str
        K names, by default the grid's.
    grid : Grid
        Steps of a beat and of a bar.

    Returns
    -------
    ndarray of float64, (N, D)
        0 where a phrase has no such measure.

    Raises
    ------
    GansuiteError
        As for `table`.
    """
    tracks = grid.tracks if tracks is None else tracks
    counted = count(music, tracks, grid)
    columns = [
        _means(tally)[:, [number for number, track in enumerate(tracks) if is_of(name, track)]]
        for name, tally in counted.tracks.items()
    ]
    columns += [_means(tally) for tally in counted.band.values()]
    pitched = [number for number, track in enumerate(tracks) if track != DRUMS]
    columns += [_means(counted.tonal.pair(first, second)) for first, second in combinations(pitched, 2)]
    return np.concatenate(columns, axis=1)


def coverage(
    real: Music, samples: Music, tracks: Sequence[str] | None = None, grid: Grid = GRID, neighbours: int = 5
) -> DensityCoverage:
    """The share of real phrases that have a sample among their neighbours, and how crowded the samples' places are.

    Parameters
    ----------
    real, samples : ndarray, (N, K, S, P) and (M, K, S, P)
        About as many of either.
    tracks : sequence of str
        K names, by default the grid's.
    grid : Grid
        Steps of a beat and of a bar.
    neighbours : int
        How many make a neighbourhood.

    Returns
    -------
    DensityCoverage

    Raises
    ------
    GansuiteError
        As for `table`; or no more phrases than neighbours.

    Notes
    -----
    Density and coverage of the phrases' descriptions, each column divided by its standard deviation over the real ones.
    Samples as varied as the real phrases cover about 0.97; a model that makes one phrase only, next to nothing.

    References
    ----------
    Naeem, Oh, Uh, Choi and Yoo 2020, Reliable Fidelity and Diversity Metrics for Generative Models (ICML).
    """
    points = describe(real, tracks, grid)
    spread = points.std(axis=0)
    varied = spread > 1e-9
    others = describe(samples, tracks, grid)
    return density_coverage(points[:, varied] / spread[varied], others[:, varied] / spread[varied], neighbours)


def _means(tally: Tally) -> Float64:
    return np.asarray(tally.top / np.maximum(tally.bottom, 1))
