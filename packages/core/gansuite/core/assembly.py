"""A run put together: works, game, trainer, folder and session. What an art adds is what its works are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor, nn

from gansuite.core import __version__
from gansuite.core.card import Card
from gansuite.core.choices import RunSettings
from gansuite.core.config import Resolved
from gansuite.core.engine import World, find_compiler
from gansuite.core.errors import GansuiteError
from gansuite.core.model import save_pretrained
from gansuite.core.observers.base import Observer
from gansuite.core.run import Run, create, reopen, require_free
from gansuite.core.session import Kept, Session
from gansuite.core.trainer import Metrics, Trainer

C = TypeVar("C", bound=RunSettings)


@dataclass
class ArtRun(ABC, Generic[C]):
    """One run, new or resumed, ready to train.

    Args:
        resolved: the configuration and where each value came from.
        path: the run folder.
        world: this process among its peers.
        observers: who is told, on the leading process alone.
        resume: go on from the newest checkpoint in the folder.
        command: what the person typed, for the card.
        first: what the leading process does before it writes into the folder, once works and networks are found good.
    """

    art: ClassVar[str]

    resolved: Resolved[C]
    path: Path
    world: World
    observers: Sequence[Observer] = ()
    resume: bool = False
    command: str = ""
    first: Callable[[], object] | None = None

    def __post_init__(self) -> None:
        self.config: C = self.resolved.config
        if not self.resume:
            require_free(self.path)
        self.digest = self.open_works()
        self.compiler = find_compiler(self.world.device, self.config.recipe.compile)
        self.trainer = self.build_trainer()
        self.run = self._folder()
        self.measures_now = self.world.leads and bool(self.config.rhythm.measure)
        self.prepare()

    # ------------------------------------------------------------------ what an art says

    @abstractmethod
    def open_works(self) -> str:
        """Read the works; returns a digest that is the same only for the same works, split the same way."""

    @abstractmethod
    def build_trainer(self) -> Trainer:
        """The trainer, its passes compiled by `compiler`; its generator is called "generator"."""

    @abstractmethod
    def prepare(self) -> None:
        """What sheets and measures need; `measures_now` says whether anything will be measured."""

    def settle(self, generator: nn.Module) -> None:
        """Last touches to an averaged generator, before it is measured, shown or kept."""

    @abstractmethod
    def measure(self, generator: nn.Module) -> Metrics:
        """Held-out measures of an averaged generator, "held_out_distance" among them where there is one."""

    @abstractmethod
    def draw_sheet(self, generator: nn.Module, stem: Path) -> None:
        """A sheet of samples at `stem` with the art's suffix."""

    @abstractmethod
    def about(self) -> tuple[str, str, str]:
        """For the card: a title, the data in a few words, and the name of the yardstick."""

    @abstractmethod
    def describe(self, generator: nn.Module) -> Mapping[str, Any]:
        """The description from which the same network is built."""

    def weights(self, kept: Kept) -> Mapping[str, Tensor]:
        """What of a kept model is shared: the averaged generator."""
        return kept.averages["generator"]

    def files(self) -> Mapping[str, bytes]:
        """What else belongs to the model, by name of file."""
        return {}

    def notes(self) -> list[str]:
        """Sentences to tell at the beginning."""
        return [self.compiler.reason] if self.compiler.reason else []

    def finish(self) -> None:
        """What the leading process writes at the end."""

    # ------------------------------------------------------------------ the same for all

    def train(self) -> int:
        """Train to the end of the budget. Returns 0, or 128 + the signal that stopped it."""
        session = Session(
            self.trainer,
            self.run,
            self.config.rhythm,
            self.observers,
            measure=self._measure,
            sheet=self._sheet,
            export=self._export,
            notes=self.notes(),
        )
        if self.run.checkpoints():  # a run killed before its first one begins anew
            session.resume()
        code = session.train(self._plan())
        if self.world.leads:
            self.finish()
        return code

    def _folder(self) -> Run:
        saved = {"art": self.art, "version": __version__, "data": self.digest, "command": self.command}
        run = Run(self.path, self.config.run.keep)
        if self.resume:
            saved |= self._checked(run.configuration())
            if run.checkpoints():
                run.load()  # a damaged one is refused before anything is written
        write = reopen if self.resume else create
        if self.first:
            self.world.lead(self.first)
        self.world.lead(lambda: write(self.path, {**saved, **self.resolved.to_dict()}))
        self.command = saved["command"]
        return run

    def _checked(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """What a resumed run keeps of its record: the works, and every command that trained it."""
        if before.get("data", self.digest) != self.digest:
            raise GansuiteError(
                f"{self.path} was trained on other works, or on another choice of them, than are there now.",
                "Put them back as they were, say where they are now with --data, or start another run with --run.",
            )
        return {"command": "\n".join(filter(None, [before.get("command"), self.command]))}

    def _plan(self) -> dict[str, Any]:
        budget = self.trainer.budget
        return {
            "run": self.run.path,
            "total_images": budget.images,
            "minutes": budget.minutes,
            "config": self.resolved.to_dict()["config"],
            "resumed_step": self.trainer.step_count,
        }

    def _average(self) -> nn.Module:
        return self.trainer.averages["generator"].module

    def _measure(self, trainer: Trainer) -> Metrics:
        self.settle(self._average())
        return self.measure(self._average()) if self.measures_now else {}

    def _sheet(self, trainer: Trainer) -> None:
        self.settle(self._average())
        self.draw_sheet(self._average(), self.run.samples / f"{trainer.step_count:06d}")

    def _export(self, kept: Kept) -> None:
        title, data, yardstick = self.about()
        training = {"seed": self.config.run.seed, "steps": kept.step, "images": kept.images}
        card = Card(
            title=f"{self.run.path.name}: {title}",
            art=self.art,
            data=data,
            data_licence="that of the works it was trained on",
            seed=self.config.run.seed,
            steps=kept.step,
            images=kept.images,
            minutes=round(kept.seconds / 60, 2),
            command=self.command,
            measures={yardstick: kept.measured} if self.measures_now else {},
        )
        spec = self.describe(self._average())
        config = {"format": 1, "art": self.art, "network": spec, "training": training}
        save_pretrained(self.run.model, config, self.weights(kept), card, files=self.files())
