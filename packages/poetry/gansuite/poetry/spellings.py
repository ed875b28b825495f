"""Words as sequences of tokens: which token may come next when only some of the words are wanted.

S sequences, sorted, so that all that begin alike lie side by side: how many wanted words begin with some tokens is then
a difference of two running counts. There is a node for each beginning.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
ROOT, NOWHERE = 0, -1


class Spellings:
    """All ways to spell the words of a vocabulary in tokens.

    Args:
        sequences: S of them, none empty.
        words: the number of the word that each spells; by default its own number. A word may be spelt in several ways,
            as with and without a capital.
    """

    def __init__(self, sequences: Sequence[Sequence[int]], words: Sequence[int] | None = None) -> None:
        owners = range(len(sequences)) if words is None else words
        ordered = sorted((tuple(sequence), word) for sequence, word in zip(sequences, owners, strict=True))
        self._word = np.array([word for _, word in ordered], np.int64)
        self._children: list[dict[int, int]] = [{}]
        self._first, self._beyond = [0], [len(ordered)]
        self._own = [0]
        for row, (sequence, _) in enumerate(ordered):
            self._add(sequence, row)
        self._bounds = np.array([self._first, self._beyond], np.int64)
        self._arrays: dict[int, tuple[Ints, Ints]] = {}  # of the nodes that were asked about

    def _add(self, sequence: tuple[int, ...], row: int) -> None:
        node = ROOT
        for token in sequence:
            child = self._children[node].setdefault(token, len(self._children))
            if child == len(self._children):
                self._children.append({})
                self._first.append(row)
                self._beyond.append(row)
                self._own.append(0)
            node = child
            self._beyond[node] = row + 1
        self._own[node] += 1

    def counts(self, mask: npt.NDArray[np.bool_]) -> Ints:
        """Running counts (S + 1,) of the wanted words among the sorted sequences, to be given to the other calls.

        Args:
            mask: (V,), which words are wanted.
        """
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(mask[self._word])])

    def next_tokens(self, node: int, counts: Ints) -> Ints:
        """The tokens with which a wanted word can go on from a node."""
        found = self._arrays.get(node)
        if found is None:
            children = self._children[node]
            found = self._arrays[node] = np.array(list(children), np.int64), np.array(list(children.values()), np.int64)
        tokens, nodes = found
        first, beyond = self._bounds[:, nodes]
        return np.asarray(tokens[counts[beyond] > counts[first]])

    def step(self, node: int, token: int, counts: Ints) -> int:
        """The node after one more token; `NOWHERE` where no wanted word goes on so."""
        child = self._children[node].get(token, NOWHERE)
        return child if child != NOWHERE and counts[self._beyond[child]] > counts[self._first[child]] else NOWHERE

    def word(self, node: int, counts: Ints) -> int:
        """The first wanted word that the tokens to a node spell; `NOWHERE` where there is none."""
        own = range(self._first[node], self._first[node] + self._own[node])  # they sort before all that goes on
        return next((int(self._word[row]) for row in own if counts[row + 1] > counts[row]), NOWHERE)
