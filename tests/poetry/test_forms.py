"""Forms: by name, in parts, and parts beside a name; what cannot be is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.poetry.forms import FORMS, Form, design, find_form, parse_syllables


@pytest.mark.parametrize(
    ("asked", "form"),
    [
        ({"form": "haiku"}, Form("haiku", 3, "", ((5, 5), (7, 7), (5, 5)))),
        ({"form": "couplet", "meter": "iambic tetrameter"}, Form("couplet", 2, "AA", (), "iambic", (4, 4))),
        ({"lines": 4}, Form("own form", 4)),
        ({"rhyme": "abab cdcd"}, Form("own form", 8, "ABABCDCD")),
        ({"rhyme": "AA", "lines": 6}, Form("own form", 6, "AAAAAA")),
        ({"rhyme": "ABAB", "lines": 8}, Form("own form", 8, "ABABCDCD")),
        ({"syllables": "8-6", "lines": 4}, Form("own form", 4, "", ((8, 8), (6, 6), (8, 8), (6, 6)))),
        ({"form": "quatrain", "rhyme": "AABB", "syllables": "7..9"}, Form("quatrain", 4, "AABB", ((7, 9),) * 4)),
        ({"form": "limerick", "meter": "anapestic 2"}, Form("limerick", 5, "AABBA", (), "anapestic", (2,) * 5)),
    ],
)
def test_what_is_asked_for(asked: dict[str, object], form: Form) -> None:
    assert design(**asked) == form  # type: ignore[arg-type]


def test_nothing_asked_for_is_no_form() -> None:
    assert design() is None


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        ({"form": "haikoo"}, "no form called"),
        ({"form": "haiku", "lines": 4}, "has 3 lines, not 4"),
        ({"rhyme": "ABA", "lines": 4}, "3 lines long, the poem 4"),
        ({"form": "quatrain", "syllables": "5-7-5"}, "3 lines long, the poem 4"),
        ({"syllables": "0"}, "how many syllables"),
        ({"syllables": "five"}, "how many syllables"),
        ({"lines": 0}, "cannot be written"),
        ({"lines": 65}, "cannot be written"),
        ({"meter": "iambic pentameter", "syllables": "5"}, "No iambic line of 5 feet has 5 syllables"),
        ({"meter": "jambic"}, "no meter called"),
        ({"rhyme": "A1"}, "not a rhyme scheme"),
    ],
)
def test_what_cannot_be_is_told(asked: dict[str, object], cause: str) -> None:
    with pytest.raises(GansuiteError, match=cause) as caught:
        design(**asked)  # type: ignore[arg-type]
    assert caught.value.remedy


def test_a_form_is_found_in_any_case_and_says_what_it_is() -> None:
    assert find_form(" Ballad ") is FORMS["ballad"]
    assert str(find_form("haiku")) == "haiku: 3 lines, syllables 5-7-5"
    assert str(find_form("sonnet")) == "sonnet: 14 lines, rhyme ABABCDCDEFEFGG, syllables 10..11, iambic feet 5"


@given(st.lists(st.tuples(st.integers(1, 24), st.integers(0, 3)), min_size=1, max_size=8))
def test_syllables_are_read_as_they_are_written(spans: list[tuple[int, int]]) -> None:
    wanted = tuple((low, min(24, low + more)) for low, more in spans)
    assert parse_syllables("-".join(f"{low}..{high}" for low, high in wanted)) == wanted


def test_every_form_by_name_is_whole() -> None:
    for form in FORMS.values():
        assert len(form.scheme) in (0, form.lines)
        assert len(form.syllables) in (0, form.lines)
        assert len(form.feet) in (0, form.lines)
