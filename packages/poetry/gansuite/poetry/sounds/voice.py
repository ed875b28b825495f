"""How English is spoken: every word has a sound, from a dictionary, word building or letter-to-sound rules."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from gansuite.poetry.sounds.derive import Sounds, derived, with_d, with_s
from gansuite.poetry.sounds.dictionary import Pronunciations, bundled
from gansuite.poetry.sounds.letters import bundled_rules
from gansuite.poetry.sounds.phones import Sound, encode
from gansuite.poetry.sounds.words import DIGITS, plain_word

DICTIONARY, DERIVED, RULES = "dictionary", "derived", "rules"

_ENDINGS = (("'s", with_s), ("'d", with_d), ("èd", lambda sound: sound + encode("AH0 D")))  # after guessed words
_DEEPEST = 2  # endings and beginnings taken off one after the other: `heedlessness`


class Voice:
    """Pronounces any word, and remembers what it has pronounced.

    Args:
        words: a dictionary: by lower-case word, its sounds between blanks, the usual one first.
        rules: from the letters of a word to its likely sound.
    """

    def __init__(self, words: Pronunciations, rules: Callable[[str], Sound]) -> None:
        self._words, self._rules = words, rules
        self._heard: dict[str, Sounds] = {}

    def __call__(self, word: str) -> Sounds:
        """The sounds of a word, the usual one first; at least one.

        Args:
            word: letters and apostrophes, in any case, as `words_of` cuts them out of a line.
        """
        sounds = self._heard.get(word)
        if sounds is None:
            sounds = self._heard[word] = self._pronounced(word)[0]
        return sounds

    def source(self, word: str) -> str:
        """Where the sounds of a word come from: `dictionary`, `derived` or `rules`."""
        return self._pronounced(word)[1]

    def _pronounced(self, word: str) -> tuple[Sounds, str]:
        plain = plain_word(word)
        plain = DIGITS.get(plain, plain)
        if sounds := self._listed(plain):
            return sounds, DICTIONARY
        if sounds := self._built(plain, _DEEPEST):
            return sounds, DERIVED
        return self._guessed(plain), RULES

    def _listed(self, word: str) -> Sounds:
        found = self._words.get(word) or self._words.get(word.strip("'"), "")
        return tuple(found.split(" ")) if found else ()

    def _built(self, word: str, depth: int) -> Sounds:
        if not depth:
            return self._listed(word)
        return derived(word, lambda part: self._listed(part) or self._built(part, depth - 1))

    def _guessed(self, word: str) -> Sounds:
        for ending, inflect in _ENDINGS:
            if word.endswith(ending) and len(word) > len(ending) + 1:
                return (inflect(self._rules(word.removesuffix(ending))),)
        return (self._rules(word),)


@cache
def english() -> Voice:
    """The voice that comes with the package; the same one every time, so that it remembers."""
    return Voice(bundled(), bundled_rules())
