"""Musical measures that are right: of one track, of two, of a whole lot of phrases, and of how much was copied.

Every figure is a `Measure` with the number of observations behind it and a 95 % interval clustered by phrase; none is
ever NaN. `table` takes them all in one pass.
"""

from gansuite.music.measures.harmony import (
    chroma,
    in_scale_rate,
    pitch_class_entropy,
    scale_consistency,
    shuffled_tonal_distance,
    tonal_distance,
    used_pitch_classes,
)
from gansuite.music.measures.intervals import Measure, ratio
from gansuite.music.measures.memory import (
    Memorisation,
    Prints,
    fingerprint,
    memorisation,
    nearest,
    uniqueness,
)
from gansuite.music.measures.notes import empty_bars, notes_per_bar, polyphony, qualified_notes, shortest_qualified
from gansuite.music.measures.rhythm import drum_pattern, groove_consistency
from gansuite.music.measures.table import MusicTable, TableDistance, distance, harmony_gap, table
from gansuite.music.measures.variety import coverage, describe

__all__ = [
    "Measure",
    "Memorisation",
    "MusicTable",
    "Prints",
    "TableDistance",
    "chroma",
    "coverage",
    "describe",
    "distance",
    "drum_pattern",
    "empty_bars",
    "fingerprint",
    "groove_consistency",
    "harmony_gap",
    "in_scale_rate",
    "memorisation",
    "nearest",
    "notes_per_bar",
    "pitch_class_entropy",
    "polyphony",
    "qualified_notes",
    "ratio",
    "scale_consistency",
    "shortest_qualified",
    "shuffled_tonal_distance",
    "table",
    "tonal_distance",
    "uniqueness",
    "used_pitch_classes",
]
