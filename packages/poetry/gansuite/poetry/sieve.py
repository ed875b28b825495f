"""Which texts are poems to learn from: cut where they are too long, left out with a reason where they do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gansuite.core.errors import GansuiteError
from gansuite.poetry.duplicates import bare
from gansuite.poetry.mend import is_damaged, mended
from gansuite.poetry.text import stanzas, tidy

EMPTY = "without any words"
DAMAGED = "with signs that no poem has (of tables, of a damaged print)"
FOREIGN = "in another language, where nearly all is English"
SIGNS = "made of signs and numbers more than of words"
REPEATED = "an exact repetition of another"
ALIKE = "nearly the same as another"
LETTERS_SHARE = 0.6  # bytes of words and the blanks between them among all characters
PASSAGE_WORDS = (12, 80)
_SENTENCE_END = re.compile(r"(?<=[.!?][\"' ])\s*|(?<=[.!?])\s+")


@dataclass(frozen=True)
class Ranges:
    """How long a poem may be.

    Attributes:
        lines: least and most lines, blank ones not counted; a longer poem is cut into its stanzas.
        words: least and most words.
        characters: the most in one line; beyond that it is taken for prose.
    """

    lines: tuple[int, int] = (2, 16)
    words: tuple[int, int] = (6, 160)
    characters: int = 100


@dataclass(frozen=True, slots=True)
class Sifted:
    """A poem that fits, or what was left out: `reason` is empty for a poem.

    Attributes:
        text: tidy lines, one blank line between stanzas.
        bare: its words alone; see `duplicates.bare`.
        reason: continues the sentence `left out as ...`.
    """

    text: str
    bare: bytes = b""
    reason: str = ""


def check_ranges(ranges: Ranges) -> None:
    """Raise `GansuiteError` for ranges that no poem fits, or that are too wide to learn from."""
    for name, (low, high), most in (("lines", ranges.lines, 64), ("words", ranges.words, 1000)):
        if not 1 <= low <= high <= most:
            raise GansuiteError(
                f"Poems of {low} to {high} {name} are asked for; expected 1 to {most}, the lesser number first.",
                f"Use min_{name} = {1 if name == 'lines' else 6} and max_{name} = {most // 4}.",
            )


def sift(text: str, ranges: Ranges) -> Iterator[Sifted]:
    """The poems of one record: it as a whole, or its stanzas where it has more lines than `ranges.lines` allows."""
    clean = mended(tidy(text))
    parts = stanzas(clean) if _lines(clean) > ranges.lines[1] else [clean]
    for part in parts or [clean]:
        words = bare(part)
        yield Sifted(part, words, _reason(part, words, ranges))


def passages(text: str) -> list[str]:
    """Prose as passages of 12 to 80 words: whole sentences, in one line each; what is shorter is left out."""
    found: list[str] = []
    least, most = PASSAGE_WORDS
    for paragraph in stanzas(mended(tidy(text))):
        words: list[str] = []
        for sentence in _SENTENCE_END.split(paragraph.replace("\n", " ")):
            more = sentence.split()
            if words and len(words) + len(more) > most:
                found.append(" ".join(words))
                words = []
            words += more
        found.append(" ".join(words))
    return [passage for passage in found if least <= passage.count(" ") + 1 <= 2 * most]


def _lines(text: str) -> int:
    return sum(1 for line in text.split("\n") if line)


def _reason(text: str, words: bytes, ranges: Ranges) -> str:
    lines = [line for line in text.split("\n") if line]
    if not words:
        return EMPTY
    if is_damaged(text):
        return DAMAGED
    if len(words) < LETTERS_SHARE * len(text):
        return SIGNS
    return (
        _outside(len(lines), ranges.lines, ("shorter than {} lines", "longer than {} lines"))
        or _outside(words.count(b" ") + 1, ranges.words, ("of fewer than {} words", "of more than {} words"))
        or _outside(max(map(len, lines)), (0, ranges.characters), ("", "with a line of over {} characters, so prose"))
    )


def _outside(count: int, span: tuple[int, int], reasons: tuple[str, str]) -> str:
    if span[0] <= count <= span[1]:
        return ""
    few = count < span[0]
    return reasons[not few].format(span[not few])
