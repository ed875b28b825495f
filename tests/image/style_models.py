"""A style model whose levels do different things although it was never trained, for tests of its controls."""

from __future__ import annotations

from pathlib import Path

import torch

from gansuite.core.model import save_pretrained
from gansuite.image import networks
from gansuite.image.networks import style

SPEC = {"name": "style", "resolution": 32, "width": 8, "latent": 8}


def painter(seed: int = 0, resolution: int = 32) -> style.Generator:
    """Random weights, but the two finest levels answer to differences alone: they can hardly draw a large shape."""
    generator, _ = networks.build({**SPEC, "resolution": resolution}, seed)
    assert isinstance(generator, style.Generator)
    with torch.no_grad():
        for layer in generator.layers[-style.ONCE :]:
            kernel = layer.convolution.weight
            kernel.sub_(kernel.mean((2, 3), keepdim=True))
        generator.to_rgb[-1].convolution.weight.mul_(3)
    return generator.eval().requires_grad_(False)


def save_painter(folder: Path, seed: int = 0) -> Path:
    """The same as a model folder."""
    generator = painter(seed)
    config = {"format": 1, "art": "image", "network": networks.describe(generator, "style"), "training": {}}
    return save_pretrained(folder, config, generator.state_dict(), "# Painter\n")
