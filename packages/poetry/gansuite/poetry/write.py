"""From a picture, or from words alone, to poems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from gansuite.core.errors import GansuiteError
from gansuite.poetry.controls import FREE, LENGTH_FROM, Controls, era_named, mood_named
from gansuite.poetry.eras import ERAS
from gansuite.poetry.forms import Form, design
from gansuite.poetry.parts import RELEVANCE, STYLE
from gansuite.poetry.pictures import Pixels
from gansuite.poetry.sampler import Sampler, Sight, Verdict
from gansuite.poetry.sounds import english
from gansuite.poetry.writing.compose import Poem, compose
from gansuite.poetry.writing.wish import TEMPERATURES, Wish
from gansuite.poetry.writing.wordbook import Wordbook

OLD = ERAS[:2]
SYLLABLES_A_WORD = 1.35  # in verse
GUIDANCES = (0.0, 6.0)


@dataclass(frozen=True)
class Request:
    """What is asked for, as it is typed.

    Attributes:
        form, rhyme, syllables, meter, lines: see `forms.design`; empty or None asks nothing.
        words: must stand in the poem.
        opening: how it begins.
        mood: one of `controls.MOODS`; empty: that of the picture.
        era: one of `eras.ERAS`; the first two bring old words with them.
        temperature: 0.05..3.
        relevance: how much the picture counts, 0..6; 1 is as it was learnt.
        best_of: poems written for each that is kept; the critics choose.
        seed, count: the first seed, and how many poems.
    """

    form: str = ""
    rhyme: str = ""
    syllables: str = ""
    meter: str = ""
    lines: int | None = None
    words: tuple[str, ...] = ()
    opening: str = ""
    mood: str = ""
    era: str = ERAS[-1]
    temperature: float = 0.9
    relevance: float = 2.0
    best_of: int = 1
    seed: int = 0
    count: int = 1

    @cached_property
    def shape(self) -> Form | None:
        """The form."""
        return design(self.form, self.lines, self.rhyme, self.syllables, self.meter)

    def check(self) -> None:
        """Raise `GansuiteError` for what is out of range, or a form that cannot be."""
        check_dials(self.temperature, self.relevance)
        if self.count < 1:
            raise GansuiteError(f"--count is {self.count}, but must be at least 1.", "Try --count 1.")
        if self.mood:
            mood_named(self.mood)
        era_named(self.era)
        design(self.form, self.lines, self.rhyme, self.syllables, self.meter)

    def wish(self) -> Wish:
        """What decoding must keep to."""
        return Wish(
            form=self.shape,
            words=self.words,
            opening=self.opening,
            temperature=self.temperature,
            seed=self.seed,
            modern=self.era not in OLD,
            best_of=self.best_of,
        )

    def controls(self, sight: Sight | None) -> Controls:
        """What the poet is asked for."""
        shape = self.shape
        seen = FREE if sight is None else sight.mood
        return Controls(
            lines=FREE if shape is None else shape.lines,
            length=FREE if shape is None else _length(shape),
            mood=mood_named(self.mood) if self.mood else seen,
            era=era_named(self.era),
            rhyme="" if shape is None else shape.scheme,
        )


@dataclass(frozen=True)
class Written:
    """A poem and where it comes from.

    Attributes:
        poem: its lines, seed and likelihood.
        picture: it was written for, or None.
        sight: what was seen in it.
        verdict: of the critics, where the model has some.
    """

    poem: Poem
    picture: Path | None = None
    sight: Sight | None = None
    verdict: Verdict | None = None


class Writer:
    """A model at its desk: the book of its words is made once for all poems.

    Args:
        sampler: the model.
    """

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    @cached_property
    def book(self) -> Wordbook:
        """The words to write in."""
        return Wordbook(self.sampler.tokenizer, english(), self.sampler.words)

    @property
    def judged(self) -> bool:
        """Whether the model has critics."""
        return RELEVANCE in self.sampler.parts and STYLE in self.sampler.parts

    def write(self, request: Request, pixels: Pixels | None = None, picture: Path | None = None) -> list[Written]:
        """Poems for a photograph as `read_picture` gives it, and its name; or for none.

        Raises:
            GansuiteError: what is asked for cannot be met.
        """
        request.check()
        shape = request.shape
        sight = None if pixels is None else self.sampler.look(pixels)
        pen = self.sampler.pen(request.controls(sight), sight, request.relevance)

        def rank(poems: Sequence[Poem]) -> list[float]:
            return [total(verdict) for verdict in self.sampler.verdicts([poem.text for poem in poems], sight)]

        chosen = rank if self.judged and request.best_of > 1 else None
        wish = request.wish() if shape is not None else replace(request.wish(), form=None)
        poems = compose(pen, wish, self.book, request.count, chosen)
        verdicts = self.sampler.verdicts([poem.text for poem in poems], sight) if self.judged else [None] * len(poems)
        return [Written(poem, picture, sight, verdict) for poem, verdict in zip(poems, verdicts, strict=True)]


def total(verdict: Verdict) -> float:
    """By which the best of several poems is chosen: the log odds of both critics."""
    return verdict.style + (verdict.relevance or 0.0)


def check_dials(temperature: float, relevance: float) -> None:
    """Raise `GansuiteError` for a temperature or a relevance that is out of range."""
    low, high = GUIDANCES
    if not low <= relevance <= high:
        raise GansuiteError(
            f"--relevance is {relevance:g}, but lies between {low:g} and {high:g}.",
            "0 leaves the picture out, 1 is as it was learnt, 2 holds closer to it.",
        )
    low, high = TEMPERATURES
    if not low <= temperature <= high:
        raise GansuiteError(
            f"--temperature is {temperature:g}, but lies between {low:g} and {high:g}.", "Try --temperature 0.9."
        )


def _length(form: Form) -> int:
    """The index of the control of line length that fits a form's syllables."""
    if not form.syllables:
        return FREE
    words = sum(low + high for low, high in form.syllables) / 2 / len(form.syllables) / SYLLABLES_A_WORD
    return sum(words >= least for least in LENGTH_FROM) - 1
