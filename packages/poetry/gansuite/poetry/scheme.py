"""Which lines of a poem rhyme with one another: ABAB, and how well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from gansuite.core.errors import GansuiteError
from gansuite.poetry.sounds import Ending, Rhyme, Voice, ending_of_line, english, grade, words_of
from gansuite.poetry.sounds.rhyme import sounds_of

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwyzαβγδεζηθικλμνξοπρστυφχψω"  # X has a meaning of its own
ALONE = "-"  # of a heard scheme: this line rhymes with none
UNRHYMED = "X"  # of a wanted scheme: this line need not rhyme
NEAR = 4  # lines within which slant and eye rhymes are noticed
TRUE = Rhyme.RICH  # the least that is counted as a rhyme by ear
HEARD_VERSION = "1"  # of what `heard_scheme` answers: another one whenever sounds, rhymes or schemes change
_WEAKER = (Rhyme.EYE, Rhyme.SLANT, Rhyme.LIGHT)  # of lines that share no sound; else one has another group


@dataclass(frozen=True)
class Scheme:
    """The rhymes that a poem has.

    Attributes:
        letters: one a line, the same for lines that rhyme, in order of first use; a line that rhymes with none has one
            of its own. After Z come a to z, then Greek letters; X (in poems of more than 74 rhymes) rhymes with none.
        grades: how well each line rhymes with the line of its letter with which it rhymes best.
    """

    letters: str
    grades: tuple[Rhyme, ...]

    @property
    def density(self) -> float:
        """The share of lines that rhyme by ear, 0..1."""
        return sum(one >= TRUE for one in self.grades) / max(1, len(self.grades))

    def __str__(self) -> str:
        return self.letters


def scheme_of(lines: Sequence[str], voice: Voice, least: Rhyme = Rhyme.EYE) -> Scheme:
    """The rhymes of a poem or stanza.

    Lines that share a sound belong together, the sound that most lines share first; what is left over is joined by
    light, slant and eye rhymes, as far as these count.

    Args:
        lines: with words in them, no blank ones between.
        voice: how words sound.
        least: the weakest rhyme that counts.
    """
    endings = [ending_of_line(words, voice) if (words := words_of(line)) else None for line in lines]
    return scheme_of_endings(endings, least)


def heard_scheme(lines: Sequence[str]) -> str:
    """The rhymes by ear alone, for `dataset.open_verse`: a letter a line, `-` for one that rhymes with none.

    Lines that end in the same word, and in no rhyme to it, do not rhyme: who learns from this learns no repetition.
    """
    found = scheme_of(lines, english(), TRUE)
    return "".join(name if how >= TRUE else ALONE for name, how in zip(found.letters, found.grades, strict=True))


def scheme_of_endings(endings: Sequence[Ending | None], least: Rhyme = Rhyme.EYE) -> Scheme:
    """The same for endings of lines; None, of a line without words, rhymes with nothing."""
    group = list(range(len(endings)))
    for members in _by_sound(endings):
        for line in members:
            group[line] = members[0]
    for one, other in _left_over(endings, group, least):
        group[other] = group[one]
    grades = tuple(_best(endings, group, line) for line in range(len(endings)))
    return Scheme(_lettered(group), grades)


def parse_scheme(text: str) -> str:
    """The rhyme scheme that a person names: letters, as `ABAB` or `abab cdcd`; empty for `none`.

    Lines of the same letter rhyme; X and `-` stand for a line that need not. Dots at the end are for `and so on`, which
    goes without saying. Letters are renamed by order of first use, as `scheme_of` has them, X kept.

    Raises:
        GansuiteError: other signs.
    """
    asked = "".join(text.upper().split()).replace("-", UNRHYMED).rstrip(".…")
    if asked in ("", "NONE"):
        return ""
    if not set(asked) <= set(LETTERS[:25] + UNRHYMED):
        raise GansuiteError(f"'{text}' is not a rhyme scheme.", "Write a letter for each line: ABAB, AABBA, or none.")
    return renamed(asked)


def renamed(scheme: str) -> str:
    """The scheme with its letters in order of first use, A first; X stays."""
    names = dict(zip(dict.fromkeys(scheme.replace(UNRHYMED, "")), LETTERS, strict=False))
    return "".join(names.get(letter, UNRHYMED) for letter in scheme)


def repeated(scheme: str, lines: int) -> str:
    """The scheme stanza after stanza, each with letters of its own: ABAB over 8 lines is ABABCDCD, AA over 6 AAAAAA.

    Args:
        scheme: with letters in order of first use.
        lines: a multiple of its length, at most 64.
    """
    if len(set(scheme)) == 1:
        return scheme[:1] * lines
    letters = len(set(scheme) - {UNRHYMED})
    shifts = [dict(zip(LETTERS, LETTERS[letters * stanza :], strict=False)) for stanza in range(lines // len(scheme))]
    return "".join(shift.get(letter, UNRHYMED) for shift in shifts for letter in scheme)


def rhyming_lines(scheme: str) -> tuple[tuple[int, ...], ...]:
    """The groups of lines, counted from 0, that a wanted scheme makes rhyme: those of two and more."""
    groups = [tuple(i for i, one in enumerate(scheme) if one == letter) for letter in dict.fromkeys(scheme)]
    return tuple(group for group in groups if len(group) > 1 and scheme[group[0]] != UNRHYMED)


def _by_sound(endings: Sequence[Ending | None]) -> Iterator[list[int]]:
    """Groups of lines that share a sound, the largest first; the order of lines changes nothing about them."""
    heard = [frozenset() if end is None else sounds_of(end) | {tail for tail, _ in end.joined} for end in endings]
    left = set(range(len(endings)))
    while True:
        shared = Counter(sound for line in left for sound in heard[line])
        sound, count = max(shared.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        if count < 2:
            return
        members = sorted(line for line in left if sound in heard[line])
        left -= set(members)
        yield members


def _left_over(endings: Sequence[Ending | None], group: list[int], least: Rhyme) -> Iterator[tuple[int, int]]:
    """Pairs of lines, the second alone so far, that rhyme less well: the best first, then the nearest."""
    sizes = Counter(group)
    found = []
    for one, other in combinations(range(len(endings)), 2):
        first, second = endings[one], endings[other]
        if first is None or second is None or min(sizes[group[one]], sizes[group[other]]) > 1:
            continue
        how = grade(first, second)
        if how in _WEAKER and how >= least and (how >= TRUE or other - one <= NEAR):
            found.append((-how, other - one, one, other))
    for _, _, one, other in sorted(found):
        if sizes[group[other]] == 1:
            pair = (one, other)
        elif sizes[group[one]] == 1:
            pair = (other, one)
        else:
            continue
        sizes[group[pair[0]]] += 1
        sizes[group[pair[1]]] = 2
        yield pair


def _best(endings: Sequence[Ending | None], group: list[int], line: int) -> Rhyme:
    """How well a line rhymes with the best of its group."""
    mine = endings[line]
    others = [endings[i] for i, name in enumerate(group) if name == group[line] and i != line]
    return max((grade(mine, other) for other in others if mine and other), default=Rhyme.NONE)


def _lettered(group: list[int]) -> str:
    names = dict(zip(dict.fromkeys(group), LETTERS, strict=False))
    return "".join(names.get(one, UNRHYMED) for one in group)
