"""One space for pictures and poems, in which those that go together are near (Kiros et al. 2014, arXiv 1411.2539).

B pictures or poems, L tokens, F features of a picture's code, S numbers of a place in the space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class EmbeddingConfig:
    """The size of the embedding, and how it learns.

    Attributes:
        token: numbers in a token's embedding.
        width: of the recurrent network that reads a poem.
        shared: S.
        margin: how much nearer a pair must be than what does not belong together (Liu et al. 2018: 0.2).
    """

    token: int = 96
    width: int = 192
    shared: int = 64
    margin: float = 0.2


class Embedding(nn.Module):
    """Places of pictures and of poems, of length 1.

    Args:
        vocabulary: tokens.
        picture: F.
        config: its size.
    """

    def __init__(self, vocabulary: int, picture: int, config: EmbeddingConfig) -> None:
        super().__init__()
        self.config, self.sizes = config, (vocabulary, picture)
        self.token = nn.Embedding(vocabulary, config.token, padding_idx=0)
        self.read = nn.GRU(config.token, config.width, batch_first=True)
        self.poem = nn.Linear(config.width, config.shared)
        self.picture = nn.Sequential(
            nn.Linear(picture, config.width), nn.GELU(), nn.Linear(config.width, config.shared)
        )

    def poems(self, ids: Tensor, there: Tensor) -> Tensor:
        """Places (B, S) of poems: ids int64 (B, L), there bool (B, L)."""
        heard = self.read(self.token(ids))[0].masked_fill(~there[..., None], float("-inf")).amax(1)
        return F.normalize(self.poem(heard), dim=-1)

    def pictures(self, codes: Tensor) -> Tensor:
        """Places (B, S) of pictures: codes (B, F)."""
        return F.normalize(self.picture(codes), dim=-1)


def describe(embedding: Embedding) -> dict[str, Any]:
    """From which the same network is built."""
    vocabulary, picture = embedding.sizes
    return {**asdict(embedding.config), "vocabulary": vocabulary, "picture": picture}


def build(spec: Mapping[str, Any]) -> Embedding:
    """The network of a description."""
    sizes = {name: value for name, value in spec.items() if name not in ("vocabulary", "picture")}
    return Embedding(int(spec["vocabulary"]), int(spec["picture"]), EmbeddingConfig(**sizes))
