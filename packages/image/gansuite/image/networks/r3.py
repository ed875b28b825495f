"""`r3`: plain residual networks held by RpGAN with R1 and R2, after Huang et al. 2024 ("R3GAN").

B batch, C channels, S side, s base side, L residual blocks of a network. Written from the paper's formulas (sections 3
and 4, appendix A): a picture begins as a learned basis, weighted by the latent; every level resamples bilinearly and
refines in residual blocks, a bottleneck turned inside out whose 3x3 convolution is grouped; nothing is normalised, so
the initialisation must hold the scale (Zhang et al. 2019, "Fixup"). The discriminator is the mirror.

What differs: the generator ends in tanh. The paper's does not, and is clamped when it is shown: its discriminator then
judges, and R2 penalises, colours that nobody ever sees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu

from gansuite.image.networks import parts
from gansuite.image.networks.parts import SLOPE, Size, channels_of
from gansuite.image.resolution import stages

GAIN = math.sqrt(2 / (1 + SLOPE**2))  # of a leaky ReLU: He et al. 2015, eq. 15
RGB_GAIN = 0.25  # the first pictures are grey, not saturated: tanh passes gradients from the start
EXPANSION = 2  # channels inside a block per channel outside
GROUP = 8  # channels that a grouped convolution mixes; the paper's 16 cost a CPU 7 % more
DEEP = 64  # the width from which a level has the paper's two blocks, and below which one: two halve the speed


def blocks_of(config: Size) -> int:
    """Residual blocks of a level."""
    return 2 if config.width >= DEEP else 1


def scaled(module: nn.Conv2d | nn.Linear, gain: float = 1.0) -> None:
    """Weights N(0, gain / sqrt(fan_in)), biases 0."""
    fan_in = module.weight[0].numel()
    nn.init.normal_(module.weight, std=gain / math.sqrt(fan_in))
    if module.bias is not None:
        nn.init.zeros_(module.bias)


class Block(nn.Module):
    """x + W3 a(W2 a(W1 x + b1) + b2), where a is a leaky ReLU: (B, C, S, S) -> the same; it begins as the identity.

    Args:
        channels: C, a multiple of 8.
        count: L, by which the scale of each branch shrinks: L^(-1/4) for its two weights that are not 0.
    """

    def __init__(self, channels: int, count: int) -> None:
        super().__init__()
        inside = EXPANSION * channels
        self.expand = nn.Conv2d(channels, inside, 1)
        self.mix = nn.Conv2d(inside, inside, 3, padding=1, groups=inside // GROUP)
        self.contract = nn.Conv2d(inside, channels, 1, bias=False)
        for convolution in (self.expand, self.mix):
            scaled(convolution, GAIN * count**-0.25)
        nn.init.zeros_(self.contract.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = leaky_relu(self.expand(x), SLOPE, inplace=True)
        y = leaky_relu(self.mix(y), SLOPE, inplace=True)
        change: Tensor = self.contract(y)
        return x + change


def residual_levels(config: Size, channels: Sequence[int]) -> nn.ModuleList:
    """The blocks of each level, of so many channels: (B, C, S, S) -> the same."""
    each = blocks_of(config)
    count = each * len(channels)
    return nn.ModuleList(nn.Sequential(*(Block(c, count) for _ in range(each))) for c in channels)


class Up(nn.Module):
    """A 1x1 convolution, then twice the side, bilinear: (B, a, S, S) -> (B, b, 2S, 2S)."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.turn = nn.Conv2d(a, b, 1, bias=False)
        scaled(self.turn)

    def forward(self, x: Tensor) -> Tensor:
        return interpolate(self.turn(x), scale_factor=2, mode="bilinear", align_corners=False)


class Down(nn.Module):
    """Half the side, [1, 2, 1] / 4 both ways, and a 1x1 convolution: (B, a, S, S) -> (B, b, S/2, S/2).

    Two means of two, one after the other: a CPU is slow at convolutions that see each channel alone.
    """

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.turn = nn.Conv2d(a, b, 1, bias=False)
        scaled(self.turn)

    def forward(self, x: Tensor) -> Tensor:
        halved = avg_pool2d(avg_pool2d(x, 2, stride=1, padding=1), 2)
        turned: Tensor = self.turn(halved)
        return turned


class Generator(parts.Generator):
    """A latent (B, Z) and labels (B,) to pictures (B, 3, S, S) in [-1, 1]."""

    def __init__(self, config: Size) -> None:
        super().__init__()
        self.config = config
        base, levels = stages(config.resolution)
        channels = channels_of(config, levels + 1)[::-1]
        self.labelled = parts.LabelledLatent(config)
        self.weigh = nn.Linear(self.labelled.size, channels[0], bias=False)
        self.basis = nn.Parameter(torch.randn(channels[0], base, base))
        self.levels = residual_levels(config, channels)
        self.ups = nn.ModuleList(Up(a, b) for a, b in pairwise(channels))
        self.to_rgb = nn.Conv2d(channels[-1], 3, 1)
        scaled(self.weigh)
        scaled(self.to_rgb, RGB_GAIN)

    def decode(self, code: Tensor) -> Tensor:
        x = self.levels[0](self.weigh(code)[:, :, None, None] * self.basis)
        for up, level in zip(self.ups, self.levels[1:], strict=True):
            x = level(up(x))
        return torch.tanh(parts.unrounded(self.to_rgb(x)))


class Discriminator(parts.Discriminator):
    """Pictures (B, 3, S, S) in [-1, 1] and labels (B,) to logits (B,), float32."""

    def __init__(self, config: Size) -> None:
        super().__init__()
        base, levels = stages(config.resolution)
        channels = channels_of(config, levels + 1)
        self.from_rgb = nn.Conv2d(3, channels[0], 1)
        self.levels = residual_levels(config, channels)
        self.downs = nn.ModuleList(Down(a, b) for a, b in pairwise(channels))
        self.basis = nn.Parameter(torch.randn(channels[-1], base, base) / base)
        self.to_logit = nn.Linear(channels[-1], 1)
        self.label_shift = parts.LabelShift(channels[-1], len(config.labels))
        scaled(self.from_rgb)
        scaled(self.to_logit)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.levels[0](self.from_rgb(x))
        for down, level in zip(self.downs, self.levels[1:], strict=True):
            x = level(down(x))
        features = (x * self.basis).sum((2, 3))
        logit: Tensor = self.to_logit(features).squeeze(1) + self.label_shift(features, labels)
        return parts.unrounded(logit)
