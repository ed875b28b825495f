"""Stained glass: Voronoi panes in dark lead, lit from behind: rose windows, suns, spirals, mosaics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .canvas import Field, Picture, Rng, axes, choose, cover, disc, fbm, over, paper
from .palettes import Colours, Palette, from_oklab, mix, pick_palette, to_oklab

KINDS = ("rose", "sunrise", "mosaic", "spiral")
Sites = NDArray[np.float32]


def _rose(rng: Rng, palette: Palette) -> tuple[Sites, Colours]:
    """Rings of panes about a centre, each ring of one or two colours."""
    petals = int(rng.choice([6, 8, 10, 12]))
    rings = int(rng.integers(3, 5))
    colours = [*palette.accents, mix(palette.paper, palette.accents[0], 0.25)]
    sites, tints = [np.zeros((1, 2))], [colours[4]]
    for ring in range(1, rings + 3):
        count = petals * (2 if ring > rings // 2 else 1)
        turns = 2 * np.pi * (np.arange(count) + 0.5 * (ring % 2)) / count
        sites.append(np.stack([np.cos(turns), np.sin(turns)], axis=1) * ring * (0.56 / (rings + 0.4)))
        pair = rng.permutation(5)[:2]
        tints += [colours[pair[k % 2]] for k in range(count)]
    return (np.concatenate(sites) + 0.5).astype(np.float32), np.stack(tints)


def _scattered(rng: Rng, across: int) -> Sites:
    """Sites on a jittered grid reaching a little beyond the sheet."""
    cells = np.stack(np.meshgrid(np.arange(across), np.arange(across)), axis=-1).reshape(-1, 2)
    spots = (cells + 0.5 + rng.uniform(-0.42, 0.42, cells.shape)) / across
    return np.asarray(spots * 1.1 - 0.05, dtype=np.float32)


def _sunrise(rng: Rng, palette: Palette) -> tuple[Sites, Colours]:
    """A sun with rays in rings above bands of land, cut into panes."""
    tones, sun = palette.by_lightness(), rng.uniform((0.28, 0.26), (0.72, 0.46))
    level, swell, phase = rng.uniform(0.6, 0.74), rng.uniform(4, 8), rng.uniform(0, 6)
    rays, step = int(rng.integers(10, 16)), rng.uniform(0.15, 0.19)
    pairs = [
        (tones[5], tones[5]),
        (tones[4], mix(tones[4], tones[5], 0.6)),
        (tones[3], tones[4]),
        (tones[2], tones[3]),
    ]
    sites, tints = [sun[None]], [pairs[0][0]]
    for ring in range(1, 7):
        turns = 2 * np.pi * (np.arange(rays) + 0.25) / rays
        sites.append(sun + np.stack([np.cos(turns), np.sin(turns)], axis=1) * ring * step)
        tints += [pairs[min(ring, 3)][k % 2] for k in range(rays)]
    sky, colours = np.concatenate(sites), np.stack(tints)

    def depth(spots: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.asarray(spots[:, 1] - level - 0.06 * np.sin(spots[:, 0] * swell + phase))

    land = _scattered(rng, int(rng.integers(7, 10)))
    above, below = depth(sky) < -0.02, depth(land) > 0.02
    bands = np.clip(depth(land[below]) / 0.13, 0, 1.9).astype(int)
    earth = np.stack([mix(tones[1], tones[2], 0.3), mix(tones[0], tones[1], 0.45)])[bands]
    found = np.concatenate([sky[above], land[below]]).astype(np.float32)
    return found, np.concatenate([colours[above], earth]).astype(np.float32)


def _mosaic(rng: Rng, palette: Palette) -> tuple[Sites, Colours]:
    """Broad drifts of colour over irregular panes."""
    sites = _scattered(rng, int(rng.integers(6, 11)))
    tones = palette.by_lightness()[:5].copy()
    tones[0] = mix(tones[0], tones[1], 0.6)
    heading, waves = rng.uniform(0, 2 * np.pi), rng.uniform(2, 5)
    along = sites[:, 0] * np.cos(heading) + sites[:, 1] * np.sin(heading)
    across = sites[:, 1] * np.cos(heading) - sites[:, 0] * np.sin(heading)
    rank = 2 + 2.2 * np.sin(waves * along + 1.6 * np.sin(3 * across) + rng.uniform(0, 6))
    return sites, tones[np.clip(np.round(rank), 0, 4).astype(int)]


def _spiral(rng: Rng, palette: Palette) -> tuple[Sites, Colours]:
    """Panes set like sunflower seeds: the n-th at n golden angles and the root of n (Vogel 1979)."""
    count = int(rng.integers(90, 150))
    n = np.arange(count) + 0.5
    turns, reach = n * np.pi * (3 - np.sqrt(5)), 0.78 * np.sqrt(n / count)
    centre = rng.uniform(0.4, 0.6, 2)
    sites = np.stack([np.cos(turns), np.sin(turns)], axis=1) * reach[:, None] + centre
    arms, order = int(rng.choice([5, 8, 13])), rng.permutation(4)
    tints = palette.accents[order[(np.arange(count) % arms) * 4 // arms]]
    tints = np.where((reach < rng.uniform(0.1, 0.2))[:, None], palette.paper, tints)
    return sites.astype(np.float32), tints.astype(np.float32)


def _nearest(sites: Sites, size: int) -> tuple[NDArray[np.int32], Field]:
    """Each pixel's nearest site, and the distance from the edge between that and the second, (S, S)."""
    y, x = axes(size)
    first = np.full((size, size), np.inf, dtype=np.float32)
    second = first.copy()
    pane, rival = np.zeros((size, size), np.int32), np.zeros((size, size), np.int32)
    for k, (site_x, site_y) in enumerate(sites):
        square = (x - site_x) ** 2 + (y - site_y) ** 2
        closer, close = square < first, square < second
        rival = np.where(closer, pane, np.where(close, np.int32(k), rival))
        second = np.where(closer, first, np.where(close, square, second))
        pane, first = np.where(closer, np.int32(k), pane), np.where(closer, square, first)
    apart = np.hypot(*(sites[pane] - sites[rival]).transpose(2, 0, 1))
    return pane, (second - first) / (2 * np.maximum(apart, np.float32(1e-6)))


def _glow(picture: Picture, rng: Rng, lead: Field) -> Picture:
    """Uneven light through the panes: brighter about one place, thinner along the lead."""
    size = len(picture)
    away = disc(size, (rng.uniform(0.3, 0.7), rng.uniform(0.25, 0.65)), 0.0)
    lit = np.float32(1.14) - np.float32(0.42) * away + np.float32(0.05) * fbm(rng, size, 6.0, octaves=2)
    thin = np.float32(0.9) + np.float32(0.1) * np.clip(lead * 30, 0, 1)
    return np.asarray(picture * (lit * thin)[..., None])


_PLANS = {"rose": _rose, "sunrise": _sunrise, "mosaic": _mosaic, "spiral": _spiral}


def draw(rng: Rng, size: int) -> Picture:
    """One window, (S, S, 3)."""
    palette = pick_palette(rng)
    sites, tints = _PLANS[choose(rng, KINDS, (0.3, 0.27, 0.25, 0.18))](rng, palette)
    lab = to_oklab(tints) + rng.normal(0, 1, tints.shape) * np.array([0.035, 0.008, 0.008])
    pane, lead = _nearest(sites, size)
    picture = _glow(from_oklab(lab)[pane], rng, lead)
    line = cover(lead - np.float32(rng.uniform(0.004, 0.008)), size)
    return paper(over(picture, palette.ink * 0.5, line), rng, grain=0.008, tooth=0.0)
