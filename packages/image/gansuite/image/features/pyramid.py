"""The yardstick that needs no download: a pyramid of fixed random convolutions and a colour thumbnail.

It looks at what a painter calls texture (how strong, at which scale, in tone and in hue), grain (smooth,
hatched or dotted), pattern (which textures meet) and layout (which colours lie where). Strengths enter as
logarithms: a blur, which loses the fine textures altogether, is far away, and a sharp but clumsy picture is
near. Learned networks often see that the other way round. That random networks can serve as a yardstick was
shown by Naeem et al. 2020. This one knows nothing of objects, and its figures are relative: they compare runs
on one portfolio.

Shapes: B pictures, C channels, H and W pixels, D features.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansuite.image.features.base import HALF, NetworkExtractor, Preparation

NAME = "random-pyramid (relative only)"
SEED = 0
LEVELS = 4  # full, half, quarter and eighth size
SMALLEST = 2**LEVELS
TONE, HUE, PATTERN = 16, 8, 32  # filters of grey, filters of colour differences, combinations of both
THUMBNAIL = 4
FLOOR = 0.01  # of a strength in [-1, 1]: about one step of 8 bits
LIMIT = 3.0


class Scale(NamedTuple):
    """Centre and deviation of a part over 383 public-domain artworks at 64 px: all parts weigh alike."""

    centre: float
    deviation: float


LAYOUT_SCALE = Scale(0.0, 0.37)
TONE_SCALE = Scale(-1.32, 0.39)
HUE_SCALE = Scale(-2.92, 0.58)
GRAIN_SCALE = Scale(-0.31, 0.15)
MEAN_SCALE = Scale(0.153, 0.051)
DEVIATION_SCALE = Scale(0.232, 0.062)


def _uniform(source: np.random.PCG64, *shape: int) -> npt.NDArray[np.float64]:
    """Numbers in [-1, 1) from the raw bits, which numpy promises to be the same everywhere and for ever."""
    bits = np.asarray(source.random_raw(math.prod(shape))) >> np.uint64(11)
    return bits.astype(np.float64).reshape(shape) * 2.0**-52 - 1


def _unit(filters: npt.NDArray[np.float64]) -> Tensor:
    """Filters (out, in, k, k) scaled to length 1 each."""
    length = np.sqrt((filters**2).sum((1, 2, 3), keepdims=True))
    return torch.from_numpy((filters / length).astype(np.float32))


class RandomPyramid(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1], H and W at least 16, to features (B, 496) in six parts.

    Args:
        seed: of the filters; figures of different seeds cannot be compared.
    """

    edges: Tensor
    patterns: Tensor

    def __init__(self, seed: int = SEED) -> None:
        super().__init__()
        source = np.random.PCG64(seed)
        shapes = _uniform(source, TONE + HUE, 1, 3, 3)
        colours = _uniform(source, HUE, 3, 1, 1)
        patterns = _uniform(source, PATTERN, TONE + HUE, 3, 3)
        # Without their means the filters answer to differences only: a flat area says nothing.
        shapes -= shapes.mean((2, 3), keepdims=True)
        colours -= colours.mean(1, keepdims=True)
        patterns -= patterns.mean((1, 2, 3), keepdims=True)
        self.register_buffer("edges", _unit(shapes * np.concatenate([np.ones((TONE, 3, 1, 1)), colours])))
        self.register_buffer("patterns", _unit(patterns))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] to (B, 496)."""
        layout = F.adaptive_avg_pool2d(x, THUMBNAIL).flatten(1)
        levels = []
        for level in range(LEVELS):
            x = F.avg_pool2d(x, 2) if level else x
            levels.append(self._level(x))
        tone, hue, grain, mean, deviation = (torch.cat(part, 1) for part in zip(*levels, strict=True))
        return _weighed(
            [
                _scaled(layout, LAYOUT_SCALE),
                _scaled(tone, TONE_SCALE),
                _scaled(hue, HUE_SCALE),
                _scaled(grain, GRAIN_SCALE),
                _scaled(mean, MEAN_SCALE),
                _scaled(deviation, DEVIATION_SCALE),
            ]
        )

    def _level(self, x: Tensor) -> tuple[Tensor, ...]:
        """One scale (B, 3, H, W): log strength in tone and in hue, grain, mean and deviation of patterns."""
        edges = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), self.edges)
        strength = edges.square().mean((2, 3)).sqrt() + FLOOR
        sizes = edges.abs()
        tone, hue = strength.log().tensor_split([TONE], 1)
        grain = torch.log(sizes.mean((2, 3)) / strength + 0.1)
        relative = F.avg_pool2d(sizes, 2) / strength[:, :, None, None]
        patterns = F.relu(F.conv2d(relative, self.patterns, padding=1))
        return tone, hue, grain, patterns.mean((2, 3)), patterns.std((2, 3), correction=0)


def _scaled(part: Tensor, scale: Scale) -> Tensor:
    """About mean 0 and deviation 1, and never beyond the limit: one odd picture cannot rule a distance."""
    return LIMIT * torch.tanh((part - scale.centre) / (scale.deviation * LIMIT))


def _weighed(parts: list[Tensor]) -> Tensor:
    """Joined so that each part, however many features it has, adds as much to the mean of squares."""
    total = sum(part.shape[1] for part in parts)
    return torch.cat([part * math.sqrt(total / (len(parts) * part.shape[1])) for part in parts], 1)


def random_pyramid(device: torch.device | str = "cpu", seed: int = SEED) -> NetworkExtractor:
    """The random pyramid as an extractor for pictures of 16 pixels or more."""
    device = torch.device(device)
    return NetworkExtractor(
        name=NAME if seed == SEED else f"{NAME}, seed {seed}",
        network=RandomPyramid(seed).to(device),
        prepare=Preparation(HALF, HALF),
        device=device,
        relative=True,
        batch=16,
        least=SMALLEST,
    )
