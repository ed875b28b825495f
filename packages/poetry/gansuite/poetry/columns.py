"""From poems one after the other to columns: repetitions left out, groups that stay together, pairs that were given.

N pieces as they were gathered, K of them kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gansuite.poetry.duplicates import Ints, bare, first_alike
from gansuite.poetry.gather import Gathered, Piece
from gansuite.poetry.language import reads_as_english
from gansuite.poetry.sieve import ALIKE, FOREIGN, REPEATED
from gansuite.poetry.split import HELD_OUT, Groups
from gansuite.poetry.store import Stored
from gansuite.poetry.texts import packed

NOBODY = frozenset({"", "anon", "anonymous", "unknown", "various", "authors various", "nan", "none", "traditional"})
_BRACKETED = re.compile(r"\([^)]*\)|\[[^\]]*\]|\d+")
MOSTLY = 0.8
Arrays = dict[str, npt.NDArray[Any]]
Link = tuple[int, tuple[str, ...]]


def columns(gathered: Gathered) -> Stored:
    """The arrays and facts of a corpus; see `corpus.Corpus` for what they mean."""
    _leave_foreign(gathered)
    pieces = gathered.pieces
    same = _repeated(gathered)
    kept = np.flatnonzero(same == np.arange(len(pieces)))
    place = np.full(len(pieces), -1)
    place[kept] = np.arange(len(kept))
    chosen = [pieces[row] for row in kept]
    keys = {name: author_key(name) for name in {piece.author for piece in pieces}}
    author, authors = _numbered([piece.author if keys[piece.author] else "" for piece in chosen])
    title, titles = _numbered([piece.record.title for piece in chosen])
    links = [(int(place[same[row]]), piece.record.images) for row, piece in enumerate(pieces) if piece.record.images]
    pair_poem, pair_image, images = _pairs([*links, *_by_title(gathered, chosen)])
    arrays = {
        **_texts("poems", [piece.text for piece in chosen]),
        **_texts("prose", list(dict.fromkeys(gathered.prose))),
        "lines": np.array([_lines(piece.text) for piece in chosen], np.int16),
        "words": np.array([piece.bare.count(b" ") + 1 for piece in chosen], np.int16),
        "born": np.array([piece.record.born for piece in chosen], np.int16),
        "author": author,
        "title": title,
        "group": _groups(pieces, same, [_author_or_place(piece, keys) for piece in pieces])[kept],
        "work": _groups(pieces, same, [piece.place for piece in pieces])[kept],
        "side": np.array([piece.side for piece in chosen], np.int8),
        "prints": np.array([_print(piece.bare) for piece in chosen], np.uint64),
        "pair_poem": pair_poem,
        "pair_image": pair_image,
    }
    known = {"authors": authors, "titles": titles, "images": images}
    return Stored(arrays, {**known, "facts": _facts(gathered, len(kept)), "digest": _digest(arrays, known)})


def author_key(name: str) -> str:
    """One spelling of an author's name: no years, no brackets, words in alphabetical order; empty for nobody.

    `Byron, George Gordon (1788-1824)` and `George Gordon Byron` are one author.
    """
    key = " ".join(sorted(set(bare(_BRACKETED.sub(" ", name)).decode().split())))
    return "" if key in NOBODY else key


def _leave_foreign(gathered: Gathered) -> None:
    """Leave out the few poems in other languages of a corpus that is English; any other corpus stays as it is."""
    english = [reads_as_english(piece.bare) for piece in gathered.pieces]
    if sum(english) < MOSTLY * len(english):
        return
    for piece, is_english in zip(gathered.pieces, english, strict=True):
        if not is_english:
            gathered.drop(FOREIGN, piece.text, piece.name)
    gathered.pieces = [piece for piece, is_english in zip(gathered.pieces, english, strict=True) if is_english]


def _repeated(gathered: Gathered) -> Ints:
    """For each piece the one it repeats, or itself: poems that pictures were given stay, then those to train on."""
    pieces = gathered.pieces
    order = sorted(
        range(len(pieces)), key=lambda row: (not pieces[row].record.images, pieces[row].side == HELD_OUT, row)
    )
    first: dict[bytes, int] = {}
    same = np.arange(len(pieces))
    for row, piece in ((row, pieces[row]) for row in order):
        same[row] = first.setdefault(piece.bare, row)
    once = np.array([row for row in order if same[row] == row], np.int64)
    alike = once[first_alike([pieces[row].bare for row in once])]
    for reason, rows in ((REPEATED, np.flatnonzero(same != np.arange(len(pieces)))), (ALIKE, once[alike != once])):
        for row in rows.tolist():
            gathered.drop(reason, pieces[row].text, pieces[row].name)
    stands = np.arange(len(pieces))
    stands[once] = alike
    return np.asarray(stands[same], np.int64)


def _author_or_place(piece: Piece, keys: Mapping[str, str]) -> str:
    return f"author {keys[piece.author]}" if keys[piece.author] else f"place {piece.place}"


def _groups(pieces: Sequence[Piece], same: Ints, keys: Sequence[str]) -> npt.NDArray[np.int32]:
    """A number for each piece, equal for equal keys; a picture joins the groups of all its poems."""
    groups = Groups()
    numbers = []
    for piece, key in zip(pieces, keys, strict=True):
        images = [f"image {piece.record.images[0]}"] if piece.record.images else []
        numbers.append(groups.of([key, *images]))
    for row in np.flatnonzero(same != np.arange(len(pieces))).tolist():
        if pieces[row].record.images:
            groups.join(numbers[same[row]], numbers[row])
    return np.array([groups.root(number) for number in numbers], np.int32)


def _pairs(links: Sequence[Link]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], list[tuple[str, ...]]]:
    images: dict[tuple[str, ...], int] = {}
    pairs = list(dict.fromkeys((poem, images.setdefault(names, len(images))) for poem, names in links if names))
    poems, numbers = np.array(pairs, np.int32).reshape(-1, 2).T
    return poems.copy(), numbers.copy(), list(images)


def _by_title(gathered: Gathered, chosen: Sequence[Piece]) -> Iterator[Link]:
    """The poems that a table of pairs names by their titles; what no poem is called is left out with a reason."""
    if not gathered.references:
        return
    rows: dict[bytes, list[int]] = {}
    for row, piece in enumerate(chosen):
        if piece.record.title:
            rows.setdefault(bare(piece.record.title), []).append(row)
    for images, title in gathered.references:
        found = rows.get(bare(title), [])
        if not found:
            gathered.drop("of one line only, and no poem has it as a title", title, images[0] if images else "a pair")
        yield from ((row, images) for row in found)


def _numbered(words: Sequence[str]) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Indices (N,) into the different words, of which the first is empty."""
    numbers = {"": 0}
    found = np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int32)
    return found, list(numbers)


def _texts(name: str, texts: Sequence[str]) -> Arrays:
    together = packed(texts)
    return {f"{name}_letters": together.letters, f"{name}_starts": together.starts}


def _lines(text: str) -> int:
    return sum(1 for line in text.split("\n") if line)


def _print(words: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "little")


def _facts(gathered: Gathered, kept: int) -> dict[str, Any]:
    dropped = dict(sorted(gathered.dropped.items(), key=lambda pair: (-pair[1], pair[0])))
    return {
        "files": gathered.files,
        "used": gathered.used,
        "found": kept + sum(dropped.values()),
        "dropped": dropped,
        "examples": {reason: gathered.examples[reason] for reason in dropped},
        "skipped": [(refusal.name, refusal.reason) for refusal in gathered.skipped],
        "notes": gathered.notes,
    }


def _digest(arrays: Arrays, known: dict[str, Any]) -> str:
    digest = hashlib.sha256(repr(sorted(known.items())).encode())
    for name, array in sorted(arrays.items()):
        digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
