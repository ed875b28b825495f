"""How often chosen words stand in poems: a sparse table, counted once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gansuite.poetry.corpus import Corpus
from gansuite.poetry.lexicon import forms, word_lists
from gansuite.poetry.store import Stored, fetch, key_of

_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, eq=False)
class Counts:
    """H hits: `count[h]` times the word `words[word[h]]`, or its plural, stands in poem `row[h]`; by row, then word.

    Attributes:
        row: int32 (H,).
        word: int16 (H,), indices into `words`.
        count: uint8 (H,), at most 255.
        words: what was counted.
    """

    row: npt.NDArray[np.int32]
    word: npt.NDArray[np.int16]
    count: npt.NDArray[np.uint8]
    words: tuple[str, ...]


def count_words(texts: Iterable[str], words: Sequence[str]) -> Counts:
    """Count words, and their plurals, in texts.

    Nouns that are verbs as often, such as rose, count only after a word that stands before nouns.
    """
    place = {form: number for number, word in reversed(list(enumerate(words))) for form in reversed(forms(word))}
    place |= {word: number for number, word in enumerate(words)}
    nouns = word_lists("nouns.txt")
    known, guarded, before_nouns = place.keys(), {*nouns["guarded"]} & place.keys(), {*nouns["before nouns"]}
    hits: list[tuple[int, int, int]] = []
    for row, text in enumerate(texts):
        found = _WORD.findall(text.lower())
        if known.isdisjoint(found):
            continue
        if not guarded.isdisjoint(found):
            found = [
                w for before, w in zip(["", *found], found, strict=False) if w not in guarded or before in before_nouns
            ]
        counted = Counter(place[word] for word in found if word in known)
        hits += [(row, word, min(count, 255)) for word, count in sorted(counted.items())]
    table = np.array(hits, np.int64).reshape(-1, 3)
    return Counts(
        table[:, 0].astype(np.int32), table[:, 1].astype(np.int16), table[:, 2].astype(np.uint8), tuple(words)
    )


def counted(corpus: Corpus, words: Sequence[str], root: Path) -> Counts:
    """How often words stand in the poems and (twice as much) in their titles; from the cache where it has them."""

    def count() -> Stored:
        counts = count_words(_with_titles(corpus), words)
        return Stored({"row": counts.row, "word": counts.word, "count": counts.count})

    arrays = fetch(root, "counts", key_of("counts", corpus.digest, list(words)), count).arrays
    return Counts(arrays["row"], arrays["word"], arrays["count"], tuple(words))


def _with_titles(corpus: Corpus) -> Iterator[str]:
    for poem, title in zip(corpus.poems, corpus.title.tolist(), strict=True):
        yield f"{poem}\n{corpus.titles[title]}\n{corpus.titles[title]}" if title else poem
