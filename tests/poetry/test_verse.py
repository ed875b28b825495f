"""A line as it sounds, and which of its syllables verse may swallow."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.poetry.sounds import decode, encode, english
from gansuite.poetry.verse import read_line, swallowed, syllables, syllables_of

VOICE = english()


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("An old silent pond", 5),
        ("A frog jumps into the pond", 7),
        ("Splash! Silence again", 5),
        ("Shall I compare thee to a summer's day?", 10),
        ("I wandered lonely as a cloud", 8),
        ("The curfew tolls the knell of parting day,", 10),
        ("O'er hill, o'er dale", 4),
        ("Th' expense of spirit in a waste of shame", 10),
        ("belov'd", 2),
        ("belovèd", 3),
        ("moon-lit sea-foam", 4),
        ("99 years", 3),
        ("", 0),
        ("—!—", 0),
    ],
)
def test_syllables_counted_by_hand(line: str, count: int) -> None:
    assert syllables(line, VOICE) == count
    assert read_line(line, VOICE).syllables == count


def test_a_line_has_as_many_counts_as_its_words_allow() -> None:
    assert syllables_of("fire", VOICE) == (2, 1)
    line = read_line("Fire and fire", VOICE)
    assert line.syllables == 5
    assert line.counts == {3, 4, 5}
    assert read_line("the sea", VOICE).counts == {2}


def test_a_line_ends_with_its_last_word() -> None:
    line = read_line("The curfew tolls the knell of parting day,", VOICE)
    assert line.ending is not None
    assert line.ending.word == "day"
    assert line.words[-1] == "day"
    assert read_line("...", VOICE).ending is None


@pytest.mark.parametrize(
    ("phones", "left"),
    [
        ("P AW1 ER0", {"P AW1 ER0", "P AW1 R"}),
        ("HH EH1 V AH0 N", {"HH EH1 V AH0 N", "HH EH1 V N"}),
        ("EH1 V ER0 IY0", {"EH1 V ER0 IY0", "EH1 V R IY0"}),
        ("G L AO1 R IY0 AH0 S", {"G L AO1 R IY0 AH0 S", "G L AO1 R Y AH0 S"}),
        ("L IH1 S AH0 N IH0 NG", {"L IH1 S AH0 N IH0 NG", "L IH1 S N IH0 NG"}),
        ("N AY1 T", {"N AY1 T"}),
    ],
)
def test_verse_may_swallow_weak_syllables(phones: str, left: set[str]) -> None:
    assert {decode(sound) for sound in swallowed(encode(phones))} == left


@settings(deadline=None)
@given(st.lists(st.sampled_from(["sea", "fire", "memory", "th'", "o'er", "—"]), max_size=8))
def test_syllables_of_a_line_are_those_of_its_words(words: list[str]) -> None:
    line = read_line(" ".join(words), VOICE)
    assert line.syllables == sum(syllables(word, VOICE) for word in words)
    assert line.syllables in line.counts
