"""The pronunciation of a word that no dictionary has from words that it has: `heedlessness`, `flow'r`, `seafoam`.

Rules of English word building and of the spelling of old verse. `look` stands for what is known: the sounds of a word,
or none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from gansuite.poetry.sounds.phones import UNSTRESSED, VOWEL, Sound, encode, lowered

Sounds = tuple[Sound, ...]
Look = Callable[[str], Sounds]

_HISSING = {encode(phone) for phone in ("S", "Z", "SH", "ZH", "CH", "JH")}
_VOICELESS = {encode(phone) for phone in ("P", "T", "K", "F", "TH", "S", "SH", "CH")}
_STOPS = {encode("T"), encode("D")}
_S, _Z, _T, _D, _EZ, _ED, _ST = (encode(phones) for phones in ("S", "Z", "T", "D", "AH0 Z", "AH0 D", "S T"))
_LE, _LY = encode("AH0 L"), encode("L IY0")
_R, _ER = encode("R"), encode("ER0")

# endings that begin with a vowel and may change the end of the word before them
_VOWEL_SUFFIXES = {
    "ing": encode("IH0 NG"),
    "in'": encode("IH0 N"),
    "est": encode("AH0 S T"),
    "eth": encode("AH0 TH"),
    "ers": encode("ER0 Z"),
    "ish": encode("IH0 SH"),
}
_SUFFIXES = {
    "ness": encode("N AH0 S"),
    "less": encode("L AH0 S"),
    "ful": encode("F AH0 L"),
    "some": encode("S AH0 M"),
    "ship": encode("SH IH2 P"),
    "hood": encode("HH UH2 D"),
    "ward": encode("W ER0 D"),
    "wards": encode("W ER0 D Z"),
    "ment": encode("M AH0 N T"),
    "like": encode("L AY2 K"),
    "wise": encode("W AY2 Z"),
    "ly": encode("L IY0"),
}
_PREFIXES = {
    "under": encode("AH2 N D ER0"),
    "over": encode("OW2 V ER0"),
    "o'er": encode("AO2 R"),
    "fore": encode("F AO2 R"),
    "out": encode("AW2 T"),
    "mis": encode("M IH0 S"),
    "dis": encode("D IH0 S"),
    "non": encode("N AA2 N"),
    "un": encode("AH0 N"),
    "en": encode("EH0 N"),
    "in": encode("IH0 N"),
}
# how else a word may be spelt: British and old spellings
_RESPELLINGS = tuple(
    (re.compile(pattern), meant)
    for pattern, meant in (
        (r"our", "or"),
        (r"is(e|ed|es|ing)$", r"iz\1"),
        (r"(?<=[^aeiou])re$", "er"),
        (r"^v(?=[bdfghklnprst])", "u"),
        (r"(?<=[aeo])u(?=e)", "v"),
        (r"(?<=[aeiou]{2}[^aeiou])e$", ""),
        (r"(?<=lf|nk|nd|rk|wn|ld|rt|rd)e$", ""),
        (r"ie$", "y"),
        (r"'", ""),
    )
)
# what ends compounds; other pairs of words are mostly chance (`leg` + `end`)
_HEADS = """
beam beams bell bells bird birds bloom blossom blossoms board boat born bough boughs bound bow breath brook bud buds
bush cap chamber child cliff cloud clouds cup day days deep drop drops dust eyed fall fallen field fields fire fires
flake flakes flight flood flower flowers foam folk fold forth free girl glass gleam glow gold grass grave ground haired
hall hand hands hearted head heads heart hill hills hold horn horse house houses leaf leaves light lights line lit lock
locks maid maiden mark mast mead moon morn music night nights path place pool rain rise road roof room rose roses sail
sails scape sea seas shade shell shine ship ships shore shores side sides sight sky skies snow song songs spear spray
spring star stars stead stone stones storm storms stream streams string strings sun swept sweet sword tail thorn throne
tide tides time times top tops town tree trees voice walk wall walls water waters wave waves way ways wind winds wing
wings winged wood woods word words worm worn world yard
"""
_SECOND = frozenset(_HEADS.split())
_LEAST_PART = 3  # letters of what an ending, a beginning or the second half of a compound is added to
_MAY_WANT_E = re.compile(r"(th|[cgvzu]|[^s]s)$")
_MUST_WANT_E = re.compile(r"^[^aeiouy]*[aeiouy][bdgklmnprt]$")  # `hop` + `ed` would be `hopped`
_HISSES = ("s", "x", "z", "ch", "sh", "o")
_VOWELS = re.compile("[aeiouy]+")


def derived(word: str, look: Look) -> Sounds:
    """The sounds of a word as built from known ones; none where that fails.

    Args:
        word: lower-case letters and apostrophes.
        look: the sounds of known words.
    """
    for build in (_clipped, _inflected, _suffixed, _respelt, _prefixed, _compound):
        if sounds := build(word, look):
            return sounds
    return ()


def with_s(sound: Sound) -> Sound:
    """Plural, genitive or third person."""
    if sound[-1:] in _HISSING:
        return sound + _EZ
    return sound + (_S if sound[-1:] in _VOICELESS else _Z)


def with_d(sound: Sound) -> Sound:
    """Past."""
    if sound[-1:] in _STOPS:
        return sound + _ED
    return sound + (_T if sound[-1:] in _VOICELESS else _D)


def _inflected(word: str, look: Look) -> Sounds:
    for ending, bases, inflect in (
        ("'s", _plain, with_s),
        ("s'", _plain, with_s),
        ("s", _before_s, with_s),
        ("èd", _before_vowel, lambda sound: sound + _ED),
        ("ed", _before_vowel, with_d),
        ("'d", _before_vowel, with_d),
        ("'st", _before_vowel, lambda sound: sound + _ST),
    ):
        if (
            word.endswith(ending)
            and not word.endswith("ss")
            and (sounds := _first(bases(word.removesuffix(ending)), look))
        ):
            return tuple(inflect(sound) for sound in sounds)
    return ()


def _suffixed(word: str, look: Look) -> Sounds:
    for suffix, added in _VOWEL_SUFFIXES.items():
        if word.endswith(suffix) and (sounds := _first(_before_vowel(word.removesuffix(suffix)), look)):
            return tuple(sound + added for sound in sounds)
    for suffix, added in _SUFFIXES.items():
        if word.endswith(suffix) and (sounds := _first(_before_consonant(word.removesuffix(suffix)), look)):
            return tuple(sound.removesuffix(added[0]) + added for sound in sounds)
    return _after_le(word, look)


def _after_le(word: str, look: Look) -> Sounds:
    """`gently`, `humbly`: the syllable of -le is lost."""
    sounds = look(word[:-1] + "e") if word.endswith("ly") else ()
    return tuple(sound.removesuffix(_LE) + _LY for sound in sounds if sound.endswith(_LE))


def _respelt(word: str, look: Look) -> Sounds:
    spellings = (pattern.sub(meant, word) for pattern, meant in _RESPELLINGS)
    return _first((spelling for spelling in spellings if spelling != word), look)


def _prefixed(word: str, look: Look) -> Sounds:
    for prefix, added in _PREFIXES.items():
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) > _LEAST_PART and (sounds := look(rest)):
            return tuple(added + sound for sound in sounds)
    return ()


def _compound(word: str, look: Look) -> Sounds:
    """Two words, of which the first carries the stress and the second is one that often ends compounds."""
    for cut in range(_LEAST_PART, len(word) - 2):
        if word[cut:] in _SECOND and (first := look(word[:cut])) and (second := look(word[cut:])):
            return tuple(first[0] + lowered(sound) for sound in second)
    return ()


def _clipped(word: str, look: Look) -> Sounds:
    """`flow'r`, `heav'n`, `wand'ring`: the apostrophe stands for a vowel that is not spoken."""
    before, apostrophe, after = word.partition("'")
    if not (before and apostrophe and after) or after in {"s", "d", "st", "ll", "ve", "re", "m", "t"}:
        return ()
    whole = _first((f"{before}{vowel}{after}" for vowel in "eoiau"), look)
    later = len(_VOWELS.findall(after))
    return tuple(sound for full in whole if (sound := _without_vowel(full, later)))


def _without_vowel(sound: Sound, later: int) -> Sound:
    """The sound less its vowel before the last `later` ones, if that is unstressed; else empty."""
    places = [match.start() for match in re.finditer(VOWEL, sound)]
    if len(places) <= later + 1:
        return ""
    place = places[-1 - later]
    if not re.match(UNSTRESSED, sound[place]):
        return ""
    return sound[:place] + (_R if sound[place] == _ER else "") + sound[place + 1 :]


def _plain(stem: str) -> Iterator[str]:
    yield stem


def _before_s(stem: str) -> Iterator[str]:
    if stem.endswith("ie"):
        yield stem[:-2] + "y"
    yield stem
    if stem.endswith("e") and stem[:-1].endswith(_HISSES):
        yield stem[:-1]


def _before_vowel(stem: str) -> Iterator[str]:
    must_want_e = _MUST_WANT_E.search(stem) is not None
    if must_want_e or _MAY_WANT_E.search(stem):
        yield stem + "e"
    if must_want_e:
        return
    yield stem
    yield stem + "e"
    if len(stem) > 2 and stem[-1] == stem[-2]:
        yield stem[:-1]
    if stem.endswith("i"):
        yield stem[:-1] + "y"


def _before_consonant(stem: str) -> Iterator[str]:
    yield stem
    if stem.endswith("i"):
        yield stem[:-1] + "y"


def _first(words: Iterator[str], look: Look) -> Sounds:
    """The sounds of the first of the words that are known."""
    return next((sounds for word in words if len(word) >= _LEAST_PART and (sounds := look(word))), ())
