"""Everything a run of poems can be told: its five stages, and the presets."""

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
from gansuite.poetry.dataset import PoemDataConfig
from gansuite.poetry.games.adversarial import GameConfig
from gansuite.poetry.games.likelihood import LikelihoodConfig
from gansuite.poetry.games.recognition import RecognitionConfig
from gansuite.poetry.networks.critics import CriticConfig
from gansuite.poetry.networks.embedding import EmbeddingConfig
from gansuite.poetry.networks.encoder import EncoderConfig
from gansuite.poetry.networks.poet import PoetConfig

STAGES = ("encoder", "embedding", "likelihood", "critics", "adversarial")
ENCODER, EMBEDDING, LIKELIHOOD, CRITICS, ADVERSARIAL = STAGES


@dataclass(frozen=True)
class StageConfig:
    """What of the whole is trained.

    Attributes:
        name: encoder, embedding, likelihood, critics or adversarial.
        start: model folders, runs or bundled names whose parts it begins from, the later ones' where several have one,
            or `NAME:encoder,embedding` for some of them; none: the stage before, where there is one.
        images: folders and zips of pictures.
        vision: a folder or hub id of CLIP in place of our own encoder (a hub id uses the network).
        language: a folder or hub id of a GPT-2 that the poet begins from (a hub id uses the network).
    """

    name: str = LIKELIHOOD
    start: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    vision: str = ""
    language: str = ""


@dataclass(frozen=True)
class PoemConfig:
    """One stage of a run."""

    network: StageConfig = field(default_factory=StageConfig)
    data: PoemDataConfig = field(default_factory=PoemDataConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    poet: PoetConfig = field(default_factory=PoetConfig)
    critics: CriticConfig = field(default_factory=CriticConfig)
    likelihood: LikelihoodConfig = field(default_factory=LikelihoodConfig)
    game: GameConfig = field(default_factory=GameConfig)
    recipe: Recipe = field(default_factory=Recipe)
    rhythm: Rhythm = field(default_factory=Rhythm)
    run: RunConfig = field(default_factory=RunConfig)

    def budget(self) -> Budget:
        """How long it may last."""
        return self.run.budget(self.recipe.batch_size)


MODELS: dict[str, Values] = {
    ENCODER: {
        "recipe": {
            "batch_size": 64,
            "optimiser": "muon",
            "generator_lr": 2e-3,
            "beta1": 0.9,
            "warm_up": 0.05,
            "final_lr": 0.01,
        },
        "rhythm": {"sheet": 0, "measure": 250, "checkpoint": 250},
    },
    EMBEDDING: {
        "recipe": {"batch_size": 128, "generator_lr": 1e-3, "beta1": 0.9, "warm_up": 0.05, "final_lr": 0.02},
        "rhythm": {"sheet": 0, "measure": 200, "checkpoint": 200},
    },
    LIKELIHOOD: {
        "recipe": {
            "batch_size": 48,
            "optimiser": "muon",
            "generator_lr": 2e-3,
            "beta1": 0.9,
            "beta2": 0.95,  # GPT-3: Brown et al. 2020, appendix B
            "half_life": 4_000,
            "warm_up": 0.02,
            "final_lr": 0.05,
        },
        "rhythm": {"sheet": 250, "measure": 250, "checkpoint": 125},
    },
    CRITICS: {
        "recipe": {
            "batch_size": 48,
            "optimiser": "muon",
            "generator_lr": 2e-3,
            "beta1": 0.9,
            "half_life": 1_000,
            "warm_up": 0.05,
            "final_lr": 0.1,
        },
        "rhythm": {"sheet": 0, "measure": 100, "checkpoint": 50},
    },
    ADVERSARIAL: {
        "recipe": {
            "batch_size": 16,
            "penalty_interval": 8,
            "generator_lr": 4e-4,
            "discriminator_lr": 5e-4,
            "beta1": 0.5,  # ScratchGAN: de Masson d'Autume et al. 2019
            "beta2": 0.99,
            "half_life": 800,
            "final_lr": 0.1,
        },
        "rhythm": {"sheet": 50, "measure": 50, "checkpoint": 25},
    },
}

PRESETS: dict[str, Values] = {
    "smoke": {  # does it run at all: seconds
        "encoder": {"widths": (16, 16, 16, 16), "depths": (0, 1, 1, 1)},
        "poet": {"vocabulary": 600, "width": 32, "layers": 2, "heads": 2},
        "embedding": {"token": 16, "width": 16, "shared": 16},
        "critics": {"token": 16, "width": 16},
        "game": {"samples": 2, "tokens": 16},
        "recipe": {"batch_size": 8},
        "rhythm": {"log": 2, "sheet": 10, "checkpoint": 10, "measure": 10},
        "run": {"steps": 20},
    },
    "small": {},  # 8 M parameters in all: learns on two cores
    "base": {  # for a GPU
        "poet": {"width": 512, "layers": 8, "heads": 8, "vocabulary": 8192},
        "critics": {"token": 256, "width": 512},
    },
}


def _auto(said: PoemConfig, device: str, parts: int) -> Values:
    """What `--preset auto` sets: `base` on a GPU, and a batch that all processes can share.

    A poet that can write already learns poems of a person's own gently and is measured often: a few hundred poems are
    soon known by heart.
    """
    batch = int(MODELS[said.network.name]["recipe"]["batch_size"])
    share = max(1, round(batch / parts)) * parts
    values = {**PRESETS["small" if device == "cpu" else "base"], "recipe": {"batch_size": share}}
    if said.network.name == LIKELIHOOD and said.network.start and not said.network.images:
        values["recipe"] = {**values["recipe"], "generator_lr": 3e-4}
        values["rhythm"] = {"measure": 20, "checkpoint": 20}
    return values


CHOICES = Choices(PoemConfig, MODELS, {}, PRESETS, _auto)


def configure(
    stage: str,
    preset: str,
    file: Path | None,
    flags: Mapping[str, Mapping[str, Any]],
    device: str,
    processes: int = 1,
) -> tuple[Resolved[PoemConfig], str]:
    """Lay stage, preset, file and flags over the defaults: see `Choices.configure`.

    Returns:
        the configuration and a sentence on what the preset chose.
    """
    named = {**flags, "network": {**flags.get("network", {}), "name": stage}}  # a stage is no model: the file stands
    resolved = CHOICES.configure(None, preset, file, named, device, processes)
    chosen = resolved.config
    run, where = chosen.run, kind_of_device(chosen.run, device)
    time = f"{run.minutes:g} minutes" if run.minutes else f"{run.steps} steps"
    return resolved, (
        f"stage {stage}, preset {preset}: {where} with {cores_usable()} cores and {time}: batches of "
        f"{chosen.recipe.batch_size}"
    )
