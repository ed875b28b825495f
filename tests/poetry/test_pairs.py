"""Which poem goes with which picture: weakly through a lexicon, or as people say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.poetry.counts import count_words
from gansuite.poetry.lexicon import Topic
from gansuite.poetry.pairs import (
    Pairing,
    Pairs,
    Ranked,
    bm25,
    given_pairs,
    joined,
    ranked_poems,
    shown_labels,
    topics_of,
    weak_pairs,
    words_of,
)

from .hostile import Album, album

SEA, ROSE = Topic(("sea", "wave"), ("gull", "sail")), Topic(("rose",), ("petal",))


def lengths(texts: list[str]) -> np.ndarray:
    return np.array([len(text.split()) for text in texts], np.int16)


def ranking(texts: list[str], topic: Topic, **more: int) -> Ranked:
    return bm25(topic, count_words(texts, [*topic.words, *topic.scene]), lengths(texts), **more)


# ---- weak pairs


def test_bm25_is_what_the_formula_says() -> None:
    # 4 poems of 4, 4, 4 and 8 words, mean 5; "sea" is in 2 of them, "gull" in 1
    texts = ["sea sea a b", "sea gull a b", "a b c d", "a b c d e f g h"]
    found = ranking(texts, SEA)
    rare_sea, rare_gull = math.log(1 + 2.5 / 2.5), math.log(1 + 3.5 / 1.5)
    long = 1.2 * (1 - 0.75 + 0.75 * 4 / 5)
    first = rare_sea * 2 * 2.2 / (2 + long)
    second = rare_sea * 2.2 / (1 + long) + 0.3 * rare_gull * 2.2 / (1 + long)
    assert found.poem.tolist() == [1, 0]
    assert found.score.tolist() == pytest.approx([1.0, first / second])


def test_words_of_the_scene_alone_and_a_mention_alone_make_no_pair() -> None:
    texts = ["the gull and the sail and the gull", "one sea and nothing more of it", "the sea, the waves"]
    assert ranking(texts, SEA).poem.tolist() == [2]
    assert ranking(texts, SEA, least_hits=1).poem.tolist() == [2, 1]


def test_no_poem_about_it_is_no_ranking() -> None:
    assert ranking(["a b c", "d e f"], SEA).poem.tolist() == []
    assert ranking([], SEA).poem.tolist() == []


def ranked(texts: list[str], labels: list[str], **how: int) -> dict[str, Ranked]:
    topics = topics_of(labels)
    return ranked_poems(labels, topics, count_words(texts, words_of(topics)), lengths(texts), Pairing(**how))


def test_a_poem_stands_for_the_labels_that_it_is_most_about() -> None:
    texts = ["sea waves sea ocean and a river stream", "the mountain peak, the crag", "river and stream and brook"]
    both = ranked(texts, ["sea", "river"], labels_per_poem=2, least_per_label=0)
    assert (sorted(both["sea"].poem.tolist()), sorted(both["river"].poem.tolist())) == ([0], [0, 2])
    one = ranked(texts, ["sea", "river"], labels_per_poem=1, least_per_label=0)
    assert (one["sea"].poem.tolist(), one["river"].poem.tolist()) == ([0], [2])


def test_rare_labels_are_filled_up_from_broader_ones() -> None:
    texts = ["tulips and tulips here", "one tulip", "flowers and blossoms here", "stones and dust"]
    found = ranked(texts, ["tulips"], least_per_label=3)["tulips"]
    assert found.poem.tolist() == [0, 1, 2]
    assert found.score[0] == 1.0
    assert found.score[1] <= 0.25 >= found.score[2]
    assert ranked(texts, ["tulips"], least_per_label=1)["tulips"].poem.tolist() == [0]


def test_labels_come_from_folders_where_the_label_says_nothing() -> None:
    names = ["train/scene/sea/1.jpg", "valid/flower/roses/2.jpg", "a/2024/x.jpg", "qqq/b.jpg", "c.jpg"]
    pictures = Album(names, ["train", "valid", "forest", "qqq", ""])
    assert shown_labels(pictures) == ["sea", "roses", "forest", "qqq", ""]


def deal(pictures: int, poems: int, allowed: float = 1.0, **how: int) -> Pairs:
    shown = album(pictures, "sea")
    about = {"sea": Ranked(np.arange(poems, dtype=np.int32), np.linspace(1, 0.1, poems, dtype=np.float32))}
    mask = np.arange(poems) < allowed * poems
    return weak_pairs(shown.labels, shown.names, about, np.arange(pictures), mask, Pairing(**how))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 9), st.integers(1, 9), st.sampled_from([0.0, 0.5, 1.0]))
def test_poems_are_dealt_within_bounds(pictures: int, poems: int, each: int, most: int, allowed: float) -> None:
    pairs = deal(pictures, poems, allowed, per_picture=each, per_poem=most)
    assert len(set(zip(pairs.picture.tolist(), pairs.poem.tolist(), strict=True))) == len(pairs)
    assert all(pairs.poem < max(1.0, allowed * poems))
    if len(pairs):
        assert np.bincount(pairs.poem).max() <= most
        assert len(set(np.bincount(pairs.picture).tolist()) - {0}) == 1
        assert np.bincount(pairs.picture).max() <= each
    there = math.ceil(allowed * poems)
    assert len(set(pairs.picture.tolist())) == min(pictures, there * most)


def test_dealing_follows_from_the_seed_and_the_names() -> None:
    one, two, other = deal(10, 30), deal(10, 30), deal(10, 30, seed=1)
    assert one.poem.tolist() == two.poem.tolist()
    assert one.poem.tolist() != other.poem.tolist()
    assert one.score.tolist() == pytest.approx(np.linspace(1, 0.1, 30)[one.poem].tolist())
    assert not one.given.any()


# ---- given pairs


def link(images: list[tuple[str, ...]], names: list[str]) -> tuple[list[int], tuple[int, ...]]:
    rows = np.arange(len(images), dtype=np.int32)
    pairs, missing = given_pairs((rows + 10, rows), images, names)
    assert pairs.given.all()
    assert (pairs.score == 1).all()
    return [int(pairs.picture[pairs.poem == row + 10][0]) if row + 10 in pairs.poem else -1 for row in rows], missing


def test_pictures_are_found_by_path_file_name_stem_and_number() -> None:
    names = ["a/one.jpg", "b/two.png", "b/0007.jpg", "c/same.jpg", "d/same.jpg", "10_c.jpg"]
    said = [("a/one.jpg",), ("two.png",), ("one",), ("https://h.example/x.jpg", "x.jpg", "7"), ("same.jpg",)]
    found, missing = link([*said, ("./b\\two.png",), ("10_c.jpg",), ("three.jpg",)], names)
    assert found == [0, 1, 0, 2, -1, 1, 5, -1]
    assert missing == (4, 7)


def test_pairs_of_nothing_are_none() -> None:
    assert link([], ["a.jpg"]) == ([], ())
    assert len(Pairs.none()) == 0


def test_given_pairs_come_before_weak_ones() -> None:
    def pairs(picture: list[int], poem: list[int], given: bool) -> Pairs:
        count = len(picture)
        numbers = np.array(picture, np.int32), np.array(poem, np.int32)
        return Pairs(*numbers, np.full(count, 0.5, np.float32), np.full(count, given))

    both = joined(pairs([2], [20], True), pairs([1, 1, 2, 3], [10, 11, 21, 30], False))
    assert both.picture.tolist() == [1, 1, 2, 3]
    assert both.poem.tolist() == [10, 11, 20, 30]
    assert both.given.tolist() == [False, False, True, False]
    assert both.where(both.given).poem.tolist() == [20]
