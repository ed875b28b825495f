"""One line that is being written: what may come next, token by token.

A line is words with at most one sign between two of them, a word first, and an end. Which words are wanted follows from
the room that is left in the line. After a whole word, after a sign and at its beginning a row is at a boundary: there
it may go on with a next word, or end, or both.

S sequences of tokens that spell words, V words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gansuite.poetry.spellings import NOWHERE, ROOT, Spellings
from gansuite.poetry.vocabulary import Ints, LineRoom, Mask, State
from gansuite.poetry.writing.wordbook import FULL_STOPS, Wordbook

EITHER, INNER, FINAL = -1, -2, -3  # what the next word may be: both, one after which the line goes on, the last one
Goal = int  # one of these, or the number of a word
_Place = tuple[int, State, frozenset[int], Goal]  # spellings, the room before the word, what is told, what is wanted


@dataclass(frozen=True, slots=True)
class Row:
    """A line so far.

    Attributes:
        ids: its tokens.
        surprise: the negative log-likelihood of those that were chosen, in nats.
        expected: what the model expected that to be: the entropy of each choice, in nats.
        spellings: where the word is looked up that stands here, or the next one; capital or not.
        node: of the spellings, how far that word has come; `ROOT` before its first token: a boundary.
        before: the room before the word.
        goal: what the word may be.
        words: numbers of the whole ones; -1 for one of the opening that the book does not have.
        told: those that it must not hold again, nor their kin.
        may_pause, may_go_on, may_end: what may follow at a boundary.
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
    told: frozenset[int] = frozenset()
    may_pause: bool = False
    may_go_on: bool = True
    may_end: bool = False
    stopped: bool = False
    ended: int = 0

    @property
    def length(self) -> int:
        """Words, the next one or the end among them: by tokens, rare words of many pieces would look likely."""
        return len(self.words) + 1


@dataclass
class LineRules:
    """What one line of a poem must keep to.

    Attributes:
        book: of words.
        room: what fits into it.
        rationed: rows do not end by themselves: their last words are put to them.
        tight: last words are put to rows, whether or not they end by themselves.
        last: it ends the poem: it ends a sentence.
        may_be_last: the poem may end with it.
    """

    book: Wordbook
    room: LineRoom
    rationed: bool
    tight: bool
    last: bool
    may_be_last: bool
    _counts: dict[_Place, Ints] = field(default_factory=dict)
    _first: dict[_Place, Ints] = field(default_factory=dict)

    @property
    def goal(self) -> Goal:
        """Of words that nobody has put to a row."""
        return INNER if self.rationed else EITHER

    def start(self) -> Row:
        """A line without words."""
        return Row(self.book.first, self.room.start, self.goal)

    def opened(self, ids: Sequence[int], words: Sequence[int], state: State, closes: bool, sign: str) -> Row:
        """A line of which some is there already.

        Args:
            ids: its tokens.
            words: their numbers, -1 for those that the book does not have.
            state: the room after them.
            closes: whether the last of them may end a line.
            sign: that stands after it, or empty.
        """
        row = replace(
            self.start(),
            spellings=self.book.inner,
            before=state,
            ids=tuple(ids),
            words=tuple(words),
            told=frozenset(kin for word in words if word >= 0 for kin in self.book.kin(word)),
            may_pause=True,
            may_go_on=self.room.goes_on(state),
            may_end=closes and self.room.is_full(state),
        )
        return self._paused(row, sign in FULL_STOPS) if sign else row

    def next_tokens(self, row: Row) -> Ints:
        """The tokens that may come next."""
        parts = []
        if row.node != ROOT:
            parts.append(row.spellings.next_tokens(row.node, self.counts(row, row.goal)))
        whole = self.boundary(row)
        if whole is not None:
            if whole.may_go_on:
                parts.append(self.first_tokens(whole, self.goal))
            parts += self._signs(whole)
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def written(self, row: Row, token: int, surprise: float, expected: float, goal: Goal | None = None) -> Row:
        """The row with a token more, one of `next_tokens`, or the first of a word that `goal` asks for."""
        row = replace(row, ids=(*row.ids, token), surprise=row.surprise + surprise, expected=row.expected + expected)
        if goal is None and row.node != ROOT:
            node = row.spellings.step(row.node, token, self.counts(row, row.goal))
            if node != NOWHERE:
                return replace(row, node=node)
        whole = self.boundary(row)
        assert whole is not None
        if token in (self.book.line, self.book.end):
            return replace(whole, ended=1 if token == self.book.line else 2)
        if (stopped := token in self.book.stops) or token in self.book.pauses:
            return self._paused(whole, stopped)
        goal = self.goal if goal is None else goal
        node = whole.spellings.step(ROOT, token, self.counts(whole, goal))
        return replace(whole, node=node, goal=goal, stopped=False)

    def boundary(self, row: Row) -> Row | None:
        """The row as it stands before its next word; None in the middle of one."""
        if row.node == ROOT:
            return row
        word = row.spellings.word(row.node, self.counts(row, row.goal))
        if word == NOWHERE:
            return None
        inner, final = bool(self.room.inner(row.before)[word]), bool(self.room.final(row.before)[word])
        vocabulary = self.book.vocabulary
        return replace(
            row,
            spellings=self.book.inner,
            before=self.room.after(row.before, vocabulary.stresses[vocabulary.code[word]]),
            node=ROOT,
            words=(*row.words, word),
            told=row.told.union(self.book.kin(word)),
            may_pause=bool(self.book.can_end_a_line[word]),
            may_go_on=inner and row.goal != FINAL,
            may_end=final and row.goal != INNER,
        )

    def first_tokens(self, row: Row, goal: Goal) -> Ints:
        """The tokens with which the next word of a row at a boundary may begin."""
        key = (id(row.spellings), row.before, row.told, goal)
        found = self._first.get(key)
        if found is None:
            found = self._first[key] = row.spellings.next_tokens(ROOT, self.counts(row, goal))
        return found

    def counts(self, row: Row, goal: Goal) -> Ints:
        """Running counts (S + 1,) of the words that fit after those of a row; see `Spellings.counts`."""
        key = (id(row.spellings), row.before, row.told, goal)
        found = self._counts.get(key)
        if found is None:
            fresh = self.fitting(row.before, goal).copy()
            fresh[list(row.told)] = False
            found = self._counts[key] = row.spellings.counts(fresh)
        return found

    def fitting(self, state: State, goal: Goal) -> Mask:
        """The words (V,) that there is room for."""
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

    def _signs(self, row: Row) -> Iterator[Ints]:
        """The signs and ends that may follow at a boundary."""
        if row.may_pause:
            yield self.book.stops
            if row.may_go_on or not self.last:
                yield self.book.pauses
        if row.may_end and not self.last:
            yield np.array([self.book.line], np.int64)
        if row.may_end and row.stopped and (self.last or self.may_be_last):
            yield np.array([self.book.end], np.int64)

    def _paused(self, row: Row, stopped: bool) -> Row:
        """The row after a sign: a pause in the last line does not let it end."""
        return replace(
            row,
            spellings=self.book.sentence if stopped else self.book.inner,
            may_pause=False,
            may_end=row.may_end and (stopped or not self.last),
            stopped=stopped,
        )
