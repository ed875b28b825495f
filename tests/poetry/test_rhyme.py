"""Rhyme: perfect, light, rich, slant, to the eye, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.poetry.sounds import Rhyme, ending_of, ending_of_line, english, grade, rhyme, words_of
from gansuite.poetry.sounds.rhyme import sounds_of

VOICE = english()
COMMON = """
night light sea see read bed seed wind kind memory liberty love move come home time fine heaven given power hour desire
fire again rain men day the a of flower o'er more before thou now loneliness bless over lover waited fated river quiver
star far war sing singing knowing eternity thee stone alone gone moon june soon kiss this is you through blood flood
food
"""
WORDS = sorted(set(COMMON.split()))


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("night", "light", Rhyme.PERFECT),
        ("waited", "fated", Rhyme.PERFECT),
        ("river", "quiver", Rhyme.PERFECT),
        ("desire", "fire", Rhyme.PERFECT),
        ("power", "hour", Rhyme.PERFECT),
        ("here", "near", Rhyme.PERFECT),  # the dictionary has IY in the one and IH in the other
        ("o'er", "more", Rhyme.PERFECT),
        ("applause", "laws", Rhyme.PERFECT),
        ("sunlight", "bright", Rhyme.PERFECT),
        ("wanted", "haunted", Rhyme.PERFECT),
        ("read", "bed", Rhyme.PERFECT),  # any pronunciation of a heteronym
        ("read", "seed", Rhyme.PERFECT),
        ("wind", "kind", Rhyme.PERFECT),
        ("wind", "sinned", Rhyme.PERFECT),
        ("again", "rain", Rhyme.PERFECT),
        ("memory", "sea", Rhyme.LIGHT),
        ("liberty", "memory", Rhyme.LIGHT),
        ("loneliness", "bless", Rhyme.LIGHT),
        ("temperate", "date", Rhyme.LIGHT),
        ("sea", "see", Rhyme.RICH),
        ("leave", "believe", Rhyme.RICH),
        ("time", "fine", Rhyme.SLANT),
        ("home", "stone", Rhyme.SLANT),
        ("heaven", "given", Rhyme.SLANT),
        ("good", "food", Rhyme.SLANT),
        ("love", "move", Rhyme.EYE),
        ("come", "home", Rhyme.EYE),
        ("over", "lover", Rhyme.EYE),
        ("night", "night", Rhyme.REPEAT),
        ("Night", "night", Rhyme.REPEAT),
        ("read", "read", Rhyme.REPEAT),  # no word rhymes with itself, whatever its pronunciations
        ("cat", "dog", Rhyme.NONE),
        ("for", "her", Rhyme.NONE),  # `fer` is a weak form
        ("the", "me", Rhyme.NONE),
        ("singing", "knowing", Rhyme.NONE),  # only their unstressed ends are alike
        ("orange", "door", Rhyme.NONE),
        ("th'", "the", Rhyme.NONE),
    ],
)
def test_pairs_worked_out_by_hand(one: str, other: str, how: Rhyme) -> None:
    assert rhyme(one, other, VOICE) is how


@settings(deadline=None)
@given(st.sampled_from(WORDS), st.sampled_from(WORDS))
def test_rhyme_is_symmetric(one: str, other: str) -> None:
    assert rhyme(one, other, VOICE) is rhyme(other, one, VOICE)


@settings(deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=12))
def test_no_word_rhymes_with_itself(word: str) -> None:
    assert rhyme(word, word, VOICE) is Rhyme.REPEAT
    assert rhyme(word, word.upper(), VOICE) is Rhyme.REPEAT


@settings(deadline=None)
@given(st.sampled_from(WORDS), st.sampled_from(WORDS), st.sampled_from(WORDS))
def test_words_that_share_the_sound_of_a_third_share_it_with_each_other(one: str, two: str, three: str) -> None:
    shared = [sounds_of(ending_of(word, VOICE)) for word in (one, two, three)]
    if shared[0] & shared[1] & shared[2]:
        grades = {rhyme(a, b, VOICE) for a, b in ((one, two), (two, three), (one, three))}
        assert grades <= {Rhyme.PERFECT, Rhyme.RICH, Rhyme.LIGHT, Rhyme.REPEAT}


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("I thought that I should know it", "How could they ever show it", Rhyme.PERFECT),
        ("The voice that calls the spirit", "You listen and you hear it", Rhyme.PERFECT),
        ("I opened up the letter", "The day that first I met her", Rhyme.PERFECT),
        ("We went to see it", "We came to see it", Rhyme.REPEAT),
        ("The end of day", "The end of day", Rhyme.REPEAT),
        ("Come live with me", "Beside the sea", Rhyme.PERFECT),
        ("it", "sit", Rhyme.PERFECT),
    ],
)
def test_a_rhyme_may_begin_in_the_word_before_a_weak_one(one: str, other: str, how: Rhyme) -> None:
    first, second = (ending_of_line(words_of(line), VOICE) for line in (one, other))
    assert grade(first, second) is how
    assert grade(second, first) is how
