"""The probe of the penalty's strength: where it stops, what it costs, and that a run goes on from what it found."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.sittings import stopped_at
from gansuite.core.config import from_saved
from gansuite.core.engine import World
from gansuite.core.errors import GansuiteError
from gansuite.core.run import Run
from gansuite.core.schedules import Budget
from gansuite.core.trainer import NonFinite
from gansuite.image import probe
from gansuite.image.config import ImageConfig
from gansuite.image.dataset import open_portfolio
from gansuite.image.games.adversarial import PROBED, GameConfig
from gansuite.image.training import ImageRun, build_trainer
from image.small_runs import image_run, newest, small, write_works

BATCH = 10
PLENTY = Budget(images=10**6)


class Rigged:
    """A copy whose discriminator doubts as a function of the strength says; nan breaks it."""

    def __init__(self, gamma: float, doubt: Callable[[float], float], budget: Budget, played: list[float]) -> None:
        self.gamma, self.doubt, self.budget, self.played = gamma, doubt, budget, played
        self.world, self.recipe = World(), SimpleNamespace(batch_size=BATCH)

    def step(self) -> dict[str, float]:
        self.played.append(self.gamma)
        if math.isnan(self.doubt(self.gamma)):
            raise NonFinite("the loss is not finite")
        return {"signal/doubt": self.doubt(self.gamma)}


def found(
    doubt: Callable[[float], float],
    start: float,
    budget: Budget = PLENTY,
    clock: Callable[[], float] | None = None,
) -> tuple[probe.Found, int]:
    """What the probe comes to, and in how many steps."""
    played: list[float] = []
    walk = probe.Probe(lambda gamma: Rigged(gamma, doubt, budget, played), clock or (lambda: 0.0))  # type: ignore[arg-type,return-value]
    return walk.find(start), len(played)


def rising(middle: float) -> Callable[[float], float]:
    """Doubt grows with the strength, from 0 to 1: half at `middle`."""
    return lambda gamma: gamma**4 / (gamma**4 + middle**4)


# ------------------------------------------------------------------ the walk


def test_a_strength_that_leaves_doubt_is_taken_at_once() -> None:
    told, steps = found(rising(1.0), start=1.0)
    assert (told.gamma, told.doubts, steps) == (1.0, {1.0: 0.5}, probe.STEPS)


@pytest.mark.parametrize("start", [1 / 16, 1.0, 16.0])
def test_the_walk_goes_where_the_discriminator_is_neither_sure_nor_lost(start: float) -> None:
    told, _ = found(rising(1.0), start)
    assert told.gamma == 1.0
    assert probe.SURE <= told.doubts[told.gamma] <= probe.GUESSING


def test_between_too_weak_and_too_strong_the_middle_is_taken() -> None:
    told, steps = found(lambda gamma: float(gamma > 2), start=1.0)
    assert told.gamma == 2.0
    assert steps == 2 * probe.STEPS


def test_a_copy_that_breaks_down_was_held_too_weakly() -> None:
    told, _ = found(lambda gamma: math.nan if gamma < 10 else 0.5, start=1.0)
    assert told.gamma == 16.0
    assert told.doubts == {1.0: 0.0, 4.0: 0.0, 16.0: 0.5}


def test_a_walk_ends() -> None:
    told, steps = found(lambda gamma: 0.0, start=1.0)
    assert steps == probe.RUNGS * probe.STEPS
    assert told.gamma == probe.RUNG**probe.RUNGS


# ------------------------------------------------------------------ the cost


@pytest.mark.parametrize("copies", [0, 1, 2, 3])
def test_a_probe_sees_at_most_a_twentieth_of_the_works(copies: int) -> None:
    images = round((copies + 0.5) * probe.STEPS * BATCH / probe.SHARE)
    told, steps = found(lambda gamma: 0.0, 1.0, Budget(images=images))
    assert steps == copies * probe.STEPS
    assert steps * BATCH <= probe.SHARE * images
    assert told.gamma == probe.RUNG**copies


def ticking(seconds: float) -> Callable[[], float]:
    """A clock that is looked at once a step, and once before and after."""
    ticks: Iterator[int] = count()
    return lambda: seconds * next(ticks)


@pytest.mark.parametrize("minutes", [0.1, 1, 10, 100, 1000])
def test_a_probe_takes_at_most_a_twentieth_of_the_minutes(minutes: float) -> None:
    """A step takes a second, but for a budget that is over in the first one."""
    told, steps = found(lambda gamma: 0.0, 1.0, Budget(minutes=minutes), ticking(1.0))
    assert steps <= max(1, probe.SHARE * 60 * minutes + 1)
    assert (told.gamma == 1.0) == (not told.doubts)
    if minutes >= 100:
        assert told.doubts


def test_without_time_the_formula_is_taken_and_said() -> None:
    told, steps = found(lambda gamma: 0.0, probe.formula(64, 32), Budget(images=100))
    assert (told.gamma, steps) == (pytest.approx(1.28), 0)
    assert str(told) == "penalty 1.28 by formula: a probe does not fit into 5% of the budget"


def test_what_was_found_is_told_with_what_was_tried() -> None:
    told, _ = found(rising(1.0), start=0.25)
    assert str(told) == "penalty 1, found by a probe of 0 s that tried 0.25 (doubt 0.00), 1 (doubt 0.50)"


# ------------------------------------------------------------------ the game


def test_only_what_is_asked_for_is_found() -> None:
    asked = GameConfig("relativistic", r1=PROBED, r2=0.5)
    settled = probe.with_strength(asked, 3.0)
    assert (probe.asked(asked), probe.asked(settled)) == (True, False)
    assert (settled.r1, settled.r2) == (3.0, 0.5)
    assert probe.with_strength(GameConfig(), 3.0) == GameConfig()


@pytest.mark.parametrize("strength", [-0.5, -2.0])
def test_no_other_strength_is_negative(strength: float) -> None:
    with pytest.raises(GansuiteError, match="cannot be negative"):
        GameConfig(r1=strength)


# ------------------------------------------------------------------ runs


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_works(tmp_path_factory.mktemp("works"))


R3: dict[str, Any] = {
    "network": {"name": "r3", "width": 8, "latent": 16},
    "game": {"objective": "relativistic", "r1": PROBED, "r2": PROBED},
    "recipe": {"batch_size": 4, "precision": "fp32", "penalty_interval": 2, "final_lr": 0.25, "final_penalty": 0.1},
    "rhythm": {"log": 1, "sheet": 0, "checkpoint": 4, "measure": 0},
}


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of two steps, half of a run of eight at most."""
    for name, value in {"STEPS": 2, "JUDGED": 1, "SHARE": 0.5, "RUNGS": 2}.items():
        monkeypatch.setattr(probe, name, value)


def run(folder: Path, data: Path) -> ImageRun:
    return image_run(folder, data, **R3, run={"steps": 8, "device": "cpu", "threads": 1})


def gone_on(folder: Path) -> ImageRun:
    """The run as `train --resume` takes it up."""
    saved = from_saved(ImageConfig, Run(folder).configuration())
    return ImageRun(saved, folder, World(), resume=True)


@pytest.mark.usefixtures("brief")
def test_a_run_goes_on_from_what_its_probe_found_to_the_same_bits(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path / "whole", data)
    assert whole.train() == 0
    assert stopped_at(5, monkeypatch, run(tmp_path / "parted", data).train) == 143
    monkeypatch.setattr(probe, "STEPS", 10**6)  # nothing is probed again
    again = gone_on(tmp_path / "parted")
    assert again.train() == 0
    assert again.config.game == whole.config.game
    assert newest(tmp_path / "parted") == newest(tmp_path / "whole")


@pytest.mark.usefixtures("brief")
def test_what_was_found_is_saved_with_its_origin_and_told(data: Path, tmp_path: Path) -> None:
    probed = run(tmp_path / "run", data)
    saved = json.loads((tmp_path / "run" / "config.json").read_text())
    assert saved["config"]["game"]["r1"] == saved["config"]["game"]["r2"] > 0
    assert saved["origins"]["game.r1"] == saved["origins"]["game.r2"] == "probe"
    assert probed.notes()[-1].startswith("penalty ")
    assert probed.trainer.seconds > 0  # which its minutes pay for


def test_a_trainer_without_a_run_takes_the_formula(data: Path) -> None:
    config = small(data, **R3).config
    game: Any = build_trainer(config, open_portfolio(config.data), World()).game
    assert game.config.r1 == game.config.r2 == probe.formula(32, 4)
