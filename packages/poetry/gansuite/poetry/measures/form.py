"""How much form poems have that nobody asked for: rhyme, its schemes, and lines of like length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gansuite.core.errors import GansuiteError
from gansuite.poetry.scheme import TRUE, scheme_of_endings
from gansuite.poetry.sounds import Voice
from gansuite.poetry.verse import Line, read_line

REACH = 2  # lines back; in ballads every other line is alike


@dataclass(frozen=True)
class FormFigures:
    """The form of a lot of poems.

    Attributes:
        rhyme_density: the share of lines that rhyme by ear with another of their poem, 0..1.
        schemes: the share of poems of each rhyme scheme, the commonest first, by ear; `ABCB` for `-A-A`.
        regularity: the share of lines, from the third of a poem on, that can be spoken with as many syllables as one
            of the two before, 0..1.
    """

    rhyme_density: float
    schemes: Mapping[str, float]
    regularity: float


def form_figures(poems: Sequence[str], voice: Voice) -> FormFigures:
    """Measure the form of poems; lines without words are left out.

    Raises:
        GansuiteError: no poems.
    """
    if not poems:
        raise GansuiteError("There is no poem to measure.", "Give at least one.")
    read = [_lines(poem, voice) for poem in poems]
    schemes = [scheme_of_endings([line.ending for line in lines], TRUE) for lines in read]
    grades = [grade for scheme in schemes for grade in scheme.grades]
    alike = [line for lines in read for line in _alike(lines)]
    return FormFigures(
        sum(grade >= TRUE for grade in grades) / max(1, len(grades)),
        {letters: n / len(poems) for letters, n in Counter(one.letters for one in schemes).most_common()},
        sum(alike) / max(1, len(alike)),
    )


def _lines(poem: str, voice: Voice) -> list[Line]:
    return [line for text in poem.split("\n") if (line := read_line(text, voice)).words]


def _alike(lines: Sequence[Line]) -> list[bool]:
    places = range(REACH, len(lines))
    return [any(lines[place].counts & lines[place - back].counts for back in (1, REACH)) for place in places]
