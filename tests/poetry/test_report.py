"""The figures of a lot of poems, and the table that shows them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gansuite.core.errors import GansuiteError
from gansuite.poetry.evaluation.judge import Judge
from gansuite.poetry.evaluation.lots import Lot
from gansuite.poetry.evaluation.networks import Matcher, Style
from gansuite.poetry.evaluation.report import Evaluation, Figures, Perplexity, Yardsticks
from gansuite.poetry.evaluation.style import StyleJudge

from .hostile import poems

TRAINING = poems(300)


@pytest.fixture(scope="module")
def yardsticks() -> Yardsticks:
    return Yardsticks(TRAINING, Judge(Matcher().eval()), StyleJudge(Style().eval()))


@pytest.fixture(scope="module")
def figures(yardsticks: Yardsticks) -> Figures:
    made = [*poems(6, 500), poems(1, 500)[0], TRAINING[0]]
    shown = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3)).astype(np.uint8)
    return yardsticks.measure(Lot(made, [[poem] for poem in made], shown, ["sea", "rose"] * 4))


def test_copies_and_duplicates_are_seen(figures: Figures) -> None:
    assert figures.poems == 8
    assert figures.duplicates == 1
    assert figures.copied == pytest.approx(1 / 8)
    assert figures.longest_copy == 28
    assert figures.bleu == pytest.approx((1, 1, 1))


def test_all_that_can_be_measured_is(figures: Figures) -> None:
    assert figures.relevance is not None
    assert figures.relevance.pictures == 8
    assert figures.poeticness is not None
    assert figures.coherence is not None
    assert 0 < figures.novelty[3].known < figures.novelty[3].infrequent <= 1
    assert json.loads(json.dumps(figures.to_dict()))["novelty"]["3"]["known"] <= 1


def test_what_cannot_be_measured_is_left_out(yardsticks: Yardsticks) -> None:
    found = yardsticks.measure(Lot(["one line alone", "and another one"]))
    assert found.bleu is found.relevance is found.coherence is None
    text = Evaluation({"model": found}).to_text()
    assert "BLEU-1" not in text
    assert "picture" not in text
    assert "neighbour" not in text
    with pytest.raises(GansuiteError, match="1 poems"):
        Yardsticks(TRAINING).measure(Lot(["one"]))


def test_lots_stand_side_by_side(figures: Figures, yardsticks: Yardsticks) -> None:
    evaluation = Evaluation(
        {"model": figures, "held out": yardsticks.measure(Lot(poems(4, 900)))}, Perplexity(58, 97.5)
    )
    lines = evaluation.to_text().split("\n")
    assert lines[0].split() == ["model", "held", "out"]
    assert lines[1].split() == ["poems", "8", "4"]
    row = next(line for line in lines if line.startswith("own picture among 10"))
    assert row.endswith("-")
    assert any("chance" in line and "at 10 100.0" in line for line in lines)
    assert lines[-1].endswith("(ratio 0.59).")
    assert max(map(len, lines)) < 140
    told = json.loads(json.dumps(evaluation.to_dict()))
    assert told["perplexity"]["ratio"] == pytest.approx(0.595, abs=0.001)
    assert set(told["rows"]) == {"model", "held out"}
