"""The encoder's game: it learns what it is shown, whoever shares the work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gansuite.core.engine import World
from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import Draw
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer
from gansuite.poetry.games.recognition import (
    NO_LABEL,
    Labelled,
    LabelledSource,
    RecognitionConfig,
    RecognitionGame,
    mixed,
    recognised,
    repeats,
    varied,
)
from gansuite.poetry.networks.encoder import Encoder, EncoderConfig

CPU = torch.device("cpu")
LABELS = ("sea", "forest", "rose")
STILL = RecognitionConfig(zoom=0, shift=0, turn=0, colour=0, mix=0)


@dataclass(frozen=True)
class Stripes:
    """Pictures of three labels: stripes across, stripes down, and a chequered pattern, in noisy colours."""

    count: int = 96

    @property
    def labels(self) -> list[str]:
        return [LABELS[number % 3] for number in range(self.count)]

    @property
    def names(self) -> list[str]:
        above = {"sea": "scene", "forest": "scene", "rose": "flower"}
        return [f"train/{above[label]}/{label}/{number}.png" for number, label in enumerate(self.labels)]

    @property
    def thumbnails(self) -> NDArray[np.uint8]:
        rows, columns = np.mgrid[0:64, 0:64] // 8 % 2
        patterns = np.stack([rows, columns, rows ^ columns])[np.arange(self.count) % 3]
        noise = np.random.default_rng(1).integers(0, 100, (self.count, 64, 64, 3))
        return (patterns[..., None] * 120 + noise).astype(np.uint8)


def encoder() -> Encoder:
    torch.manual_seed(0)
    made = Encoder(EncoderConfig(("forest", "sea"), ("rose",), (16, 16), (0, 1)))
    torch.nn.init.normal_(made.blocks[0].conv2.weight, std=0.05)
    return made


def draw(rows: slice = slice(0, 8), total: int = 8) -> Draw:
    return Draw(3, 5, total, rows)


def test_patterns_are_told_apart_after_a_few_steps() -> None:
    pictures, eyes = Stripes(), encoder()
    rows = np.arange(pictures.count)
    source = LabelledSource(pictures, rows[:72], eyes.labels, CPU)
    recipe = Recipe(batch_size=16, generator_lr=5e-3, beta1=0.9, half_life=0, precision="fp32")
    trainer = Trainer(RecognitionGame(eyes, STILL), source, recipe, Budget(images=10**6), 0, World())
    before = recognised(eyes, pictures, rows[72:])
    for _ in range(15):
        metrics = trainer.step()
    found = recognised(eyes, pictures, rows[72:])
    assert found["labels"] == found["labels/scene"] == 1 > before["labels"]
    assert "labels/flower" not in found
    assert found["mood"] >= before["mood"]
    assert metrics["loss/label"] < 0.8


def test_losses_of_shares_are_the_loss_of_the_whole() -> None:
    game = RecognitionGame(encoder(), RecognitionConfig())
    batch = LabelledSource(Stripes(8), np.arange(8), game.encoder.labels, CPU).take(np.arange(8))
    whole = game.generator_losses(batch, None, draw()).terms
    parts = [
        game.generator_losses(Labelled(batch.pixels[rows], batch.labels[rows]), None, draw(rows)).terms
        for rows in (slice(0, 4), slice(4, 8))
    ]
    for name, value in whole.items():
        torch.testing.assert_close((parts[0][name] + parts[1][name]) / 2, value, atol=1e-5, rtol=1e-5)


def test_pictures_without_a_label_teach_moods_alone() -> None:
    game = RecognitionGame(encoder(), RecognitionConfig())
    batch = LabelledSource(Stripes(8), np.arange(8), ("mountain",), CPU).take(np.arange(8))
    assert batch.labels.tolist() == [NO_LABEL] * 8
    losses = game.generator_losses(batch, None, draw()).terms
    assert losses["label"].item() == 0 < losses["mood"].item()


def test_rare_labels_come_oftener_but_not_too_often() -> None:
    numbers = np.repeat([0, 1, 2, NO_LABEL], [400, 100, 4, 3])
    often = repeats(numbers)
    assert [int(often[numbers == number][0]) for number in (0, 1, 2, NO_LABEL)] == [1, 2, 4, 1]
    pictures = Stripes(12)
    rows = np.array([0, 3, 6, 9, 1])
    assert len(LabelledSource(pictures, rows, ("sea", "forest"), CPU)) == 4 + 2
    assert repeats(np.full(3, NO_LABEL)).tolist() == [1, 1, 1]


def test_pictures_vary_each_by_itself_and_the_same_at_every_draw() -> None:
    pictures = torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    config = RecognitionConfig()
    once, share = mixed(varied(pictures, config, draw()), config.mix, draw())
    half = varied(pictures[4:], config, draw(slice(4, 8)))
    torch.testing.assert_close(mixed(half, config.mix, draw(slice(4, 8)))[0], once[4:])
    assert once.shape == pictures.shape
    assert float(once.abs().max()) <= 1
    assert 0 <= float(share.min()) < float(share.max()) <= 0.5


def test_nothing_varies_where_nothing_is_asked_but_mirrors() -> None:
    pictures = torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    shown = varied(pictures, STILL, draw())
    mirrored = [bool(torch.allclose(shown[row], pictures[row].flip(2), atol=1e-5)) for row in range(8)]
    kept = [bool(torch.allclose(shown[row], pictures[row], atol=1e-5)) for row in range(8)]
    assert [a != b for a, b in zip(mirrored, kept, strict=True)] == [True] * 8
    assert 0 < sum(mirrored) < 8
    assert mixed(shown, 0.0, draw())[0] is shown


def test_an_odd_picture_out_is_mixed_with_none() -> None:
    pictures = torch.stack([torch.full((3, 4, 4), float(number)) for number in range(3)])
    shown, share = mixed(pictures, 1.0, draw(slice(0, 3), 3))
    torch.testing.assert_close(shown[:, 0, 0, 0], torch.stack([share[0], 1 - share[1], torch.tensor(2.0)]))


def test_strengths_out_of_range_are_refused() -> None:
    with pytest.raises(GansuiteError, match="mix is 2"):
        RecognitionConfig(mix=2)
