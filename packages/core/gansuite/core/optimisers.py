"""How weights are moved: Adam, or Muon for the matrices inside a network and Adam for everything else."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from gansuite.core.errors import GansuiteError, did_you_mean

OPTIMISERS = ("adam", "muon")
MOMENTUM = 0.95
COLOURS = 3
FASTER = 10.0  # the rate of matrices, all of whose directions move alike, over that of what Adam moves
_A, _B, _C = 3.4445, -4.7750, 2.0315  # of the quintic iteration
_EPSILON = 1e-8


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal for matrices inside a network (Jordan et al. 2024, "Muon"); Adam for everything else.

    A matrix W of m outputs and n inputs moves by -10 lr sqrt(max(1, m / n)) U, where U is the orthogonal matrix nearest
    to its Nesterov momentum. A convolution is a matrix of its outputs by all that each of them reads. PyTorch's own
    Muon leaves convolutions to others and always computes U in bfloat16, which costs 20 times as much where a processor
    has none; here autocast decides.

    Args:
        modules: whose parameters are moved. Matrices are weights with two axes that are no embedding's, and those of
            convolutions that do not read colours.
        betas: Adam's decay rates.
    """

    def __init__(self, modules: Iterable[nn.Module], betas: tuple[float, float]) -> None:
        kept = list(modules)
        inside = [m for module in kept for m in module.modules()]
        embedded = {id(m.weight) for m in inside if isinstance(m, nn.Embedding)}
        turned = {id(m.weight) for m in inside if hasattr(m, "nf")}  # GPT-2's Conv1D stores inputs by outputs
        every = list({id(p): p for module in kept for p in module.parameters()}.values())
        inner = [p for p in every if _is_matrix(p) and id(p) not in embedded]
        chosen = {id(p) for p in inner}
        kinds = {
            "matrices": [p for p in inner if id(p) not in turned],
            "turned": [p for p in inner if id(p) in turned],
            "rest": [p for p in every if id(p) not in chosen],
        }
        groups = [{"params": group, "kind": kind} for kind, group in kinds.items() if group]
        super().__init__(groups, {"lr": 1e-3, "betas": betas})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # nothing here evaluates a loss
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if group["kind"] == "rest":
                    self._adam(parameter, parameter.grad, group["lr"], group["betas"])
                else:
                    self._move(parameter, parameter.grad, group["lr"], group["kind"] == "turned")

    def _move(self, weight: Tensor, gradient: Tensor, lr: float, turned: bool) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        step = orthogonal(gradient.lerp(momentum, MOMENTUM).flatten(1))
        outputs, inputs = reversed(step.shape) if turned else step.shape
        weight.add_(step.view_as(weight), alpha=-FASTER * lr * math.sqrt(max(1.0, outputs / inputs)))

    def _adam(self, weight: Tensor, gradient: Tensor, lr: float, betas: tuple[float, float]) -> None:
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["mean"], state["square"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["step"] += 1
        count, (beta1, beta2) = float(state["step"]), betas
        mean = state["mean"].lerp_(gradient, 1 - beta1)
        square = state["square"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        spread = (square / (1 - beta2**count)).sqrt_().add_(_EPSILON)
        weight.addcdiv_(mean, spread, value=-lr / (1 - beta1**count))


def _is_matrix(weight: Tensor) -> bool:
    return weight.ndim == 2 or (weight.ndim == 4 and weight.shape[1] > COLOURS)


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """About the orthogonal matrix nearest to this one: its singular values come to lie in 0.7..1.2.

    X <- a X + (b X X' + c (X X')^2) X, begun at X / |X|: Jordan et al. 2024, with the coefficients given there.

    Args:
        matrix: (m, n).
        steps: of the iteration.
    """
    flat = matrix.float() / (matrix.float().norm() + 1e-7)
    tall = flat.shape[0] > flat.shape[1]
    x = flat.T if tall else flat
    for _ in range(steps):
        square = x @ x.T
        x = _A * x + (_B * square + _C * square @ square) @ x
    found: Tensor = (x.T if tall else x).to(matrix.dtype)
    return found


def check_optimiser(name: str) -> None:
    """Raise `GansuiteError` when there is no optimiser of that name."""
    if name not in OPTIMISERS:
        raise GansuiteError(f"There is no optimiser '{name}'.", did_you_mean(name, list(OPTIMISERS)))
