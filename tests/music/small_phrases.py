"""Phrases drawn by chance, legal in every cell."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gansuite.music.games.masked import Batch
from gansuite.music.networks.channels import to_channels
from gansuite.music.roll import ONSET, PITCHES, SILENT, Cells, Grid, from_sounding


def phrases(grid: Grid, count: int, seed: int = 0, share: float = 0.08) -> Cells:
    """Cells (N, K, T, P) of which about that share sounds; drums are strokes."""
    random = np.random.Generator(np.random.PCG64(seed))
    cells = from_sounding(random.random((count, len(grid.tracks), grid.steps, PITCHES)) < share)
    drums = [name == "drums" for name in grid.tracks]
    cells[:, drums] = cells[:, drums].clip(max=ONSET)
    return cells


def channels(cells: Cells, count: int = 2) -> Tensor:
    """Cells as a generator plays them."""
    return to_channels(torch.from_numpy(cells), count)


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def some_bars(grid: Grid, count: int, seed: int = 0) -> Tensor:
    """Bars of tracks (N, K, M), half of them given."""
    return torch.rand(count, len(grid.tracks), grid.bars, generator=torch.Generator().manual_seed(seed)) < 0.5


class Bank:
    """A source of phrases whose tracks are all there, but for every third, which has no drums."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.present = np.ones(cells.shape[:2], bool)
        self.present[::3, 0] = False
        self.cells[::3, 0] = SILENT

    def __len__(self) -> int:
        return len(self.cells)

    def take(self, indices: np.ndarray) -> Batch:
        """The phrases at these indices."""
        return Batch(torch.from_numpy(self.cells[indices]), torch.from_numpy(self.present[indices]))
