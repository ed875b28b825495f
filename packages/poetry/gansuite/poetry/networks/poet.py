"""The poet: a GPT-2 that is told what is asked for, and what is seen, before the poem begins.

B poems, R rows of L tokens, W width, F features of a picture, P places that a picture takes.
A poem's sequence is [P x <|image|>] + marks of controls + <|poem|> + its tokens + <|end|>; the places of a picture hold
a projection of its code instead of a token's embedding (ClipCap: Mokady et al. 2021, arXiv 2111.09734).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from gansuite.poetry.packing import NO_TARGET, Packed

TIED, EMBEDDED = "language.lm_head.weight", "language.transformer.wte.weight"


@dataclass(frozen=True)
class PoetConfig:
    """The size of the poet.

    Attributes:
        vocabulary: tokens; of another model's tokenizer where one is named.
        width, layers, heads: of the decoder.
        positions: the longest sequence.
        places: embeddings that a picture takes.
    """

    vocabulary: int = 6144
    width: int = 256
    layers: int = 5
    heads: int = 4
    positions: int = 256
    places: int = 4


class Poet(nn.Module):
    """A decoder with the shape and the names of GPT-2 (Radford et al. 2019), and a projection of pictures.

    Args:
        config: its size.
        picture: F, features of a picture's code; 0 for a poet who sees nothing.
        image: the token that holds a picture's place.

    Attributes:
        language: a `GPT2LMHeadModel`, to save, load and generate with as people expect.
    """

    def __init__(self, config: PoetConfig, picture: int, image: int) -> None:
        super().__init__()
        self.config, self.picture, self.image = config, picture, image
        self.language = GPT2LMHeadModel(gpt2_config(config))
        self.eye = (
            nn.Sequential(
                nn.Linear(picture, config.width), nn.GELU(), nn.Linear(config.width, config.places * config.width)
            )
            if picture
            else None
        )
        hooked: Any = self  # nn.Module's hooks have no types
        hooked.register_state_dict_post_hook(_without_tied)
        hooked.register_load_state_dict_pre_hook(_with_tied)

    def embed(self, packed: Packed, codes: Tensor | None) -> Tensor:
        """Embeddings (R, L, W) of tokens and pictures.

        Args:
            packed: B poems.
            codes: (B, F), or None where no poem has a picture.
        """
        embedded: Tensor = self.language.transformer.wte(packed.ids)
        if self.eye is None or codes is None:
            return embedded
        seen = self.eye(codes).unflatten(1, (self.config.places, self.config.width)).to(embedded.dtype)
        here = (packed.ids == self.image) & (packed.owner >= 0)
        embedded = embedded.clone()
        embedded[here] = seen[packed.owner[here], packed.position[here]]
        return embedded

    def hidden(self, packed: Packed, codes: Tensor | None = None) -> Tensor:
        """What the decoder makes of each token and those before it: (R, L, W)."""
        out: Tensor = self.language.transformer(
            inputs_embeds=self.embed(packed, codes),
            position_ids=packed.position,
            attention_mask=packed.visible(),
            use_cache=False,
        ).last_hidden_state
        return out

    def log_probabilities(self, packed: Packed, codes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """log p of each token that is to be foretold, (N,), and the poem that each is of, int64 (N,)."""
        logits, chosen = self.logits(packed, codes)
        losses = nn.functional.cross_entropy(logits.float(), packed.target[chosen], reduction="none")
        return -losses, packed.owner[chosen]

    def logits(self, packed: Packed, codes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Logits (N, V) where a token is to be foretold, and where that is, bool (R, L)."""
        chosen = packed.target != NO_TARGET
        logits: Tensor = self.language.lm_head(self.hidden(packed, codes)[chosen])
        return logits, chosen

    def forward(self, packed: Packed, codes: Tensor | None = None) -> Tensor:
        """-log p of each poem, (B,)."""
        chances, owner = self.log_probabilities(packed, codes)
        poems = int(packed.owner.max()) + 1
        return -torch.zeros(poems, device=chances.device).index_add(0, owner, chances)


def _without_tied(module: nn.Module, state: dict[str, Tensor], prefix: str, metadata: Any) -> None:
    """The output matrix is the tokens' embedding, and is kept once."""
    state.pop(f"{prefix}{TIED}", None)


def _with_tied(module: nn.Module, state: dict[str, Tensor], prefix: str, *rest: Any) -> None:
    if f"{prefix}{EMBEDDED}" in state:
        state[f"{prefix}{TIED}"] = state[f"{prefix}{EMBEDDED}"]


def from_language(language: GPT2LMHeadModel, places: int, picture: int, image: int) -> Poet:
    """A poet that begins with the weights of another GPT-2; its dropout is left out.

    Args:
        language: of any size.
        places: embeddings that a picture takes.
        picture, image: see `Poet`.
    """
    c = language.config
    poet = Poet(PoetConfig(c.vocab_size, c.n_embd, c.n_layer, c.n_head, c.n_positions, places), picture, image)
    poet.language.load_state_dict(language.state_dict())
    return poet


def gpt2_config(config: PoetConfig) -> GPT2Config:
    """The configuration that transformers knows; without dropout, so that a step is a function of its draw."""
    return GPT2Config(
        vocab_size=config.vocabulary,
        n_positions=config.positions,
        n_embd=config.width,
        n_layer=config.layers,
        n_head=config.heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )


def describe(poet: Poet) -> dict[str, Any]:
    """From which the same network is built."""
    return {"poet": asdict(poet.config), "picture": poet.picture, "image": poet.image}


def build(spec: Mapping[str, Any]) -> Poet:
    """The network of a description."""
    return Poet(PoetConfig(**spec["poet"]), int(spec["picture"]), int(spec["image"]))
