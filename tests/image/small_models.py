"""Untrained models of 32 pixels in a folder, for tests of what is done with models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gansuite.core.model import save_pretrained
from gansuite.image import networks

DCGAN = {"name": "dcgan", "resolution": 32, "width": 8, "latent": 8}
CLASSIC = {"name": "dcgan-classic", "resolution": 32, "width": 8, "latent": 8}


def save_model(
    folder: Path, seed: int = 0, spec: dict[str, Any] | None = None, gain: float = 1.0, **changes: Any
) -> Path:
    """A model folder; its weights follow from the seed, times the gain; changes are to its config alone."""
    spec = DCGAN if spec is None else spec
    generator, _ = networks.build(spec, seed)
    weights = {name: gain * w if w.ndim == 4 else w for name, w in generator.state_dict().items()}
    network = networks.describe(generator, spec["name"])
    config = {"format": 1, "art": "image", "network": network, "training": {}, **changes}
    return save_pretrained(folder, config, weights, "# Small\n")
