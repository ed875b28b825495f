"""Grows the letter-to-sound rules from a dictionary: letters and phones aligned, then a decision tree for each letter.

The alignment into chunks of none, one or two phones is found by counting in the best alignments so far, over and over
(Damper et al. 2005, Aligning text and phonemes for speech technology applications using an EM-like algorithm); the
trees ask what gains most information.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from gansuite.poetry.sounds.dictionary import Pronunciations
from gansuite.poetry.sounds.letters import FEATURES, LEAF, LETTERS, Rules, letters_of, read
from gansuite.poetry.sounds.phones import Sound, stressed

Pair = tuple[str, Sound]
Chances = dict[tuple[str, Sound], float]  # of a chunk, stress aside, given its letter
Bytes = npt.NDArray[np.uint8]

_CHUNK_SIZES = (0, 1, 2)
_AT_FIRST = (0.3, 1.0, 0.1)  # chances of a chunk by its size before anything is known
_UNSEEN = 1e-7
_ROUNDS = 4
_LEAST_SEEN = 15  # times that a chunk must be heard in the dictionary to count
_ALIGNED_FOR_CHANCES = 12_000  # words
_POOR = -3.2  # mean log chance of a letter's chunk; abbreviations (`tv`) lie below


def grow(words: Pronunciations, least_leaf: int = 2, least_gain: float = 3.0, seed: int = 0) -> Rules:
    """Rules that pronounce like the dictionary.

    Args:
        words: the dictionary; the first sound of each word is learned.
        least_leaf: letters that a leaf must stand for at least.
        least_gain: nats that a question must save over all its letters.
        seed: of the choice of words from which the alignment is learned.
    """
    pairs = [("".join(c for c in word if "a" <= c <= "z"), sounds.partition(" ")[0]) for word, sounds in words.items()]
    chances = _chances(random.Random(seed).sample(pairs, min(len(pairs), _ALIGNED_FOR_CHANCES)))
    aligned = dict(_aligned(pairs, chances))
    counts = Counter(chunk for parts in aligned.values() for chunk in parts)
    chunks = tuple(sorted(chunk for chunk, count in counts.items() if count >= _LEAST_SEEN))
    kept = {letters: parts for letters, parts in aligned.items() if set(parts) <= set(chunks)}
    features, answers, letter = _observations(kept, chunks)
    trees = _Trees(least_leaf, least_gain)
    for number in range(1, LETTERS + 1):
        trees.plant(features[letter == number], answers[letter == number])
    return Rules(chunks, tuple(trees.roots), trees.feature, trees.value, trees.skip)


class _Trees:
    """Columns of nodes that trees are appended to, yes before no."""

    def __init__(self, least_leaf: int, least_gain: float) -> None:
        self.least_leaf, self.least_gain = least_leaf, least_gain
        self.roots: list[int] = []
        self.feature: list[int] = []
        self.value: list[int] = []
        self.skip: list[int] = []

    def plant(self, features: Bytes, answers: Bytes) -> None:
        """The tree of the next letter, from features (N, FEATURES) and answers (N,)."""
        self.roots.append(len(self.feature))
        self._grow(features, answers)

    def _grow(self, features: Bytes, answers: Bytes) -> None:
        node = len(self.feature)
        usual = int(np.bincount(answers, minlength=1).argmax())
        for column, entry in ((self.feature, LEAF), (self.value, usual), (self.skip, 0)):
            column.append(entry)
        question = self._question(features, answers)
        if question is None:
            return
        self.feature[node], self.value[node] = question
        yes = features[:, question[0]] == question[1]
        self._grow(features[yes], answers[yes])
        self.skip[node] = len(self.feature) - node - 1
        self._grow(features[~yes], answers[~yes])

    def _question(self, features: Bytes, answers: Bytes) -> tuple[int, int] | None:
        """The feature and value that tell most about the answers, if they tell enough."""
        classes, answer = np.unique(answers, return_inverse=True)
        if len(classes) < 2 or len(answers) < 2 * self.least_leaf:
            return None
        gains = [self._gain(features[:, column], answer, len(classes)) for column in range(FEATURES)]
        column = max(range(FEATURES), key=lambda column: gains[column][0])
        return (column, gains[column][1]) if gains[column][0] > self.least_gain else None

    def _gain(self, column: Bytes, answer: npt.NDArray[np.intp], classes: int) -> tuple[float, int]:
        """The nats that the best question about the column saves, and its value."""
        values = int(column.max()) + 1
        counts = np.bincount(column.astype(np.int64) * classes + answer, minlength=values * classes)
        table = counts.reshape(values, classes).astype(np.float64)
        size, total = table.sum(axis=1), table.sum(axis=0)
        allowed = (size >= self.least_leaf) & (size.sum() - size >= self.least_leaf)
        gains = np.where(allowed, _nats(total[None])[0] - _nats(table) - _nats(total - table), 0.0)
        best = int(gains.argmax())
        return float(gains[best]), best


def _nats(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The entropy of each row of counts, times how many it counts."""
    total = counts.sum(axis=-1)
    logs = np.log(np.maximum(counts, 1))
    return np.asarray(total * np.log(np.maximum(total, 1)) - (counts * logs).sum(axis=-1))


def _observations(aligned: dict[str, tuple[Sound, ...]], chunks: tuple[Sound, ...]) -> tuple[Bytes, Bytes, Bytes]:
    """What was seen at each letter (N, FEATURES), its chunk (N,) and the letter (N,)."""
    number = {chunk: place for place, chunk in enumerate(chunks)}
    seen: list[bytes] = []
    answers: list[int] = []
    places: list[int] = []
    for word, parts in aligned.items():
        letters = letters_of(word)
        known = [number[part] for part in parts]

        def note(place: int, features: list[int], letters: list[int] = letters, known: list[int] = known) -> int:
            seen.append(bytes(features))
            places.append(letters[place])
            answers.append(known[place])
            return known[place]

        read(letters, chunks, note)
    features = np.frombuffer(b"".join(seen), np.uint8).reshape(-1, FEATURES)
    return features, np.array(answers, np.uint8), np.array(places, np.uint8)


def _chances(pairs: list[Pair]) -> Chances:
    """How often each letter stands for each chunk, stress aside, in the best alignments that can be found."""
    chances: Chances = {}
    for _ in range(_ROUNDS):
        counts: Counter[tuple[str, Sound]] = Counter()
        for letters, sound in pairs:
            _, parts = _best_alignment(letters, stressed(sound), chances)
            counts.update(zip(letters, parts, strict=False))
        totals: Counter[str] = Counter()
        for (letter, _), count in counts.items():
            totals[letter] += count
        chances = {key: count / totals[key[0]] for key, count in counts.items()}
    return chances


def _best_alignment(letters: str, sound: Sound, chances: Chances) -> tuple[float, tuple[Sound, ...]]:
    """The likeliest chunks of the letters, which make up the sound, and the log of their chance; none if too long."""
    best: dict[int, tuple[float, tuple[Sound, ...]]] = {0: (0.0, ())}
    for letter in letters:
        row: dict[int, tuple[float, tuple[Sound, ...]]] = {}
        for start, (score, parts) in best.items():
            for size in _CHUNK_SIZES[: len(sound) - start + 1]:
                chunk = sound[start : start + size]
                chance = chances.get((letter, chunk), _UNSEEN) if chances else _AT_FIRST[size]
                end, new = start + size, score + math.log(chance)
                if end not in row or new > row[end][0]:
                    row[end] = (new, (*parts, chunk))
        best = row
    return best.get(len(sound), (-math.inf, ()))


def _aligned(pairs: Iterable[Pair], chances: Chances) -> Iterator[tuple[str, tuple[Sound, ...]]]:
    """The likeliest alignment of each word for which a good one exists."""
    for letters, sound in pairs:
        score, parts = _best_alignment(letters, stressed(sound), chances)
        if parts and score / len(letters) > _POOR:
            ends = list(accumulate(len(part) for part in parts))
            yield letters, tuple(sound[end - len(part) : end] for end, part in zip(ends, parts, strict=True))
