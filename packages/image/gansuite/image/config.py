"""Everything an image run can be told, and the presets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gansuite.core.config import Layer, Resolved, Values, from_saved, read_toml, resolve
from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.machine import cores_usable
from gansuite.core.run import RUNS, Run
from gansuite.core.schedules import Budget
from gansuite.core.session import Rhythm
from gansuite.core.trainer import Recipe
from gansuite.image.dataset import DataConfig
from gansuite.image.games.adversarial import GameConfig

LAST_SEED = 2**53  # whole numbers that every JSON reader keeps exactly


@dataclass(frozen=True)
class NetworkConfig:
    """Which network, and how big.

    Attributes:
        name: dcgan or dcgan-classic.
        width: channels at the finest level, a multiple of 8; everything else follows.
        latent: numbers in a latent.
    """

    name: str = "dcgan"
    width: int = 32
    latent: int = 128

    def __post_init__(self) -> None:
        if self.latent < 1:
            raise GansuiteError(f"latent is {self.latent}, but must be at least 1.", "Try latent = 128.")


@dataclass(frozen=True)
class RunConfig:
    """The run itself.

    Attributes:
        seed: every random number of the run follows from it; 0 to 2^53.
        steps: rounds to play, or None.
        minutes: minutes to train, or None.
        device: auto, cpu, cuda, cuda:N or mps.
        threads: CPU threads; 0 leaves PyTorch's choice.
        keep: how many of the newest checkpoints stay.
    """

    seed: int = 0
    steps: int | None = None
    minutes: float | None = None
    device: str = "auto"
    threads: int = 0
    keep: int = 3

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= LAST_SEED:
            raise GansuiteError(f"seed is {self.seed}, but must lie between 0 and 2^53.", "Try --seed 0.")
        if self.threads < 0:
            raise GansuiteError(f"threads is {self.threads}, but cannot be negative.", "Leave --threads out.")
        if self.keep < 1:
            raise GansuiteError(f"keep is {self.keep}, but must be at least 1.", "Try keep = 3.")


@dataclass(frozen=True)
class ImageConfig:
    """A whole image run."""

    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    game: GameConfig = field(default_factory=GameConfig)
    recipe: Recipe = field(default_factory=Recipe)
    rhythm: Rhythm = field(default_factory=Rhythm)
    run: RunConfig = field(default_factory=RunConfig)

    def budget(self) -> Budget:
        """How long it may last."""
        images = self.run.steps * self.recipe.batch_size if self.run.steps is not None else None
        return Budget(images, self.run.minutes)


MODELS: dict[str, Values] = {
    "dcgan": {},
    "dcgan-classic": {  # Radford et al. 2015, section 4: nothing added, nothing taken away
        "network": {"name": "dcgan-classic", "width": 64, "latent": 100},
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
    "relativistic": {"game": {"r1": 0.05, "r2": 0.05}},  # Huang et al. 2024: converges only with both
}

PRESETS: dict[str, Values] = {
    "smoke": {  # does it run at all: seconds
        "data": {"resolution": 32},
        "network": {"width": 8},
        "recipe": {"batch_size": 16},
        "rhythm": {"log": 5, "sheet": 20, "checkpoint": 20, "measure": 40},
        "run": {"steps": 60},
    },
    "half": {"network": {"width": 32}},  # half the published width: three to four times the pictures a minute
    "full": {"network": {"width": 64}, "recipe": {"batch_size": 64}},  # the published width, for a GPU
}


def fit_to_machine(device: str, minutes: float | None, steps: int | None, resolution: int) -> tuple[Values, str]:
    """What `--preset auto` chooses, and why, in a sentence.

    Args:
        device: the kind of device found: cpu, cuda or mps.
        minutes, steps: how long the run may last; 20 minutes when neither is said.
        resolution: side of the pictures.
    """
    cores = cores_usable()
    strong = device != "cpu" or cores >= 16
    width = 64 if strong else max(16, 32 * 64 // max(64, resolution) // 8 * 8)
    batch = 64 if strong else 32
    minutes = 20.0 if minutes is None and steps is None else minutes
    half_life = min(10_000.0, max(500.0, 500.0 * minutes if minutes else batch * (steps or 0) / 20))
    measure = 500 if minutes is None or minutes > 5 else 100
    time = f"{minutes:g} minutes" if minutes else f"{steps} steps"
    reason = (
        f"auto: {device} with {cores} cores and {time} at {resolution} px: width {width}, batches of {batch}, "
        f"average over a half-life of {half_life:,.0f} images, a measure every {measure} steps"
    )
    values: Values = {
        "network": {"width": width},
        "recipe": {"batch_size": batch, "half_life": half_life},
        "rhythm": {"measure": measure},
    }
    return values, reason


def configure(
    model: str | None, preset: str, file: Path | None, flags: Mapping[str, Mapping[str, Any]], device: str
) -> tuple[Resolved[ImageConfig], str]:
    """Lay model, preset, file and flags over the defaults.

    Args:
        model: an architecture by name, or None for the file's or the default.
        preset: auto, smoke, half or full.
        file: a TOML file, or None.
        flags: what the person typed, by section.
        device: the kind of device found.

    Returns:
        the configuration and a sentence on what the preset chose.

    Raises:
        GansuiteError: for an unknown model, preset, section or key, or an impossible value.
    """
    typed = [Layer("flag", flags), *([Layer("flag", {"network": {"name": model}})] if model else [])]
    written = [read_toml(file)] if file else []
    said = resolve(ImageConfig, [*written, *typed]).config  # refuses what is unknown or of the wrong type
    name = said.network.name
    if name not in MODELS:
        raise GansuiteError(f"There is no model called '{name}'.", did_you_mean(name, list(MODELS)))
    layers = [Layer(f"model {name}", MODELS[name])]
    if model:  # what a flag names brings its own, whatever the file says
        written = [_without(layer, MODELS.values()) for layer in written]
    said = resolve(ImageConfig, [*layers, *written, *typed]).config
    layers.append(Layer(f"objective {said.game.objective}", OBJECTIVES.get(said.game.objective, {})))
    if _said(typed, "game", "objective"):
        written = [_without(layer, OBJECTIVES.values()) for layer in written]
    if _endless(said, preset):
        layers.append(Layer("minutes if nothing is said", {"run": {"minutes": 20.0}}))
    preset_layer, reason = _preset(preset, said, device)
    return resolve(ImageConfig, [*layers, preset_layer, *written, *typed]), reason


def _without(layer: Layer, others: Iterable[Values]) -> Layer:
    """The layer less the keys that any of the others sets."""
    set_elsewhere = {(section, key) for other in others for section, values in other.items() for key in values}
    kept = {
        section: {key: value for key, value in values.items() if (section, key) not in set_elsewhere}
        for section, values in layer.values.items()
    }
    return Layer(layer.origin, kept)


def _preset(name: str, said: ImageConfig, device: str) -> tuple[Layer, str]:
    if name == "auto":
        if said.network.name == "dcgan-classic":
            return Layer("preset auto", {}), "auto: dcgan-classic stays as published"
        values, reason = fit_to_machine(device, said.run.minutes, said.run.steps, said.data.resolution)
        return Layer("preset auto", values), reason
    if name not in PRESETS:
        raise GansuiteError(f"There is no preset '{name}'.", did_you_mean(name, ["auto", *PRESETS]))
    return Layer(f"preset {name}", PRESETS[name]), f"preset {name}"


def _said(layers: Sequence[Layer], section: str, key: str) -> Any:
    """What the topmost layer that speaks of it says, or None."""
    said = [layer.values[section][key] for layer in layers if key in layer.values.get(section, {})]
    return said[-1] if said else None


def _endless(said: ImageConfig, preset: str) -> bool:
    ends = [said.run.steps, said.run.minutes, *PRESETS.get(preset, {}).get("run", {}).values()]
    return all(end is None for end in ends)


def works_of(model: str) -> DataConfig | None:
    """The works a run was trained on, as its own configuration says; None when `model` is not a run."""
    for path in (Path(model), RUNS / model):
        if (path / "checkpoints").is_dir():
            return from_saved(ImageConfig, Run(path).configuration()).config.data
    return None
