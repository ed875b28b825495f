"""A person's way through `gansuite poem`: for a picture, for a folder of them, from words, and what is made of it."""

from __future__ import annotations

import io
import json
import shutil
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from PIL import Image

from gansuite.core.provenance import read_png
from gansuite.poetry.check import check
from gansuite.poetry.evaluation.judge import Judge
from gansuite.poetry.evaluation.style import StyleJudge
from gansuite.poetry.forms import FORMS, design
from gansuite.poetry.sounds import english
from gansuite.poetry.writing.wish import holds_word
from journeys.front_door import Gansuite
from journeys.poems import Works, lines_of
from poetry.small_works import poem

POEM = "The sea sings softly by the shore and the day,\n\n***\nThe wave turns slowly by the tide and the way.\n"


@pytest.fixture
def words(poet: Path, poem_works: Works) -> list[object]:
    """A poem for a picture, as it is typed."""
    return ["poem", "--model", poet, "--image", poem_works.pictures / "sea/00.png"]


# ------------------------------------------------------------------ one poem


def test_a_poem_and_nothing_else_is_printed(gansuite: Gansuite, words: list[object]) -> None:
    one = gansuite(*words)
    assert len(lines_of(one)) >= 3
    assert one.err == ""
    assert one.out.endswith((".\n", "!\n", "?\n"))
    assert gansuite(*words).out == one.out
    assert gansuite(*words, "--seed", 1).ok().out != one.out


@pytest.mark.parametrize(
    ("asked", "form"),
    [
        (["--lines", 2], design(lines=2)),
        (["--rhyme", "ABAB"], design(rhyme="ABAB")),
        (["--form", "haiku"], FORMS["haiku"]),
        (["--syllables", "5-7-5"], FORMS["haiku"]),
        (["--meter", "iambic 4", "--lines", 2], design(meter="iambic 4", lines=2)),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_the_form_that_is_asked_for_is_kept(
    gansuite: Gansuite, words: list[object], asked: list[object], form: Any
) -> None:
    lines = lines_of(gansuite(*words, *asked))
    assert len(lines) == form.lines
    assert check(form, lines, english()).holds


def test_its_words_beginning_and_title(gansuite: Gansuite, words: list[object]) -> None:
    asked = [*words, "--lines", 2, "--words", "light, harbour", "--prompt", "The morning"]
    plain = lines_of(gansuite(*asked))
    assert plain[0].startswith("The morning")
    assert holds_word(plain, "light")
    assert holds_word(plain, "harbour")
    title, blank, *lines = lines_of(gansuite(*asked, "--title"))
    assert (bool(title), blank, lines) == (True, "", plain)


def test_several_poems_are_all_different_and_the_first_is_that_of_one(gansuite: Gansuite, words: list[object]) -> None:
    told = gansuite(*words, "--lines", 2, "--count", 3, "--json").ok().json()
    poems = [one["poem"] for one in told["poems"]]
    assert len(set(poems)) == 3
    assert [one["seed"] for one in told["poems"]] == [0, 1, 2]
    assert gansuite(*words, "--lines", 2).out == poems[0] + "\n"
    assert gansuite(*words, "--lines", 2, "--seed", 2).out == poems[2] + "\n"


def test_all_that_is_known_of_a_poem_is_one_object(gansuite: Gansuite, words: list[object], poet: Path) -> None:
    asked = ["--lines", 2, "--mood", "dark", "--era", "romantic", "--best-of", 2, "--scores", "--json"]
    done = gansuite(*words, *asked).ok()
    (one,) = done.json()["poems"]
    assert (one["settings"]["mood"], one["settings"]["era"]) == ("dark", "romantic")
    assert (one["model"], one["picture"]) == (str(poet), str(words[-1]))
    assert set(one["scores"]) == {"log_likelihood", "style", "relevance"}
    assert "poetry" in done.err
    assert "picture" in done.err


def test_the_best_of_several_is_the_one_that_the_critics_prefer(gansuite: Gansuite, words: list[object]) -> None:
    def liked(*more: object) -> float:
        (one,) = gansuite(*words, "--lines", 2, "--json", *more).ok().json()["poems"]
        return float(one["scores"]["style"] + one["scores"]["relevance"])

    assert liked("--best-of", 3) >= liked()


def test_a_picture_that_does_not_count_gives_its_mood_alone(
    gansuite: Gansuite, words: list[object], poet: Path
) -> None:
    unseen = gansuite(*words, "--lines", 2, "--relevance", 0, "--mood", "calm").ok().out
    assert gansuite("poem", "--model", poet, "--lines", 2, "--mood", "calm").ok().out == unseen
    assert gansuite(*words, "--lines", 2, "--relevance", 6, "--mood", "calm").ok().out != unseen


def test_a_poem_from_words_alone(gansuite: Gansuite, poet: Path, blind_poet: Path) -> None:
    for model in (poet, blind_poet):
        lines = lines_of(gansuite("poem", "--model", model, "--words", "sea,light", "--lines", 2, "--best-of", 2))
        assert len(lines) == 2
        assert holds_word(lines, "sea")


# ------------------------------------------------------------------ where it goes


def test_a_poem_for_every_picture_of_a_folder(gansuite: Gansuite, poet: Path, poem_works: Works) -> None:
    Path("mine").mkdir()
    for label in ("sea", "rose"):
        shutil.copy(poem_works.pictures / label / "01.png", f"mine/{label} 1.png")
    Path("mine/notes.txt").write_text("not a picture", encoding="utf8")
    asked = ["poem", "--model", poet, "--image", "mine", "--lines", 2]
    for name in ("all.jsonl", "page/all.md", "all.txt"):
        assert gansuite(*asked, "--out", name).ok().out == f"{name}\n"
    rows = [json.loads(line) for line in Path("all.jsonl").read_text(encoding="utf8").splitlines()]
    assert [row["picture"] for row in rows] == ["mine/rose 1.png", "mine/sea 1.png"]
    page = Path("page/all.md").read_text(encoding="utf8")
    assert "](../mine/rose%201.png)" in page
    assert "](../mine/sea%201.png)" in page
    text = Path("all.txt").read_text(encoding="utf8")
    assert text == "\n\n\n".join(row["poem"] for row in rows) + "\n"
    assert gansuite(*asked).ok().out == text


def test_a_picture_that_cannot_be_read_is_left_out_and_told(gansuite: Gansuite, poet: Path, poem_works: Works) -> None:
    Path("mine").mkdir()
    shutil.copy(poem_works.pictures / "sea" / "01.png", "mine/sea.png")
    Path("mine/broken.png").write_bytes(b"not a picture")
    done = gansuite("poem", "--model", poet, "--image", "mine", "--lines", 2).ok()
    assert "left out: mine/broken.png" in done.err
    assert done.out == gansuite("poem", "--model", poet, "--image", "mine/sea.png", "--lines", 2).ok().out
    Path("mine/sea.png").unlink()
    shutil.copy("mine/broken.png", "mine/worse.png")
    none = gansuite("poem", "--model", poet, "--image", "mine")
    assert none.code == 2
    assert "None of the 2 pictures can be read" in none.err


def test_a_card_shows_the_picture_and_says_where_it_comes_from(gansuite: Gansuite, words: list[object]) -> None:
    done = gansuite(*words, "--lines", 2, "--seed", 7, "--card", "cards/mine.png").ok()
    assert len(done.out.splitlines()) == 2
    assert done.err == "cards/mine.png\n"
    with Image.open("cards/mine.png") as card:
        assert (card.format, card.mode) == ("PNG", "RGB")
        assert min(card.size) > 400
    origin = read_png(Path("cards/mine.png"))
    assert (origin.art, origin.seed, origin.settings["lines"]) == ("poetry", 7, 2)
    told = gansuite(*words, "--lines", 2, "--card", "b.png", "--out", "b.txt", "--json").ok().json()
    assert told["written"] == ["b.txt", "b.png"]


# ------------------------------------------------------------------ a poem of one's own


def test_a_poem_of_ones_own_is_looked_at_line_by_line(
    gansuite: Gansuite, poet: Path, poem_works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.txt").write_text(POEM, encoding="utf8")
    asked = ["poem", "score", "mine.txt", "--model", poet, "--json"]
    alone = gansuite(*asked).ok().json()
    assert [line["text"] for line in alone["lines"]] == [line for line in POEM.split("\n") if "The" in line]
    assert alone["scheme"] == "AA"
    assert all(set(line["critics"]) == {"poetry"} for line in alone["lines"])
    beside = gansuite(*asked, "--image", poem_works.pictures / "sea/00.png").ok().json()
    assert all(set(line["critics"]) == {"poetry", "picture"} for line in beside["lines"])
    assert "Keeps to: couplet" in gansuite(*asked[:-1]).ok().out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(POEM.encode())))
    assert gansuite("poem", "score", "-", "--model", poet, "--json").ok().json() == alone


def test_a_poem_is_looked_at_without_critics_too(gansuite: Gansuite, blind_poet: Path) -> None:
    Path("mine.txt").write_text(poem("rose", 1), encoding="utf8")
    told = gansuite("poem", "score", "mine.txt", "--model", blind_poet, "--json").ok().json()
    assert len(told["lines"]) == 4
    assert not any(line["critics"] for line in told["lines"])


def test_what_training_would_make_of_the_works(gansuite: Gansuite, poem_works: Works) -> None:
    asked = ["poem", "inspect", "--corpus", poem_works.poems, "--images", poem_works.pictures]
    told = gansuite(*asked, "--json").ok().json()
    assert (told["kept"], told["authors_in_all"]) == (150, 12)
    assert all(told["topics"][label] >= 40 for label in ("sea", "forest", "rose"))
    assert "sea" in gansuite(*asked).ok().out


# ------------------------------------------------------------------ how good it is


def test_a_model_is_measured_beside_people(
    gansuite: Gansuite, poet: Path, blind_poet: Path, poem_works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (Judge, StyleJudge):
        monkeypatch.setattr(kind, "train", staticmethod(partial(kind.train, steps=2)))
    asked = ["poem", "evaluate", "--model", poet, "--corpus", poem_works.poems, "--images", poem_works.pictures]
    asked += ["--control", blind_poet, "--count", 5, "--judge", "judge"]
    done = gansuite(*asked, "--json").ok()
    told = done.json()
    assert list(told["rows"])[:3] == [str(poet), str(blind_poet), f"{poet}, unseeing"]
    assert all(row["poems"] == 5 for row in told["rows"].values())
    assert all(row["relevance"] for row in told["rows"].values())
    assert told["perplexity"]["model"] > 1
    assert "training the judge of relevance" in done.err
    again = gansuite(*asked)
    assert "own picture first" in again.ok().out
    assert "training" not in again.err  # the judges were kept


# ------------------------------------------------------------------ what it needs


def test_a_poem_is_written_without_a_network(
    gansuite: Gansuite, words: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    gansuite(*words, "--lines", 2, "--title", "--scores", "--card", "card.png").ok()


def imported(*words: object) -> set[str]:
    """Which of the heavy libraries a command imports, in a process of its own."""
    code = f"""
import atexit, os, sys
sys.argv = {["gansuite", *map(str, words)]!r}
atexit.register(lambda: os.write(2, repr([n for n in ("torch", "transformers") if n in sys.modules]).encode()))
from gansuite.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1].replace("'", '"')))


def test_help_imports_neither_torch_nor_transformers() -> None:
    assert imported("poem", "--help") == set()


def test_a_poem_is_written_without_transformers(words: list[object]) -> None:
    assert imported(*words, "--lines", 2) == {"torch"}
