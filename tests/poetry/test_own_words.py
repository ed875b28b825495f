"""Words that a corpus has of its own."""

from __future__ import annotations

from gansuite.poetry.own_words import MOST, own_words

SONG = "Then Clancy rode by the billabong,\nand the sea was grey."


def test_names_and_dialect_are_found_as_they_are_spelt_inside_a_line() -> None:
    assert own_words([SONG] * 3) == ["billabong", "Clancy"]


def test_what_two_poems_use_is_chance() -> None:
    assert own_words([SONG] * 2) == []
    assert own_words([SONG] * 3 + ["the sea"] * 2997) == ["billabong", "Clancy"]
    assert own_words([SONG] * 3 + ["the sea"] * 2998) == []


def test_a_word_said_thrice_in_one_poem_is_of_one_poem() -> None:
    assert own_words(["billabong billabong billabong", "the sea", "the land"]) == []


def test_a_capital_at_the_beginning_of_a_line_says_nothing() -> None:
    assert own_words(["Billabong and sea."] * 3) == ["billabong"]
    assert own_words(["And sea. Billabong."] * 3) == ["billabong"]


def test_another_language_and_its_short_words() -> None:
    assert {"où", "l'été", "à"} <= set(own_words(["où l'été s'en va, à la mer"] * 3))


def test_initials_are_no_words() -> None:
    assert own_words(["by J. and W."] * 3 + ["the sea"] * 97) == []


def test_words_owned_before_stay_first_and_are_not_told_twice() -> None:
    assert own_words([SONG] * 3, ["Ned", "clancy"]) == ["Ned", "clancy", "billabong"]


def test_there_is_an_end() -> None:
    letters = "abcdefghijklmnopqrst"
    many = " ".join(f"qq{a}{b}{c}" for a in letters for b in letters for c in letters)
    assert len(own_words([many] * 3)) == MOST
