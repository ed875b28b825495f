"""Words laid out so that decoding can ask, word after word, which of them may come next.

V words; a mask is a bool array (V,). What is asked for every token is answered from arrays made once. `Spellings`
carries a mask of words over to the tokens that spell them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from gansuite.poetry.forms import Form
from gansuite.poetry.meter import LONGEST, patterns
from gansuite.poetry.sounds import Ending, Voice, ending_of, stresses
from gansuite.poetry.verse import syllables_of

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
State = tuple[int, int]  # syllables so far, and which of the line's patterns they fit, a bit each

ANY = "-"  # of a word: a monosyllable, which fits anywhere; of a pattern: what fits any syllable
_UNSAID = range(4, 15)  # syllables of a line where only a meter is asked for


class Vocabulary:
    """Words and what decoding asks about them.

    Args:
        words: V different ones, as they are written.
        voice: how they sound.
    """

    def __init__(self, words: Sequence[str], voice: Voice) -> None:
        self.words = tuple(words)
        self.voice = voice
        self.place = {word: number for number, word in enumerate(self.words)}
        said = [stress_of(word, voice) for word in self.words]
        self.stresses = tuple(dict.fromkeys(said))
        number = {stress: code for code, stress in enumerate(self.stresses)}
        self.code = np.array([number[stress] for stress in said], np.int64)
        self.syllables = np.array([len(stress) for stress in said], np.int64)

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def certain(self) -> Mask:
        """Words of which every pronunciation has as many syllables: nobody counts them differently (as `fire`)."""
        return np.array([len(syllables_of(word, self.voice)) == 1 for word in self.words], bool)

    @cached_property
    def partners(self) -> Ints:
        """How many of the words rhyme perfectly with each, (V,); those that do so in two ways count twice."""
        count = np.zeros(len(self), np.int64)
        for members in self._by_tail.values():
            befores = [before for _, before in members]
            for place, before in members:
                count[place] += len(befores) - befores.count(before)
        return count

    def mask(self, words: Iterable[str]) -> Mask:
        """Which of the words these are; those that it does not have are ignored."""
        found = np.zeros(len(self), bool)
        found[[self.place[word] for word in words if word in self.place]] = True
        return found

    def rhyming(self, *endings: Ending) -> Mask:
        """The words that rhyme perfectly with all these endings and are none of their words; all words for none."""
        found = np.ones(len(self), bool)
        for end in endings:
            one = np.zeros(len(self), bool)
            places = [
                place
                for tail, before in end.tails | end.joined
                for place, prior in self._by_tail.get(tail, ())
                if prior != before and self._endings[place].word != end.word
            ]
            one[places] = True
            found &= one
        return found

    @cached_property
    def _endings(self) -> list[Ending]:
        return [ending_of(word, self.voice) for word in self.words]

    @cached_property
    def _by_tail(self) -> dict[str, list[tuple[int, str]]]:
        """By tail, the words that have it and what stands before it in them."""
        found: dict[str, list[tuple[int, str]]] = {}
        for place, end in enumerate(self._endings):
            for tail, before in end.tails:
                found.setdefault(tail, []).append((place, before))
        return found


class LineRoom:
    """What fits into a line that is being written, word after word.

    A line of wanted length or meter has patterns, a sign for each syllable: 1 a beat, 0 none, - either. Main stresses
    of words must fall on beats; all else is free. `inner` words leave room for a line that can still be finished, with
    one of the words that may be `last`; `final` ones finish it. A word may be both.

    Args:
        vocabulary: V words.
        wanted: patterns that the line may have; none for a line of any length.
        last: (V,), the words with which it may end; None for any.
    """

    def __init__(self, vocabulary: Vocabulary, wanted: Sequence[str], last: Mask | None = None) -> None:
        self._vocabulary, self._patterns = vocabulary, tuple(wanted)
        self._last = np.ones(len(vocabulary), bool) if last is None else last
        ends = [vocabulary.stresses[code] for code in np.unique(vocabulary.code[self._last])]
        self._open = [_finishable(pattern, vocabulary.stresses, ends) for pattern in self._patterns]
        self._asked: dict[tuple[State, bool], Mask] = {}

    @property
    def start(self) -> State:
        """Before the first word."""
        return 0, (1 << len(self._patterns)) - 1

    @property
    def possible(self) -> bool:
        """Whether any words of the vocabulary make up such a line."""
        return bool(self._last.any()) and (not self._patterns or any(row[0] for row in self._open))

    def after(self, state: State, stress: str) -> State:
        """The state after a word, of the vocabulary or not, that is stressed so (see `stress_of`)."""
        position, alive = state
        fitting = (i for i, pattern in enumerate(self._patterns) if alive >> i & 1 and _fits(stress, pattern, position))
        return position + len(stress), sum(1 << i for i in fitting)

    def inner(self, state: State) -> Mask:
        """The words (V,) that may follow when the line is to go on after them."""
        return self._mask(state, final=False) if self._patterns else np.ones(len(self._vocabulary), bool)

    def final(self, state: State) -> Mask:
        """The words (V,) with which the line may end here."""
        return self._mask(state, final=True) & self._last if self._patterns else self._last.copy()

    def _mask(self, state: State, final: bool) -> Mask:
        found = self._asked.get((state, final))
        if found is None:
            allowed = [self._allows(state, stress, final) for stress in self._vocabulary.stresses]
            found = self._asked[state, final] = np.array(allowed, bool)
        return np.asarray(found[self._vocabulary.code])

    def _allows(self, state: State, stress: str, final: bool) -> bool:
        position, alive = state
        end = position + len(stress)
        return any(
            alive >> i & 1
            and _fits(stress, pattern, position)
            and (end == len(pattern) and bool(stress) if final else self._open[i][end])
            for i, pattern in enumerate(self._patterns)
        )


def line_patterns(form: Form, number: int) -> tuple[str, ...]:
    """The patterns that a line of a form, counted from 0, may have; none where neither length nor meter is asked for.

    Of the licences that a meter grants only those are taken that a length needs.
    """
    low, high = form.syllables[number] if form.syllables else (0, -1)
    lengths = range(low, high + 1)
    if not form.meter:
        return tuple(ANY * length for length in lengths)
    if not lengths:
        lengths = range(1, LONGEST + 1) if form.feet else _UNSAID
    feet = form.feet[number] if form.feet else None
    found = []
    for length in lengths:
        allowed = [one for one in patterns(form.meter, length) if feet in (None, one[0].count("1"))]
        best = max((licence for _, licence in allowed), default=0.0)
        found += [pattern for pattern, licence in allowed if licence == best]
    return tuple(found)


@lru_cache(maxsize=1 << 17)
def stress_of(word: str, voice: Voice) -> str:
    """How a word is usually stressed: a digit a syllable as `sounds.stresses` has them, - for a monosyllable."""
    stress = stresses(voice(word)[0])
    return ANY if len(stress) == 1 else stress


def _fits(stress: str, pattern: str, position: int) -> bool:
    """Whether a word that begins at that position of the pattern has its main stress on a beat and ends in time."""
    room = pattern[position : position + len(stress)]
    return len(room) == len(stress) and all(sign != "1" or beat != "0" for sign, beat in zip(stress, room, strict=True))


def _finishable(pattern: str, inner: Sequence[str], final: Sequence[str]) -> list[bool]:
    """For each position of a pattern, whether words stressed so can fill the rest, the last of them one of `final`."""
    rows = [False] * (len(pattern) + 1)
    for position in range(len(pattern) - 1, -1, -1):
        rows[position] = any(
            len(stress) == len(pattern) - position and _fits(stress, pattern, position) for stress in final
        ) or any(stress and _fits(stress, pattern, position) and rows[position + len(stress)] for stress in inner)
    return rows
