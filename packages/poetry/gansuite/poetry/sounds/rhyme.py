"""What rhymes with what, and how well.

A perfect rhyme sounds alike from the last stressed vowel on, and differently before it; a word never rhymes with
itself. Of a word with several pronunciations any may rhyme (`read` with `bed` and with `seed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

from gansuite.poetry.sounds.phones import Sound, encode, ending, last_syllable, stressed, stresses, unstressed
from gansuite.poetry.sounds.voice import Voice
from gansuite.poetry.sounds.words import plain_word

Tail = tuple[str, str]  # what is alike in a rhyme, and the consonants before it


class Rhyme(IntEnum):
    """How well two line ends rhyme, the better the greater.

    NONE; REPEAT: the same word; EYE: alike only to the eye (love, move); SLANT: nearly alike (time, fine); RICH: the
    consonants before alike too (sea, see; leave, believe); LIGHT: by an unstressed last syllable (memory, sea);
    PERFECT.
    """

    NONE = 0
    REPEAT = 1
    EYE = 2
    SLANT = 3
    RICH = 4
    LIGHT = 5
    PERFECT = 6


# they lean on the word before them, so that a rhyme may begin there: `know it`, `show it`
_WEAK_WORDS = "he her him i in is it me not of on she thee them they to up us was we ye you"
ENCLITICS = frozenset(_WEAK_WORDS.split())

_REDUCED = str.maketrans({encode("IH0"): encode("AH0")})  # CMUdict writes either: wanted, hunted
_MERGED = tuple(  # what few speakers tell apart
    (encode(one), encode(other))
    for one, other in (
        ("IY1 R", "IH1 R"),
        ("UW1 R", "UH1 R"),
        ("AA1 L", "AO1 L"),
        ("AA1 NG", "AO1 NG"),
        ("AY1 ER0", "AY1 R"),
        ("AW1 ER0", "AW1 R"),
    )
)
_NEAR_VOWELS = tuple(
    frozenset(encode(f"{vowel}1") for vowel in group.split())
    for group in ("IH IY", "UH UW", "AH UH", "AA AO", "AA AH", "AO OW", "EH EY", "AE EH", "EH IH")
)
_FAMILIES = ("B P", "D T", "G K", "CH JH", "M N NG", "F TH V DH", "S Z SH ZH", "L R")
_FAMILY = str.maketrans({encode(one): encode(family.split()[0]) for family in _FAMILIES for one in family.split()})
# unstressed endings as verse says them at the end of a line
_LIFTED = {"ness": encode("EH1 S"), "less": encode("EH1 S"), "ate": encode("EY1 T"), "age": encode("EY1 JH")}
_VOWEL_LETTERS = re.compile("[aeiouy]+")
_SILENT_E = re.compile(r"([aeiouy][^aeiouy]+)e(s|d)?$")


@dataclass(frozen=True, slots=True)
class Ending:
    """What of a word, or of a line, rhymes.

    Attributes:
        word: its plain spelling; of a line, of its last word.
        tails: from the last stressed vowel on, and the consonants before that, for each pronunciation.
        light: the last syllable, as if stressed, of words that end in two unstressed ones.
        near: keys that words that nearly rhyme have in common.
        letters: how that which rhymes is spelt; empty where spelling says little.
        joined: the tails that begin in the word before, of a line whose last word leans on it.
    """

    word: str
    tails: frozenset[Tail]
    light: frozenset[str]
    near: frozenset[str]
    letters: str
    joined: frozenset[Tail] = frozenset()


@lru_cache(maxsize=1 << 17)
def ending_of(word: str, voice: Voice) -> Ending:
    """What of a word rhymes."""
    plain = plain_word(word).strip("'")
    sounds = _full(voice(word))
    tails = frozenset(tail for sound in sounds if (tail := tail_of(sound)) is not None)
    near = frozenset(key for tail, _ in tails for key in _near_keys(tail))
    return Ending(plain, tails, frozenset(_light(plain, sounds)), near, _spelt(plain, sounds))


def ending_of_line(words: Sequence[str], voice: Voice) -> Ending:
    """What of a line rhymes: of its last word, and of the last two if the last is weak (`show it`).

    Args:
        words: at least one, as `words_of` cuts them out.
        voice: how they sound.
    """
    last = ending_of(words[-1], voice)
    if last.word not in ENCLITICS or len(words) < 2:
        return last
    weak = {_weak(sound) for sound in voice(words[-1])}
    joined = frozenset((tail + rest, before) for tail, before in ending_of(words[-2], voice).tails for rest in weak)
    return replace(last, joined=joined)


def grade(one: Ending, other: Ending) -> Rhyme:
    """How well two endings rhyme; the same either way round."""
    if _joined(one, other):
        return Rhyme.PERFECT
    if one.word == other.word:
        return Rhyme.REPEAT
    if one.tails & other.tails and not _perfect(one.tails, other.tails):
        return Rhyme.RICH
    return _by_sound(one, other)


def rhyme(one: str, other: str, voice: Voice) -> Rhyme:
    """How well two words rhyme."""
    return grade(ending_of(one, voice), ending_of(other, voice))


def sounds_of(end: Ending) -> frozenset[str]:
    """The tails without what stands before them: perfect rhymes have one in common."""
    return frozenset(tail for tail, _ in end.tails)


def tail_of(sound: Sound) -> Tail | None:
    """What is alike in a rhyme and the consonants before it; None for a sound without vowels."""
    parts = ending(sound)
    if parts is None:
        return None
    before, vowel, rest = parts
    return _merged(stressed(vowel) + rest.translate(_REDUCED)), before


def _full(sounds: Sequence[Sound]) -> Sequence[Sound]:
    """The sounds less the weak forms (`for` as `fer`), unless there are only these."""
    return [sound for sound in sounds if stresses(sound).strip("0")] or sounds


def _joined(one: Ending, other: Ending) -> bool:
    """Whether they rhyme perfectly when at least one of them begins its rhyme a word earlier."""
    return _perfect(one.joined, other.joined | other.tails) or _perfect(one.tails, other.joined)


def _by_sound(one: Ending, other: Ending) -> Rhyme:
    if _perfect(one.tails, other.tails):
        return Rhyme.PERFECT
    if one.light & (sounds_of(other) | other.light) or other.light & sounds_of(one):
        return Rhyme.LIGHT
    if one.near & other.near:
        return Rhyme.SLANT
    return Rhyme.EYE if one.letters and one.letters == other.letters else Rhyme.NONE


def _perfect(some: frozenset[Tail], others: frozenset[Tail]) -> bool:
    return any(tail == also and before != prior for tail, before in some for also, prior in others)


def _merged(tail: str) -> str:
    for one, other in _MERGED:
        tail = tail.replace(one, other)
    return tail


def _weak(sound: Sound) -> Sound:
    """A monosyllable as it sounds after a stress: `it` as in `spirit`."""
    vowel = last_syllable(sound)
    if vowel is None:
        return sound
    return (vowel[0].removeprefix(encode("HH")) + unstressed(vowel[1]) + vowel[2]).translate(_REDUCED)


def _light(word: str, sounds: Sequence[Sound]) -> Iterator[str]:
    for sound in sounds:
        last = last_syllable(sound)
        if last is not None and stresses(sound).endswith("00"):
            yield _merged(stressed(last[1]) + last[2])
    lifted = next((tail for letters, tail in _LIFTED.items() if word.endswith(letters)), "")
    if lifted and any(stresses(sound).endswith("0") for sound in sounds):
        yield lifted


def _near_keys(tail: str) -> Iterator[str]:
    """Keys of the same vowel with consonants of the same families, and of a near vowel with the same consonants."""
    vowel, rest = tail[0], tail[1:]
    if rest:
        yield vowel + rest.translate(_FAMILY)
        yield from (f"{number}~{rest}" for number, group in enumerate(_NEAR_VOWELS) if vowel in group)


def _spelt(word: str, sounds: Sequence[Sound]) -> str:
    """The letters from the last stressed vowel on, as far as spelling shows it; empty for an open ending."""
    tail = tail_of(sounds[0])
    syllables = 0 if tail is None else len(stresses(tail[0]))
    groups = [found.start() for found in _VOWEL_LETTERS.finditer(_SILENT_E.sub(r"\1", word))]
    if not 0 < syllables <= len(groups):
        return ""
    letters = word[groups[-syllables] :]
    return letters if len(letters) > 1 and letters[-1] not in "aiouy" else ""
