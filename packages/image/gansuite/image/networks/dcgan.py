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

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d, leaky_relu

from gansuite.core.errors import GansuiteError
from gansuite.image.resolution import stages

SLOPE = 0.2
GROUPS = 8
RGB_GAIN = 0.25  # the first pictures are grey, not saturated: tanh passes gradients from the start


@dataclass(frozen=True)
class DCGANConfig:
    """Sizes of a `dcgan`.

    Attributes:
        resolution: side of the pictures; base x 2^stages with a base of 4 to 7.
        width: channels at the finest level, a multiple of 8; they double level by level, up to eight times as many.
        latent: numbers in a latent.
    """

    resolution: int = 64
    width: int = 32
    latent: int = 128

    def __post_init__(self) -> None:
        if self.width < GROUPS or self.width % GROUPS:
            near = max(1, self.width // GROUPS) * GROUPS
            cause = f"The width is {self.width}, but must be a multiple of {GROUPS}."
            raise GansuiteError(cause, f"Use --width {near}.")

    def channels(self, levels: int) -> list[int]:
        """Channels of so many levels, finest first."""
        return [self.width * min(8, 1 << i) for i in range(levels)]


class UpConvolution(nn.Module):
    """Nearest-neighbour doubling and a 3x3 convolution at once: (B, a, S, S) -> (B, b, 2S, 2S).

    Doubling is a transposed convolution with a 2x2 kernel of ones. Composed with the 3x3 kernel it is one transposed
    convolution with a 4x4 kernel and stride 2: the same numbers from 4 products in place of 9.
    """

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(b, a, 3, 3))
        self.bias = nn.Parameter(torch.zeros(b))
        nn.init.kaiming_normal_(self.weight, a=SLOPE)

    def kernel(self) -> Tensor:
        """The composed kernel (a, b, 4, 4)."""
        b, a = self.weight.shape[:2]
        flipped = self.weight.flip(2, 3).reshape(b * a, 1, 3, 3)
        ones = torch.ones(1, 1, 2, 2, dtype=flipped.dtype, device=flipped.device)
        return conv_transpose2d(flipped, ones).view(b, a, 4, 4).transpose(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        return conv_transpose2d(x, self.kernel(), self.bias, stride=2, padding=1)


class ModulatedNorm(nn.Module):
    """Group norm, scaled by 1 + s(z) and shifted by t(z), both linear: (B, C, S, S), (B, Z) -> (B, C, S, S)."""

    def __init__(self, channels: int, latent: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels, affine=False)
        self.modulation = nn.Linear(latent, 2 * channels)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        scale, shift = self.modulation(z)[:, :, None, None].chunk(2, 1)
        return torch.addcmul(shift, self.norm(x), 1 + scale)


class Generator(nn.Module):
    """A latent (B, Z) to a picture (B, 3, resolution, resolution) in [-1, 1]."""

    def __init__(self, config: DCGANConfig) -> None:
        super().__init__()
        self.config = config
        self.base, levels = stages(config.resolution)
        channels = config.channels(levels + 1)[::-1]
        self.start = nn.Linear(config.latent, channels[0] * self.base**2)
        self.norms = nn.ModuleList(ModulatedNorm(c, config.latent) for c in channels)
        self.ups = nn.ModuleList(UpConvolution(a, b) for a, b in pairwise(channels))
        self.to_rgb = nn.Conv2d(channels[-1], 3, 3, padding=1)
        self.apply(initialise)
        with torch.no_grad():
            self.to_rgb.weight.mul_(RGB_GAIN)

    def forward(self, z: Tensor) -> Tensor:
        x = self.start(z).unflatten(1, (-1, self.base, self.base))
        x = leaky_relu(self.norms[0](x, z), SLOPE)
        for norm, up in zip(self.norms[1:], self.ups, strict=True):
            x = leaky_relu(norm(up(x), z), SLOPE)
        return torch.tanh(self.to_rgb(x).float())


class Discriminator(nn.Module):
    """A picture (B, 3, resolution, resolution) in [-1, 1] to a logit (B,), float32."""

    def __init__(self, config: DCGANConfig) -> None:
        super().__init__()
        base, levels = stages(config.resolution)
        channels = [3, *config.channels(levels)]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(channels))
        self.to_logit = nn.Linear(channels[-1] * base**2, 1)
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        for convolution in self.convolutions:
            x = leaky_relu(convolution(x), SLOPE)
        logit: Tensor = self.to_logit(x.flatten(1))
        return logit.float().squeeze(1)


def initialise(module: nn.Module) -> None:
    """He et al. 2015 for a leaky slope of 0.2; biases 0."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, a=SLOPE)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
