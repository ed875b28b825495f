"""Counter-based randomness: every draw is a function of (seed, stream, step).

No generator is ever saved or advanced. A resumed run, or a run on another number of processes, draws the same
numbers because it asks for the same (seed, stream, step): the draw is made for the global batch and sliced.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor


def key(seed: int, stream: str, step: int) -> int:
    """A 63-bit key for one draw, the same on every platform."""
    digest = hashlib.blake2b(f"{seed}/{stream}/{step}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def generator(seed: int, stream: str, step: int = 0) -> torch.Generator:
    """A CPU generator for one draw."""
    return torch.Generator().manual_seed(key(seed, stream, step))


def latents(seeds: list[int], size: int) -> Tensor:
    """One standard normal latent per seed: (len(seeds), size), float32."""
    return torch.stack([torch.randn(size, generator=generator(seed, "latent")) for seed in seeds])


def order(seed: int, start: int, count: int, length: int) -> np.ndarray:
    """Which of `length` works stand at positions start..start+count of an endless, epoch-wise shuffled stream.

    Each epoch is a permutation of all works, a function of (seed, epoch). Returns int64 (count,).
    """
    positions = np.arange(start, start + count)
    epochs, offsets = positions // length, positions % length
    out = np.empty(count, dtype=np.int64)
    for epoch in np.unique(epochs):
        permutation = np.random.Generator(np.random.PCG64(key(seed, "order", int(epoch)))).permutation(length)
        here = epochs == epoch
        out[here] = permutation[offsets[here]]
    return out


@dataclass(frozen=True)
class Draw:
    """This step's random numbers, for some rows of the global batch.

    Args:
        seed: the run's seed.
        step: the step that draws.
        total: rows of the global batch.
        rows: the rows this process and micro-batch own.
        device: where the numbers are wanted; they are always made on the CPU, so every device sees the same.
        scope: a prefix that keeps the streams of different phases of one step apart.
    """

    seed: int
    step: int
    total: int
    rows: slice
    device: torch.device = torch.device("cpu")
    scope: str = ""

    def scoped(self, name: str) -> Draw:
        """The same rows and step under another family of streams."""
        return replace(self, scope=f"{self.scope}{name}/")

    def every(self, n: int) -> Draw:
        """For the first of these rows, and every n-th after it."""
        start, stop, step = self.rows.indices(self.total)
        return replace(self, rows=slice(start, stop, n * step))

    def normal(self, stream: str, *shape: int) -> Tensor:
        """Standard normal numbers (rows, *shape)."""
        return self._mine(torch.randn(self.total, *shape, generator=self._generator(stream)))

    def uniform(self, stream: str, *shape: int) -> Tensor:
        """Numbers in [0, 1): (rows, *shape)."""
        return self._mine(torch.rand(self.total, *shape, generator=self._generator(stream)))

    def _generator(self, stream: str) -> torch.Generator:
        return generator(self.seed, self.scope + stream, self.step)

    def _mine(self, drawn: Tensor) -> Tensor:
        return drawn[self.rows].to(self.device, non_blocking=True)
