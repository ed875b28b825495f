"""Hard-edge grids: golden subdivisions in black lines, magic squares of glowing colour, and arcs on tiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canvas import Field, Picture, Rng, axes, box, choose, cover, disc, fbm, flat, over, paper, turned
from .palettes import Palette, from_oklab, mix, pick_palette, ramp, to_oklab

KINDS = ("golden", "squares", "tiles")
_GOLDEN = (5**0.5 - 1) / 2
Frame = tuple[float, float, float, float]  # left, top, right, bottom


def _split(rng: Rng, frame: Frame, smallest: float) -> list[Frame]:
    """A frame cut in golden shares, again and again, across its longer side, until pieces are small."""
    left, top, right, bottom = frame
    wide, tall = right - left, bottom - top
    if max(wide, tall) < 2.2 * smallest or (max(wide, tall) < 0.6 and rng.random() < 0.22):
        return [frame]
    share = float(rng.choice([_GOLDEN, 1 - _GOLDEN, 0.5], p=[0.42, 0.42, 0.16]))
    if wide * rng.uniform(0.75, 1.3) > tall:
        cut = left + share * wide
        parts: list[Frame] = [(left, top, cut, bottom), (cut, top, right, bottom)]
    else:
        cut = top + share * tall
        parts = [(left, top, right, cut), (left, cut, right, bottom)]
    return [piece for part in parts for piece in _split(rng, part, smallest)]


def _away(size: int, frame: Frame) -> Field:
    """Signed distance to a frame."""
    left, top, right, bottom = frame
    along, across = turned(size, ((left + right) / 2, (top + bottom) / 2), 0.0)
    return box(along, across, ((right - left) / 2, (bottom - top) / 2))


def _golden(rng: Rng, size: int, palette: Palette) -> Picture:
    """Panes of ground and few colours between lines, after Mondrian."""
    frames = _split(rng, (0.0, 0.0, 1.0, 1.0), rng.uniform(0.12, 0.2))
    order = np.argsort([-(f[2] - f[0]) * (f[3] - f[1]) * rng.uniform(0.3, 1) for f in frames])
    quiet = [palette.paper, palette.paper, mix(palette.paper, palette.accents[3], 0.25)]
    line, loud = rng.uniform(0.008, 0.018), max(3, round(len(frames) * rng.uniform(0.35, 0.8)))
    picture = flat(size, palette.ink)
    for rank, index in enumerate(order):
        colour = palette.accents[rank % 4] if rank < loud else quiet[rank % 3]
        picture = over(picture, colour, cover(_away(size, frames[index]) + np.float32(line), size))
    return picture


def _edges(rng: Rng, count: int, waver: float) -> NDArray[np.float64]:
    """Cuts (count + 1,) of the unit length into parts of differing size."""
    shares = rng.uniform(1 - waver, 1 + waver, count)
    return np.concatenate([[0.0], np.cumsum(shares) / shares.sum()])


def _squares(rng: Rng, size: int, palette: Palette) -> Picture:
    """Rows of uneven squares glowing from dark to light, after Klee."""
    across, down = int(rng.integers(4, 8)), int(rng.integers(4, 8))
    columns, rows = _edges(rng, across, 0.35), _edges(rng, down, 0.35)
    centre = rng.uniform(0.2, 0.8, 2)
    x, y = (columns[:-1] + columns[1:]) / 2, (rows[:-1] + rows[1:]) / 2
    glow = np.hypot(x[None, :] - centre[0], y[:, None] - centre[1]) * rng.uniform(1.0, 1.5)
    chequer = (np.indices(glow.shape).sum(axis=0) % 2 - 0.5) * rng.uniform(0.1, 0.4)
    value = np.clip(1 - glow + chequer + rng.normal(0, 0.1, glow.shape), 0, 1)
    lab = to_oklab(ramp(palette.by_lightness())[(value * 511).astype(int)].reshape(-1, 3))
    lab += rng.normal(0, 1, lab.shape) * np.array([0.02, 0.016, 0.016])
    tints = from_oklab(lab).reshape(down, across, 3)
    return _woven(tints, rows, columns, size)


def _shares(edges: NDArray[np.float64], size: int) -> Field:
    """How much of each of `size` pixels in a row lies in each part between `edges`, (size, parts)."""
    places = np.arange(size + 1) / size
    low = np.clip(edges[None, :-1], places[:-1, None], places[1:, None])
    high = np.clip(edges[None, 1:], places[:-1, None], places[1:, None])
    return np.asarray((high - low) * size, dtype=np.float32)


def _woven(tints: Picture, rows: NDArray[np.float64], columns: NDArray[np.float64], size: int) -> Picture:
    """Cells (down, across, 3) spread over the sheet, edges mixed by how much of a pixel each cell covers."""
    tall = (_shares(rows, size)[:, :, None, None] * tints[None]).sum(axis=1)
    return np.asarray((_shares(columns, size)[None, :, :, None] * tall[:, None]).sum(axis=2), dtype=np.float32)


def _motif(rng: Rng, corner: tuple[float, float], side: float, size: int) -> Field:
    """Signed distance to one tile's form: a quarter or half disc, a leaf, a ring, a triangle or a disc."""
    kind, turn = int(rng.integers(6)), int(rng.integers(4))
    x, y = corner[0] + side * (turn in (1, 2)), corner[1] + side * (turn in (2, 3))
    middle = (corner[0] + side / 2, corner[1] + side / 2)
    if kind == 0:
        return disc(size, (x, y), side)
    if kind == 1:
        edge = [(middle[0], corner[1]), (corner[0], middle[1])][turn % 2]
        return disc(size, edge, side / 2)
    if kind == 2:
        other = (2 * middle[0] - x, 2 * middle[1] - y)
        return np.maximum(disc(size, (x, y), side), disc(size, other, side))
    if kind == 3:
        return np.abs(disc(size, (x, y), side * 0.72)) - np.float32(side * 0.2)
    if kind == 4:
        return -turned(size, middle, turn * np.pi / 2 + np.pi / 4)[0]
    return disc(size, middle, side * 0.38)


def _tiles(rng: Rng, size: int, palette: Palette) -> Picture:
    """A chequer of tiles, each with one round or slanting form."""
    across = int(rng.choice([2, 3, 4], p=[0.2, 0.45, 0.35]))
    side = 1 / across
    colours = np.vstack([palette.accents, palette.paper, palette.ink])
    shares = _shares(np.linspace(0, 1, across + 1), size)
    picture = flat(size, np.zeros(3, np.float32))
    for row in range(across):
        for column in range(across):
            ground, figure = colours[rng.permutation(6)[:2]]
            form = cover(_motif(rng, (column * side, row * side), side, size), size)
            tile = shares[:, None, row] * shares[None, :, column]
            picture += over(flat(size, ground), figure, form) * tile[..., None]
    return picture


_DRAW = {"golden": _golden, "squares": _squares, "tiles": _tiles}


def draw(rng: Rng, size: int) -> Picture:
    """One hard-edge grid, (S, S, 3)."""
    palette = pick_palette(rng)
    picture = _DRAW[choose(rng, KINDS, (0.4, 0.3, 0.3))](rng, size, palette)
    worn = np.float32(0.01) * fbm(rng, size, 3.0, octaves=3) + 0 * axes(size)[0]
    return paper(picture + worn[..., None], rng, grain=0.01, tooth=0.008)
