"""The sounds of English as short strings: one character a phone, so that slicing, hashing and searching are fast.

A `Sound` is a pronunciation in this coding: the 15 vowels of ARPAbet unstressed, with primary and with secondary stress
(three runs of characters), then the 24 consonants. `encode` and `decode` translate from and to ARPAbet text.
"""

from __future__ import annotations

import re

from gansuite.core.errors import GansuiteError

Sound = str

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = (
    *("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N"),
    *("NG", "P", "R", "S", "SH", "T", "TH", "V", "W", "Y", "Z", "ZH"),
)
_FIRST = 0xA1  # 69 characters from here on fit into Latin-1, and none means anything to a regular expression
_SYMBOLS = {f"{vowel}{stress}": chr(_FIRST + 15 * stress + i) for stress in range(3) for i, vowel in enumerate(VOWELS)}
_SYMBOLS |= {consonant: chr(_FIRST + 45 + i) for i, consonant in enumerate(CONSONANTS)}
_PHONES = {symbol: phone for phone, symbol in _SYMBOLS.items()}

# classes of a regular expression
UNSTRESSED, PRIMARY, STRESSED, VOWEL, CONSONANT = (
    f"[{chr(_FIRST + start)}-{chr(_FIRST + end)}]" for start, end in ((0, 14), (15, 29), (15, 44), (0, 44), (45, 68))
)

_STRESSES = {ord(symbol): phone[-1] if phone[-1].isdigit() else None for symbol, phone in _PHONES.items()}
_RAISED = {ord(symbol): _SYMBOLS[f"{phone[:2]}1"] for symbol, phone in _PHONES.items() if phone[-1].isdigit()}
_WEAKENED = {ord(symbol): _SYMBOLS[f"{phone[:2]}0"] for symbol, phone in _PHONES.items() if phone[-1].isdigit()}
_SECONDARY = {ord(_SYMBOLS[f"{vowel}1"]): _SYMBOLS[f"{vowel}2"] for vowel in VOWELS}
_LAST_STRESS = re.compile(f"({CONSONANT}*)({STRESSED})((?:{UNSTRESSED}|{CONSONANT})*)$")
_LAST_VOWEL = re.compile(f"({CONSONANT}*)({VOWEL})({CONSONANT}*)$")


def encode(phones: str) -> Sound:
    """The pronunciation written in ARPAbet (`N AY1 T`) as a sound.

    Raises:
        GansuiteError: for what is no phone.
    """
    try:
        return "".join(_SYMBOLS[phone] for phone in phones.split())
    except KeyError as error:
        raise GansuiteError(
            f"{error} is not a phone of ARPAbet.", "Write vowels with their stress and spaces between: N AY1 T."
        ) from error


def decode(sound: Sound) -> str:
    """The sound in ARPAbet."""
    return " ".join(_PHONES[symbol] for symbol in sound)


def stresses(sound: Sound) -> str:
    """A digit for each syllable: 1 primary stress, 2 secondary, 0 none; `memory` is 100."""
    return sound.translate(_STRESSES)


def stressed(sound: Sound) -> Sound:
    """Every vowel of it with primary stress."""
    return sound.translate(_RAISED)


def lowered(sound: Sound) -> Sound:
    """Primary stress made secondary, as in the second half of a compound."""
    return sound.translate(_SECONDARY)


def unstressed(sound: Sound) -> Sound:
    """Every vowel of it without stress."""
    return sound.translate(_WEAKENED)


def ending(sound: Sound) -> tuple[str, str, str] | None:
    """What rhyme hears: the consonants before the last stressed vowel, that vowel, and all after it.

    In a word without stress (`the`), its last vowel; None in one without vowels (`'s`).
    """
    found = _LAST_STRESS.search(sound) or _LAST_VOWEL.search(sound)
    return None if found is None else (found[1], found[2], found[3])


def last_syllable(sound: Sound) -> tuple[str, str, str] | None:
    """The consonants before the last vowel, stressed or not, that vowel, and the consonants after it."""
    found = _LAST_VOWEL.search(sound)
    return None if found is None else (found[1], found[2], found[3])
