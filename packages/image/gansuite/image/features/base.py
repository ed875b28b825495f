"""What a feature extractor is, and the plain way to make one of any network.

Shapes: N pictures, B of them in a batch, H and W pixels, D features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from gansuite.core.errors import GansuiteError

Pictures: TypeAlias = npt.NDArray[np.uint8]
Float32: TypeAlias = npt.NDArray[np.float32]
Triple: TypeAlias = tuple[float, float, float]

IMAGENET_MEAN: Triple = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION: Triple = (0.229, 0.224, 0.225)
HALF: Triple = (0.5, 0.5, 0.5)


class Extractor(Protocol):
    """Anything that turns pictures into features.

    name: the yardstick's name, to print beside every figure made with it.
    relative: true when figures only mean something compared with others of the same portfolio.
    """

    @property
    def name(self) -> str: ...

    @property
    def relative(self) -> bool: ...

    def __call__(self, pictures: Pictures) -> Float32:
        """Pictures (N, H, W, 3), uint8 RGB, to features (N, D).

        Raises:
            GansuiteError: the array has another shape or type, or the pictures are too small.
        """


@dataclass(frozen=True)
class Preparation:
    """How pictures in [0, 1] become a network's input.

    mean, deviation: subtracted and divided by, per colour.
    side: pictures with a shorter side below this are enlarged to it, bilinearly; None leaves every size as it is.
    exact: also make larger ones smaller, and square: for networks that know one size only.
    """

    mean: Triple = HALF
    deviation: Triple = HALF
    side: int | None = None
    exact: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to the network's input (B, 3, H', W')."""
        mean, deviation = (_per_colour(values, x) for values in (self.mean, self.deviation))
        return (self._resized(x) - mean) / deviation

    def _resized(self, x: Tensor) -> Tensor:
        short = min(x.shape[2:])
        if self.side is None or (short >= self.side and not self.exact):
            return x
        size = [self.side] * 2 if self.exact else [round(edge * self.side / short) for edge in x.shape[2:]]
        return F.interpolate(x, size, mode="bilinear", antialias=short > self.side)


def _per_colour(values: Triple, like: Tensor) -> Tensor:
    return torch.tensor(values, device=like.device)[:, None, None]


@dataclass(frozen=True)
class NetworkExtractor:
    """A network as an extractor: prepares pictures, runs them in batches, multiplies the features.

    name, relative: see `Extractor`.
    network: prepared pictures (B, 3, H', W') to features (B, D), on `device`.
    prepare: pictures (B, 3, H, W) in [0, 1] to the network's input.
    device: where it runs.
    multiply: brings large features to the size that distances expect.
    batch: pictures at a time.
    least: the shortest side a picture may have, in pixels.
    """

    name: str
    network: Callable[[Tensor], Tensor]
    prepare: Callable[[Tensor], Tensor]
    device: torch.device
    relative: bool = False
    multiply: float = 1.0
    batch: int = 64
    least: int = 1

    def __call__(self, pictures: Pictures) -> Float32:
        """See `Extractor`."""
        check_pictures(pictures, self.least)
        with torch.inference_mode():
            parts = [self._features(pictures[i : i + self.batch]) for i in range(0, len(pictures), self.batch)]
        return np.concatenate(parts)

    def _features(self, pictures: Pictures) -> Float32:
        features = self.network(self.prepare(as_tensor(pictures, self.device))) * self.multiply
        return np.asarray(features.float().cpu().numpy(), dtype=np.float32)


def as_tensor(pictures: Pictures, device: torch.device) -> Tensor:
    """Pictures (N, H, W, 3) as floats (N, 3, H, W) in [0, 1], their memory still in channels-last order."""
    array = np.require(pictures, requirements=["C", "W"])  # torch does not borrow from a read-only cache
    return torch.from_numpy(array).to(device).permute(0, 3, 1, 2).float() / 255


def check_pictures(pictures: npt.NDArray[Any], least: int = 1) -> None:
    """Check the input of an extractor.

    Raises:
        GansuiteError: not uint8 pictures (N, H, W, 3), none at all, or a side below `least` pixels.
    """
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[-1] != 3:
        raise GansuiteError(
            f"Found {pictures.dtype} of shape {pictures.shape}; expected uint8 (count, height, width, 3).",
            "Convert them to RGB bytes first.",
        )
    if len(pictures) == 0:
        raise GansuiteError("There are no pictures to make features of.", "Give at least one picture.")
    height, width = pictures.shape[1:3]
    if min(height, width) < least:
        raise GansuiteError(
            f"The pictures are {width} x {height} pixels; this extractor needs {least} or more a side.",
            "Enlarge them, or choose another extractor.",
        )
