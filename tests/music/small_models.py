"""Small things that play: untrained models in a folder, and a sampler that plays what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from gansuite.core import randomness
from gansuite.core.model import save_pretrained
from gansuite.core.provenance import Provenance
from gansuite.music import networks
from gansuite.music.networks.critic import CriticConfig
from gansuite.music.networks.musegan import MuseGANConfig
from gansuite.music.roll import ONSET, Cells, Flags, Grid
from gansuite.music.sampler import Sampler

SMALL = MuseGANConfig(width=16, step_width=8, octave_width=4, depth=1, latent=4)


def save_model(
    folder: Path,
    seed: int = 0,
    grid: Grid | None = None,
    config: MuseGANConfig = SMALL,
    gain: float = 2.0,
    **changes: Any,
) -> Path:
    """A model folder; its weights follow from the seed, those of pitches times the gain.

    Args:
        changes: to its config.json alone.
    """
    generator, _ = networks.build(grid or Grid(), config, CriticConfig(chroma_width=8), seed)
    weights = {
        name: gain * weight if name == "bar.pitch.weight" else weight for name, weight in generator.state_dict().items()
    }
    written = {"format": 1, "art": "music", "network": networks.describe(generator), "training": {}, **changes}
    return save_pretrained(folder, written, weights, "# Small\n")


Script = Callable[[int, Tensor], Cells]
"""From how often it was asked before, and the latent (D,), to a phrase (K, T, P)."""


class Scripted:
    """Stands in for a sampler: plays what the script says, keeps what is given, and remembers what it was asked.

    Attributes:
        asked: the cells (K, T, P) and which bars (K, M) of them were given, each time.
    """

    model_name, digest, device = "scripted", "0" * 64, torch.device("cpu")

    def __init__(self, script: Script, grid: Grid | None = None, given: bool = True) -> None:
        self.script, self.grid = script, grid or Grid()
        self.generator = SimpleNamespace(config=SimpleNamespace(given=given), latent_size=4)
        self.asked: list[tuple[Cells, Flags]] = []

    def latents(self, seeds: Sequence[int]) -> Tensor:
        return randomness.latents(list(seeds), 4)

    def going_on(self, z: Tensor, other: Tensor) -> Tensor:
        """Half of it stays."""
        return torch.cat([z[:, : z.shape[1] // 2], other[:, z.shape[1] // 2 :]], 1)

    def play(
        self, latents: Tensor, cells: Cells | None = None, given: Flags | None = None, density: float = 1.0
    ) -> Cells:
        shape = (len(latents), len(self.grid.tracks), self.grid.steps, 84)
        cells = np.zeros(shape, np.uint8) if cells is None else cells
        given = np.zeros((*shape[:2], self.grid.bars), bool) if given is None else given
        rows = []
        for z, known, bars in zip(latents, cells, given, strict=True):
            kept = bars.repeat(self.grid.bar, axis=1)[..., None]
            rows.append(np.where(kept, known, self.script(len(self.asked), z)))
            self.asked.append((known.copy(), bars.copy()))
        return np.stack(rows).astype(np.uint8)

    def provenance(self, kind: str, seed: int, settings: Mapping[str, Any]) -> Provenance:
        return Provenance("music", self.model_name, self.digest, seed, {"kind": kind, **settings}, "0")

    def sampler(self) -> Sampler:
        """This, as those who play know it."""
        return cast(Sampler, self)


def numbered(grid: Grid | None = None) -> Script:
    """A script whose n-th phrase strikes pitch number n of every track on every step."""
    grid = grid or Grid()

    def script(number: int, z: Tensor) -> Cells:
        cells = np.zeros((len(grid.tracks), grid.steps, 84), np.uint8)
        cells[:, :, number % 84] = ONSET
        return cells

    return script


def random_phrases(grid: Grid | None = None, density: float = 0.05) -> Script:
    """A script whose phrases follow from the latent alone, with notes of all lengths."""
    grid = grid or Grid()

    def script(number: int, z: Tensor) -> Cells:
        random = np.random.default_rng(abs(int(z[0] * 1e6)))
        cells = np.where(random.random((len(grid.tracks), grid.steps, 84)) < density, ONSET, 0)
        held = (cells[:, :-1] == ONSET) & (cells[:, 1:] == 0) & (random.random(cells[:, 1:].shape) < 0.5)
        cells[:, 1:][held] = 2
        cells[0][cells[0] == 2] = 0
        return cells.astype(np.uint8)

    return script
