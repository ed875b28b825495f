"""A title, taken from the poem itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gansuite.core.randomness import key
from gansuite.poetry.lexicon import singular, topic_of, word_lists
from gansuite.poetry.meter import UNSTRESSED_WORDS
from gansuite.poetry.sounds import words_of

_CLAUSE = re.compile(r"[,.;:!?—\"]+")
_BEFORE_NOUNS = frozenset(
    ("the", "a", "an", "my", "our", "this", "that", "these", "those", "her", "his", "your", "their")
)
_SMALL = frozenset(
    ("a", "an", "the", "and", "or", "but", "of", "in", "on", "at", "to", "for", "from", "by", "with", "as")
)
_ADVERB = re.compile(r".{3,}ly$")
MOST_WORDS = 5
CHOICE = 2  # of the best titles, one is drawn


@dataclass(frozen=True)
class _Phrase:
    words: tuple[str, ...]
    worth: float


def title_of(lines: Sequence[str], labels: Sequence[str] = (), seed: int = 0) -> str:
    """A short title: a telling phrase of the poem, `The Edge of the Sea`, else the beginning of its first line.

    Args:
        lines: of the poem; one at least has words.
        labels: of its picture: phrases that name what they mean are better.
        seed: draws between the best two.
    """
    named = {word for label in labels for word in topic_of(label).words}
    said = Counter(singular(word) for line in lines for word in words_of(line.lower()))
    phrases = {p.words: p for number, line in enumerate(lines) for p in _phrases(line, number, named, said)}
    best = sorted(phrases.values(), key=lambda phrase: (-phrase.worth, phrase.words))[:CHOICE]
    if best:
        return _titled(best[key(seed, "title", 0) % len(best)].words)
    return _titled(_beginning(next((line for line in lines if words_of(line)), "Untitled")))


def _phrases(line: str, number: int, named: set[str], said: Counter[str]) -> Iterator[_Phrase]:
    """`The cold sea`, `the edge of the sea`: a word that stands before nouns and the telling words after it."""
    for clause in _CLAUSE.split(line.lower()):
        words = words_of(clause)
        for start, word in enumerate(words):
            end = _telling(words, start + 1) if word in _BEFORE_NOUNS else start
            if not 0 < end - start - 1 <= 2:
                continue
            worth = sum(2.0 * (singular(w) in named) + 0.5 * (said[singular(w)] > 1) for w in words[start + 1 : end])
            worth += 0.6 * (end == len(words)) - 0.1 * number - 0.5 * (word not in ("the", "a", "an"))
            yield _Phrase(tuple(words[start:end]), worth)
            further = _further(words, end)
            if further > end:
                yield _Phrase(tuple(words[start:further]), worth + 0.6 * (further == len(words)) + 0.2)


def _further(words: Sequence[str], end: int) -> int:
    """The end of `of the sea` after a phrase that ends there; the same end without one."""
    if words[end : end + 1] != ["of"]:
        return end
    start = end + 2 if words[end + 1 : end + 2] and words[end + 1] in _BEFORE_NOUNS else end + 1
    further = _telling(words, start)
    return further if start < further <= start + 2 else end


def _telling(words: Sequence[str], start: int) -> int:
    """Where a run of telling words that begins there ends."""
    end = start
    while end < len(words) and words[end] not in UNSTRESSED_WORDS and words[end] not in _leaning():
        if _ADVERB.fullmatch(words[end]):
            break
        end += 1
    return end


def _beginning(line: str) -> Sequence[str]:
    """The first words of a line, up to a sign, that do not end in the middle of a phrase."""
    words = words_of(next(part for part in _CLAUSE.split(line) if words_of(part)))[:MOST_WORDS]
    while len(words) > 1 and words[-1].lower() in _leaning():
        words = words[:-1]
    return words


def _leaning() -> frozenset[str]:
    return frozenset(word_lists("writing.txt")["not last"])


def _titled(words: Sequence[str]) -> str:
    ends = (0, len(words) - 1)
    return " ".join(
        word if place not in ends and word.lower() in _SMALL else word[:1].upper() + word[1:]
        for place, word in enumerate(words)
    )
