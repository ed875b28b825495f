"""GPT-2's forward pass with a memory of what it has read, over the weights of a poet: quick to import and to write.

transformers takes seconds to import, more than a poem takes to write; training uses its `GPT2LMHeadModel`, and a test
holds the two to the same numbers. B rows, n new tokens, T tokens read, H heads, W width, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-5
LANGUAGE, EYE = "language.transformer.", "eye."
Layer = Mapping[str, Tensor]


@dataclass(frozen=True)
class Memory:
    """Keys and values of T tokens in each layer, (B, H, T, W / H) each: apart, so that to read on copies them once."""

    kept: Sequence[tuple[Tensor, Tensor]]

    @property
    def length(self) -> int:
        """T."""
        return self.kept[0][0].shape[2]

    def take(self, rows: Tensor) -> Memory:
        """Some rows, int64 (B',), as often as they are named."""
        return Memory([(keys[rows], values[rows]) for keys, values in self.kept])

    def cut(self, length: int) -> Memory:
        """The first tokens alone."""
        return Memory([(keys[:, :, :length], values[:, :, :length]) for keys, values in self.kept])


class Decoder:
    """A poet that reads and foretells, but does not learn.

    Args:
        weights: of a `Poet`, by its names.
        heads: H.
        places: of a picture.
    """

    def __init__(self, weights: Mapping[str, Tensor], heads: int, places: int) -> None:
        self.heads, self.places = heads, places
        language = {name[len(LANGUAGE) :]: w for name, w in weights.items() if name.startswith(LANGUAGE)}
        self.tokens, self.positions = language["wte.weight"], language["wpe.weight"]
        count = 1 + max(int(name.split(".")[1]) for name in language if name.startswith("h."))
        self.layers = [_part(language, f"h.{number}.") for number in range(count)]
        self.last = _part(language, "ln_f.")
        self.eye = _part(weights, EYE)

    @property
    def width(self) -> int:
        """W."""
        return self.tokens.shape[1]

    def empty(self, rows: int) -> Memory:
        """Nothing read yet in B rows."""
        nothing = self.tokens.new_zeros(rows, self.heads, 0, self.width // self.heads)
        return Memory([(nothing, nothing)] * len(self.layers))

    def embed(self, ids: Tensor, codes: Tensor | None = None) -> Tensor:
        """Embeddings (B, n, W) of ids int64 (B, n); the first places hold the pictures of codes (B, F), if any."""
        embedded = F.embedding(ids, self.tokens)
        if codes is None:
            return embedded
        inner = F.gelu(F.linear(codes, self.eye["0.weight"], self.eye["0.bias"]))
        seen = F.linear(inner, self.eye["2.weight"], self.eye["2.bias"]).view(-1, self.places, self.width)
        return torch.cat([seen, embedded[:, self.places :]], 1)

    @torch.no_grad()
    def read(self, embedded: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Read n more tokens, (B, n, W): logits (B, n, V) of what follows each, and the longer memory."""
        past, n = memory.length, embedded.shape[1]
        x = embedded + self.positions[past : past + n]
        mask = None if n == 1 else torch.ones(n, past + n, dtype=torch.bool, device=x.device).tril(past)
        kept = []
        for layer, known in zip(self.layers, memory.kept, strict=True):
            x, pair = self._block(layer, x, known, mask)
            kept.append(pair)
        return F.linear(_norm(x, self.last), self.tokens), Memory(kept)

    def _block(
        self, layer: Layer, x: Tensor, known: tuple[Tensor, Tensor], mask: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """One layer (Radford et al. 2019): attention and a perceptron, each after a norm and added to its input."""
        conv = partial(_conv, layer)
        q, k, v = conv("attn.c_attn", _norm(x, _part(layer, "ln_1."))).chunk(3, -1)
        q, k, v = (part.reshape(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in (q, k, v))
        k, v = torch.cat([known[0], k], 2), torch.cat([known[1], v], 2)
        heard = F.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2)
        x = x + conv("attn.c_proj", heard)
        inner = F.gelu(conv("mlp.c_fc", _norm(x, _part(layer, "ln_2."))), approximate="tanh")
        return x + conv("mlp.c_proj", inner), (k, v)


def _part(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: weight for name, weight in weights.items() if name.startswith(prefix)}


def _norm(x: Tensor, layer: Layer) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], layer["weight"], layer["bias"], EPSILON)


def _conv(layer: Layer, name: str, x: Tensor) -> Tensor:
    """GPT-2's Conv1D: x A + b, its matrix stored (in, out)."""
    return x @ layer[f"{name}.weight"] + layer[f"{name}.bias"]
