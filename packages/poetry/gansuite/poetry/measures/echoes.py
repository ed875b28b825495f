"""Echoes within a line: alliteration (the same consonant begins stressed syllables) and assonance (the same vowel)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gansuite.poetry.meter import UNSTRESSED_WORDS
from gansuite.poetry.sounds import Voice, plain_word, words_of
from gansuite.poetry.sounds.phones import CONSONANT, PRIMARY

REACH = 2  # words of weight; an echo further off is not heard
_STRESSED = re.compile(f"({CONSONANT}*)({PRIMARY})")


class Echoes(NamedTuple):
    """alliteration, assonance: the share of stressed syllables that echo one of the two before, 0..1 each."""

    alliteration: float
    assonance: float


def echoes(lines: Sequence[str], voice: Voice) -> Echoes:
    """How often a stressed syllable begins with the same consonant, or has the same vowel, as one of the two before.

    One syllable a word counts, the one with the main stress, and words that verse leaves unstressed (`the`) do not; the
    first of a line has nothing to echo, and a repeated word is no echo.

    Args:
        lines: of a poem.
        voice: how words sound.
    """
    begun = rung = chances = 0
    for line in lines:
        beats = [(plain, beat) for plain in map(plain_word, words_of(line)) if (beat := _beat(plain, voice))]
        for place in range(1, len(beats)):
            word, (before, vowel) = beats[place]
            heard = [beat for other, beat in beats[max(0, place - REACH) : place] if other != word]
            begun += bool(before) and any(before[:1] == prior[:1] for prior, _ in heard)
            rung += any(vowel == other for _, other in heard)
            chances += 1
    return Echoes(begun / max(1, chances), rung / max(1, chances))


def _beat(word: str, voice: Voice) -> tuple[str, str] | None:
    """The consonants before the main stress of a word and its vowel; None for words without weight."""
    if word.strip("'") in UNSTRESSED_WORDS:
        return None
    found = _STRESSED.search(voice(word)[0])
    return None if found is None else (found[1], found[2])
