"""What stands before a poem: the places of a picture, the marks of what is asked for, and the mark that it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gansuite.poetry.controls import Controls
from gansuite.poetry.split import Ints
from gansuite.poetry.tokens import BEGIN, END, IMAGE, control_tokens, special_names

MOST_TOKENS = 250  # of a sequence that is learnt


class Prompter:
    """Writes prompts with a vocabulary.

    Args:
        vocabulary: the numbers of tokens by name; it has all marks.
        places: how many tokens a picture takes.
    """

    def __init__(self, vocabulary: Mapping[str, int], places: int) -> None:
        self.vocabulary, self.places = vocabulary, places
        self.begin, self.end, self.image = (vocabulary[name] for name in (BEGIN, END, IMAGE))
        self._unspoken = torch.zeros(max(vocabulary.values()) + 1, dtype=torch.bool)
        self._unspoken[[vocabulary[name] for name in special_names() if name != END]] = True

    def prompt(self, controls: Controls, pictured: bool) -> list[int]:
        """The tokens before a poem."""
        seen = [self.image] * (self.places if pictured else 0)
        return [*seen, *(self.vocabulary[name] for name in control_tokens(controls)), self.begin]

    def sequence(
        self, controls: Controls, pictured: bool, poem: Sequence[int] | Ints, ended: bool = True
    ) -> tuple[list[int], int]:
        """Prompt, poem and end, cut off after `MOST_TOKENS`; and the place of the poem's first token."""
        before = self.prompt(controls, pictured)
        return [*before, *poem, *([self.end] if ended else [])][:MOST_TOKENS], len(before)

    def speakable(self, logits: Tensor) -> Tensor:
        """Logits (..., V) without the marks that no poem holds; the end may come."""
        return logits.masked_fill(self._unspoken.to(logits.device), float("-inf"))
