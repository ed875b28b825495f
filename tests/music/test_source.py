"""Where a run's phrases come from: which are handed out how often, and with which tracks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gansuite.music.dataset import Phrases
from gansuite.music.notes import from_cells
from gansuite.music.training import MOST_REPEATS, PhraseSource

from .small_phrases import phrases
from .small_runs import TWO_BARS


def music_of(whole: int, drumless: int) -> Phrases:
    """Phrases of which some come from sources without drums."""
    cells = phrases(TWO_BARS, whole + drumless)
    present = np.ones((len(cells), 5), bool)
    present[whole:, 0] = False
    cells[whole:, 0] = 0
    zeros = np.zeros(len(cells), np.int64)
    return Phrases(from_cells(cells), TWO_BARS.steps, present, zeros, zeros)


@pytest.mark.parametrize(
    ("whole", "drumless", "times"), [(4, 0, 1), (0, 4, 1), (4, 2, 1), (3, 9, 3), (3, 12, 4), (2, 50, MOST_REPEATS)]
)
def test_whole_phrases_are_handed_out_more_often_where_they_are_few(whole: int, drumless: int, times: int) -> None:
    source = PhraseSource(music_of(whole, drumless), torch.device("cpu"))
    assert len(source) == whole * times + drumless
    assert np.bincount(source.rows, minlength=whole + drumless).tolist() == [times] * whole + [1] * drumless


def test_phrases_are_handed_out_as_they_are() -> None:
    music = music_of(2, 4)
    source = PhraseSource(music, torch.device("cpu"))
    batch = source.take(np.array([len(source) - 1, 0]))
    assert batch.cells.dtype == torch.uint8
    assert np.array_equal(batch.cells.numpy(), music.cells[[5, 0]])
    assert batch.present.tolist() == [[False, True, True, True, True], [True] * 5]


def test_every_fourth_repetition_is_without_its_drums() -> None:
    music = music_of(3, 12)
    source = PhraseSource(music, torch.device("cpu"))
    batch = source.take(np.arange(4))  # the first phrase, four times
    assert batch.present[:, 0].tolist() == [True, True, True, False]
    assert batch.present[:, 1:].all()
    assert not batch.cells[3, 0].any()
    assert torch.equal(batch.cells[3, 1:], batch.cells[0, 1:])
    assert np.array_equal(batch.cells[2].numpy(), music.cells[0])  # the music itself stays
    assert all(PhraseSource(music_of(3, 0), torch.device("cpu")).take(np.arange(3)).present.flatten())
