"""Everything that is counted in a lot of phrases, in one pass. Letters: N phrases, K tracks, S steps, P pitches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.music.measures import compat as musegan2018
from gansuite.music.measures import harmony, notes, rhythm
from gansuite.music.measures.intervals import Tally, join
from gansuite.music.measures.sounds import GRID, Music, Sounds, hear
from gansuite.music.measures.tonal import Tonal, tonal
from gansuite.music.roll import Grid

DRUMS = "drums"
CHUNK_CELLS = 2_000_000  # what is counted at once: 2 MB of cells, which stay in the processor's cache
DRUMS_ONLY = ("drum_pattern", "drum_eighths")
EVERY_TRACK = ("empty_bars", "notes_per_bar", "groove_consistency")


@dataclass(frozen=True, eq=False)
class Counted:
    """What was counted in N phrases.

    Attributes:
        bars: how many bars there are in all.
        tracks: by measure, what was counted in each phrase and track, (N, K).
        band: by measure, the same of all tracks together, (N, 1).
        tonal: where the tracks are in tonal space.
    """

    bars: int
    tracks: Mapping[str, Tally]
    band: Mapping[str, Tally]
    tonal: Tonal


def count(music: Music, tracks: Sequence[str], grid: Grid = GRID, compat: str | None = None) -> Counted:
    """Count phrases (N, K, S, P); arguments and errors as for `table`."""
    if music.ndim != 4 or music.shape[1] != len(tracks):
        raise GansuiteError(
            f"Music of shape {music.shape} does not have the {len(tracks)} tracks {', '.join(tracks)}.",
            "Give an array (phrases, tracks, steps, pitches) and a name for each track.",
        )
    old = musegan2018.is_old(compat)
    drums = [number for number, name in enumerate(tracks) if name == DRUMS]
    size = max(1, CHUNK_CELLS // max(1, int(np.prod(music.shape[1:]))))
    chunks = (music[start : start + size] for start in range(0, max(1, len(music)), size))
    heard = (hear(chunk, grid, drums) for chunk in chunks)
    return _joined([_count_2018(sounds) if old else _count(sounds, drums) for sounds in heard])


def is_of(measure: str, track: str) -> bool:
    """Whether a track has that measure."""
    return measure in EVERY_TRACK or (measure in DRUMS_ONLY) == (track == DRUMS)


def _count(sounds: Sounds, drums: Sequence[int]) -> Counted:
    """All measures of one chunk."""
    begins = sounds.by_bar(sounds.strikes > 0)
    chroma = sounds.beats.sum(axis=2)
    together = np.delete(chroma, drums, axis=1).sum(axis=1, keepdims=True)
    tracks = {
        "empty_bars": notes.empty(sounds),
        "notes_per_bar": notes.density(sounds),
        "used_pitch_classes": harmony.classes(sounds.bar_chroma),
        "qualified_notes": notes.qualified(sounds),
        "qualified_notes_in_bars": notes.qualified(sounds, across_bars=False),
        "polyphony": notes.polyphonic(sounds, 2),
        "polyphony_above_two": notes.polyphonic(sounds, 3),
        "pitch_class_entropy": harmony.entropy(chroma),
        "scale_consistency": harmony.consistency(chroma),
        "in_scale_rate": harmony.in_scale(chroma),
        "groove_consistency": rhythm.groove(begins),
        "drum_pattern": rhythm.on_division(sounds.strikes, sounds.beat, rhythm.SIXTEENTHS),
        "drum_eighths": rhythm.on_division(sounds.strikes, sounds.beat, rhythm.EIGHTHS),
    }
    band = {
        "pitch_class_entropy": harmony.entropy(together),
        "scale_consistency": harmony.consistency(together),
        "in_scale_rate": harmony.in_scale(together),
        "groove_consistency": rhythm.groove(np.any(begins, axis=1, keepdims=True)),
    }
    return Counted(sounds.phrases * sounds.bars, tracks, band, tonal(sounds.beats))


def _count_2018(sounds: Sounds) -> Counted:
    """The measures of 2018 of one chunk."""
    tracks = {
        "empty_bars": notes.empty(sounds),
        "used_pitch_classes": musegan2018.used_pitch_classes(sounds),
        "qualified_notes": musegan2018.qualified_notes(sounds),
        "polyphony": notes.polyphonic(sounds, 2),
        "in_scale_rate": musegan2018.in_scale_rate(sounds),
        "drum_pattern": musegan2018.drum_pattern(sounds),
    }
    return Counted(sounds.phrases * sounds.bars, tracks, {}, musegan2018.tonal_beats(sounds))


def _joined(parts: Sequence[Counted]) -> Counted:
    tracks = {name: join([part.tracks[name] for part in parts]) for name in parts[0].tracks}
    band = {name: join([part.band[name] for part in parts]) for name in parts[0].band}
    centroids = np.concatenate([part.tonal.centroids for part in parts])
    sounding = np.concatenate([part.tonal.sounding for part in parts])
    bars = sum(part.bars for part in parts)
    return Counted(bars, tracks, band, Tonal(centroids, sounding, parts[0].tonal.group))
