"""Landscapes: receding ridges in mist under the light of one hour, a sun or moon, sometimes a lake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import (
    Field,
    Picture,
    Rng,
    axes,
    choose,
    cover,
    disc,
    fbm,
    flat,
    noise_line,
    over,
    paint,
    paper,
    smooth,
)
from .palettes import Sky, pick_sky, ramp

TERRAINS = ("peaks", "hills", "mesas", "dunes")


@dataclass(frozen=True)
class Plan:
    """Where things stand: `horizon` is the y of the far land, `shore` that of a lake, if any."""

    horizon: float
    sun: tuple[float, float]
    radius: float
    ridges: int
    terrain: str
    shore: float | None
    crescent: bool


def plan(rng: Rng) -> Plan:
    """A composition drawn at random."""
    horizon = rng.uniform(0.42, 0.66)
    side = rng.choice([0.28, 0.38, 0.5, 0.62, 0.72]) + rng.uniform(-0.05, 0.05)
    sun = (side, horizon - rng.uniform(0.02, 0.32))
    lake = rng.random() < 0.3
    return Plan(
        horizon=horizon,
        sun=sun,
        radius=rng.uniform(0.05, 0.15),
        ridges=int(rng.integers(2, 4) if lake else rng.integers(3, 7)),
        terrain=choose(rng, TERRAINS, (0.4, 0.3, 0.12, 0.18)),
        shore=horizon + rng.uniform(0.06, 0.14) if lake else None,
        crescent=rng.random() < 0.45,
    )


def air(rng: Rng, size: int, sky: Sky, horizon: float) -> Picture:
    """The sky from zenith to `horizon`, with long thin clouds."""
    y, _ = axes(size)
    drift = 0.05 * fbm(rng, size, 2.0, octaves=2, stretch=3.0)
    picture = paint(ramp(sky.air), y / (horizon + 0.05) + drift)
    clouds = smooth(0.3, 1.7, fbm(rng, size, 1.6, octaves=3, stretch=5.0))
    return over(picture, sky.air[2] * 0.5 + sky.sun * 0.5, clouds * np.float32(rng.uniform(0.0, 0.65)))


def light(picture: Picture, sky: Sky, centre: tuple[float, float], radius: float, crescent: bool = False) -> Picture:
    """A glowing sun or moon; at night `crescent` leaves only a sickle of it."""
    away = disc(len(picture), centre, radius)
    glow = np.exp(-np.maximum(away, 0) / np.float32(radius * 1.7))
    if crescent and sky.dark:
        bite = disc(len(picture), (centre[0] - 0.45 * radius, centre[1] - 0.2 * radius), 0.88 * radius)
        away = np.maximum(away, -bite)
    picture = over(picture, sky.sun, glow * np.float32(0.3 if sky.dark else 0.55))
    return over(picture, sky.sun, cover(away, len(picture)) * np.float32(0.97))


def stars(picture: Picture, rng: Rng, sky: Sky, horizon: float) -> Picture:
    """A handful of stars above `horizon`."""
    places = rng.uniform((0, 0), (1, horizon), (45, 2))
    radii, picture = rng.uniform(0.0015, 0.005, 45), picture.copy()
    for place, radius in zip(places, radii, strict=True):
        size = len(picture)
        top, left = (max(0, int((place[k] - 0.01) * size)) for k in (1, 0))
        reach = max(2, int(0.02 * size) + 1)
        y, x = ((np.arange(start, min(start + reach, size)) + 0.5) / size for start in (top, left))
        away = np.hypot(x[None, :] - place[0], y[:, None] - place[1]).astype(np.float32)
        shine = np.exp(-((away / max(radius, 0.45 / size)) ** 2)) * np.float32(0.3 + 100 * radius)
        spot = (slice(top, top + reach), slice(left, left + reach))
        picture[spot] = over(picture[spot], sky.sun, shine)
    return picture


def _outline(rng: Rng, count: int, terrain: str, depth: float) -> Field:
    """Heights (count,) of one ridge about its base line, roughly in [-1, 1], upwards positive."""
    cells = 2.2 + 2.4 * depth + rng.uniform(0, 1.2)
    if terrain == "peaks" and depth < 0.8:
        folded: Field = np.maximum(1 - 1.5 * np.abs(noise_line(rng, count, cells, 4, 0.45)), -1)
        return folded + np.float32(0.1) * noise_line(rng, count, cells * 5, 2)
    if terrain == "mesas":
        steps: Field = np.tanh(4.5 * noise_line(rng, count, cells, 2, 0.4))
        return steps * np.float32(0.6) + np.float32(0.08) * noise_line(rng, count, cells * 3, 2)
    if terrain == "dunes":
        phase = noise_line(rng, count, 2.0, 1) * np.float32(0.45)
        along = axes(count)[0][:, 0] * np.float32(cells * 0.42) + phase + np.float32(rng.random())
        turn = along - np.floor(along)
        crest = np.where(turn < 0.7, smooth(-0.15, 0.7, turn), smooth(1.0, 0.7, turn))
        return crest * np.float32(1.3) - np.float32(0.6)
    return noise_line(rng, count, cells, 3, 0.38) * np.float32(0.7)


def _pines(rng: Rng, count: int) -> Field:
    """Silhouette heights (count,) of a stand of conifers: jagged cones, in units of the side."""
    x = axes(count)[0][:, 0]
    heights = np.zeros(count, dtype=np.float32)
    middle, spread = rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.3)
    for _ in range(int(rng.integers(6, 20))):
        place, tall = rng.normal(middle, spread), rng.uniform(0.08, 0.24)
        away = np.abs(x - np.float32(place)) / np.float32(tall * 0.24)
        notch = 0.16 * (away * 4.5 - np.floor(away * 4.5))
        heights = np.maximum(heights, np.float32(tall) * np.clip(1 - away + notch * (away < 1), 0, 1) * (away < 1.1))
    return heights


def _below(size: int, line: Field) -> tuple[Field, Field]:
    """Cover (S, S) of all that lies below a line sampled 4 times a pixel, and the depth under it in units."""
    y, _ = axes(size)
    covers = np.clip((y - line[None, :]) * size + 0.5, 0, 1)
    return covers.reshape(size, size, 4).mean(axis=2), y - line.reshape(size, 4).mean(axis=1)[None, :]


def ridges(picture: Picture, rng: Rng, sky: Sky, scene: Plan) -> Picture:
    """The land, far to near: each ridge darker, lower and less veiled in mist than the one behind it."""
    size, last = len(picture), max(scene.ridges - 1, 1)
    shades = ramp(np.stack([sky.far, sky.near]))
    floor = scene.shore or rng.uniform(0.84, 0.95)
    relief, mist = rng.uniform(0.55, 1.25), rng.uniform(0.35, 0.95)
    pines = scene.shore is None and rng.random() < 0.45
    for k in range(scene.ridges):
        depth = k / last
        base = scene.horizon + (floor - scene.horizon) * depth**1.15
        tall = relief * (0.13 - 0.075 * depth) * (0.8 if scene.shore else 1.0)
        line = np.float32(base) - np.float32(tall) * _outline(rng, size * 4, scene.terrain, depth)
        if k == last and pines:
            line = line - _pines(rng, size * 4)
        inside, under = _below(size, line)
        tone = depth * (0.75 if scene.shore else 1.0)
        shade = flat(size, shades[int(tone * (len(shades) - 1))])
        veil = smooth(0.0, 0.26, under) * np.float32(mist * (1 - depth) ** 0.7)
        picture = over(picture, over(shade, sky.air[2], veil), inside)
    return picture


def lake(picture: Picture, rng: Rng, sky: Sky, shore: float) -> Picture:
    """Still water below `shore`: the picture above it mirrored, foreshortened, rippled, a little darker."""
    size = len(picture)
    y, x = axes(size)
    depth = np.clip((y - shore) / (1 - shore), 0, 1)
    shake = fbm(rng, size, 3.0, octaves=2, stretch=9.0) * (np.float32(0.003) + np.float32(0.03) * depth)
    columns = np.clip(((x + shake * np.float32(0.7)) * size).astype(np.int32), 0, size - 1)
    water = np.zeros_like(picture)
    for blur in (-1.0, -0.33, 0.33, 1.0):
        height = shore - (y - shore) * np.float32(1.15) + shake + np.float32(0.03 * blur) * depth
        water += picture[np.clip((height * size).astype(np.int32), 0, size - 1), columns] / 4
    water *= (np.float32(0.97) - np.float32(0.2) * depth)[..., None]
    glints = smooth(1.1, 2.0, fbm(rng, size, 2.5, octaves=2, stretch=10.0)) * np.float32(0.3)
    return over(picture, over(water, sky.air[2], glints), cover(np.float32(shore) - y + 0 * x, size))


def draw(rng: Rng, size: int) -> Picture:
    """One landscape, (S, S, 3)."""
    sky, scene = pick_sky(rng), plan(rng)
    picture = air(rng, size, sky, scene.horizon)
    if sky.dark:
        picture = stars(picture, rng, sky, scene.horizon)
    picture = light(picture, sky, scene.sun, scene.radius, scene.crescent)
    picture = ridges(picture, rng, sky, scene)
    if scene.shore is not None:
        picture = lake(picture, rng, sky, scene.shore)
    return paper(picture, rng, grain=0.01, tooth=0.008)
