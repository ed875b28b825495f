"""`style`: a generator whose every layer is steered by a style of its own, after StyleGAN2, for small budgets.

B batch, C channels, S side, Z latent, W numbers in a style, L layers.

From Karras et al. 2019: a mapping from latents to styles, a learned constant to begin from, noise in every layer,
styles of two latents mixed in training. From Karras et al. 2020: modulated and demodulated convolutions, and a picture
that is the sum of what each level adds. What differs, each for a reason:

- the two finest levels, which cost most, have one convolution and not two, and the finest half the width; doublings are
  one transposed convolution;
- no equalised learning rates: demodulation already forgets the scale of a kernel; only the mapping learns more slowly;
- no statistics of a minibatch, so that a sample depends on no other, and no path lengths, which need a second backward.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.randomness import Draw, generator
from gansuite.image import LAYERED
from gansuite.image.networks import parts
from gansuite.image.networks.parts import EPSILON, SLOPE, Affine, ModulatedLayer, Size, channels_of, initialise
from gansuite.image.resolution import stages

DEPTH = 4
MAPPING_RATE = 0.1  # of the learning rate elsewhere (Karras et al. 2019, appendix C, for longer trainings: 0.01)
MIXED = 0.5  # of the pictures in training are made from two latents
RGB_GAIN = 0.1  # the first pictures, sums over levels, are grey and not saturated
ONCE = 2  # levels, the finest, that have one layer and not two
TYPICAL = 1024  # latents that the mean style is found from
BANDS = ("coarse", "middle", "fine")
ALL = "all"


def band_of(side: int, resolution: int) -> str:
    """What a level of this side decides: coarse (layout) up to 8 px, middle (forms) up to 32, fine (colours) above.

    Below 128 px the borders move down, so that each band has a level: no side above an eighth of the picture's is
    coarse, and none above a quarter of it is middle.
    """
    if side <= min(8, resolution // 8):
        return "coarse"
    return "middle" if side <= min(32, resolution // 4) else "fine"


class Mapping(nn.Module):
    """Latents and labels (B, Z) to styles (B, W): linear layers between leaky rectifiers, learning slowly.

    Weights are kept larger by 1 / MAPPING_RATE than they act, so that a step of Adam changes them less.
    """

    def __init__(self, inputs: int, size: int) -> None:
        super().__init__()
        sizes = [inputs, *[size] * DEPTH]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.apply(initialise)
        with torch.no_grad():
            for layer in self.layers:
                cast(nn.Linear, layer).weight.div_(MAPPING_RATE)

    def forward(self, x: Tensor) -> Tensor:
        for i, layer in enumerate(self.layers):
            x = MAPPING_RATE * layer(leaky_relu(x, SLOPE) if i else x)
        return x


class ToRGB(nn.Module):
    """What a level adds to the picture: (B, C, S, S), style (B, W) -> (B, 3, S, S). Modulated, not demodulated."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.affine = Affine(style, channels)
        self.convolution = nn.Conv2d(channels, 3, 1)
        initialise(self.convolution)
        with torch.no_grad():
            self.convolution.weight.mul_(RGB_GAIN)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        rgb: Tensor = self.convolution(x * self.affine(style)[:, :, None, None])
        return parts.unrounded(rgb)


class Generator(parts.NoisyGenerator):
    """A latent (B, Z) and labels (B,) to pictures (B, 3, S, S) in [-1, 1], through a style for each of L layers.

    A code (B, L W) holds the styles of all layers, coarsest first.

    Attributes:
        sides: of the features that each layer makes, and of its noise.
    """

    def __init__(self, config: Size) -> None:
        super().__init__()
        self.config = config
        self.base, levels = stages(config.resolution)
        channels = channels_of(config, levels + 1)[::-1]
        channels[-1] = parts.half_width(config)
        size = config.latent
        self.labelled = parts.LabelledLatent(config)
        self.mapping = Mapping(self.labelled.size, size)
        self.start = nn.Parameter(torch.empty(1, channels[0], self.base, self.base).normal_())
        steps, sides = [(channels[0], channels[0], False)], [self.base]
        for level, (a, b) in enumerate(pairwise(channels), 1):
            once = level > levels - ONCE
            steps += [(a, b, True)] if once else [(a, b, True), (b, b, False)]
            sides += [self.base << level] * (1 if once else 2)
        self.layers = nn.ModuleList(ModulatedLayer(a, b, size, double) for a, b, double in steps)
        self.to_rgb = nn.ModuleList(ToRGB(c, size) for c in channels)
        self.keep_noise(sides)

    def inputs(self, draw: Draw) -> dict[str, Tensor]:
        """Two latents, from which layer on the second rules (L: nowhere), and noise, for one step of training."""
        count, u = len(self.layers), draw.uniform("crossover")
        where = 1 + (u / MIXED * (count - 1)).long()
        other = {"other": draw.normal("other", self.config.latent), "crossover": where.clamp(max=count)}
        return super().inputs(draw) | other

    def forward(
        self,
        z: Tensor,
        labels: Tensor | None = None,
        noise: Tensor | None = None,
        other: Tensor | None = None,
        crossover: Tensor | None = None,
    ) -> Tensor:
        """Pictures of latents (B, Z); in training with noise (B, N), `other` (B, Z) and `crossover` (B,)."""
        code = self.code(z, labels)
        if other is not None and crossover is not None:
            second = torch.arange(len(self.layers), device=z.device) >= crossover[:, None]
            code = torch.where(second.repeat_interleave(self.config.latent, 1), self.code(other, labels), code)
        return self.drawn(code, self.noise if noise is None else noise)

    def code(self, z: Tensor, labels: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """The codes (B, L W) of latents (B, Z); truncation pulls styles towards their mean (Karras et al. 2019, B)."""
        style = self.style(z, labels)
        if truncation != 1:
            style = torch.lerp(self.mean_style(labels, len(z)), style, truncation)
        return style.repeat(1, len(self.layers))

    def style(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The styles (B, W) of latents (B, Z), of which only the direction counts."""
        z = z * torch.rsqrt(z.square().mean(1, keepdim=True) + EPSILON)
        styles: Tensor = self.mapping(self.labelled(z, labels))
        return parts.unrounded(styles)

    def typical_styles(self, labels: Tensor | None = None) -> Tensor:
        """The styles (1024, W) of fixed latents, of one label each (1024,)."""
        z = torch.randn(TYPICAL, self.config.latent, generator=generator(0, "typical"))
        return self.style(z.to(self.start.device), labels)

    def mean_style(self, labels: Tensor | None, count: int) -> Tensor:
        """The mean style (B, W) of each label (B,)."""
        if labels is None or not self.config.labels:
            return self.typical_styles().mean(0).expand(count, -1)
        kinds, rows = torch.unique(labels, return_inverse=True)
        return torch.stack([self.typical_styles(kind.expand(TYPICAL)).mean(0) for kind in kinds])[rows]

    def between(self, a: Tensor, b: Tensor, t: float) -> Tensor:
        """The code (K,) at t in [0, 1] on the straight line from a (K,) to b (K,)."""
        return torch.lerp(a, b, t)

    def layers_of(self, band: str) -> list[int]:
        """The numbers of the layers that are coarse, middle or fine, or of all; see `band_of`.

        Raises:
            GansuiteError: there is no such band.
        """
        if band not in (*BANDS, ALL):
            raise GansuiteError(f"There are no layers called '{band}'.", did_you_mean(band, [*BANDS, ALL]))
        return [i for i, side in enumerate(self.sides) if band in (ALL, band_of(side, self.config.resolution))]

    def styles(self, codes: Tensor) -> Tensor:
        """Codes (B, L W) as the style of each layer: (B, L, W)."""
        return codes.reshape(codes.shape[0], len(self.layers), self.config.latent)

    def affine_weights(self, layers: list[int]) -> Tensor:
        """By which layers, and what shows them, take the scales of channels from their styles: (channels, W)."""
        shown = [self.to_rgb[self._level(i)] for i in layers if self._is_shown(i)]
        steered = [*(self.layers[i] for i in layers), *shown]
        return torch.cat([cast(Affine, module.affine).weight for module in steered])

    def _level(self, layer: int) -> int:
        """The level of a layer, 0 for the coarsest."""
        return (self.sides[layer] // self.base).bit_length() - 1

    def _is_shown(self, layer: int) -> bool:
        """Whether a layer is the last of its level, from which a picture is made."""
        return self.sides[layer : layer + 2] != [self.sides[layer]] * 2

    def drawn(self, code: Tensor, noise: Tensor) -> Tensor:
        styles = self.styles(code).unbind(1)
        squares = self.squares(noise)
        x = self.start.expand(code.shape[0], -1, -1, -1)  # no len(): it would fix the count in an ONNX file
        picture: Tensor | None = None
        for i, (layer, style) in enumerate(zip(self.layers, styles, strict=True)):
            x = layer(x, style, squares[i])
            if self._is_shown(i):
                added = self.to_rgb[self._level(i)](x, style)
                picture = added if picture is None else _doubled(picture) + added
        return torch.tanh(cast(Tensor, picture))


def layered(generator: parts.Generator, name: str) -> Generator:
    """The generator itself, if it is one with styles.

    Raises:
        GansuiteError: it has none; `name` is the model's.
    """
    if isinstance(generator, Generator):
        return generator
    raise GansuiteError(
        f"The model {name!r} has no layers that could be mixed or moved.",
        f"Use --model {LAYERED}, or one that was trained with: gansuite image train --model style",
    )


def _doubled(picture: Tensor) -> Tensor:
    return interpolate(picture, scale_factor=2, mode="bilinear", align_corners=False)


class Residual(nn.Module):
    """Half the side: (B, a, S, S) -> (B, b, S/2, S/2), two ways added (Karras et al. 2020, figure 7)."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.see, self.halve = nn.Conv2d(a, a, 3, padding=1), nn.Conv2d(a, b, 4, 2, 1)
        self.skip = nn.Conv2d(a, b, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = leaky_relu(self.halve(leaky_relu(self.see(x), SLOPE)), SLOPE)
        both: Tensor = (y + self.skip(avg_pool2d(x, 2))) * math.sqrt(0.5)
        return both


class Discriminator(parts.Discriminator):
    """Pictures (B, 3, S, S) in [-1, 1] and labels (B,) to logits (B,), float32."""

    def __init__(self, config: Size) -> None:
        super().__init__()
        base, levels = stages(config.resolution)
        channels = channels_of(config, levels)
        self.start = nn.Conv2d(3, channels[0], 4, 2, 1)
        self.residuals = nn.ModuleList(Residual(a, b) for a, b in pairwise(channels))
        self.gather = nn.Linear(channels[-1] * base**2, channels[-1])
        self.to_logit = nn.Linear(channels[-1], 1)
        self.label_shift = parts.LabelShift(channels[-1], len(config.labels))
        self.apply(initialise)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        x = leaky_relu(self.start(x), SLOPE)
        for residual in self.residuals:
            x = residual(x)
        features = leaky_relu(self.gather(x.flatten(1)), SLOPE)
        logit: Tensor = self.to_logit(features).squeeze(1) + self.label_shift(features, labels)
        return parts.unrounded(logit)
