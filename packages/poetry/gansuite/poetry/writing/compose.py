"""Poems, line by line: for each line candidates that keep the form, of which the likeliest is taken.

Form is not hoped for: no row of a line can leave the room that the form gives it, so that every poem has its lines, its
rhymes, its syllables and the words that were asked for, whatever the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import generator
from gansuite.poetry.check import keeps_meter
from gansuite.poetry.forms import Form, Span
from gansuite.poetry.meter import scan_words
from gansuite.poetry.scheme import UNRHYMED
from gansuite.poetry.sounds import Ending, words_of
from gansuite.poetry.verse import Line, read_line
from gansuite.poetry.vocabulary import LineRoom, Mask, line_patterns, stress_of
from gansuite.poetry.writing.candidates import candidates
from gansuite.poetry.writing.filter import is_offensive
from gansuite.poetry.writing.finish import finished
from gansuite.poetry.writing.pen import Page, Pen
from gansuite.poetry.writing.row import LineRules, Row
from gansuite.poetry.writing.score import appeal
from gansuite.poetry.writing.wish import FEWEST_FREE, LENGTHS, MOST_FREE, Wish, checked, holds_word
from gansuite.poetry.writing.wordbook import FULL_STOPS, PAUSES, Wordbook

ATTEMPTS = 6  # poems begun before a form is given up
TIGHT = 2  # patterns of an unrhymed line, up to which its last word is looked for rather than hit upon
ROUNDS = 3  # of candidates for a line
PARTNERS, MOST_PARTNERS = 5, 40  # rhymes to choose from: for each line that is to rhyme with one, and enough for any
PAGE = 8  # lines of a poem that models know well: a longer one is written page by page
STRIDE, KEPT = 4, 2  # lines that a page adds, and with how many of the last it begins: at its end a model means to end
MEMORY = 170  # tokens of a page at the beginning of a line; models have learnt no more
NEAR = 6  # lines, within which no word of meaning stands twice
MORE = 4  # syllables that may follow what the opening has of a line, where that is long already
VERSE = (6, 11)  # syllables of a rhymed poem's first line where nobody asked for a length

Rank = Callable[[Sequence["Poem"]], Sequence[float]]


class DeadEnd(Exception):
    """The lines so far leave no way to go on."""


@dataclass(frozen=True)
class Poem:
    """A poem that was written.

    Attributes:
        lines: of text.
        seed: of this poem; with the same wish and pen it is written again.
        log_likelihood: of a token in the mean under the pen, as if nothing had been asked for.
        tokens: that were written.
        score: by the `rank` that was given to `compose`.
    """

    lines: tuple[str, ...]
    seed: int
    log_likelihood: float
    tokens: int
    score: float | None = None

    @property
    def text(self) -> str:
        """The lines with line breaks between them."""
        return "\n".join(self.lines)


def compose(pen: Pen, wish: Wish, book: Wordbook, count: int = 1, rank: Rank | None = None) -> list[Poem]:
    """Poems, all different; the first has the wish's seed, each other the next.

    Args:
        pen: a language model, with picture, controls and guidance.
        wish: what is asked for.
        book: the words to write in, of the pen's tokenizer.
        count: how many.
        rank: tells how good poems are; of each `wish.best_of` the best is kept, without it the likeliest.

    Raises:
        GansuiteError: what is asked for cannot be met.
    """
    wish = checked(wish, book.voice)
    book = book.with_words(wish.words)
    texts: set[str] = set()
    poems = []
    for number in range(count):
        some = [_another(pen, wish, book, wish.seed + number, turn, texts) for turn in range(wish.best_of)]
        scores = list(rank(some)) if rank else [poem.log_likelihood for poem in some]
        best = max(range(len(some)), key=scores.__getitem__)
        poems.append(replace(some[best], score=scores[best]) if rank else some[best])
    return poems


def first_in_view(ids: Sequence[Sequence[int]], form: Form | None) -> int:
    """The number of the first line that is still in view where the next one is written.

    Args:
        ids: tokens of the lines so far.
        form: of the poem; without one only tokens count.
    """
    top = STRIDE * max(0, (len(ids) - KEPT) // STRIDE)
    top = max(0, min(top, form.lines - PAGE)) if form else 0
    while sum(map(len, ids[top:])) > MEMORY:
        top += 1
    return top


def page_from(top: int, form: Form | None) -> slice:
    """The lines that a page is for which begins with this one: all where no number of lines was asked for."""
    return slice(top, top + PAGE) if form else slice(None)


def _another(pen: Pen, wish: Wish, book: Wordbook, seed: int, turn: int, texts: set[str]) -> Poem:
    """A poem that is none of those there are."""
    for attempt in range(ATTEMPTS):
        try:
            poem = _Draft(pen, wish, book, seed, f"poem/{turn}/{attempt}").poem()
        except DeadEnd:
            continue
        if poem.text not in texts:
            texts.add(poem.text)
            return poem
    asked = f" with {', '.join(wish.words)} in it" if wish.words else ""
    raise GansuiteError(
        f"No poem was found that keeps to {wish.form or 'a free form'}{asked}.",
        "Ask for less, use other words, or raise the temperature.",
    )


@dataclass
class _Draft:
    """A poem that is being written."""

    pen: Pen
    wish: Wish
    book: Wordbook
    seed: int
    stream: str
    lines: list[Line] = field(default_factory=list)
    ids: list[list[int]] = field(default_factory=list)
    top: int = 0  # number of the page's first line
    surprise: float = 0.0
    tokens: int = 0

    def poem(self) -> Poem:
        """Write it to its end."""
        page = self._opened()
        over = False
        while not over:
            over, page = self._next(page)
        lines = finished([line.text for line in self.lines])
        if is_offensive("\n".join(lines)):
            raise DeadEnd
        return Poem(tuple(lines), self.seed, -self.surprise / max(1, self.tokens), self.tokens)

    @property
    def form(self) -> Form:
        """What is asked for; a free poem may have as many lines as any."""
        return self.wish.form or Form("free", MOST_FREE)

    def _opened(self) -> Page:
        """A page with the whole lines of the opening."""
        for text in self.wish.whole_lines:
            self.lines.append(read_line(text, self.book.voice))
        self.ids = [self.book.tokenizer.encode(f"{line}\n").ids for line in self.wish.whole_lines]
        return self._turned()

    def _turned(self) -> Page:
        """A page for the next lines, which begins with the last ones."""
        self.top = first_in_view(self.ids, self.wish.form)
        told = [token for line in self.ids[self.top :] for token in line]
        return self.pen.begin(told, page_from(self.top, self.wish.form))

    def _next(self, page: Page) -> tuple[bool, Page]:
        """Write a line; tells whether the poem is over."""
        rules = self._rules()
        start = self._start(rules)
        standing = page.write(torch.tensor([start.ids])) if start.ids else page
        row = self._chosen(standing, rules, start)
        self.surprise += row.surprise
        self.tokens += len(row.ids) - len(start.ids)
        self.lines.append(read_line(self._text(row), self.book.voice))
        over = rules.last or row.ended == 2
        self.ids.append(list(row.ids))
        if over:
            return True, page
        as_before = first_in_view(self.ids, self.wish.form) == self.top
        return False, page.write(torch.tensor([row.ids])) if as_before else self._turned()

    def _chosen(self, page: Page, rules: LineRules, start: Row) -> Row:
        """The best of the candidates."""
        musts = self._lacking
        numbers = self.book.numbers(musts)
        left = self.form.lines - len(self.lines) if self.wish.form else FEWEST_FREE - len(self.lines)
        needed = max(0, len(musts) - max(0, left - 1))
        narrow = rules.tight + bool(self.form.meter) + bool(musts)  # of the lines that fit fewer are good
        for turn in range(ROUNDS):
            chance = generator(self.seed, f"{self.stream}/{turn}", len(self.lines))
            wish = replace(self.wish, breadth=self.wish.breadth << narrow + turn)
            rows = candidates(page, rules, start, numbers, wish, chance)
            rows = [row for row in rows if len(set(row.words) & set(numbers)) >= needed and self._is_new(row)]
            good = [row for row in rows if self._scans(row)]
            if good or (rows and turn == ROUNDS - 1):
                return max(good or rows, key=lambda row: self._appeal(row, numbers, left))
        raise DeadEnd

    @property
    def _lacking(self) -> list[str]:
        """The words that were asked for and are not there yet."""
        texts = [line.text for line in self.lines]
        return [word for word in self.wish.words if not holds_word(texts, word)]

    def _appeal(self, row: Row, musts: Sequence[int], left: int) -> float:
        placed = len(set(row.words) & set(musts)) / max(1, left)
        return appeal(self._text(row), row, self.lines, self.form, self.book.voice) + placed

    def _is_new(self, row: Row) -> bool:
        words = words_of(self._text(row).lower())
        return all(words != words_of(line.text.lower()) for line in self.lines)

    def _scans(self, row: Row) -> bool:
        """Whether the likeliest reading of the line, too, is in the meter: the room asks only that one of them is."""
        if not self.form.meter:
            return True
        feet = self.form.feet_of(len(self.lines))
        words = words_of(self._text(row).lower())
        return keeps_meter(scan_words(words, self.form.meter, self.book.voice, feet), feet)

    def _text(self, row: Row) -> str:
        return self.book.tokenizer.decode(list(row.ids[:-1] if row.ended else row.ids)).strip()

    def _rules(self) -> LineRules:
        """What the next line must keep to."""
        number, form = len(self.lines), self.form
        letter = form.scheme[number : number + 1].replace(UNRHYMED, "")
        earlier = [line for line, name in zip(self.lines, form.scheme, strict=False) if name == letter]
        low, high = self._span(letter, earlier)
        begun = len(stress_of(self._begun, self.book.voice))
        patterns = line_patterns(form, number, (low, max(high, begun + MORE) if begun else high))
        ends = [line.ending for line in earlier if line.ending is not None]
        later = form.scheme[number + 1 :].count(letter) if letter else 0
        room = LineRoom(self.book.vocabulary, patterns, self._usable(), self._last_words(ends, later))
        if not room.possible:
            raise DeadEnd
        last = number == form.lines - 1
        tight = bool(ends) or (len(patterns) <= TIGHT and not form.scheme)
        return LineRules(self.book, room, bool(ends), tight, last, not self.wish.form and number >= FEWEST_FREE - 1)

    def _usable(self) -> Mask:
        """The words that may be used: those of today that the last lines have not told, and those asked for."""
        usable = self.book.modern.copy() if self.wish.modern else np.ones(len(self.book.vocabulary), bool)
        for number in self.book.numbers(word for line in self.lines[-NEAR:] for word in line.words):
            usable[self.book.kin(number)] = False
        usable[self.book.numbers(self._lacking)] = True
        return usable

    def _last_words(self, ends: Sequence[Ending], later: int) -> Mask:
        """The words with which the next line may end."""
        used = self.book.vocabulary.mask(
            spelt for line in self.lines if line.words for spelt in (line.words[-1], line.words[-1].lower())
        )
        mask = self.book.can_end_a_line & ~used
        if ends:
            mask &= self.book.vocabulary.rhyming(*ends)
        elif later:
            mask &= self.book.partners >= min(PARTNERS * later, max(MOST_PARTNERS, later))
        return mask

    def _span(self, letter: str, earlier: Sequence[Line]) -> Span:
        """The syllables of a line of which the form does not tell the length."""
        if not self.form.scheme or (not letter and not self.lines):
            return LENGTHS
        if not self.lines:
            return VERSE
        if earlier:
            return max(3, earlier[0].syllables - 1), earlier[0].syllables + 1
        first = self.lines[0].syllables
        return max(4, first - 2), first + 1

    @property
    def _begun(self) -> str:
        """What the opening has of the next line."""
        return self.wish.begun_line if len(self.lines) == len(self.wish.whole_lines) else ""

    def _start(self, rules: LineRules) -> Row:
        """The line as far as the opening has it."""
        text = self._begun
        if not text:
            return rules.start()
        words = words_of(text)
        numbers = [-1 if (number := self.book.number(word)) is None else number for word in words]
        closes = numbers[-1] == -1 or bool(rules.room.closing[numbers[-1]])
        sign = next((sign for sign in (*FULL_STOPS, *PAUSES) if text.endswith(sign.strip())), "")
        ids = self.book.tokenizer.encode(text).ids
        row = rules.opened(ids, numbers, rules.room.after_all(words), closes, sign)
        if not row.may_go_on and not row.may_end:
            raise GansuiteError(
                f"The opening '{text}' cannot be gone on with as line {len(self.lines) + 1} of the poem.",
                "Change it, or ask for another form.",
            )
        return row
