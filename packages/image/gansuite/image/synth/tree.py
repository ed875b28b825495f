"""Trees against a sky: branching grown level by level, in leaf, in blossom, bare or in snow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw

from .canvas import Field, Picture, Rng, axes, choose, cover, drawn, over, paper
from .landscape import air, light, stars
from .palettes import Colours, Sky, jitter, mix, pick_sky, ramp

# forms: spread of the branches in radians, shrinkage of length, sag towards the ground, wind
FORMS = {
    "oak": (0.52, 0.80, 0.02, 0.0),
    "poplar": (0.24, 0.82, -0.12, 0.0),
    "willow": (0.42, 0.82, 0.30, 0.0),
    "windswept": (0.42, 0.80, 0.0, 0.22),
    "acacia": (0.62, 0.78, 0.10, 0.0),
}
# leaf colours dark to light, by season
_SEASONS = {
    "spring": "8A3B58 D77A94 F7C9D0",
    "summer": "1F4A2C 4E8B45 A9C65A",
    "autumn": "7A2A18 C8562A F0A53C",
    "gold": "8A5A16 D9A02E F6D872",
    "blue": "1B3350 3C6E8F 9CC7CF",
    "white": "8C8B94 D6D3D0 FBF8F2",
}
Segments = NDArray[np.float64]  # rows of x0, y0, x1, y1, width


@dataclass(frozen=True)
class Habit:
    """How one tree grows: where its foot stands, how tall it is, and its form's numbers."""

    foot: tuple[float, float]
    height: float
    spread: float
    shrink: float
    sag: float
    wind: float


def plant(rng: Rng, form: str, foot: tuple[float, float], height: float) -> Habit:
    """A tree of one of `FORMS`, a little unlike its kind."""
    spread, shrink, sag, wind = FORMS[form]
    return Habit(foot, height, spread * rng.uniform(0.85, 1.15), shrink, sag, wind * rng.choice([-1, 1]))


def grow(rng: Rng, habit: Habit, levels: int = 8) -> tuple[list[Segments], NDArray[np.float64]]:
    """Branches level by level, each two from the last, and the places (N, 2) of the twigs' ends.

    A binary L-system with random turns (Prusinkiewicz and Lindenmayer 1990, section 1.7), computed one
    generation at a time; 0 radians is to the right and -pi/2 upwards.
    """
    place = np.array([habit.foot])
    heading, length, width = (
        np.array([-np.pi / 2 + habit.wind * 0.4]),
        habit.height * 0.27,
        habit.height * 0.085,
    )
    grown, ends = [], []
    for level in range(levels):
        reach = length * rng.uniform(0.75, 1.2, len(place))
        tips = place + np.stack([np.cos(heading), np.sin(heading)], axis=1) * reach[:, None]
        grown.append(np.column_stack([place, tips, np.full(len(place), width)]))
        if level >= levels - 3:
            ends.append(tips)
        turn = habit.spread * rng.uniform(0.45, 1.35, (2, len(place))) * np.array([[-1.0], [1.0]])
        heading = (heading + turn).ravel()
        heading += habit.sag * np.cos(heading) * level / 3 + habit.wind * level / 6
        place, length, width = np.tile(tips, (2, 1)), length * habit.shrink, width * 0.68
    return _fitted(grown, np.concatenate(ends), habit.foot)


def _fitted(
    grown: list[Segments], ends: NDArray[np.float64], foot: tuple[float, float]
) -> tuple[list[Segments], NDArray[np.float64]]:
    """The tree shrunk about its foot until its crown stands clear of the sheet's edges."""
    up = (foot[1] - ends[:, 1].min()) / (foot[1] - 0.09)
    aside = np.abs(ends[:, 0] - foot[0]).max() / (0.1 + max(foot[0], 1 - foot[0]))
    scale = 1 / max(up, aside, 1.0)
    origin = np.array([*foot, *foot, 0.0])
    return [(rows - origin) * scale + origin for rows in grown], (ends - foot) * scale + foot


def _wood(grown: list[Segments], size: int) -> Field:
    """Mask of the branches."""

    def ink(pen: ImageDraw.ImageDraw, side: int) -> None:
        for row in np.concatenate(grown) * side:
            x0, y0, x1, y1, width = row.tolist()
            across = max(1, round(width))
            pen.line((x0, y0, x1, y1), fill=255, width=across)
            if across > 3:
                half = across / 2
                pen.ellipse((x1 - half, y1 - half, x1 + half, y1 + half), fill=255)

    return drawn(size, ink)


def _leaves(places: NDArray[np.float64], radii: NDArray[np.float64], size: int) -> Field:
    """Mask of round leaf masses."""

    def dab(pen: ImageDraw.ImageDraw, side: int) -> None:
        boxes = np.column_stack([places - radii[:, None], places + radii[:, None]]) * side
        for frame in boxes.tolist():
            pen.ellipse(frame, fill=255)

    return drawn(size, dab)


def _foliage(picture: Picture, rng: Rng, twigs: NDArray[np.float64], tints: Colours, big: float) -> Picture:
    """Three tones of leaf masses on the twigs, the lighter the fewer, smaller and higher."""
    for tone, (share, radius) in enumerate(((0.5, 1.0), (0.4, 0.75), (0.28, 0.5))):
        picked = twigs[rng.permutation(len(twigs))[: int(share * len(twigs))]]
        shift = np.array([-0.012, -0.016]) * tone
        places = picked + shift + rng.normal(0, 0.014, picked.shape)
        radii = big * radius * rng.uniform(0.6, 1.25, len(picked))
        picture = over(picture, tints[tone], _leaves(places, radii, len(picture)))
    return picture


def _ground(picture: Picture, rng: Rng, near: Colours, level: float, sky: Sky) -> tuple[Picture, float, float]:
    """A low hill, and the two numbers (bow, lean) that give its height anywhere."""
    size = len(picture)
    y, x = axes(size)
    bow, lean = rng.uniform(-0.05, 0.12), rng.uniform(-0.06, 0.06)
    line = level + bow * (2 * x - 1) ** 2 + lean * (2 * x - 1)
    far = level - rng.uniform(0.02, 0.08) + 0.02 * np.sin(x * rng.uniform(5, 12) + rng.uniform(0, 6))
    picture = over(picture, mix(sky.far, sky.air[2], 0.3), cover((far - y).astype(np.float32), size))
    shade = over(
        np.tile(near, (size, size, 1)),
        sky.far,
        np.exp(-np.maximum(y - line, 0) * 14).astype(np.float32) * 0.35,
    )
    return over(picture, shade, cover((line - y).astype(np.float32), size)), bow, lean


def _stand(rng: Rng) -> list[tuple[float, float]]:
    """Feet and heights of the trees: mostly one great tree, sometimes two, sometimes a row."""
    pattern = choose(rng, ("one", "pair", "row"), (0.62, 0.2, 0.18))
    if pattern == "one":
        return [(float(rng.choice([0.36, 0.5, 0.62]) + rng.uniform(-0.05, 0.05)), rng.uniform(0.62, 0.82))]
    if pattern == "pair":
        return [
            (rng.uniform(0.2, 0.36), rng.uniform(0.55, 0.75)),
            (rng.uniform(0.62, 0.82), rng.uniform(0.35, 0.55)),
        ]
    tall, count = rng.uniform(0.42, 0.58), int(rng.integers(3, 5))
    return [((k + 0.5) / count + rng.uniform(-0.04, 0.04), tall * rng.uniform(0.8, 1.15)) for k in range(count)]


def _season(rng: Rng) -> Colours | None:
    """Leaf tints (3, 3), or None for a bare tree."""
    name = choose(rng, (*_SEASONS, "bare"), (0.2, 0.19, 0.19, 0.12, 0.08, 0.1, 0.12))
    if name == "bare":
        return None
    words = _SEASONS[name].split()
    tints = np.array([[int(word[i : i + 2], 16) / 255 for i in (0, 2, 4)] for word in words], dtype=np.float32)
    return jitter(tints, rng, hue=0.12, light=0.03)


def draw(rng: Rng, size: int) -> Picture:
    """One tree, or a few, (S, S, 3)."""
    sky, level, tints = pick_sky(rng), rng.uniform(0.78, 0.9), _season(rng)
    picture = air(rng, size, sky, level)
    if sky.dark:
        picture = stars(picture, rng, sky, level)
    picture = light(picture, sky, (rng.uniform(0.15, 0.85), rng.uniform(0.16, 0.62)), rng.uniform(0.06, 0.19))
    snow = tints is None and rng.random() < 0.6
    near = mix(sky.near, np.ones(3, np.float32), 0.8) if snow else sky.near
    picture, bow, lean = _ground(picture, rng, near, level, sky)
    form, stand = choose(rng, tuple(FORMS)), _stand(rng)
    dark = mix(sky.near, np.array([0.12, 0.07, 0.06], np.float32), 0.5)
    for x, height in stand:
        across = 2 * x - 1
        foot = (x, level + bow * across**2 + lean * across + 0.015)
        grown, twigs = grow(rng, plant(rng, form, foot, height), 8 if len(stand) == 1 else 7)
        picture = over(picture, dark, _wood(grown, size))
        if tints is not None:
            shaded = ramp(np.stack([mix(sky.near, tints[0], 0.6), tints[1], mix(tints[2], sky.sun, 0.2)]), steps=3)
            picture = _foliage(picture, rng, twigs, shaded, 0.055 * height)
    return paper(picture, rng, grain=0.01, tooth=0.008)
