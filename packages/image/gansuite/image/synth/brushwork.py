"""Brushwork: scenes built of a thousand curved strokes that follow a current, laid thick in three passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .canvas import Field, Picture, Rng, choose, lattice_at, paper
from .palettes import Colours, Palette, from_oklab, pick_palette, ramp, to_oklab

KINDS = ("night", "sea", "garden", "field")
_CELLS = 12  # lattice cells of the current's potential, which wraps round
_CHART, _MARGIN = 72, 0.15  # the current is charted on this many points a side, this far beyond the sheet


@dataclass(frozen=True)
class Scene:
    """What the strokes depict: a colour (N, 3) and a drift (N, 2) for any places x, y (N,) in [0, 1]."""

    colour: Callable[[Field, Field], Colours]
    eddies: NDArray[np.float32]  # rows of x, y, reach, strength
    drift: tuple[float, float]
    wild: float


def _pick(table: Colours, values: Field) -> Colours:
    return table[(np.clip(values, 0, 1) * (len(table) - 1)).astype(np.int64)]


def _suns(rng: Rng, count: int, top: float) -> NDArray[np.float32]:
    """Rows of x, y, radius: the first large, none too near another."""
    x = (np.arange(count) + rng.uniform(0.25, 0.75, count)) / count
    y = rng.uniform(0.12, top, count)
    radii = np.concatenate([rng.uniform(0.08, 0.13, 1), rng.uniform(0.03, 0.06, count - 1)])
    return np.stack([rng.permutation(x), y, radii], axis=1).astype(np.float32)


def _night(rng: Rng, palette: Palette, lattice: Field) -> Scene:
    """Whirling lights over dark hills."""
    tones = palette.by_lightness()
    suns = _suns(rng, int(rng.integers(2, 6)), 0.42)
    land = rng.uniform(0.68, 0.8)
    sky = ramp(tones[[1, 2, 1, 3]]) if rng.random() < 0.6 else ramp(tones[[3, 4, 3, 5]])
    ground, lamp = ramp(tones[[0, 1]]), ramp(tones[[5, 4, 3]])

    def colour(x: Field, y: Field) -> Colours:
        wave = lattice_at(lattice, y * 5, x * 2.5)
        found = _pick(sky, 0.45 * y / land + 0.25 + 0.16 * wave)
        for sun in suns:
            away = np.hypot(x - sun[0], y - sun[1]) / sun[2]
            found = np.where((away < 1.5)[:, None], _pick(lamp, away / 1.5), found)
        hill = land + 0.06 * lattice_at(lattice, 0 * x + 3.3, x * 2.5)
        return np.where((y > hill)[:, None], _pick(ground, (y - hill) * 2.5 + 0.1 * wave), found)

    eddies = np.column_stack([suns[:, :2], suns[:, 2] * 2.4, rng.choice([-1.6, 1.6], len(suns))])
    return Scene(colour, eddies.astype(np.float32), (1.0, -0.1), 0.9)


def _sea(rng: Rng, palette: Palette, lattice: Field) -> Scene:
    """A low sun and its path over water."""
    tones = palette.by_lightness()
    level, middle, radius = rng.uniform(0.4, 0.6), rng.uniform(0.25, 0.75), rng.uniform(0.07, 0.12)
    high = level - rng.uniform(0.02, 0.2)
    sky, water = ramp(tones[[2, 3, 4, 5]]), ramp(tones[[3, 2, 1, 0]])

    def colour(x: Field, y: Field) -> Colours:
        wave = lattice_at(lattice, y * 9, x * 2)
        found = _pick(sky, y / level + 0.1 * wave)
        found = np.where((y > level)[:, None], _pick(water, (y - level) / (1 - level) * 0.9 + 0.12 * wave), found)
        sun = np.hypot(x - middle, y - high) < radius
        path = (y > level) & (np.abs(x - middle) < radius * (0.4 + 1.2 * (y - level)) * (0.8 + 0.6 * wave))
        return np.where((sun | path)[:, None], tones[5], found)

    eddies = np.array([[middle, high, radius * 2, 1.2]], dtype=np.float32)
    return Scene(colour, eddies, (1.0, 0.0), 0.25)


def _garden(rng: Rng, palette: Palette, lattice: Field) -> Scene:
    """Round masses of blossom over leaves."""
    tones = palette.by_lightness()
    count = int(rng.integers(5, 10))
    across = (np.arange(count) * np.float32(0.618) + rng.random()) % 1
    places = np.stack([across, rng.uniform(0.1, 0.9, count)], axis=1).astype(np.float32)
    radii = rng.uniform(0.1, 0.19, count).astype(np.float32)
    leaves = ramp(tones[[0, 0, 1]] if rng.random() < 0.7 else tones[[5, 4, 5]])
    petals = [ramp(np.stack([palette.accents[k - 1], tint, tint * 0.7])) for k, tint in enumerate(palette.accents)]

    def colour(x: Field, y: Field) -> Colours:
        found = _pick(leaves, 0.45 + 0.22 * lattice_at(lattice, y * 4, x * 4))
        for k in range(count):
            away = np.hypot(x - places[k, 0], (y - places[k, 1]) * 1.15) / radii[k]
            found = np.where((away < 1)[:, None], _pick(petals[k % 4], away**1.6), found)
        return found

    eddies = np.column_stack([places, radii * 1.1, np.full(count, 3.0)])
    return Scene(colour, eddies.astype(np.float32), (0.3, -0.6), 0.8)


def _field(rng: Rng, palette: Palette, lattice: Field) -> Scene:
    """Ripe fields rolling to a high horizon under a bright sky."""
    tones = palette.by_lightness()
    level, bands = rng.uniform(0.28, 0.45), int(rng.integers(3, 6))
    sky, order = ramp(tones[[3, 5]]), rng.permutation([1, 2, 3, 4, 2])
    sun = _suns(rng, 1, level * 0.6)[0]

    def colour(x: Field, y: Field) -> Colours:
        wave = lattice_at(lattice, y * 5, x * 5)
        found = _pick(sky, y / level + 0.15 * wave)
        found = np.where((np.hypot(x - sun[0], y - sun[1]) < sun[2])[:, None], palette.accents[0], found)
        slope = lattice_at(lattice, y * 0.8 + 4, x * 1.6 + 4)
        rank = np.clip((np.maximum(y - level, 0) / (1 - level)) ** 0.75 * bands + 0.5 * slope, 0, bands - 0.01).astype(
            np.int64
        )
        return np.where((y > level + 0.02 * slope)[:, None], tones[order[rank % 5]] * (1 + 0.1 * wave[:, None]), found)

    eddies = np.array([[sun[0], sun[1], sun[2] * 2, 1.4]], dtype=np.float32)
    return Scene(colour, eddies, (1.0, rng.uniform(-0.35, 0.35)), 0.55)


_SCENES = {"night": _night, "sea": _sea, "garden": _garden, "field": _field}


def _current(scene: Scene, lattice: Field, x: Field, y: Field) -> tuple[Field, Field]:
    """Unit direction of the paint at each place: drift, plus curl of a potential, plus the eddies.

    The curl of a potential has no sources (Bridson et al. 2007, "Curl-noise for procedural fluid flow").
    """
    step = np.float32(0.02)
    here = lattice_at(lattice, y * 3, x * 3)
    u = scene.drift[0] + scene.wild * (lattice_at(lattice, (y + step) * 3, x * 3) - here) / step * 0.3
    v = scene.drift[1] - scene.wild * (lattice_at(lattice, y * 3, (x + step) * 3) - here) / step * 0.3
    for centre_x, centre_y, reach, strength in scene.eddies:
        dx, dy = x - centre_x, y - centre_y
        away = np.hypot(dx, dy) + np.float32(1e-4)
        pull = 3 * strength * np.exp(-((away / reach) ** 2))
        u, v = u - pull * dy / away, v + pull * dx / away
    speed = np.hypot(u, v) + np.float32(1e-6)
    return u / speed, v / speed


def _chart(scene: Scene, lattice: Field) -> tuple[Field, Field]:
    """The current on a fixed chart of the sheet and a margin about it, twice (_CHART, _CHART)."""
    along = np.linspace(-_MARGIN, 1 + _MARGIN, _CHART, dtype=np.float32)
    return _current(scene, lattice, along[None, :] + 0 * along[:, None], along[:, None] + 0 * along[None, :])


def _paths(chart: tuple[Field, Field], rng: Rng, count: int, length: float) -> NDArray[np.float32]:
    """Strokes (count, 5, 2) of points x, y, started on a jittered grid and carried along the current."""
    side = int(np.ceil(np.sqrt(count)))
    cells = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    start = ((cells + rng.uniform(-0.2, 1.2, cells.shape)) / side).astype(np.float32)
    x, y = start[:, 0] * 1.08 - 0.04, start[:, 1] * 1.08 - 0.04
    points = [np.stack([x, y], axis=1)]
    for _ in range(4):
        places = np.stack([y, x]) * (_CHART / (1 + 2 * _MARGIN)) + _CHART * _MARGIN / (1 + 2 * _MARGIN)
        row, column = np.clip(places, 0, _CHART - 1).astype(np.int64)
        x, y = x + chart[0][row, column] * (length / 4), y + chart[1][row, column] * (length / 4)
        points.append(np.stack([x, y], axis=1))
    return np.stack(points, axis=1)[rng.permutation(len(cells))]


def _tints(scene: Scene, rng: Rng, paths: NDArray[np.float32], spread: float) -> list[tuple[int, ...]]:
    """The colour of each stroke, from the scene under its middle, varied a little as a loaded brush does."""
    lab = to_oklab(np.clip(scene.colour(paths[:, 2, 0], paths[:, 2, 1]), 0, 1).astype(np.float32))
    lab += rng.normal(0, 1, lab.shape) * np.array([spread, spread * 0.4, spread * 0.4])
    return [tuple(row) for row in (from_oklab(lab) * 255).astype(int).tolist()]


def _outlines(paths: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Outlines (count, 12, 2) of strokes `width` units wide that swell from the start and thin at the end."""
    along = np.gradient(paths, axis=1)
    along /= np.linalg.norm(along, axis=2, keepdims=True) + np.float32(1e-6)
    swell = np.array([0.7, 1.0, 1.0, 0.9, 0.55], dtype=np.float32)[None, :, None] * np.float32(width / 2)
    aside = np.stack([-along[..., 1], along[..., 0]], axis=2) * swell
    start = paths[:, :1] - along[:, :1] * np.float32(width * 0.35)
    end = paths[:, -1:] + along[:, -1:] * np.float32(width * 0.3)
    return np.concatenate([start, paths + aside, end, (paths - aside)[:, ::-1]], axis=1)


def _lay(pen: ImageDraw.ImageDraw, side: int, outlines: NDArray[np.float32], tints: list[tuple[int, ...]]) -> None:
    """Strokes, one over another, on a sheet of `side` pixels."""
    for points, tint in zip((outlines.reshape(len(outlines), -1) * side).tolist(), tints, strict=True):
        pen.polygon(points, fill=tint)


def _underpainting(scene: Scene, side: int) -> Image.Image:
    """The scene blocked in roughly, so that no bare sheet shows between strokes."""
    along = ((np.arange(32) + 0.5) / 32).astype(np.float32)
    x, y = np.tile(along, 32), np.repeat(along, 32)
    blocks = np.clip(scene.colour(x, y), 0, 1).reshape(32, 32, 3)
    return Image.fromarray((blocks * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)


def _impasto(picture: Picture, strength: float) -> Picture:
    """Light raking from the upper left over the ridges of the paint."""
    height = picture.mean(axis=2)
    rise = np.zeros_like(height)
    rise[1:, 1:] = height[1:, 1:] - height[:-1, :-1]
    return np.asarray(picture + np.clip(rise, -0.12, 0.12)[..., None] * np.float32(strength))


def draw(rng: Rng, size: int) -> Picture:
    """One painting in strokes, (S, S, 3)."""
    palette = pick_palette(rng)
    lattice = rng.standard_normal((_CELLS, _CELLS), dtype=np.float32)
    scene = _SCENES[choose(rng, KINDS)](rng, palette, lattice)
    scale = 3 if size <= 256 else 1
    sheet = _underpainting(scene, size * scale)
    pen, chart = ImageDraw.Draw(sheet), _chart(scene, lattice)
    for count, length, width, spread in (
        (256, 0.16, 0.075, 0.02),
        (484, 0.13, 0.034, 0.03),
        (400, 0.09, 0.02, 0.04),
    ):
        paths = _paths(chart, rng, count, length)
        _lay(pen, size * scale, _outlines(paths, width), _tints(scene, rng, paths, spread))
    picture = np.asarray(sheet.reduce(scale), dtype=np.float32) / np.float32(255)
    return paper(_impasto(picture, 0.35), rng, grain=0.008, tooth=0.008)
