"""`fast`: few works, little time. After Liu et al. 2021 ("FastGAN"), without a pretrained network or batch norm.

B batch, C channels, S side, Z latent, P places that a discriminator judges. Its ideas, written from the papers:

- skip-layer excitation (section 3.1): coarse features choose channels of fine ones, so that gradients have a short way;
- a discriminator that must also redraw what it sees (section 3.2), the whole work small and a quarter of it larger:
  it cannot learn the works by heart and stay blind to what is in them;
- modulated convolutions and noise in the coarse levels (Karras et al. 2020), which soon lay out a picture, and
  modulated norms without noise in the two finest, which make strokes of small differences where noise leaves dots;
- places of a work judged beside the whole (Isola et al. 2017, section 3.2.2): many lessons from each of few works.

What differs: redrawings are compared by L1 at several scales (the paper's perceptual distance needs a pretrained
network); norms are modulated group norms, which see one work at a time; the generator has half the channels of the
discriminator, for most of a step goes into it, and it learns no less with half as many.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, leaky_relu, silu

from gansuite.image.networks import parts
from gansuite.image.networks.parts import (
    SLOPE,
    ModulatedLayer,
    ModulatedNorm,
    Size,
    UpConvolution,
    channels_of,
    initialise,
)
from gansuite.image.resolution import stages

FINE = 2  # levels, the finest, with a norm and without noise
FAR = 2  # levels that a skip-layer excitation leaps over at least
REDRAWN = 4  # a redrawing has this many times the side of the features it is made from
RECONSTRUCTION = 1.0
NOISE = 0.2  # its strength at first, beside features of a variance of about 1
RGB_GAIN = 0.25  # the first pictures are grey, not saturated: tanh passes gradients from the start


class Excitation(nn.Module):
    """Skip-layer excitation: coarse (B, a, s, s), fine (B, b, S, S) -> the fine ones, each channel times 0 to 2."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.gather = nn.Conv2d(a, b, 4)
        self.choose = nn.Conv2d(b, b, 1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        gathered = silu(self.gather(adaptive_avg_pool2d(coarse, 4)))
        return fine * (2 * torch.sigmoid(self.choose(gathered)))


class FineLayer(nn.Module):
    """Twice the side, a norm that a code modulates, a leaky rectifier: (B, a, S, S) -> (B, b, 2S, 2S).

    Args:
        a, b: channels in and out.
        code: numbers in a code.
    """

    def __init__(self, a: int, b: int, code: int) -> None:
        super().__init__()
        self.up = UpConvolution(a, b)
        self.norm = ModulatedNorm(b, code)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """x (B, a, S, S), code (B, K)."""
        x = self.up(x)
        x = self.norm(parts.unrounded(x), code).to(x.dtype)  # of few channels, a CPU is slow in bf16
        return leaky_relu(x, SLOPE)


class Generator(parts.NoisyGenerator):
    """A latent (B, Z) and labels (B,) to pictures (B, 3, S, S) in [-1, 1]."""

    def __init__(self, config: Size) -> None:
        super().__init__()
        self.config = config
        self.base, levels = stages(config.resolution)
        half = replace(config, width=parts.half_width(config))
        channels = channels_of(half, levels + 1)[::-1]
        self.labelled = parts.LabelledLatent(config)
        size = self.labelled.size
        self.start = nn.Linear(size, channels[0] * self.base**2)
        pairs = list(pairwise(channels))
        self.coarse = nn.ModuleList(ModulatedLayer(a, b, size, True, NOISE) for a, b in pairs[:-FINE])
        self.fine = nn.ModuleList(FineLayer(a, b, size) for a, b in pairs[-FINE:])
        leaps = zip(channels, channels[FAR:], strict=False)
        self.excitations = nn.ModuleList(Excitation(a, b) for a, b in leaps)
        self.to_rgb = nn.Conv2d(channels[-1], 3, 3, padding=1)
        self.keep_noise([self.base << level for level in range(1, levels + 1 - FINE)])
        self.apply(initialise)
        with torch.no_grad():
            self.to_rgb.weight.mul_(RGB_GAIN)

    def drawn(self, code: Tensor, noise: Tensor) -> Tensor:
        levels = [leaky_relu(self.start(code).unflatten(1, (-1, self.base, self.base)), SLOPE)]
        for layer, square in zip(self.coarse, self.squares(noise), strict=True):
            levels.append(self._excited(levels, layer(levels[-1], code, square)))
        for layer in self.fine:
            levels.append(self._excited(levels, layer(levels[-1], code)))
        return torch.tanh(parts.unrounded(self.to_rgb(levels[-1])))

    def _excited(self, levels: list[Tensor], x: Tensor) -> Tensor:
        """The features x of the level after `levels`, channels chosen by a level far below, where there is one."""
        excitation = len(levels) - FAR
        return x if excitation < 0 else self.excitations[excitation](levels[excitation], x)


class Down(nn.Module):
    """Half the side: (B, a, S, S) -> (B, b, S/2, S/2), two ways added."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.halve, self.see = nn.Conv2d(a, b, 4, 2, 1), nn.Conv2d(b, b, 3, 1, 1)
        self.skip = nn.Conv2d(a, b, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = leaky_relu(self.see(leaky_relu(self.halve(x), SLOPE)), SLOPE)
        both: Tensor = (y + self.skip(avg_pool2d(x, 2))) * math.sqrt(0.5)
        return both


class Redraw(nn.Module):
    """Features (B, C, s, s) to a picture (B, 3, 4s, 4s) in [-1, 1]."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.ups = nn.ModuleList([UpConvolution(channels, 2 * width), UpConvolution(2 * width, width)])
        self.to_rgb = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        for up in self.ups:
            x = leaky_relu(up(x), SLOPE)
        return torch.tanh(parts.unrounded(self.to_rgb(x)))


class Discriminator(parts.Discriminator):
    """Pictures (B, 3, S, S) in [-1, 1] and labels (B,) to logits (B, 2 P), float32; in `study` it redraws real ones.

    The first P are all of the whole, so that it weighs as much as its P places.
    """

    def __init__(self, config: Size) -> None:
        super().__init__()
        self.base, levels = stages(config.resolution)
        channels = channels_of(config, levels)
        self.start = nn.Conv2d(3, channels[0], 4, 2, 1)
        self.downs = nn.ModuleList(Down(a, b) for a, b in pairwise(channels))
        self.to_logit = nn.Linear(channels[-1] * self.base**2, 1)
        self.to_places = nn.Conv2d(channels[-2], 1, 1)
        self.label_shift = parts.LabelShift(channels[-1] * self.base**2, len(config.labels))
        self.whole, self.part = (Redraw(channels[i], parts.half_width(config)) for i in (-2, -3))
        self.apply(initialise)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self._judged(self._levels(x), labels)

    def study(self, x: Tensor, labels: Tensor | None, u: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Logits (N, 2 P), and how far the redrawn whole and quarter, which `u` chooses, are from the real works."""
        levels, real = self._levels(x), x[: len(u)]
        whole = self.whole(levels[-2][: len(u)])
        part = self.part(quarter(levels[-3][: len(u)], u))
        loss = distance(whole, real) + distance(part, quarter(real, u))
        return self._judged(levels, labels), {"reconstruction": RECONSTRUCTION * loss}

    def _levels(self, x: Tensor) -> list[Tensor]:
        levels = [leaky_relu(self.start(x), SLOPE)]
        for down in self.downs:
            levels.append(down(levels[-1]))
        return levels

    def _judged(self, levels: list[Tensor], labels: Tensor | None) -> Tensor:
        features = levels[-1].flatten(1)
        whole = self.to_logit(features).squeeze(1) + self.label_shift(features, labels)
        places = self.to_places(levels[-2]).flatten(1)
        return parts.unrounded(torch.cat([whole[:, None].expand_as(places), places], 1))


def quarter(x: Tensor, u: Tensor) -> Tensor:
    """One of the four quarters of each: (B, C, S, S), u (B,) in [0, 1) -> (B, C, S/2, S/2)."""
    half = x.shape[-1] // 2
    tiles = torch.stack([x[..., i : i + half, j : j + half] for i in (0, half) for j in (0, half)], 1)
    chosen: Tensor = tiles[torch.arange(len(x), device=x.device), (u * 4).long()]
    return chosen


def distance(drawn: Tensor, real: Tensor) -> Tensor:
    """Mean L1 of a drawing (B, 3, s, s) to a work (B, 3, S, S) made as small, and of both at a half and a quarter."""
    real = adaptive_avg_pool2d(real, drawn.shape[-1])
    total = (drawn - real).abs().mean()
    for factor in (2, 4):
        total = total + (avg_pool2d(drawn, factor) - avg_pool2d(real, factor)).abs().mean()
    return total / 3
