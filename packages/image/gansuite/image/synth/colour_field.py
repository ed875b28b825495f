"""Colour-field paintings: soft stacked rectangles, nested squares, horizons, and fields parted by stripes."""

from __future__ import annotations

import numpy as np

from .canvas import (
    Field,
    Picture,
    Rng,
    axes,
    box,
    choose,
    cover,
    fbm,
    flat,
    noise,
    over,
    paint,
    paper,
    turned,
)
from .palettes import Colours, Palette, mix, pick_palette, ramp

KINDS = ("bands", "nested", "zip", "horizon")


def _brushed(rng: Rng, size: int, colour: Colours, toward: Colours, amount: float = 0.22) -> Picture:
    """A colour scumbled unevenly toward another, as thin paint over a ground."""
    strokes = fbm(rng, size, 2.2, octaves=3, stretch=3.0)
    table = ramp(np.stack([mix(colour, toward, amount), colour, mix(colour, np.ones(3, np.float32), 0.1)]))
    return paint(table, 0.5 + 0.2 * strokes)


def _soft_box(rng: Rng, size: int, frame: tuple[float, float, float, float], feather: float) -> Field:
    """Cover of a rectangle (left, top, right, bottom) whose edges waver and fade over `feather` units."""
    left, top, right, bottom = frame
    along, across = turned(size, ((left + right) / 2, (top + bottom) / 2), 0.0)
    away = box(along, across, ((right - left) / 2, (bottom - top) / 2))
    frayed = np.float32(0.1 * feather) * noise(rng, size, 7.0) + np.float32(0.06 * feather) * noise(rng, size, 30.0)
    fade = cover(away + frayed, size, feather)
    return fade * fade * (3 - 2 * fade)


def _contrasted(rng: Rng, palette: Palette) -> list[Colours]:
    """A ground and up to four colours for shapes on it."""
    dark, light = palette.ink, palette.paper
    grounds = [
        dark,
        mix(dark, palette.accents[0], 0.35),
        palette.accents[0],
        mix(light, palette.accents[0], 0.3),
    ]
    ground = grounds[int(rng.integers(4))]
    extra = light if ground.sum() < 1.3 else mix(dark, palette.accents[1], 0.25)
    return [ground, *palette.accents[1:], extra]


def _bands(rng: Rng, size: int, palette: Palette) -> Picture:
    ground, *colours = _contrasted(rng, palette)
    count = int(rng.integers(2, 4))
    margin, gap = rng.uniform(0.07, 0.13), rng.uniform(0.025, 0.05)
    shares = rng.dirichlet(np.full(count, 3.0)) * 0.55 + 0.45 / count
    edges = margin + np.concatenate([[0.0], np.cumsum(shares)]) * (1 - 2 * margin)
    feather = rng.uniform(0.025, 0.06)
    order = rng.permutation(len(colours))
    picture = _brushed(rng, size, ground, palette.ink)
    for k in range(count):
        frame = (margin, edges[k] + gap / 2, 1 - margin, edges[k + 1] - gap / 2)
        paint_layer = _brushed(rng, size, colours[order[k]], ground, 0.32)
        picture = over(picture, paint_layer, _soft_box(rng, size, frame, feather) * np.float32(0.95))
    return picture


def _nested(rng: Rng, size: int, palette: Palette) -> Picture:
    """Squares within squares, resting low, after Albers."""
    tones = palette.by_lightness()
    count = int(rng.integers(3, 5))
    picked = np.sort(rng.permutation(len(tones))[:count])[:: int(rng.choice([-1, 1]))]
    sink, step = rng.uniform(0.5, 0.72), rng.uniform(0.1, 0.14)
    picture = flat(size, tones[picked[0]])
    for k, tone in enumerate(tones[picked[1:]], start=1):
        inset = k * step
        frame = (inset, 2 * inset * sink, 1 - inset, 1 - 2 * inset * (1 - sink))
        layer = _brushed(rng, size, tone, tones[picked[0]], 0.12)
        picture = over(picture, layer, _soft_box(rng, size, frame, 0.012))
    return picture


def _zip(rng: Rng, size: int, palette: Palette) -> Picture:
    """A great field of one colour, parted by one to three upright stripes, after Newman."""
    ground, *colours = _contrasted(rng, palette)
    picture = _brushed(rng, size, ground, colours[0], 0.2)
    places = rng.choice([0.16, 0.28, 0.382, 0.5, 0.618, 0.74, 0.86], int(rng.integers(1, 4)), replace=False)
    for k, place in enumerate(places):
        half = rng.uniform(0.03, 0.1) if k == 0 else rng.uniform(0.012, 0.03)
        frame = (place - half, -0.2, place + half, 1.2)
        layer = _brushed(rng, size, colours[k if k else 3], ground, 0.15)
        picture = over(picture, layer, _soft_box(rng, size, frame, rng.choice([0.01, 0.03])))
    return picture


def _horizon(rng: Rng, size: int, palette: Palette) -> Picture:
    """Two glowing fields that meet in a soft line, with a band of light between."""
    y, x = axes(size)
    tones = palette.by_lightness()[:: int(rng.choice([-1, 1]))]
    meet = rng.choice([0.382, 0.5, 0.618]) + rng.uniform(-0.05, 0.05)
    stops = [0.0, meet - 0.1, meet - 0.015, meet + 0.015, meet + 0.1, 1.0]
    first, second = rng.permutation(4)[:2]
    rows = [tones[first], tones[first], tones[5], tones[second + 1], tones[second], tones[0]]
    waver = 0.02 * fbm(rng, size, 2.0, octaves=3, stretch=3.0)
    return paint(ramp(np.stack(rows), stops), y + 0 * x + waver)


_DRAW = {"bands": _bands, "nested": _nested, "zip": _zip, "horizon": _horizon}


def draw(rng: Rng, size: int) -> Picture:
    """One colour-field painting, (S, S, 3)."""
    palette = pick_palette(rng)
    kind = choose(rng, KINDS, (0.52, 0.22, 0.13, 0.13))
    return paper(_DRAW[kind](rng, size, palette), rng, grain=0.012, tooth=0.008)
