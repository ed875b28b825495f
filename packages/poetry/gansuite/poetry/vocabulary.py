"""Words laid out so that decoding can ask, word after word, which of them may come next.

V words; a mask is a bool array (V,). What is asked for every token is answered from arrays made once. `Spellings`
carries a mask of words over to the tokens that spell them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from gansuite.poetry.forms import Form, Span
from gansuite.poetry.meter import LONGEST, patterns
from gansuite.poetry.sounds import Ending, Voice, ending_of, stresses, words_of

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
State = tuple[int, int]  # syllables so far, and which of the line's patterns they fit, a bit each

ANY = "-"  # of a word: a monosyllable, which fits anywhere; of a pattern: what fits any syllable


class Vocabulary:
    """Words and what decoding asks about them.

    Args:
        words: V different ones, as they are written; what is written with a blank or a hyphen inside is one word too.
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

    def __len__(self) -> int:
        return len(self.words)

    def mask(self, words: Iterable[str]) -> Mask:
        """Which of the words these are; those that it does not have are ignored."""
        found = np.zeros(len(self), bool)
        found[[self.place[word] for word in words if word in self.place]] = True
        return found

    def partners(self, among: Mask) -> Ints:
        """How many of these words rhyme perfectly with each word, (V,); in two ways counts twice."""
        count = np.zeros(len(self), np.int64)
        for members in self._by_tail.values():
            befores = [before for place, before in members if among[place]]
            for place, before in members:
                count[place] += len(befores) - befores.count(before)
        return count

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
        return [ending_of(words_of(word)[-1], self.voice) for word in self.words]

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

    A line has patterns, a sign for each syllable: 1 a beat, 0 none, - either. Main stresses of words must fall on
    beats; all else is free. `inner` words leave room for a line that can still be finished, with one of the words that
    may be `last`; `final` ones finish it. A word may be both.

    Args:
        vocabulary: V words.
        wanted: patterns that the line may have, one at least.
        among: (V,), the words that may be used.
        last: (V,), the words with which it may end.

    Attributes:
        closing: (V,), those of them that may be used.
    """

    def __init__(self, vocabulary: Vocabulary, wanted: Sequence[str], among: Mask, last: Mask) -> None:
        self._vocabulary, self._patterns = vocabulary, tuple(wanted)
        self._among, self.closing = among, among & last
        inner, ends = (
            tuple(vocabulary.stresses[n] for n in np.unique(vocabulary.code[some])) for some in (among, self.closing)
        )
        self._open = tuple(_finishable(pattern, inner, ends) for pattern in self._patterns)
        self._asked: dict[tuple[State, bool], Mask] = {}

    @property
    def start(self) -> State:
        """Before the first word."""
        return 0, (1 << len(self._patterns)) - 1

    @property
    def possible(self) -> bool:
        """Whether any words make up such a line."""
        return any(row[0] for row in self._open)

    def after(self, state: State, stress: str) -> State:
        """The state after a word, of the vocabulary or not, that is stressed so (see `stress_of`)."""
        return _after(self._patterns, state, stress)

    def after_all(self, words: Iterable[str]) -> State:
        """The state of a line that begins with these words, of the vocabulary or not."""
        state = self.start
        for word in words:
            state = self.after(state, stress_of(word, self._vocabulary.voice))
        return state

    def goes_on(self, state: State) -> bool:
        """Whether a line that has come so far can be finished with more words."""
        return _goes_on(self._open, state)

    def is_full(self, state: State) -> bool:
        """Whether a line that has come so far has its length."""
        position, alive = state
        return any(alive >> i & 1 and position == len(pattern) for i, pattern in enumerate(self._patterns))

    def inner(self, state: State) -> Mask:
        """The words (V,) that may follow when the line is to go on after them."""
        return self._mask(state, False, self._among)

    def final(self, state: State) -> Mask:
        """The words (V,) with which the line may end here."""
        return self._mask(state, True, self.closing)

    def _mask(self, state: State, final: bool, among: Mask) -> Mask:
        found = self._asked.get((state, final))
        if found is None:
            allowed = _allowed(self._patterns, self._open, state, final, self._vocabulary.stresses)
            found = self._asked[state, final] = np.array(allowed, bool)[self._vocabulary.code] & among
        return found


def line_patterns(form: Form, number: int, unsaid: Span) -> tuple[str, ...]:
    """The patterns that a line of a form may have; of the licences that a meter grants only those that a length needs.

    Args:
        form: what is asked for.
        number: of the line, from 0.
        unsaid: the fewest and the most syllables where the form says nothing about the line's length.
    """
    low, high = form.syllables[number] if form.syllables else (1, LONGEST) if form.feet else unsaid
    lengths = range(low, high + 1)
    if not form.meter:
        return tuple(ANY * length for length in lengths)
    feet = form.feet_of(number)
    found: list[str] = []
    for length in lengths:
        allowed = [one for one in patterns(form.meter, length) if feet in (None, one[0].count("1"))]
        best = max((licence for _, licence in allowed), default=0.0)
        found += [pattern for pattern, licence in allowed if licence == best]
    return tuple(found)


def fits_somewhere(stress: str, pattern: str) -> bool:
    """Whether a word stressed so has a place in a line of that pattern."""
    return any(_fits(stress, pattern, position) for position in range(len(pattern)))


@lru_cache(maxsize=1 << 17)
def stress_of(word: str, voice: Voice) -> str:
    """How a word is usually stressed: a digit a syllable as `sounds.stresses` has them, - for a monosyllable."""
    said = (stresses(voice(part)[0]) for part in words_of(word))
    return "".join(ANY if len(stress) == 1 else stress for stress in said)


@lru_cache(maxsize=1 << 14)
def _allowed(
    wanted: tuple[str, ...], rows: tuple[tuple[bool, ...], ...], state: State, final: bool, stresses: tuple[str, ...]
) -> tuple[bool, ...]:
    """Which words, by their stress, may come next: to finish a line, or so that it can still be finished."""
    position, alive = state
    if not final:
        return tuple(bool(stress) and _goes_on(rows, _after(wanted, state, stress)) for stress in stresses)
    rest = [pattern[position:] for i, pattern in enumerate(wanted) if alive >> i & 1]
    return tuple(any(_closes(stress, end) for end in rest) for stress in stresses)


def _after(wanted: tuple[str, ...], state: State, stress: str) -> State:
    position, alive = state
    fitting = (i for i, pattern in enumerate(wanted) if alive >> i & 1 and _fits(stress, pattern, position))
    return position + len(stress), sum(1 << i for i in fitting)


def _goes_on(rows: tuple[tuple[bool, ...], ...], state: State) -> bool:
    position, alive = state
    return any(alive >> i & 1 and row[position] for i, row in enumerate(rows))


def _closes(stress: str, end: str) -> bool:
    """Whether a word fills the end of a pattern; a monosyllable there bears the last beat."""
    said = f"{stress[:-1]}1" if stress.endswith(ANY) else stress
    return len(stress) == len(end) and bool(stress) and _fits(said, end, 0)


@lru_cache(maxsize=1 << 16)
def _fits(stress: str, pattern: str, position: int) -> bool:
    """Whether a word that begins at that position of the pattern has its main stress on a beat and ends in time."""
    room = pattern[position : position + len(stress)]
    return len(room) == len(stress) and all(sign != "1" or beat != "0" for sign, beat in zip(stress, room, strict=True))


@lru_cache(maxsize=1 << 10)
def _finishable(pattern: str, inner: tuple[str, ...], final: tuple[str, ...]) -> tuple[bool, ...]:
    """For each position of a pattern, whether words stressed so can fill the rest, the last of them one of `final`."""
    rows = [False] * (len(pattern) + 1)
    for position in range(len(pattern) - 1, -1, -1):
        rows[position] = any(_closes(stress, pattern[position:]) for stress in final) or any(
            stress and _fits(stress, pattern, position) and rows[position + len(stress)] for stress in inner
        )
    return tuple(rows)
