"""Does a poem keep to a form? Line by line, what holds and what does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gansuite.poetry.forms import Form
from gansuite.poetry.meter import Scansion, scan_words
from gansuite.poetry.scheme import TRUE, UNRHYMED, scheme_of_endings
from gansuite.poetry.sounds import Rhyme, Voice, grade
from gansuite.poetry.verse import Line, read_line

KEEPS_BEAT = 0.66  # the share of main stresses on beats from which on a line keeps a meter


@dataclass(frozen=True)
class LineReport:
    """What is found in a line, and whether that is what the form asks for; None where it asks for nothing.

    Attributes:
        line: how it sounds.
        syllables_hold: one of its possible numbers of syllables is wanted.
        rhyme: how well it rhymes with that earlier line of its letter with which it rhymes worst; None for the first.
        rhyme_holds: whether that is good enough.
        scansion: the line read in the form's meter.
        meter_holds: most of its main stresses are on beats, and it has as many feet as wanted.
    """

    line: Line
    syllables_hold: bool | None = None
    rhyme: Rhyme | None = None
    rhyme_holds: bool | None = None
    scansion: Scansion | None = None
    meter_holds: bool | None = None

    @property
    def holds(self) -> bool:
        """Nothing that is asked for is amiss."""
        return False not in (self.syllables_hold, self.rhyme_holds, self.meter_holds)


@dataclass(frozen=True)
class Report:
    """How a poem keeps to a form.

    Attributes:
        form: what was asked for.
        lines: of the poem, without blank ones.
        scheme: the rhymes that were found.
    """

    form: Form
    lines: tuple[LineReport, ...]
    scheme: str

    @property
    def lines_hold(self) -> bool:
        """It has the right number of lines."""
        return len(self.lines) == self.form.lines

    @property
    def holds(self) -> bool:
        """It keeps to the form altogether."""
        return self.lines_hold and all(line.holds for line in self.lines)

    @property
    def syllable_share(self) -> float:
        """The share of lines of the right length, of those that have one; 1 where none has."""
        return _share(line.syllables_hold for line in self.lines)

    @property
    def rhyme_share(self) -> float:
        """The share of rhymes made, of those wanted: one for each line after the first of its letter."""
        return _share(line.rhyme_holds for line in self.lines)

    @property
    def meter_share(self) -> float:
        """The share of lines that keep the meter."""
        return _share(line.meter_holds for line in self.lines)

    def __str__(self) -> str:
        """A line of text for each line of the poem, and one about the whole."""
        rows = [_row(self.form, number, line) for number, line in enumerate(self.lines)]
        missing = "" if self.lines_hold else f", {len(self.lines)} lines instead of {self.form.lines}"
        verdict = "keeps to" if self.holds else "departs from"
        return "\n".join([*rows, f"{verdict} {self.form}; found rhyme {self.scheme}{missing}"])


def check(form: Form, lines: Sequence[str], voice: Voice, least: Rhyme = TRUE) -> Report:
    """What of a form holds in a poem, line by line.

    Args:
        form: what is asked for.
        lines: of the poem; those without words are left out, and lines beyond the form's are not measured.
        voice: how words sound.
        least: the weakest rhyme that will do.
    """
    read = [line for text in lines if (line := read_line(text, voice)).words]
    reports = tuple(_line_report(form, number, read, voice, least) for number in range(len(read)))
    return Report(form, reports, scheme_of_endings([line.ending for line in read]).letters)


def _line_report(form: Form, number: int, read: Sequence[Line], voice: Voice, least: Rhyme) -> LineReport:
    line = read[number]
    if number >= form.lines:
        return LineReport(line)
    low, high = form.syllables[number] if form.syllables else (0, 0)
    rhymed = _worst_rhyme(form.scheme, number, read)
    feet = form.feet_of(number)
    scansion = scan_words(line.words, form.meter, voice, feet) if form.meter else None
    return LineReport(
        line,
        any(low <= count <= high for count in line.counts) if form.syllables else None,
        rhymed,
        None if rhymed is None else rhymed >= least,
        scansion,
        keeps_meter(scansion, feet) if scansion else None,
    )


def _worst_rhyme(scheme: str, number: int, read: Sequence[Line]) -> Rhyme | None:
    letter, mine = scheme[number : number + 1], read[number].ending
    if letter in ("", UNRHYMED) or mine is None:
        return None
    earlier = [read[i].ending for i in range(number) if scheme[i] == letter]
    return min((grade(mine, other) for other in earlier if other is not None), default=None)


def keeps_meter(scansion: Scansion, feet: int | None) -> bool:
    """Whether a line goes into its meter with so many feet, or any number for None."""
    return bool(scansion.beats) and scansion.fit >= KEEPS_BEAT and feet in (None, scansion.feet)


def _share(answers: Iterable[bool | None]) -> float:
    asked = [answer for answer in answers if answer is not None]
    return sum(asked) / len(asked) if asked else 1.0


def _row(form: Form, number: int, report: LineReport) -> str:
    said = [f"{report.line.syllables} syllables{_mark(report.syllables_hold)}"]
    if form.scheme and number < form.lines:
        how = f" {report.rhyme.name.lower()}" if report.rhyme is not None else ""
        said.append(f"{form.scheme[number]}{how}{_mark(report.rhyme_holds)}")
    if report.scansion is not None:
        said.append(f"{report.scansion.meter} {report.scansion.beats or 'no'}{_mark(report.meter_holds)}")
    return f"{number + 1:>2}  {report.line.text.strip()}  [{'; '.join(said)}]"


def _mark(answer: bool | None) -> str:
    return {None: "", True: " (holds)", False: " (does not hold)"}[answer]
