"""From a work of any shape to squares of one size: the whole of it in one, or cut into several."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gansuite.core.pictures.decode import Colour, Picture
from gansuite.core.pictures.fit import Box, fitted, resized

MOST_OVERLAP = 1.4  # crops together show at most this many times the area of the work


def squares(picture: Picture, resolution: int, fit: str, crops: int, background: Colour) -> NDArray[np.uint8]:
    """A work as uint8 (K, resolution, resolution, 3), K from 1 to `crops`.

    Args:
        picture: what `decode` gave.
        resolution: side of the squares in pixels.
        fit: crop (the middle square), pad (all of it, on `background`) or stretch; for works that are not cut.
        crops: cut a work into up to this many squares; see `windows`.
        background: red, green, blue in 0..255 beside a padded work.
    """
    cuts = windows(picture.width, picture.height, resolution, crops)
    if not cuts:
        return np.asarray(fitted(picture.image, resolution, fit, background))[None]
    across, down = picture.image.width / picture.width, picture.image.height / picture.height
    boxes = [(left * across, top * down, right * across, bottom * down) for left, top, right, bottom in cuts]
    return np.stack([np.asarray(resized(picture.image, (resolution, resolution), box)) for box in boxes])


def windows(width: int, height: int, resolution: int, crops: int) -> tuple[Box, ...]:
    """Where to cut a work of `width` x `height` pixels: squares (left, top, right, bottom), or () to leave it whole.

    The squares form a grid of at most `crops`, lie evenly spread from edge to edge, are as large as lets them cover the
    whole work together, and are never smaller than `resolution`, so that no crop is enlarged. Of all such grids the one
    with the most squares is taken, then the one with the least overlap; none whose squares add up to more than 1.4
    times the area of the work.
    """
    best: tuple[int, float, int, int, float] | None = None
    for columns in range(1, crops + 1):
        for rows in range(1, crops // columns + 1):
            side = max(width / columns, height / rows)
            overlap = columns * rows * side * side / (width * height)
            fits = resolution <= side <= min(width, height) and columns * rows > 1 and overlap <= MOST_OVERLAP
            if fits and (best is None or (columns * rows, -overlap) > best[:2]):
                best = (columns * rows, -overlap, columns, rows, side)
    if best is None:
        return ()
    _, _, columns, rows, side = best
    lefts, tops = _spread(columns, width - side), _spread(rows, height - side)
    return tuple((left, top, left + side, top + side) for top in tops for left in lefts)


def kept_by_crop(width: int, height: int) -> float:
    """The share of a work's area (0..1) that the middle square shows."""
    return min(width, height) / max(width, height)


def pixels_needed(resolution: int, crops: int) -> int:
    """How many pixels the shorter side of a work must keep to make its squares from twice their size."""
    return 2 * resolution * crops


def _spread(count: int, room: float) -> list[float]:
    return [room * place / max(1, count - 1) for place in range(count)]
