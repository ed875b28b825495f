"""The easel that every style draws on: coordinates, smooth noise, edges, layers and paper.

S = side of the picture in pixels. A field is (S, S) float32, a picture (S, S, 3) float32 in [0, 1].
All places and lengths are in units of the side, x to the right and y down, so a work drawn at another
size is the same work. Noise lattices have sizes that do not depend on S, for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Field = NDArray[np.float32]
Picture = NDArray[np.float32]
Rng = np.random.Generator

# A cubic B-spline over white noise keeps this share of its standard deviation per axis: sqrt(0.479).
_SPLINE_SPREAD = 0.692


def axes(size: int) -> tuple[Field, Field]:
    """Open grids of pixel centres: y (S, 1) and x (1, S)."""
    centres = ((np.arange(size) + 0.5) / size).astype(np.float32)
    return centres[:, None], centres[None, :]


def _taps(places: Field) -> tuple[NDArray[np.int64], list[Field]]:
    """Lattice index below each place and the four cubic B-spline weights around it."""
    below = np.floor(places)
    t = (places - below).astype(np.float32)
    s = 1 - t
    weights = [s**3, 4 - 6 * t * t + 3 * t**3, 4 - 6 * s * s + 3 * s**3, t**3]
    return below.astype(np.int64), [np.asarray(weight / 6, dtype=np.float32) for weight in weights]


def _spline(lattice: Field, count: int, cells: float) -> Field:
    """A lattice (n, ...) smoothed to (count, ...) samples of [0, cells] along its first axis."""
    index, weights = _taps(axes(count)[0][:, 0] * cells)
    shape = (-1,) + (1,) * (lattice.ndim - 1)
    return np.asarray(sum(w.reshape(shape) * lattice[index + k] for k, w in enumerate(weights)))


def noise(rng: Rng, size: int, across: float, down: float | None = None) -> Field:
    """Smooth noise (S, S), about standard normal, with `across` by `down` blobs to a side."""
    tall = across if down is None else down
    shape = (int(np.ceil(tall)) + 4, int(np.ceil(across)) + 4)
    lattice = rng.standard_normal(shape, dtype=np.float32) / _SPLINE_SPREAD**2
    return np.ascontiguousarray(_spline(_spline(lattice, size, tall).T, size, across).T)


def fbm(rng: Rng, size: int, across: float, octaves: int = 3, stretch: float = 1.0) -> Field:
    """Octaves of noise (S, S), about standard normal; `stretch` > 1 makes it longer sideways than tall."""
    parts = [0.5**k * noise(rng, size, across * 2**k, across * stretch * 2**k) for k in range(octaves)]
    return np.asarray(sum(parts) / np.sqrt(sum(0.25**k for k in range(octaves))), dtype=np.float32)


def noise_line(rng: Rng, count: int, cells: float, octaves: int = 3, gain: float = 0.5) -> Field:
    """Octaves of smooth noise along a line (count,), about standard normal."""
    total = np.zeros(count, dtype=np.float32)
    for k in range(octaves):
        lattice = rng.standard_normal(int(np.ceil(cells * 2**k)) + 4, dtype=np.float32)
        total += gain**k * _spline(lattice, count, cells * 2**k) / _SPLINE_SPREAD
    return np.asarray(total / np.sqrt(sum(gain ** (2 * k) for k in range(octaves))), dtype=np.float32)


def lattice_at(lattice: Field, y: Field, x: Field) -> Field:
    """A square lattice (n, n) smoothed at any places, in cells, wrapping round at its edges."""
    n = len(lattice)
    rows, down = _taps(y)
    columns, across = _taps(x)
    flat, picks = lattice.ravel(), [(columns + k) % n for k in range(4)]
    total = np.zeros(np.broadcast(y, x).shape, dtype=np.float32)
    for j, weight in enumerate(down):
        row = ((rows + j) % n) * n
        total += weight * sum(w * flat[row + picks[k]] for k, w in enumerate(across))
    return total / np.float32(_SPLINE_SPREAD**2)


def smooth(low: float, high: float, values: Field) -> Field:
    """Smoothstep: 0 below `low`, 1 above `high`, without a corner between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def cover(distance: Field, size: int, softness: float = 0.0) -> Field:
    """How much of each pixel lies inside a shape, from signed distances (negative inside).

    Edges are one pixel wide, or `softness` units if that is wider.
    """
    return np.asarray(np.clip(0.5 - distance / max(softness, 1.0 / size), 0, 1))


def over(picture: Picture, colour: NDArray[np.float32], amount: Field | float) -> Picture:
    """`colour`, (3,) or a picture, laid over a picture where `amount` (S, S) or a number says."""
    weight = np.asarray(amount, dtype=np.float32)
    return np.asarray(picture + (colour - picture) * (weight[..., None] if weight.ndim else weight))


def flat(size: int, colour: NDArray[np.float32]) -> Picture:
    """A picture of one colour."""
    return np.tile(colour.astype(np.float32), (size, size, 1))


def paint(table: NDArray[np.float32], values: Field) -> Picture:
    """A field, 0 to 1, coloured through a gradient table (T, 3)."""
    last = len(table) - 1
    return np.asarray(table[(np.clip(values, 0, 1) * last + 0.5).astype(np.int32)])


def turned(size: int, centre: tuple[float, float], angle: float) -> tuple[Field, Field]:
    """Coordinates (along, across), each (S, S), of a frame at centre (x, y) turned by `angle` radians."""
    y, x = axes(size)
    dx, dy = x - centre[0], y - centre[1]
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    return dx * cos + dy * sin, dy * cos - dx * sin


def disc(size: int, centre: tuple[float, float], radius: float) -> Field:
    """Signed distance (S, S) to a disc."""
    y, x = axes(size)
    return np.asarray(np.hypot(x - centre[0], y - centre[1]) - np.float32(radius))


def box(along: Field, across: Field, half: tuple[float, float]) -> Field:
    """Signed distance (S, S) to a box of half sides `half` in the given coordinates (mitred corners)."""
    return np.maximum(np.abs(along) - half[0], np.abs(across) - half[1])


def drawn(size: int, draw: Callable[[ImageDraw.ImageDraw, int], None]) -> Field:
    """A mask (S, S) in [0, 1] drawn white on black by `draw(pen, side)`, larger for clean edges."""
    scale = 4 if size <= 256 else 2
    sheet = Image.new("L", (size * scale, size * scale))
    draw(ImageDraw.Draw(sheet), size * scale)
    return np.asarray(sheet.reduce(scale), dtype=np.float32) / np.float32(255)


def paper(picture: Picture, rng: Rng, grain: float = 0.012, tooth: float = 0.012) -> Picture:
    """The finished surface: broad unevenness of the sheet (`tooth`) and fine `grain`, as shares of white."""
    size = len(picture)
    surface = tooth * fbm(rng, size, 9.0, octaves=2)
    surface += grain * rng.standard_normal((size, size), dtype=np.float32)
    return picture + surface[..., None]


def to_bytes(picture: Picture) -> NDArray[np.uint8]:
    """A picture as uint8 (S, S, 3)."""
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def choose(rng: Rng, options: Sequence[str], chances: Sequence[float] | None = None) -> str:
    """One of the options, by the chances given (they sum to 1) or evenly."""
    return str(options[int(rng.choice(len(options), p=chances))])
