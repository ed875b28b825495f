"""Evaluation: honest models, copyists and noise are told apart, each figure beside its controls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansuite.core.errors import GansuiteError
from gansuite.image.dataset import Portfolio
from gansuite.image.evaluate import Row, blurred, evaluate_model, nearest_sheet, to_dict, to_text
from gansuite.image.features import extractor
from gansuite.image.networks.parts import Generator, LabelledLatent, Size
from gansuite.image.sampler import Sampler, load_sampler

from .small_models import save_model

SIDE, LATENT = 32, 8


class Painter(Generator):
    """Soft patches of colour that follow from the latent: the hand that made the works, and new ones."""

    def __init__(self) -> None:
        super().__init__()
        self.config = Size(SIDE, latent=LATENT)
        self.labelled = LabelledLatent(self.config)
        weights = torch.randn(LATENT, 3 * 16, generator=torch.Generator().manual_seed(0))
        self.weights = nn.Parameter(weights / 2)

    def decode(self, z: Tensor) -> Tensor:
        warm = torch.tensor([1.0, 0.2, -0.8])[:, None, None]
        patches = torch.tanh((z @ self.weights).unflatten(1, (3, 4, 4)) + warm)
        return nn.functional.interpolate(patches, SIDE, mode="bilinear")


class Parrot(Generator):
    """Gives back training works, whatever the latent."""

    def __init__(self, works: np.ndarray) -> None:
        super().__init__()
        self.config = Size(SIDE, latent=LATENT)
        self.labelled = LabelledLatent(self.config)
        self.works = nn.Parameter(torch.from_numpy(works).permute(0, 3, 1, 2) / 127.5 - 1)

    def decode(self, z: Tensor) -> Tensor:
        return self.works[(z.abs().sum(1) * 1000).long() % len(self.works)]


@dataclass(frozen=True)
class Thumbnails:
    """Mean colours of 4 x 4 patches, from -1 to 1."""

    name: str = "thumbnails"
    relative: bool = False

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        n, side = len(pictures), pictures.shape[1] // 4
        patches = pictures.reshape(n, 4, side, 4, side, 3).mean((2, 4)) / 127.5 - 1
        return patches.reshape(n, -1).astype(np.float32)


def sampler_of(generator: Generator, name: str) -> Sampler:
    return Sampler(generator.eval(), name, "0" * 64)


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    painter = sampler_of(Painter(), "painter")
    pixels = painter.draw(painter.codes(range(1000, 1120)))
    return Portfolio(
        pixels=pixels,
        works=np.arange(120)[::-1].copy(),
        names=tuple(f"{i:03d}.png" for i in range(120)),
        labels=None,
        label_names=(),
        train=np.arange(0, 120, 3).repeat(2) + np.tile([0, 1], 40),
        held_out=np.arange(2, 120, 3),
        digest="",
        skipped=(),
    )


@pytest.fixture(scope="module")
def rows(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    control = load_sampler(save_model(tmp_path_factory.mktemp("models") / "untrained"))
    found = evaluate_model(sampler_of(Painter(), "painter"), portfolio, [Thumbnails()], 1000, seed=5, control=control)
    assert [row.role for row in found] == ["model", "control", "real", "blur", "noise"]
    return {row.role: row for row in found}


def test_every_line_compares_as_many_works(rows: dict[str, Row]) -> None:
    assert {(row.works, row.held_out) for row in rows.values()} == {(80, 40)}


def test_an_honest_model_is_as_near_as_real_works(rows: dict[str, Row]) -> None:
    model, real = rows["model"], rows["real"]
    assert abs(model.kernel) < 3 * model.kernel_error + 0.02
    assert abs(model.kernel - real.kernel) < 3 * (model.kernel_error + real.kernel_error)
    assert model.density > 0.5
    assert model.coverage > 0.7
    assert model.diversity == pytest.approx(1, abs=0.15)
    assert model.copied is not None
    assert model.copied < 0.15


def test_the_control_and_noise_are_farther_than_real_works(rows: dict[str, Row]) -> None:
    for role in ("control", "noise"):
        assert rows[role].kernel > rows["real"].kernel + 3 * rows["real"].kernel_error
        assert rows[role].frechet > 2 * rows["real"].frechet
        assert rows[role].coverage < rows["model"].coverage
        assert rows[role].copied == 0
    assert rows["noise"].diversity < 0.2


def test_real_works_are_not_accused_of_copying_themselves(rows: dict[str, Row]) -> None:
    assert rows["real"].copied is None
    assert rows["real"].suspects == ()


def test_a_copyist_is_caught_and_the_originals_are_named(portfolio: Portfolio) -> None:
    parrot = sampler_of(Parrot(portfolio.pixels[portfolio.train]), "parrot")
    row = evaluate_model(parrot, portfolio, [Thumbnails()], 40, seed=3)[0]
    assert row.works == 40
    assert row.copied == 1
    assert len(row.suspects) == 12
    for suspect in row.suspects:
        assert suspect.suspected
        assert suspect.distance < 0.05
        assert suspect.name == f"{119 - suspect.work:03d}.png"
        assert suspect.work in portfolio.train
        drawn = parrot.draw(parrot.codes([suspect.seed]))[0]
        assert np.array_equal(drawn, portfolio.pixels[suspect.work])


def test_suspects_come_nearest_first_and_are_drawn_beside_their_originals(
    portfolio: Portfolio, rows: dict[str, Row]
) -> None:
    painter, row = sampler_of(Painter(), "painter"), rows["model"]
    distances = [suspect.distance for suspect in row.suspects]
    assert distances == sorted(distances)
    assert all(5 <= suspect.seed < 85 for suspect in row.suspects)
    sheet = np.asarray(nearest_sheet(painter, portfolio, row, count=4, columns=2))
    assert sheet.shape == (2 * 34 + 2, 4 * 34 + 2, 3)
    second = row.suspects[1]
    assert np.array_equal(sheet[2:34, 70:102], painter.draw(painter.codes([second.seed]))[0])
    assert np.array_equal(sheet[2:34, 104:136], portfolio.pixels[second.work])
    with pytest.raises(GansuiteError, match="noise"):
        nearest_sheet(painter, portfolio, rows["noise"])


def test_the_same_seed_gives_the_same_figures(portfolio: Portfolio, rows: dict[str, Row]) -> None:
    painter = sampler_of(Painter(), "painter")
    again = {row.role: row for row in evaluate_model(painter, portfolio, [Thumbnails()], seed=5)}
    assert again == {role: row for role, row in rows.items() if role != "control"}
    other = evaluate_model(painter, portfolio, [Thumbnails()], seed=6)
    assert other[0].kernel != again["model"].kernel


def test_several_yardsticks_make_several_tables(portfolio: Portfolio) -> None:
    told: list[str] = []
    yardsticks = [Thumbnails(), Thumbnails("own sketch", relative=True), extractor(None)]
    found = evaluate_model(sampler_of(Painter(), "painter"), portfolio, yardsticks, 16, tell=told.append)
    assert [row.network for row in found] == [y.name for y in yardsticks for _ in range(4)]
    assert len(told) == 5
    plain, own, pyramid = to_text(found).split("\n\n")
    assert plain.startswith("thumbnails: 16 works each against 40 held-out works.")
    assert "relative only" not in plain
    assert own.count("relative only") == pyramid.count("relative only") == 1
    assert "with no others" in own


def test_the_table_is_aligned_and_says_what_each_line_is(rows: dict[str, Row]) -> None:
    _, heads, *lines = to_text(list(rows.values())).splitlines()
    names = [line.split()[0] for line in lines]
    assert names[0] == "painter"
    assert names[2:] == ["real", "blur", "noise"]
    assert Path(names[1]).name == "untrained"
    for head in ("KID", "Frechet", "precision", "coverage", "copies"):
        edge = heads.index(head) + len(head)
        assert all(line[edge - 1] != " " and line[edge : edge + 1] in ("", " ") for line in lines)
    assert "blurred 4x" in lines[3]


def test_rows_are_json(rows: dict[str, Row]) -> None:
    read = json.loads(json.dumps(to_dict(list(rows.values())), allow_nan=False))["rows"]
    assert read[0]["network"] == "thumbnails"
    assert read[0]["kernel"] == rows["model"].kernel
    assert len(read[0]["suspects"]) == 12
    assert read[2]["copied"] is None


def test_blurred_by_hand() -> None:
    plain = np.full((1, 32, 32, 3), 77, np.uint8)
    assert np.array_equal(blurred(plain), plain)
    checks = np.indices((32, 32)).sum(0) % 2 * 255
    grey = blurred(np.repeat(checks[None, :, :, None], 3, axis=3).astype(np.uint8))
    assert set(np.unique(grey)) <= {127, 128}
    black_and_white = np.zeros((1, 32, 32, 3), np.uint8)
    black_and_white[:, :, 16:] = 255
    soft = blurred(black_and_white)
    assert soft[0, 0, 2, 0] == 0
    assert soft[0, 0, 29, 0] == 255
    assert 0 < soft[0, 0, 15, 0] < soft[0, 0, 16, 0] < 255


def test_another_resolution_or_too_few_works_are_refused(portfolio: Portfolio, tmp_path: Path) -> None:
    small = Portfolio(**{**vars(portfolio), "held_out": portfolio.held_out[:7]})
    painter = sampler_of(Painter(), "painter")
    for works, count in ((small, 100), (portfolio, 7)):
        with pytest.raises(GansuiteError, match="8 works"):
            evaluate_model(painter, works, [Thumbnails()], count)
    spec = {"name": "dcgan", "resolution": 64, "width": 8, "latent": 8}
    large = load_sampler(save_model(tmp_path / "large", spec=spec))
    for model, control in ((large, None), (painter, large)):
        with pytest.raises(GansuiteError) as caught:
            evaluate_model(model, portfolio, [Thumbnails()], control=control)
        assert "--resolution 64" in caught.value.remedy
