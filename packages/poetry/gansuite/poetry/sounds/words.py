"""The words of a line of verse, and the one spelling under which a word is looked up."""

from __future__ import annotations

import re
import unicodedata

_NUMBERS = "zero one two three four five six seven eight nine"
DIGITS = dict(zip("0123456789", _NUMBERS.split(), strict=True))

_WORD = re.compile(r"['’‘]?[^\W\d_]+(?:['’][^\W\d_]+)*['’]?|\d")
_QUOTES = str.maketrans(dict.fromkeys("’‘`´ʼ", "'"))
_LIGATURES = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ð": "th", "þ": "th", "ß": "ss", "ł": "l"})
_SPOKEN_ED = re.compile(r"[èé]d$")


def words_of(line: str) -> list[str]:
    """The words of a line, apostrophes included: what hyphens, dashes and blanks separate; each digit is a word."""
    return _WORD.findall(unicodedata.normalize("NFC", line) if not line.isascii() else line)


def plain_word(word: str) -> str:
    """The word in lower case with plain apostrophes and without accents, but for a spoken ending: `belovèd`."""
    word = word.lower()
    if word.isascii():
        return word
    word = word.translate(_QUOTES)
    spoken = _SPOKEN_ED.search(word) is not None
    bare = unicodedata.normalize("NFKD", word.translate(_LIGATURES))
    bare = "".join(c for c in bare if "a" <= c <= "z" or c == "'" or c.isdigit())
    return bare[:-2] + "èd" if spoken else bare
