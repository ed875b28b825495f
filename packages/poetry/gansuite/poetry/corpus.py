"""A corpus of poems: read from what people have, cleaned, without repetitions, kept as columns.

N poems in the order in which sources were named and files found; P pairs of a poem and a picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gansuite.core.sources import Source, Unreadable
from gansuite.poetry.columns import columns
from gansuite.poetry.files import open_source
from gansuite.poetry.gather import HELD, PAIRS, POEMS, PROSE, Progress, Shelf, gather
from gansuite.poetry.guard import Limits
from gansuite.poetry.sieve import Ranges, check_ranges
from gansuite.poetry.store import Stored, default_cache_root, fetch, key_of
from gansuite.poetry.texts import Texts

VERSION = 1


@dataclass(frozen=True)
class Wanted:
    """Folders, zips and files: poems, poems never to train on, prose, and tables that give poems to pictures."""

    poems: tuple[str, ...]
    held_out: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()

    def by_role(self) -> list[tuple[str, str]]:
        """(role, path) of each."""
        named = ((POEMS, self.poems), (HELD, self.held_out), (PROSE, self.prose), (PAIRS, self.pairs))
        return [(role, path) for role, paths in named for path in paths]


@dataclass(frozen=True)
class Facts:
    """What is known of a corpus besides its poems; see `Gathered`.

    Attributes:
        found: poems found, those left out included.
    """

    files: int
    used: int
    found: int
    dropped: Mapping[str, int]
    examples: Mapping[str, str]
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Corpus:
    """N poems.

    Attributes:
        poems: their text: lines, a blank line between stanzas.
        prose: passages of prose, one line each.
        lines: int16 (N,), lines that are not blank.
        words: int16 (N,).
        born: int16 (N,), the year in which the author was born (see `eras.born_of`), 0 if unknown.
        author: int32 (N,), an index into `authors`; 0 is nobody known.
        title: int32 (N,), an index into `titles`; 0 is none.
        group: int32 (N,), equal for poems of one author; where none is known, of one file or record.
        work: int32 (N,), equal for stanzas of one poem, as far as files tell; poems of one picture too.
        side: int8 (N,), TRAIN or HELD_OUT where the sources say so, else OPEN.
        prints: uint64 (N,), fingerprints of the words.
        pair_poem, pair_image: int32 (P,), rows of poems and indices into `images`: pairs that were given.
        authors, titles: names.
        images: the names by which each picture of a pair may be called.
        facts: what was found and left out.
        digest: sha256 (hex): same digest, same poems, pairs and prose.
    """

    poems: Texts
    prose: Texts
    lines: npt.NDArray[np.int16]
    words: npt.NDArray[np.int16]
    born: npt.NDArray[np.int16]
    author: npt.NDArray[np.int32]
    title: npt.NDArray[np.int32]
    group: npt.NDArray[np.int32]
    work: npt.NDArray[np.int32]
    side: npt.NDArray[np.int8]
    prints: npt.NDArray[np.uint64]
    pair_poem: npt.NDArray[np.int32]
    pair_image: npt.NDArray[np.int32]
    authors: tuple[str, ...]
    titles: tuple[str, ...]
    images: tuple[tuple[str, ...], ...]
    facts: Facts
    digest: str

    def __len__(self) -> int:
        return len(self.poems)


def read_corpus(
    wanted: Wanted,
    ranges: Ranges | None = None,
    cache_root: Path | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> Corpus:
    """Read all sources, or what the cache holds of the same files.

    Args:
        wanted: what to read.
        ranges: how long a poem may be.
        cache_root: folder of the cache; None is the environment's GANSUITE_CACHE or the user's cache folder.
        progress: called with (files done, files in all) while files are read.
        limits: what one file may ask.

    Raises:
        GansuiteError: nothing at a path, an empty folder, impossible ranges.
    """
    ranges, limits = ranges or Ranges(), limits or Limits()
    check_ranges(ranges)
    with ExitStack() as stack:
        shelves = [Shelf(role, stack.enter_context(open_source(path, limits))) for role, path in wanted.by_role()]
        contents = [[shelf.role, *_content(shelf.source)] for shelf in shelves]
        key = key_of("corpus", VERSION, asdict(ranges), asdict(limits), contents)
        root = cache_root or default_cache_root()
        return _opened(fetch(root, "corpus", key, lambda: columns(gather(shelves, ranges, limits, progress))))


def _content(source: Source) -> list[str]:
    """Name and sha256 of each file: the same wherever the source lies, another whenever a file changes."""
    contents = [f"{refusal.name} {refusal.reason}" for refusal in source.refused]
    for entry in source.entries:
        try:
            contents.append(f"{entry.name} {hashlib.sha256(entry.read()).hexdigest()}")
        except Unreadable as error:
            contents.append(f"{entry.name} {error.reason}")
    return contents


def _opened(stored: Stored) -> Corpus:
    arrays: dict[str, Any] = dict(stored.arrays)
    known, told = stored.facts, stored.facts["facts"]
    for name in ("poems", "prose"):
        arrays[name] = Texts(arrays.pop(f"{name}_letters"), arrays.pop(f"{name}_starts"))
    return Corpus(
        **arrays,
        authors=tuple(known["authors"]),
        titles=tuple(known["titles"]),
        images=tuple(map(tuple, known["images"])),
        facts=Facts(**{**told, "skipped": tuple(map(tuple, told["skipped"])), "notes": tuple(told["notes"])}),
        digest=known["digest"],
    )
