"""A line of verse as it sounds: its words, how many syllables they have, and which of them are stressed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gansuite.poetry.sounds import Ending, Sound, Voice, encode, ending_of_line, stresses, words_of
from gansuite.poetry.sounds.phones import UNSTRESSED

_AI, _AU = (f"[{''.join(encode(f'{vowel}{stress}') for stress in range(3))}]" for vowel in ("AY", "AW"))
_ER, _AH, _IY, _UW, _R, _Y, _W, _V, _N, _L = (
    encode(phone) for phone in ("ER0", "AH0", "IY0", "UW0", "R", "Y", "W", "V", "N", "L")
)
# syllables that verse may swallow: fire, power; heaven; every, wandering; glorious; virtuous; listening, travelling
_SWALLOWED = (
    (re.compile(f"(?<={_AI}|{_AU}){_ER}"), _R),
    (re.compile(f"(?<={_V}){_AH}(?={_N})"), ""),
    (re.compile(f"{_ER}(?={UNSTRESSED})"), _R),
    (re.compile(f"{_IY}(?={UNSTRESSED})"), _Y),
    (re.compile(f"{_UW}(?={UNSTRESSED})"), _W),
    (re.compile(f"{_AH}(?=[{_N}{_L}]{UNSTRESSED})"), ""),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it sounds.

    Attributes:
        text: as it was written.
        words: as they stand in it, without punctuation.
        syllables: how many it has as its words are usually spoken.
        counts: how many it may have, by the dictionary's other pronunciations (`fire` has one or two).
        ending: what of it rhymes; None for a line without words.
    """

    text: str
    words: tuple[str, ...]
    syllables: int
    counts: frozenset[int]
    ending: Ending | None


def read_line(text: str, voice: Voice) -> Line:
    """The line as it sounds."""
    words = tuple(words_of(text))
    usual, counts = 0, {0}
    for word in words:
        said = syllables_of(word, voice)
        usual += said[0]
        counts = {one + more for one in counts for more in said} if len(said) > 1 else {one + said[0] for one in counts}
    return Line(text, words, usual, frozenset(counts), ending_of_line(words, voice) if words else None)


def syllables(text: str, voice: Voice) -> int:
    """How many syllables a line has as its words are usually spoken."""
    return sum(syllables_of(word, voice)[0] for word in words_of(text))


@lru_cache(maxsize=1 << 17)
def syllables_of(word: str, voice: Voice) -> tuple[int, ...]:
    """How many syllables a word may have, each number once and the usual one first; 0 is possible (`th'`)."""
    return tuple(dict.fromkeys(len(stresses(sound)) for sound in voice(word)))


def swallowed(sound: Sound) -> frozenset[Sound]:
    """The sounds, the whole one among them, that are left when verse swallows syllables where it may: `pow'r`."""
    found = {sound}
    for pattern, instead in _SWALLOWED:
        found |= {pattern.sub(instead, one, count=1) for one in found}
    return frozenset(found)
