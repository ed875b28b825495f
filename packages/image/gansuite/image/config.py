"""Everything an image run can be told, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gansuite.core.choices import MINUTES, Choices, kind_of_device
from gansuite.core.config import Resolved, Values, from_saved
from gansuite.core.errors import GansuiteError
from gansuite.core.library import find_model
from gansuite.core.machine import cores_usable
from gansuite.core.run import Run, RunConfig
from gansuite.core.schedules import Budget
from gansuite.core.session import Rhythm
from gansuite.core.trainer import Recipe
from gansuite.image.dataset import DataConfig
from gansuite.image.games.adversarial import PROBED, GameConfig


@dataclass(frozen=True)
class NetworkConfig:
    """Which network, and how big.

    Attributes:
        name: fast, dcgan, dcgan-classic, r3 or style.
        width: channels at the finest level, a multiple of 8; everything else follows.
        latent: numbers in a latent.
        conditional: whether labels that were named steer the pictures, or only the choice of what is held out.
    """

    name: str = "fast"
    width: int = 32
    latent: int = 128
    conditional: bool = True

    def __post_init__(self) -> None:
        if self.latent < 1:
            raise GansuiteError(f"latent is {self.latent}, but must be at least 1.", "Try latent = 128.")


@dataclass(frozen=True)
class ImageConfig:
    """A whole image run."""

    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    game: GameConfig = field(default_factory=GameConfig)
    recipe: Recipe = field(default_factory=Recipe)
    rhythm: Rhythm = field(default_factory=Rhythm)
    run: RunConfig = field(default_factory=RunConfig)

    @property
    def conditional(self) -> bool:
        """Whether labels steer the pictures: they were named, by folder or table, and nothing forbids it."""
        return self.network.conditional and self.data.labels not in ("auto", "none")

    def budget(self) -> Budget:
        """How long it may last."""
        return self.run.budget(self.recipe.batch_size)


CLASSIC = "dcgan-classic"
MODELS: dict[str, Values] = {
    "dcgan": {"network": {"name": "dcgan"}},
    "fast": {
        "network": {"name": "fast"},
        "game": {"objective": "hinge"},  # Liu et al. 2021
        "recipe": {"batch_size": 16, "generator_lr": 8e-4, "discriminator_lr": 8e-4, "final_lr": 0.1},
    },
    "r3": {  # Huang et al. 2024, appendix: rates fall to a quarter and penalties to a tenth, here of any budget
        "network": {"name": "r3"},
        "game": {"objective": "relativistic"},
        "recipe": {"final_lr": 0.25, "final_penalty": 0.1},
    },
    "style": {"network": {"name": "style"}, "recipe": {"final_lr": 0.1}},
    CLASSIC: {  # Radford et al. 2015, section 4: nothing added, nothing taken away
        "network": {"name": CLASSIC, "width": 64, "latent": 100},
        "game": {"objective": "non-saturating", "r1": 0.0, "augment": "none", "flip": False, "joint": False},
        "recipe": {
            "batch_size": 128,
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "beta1": 0.5,
            "beta2": 0.999,
            "half_life": 0,
            "final_lr": 1.0,
            "penalty_interval": 1,
        },
    },
}

OBJECTIVES: dict[str, Values] = {  # what an objective needs beside it to train
    "wasserstein": {  # Gulrajani et al. 2017, algorithm 1
        "game": {"gradient_penalty": 10.0, "r1": 0.0},
        "recipe": {"critic_steps": 5, "penalty_interval": 1, "beta2": 0.9},
    },
    "relativistic": {"game": {"r1": PROBED, "r2": PROBED}},  # Huang et al. 2024: converges only with both
}

PRESETS: dict[str, Values] = {
    "smoke": {  # does it run at all: seconds
        "data": {"resolution": 32},
        "network": {"width": 8},
        "recipe": {"batch_size": 16, "compile": "off"},
        "rhythm": {"log": 5, "sheet": 20, "checkpoint": 20, "measure": 40},
        "run": {"steps": 60},
    },
    "half": {"network": {"width": 32}},  # half the published width: three to four times the pictures a minute
    "full": {"network": {"width": 64}, "recipe": {"batch_size": 64}},  # the published width, for a GPU
}


def fit_to_machine(
    device: str, minutes: float | None, steps: int | None, resolution: int, parts: int = 1, batch: int = 32
) -> Values:
    """What `--preset auto` chooses.

    Args:
        device: the kind of device found: cpu, cuda or mps.
        minutes, steps: how long the run may last; 20 minutes when neither is said.
        resolution: side of the pictures.
        parts: how many processes and micro-batches share a batch evenly.
        batch: the size the model asks for; a strong machine takes twice as many.
    """
    strong = device != "cpu" or cores_usable() >= 16
    width = 64 if strong else max(16, 32 * 64 // max(64, resolution) // 8 * 8)
    batch = max(1, round(batch * (2 if strong else 1) / parts)) * parts
    minutes = MINUTES if minutes is None and steps is None else minutes
    brief = minutes is not None and minutes <= 5
    half_life = min(10_000.0, max(500.0, 500.0 * minutes if minutes else batch * (steps or 0) / 20))
    return {
        "network": {"width": width},
        "recipe": {"batch_size": batch, "half_life": half_life, "compile": "off" if brief else "auto"},
        "rhythm": {"measure": 100 if brief else 500},
    }


def _auto(said: ImageConfig, device: str, parts: int) -> Values:
    if said.network.name == CLASSIC:
        return {}
    return fit_to_machine(device, said.run.minutes, said.run.steps, said.data.resolution, parts, said.recipe.batch_size)


CHOICES = Choices(ImageConfig, MODELS, OBJECTIVES, PRESETS, _auto)


def configure(
    model: str | None,
    preset: str,
    file: Path | None,
    flags: Mapping[str, Mapping[str, Any]],
    device: str,
    processes: int = 1,
) -> tuple[Resolved[ImageConfig], str]:
    """Lay model, preset, file and flags over the defaults: see `Choices.configure`.

    Returns:
        the configuration and a sentence on what the preset chose.
    """
    resolved = CHOICES.configure(model, preset, file, flags, device, processes)
    return resolved, _reason(preset, resolved.config, kind_of_device(resolved.config.run, device))


def _reason(preset: str, chosen: ImageConfig, device: str) -> str:
    if preset != "auto":
        return f"preset {preset}"
    if chosen.network.name == CLASSIC:
        return f"auto: {CLASSIC} stays as published"
    run, recipe = chosen.run, chosen.recipe
    time = f"{run.minutes:g} minutes" if run.minutes else f"{run.steps} steps"
    return (
        f"auto: {device} with {cores_usable()} cores and {time} at {chosen.data.resolution} px: "
        f"width {chosen.network.width}, batches of {recipe.batch_size}, "
        f"average over a half-life of {recipe.half_life:,.0f} images, a measure every {chosen.rhythm.measure} steps"
    )


def data_for(model: str, resolution: int, said: Mapping[str, Any]) -> DataConfig:
    """The works to measure a model on: those of its training if it is a run's, changed by what is said.

    Args:
        model: as the person named it.
        resolution: side of the model's pictures.
        said: fields of `DataConfig`.
    """
    base = _trained_on(model) or DataConfig(resolution=resolution)
    return replace(base, **said)


def _trained_on(model: str) -> DataConfig | None:
    try:
        run = find_model(model, art="image", hub=False).parent
    except GansuiteError:  # only a hub has it
        return None
    if not (run / "checkpoints").is_dir():
        return None
    return from_saved(ImageConfig, Run(run).configuration()).config.data
