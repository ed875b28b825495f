"""From a configuration to a trained model: the assembly of a music run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from gansuite.core import randomness
from gansuite.core.assembly import ArtRun
from gansuite.core.engine import EAGER, Compiler, World
from gansuite.core.trainer import Metrics, Trainer
from gansuite.music import networks
from gansuite.music.config import MusicConfig
from gansuite.music.dataset import Music, Phrases, open_music
from gansuite.music.games.masked import Batch, MaskedGame
from gansuite.music.levels import level, levels_of
from gansuite.music.measures.table import distance, table
from gansuite.music.networks.channels import to_cells
from gansuite.music.networks.musegan import Generator
from gansuite.music.picture import draw_sheet
from gansuite.music.roll import TRACKS, Cells, Flags, Roll

SAMPLES = 256  # how many phrases the measures of a run look at
LEVELLED = (256, 2048)  # phrases played, and heard, to find the levels
SHEET = (6, 8)  # rows and columns
CHUNK = 32
MOST_REPEATS = 4
DRUMS = TRACKS.index("drums")
YARDSTICK = "mean normalised distance over EB, UPC, QN, PP and TD"


class PhraseSource:
    """Phrases where the compute is.

    A pack without drums says nothing of drums, and there is more of it. Phrases of sources that have all tracks are
    handed out up to four times an epoch, every fourth time without their drums: so drums are learnt, and what the other
    tracks do without them is learnt from both kinds.

    Args:
        phrases: to learn from.
        device: where batches are wanted.
    """

    def __init__(self, phrases: Phrases, device: torch.device) -> None:
        self.phrases, self.device = phrases, device
        whole = phrases.present.all(1)
        repeats = 1 if whole.all() else int(np.clip(round((~whole).sum() / max(1, whole.sum())), 1, MOST_REPEATS))
        self.rows = np.repeat(np.arange(len(phrases)), np.where(whole, repeats, 1))
        self.without_drums = (np.arange(len(self.rows)) % 4 == 3) & (repeats > 1)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: np.ndarray) -> Batch:
        """The phrases at these indices."""
        rows = self.rows[indices]
        cells, present = self.phrases.take(rows), self.phrases.present[rows]
        without = self.without_drums[indices]
        cells[without, DRUMS], present[without, DRUMS] = 0, False
        return Batch(torch.from_numpy(cells).to(self.device), torch.from_numpy(present).to(self.device))


def build_trainer(config: MusicConfig, music: Music, world: World, compiler: Compiler = EAGER) -> Trainer:
    """The trainer of a music run, its networks on the device."""
    grid = music.grid
    generator, critic = networks.build(grid, config.network, config.critic, config.run.seed)
    game = MaskedGame(generator.to(world.device), critic.to(world.device), config.game, compiler)
    source = PhraseSource(music.train, world.device)
    return Trainer(game, source, config.recipe, config.budget(), config.run.seed, world)


def leveller(config: MusicConfig, phrases: Phrases, latent_size: int) -> Callable[[Generator], None]:
    """What makes a generator play as the training phrases are, each counted once; nothing where that is not wanted."""
    if not config.network.levelled:
        return lambda generator: None
    tried, heard = LEVELLED
    rows, few = np.linspace(0, len(phrases) - 1, heard).astype(int), slice(None, None, heard // tried)
    cells, present = phrases.take(rows), phrases.present[rows]
    wanted = levels_of(cells, present, config.network.lengths, config.data.grid)
    latents = _latents(tried, latent_size, config.run.seed, "level")
    return lambda generator: level(generator, wanted, latents, cells[few].copy(), present[few].copy())


class MusicRun(ArtRun[MusicConfig]):
    """One music run, new or resumed, ready to train."""

    art: ClassVar[str] = "music"

    def open_works(self) -> str:
        """Read the music."""
        self.music = open_music(self.config.data)
        return self.music.digest

    def build_trainer(self) -> Trainer:
        """The trainer of this run."""
        return build_trainer(self.config, self.music, self.world, self.compiler)

    def prepare(self) -> None:
        """Fixed latents for sheets and measures, and the table of the held-out music."""
        seed, size = self.config.run.seed, cast(Generator, self._average()).latent_size
        self.sheet_latents = _latents(SHEET[0] * SHEET[1], size, seed, "sheet")
        self.level = leveller(self.config, self.music.train, size)
        if self.measures_now:
            held = self.music.held_out
            self.rows = np.linspace(0, len(held) - 1, SAMPLES).astype(int)
            self.latents = _latents(SAMPLES, size, seed, "measure")
            self.truth = table(held.cells, self.music.grid.tracks, self.music.grid, held.present)

    def settle(self, generator: nn.Module) -> None:
        """To play as the training music does: see `music.levels`."""
        self.level(cast(Generator, generator))

    def measure(self, generator: nn.Module) -> Metrics:
        """The distance of free phrases to the held-out music, and its five parts."""
        present = self.music.held_out.present[self.rows]
        cells = play(cast(Generator, generator), self.latents, present)
        found = table(cells, self.music.grid.tracks, self.music.grid, present)
        apart = distance(found, self.truth)
        return {"held_out_distance": apart.mean, **{name: float(value) for name, value in vars(apart).items()}}

    def draw_sheet(self, generator: nn.Module, stem: Path) -> None:
        """48 phrases from the same latents, all through a run."""
        cells = play(cast(Generator, generator), self.sheet_latents)
        grid = self.music.grid
        rolls = [Roll(phrase, grid.tracks, grid.steps_per_beat, grid.meter) for phrase in cells]
        draw_sheet(rolls, SHEET[1]).save(stem.with_suffix(".png"), optimize=True)

    def about(self) -> tuple[str, str, str]:
        """For the card."""
        report, grid = self.music.report, self.music.grid
        title = f"{self.config.network.name}, {grid.bars} bars of {grid.meter[0]}/{grid.meter[1]}"
        data = (
            f"{report.phrases[0]} phrases of {report.pieces[0]} pieces for training, {report.phrases[1]} of "
            f"{report.pieces[1]} held out"
        )
        return title, data, YARDSTICK

    def describe(self, generator: nn.Module) -> Mapping[str, Any]:
        """The description of the generator."""
        return networks.describe(cast(Generator, generator))


@torch.no_grad()
def play(generator: Generator, latents: Tensor, present: Flags | None = None) -> Cells:
    """Phrases uint8 (N, K, T, P) from nothing.

    Args:
        latents: (N, latent_size).
        present: bool (N, K), which tracks there are; None: all.
    """
    device = next(generator.parameters()).device
    there = torch.ones(len(latents), len(generator.grid.tracks), dtype=torch.bool)
    there = there if present is None else torch.from_numpy(present)
    parts = []
    for z, tracks in zip(torch.split(latents, CHUNK), torch.split(there, CHUNK), strict=True):
        x = generator(z.to(device), None, None, tracks.to(device))
        parts.append(to_cells(x, generator.grid.tracks))
    return np.concatenate(parts)


def _latents(count: int, size: int, seed: int, stream: str) -> Tensor:
    return torch.randn(count, size, generator=randomness.generator(seed, stream))
