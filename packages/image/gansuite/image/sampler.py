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
from torch import Tensor

from gansuite.core import __version__, randomness
from gansuite.core.engine import exact_arithmetic, find_device
from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.model import from_pretrained
from gansuite.core.provenance import Provenance
from gansuite.core.seeds import check_seeds
from gansuite.image import networks
from gansuite.image.games.adversarial import to_bytes
from gansuite.image.networks.parts import Generator


@dataclass(frozen=True, eq=False)
class Sampler:
    """A generator ready to draw.

    Attributes:
        generator: in evaluation mode, on its device.
        model_name: as the person named the model.
        digest: sha256 of the model's weights.
    """

    generator: Generator
    model_name: str
    digest: str

    @property
    def resolution(self) -> int:
        """Side of the pictures, in pixels."""
        return self.generator.config.resolution

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels that steer it."""
        return self.generator.config.labels

    @property
    def device(self) -> torch.device:
        """Where it draws."""
        return next(self.generator.parameters()).device

    def latents(self, seeds: Sequence[int]) -> Tensor:
        """The latents (len(seeds), Z) of some seeds, float32 on the CPU.

        Raises:
            GansuiteError: no seed, too many, or one below 0.
        """
        check_seeds(seeds)
        return randomness.latents(list(seeds), self.generator.config.latent)

    def label_of(self, seed: int, name: str | None = None) -> int:
        """The number of a label: the named one's, else the one that follows from the seed; -1 where none steers.

        Over many seeds labels are as frequent as among the works that the model learnt from. Where no other label is
        like it, `ukiyo-e` names `Ukiyo_e`.

        Raises:
            GansuiteError: there is no such label.
        """
        if name is None:
            shares = torch.tensor(self.generator.config.shares or [1.0] * max(1, len(self.labels)))
            drawn = torch.multinomial(shares, 1, generator=randomness.generator(seed, "label"))
            return int(drawn) if self.labels else -1
        exact = [i for i, label in enumerate(self.labels) if label == name]
        found = exact or [i for i, label in enumerate(self.labels) if _letters(label) == _letters(name)]
        if len(found) == 1:
            return found[0]
        known = did_you_mean(name, list(self.labels)) if self.labels else "Leave --label out: no labels steer it."
        raise GansuiteError(f"The model {self.model_name!r} has no label '{name}'.", known)

    @torch.inference_mode()
    def codes(self, seeds: Sequence[int], truncation: float = 1.0, label: str | None = None) -> Tensor:
        """The codes (len(seeds), K) of some seeds, each from its own latent and label, float32 on the CPU.

        Truncation in (0, 1] pulls them towards the mean: z -> truncation * z (Karras et al. 2019, section 2.1, in
        the space of z where a generator has no other). Below 1, works are more typical and vary less.

        Raises:
            GansuiteError: no seed, too many, one below 0, no such label, or a truncation out of range.
        """
        check_seeds(seeds)
        if not 0 < truncation <= 1:
            raise GansuiteError(
                f"The truncation is {truncation:g}; it must lie above 0 and be at most 1.",
                "Use --truncation 1 for full variety, or 0.7 for more typical works.",
            )
        labels = torch.tensor([self.label_of(seed, label) for seed in seeds])
        return self.code(self.latents(seeds), labels, truncation)

    @torch.inference_mode()
    def code(self, latents: Tensor, labels: Tensor, truncation: float = 1.0) -> Tensor:
        """The codes (N, K) of latents (N, Z) and labels (N,), each found alone, float32 on the CPU."""
        with exact_arithmetic(self.device):
            pairs = zip(latents.to(self.device)[:, None], labels.to(self.device)[:, None], strict=True)
            return torch.cat([self.generator.code(*pair, truncation).float().cpu() for pair in pairs])

    @torch.inference_mode()
    def draw(self, codes: Tensor) -> np.ndarray:
        """Pictures uint8 (N, S, S, 3) for codes (N, K), each a function of its own code alone."""
        rows = codes.float().to(self.device)
        pictures = np.empty((len(rows), self.resolution, self.resolution, 3), np.uint8)
        with exact_arithmetic(self.device):
            for i in range(len(rows)):
                pictures[i] = to_bytes(self.generator.decode(rows[i : i + 1]))[0]
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


def _letters(label: str) -> str:
    """A label without what is easily typed otherwise: capitals, and how words are joined."""
    return "".join(letter for letter in label.casefold() if letter not in " -_")


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
    return Sampler(generator, str(name), model.digest)
