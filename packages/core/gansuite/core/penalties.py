"""Gradient penalties as pure functions of a callable critic.

Each returns a scalar that can be differentiated with respect to the critic's weights. The gradient with respect to
the input is taken in whatever precision the critic runs in; its norm is reduced in fp32. None of this may be
compiled: torch.compile refuses double backward.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Critic = Callable[[Tensor], Tensor]  # samples (B, ...) to logits (B,), or to K of each, (B, K), whose mean is D(x)


def squared_gradient_norm(critic: Critic, x: Tensor) -> Tensor:
    """||grad_x D(x)||^2 per sample: (B, ...) -> (B,), float32, summed over all but the first axis."""
    x = x.detach().requires_grad_(True)
    logits = critic(x)
    (gradient,) = torch.autograd.grad(logits.sum() * (len(x) / logits.numel()), x, create_graph=True)
    return gradient.float().square().flatten(1).sum(1)


def r1(critic: Critic, real: Tensor, gamma: float) -> Tensor:
    """gamma/2 E||grad D(x)||^2 on real works: Mescheder et al. 2018, eq. 9."""
    return gamma / 2 * squared_gradient_norm(critic, real).mean()


def r2(critic: Critic, fake: Tensor, gamma: float) -> Tensor:
    """gamma/2 E||grad D(G(z))||^2 on generated works: Mescheder et al. 2018, eq. 10."""
    return gamma / 2 * squared_gradient_norm(critic, fake).mean()


def wgan_gp(critic: Critic, real: Tensor, fake: Tensor, u: Tensor, weight: float = 10.0) -> Tensor:
    """weight E[(||grad D(xh)||_2 - 1)^2] at xh = u x + (1 - u) G(z): Gulrajani et al. 2017, eq. 3.

    Args:
        u: (B,) uniform numbers in [0, 1), one for each pair.
    """
    u = u.view(-1, *[1] * (real.dim() - 1))
    between = u * real + (1 - u) * fake
    norm = (squared_gradient_norm(critic, between) + 1e-12).sqrt()
    return weight * (norm - 1).square().mean()
