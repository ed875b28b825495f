"""What the networks are made of: linear maps for each track, bars out of one vector, binary neurons, legal notes.

B batch, K tracks, M bars, S steps of a bar, T = M S steps, C channels, P = 84 pitches = 7 octaves x 12.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn, unflatten
from torch.autograd.function import FunctionCtx
from torch.nn.functional import leaky_relu, normalize

from gansuite.core.errors import GansuiteError

SLOPE = 0.2
NEURONS = ("threshold", "deterministic", "stochastic")


class PrivateLinear(nn.Module):
    """A linear map for each track: (B, K, ..., a) -> (B, K, ..., b).

    A convolution whose kernel is as large as its stride is such a map on patches; as a product of matrices it is
    exact and several times faster on a CPU.
    """

    def __init__(self, tracks: int, a: int, b: int, gain: float = math.sqrt(2 / (1 + SLOPE**2))) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.normal_(torch.empty(tracks, a, b), std=gain / math.sqrt(a)))
        self.bias = nn.Parameter(torch.zeros(tracks, b))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight
        k, a, b = weight.shape
        rows = x.transpose(0, 1).reshape(k, -1, a)
        out = torch.baddbmm(self.bias[:, None].to(rows.dtype), rows, weight)
        return out.view(k, x.shape[0], *x.shape[2:-1], b).transpose(0, 1)


class PrivateSpectralNorm(nn.Module):
    """Weights (K, a, b), each track's divided by its largest singular value (Miyato et al. 2018, section 2.1).

    A parametrisation: every use in training is one more step of the power iteration.
    """

    direction: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("direction", normalize(torch.randn(len(weight), weight.shape[2], 1), dim=1))
        for _ in range(15):
            self._turn(weight.detach())

    def forward(self, weight: Tensor) -> Tensor:
        if self.training:
            self._turn(weight.detach())
        image = weight @ self.direction.clone()
        return weight / (normalize(image.detach(), dim=1) * image).sum(1, keepdim=True)

    @torch.no_grad()
    def _turn(self, weight: Tensor) -> None:
        self.direction.copy_(normalize(weight.mT @ normalize(weight @ self.direction, dim=1), dim=1))


class Norm(nn.Module):
    """Batch norm over all but the last axis, or nothing."""

    def __init__(self, kind: str, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels) if kind == "batch" else None

    def forward(self, x: Tensor) -> Tensor:
        if self.norm is None:
            return x
        normed: Tensor = self.norm(x.reshape(-1, x.shape[-1]))
        return normed.view(x.shape)


class Block(nn.Module):
    """Pre-norm transformer block over tokens: (B, N, D) -> (B, N, D) (Vaswani et al. 2017; Xiong et al. 2020)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norms[0](x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1)
        x = x + self.out((weights @ v).transpose(1, 2).flatten(2))
        mixed: Tensor = x + self.mlp(self.norms[1](x))
        return mixed


def activate(x: Tensor) -> Tensor:
    """The leaky rectifier used throughout."""
    return leaky_relu(x, SLOPE)


def check_neurons(kind: str) -> None:
    """Raise `GansuiteError` unless it is one of `NEURONS`."""
    if kind not in NEURONS:
        raise GansuiteError(f"There are no '{kind}' neurons.", f"Use one of: {', '.join(NEURONS)}.")


class _StraightThrough(torch.autograd.Function):
    """1 where the probability of a logit is above a bar, else 0; in the backward pass the sigmoid itself."""

    @staticmethod
    def forward(ctx: FunctionCtx, logits: Tensor, slope: float, bar: Tensor | float) -> Tensor:
        p = torch.sigmoid(_scaled(logits, slope))
        ctx.save_for_backward(p)
        ctx.slope = slope  # type: ignore[attr-defined]
        return (p > bar).to(p.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (p,) = ctx.saved_tensors
        return _scaled(torch.ops.aten.sigmoid_backward(gradient, p), ctx.slope), None, None


def binarise(logits: Tensor, kind: str, slope: float, noise: Tensor | None = None) -> Tensor:
    """Binary neurons with the sigmoid-adjusted straight-through gradient (Bengio et al. 2013; Chung et al. 2017).

    Args:
        logits: any shape.
        kind: threshold: the probabilities themselves (rounded only by whoever samples); deterministic: 1 where the
            probability is above 1/2; stochastic: 1 with that probability (both: Dong and Yang 2018, section 3.2).
        slope: steepness of the sigmoid; annealed from 1 upwards.
        noise: uniform numbers of the same shape, for stochastic neurons; without them those are deterministic.

    Returns:
        the same shape; in the backward pass every kind is the sigmoid.
    """
    if kind == "threshold":
        return torch.sigmoid(_scaled(logits, slope))
    bar = noise if kind == "stochastic" and noise is not None else 0.5
    hard: Tensor = _StraightThrough.apply(logits, slope, bar)  # type: ignore[no-untyped-call]
    return hard


def _scaled(x: Tensor, factor: float) -> Tensor:
    return x if factor == 1 else x * factor


@torch.no_grad()
def legal(onset: Tensor, hold: Tensor) -> Tensor:
    """Where a held cell continues a note: bool, like both, (..., T, P).

    A cell is held on if the one before it is struck or held on itself. All steps are found at once, by doubling how
    far back is looked (Hillis and Steele 1986).
    """
    struck = onset > 0.5
    sounds, goes_on = struck.clone(), (hold > 0.5) & ~struck
    back = 1
    while back < struck.shape[-2]:
        sounds[..., back:, :] |= goes_on[..., back:, :] & sounds[..., :-back, :]
        goes_on[..., back:, :] &= goes_on[..., :-back, :].clone()
        back *= 2
    return sounds & ~struck


class TemporalGenerator(nn.Module):
    """A vector unfolded over the bars by two transposed convolutions: (B, G, Z) -> (B, G, M, Z).

    Dong et al. 2018, section 4.2: each of the G groups (all tracks together, or one track) has its own.
    """

    def __init__(self, groups: int, latent: int, bars: int, norm: str, hidden: int) -> None:
        super().__init__()
        self.groups, self.bars = groups, bars
        first = max(1, bars - 2)
        self.first = nn.ConvTranspose1d(groups * latent, groups * hidden, first, groups=groups)
        self.second = nn.ConvTranspose1d(groups * hidden, groups * latent, bars - first + 1, groups=groups)
        self.norms = nn.ModuleList(Norm(norm, groups * size) for size in (hidden, latent))

    def forward(self, z: Tensor) -> Tensor:
        x = z.flatten(1).unsqueeze(-1)
        for layer, norm in zip((self.first, self.second), self.norms, strict=True):
            x = activate(norm(layer(x).transpose(1, 2)).transpose(1, 2))
        return unflatten(x, 1, (self.groups, -1)).transpose(2, 3)
