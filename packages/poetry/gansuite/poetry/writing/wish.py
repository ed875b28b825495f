"""What a person asks of a poem, and whether it can be written at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gansuite.core.errors import GansuiteError
from gansuite.poetry.check import check
from gansuite.poetry.forms import Form
from gansuite.poetry.sounds import Voice, words_of
from gansuite.poetry.text import tidy, with_line_breaks
from gansuite.poetry.verse import read_line
from gansuite.poetry.vocabulary import fits_somewhere, line_patterns, stress_of
from gansuite.poetry.writing.filter import refuse_offensive

MOST_FREE = 24  # lines of a poem whose number of lines nobody asked for
FEWEST_FREE = 3
MUSTS_A_LINE = 2
MUST_WORDS = 3  # that stand together as one
LENGTHS = (3, 16)  # syllables of a line where nobody asked for a length
LONGEST_BEGUN = 40  # syllables of a line that is begun
TEMPERATURES = (0.05, 3.0)


@dataclass(frozen=True)
class Wish:
    """What is asked of a poem; pictures, mood and era are asked of the pen.

    Attributes:
        form: lines, rhyme, syllables and meter; None leaves all of it, the number of lines too, to the model.
        words: each stands in the poem as it is typed here, but for a capital; up to three words in a row are one.
        opening: how it begins: whole lines and, after the last line break, the beginning of one.
        temperature: 0.05..3: below 1 the likely becomes likelier.
        top_p: the next token is one of the likeliest that together have this probability, 0..1.
        min_p: and is at least this part as likely as the likeliest, 0..1.
        seed: the same seed, the same poem.
        modern: leaves out the words of old verse.
        best_of: poems written for each that is kept.
        breadth: candidates for each line.
    """

    form: Form | None = None
    words: tuple[str, ...] = ()
    opening: str = ""
    temperature: float = 0.9
    top_p: float = 0.95
    min_p: float = 0.0
    seed: int = 0
    modern: bool = True
    best_of: int = 1
    breadth: int = 8

    @property
    def whole_lines(self) -> tuple[str, ...]:
        """Of the opening."""
        return tuple(self._opening()[:-1])

    @property
    def begun_line(self) -> str:
        """The opening's beginning of a line, after its whole ones."""
        return self._opening()[-1]

    def _opening(self) -> list[str]:
        text = with_line_breaks(self.opening)
        lines = [line for line in tidy(text).split("\n") if line]
        return [*lines, ""] if not lines or text.endswith("\n") else lines


def checked(wish: Wish, voice: Voice) -> Wish:
    """The wish with its words tidy and each once.

    Raises:
        GansuiteError: it cannot be met, and why.
    """
    _check_numbers(wish)
    words = tuple(dict.fromkeys(" ".join(tidy(word).split()) for word in wish.words if word.strip()))
    refuse_offensive(words, "What must be in the poem")
    refuse_offensive([wish.opening], "The opening")
    for word in words:
        if not 0 < len(words_of(word)) <= MUST_WORDS:
            raise GansuiteError(
                f"'{word}' is not a word that a poem can hold.", "Write words between commas: sea,light."
            )
    _check_opening(wish, voice)
    _check_room(wish.form, [word for word in words if not holds_word(wish.whole_lines, word)], voice)
    return replace(wish, words=words)


def holds_word(lines: Sequence[str], word: str) -> bool:
    """Whether a word, or a few in a row, stands in a line of these, in any case."""
    wanted = re.compile(rf"(?<![\w'-]){re.escape(word.lower())}(?![\w'-])")
    return any(wanted.search(line.lower()) for line in lines)


def _check_numbers(wish: Wish) -> None:
    low, high = TEMPERATURES
    if not low <= wish.temperature <= high:
        raise GansuiteError(f"A temperature of {wish.temperature:g} is not possible.", f"Use one from {low} to {high}.")
    if not 0 < wish.top_p <= 1 or not 0 <= wish.min_p < 1:
        raise GansuiteError(
            "top-p or min-p is out of range.", "Use a top-p above 0 and up to 1, a min-p from 0 to below 1."
        )
    if not 1 <= wish.best_of <= 64 or not 1 <= wish.breadth <= 64:
        raise GansuiteError(f"Best of {wish.best_of} is not possible.", "Ask for the best of 1 to 64.")


def _check_opening(wish: Wish, voice: Voice) -> None:
    """Refuse an opening that breaks the form."""
    lines, form = wish.whole_lines, wish.form
    most = form.lines if form else MOST_FREE
    if len(lines) + bool(wish.begun_line) > most or (form is None and len(lines) >= most):
        raise GansuiteError(
            f"The opening has more lines than the poem, which has {most}.", "Shorten it, or ask for more lines."
        )
    begun, number = read_line(wish.begun_line, voice), len(lines)
    if begun.syllables > LONGEST_BEGUN:
        raise GansuiteError(
            f"The opening's last line has {begun.syllables} syllables, and {LONGEST_BEGUN} are the most.",
            "Break it into lines with / between them.",
        )
    if form is None:
        return
    if len(lines) == form.lines:
        raise GansuiteError(
            f"The opening fills all {form.lines} lines of the poem.", "Leave lines for the poet to write."
        )
    for place, report in enumerate(check(form, lines, voice).lines):
        if not report.holds:
            raise GansuiteError(
                f"Line {place + 1} of the opening does not keep to {form}: '{report.line.text}'.",
                "Change the line, or ask for another form.",
            )
    if form.syllables and min(begun.counts) > form.syllables[number][1]:
        raise GansuiteError(
            f"'{begun.text}' has {begun.syllables} syllables, too many for line {number + 1} of {form}.",
            "Shorten the opening, or ask for another form.",
        )


def _check_room(form: Form | None, words: Sequence[str], voice: Voice) -> None:
    """Refuse words that are too many or too long for the form."""
    lines = form.lines if form else FEWEST_FREE
    if len(words) > MUSTS_A_LINE * lines:
        raise GansuiteError(
            f"{len(words)} words must be in a poem that has room for {MUSTS_A_LINE * lines}, {MUSTS_A_LINE} a line.",
            "Name fewer words, or ask for more lines.",
        )
    patterns = [line_patterns(form, number, LENGTHS) for number in range(lines)] if form else [("-" * LENGTHS[1],)]
    for word in words:
        stress = stress_of(word, voice)
        if not any(fits_somewhere(stress, pattern) for some in patterns for pattern in some):
            raise GansuiteError(
                f"'{word}' ({len(stress)} syllables) fits into no line of {form or 'the poem'}.",
                "Choose another word, or another form.",
            )
    most = sum(max(map(len, some), default=0) for some in patterns) if form else LENGTHS[1] * lines
    if sum(len(stress_of(word, voice)) for word in words) > most:
        raise GansuiteError(
            f"The words that must be in the poem have more syllables than {form or 'the poem'} has room for.",
            "Name fewer words, or ask for more lines.",
        )
