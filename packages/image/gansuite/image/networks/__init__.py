"""Networks for pictures, one architecture a file, and the one place that knows them all by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.image.networks import dcgan, dcgan_classic, fast, r3, style
from gansuite.image.networks.parts import Discriminator, Generator, Size


@dataclass(frozen=True)
class Architecture:
    """A pair of players by name: the sizes they are told, and what is made of them."""

    config: type[Size]
    generator: Callable[[Any], Generator]
    discriminator: Callable[[Any], Discriminator]


ARCHITECTURES = {
    "dcgan": Architecture(Size, dcgan.Generator, dcgan.Discriminator),
    "dcgan-classic": Architecture(dcgan_classic.ClassicConfig, dcgan_classic.Generator, dcgan_classic.Discriminator),
    "fast": Architecture(Size, fast.Generator, fast.Discriminator),
    "r3": Architecture(Size, r3.Generator, r3.Discriminator),
    "style": Architecture(Size, style.Generator, style.Discriminator),
}


def _named(spec: Mapping[str, Any]) -> tuple[Architecture, Size]:
    name = str(spec.get("name"))
    if name not in ARCHITECTURES:
        raise GansuiteError(f"There is no image network called '{name}'.", did_you_mean(name, list(ARCHITECTURES)))
    architecture = ARCHITECTURES[name]
    sizes: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in spec.items() if key != "name"}
    return architecture, architecture.config(**sizes)


def build_generator(spec: Mapping[str, Any]) -> Generator:
    """A generator from its description: {"name": "dcgan", "resolution": 64, ...}."""
    architecture, config = _named(spec)
    return architecture.generator(config)


def build(spec: Mapping[str, Any], seed: int) -> tuple[Generator, Discriminator]:
    """A generator and its discriminator, their weights a function of the seed."""
    architecture, config = _named(spec)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return architecture.generator(config), architecture.discriminator(config)


def describe(generator: Generator, name: str) -> dict[str, Any]:
    """The description from which `build_generator` makes the same architecture."""
    return {"name": name, **asdict(generator.config)}
