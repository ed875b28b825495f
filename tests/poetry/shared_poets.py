"""A poet who learns, alone or in two processes, and the script that is these two.

Run as `python -m poetry.shared_poets OUT PORT`; it forks, and writes OUT/rank-N.pt.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch

from gansuite.core.engine import World, join
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer
from gansuite.poetry.games.likelihood import LikelihoodConfig, LikelihoodGame

from .small_poets import PROMPTER, Shelf, codes, poet

STEPS = 4
RECIPE = Recipe(batch_size=8, generator_lr=1e-2, beta1=0.9, half_life=100, precision="fp32")


def learnt(world: World, steps: int) -> dict[str, Any]:
    """What is logged, and the weights that come of it."""
    game = LikelihoodGame(poet(), PROMPTER, codes(4), LikelihoodConfig(), 5.0)
    trainer = Trainer(game, Shelf(24), RECIPE, Budget(images=10**6), 0, world)
    logged = [trainer.step() for _ in range(steps)]
    weights = {name: weight.detach().clone() for name, weight in game.poet.state_dict().items()}
    return {"logged": logged, "weights": weights}


def main(out: Path, port: str) -> int:
    """Two processes, of which this is the first; returns the exit status of the second."""
    child = os.fork()
    rank = "1" if child == 0 else "0"
    os.environ |= {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ |= {"RANK": rank, "LOCAL_RANK": rank}
    with join("cpu", threads=1) as world:
        torch.save(learnt(world, STEPS), out / f"rank-{world.rank}.pt")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
