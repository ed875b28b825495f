"""A portfolio where the compute is."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class Pictures:
    """Works as uint8 (N, 3, S, S): memory-mapped for a CPU, resident on the device otherwise.

    Args:
        pixels: uint8 (N, S, S, 3), possibly a memory map.
        chosen: indices of the works to hand out.
        device: where batches are wanted.
    """

    def __init__(self, pixels: np.ndarray, chosen: np.ndarray, device: torch.device) -> None:
        self.pixels, self.chosen, self.device = pixels, chosen, device
        self.resident = None if device.type == "cpu" else torch.from_numpy(pixels[chosen]).to(device)

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, indices: np.ndarray) -> Tensor:
        """The works at these indices (B,): uint8 (B, 3, S, S), channels last in memory."""
        if self.resident is not None:
            return self.resident[torch.from_numpy(indices).to(self.device)].permute(0, 3, 1, 2)
        return torch.from_numpy(self.pixels[self.chosen[indices]]).permute(0, 3, 1, 2)
