"""A generator ready to draw: from seeds to latents, from latents to pixels.

Pictures are always drawn in float32, one latent at a time and, on a CPU, in one thread: which pixels come
out depends on the model and the latent, and not on how many are drawn beside it or on the number of threads.
Another kind of device, processor or version of PyTorch may round a few pixels to the neighbouring value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gansuite.core import __version__, randomness
from gansuite.core.engine import exact_arithmetic, find_device
from gansuite.core.errors import GansuiteError
from gansuite.core.model import from_pretrained
from gansuite.core.provenance import Provenance
from gansuite.core.seeds import check_seeds
from gansuite.image import networks
from gansuite.image.games.adversarial import to_bytes


@dataclass(frozen=True, eq=False)
class Sampler:
    """A generator ready to draw.

    Attributes:
        generator: in evaluation mode, on its device.
        model_name: as the person named the model.
        digest: sha256 of the model's weights.
        latent: numbers in a latent.
        resolution: side of the pictures, in pixels.
    """

    generator: nn.Module
    model_name: str
    digest: str
    latent: int
    resolution: int

    @property
    def device(self) -> torch.device:
        """Where it draws."""
        return next(self.generator.parameters()).device

    def latents(self, seeds: Sequence[int], truncation: float = 1.0) -> Tensor:
        """The latents (len(seeds), latent) of some seeds, float32 on the CPU.

        Truncation in (0, 1] pulls them towards the mean latent, which is 0: z -> truncation * z (Karras et
        al. 2019, section 2.1, here in the space of z). Below 1, works are more typical and vary less.

        Raises:
            GansuiteError: no seed, too many, one below 0, or a truncation out of range.
        """
        check_seeds(seeds)
        if not 0 < truncation <= 1:
            raise GansuiteError(
                f"The truncation is {truncation:g}; it must lie above 0 and be at most 1.",
                "Use --truncation 1 for full variety, or 0.7 for more typical works.",
            )
        return truncation * randomness.latents(list(seeds), self.latent)

    @torch.inference_mode()
    def draw(self, latents: Tensor) -> np.ndarray:
        """Pictures uint8 (N, S, S, 3) for latents (N, latent), each a function of its own latent alone."""
        rows = latents.float().to(self.device)
        pictures = np.empty((len(rows), self.resolution, self.resolution, 3), np.uint8)
        with exact_arithmetic(self.device):
            for i in range(len(rows)):
                pictures[i] = to_bytes(self.generator(rows[i : i + 1]))[0]
        return pictures

    def provenance(self, kind: str, seed: int, settings: Mapping[str, Any]) -> Provenance:
        """What a work of this sampler carries.

        Args:
            kind: how it is made again; see `generate.like`.
            seed: its (first) seed.
            settings: everything else that decides its pixels; JSON.
        """
        told = {"kind": kind, **settings, "device": self.device.type}
        return Provenance("image", self.model_name, self.digest, seed, told, __version__)


def load_sampler(name: str | Path, device: str = "cpu", hub: bool = True) -> Sampler:
    """The generator of a model, ready to draw.

    Args:
        name: a model folder, run, bundled name or hub id (see `core.model.from_pretrained`); recorded in
            every work as it is given here.
        device: auto, cpu, cuda, cuda:N or mps.
        hub: False for names that were read from a file and not typed by a person.

    Raises:
        GansuiteError: there is no such model or device, it is of another art, or its weights do not fit.
    """
    model = from_pretrained(name, art="image", hub=hub)
    place = find_device(device)
    generator = model.restored(networks.build_generator).to(place)
    config: Any = generator.config
    return Sampler(generator, str(name), model.digest, config.latent, config.resolution)
