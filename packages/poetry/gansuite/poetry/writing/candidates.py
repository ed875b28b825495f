"""Candidates for one line: rows sampled side by side, and words put to them where the model finds them likeliest.

B rows, V tokens. All rows of a page are equally long, so that each step is one batch of the model. Beside those that
are sampled, rows branch off: at every boundary the words that must rhyme, or must be in the poem, are looked at, and
the likeliest of them are written in rows of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gansuite.poetry.writing.pen import Page
from gansuite.poetry.writing.row import FINAL, Goal, LineRules, Row
from gansuite.poetry.writing.sampling import draw, noise
from gansuite.poetry.writing.wish import Wish

LAST_WORDS = 4  # branches a step that end a line
MUST_WORDS = 3  # branches a step with a word that must be in the poem
LIVING = 3  # times as many rows as are sampled, at most
STEPS = 64
BLUR = 0.5  # of the chance in sampling, in the choice of words that are put to rows
UNFINISHED = 2  # sampled rows that are not waited for


@dataclass(frozen=True, slots=True)
class _Branch:
    """A token that is put to a row, and what that costs, in nats a word; the lower the better."""

    cost: float
    row: int
    token: int
    goal: Goal


def candidates(
    page: Page, rules: LineRules, start: Row, musts: Sequence[int], wish: Wish, generator: torch.Generator
) -> list[Row]:
    """Lines that keep to the rules.

    Args:
        page: one row, as far as `start` has come.
        rules: what the line must keep to.
        start: its beginning.
        musts: words that are wanted in it.
        wish: how it is sampled, and in how many rows.
        generator: of chance.
    """
    rows = [start] * wish.breadth
    page = page.take(torch.zeros(wish.breadth, dtype=torch.int64))
    ended: list[Row] = []
    for _ in range(STEPS):
        logs = page.logits.float().log_softmax(1)
        parents, rows = _stepped(rows, logs, rules, musts, wish, generator)
        ended += [row for row in rows if row.ended]
        alive = [place for place, row in enumerate(rows) if not row.ended]
        rows = [rows[place] for place in alive]
        if not rows or (len(ended) >= wish.breadth - UNFINISHED and not rules.rationed):
            break
        tokens = torch.tensor([row.ids[-1] for row in rows])
        page = page.take(torch.tensor([parents[place] for place in alive])).write(tokens)
    return ended


def _stepped(
    rows: Sequence[Row], logs: Tensor, rules: LineRules, musts: Sequence[int], wish: Wish, generator: torch.Generator
) -> tuple[list[int], list[Row]]:
    """The rows a token later, branches among them, and from which row each comes."""
    allowed = np.zeros(logs.shape, bool)
    for row, mask in zip(rows, allowed, strict=True):
        mask[rules.next_tokens(row)] = True
    open_rows = np.flatnonzero(allowed.any(1))
    entropies = -(logs.exp() * logs.clamp(min=-1e4)).sum(1)
    parents, after = [], []
    if len(open_rows):
        where = torch.from_numpy(open_rows)
        tokens = draw(logs[where], torch.from_numpy(allowed[open_rows]), wish, generator)
        surprises = -logs[where, tokens]
        for place, token, surprise in zip(open_rows.tolist(), tokens.tolist(), surprises.tolist(), strict=True):
            parents.append(place)
            after.append(rules.written(rows[place], token, surprise, float(entropies[place])))
    room = LIVING * wish.breadth - len(after)
    for branch in _branches(rows, logs, rules, musts, wish, generator)[:room]:
        parents.append(branch.row)
        costs = -float(logs[branch.row, branch.token]), float(entropies[branch.row])
        after.append(rules.written(rows[branch.row], branch.token, *costs, branch.goal))
    return parents, after


def _branches(
    rows: Sequence[Row], logs: Tensor, rules: LineRules, musts: Sequence[int], wish: Wish, generator: torch.Generator
) -> list[_Branch]:
    """The best words to put to rows, the last of a line first."""
    found = list(_proposed(rows, logs, rules, musts, wish, generator))
    last = sorted((one for one in found if one.goal == FINAL), key=lambda one: one.cost)
    others = sorted((one for one in found if one.goal != FINAL), key=lambda one: one.cost)
    return [*others[:MUST_WORDS], *last[:LAST_WORDS]]


def _proposed(
    rows: Sequence[Row], logs: Tensor, rules: LineRules, musts: Sequence[int], wish: Wish, generator: torch.Generator
) -> Iterator[_Branch]:
    """Words that may be put to the rows."""
    seen: set[tuple[tuple[int, ...], Goal, int]] = set()
    for number, row in enumerate(rows):
        whole = rules.boundary(row)
        if whole is None or not whole.may_go_on or row.goal == FINAL:
            continue
        goals = [*([FINAL] if rules.tight else []), *(word for word in musts if word not in whole.words)]
        for goal in goals:
            tokens = torch.from_numpy(rules.first_tokens(whole, goal))
            if not len(tokens):
                continue
            blurred = logs[number, tokens] + noise((len(tokens),), generator) * (wish.temperature * BLUR)
            best = blurred.topk(min(2, len(tokens))).indices.tolist()
            for place in best:
                key = (row.ids, goal, int(tokens[place]))
                if key not in seen:
                    seen.add(key)
                    cost = (row.surprise - float(blurred[place])) / whole.length
                    yield _Branch(cost, number, int(tokens[place]), goal)
