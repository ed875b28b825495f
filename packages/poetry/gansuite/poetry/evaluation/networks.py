"""The networks of the judges: small and plain, and unlike those that they judge.

B pictures or poems, L words, D numbers of an embedding, E of a word.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from gansuite.poetry.evaluation.reading import BUCKETS, PAD

SIDE = 48
SIZE = 64  # D
WORD = 64  # E
_CHANNELS = (3, 24, 48, 96, 128)


class PictureTower(nn.Module):
    """Pictures (B, 3, 48, 48) in [-1, 1] to directions (B, D): four plain convolutions, no residuals."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise(_CHANNELS):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(0.2)
        self.out = nn.Linear(_CHANNELS[-1] * 9, SIZE)

    def forward(self, pictures: Tensor) -> Tensor:
        return functional.normalize(self.out(self.dropout(self.features(pictures).flatten(1))), dim=1)


class Reader(nn.Module):
    """Words (B, L) to features (B, `size`): a weighted bag of words beside convolutions over runs of words."""

    def __init__(self, widths: tuple[int, ...], channels: int) -> None:
        super().__init__()
        self.size = WORD + channels * len(widths)
        self.words = nn.Embedding(BUCKETS, WORD, padding_idx=PAD)
        self.weight = nn.Linear(WORD, 1)
        self.runs = nn.ModuleList(nn.Conv1d(WORD, channels, width, padding=width // 2) for width in widths)
        nn.init.normal_(self.words.weight, std=0.3)
        self.words.weight.data[PAD] = 0  # as what a convolution sees beyond the last word

    def forward(self, words: Tensor) -> Tensor:
        missing = words == PAD
        read = self.words(words)
        weight = self.weight(read)[..., 0].masked_fill(missing, -1e4).softmax(1)
        bag = (weight[..., None] * read).sum(1)
        runs = [
            functional.relu(run(read.transpose(1, 2)))[..., : words.shape[1]].masked_fill(missing[:, None], 0).amax(2)
            for run in self.runs
        ]
        return torch.cat([bag, *runs], 1)


class PoemTower(nn.Module):
    """Words (B, L) to directions (B, D)."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = Reader((3,), 64)
        self.dropout = nn.Dropout(0.3)
        self.out = nn.Linear(self.reader.size, SIZE)

    def forward(self, words: Tensor) -> Tensor:
        return functional.normalize(self.out(self.dropout(self.reader(words))), dim=1)


class Matcher(nn.Module):
    """Both towers, and how sharply likeness is told from chance (a temperature, as its inverse's logarithm)."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures, self.poems = PictureTower(), PoemTower()
        self.sharpness = nn.Parameter(torch.tensor(2.7))


class Style(nn.Module):
    """Words (B, L) to the log odds that a person wrote them as a poem, (B,)."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = Reader((2, 3, 5), 64)
        self.dropout = nn.Dropout(0.3)
        self.out = nn.Sequential(nn.Linear(self.reader.size, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, words: Tensor) -> Tensor:
        logits: Tensor = self.out(self.dropout(self.reader(words)))[:, 0]
        return logits
