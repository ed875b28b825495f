"""Networks of the music package, and the one place that builds them from a description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch

from gansuite.music.networks.critic import Critic, CriticConfig
from gansuite.music.networks.musegan import Generator, MuseGANConfig
from gansuite.music.roll import Grid


def build_generator(spec: Mapping[str, Any]) -> Generator:
    """A generator from its description: {"name": "musegan", "grid": {...}, "width": 128, ...}."""
    sizes = {key: value for key, value in spec.items() if key != "grid"}
    return Generator(Grid.restored(spec["grid"]), MuseGANConfig(**sizes))


def build(grid: Grid, config: MuseGANConfig, streams: CriticConfig, seed: int) -> tuple[Generator, Critic]:
    """A generator and its critic, their weights a function of the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Generator(grid, config), Critic(grid, config, streams)


def describe(generator: Generator) -> dict[str, Any]:
    """The description from which `build_generator` makes the same architecture."""
    return {**asdict(generator.config), "grid": asdict(generator.grid)}
