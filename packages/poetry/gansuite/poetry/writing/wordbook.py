"""The words that poems are written in, laid out in the tokens of a poet.

Every word that is written comes from here: none is invented by joining pieces of words, none is on the filter's list,
and those of old verse are left out unless the old is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.poetry.lexicon import singular, word_lists
from gansuite.poetry.meter import UNSTRESSED_WORDS
from gansuite.poetry.sounds import Voice
from gansuite.poetry.spellings import Spellings
from gansuite.poetry.tokens import END, LINE
from gansuite.poetry.vocabulary import Ints, Mask, Vocabulary
from gansuite.poetry.writing.filter import is_offensive
from gansuite.poetry.writing.pen import Tokenizer

FULL_STOPS = (".", "!", "?")
PAUSES = (",", ";", ":", " —")


class Wordbook:
    """Words, their sounds and their spellings in tokens.

    Making one takes about half a second; it serves all poems of pens that share a tokenizer.

    Args:
        tokenizer: of the pen.
        voice: how words sound.
        more: words besides those of `words/verse.txt`, as they are spelt inside a line: of a person's own corpus.

    Attributes:
        vocabulary: V words.
        first: spellings at the beginning of a line, with a capital.
        inner: inside a line.
        sentence: inside a line after a full stop, with a capital.
        line, end: the tokens of a line break and of the end.
        stops, pauses: tokens of signs that end a sentence, and of those that do not.
    """

    def __init__(self, tokenizer: Tokenizer, voice: Voice, more: Iterable[str] = ()) -> None:
        self.tokenizer, self.voice = tokenizer, voice
        lists = word_lists("verse.txt")
        known = {word.lower() for word in (*lists["common"], *lists["old"])}
        self._more = tuple(w for w in dict.fromkeys(more) if w.lower() not in known and not is_offensive(w))
        self.vocabulary = Vocabulary([*lists["common"], *lists["old"], *self._more], voice)
        self.first, self.inner, self.sentence = self._spelt()
        self.line, self.end = self._mark(LINE), self._mark(END)
        self.stops, self.pauses = self._signs(FULL_STOPS), self._signs(PAUSES)

    def with_words(self, words: Iterable[str]) -> Wordbook:
        """This book, or one that has these words too."""
        lacking = [word for word in words if self.number(word) is None]
        return Wordbook(self.tokenizer, self.voice, (*self._more, *lacking)) if lacking else self

    def number(self, word: str) -> int | None:
        """The number of a word in any case; None for one that is not here."""
        return self._numbers.get(word.lower())

    def numbers(self, words: Iterable[str]) -> list[int]:
        """The numbers of those of the words that are here."""
        return [number for word in words if (number := self.number(word)) is not None]

    @cached_property
    def modern(self) -> Mask:
        """(V,): the words that are not only of old verse."""
        return ~self.vocabulary.mask(word_lists("verse.txt")["old"])

    @cached_property
    def can_end_a_line(self) -> Mask:
        """(V,): the words that do not lean on what follows, as genitives do."""
        genitives = (word for word in self.vocabulary.words if word.endswith(("'s", "s'")))
        return ~self._leaning & ~self.vocabulary.mask(genitives)

    @cached_property
    def telling(self) -> Mask:
        """(V,): the words that carry meaning of their own."""
        return ~self._leaning & ~self.vocabulary.mask(UNSTRESSED_WORDS)

    def kin(self, number: int) -> list[int]:
        """The words that would tell again what a word tells: itself, with a capital, its genitive, its plural.

        And those whose tokens begin with its own: they are likely only because it is (`house` and `housewife`).
        """
        return self._families[_stem(self.vocabulary.words[number])] if self.telling[number] else []

    @cached_property
    def partners(self) -> Ints:
        """(V,): how many modern words that can end a line rhyme with each word."""
        return self.vocabulary.partners(self.modern & self.can_end_a_line)

    @cached_property
    def _families(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number in np.flatnonzero(self.telling).tolist():
            found.setdefault(_stem(self.vocabulary.words[number]), []).append(number)
        numbers = {ids: number for number, ids in enumerate(self._tokens)}
        for number, ids in enumerate(self._tokens):
            begun = (numbers.get(ids[:length]) for length in range(1, len(ids)))
            for other in (one for one in begun if one is not None and self.telling[one]):
                found[_stem(self.vocabulary.words[other])].append(number)
        return found

    @cached_property
    def _leaning(self) -> Mask:
        return self.vocabulary.mask(word_lists("writing.txt")["not last"])

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word.lower(): number for number, word in enumerate(self.vocabulary.words)}

    def _spelt(self) -> tuple[Spellings, Spellings, Spellings]:
        words = self.vocabulary.words
        capitals = [capital(word) for word in words]
        inner, sentence = (self._encoded([f"a {word}" for word in spelt]) for spelt in (words, capitals))
        lead = len(self.tokenizer.encode("a").ids)
        inner, sentence = ([ids[lead:] for ids in some] for some in (inner, sentence))
        self._tokens = [tuple(ids) for ids in inner]
        after_capitals = Spellings(sentence)
        alike = self.tokenizer.encode("Sea").ids == self.tokenizer.encode("a Sea").ids[lead:]
        return after_capitals if alike else Spellings(self._encoded(capitals)), Spellings(inner), after_capitals

    def _encoded(self, texts: list[str]) -> list[list[int]]:
        return [found.ids for found in self.tokenizer.encode_batch(texts)]

    def _mark(self, name: str) -> int:
        found = self.tokenizer.token_to_id(name)
        if found is None:
            raise GansuiteError(
                f"The vocabulary of this model has no token {name!r}.", "Use a model that gansuite has trained."
            )
        return found

    def _signs(self, signs: Sequence[str]) -> Ints:
        """Those of the signs that are one token after a word."""
        lead = len(self.tokenizer.encode("a").ids)
        found = [self.tokenizer.encode(f"a{sign}").ids[lead:] for sign in signs]
        return np.array([ids[0] for ids in found if len(ids) == 1], np.int64)


def _stem(word: str) -> str:
    return singular(word.lower().removesuffix("'s"))


def capital(word: str) -> str:
    """The word with a capital, after an apostrophe too: `'Tis`."""
    start = 1 if word.startswith("'") else 0
    return word[:start] + word[start : start + 1].upper() + word[start + 1 :]
