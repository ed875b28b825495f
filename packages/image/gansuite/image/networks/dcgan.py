"""`dcgan`: the topology of Radford et al. 2015, sized by the resolution, with what was learnt since.

B batch, C channels, S side, Z latent. Differences from the paper, each for a reason:

- every upsampling is a nearest-neighbour doubling and a 3x3 convolution (no checkerboard: Odena et al. 2016), done in
  one transposed convolution;
- group norm scaled and shifted by the latent (Wu and He 2018; Chen et al. 2019) in the generator and no norm in the
  discriminator, in place of batch norm: a sample depends on no other sample, so N processes compute what one would,
  and averaged weights fit;
- He initialisation; logits out.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gansuite.image.networks import parts
from gansuite.image.networks.parts import SLOPE, ModulatedNorm, Size, UpConvolution, channels_of, initialise
from gansuite.image.resolution import stages

RGB_GAIN = 0.25  # the first pictures are grey, not saturated: tanh passes gradients from the start


class Generator(parts.Generator):
    """A latent (B, Z) to a picture (B, 3, resolution, resolution) in [-1, 1]."""

    def __init__(self, config: Size) -> None:
        super().__init__()
        self.config = config
        self.base, levels = stages(config.resolution)
        channels = channels_of(config, levels + 1)[::-1]
        self.labelled = parts.LabelledLatent(config)
        latent = self.labelled.size
        self.start = nn.Linear(latent, channels[0] * self.base**2)
        self.norms = nn.ModuleList(ModulatedNorm(c, latent) for c in channels)
        self.ups = nn.ModuleList(UpConvolution(a, b) for a, b in pairwise(channels))
        self.to_rgb = nn.Conv2d(channels[-1], 3, 3, padding=1)
        self.apply(initialise)
        with torch.no_grad():
            self.to_rgb.weight.mul_(RGB_GAIN)

    def decode(self, code: Tensor) -> Tensor:
        x = self.start(code).unflatten(1, (-1, self.base, self.base))
        x = leaky_relu(self.norms[0](x, code), SLOPE)
        for norm, up in zip(self.norms[1:], self.ups, strict=True):
            x = leaky_relu(norm(up(x), code), SLOPE)
        return torch.tanh(parts.unrounded(self.to_rgb(x)))


class Discriminator(parts.Discriminator):
    """A picture (B, 3, resolution, resolution) in [-1, 1] to a logit (B,), float32."""

    def __init__(self, config: Size) -> None:
        super().__init__()
        base, levels = stages(config.resolution)
        channels = [3, *channels_of(config, levels)]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(channels))
        self.to_logit = nn.Linear(channels[-1] * base**2, 1)
        self.label_shift = parts.LabelShift(channels[-1] * base**2, len(config.labels))
        self.apply(initialise)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        for convolution in self.convolutions:
            x = leaky_relu(convolution(x), SLOPE)
        features = x.flatten(1)
        logit: Tensor = self.to_logit(features).squeeze(1) + self.label_shift(features, labels)
        return parts.unrounded(logit)
