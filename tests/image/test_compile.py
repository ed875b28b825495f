"""Compiled passes compute what eager ones do, leave penalties alone, and leave no trace in what is saved."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gansuite.core import assembly
from gansuite.core.engine import EAGER, Compiler, World
from gansuite.core.model import from_pretrained
from gansuite.core.observers.jsonl import read_metrics
from gansuite.core.randomness import Draw
from gansuite.core.run import Run
from gansuite.core.trainer import Trainer
from gansuite.image.dataset import open_portfolio
from gansuite.image.games.adversarial import AdversarialGame
from gansuite.image.training import build_trainer

from .small_runs import image_run, small, write_works

GAMES: dict[str, dict[str, Any]] = {
    "R1 every second step": {"game": {"r1": 0.3}, "recipe": {"penalty_interval": 2}},
    "relativistic, in two parts": {
        "game": {"objective": "relativistic", "r1": 0.05, "r2": 0.05},
        "recipe": {"penalty_interval": 2, "accumulate": 2},
    },
    "WGAN-GP with two critic steps": {
        "game": {"objective": "wasserstein", "gradient_penalty": 10.0, "r1": 0.0, "joint": False},
        "recipe": {"penalty_interval": 1, "critic_steps": 2},
    },
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_works(tmp_path_factory.mktemp("works") / "works", 16)


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANSUITE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
    torch.compiler.reset()


def trainer(data: Path, compiler: Compiler, **sections: Any) -> Trainer:
    config = small(data, **sections).config
    return build_trainer(config, open_portfolio(config.data), World(), compiler)


class Counting(Compiler):
    """A compiler that counts how often what it made is called."""

    calls: int = 0

    def __call__(self, pass_: Callable[..., Any]) -> Callable[..., Any]:
        fast = super().__call__(pass_)

        def counted(*args: Any, **named: Any) -> Any:
            type(self).calls += 1
            return fast(*args, **named)

        return counted


@pytest.mark.parametrize("name", GAMES)
def test_compiled_and_eager_steps_agree(name: str, data: Path) -> None:
    """Losses, penalties and gradients of five steps, with and without a penalty."""
    eager, compiled = (trainer(data, compiler, **GAMES[name]) for compiler in (EAGER, Compiler("aot_eager")))
    for _ in range(5):
        one, other = eager.step(), compiled.step()
        assert one.keys() == other.keys()
        assert other == {key: pytest.approx(value, rel=2e-3, abs=2e-4) for key, value in one.items()}


def test_steps_are_compiled_and_penalties_are_not(data: Path) -> None:
    """One pass each of D over both, G, and D over the fakes; R1 and R2 add two of D, past the compiler."""
    t = trainer(data, Counting("eager"), game={"r1": 0.3, "r2": 0.3}, recipe={"penalty_interval": 2})
    seen: list[int] = []
    t.game.discriminators["discriminator"].register_forward_hook(lambda *_: seen.append(1))
    for passes in (4, 2):
        Counting.calls = 0
        seen.clear()
        t.step()
        assert (Counting.calls, len(seen)) == (3, passes)


def test_a_penalty_still_reaches_the_weights_of_a_compiled_discriminator(data: Path) -> None:
    t = trainer(data, Compiler("aot_eager"), game={"r1": 1.0})
    game = t.game
    assert isinstance(game, AdversarialGame)
    batch, draw = t.source.take(torch.arange(4).numpy()), Draw(0, 0, 4, slice(0, 4))
    fakes = game.generate(batch, draw).detach()
    game.discriminator_losses(batch, fakes, draw).terms["discriminator"].backward()  # type: ignore[no-untyped-call]
    game.discriminator.zero_grad()
    game.penalties(batch, fakes, draw).terms["r1"].backward()  # type: ignore[no-untyped-call]
    weights = [p for p in game.discriminator.parameters() if p.ndim > 1]
    assert all(p.grad is not None and float(p.grad.abs().max()) > 0 for p in weights)


def test_what_is_compiled_leaves_no_trace_in_a_checkpoint(data: Path) -> None:
    eager, compiled = (trainer(data, compiler) for compiler in (EAGER, Compiler("eager")))
    compiled.step()
    state = compiled.state()
    assert "_orig_mod" not in str(state)
    eager.restore(state)
    assert math.isfinite(eager.step()["loss/generator"])


def test_a_compiled_run_gives_a_plain_model(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "find_compiler", lambda device, choice: Compiler("eager"))
    assert image_run(tmp_path / "run", data, run={"steps": 2}).train() == 0
    monkeypatch.undo()
    assert image_run(tmp_path / "run", data, resume=True, run={"steps": 3}).train() == 0
    assert Run(tmp_path / "run").load()["step"] == 3
    assert all(not name.startswith("_") for name in from_pretrained(tmp_path / "run").weights)


def test_a_run_tells_why_nothing_is_compiled(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = replace(EAGER, reason="torch.compile does not work here (no Triton): nothing is compiled.")
    monkeypatch.setattr(assembly, "find_compiler", lambda device, choice: silent)
    image_run(tmp_path / "run", data, run={"steps": 1}).train()
    told = [line["text"] for line in read_metrics(tmp_path / "run" / "metrics.jsonl") if line.get("event") == "note"]
    assert told == [silent.reason]
