"""Poems as the poet writes them while it learns: whole, at temperature 1, from all tokens.

B pictures, k poems for each, N = B k of them, L tokens, F features of a code, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gansuite.core.randomness import Draw
from gansuite.poetry.controls import Controls
from gansuite.poetry.measures.variety import distinct
from gansuite.poetry.networks.decoder import Decoder, Memory
from gansuite.poetry.prompts import Prompter
from gansuite.poetry.split import Ints

if TYPE_CHECKING:
    from gansuite.poetry.networks.poet import Poet


@dataclass(frozen=True)
class Poems:
    """N poems that were sampled.

    Attributes:
        tokens: of each, at least one, without marks.
        ended: whether the poet ended it; the others were cut off.
    """

    tokens: Sequence[Ints]
    ended: Sequence[bool]


def variety_of(poems: Sequence[Ints]) -> float:
    """Distinct-2 of poems' tokens, 0..1."""
    return distinct([poem.tolist() for poem in poems], 2)


def decoder_of(poet: Poet) -> Decoder:
    """A poet's weights, to write with."""
    return Decoder(poet.state_dict(), poet.config.heads, poet.config.places)


@dataclass(frozen=True)
class Manner:
    """How poems are sampled; as the poet believes, where nothing is said.

    Attributes:
        k: poems for each picture.
        most: tokens of a poem; the rest is cut off.
        temperature: below 1 the likely becomes likelier.
        guidance: how much a picture counts: see `sampler.Page.logits`.
    """

    k: int = 1
    most: int = 72
    temperature: float = 1.0
    guidance: float = 1.0


@torch.no_grad()
def roll_out(
    decoder: Decoder,
    prompter: Prompter,
    codes: Tensor | None,
    controls: Sequence[Controls],
    draw: Draw,
    manner: Manner,
) -> Poems:
    """Poems for each of B pictures, those of one picture together.

    Args:
        decoder: the poet.
        prompter: writes what stands before a poem.
        codes: (B, F), or None for poems of no picture.
        controls: what is asked for, B; prompts of equal length.
        draw: of these B rows.
        manner: how many, how long.
    """
    sides = [codes] if codes is None or manner.guidance == 1 else [codes, None]
    begun = [_begun(decoder, prompter, side, controls, draw.device) for side in sides]
    rows = torch.arange(len(controls), device=draw.device).repeat_interleave(manner.k)
    memories = [memory.take(rows) for _, memory in begun]
    logits = _guided([logits[rows] for logits, _ in begun], manner.guidance)
    logits[:, prompter.end] = float("-inf")  # there is no poem without a word
    chances = draw.uniform("sample", manner.k, manner.most).flatten(0, 1)
    written: list[Tensor] = []
    ended = torch.zeros(len(rows), dtype=torch.bool, device=draw.device)
    for place in range(manner.most):
        chosen = sampled(prompter.speakable(logits) / manner.temperature, chances[:, place])
        ended = ended | (chosen == prompter.end)
        written.append(torch.where(ended, prompter.end, chosen))
        if bool(ended.all()):
            break
        steps = [decoder.read(decoder.embed(chosen[:, None]), memory) for memory in memories]
        memories = [memory for _, memory in steps]
        logits = _guided([step[:, -1] for step, _ in steps], manner.guidance)
    table = torch.stack(written, 1).cpu().numpy()
    lengths = (table != prompter.end).sum(1)
    return Poems([row[:length] for row, length in zip(table, lengths, strict=True)], ended.tolist())


def _begun(
    decoder: Decoder, prompter: Prompter, codes: Tensor | None, controls: Sequence[Controls], device: torch.device
) -> tuple[Tensor, Memory]:
    """Logits of the first token, and the memory of the prompts."""
    prompts = torch.tensor([prompter.prompt(one, codes is not None) for one in controls], device=device)
    logits, memory = decoder.read(decoder.embed(prompts, codes), decoder.empty(len(prompts)))
    return logits[:, -1], memory


def _guided(sides: Sequence[Tensor], guidance: float) -> Tensor:
    return sides[0].clone() if len(sides) == 1 else sides[1] + guidance * (sides[0] - sides[1])


def sampled(logits: Tensor, chances: Tensor) -> Tensor:
    """A token for each row of logits (N, V) by one uniform number each, (N,): the inverse of the distribution's sum."""
    heights = logits.double().softmax(-1).cumsum(-1)
    found = torch.searchsorted(heights, (chances.double() * heights[:, -1])[:, None], right=True)[:, 0]
    return found.clamp_max(logits.shape[1] - 1)


def returns(potential: Tensor, there: Tensor, k: int, clip: float) -> Tensor:
    """What is still to come at each token, measured against the other poems for the same picture: (N, L).

    A critic's log odds after each prefix are whitened by their mean and deviation at the poems' ends, and clipped:
    phi. A token's reward is what it changes, phi(t) - phi(t - 1) (potential-based: Ng et al. 1999), so that from it on
    phi(T) - phi(t - 1) is to come. From that the mean of the k - 1 other poems at the same place is taken (leave one
    out: Kool et al. 2019).

    Args:
        potential: log odds after each token, (N, L); poems of one picture stand together.
        there: bool (N, L), where there are tokens.
        k: poems for each picture.
        clip: the most that phi may be.
    """
    last = there.sum(1, keepdim=True) - 1
    ends = potential.gather(1, last)
    phi = ((potential - ends.mean()) / ends.std().clamp_min(1e-6)).clamp(-clip, clip)
    before = torch.cat([torch.zeros_like(ends), phi[:, :-1]], 1)
    coming = (phi.gather(1, last) - before) * there
    groups = coming.reshape(-1, k, coming.shape[1])
    others = (groups.sum(1, keepdim=True) - groups) / (k - 1)
    return (groups - others).reshape(coming.shape) * there
