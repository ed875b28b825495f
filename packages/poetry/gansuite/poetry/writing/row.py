"""One line that is being written: what may come next, token by token.

A line is words with at most one sign between two of them, a word first, and an end. Which words are wanted follows from
the room that is left in the line. Where a row stands after a whole word, or after a sign, it is at a boundary: there it
may go on with a next word, or end, or both.

S sequences of tokens that spell words, V words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gansuite.poetry.spellings import NOWHERE, ROOT, Spellings
from gansuite.poetry.vocabulary import Ints, LineRoom, Mask, State
from gansuite.poetry.writing.wordbook import Wordbook

EITHER, INNER, FINAL = -1, -2, -3  # what the next word may be: both, one after which the line goes on, the last one
Goal = int  # one of these, or the number of a word


@dataclass(frozen=True, slots=True)
class Row:
    """A line so far.

    Attributes:
        ids: its tokens.
        surprise: the negative log-likelihood of those that were chosen, in nats.
        expected: what the model expected that to be: the entropy of each choice, in nats.
        spellings: where words are looked up that stand here, capital or not.
        node: of the spellings, how far the word has come; `ROOT` before its first token.
        before: the room before the word.
        goal: what the word may be.
        words: numbers of the whole ones; -1 for one of the opening that the book does not have.
        may_pause, may_go_on, may_end: what may follow at a `ROOT` that comes after something.
        stopped: the last sign ends a sentence.
        ended: by a line break (1) or by the end of the poem (2).
    """

    spellings: Spellings
    before: State
    goal: Goal
    ids: tuple[int, ...] = ()
    surprise: float = 0.0
    expected: float = 0.0
    node: int = ROOT
    words: tuple[int, ...] = ()
    may_pause: bool = False
    may_go_on: bool = True
    may_end: bool = False
    stopped: bool = False
    ended: int = 0


@dataclass(frozen=True, slots=True)
class Boundary:
    """What may follow a row that stands between two words.

    Attributes:
        row: with the word before as a whole one.
        spellings: of the next word.
    """

    row: Row
    spellings: Spellings


@dataclass
class LineRules:
    """What one line of a poem must keep to.

    Attributes:
        book: of words.
        room: what fits into it.
        rationed: rows do not end by themselves: their last words are put to them.
        last: it ends the poem: it ends a sentence.
        may_be_last: the poem may end with it.
    """

    book: Wordbook
    room: LineRoom
    rationed: bool
    last: bool
    may_be_last: bool
    _counts: dict[tuple[int, State, Goal], Ints] = field(default_factory=dict)
    _first: dict[tuple[int, State, Goal], Ints] = field(default_factory=dict)

    @property
    def goal(self) -> Goal:
        """Of words that nobody has put to a row."""
        return INNER if self.rationed else EITHER

    def start(self) -> Row:
        """A line without words."""
        return Row(self.book.first, self.room.start, self.goal)

    def opened(self, ids: Sequence[int], words: Sequence[int], state: State, may_end: bool, may_pause: bool) -> Row:
        """A line of which words are there already, after which the room is `state`."""
        return Row(
            self.book.inner,
            state,
            self.goal,
            ids=tuple(ids),
            words=tuple(words),
            may_pause=may_pause,
            may_go_on=self.room.goes_on(state),
            may_end=may_end,
        )

    def next_tokens(self, row: Row) -> Ints:
        """The tokens that may come next."""
        parts = list(self._going_on(row))
        boundary = self.boundary(row)
        if boundary is not None:
            row = boundary.row
            if row.may_go_on:
                parts.append(self.first_tokens(boundary, self.goal))
            parts.append(self._signs(row))
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def written(self, row: Row, token: int, surprise: float, expected: float, goal: Goal | None = None) -> Row:
        """The row with a token more, one of `next_tokens`, or the first of a word that `goal` asks for."""
        row = replace(row, ids=(*row.ids, token), surprise=row.surprise + surprise, expected=row.expected + expected)
        inside = row.node != ROOT or not row.words
        if goal is None and inside:
            node = row.spellings.step(row.node, token, self.counts(row.spellings, row.before, row.goal))
            if node != NOWHERE:
                return replace(row, node=node)
        boundary = self.boundary(row)
        assert boundary is not None
        row, spellings = boundary.row, boundary.spellings
        if token in (self.book.line, self.book.end):
            return replace(row, ended=1 if token == self.book.line else 2)
        if (stopped := token in self.book.stops) or token in self.book.pauses:
            return self._paused(row, stopped)
        goal = self.goal if goal is None else goal
        node = spellings.step(ROOT, token, self.counts(spellings, row.before, goal))
        return replace(row, spellings=spellings, node=node, goal=goal, stopped=False)

    def boundary(self, row: Row) -> Boundary | None:
        """The row as it is between two words; None in the middle of one."""
        if row.node == ROOT:
            return Boundary(row, self._after(row.stopped) if row.words else row.spellings)
        word = row.spellings.word(row.node, self.counts(row.spellings, row.before, row.goal))
        if word == NOWHERE:
            return None
        inner, final = bool(self.room.inner(row.before)[word]), bool(self.room.final(row.before)[word])
        state = self.room.after(row.before, self.book.vocabulary.stresses[self.book.vocabulary.code[word]])
        row = replace(
            row,
            before=state,
            node=ROOT,
            words=(*row.words, word),
            may_pause=bool(self.book.can_end_a_line[word]),
            may_go_on=inner and row.goal != FINAL,
            may_end=final and row.goal != INNER,
        )
        return Boundary(row, self.book.inner)

    def first_tokens(self, boundary: Boundary, goal: Goal) -> Ints:
        """The tokens with which the next word may begin."""
        key = (id(boundary.spellings), boundary.row.before, goal)
        found = self._first.get(key)
        if found is None:
            counts = self.counts(boundary.spellings, boundary.row.before, goal)
            found = self._first[key] = boundary.spellings.next_tokens(ROOT, counts)
        return found

    def counts(self, spellings: Spellings, state: State, goal: Goal) -> Ints:
        """Running counts (S + 1,) of the words that fit; see `Spellings.counts`."""
        key = (id(spellings), state, goal)
        found = self._counts.get(key)
        if found is None:
            found = self._counts[key] = spellings.counts(self.fitting(state, goal))
        return found

    def fitting(self, state: State, goal: Goal) -> Mask:
        """The words (V,) that fit."""
        if goal == INNER:
            return self.room.inner(state)
        if goal == FINAL:
            return self.room.final(state)
        either = self.room.inner(state) | self.room.final(state)
        if goal == EITHER:
            return either
        only = np.zeros_like(either)
        only[goal] = either[goal]
        return only

    def _going_on(self, row: Row) -> Iterator[Ints]:
        """The tokens with which the word goes on."""
        if row.node != ROOT:
            yield row.spellings.next_tokens(row.node, self.counts(row.spellings, row.before, row.goal))

    def _signs(self, row: Row) -> Ints:
        """The signs and ends that may follow at a boundary."""
        parts = []
        if row.may_pause:
            if row.may_go_on or not self.last:
                parts.append(self.book.pauses)
            parts.append(self.book.stops)
        if row.may_end and (row.stopped or not self.last):
            parts.append(np.array([self.book.line], np.int64))
        if row.may_end and row.stopped and (self.last or self.may_be_last):
            parts.append(np.array([self.book.end], np.int64))
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def _after(self, stopped: bool) -> Spellings:
        return self.book.sentence if stopped else self.book.inner

    def _paused(self, row: Row, stopped: bool) -> Row:
        """The row after a sign: a pause in the last line does not let it end."""
        may_end = row.may_end and (stopped or not self.last)
        return replace(row, spellings=self._after(stopped), may_pause=False, may_end=may_end, stopped=stopped)
