"""All poems of all sources, one after the other: read and cleaned, before repetitions are looked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gansuite.core.sources import Entry, Refusal, Source, Unreadable
from gansuite.poetry.files import kind_of
from gansuite.poetry.guard import Limits
from gansuite.poetry.records import Found, Record, read_records
from gansuite.poetry.sieve import Ranges, passages, sift
from gansuite.poetry.split import HELD_OUT, OPEN, SIDE_WORDS, TRAIN, sides_by_name

POEMS, HELD, PROSE, PAIRS = "poems", "held out", "prose", "pairs"
PLAIN = (".txt", ".text", "")
MOST_NAMED = 5000  # files and lines that are named with a reason
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Shelf:
    """A source and what is asked of it: POEMS, HELD (never trained on), PROSE or PAIRS (poems given to pictures)."""

    role: str
    source: Source


@dataclass(frozen=True, slots=True)
class Piece:
    """One poem.

    Attributes:
        text: tidy lines.
        bare: its words alone.
        record: the record that it is, or is a stanza of.
        author: as the record or the folder has it, or empty.
        name: the file it is from.
        place: the source, file and block: what stays together where no author is known.
        side: OPEN, TRAIN or HELD_OUT.
    """

    text: str
    bare: bytes
    record: Record
    author: str
    name: str
    place: str
    side: int


@dataclass
class Gathered:
    """Everything found.

    Attributes:
        pieces: the poems.
        prose: passages of prose.
        references: pictures' names and the title of the poem that a table of pairs gives them.
        dropped: how many poems were left out, by reason.
        examples: the beginning of the first one of each reason, and where it stands.
        skipped: name and reason of each file, or line of one, that is not used.
        notes: sentences a person should read.
        files, used: how many files there are, and how many gave something.
    """

    pieces: list[Piece] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    references: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    skipped: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0
    used: int = 0

    def drop(self, reason: str, text: str, name: str) -> None:
        """Count a poem that is left out."""
        self.dropped[reason] += 1
        self.examples.setdefault(reason, f"{name}: {' / '.join(text.splitlines())[:60]}")


@dataclass(frozen=True)
class _Place:
    """A file, and what its place among the others says of its poems."""

    entry: Entry
    role: str
    key: str
    side: int
    author: str


def gather(shelves: Sequence[Shelf], ranges: Ranges, limits: Limits, progress: Progress | None = None) -> Gathered:
    """Read every file of every source.

    Args:
        shelves: sources, opened.
        ranges: how long a poem may be.
        limits: what a file may ask.
        progress: called with (files done, files in all).
    """
    gathered = Gathered()
    default = TRAIN if any(shelf.role == HELD for shelf in shelves) else OPEN
    places = [place for number, shelf in enumerate(shelves) for place in _places(shelf, number, default)]
    refused = [refusal for shelf in shelves for refusal in shelf.source.refused]
    gathered.skipped += refused
    gathered.files = len(places) + len(refused)
    for done, place in enumerate(places, 1):
        found = _read(place, limits)
        if isinstance(found, Refusal):
            gathered.skipped.append(found)
        else:
            _take(gathered, found, place, ranges)
        if progress is not None:
            progress(done, len(places))
    gathered.skipped = sorted(gathered.skipped[:MOST_NAMED], key=lambda refusal: refusal.name)
    return gathered


def _read(place: _Place, limits: Limits) -> Found | Refusal:
    try:
        return read_records(place.entry, limits, prose=place.role == PROSE)
    except Unreadable as error:
        return Refusal(place.entry.name, error.reason)
    except MemoryError:
        return Refusal(place.entry.name, "needs more memory than there is")


def _take(gathered: Gathered, found: Found, place: _Place, ranges: Ranges) -> None:
    gathered.used += 1
    gathered.skipped += found.broken
    gathered.notes += [found.note] if found.note else []
    for record in found.records:
        if record.prose:
            gathered.prose += passages(record.text)
        elif place.role == PAIRS and "\n" not in record.text.strip():
            gathered.references.append((record.images, record.text.strip()))
        else:
            _take_poems(gathered, record, place, ranges)


def _take_poems(gathered: Gathered, record: Record, place: _Place, ranges: Ranges) -> None:
    author, name, key = record.author or place.author, place.entry.name, f"{place.key}#{record.block}"
    for sifted in sift(record.text, ranges):
        if sifted.reason:
            gathered.drop(sifted.reason, sifted.text or record.text, name)
        else:
            gathered.pieces.append(Piece(sifted.text, sifted.bare, record, author, name, key, place.side))


def _places(shelf: Shelf, number: int, default: int) -> list[_Place]:
    entries = shelf.source.entries
    said = sides_by_name([entry.name for entry in entries])
    sides = [HELD_OUT] * len(entries) if shelf.role == HELD else [int(side) or default for side in said]
    authors = _folder_authors(entries)
    return [
        _Place(entry, shelf.role, f"{number}/{entry.name}", side, authors.get(entry.name, ""))
        for entry, side in zip(entries, sides, strict=True)
    ]


def _folder_authors(entries: Sequence[Entry]) -> dict[str, str]:
    """The folder that each plain text lies in, taken for its author where there are several such folders."""
    plain = {entry.name: entry.folders for entry in entries if kind_of(entry.name) in PLAIN and entry.folders}
    named = {name: folders[-1] for name, folders in plain.items() if folders[-1].lower() not in SIDE_WORDS}
    return named if len(set(named.values())) > 1 else {}
