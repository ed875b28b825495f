"""From a configuration to a trained model: the assembly of an image run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from gansuite.core.assembly import ArtRun
from gansuite.core.engine import EAGER, Compiler, World
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


def build_trainer(config: ImageConfig, portfolio: Portfolio, world: World, compiler: Compiler = EAGER) -> Trainer:
    """The trainer of an image run, its networks on the device and channels last."""
    spec = {**vars(config.network), "resolution": config.data.resolution}
    players = networks.build(spec, config.run.seed)
    generator, discriminator = (_placed(player, world.device) for player in players)
    game = AdversarialGame(generator, discriminator, config.game, config.network.latent, compiler)
    source = Pictures(portfolio.pixels, portfolio.train, world.device)
    return Trainer(game, source, config.recipe, config.budget(), config.run.seed, world)


def _placed(module: nn.Module, device: torch.device) -> nn.Module:
    return module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


@dataclass
class ImageRun(ArtRun[ImageConfig]):
    """One image run, new or resumed, ready to train.

    Args:
        progress: called with (works done, works in all) while works are read for the first time.
    """

    art: ClassVar[str] = "image"
    progress: Progress | None = None

    def open_works(self) -> str:
        """Read the portfolio."""
        self.portfolio = open_portfolio(self.config.data, progress=self.progress)
        return self.portfolio.digest

    def build_trainer(self) -> Trainer:
        """The trainer of this run."""
        return build_trainer(self.config, self.portfolio, self.world, self.compiler)

    def prepare(self) -> None:
        """Fixed latents for sheets and measures, and the works that samples are measured against."""
        p, seed, size = self.portfolio, self.config.run.seed, self.config.network.latent
        self.latents = fixed_latents(ROWS * COLUMNS, size, seed, "sheet")
        if self.measures_now:
            held_out, train = (p.pixels[thinned(works, WORKS)] for works in (p.held_out, p.train))
            latents = fixed_latents(SAMPLES, size, seed, "measure")
            self.held_out = HeldOut(held_out, train, extractor(None), latents)

    def measure(self, generator: nn.Module) -> Metrics:
        """Distances of samples to held-out works."""
        return dict(self.held_out(generator))

    def draw_sheet(self, generator: nn.Module, stem: Path) -> None:
        """48 pictures from the same latents, all through a run."""
        save_image(sheet(draw(generator, self.latents), COLUMNS), stem.with_suffix(".png"))

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
        return networks.describe(generator, self.config.network.name)
