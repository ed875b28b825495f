"""What a poem can be asked for, and what is no poem."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.poetry.controls import (
    LENGTHS,
    MOODS,
    RHYME_LETTERS,
    Controls,
    canonical,
    era_named,
    length_of,
    mood_named,
    moods_of,
    scheme,
)
from gansuite.poetry.counts import count_words
from gansuite.poetry.lexicon import forms, is_known, mood_words, singular, topic_of
from gansuite.poetry.negatives import disordered, paragraphic, reflowed

from .hostile import poem, poems


def moods(*texts: str) -> list[int]:
    words = list(dict.fromkeys(word for mood in mood_words().values() for word in mood))
    return moods_of(count_words(texts, words), len(texts)).tolist()


# ---- controls


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ABAB", "ABAB"),
        ("yzyz", "ABAB"),
        ("XAXA", "-A-A"),
        ("ABCB", "-A-A"),
        ("A B C D", "----"),
        ("BBA-A", "AAB-B"),
        ("ABAB CDCD EFEF GG", "ABABCDCDEFEFGG"),
        ("", ""),
    ],
)
def test_a_scheme_is_written_one_way(written: str, meant: str) -> None:
    assert canonical(written) == meant
    assert canonical(meant) == meant


@given(st.text("ABCDEFGHIJ-", max_size=16))
def test_a_canonical_scheme_rhymes_the_same_lines(written: str) -> None:
    found = canonical(written)
    assert len(found) == len(written)
    assert canonical(found) == found
    for one in range(len(found)):
        for other in range(one):
            rhymed = found[one] == found[other] != "-"
            assert not rhymed or written[one] == written[other]
            if written[one] == written[other] != "-" and len(set(written)) <= len(RHYME_LETTERS):
                assert rhymed


@pytest.mark.parametrize("bad", ["AB1", "A" * 17, "A,B"])
def test_what_is_no_scheme_is_refused(bad: str) -> None:
    with pytest.raises(GansuiteError, match="is no rhyme scheme"):
        canonical(bad)


def test_some_lines_are_asked_for_as_a_poem_of_their_own() -> None:
    sonnet = Controls(lines=14, length=3, era=2, rhyme="ABABCDCDEFEFGG")
    assert sonnet.part(slice(6, 14)) == Controls(lines=8, length=3, era=2, rhyme="--ABABCC")
    assert sonnet.part(slice(12, 20)) == Controls(lines=2, length=3, era=2, rhyme="AA")
    assert sonnet.part(slice(None)) == sonnet
    assert Controls().part(slice(4, 12)) == Controls()


def test_the_scheme_of_a_poem_comes_from_the_function_that_is_given() -> None:
    last_letters = lambda lines: "".join(line[-1] for line in lines)  # noqa: E731
    assert scheme("a b\nc d\n\ne b\nf d", last_letters) == "ABAB"
    assert scheme("\n".join("x" * 17), last_letters) == ""


def test_line_lengths_have_five_classes() -> None:
    words, lines = np.array([8, 20, 24, 28, 40], np.int16), np.full(5, 4, np.int16)
    assert [LENGTHS[number] for number in length_of(words, lines)] == list(LENGTHS)
    assert length_of(np.array([19], np.int16), np.array([4], np.int16)).tolist() == [1]  # 4.75 words a line


def test_moods_are_told_by_words() -> None:
    assert moods(
        "Weep, weep for her, for all is lost,\nand sorrow comes",
        "With merry laughter and with mirth we came",
        "The storm in fury and the thunder",
        "The table has four legs",
        "A single tear",
        "Weep and mourn, be glad and merry",
    ) == [MOODS.index("melancholy"), MOODS.index("joyful"), MOODS.index("wild"), -1, -1, -1]
    assert tuple(mood_words()) == MOODS


def test_an_unknown_mood_or_era_is_told_with_the_nearest() -> None:
    assert mood_named("Calm") == MOODS.index("calm")
    assert era_named("modern") == 4
    with pytest.raises(GansuiteError, match=r"There is no mood 'joyfull'\. Did you mean 'joyful'\?"):
        mood_named("joyfull")
    with pytest.raises(GansuiteError, match="There is no era 'stone'"):
        era_named("stone")


# ---- the lexicon


def test_labels_mean_topics_in_many_spellings() -> None:
    for label in (
        "sea",
        "Ocean",
        "the sea",
        "sea_01",
        "old-buildings",
        "forests",
        "roses",
        "daisies",
        "shine",
        "cloudy",
    ):
        assert is_known(label), label
    assert topic_of("buildings") == topic_of("building")
    assert "wave" in topic_of("sea").words
    assert "gull" in topic_of("sea").scene
    assert topic_of("sunflowers").like == "flower"
    assert topic_of("xylophones").words == ("xylophone",)
    assert not topic_of("xylophones").known


def test_no_word_both_names_a_thing_and_belongs_to_its_scene() -> None:
    for label in ("sea", "glacier", "rose", "street", "sunflower", "sunrise", "tree house"):
        topic = topic_of(label)
        assert not set(topic.words) & set(topic.scene), label


def test_plurals() -> None:
    assert forms("leaf") == ("leaf", "leaves", "leafs")
    assert forms("daisy")[1] == "daisies"
    assert forms("bush")[1] == "bushes"
    assert [singular(word) for word in ("daisies", "churches", "roses", "grass", "sea")] == [
        "daisy",
        "church",
        "rose",
        "grass",
        "sea",
    ]


def test_words_are_counted_with_their_plurals_and_verbs_are_not_nouns() -> None:
    counts = count_words(
        ["The sea, the SEAS, a rose. He rose and leaves", "nothing here", "roses rose"], ["sea", "rose"]
    )
    assert list(zip(counts.row.tolist(), counts.word.tolist(), counts.count.tolist(), strict=True)) == [
        (0, 0, 2),
        (0, 1, 1),
        (2, 1, 1),
    ]


# ---- what is no poem


def test_disorder_is_the_same_for_the_same_seed() -> None:
    verse = poems(12)
    assert disordered(verse, 3, seed=1) == disordered(verse, 3, seed=1)
    assert len({disordered(verse, 3, seed=seed) for seed in range(20)}) > 10


@given(st.integers(0, 10**6), st.integers(0, 11))
def test_disordered_verse_has_the_shape_of_a_poem_and_is_none(seed: int, row: int) -> None:
    verse = poems(12)
    text = disordered(verse, row, seed)
    assert text not in verse
    assert text.count("\n") == verse[row].count("\n")
    known = {word.lower().strip(",.") for other in verse for word in other.split()}
    assert {word.lower().strip(",.") for word in text.split()} <= known


def test_permuted_words_leave_capitals_and_marks_in_place() -> None:
    verse = ["O, never, never more;\nI'll go alone.", "Other\nlines"]
    permuted = {text for seed in range(60) if (text := disordered(verse, 0, seed)).endswith(".")}
    lines = [text.split("\n") for text in permuted if "O" in text and "alone" in text and ";" in text]
    assert any(line[0].count(",") == 2 and line[0].endswith(";") for line in lines)
    assert all(line[0][0].isupper() for line in lines)


def test_prose_takes_the_shape_of_a_poem() -> None:
    passage = "He went home. then it rained for days and days, and nobody came to the door of the house again."
    text = paragraphic(passage, "one two three\nfour five\n\nsix seven eight nine", seed=0, number=0)
    assert [len(line.split()) for line in text.split("\n")] == [3, 2, 4]
    assert all(line[0].isupper() for line in text.split("\n"))
    starts = {paragraphic(passage, "a b\nc d", 0, number).split()[0] for number in range(20)}
    assert starts == {"He", "Then"}


def test_prose_that_ends_early_gives_fewer_lines() -> None:
    assert paragraphic("only four words here", "a b c\nd e f\ng h i", 0, 0) == "Only four words\nHere"


def test_a_poem_reflows_into_prose() -> None:
    assert reflowed("The sea is wide,\nAnd I am here.\nO come\nAway") == "The sea is wide, and I am here. O come away"


def test_every_poem_can_be_disordered() -> None:
    verse = [poem(1, lines=2), poem(2, lines=3)]
    assert all(disordered(verse, row, seed) != verse[row] for row in (0, 1) for seed in range(30))
