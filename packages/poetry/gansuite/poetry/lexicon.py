"""Our own small lexicon: what a poem says when it is about something that can be seen, and the words of six moods.

The words lie in `words/*.txt`. Words of a scene alone say nothing: `gull` makes a poem about the sea more so, not one
without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_WORDS = Path(__file__).with_name("words")
_SPLIT = re.compile(r"[^a-z]+")
_FILLER = frozenset(
    {"a", "an", "and", "of", "the", "in", "on", "at", "with", "my", "photo", "photos", "image", "images"}
)


@dataclass(frozen=True)
class Topic:
    """What to look for in poems.

    Attributes:
        words: they name the thing.
        scene: they name what is around it.
        like: the label whose poems fill up where those about this one are few, or nothing.
        known: whether the lexicon has it.
    """

    words: tuple[str, ...]
    scene: tuple[str, ...] = ()
    like: str = ""
    known: bool = True


def topic_of(label: str) -> Topic:
    """The topic of a picture's label: `mountains`, `old_houses`, `sea`; of an unknown one the words it is made of."""
    parts = [part for part in _SPLIT.split(label.casefold()) if part and part not in _FILLER]
    found = [topic for part in parts if (topic := _lookup(part)) is not None]
    if not found:
        return Topic(tuple(dict.fromkeys(singular(part) for part in parts if len(part) > 2)), known=False)
    words = dict.fromkeys(word for topic in found for word in topic.words)
    scene = dict.fromkeys(word for topic in found for word in topic.scene if word not in words)
    return Topic(tuple(words), tuple(scene), found[0].like)


def is_known(label: str) -> bool:
    """Whether the lexicon knows what a label means."""
    return topic_of(label).known


def mood_words() -> Mapping[str, tuple[str, ...]]:
    """The words of each mood, moods in the order of `controls.MOODS`."""
    return word_lists("moods.txt")


@cache
def word_lists(file: str) -> Mapping[str, tuple[str, ...]]:
    """Lists of words by their names, in the order of the file."""
    return {entry[0]: tuple(" ".join(entry[1:]).split()) for entry in _entries(file)}


def forms(word: str) -> tuple[str, ...]:
    """The word and its plural."""
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word, f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word, f"{word[:-1]}ies"
    if word.endswith("f") and word not in ("reef", "roof", "turf", "surf"):
        return word, f"{word[:-1]}ves", f"{word}s"
    return word, f"{word}s"


def singular(word: str) -> str:
    """A plural's likely singular: `roses`, `daisies`, `leaves`, `churches`; any other word as it is."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _lookup(part: str) -> Topic | None:
    table = _table()
    return next((table[form] for form in _spellings(part) if form in table), None)


def _spellings(part: str) -> Iterable[str]:
    yield part
    yield singular(part)
    if part.endswith("ves"):
        yield f"{part[:-3]}f"


@cache
def _table() -> Mapping[str, Topic]:
    return {
        label: Topic(tuple(words.split()), tuple(scene.split()), "".join(like))
        for labels, words, scene, *like in _entries("topics.txt")
        for label in labels.split()
    }


def _entries(file: str) -> Iterator[list[str]]:
    """The entries of a file of words, each as its lines; blank lines stand between them, `#` begins a remark."""
    for entry in (_WORDS / file).read_text("utf-8").split("\n\n"):
        lines = [line.strip() for line in entry.split("\n") if line.strip() and not line.startswith("#")]
        if lines:
            yield lines
