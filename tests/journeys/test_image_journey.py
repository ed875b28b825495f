"""An artist's way through `gansuite image`, from a folder of works to pictures, films and figures."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.hostile import USED, make_hostile_folder
from gansuite.core import __version__
from gansuite.core.observers.jsonl import read_metrics
from gansuite.core.provenance import read_png
from gansuite.core.run import Run
from image.small_runs import write_works
from journeys.front_door import SMALL, Gansuite, contents


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_works(tmp_path_factory.mktemp("portfolio") / "works", 80)


@pytest.fixture
def model(gansuite: Gansuite, works: Path, small_toml: Path) -> Path:
    """The run that the commands draw from, in the folder where they are typed."""
    gansuite("image", "train", "--data", works, "--config", small_toml, "--steps", 6, "--run", "runs/mine").ok()
    return Path("runs/mine")


def test_from_a_folder_of_works_to_pictures(gansuite: Gansuite, works: Path, small_toml: Path) -> None:
    train = gansuite("image", "train", "--data", works, "--config", small_toml, "--json").ok()
    told = train.json()
    assert train.err.splitlines()[0].startswith("auto: cpu")
    run = Path(told["run"])
    assert run == Path("runs/image-001")
    assert told["health"]["reason"]
    assert told["last_measure"]["step"] == 12
    assert "gansuite image generate" not in train.out

    report = (run / "report.html").read_text(encoding="utf8")
    assert "data:image/" in report
    assert "http://" not in report.replace("http://www.w3.org", "")
    assert (run / "timelapse.webp").exists()
    assert len(list((run / "samples").glob("*.png"))) == 3

    listed = gansuite("models", "list", "--json").ok().json()["models"]
    (mine,) = [entry for entry in listed if entry["kind"] == "run"]
    assert (mine["name"], mine["art"], mine["network"]) == ("image-001", "image", "fast")
    shown = gansuite("models", "show", "image-001", "--json").ok().json()
    assert shown["network"]["resolution"] == 32
    assert "gansuite image train" in shown["card"]
    assert "image-001" in gansuite("models", "show", "image-001").ok().out

    drawn = gansuite("image", "generate", "--model", run, "--seed", "1,5,9", "--out", "works", "--json").ok()
    files = [Path(name) for name in drawn.json()["written"]]
    assert [path.name for path in files] == [f"seed-000000{n}.png" for n in (1, 5, 9)]
    assert all(pixels(path).shape == (32, 32, 3) for path in files)

    again = gansuite("image", "generate", "--like", files[1], "--out", "again").ok()
    assert np.array_equal(pixels(Path(again.out.strip())), pixels(files[1]))
    beside = gansuite("image", "generate", "--like", files[1]).ok()
    assert Path(beside.out.strip()) == Path("works/seed-0000005-again.png")
    assert np.array_equal(pixels(Path("works/seed-0000005-again.png")), pixels(files[1]))

    resumed = gansuite("image", "train", "--run", run, "--resume", "--steps", 16).ok()
    assert str(run / "report.html") in resumed.out
    assert Run(run).load()["step"] == 16
    steps = [line["step"] for line in read_metrics(run / "metrics.jsonl") if line["kind"] == "step"]
    assert steps == list(range(1, 17))


def test_pictures_sheets_and_films_of_a_model(gansuite: Gansuite, model: Path) -> None:
    sheet = gansuite("image", "generate", "--model", model, "--count", 10, "--sheet", "--out", "s.png").ok()
    assert sheet.out.strip() == "s.png"
    assert pixels(Path("s.png")).shape == (2 * 34 + 2, 8 * 34 + 2, 3)
    gansuite("image", "generate", "--like", "s.png", "--out", "t.png").ok()
    assert np.array_equal(pixels(Path("s.png")), pixels(Path("t.png")))

    gansuite("image", "generate", "--model", model, "--truncation", 0.5, "--out", "half.png").ok()
    gansuite("image", "generate", "--model", model, "--out", "whole.png").ok()
    assert not np.array_equal(pixels(Path("half.png")), pixels(Path("whole.png")))

    for name, more in (("walk.gif", []), ("walk.webp", ["--circle"])):
        made = gansuite("image", "interpolate", "--model", model, "--seed", "2,3", "--frames", 6, "--out", name, *more)
        assert made.ok().out.strip() == name
        with Image.open(name) as film:
            assert film.n_frames == 6
    gansuite("image", "generate", "--like", "walk.webp", "--out", "again.webp").ok()
    assert Path("walk.webp").read_bytes() == Path("again.webp").read_bytes()


def test_the_bundled_models_are_mixed_moved_and_led_to_a_picture(gansuite: Gansuite, works: Path) -> None:
    """The README's commands as typed: what only a style model can do is done by the bundled one."""
    said = (
        ("art", ["--seed", 3]),
        ("art-style", ["--mix", 3, 8, "--layers", "coarse"]),
        ("art-style", ["--seed", 3, "--move", "2=+2.0", "--layers", "fine"]),
    )
    for name, words in said:
        (path,) = gansuite("image", "generate", *words).ok().out.split()
        assert read_png(Path(path)).model == name
    strip = gansuite("image", "directions", "--seed", 3, "--count", 2).ok().out.strip()
    assert read_png(Path(strip)).model == "art-style"
    refused = gansuite("image", "generate", "--model", "art", "--mix", 3, 8, "--layers", "fine")
    assert refused.code == 2
    assert "--model art-style" in refused.err

    picture = next(works.rglob("*.png"))
    gansuite("image", "project", picture, "--steps", 3, "--out", "mine.safetensors").ok()
    film = gansuite("image", "interpolate", "--from", "mine.safetensors", "--seed", "3,8", "--frames", 6).ok()
    with Image.open(film.out.strip()) as walk:
        assert walk.n_frames == 6


def test_measures_of_a_model_with_the_controls_beside_it(gansuite: Gansuite, model: Path, works: Path) -> None:
    words = ["image", "evaluate", "--model", model, "--data", works, "--count", 40]
    told = gansuite(*words, "--control", model, "--nearest", "near.png", "--json").ok()
    rows = told.json()["rows"]
    assert {row["role"] for row in rows} >= {"model", "control", "real", "noise"}
    assert all("relative only" in row["network"] or row["relative"] for row in rows)
    assert Path("near.png").exists()
    assert "near.png" in told.err
    text = gansuite(*words).ok()
    assert "relative only" in text.out
    own = gansuite("image", "evaluate", "--model", model, "--count", 40).ok()
    assert own.out == text.out  # a run is measured on its own works when none are named
    assert "noise" in text.out


def test_what_a_dry_run_prints_is_a_file_to_start_from(gansuite: Gansuite, works: Path) -> None:
    words = ["image", "train", "--data", works, "--preset", "smoke", "--objective", "hinge", "--seed", 5]
    first = gansuite(*words, "--dry-run").ok()
    assert "# flag" in first.out
    assert "# preset smoke" in first.out
    said = tomllib.loads(first.out)
    assert (said["run"]["seed"], said["game"]["objective"], said["network"]["width"]) == (5, "hinge", 8)
    Path("again.toml").write_text(first.out, encoding="utf8")
    second = gansuite("image", "train", "--config", "again.toml", "--dry-run").ok()
    assert tomllib.loads(second.out) == said
    assert not Path("runs").exists()


def test_the_embedded_portfolio_trains_when_nothing_is_said(gansuite: Gansuite) -> None:
    train = gansuite("image", "train", "--preset", "smoke", "--steps", 2, "--threads", 1).ok()
    assert "preset smoke" in train.err
    for name in ("report.html", "samples", "model"):
        assert f"runs/image-001/{name}" in train.out
    assert Run(Path("runs/image-001")).configuration()["config"]["data"]["path"] is None
    gansuite("image", "train", "--preset", "smoke", "--steps", 1, "--threads", 1).ok()
    assert Path("runs/image-002/report.html").exists()


@pytest.mark.parametrize("objective", ["wasserstein", "relativistic"])
def test_an_objective_by_name_trains(gansuite: Gansuite, works: Path, small_toml: Path, objective: str) -> None:
    words = ["image", "train", "--data", works, "--config", small_toml, "--steps", 2, "--run", "run"]
    gansuite(*words, "--objective", objective).ok()
    assert Run(Path("run")).configuration()["config"]["game"]["objective"] == objective
    penalties = {k for line in read_metrics(Path("run/metrics.jsonl")) for k in line if k.startswith("penalty/")}
    assert penalties == {"wasserstein": {"penalty/wgan_gp"}, "relativistic": {"penalty/r1", "penalty/r2"}}[objective]


def test_the_classic_trains_and_draws(gansuite: Gansuite, works: Path, small_toml: Path) -> None:
    words = ["image", "train", "--data", works, "--config", small_toml, "--steps", 2, "--run", "run"]
    gansuite(*words, "--model", "dcgan-classic").ok()
    gansuite("image", "generate", "--model", "run", "--out", "one.png").ok()
    assert pixels(Path("one.png")).shape == (32, 32, 3)


def test_a_portfolio_of_ten_works_trains_too(gansuite: Gansuite, small_toml: Path) -> None:
    write_works(Path("few"), 10)
    train = gansuite("image", "train", "--data", "few", "--config", small_toml, "--steps", 7, "--run", "run").ok()
    assert "run/report.html" in train.out
    gansuite("image", "generate", "--model", "run", "--out", "one.png").ok()


def test_inspecting_a_hostile_folder_names_every_file(gansuite: Gansuite, tmp_path: Path) -> None:
    expected = make_hostile_folder(tmp_path / "hostile")
    told = gansuite("image", "inspect", "hostile", "--json").ok()
    reasons = dict(told.json()["skipped"])
    assert set(reasons) == {name for name, word in expected.items() if word != USED}
    for name, reason in reasons.items():
        assert expected[name].lower() in reason.lower(), name
    text = gansuite("image", "inspect", "hostile").ok().out
    assert "bomb.png" in text
    assert "megapixels" in text


def test_a_hostile_folder_is_trained_on(gansuite: Gansuite, tmp_path: Path, small_toml: Path) -> None:
    make_hostile_folder(tmp_path / "hostile")
    before = contents(tmp_path / "hostile" / "folder.jpg")
    gansuite("image", "train", "--data", "hostile", "--config", small_toml, "--steps", 2, "--run", "run").ok()
    assert contents(tmp_path / "hostile" / "folder.jpg") == before
    assert Path("run/model/model.safetensors").exists()


def test_the_version(gansuite: Gansuite) -> None:
    assert gansuite("--version").ok().out == f"gansuite {__version__}\n"


def test_the_doctor_speaks_to_scripts_and_to_people(gansuite: Gansuite) -> None:
    assert gansuite("doctor", "--json").ok().json()
    text = gansuite("doctor").ok().out
    assert "torch" in text.lower()


def test_json_is_one_object_and_nothing_else(gansuite: Gansuite, model: Path, works: Path) -> None:
    for words in (
        ["image", "inspect", works],
        ["image", "generate", "--model", model],
        ["image", "train", "--run", model, "--resume", "--steps", 8],
        ["models", "list"],
        ["models", "show", "mine"],
    ):
        assert isinstance(json.loads(gansuite(*words, "--json").ok().out), dict)


def test_a_configuration_may_name_its_data(gansuite: Gansuite, works: Path) -> None:
    Path("mine.toml").write_text(f"{SMALL.replace('[data]', f'[data]{chr(10)}path = {json.dumps(str(works))}')}")
    gansuite("image", "train", "--config", "mine.toml", "--steps", 1, "--run", "run").ok()
    assert Run(Path("run")).configuration()["config"]["data"]["path"] == str(works)


def test_works_that_were_moved_are_found_again(gansuite: Gansuite, small_toml: Path) -> None:
    write_works(Path("before"), 16)
    words = ["image", "train", "--run", "run"]
    gansuite(*words, "--data", "before", "--config", small_toml, "--steps", 2).ok()
    Path("before").rename("after")
    assert gansuite(*words, "--resume", "--steps", 3).code == 2
    gansuite(*words, "--resume", "--steps", 3, "--data", "after").ok()
    assert Run(Path("run")).load()["step"] == 3


def test_another_end_replaces_the_old_one(gansuite: Gansuite, works: Path, small_toml: Path) -> None:
    """Otherwise a run of two steps given more minutes would end at once."""
    words = ["image", "train", "--run", "run"]
    gansuite(*words, "--data", works, "--config", small_toml, "--steps", 2).ok()
    gansuite(*words, "--resume", "--minutes", 0.1).ok()
    reached = Run(Path("run")).load()["step"]
    assert reached > 2
    gansuite(*words, "--resume", "--steps", reached + 1).ok()
    assert Run(Path("run")).load()["step"] == reached + 1
