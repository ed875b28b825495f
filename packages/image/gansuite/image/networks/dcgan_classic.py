"""`dcgan-classic`: Radford et al. 2015 to the letter, kept as the control.

Transposed convolutions of kernel 4, batch norm everywhere but in the generator's last and the discriminator's first
layer, ReLU and tanh, leaky ReLU of 0.2, N(0, 0.02) weights. The sigmoid is in the loss (on logits).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from gansuite.core.errors import GansuiteError
from gansuite.image.networks import parts
from gansuite.image.resolution import stages


@dataclass(frozen=True)
class ClassicConfig(parts.Size):
    """Sizes of a `dcgan-classic`: at 64 px, width 64 and latent 100 it is the published network.

    Attributes:
        resolution: side of the pictures; base x 2^stages with a base of 4 to 7.
        width: channels at half resolution (ngf and ndf); they double at every halving.
        latent: numbers in a latent.
        labels, shares: see `parts.Size`.
    """

    resolution: int = 64
    width: int = 64
    latent: int = 100

    def __post_init__(self) -> None:
        if self.width < 1:
            raise GansuiteError(f"The width is {self.width}, but must be at least 1.", "Use --width 64.")

    def channels(self) -> list[int]:
        """Channels from half resolution down to the base: as many numbers as stages."""
        _, levels = stages(self.resolution)
        return [self.width * min(16, 1 << i) for i in range(levels)]


class Generator(parts.Generator):
    """A latent (B, latent) to a picture (B, 3, resolution, resolution) in [-1, 1]."""

    def __init__(self, config: ClassicConfig) -> None:
        super().__init__()
        self.config = config
        base, _ = stages(config.resolution)
        channels = config.channels()[::-1]
        self.labelled = parts.LabelledLatent(config)
        layers: list[nn.Module] = [nn.ConvTranspose2d(self.labelled.size, channels[0], base, bias=False)]
        for a, b in pairwise(channels):
            layers += [nn.BatchNorm2d(a), nn.ReLU(), nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False)]
        layers += [nn.BatchNorm2d(channels[-1]), nn.ReLU()]
        layers += [nn.ConvTranspose2d(channels[-1], 3, 4, 2, 1, bias=False)]
        self.layers = nn.Sequential(*layers)
        self.apply(initialise)

    def decode(self, code: Tensor) -> Tensor:
        return torch.tanh(parts.unrounded(self.layers(code[:, :, None, None])))


class Discriminator(parts.Discriminator):
    """A picture (B, 3, resolution, resolution) in [-1, 1] to a logit (B,), float32."""

    def __init__(self, config: ClassicConfig) -> None:
        super().__init__()
        base, _ = stages(config.resolution)
        channels = config.channels()
        layers: list[nn.Module] = [nn.Conv2d(3, channels[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for a, b in pairwise(channels):
            layers += [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(channels[-1], 1, base, bias=False)]
        self.layers = nn.Sequential(*layers)
        self.label_shift = parts.LabelShift(channels[-1] * base**2, len(config.labels))
        self.apply(initialise)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.layers[:-1](x)
        logit: Tensor = self.layers[-1](features).flatten() + self.label_shift(features.flatten(1), labels)
        return parts.unrounded(logit)


def initialise(module: nn.Module) -> None:
    """N(0, 0.02) weights; batch-norm scales N(1, 0.02): Radford et al. 2015, section 4."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
