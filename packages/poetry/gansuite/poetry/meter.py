"""The meter of verse: which beat its stresses keep, and how well.

A meter repeats a foot over a line: 01 is an iamb, 1 the beat. Words of two and more syllables bring their stresses
with them; monosyllables fit anywhere, but in real verse `the` seldom bears a beat and `star` often does, and by that
evidence a meter is recognised where several would do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.poetry.sounds import Voice, plain_word, stresses, words_of
from gansuite.poetry.verse import swallowed

FEET = {"iambic": "01", "trochaic": "10", "anapestic": "001", "dactylic": "100", "amphibrachic": "010"}
LENGTHS = ("monometer", "dimeter", "trimeter", "tetrameter", "pentameter", "hexameter", "heptameter", "octameter")
FREE = "free"

_UNSTRESSED_WORDS = """
a am an and are art as at be been but by can could did do does for from had has hast hath have he her him his how i if
in is it its ll may me might must my nor not of on or our shall she should so some such than that the thee their them
then there these they thine this those thou though through thy till to too twas tis until up upon us was we were what
when where which while who whom whose why will wilt with would ye yet you your o'er e'er ere
"""
UNSTRESSED_WORDS = frozenset(_UNSTRESSED_WORDS.split())
LONGEST = 24  # syllables of a line that is scanned

# A syllable is marked 0, 1 or 2 as the dictionary stresses it, that of a monosyllable w (weak, as above) or s (strong).
# Log odds of a mark on a beat (1) and off it (0) against its share in all verse: two rounds of hard expectation and
# maximisation over 2,008 stanzas by 579 poets
_Table = Mapping[str, Mapping[str, float]]
_DUPLE: _Table = {
    "0": {"0": 0.61, "1": -2.45, "2": 0.15, "w": 0.39, "s": -0.89},
    "1": {"0": -1.88, "1": 0.65, "2": -0.15, "w": -0.69, "s": 0.48},
}
_TRIPLE: _Table = {
    "0": {"0": 0.44, "1": -1.39, "2": 0.33, "w": 0.41, "s": -0.78},
    "1": {"0": -2.08, "1": 0.90, "2": -0.55, "w": -1.42, "s": 0.49},
}
_BEFOREHAND = {"iambic": 0.0, "trochaic": -2.0, "anapestic": -2.0, "dactylic": -4.0, "amphibrachic": -4.0}  # log odds
_INVERTED, _UPBEAT, _SHORT_FIRST, _SHORT_FOOT, _CUT = -1.5, -1.5, -0.4, -2.0, -0.3  # log odds of licences
_OTHER_SOUND, _SWALLOWED = -1.5, -3.0  # log odds of an unusual pronunciation, of one with fewer syllables
_MISFIT = -12.0  # of a line; no line counts for less in a poem
_MOST = 2 / 3  # of the lines must have as many feet for the meter to be named by them
_CHANCE = 0.05  # mean log odds of a syllable below which a poem is free: one stanza in five, four in five bits of prose


@dataclass(frozen=True, slots=True)
class Scansion:
    """A line scanned in a meter.

    Attributes:
        meter: its name.
        beats: a digit for each syllable, 1 for a beat; empty if the line does not go into the meter at all.
        stresses: how its syllables are stressed: 1, 2, 0, or of monosyllables w (weak) or s (strong).
        fit: the share of main stresses of longer words that fall on beats, 0..1; monosyllables fit anywhere.
        evidence: the log odds that somebody meant it so.
    """

    meter: str
    beats: str
    stresses: str
    fit: float
    evidence: float

    @property
    def feet(self) -> int:
        """How many beats it has."""
        return self.beats.count("1")


@dataclass(frozen=True)
class Scan:
    """A poem scanned.

    Attributes:
        meter: the likeliest one, or `free` where none is likelier than chance.
        fit: the share of main stresses of longer words that fall on its beats, 0..1.
        lines: each line in the likeliest meter.
    """

    meter: str
    fit: float
    lines: tuple[Scansion, ...]

    def __str__(self) -> str:
        """`iambic pentameter`, or the meter alone where a third of the lines have other lengths; `free`."""
        if self.meter == FREE:
            return FREE
        feet, lines = Counter(line.feet for line in self.lines).most_common(1)[0]
        return f"{self.meter} {length_name(feet)}" if lines > len(self.lines) * _MOST else self.meter


def length_name(feet: int) -> str:
    """`pentameter` for 5 feet."""
    return LENGTHS[feet - 1] if 0 < feet <= len(LENGTHS) else f"of {feet} feet"


def parse_meter(text: str) -> tuple[str, int | None]:
    """The meter that a person names and its feet: `iambic`, `iambic pentameter`, `trochaic 4`.

    Raises:
        GansuiteError: it is none.
    """
    name, _, rest = " ".join(text.lower().split()).partition(" ")
    if name not in FEET:
        raise GansuiteError(f"There is no meter called '{text}'.", did_you_mean(name, list(FEET)))
    if not rest:
        return name, None
    if rest in LENGTHS:
        return name, LENGTHS.index(rest) + 1
    if rest.isdigit() and 0 < int(rest) <= len(LENGTHS):
        return name, int(rest)
    raise GansuiteError(f"'{rest}' is no length of a line in feet.", did_you_mean(rest, list(LENGTHS)))


def scan(lines: Sequence[str], voice: Voice) -> Scan:
    """A poem in its likeliest meter.

    Args:
        lines: of one poem; those without words are left out.
        voice: how words sound.
    """
    worded = [tuple(words_of(line)) for line in lines]
    worded = [words for words in worded if words]
    readings = {meter: tuple(scan_words(words, meter, voice) for words in worded) for meter in FEET}
    totals = {m: _BEFOREHAND[m] + sum(max(_MISFIT, one.evidence) for one in read) for m, read in readings.items()}
    meter = max(totals, key=lambda meter: totals[meter])
    read = readings[meter]
    spoken = sum(len(one.stresses) for one in read)
    likely = bool(spoken) and totals[meter] / spoken > _CHANCE
    return Scan(meter if likely else FREE, _fit((one.stresses, one.beats) for one in read), read)


def scan_line(text: str, meter: str, voice: Voice, feet: int | None = None) -> Scansion:
    """A line read in that meter, as `scan_words` does it."""
    return scan_words(tuple(words_of(text)), meter, voice, feet)


def scan_words(words: Sequence[str], meter: str, voice: Voice, feet: int | None = None) -> Scansion:
    """The words of a line read in a meter the likeliest way.

    Args:
        words: as `words_of` cuts them out.
        meter: one of `FEET`.
        voice: how they sound.
        feet: how many it should have: it is read so if that is possible at all.
    """
    marks = [marks_of(word, voice) for word in words]
    lengths = {0}
    for some in marks:
        lengths = {length + len(mark) for length in lengths for mark, _ in some}
    table = _DUPLE if len(FEET[meter]) == 2 else _TRIPLE
    best = (False, float("-inf"), "", "")
    for length in sorted(lengths):
        for pattern, licence in patterns(meter, length):
            evidence, said = _read(marks, pattern, table)
            if said:
                best = max(best, (feet in (None, pattern.count("1")), evidence + licence, said, pattern))
    _, evidence, said, beats = best
    return Scansion(meter, beats, said, _fit([(said, beats)]) if beats else 0.0, evidence)


@lru_cache(maxsize=1 << 16)
def marks_of(word: str, voice: Voice) -> tuple[tuple[str, float], ...]:
    """How the syllables of a word may be stressed, each way with the log odds of saying it so."""
    odds: dict[str, float] = {}
    weak = plain_word(word).strip("'") in UNSTRESSED_WORDS
    for number, sound in enumerate(voice(word)):
        for said in swallowed(sound):
            mark = stresses(said)
            mark = ("w" if weak else "s") if len(mark) == 1 else mark
            likely = _SWALLOWED if said != sound else _OTHER_SOUND if number else 0.0
            odds[mark] = max(likely, odds.get(mark, likely))
    return tuple(odds.items())


@lru_cache(maxsize=1024)
def patterns(meter: str, length: int) -> tuple[tuple[str, float], ...]:
    """The beats that a line of so many syllables may have in a meter, each with the log odds of the licence taken.

    Iambic lines may begin with the beat and end with a syllable too many, trochaic ones begin with a syllable too many;
    in anapestic and dactylic ones some feet may be iambs or trochees, and dactylic and amphibrachic ones may break off
    in the last foot.
    """
    if not 1 < length <= LONGEST:
        return ()
    plain = (FEET[meter] * length)[:length]
    if meter == "anapestic":
        return tuple(_anapests(length))
    if meter == "dactylic":
        return tuple(_dactyls(length))
    if meter == "iambic":
        return ((plain, 0.0), ("10" + plain[2:], _INVERTED))[: 2 if length > 3 else 1]
    if meter == "trochaic":
        return (plain, 0.0), ("0" + plain[:-1], _UPBEAT)
    return ((plain, 0.0 if length % 3 == 0 else _CUT),) if not plain.endswith("00") else ()


def _anapests(length: int) -> Iterator[tuple[str, float]]:
    """Anapests, of which up to two, and the first more readily, may be iambs; a syllable more at the end."""
    for extra in ("", "0"):
        for feet, short in _mixed(length - len(extra)):
            licence = sum(_SHORT_FOOT if number else _SHORT_FIRST for number in short)
            yield "".join("01" if number in short else "001" for number in range(feet)) + extra, licence


def _dactyls(length: int) -> Iterator[tuple[str, float]]:
    """Dactyls, of which up to two may be trochees; the last foot may be cut."""
    for last in ("100", "10", "1"):
        for feet, short in _mixed(length - len(last)):
            licence = _SHORT_FOOT * len(short) + (0.0 if last == "100" else _CUT)
            yield "".join("10" if number in short else "100" for number in range(feet)) + last, licence


def _mixed(length: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """How many feet of three syllables, up to two of them of two only, make up a length, and which are short."""
    feet = (length + 2) // 3
    yield from ((feet, short) for short in combinations(range(feet), 3 * feet - length))


def _read(marks: Sequence[tuple[tuple[str, float], ...]], pattern: str, table: _Table) -> tuple[float, str]:
    """The likeliest stresses of the words that fill the pattern, and their log odds; minus infinity if none do."""
    best: dict[int, tuple[float, str]] = {0: (0.0, "")}
    for some in marks:
        row: dict[int, tuple[float, str]] = {}
        for (start, (total, said)), (mark, odds) in ((before, one) for before in best.items() for one in some):
            end = start + len(mark)
            if end > len(pattern):
                continue
            new = total + odds + sum(table[beat][sign] for beat, sign in zip(pattern[start:end], mark, strict=True))
            if end not in row or new > row[end][0]:
                row[end] = (new, said + mark)
        best = row
    return best.get(len(pattern), (float("-inf"), ""))


def _fit(read: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> float:
    """The share of main stresses on beats, of (stresses, beats) of lines; 1 where there are none."""
    pairs = [pair for said, beats in read for pair in zip(said, beats, strict=True)]
    main = [beat for mark, beat in pairs if mark == "1"]
    return main.count("1") / len(main) if main else 1.0
