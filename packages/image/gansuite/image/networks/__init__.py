"""Networks for pictures, one architecture a file, and the one place that knows them all by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.image.networks import dcgan, dcgan_classic

ARCHITECTURES = {
    "dcgan": (dcgan.DCGANConfig, dcgan.Generator, dcgan.Discriminator),
    "dcgan-classic": (dcgan_classic.ClassicConfig, dcgan_classic.Generator, dcgan_classic.Discriminator),
}


def _named(spec: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    name = str(spec.get("name"))
    if name not in ARCHITECTURES:
        raise GansuiteError(f"There is no image network called '{name}'.", did_you_mean(name, list(ARCHITECTURES)))
    config, generator, discriminator = ARCHITECTURES[name]
    return config(**{key: value for key, value in spec.items() if key != "name"}), generator, discriminator


def build_generator(spec: Mapping[str, Any]) -> nn.Module:
    """A generator from its description: {"name": "dcgan", "resolution": 64, ...}.

    It has `.config` and maps latents (B, config.latent) to pictures (B, 3, S, S) in [-1, 1].
    """
    config, generator, _ = _named(spec)
    module: nn.Module = generator(config)
    return module


def build(spec: Mapping[str, Any], seed: int) -> tuple[nn.Module, nn.Module]:
    """A generator and its discriminator, their weights a function of the seed."""
    config, generator, discriminator = _named(spec)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return generator(config), discriminator(config)


def describe(generator: nn.Module, name: str) -> dict[str, Any]:
    """The description from which `build_generator` makes the same architecture."""
    return {"name": name, **asdict(generator.config)}  # type: ignore[call-overload]
