"""How far a generator's samples are from held-out works, as it trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from gansuite.core import measures
from gansuite.core.randomness import generator as random_generator
from gansuite.image.features import Extractor
from gansuite.image.games.adversarial import to_bytes
from gansuite.image.networks.parts import Generator

CHUNK = 64  # pictures drawn or looked at together
NEIGHBOURS = 5  # k of density and coverage: Naeem et al. 2020, section 4


@torch.no_grad()
def draw(generator: Generator, codes: Tensor, chunk: int = CHUNK) -> np.ndarray:
    """uint8 pictures (N, S, S, 3) for codes (N, K)."""
    device = next(generator.parameters()).device
    return np.concatenate([to_bytes(generator.decode(part.to(device))) for part in torch.split(codes, chunk)])


@dataclass(frozen=True, eq=False)
class Fixed:
    """The same latents (N, Z) and labels (N,) or None all through a run."""

    latents: Tensor
    labels: Tensor | None

    @torch.no_grad()
    def draw(self, generator: Generator) -> np.ndarray:
        """The uint8 pictures (N, S, S, 3) a generator makes of them."""
        device = next(generator.parameters()).device
        labels = None if self.labels is None else self.labels.to(device)
        return draw(generator, generator.code(self.latents.to(device), labels))


def fixed(count: int, size: int, seed: int, stream: str, labels: np.ndarray | None) -> Fixed:
    """Standard normal latents, and labels as frequent as among works of these labels (W,), in order."""
    few = None if labels is None else torch.from_numpy(thinned(np.sort(labels), count, fill=True))
    return Fixed(torch.randn(count, size, generator=random_generator(seed, stream)), few)


class HeldOut:
    """Distances of samples to held-out and to training works, in one feature space.

    Args:
        held_out, train: uint8 works (N, S, S, 3).
        extractor: the feature space.
        samples: what the samples are made from.
    """

    def __init__(self, held_out: np.ndarray, train: np.ndarray, extractor: Extractor, samples: Fixed) -> None:
        self.works = {"held_out": held_out, "train": train}
        self.extractor, self.samples = extractor, samples

    @cached_property
    def held_out(self) -> np.ndarray:
        """Features of the held-out works, found when they are first needed."""
        return self.extractor(self.works["held_out"])

    @cached_property
    def train(self) -> np.ndarray:
        """Features of the training works, found when they are first needed."""
        return self.extractor(self.works["train"])

    def __call__(self, generator: Generator) -> Mapping[str, float]:
        """The measures of a generator; smaller distances and larger density and coverage are better.

        A distance to held-out works needs two of them, density and coverage one more than a work has neighbours:
        where there are fewer, they are left out.
        """
        fake = self.extractor(self.samples.draw(generator))
        found = {"train_distance": measures.kernel_distance(self.train, fake)}
        enough = len(self.held_out) >= 2
        if enough:
            found["held_out_distance"] = measures.kernel_distance(self.held_out, fake)
        if len(self.held_out) > NEIGHBOURS:
            near = measures.density_coverage(self.held_out, fake, NEIGHBOURS)
            found |= {"density": near.density, "coverage": near.coverage}
        varied = enough and bool(np.ptp(self.held_out, axis=0).any())
        return {**found, "diversity": measures.diversity(self.held_out if varied else self.train, fake)}


def thinned(works: np.ndarray, count: int, fill: bool = False) -> np.ndarray:
    """`count` of the works (N, ...), spread over all of them; where there are fewer, all, or some again to `fill`."""
    count = count if fill else min(count, len(works))
    chosen: np.ndarray = works[np.linspace(0, len(works) - 1, count).astype(int)]
    return chosen
