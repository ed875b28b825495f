"""A whole music run: its files, its bits after a resume, its processes and its deaths."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from PIL import Image

from core.sittings import stopped_at
from gansuite.core.engine import World
from gansuite.core.errors import GansuiteError
from gansuite.core.model import from_pretrained
from gansuite.core.observers.jsonl import read_metrics
from gansuite.core.run import Run
from gansuite.music import gather
from gansuite.music.config import configure
from gansuite.music.dataset import open_music
from gansuite.music.levels import levels_of
from gansuite.music.measures.table import distance, table
from gansuite.music.midi import write_midi
from gansuite.music.roll import HOLD, Grid, Roll
from gansuite.music.sampler import load_sampler
from gansuite.music.training import CHUNK, MusicRun, play

from . import small_runs
from .small_phrases import noise, phrases
from .small_runs import FEW, GAMES, TWO_BARS, music_run, newest, quick_measures, small, write_band

TESTS = Path(__file__).resolve().parents[1]
PATIENCE = 180  # seconds until a process that should have ended is given up


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_band(tmp_path_factory.mktemp("music") / "band")


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with quick_measures():
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of twelve steps that nobody disturbed."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    assert music_run(folder, data).train() == 0
    return folder


def steps_of(folder: Path) -> list[dict[str, Any]]:
    return [dict(line) for line in read_metrics(folder / "metrics.jsonl") if line["kind"] == "step"]


def measures_of(folder: Path) -> list[dict[str, Any]]:
    return [dict(line) for line in read_metrics(folder / "metrics.jsonl") if line["kind"] == "measure"]


# ------------------------------------------------------------------ files


def test_a_run_writes_all_its_files(finished: Path) -> None:
    assert {p.name for p in finished.iterdir()} == {"checkpoints", "config.json", "metrics.jsonl", "model", "samples"}
    assert [p.name for p in sorted((finished / "samples").iterdir())] == ["000001.png", "000006.png", "000012.png"]
    assert {p.name for p in (finished / "model").iterdir()} == {"config.json", "model.safetensors", "README.md"}
    assert [p.name for p in Run(finished).checkpoints()] == [f"step-{n:08d}.pt" for n in (6, 8, 12)]
    assert Run(finished).best.exists()


def test_a_sheet_shows_forty_eight_phrases(finished: Path) -> None:
    with Image.open(finished / "samples" / "000012.png") as image:
        assert image.width > 8 * TWO_BARS.steps
        assert image.height > 6 * 84


def test_the_metrics_tell_every_step_and_every_measure(finished: Path) -> None:
    steps, measures = steps_of(finished), measures_of(finished)
    assert [line["step"] for line in steps] == list(range(1, 13))
    assert [line["images"] for line in steps] == list(range(8, 97, 8))
    assert [line["step"] for line in measures] == [1, 6, 12]
    assert [line["step"] for line in steps if "penalty/r1" in line] == [1, 5, 9]
    told = {
        "loss/critic",
        "loss/generator",
        "gradient/generator",
        "signal/real_sign",
        "signal/fake_cells",
        "signal/slope",
    }
    assert all(told <= line.keys() for line in steps)
    assert steps[-1]["progress"] == 1


def test_the_held_out_distance_is_the_mean_of_its_five_parts(finished: Path) -> None:
    parts = ("empty_bars", "used_pitch_classes", "qualified_notes", "polyphony", "tonal_distance")
    for line in measures_of(finished):
        assert all(0 <= line[name] <= 1.5 for name in parts)
        assert line["held_out_distance"] == pytest.approx(np.mean([line[name] for name in parts]))


def test_the_configuration_says_what_was_merged_and_on_which_music(finished: Path, data: Path) -> None:
    saved = Run(finished).configuration()
    assert saved["art"] == "music"
    assert saved["config"]["recipe"]["batch_size"] == 8
    assert saved["origins"]["recipe.penalty_interval"] == "model musegan"
    assert saved["data"] == open_music(small(data).config.data).digest


def test_the_model_plays_what_was_measured(finished: Path, data: Path) -> None:
    """The folder, opened again, has the very distance that its card and the metrics tell."""
    model = from_pretrained(finished, art="music")
    kept = next(line for line in measures_of(finished) if line["step"] == model.config["training"]["steps"])
    generator = load_sampler(finished).generator
    run = music_run(finished.with_name("another"), data)
    cells = play(generator, run.latents, run.music.held_out.present[run.rows])
    found = distance(table(cells, TWO_BARS.tracks, TWO_BARS, run.music.held_out.present[run.rows]), run.truth)
    assert found.mean == pytest.approx(kept["held_out_distance"], abs=1e-9)
    assert f"| held_out_distance | {found.mean:.4g} |" in model.card


def test_the_card_says_what_it_learnt_from(finished: Path, data: Path) -> None:
    card, report = from_pretrained(finished).card, open_music(small(data).config.data).report
    assert "musegan, 2 bars of 4/4" in card
    assert f"{report.phrases[0]} phrases of {report.pieces[0]} pieces for training" in card
    assert "a test" in card


def test_the_model_is_the_average_of_its_checkpoint(finished: Path) -> None:
    model, last = from_pretrained(finished), Run(finished).load()
    if model.config["training"]["steps"] == last["step"]:
        assert all(torch.equal(model.weights[k], w) for k, w in last["averages"]["generator"].items())
    assert model.config["network"]["grid"] == {
        "bars": 2,
        "steps_per_beat": 4,
        "meter": [4, 4],
        "tracks": ["drums", "piano", "guitar", "bass", "strings"],
    }


def test_a_new_run_does_not_touch_an_old_one(finished: Path, data: Path) -> None:
    before = {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()}
    with pytest.raises(GansuiteError, match="already holds a run") as caught:
        music_run(finished, data)
    assert "--resume" in caught.value.remedy
    assert {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()} == before


def test_the_same_seed_gives_the_same_run_and_another_seed_another(finished: Path, data: Path, tmp_path: Path) -> None:
    music_run(tmp_path / "same", data).train()
    music_run(tmp_path / "other", data, run={"seed": 1}).train()
    assert newest(tmp_path / "same") == newest(finished) != newest(tmp_path / "other")


def test_what_is_only_shown_changes_no_weight(finished: Path, data: Path, tmp_path: Path) -> None:
    music_run(tmp_path / "run", data, rhythm={"log": 0, "sheet": 0, "checkpoint": 0, "measure": 0}).train()
    one, other = Run(finished).load(), Run(tmp_path / "run").load()
    for name, weight in one["generators"]["generator"].items():
        assert torch.equal(weight, other["generators"]["generator"][name]), name
    assert measures_of(tmp_path / "run") == []


def test_the_model_plays_as_many_notes_as_the_music_it_learnt_from(finished: Path, data: Path) -> None:
    """However little it has learnt so far, and in every track."""
    generator, train = load_sampler(finished).generator, open_music(small(data).config.data).train
    assert (generator.levelling.shift[:, 0] != 0).all()
    wanted, found = (
        levels_of(cells, np.ones(cells.shape[:2], bool), lengths=True, grid=TWO_BARS)
        for cells in (train.cells, play(generator, noise(FEW, generator.latent_size)))
    )
    assert np.abs(np.log2(found.struck / wanted.struck)).max() < 1


# ------------------------------------------------------------------ every model trains


@pytest.mark.parametrize("model", ["musegan-classic", "musegan-threshold"])
def test_the_controls_train_too(model: str, data: Path, tmp_path: Path) -> None:
    recipe = {"batch_size": 8, "critic_steps": 2} if model == "musegan-classic" else {}
    assert music_run(tmp_path / "run", data, model=model, run={"steps": 3}, recipe=recipe).train() == 0
    generator = load_sampler(tmp_path / "run").generator
    assert (generator.config.name, generator.config.neurons) == (model, "threshold")
    assert not generator.levelling.shift.any()  # they play as they have learnt to
    assert "held_out_distance" in measures_of(tmp_path / "run")[-1]
    penalties = {name for line in steps_of(tmp_path / "run") for name in line if name.startswith("penalty/")}
    assert penalties == ({"penalty/wgan_gp"} if model == "musegan-classic" else {"penalty/r1", "penalty/r2"})


@pytest.mark.parametrize(
    "sections",
    [
        {"network": {"mode": "composer", "refiner": 1}, "game": {"transpose": 3}},
        {"network": {"mode": "jamming", "neurons": "stochastic"}, "game": {"slope": 3.0, "slope_ramp": 20.0}},
        {"critic": {"spectral": True}, "game": {"objective": "hinge"}},
    ],
    ids=["composer", "jamming", "spectral"],
)
def test_every_part_of_the_paper_trains(sections: dict[str, Any], data: Path, tmp_path: Path) -> None:
    silent = {"sheet": 0, "measure": 0}
    assert music_run(tmp_path / "run", data, run={"steps": 3}, rhythm=silent, **sections).train() == 0
    assert load_sampler(tmp_path / "run").play(noise(1, load_sampler(tmp_path / "run").generator.latent_size)).any()


@pytest.mark.parametrize(("meter", "steps_per_beat", "bars"), [((3, 4), 4, 2), ((6, 8), 6, 1)])
def test_other_meters_train_on_the_embedded_band(
    meter: tuple[int, int], steps_per_beat: int, bars: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without paths the band plays."""
    monkeypatch.setattr(gather, "PIECES", 8)
    grid = {"meter": meter, "steps_per_beat": steps_per_beat, "bars": bars}
    resolved = configure(None, "smoke", None, {"data": grid, "run": {"steps": 2, "device": "cpu"}}, "cpu")[0]
    run = MusicRun(resolved, tmp_path / "run", World())
    assert run.music.report.sources == ("the embedded band",)
    assert run.train() == 0
    assert load_sampler(tmp_path / "run").grid == Grid(bars, steps_per_beat, meter)


# ------------------------------------------------------------------ playing


def test_playing_from_nothing(finished: Path) -> None:
    """More than a chunk of phrases; tracks that are not there are silent, drums are strokes."""
    generator = load_sampler(finished).generator
    z = noise(CHUNK + 3, generator.latent_size)
    there = np.ones((len(z), 5), bool)
    there[1:, 3] = False
    cells = play(generator, z, there)
    assert (cells.shape, cells.dtype) == ((CHUNK + 3, 5, 32, 84), np.uint8)
    assert not cells[1:, 3].any()
    assert not (cells[:, 0] == HOLD).any()
    assert np.array_equal(cells[CHUNK:], play(generator, z[CHUNK:], there[CHUNK:]))
    assert play(generator, z[:2]).any((2, 3)).all()


# ------------------------------------------------------------------ resumed


@pytest.mark.parametrize("step", [7, 9])
def test_a_stopped_run_goes_on_to_the_same_bits(
    step: int, finished: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    assert stopped_at(step, monkeypatch, lambda: music_run(folder, data).train()) == 143
    assert Run(folder).load()["step"] == step
    assert music_run(folder, data, resume=True).train() == 0
    assert newest(folder) == newest(finished)
    for name in ("samples/000012.png", "model/model.safetensors"):
        assert (folder / name).read_bytes() == (finished / name).read_bytes(), name


def test_a_run_does_not_go_on_with_other_music(data: Path, tmp_path: Path) -> None:
    folder, other = tmp_path / "run", tmp_path / "other"
    music_run(folder, data, run={"steps": 2}, rhythm={"sheet": 0, "measure": 0}).train()
    other.mkdir()
    for number, path in enumerate(sorted(data.iterdir())[:-1]):
        (other / f"renamed {number:02d}.mid").write_bytes(path.read_bytes())
    with pytest.raises(GansuiteError, match="trained on other works") as caught:
        music_run(folder, other, resume=True)
    assert "--data" in caught.value.remedy
    (other / "renamed, the last.mid").write_bytes(sorted(data.iterdir())[-1].read_bytes())
    assert music_run(folder, other, resume=True, run={"steps": 3}).train() == 0  # the same music under other names


def test_a_run_of_another_size_is_refused_in_a_sentence(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    music_run(folder, data, run={"steps": 2}, rhythm={"sheet": 0, "measure": 0}).train()
    with pytest.raises(GansuiteError, match="does not fit what its config") as caught:
        music_run(folder, data, resume=True, network={**small_runs.SIZES, "width": 20}).train()
    assert "Put config.json back" in caught.value.remedy


def test_music_of_one_piece_is_too_little(tmp_path: Path) -> None:
    cells = phrases(Grid(bars=8), 1, share=0.2)[0]
    (tmp_path / "one.mid").write_bytes(write_midi(Roll(cells)))
    with pytest.raises(GansuiteError, match="at least two are needed"):
        music_run(tmp_path / "run", tmp_path / "one.mid")
    assert not (tmp_path / "run").exists()


# ------------------------------------------------------------------ several processes, and none


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def done(command: list[str]) -> str:
    """What a Python process prints that ends well."""
    ended = subprocess.run(
        [sys.executable, *command],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def together(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes under torchrun came to."""
    if not dist.is_available():
        pytest.skip("this PyTorch has no torch.distributed")
    out = tmp_path_factory.mktemp("together")
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--master-addr=127.0.0.1"]
    done([*launcher, f"--master-port={free_port()}", "-m", "music.small_runs", str(out), str(data)])
    return out


@pytest.mark.parametrize("name", GAMES)
def test_two_processes_compute_what_one_does(name: str, together: Path, data: Path) -> None:
    before, alone = (small_runs.play(name, data, World(), steps=steps) for steps in (0, small_runs.STEPS))
    for network in ("generator/generator/into.weight", "discriminator/critic/merged.weight"):
        assert float((before[network] - alone[network]).abs().max()) > 1e-4
    ranks = [torch.load(together / f"rank-{rank}.pt", weights_only=True)[name] for rank in (0, 1)]
    assert alone.keys() == ranks[0].keys()
    for key, weight in alone.items():
        torch.testing.assert_close(ranks[0][key], weight, atol=1e-6, rtol=0, msg=key)
        assert torch.equal(ranks[0][key], ranks[1][key]), key


def test_a_run_of_two_processes_has_the_files_of_one(together: Path, finished: Path) -> None:
    mine = {str(p.relative_to(finished)) for p in finished.rglob("*")} - {"metrics.jsonl"}
    assert {str(p.relative_to(together / "run")) for p in (together / "run").rglob("*")} == mine
    one, other = Run(finished).load(), Run(together / "run").load()
    assert (one["step"], one["images"], one["game"]) == (other["step"], other["images"], other["game"])
    for name, weight in one["generators"]["generator"].items():  # Adam makes much of rounding, but seldom
        if weight.ndim > 1:
            assert float((weight - other["generators"]["generator"][name]).abs().mean()) < 1e-4, name


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("kills", [3, pytest.param(12, marks=pytest.mark.slow)])
def test_a_run_killed_at_random_ends_with_the_same_weights(kills: int, data: Path, tmp_path: Path) -> None:
    fate = json.loads(done(["-m", "music.killed_runs", str(tmp_path), str(data), str(kills), str(kills)]))
    assert fate["step"] == 8 * kills
    assert fate["killed"] == fate["straight"]
