"""The encoder: a small residual network that says what a picture shows, how it feels and what its colours are.

B pictures, F features, C labels. Group norm (Wu and He 2018) in place of batch norm: what is seen in one picture
depends on no other. Residual blocks as in He et al. 2016 (arXiv 1603.05027), norm and rectifier before convolution.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, relu

from gansuite.core.errors import GansuiteError
from gansuite.poetry.controls import MOODS
from gansuite.poetry.palette import PALETTE, palettes, standardised

GROUP = 16  # channels that are normalised together
LOG_SCALE = 4.0  # log-probabilities of a code are divided by it


@dataclass(frozen=True)
class EncoderConfig:
    """What an encoder tells apart, and its size.

    Attributes:
        scenes: labels of places and weather: of the picture as a whole.
        objects: labels of things.
        widths: channels at 32, 16, 8 and 4 pixels a side, multiples of 16.
        depths: residual blocks at each of them; none only at the first.
        dropout: share of the features that are left out in training.
    """

    scenes: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    widths: tuple[int, ...] = (32, 64, 128, 192)
    depths: tuple[int, ...] = (0, 1, 2, 1)
    dropout: float = 0.0

    def __post_init__(self) -> None:
        wrong = any(width < GROUP or width % GROUP for width in self.widths) or min(self.depths[1:], default=1) < 1
        if wrong or len(self.widths) != len(self.depths):
            raise GansuiteError(
                f"The widths are {self.widths} for depths {self.depths}, but must be as many multiples of {GROUP}, and "
                "only the first depth may be 0.",
                "Use widths (32, 64, 128, 192) and depths (0, 1, 2, 1).",
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, scenes first, in the order of their logits."""
        return (*self.scenes, *self.objects)


class Seen(NamedTuple):
    """What an encoder sees in B pictures.

    Attributes:
        features: (B, F).
        labels: logits (B, C) of scenes and objects together; their softmax is the distribution over all labels.
        mood: logits (B, 6), in the order of `controls.MOODS`.
        palette: (B, 4) in 0..1, in the order of `palette.PALETTE`.
    """

    features: Tensor
    labels: Tensor
    mood: Tensor
    palette: Tensor


def code_of(seen: Seen) -> Tensor:
    """All that others see of B pictures, (B, F + C + 6 + 4).

    Features with mean 0 and deviation 1, log-probabilities of labels and of moods divided by 4, and the palette in
    standard deviations from a usual one.
    """
    chances = [logits.float().log_softmax(1) / LOG_SCALE for logits in (seen.labels, seen.mood)]
    features = layer_norm(seen.features.float(), seen.features.shape[1:])
    return torch.cat([features, *chances, standardised(seen.palette)], 1)


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut: (B, a, S, S) -> (B, b, S / stride, S / stride)."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.norm1, self.norm2 = _norm(inside), _norm(outside)
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.short = nn.Conv2d(inside, outside, 1, bias=False) if inside != outside else nn.Identity()
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Both ways, summed."""
        deep = self.conv2(relu(self.norm2(self.conv1(relu(self.norm1(x))))))
        out: Tensor = self.short(self.pool(x)) + deep
        return out


class Encoder(nn.Module):
    """Pictures (B, 3, 64, 64) in [-1, 1] to what is seen in them.

    Args:
        config: labels and size.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Conv2d(3, config.widths[0], 5, 2, 2, bias=False)
        self.blocks = nn.Sequential(*_blocks(config))
        width = config.widths[-1]
        self.norm = _norm(width)
        self.dropout = nn.Dropout(config.dropout)
        self.scene, self.object = _head(width, config.scenes), _head(width, config.objects)
        self.mood = nn.Linear(width + len(PALETTE), len(MOODS))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it tells apart."""
        return self.config.labels

    @property
    def code_size(self) -> int:
        """Numbers in a picture's code."""
        return self.norm.num_channels + len(self.labels) + len(MOODS) + len(PALETTE)

    def forward(self, pictures: Tensor) -> Seen:
        """(B, 3, 64, 64) in [-1, 1] to what is seen."""
        x = self.stem(pictures.contiguous(memory_format=torch.channels_last))
        features = self.dropout(relu(self.norm(self.blocks(x))).mean((2, 3)))
        palette = palettes(pictures)
        labels = torch.cat([self.scene(features), self.object(features)], 1)
        return Seen(features, labels, self.mood(torch.cat([features, standardised(palette)], 1)), palette)

    def code(self, pictures: Tensor) -> Tensor:
        """All that others see of pictures: (B, 3, 64, 64) -> (B, code_size); see `code_of`."""
        return code_of(self(pictures))


def describe(encoder: Encoder) -> dict[str, Any]:
    """From which the same network is built."""
    return {"encoder": asdict(encoder.config)}


def build(spec: Mapping[str, Any]) -> Encoder:
    """The network of a description."""
    told = dict(spec["encoder"])
    told |= {name: tuple(told[name]) for name in ("scenes", "objects", "widths", "depths")}
    return Encoder(EncoderConfig(**told))


def _blocks(config: EncoderConfig) -> list[Block]:
    blocks: list[Block] = []
    inside = config.widths[0]
    for level, (width, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
        for number in range(depth):
            blocks.append(Block(inside, width, 2 if level and not number else 1))
            inside = width
    return blocks


def _head(width: int, labels: tuple[str, ...]) -> nn.Linear:
    """Logits of labels, of which there may be none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch murmurs where there are none
        return nn.Linear(width, len(labels))


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(channels // GROUP, channels)
