"""What the networks share: their sizes, how labels enter, and what a game asks of them.

B batch, Z latent, C channels, S side, F features.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu

from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import Draw, generator

SLOPE = 0.2
GROUPS = 8
GAIN = math.sqrt(2)  # keeps the strength of a signal through a leaky rectifier
EPSILON = 1e-8
EMBEDDED = 32  # numbers that stand for a label beside a latent
PARALLEL = 1e-6  # sine of the angle below which an arc cannot be told from a line


@dataclass(frozen=True)
class Size:
    """Sizes of a network.

    Attributes:
        resolution: side of the pictures; base x 2^stages with a base of 4 to 7.
        width: channels at the finest level, a multiple of 8; everything else follows.
        latent: numbers in a latent.
        labels: names of the labels that steer it; none: nothing does.
        shares: how frequent each label is among the works; none: all are alike.
    """

    resolution: int = 64
    width: int = 32
    latent: int = 128
    labels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.width < GROUPS or self.width % GROUPS:
            near = max(1, self.width // GROUPS) * GROUPS
            cause = f"The width is {self.width}, but must be a multiple of {GROUPS}."
            raise GansuiteError(cause, f"Use --width {near}.")


def channels_of(config: Size, levels: int) -> list[int]:
    """Channels of so many levels, finest first: they double level by level, up to eight times as many."""
    return [config.width * min(8, 1 << i) for i in range(levels)]


def half_width(config: Size) -> int:
    """About half the width, a multiple of 8: for what costs most and decides least."""
    return max(GROUPS, config.width // 2 // GROUPS * GROUPS)


class Generator(nn.Module, ABC):
    """A latent (B, Z) and, where there are any, labels (B,) to pictures (B, 3, S, S) in [-1, 1].

    In between is a code (B, K): everything a picture follows from, which may be mixed with others.
    """

    config: Size
    labelled: LabelledLatent

    def inputs(self, draw: Draw) -> dict[str, Tensor]:
        """What `forward` takes beside labels, drawn for one step of training."""
        return {"z": draw.normal("z", self.config.latent)}

    def code(self, z: Tensor, labels: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """The codes (B, K) of latents (B, Z) and labels (B,); a truncation below 1 pulls latents towards their mean."""
        code: Tensor = self.labelled(truncation * z, labels)
        return code

    def between(self, a: Tensor, b: Tensor, t: float) -> Tensor:
        """The code (K,) at t in [0, 1] on the way from a (K,) to b (K,): an arc for latents, a line for labels."""
        size = self.config.latent
        return torch.cat([slerp(a[:size], b[:size], t), torch.lerp(a[size:], b[size:], t)])

    @abstractmethod
    def decode(self, code: Tensor) -> Tensor:
        """The pictures (B, 3, S, S) of codes (B, K)."""

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.decode(self.code(z, labels))


class NoisyGenerator(Generator):
    """A generator with noise in its levels: drawn anew for each picture in training, else the same for all pictures.

    Attributes:
        sides: of the noise that each level or layer gets, in pixels, coarsest first.
        noise: what `decode` adds: (1, N), a square for each side.
    """

    noise: Tensor
    sides: list[int]

    def keep_noise(self, sides: Sequence[int]) -> None:
        """Draw the noise of all pictures."""
        self.sides = list(sides)
        noise = torch.empty(1, sum(side * side for side in sides)).normal_(generator=generator(0, "noise"))
        self.register_buffer("noise", noise, persistent=False)

    def squares(self, noise: Tensor) -> list[Tensor]:
        """Noise (B, N) as a square for each side: (B, 1, S, S)."""
        pieces = torch.split(noise, [side * side for side in self.sides], 1)
        return [piece.view(-1, 1, side, side) for piece, side in zip(pieces, self.sides, strict=True)]

    def inputs(self, draw: Draw) -> dict[str, Tensor]:
        """Latents, and noise (B, N), for one step of training."""
        return super().inputs(draw) | {"noise": draw.normal("noise", self.noise.shape[1])}

    @abstractmethod
    def drawn(self, code: Tensor, noise: Tensor) -> Tensor:
        """The pictures (B, 3, S, S) of codes (B, K) with noise (B or 1, N)."""

    def decode(self, code: Tensor) -> Tensor:
        """The pictures (B, 3, S, S) of codes (B, K), with the same noise in each."""
        return self.drawn(code, self.noise)

    def forward(self, z: Tensor, labels: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        """Pictures of latents (B, Z); in training with noise (B, N)."""
        return self.drawn(self.code(z, labels), self.noise if noise is None else noise)


class Discriminator(nn.Module):
    """Pictures (B, 3, S, S) in [-1, 1] and, where there are any, labels (B,) to logits, float32.

    They are (B,), or (B, K) where it judges each picture K times.
    """

    def study(self, x: Tensor, labels: Tensor | None, u: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Logits (N,) or (N, K) in a step of its own, and named losses on what else it learns from real works.

        Args:
            x: (N, 3, S, S), real works first.
            labels: (N,), or None.
            u: (B,) uniform numbers in [0, 1), one for each of the B real works among the N.
        """
        return self(x, labels), {}


class LabelledLatent(nn.Module):
    """A latent (B, Z) beside an embedding of its label: (B, `size`); the latent alone where there are no labels."""

    def __init__(self, config: Size) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(config.labels) + 1, EMBEDDED) if config.labels else None
        self.size = config.latent + (EMBEDDED if config.labels else 0)

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        if self.embedding is None:
            return z
        return torch.cat([z, self.embedding(_rows(labels, z, self.embedding))], 1)


class LabelShift(nn.Module):
    """What a label adds to a logit: e_y'f, features (B, F), labels (B,) -> (B,) (Miyato and Koyama 2018, eq. 3).

    It begins at 0; without labels it stays there.
    """

    def __init__(self, features: int, labels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(labels + 1, features) if labels else None
        if self.embedding is not None:
            nn.init.zeros_(self.embedding.weight)

    def forward(self, features: Tensor, labels: Tensor | None) -> Tensor:
        if self.embedding is None:
            return features.new_zeros(())
        shift: Tensor = (self.embedding(_rows(labels, features, self.embedding)) * features).sum(1)
        return shift


def _rows(labels: Tensor | None, beside: Tensor, embedding: nn.Embedding) -> Tensor:
    """Rows of an embedding: the last one stands for no label, -1."""
    if labels is None:
        labels = torch.full((len(beside),), -1, device=beside.device)
    return labels % embedding.num_embeddings


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """The point at t in [0, 1] of the arc from a (D,) to b (D,); Shoemake 1985, section 3.3.

    sin((1-t) w) / sin(w) a + sin(t w) / sin(w) b, where w is the angle between them. Lengths that differ
    change steadily along the way: a walk between Gaussian latents, which all have about the same length, does
    not pass through short, untypical ones in the middle as a straight line would. Where no arc is defined,
    for (nearly) parallel, opposite or zero vectors, it is the straight line.

    Returns:
        (D,), in the type of `a`; exactly a at 0 and b at 1.
    """
    x, y = a.double(), b.double()
    lengths = float(x.norm() * y.norm())
    cosine = float(x @ y) / lengths if lengths else 1.0
    angle = math.acos(max(-1.0, min(1.0, cosine)))
    sine = math.sin(angle)
    if sine < PARALLEL:
        return ((1 - t) * x + t * y).to(a.dtype)
    if t == 1:
        return b.to(a.dtype)
    return (math.sin((1 - t) * angle) / sine * x + math.sin(t * angle) / sine * y).to(a.dtype)


class UpConvolution(nn.Module):
    """Nearest-neighbour doubling and a 3x3 convolution at once: (B, a, S, S) -> (B, b, 2S, 2S).

    Doubling is a transposed convolution with a 2x2 kernel of ones. Composed with the 3x3 kernel it is one transposed
    convolution with a 4x4 kernel and stride 2: the same numbers from 4 products in place of 9.
    """

    doubled: Tensor

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        # composed with two ones, [a, b, c] is [c, c + b, b + a, a]: a transposed convolution mirrors
        self.register_buffer("doubled", torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]]), persistent=False)
        self.weight = nn.Parameter(torch.empty(b, a, 3, 3))
        self.bias = nn.Parameter(torch.zeros(b))
        nn.init.kaiming_normal_(self.weight, a=SLOPE)

    def kernel(self) -> Tensor:
        """The composed kernel (a, b, 4, 4)."""
        return torch.einsum("ik,bakl,jl->abij", self.doubled, self.weight, self.doubled)

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


class Affine(nn.Linear):
    """A code (B, K) to the scales of channels (B, C), about 1 at first (Karras et al. 2019, section 2, `A`)."""

    def __init__(self, code: int, channels: int) -> None:
        super().__init__(code, channels)
        nn.init.normal_(self.weight, std=1 / math.sqrt(code))
        nn.init.ones_(self.bias)


class ModulatedLayer(nn.Module):
    """Modulated 3x3 convolution, noise, leaky rectifier: (B, a, S, S) -> (B, b, S, S), or (B, b, 2S, 2S) if `double`.

    Activations are scaled before and after one convolution that all samples share, in place of one kernel for each: the
    same numbers without grouped convolutions, which are slow on a CPU.

    Args:
        a, b: channels in and out.
        code: numbers in what steers it.
        double: the side.
        strength: of the noise, at first, beside features of a variance of about 1.
    """

    def __init__(self, a: int, b: int, code: int, double: bool, strength: float = 0.0) -> None:
        super().__init__()
        self.affine = Affine(code, a)
        self.convolution = UpConvolution(a, b) if double else nn.Conv2d(a, b, 3, padding=1)
        self.strength = nn.Parameter(torch.tensor(strength))
        initialise(self.convolution)

    def forward(self, x: Tensor, code: Tensor, noise: Tensor) -> Tensor:
        """x (B, a, S, S), code (B, K), noise (B or 1, 1, S', S')."""
        shift = cast(Tensor, self.convolution.bias)[:, None, None] + self.strength * noise
        return leaky_relu(self.modulated(x, code) + shift, SLOPE)

    def modulated(self, x: Tensor, code: Tensor) -> Tensor:
        """x * (s_i w_ijk / sqrt(sum (s_i w_ijk)^2)), times sqrt(2): Karras et al. 2020, eqs. 1 and 3."""
        weight, scales = self.convolution.weight, self.affine(code)
        powers = scales.square() @ weight.square().sum((2, 3)).T
        x = x * scales[:, :, None, None]
        if isinstance(self.convolution, UpConvolution):
            x = conv_transpose2d(x, self.convolution.kernel(), stride=2, padding=1)
        else:
            x = conv2d(x, weight, padding=1)
        return x * (GAIN * torch.rsqrt(powers + EPSILON))[:, :, None, None]


def unrounded(x: Tensor) -> Tensor:
    """The same numbers with 24 bits or more, where automatic precision made them fewer."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def initialise(module: nn.Module) -> None:
    """He et al. 2015 for a leaky slope of 0.2; biases 0. An `Affine` stays as it begins."""
    if isinstance(module, nn.Conv2d | nn.Linear) and not isinstance(module, Affine):
        nn.init.kaiming_normal_(module.weight, a=SLOPE)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
