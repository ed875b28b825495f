"""What `poem score` finds in a text."""

from __future__ import annotations

import json

import pytest

from gansuite.core.errors import GansuiteError
from gansuite.poetry.score import score_poem
from gansuite.poetry.sounds import english

VOICE = english()
HAIKU = "An old silent pond\nA frog jumps into the pond\nSplash! Silence again"
QUATRAIN = "The night is long\n\nupon the sea,\nand still a song\nis come to me."


def test_each_line_and_the_whole() -> None:
    score = score_poem(QUATRAIN, VOICE)
    assert (score.scheme, score.meter, score.forms) == ("ABAB", "iambic dimeter", ("quatrain",))
    first = score.lines[0]
    assert (first.text, first.words, first.syllables) == ("The night is long", 4, 4)
    assert (first.stresses, first.rhyme, first.grade) == ("x/x/", "A", "perfect")


def test_a_haiku_is_known_by_its_syllables() -> None:
    score = score_poem(HAIKU, VOICE)
    assert [line.syllables for line in score.lines] == [5, 7, 5]
    assert score.forms == ("haiku",)


def test_it_prints_a_table_with_what_critics_say() -> None:
    score = score_poem(QUATRAIN, VOICE, {"picture": [0.25, 0.5, 1, 0], "style": [0.5] * 4})
    lines = score.to_text().split("\n")
    assert lines[0].split() == ["words", "syllables", "stresses", "rhyme", "picture", "style"]
    assert lines[1].split() == str.split("1 The night is long 4 4 x/x/ A perfect 0.25 0.50")
    assert lines[-3] == "Rhyme ABAB; meter iambic dimeter, 100 % of stresses on beats."
    assert lines[-1] == "Keeps to: quatrain."
    told = json.loads(json.dumps(score.to_dict()))
    assert told["lines"][0]["critics"] == {"picture": 0.25, "style": 0.5}
    assert set(told["echoes"]) == {"alliteration", "assonance"}


def test_a_line_too_long_to_scan_still_shows_its_stresses() -> None:
    score = score_poem("the night and " * 12, VOICE)
    assert score.lines[0].stresses.count("/") >= 12
    assert len(score.lines[0].stresses) == score.lines[0].syllables
    assert "no form that has a name here" in score.to_text()


def test_texts_without_words_and_scores_that_do_not_fit_are_told() -> None:
    with pytest.raises(GansuiteError, match="no words"):
        score_poem("...\n\n—")
    with pytest.raises(GansuiteError, match="scores 2 lines, and the poem has 3"):
        score_poem(HAIKU, VOICE, {"style": [0.1, 0.2]})
