"""Poems and pictures where the compute is: what each stage takes by index.

N poems of a corpus, M pictures, P pairs, F features of a picture's code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from gansuite.poetry.controls import ControlColumns, Controls
from gansuite.poetry.dataset import Verse
from gansuite.poetry.games.judging import Lesson
from gansuite.poetry.games.likelihood import Poems
from gansuite.poetry.games.ranking import Pairings
from gansuite.poetry.negatives import disordered, paragraphic, reflowed
from gansuite.poetry.packing import table_of
from gansuite.poetry.pairs import Pairs
from gansuite.poetry.split import Ints
from gansuite.poetry.tokens import Tokens

HARD = 0.5  # of the poems that do not belong to a picture are by the same hand and as long as the one that does
TRIES = 16


class PoemSource:
    """Poems, each with what can be asked of it and the pictures it goes with.

    Args:
        tokens: of N poems.
        controls: of N poems.
        rows: which of them are learnt from.
        pairs: with pictures.
    """

    def __init__(self, tokens: Tokens, controls: ControlColumns, rows: Ints, pairs: Pairs) -> None:
        self.tokens, self.controls, self.rows = tokens, controls, rows
        order = np.argsort(pairs.poem, kind="stable")
        self._pictures = pairs.picture[order].astype(np.int64)
        self._starts = np.searchsorted(pairs.poem[order], np.arange(len(tokens) + 1))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Ints) -> Poems:
        """The poems at these indices."""
        rows = self.rows[indices].tolist()
        return Poems([self.tokens[row] for row in rows], [self.controls[row] for row in rows], self.pictures(rows))

    def pictures(self, rows: Sequence[int]) -> list[Ints]:
        """The pictures that go with each of these rows of the corpus."""
        return [self._pictures[self._starts[row] : self._starts[row + 1]] for row in rows]


def with_share(rows: Ints, some: Ints, share: float) -> Ints:
    """Rows among which some make up a share, or as near to it as whole repetitions of them come; none is left out.

    Args:
        rows: (N,) different ones.
        some: of these; none, and nothing changes.
        share: 0..1; less than they make up already changes nothing, 1 leaves out the others.
    """
    others = np.setdiff1d(rows, some)
    if not len(some):
        return rows
    if share == 1:
        return some
    times = max(1, round(share / (1 - share) * len(others) / len(some)))
    return np.concatenate([others, np.tile(some, times)])


class PairSource:
    """Pairs of pictures and poems, for the embedding.

    Args:
        tokens: of N poems.
        pairs: P of them.
        codes: (M, F).
        labels: what each of M pictures shows, "" where nothing says so.
    """

    def __init__(self, tokens: Tokens, pairs: Pairs, codes: Tensor, labels: Sequence[str]) -> None:
        self.tokens, self.pairs, self.codes = tokens, pairs, codes
        kinds = np.unique(np.array(labels, dtype=str), return_inverse=True)[1]
        self.kind = torch.from_numpy(np.where(np.array(labels, dtype=str) == "", -1, kinds).astype(np.int64))

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, indices: Ints) -> Pairings:
        """The pairs at these indices."""
        device = self.codes.device
        pictures = torch.from_numpy(self.pairs.picture[indices].astype(np.int64)).to(device)
        ids, there = table_of([self.tokens[row] for row in self.pairs.poem[indices].tolist()], device)
        return Pairings(ids, there, self.codes[pictures], self.kind.to(device)[pictures])


class LessonSource:
    """Pairs for the critics, each with what is no pair and what is no poem.

    Args:
        verse: poems, prose and who wrote what.
        tokens: of its N poems.
        pairs: P of them.
        codes: (M, F).
        encode: from a text to its tokens.
        seed: chooses what does not belong together.
    """

    def __init__(
        self, verse: Verse, tokens: Tokens, pairs: Pairs, codes: Tensor, encode: Callable[[str], Ints], seed: int
    ) -> None:
        self.verse, self.tokens, self.pairs, self.codes = verse, tokens, pairs, codes
        self.encode, self.seed = encode, seed
        self.shown = np.array(verse.match.labels, dtype=str)[pairs.picture]
        corpus = verse.corpus
        keys = corpus.author[verse.train].astype(np.int64) * 64 + np.minimum(corpus.lines[verse.train], 63)
        order = np.argsort(keys, kind="stable")
        self._alike, self._keys = verse.train[order], keys[order]

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, indices: Ints) -> Lesson:
        """The pairs at these indices."""
        poems = self.pairs.poem[indices].tolist()
        pictures = torch.from_numpy(self.pairs.picture[indices].astype(np.int64)).to(self.codes.device)
        return Lesson(
            codes=self.codes[pictures],
            controls=[Controls(lines=int(self.verse.controls.lines[row])) for row in poems],
            paired=[self.tokens[row] for row in poems],
            unpaired=[self.tokens[self._unpaired(index)] for index in indices.tolist()],
            disordered=[self.encode(disordered(self.verse.corpus.poems, row, self.seed + 1)) for row in poems],
            paragraphic=[self.encode(self._prose(row)) for row in poems],
        )

    def _unpaired(self, index: int) -> int:
        """A poem that does not go with the picture: about something else, or by the same hand and as long."""
        draw = np.random.Generator(np.random.PCG64([self.seed, index]))
        row = int(self.pairs.poem[index])
        if draw.random() < HARD:
            corpus = self.verse.corpus
            key = int(corpus.author[row]) * 64 + min(int(corpus.lines[row]), 63)
            low, high = np.searchsorted(self._keys, [key, key + 1])
            if high - low > 1:
                other = int(self._alike[draw.integers(low, high)])
                if other != row:
                    return other
        for pair in draw.integers(0, len(self.pairs), TRIES):
            if self.shown[pair] != self.shown[index] and self.pairs.poem[pair] != row:
                return int(self.pairs.poem[pair])
        others = self.pairs.poem[self.pairs.poem != row]
        return int(others[draw.integers(0, len(others))]) if len(others) else row

    def _prose(self, row: int) -> str:
        """Prose set like the poem; where there is none, another poem set as prose."""
        prose, poems = self.verse.corpus.prose, self.verse.corpus.poems
        chance = row * 7919 + self.seed
        if len(prose):
            passage = prose[chance % len(prose)]
        else:
            passage = reflowed(poems[(row + 1 + chance % (len(poems) - 1)) % len(poems)])
        return paragraphic(passage, poems[row], self.seed, row)
