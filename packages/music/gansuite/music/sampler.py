"""A generator ready to play: from seeds, and whatever is given, to phrases.

A phrase is always played in float32 and, on a CPU, in one thread and by itself: what it is depends on the model, its
seed and what was given, and not on how many are played beside it.

N phrases, K tracks, M bars, T steps, P = 84 pitches. Phrases here are in the model's own key, C major or A minor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansuite.core import __version__, randomness
from gansuite.core.engine import exact_arithmetic, find_device
from gansuite.core.errors import GansuiteError
from gansuite.core.model import from_pretrained
from gansuite.core.provenance import Provenance
from gansuite.core.seeds import check_seeds
from gansuite.music import networks
from gansuite.music.networks.channels import to_cells, to_channels
from gansuite.music.networks.musegan import Generator
from gansuite.music.roll import Cells, Flags, Grid


@dataclass(frozen=True, eq=False)
class Sampler:
    """A generator ready to play.

    Attributes:
        generator: in evaluation mode, on its device.
        model_name: as the person named the model.
        digest: sha256 of the model's weights.
    """

    generator: Generator
    model_name: str
    digest: str

    @property
    def grid(self) -> Grid:
        """The grid of its phrases."""
        return self.generator.grid

    @property
    def device(self) -> torch.device:
        """Where it plays."""
        return next(self.generator.parameters()).device

    def latents(self, seeds: Sequence[int]) -> Tensor:
        """The latents (N, latent_size) of some seeds, float32 on the CPU.

        Raises:
            GansuiteError: no seed, too many, or one below 0.
        """
        check_seeds(seeds)
        return randomness.latents(list(seeds), self.generator.latent_size)

    def going_on(self, z: Tensor, other: Tensor) -> Tensor:
        """See `Generator.going_on`."""
        return self.generator.going_on(z, other)

    @torch.inference_mode()
    def play(
        self,
        latents: Tensor,
        cells: Cells | None = None,
        given: Flags | None = None,
        density: float = 1.0,
        present: Flags | None = None,
    ) -> Cells:
        """Phrases in which what is given stays as it is.

        Args:
            latents: (N, latent_size).
            cells: uint8 (N, K, T, P), of which only what is given is looked at; None: nothing is given.
            given: bool (N, K, M), the bars of tracks that are given.
            density: more notes above 1, fewer below; its logarithm is added to the logits of onsets.
            present: bool (N, K), which tracks there are at all, as in the training music; None: all of them.

        Returns:
            uint8 (N, K, T, P) of SILENT, ONSET and HOLD.

        Raises:
            GansuiteError: something is given to a model that cannot be told any, or a density that is not above 0.
        """
        if not 0 < density < math.inf:
            raise GansuiteError(f"The density is {density:g}, but must be above 0.", "Try --density 1.5, or 0.7.")
        if given is not None and given.any() and not self.generator.config.given:
            raise GansuiteError(
                f"The model {self.model_name} only plays from nothing: it was not trained to be given music.",
                "Choose another with --model, or see which there are with: gansuite models list",
            )
        rows = []
        with exact_arithmetic(self.device):
            for i in range(len(latents)):
                part = None if cells is None or given is None else (cells[i : i + 1], given[i : i + 1])
                there = None if present is None else torch.from_numpy(present[i : i + 1]).to(self.device)
                rows.append(self._phrase(latents[i : i + 1], part, there, math.log(density)))
        return np.concatenate(rows)

    def _phrase(self, z: Tensor, part: tuple[Cells, Flags] | None, there: Tensor | None, louder: float) -> Cells:
        g, device = self.generator, self.device
        if part is None or not g.config.given:
            return to_cells(g(z.to(device), present=there, density=louder), self.grid.tracks)
        known = torch.from_numpy(part[0].copy()).to(device), torch.from_numpy(part[1].copy()).to(device)
        x = g(z.to(device), to_channels(known[0], g.config.channels), known[1], there, density=louder)
        kept = part[1].repeat(self.grid.bar, axis=2)[..., None]
        return np.where(kept, part[0], to_cells(x, self.grid.tracks))

    def provenance(self, kind: str, seed: int, settings: Mapping[str, Any]) -> Provenance:
        """What a piece of this sampler carries: how it is made again, its (first) seed, and what else decides it."""
        return Provenance(
            "music",
            self.model_name,
            self.digest,
            seed,
            {"kind": kind, **settings, "device": self.device.type},
            __version__,
        )


def load_sampler(name: str | Path, device: str = "cpu", hub: bool = True) -> Sampler:
    """The generator of a model, ready to play.

    Args:
        name: a model folder, run, bundled name or hub id (see `core.model.from_pretrained`).
        device: auto, cpu, cuda, cuda:N or mps.
        hub: False for names that were read from a file and not typed by a person.

    Raises:
        GansuiteError: there is no such model or device, it is of another art, or its weights do not fit.
    """
    model = from_pretrained(name, art="music", hub=hub)
    generator = model.restored(networks.build_generator).to(find_device(device))
    return Sampler(generator, str(name), model.digest)
