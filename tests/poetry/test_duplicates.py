"""Poems that say nearly the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.poetry.duplicates import bare, first_alike

from .hostile import poem, poems

SAME = "Because I could not stop for Death,\nHe kindly stopped for me;\nThe carriage held but just ourselves\nAnd joy."


def shingles(text: str) -> set[tuple[str, ...]]:
    words = bare(text).decode().split()
    return {tuple(words[place : place + 3]) for place in range(len(words) - 2)}


def test_words_are_bare() -> None:
    assert bare("“O'er the Séa-foam,”\n— 'tis 3 NIGHTS!") == b"oer the sea foam tis nights"
    assert bare("...") == b""
    assert bare("Ода к ночи") == "ода к ночи".encode()


def test_small_changes_are_found_and_the_first_stays() -> None:
    changed = SAME.replace("kindly", "gently").replace("joy", "Joy").replace(";", " —")
    texts = [bare(text) for text in (*poems(30), SAME, *poems(30, 30), changed, SAME.upper())]
    same = first_alike(texts)
    assert np.flatnonzero(same != np.arange(len(texts))).tolist() == [61, 62]
    assert same[61] == same[62] == 30


def test_poems_that_share_a_line_are_different() -> None:
    first, _, _ = SAME.partition("\n")
    other = "\n".join([first, *poem(5).split("\n")[1:]])
    assert first_alike([bare(SAME), bare(other)]).tolist() == [0, 1]


def test_texts_too_short_to_compare_are_like_no_other() -> None:
    assert first_alike([b"", b"a b", b"a b", b""]).tolist() == [0, 1, 2, 3]
    assert first_alike([]).tolist() == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("ab ", min_size=8, max_size=40), min_size=2, max_size=12), st.floats(0.3, 0.9))
def test_nothing_is_called_alike_that_is_not(texts: list[str], threshold: float) -> None:
    same = first_alike([bare(text) for text in texts], threshold)
    for later, earlier in enumerate(same.tolist()):
        if later != earlier:
            one, other = shingles(texts[later]), shingles(texts[earlier])
            assert len(one & other) >= threshold * len(one | other) - 1e-9
            assert earlier < later
            assert same[earlier] == earlier


def test_a_chain_of_versions_ends_at_one_that_is_kept() -> None:
    words = [f"w{number}" for number in range(80)]
    # of 38 shingles neighbours share 29, 29 / 47 = 0.62 of all; those two apart 20 / 56 = 0.36
    versions = [" ".join(words[start : start + 40]).encode() for start in range(0, 40, 9)]
    assert first_alike(versions).tolist() == [0, 0, 2, 2, 4]
