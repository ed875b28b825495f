"""From what a person chose by name to a whole configuration: model < objective < preset < file < flags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from gansuite.core.config import Layer, Resolved, Values, read_toml, resolve
from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.run import RunConfig
from gansuite.core.session import Rhythm
from gansuite.core.trainer import Recipe

MINUTES = 20.0  # of a run of which nothing else is said


class Named(Protocol):
    """A section that names the network."""

    @property
    def name(self) -> str:
        """How a person chooses it."""


class Playing(Protocol):
    """A section that names the objective."""

    @property
    def objective(self) -> str:
        """How a person chooses it."""


class RunSettings(Protocol):
    """What every art's configuration has."""

    @property
    def network(self) -> Named:
        """Which network."""

    @property
    def game(self) -> Playing:
        """What is played for."""

    @property
    def recipe(self) -> Recipe:
        """How the players learn."""

    @property
    def run(self) -> RunConfig:
        """The run itself."""

    @property
    def rhythm(self) -> Rhythm:
        """How often a run shows itself."""


C = TypeVar("C", bound=RunSettings)


@dataclass(frozen=True)
class Choices(Generic[C]):
    """What an art offers by name.

    Attributes:
        kind: its configuration.
        models: by name, what each sets.
        objectives: what an objective needs beside it to train.
        presets: by name, what each sets; `auto` is not among them.
        fit: what `auto` sets, from what is said so far, the kind of device, and how many processes and micro-batches
            share a batch.
    """

    kind: type[C]
    models: Mapping[str, Values]
    objectives: Mapping[str, Values]
    presets: Mapping[str, Values]
    fit: Callable[[C, str, int], Values]

    def configure(
        self,
        model: str | None,
        preset: str,
        file: Path | None,
        flags: Mapping[str, Mapping[str, Any]],
        device: str,
        processes: int = 1,
    ) -> Resolved[C]:
        """Lay model, preset, file and flags over the defaults.

        What a file sets for another model, or another objective, than the flag names is not taken from it.

        Args:
            model: by name, or None for the file's or the default.
            preset: auto, or one of the presets.
            file: a TOML file, or None.
            flags: what the person typed, by section.
            device: the kind of device found where neither file nor flags name one.
            processes: how many train together.

        Raises:
            GansuiteError: for an unknown model, preset, section or key, or an impossible value.
        """
        typed = [Layer("flag", flags), *([Layer("flag", {"network": {"name": model}})] if model else [])]
        written = [read_toml(file)] if file else []
        name = resolve(self.kind, [*written, *typed]).config.network.name  # refuses what is unknown
        if name not in self.models:
            raise GansuiteError(f"There is no model called '{name}'.", did_you_mean(name, list(self.models)))
        layers = [Layer(f"model {name}", self.models[name])]
        if _another(written, typed, "network", "name"):
            written = [_without(layer, self.models.values()) for layer in written]
        said = resolve(self.kind, [*layers, *written, *typed]).config
        layers.append(Layer(f"objective {said.game.objective}", self.objectives.get(said.game.objective, {})))
        if _another(written, typed, "game", "objective"):
            written = [_without(layer, self.objectives.values()) for layer in written]
        if self._endless(said, preset):
            layers.append(Layer("minutes if nothing is said", {"run": {"minutes": MINUTES}}))
        layers.append(self._preset(preset, said, kind_of_device(said.run, device), processes))
        return resolve(self.kind, [*layers, *written, *typed])

    def _preset(self, name: str, said: C, device: str, processes: int) -> Layer:
        if name not in ("auto", *self.presets):
            raise GansuiteError(f"There is no preset '{name}'.", did_you_mean(name, ["auto", *self.presets]))
        if name == "auto":
            return Layer("preset auto", self.fit(said, device, processes * said.recipe.accumulate))
        return Layer(f"preset {name}", self.presets[name])

    def _endless(self, said: C, preset: str) -> bool:
        ends = [said.run.steps, said.run.minutes, *self.presets.get(preset, {}).get("run", {}).values()]
        return all(end is None for end in ends)


def kind_of_device(run: RunConfig, found: str) -> str:
    """cpu, cuda or mps: of the device a run asks for, or the one that was found if it asks for none."""
    return found if run.device == "auto" else run.device.partition(":")[0]


def _without(layer: Layer, others: Iterable[Values]) -> Layer:
    """The layer less the keys that any of the others sets."""
    set_elsewhere = {(section, key) for other in others for section, values in other.items() for key in values}
    kept = {
        section: {key: value for key, value in values.items() if (section, key) not in set_elsewhere}
        for section, values in layer.values.items()
    }
    return Layer(layer.origin, kept)


def _another(written: Sequence[Layer], typed: Sequence[Layer], section: str, key: str) -> bool:
    """Whether a flag names another than the file does."""
    file, flag = (_said(layers, section, key) for layers in (written, typed))
    return None not in (file, flag) and file != flag


def _said(layers: Sequence[Layer], section: str, key: str) -> Any:
    """What the topmost layer that speaks of it says, or None."""
    said = [layer.values[section][key] for layer in layers if key in layer.values.get(section, {})]
    return said[-1] if said else None
