"""Pictures and poems side by side: what is held out of both, and the pairs of each side.

N poems, M pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gansuite.poetry.corpus import Corpus
from gansuite.poetry.counts import counted
from gansuite.poetry.pairs import (
    Pairing,
    Pairs,
    Pictures,
    Ranked,
    given_pairs,
    joined,
    ranked_poems,
    shown_labels,
    topics_of,
    weak_pairs,
    words_of,
)
from gansuite.poetry.split import HELD_OUT, OPEN, TRAIN, Ints, hold_out, picture_groups, sides_by_name


@dataclass(frozen=True, eq=False)
class Match:
    """Pictures and the poems that go with them.

    Attributes:
        labels: what each of M pictures shows, "" where nothing says so.
        train_pictures, held_out_pictures: int64, indices of pictures, ascending.
        train, held_out: pairs of poems and pictures that are both on that side.
        ranked: the poems of each label, best first, of both sides.
        missing: pictures that given pairs name and that are not there.
        torn: given pairs left out because other poems of the picture are on the other side.
    """

    labels: tuple[str, ...] = ()
    train_pictures: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    held_out_pictures: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    train: Pairs = field(default_factory=Pairs.none)
    held_out: Pairs = field(default_factory=Pairs.none)
    ranked: Mapping[str, Ranked] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    torn: int = 0


def match_pictures(
    corpus: Corpus, sides: Ints, pictures: Pictures, pairing: Pairing | None, share: float, seed: int, root: Path
) -> Match:
    """Find for every picture its poems: those that people gave it, else poems about its label.

    Args:
        corpus: N poems.
        sides: (N,) TRAIN or HELD_OUT.
        pictures: M pictures; one that was given poems is on their side.
        pairing: how weak pairs are made; None makes none.
        share: 0..0.5 of the pictures of each label that are held out, where their folders do not say it.
        seed: chooses them.
        root: folder of the cache.
    """
    labels = shown_labels(pictures)
    placed = picture_sides(pictures, labels, share, seed)
    given, missing = given_pairs((corpus.pair_poem, corpus.pair_image), corpus.images, pictures.names)
    placed[given.picture] = sides[given.poem]
    ranked: dict[str, Ranked] = {}
    if pairing is not None:
        topics = topics_of(labels)
        ranked = ranked_poems(labels, topics, counted(corpus, words_of(topics), root), corpus.words, pairing)

    def on(side: int) -> Pairs:
        mine = given.where((placed[given.picture] == side) & (sides[given.poem] == side))
        free = np.flatnonzero(placed == side)
        return (
            mine
            if pairing is None
            else joined(mine, weak_pairs(labels, pictures.names, ranked, free, sides == side, pairing))
        )

    return Match(
        labels=tuple(labels),
        train_pictures=np.flatnonzero(placed == TRAIN),
        held_out_pictures=np.flatnonzero(placed == HELD_OUT),
        train=on(TRAIN),
        held_out=on(HELD_OUT),
        ranked=ranked,
        missing=tuple(corpus.images[number][0] for number in missing),
        torn=int((placed[given.picture] != sides[given.poem]).sum()),
    )


def picture_sides(pictures: Pictures, labels: Sequence[str], share: float, seed: int) -> Ints:
    """The side of each of M pictures, (M,): by their folders, else about `share` of each label is held out.

    Pictures that show the same pixels stay together.
    """
    sides = sides_by_name(pictures.names)
    if (sides != OPEN).any() or pictures.count < 2:
        return np.asarray(np.where(sides == OPEN, TRAIN, sides), np.int64)
    groups, prints = picture_groups(pictures.thumbnails)
    numbers = np.unique(np.array(labels), return_inverse=True)[1]
    for number in range(numbers.max() + 1):
        chosen = np.flatnonzero((numbers == number) & (sides == OPEN))
        sides[chosen] = hold_out(groups[chosen], sides[chosen], prints[chosen], share, seed)
        for side in (HELD_OUT, TRAIN):  # the same picture may lie under two labels
            sides[np.isin(groups, groups[chosen][sides[chosen] == side]) & (sides == OPEN)] = side
    return sides
