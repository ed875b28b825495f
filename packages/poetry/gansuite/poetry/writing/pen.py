"""How decoding sees a poet: something that can be asked, at any point of a text, which token is likely to come next.

B rows, n tokens more, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor


class Encoded(Protocol):
    """A text in tokens."""

    @property
    def ids(self) -> list[int]:
        """Their numbers."""


class Tokenizer(Protocol):
    """What decoding needs of a tokenizer; `tokenizers.Tokenizer` has it."""

    def encode(self, sequence: str, /) -> Encoded:
        """A text in tokens."""

    def encode_batch(self, input: list[str], /) -> Sequence[Encoded]:
        """Many texts in tokens."""

    def decode(self, ids: Sequence[int], /) -> str:
        """The text that tokens stand for."""

    def token_to_id(self, token: str, /) -> int | None:
        """The number of a token."""


class Page(Protocol):
    """B rows of equally many tokens, all that was written so far, with the model's memory of them.

    A page does not change: what is written stands on a new one.
    """

    @property
    def logits(self) -> Tensor:
        """Of the next token, (B, V), float32."""

    @property
    def length(self) -> int:
        """Tokens of a row so far."""

    def take(self, rows: Tensor) -> Page:
        """These rows, int64 (B',), which may repeat."""

    def cut(self, length: int) -> Page:
        """Back to the first `length` tokens."""

    def write(self, ids: Tensor) -> Page:
        """A token more for each row, int64 (B,), or several, (B, n)."""


class Pen(Protocol):
    """A language model to write with; the picture, the controls and the guidance are inside."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Of its tokens."""

    def begin(self, prompt: Sequence[int], lines: slice = slice(None)) -> Page:
        """A page of one row that begins with these tokens, or with none, for these lines of the poem."""
