"""Drawing the next tokens.

B rows, V tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gansuite.poetry.writing.wish import Wish

MOST = 256  # tokens that are drawn from; the likeliest


def draw(logits: Tensor, allowed: Tensor, wish: Wish, generator: torch.Generator) -> Tensor:
    """One of the allowed tokens for each row, int64 (B,).

    Args:
        logits: (B, V) float32.
        allowed: (B, V) bool, one at least in each row.
        wish: temperature, top-p and min-p.
        generator: of chance.
    """
    # nothing is so unlikely that it cannot be written where it is all that is allowed
    scores = logits.clamp(min=-1e4).masked_fill(~allowed, float("-inf"))
    values, tokens = scores.topk(min(MOST, scores.shape[1]))
    shares = (values / wish.temperature).softmax(1)
    before = shares.cumsum(1) - shares
    kept = (before < wish.top_p) & (shares >= wish.min_p * shares[:, :1])
    chosen = torch.multinomial(shares * kept, 1, generator=generator)
    return tokens.gather(1, chosen)[:, 0]


def noise(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Standard Gumbel numbers: log-probabilities plus these, the greatest is a draw (Gumbel 1954)."""
    return -torch.rand(shape, generator=generator).clamp(min=1e-9).log().neg().log()
