"""Lots of poems to be measured, and the controls that generated ones are measured beside.

N poems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import key
from gansuite.poetry.dataset import Verse
from gansuite.poetry.pairs import Pictures


@dataclass(frozen=True, eq=False)
class Lot:
    """Poems to be measured.

    Attributes:
        poems: N >= 2 texts.
        references: for each, poems by people that are paired with its picture; none where there are no pictures.
        thumbnails: uint8 (N, 64, 64, 3), the picture that each poem is to be found by, or None. No picture should
            stand there twice: nobody could tell which is meant.
        labels: what each picture shows.
    """

    poems: Sequence[str]
    references: Sequence[Sequence[str]] = ()
    thumbnails: npt.NDArray[np.uint8] | None = None
    labels: Sequence[str] = ()


def held_out_lot(verse: Verse, pictures: Pictures, count: int = 1000, seed: int = 0) -> Lot:
    """Held-out pictures, each with one of its held-out poems by people, and its other ones as references.

    A model's lot is this one with its poems instead: `dataclasses.replace(lot, poems=...)`.

    Args:
        verse: poems and their pairs with these pictures.
        pictures: M pictures.
        count: so many pictures at most, by chance.
        seed: chooses pictures and poems.

    Raises:
        GansuiteError: fewer than two held-out pictures have poems.
    """
    pairs = verse.match.held_out
    shown, first, many = np.unique(pairs.picture, return_index=True, return_counts=True)
    if len(shown) < 2:
        raise GansuiteError(
            f"{len(shown)} held-out pictures have held-out poems; relevance needs two at least.",
            "Give more pictures and poems, or hold out more with held_out.",
        )
    draw = np.random.Generator(np.random.PCG64(key(seed, "lot", 0)))
    chosen = np.sort(draw.permutation(len(shown))[:count])
    poems, references = [], []
    for place in chosen.tolist():
        texts = verse.corpus.poems.take(pairs.poem[first[place] : first[place] + many[place]])
        own = int(draw.integers(len(texts)))
        poems.append(texts[own])
        references.append([*texts[:own], *texts[own + 1 :]] or [texts[own]])
    labels = [verse.match.labels[picture] for picture in shown[chosen]]
    return Lot(poems, references, np.asarray(pictures.thumbnails[shown[chosen]]), labels)


def shuffled(lot: Lot, seed: int = 0) -> Lot:
    """The same poems, each with the picture and the references of another: what relevance by chance is."""
    count = len(lot.poems)
    order = np.random.Generator(np.random.PCG64(key(seed, "shuffled", 0))).permutation(count)
    poems = [""] * count
    for place, other in zip(order, np.roll(order, 1), strict=True):  # a circle, so that none keeps its own
        poems[place] = lot.poems[other]
    return replace(lot, poems=poems)
