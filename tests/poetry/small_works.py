"""Works of a few seconds: pictures of three kinds, and verse about them by a dozen authors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
LABELS = ("sea", "forest", "rose")
AUTHORS = 12
SKIES: dict[str, Colour] = {"sea": (150, 190, 235), "forest": (200, 215, 190), "rose": (90, 120, 80)}
GROUNDS: dict[str, Colour] = {"sea": (20, 70, 130), "forest": (20, 70, 30), "rose": (190, 30, 60)}
NOUNS = {
    "sea": ("sea", "wave", "shore", "sail", "tide", "harbour", "gull", "ocean"),
    "forest": ("forest", "wood", "tree", "oak", "leaf", "branch", "pine", "shade"),
    "rose": ("rose", "flower", "garden", "petal", "thorn", "bloom", "bud", "summer"),
}
ENDS = ("day", "way", "night", "light", "sea", "me", "air", "there", "ground", "sound", "tree", "free")
VERBS = ("sings", "waits", "sleeps", "calls", "turns", "shines", "falls", "burns")
WAYS = ("softly", "slowly", "always", "never", "alone", "again")


def write_pictures(root: Path, count: int = 20, labels: Sequence[str] = LABELS) -> Path:
    """So many of each label, 80 x 64 pixels, in folders named after what they show."""
    for label in labels:
        (root / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture(label, number).save(root / label / f"{number:02d}.png")
    return root


def picture(label: str, number: int) -> Image.Image:
    """A sky, a ground and what grows or floats there; each number has light and places of its own."""
    chance = np.random.default_rng(number)
    light = chance.uniform(0.7, 1.2)
    drawn = Image.new("RGB", (80, 64), tuple(min(255, int(value * light)) for value in SKIES[label]))
    pencil = ImageDraw.Draw(drawn)
    colour = tuple(int(value * light) for value in GROUNDS[label])
    for x, y, size in chance.integers((0, 10, 4), (80, 50, 14), (6, 3)).tolist():
        if label == "sea":
            pencil.rectangle((0, 20 + y // 2, 80, 64), fill=colour)
        elif label == "forest":
            pencil.polygon([(x, y), (x - size, 64), (x + size, 64)], fill=colour)
        else:
            pencil.ellipse((x - size, y - size, x + size, y + size), fill=colour)
    return drawn


def poem(label: str, number: int) -> str:
    """Four lines about something, no two alike."""
    chance = np.random.default_rng((LABELS.index(label), number))
    lines = []
    for end in chance.choice(ENDS, 4, replace=False):
        noun, other = chance.choice(NOUNS[label], 2, replace=False)
        lines.append(f"The {noun} {chance.choice(VERBS)} {chance.choice(WAYS)} by the {other} and the {end}")
    return ",\n".join(lines) + "."


def write_poems(path: Path, count: int = 150, authors: int = AUTHORS) -> Path:
    """So many poems in a .jsonl, whose authors each write about everything."""
    rows = []
    for number in range(count):
        author = number // len(LABELS) % authors
        period = 1780 + 15 * author
        text = poem(LABELS[number % len(LABELS)], number)
        rows.append({"author": f"Poet {chr(65 + author)}", "period": f"{period}", "poem": text})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path
