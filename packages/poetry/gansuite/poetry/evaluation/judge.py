"""The judge of relevance: which picture was this poem written for? It is never a reward.

It shares no network, no vocabulary and no seed with the poet, its encoder and its critics, and no poem either: they
learn from one half of the authors, it from the other (`halves`). Both learn from the same training pictures; what is
judged are held-out ones.

B a batch, N poems, M pictures, D numbers of an embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from gansuite.core.card import Card
from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import generator
from gansuite.poetry.dataset import Verse
from gansuite.poetry.evaluation.halves import JUDGE, half_of
from gansuite.poetry.evaluation.learning import Report, learned, opened, saved
from gansuite.poetry.evaluation.networks import SIDE, Matcher
from gansuite.poetry.evaluation.reading import PAD, read_words
from gansuite.poetry.evaluation.retrieval import Recall, recall
from gansuite.poetry.pairs import Pairs, Pictures
from gansuite.poetry.pictures import to_input

NAME = "relevance-judge"
STEPS, BATCH = 1800, 128
CHUNK = 512
WORDS_HIDDEN = 0.2  # of a poem while it learns, so that it does not live by one word
CROP = 56  # of 64 pixels
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Judge:
    """A trained judge."""

    network: Matcher

    @staticmethod
    def train(
        pictures: Pictures, verse: Verse, seed: int = 0, steps: int = STEPS, report: Report | None = None
    ) -> Judge:
        """Learn from the training pairs whose poems are of the judges' half.

        Pictures and poems of a batch are to find each other (symmetric InfoNCE; Radford et al. 2021, arXiv 2103.00020,
        figure 3). Those of the same label count as found too, all alike: a weak pair says no more than its label. By
        the same loss pictures are to find pictures, and poems poems, of their label (Khosla et al. 2020, arXiv
        2004.11362, equation 2).

        Args:
            pictures: M pictures.
            verse: poems and the pairs with these pictures.
            seed: of weights, order and augmentation.
            steps: of 128 pairs.
            report: called with (step, loss) now and then.

        Raises:
            GansuiteError: fewer than two pairs are left.
        """
        pairs = judged_pairs(verse)
        if len(pairs) < 2:
            raise GansuiteError(
                f"A judge of relevance has {len(pairs)} pairs of pictures and poems to learn from.",
                "Give more pictures and poems, of several authors: half of the authors are the judge's.",
            )
        deck = _Deck(pictures, verse, pairs, seed)
        return Judge(learned(_network, deck.loss, "judge", seed, steps, report))

    def embed_pictures(self, thumbnails: npt.NDArray[np.uint8]) -> Floats:
        """Directions (M, D) of pictures (M, 64, 64, 3)."""
        return _in_chunks(lambda part: self.network.pictures(_shrunk(to_input(part))), thumbnails)

    def embed_poems(self, poems: Sequence[str]) -> Floats:
        """Directions (N, D) of poems."""
        return _in_chunks(lambda part: self.network.poems(torch.from_numpy(part)), read_words(poems))

    def retrieval(
        self, poems: Sequence[str], thumbnails: npt.NDArray[np.uint8], labels: Sequence[str], seed: int = 0
    ) -> Recall:
        """How well poems are matched to the pictures that they were written for.

        Args:
            poems: N poems; several for one picture are judged by `recall` with a place for each.
            thumbnails: (N, 64, 64, 3), the picture of each poem.
            labels: what each picture shows; "" is like no other.
            seed: of the intervals.
        """
        return recall(self.embed_poems(poems) @ self.embed_pictures(thumbnails).T, labels, seed=seed)

    def save(self, folder: Path, card: Card | str, training: Mapping[str, Any] | None = None) -> Path:
        """Write it as a model folder."""
        return saved(folder, NAME, self.network, card, training)

    @staticmethod
    def open(folder: Path) -> Judge:
        """The judge in a model folder.

        Raises:
            GansuiteError: it holds no judge of relevance, or a damaged one.
        """
        return Judge(opened(folder, NAME, _network))


def judged_pairs(verse: Verse) -> Pairs:
    """The training pairs that a judge learns from."""
    pairs = verse.match.train
    return pairs.where(half_of(verse.corpus)[pairs.poem] == JUDGE)


class _Deck:
    """What a batch is drawn from: pictures, all alike, each with one of its poems."""

    def __init__(self, pictures: Pictures, verse: Verse, pairs: Pairs, seed: int) -> None:
        self.thumbnails, self.seed = pictures.thumbnails, seed
        self.pictures, self.first, self.many = np.unique(pairs.picture, return_index=True, return_counts=True)
        rows, self.row = np.unique(pairs.poem, return_inverse=True)
        self.words = read_words(verse.corpus.poems.take(rows))
        names = [verse.match.labels[picture] or f"\n{picture}" for picture in self.pictures]
        self.label = np.unique(names, return_inverse=True)[1]

    def loss(self, network: Matcher, step: int) -> Tensor:
        """How far the pictures and poems of a step are from finding each other."""
        pictures, words, labels = self.deal(step)
        seen, read = network.pictures(pictures), network.poems(words)
        sharpness, alike = network.sharpness.clamp(max=4.6).exp(), labels[:, None] == labels
        others = alike.logical_and(~torch.eye(len(labels), dtype=torch.bool))
        across = seen @ read.T * sharpness
        among = [_missed(part @ part.T * sharpness, others, themselves=False) for part in (seen, read)]
        return (_missed(across, alike) + _missed(across.T, alike) + sum(among)) / 4

    def deal(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (B, 3, 48, 48), words (B, L) and labels (B,)."""
        source = generator(self.seed, "judge/batch", step)
        size = min(BATCH, len(self.pictures))
        chosen = torch.randperm(len(self.pictures), generator=source)[:size].numpy()
        place = (torch.rand(size, generator=source).numpy() * self.many[chosen]).astype(np.int64)
        words = self.words[self.row[self.first[chosen] + place]]
        words = torch.from_numpy(words[:, : int((words != PAD).sum(1).max())])
        words = words.masked_fill(torch.rand(words.shape, generator=source) < WORDS_HIDDEN, PAD)
        pictures = _varied(to_input(self.thumbnails[self.pictures[chosen]]), source)
        return pictures, words, torch.from_numpy(self.label[chosen])


def _missed(logits: Tensor, alike: Tensor, themselves: bool = True) -> Tensor:
    """Cross entropy of who is found by likeness (B, B) against all that are alike, as one; rows without any count 0."""
    if not themselves:
        logits = logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -1e4)
    wanted = alike.float() / alike.sum(1, keepdim=True).clamp(min=1)
    return functional.cross_entropy(logits, wanted)


def _network() -> Matcher:
    return Matcher().to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _varied(pictures: Tensor, source: torch.Generator) -> Tensor:
    """Mirrored, cut and lit by chance, and as small as the network takes them."""
    top, left = torch.randint(0, pictures.shape[2] - CROP + 1, (2,), generator=source).tolist()
    cut = pictures[:, :, top : top + CROP, left : left + CROP]
    mirrored = torch.rand(len(cut), 1, 1, 1, generator=source) < 0.5
    light = 1 + 0.3 * (torch.rand(len(cut), 1, 1, 1, generator=source) - 0.5)
    return _shrunk(torch.where(mirrored, cut.flip(3), cut) * light)


def _shrunk(pictures: Tensor) -> Tensor:
    return functional.interpolate(pictures, size=(SIDE, SIDE), mode="area")


def _in_chunks(embed: Callable[[Any], Tensor], rows: npt.NDArray[Any]) -> Floats:
    with torch.inference_mode():
        parts = [embed(rows[start : start + CHUNK]).numpy() for start in range(0, len(rows), CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
