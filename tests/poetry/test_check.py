"""Whether a poem keeps to a form: verse that does, and what is found in verse that does not."""

from __future__ import annotations

import pytest

from gansuite.poetry.check import check
from gansuite.poetry.forms import Form, design
from gansuite.poetry.sounds import Rhyme, english

VOICE = english()
HAIKU = ["An old silent pond", "A frog jumps into the pond", "Splash! Silence again."]
STANZA = [
    "The sun went down upon the sea,",
    "The stars came out at night,",
    "The moon looked down on you and me",
    "And gave the world its light.",
]


def form(**asked: object) -> Form:
    made = design(**asked)  # type: ignore[arg-type]
    assert made is not None
    return made


def test_a_haiku_keeps_to_its_syllables() -> None:
    report = check(form(form="haiku"), HAIKU, VOICE)
    assert report.holds
    assert report.syllable_share == report.rhyme_share == report.meter_share == 1.0
    assert "keeps to haiku" in str(report)


def test_a_line_too_long_is_found() -> None:
    report = check(form(form="haiku"), [HAIKU[0], HAIKU[1] + " again", HAIKU[2]], VOICE)
    assert not report.holds
    assert report.syllable_share == pytest.approx(2 / 3)
    assert [line.syllables_hold for line in report.lines] == [True, False, True]
    assert "does not hold" in str(report)


def test_a_stanza_keeps_rhyme_and_meter() -> None:
    report = check(form(form="quatrain", meter="iambic", syllables="8-6"), STANZA, VOICE)
    assert report.holds
    assert report.scheme == "ABAB"
    assert [line.rhyme for line in report.lines] == [None, None, Rhyme.PERFECT, Rhyme.PERFECT]


def test_a_repeated_word_is_no_rhyme() -> None:
    report = check(form(rhyme="AA"), ["I saw the sea", "We saw the sea"], VOICE)
    assert report.lines[1].rhyme is Rhyme.REPEAT
    assert report.rhyme_share == 0


def test_a_line_is_held_against_every_line_of_its_letter() -> None:
    report = check(form(rhyme="AAA"), ["a wind", "has sinned", "a find"], VOICE)
    assert report.lines[2].rhyme is not Rhyme.PERFECT


def test_missing_and_spare_lines_are_told() -> None:
    assert "2 lines instead of 3" in str(check(form(form="haiku"), HAIKU[:2], VOICE))
    report = check(form(form="haiku"), ["", *HAIKU, "And one more line"], VOICE)
    assert not report.lines_hold
    assert report.lines[3].syllables_hold is None
