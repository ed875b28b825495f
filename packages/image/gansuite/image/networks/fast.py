"""`fast`: few works, little time. After Liu et al. 2021 ("FastGAN"), without a pretrained network or batch norm.

B batch, C channels, S side, Z latent. Its ideas, written from the paper:

- skip-layer excitation (section 3.1): coarse features choose channels of fine ones, so that gradients have a short way;
- a discriminator that must also redraw what it sees (section 3.2), the whole work small and a quarter of it larger:
  it cannot learn the works by heart and stay blind to what is in them.

What differs: redrawings are compared by L1 at several scales (the paper's perceptual distance needs a pretrained
network); norms are modulated group norms, which see one work at a time; the generator spends half its width on the
finest level, which costs most and decides least.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, leaky_relu, silu

from gansuite.image.networks import dcgan, parts
from gansuite.image.networks.parts import SLOPE, Size, UpConvolution, channels_of, initialise
from gansuite.image.resolution import stages

FAR = 2  # levels that a skip-layer excitation leaps over at least
REDRAWN = 4  # a redrawing has this many times the side of the features it is made from
RECONSTRUCTION = 1.0


class Excitation(nn.Module):
    """Skip-layer excitation: coarse (B, a, s, s), fine (B, b, S, S) -> the fine ones, each channel times 0 to 2."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.gather = nn.Conv2d(a, b, 4)
        self.choose = nn.Conv2d(b, b, 1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        gathered = silu(self.gather(adaptive_avg_pool2d(coarse, 4)))
        return fine * (2 * torch.sigmoid(self.choose(gathered)))


class Generator(dcgan.Generator):
    """A latent (B, Z) and labels (B,) to pictures (B, 3, S, S) in [-1, 1]."""

    def __init__(self, config: Size) -> None:
        super().__init__(config, finest=parts.half_width(config))
        leaps = zip(self.channels, self.channels[FAR:], strict=False)
        self.excitations = nn.ModuleList(Excitation(a, b) for a, b in leaps)
        self.excitations.apply(initialise)

    def decode(self, code: Tensor) -> Tensor:
        x = self.start(code).unflatten(1, (-1, self.base, self.base))
        x = leaky_relu(self.norms[0](x, code), SLOPE)
        levels = [x]
        for i, (norm, up) in enumerate(zip(self.norms[1:], self.ups, strict=True)):
            x = leaky_relu(norm(up(x), code), SLOPE)
            if i + 1 >= FAR:
                x = self.excitations[i + 1 - FAR](levels[i + 1 - FAR], x)
            levels.append(x)
        return torch.tanh(parts.unrounded(self.to_rgb(x)))


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
    """Pictures (B, 3, S, S) in [-1, 1] and labels (B,) to logits (B,), float32; in `study` it redraws real ones."""

    def __init__(self, config: Size) -> None:
        super().__init__()
        self.base, levels = stages(config.resolution)
        channels = channels_of(config, levels)
        self.start = nn.Conv2d(3, channels[0], 4, 2, 1)
        self.downs = nn.ModuleList(Down(a, b) for a, b in pairwise(channels))
        self.to_logit = nn.Linear(channels[-1] * self.base**2, 1)
        self.label_shift = parts.LabelShift(channels[-1] * self.base**2, len(config.labels))
        self.whole, self.part = (Redraw(channels[i], config.width) for i in (-2, -3))
        self.apply(initialise)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self._judged(self._levels(x)[-1], labels)

    def study(self, x: Tensor, labels: Tensor | None, u: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Logits (N,), and how far redrawings are from real works: of the whole, and of a quarter that `u` chooses."""
        levels, real = self._levels(x), x[: len(u)]
        whole = self.whole(levels[-2][: len(u)])
        part = self.part(quarter(levels[-3][: len(u)], u))
        loss = distance(whole, real) + distance(part, quarter(real, u))
        return self._judged(levels[-1], labels), {"reconstruction": RECONSTRUCTION * loss}

    def _levels(self, x: Tensor) -> list[Tensor]:
        levels = [leaky_relu(self.start(x), SLOPE)]
        for down in self.downs:
            levels.append(down(levels[-1]))
        return levels

    def _judged(self, x: Tensor, labels: Tensor | None) -> Tensor:
        features = x.flatten(1)
        logit: Tensor = self.to_logit(features).squeeze(1) + self.label_shift(features, labels)
        return parts.unrounded(logit)


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
