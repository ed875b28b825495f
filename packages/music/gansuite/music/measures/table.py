"""All measures of a lot of phrases, track by track and pair by pair, and how far two such tables are apart.

Letters: N phrases, K tracks, S steps, P pitches, B bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import combinations
from typing import Any

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.music.measures.harmony import shuffled
from gansuite.music.measures.intervals import Measure
from gansuite.music.measures.sounds import GRID, Music
from gansuite.music.measures.tallies import DRUMS, Counted, count, is_of
from gansuite.music.measures.tonal import Tonal
from gansuite.music.roll import TRACKS, Flags, Grid

BAND = "all"  # all tracks heard together
PAIRS = ("tonal_distance", "tonal_distance_shuffled")
SCALES = {
    "empty_bars": 1.0,
    "used_pitch_classes": 12.0,
    "qualified_notes": 1.0,
    "polyphony": 1.0,
    "tonal_distance": 2.0,
}

Measures = Mapping[str, Mapping[str, Measure]]


@dataclass(frozen=True)
class MusicTable:
    """All measures of some phrases.

    Attributes:
        phrases, bars: how many were measured; a bar is one bar of all tracks.
        tracks: their names, in order.
        compat: None, or "musegan2018" for the definitions of 2018.
        measures: by name (as the functions are named) and by track, by pair as in "piano-bass", or "all" for all tracks
            together (harmony without the drums). `polyphony` asks for 2 pitches, `polyphony_above_two` for 3;
            `qualified_notes_in_bars` cuts notes at bar lines; `drum_eighths` is `drum_pattern` on eighths.
    """

    phrases: int
    bars: int
    tracks: tuple[str, ...]
    compat: str | None
    measures: Measures

    def __getitem__(self, name: str) -> Mapping[str, Measure]:
        """One measure of every track or pair that has it."""
        return self.measures[name]

    def to_dict(self) -> dict[str, Any]:
        """The table as plain dictionaries, lists, strings and numbers, fit for JSON."""
        return {**asdict(self), "tracks": list(self.tracks)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> MusicTable:
        """The table that `to_dict` made these of.

        Raises:
            GansuiteError: they are no such table.
        """
        try:
            measures = {
                name: {who: Measure(**figure) for who, figure in row.items()} for name, row in saved["measures"].items()
            }
            return cls(saved["phrases"], saved["bars"], tuple(saved["tracks"]), saved["compat"], measures)
        except (KeyError, TypeError, AttributeError) as error:
            raise GansuiteError(
                f"This is no table of musical measures ({type(error).__name__}: {error}).",
                "Give what MusicTable.to_dict wrote.",
            ) from error


@dataclass(frozen=True)
class TableDistance:
    """How far two tables are apart, each figure 0 (equal) to 1 or a little more.

    The mean over tracks (over pairs for `tonal_distance`) of |one - other|, divided by 12 for used pitch classes and by
    2 for the tonal distance. Drums take part in `empty_bars` alone; what a silent track does not have counts as 0.
    """

    empty_bars: float
    used_pitch_classes: float
    qualified_notes: float
    polyphony: float
    tonal_distance: float

    @property
    def mean(self) -> float:
        """The mean of the five."""
        return float(np.mean([getattr(self, field.name) for field in fields(self)]))


def table(
    music: Music,
    tracks: Sequence[str] | None = None,
    grid: Grid = GRID,
    present: Flags | None = None,
    compat: str | None = None,
    seed: int = 0,
) -> MusicTable:
    """Measure phrases, every track and pair of tracks, in one pass.

    Parameters
    ----------
    music : ndarray, (N, K, S, P)
        Cells (uint8), or plain piano rolls (bool), in whose drums every step is a stroke.
    tracks : sequence of str
        K names, by default the grid's; "drums" are no pitches.
    grid : Grid
        Steps of a beat and of a bar; how many bars there are, the array says.
    present : ndarray of bool, (N, K), optional
        Which tracks the source of a phrase has at all; the others do not count as silent. By default all are there.
    compat : None or "musegan2018"
        The latter for the measures as they were computed in 2018, as far as they existed.
    seed : int
        Of the shuffled control.

    Returns
    -------
    MusicTable

    Raises
    ------
    GansuiteError
        Another shape or type, or not a whole number of bars (see `sounds.hear`);
        names that do not fit the array, or an unknown `compat`.
    """
    if present is not None and present.shape != music.shape[:2]:
        raise GansuiteError(
            f"The tracks present have shape {present.shape}; the music is of {music.shape[:2]} phrases and tracks.",
            "Give one flag for each phrase and track.",
        )
    tracks = grid.tracks if tracks is None else tracks
    counted = count(music, tracks, grid, compat)
    measures = _by_track(counted, tracks, present) | _by_pair(counted.tonal, tracks, present, seed)
    return MusicTable(len(music), counted.bars, tuple(tracks), compat, measures)


def distance(one: MusicTable, other: MusicTable) -> TableDistance:
    """How far generated music is from real music, over the tracks both tables have.

    Parameters
    ----------
    one, other : MusicTable
        In either order.

    Returns
    -------
    TableDistance

    Raises
    ------
    GansuiteError
        No two pitched tracks in common, or tables of different definitions.
    """
    if one.compat != other.compat:
        raise GansuiteError(
            f"One table has the definitions '{one.compat}', the other '{other.compat}'.", "Measure both alike."
        )
    return TableDistance(**{name: _gap(one, other, name) / scale for name, scale in SCALES.items()})


def harmony_gap(of: MusicTable) -> dict[str, float]:
    """How much nearer two tracks of one phrase are than two of different phrases, by pair.

    Parameters
    ----------
    of : MusicTable

    Returns
    -------
    dict of str to float
        About 0.5 to 0.7 for real music and 0 where the tracks do not hear each other; a pair never heard has none.
    """
    together, apart = of["tonal_distance"], of["tonal_distance_shuffled"]
    return {
        pair: apart[pair].value - together[pair].value
        for pair in together
        if together[pair].count and apart[pair].count
    }


def _gap(one: MusicTable, other: MusicTable, name: str) -> float:
    tracks = _measured(one) & _measured(other)
    common = [who for who in one[name] if who in other[name] and tracks.issuperset(who.split("-"))]
    if not common:
        raise GansuiteError(
            f"The tables ({', '.join(one.tracks)}; {', '.join(other.tracks)}) have nothing in common for {name}.",
            "Measure the same tracks, two of them pitched.",
        )
    return float(np.mean([abs(one[name][who].value - other[name][who].value) for who in common]))


def _measured(of: MusicTable) -> set[str]:
    """The tracks that at least one phrase could have; a silent track is measured, an absent one is not."""
    return {track for track, figure in of["empty_bars"].items() if figure.count}


def _by_track(counted: Counted, tracks: Sequence[str], present: Flags | None) -> dict[str, dict[str, Measure]]:
    measures: dict[str, dict[str, Measure]] = {}
    for name, tally in counted.tracks.items():
        measures[name] = {
            track: tally.measure(number, None if present is None else present[:, number])
            for number, track in enumerate(tracks)
            if is_of(name, track)
        }
    for name, tally in counted.band.items():
        measures[name][BAND] = tally.measure()
    return measures


def _by_pair(tracks: Tonal, names: Sequence[str], present: Flags | None, seed: int) -> dict[str, dict[str, Measure]]:
    measures: dict[str, dict[str, Measure]] = {name: {} for name in PAIRS}
    pitched = [number for number, name in enumerate(names) if name != DRUMS]
    pitched.sort(key=lambda number: TRACKS.index(names[number]) if names[number] in TRACKS else len(TRACKS))
    for first, second in combinations(pitched, 2):
        heard = tracks if present is None else tracks.rows(present[:, first] & present[:, second])
        pair = f"{names[first]}-{names[second]}"
        measures["tonal_distance"][pair] = heard.pair(first, second).measure()
        measures["tonal_distance_shuffled"][pair] = shuffled(heard, first, second, seed).measure()
    return measures
