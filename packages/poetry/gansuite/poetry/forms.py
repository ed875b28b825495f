"""Poetic forms as data: how many lines, which rhyme, how long they are and to what beat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.poetry.meter import LONGEST, parse_meter, patterns
from gansuite.poetry.scheme import parse_scheme, renamed, repeated

MOST_LINES = 64

T = TypeVar("T")
Span = tuple[int, int]  # the least and the most


@dataclass(frozen=True)
class Form:
    """What a poem must keep to; what is empty is free.

    Attributes:
        name: how a person chooses it.
        lines: how many.
        scheme: a letter for each line: lines of the same one rhyme, X need not.
        syllables: the fewest and the most of each line.
        meter: one of `meter.FEET`.
        feet: of each line.
    """

    name: str
    lines: int
    scheme: str = ""
    syllables: tuple[Span, ...] = ()
    meter: str = ""
    feet: tuple[int, ...] = ()

    def feet_of(self, number: int) -> int | None:
        """How many feet a line has, counted from 0; None where that is free."""
        return self.feet[number] if self.feet else None

    def __str__(self) -> str:
        """`quatrain: 4 lines, rhyme ABAB, syllables 8-6-8-6`."""
        said = [f"{self.lines} line{'s' if self.lines > 1 else ''}"]
        said += [f"rhyme {self.scheme}"] if self.scheme else []
        said += [f"syllables {_listed([_span_text(span) for span in self.syllables])}"] if self.syllables else []
        feet = f" feet {_listed([str(count) for count in self.feet])}" if self.feet else ""
        said += [f"{self.meter}{feet}"] if self.meter else []
        return f"{self.name}: {', '.join(said)}"


_TEN = (10, 11)  # an iambic pentameter may end with a syllable too many
_LONG, _SHORT = (7, 10), (5, 7)
FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form("haiku", 3, "", ((5, 5), (7, 7), (5, 5))),
        Form("tanka", 5, "", ((5, 5), (7, 7), (5, 5), (7, 7), (7, 7))),
        Form("couplet", 2, "AA"),
        Form("tercet", 3, "AAA"),
        Form("quatrain", 4, "ABAB"),
        Form("ballad", 4, "XAXA", ((8, 9), (6, 7), (8, 9), (6, 7)), "iambic", (4, 3, 4, 3)),
        Form("limerick", 5, "AABBA", (_LONG, _LONG, _SHORT, _SHORT, _LONG), "anapestic", (3, 3, 2, 2, 3)),
        Form("sonnet", 14, "ABABCDCDEFEFGG", (_TEN,) * 14, "iambic", (5,) * 14),
        Form("petrarchan", 14, "ABBAABBACDECDE", (_TEN,) * 14, "iambic", (5,) * 14),
    )
}
_OWN = "own form"
_SPAN = re.compile(r"(\d+)(?:(?:\.\.|to)(\d+))?")


def find_form(name: str) -> Form:
    """The form of that name.

    Raises:
        GansuiteError: there is none.
    """
    key = name.strip().lower()
    if key not in FORMS:
        raise GansuiteError(f"There is no form called '{name}'.", did_you_mean(key, list(FORMS)))
    return FORMS[key]


def parse_syllables(text: str) -> tuple[Span, ...]:
    """The syllables of each line that a person wants: `5-7-5`, `8`, `8-6`, `7..9-5`.

    Raises:
        GansuiteError: it is something else, or a line would have none or more than 24.
    """
    found = [_SPAN.fullmatch(part.strip()) for part in re.split(r"[-,/ ]+", text.strip().lower())]
    spans = [(int(one[1]), int(one[2] or one[1])) for one in found if one is not None]
    if not spans or len(spans) < len(found) or not all(0 < low <= high <= LONGEST for low, high in spans):
        raise GansuiteError(
            f"'{text}' does not say how many syllables each line has.",
            f"Write a number from 1 to {LONGEST} for each line, as 5-7-5, or one for all.",
        )
    return tuple(spans)


def design(
    form: str = "", lines: int | None = None, rhyme: str = "", syllables: str = "", meter: str = ""
) -> Form | None:
    """The form that a person asks for by name, in parts, or both: what is said beside the name replaces a part of it.

    A scheme or list of syllables that is shorter than the poem is repeated stanza by stanza.

    Args:
        form: one of `FORMS`, or empty.
        lines: how many, or None for what the rest says.
        rhyme: as `parse_scheme` reads it; empty for what the form says.
        syllables: as `parse_syllables` reads it; empty for what the form says.
        meter: as `parse_meter` reads it; empty for what the form says.

    Returns:
        None where nothing is asked for.

    Raises:
        GansuiteError: a part is not understood, or the parts contradict each other.
    """
    if lines is None and not any((form, rhyme, syllables, meter)):
        return None
    base = find_form(form) if form else Form(_OWN, 0)
    scheme = parse_scheme(rhyme) if rhyme else base.scheme
    spans = parse_syllables(syllables) if syllables else base.syllables
    beat, feet = parse_meter(meter) if meter else (base.meter, None)
    count = _line_count(base, lines, len(scheme) if rhyme else 0, len(spans) if syllables else 0)
    length = (feet,) if feet else () if meter else base.feet
    if feet and not syllables:  # a length in feet replaces the form's length in syllables
        spans = ()
    asked = replace(
        base,
        lines=count,
        scheme=renamed(repeated(scheme, count)) if scheme else "",
        syllables=_stretched(spans, count),
        meter=beat,
        feet=_stretched(length, count),
    )
    _must_be_possible(asked)
    return asked


def _line_count(base: Form, lines: int | None, rhymed: int, measured: int) -> int:
    """How many lines a form has, by all that is said about it."""
    if base.lines and lines not in (None, base.lines):
        raise GansuiteError(
            f"A {base.name} has {base.lines} lines, not {lines}.", "Leave the number of lines or the form out."
        )
    count = base.lines or (max(rhymed, measured, 1) if lines is None else lines)
    if count < 1 or count > MOST_LINES:
        raise GansuiteError(f"A poem of {count} lines cannot be written.", f"Ask for 1 to {MOST_LINES} lines.")
    for said, what in ((rhymed, "The rhyme scheme"), (measured, "The list of syllables")):
        if said and count % said:
            raise GansuiteError(
                f"{what} is {said} lines long, the poem {count}.", "Give one entry a line, or one stanza that repeats."
            )
    return count


def _must_be_possible(form: Form) -> None:
    """Refuse a meter whose lines cannot have the syllables wanted."""
    if not form.meter or not form.syllables:
        return
    for number, (low, high) in enumerate(form.syllables):
        found = {beats.count("1") for length in range(low, high + 1) for beats, _ in patterns(form.meter, length)}
        if not found or (form.feet and form.feet[number] not in found):
            wanted = f"{form.meter} line of {form.feet[number]} feet" if form.feet else f"{form.meter} line"
            raise GansuiteError(
                f"No {wanted} has {_span_text((low, high))} syllables, as line {number + 1} should.",
                "Change the meter or the syllables, or leave one of them out.",
            )


def _stretched(parts: tuple[T, ...], count: int) -> tuple[T, ...]:
    return parts * (count // len(parts)) if parts else ()


def _listed(entries: list[str]) -> str:
    """One entry for all lines, or one for each."""
    return entries[0] if len(set(entries)) == 1 else "-".join(entries)


def _span_text(span: Span) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}..{span[1]}"
