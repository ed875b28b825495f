"""A portfolio where the compute is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Works(NamedTuple):
    """A batch: uint8 pictures (B, 3, S, S), and their labels int64 (B,) (-1: none) where they have some."""

    pictures: Tensor
    labels: Tensor | None = None


class Pictures:
    """Works as uint8 (N, 3, S, S): memory-mapped for a CPU, resident on the device otherwise.

    Args:
        pixels: uint8 (N, S, S, 3), possibly a memory map.
        chosen: indices of the works to hand out.
        device: where batches are wanted.
        labels: (N,) of all works, or None.
    """

    def __init__(
        self, pixels: np.ndarray, chosen: np.ndarray, device: torch.device, labels: np.ndarray | None = None
    ) -> None:
        self.pixels, self.chosen, self.device = pixels, chosen, device
        self.labels = None if labels is None else labels[chosen]
        self.resident = None if device.type == "cpu" else torch.from_numpy(pixels[chosen]).to(device)

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, indices: np.ndarray) -> Works:
        """The works at these indices (B,), channels last in memory."""
        labels = None if self.labels is None else torch.from_numpy(self.labels[indices]).to(self.device)
        if self.resident is not None:
            return Works(self.resident[torch.from_numpy(indices).to(self.device)].permute(0, 3, 1, 2), labels)
        return Works(torch.from_numpy(self.pixels[self.chosen[indices]]).permute(0, 3, 1, 2), labels)
