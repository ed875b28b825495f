"""The two critics of Liu et al. 2018 (arXiv 1804.08473, section 4.3): does the poem fit the picture, is it poetry.

B poems, L tokens, W width, F features of a picture's code. Both read a poem from left to right and give a verdict after
every token, so that each token can be praised or blamed for what it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gansuite.poetry.networks.embedding import Embedding

PAIRED, UNPAIRED, GENERATED = range(3)
MATCHES = ("paired", "unpaired", "generated")


@dataclass(frozen=True)
class CriticConfig:
    """The size of a critic of style; one of matches has that of the embedding from which it begins.

    Attributes:
        token: numbers in a token's embedding.
        width: of what it remembers of a poem.
    """

    token: int = 96
    width: int = 192


class Critic(nn.Module):
    """A verdict after every token: a recurrent network (Cho et al. 2014) and, where it sees pictures, their meeting.

    The verdict on a picture is that of a projection critic (Miyato and Koyama 2018, eq. 3): a product of what is read
    with what is seen, beside a look at both.

    Args:
        vocabulary: tokens.
        classes: of its verdict.
        picture: F, features of a picture's code; 0 for a critic of poems alone.
        config: its size.
    """

    def __init__(self, vocabulary: int, classes: int, picture: int, config: CriticConfig) -> None:
        super().__init__()
        self.config, self.sizes = config, (vocabulary, classes, picture)
        width = config.width
        self.token = nn.Embedding(vocabulary, config.token)
        self.read = nn.GRU(config.token, width, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.see = nn.Sequential(nn.Linear(picture, width), nn.GELU(), nn.Linear(width, width)) if picture else None
        self.judge = nn.Sequential(
            nn.Linear(width * (3 if picture else 1), width), nn.GELU(), nn.Linear(width, classes)
        )

    def forward(self, ids: Tensor, codes: Tensor | None = None) -> Tensor:
        """Logits (B, L, classes) after each token of ids int64 (B, L), beside the pictures of codes (B, F)."""
        heard = self.norm(self.read(self.token(ids))[0])
        if self.see is None or codes is None:
            return self._judged(heard)
        seen = self.see(codes)[:, None].expand_as(heard)
        return self._judged(torch.cat([heard, seen, heard * seen], -1))

    def _judged(self, known: Tensor) -> Tensor:
        logits: Tensor = self.judge(known)
        return logits


def listening(embedding: Embedding, classes: int) -> Critic:
    """A new critic of matches that reads poems as an embedding does: what goes with a picture is half known there."""
    vocabulary, picture = embedding.sizes
    sizes = CriticConfig(embedding.config.token, embedding.config.width)
    critic = Critic(vocabulary, classes, picture + embedding.config.shared, sizes)
    critic.token.load_state_dict(embedding.token.state_dict())
    critic.read.load_state_dict(embedding.read.state_dict())
    return critic


def log_odds(logits: Tensor, kind: int) -> Tensor:
    """log p / (1 - p) of one class from logits (..., classes)."""
    chances = logits.float().log_softmax(-1)
    rest = torch.cat([chances[..., :kind], chances[..., kind + 1 :]], -1).logsumexp(-1)
    odds: Tensor = chances[..., kind] - rest
    return odds


def describe(critic: Critic) -> dict[str, Any]:
    """From which the same network is built."""
    vocabulary, classes, picture = critic.sizes
    return {**asdict(critic.config), "vocabulary": vocabulary, "classes": classes, "picture": picture}


def build(spec: Mapping[str, Any]) -> Critic:
    """The network of a description."""
    config = CriticConfig(int(spec["token"]), int(spec["width"]))
    return Critic(int(spec["vocabulary"]), int(spec["classes"]), int(spec["picture"]), config)
