"""What goes wrong with poems is told in one sentence of cause and one of remedy, and nothing is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from journeys.front_door import Gansuite, Result, contents
from journeys.poems import Works
from poetry.small_works import write_poems


def refused(result: Result, *words: str) -> None:
    """One sentence of cause, one of remedy, exit code 2, nothing on standard output."""
    assert result.code == 2, result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    lines = result.err.strip().splitlines()
    assert len(lines) == 2, result.err
    assert lines[0].startswith("Error: ")
    assert all(word in result.err for word in words), result.err


@pytest.fixture
def mess() -> dict[str, bytes]:
    """A folder as people have them; what it holds."""
    Path("notes.txt").write_text("not a picture\n", encoding="utf8")
    Path("empty").mkdir()
    Path("broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    Path("silent.txt").write_text("***\n\n", encoding="utf8")
    Path("pair").mkdir()
    for name in ("photo.jpg", "pair/a.png", "pair/b.png"):
        Image.new("RGB", (70, 60), (20, 70, 130)).save(name)
    Path("few.jsonl").write_text("", encoding="utf8")
    write_poems(Path("few.jsonl"), 6)
    Path("none.jsonl").write_text("", encoding="utf8")
    return contents(Path())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--image", "nowhere"], ["There is no picture nowhere"]),
        (["--image", "notes.txt"], ["notes.txt", "PNG"]),
        (["--image", "broken.png"], ["broken.png"]),
        (["--image", "empty"], ["no picture in empty", ".jpg"]),
        (["--form", "haikoo"], ["haikoo", "haiku"]),
        (["--form", "haiku", "--lines", "4"], ["haiku", "3 lines"]),
        (["--form", "haiku", "--prompt", "The old and very silent pond at noon\n"], ["opening", "haiku"]),
        (["--rhyme", "ABAB", "--lines", "3"], ["rhyme"]),
        (["--syllables", "5-x"], ["5-x"]),
        (["--meter", "iambik"], ["iambik"]),
        (["--meter", "iambic 5", "--syllables", "3"], ["iambic"]),
        (["--lines", "0"], ["lines"]),
        (["--mood", "hungry"], ["hungry", "calm"]),
        (["--era", "jurassic"], ["jurassic", "modern"]),
        (["--words", "a,b,c,d,e,f,g", "--lines", "2"], ["7 words"]),
        (["--words", "fuck"], ["must be in the poem"]),
        (["--prompt", "fuck"], ["opening"]),
        (["--relevance", "7"], ["--relevance is 7", "0 and 6"]),
        (["--relevance", "-1"], ["--relevance is -1"]),
        (["--temperature", "0"], ["temperature"]),
        (["--count", "0"], ["--count"]),
        (["--best-of", "0"], ["Best of 0"]),
        (["--seed", "-1"], ["seed"]),
        (["--card", "out.png"], ["one picture"]),
        (["--card", "out.png", "--image", "pair"], ["one picture"]),
        (["--card", "out.png", "--image", "photo.jpg", "--count", "2"], ["one poem"]),
        (["--card", "out.gif", "--image", "photo.jpg"], ["out.png"]),
        (["--out", "out.pdf"], ["out.pdf", ".md"]),
        (["--out", "out"], ["out", ".md"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_poem_that_cannot_be(
    gansuite: Gansuite, poet: Path, mess: dict[str, bytes], words: list[str], told: list[str]
) -> None:
    refused(gansuite("poem", "--model", poet, *words), *told)
    assert contents(Path()) == mess


def test_a_model_that_cannot_do_it(gansuite: Gansuite, blind_poet: Path, poet: Path, mess: dict[str, bytes]) -> None:
    asked = ["poem", "--model", blind_poet]
    refused(gansuite(*asked, "--image", "photo.jpg"), "sees no pictures")
    refused(gansuite(*asked, "--scores"), "no critics")
    refused(gansuite("poem", "score", "notes.txt", "--image", "photo.jpg", "--model", blind_poet), "no critics")
    refused(gansuite("poem", "--model", "nobody"), "nobody")
    refused(gansuite("poem", "--model", poet / "encoder"), "no poet")
    assert contents(Path()) == mess


@pytest.mark.parametrize("part", ["tokenizer.json", "a layer", "a number"])
def test_a_damaged_model(gansuite: Gansuite, blind_poet: Path, part: str) -> None:
    model = Path(shutil.copytree(blind_poet / "model", "model"))
    if part == "tokenizer.json":
        (model / part).write_bytes((model / part).read_bytes()[:1000])
    else:
        weights = load_file(model / "model.safetensors")
        name = next(name for name in weights if "h.1.attn.c_attn.weight" in name)
        if part == "a layer":
            del weights[name]
        else:
            weights[name] = weights[name] * float("nan")
        save_file(weights, model / "model.safetensors")
    refused(gansuite("poem", "--model", model, "--lines", 2), "damaged")


def test_a_text_that_is_no_poem(gansuite: Gansuite, poet: Path, mess: dict[str, bytes]) -> None:
    asked = ["poem", "score", "--model", poet]
    refused(gansuite(*asked, "silent.txt"), "no words")
    refused(gansuite(*asked, "missing.txt"), "missing.txt")
    refused(gansuite(*asked, "empty"), "empty")
    refused(gansuite(*asked, "photo.jpg"), "photo.jpg")
    refused(gansuite(*asked, "notes.txt", "--image", "broken.png"), "broken.png")
    assert contents(Path()) == mess


# ------------------------------------------------------------------ training


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], ["--corpus"]),
        (["--corpus", "nowhere"], ["nowhere"]),
        (["--corpus", "empty"], ["empty"]),
        (["--corpus", "none.jsonl"], ["none.jsonl"]),
        (["--corpus", "few.jsonl"], ["poems"]),
        (["--corpus", "POEMS", "--stage", "embedding"], ["--images"]),
        (["--corpus", "POEMS", "--stage", "encoder"], ["--images"]),
        (["--corpus", "POEMS", "--stage", "encodr"], ["encodr", "encoder"]),
        (["--corpus", "POEMS", "--stage", "adversarial", "--images", "PICTURES"], ["poet"]),
        (["--corpus", "POEMS", "--images", "empty"], ["empty"]),
        (["--corpus", "POEMS", "--images", "nowhere"], ["nowhere"]),
        (["--corpus", "POEMS", "--start", "nobody"], ["nobody"]),
        (["--corpus", "POEMS", "--reward", "fame"], ["fame"]),
        (["--corpus", "POEMS", "--mix", "2"], ["mix"]),
        (["--corpus", "POEMS", "--held-out", "0.9"], ["0.9"]),
        (["--corpus", "POEMS", "--held-out", "0.1", "--held-out", "few.jsonl"], ["--held-out"]),
        (["--corpus", "POEMS", "--pairs", "nowhere.csv", "--images", "pair"], ["nowhere.csv"]),
        (["--resume"], ["without a run"]),
        (["--resume", "--run", "empty"], ["empty is not a run"]),
        (["--resume", "--run", "empty", "--stage", "encoder"], ["--stage"]),
        (["--resume", "--run", "empty", "--preset", "small"], ["--preset"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_training_that_cannot_be(
    gansuite: Gansuite, poem_works: Works, mess: dict[str, bytes], words: list[str], told: list[str]
) -> None:
    works = {"POEMS": poem_works.poems, "PICTURES": poem_works.pictures}
    typed = [works.get(word, word) for word in words]
    quick = [] if "--resume" in words else ["--preset", "smoke"]
    refused(gansuite("poem", "train", *typed, *quick), *told)
    assert contents(Path()) == mess


def test_a_run_that_is_there_already(gansuite: Gansuite, blind_poet: Path, poem_works: Works) -> None:
    run = Path(shutil.copytree(blind_poet, "mine"))
    before = contents(run)
    words = poem_works.words(steps=2, pictures=False)
    refused(gansuite("poem", "train", *words, "--run", run), "already holds", "--resume")
    refused(gansuite("poem", "train", "--resume", "--run", run, "--lr", 1), "cannot be changed")
    assert contents(run) == before
    (run / "stages.json").write_text('{"stages": [1], "finished": []}', encoding="utf8")
    refused(gansuite("poem", "train", "--resume", "--run", run), "stages.json")


def test_what_cannot_be_measured(gansuite: Gansuite, poet: Path, poem_works: Works, mess: dict[str, bytes]) -> None:
    asked = ["poem", "evaluate", "--model", poet, "--corpus", poem_works.poems]
    refused(gansuite(*asked, "--count", 1), "--count")
    refused(gansuite(*asked, "--relevance", 9), "--relevance")
    refused(gansuite(*asked, "--temperature", 0), "temperature")
    refused(gansuite("poem", "evaluate", "--model", poet), "--corpus")
    refused(gansuite("poem", "evaluate", "--model", "nobody", "--corpus", poem_works.poems), "nobody")
    assert contents(Path()) == mess
