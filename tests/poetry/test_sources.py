"""What each stage takes by index: poems with their pictures, pairs, and lessons of what is no pair and no poem."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gansuite.poetry.controls import FREE, ControlColumns, Controls
from gansuite.poetry.dataset import PoemDataConfig, Verse, open_verse
from gansuite.poetry.pairs import Pairs
from gansuite.poetry.sources import LessonSource, PairSource, PoemSource, with_share
from gansuite.poetry.split import Ints
from gansuite.poetry.texts import packed
from gansuite.poetry.tokens import Tokens

from .hostile import album, json_lines, poem, records, write

COUNT = 60


def encode(text: str) -> Ints:
    """Letters as tokens."""
    return np.frombuffer(text.encode(), np.uint8).astype(np.int64)


def said(ids: Ints) -> str:
    return bytes(ids.tolist()).decode()


def tokens(texts: list[str]) -> Tokens:
    lengths = [len(encode(text)) for text in texts]
    return Tokens(encode("".join(texts)).astype(np.uint16), np.cumsum([0, *lengths]))


def pairs(picture: list[int], rows: list[int]) -> Pairs:
    count = len(picture)
    return Pairs(
        np.array(picture, np.int32), np.array(rows, np.int32), np.ones(count, np.float32), np.zeros(count, np.bool_)
    )


def controls(lines: list[int]) -> ControlColumns:
    free = np.full(len(lines), FREE, np.int8)
    return ControlColumns(np.array(lines, np.int8), free, free, free, ["AA"] * len(lines))


# ------------------------------------------------------------------ how often a poem comes


def test_half_of_what_is_learnt_goes_with_a_picture() -> None:
    """Of eight poems two do: each comes three times beside the six others."""
    rows = with_share(np.arange(8), np.array([2, 5]), 0.5)
    assert sorted(rows.tolist()) == [0, 1, 2, 2, 2, 3, 4, 5, 5, 5, 6, 7]


@given(count=st.integers(1, 40), paired=st.integers(0, 40), share=st.floats(0, 1))
def test_no_poem_is_lost_unless_the_others_are_to_be_left_out(count: int, paired: int, share: float) -> None:
    some = np.arange(min(paired, count))
    rows = with_share(np.arange(count), some, share)
    assert set(rows.tolist()) == set(some.tolist() if share == 1 and len(some) else range(count))
    times = np.bincount(rows, minlength=count)
    assert len(set(times[: len(some)].tolist())) <= 1, "paired poems come equally often"
    assert len(rows) > 0


# ------------------------------------------------------------------ poems and pairs


def test_poems_come_with_what_can_be_asked_and_their_pictures() -> None:
    """Of four poems the second and the last are learnt from; pictures 7 and 5 go with the last one."""
    source = PoemSource(
        tokens(["a", "bb", "ccc", "dddd"]), controls([1, 2, 3, 4]), np.array([1, 3]), pairs([0, 7, 2, 5], [0, 3, 2, 3])
    )
    assert len(source) == 2
    taken = source.take(np.array([1, 0, 1]))
    assert [said(ids) for ids in taken.tokens] == ["dddd", "bb", "dddd"]
    assert taken.controls == [Controls(lines=lines, rhyme="AA") for lines in (4, 2, 4)]
    assert [rows.tolist() for rows in taken.pictures] == [[7, 5], [], [7, 5]]


def test_poems_without_any_picture() -> None:
    source = PoemSource(tokens(["a", "bb"]), controls([1, 2]), np.array([0, 1]), Pairs.none())
    assert [len(rows) for rows in source.take(np.array([0, 1])).pictures] == [0, 0]


def test_pairs_come_with_codes_and_with_what_is_seen() -> None:
    codes = torch.arange(6.0).view(3, 2)
    source = PairSource(tokens(["abc", "d"]), pairs([2, 0, 1], [1, 0, 1]), codes, ["sea", "", "rose"])
    assert len(source) == 3
    taken = source.take(np.array([0, 1, 2]))
    assert taken.ids.tolist() == [[100, 0, 0], [97, 98, 99], [100, 0, 0]]
    assert taken.there.sum(1).tolist() == [1, 3, 1]
    assert torch.equal(taken.codes, codes[[2, 0, 1]])
    rose, sea, unknown = taken.kind.tolist()
    assert unknown == -1
    assert len({rose, sea, unknown}) == 3


# ------------------------------------------------------------------ lessons


@pytest.fixture(scope="module")
def verse(tmp_path_factory: pytest.TempPathFactory) -> Verse:
    """Sixty poems by six authors; the first ten are about the sea, the next ten about roses."""
    folder = tmp_path_factory.mktemp("verse")
    items = records(COUNT, authors=6)
    for number in range(20):
        items[number]["poem"] = poem(number, about="sea" if number < 10 else "rose")
    path = write(folder / "corpus.jsonl", json_lines(items))
    return open_verse(PoemDataConfig((str(path),)), album(10, "sea", "roses"), cache_root=folder / "cache")


def lessons(verse: Verse, some: Pairs | None = None, seed: int = 0) -> LessonSource:
    codes = torch.arange(float(len(verse.match.labels)))[:, None]
    some = verse.match.train if some is None else some
    return LessonSource(verse, tokens(list(verse.corpus.poems)), some, codes, encode, seed)


def test_a_lesson_has_a_pair_and_three_things_that_are_none(verse: Verse) -> None:
    source = lessons(verse)
    indices = np.arange(len(source))
    taken, poems = source.take(indices), verse.corpus.poems
    rows = source.pairs.poem.tolist()
    assert taken.codes[:, 0].tolist() == source.pairs.picture.tolist()
    assert [said(ids) for ids in taken.paired] == [poems[row] for row in rows]
    assert taken.controls == [Controls(lines=int(verse.corpus.lines[row])) for row in rows]
    for number, row in enumerate(rows):
        others = [said(kind[number]) for kind in (taken.disordered, taken.paragraphic)]
        assert poems[row] not in others
        lines = [len(other.split("\n")) for other in others]
        assert lines[0] == 4 >= lines[1]  # prose may end before the poem would
        assert said(taken.unpaired[number]) in set(poems)


def test_what_does_not_go_with_a_picture_is_never_its_own_poem(verse: Verse) -> None:
    for seed in range(5):
        taken = lessons(verse, seed=seed).take(np.arange(len(verse.match.train)))
        for own, other in zip(taken.paired, taken.unpaired, strict=True):
            assert said(own) != said(other)


def test_not_even_where_a_poem_goes_with_pictures_of_two_kinds_or_all_show_the_same(verse: Verse) -> None:
    """Every picture has the same two poems; the authors of these have no others of that length to offer."""
    rows = np.repeat(verse.train[:2], 20)
    for pictures in (np.arange(40) % 20, np.arange(40) % 10):  # sea and roses, sea alone
        some = pairs(pictures.tolist(), rows.tolist())
        for seed in range(5):
            taken = lessons(verse, some, seed).take(np.arange(40))
            assert all(said(a) != said(b) for a, b in zip(taken.paired, taken.unpaired, strict=True))


def test_half_are_about_something_else_and_half_by_the_same_hand(verse: Verse) -> None:
    source = lessons(verse)
    found = source.take(np.arange(len(source))).unpaired
    place = {text: row for row, text in enumerate(verse.corpus.poems)}
    author = verse.corpus.author
    same = [author[place[said(ids)]] == author[row] for ids, row in zip(found, source.pairs.poem, strict=True)]
    assert 0.35 < np.mean(same) < 0.8


def test_a_lesson_follows_from_its_index_and_the_seed(verse: Verse) -> None:
    source = lessons(verse)
    together, alone = source.take(np.array([7, 3])), source.take(np.array([3]))
    for name in ("paired", "unpaired", "disordered", "paragraphic"):
        assert getattr(together, name)[1].tolist() == getattr(alone, name)[0].tolist()
    every = np.arange(len(source))
    one, other = (lessons(verse, seed=seed).take(every) for seed in (0, 1))
    assert [said(ids) for ids in one.unpaired] != [said(ids) for ids in other.unpaired]


def test_prose_set_like_the_poem_is_real_prose_where_there_is_some(verse: Verse, tmp_path: Path) -> None:
    prose = packed(["One grey morning nobody came to the market, " * 20])
    real = replace(verse, corpus=replace(verse.corpus, prose=prose))
    row = int(verse.match.train.poem[0])
    (found,) = lessons(real).take(np.array([0])).paragraphic
    words = {word.lower().strip(",.") for word in said(found).split()}
    assert words <= {"one", "grey", "morning", "nobody", "came", "to", "the", "market"}
    assert [len(line.split()) for line in said(found).split("\n")] == [
        len(line.split()) for line in verse.corpus.poems[row].split("\n")
    ]


def test_without_prose_it_is_another_poem(verse: Verse) -> None:
    """Never the poem itself, whatever its row and the seed are."""
    rows = np.arange(COUNT)
    some = pairs([0] * COUNT, rows.tolist())
    for seed in (0, 1, COUNT, 7919):
        found = lessons(verse, some, seed).take(rows).paragraphic
        for row, ids in enumerate(found):
            own = verse.corpus.poems[row].lower().replace(",", "").split()
            assert said(ids).lower().replace(",", "").split() != own
