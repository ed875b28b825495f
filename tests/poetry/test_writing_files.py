"""What is made of a poem: its finish, title, files and card."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gansuite.core.errors import GansuiteError
from gansuite.core.provenance import Provenance, read_png
from gansuite.poetry.writing.deliver import Record, deliver, to_text
from gansuite.poetry.writing.filter import is_offensive, offensive_words, refuse_offensive
from gansuite.poetry.writing.finish import finished
from gansuite.poetry.writing.keepsake import CONTRAST, card, contrast, draw, fitted, paper_of
from gansuite.poetry.writing.title import title_of

LINES = ["The wind is a thief —", "It carries the harbour lights", "Over the dark sea."]
SEEDS = st.integers(0, 100)


@pytest.mark.parametrize(
    ("lines", "tidy"),
    [
        (["the sea", "is cold"], ["The sea", "Is cold."]),
        (["The sea ,, is", "cold ;"], ["The sea, is", "Cold."]),
        (["the  sea", "is cold —"], ["The sea", "Is cold."]),
        (['she said "Go', "and come?"], ['She said "Go', 'And come?"']),
        (["'tis I,", 'he said, "and you."'], ["'Tis I,", 'He said, "and you."']),
        (["", "the sea!"], ["The sea!"]),
        ([], []),
    ],
)
def test_the_last_touch(lines: list[str], tidy: list[str]) -> None:
    assert finished(lines) == tidy
    assert finished(tidy) == tidy


@given(st.lists(st.text("ab ,;.!—'\"", max_size=20)))
def test_the_last_touch_keeps_the_words_and_is_enough_once(lines: list[str]) -> None:
    once = finished(lines)
    assert "".join(filter(str.isalpha, "".join(once))).lower() == "".join(filter(str.isalpha, "".join(lines)))


def test_the_filter_takes_whole_words_only() -> None:
    assert offensive_words("A Whore's shit, and WHORES!") == ["Whore's", "shit", "WHORES"]
    assert not is_offensive("The cockle shells of Scunthorpe, a class of grapes, the niggling titmouse")
    with pytest.raises(GansuiteError, match="The first line holds a word"):
        refuse_offensive(["fine", "oh shit"], "The first line")


@pytest.mark.parametrize(
    ("lines", "labels", "titles"),
    [
        (LINES, ("sea",), {"The Dark Sea", "A Thief"}),
        (["At the edge of the silver lake", "I stand."], (), {"The Edge of the Silver Lake", "The Silver Lake"}),
        (["I go, and come again"], (), {"I Go"}),
        (["—", "So we go and"], (), {"So We Go"}),
    ],
)
def test_a_title_is_a_phrase_of_the_poem(lines: list[str], labels: tuple[str, ...], titles: set[str]) -> None:
    found = {title_of(lines, labels, seed) for seed in range(8)}
    assert found <= titles
    assert title_of(lines, labels, 3) == title_of(lines, labels, 3)


def test_poems_go_to_text_json_and_markdown(tmp_path: Path) -> None:
    picture = tmp_path / "my pictures" / "sea [1].png"
    records = [
        Record("One,\nTwo.", 1, "A *Title*", picture, "verse", "ab12", {"lines": 2}, {"style": 0.5}),
        Record("Three.", 2),
    ]
    for name in ("poems.txt", "poems.jsonl", "poems.md"):
        deliver(records, tmp_path / "out" / name)
    assert (tmp_path / "out/poems.txt").read_text() == to_text(records) == "A *Title*\n\nOne,\nTwo.\n\n\nThree.\n"
    rows = [json.loads(line) for line in (tmp_path / "out/poems.jsonl").read_text().splitlines()]
    assert rows[0] == {
        "poem": "One,\nTwo.",
        "seed": 1,
        "title": "A *Title*",
        "picture": picture.as_posix(),
        "model": "verse",
        "model_digest": "ab12",
        "settings": {"lines": 2},
        "scores": {"style": 0.5},
    }
    assert rows[1]["picture"] is None
    page = (tmp_path / "out/poems.md").read_text()
    assert "## A \\*Title\\*\n\n![sea \\[1\\]](../my%20pictures/sea%20%5B1%5D.png)\n\nOne,  \nTwo.\n" in page


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match=r"files like poems\.docx"):
        deliver([Record("One.", 1)], tmp_path / "poems.docx")
    assert not list(tmp_path.iterdir())


@settings(max_examples=40)
@given(st.tuples(SEEDS, SEEDS, SEEDS), st.tuples(SEEDS, SEEDS, SEEDS))
def test_ink_stands_out_from_paper(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    picture = Image.new("RGB", (4, 4), tuple(2 * part for part in one))
    picture.paste(tuple(255 - part for part in other), (0, 0, 2, 4))
    paper = paper_of(picture)
    assert contrast(paper.ink, paper.ground) >= CONTRAST
    assert contrast(paper.soft, paper.ground) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK", "I;16"])
def test_any_picture_makes_a_card(mode: str) -> None:
    picture = Image.new("I;16", (60, 40)) if mode == "I;16" else Image.new("RGB", (60, 40), "navy").convert(mode)
    size = picture.size
    sheet = draw(picture, LINES, "Lights")
    assert sheet.mode == "RGB"
    assert picture.size == size


def test_tall_pictures_stand_beside_their_poem_and_wide_ones_above() -> None:
    beside = draw(Image.new("RGB", (40, 80), "teal"), LINES)
    above = draw(Image.new("RGB", (80, 40), "teal"), LINES)
    assert beside.width > beside.height
    assert above.width == 1200
    square = Image.new("RGB", (64, 64), "teal")
    assert draw(square, LINES).width == 1200
    assert draw(square, LINES * 5).width == 1700
    assert draw(square, LINES * 30, "Long").height > 1700


def test_long_lines_are_broken_with_the_rest_set_in() -> None:
    setting = fitted(["word " * 30, "short"], "", 600)
    assert [goes_on for _, goes_on in setting.lines][:2] == [False, True]
    assert setting.lines[-1] == ("short", False)
    assert setting.width <= 600
    assert " ".join(text for text, _ in setting.lines).split() == [*["word"] * 30, "short"]


def test_type_is_smaller_rather_than_a_line_broken() -> None:
    line = "A line that nearly fits into the width of it"
    wide = fitted([line], "", 10_000)
    narrow = fitted([line], "", wide.width * 0.9)
    assert len(narrow.lines) == 1
    assert narrow.size < wide.size


def test_dashes_are_drawn_and_accents_left_out() -> None:
    picture = Image.new("RGB", (80, 40), "white")
    assert draw(picture, ["a — b"]).tobytes() != draw(picture, ["a   b"]).tobytes()
    assert draw(picture, ["café ☂"]).tobytes() == draw(picture, ["cafe "]).tobytes()


def test_a_card_says_how_it_was_made(tmp_path: Path) -> None:
    told = Provenance("poetry", "verse", "ab12", 7, {"lines": 3}, "1.0")
    (tmp_path / "card.png").write_bytes(card(Image.new("RGB", (80, 40)), LINES, "Lights", told))
    assert read_png(tmp_path / "card.png") == told
    plain = Image.open(BytesIO(card(Image.new("RGB", (80, 40)), LINES)))
    assert plain.format == "PNG"
