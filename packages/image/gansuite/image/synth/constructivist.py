"""Constructivist compositions: discs, bars, wedges and arcs set on one leaning axis on a paper ground."""

from __future__ import annotations

import numpy as np

from .canvas import Field, Picture, Rng, box, choose, cover, disc, flat, over, paper, turned
from .palettes import Colours, Palette, mix, pick_palette

KINDS = ("wedge", "orbit", "planes", "halves")


def _bar(
    picture: Picture, colour: Colours, centre: tuple[float, float], angle: float, half: tuple[float, float]
) -> Picture:
    along, across = turned(len(picture), centre, angle)
    return over(picture, colour, cover(box(along, across, half), len(picture)))


def _ring(size: int, centre: tuple[float, float], radius: float, half: float) -> Field:
    return np.abs(disc(size, centre, radius)) - np.float32(half)


def _step(place: tuple[float, float], angle: float, length: float) -> tuple[float, float]:
    return (place[0] + length * float(np.cos(angle)), place[1] + length * float(np.sin(angle)))


def _comb(picture: Picture, rng: Rng, colour: Colours, place: tuple[float, float], angle: float) -> Picture:
    """A row of parallel bars, each shorter than the last."""
    count, gap, long = int(rng.integers(3, 6)), rng.uniform(0.04, 0.06), rng.uniform(0.12, 0.22)
    for k in range(count):
        centre = _step(place, angle + np.pi / 2, k * gap)
        picture = _bar(picture, colour, centre, angle, (long * (1 - 0.16 * k), gap * 0.26))
    return picture


def _wedge(picture: Picture, rng: Rng, palette: Palette, angle: float) -> Picture:
    """A wedge driven into a disc."""
    size, centre = len(picture), (rng.uniform(0.36, 0.64), rng.uniform(0.36, 0.64))
    radius = rng.uniform(0.24, 0.33)
    picture = over(picture, palette.ink, cover(disc(size, centre, radius), size))
    if rng.random() < 0.5:
        inner = disc(size, centre, radius * rng.uniform(0.5, 0.7))
        picture = over(picture, palette.accents[1], cover(inner, size))
    along, across = turned(size, centre, angle)
    slope = rng.uniform(0.22, 0.4)
    edge = (np.abs(across) - (along + np.float32(0.25 * radius)) * np.float32(slope)) / np.float32(np.hypot(1, slope))
    picture = over(picture, palette.accents[0], cover(np.maximum(edge, along - np.float32(0.62)), size))
    picture = _comb(picture, rng, palette.accents[2], _step(centre, angle + 2.5, 0.42), angle + np.pi / 2)
    return _bar(picture, palette.ink, _step(centre, angle + np.pi, radius + 0.14), angle + np.pi / 2, (0.6, 0.012))


def _orbit(picture: Picture, rng: Rng, palette: Palette, angle: float) -> Picture:
    """Concentric arcs about a great disc, with a bar across and small moons."""
    size, centre = len(picture), (rng.choice([0.36, 0.5, 0.64]), rng.choice([0.38, 0.5, 0.62]))
    radius = rng.uniform(0.13, 0.22)
    bearing = rng.uniform(0, 2 * np.pi)
    for k in range(int(rng.integers(2, 4)), 0, -1):
        along, _ = turned(size, centre, bearing + k * rng.uniform(0.5, 1.6))
        track = radius + k * 0.095
        arc = np.maximum(_ring(size, centre, track, rng.uniform(0.014, 0.034)), -along if k > 1 else -track + 0 * along)
        picture = over(picture, palette.accents[k], cover(arc, size))
        moon = _step(centre, bearing + 2.4 * k, track)
        picture = over(picture, palette.ink, cover(disc(size, moon, rng.uniform(0.025, 0.05)), size))
    picture = over(picture, palette.accents[0], cover(disc(size, centre, radius), size))
    return _bar(picture, palette.ink, _step(centre, angle, 0.1), angle, (0.58, rng.uniform(0.012, 0.03)))


def _planes(picture: Picture, rng: Rng, palette: Palette, angle: float) -> Picture:
    """Leaning rectangles of falling size, after Malevich."""
    colours = [palette.ink, *palette.accents]
    long = rng.uniform(0.3, 0.42)
    place = (rng.uniform(0.4, 0.6), rng.uniform(0.4, 0.6))
    picture = _bar(picture, colours[int(rng.integers(2))], place, angle, (long, long * rng.uniform(0.22, 0.42)))
    for k in range(int(rng.integers(5, 9))):
        long *= 0.84
        away = _step((0.5, 0.5), rng.uniform(0, 2 * np.pi), rng.uniform(0.16, 0.38))
        lean = angle + (np.pi / 2 if rng.random() < 0.35 else 0.0)
        shape = (long * rng.uniform(0.6, 1.0), long * rng.uniform(0.12, 0.4))
        picture = _bar(picture, colours[(k + 1) % 5], away, lean, shape)
    dot = disc(len(picture), _step((0.5, 0.5), rng.uniform(0, 6.28), 0.33), rng.uniform(0.05, 0.1))
    return over(picture, colours[int(rng.integers(1, 5))], cover(dot, len(picture)))


def _half(size: int, centre: tuple[float, float], radius: float, angle: float) -> Field:
    """Signed distance to a half disc, its flat side across `angle`."""
    return np.maximum(disc(size, centre, radius), -turned(size, centre, angle)[0])


def _halves(picture: Picture, rng: Rng, palette: Palette, angle: float) -> Picture:
    """Half discs turned against one another along an axis, where they overlap the colours deepen."""
    size = len(picture)
    upright = angle + np.pi / 2
    picture = _bar(picture, mix(palette.paper, palette.accents[3], 0.45), (0.5, 0.5), upright, (0.9, 0.16))
    radius = rng.uniform(0.2, 0.27)
    count = int(rng.integers(3, 5))
    for k in range(count):
        centre = _step((0.5, 0.5), upright, (k - (count - 1) / 2) * radius * 1.25)
        turn = angle + np.pi * int(rng.integers(2)) + (np.pi / 2) * int(rng.integers(2))
        inside = cover(_half(size, centre, radius, turn), size)
        deepened = picture * (0.35 + 0.65 * palette.accents[k % 4])
        picture = over(picture, palette.accents[k % 4] * 0.7 + deepened * 0.3, inside)
    picture = over(picture, palette.ink, cover(disc(size, _step((0.5, 0.5), angle, 0.3), 0.06), size))
    return _bar(picture, palette.ink, _step((0.5, 0.5), angle, -0.3), upright, (0.8, 0.01))


_DRAW = {"wedge": _wedge, "orbit": _orbit, "planes": _planes, "halves": _halves}


def draw(rng: Rng, size: int) -> Picture:
    """One constructivist composition, (S, S, 3)."""
    palette = pick_palette(rng)
    if rng.random() < 0.2:
        palette = Palette(palette.ink, palette.paper, palette.accents)
    angle = float(rng.choice([-1, 1]) * rng.uniform(0.25, 1.2))
    kind = choose(rng, KINDS)
    picture = _DRAW[kind](flat(size, palette.paper), rng, palette, angle)
    return paper(picture, rng, grain=0.012, tooth=0.012)
