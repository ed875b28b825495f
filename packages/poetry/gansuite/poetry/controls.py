"""What a poem can be asked for, and what a poem is by the same measure: lines, rhyme, line length, mood, era.

N poems, L lines. Every control has a value for `not asked`, -1 (or no scheme), so that a poet learns to write with and
without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.poetry.counts import Counts
from gansuite.poetry.eras import ERAS, eras_of
from gansuite.poetry.lexicon import mood_words

MOST_LINES = 16
LENGTHS = ("tiny", "short", "middle", "long", "wide")
LENGTH_FROM = (0.0, 4.75, 5.75, 6.75, 7.75)  # mean words a line; 5, 20, 35, 24 and 16 % of 190,000 Gutenberg stanzas
MOODS = ("joyful", "calm", "tender", "melancholy", "dark", "wild")
RHYME_LETTERS = "ABCDEFGH"
UNRHYMED = "-"
FREE = -1
SchemeOf = Callable[[Sequence[str]], str]
Bytes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Controls:
    """What is asked of one poem, or of some lines of it; -1 or "" asks nothing.

    Attributes:
        lines: 1..16; more only of a poem that is written in parts.
        length: an index into `LENGTHS`: words a line.
        mood: an index into `MOODS`.
        era: an index into `eras.ERAS`.
        rhyme: a scheme, one sign a line; canonical (see `canonical`) where it is told to a poet.
    """

    lines: int = FREE
    length: int = FREE
    mood: int = FREE
    era: int = FREE
    rhyme: str = ""

    def part(self, lines: slice) -> Controls:
        """What is asked of some of the lines, as of a poem of their own."""
        count = FREE if self.lines == FREE else len(range(self.lines)[lines])
        return replace(self, lines=count, rhyme=canonical(self.rhyme[lines]))


@dataclass(frozen=True, eq=False)
class ControlColumns:
    """The controls of N poems: lines, length, mood, era int8 (N,), and N schemes, "" where there is none."""

    lines: Bytes
    length: Bytes
    mood: Bytes
    era: Bytes
    rhyme: Sequence[str]

    def __getitem__(self, row: int) -> Controls:
        """The controls of one poem."""
        lines, length, mood, era = (int(column[row]) for column in (self.lines, self.length, self.mood, self.era))
        return Controls(lines, length, mood, era, self.rhyme[row])


def canonical(scheme: str) -> str:
    """A rhyme scheme with letters in the order they come, `-` for a line that rhymes with no other.

    `ABCB` and `XAXA` are both `-A-A`: X, as `-`, never rhymes. Where more than eight rhymes are asked for, the later
    ones are left free.

    Raises:
        GansuiteError: it holds anything but letters, `-` and blanks, or more than 16 lines.
    """
    signs = [sign for sign in scheme.upper().replace("X", UNRHYMED) if not sign.isspace()]
    if len(signs) > MOST_LINES or any(not sign.isalpha() and sign != UNRHYMED for sign in signs):
        raise GansuiteError(
            f"'{scheme}' is no rhyme scheme of up to {MOST_LINES} lines.",
            "Write a letter a line, such as ABAB or AABBA.",
        )
    letters: dict[str, str] = {}
    for sign in signs:
        if sign != UNRHYMED and signs.count(sign) > 1 and sign not in letters:
            letters[sign] = RHYME_LETTERS[len(letters)] if len(letters) < len(RHYME_LETTERS) else UNRHYMED
    return "".join(letters.get(sign, UNRHYMED) for sign in signs)


def length_of(words: npt.NDArray[np.int16], lines: npt.NDArray[np.int16]) -> Bytes:
    """The index into `LENGTHS` for words (N,) in lines (N,) >= 1: int8 (N,)."""
    return (np.searchsorted(LENGTH_FROM, words / lines, side="right") - 1).astype(np.int8)


def moods_of(counts: Counts, poems: int) -> Bytes:
    """The mood of each of N poems by the words of the lexicon, int8 (N,): -1 without two such words or a winner.

    Args:
        counts: of words that hold those of all moods.
        poems: N.
    """
    scores = np.zeros((poems, len(MOODS)), np.float32)
    place = {word: number for number, word in enumerate(counts.words)}
    for number, words in enumerate(mood_words().values()):
        chosen = np.isin(counts.word, [place[word] for word in words])
        np.add.at(scores[:, number], counts.row[chosen], counts.count[chosen])
    ordered = np.sort(scores, 1)
    clear = (ordered[:, -1] >= 2) & (ordered[:, -1] > ordered[:, -2])
    return np.where(clear, scores.argmax(1), FREE).astype(np.int8)


def mood_named(name: str) -> int:
    """The index of a mood that a person names; raises `GansuiteError` for an unknown one."""
    return _named("mood", name, MOODS)


def era_named(name: str) -> int:
    """The index of an era that a person names; raises `GansuiteError` for an unknown one."""
    return _named("era", name, ERAS)


def control_columns(
    words: npt.NDArray[np.int16],
    lines: npt.NDArray[np.int16],
    born: npt.NDArray[np.int16],
    counts: Counts,
    rhyme: Sequence[str],
) -> ControlColumns:
    """The controls of N poems.

    Args:
        words, lines, born: (N,), see `corpus.Corpus`.
        counts: how often the words of the moods stand in them.
        rhyme: N canonical schemes, or "".
    """
    return ControlColumns(
        lines=np.where(lines <= MOST_LINES, lines, FREE).astype(np.int8),
        length=length_of(words, lines),
        mood=moods_of(counts, len(words)),
        era=eras_of(born),
        rhyme=rhyme,
    )


def scheme(poem: str, scheme_of: SchemeOf) -> str:
    """The canonical scheme of a poem, "" for one of more than 16 lines."""
    lines = [line for line in poem.split("\n") if line]
    return canonical(scheme_of(lines)) if len(lines) <= MOST_LINES else ""


def _named(kind: str, name: str, known: Sequence[str]) -> int:
    if name.lower() not in known:
        raise GansuiteError(f"There is no {kind} '{name}'.", did_you_mean(name.lower(), list(known)))
    return known.index(name.lower())
