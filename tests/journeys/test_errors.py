"""What goes wrong is told in one sentence of cause and one of remedy, with exit code 2, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from gansuite.core.run import Run
from image.small_models import save_model
from image.small_runs import write_works
from journeys.front_door import Gansuite, Result, contents


def refused(result: Result) -> tuple[str, str]:
    """Cause and remedy, after a look at their form."""
    assert result.code == 2, result.err
    assert "Traceback" not in result.err + result.out
    lines = result.err.strip().splitlines()
    assert len(lines) == 2, result.err
    cause, remedy = lines
    assert cause.startswith("Error: ")
    assert cause.endswith((".", "?"))
    assert remedy
    return cause.removeprefix("Error: "), remedy


@pytest.fixture
def works(tmp_path: Path) -> Path:
    return write_works(tmp_path / "works", 16)


@pytest.fixture
def run(gansuite: Gansuite, works: Path, small_toml: Path) -> Path:
    """A finished run of four steps."""
    gansuite("image", "train", "--data", works, "--config", small_toml, "--steps", 4, "--run", "run").ok()
    return Path("run")


# ------------------------------------------------------------------ data


def test_a_missing_folder(gansuite: Gansuite) -> None:
    for words in (["image", "train", "--data", "nowhere"], ["image", "inspect", "nowhere"]):
        cause, remedy = refused(gansuite(*words))
        assert "nowhere" in cause
        assert remedy.endswith(".")
    assert not Path("runs").exists()


def test_an_empty_folder(gansuite: Gansuite) -> None:
    Path("empty").mkdir()
    cause, remedy = refused(gansuite("image", "train", "--data", "empty"))
    assert "empty holds no files" in cause
    assert "--data" in remedy
    assert not Path("runs").exists()


def test_one_usable_picture(gansuite: Gansuite) -> None:
    Path("one").mkdir()
    Image.new("RGB", (64, 64)).save("one/a.png")
    before = contents(Path("one"))
    cause, remedy = refused(gansuite("image", "train", "--data", "one"))
    assert "only 1 usable picture" in cause
    assert "gansuite image inspect" in remedy
    assert contents(Path("one")) == before
    assert not Path("runs").exists()


# ------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("words", "cause", "remedy"),
    [
        (["--preset", "smok"], "There is no preset 'smok'.", "Did you mean 'smoke'?"),
        (["--model", "dcgan-classics"], "There is no model called 'dcgan-classics'.", "Did you mean 'dcgan-classic'?"),
        (["--objective", "hing"], "There is no objective 'hing'.", "Did you mean 'hinge'?"),
        (["--augment", "cutot"], "There is no augmentation 'cutot'.", "Did you mean 'cutout'?"),
        (["--batch-size", "0"], "batch_size is 0, but must be at least 1.", "Try batch_size = 1."),
        (["--batch-size", "9", "--accumulate", "2"], "A batch of 9 cannot be shared", "Use --batch-size 8."),
        (["--steps", "0"], "--steps must be a number, more than 0.", "Try --steps 20."),
        (["--minutes", "-1"], "--minutes must be a number, more than 0.", "Try --minutes 20."),
        (["--precision", "fp16"], "There is no precision 'fp16'.", "auto, bf16, fp32"),
        (["--fit", "squash"], "There is no fit 'squash'", "crop"),
        (["--resolution", "50"], "Pictures of 50 pixels a side are not possible", "Use --resolution 48 or 56."),
        (["--resolution", "2048"], "Pictures of 2048 pixels a side are not possible", "Use --resolution 1024."),
        (["--width", "12"], "The width is 12, but must be a multiple of 8.", "Use --width 8."),
        (["--r1", "-0.5"], "r1 is -0.5, but cannot be negative.", "Use r1 = 0."),
        (["--lr", "-1"], "generator_lr is -1.0, but cannot be negative.", "Use generator_lr = 0."),
        (["--device", "cuda:7"], "The device 'cuda:7' was asked for", "gansuite doctor"),
        (["--device", "toaster"], "There is no kind of device called 'toaster'.", "--device auto"),
        (["--config", "none.toml"], "There is no file none.toml.", "--config"),
        (["--labels", "none.csv:style"], "none.csv", ""),
        (["--seed", str(2**60)], "seed is 1152921504606846976, but must lie between 0 and 2^53.", "Try --seed 0."),
        (["--threads", "-1"], "threads is -1, but cannot be negative.", "Leave --threads out."),
        (["--run", "small.txt/run"], "small.txt/run/config.json cannot be written", "Choose another name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_setting_that_is_not_possible(
    gansuite: Gansuite, works: Path, words: list[str], cause: str, remedy: str
) -> None:
    if torch.cuda.device_count() > 7:
        pytest.skip("this machine has the card that should be missing")
    quick = ["--preset", "smoke"] if "--preset" not in words else []
    if "--steps" not in words:
        quick += ["--steps", "1"]
    Path("small.txt").write_text("a file, and not a folder", encoding="utf8")
    before = contents(works)
    found = refused(gansuite("image", "train", "--data", works, *quick, *words))
    assert cause in found[0]
    assert remedy in found[1]
    assert contents(works) == before
    assert not Path("runs").exists(), "a run folder was left behind"


@pytest.mark.parametrize(
    ("text", "cause", "remedy"),
    [
        ("[recipe]\nbatchsize = 3\n", "There is no key 'batchsize' in section [recipe]", "Did you mean 'batch_size'?"),
        ("[receipe]\nbatch_size = 3\n", "There is no section [receipe]", "Did you mean 'recipe'?"),
        ("[recipe\n", "cannot be read as TOML", "Mend"),
        ('[recipe]\nbatch_size = "many"\n', "recipe.batch_size = 'many'", "--dry-run"),
        ("[recipe]\nbatch_size = true\n", "recipe.batch_size = True", "--dry-run"),
        ("[run]\nminutes = nan\n", "run.minutes = nan", "--dry-run"),
        ("[recipe]\nbeta1 = 1\n", "beta1 is 1.0, but must lie in [0, 1)", "Try"),
        ("[run]\nthreads = -1\n", "threads is -1, but cannot be negative", "--threads"),
        ("[recipe]\nhalf_life = -1\n", "half_life is -1.0, but cannot be negative", "half_life = 0"),
        ("[network]\nlatent = 0\n", "latent is 0", "128"),
        ("[game]\naugment_strength = 0.9\n", "augment_strength is 0.9", "-1"),
        ("[run]\nkeep = 0\n", "keep is 0", "3"),
    ],
)
def test_a_file_with_a_mistake(gansuite: Gansuite, works: Path, text: str, cause: str, remedy: str) -> None:
    Path("mine.toml").write_text(text, encoding="utf8")
    words = ["--data", works, "--preset", "smoke", "--steps", 1, "--config", "mine.toml"]
    found = refused(gansuite("image", "train", *words))
    assert cause in found[0]
    assert remedy in found[1]
    assert not Path("runs").exists()


# ------------------------------------------------------------------ runs


def test_a_run_that_is_there_already(gansuite: Gansuite, works: Path, small_toml: Path, run: Path) -> None:
    before = contents(run)
    words = ["--data", works, "--config", small_toml, "--steps", 4]
    cause, remedy = refused(gansuite("image", "train", *words, "--run", run))
    assert "run already holds a run." in cause
    assert "--resume" in remedy
    assert contents(run) == before


def test_resuming_without_a_run(gansuite: Gansuite) -> None:
    cause, remedy = refused(gansuite("image", "train", "--resume"))
    assert "--resume was given without a run." in cause
    assert "--run" in remedy


def test_resuming_what_is_no_run(gansuite: Gansuite, works: Path) -> None:
    for folder in ("nowhere", works):
        cause, _ = refused(gansuite("image", "train", "--resume", "--run", folder))
        assert "is not a run" in cause
    assert not Path("nowhere").exists()


def test_changing_what_cannot_be_changed_when_a_run_goes_on(gansuite: Gansuite, run: Path) -> None:
    before = contents(run)
    cause, remedy = refused(gansuite("image", "train", "--resume", "--run", run, "--batch-size", 4))
    assert "recipe.batch_size cannot be changed" in cause
    assert "--run" in remedy
    assert contents(run) == before


@pytest.mark.parametrize("words", [["--model", "dcgan-classic"], ["--preset", "full"], ["--config", "mine.toml"]])
def test_a_model_preset_or_file_given_to_a_run_that_goes_on(gansuite: Gansuite, run: Path, words: list[str]) -> None:
    """It would be passed over in silence."""
    before = contents(run)
    cause, _ = refused(gansuite("image", "train", "--resume", "--run", run, *words))
    assert words[0] in cause
    assert contents(run) == before


@pytest.mark.parametrize("damage", ["cut", "bit", "pickle", "empty"])
def test_a_corrupt_checkpoint(gansuite: Gansuite, run: Path, damage: str) -> None:
    newest = Run(run).checkpoints()[-1]
    data = bytearray(newest.read_bytes())
    if damage == "bit":
        data[len(data) // 2] ^= 255
    newest.write_bytes({"cut": data[:-1000], "bit": data, "pickle": b"\x80\x04cos\nsystem\n.", "empty": b""}[damage])
    before = contents(run)
    cause, remedy = refused(gansuite("image", "train", "--resume", "--run", run, "--steps", 6))
    assert f"{newest} is damaged" in cause
    assert "--resume" in remedy
    after = contents(run)
    assert {name: after[name] for name in before if name != "report.html"} == {
        name: data for name, data in before.items() if name != "report.html"
    }
    newest.unlink()  # as the remedy says
    gansuite("image", "train", "--resume", "--run", run, "--steps", 6).ok()
    assert Run(run).load()["step"] == 6


def test_works_that_changed_since_the_run_began(gansuite: Gansuite, works: Path, run: Path) -> None:
    """Going on with other works would not be the same run."""
    (works / "even" / "000.png").unlink()
    before = contents(run)
    cause, remedy = refused(gansuite("image", "train", "--resume", "--run", run, "--steps", 6))
    assert "other works" in cause
    assert "--run" in remedy
    assert contents(run) == before


# ------------------------------------------------------------------ drawing


def test_an_unknown_model(gansuite: Gansuite, tmp_path: Path) -> None:
    save_model(tmp_path / "runs" / "mine" / "model")
    cause, remedy = refused(gansuite("image", "generate", "--model", "mien"))
    assert "There is no model called 'mien'" in cause
    assert "mine" in remedy
    assert not Path("works").exists()


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["--seed", "one"], "'one' is not a seed, a list or a range of seeds."),
        (["--seed", "8-3"], "The range 8-3 runs backwards."),
        (["--count", "0"], "The count is 0"),
        (["--seed", "1,2", "--count", "5"], "names 2 seeds"),
        (["--truncation", "2"], "The truncation is 2"),
        (["--out", "one.jpg"], "one.jpg is not a PNG"),
        (["--out", "one.png", "--count", "2"], "one.png is one file"),
        (["--device", "cuda:7"], "The device 'cuda:7' was asked for"),
        (["--like", "nothing.png"], "nothing.png"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_drawing_that_is_not_possible(gansuite: Gansuite, tmp_path: Path, words: list[str], cause: str) -> None:
    save_model(tmp_path / "model")
    before = contents(tmp_path)
    assert cause in refused(gansuite("image", "generate", "--model", "model", *words))[0]
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["--out", "walk.avi"], "walk.avi"),
        (["--out", "walk"], "walk"),
        (["--seed", "x"], "'x' is not a seed"),
        (["--seed", "1"], "two seeds"),
        (["--frames", "1"], "cannot have 1 frames"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_walk_that_is_not_possible(gansuite: Gansuite, tmp_path: Path, words: list[str], cause: str) -> None:
    save_model(tmp_path / "model")
    before = contents(tmp_path)
    assert cause in refused(gansuite("image", "interpolate", "--model", "model", *words))[0]
    assert contents(tmp_path) == before


def test_measuring_with_too_few_works(gansuite: Gansuite, tmp_path: Path, works: Path) -> None:
    save_model(tmp_path / "model")
    cause, _ = refused(gansuite("image", "evaluate", "--model", "model", "--data", works, "--count", 20))
    assert "works or more" in cause


def test_a_sheet_of_copies_that_is_no_png(gansuite: Gansuite, tmp_path: Path) -> None:
    save_model(tmp_path / "model")
    cause, remedy = refused(gansuite("image", "evaluate", "--model", "model", "--nearest", "near.jpeg"))
    assert cause == "near.jpeg is not a PNG."
    assert remedy == "Use --nearest near.png."


def test_a_word_that_is_no_command(gansuite: Gansuite) -> None:
    result = gansuite("image", "paint")
    assert result.code == 2
    assert "Traceback" not in result.err


# ------------------------------------------------------------------ a fresh interpreter


def fresh(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_python_m_gansuite_helps() -> None:
    done = fresh("-m", "gansuite", "--help")
    assert done.returncode == 0, done.stderr
    for word in ("image", "models", "doctor", "demo"):
        assert word in done.stdout


@pytest.mark.parametrize("words", [[], ["--help"], ["image", "--help"], ["image", "train", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys\n"
        f"sys.argv = ['gansuite', *{words!r}]\n"
        "from gansuite.cli import main\n"
        "if len(sys.argv) > 1:\n"
        "    try: main()\n"
        "    except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'scipy', 'nltk', 'pretty_midi'} & set(sys.modules)\n"
        "sys.exit(f'{heavy} was imported' if heavy else 0)\n"
    )
    done = fresh("-c", script)
    assert done.returncode == 0, done.stderr
