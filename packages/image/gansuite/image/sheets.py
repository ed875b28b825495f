"""Sheets of samples and the timelapse made of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gansuite.core.files import write_atomically

ROWS, COLUMNS = 6, 8


def sheet(pictures: np.ndarray, columns: int = COLUMNS, gap: int = 2) -> Image.Image:
    """A contact sheet of uint8 pictures (N, S, S, 3), row by row, on white."""
    count, side = len(pictures), pictures.shape[1]
    columns = min(columns, count)
    rows = -(-count // columns)
    canvas = np.full((rows * (side + gap) + gap, columns * (side + gap) + gap, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = (gap + (i // columns) * (side + gap), gap + (i % columns) * (side + gap))
        canvas[top : top + side, left : left + side] = picture
    return Image.fromarray(canvas)


def save_image(image: Image.Image, path: Path, **options: object) -> None:
    """Write a picture atomically, in the format its name says."""
    memory = io.BytesIO()
    image.save(memory, format=Image.registered_extensions()[path.suffix.lower()], **options)
    write_atomically(path, memory.getvalue())


def timelapse(sheets: Sequence[Path], out: Path, longest: int = 800, most: int = 60) -> Path | None:
    """An animated WebP of the sheets, at most `most` of them spread over time, the last one held.

    Args:
        sheets: PNG files in order of time.
        longest: longest side of a frame, in pixels.

    Returns:
        `out`, or None when there are fewer than two sheets.
    """
    if len(sheets) < 2:
        return None
    chosen = [sheets[i] for i in np.unique(np.linspace(0, len(sheets) - 1, most).round().astype(int))]
    frames = [Image.open(path).convert("RGB") for path in chosen]
    scale = min(1.0, longest / max(frames[0].size))
    size = (round(frames[0].width * scale), round(frames[0].height * scale))
    frames = [frame.resize(size, Image.Resampling.LANCZOS) for frame in frames]
    times = [150] * (len(frames) - 1) + [1500]
    save_image(frames[0], out, save_all=True, append_images=frames[1:], duration=times, loop=0, quality=80)
    return out
