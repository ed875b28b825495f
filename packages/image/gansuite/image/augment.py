"""Differentiable augmentation of real and generated pictures alike, at a strength that follows overfitting.

Ranges are DiffAugment's (Zhao et al. 2020); each picture is changed with probability `strength`, which follows the
discriminator's overfitting as in ADA (Karras et al. 2020, section 3), capped at 0.8: above that augmentations leak
into the samples. B batch, C channels, S side.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.health import AUGMENT_CAP
from gansuite.core.randomness import Draw

CAP = AUGMENT_CAP  # which health takes for the end of the scale
TARGET = 0.6  # the mean sign of D on real works that ADA aims at


def flip(x: Tensor, draw: Draw) -> Tensor:
    """Mirror every second picture, on average: (B, C, S, S) -> the same shape."""
    return torch.where(draw.uniform("flip")[:, None, None, None] < 0.5, x.flip(3), x)


def colour(x: Tensor, draw: Draw, chosen: Tensor) -> Tensor:
    """Brightness + U(-0.5, 0.5), saturation x U(0, 2), contrast x U(0.5, 1.5) where `chosen` (B, 1, 1, 1) is 1."""
    u = draw.uniform("colour", 3)[:, :, None, None, None].to(x.dtype) * 2 - 1
    brightness, saturation, contrast = (
        0.5 * u[:, 0] * chosen,
        1 + u[:, 1] * chosen,
        1 + 0.5 * u[:, 2] * chosen,
    )
    grey = x.mean(1, keepdim=True)
    x = torch.lerp(grey, x, saturation)
    centre = x.mean((1, 2, 3), keepdim=True)
    return torch.lerp(centre, x, contrast) + brightness


def translation(x: Tensor, draw: Draw, chosen: Tensor) -> Tensor:
    """Shift by up to an eighth of the side both ways, zeros outside, where `chosen` (B, 1, 1, 1) is 1."""
    side = x.shape[-1]
    reach = side // 8
    shift = (draw.uniform("translation", 2) * (2 * reach + 1)).long() - reach
    shift = shift * chosen.view(-1, 1).long()
    line = torch.arange(side, device=x.device) + reach
    rows, columns = line + shift[:, :1], line + shift[:, 1:]
    images = torch.arange(len(x), device=x.device)
    padded = pad(x, (reach, reach, reach, reach)).permute(0, 2, 3, 1)
    return padded[images[:, None, None], rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cutout(x: Tensor, draw: Draw, chosen: Tensor) -> Tensor:
    """Zero one square of half the side where `chosen` (B, 1, 1, 1) is 1."""
    side = x.shape[-1]
    centre = draw.uniform("cutout", 2) * side
    line = torch.arange(side, device=x.device) + 0.5
    inside = (line - centre[:, :, None]).abs() < side / 4
    square = inside[:, 0, :, None] & inside[:, 1, None, :]
    return x * (1 - square[:, None].to(x.dtype) * chosen)


AUGMENTATIONS: dict[str, Callable[[Tensor, Draw, Tensor], Tensor]] = {
    "colour": colour,
    "translation": translation,
    "cutout": cutout,
}


def parse_augmentations(text: str) -> tuple[str, ...]:
    """`colour,translation` -> ("colour", "translation"); `none` -> ().

    Raises:
        GansuiteError: for a name that is not an augmentation.
    """
    names = () if text in ("none", "") else tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in AUGMENTATIONS:
            raise GansuiteError(f"There is no augmentation '{name}'.", did_you_mean(name, list(AUGMENTATIONS)))
    return names


def augment(x: Tensor, names: tuple[str, ...], strength: float, draw: Draw) -> Tensor:
    """Apply each named augmentation to each picture with probability `strength` in [0, 1]: (B, C, S, S) -> same."""
    if strength <= 0:
        return x
    for name in names:
        chosen = (draw.uniform(f"{name}/chosen") < strength).to(x.dtype)[:, None, None, None]
        x = AUGMENTATIONS[name](x, draw, chosen)
    return x


def adapted(strength: float, real_sign: float, images: int, ramp: float) -> float:
    """The strength after `images` more works at this sign: p + sign(r - 0.6) images / ramp, in [0, 0.8].

    Args:
        real_sign: r, the mean sign of the discriminator on augmented real works, in [-1, 1].
        ramp: how many images it takes from 0 to 1.
    """
    direction = (real_sign > TARGET) - (real_sign < TARGET)
    return min(CAP, max(0.0, strength + direction * images / ramp))
