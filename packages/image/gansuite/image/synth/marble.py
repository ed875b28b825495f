"""Marbled paper and agate: inks dropped on water, drawn with combs, poured in rings, warped by currents."""

from __future__ import annotations

import numpy as np

from .canvas import (
    Field,
    Picture,
    Rng,
    axes,
    choose,
    disc,
    fbm,
    lattice_at,
    noise,
    over,
    paint,
    paper,
    smooth,
)
from .palettes import Colours, Palette, mix, pick_palette, ramp

KINDS = ("drops", "marbled", "agate", "combed", "ripples")


def _poured(rng: Rng, palette: Palette, sharp: bool) -> Colours:
    """A gradient table through the palette; `sharp` gives flat bands, as inks side by side."""
    colours = np.vstack([palette.accents, palette.paper, palette.ink])[rng.permutation(6)]
    if not sharp:
        return ramp(palette.by_lightness()[:: int(rng.choice([-1, 1]))])
    widths = rng.uniform(0.5, 1.5, 6)
    edges = np.concatenate([[0.0], np.cumsum(widths) / widths.sum()])
    stops = np.stack([edges[:-1] + 0.008, edges[1:] - 0.008], axis=1).ravel()
    return ramp(np.repeat(colours, 2, axis=0), stops.tolist())


def _drops(rng: Rng, size: int, palette: Palette) -> Picture:
    """Drops of ink that push the earlier ones aside, then sheared by the hand.

    A drop of radius r at c moves a point p to c + (p - c) sqrt(1 + r^2 / |p - c|^2), which keeps areas
    (Lu, Jaffer et al. 2012, "Mathematical marbling"); a pixel is traced back through the drops, last first.
    """
    y, x = axes(size)
    sway, beat, bent = rng.uniform(0.0, 0.12), rng.uniform(1.0, 2.5), np.float32(0.03) * noise(rng, size, 2.5)
    x = x + np.float32(sway) * np.sin(2 * np.pi * beat * y + rng.uniform(0, 6)).astype(np.float32) + bent
    y = y + np.float32(rng.uniform(0.0, 0.1)) * np.cos(2 * np.pi * beat * x).astype(np.float32)
    inks = np.vstack([palette.accents, palette.paper, palette.ink])[rng.permutation(6)]
    hearts = np.vstack([rng.uniform(0.35, 0.65, (1, 2)), rng.uniform(0.05, 0.95, (int(rng.integers(1, 5)), 2))])
    stripes = rng.uniform(3, 8) if rng.random() < 0.5 else 0.0
    tint = np.zeros((size, size), dtype=np.int32)
    free = np.ones((size, size), dtype=bool)
    for k in range(24):
        centre = hearts[int(rng.integers(len(hearts)))] + rng.normal(0, 0.025, 2)
        radius = np.float32(rng.uniform(0.06, 0.17))
        dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
        square = dx * dx + dy * dy
        inside = square < radius**2
        tint = np.where(inside & free, np.int32(1 + k % 4), tint)
        free &= ~inside
        pull = np.sqrt(np.maximum(1 - radius**2 / np.maximum(square, radius**2), 0))
        x, y = centre[0].astype(np.float32) + dx * pull, centre[1].astype(np.float32) + dy * pull
    ground = (np.floor(y * np.float32(stripes)).astype(np.int32) % 2) * 5
    return inks[np.where(free, ground, tint)]


def _warped(rng: Rng, size: int, cells: float, push: float) -> Field:
    """Noise displaced by noise, twice (Quilez 2002, "Domain warping"), about standard normal, (S, S)."""
    y, x = axes(size)
    lattice = rng.standard_normal((16, 16), dtype=np.float32)
    first, second = noise(rng, size, cells), noise(rng, size, cells)
    down, across = y * np.float32(cells), x * np.float32(cells)
    far = lattice_at(lattice, down + np.float32(push) * first, across + np.float32(push) * second)
    reach = np.float32(0.7 * push)
    return lattice_at(lattice, down + reach * far + 5, across + reach * first + 9)


def _marbled(rng: Rng, size: int, palette: Palette) -> Picture:
    """Inks that have flowed into one another."""
    value = 0.5 + np.float32(rng.uniform(0.3, 0.5)) * _warped(rng, size, rng.uniform(1.8, 2.8), rng.uniform(0.5, 0.9))
    folded = 1 - np.abs(1 - np.mod(value, 2))
    picture = paint(_poured(rng, palette, rng.random() < 0.9), folded)
    vein = np.abs(_warped(rng, size, 1.6, 0.6))
    return over(picture, palette.paper, (1 - smooth(0.0, 0.1, vein)) * np.float32(rng.uniform(0.0, 0.7)))


def _agate(rng: Rng, size: int, palette: Palette) -> Picture:
    """Rings of a cut stone about an off-centre heart, crowding towards the rim."""
    centre = (rng.uniform(0.32, 0.68), rng.uniform(0.32, 0.68))
    away = disc(size, centre, 0.0) * (1 + np.float32(0.22) * fbm(rng, size, 2.2, octaves=2))
    value = away / np.float32(rng.uniform(0.5, 0.7)) + np.float32(0.03) * noise(rng, size, 6.0)
    picture = paint(_poured(rng, palette, rng.random() < 0.7), value)
    lines = 0.5 + 0.5 * np.cos(value * np.float32(2 * np.pi * rng.integers(7, 13))).astype(np.float32)
    picture = over(picture, palette.ink, smooth(0.82, 1.0, lines) * np.float32(0.3))
    return over(picture, mix(palette.paper, palette.accents[0], 0.15), 1 - smooth(0.1, 0.16, value))


def _combed(rng: Rng, size: int, palette: Palette) -> Picture:
    """Stripes of ink drawn to and fro with a comb."""
    y, x = axes(size)
    teeth, pull = rng.integers(1, 4), rng.uniform(0.06, 0.16)
    if rng.random() < 0.5:
        y, x = x, y
    wave = np.float32(pull) * np.cos(2 * np.pi * teeth * x + rng.uniform(0, 6)).astype(np.float32)
    value = y + wave + np.float32(0.035) * fbm(rng, size, 2.5, octaves=2)
    turns = rng.uniform(0.9, 1.7)
    folded = 1 - np.abs(1 - np.mod(value * np.float32(turns) + np.float32(rng.random()), 1) * 2)
    return paint(_poured(rng, palette, True), folded)


def _ripples(rng: Rng, size: int, palette: Palette) -> Picture:
    """Waves from one to three stones in a pond; where they meet they interfere."""
    total = np.zeros((size, size), dtype=np.float32)
    count = int(rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2]))
    for _ in range(count):
        centre = (rng.uniform(0.05, 0.95), rng.uniform(0.05, 0.95))
        total += np.cos(disc(size, centre, 0.0) * np.float32(2 * np.pi * rng.uniform(2.0, 4.0)))
    waver = np.float32(0.12) * fbm(rng, size, 2.0, octaves=2)
    return paint(_poured(rng, palette, rng.random() < 0.75), 0.5 + total / (2.2 * count**0.6) + waver)


_DRAW = {"drops": _drops, "marbled": _marbled, "agate": _agate, "combed": _combed, "ripples": _ripples}


def draw(rng: Rng, size: int) -> Picture:
    """One sheet of marbled paper, (S, S, 3)."""
    palette, scale = pick_palette(rng), 2 if size <= 512 else 1
    kind = choose(rng, KINDS, (0.26, 0.24, 0.22, 0.12, 0.16))
    large = _DRAW[kind](rng, size * scale, palette)
    picture = large.reshape(size, scale, size, scale, 3).mean(axis=(1, 3))
    return paper(picture, rng, grain=0.01, tooth=0.006)
