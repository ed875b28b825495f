"""The palette of a picture in four numbers, and the mood that goes with them by rule.

B pictures, S side. The rule stands in for a trained classifier of sentiment: nothing to download, nothing to license.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

PALETTE = ("brightness", "warmth", "saturation", "contrast")
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
USUAL = (0.45, 0.50, 0.15, 0.42)  # the medians of 20,000 photographs
SPREAD = (0.12, 0.08, 0.12, 0.115)  # their standard deviations

# In which direction from a usual picture each mood of `controls.MOODS` lies: brightness, warmth, saturation, contrast.
DIRECTIONS = (
    (0.7, 0.5, 1.0, 0.0),  # joyful: bright, warm, saturated
    (0.4, -0.9, 0.0, -0.8),  # calm: cool, with little contrast, rather bright
    (0.7, 0.6, -0.2, -0.9),  # tender: warm pastels
    (-0.3, -0.1, -1.0, -0.3),  # melancholy: grey, not bright
    (-1.0, 0.0, -0.1, -0.1),  # dark: dark
    (-0.1, 0.0, 0.5, 1.0),  # wild: strong contrasts and colours
)
CHUNK = 1024


def palettes(pictures: Tensor) -> Tensor:
    """Four numbers in 0..1 for each picture, in the order of `PALETTE`: (B, 3, S, S) in [-1, 1] -> (B, 4).

    With red, green and blue in 0..1 and luma y = 0.299 r + 0.587 g + 0.114 b: brightness is the mean of y, warmth that
    of (1 + r - b) / 2, saturation that of max(r, g, b) - min(r, g, b), contrast twice the standard deviation of y.
    """
    colours = pictures.float() / 2 + 0.5
    red, green, blue = colours.unbind(1)
    luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    chroma = colours.amax(1) - colours.amin(1)
    contrast = 2 * luma.flatten(1).std(1, correction=0)
    means = [part.mean((1, 2)) for part in (luma, (1 + red - blue) / 2, chroma)]
    return torch.stack([*means, contrast], 1)


def standardised(palette: Tensor) -> Tensor:
    """How far each palette is from a usual one, in standard deviations: (B, 4) -> (B, 4)."""
    return (palette - palette.new_tensor(USUAL)) / palette.new_tensor(SPREAD)


def leanings(palette: Tensor) -> Tensor:
    """How far each palette lies from a usual one in the direction of each mood: (B, 4) -> (B, 6)."""
    directions = torch.nn.functional.normalize(palette.new_tensor(DIRECTIONS), dim=1)
    return standardised(palette) @ directions.T


def moods(palette: Tensor) -> Tensor:
    """The mood of each palette by rule: (B, 4) -> int64 (B,), indices into `controls.MOODS`.

    The one in whose direction the palette differs most from a usual picture's, every number measured in standard
    deviations. Of the 20,000 photographs that the limits were set on, 13 % are joyful, 20 % calm,
    11 % tender, 13 % melancholy, 21 % dark and 22 % wild.
    """
    return leanings(palette).argmax(1)


def moods_of(thumbnails: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The mood of each thumbnail by rule: uint8 (M, S, S, 3) -> int64 (M,), indices into `controls.MOODS`."""
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(thumbnails), CHUNK):
        pixels = torch.tensor(thumbnails[start : start + CHUNK]).permute(0, 3, 1, 2)
        found.append(moods(palettes(pixels / 127.5 - 1)).numpy())
    return np.concatenate(found)
