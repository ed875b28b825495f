"""Which poem goes with which picture: given by people, or made weakly, from a picture's label through a lexicon.

N poems, M pictures, P pairs. A weak pair says no more than: the picture shows c, and the poem is about c.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gansuite.poetry.counts import Counts
from gansuite.poetry.lexicon import Topic, is_known, topic_of
from gansuite.poetry.split import SIDE_WORDS, Ints

K1, B = 1.2, 0.75  # of BM25
SCENE_WEIGHT = 0.3  # of a word of the scene against one that names the thing
FILLED_WEIGHT = 0.25  # of the score of a poem that only fills up
LEAST_HITS = 2  # words of the topic in a poem, so that it is about it and does not only mention it
Rows = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]


class Pictures(Protocol):
    """What this package needs to know of pictures, however they were read.

    `thumbnails` is uint8 (M, 64, 64, 3), RGB; `labels` has M labels, "" for none; `names` M paths inside their source,
    with `/` between folders.
    """

    @property
    def count(self) -> int: ...
    @property
    def thumbnails(self) -> npt.NDArray[np.uint8]: ...
    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def names(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Pairing:
    """How weak pairs are made.

    Attributes:
        per_picture: poems for one picture, at most.
        per_poem: pictures for one poem, at most; where there are few poems, pictures get fewer or none.
        per_label: the best poems of each label that are used, at most.
        least_per_label: where fewer poems than that are about a label, those that only mention it, and then those of a
            broader one, fill up.
        labels_per_poem: for how many labels a poem may stand, at most.
        seed: deals poems to pictures.
    """

    per_picture: int = 8
    per_poem: int = 16
    per_label: int = 6000
    least_per_label: int = 400
    labels_per_poem: int = 2
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Pairs:
    """P pairs, by picture.

    Attributes:
        picture: int32 (P,), 0..M-1.
        poem: int32 (P,), 0..N-1.
        score: float32 (P,), 0..1: how much the poem is about the label, against the best one; 1 for given pairs.
        given: bool (P,), whether a person gave the pair.
    """

    picture: Rows
    poem: Rows
    score: Scores
    given: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.picture)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Pairs:
        """Some of the pairs, by bool (P,)."""
        return Pairs(self.picture[chosen], self.poem[chosen], self.score[chosen], self.given[chosen])

    @staticmethod
    def none() -> Pairs:
        """No pairs."""
        return Pairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.bool_))


@dataclass(frozen=True, eq=False)
class Ranked:
    """The poems about one label, best first: rows (Q,) and scores (Q,), 0..1."""

    poem: Rows
    score: Scores


def shown_labels(pictures: Pictures) -> list[str]:
    """What each picture shows, "" where nothing says so.

    Its label, or, where that is no word of what can be seen (`train`, `2024`), the deepest folder of its path whose
    name the lexicon knows; `train/scene/sea/1.jpg` shows the sea.
    """
    known: dict[str, bool] = {}

    def knows(word: str) -> bool:
        return known.setdefault(word, bool(word) and word.lower() not in SIDE_WORDS and is_known(word))

    found = []
    for label, name in zip(pictures.labels, pictures.names, strict=True):
        folders = [folder for folder in reversed(PurePosixPath(name).parts[:-1]) if knows(folder)]
        plain = label if label.lower() not in SIDE_WORDS else ""
        found.append(label if knows(label) else folders[0] if folders else plain)
    return found


def topics_of(labels: Sequence[str]) -> dict[str, Topic]:
    """The topic of each different label, sorted, and of the broader ones that these fall back on; "" is none."""
    topics = {label: topic_of(label) for label in sorted(set(labels) - {""})}
    return {**topics, **{topic.like: topic_of(topic.like) for topic in topics.values() if topic.like}}


def words_of(topics: Mapping[str, Topic]) -> list[str]:
    """All words that have to be counted to rank poems by these topics."""
    return list(dict.fromkeys(word for topic in topics.values() for word in (*topic.words, *topic.scene)))


def bm25(topic: Topic, counts: Counts, lengths: npt.NDArray[np.int16], least_hits: int = LEAST_HITS) -> Ranked:
    """The poems about a topic by BM25, weighted by word (Robertson and Zaragoza 2009, equation 3.15), best first.

    score = sum of w_t * ln(1 + (N - n_t + 0.5) / (n_t + 0.5)) * f (k1 + 1) / (f + k1 (1 - b + b L / mean L)), over
    words t, with f the count of t in the poem, L its words, n_t poems that have t; w_t is 1, or 0.3 for words of the
    scene. A poem that never names the thing, or has fewer than `least_hits` words of the topic, is not about it.

    Args:
        topic: its words must have been counted.
        counts: of words in N poems.
        lengths: (N,) words of each poem.
        least_hits: 1 also takes poems that only mention it.
    """
    place = {word: number for number, word in enumerate(counts.words)}
    weight = np.zeros(len(counts.words))
    weight[[place[word] for word in topic.scene]] = SCENE_WEIGHT
    weight[[place[word] for word in topic.words]] = 1.0
    hit = np.flatnonzero(weight[counts.word] > 0)
    row, word, times = counts.row[hit], counts.word[hit], counts.count[hit].astype(np.float64)
    poems = len(lengths)
    having = np.bincount(word, minlength=len(weight))
    rarity = np.log1p((poems - having + 0.5) / (having + 0.5))
    long = K1 * (1 - B + B * lengths[row] / max(1.0, float(lengths.sum()) / max(1, poems)))
    score = np.bincount(row, weight[word] * rarity[word] * times * (K1 + 1) / (times + long), minlength=poems)
    named = np.bincount(row, times * (weight[word] == 1), minlength=poems) > 0
    about = np.flatnonzero(named & (np.bincount(row, times, minlength=poems) >= least_hits))
    order = about[np.argsort(-score[about], kind="stable")]
    best = float(score[order[0]]) if len(order) else 1.0
    return Ranked(order.astype(np.int32), (score[order] / best).astype(np.float32))


def ranked_poems(
    labels: Sequence[str],
    topics: Mapping[str, Topic],
    counts: Counts,
    lengths: npt.NDArray[np.int16],
    pairing: Pairing,
) -> dict[str, Ranked]:
    """For each label the poems that may stand for it, best first.

    A poem stands for at most `pairing.labels_per_poem` labels, those it is most about, so that a poem of sea, sun and
    roses does not tell a poet that all three are one. Poems that fill up a rare label may stand for others besides.
    """
    wanted = sorted(set(labels) - {""})
    about = _shared_out({label: bm25(topics[label], counts, lengths) for label in wanted}, pairing)
    for label, found in about.items():
        topic = topics[label]
        more = [found]
        if len(found.poem) < pairing.least_per_label:
            more.append(bm25(topic, counts, lengths, least_hits=1))
        if len(found.poem) < pairing.least_per_label and topic.like:
            more.append(bm25(topics[topic.like], counts, lengths))
        about[label] = _filled(more, pairing.least_per_label)
    return about


def weak_pairs(
    labels: Sequence[str],
    names: Sequence[str],
    ranked: Mapping[str, Ranked],
    pictures: Ints,
    poems: npt.NDArray[np.bool_],
    pairing: Pairing,
) -> Pairs:
    """Deal the poems of each label to its pictures.

    Pictures come in an order that follows from the seed and their names; each gets the same number of poems, no poem
    more than `pairing.per_poem` pictures. With fewer poems than it takes, pictures get fewer, at last some get none.

    Args:
        labels: M labels.
        names: M names.
        ranked: the poems of each label, best first.
        pictures: (m,) those to deal to.
        poems: (N,) those that may be dealt.
        pairing: how many.
    """
    parts: list[tuple[Rows, Rows, Scores]] = []
    for label, found in ranked.items():
        mine = [int(picture) for picture in pictures if labels[picture] == label]
        mine.sort(key=lambda picture: hashlib.sha256(f"{pairing.seed} {names[picture]}".encode()).digest())
        allowed = poems[found.poem]
        parts.append(_dealt(mine, found.poem[allowed], found.score[allowed], label, pairing))
    picture, poem, score = (np.concatenate([part[k] for part in parts]) if parts else np.zeros(0) for k in range(3))
    order = np.argsort(picture, kind="stable")
    return Pairs(
        picture[order].astype(np.int32),
        poem[order].astype(np.int32),
        score[order].astype(np.float32),
        np.zeros(len(order), np.bool_),
    )


def given_pairs(
    links: tuple[Rows, Rows], images: Sequence[Sequence[str]], names: Sequence[str]
) -> tuple[Pairs, tuple[int, ...]]:
    """Pairs that people gave, and which pictures they name that are not there.

    A picture is found by its path in the source, by its file name, or by its file name without the ending, where only
    one picture has it; `7` also means `0007.jpg`.

    Args:
        links: rows of poems and indices into `images`, (P,) each.
        images: names by which each picture may be called, the surest first.
        names: M names of pictures.
    """
    index = _index(names)
    found = [next((index[key] for name in said for key in _keys(name) if key in index), -1) for said in images]
    picture = np.array(found, np.int32)[links[1]] if len(links[1]) else np.zeros(0, np.int32)
    there = np.flatnonzero(picture >= 0)
    order = there[np.argsort(picture[there], kind="stable")]
    count = len(order)
    missing = tuple(number for number, place in enumerate(found) if place < 0)
    return Pairs(picture[order], links[0][order], np.ones(count, np.float32), np.ones(count, np.bool_)), missing


def joined(first: Pairs, second: Pairs) -> Pairs:
    """The pairs of both, by picture; those of `second` only for pictures that `first` has none for."""
    new = ~np.isin(second.picture, first.picture)
    fields = ("picture", "poem", "score", "given")
    together = [np.concatenate([getattr(first, name), getattr(second, name)[new]]) for name in fields]
    order = np.argsort(together[0], kind="stable")
    return Pairs(*(values[order] for values in together))


def _shared_out(ranked: Mapping[str, Ranked], pairing: Pairing) -> dict[str, Ranked]:
    """Of each label the best `per_label` poems among those that are about no more than few other labels as much."""
    poem = np.concatenate([np.zeros(0, np.int32), *(found.poem for found in ranked.values())])
    score = np.concatenate([np.zeros(0, np.float32), *(found.score for found in ranked.values())])
    order = np.lexsort((-score, poem))
    first = np.append(True, np.diff(poem[order]) != 0)[: len(order)]
    place = np.arange(len(order)) - np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    good = np.zeros(len(order), np.bool_)
    good[order[place < pairing.labels_per_poem]] = True
    kept: dict[str, Ranked] = {}
    for label, found in ranked.items():
        chosen = np.flatnonzero(good[: len(found.poem)])[: pairing.per_label]
        kept[label] = Ranked(found.poem[chosen], found.score[chosen])
        good = good[len(found.poem) :]
    return kept


def _filled(ranked: Sequence[Ranked], least: int) -> Ranked:
    """The first ranking whole, then of each next one as many new poems as `least` asks, at a quarter of their score."""
    poem, score = ranked[0].poem, ranked[0].score
    for found in ranked[1:]:
        new = np.flatnonzero(~np.isin(found.poem, poem))[: max(0, least - len(poem))]
        poem = np.concatenate([poem, found.poem[new]])
        score = np.concatenate([score, found.score[new] * FILLED_WEIGHT])
    return Ranked(poem, score.astype(np.float32))


def _dealt(
    pictures: Sequence[int], poems: Rows, scores: Scores, label: str, pairing: Pairing
) -> tuple[Rows, Rows, Scores]:
    """Picture number p gets the poems p*k .. p*k + k - 1, counted round, of the poems in a shuffled order."""
    each = min(pairing.per_picture, len(poems), max(1, pairing.per_poem * len(poems) // max(1, len(pictures))))
    served = pictures[: pairing.per_poem * len(poems)] if each == 1 else pictures
    key = hashlib.sha256(f"{pairing.seed} {label}".encode()).digest()
    order = np.random.Generator(np.random.PCG64(int.from_bytes(key[:8], "little"))).permutation(len(poems))
    picture = np.repeat(np.array(served, np.int32), each)
    place = order[np.arange(len(picture)) % max(1, len(poems))] if each else np.zeros(0, np.int64)
    return picture, poems[place], scores[place]


def _index(names: Sequence[str]) -> dict[str, int]:
    """Every spelling that means one picture only."""
    index: dict[str, int] = {}
    several: set[str] = set()
    for number, name in enumerate(names):
        for key in _keys(name):
            if index.setdefault(key, number) != number:
                several.add(key)
    return {key: number for key, number in index.items() if key not in several}


def _keys(name: str) -> list[str]:
    """The path, the file name, the file name without its ending, and a number without zeros before it."""
    path = PurePosixPath(name.strip().replace("\\", "/").removeprefix("./"))
    stem = (
        path.stem if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff") else ""
    )
    keys = [str(path), path.name, stem or path.name]
    if keys[-1].isdigit():
        keys.append(str(int(keys[-1])))
    return list(dict.fromkeys(keys))
