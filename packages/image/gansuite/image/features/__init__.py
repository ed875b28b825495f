"""Yardsticks for pictures: from uint8 RGB (N, H, W, 3) to features (N, D) for `gansuite.core.measures`."""

from gansuite.image.features.base import Extractor, NetworkExtractor, Preparation
from gansuite.image.features.choose import extractor
from gansuite.image.features.npz import load_arrays, npz_extractor, reference_network
from gansuite.image.features.pyramid import RandomPyramid, random_pyramid
from gansuite.image.features.squeezenet import lpips

__all__ = [
    "Extractor",
    "NetworkExtractor",
    "Preparation",
    "RandomPyramid",
    "extractor",
    "load_arrays",
    "lpips",
    "npz_extractor",
    "random_pyramid",
    "reference_network",
]
