"""The embedded portfolio: many works, their styles taking turns, each a function of (seed, index) alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gansuite.core.errors import GansuiteError, did_you_mean

from . import brushwork, colour_field, constructivist, grid, landscape, marble, stained_glass, tree
from .canvas import Picture, Rng, to_bytes

_DRAW: dict[str, Callable[[Rng, int], Picture]] = {
    "landscape": landscape.draw,
    "colour-field": colour_field.draw,
    "constructivist": constructivist.draw,
    "brushwork": brushwork.draw,
    "stained-glass": stained_glass.draw,
    "marble": marble.draw,
    "grid": grid.draw,
    "tree": tree.draw,
}

STYLES: tuple[str, ...] = tuple(_DRAW)
SMALLEST, LARGEST = 16, 1024
COUNT, SIZE = 600, 128  # of the portfolio that is trained on when none is named


def _check_style(style: str) -> None:
    if style not in _DRAW:
        raise GansuiteError(f"There is no style '{style}'.", did_you_mean(style, list(STYLES)))


def _check_size(size: int) -> None:
    if not SMALLEST <= size <= LARGEST:
        raise GansuiteError(
            f"Works of {size} pixels cannot be drawn; the side must lie between {SMALLEST} and {LARGEST}.",
            f"Ask for a size of {min(max(size, SMALLEST), LARGEST)}.",
        )


def draw_work(style: str, index: int, size: int = SIZE, seed: int = 0) -> NDArray[np.uint8]:
    """One work, uint8 (size, size, 3), a function of its arguments alone.

    Another `size` gives the same composition, drawn finer or coarser.

    Args:
        style: one of `STYLES`.
        index: which work, 0 or more.
        size: side in pixels, 16 to 1024.
        seed: which portfolio, 0 or more.

    Raises:
        GansuiteError: for an unknown style, a size out of range, or a negative index or seed.
    """
    _check_style(style)
    _check_size(size)
    if min(index, seed) < 0:
        raise GansuiteError(
            f"Works are numbered from 0, and so are seeds; found index {index}, seed {seed}.",
            "Use whole numbers of 0 or more.",
        )
    rng = np.random.Generator(np.random.PCG64([seed, index]))
    return to_bytes(_DRAW[style](rng, size))


def draw_portfolio(
    count: int = COUNT, size: int = SIZE, seed: int = 0, styles: Sequence[str] | None = None
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Works and their style names: uint8 (count, size, size, 3) and `count` names.

    Styles take turns by index, and a work depends only on (seed, index) and its style: the first works of a
    larger portfolio are the works of a smaller one.

    Args:
        count: how many works, 1 or more.
        size: side in pixels, 16 to 1024.
        seed: which portfolio, 0 or more; every seed gives other works.
        styles: only these, taking turns in this order; all of `STYLES` unless given.

    Raises:
        GansuiteError: for a count below 1, a size out of range, no or an unknown style, a negative seed.
    """
    if count < 1:
        raise GansuiteError(f"A portfolio of {count} works cannot be drawn.", "Ask for a count of 1 or more.")
    chosen = STYLES if styles is None else tuple(styles)
    if not chosen:
        raise GansuiteError("No style was named.", f"Name one or more of: {', '.join(STYLES)}.")
    for style in chosen:
        _check_style(style)
    _check_size(size)
    names = tuple(chosen[index % len(chosen)] for index in range(count))
    works = np.empty((count, size, size, 3), dtype=np.uint8)
    for index, style in enumerate(names):
        works[index] = draw_work(style, index, size, seed)
    return works, names
