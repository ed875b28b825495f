"""The mode-coverage benchmark: what it counts, and that a row goes on where it was saved."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from torch import nn

from gansuite.core.trainer import Recipe, Trainer
from gansuite.image.games.adversarial import GameConfig

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "stacked_mnist.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("stacked_mnist", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["stacked_mnist"] = module  # where dataclasses look their types up
    spec.loader.exec_module(module)
    return module


def synthetic(each: int) -> tuple[np.ndarray, np.ndarray]:
    """Digits that a row of pixels tells apart, in order: uint8 (10 each, 28, 28), labels (10 each,)."""
    labels = np.repeat(np.arange(10), each)
    images = np.random.default_rng(0).integers(0, 40, (len(labels), 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label + 3 : 2 * label + 6, 4:24] = 255
    return images, labels


@pytest.fixture(scope="module")
def judged(bench: ModuleType) -> tuple[np.ndarray, nn.Module, float]:
    images, labels = synthetic(60)
    digits = bench.padded(images)
    judge, accuracy = bench.train_classifier(digits, labels, epochs=8)
    return digits, judge, accuracy


def test_an_even_histogram_has_no_divergence_and_one_mode_has_the_most(bench: ModuleType) -> None:
    even = bench.coverage(np.tile(np.arange(1000), 3))
    assert (even.modes, even.kl) == (1000, pytest.approx(0))
    one = bench.coverage(np.full(50, 7))
    assert (one.modes, one.kl) == (1, pytest.approx(math.log(1000)))
    half = bench.coverage(np.arange(500))
    assert (half.modes, half.kl) == (500, pytest.approx(math.log(2)))


def test_digits_are_padded_by_two_black_pixels(bench: ModuleType) -> None:
    padded = bench.padded(np.full((1, 28, 28), 9, np.uint8))
    assert padded.shape == (1, 32, 32)
    assert padded.sum() == 9 * 28 * 28
    assert not padded[0, :2].any()


def test_a_stack_is_three_digits_as_colours(bench: ModuleType) -> None:
    digits = np.arange(50, dtype=np.uint8)[:, None, None].repeat(32, 1).repeat(32, 2)
    stacks = bench.Stacks(digits, seed=0)
    pictures = stacks.take(np.arange(50)).pictures
    assert pictures.shape == (50, 3, 32, 32)
    colours = pictures[:, :, 0, 0].numpy()
    assert [sorted(colours[:, i]) for i in range(3)] == [list(range(50))] * 3
    assert not np.array_equal(colours[:, 0], colours[:, 1])


def test_the_classifier_reads_what_it_was_not_trained_on(judged: tuple[np.ndarray, nn.Module, float]) -> None:
    assert judged[2] >= 0.95


def test_modes_are_numbered_red_green_blue(bench: ModuleType, judged: tuple[np.ndarray, nn.Module, float]) -> None:
    digits, judge, _ = judged
    stacks = np.stack([digits[4 * 60], digits[0], digits[7 * 60]], -1)[None]
    assert list(bench.modes_of(judge, stacks)) == [407]


def small(bench: ModuleType, judged: tuple[np.ndarray, nn.Module, float], out: Path, minutes: float) -> Any:
    out.mkdir(exist_ok=True)
    return bench.Bench(judged[0], judged[1], minutes, looks=2, samples=40, seed=0, out=out)


def test_a_row_is_written_as_it_goes_and_goes_on_where_it_was_saved(
    bench: ModuleType, judged: tuple[np.ndarray, nn.Module, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10**6))
    monkeypatch.setattr(bench.time, "process_time", lambda: float(next(clock)))  # a step takes a second
    game = GameConfig("relativistic", r1=0.1, r2=0.1, augment="none", flip=False)
    row = bench.Row("dcgan", 8, game, Recipe(4, precision="fp32"))
    begun = small(bench, judged, tmp_path, 0.1)
    first = next(begun.run("rpgan", row))
    assert (first["row"], first["images"]) == ("rpgan", 12)
    assert 1 <= first["modes"] <= 40
    steps: list[int] = []
    real = Trainer.step
    monkeypatch.setattr(Trainer, "step", lambda trainer: steps.append(trainer.step_count) or real(trainer))
    rest = [*small(bench, judged, tmp_path, 0.1).run("rpgan", row)]
    assert [found["images"] for found in rest] == [24]
    assert steps[0] == 3
    assert [*small(bench, judged, tmp_path, 0.1).run("rpgan", row)] == []
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert lines == [first, *rest]


def test_real_works_are_a_row_of_their_own(
    bench: ModuleType, judged: tuple[np.ndarray, nn.Module, float], tmp_path: Path
) -> None:
    found = small(bench, judged, tmp_path, 1.0).real()
    assert found["row"] == "real works"
    assert found["modes"] > 20


def test_every_row_can_be_built(bench: ModuleType, judged: tuple[np.ndarray, nn.Module, float], tmp_path: Path) -> None:
    for row in bench.ROWS.values():
        assert small(bench, judged, tmp_path, 1.0)._trainer(row).step_count == 0
