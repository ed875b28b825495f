"""Poems that say nearly the same: MinHash over runs of three words (Broder 1997, "On the resemblance of documents").

N poems, W words of all of them, S shingles: three words that follow one another in a poem.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

SHINGLE = 3
BANDS, ROWS = 16, 3  # two poems that share half of their shingles meet in a band with 88 %, with 0.6 of them 98 %
ALIKE = 0.5
CHUNK = 4096
_PRIME = 0x100000001B3  # odd, so that it has an inverse modulo 2^64 (the multiplier of FNV-1a)
_TABLE = bytes(c | 0x20 if 65 <= c <= 90 else c if 97 <= c <= 122 or c >= 128 else 32 for c in range(256))
_MARKS = re.compile(r"[^\w\s]|_")


def bare(text: str) -> bytes:
    """The words of a text in lower case, without accents, apostrophes and signs, a blank between them (UTF-8)."""
    text = text.replace("—", " ")
    if text.isascii():
        return b" ".join(text.encode().translate(_TABLE, b"'").split())
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("'", "")
    return b" ".join(_MARKS.sub(" ", plain).encode().translate(_TABLE).split())


def first_alike(texts: Sequence[bytes], threshold: float = ALIKE) -> Ints:
    """For each of N texts the first one that it nearly repeats, or itself: int64 (N,).

    Two texts are alike if of all their shingles together at least `threshold` (0..1) are in both. A text is compared
    only with those that are kept, so what it repeats is itself no repetition. Texts of fewer than three words are like
    no other. A few alike pairs may be missed, never one found that is not alike.

    Args:
        texts: of `bare`; of alike ones the first stays.
        threshold: 0..1.
    """
    same = np.arange(len(texts))
    parts = [_shingles(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK)]
    if not parts:
        return same
    counts = np.concatenate([count for _, count in parts])
    shingles = np.concatenate([hashes for hashes, _ in parts])
    ends = np.cumsum(counts)
    for later, earlier in _candidates(_signatures(shingles, counts), counts > 0):
        if same[later] != later or same[earlier] != earlier:
            continue
        a, b = (shingles[ends[text] - counts[text] : ends[text]] for text in (later, earlier))
        if _resemblance(a, b) >= threshold:
            same[later] = earlier
    return same


def _resemblance(a: Longs, b: Longs) -> float:
    shared = len(np.intersect1d(a, b))
    return shared / (len(np.unique(a)) + len(np.unique(b)) - shared)


def _shingles(texts: Sequence[bytes]) -> tuple[Longs, Ints]:
    """Hashes (S,) of the shingles of all texts one after the other, and how many each text has (N,)."""
    joined = np.frombuffer(b" " + b" ".join(texts) + b" ", np.uint8)
    blank = joined == 32
    starts = np.flatnonzero(blank[:-1] & ~blank[1:]) + 1
    ends = np.flatnonzero(~blank[:-1] & blank[1:]) + 1
    words = np.array([text.count(b" ") + 1 if text else 0 for text in texts], np.int64)
    text_of = np.repeat(np.arange(len(texts)), words)
    whole = np.flatnonzero(text_of[: max(0, len(starts) - SHINGLE + 1)] == text_of[SHINGLE - 1 :])
    hashes = _span_hashes(joined, starts[whole], ends[whole + SHINGLE - 1])
    return hashes, np.bincount(text_of[whole], minlength=len(texts))


def _span_hashes(letters: npt.NDArray[np.uint8], starts: Ints, ends: Ints) -> Longs:
    """A hash of letters[start:end] for each span: the same for the same letters, wherever they stand.

    With prefix sums of letter * p^place, a span is a difference of two sums, moved to place 0 by p's inverse.
    """
    powers, inverses = _powers(len(letters))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum((letters.astype(np.uint64) + 1) * powers[: len(letters)])])
    return _mixed((sums[ends] - sums[starts]) * inverses[starts])


def _powers(count: int) -> tuple[Longs, Longs]:
    """p^0, p^1, ... and their inverses modulo 2^64: two (count,)."""
    inverse = pow(_PRIME, -1, 1 << 64)

    def run(base: int) -> Longs:
        steps = np.full(count, base, np.uint64)
        steps[0] = 1
        return np.cumprod(steps, dtype=np.uint64)

    return run(_PRIME), run(inverse)


def _mixed(values: Longs) -> Longs:
    """Well mixed bits: the finaliser of SplitMix64 (Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _signatures(shingles: Longs, counts: Ints) -> Longs:
    """For each text and band a hash of its least shingles under `ROWS` orders: (BANDS, N)."""
    orders = _mixed(np.arange(1, BANDS * ROWS + 1, dtype=np.uint64)) | np.uint64(1)
    bands = np.zeros((BANDS, len(counts)), np.uint64)
    firsts = np.cumsum(counts) - counts
    full = np.flatnonzero(counts)
    for at in range(0, len(full), CHUNK):
        some = full[at : at + CHUNK]
        begin, end = firsts[some[0]], firsts[some[-1]] + counts[some[-1]]
        part = shingles[begin:end]
        for number, order in enumerate(orders):
            least = np.minimum.reduceat(part * order, firsts[some] - begin)
            band = bands[number // ROWS]
            band[some] = _mixed(band[some] + least)
    return bands


def _candidates(bands: Longs, full: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Pairs (later, earlier) of texts that meet in a band, by the later one."""
    texts = np.flatnonzero(full)
    found: list[Ints] = [np.empty((0, 2), np.int64)]
    for band in bands[:, texts]:
        order = np.argsort(band, kind="stable")
        repeats = np.append(False, band[order][1:] == band[order][:-1])[: len(order)]
        met = np.flatnonzero(repeats)
        first = np.maximum.accumulate(np.where(repeats, 0, np.arange(len(order))))
        for other in (met - 1, first[met]):
            found.append(np.stack([texts[order[met]], texts[order[other]]], 1))
    yield from np.unique(np.concatenate(found), axis=0).tolist()
