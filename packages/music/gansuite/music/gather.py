"""All phrases of all sources side by side, before any is judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gansuite.core.sources import Entry, Refusal, Source, Unreadable
from gansuite.music.files import open_source
from gansuite.music.guard import Limits, read_arrays
from gansuite.music.lpd import read_lpd
from gansuite.music.notes import Ints, Notes, stack
from gansuite.music.packs import Pack, is_pack, unpack
from gansuite.music.phrases import Cut, Cutting, cut_pack, cut_score
from gansuite.music.roll import TRACKS, Flags
from gansuite.music.score import Score, read_score
from gansuite.music.split import HELD_OUT, OPEN, TRAIN

EMBEDDED = "the embedded band"
PIECES, PIECE_BARS = 600, 16
Progress = Callable[[int, int], None]
Look = Callable[[str, "Score | Pack"], None]
ZIP = b"PK\x03\x04"
VALID = frozenset({"valid", "validation", "val"})


@dataclass(frozen=True, eq=False)
class Gathered:
    """Everything found.

    Attributes:
        notes: N phrases, as they sound.
        piece: int64 (N,), an index into `names`.
        names: of all pieces.
        present: bool (N, K), which tracks the source of each phrase has at all.
        sides: int64 (N,), TRAIN or HELD_OUT where the sources say so, else OPEN.
        dropped: bars or phrases left out, by reason.
        sources: what was named.
        files, used: how many files there are, and how many gave music.
        skipped: name and reason of each file that is not used.
    """

    notes: Notes
    piece: Ints
    names: tuple[str, ...]
    present: Flags
    sides: Ints
    dropped: dict[str, int]
    sources: tuple[str, ...]
    files: int
    used: int
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class _Part:
    cut: Cut
    side: int


def gather(
    paths: Sequence[str],
    held_out_paths: Sequence[str],
    cutting: Cutting,
    progress: Progress | None = None,
    look: Look | None = None,
) -> Gathered:
    """Read every file of every source; without `paths`, let the embedded band play.

    Args:
        paths: folders, zips and files.
        held_out_paths: more of them, on the side that is never trained on.
        cutting: how phrases are cut.
        progress: called with (files done, files in all) of each source.
        look: called with the name of each file that could be read, and what it holds.

    Raises:
        GansuiteError: one of the paths is not there, or empty.
    """
    if not paths:
        return _joined(_band(cutting, progress), (EMBEDDED,), ())
    parts: list[_Part] = []
    skipped: list[tuple[str, str]] = []
    sources: list[str] = []
    for path in (*paths, *held_out_paths):
        with open_source(path) as source:
            sources.append(str(source.path))
            skipped += [(refusal.name, refusal.reason) for refusal in source.refused]
            sides = _sides(source, HELD_OUT if path in held_out_paths else TRAIN if held_out_paths else OPEN)
            for number, (entry, side) in enumerate(zip(source.entries, sides, strict=True), 1):
                cut = _cut_entry(entry, cutting, look)
                if isinstance(cut, Refusal):
                    skipped.append((cut.name, cut.reason))
                else:
                    parts.append(_Part(cut, side))
                if progress is not None:
                    progress(number, len(source.entries))
    return _joined(parts, tuple(sources), tuple(sorted(skipped)))


def _cut_entry(entry: Entry, cutting: Cutting, look: Look | None) -> Cut | Refusal:
    """The phrases of one file, or the reason why it has none."""
    try:
        found = read_entry(entry)
        if look is not None:
            look(entry.name, found)
        if isinstance(found, Pack):
            return cut_pack(found, entry.name, cutting.grid)
        return cut_score(found, entry.name, cutting)
    except Unreadable as error:
        return Refusal(entry.name, error.reason)
    except MemoryError:
        return Refusal(entry.name, "needs more memory than there is")


def read_entry(entry: Entry) -> Score | Pack:
    """What one file holds; raises `Unreadable`."""
    data = entry.read()
    if not data.startswith(ZIP):
        return read_score(data)
    arrays = read_arrays(data, Limits())
    return unpack(arrays, Limits()) if is_pack(arrays) else read_lpd(data)


def _band(cutting: Cutting, progress: Progress | None) -> list[_Part]:
    from gansuite.music.band import compose

    grid = cutting.grid
    meter = (4, 4) if grid.accepts((4, 4)) else grid.meter
    parts = []
    for index in range(PIECES):
        piece = compose(index, bars=max(PIECE_BARS, 2 * grid.bars), meter=meter)
        parts.append(_Part(cut_score(piece.score, f"{piece.name} {index:03d}", cutting), OPEN))
        if progress is not None:
            progress(index + 1, PIECES)
    return parts


def _sides(source: Source, default: int) -> list[int]:
    """On which side each file of a source is: folders `train` and `valid` say so, if both are there."""
    folders = [{part.lower() for part in entry.folders} for entry in source.entries]
    known = set().union(*folders)
    if default == HELD_OUT or "train" not in known or not known & VALID:
        return [default] * len(folders)
    return [HELD_OUT if found & VALID else TRAIN for found in folders]


def _joined(parts: Sequence[_Part], sources: tuple[str, ...], skipped: tuple[tuple[str, str], ...]) -> Gathered:
    dropped: Counter[str] = Counter()
    pieces, present = [np.empty(0, np.int64)], [np.empty((0, len(TRACKS)), np.bool_)]
    sides = [np.empty(0, np.int64)]
    names: list[str] = []
    for part in parts:
        count = part.cut.notes.count
        pieces.append(part.cut.piece + len(names))
        names += part.cut.names
        present.append(np.tile(np.isin(np.arange(len(TRACKS)), part.cut.tracks), (count, 1)))
        sides.append(np.full(count, part.side))
        dropped += part.cut.dropped
    return Gathered(
        notes=stack([part.cut.notes for part in parts]),
        piece=np.concatenate(pieces),
        names=tuple(names),
        present=np.concatenate(present),
        sides=np.concatenate(sides),
        dropped=dict(dropped),
        sources=sources,
        files=len(parts) + len(skipped),
        used=len(parts),
        skipped=skipped,
    )
