"""From a configuration to a trained model: the assembly of an image run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import torch
from torch import nn

from gansuite.core.assembly import ArtRun
from gansuite.core.config import Resolved
from gansuite.core.engine import EAGER, Compiler, World
from gansuite.core.trainer import Metrics, Trainer
from gansuite.image import networks, probe
from gansuite.image.config import ImageConfig
from gansuite.image.dataset import Portfolio, Progress, open_portfolio
from gansuite.image.features import extractor
from gansuite.image.games.adversarial import AdversarialGame
from gansuite.image.measuring import HeldOut, fixed, thinned
from gansuite.image.networks.parts import Generator
from gansuite.image.sheets import COLUMNS, ROWS, save_image, sheet, timelapse
from gansuite.image.source import Pictures

SAMPLES = 256  # how many samples the measures of a run look at
WORKS = 512  # and how many held-out and training works, at most


def build_trainer(config: ImageConfig, portfolio: Portfolio, world: World, compiler: Compiler = EAGER) -> Trainer:
    """The trainer of an image run, its networks on the device and channels last."""
    spec = _spec(config, portfolio)
    generator, discriminator = networks.build(spec, config.run.seed)
    generator, discriminator = _placed(generator, world.device), _placed(discriminator, world.device)
    by_formula = probe.formula(config.data.resolution, config.recipe.batch_size)
    game = AdversarialGame(generator, discriminator, probe.with_strength(config.game, by_formula), compiler)
    source = Pictures(portfolio.pixels, portfolio.train, world.device, portfolio.labels if spec["labels"] else None)
    return Trainer(game, source, config.recipe, config.budget(), config.run.seed, world)


def _spec(config: ImageConfig, portfolio: Portfolio) -> dict[str, Any]:
    """What the networks are told: see `networks.build`."""
    n = config.network
    labels = portfolio.label_names if config.conditional else ()
    shares = portfolio.shares() if config.conditional else ()
    return {
        "name": n.name,
        "width": n.width,
        "latent": n.latent,
        "resolution": config.data.resolution,
        "labels": labels,
        "shares": shares,
    }


M = TypeVar("M", bound=nn.Module)


def _placed(module: M, device: torch.device) -> M:
    return module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


@dataclass
class ImageRun(ArtRun[ImageConfig]):
    """One image run, new or resumed, ready to train.

    Args:
        progress: called with (works done, works in all) while works are read for the first time.
    """

    art: ClassVar[str] = "image"
    progress: Progress | None = None
    found: str = field(default="", init=False)

    def open_works(self) -> str:
        """Read the portfolio."""
        self.portfolio = open_portfolio(self.config.data, progress=self.progress)
        return self.portfolio.digest

    def build_trainer(self) -> Trainer:
        """The trainer of this run, the time of its probe spent already."""
        seconds = self._probe() if probe.asked(self.config.game) else 0.0
        trainer = build_trainer(self.config, self.portfolio, self.world, self.compiler)
        trainer.seconds = self.world.latest(seconds)
        return trainer

    def _probe(self) -> float:
        """Find the penalty's strength, and put it into the configuration that is saved. Returns the seconds it took."""

        def copy(gamma: float) -> Trainer:
            game = probe.with_strength(self.config.game, gamma)
            return build_trainer(replace(self.config, game=game), self.portfolio, self.world)

        found = probe.Probe(copy).find(probe.formula(self.config.data.resolution, self.config.recipe.batch_size))
        before, game = self.config.game, probe.with_strength(self.config.game, found.gamma)
        changed = {f"game.{name}": "probe" for name in ("r1", "r2") if getattr(before, name) != getattr(game, name)}
        self.config = replace(self.config, game=game)
        self.resolved = Resolved(self.config, {**self.resolved.origins, **changed})
        self.found = str(found)
        return found.seconds

    def notes(self) -> list[str]:
        """What the probe came to, too."""
        return [*super().notes(), *([self.found] if self.found else [])]

    def prepare(self) -> None:
        """Fixed latents for sheets and measures, and the works that samples are measured against."""
        p, seed, size = self.portfolio, self.config.run.seed, self.config.network.latent
        labels = p.labels[p.train] if self.config.conditional and p.labels is not None else None
        self.on_sheets = fixed(ROWS * COLUMNS, size, seed, "sheet", labels)
        if self.measures_now:
            held_out, train = (p.pixels[thinned(works, WORKS)] for works in (p.held_out, p.train))
            samples = fixed(SAMPLES, size, seed, "measure", labels)
            self.held_out = HeldOut(held_out, train, extractor(None), samples)

    def measure(self, generator: nn.Module) -> Metrics:
        """Distances of samples to held-out works."""
        return dict(self.held_out(cast(Generator, generator)))

    def draw_sheet(self, generator: nn.Module, stem: Path) -> None:
        """48 pictures from the same latents, all through a run."""
        save_image(sheet(self.on_sheets.draw(cast(Generator, generator)), COLUMNS), stem.with_suffix(".png"))

    def finish(self) -> None:
        """All sheets as a film."""
        timelapse(sorted(self.run.samples.glob("*.png")), self.run.path / "timelapse.webp")

    def about(self) -> tuple[str, str, str]:
        """For the card."""
        train, held_out = len(self.portfolio.train), len(self.portfolio.held_out)
        title = f"{self.config.network.name} at {self.config.data.resolution} px"
        yardstick = self.held_out.extractor.name if self.measures_now else ""
        return title, f"{train} works for training, {held_out} held out", yardstick

    def describe(self, generator: nn.Module) -> Mapping[str, Any]:
        """The description of the generator."""
        return networks.describe(cast(Generator, generator), self.config.network.name)
