"""From a configuration to a trained model: the assembly of an image run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gansuite.core import __version__
from gansuite.core.config import Resolved
from gansuite.core.engine import World
from gansuite.core.errors import GansuiteError
from gansuite.core.model import Card, save_pretrained
from gansuite.core.observers.base import Observer
from gansuite.core.run import Run, create, reopen, require_free
from gansuite.core.session import Session
from gansuite.core.trainer import Metrics, Trainer
from gansuite.image import networks
from gansuite.image.config import ImageConfig
from gansuite.image.dataset import Portfolio, Progress, open_portfolio
from gansuite.image.features import extractor
from gansuite.image.games.adversarial import AdversarialGame
from gansuite.image.measuring import HeldOut, draw, fixed_latents, thinned
from gansuite.image.sheets import COLUMNS, ROWS, save_image, sheet, timelapse
from gansuite.image.source import Pictures

SAMPLES = 256  # how many samples the measures of a run look at
WORKS = 512  # and how many held-out and training works, at most


def build_trainer(config: ImageConfig, portfolio: Portfolio, world: World) -> Trainer:
    """The trainer of an image run, its networks on the device and channels last."""
    spec = {**vars(config.network), "resolution": config.data.resolution}
    players = networks.build(spec, config.run.seed)
    generator, discriminator = (_placed(player, world.device) for player in players)
    game = AdversarialGame(generator, discriminator, config.game, config.network.latent)
    source = Pictures(portfolio.pixels, portfolio.train, world.device)
    return Trainer(game, source, config.recipe, config.budget(), config.run.seed, world)


def _placed(module: nn.Module, device: torch.device) -> nn.Module:
    return module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


@dataclass
class ImageRun:
    """One image run, new or resumed, ready to train.

    Args:
        resolved: the configuration and where each value came from.
        path: the run folder.
        world: this process among its peers.
        observers: who is told; only the leading process should have any.
        resume: go on from the newest checkpoint in the folder.
        command: what the person typed, for the card.
        progress: called with (works done, works in all) while works are read for the first time.
    """

    resolved: Resolved[ImageConfig]
    path: Path
    world: World
    observers: Sequence[Observer] = ()
    resume: bool = False
    command: str = ""
    progress: Progress | None = None

    def __post_init__(self) -> None:
        self.config = self.resolved.config
        if not self.resume:
            require_free(self.path)
        self.portfolio = open_portfolio(self.config.data, progress=self.progress)
        self.trainer = build_trainer(self.config, self.portfolio, self.world)
        self.latents = fixed_latents(ROWS * COLUMNS, self.config.network.latent, self.config.run.seed, "sheet")
        self.run = self._folder()
        self.measured = self._measure()

    def train(self) -> int:
        """Train to the end of the budget. Returns 0, or 128 + the signal that stopped it."""
        session = Session(
            self.trainer,
            self.run,
            self.config.rhythm,
            self.observers,
            measure=self._measures,
            sheet=self._sheet,
            export=self._export,
        )
        if self.run.checkpoints():  # a run killed before its first one begins anew
            session.resume()
        code = session.train(self._plan())
        if self.world.leads:
            timelapse(sorted(self.run.samples.glob("*.png")), self.run.path / "timelapse.webp")
        return code

    def _folder(self) -> Run:
        saved = {"art": "image", "version": __version__, "data": self.portfolio.digest, "command": self.command}
        run = Run(self.path, self.config.run.keep)
        if self.resume:
            saved |= self._checked(run.configuration())
            if run.checkpoints():
                run.load()  # a damaged one is refused before anything is written
        write = reopen if self.resume else create
        self.world.lead(lambda: write(self.path, {**saved, **self.resolved.to_dict()}))
        self.command = saved["command"]
        return run

    def _checked(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """What a resumed run keeps of its record: the works, and every command that trained it."""
        if before.get("data", self.portfolio.digest) != self.portfolio.digest:
            raise GansuiteError(
                f"{self.path} was trained on other works, or on another choice of them, than are there now.",
                "Put them back as they were, say where they are now with --data, or start another run with --run.",
            )
        return {"command": "\n".join(filter(None, [before.get("command"), self.command]))}

    def _plan(self) -> dict[str, Any]:
        budget = self.config.budget()
        return {
            "run": self.run.path,
            "total_images": budget.images,
            "minutes": budget.minutes,
            "config": self.resolved.to_dict()["config"],
            "resumed_step": self.trainer.step_count,
        }

    # ------------------------------------------------------------------ what the session asks for

    def _measure(self) -> HeldOut | None:
        if not self.world.leads or not self.config.rhythm.measure:
            return None
        p, seed = self.portfolio, self.config.run.seed
        latents = fixed_latents(SAMPLES, self.config.network.latent, seed, "measure")
        held_out, train = (p.pixels[thinned(works, WORKS)] for works in (p.held_out, p.train))
        return HeldOut(held_out, train, extractor(None), latents)

    def _average(self) -> nn.Module:
        return self.trainer.averages["generator"].module

    def _measures(self, trainer: Trainer) -> Metrics:
        return dict(self.measured(self._average())) if self.measured else {}

    def _sheet(self, trainer: Trainer) -> None:
        pictures = draw(self._average(), self.latents)
        save_image(sheet(pictures, COLUMNS), self.run.samples / f"{trainer.step_count:06d}.png")

    def _export(self, trainer: Trainer, measured: Mapping[str, Any]) -> None:
        average = self._average()
        spec = networks.describe(average, self.config.network.name)
        training = {"seed": self.config.run.seed, "steps": trainer.step_count, "images": trainer.images}
        card = Card(
            title=f"{self.run.path.name}: {self.config.network.name} at {self.config.data.resolution} px",
            art="image",
            data=f"{len(self.portfolio.train)} works for training, {len(self.portfolio.held_out)} held out",
            data_licence="that of the works it was trained on",
            seed=self.config.run.seed,
            steps=trainer.step_count,
            images=trainer.images,
            minutes=round(trainer.seconds / 60, 2),
            command=self.command,
            measures={self.measured.extractor.name: dict(measured)} if self.measured else {},
        )
        config = {"format": 1, "art": "image", "network": spec, "training": training}
        save_pretrained(self.run.model, config, average.state_dict(), card)
