"""From one phrase to another in small steps."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.music.deliver import Beside, deliver
from gansuite.music.generate import like
from gansuite.music.interpolate import Passage, Walk, arc, ends, fading, passage, walk
from gansuite.music.keys import parse_key
from gansuite.music.midi import read_midi, write_midi
from gansuite.music.perform import mended, transposed
from gansuite.music.roll import ONSET, TRACKS, Cells, Grid, Roll
from gansuite.music.sampler import Sampler, load_sampler

from .small_models import SMALL, Scripted, numbered, random_phrases, save_model
from .small_pieces import chords, write

GRID = Grid()


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    return load_sampler(save_model(tmp_path_factory.mktemp("models") / "model"))


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """A piece in D whose first four bars are followed by others, and one in E flat."""
    one = write(tmp_path / "one.mid", {0: chords(62, 8), 33: chords(38, 6)}, ((0, 600_000),))
    other = write(tmp_path / "other.mid", {48: chords(63, 5), -1: [(0, 9, 36, 90), (96, 9, 38, 90)]})
    return one, other


def phrases_of(cells: Cells) -> list[Cells]:
    return list(np.split(cells, cells.shape[1] // GRID.steps, axis=1))


# ---- between seeds


def test_a_walk_begins_and_ends_with_the_phrases_of_its_seeds() -> None:
    scripted = Scripted(random_phrases())
    work = walk(scripted.sampler(), 3, Walk((3, 8), 5, key="C"))
    first, *_, last = phrases_of(work.roll.cells)
    for phrase, seed in ((first, 3), (last, 8)):
        played = mended(scripted.play(scripted.latents([seed]))[0])
        assert np.array_equal(phrase, transposed(played, TRACKS, 0))
    assert work.roll.bars == 20


def test_steps_of_a_walk_are_small(sampler: Sampler) -> None:
    """The untrained model is smooth: neighbours differ less than the ends."""
    phrases = phrases_of(walk(sampler, 1, Walk((1, 2), 9, key="C")).roll.sounding)
    steps = [np.count_nonzero(a != b) for a, b in pairwise(phrases)]
    assert max(steps) < np.count_nonzero(phrases[0] != phrases[-1])


@pytest.mark.parametrize(
    "changes",
    [{"steps": 1}, {"steps": 10**6}, {"seeds": (-1, 2)}, {"key": "X"}, {"tempo": 1.0}, {"tracks": ("kazoo",)}],
)
def test_impossible_walks_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(GansuiteError):
        Walk(**{"seeds": (1, 2), **changes})


def test_a_walk_may_be_too_long(sampler: Sampler) -> None:
    with pytest.raises(GansuiteError, match="bars"):
        walk(sampler, 1, Walk((1, 2), 200))


def test_a_walk_has_two_ends() -> None:
    assert ends([3, 8]) == (3, 8)
    for seeds in ([1], [1, 2, 3]):
        with pytest.raises(GansuiteError, match="seed"):
            ends(seeds)


def test_the_arc_keeps_the_length_and_turns_steadily() -> None:
    a, b = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 3.0])
    assert torch.equal(arc(a, b, 0), a)
    assert torch.equal(arc(a, b, 1), b)
    torch.testing.assert_close(arc(a, b, 1 / 3), 3 * torch.tensor([3**0.5 / 2, 0.5]))
    torch.testing.assert_close(arc(a, -a, 0.25), a / 2)  # no arc: a line
    torch.testing.assert_close(arc(a, 2 * a, 0.5), 1.5 * a)
    assert torch.equal(arc(0 * a, 0 * a, 0.5), 0 * a)


# ---- between files


@given(st.integers(2, 40), st.integers(0, 99))
def test_ever_less_of_the_one_is_given_and_ever_more_of_the_other(steps: int, seed: int) -> None:
    rank = np.random.default_rng(seed).permutation(20).reshape(5, 4)
    along = [fading(step / (steps - 1), rank) for step in range(steps)]
    assert along[0][1].all()
    assert along[-1][1].all()
    assert [second for second, _ in along] == sorted(second for second, _ in along)
    for (before, wide), (after, narrow) in pairwise(along):
        if before == after:
            assert not (wide & ~narrow).any() if after else not (narrow & ~wide).any()


def test_a_passage_begins_and_ends_with_the_files_own_phrases(two: tuple[Path, Path]) -> None:
    scripted = Scripted(numbered())
    found = passage(GRID, *two, steps=5)
    assert (found.tempo, found.key) == (100.0, "D major")
    work = walk(scripted.sampler(), 0, found)
    phrases = phrases_of(work.roll.cells)
    mine = read_midi(two[0].read_bytes())
    assert np.array_equal(phrases[0][1], mine.cells[1, : GRID.steps])
    theirs = read_midi(two[1].read_bytes()).moved(-1)  # E flat comes in D
    assert np.array_equal(phrases[-1][4], theirs.cells[4, : GRID.steps])
    assert np.array_equal(phrases[-1][0], theirs.cells[0, : GRID.steps])
    assert not phrases[0][[0, 2, 4]].any()
    given_bars = [int(given.sum()) for _, given in scripted.asked]
    assert given_bars == [20, 10, 0, 10, 20]


def test_a_key_and_a_tempo_that_are_named_rule(two: tuple[Path, Path]) -> None:
    found = passage(GRID, *two, steps=2, tempo=90.0, key="C")
    roll = walk(Scripted(numbered()).sampler(), 0, found).roll
    assert roll.tempo == 90
    assert np.array_equal(roll.cells[1, : GRID.steps], read_midi(two[0].read_bytes()).moved(-2).cells[1, : GRID.steps])
    assert parse_key(found.key or "").shift == 0


def test_files_without_a_whole_phrase_are_named(tmp_path: Path, two: tuple[Path, Path]) -> None:
    short = write(tmp_path / "short.mid", {0: chords(60, 2)})
    waltz = write(tmp_path / "waltz.mid", {0: chords(60, 8)}, meters=((0, 3, 4),))
    for path in (short, waltz, tmp_path / "missing.mid"):
        with pytest.raises(GansuiteError, match=path.stem):
            passage(GRID, two[0], path)


def test_a_model_that_cannot_be_told_anything(two: tuple[Path, Path], tmp_path: Path) -> None:
    model = load_sampler(save_model(tmp_path / "model", config=replace(SMALL, given=False)))
    with pytest.raises(GansuiteError, match="only plays from nothing"):
        walk(model, 0, passage(GRID, *two))


# ---- made again


@pytest.mark.parametrize("between", ["seeds", "files"])
def test_the_same_bytes_from_the_file_alone(
    sampler: Sampler, two: tuple[Path, Path], tmp_path: Path, between: str
) -> None:
    settings: Walk | Passage
    settings = Walk((4, 2), 3, ("piano", "drums"), 99.0, "G") if between == "seeds" else passage(GRID, *two, steps=4)
    work = walk(sampler, 4, settings)
    (written,) = deliver(work, tmp_path / "walk.mid", Beside())
    for path in two:
        path.unlink()
    (again,) = like(written, tmp_path / "again")
    assert again.read_bytes() == written.read_bytes()


@pytest.mark.parametrize("note", [[5, 40, 0, 1], [1, 84, 0, 1], [1, 40, -1, 1], [1, 40, 0, 0], [1, 40, 0, 10**30]])
def test_forged_phrases_are_refused(sampler: Sampler, tmp_path: Path, note: list[int]) -> None:
    cells = np.zeros((5, 16, 84), np.uint8)
    cells[1, 0, 40] = ONSET
    settings = {"one": [note], "other": [[1, 40, 0, 1]]}
    said = sampler.provenance("passage", 1, settings)
    path = tmp_path / "forged.mid"
    path.write_bytes(write_midi(Roll(cells), said.to_json()))
    with pytest.raises(GansuiteError):
        like(path, tmp_path / "again")
