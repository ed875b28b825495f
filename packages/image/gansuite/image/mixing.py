"""What makes a picture of a style model another one: layers of a second seed, and ways along directions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.core.seeds import check_seeds
from gansuite.image.directions import Move, moved
from gansuite.image.networks import style
from gansuite.image.sampler import Sampler


@dataclass(frozen=True)
class Change:
    """How pictures differ from those of their seeds: first the mix, then the moves.

    Attributes:
        mix: the seed that gives its layers; None: none does.
        layers: coarse, middle or fine: those that are mixed and moved; all is for moves alone.
        moves: directions by number, from 1 upwards, and how many standard deviations each.
    """

    mix: int | None = None
    layers: str = style.ALL
    moves: tuple[Move, ...] = ()

    def __post_init__(self) -> None:
        if self.mix is None:
            return
        check_seeds([self.mix])
        if self.layers == style.ALL:
            raise GansuiteError(
                f"It is not said which layers seed {self.mix} gives.", "Add --layers coarse, middle or fine."
            )

    @property
    def name(self) -> str:
        """For the names of files, like `-coarse-0000005-move-3=+2` or `-fine-move-3=+2`."""
        layers = "" if self.layers == style.ALL else f"-{self.layers}"
        mixed = "" if self.mix is None else f"-{self.mix:07d}"
        moves = "".join(f"-move-{number}={amount:+g}" for number, amount in self.moves)
        return layers + mixed + moves


@torch.inference_mode()
def changed_codes(sampler: Sampler, seeds: list[int], truncation: float, label: str | None, change: Change) -> Tensor:
    """The codes (len(seeds), K) of some seeds, changed, float32 on the CPU.

    Raises:
        GansuiteError: the model has no layers, or not these; see `Sampler.codes` and `moved`.
    """
    generator = style.layered(sampler.generator, sampler.model_name)
    codes = sampler.codes(seeds, truncation, label)
    if change.mix is not None:
        codes = mixed(generator, codes, sampler.codes([change.mix], truncation, label), change.layers)
    return moved(generator, codes, change.moves, change.layers) if change.moves else codes


def mixed(generator: style.Generator, codes: Tensor, other: Tensor, layers: str) -> Tensor:
    """Codes (N, K) with some layers of another (1, K) or of others (N, K): Karras et al. 2019, section 3.1.

    Raises:
        GansuiteError: there are no such layers.
    """
    chosen = torch.zeros(len(generator.layers), 1, dtype=torch.bool, device=codes.device)
    chosen[generator.layers_of(layers)] = True
    return torch.where(chosen, generator.styles(other), generator.styles(codes)).reshape(codes.shape)
