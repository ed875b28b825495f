"""What both judges have in common: how they learn, and how they are kept as model folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from gansuite.core.card import Card
from gansuite.core.errors import GansuiteError
from gansuite.core.model import load, save_pretrained
from gansuite.core.randomness import key

RATE, DECAY = 2e-3, 0.02
EVERY = 50  # steps between two reports
N = TypeVar("N", bound=nn.Module)
Report = Callable[[int, float], None]


def learned(
    build: Callable[[], N],
    loss: Callable[[N, int], Tensor],
    stream: str,
    seed: int,
    steps: int,
    report: Report | None = None,
) -> N:
    """A network that has learnt, in evaluation mode and without gradients; the caller's random state is untouched.

    Args:
        build: makes it.
        loss: of the network at a step.
        stream, seed: which random numbers weights and dropout draw.
        steps: at a rate that rises and falls once (Smith and Topin 2018, arXiv 1708.07120).
        report: called with (step, loss) now and then.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key(seed, stream, 0))
        network = build()
        optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=max(2, steps), pct_start=0.1)
        for step in range(steps):
            now = loss(network, step)
            optimiser.zero_grad()
            now.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            if report is not None and step % EVERY == 0:
                report(step, float(now.detach()))
    return network.eval().requires_grad_(False)


def saved(folder: Path, name: str, network: nn.Module, card: Card | str, training: Mapping[str, Any] | None) -> Path:
    """Write a judge as a model folder."""
    config = {"format": 1, "art": "poetry", "network": {"name": name}, "training": dict(training or {})}
    return save_pretrained(folder, config, network.state_dict(), card)


def opened(folder: Path, name: str, build: Callable[[], N]) -> N:
    """The network of a judge that `saved` wrote.

    Raises:
        GansuiteError: the folder holds no such judge, or a damaged one.
    """
    model = load(folder)
    found = model.config["network"]["name"]
    if found != name:
        raise GansuiteError(f"{folder} holds a {found}, not a {name}.", "Name the folder of that judge, or train one.")
    return model.restored(lambda _: build())
