"""What is found in a poem without any network: words, syllables, stresses, rhyme, meter and the forms that it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gansuite.core.errors import GansuiteError
from gansuite.poetry.check import check
from gansuite.poetry.forms import FORMS
from gansuite.poetry.measures.echoes import Echoes, echoes
from gansuite.poetry.meter import Scansion, scan
from gansuite.poetry.scheme import scheme_of_endings
from gansuite.poetry.sounds import Rhyme, Voice, english, stresses
from gansuite.poetry.verse import Line, read_line

_SIGNS = str.maketrans({"1": "/", "2": "\\", "0": "x", "s": "/", "w": "x"})


@dataclass(frozen=True)
class LineScore:
    """One line.

    Attributes:
        text: as it was written.
        words: how many.
        syllables: as its words are usually spoken.
        stresses: a sign for each syllable as the line is best scanned: `/` stressed, `\\` half, `x` not.
        rhyme: its letter.
        grade: how well it rhymes with its best fellow, a name of `Rhyme` in lower case; `none` for an unrhymed one.
        critics: what each critic says of it.
    """

    text: str
    words: int
    syllables: int
    stresses: str
    rhyme: str
    grade: str
    critics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PoemScore:
    """A poem.

    Attributes:
        lines: those with words.
        scheme: a letter a line.
        meter: such as `iambic tetrameter`, or `free`.
        fit: the share of main stresses of longer words that fall on its beats, 0..1.
        echoes: alliteration and assonance.
        forms: names of the forms that it keeps to.
    """

    lines: tuple[LineScore, ...]
    scheme: str
    meter: str
    fit: float
    echoes: Echoes
    forms: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "echoes": self.echoes._asdict()}

    def to_text(self) -> str:
        """A table of lines, and below it what is true of the whole poem."""
        critics = list(self.lines[0].critics)
        head = ["", "", "words", "syllables", "stresses", "rhyme", *critics]
        rows = [head, *(_row(number, line) for number, line in enumerate(self.lines, 1))]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        table = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
        meter = self.meter if self.meter == "free" else f"{self.meter}, {100 * self.fit:.0f} % of stresses on beats"
        return "\n".join(
            [
                *table,
                "",
                f"Rhyme {self.scheme}; meter {meter}.",
                f"Alliteration {100 * self.echoes.alliteration:.0f} %, assonance {100 * self.echoes.assonance:.0f} %.",
                f"Keeps to: {', '.join(self.forms) or 'no form that has a name here'}.",
            ]
        )


def score_poem(
    text: str, voice: Voice | None = None, critics: Mapping[str, Sequence[float]] | None = None
) -> PoemScore:
    """What is found in a poem.

    Args:
        text: lines; those without words are left out.
        voice: how words sound; None is English.
        critics: by name, a score for each line with words.

    Raises:
        GansuiteError: there is no word in it, or a critic does not score each line.
    """
    voice, critics = voice or english(), critics or {}
    read = [line for one in text.split("\n") if (line := read_line(one.strip(), voice)).words]
    if not read:
        raise GansuiteError("There is no poem to score: the text has no words.", "Give a poem, a verse a line.")
    wrong = next((name for name, scores in critics.items() if len(scores) != len(read)), None)
    if wrong is not None:
        raise GansuiteError(
            f"{wrong} scores {len(critics[wrong])} lines, and the poem has {len(read)} with words.",
            "Give a score for each line that has words.",
        )
    texts = [line.text for line in read]
    scanned, scheme = scan(texts, voice), scheme_of_endings([line.ending for line in read])
    lines = tuple(
        LineScore(
            line.text,
            len(line.words),
            line.syllables,
            _stresses(line, read_as, voice),
            letter,
            grade.name.lower(),
            {name: float(scores[number]) for name, scores in critics.items()},
        )
        for number, (line, read_as, letter, grade) in enumerate(
            zip(read, scanned.lines, scheme.letters, scheme.grades, strict=True)
        )
    )
    forms = tuple(name for name, form in FORMS.items() if form.lines == len(read) and check(form, texts, voice).holds)
    return PoemScore(lines, scheme.letters, str(scanned), scanned.fit, echoes(texts, voice), forms)


def _stresses(line: Line, scansion: Scansion, voice: Voice) -> str:
    usual = "".join(stresses(voice(word)[0]) for word in line.words)
    return (scansion.stresses or usual).translate(_SIGNS)


def _row(number: int, line: LineScore) -> list[str]:
    how = "" if line.grade == Rhyme.NONE.name.lower() else f" {line.grade}"
    scores = [f"{score:.2f}" for score in line.critics.values()]
    counts = [str(line.words), str(line.syllables)]
    return [str(number), line.text, *counts, line.stresses, f"{line.rhyme}{how}", *scores]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    right = (0, 2, 3, *range(6, len(row)))
    return [
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
