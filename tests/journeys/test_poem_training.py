"""Training a poet: all stages or one, from a model or from nothing, stopped and gone on with, by one process or two."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import string
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from gansuite.core.model import load
from gansuite.core.run import Run
from gansuite.poetry.config import STAGES
from gansuite.poetry.sampler import load_sampler
from gansuite.poetry.write import Writer
from journeys.front_door import Gansuite
from journeys.poems import Works, lines_of

TESTS = Path(__file__).resolve().parents[1]
PATIENCE = 600  # seconds until a process that should have ended is given up
DROP = re.compile(r"held-out perplexity (\d+\.\d) -> (\d+\.\d)")


def done(command: list[object]) -> str:
    """What a Python process prints that ends well."""
    ended = subprocess.run(
        [sys.executable, *map(str, command)],
        env={**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def steps_of(run: Path) -> dict[str, int]:
    """How far each stage is."""
    return {stage: Run(run / stage).load()["step"] for stage in STAGES if (run / stage).exists()}


def minutes_of(toml: str) -> dict[str, float]:
    """How long each stage is to last, by what a dry run prints."""
    parts = [tomllib.loads(part) for part in re.split(r"^# stage.*$", toml, flags=re.MULTILINE) if part.strip()]
    return {part["network"]["name"]: part["run"]["minutes"] for part in parts}


# ------------------------------------------------------------------ all stages


def test_five_stages_make_one_model(gansuite: Gansuite, poet: Path) -> None:
    assert steps_of(poet) == dict.fromkeys(STAGES, 6)
    for stage in STAGES:
        assert (poet / stage / "report.html").exists()
    for stage in ("likelihood", "adversarial"):
        assert (poet / stage / "samples/000006.txt").read_text(encoding="utf8").strip()
    model = load(poet / "model")
    assert list(model.config["network"]["parts"]) == ["encoder", "embedding", "poet", "relevance", "style"]
    assert model.weights.keys() == load(poet / "adversarial/model").weights.keys()
    encoder = load(poet / "encoder/model").weights
    assert all(torch.equal(model.weights[name], weight) for name, weight in encoder.items())
    assert DROP.search(poet.with_suffix(".err").read_text(encoding="utf8"))
    shutil.copytree(poet / "model", "runs/mine/model")
    listed = gansuite("models", "list", "--json").ok().json()["models"]
    assert [(one["name"], one["art"]) for one in listed if one["kind"] == "run"] == [("mine", "poetry")]


def test_the_minutes_are_shared(gansuite: Gansuite, poem_works: Works) -> None:
    asked = ["poem", "train", "--corpus", poem_works.poems, "--dry-run"]
    seeing = [*asked, "--images", poem_works.pictures]
    shares = {"encoder": 2.0, "embedding": 0.5, "likelihood": 4.5, "critics": 1.0, "adversarial": 2.0}
    assert minutes_of(gansuite(*seeing, "--minutes", 10).ok().out) == pytest.approx(shares)
    assert sum(minutes_of(gansuite(*seeing).ok().out).values()) == pytest.approx(20)
    assert minutes_of(gansuite(*asked, "--minutes", 10).ok().out) == {"likelihood": 10}
    further = minutes_of(gansuite(*seeing, "--minutes", 9, "--start", "any").ok().out)
    assert further == pytest.approx({"likelihood": 5.4, "critics": 1.2, "adversarial": 2.4})
    Path("mine.toml").write_text("[run]\nminutes = 100\n", encoding="utf8")
    assert minutes_of(gansuite(*seeing, "--config", "mine.toml").ok().out)["likelihood"] == pytest.approx(45)
    assert not Path("runs").exists()


def test_a_finished_run_goes_on_with_its_last_stage(gansuite: Gansuite, poet: Path, poem_works: Works) -> None:
    run = Path(shutil.copytree(poet, "mine"))
    before = load(run / "model").digest
    gansuite("poem", "train", "--run", run, "--resume", "--steps", 7).ok()
    assert steps_of(run) == {**dict.fromkeys(STAGES, 6), "adversarial": 7}
    assert load(run / "model").digest == load(run / "adversarial/model").digest != before


# ------------------------------------------------------------------ one stage


def test_a_poet_of_poems_alone(gansuite: Gansuite, blind_poet: Path) -> None:
    assert steps_of(blind_poet) == {"likelihood": 2}
    assert list(load(blind_poet / "model").config["network"]["parts"]) == ["poet"]
    assert len(lines_of(gansuite("poem", "--model", blind_poet, "--lines", 2))) == 2


def test_a_poet_writes_in_the_words_of_its_corpus(gansuite: Gansuite, tmp_path: Path) -> None:
    song = "The {0} sea went by the billabong,\nand {0} Clancy rode along."
    (tmp_path / "mine.txt").write_text("\n\n\n".join(map(song.format, string.ascii_lowercase)), encoding="utf8")
    words = ["--corpus", tmp_path / "mine.txt", "--preset", "smoke", "--steps", 1, "--run", tmp_path / "run"]
    gansuite("poem", "train", "--stage", "likelihood", *words).ok()
    assert load(tmp_path / "run/model").config["network"]["parts"]["poet"]["words"] == ["billabong", "Clancy"]
    book = Writer(load_sampler(tmp_path / "run")).book
    assert None not in (book.number("Clancy"), book.number("billabong"))


def test_a_poet_that_can_write_learns_gently(gansuite: Gansuite, poem_works: Works) -> None:
    asked = ["poem", "train", "--stage", "likelihood", "--corpus", poem_works.poems, "--dry-run"]

    def rates(*more: object) -> list[str]:
        return re.findall(r"generator_lr = ([\d.e-]+)", gansuite(*asked, *more).ok().out)

    assert rates() == ["0.002"]
    assert rates("--start", "verse") == ["0.0003"]
    assert rates("--start", "verse", "--lr", 1e-3) == ["0.001"]
    assert rates("--start", "verse", "--images", poem_works.pictures) == ["0.002"]


def test_a_poet_is_trained_further(gansuite: Gansuite, blind_poet: Path, poem_works: Works) -> None:
    words = ["--stage", "likelihood", "--start", blind_poet, "--lr", 0.02, "--run", "further", "--json"]
    trained = gansuite("poem", "train", *poem_works.words(steps=12, pictures=False), *words).ok()
    drop = DROP.search(trained.err)
    assert drop
    assert float(drop[2]) < float(drop[1])
    assert isinstance(trained.json(), dict)
    one, other = (load(run / "model") for run in (blind_poet, Path("further")))
    assert (blind_poet / "model/tokenizer.json").read_bytes() == Path("further/model/tokenizer.json").read_bytes()
    assert one.weights.keys() == other.weights.keys()
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("stage", "part"), [("encoder", "encoder"), ("embedding", "embedding"), ("likelihood", "poet")]
)
def test_a_stage_begins_with_what_is_there(
    gansuite: Gansuite, poet: Path, poem_works: Works, stage: str, part: str
) -> None:
    """At a rate of 0 all weights stay, those that the stage trains too."""
    words = ["--stage", stage, "--start", poet, "--lr", 0, "--run", f"still-{stage}"]
    gansuite("poem", "train", *poem_works.words(steps=1), *words).ok()
    before, after = (load(run / "model").weights for run in (poet, Path(f"still-{stage}")))
    mine = [name for name in before if name.startswith(f"{part}.")]
    assert mine
    assert all(torch.equal(before[name], after[name]) for name in mine)


def test_a_run_begins_with_some_parts_of_a_model(
    gansuite: Gansuite, poet: Path, blind_poet: Path, poem_works: Works
) -> None:
    words = [*poem_works.words(steps=1), "--stage", "embedding", "--run", "some"]
    gansuite("poem", "train", *words, "--start", f"{poet}:encoder,style").ok()
    assert set(load(Path("some/model")).config["network"]["parts"]) == {"encoder", "style", "embedding"}
    missing = gansuite("poem", "train", *words[:-1], "other", "--start", f"{blind_poet}:encoder")
    assert missing.code == 2
    assert "'encoder'" in missing.err


# ------------------------------------------------------------------ stopped, and several processes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_run_killed_in_its_stages_ends_with_the_same_weights(poem_works: Works, tmp_path: Path, cache: Path) -> None:
    lives = ["-m", "poetry.killed_poet", tmp_path, 4, 9, "--"]
    fate = json.loads(done([*lives, *poem_works.words(steps=3)]))
    assert fate["survivors"] == 0
    assert "adversarial" not in fate["begun"]
    assert len(fate["begun"]) > 1
    assert fate["killed"] == fate["straight"]


@pytest.mark.parametrize("written", [["stages.json"], ["stages.json", "likelihood/config.json"]])
def test_a_run_killed_before_its_first_step_is_begun_again(
    gansuite: Gansuite, blind_poet: Path, tmp_path: Path, written: list[str]
) -> None:
    killed = tmp_path / "killed"
    (killed / "likelihood").mkdir(parents=True)
    for name in written:
        text = (
            (blind_poet / name)
            .read_text(encoding="utf8")
            .replace('"finished": [\n    "likelihood"\n  ]', '"finished": []')
        )
        (killed / name).write_text(text, encoding="utf8")
    gansuite("poem", "train", "--resume", "--run", killed).ok()
    assert load(killed / "model").digest == load(blind_poet / "model").digest


def test_two_processes_learn_what_one_does(
    gansuite: Gansuite, blind_poet: Path, poem_works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not dist.is_available():
        pytest.skip("this PyTorch has no torch.distributed")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--master-addr=127.0.0.1", f"--master-port={port}"]
    words = ["--stage", "likelihood", *poem_works.words(steps=2, pictures=False), "--run", "together"]
    done([*launcher, "-m", "--", "gansuite", "poem", "train", *words])
    alone, together = load(blind_poet / "model").weights, load(Path("together/model")).weights
    assert {path.name for path in Path("together").iterdir()} == {path.name for path in blind_poet.iterdir()}
    for name, weight in alone.items():
        assert float((weight - together[name]).abs().mean()) < 1e-4, name
