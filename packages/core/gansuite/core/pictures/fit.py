"""A picture of any shape as a square: cropped, padded or stretched."""

from __future__ import annotations

import math

from PIL import Image

from gansuite.core.pictures.decode import Colour

FITS = ("crop", "pad", "stretch")
Box = tuple[float, float, float, float]


def fitted(image: Image.Image, resolution: int, fit: str, background: Colour) -> Image.Image:
    """The whole of an RGB picture as one square.

    Args:
        image: of any shape.
        resolution: side of the square in pixels.
        fit: crop (the middle square), pad (all of it, on `background`) or stretch.
        background: red, green, blue in 0..255 beside a padded picture.
    """
    width, height = image.size
    side = min(width, height)
    if fit == "stretch":
        return resized(image, (resolution, resolution), (0, 0, width, height))
    if fit == "crop":
        left, top = (width - side) / 2, (height - side) / 2
        return resized(image, (resolution, resolution), (left, top, left + side, top + side))
    scale = resolution / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = Image.new("RGB", (resolution, resolution), background)
    canvas.paste(resized(image, size, (0, 0, width, height)), _centred(size, resolution))
    return canvas


def resized(image: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """A part of a picture, `box` (left, top, right, bottom), at another size, without aliasing."""
    if size == image.size and box == (0, 0, *image.size):
        return image
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _centred(size: tuple[int, int], resolution: int) -> tuple[int, int]:
    return math.floor((resolution - size[0]) / 2), math.floor((resolution - size[1]) / 2)
