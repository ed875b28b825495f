"""A model's phrases against held-out music, and the rows that say what the figures mean."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.music.dataset import Music, MusicDataConfig, open_music
from gansuite.music.evaluate import Closeness, Evaluation, Row, accompaniment, closed, data_for, evaluate_model
from gansuite.music.figures import to_text
from gansuite.music.measures import distance
from gansuite.music.roll import TRACKS, Cells, Grid, move
from gansuite.music.sampler import load_sampler

from .small_models import SMALL, Scripted, save_model
from .small_pieces import write_band

COUNT = 24


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Music:
    folder = write_band(tmp_path_factory.mktemp("music"))
    return open_music(MusicDataConfig((str(folder),), held_out=0.3))


def echo(music: Music) -> Scripted:
    """Plays held-out phrases, whichever the latent points at."""

    def script(number: int, z: Tensor) -> Cells:
        return music.held_out.take([abs(int(z[0] * 1e6)) % len(music.held_out)])[0]

    return Scripted(script, music.grid)


def row(found: Evaluation, role: str) -> Row:
    return next(row for row in found.rows if row.role == role)


@pytest.fixture(scope="module")
def found(music: Music) -> Evaluation:
    copier = Scripted(lambda number, z: music.train.take([0])[0], music.grid)
    return evaluate_model(echo(music).sampler(), music, COUNT, controls=[copier.sampler()])


# ---- rows


def test_the_rows_and_what_they_are_measured_against(found: Evaluation, music: Music) -> None:
    assert [row.role for row in found.rows] == ["held out", "model", "control", "real", "shuffled"]
    assert (found.held_out, found.train) == (len(music.held_out), len(music.train))
    assert found.pieces == len(np.unique(music.held_out.piece))
    assert found.compared == TRACKS
    assert found.whole == ()
    assert row(found, "model").table.phrases == COUNT


def test_what_plays_real_music_is_near_and_what_repeats_itself_is_not(found: Evaluation) -> None:
    far = {row.role: row.distance.mean for row in found.rows if row.distance is not None}
    assert far["model"] < 0.05
    assert far["model"] < far["control"]
    assert row(found, "held out").distance is None
    truth, shuffled = row(found, "held out").table, row(found, "shuffled")
    assert shuffled.distance is not None
    assert shuffled.distance.empty_bars == pytest.approx(0, abs=0.01)
    assert shuffled.distance.tonal_distance > 0.05
    pair = shuffled.table["tonal_distance"]["piano-bass"].value
    assert pair == pytest.approx(truth["tonal_distance_shuffled"]["piano-bass"].value, abs=0.2)
    real = row(found, "real")
    assert real.distance == distance(real.table, truth)


def test_copies_and_repetitions_are_found(found: Evaluation) -> None:
    copier, echoing = row(found, "control").memorisation, row(found, "model").memorisation
    assert copier is not None
    assert echoing is not None
    assert (copier.copies, echoing.copies) == (COUNT, 0)
    assert copier.unique.value == pytest.approx(1 / COUNT)
    assert row(found, "real").memorisation is None


def test_sources_without_drums(music: Music, tmp_path: Path) -> None:
    """Copies are sought in what all have; models play without drums as often as others do; whole bands have rows."""
    present = music.train.present.copy()
    present[:, 0] = False
    mixed = music.held_out.present.copy()
    mixed[::2, 0] = False
    sides = {"train": replace(music.train, present=present), "held_out": replace(music.held_out, present=mixed)}
    found = evaluate_model(load_sampler(save_model(tmp_path / "model")), replace(music, **sides), 6)
    assert found.compared == TRACKS[1:]
    assert [(row.role, row.table.phrases) for row in found.whole] == [("held out", mixed[:, 0].sum()), ("model", 6)]
    counts = [row.table["empty_bars"]["drums"].count for row in (row(found, "model"), found.whole[1])]
    assert counts == [3 * 4, 6 * 4]
    assert "in piano, guitar" in to_text(found)
    assert "Whole bands alone" in to_text(found)
    assert json.loads(json.dumps(found.to_dict()))["whole"][1]["distance"]["mean"] > 0


# ---- accompaniment


def test_what_agrees_with_the_given_track_closes_the_gap(music: Music) -> None:
    cells, present = music.held_out.cells, music.held_out.present
    places = {cells[number].tobytes(): number for number in range(len(cells))}
    perfect = Scripted(lambda number, z: cells[number % len(cells)], music.grid)
    pairs = accompaniment(perfect.sampler(), cells, present)
    assert len(places) > 1
    assert len(pairs) == 4 * 3
    assert closed(pairs) == pytest.approx(1)
    assert all(pair.generated == pytest.approx(pair.real) for pair in pairs.values())

    deaf = Scripted(lambda number, z: move(cells[number % len(cells)], 6), music.grid)
    far = accompaniment(deaf.sampler(), cells, present)
    assert closed(far) < 0.2
    assert {"piano-bass", "bass-piano"} <= far.keys()


def test_the_share_of_a_gap() -> None:
    assert Closeness(1.0, 0.9, 1.7).closed == pytest.approx(0.875)
    assert Closeness(1.8, 0.9, 1.7).closed < 0
    assert Closeness(1.0, 1.0, 1.0).closed == 0
    assert closed({"a": Closeness(1.0, 1.0, 2.0), "b": Closeness(2.0, 1.0, 2.0)}) == pytest.approx(0.5)


def test_a_model_that_cannot_be_told_anything_has_no_accompaniment(music: Music, tmp_path: Path) -> None:
    model = load_sampler(save_model(tmp_path / "model", config=replace(SMALL, given=False)))
    found = evaluate_model(model, music, 4)
    assert row(found, "model").accompaniment is None
    assert "Accompaniment" not in to_text(found)


# ---- what is printed


def test_the_tables_of_the_paper(found: Evaluation) -> None:
    text = to_text(found)
    for title in ("Empty bars (EB)", "(UPC)", "(QN)", "(PP)", "(TD)", "groove", "Distance", "Memorisation"):
        assert title in text
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Empty bars"))
    assert lines[start + 1].split() == list(TRACKS)
    assert [line.split("  ")[0] for line in lines[start + 2 : start + 7]] == [
        "held out",
        "model scripted",
        "control scripted",
        "training",
        "shuffled",
    ]
    assert "nan" not in text.lower()
    assert all(line == line.rstrip() and len(line) < 140 for line in lines)


def test_everything_as_json(found: Evaluation) -> None:
    told = json.loads(json.dumps(found.to_dict()))
    model = told["rows"][1]
    assert set(model["table"]["measures"]["tonal_distance"]["piano-bass"]) == {"value", "count", "low", "high"}
    assert model["distance"]["mean"] == pytest.approx(row(found, "model").distance.mean)  # type: ignore[union-attr]
    assert model["memorisation"]["samples"] == COUNT
    assert -2 < model["gap_closed"] <= 1
    assert told["rows"][0]["gap_closed"] is None


# ---- what cannot be compared


@pytest.mark.parametrize("grid", [Grid(2), Grid(4, 6), Grid(4, 4, (3, 4))])
def test_music_of_another_shape(music: Music, grid: Grid) -> None:
    with pytest.raises(GansuiteError, match="bars"):
        evaluate_model(Scripted(lambda number, z: np.zeros(0, np.uint8), grid).sampler(), music, 8)


def test_too_few_phrases(music: Music) -> None:
    with pytest.raises(GansuiteError, match="2 phrases or more"):
        evaluate_model(echo(music).sampler(), music, 1)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, MusicDataConfig(bars=2, meter=(3, 4))),
        ({"paths": ("a",)}, MusicDataConfig(("a",), bars=2, meter=(3, 4))),
        ({"paths": ("a",), "hop": 1}, MusicDataConfig(("a",), bars=2, meter=(3, 4), hop=1)),
    ],
)
def test_the_music_is_cut_as_the_model_plays(tmp_path: Path, said: dict[str, Any], expected: MusicDataConfig) -> None:
    grid = Grid(2, meter=(3, 4))
    assert data_for(str(save_model(tmp_path / "model", grid=grid)), grid, said) == expected
