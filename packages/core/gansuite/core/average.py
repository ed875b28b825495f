"""Exponential moving average of a generator (Yazici et al. 2019), by half-life in images (Karras et al. 2020)."""

from __future__ import annotations

import copy

import torch
from torch import nn


def decay(batch: int, images: int, half_life: float, ramp: float = 0.05) -> float:
    """The weight of the old average after one step of `batch` images.

    beta = 0.5^(batch / h) with h = min(half_life, ramp * images): early on the average forgets its random start
    quickly. A half-life of 0 gives 0: the average is the generator itself. Half-life and ramp are those of the training
    code published with Karras et al. 2020 (StyleGAN2-ADA), where the ramp is 0.05 too.
    """
    h = min(half_life, ramp * images)
    return 0.5 ** (batch / h) if h > 0 else 0.0


class Average:
    """A running average of a module's parameters; its buffers are copied.

    Averaged parameters do not fit batch-norm buffers of the moment: average such a network with a half-life of 0, or
    give it another norm. With a half-life of 0 the average is a copy, made when somebody looks at it.
    """

    def __init__(self, module: nn.Module, half_life: float) -> None:
        self.half_life = half_life
        self._module = copy.deepcopy(module).eval().requires_grad_(False)
        self._newer: nn.Module | None = None

    @property
    def module(self) -> nn.Module:
        """The averaged module, in evaluation mode and without gradients."""
        if self._newer is not None:
            self._follow(self._newer, 1.0)
            self._newer = None
        return self._module

    def update(self, module: nn.Module, batch: int, images: int) -> None:
        """Move towards `module` after a step of `batch` images, when `images` have been seen in all."""
        if self.half_life == 0:
            self._newer = module
        else:
            self._follow(module, 1 - decay(batch, images, self.half_life))

    @torch.no_grad()
    def _follow(self, module: nn.Module, weight: float) -> None:
        torch._foreach_lerp_(list(self._module.parameters()), list(module.parameters()), weight)
        for mine, theirs in zip(self._module.buffers(), module.buffers(), strict=True):
            mine.copy_(theirs)
