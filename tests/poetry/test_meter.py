"""Meter: lines and poems whose beat is known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.poetry.meter import FEET, FREE, LONGEST, length_name, parse_meter, patterns, scan, scan_line
from gansuite.poetry.sounds import english

VOICE = english()
POEMS = {
    "iambic pentameter": """The curfew tolls the knell of parting day,
The lowing herd wind slowly o'er the lea,
The plowman homeward plods his weary way,
And leaves the world to darkness and to me.""",
    "iambic tetrameter": """I wandered lonely as a cloud
That floats on high o'er vales and hills,
When all at once I saw a crowd,
A host, of golden daffodils;""",
    "iambic": """Because I could not stop for Death
He kindly stopped for me
The Carriage held but just Ourselves
And Immortality.""",
    "trochaic tetrameter": """By the shores of Gitche Gumee,
By the shining Big-Sea-Water,
Stood the wigwam of Nokomis,
Daughter of the Moon, Nokomis.""",
    "anapestic tetrameter": """'Twas the night before Christmas, when all through the house
Not a creature was stirring, not even a mouse;
The stockings were hung by the chimney with care,
In hopes that St. Nicholas soon would be there;""",
    "anapestic": """There was an Old Man with a beard,
Who said, It is just as I feared!
Two Owls and a Hen,
Four Larks and a Wren,
Have all built their nests in my beard!""",
    "dactylic dimeter": """Take her up tenderly,
Lift her with care;
Fashion'd so slenderly
Young, and so fair!""",
    "dactylic tetrameter": """Just for a handful of silver he left us,
Just for a riband to stick in his coat
Found the one gift of which fortune bereft us,
Lost all the others she lets us devote;""",
    "free": """I celebrate myself, and sing myself,
And what I assume you shall assume,
For every atom belonging to me as good belongs to you.
I loafe and invite my soul,
I lean and loafe at my ease observing a spear of summer grass.""",
}


@pytest.mark.parametrize("meter", POEMS)
def test_the_meter_of_poems_is_found(meter: str) -> None:
    found = scan(POEMS[meter].split("\n"), VOICE)
    assert str(found) == meter
    assert len(found.lines) == len(POEMS[meter].split("\n"))
    if meter != FREE:
        assert found.fit > 0.8


@pytest.mark.parametrize(
    ("line", "meter", "beats", "fit"),
    [
        ("The lowing herd wind slowly o'er the lea", "iambic", "0101010101", 1.0),
        ("Daughter of the Moon, Nokomis", "trochaic", "10101010", 1.0),
        ("Sometime too hot the eye of heaven shines", "iambic", "1001010101", 1.0),  # its first foot turned round
        ("And heaven's power", "iambic", "01010", 1.0),  # one syllable swallowed
        ("The little river", "iambic", "01010", 1.0),
        ("A yellow canary", "iambic", "010101", 0.5),
        ("star", "iambic", "", 0.0),
    ],
)
def test_lines_are_read_in_a_meter(line: str, meter: str, beats: str, fit: float) -> None:
    found = scan_line(line, meter, VOICE)
    assert (found.beats, found.fit) == (beats, fit)
    assert found.feet == beats.count("1")
    assert len(found.stresses) == len(beats)


def test_a_line_is_read_with_the_feet_asked_for_if_it_can_be() -> None:
    line = "Thou art more lovely and more temperate"  # TEM-prit or TEM-per-it
    assert scan_line(line, "iambic", VOICE).feet == 4
    assert scan_line(line, "iambic", VOICE, 5).feet == 5
    assert scan_line(line, "iambic", VOICE, 9).feet == 4


def test_marks_tell_weak_words_from_strong_ones() -> None:
    assert scan_line("And leaves the world to darkness", "iambic", VOICE).stresses == "wswsw10"


def test_monosyllables_fit_anywhere() -> None:
    for meter in FEET:
        assert scan_line("one two three four five six", meter, VOICE).fit == 1


@settings(deadline=None)
@given(st.sampled_from(sorted(FEET)), st.integers(-1, LONGEST + 3))
def test_patterns_are_as_long_as_the_line_and_made_of_feet(meter: str, length: int) -> None:
    found = patterns(meter, length)
    assert bool(found) or not 1 < length <= LONGEST or meter in ("amphibrachic", "anapestic", "dactylic")
    for pattern, licence in found:
        assert len(pattern) == length
        assert "11" not in pattern
        assert "000" not in pattern
        assert licence <= 0
    if length % len(FEET[meter]) == 0 and 1 < length <= LONGEST:
        assert (FEET[meter] * (length // len(FEET[meter])), 0.0) in found


def test_no_lines_are_free() -> None:
    assert str(scan([], VOICE)) == FREE
    assert str(scan(["", "—"], VOICE)) == FREE


@pytest.mark.parametrize(
    ("text", "meter", "feet"),
    [
        ("iambic", "iambic", None),
        ("Iambic  Pentameter", "iambic", 5),
        ("trochaic 4", "trochaic", 4),
        ("anapestic trimeter", "anapestic", 3),
    ],
)
def test_a_person_may_name_a_meter(text: str, meter: str, feet: int | None) -> None:
    assert parse_meter(text) == (meter, feet)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("iambik", "iambic"), ("", "Known are"), ("iambic pentametre", "pentameter"), ("iambic 0", "tetrameter")],
)
def test_what_is_no_meter_is_told(text: str, hint: str) -> None:
    with pytest.raises(GansuiteError) as caught:
        parse_meter(text)
    assert hint in caught.value.remedy


def test_lengths_have_names() -> None:
    assert [length_name(feet) for feet in (1, 5, 8, 9)] == ["monometer", "pentameter", "octameter", "of 9 feet"]
