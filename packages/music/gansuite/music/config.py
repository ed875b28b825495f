"""Everything a music run can be told, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gansuite.core.choices import Choices, kind_of_device
from gansuite.core.config import Resolved, Values
from gansuite.core.machine import cores_usable
from gansuite.core.run import RunConfig
from gansuite.core.schedules import Budget
from gansuite.core.session import Rhythm
from gansuite.core.trainer import Recipe
from gansuite.music.dataset import MusicDataConfig
from gansuite.music.games.masked import GameConfig
from gansuite.music.networks.critic import CriticConfig
from gansuite.music.networks.musegan import MuseGANConfig

BATCH = 32
OURS: Values = {
    "rhythm": {"sheet": 250, "measure": 250},
    "recipe": {
        "batch_size": BATCH,
        "penalty_interval": 4,
        "generator_lr": 1e-3,
        "discriminator_lr": 1e-3,
        "half_life": 5_000,
        "final_lr": 0.02,  # notes are all or nothing: an average is one of networks that have come to rest
        "compile": "off",
    },
}


@dataclass(frozen=True)
class MusicConfig:
    """A whole music run."""

    data: MusicDataConfig = field(default_factory=MusicDataConfig)
    network: MuseGANConfig = field(default_factory=MuseGANConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    game: GameConfig = field(default_factory=GameConfig)
    recipe: Recipe = field(default_factory=Recipe)
    rhythm: Rhythm = field(default_factory=Rhythm)
    run: RunConfig = field(default_factory=RunConfig)

    def budget(self) -> Budget:
        """How long it may last."""
        return self.run.budget(self.recipe.batch_size)


CLASSIC = "musegan-classic"
THRESHOLD = "musegan-threshold"
MODELS: dict[str, Values] = {
    "musegan": OURS,
    THRESHOLD: {
        **OURS,
        "network": {"name": THRESHOLD, "neurons": "threshold", "levelled": False},
    },  # a control: rounded when it is played
    CLASSIC: {  # Dong et al. 2018, section 5.1 and the published settings: hybrid, WGAN-GP, batch norm in the generator
        "network": {
            "name": CLASSIC,
            "depth": 0,
            "given": False,
            "levelled": False,
            "lengths": False,
            "neurons": "threshold",
            "norm": "batch",
        },
        "critic": {"onsets": False, "chroma": False, "private_logits": False, "spread": False},
        "game": {"objective": "wasserstein", "r1": 0.0, "r2": 0.0, "gradient_penalty": 10.0, "free": 1.0},
        "recipe": {
            "batch_size": 64,
            "critic_steps": 5,
            "penalty_interval": 1,
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "beta1": 0.5,
            "beta2": 0.9,
            "half_life": 0,
            "final_lr": 1.0,
            "compile": "off",
        },
    },
}

OBJECTIVES: dict[str, Values] = {  # what an objective needs beside it to train
    "wasserstein": {  # Gulrajani et al. 2017, algorithm 1
        "game": {"gradient_penalty": 10.0, "r1": 0.0, "r2": 0.0},
        "recipe": {"critic_steps": 5, "penalty_interval": 1, "beta2": 0.9},
    },
}

PRESETS: dict[str, Values] = {
    "smoke": {  # does it run at all: seconds
        "network": {"latent": 4, "width": 16, "step_width": 8, "octave_width": 4, "depth": 1},
        "critic": {"chroma_width": 8},
        "recipe": {"batch_size": 8},
        "rhythm": {"log": 5, "sheet": 20, "checkpoint": 20, "measure": 40},
        "run": {"steps": 40},
    },
    "small": {},  # 1.1 M parameters: learns on two cores
    "base": {  # for a GPU
        "network": {"latent": 64, "width": 256, "step_width": 128, "octave_width": 48, "depth": 4},
        "critic": {"chroma_width": 256},
        "recipe": {"batch_size": 128},
    },
}


def _auto(said: MusicConfig, device: str, parts: int) -> Values:
    """What `--preset auto` sets: `base` on a GPU, and a batch that all processes can share."""
    if said.network.name == CLASSIC:
        return {}
    values = PRESETS["small" if device == "cpu" else "base"]
    batch = BATCH if device == "cpu" else 128
    share = max(1, round(batch / parts)) * parts
    return {**values, "recipe": {"batch_size": share}}


CHOICES = Choices(MusicConfig, MODELS, OBJECTIVES, PRESETS, _auto)


def configure(
    model: str | None,
    preset: str,
    file: Path | None,
    flags: Mapping[str, Mapping[str, Any]],
    device: str,
    processes: int = 1,
) -> tuple[Resolved[MusicConfig], str]:
    """Lay model, preset, file and flags over the defaults: see `Choices.configure`.

    Returns:
        the configuration and a sentence on what the preset chose.
    """
    resolved = CHOICES.configure(model, preset, file, flags, device, processes)
    chosen = resolved.config
    run, where = chosen.run, kind_of_device(chosen.run, device)
    time = f"{run.minutes:g} minutes" if run.minutes else f"{run.steps} steps"
    return resolved, (
        f"preset {preset}: {where} with {cores_usable()} cores and {time}: {chosen.network.name}, width "
        f"{chosen.network.width}, batches of {chosen.recipe.batch_size}"
    )
