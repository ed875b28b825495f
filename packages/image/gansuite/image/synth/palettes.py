"""Curated colours: palettes for abstract works, skies for scenes, and gradients mixed in Oklab.

Colours are sRGB triples in [0, 1], float32, shape (3,); a gradient is a table (T, 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float32]

# Oklab, Ottosson 2020, "A perceptual color space for image processing": linear sRGB to cone response, to Lab.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_CONES = np.linalg.inv(_TO_CONES)
_FROM_LAB = np.linalg.inv(_TO_LAB)


def to_oklab(colours: Colours) -> NDArray[np.float64]:
    """sRGB (N, 3) in [0, 1] to Oklab (N, 3): lightness in [0, 1], then green-red and blue-yellow."""
    rgb = np.asarray(colours, dtype=np.float64)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T)


def from_oklab(lab: NDArray[np.float64]) -> Colours:
    """Oklab (N, 3) to sRGB (N, 3), clipped to [0, 1]."""
    linear = np.clip((lab @ _FROM_LAB.T) ** 3 @ _FROM_CONES.T, 0, 1)
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(rgb, dtype=np.float32)


def _hex(words: str) -> Colours:
    """Colours written as RRGGBB words, (N, 3)."""
    rows = [[int(word[i : i + 2], 16) / 255 for i in (0, 2, 4)] for word in words.split()]
    return np.array(rows, dtype=np.float32)


@dataclass(frozen=True)
class Palette:
    """One harmony: a light `paper`, a dark `ink` and four `accents` (4, 3)."""

    paper: Colours
    ink: Colours
    accents: Colours

    def by_lightness(self) -> Colours:
        """All six colours, (6, 3), darkest first."""
        colours = np.vstack([self.ink, self.accents, self.paper])
        return np.asarray(colours[np.argsort(to_oklab(colours)[:, 0], kind="stable")])


@dataclass(frozen=True)
class Sky:
    """The light of one hour: three sky colours downwards, far and near land, and the sun or moon."""

    air: Colours
    far: Colours
    near: Colours
    sun: Colours
    dark: bool


# paper, ink, four accents
_PALETTES = {
    "ember": "F3E3C7 2A1A1F C8412B E88D2D F2C14E 6B2737",
    "sea": "EAF1EC 0F2A3D 1F6F8B 57A6A1 C9DFC6 E4B363",
    "bauhaus": "F1E8D6 1B1B1E D0342C 1F4E9C F2B632 8C8A7F",
    "woodblock": "EFE6D2 1D2B44 2E5C8A 8FB1C4 D96C4A E9C893",
    "olive": "F0EAD2 2B2D1E 6A7B3C A9B665 DDA15E BC6C25",
    "plum": "F2E5E7 2B1631 6D2E6F B5557F E58F7B F3C677",
    "arctic": "EEF4F7 15263A 3D6B94 8FBBD4 C4D7E0 F08A5D",
    "terracotta": "F5E9DC 32231C B85837 D98E5F E7C9A0 4F6F69",
    "orchard": "F6EFD9 26301F D9483B F09A36 F4D35E 4E8B57",
    "dusk": "F0DDD5 1C1A3A 3C2F6B 8A4F8E E0736F F6B48B",
    "moss": "E9E8D8 18251F 2F5D4A 6B9271 C2C99B D7A34B",
    "rose": "F8EBE4 3A1C28 A63A50 DE7A88 F2B5A7 6C8A84",
    "indigo": "EFE7D6 121735 24357A 5367B5 D9A441 F0D58C",
    "coral": "F7EEE3 0E2F36 137177 49B0A6 F2785C F9C9A0",
    "saffron": "FBF0D9 3B1F12 E07A1F F4B53F A8321F 476A6F",
    "graphite": "ECE9E4 1A1A1C 4A4C52 8E9097 C7C5BF C8402F",
    "lagoon": "F4F1E1 0B2545 13588F 1FA7A8 86D6B9 F6D06F",
    "wine": "F1E4DA 230C14 5E1224 972D3F CF7C57 E9C39B",
    "lilac": "F3EFF5 2A2440 5B4B8A 9C86C6 D4BFE3 E9C46A",
    "nordic": "F2F0EA 20303A 3F6C78 9FB8B1 D8B08C B9502F",
}

# sky top, middle, horizon, far land, near land, sun
_SKIES = {
    "dawn": "5B7FA6 E3B8A8 FBE0B4 9A8FA8 2B2F47 FFF3D0",
    "noon": "3E86C0 8FC4E0 E8F2EC 8FB3C0 1F4A3C FFFBE8",
    "dusk": "2B2456 A24A78 F4925A 7C3F6D 170F26 FFD98A",
    "night": "081127 14284E 3A5A83 2A4468 050A14 F4F1DC",
    "fog": "B9C3C4 D3D8D2 EDEBE0 A7B4B6 35454A FFFDF2",
    "desert": "E89F6B F6CFA0 FCE8CC D58A5E 5A2A22 FFF6DC",
    "ember": "3A1420 A62B2B F59B3C 8C2F33 1A0A10 FFE29A",
    "aurora": "07182B 0F4A55 59B59A 1F5560 040D16 E8FFE8",
    "lavender": "8C86C4 C9A9CF F7D9CF A38FBF 362B57 FFF0DC",
    "spring": "6DB9C4 BFE0C8 F8F0C9 92BDA0 2C5A45 FFFDE6",
    "storm": "2B333E 5E6B78 C9C3AF 6A737C 15191F F2E6C0",
    "golden": "D0842C F0B954 FBE3A0 C48444 46261B FFF8DC",
}

PALETTE_NAMES: tuple[str, ...] = tuple(_PALETTES)
SKY_NAMES: tuple[str, ...] = tuple(_SKIES)


def jitter(colours: Colours, rng: np.random.Generator, hue: float = 0.16, light: float = 0.02) -> Colours:
    """The same harmony (N, 3), turned by up to `hue` radians and lightened or darkened by up to `light`."""
    lab = to_oklab(colours)
    turn, lift, chroma = rng.uniform(-hue, hue), rng.uniform(-light, light), rng.uniform(0.92, 1.1)
    cos, sin = np.cos(turn) * chroma, np.sin(turn) * chroma
    a, b = lab[:, 1] * cos - lab[:, 2] * sin, lab[:, 1] * sin + lab[:, 2] * cos
    return from_oklab(np.stack([lab[:, 0] + lift, a, b], axis=1))


def pick_palette(rng: np.random.Generator) -> Palette:
    """One palette, its accents shuffled and the whole a little turned in hue."""
    colours = jitter(_hex(_PALETTES[PALETTE_NAMES[rng.integers(len(PALETTE_NAMES))]]), rng)
    return Palette(colours[0], colours[1], colours[2:][rng.permutation(4)])


def pick_sky(rng: np.random.Generator) -> Sky:
    """One hour of the day, a little turned in hue."""
    name = SKY_NAMES[rng.integers(len(SKY_NAMES))]
    colours = jitter(_hex(_SKIES[name]), rng)
    return Sky(colours[:3], colours[3], colours[4], colours[5], name in {"night", "aurora"})


def ramp(colours: Colours, stops: Sequence[float] | None = None, steps: int = 512) -> Colours:
    """A gradient table (steps, 3) through colours (N, 3), mixed in Oklab so that no middle turns to mud.

    Args:
        stops: where each colour sits, ascending in [0, 1]; evenly spaced unless given.
    """
    lab = to_oklab(colours)
    places = np.linspace(0, 1, len(lab)) if stops is None else np.asarray(stops, dtype=np.float64)
    along = np.linspace(0, 1, steps)
    return from_oklab(np.stack([np.interp(along, places, lab[:, channel]) for channel in range(3)], axis=1))


def mix(first: Colours, second: Colours, amount: float) -> Colours:
    """The colour (3,) `amount` of the way from `first` to `second`, mixed in Oklab."""
    lab = to_oklab(np.stack([first, second]))
    return np.asarray(from_oklab(lab[:1] * (1 - amount) + lab[1:] * amount)[0])
