"""Seeds as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.seeds import LAST_SEED, MOST_SEEDS, check_seeds, parse_seeds


@pytest.mark.parametrize(
    ("text", "count", "seeds"),
    [
        ("7", None, [7]),
        ("7", 3, [7, 8, 9]),
        ("7", 1, [7]),
        ("1,5,9", None, [1, 5, 9]),
        ("1, 5,9", 3, [1, 5, 9]),
        ("3-8", None, [3, 4, 5, 6, 7, 8]),
        ("3-8", 6, [3, 4, 5, 6, 7, 8]),
        ("4-4", None, [4]),
        ("9,1-3,1", None, [9, 1, 2, 3, 1]),
    ],
)
def test_seeds_as_a_person_types_them(text: str, count: int | None, seeds: list[int]) -> None:
    assert parse_seeds(text, count) == seeds


@pytest.mark.parametrize(
    ("text", "count", "remedy"),
    [
        ("1,5,9", 4, "--seed 1 --count 4"),
        ("3-8", 2, "--seed 3 --count 2"),
        ("8-3", None, "--seed 3-8"),
        ("", None, "--seed 7"),
        ("seven", None, "--seed 7"),
        ("-3", None, "--seed 7"),
        ("1,,2", None, "--seed 7"),
        ("1.5", None, "--seed 7"),
        ("²", None, "--seed 7"),
        ("7", 0, "--count 8"),
        ("7", 10**9, "parts"),
        ("0-999999999999", None, "parts"),
        ("99999999999999999", None, "--seed 0"),
        ("9" * 5000, None, "--seed 7"),
    ],
)
def test_other_seeds_get_a_remedy(text: str, count: int | None, remedy: str) -> None:
    with pytest.raises(GansuiteError) as caught:
        parse_seeds(text, count)
    assert remedy in caught.value.remedy


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, LAST_SEED), min_size=1, max_size=5))
def test_a_typed_list_is_read_back(seeds: list[int]) -> None:
    assert parse_seeds(",".join(map(str, seeds))) == seeds


def test_the_last_seed_is_one_and_the_next_is_none() -> None:
    check_seeds([0, LAST_SEED])
    check_seeds(range(MOST_SEEDS))
    for seeds in ([LAST_SEED + 1], [-1], [], range(MOST_SEEDS + 1)):
        with pytest.raises(GansuiteError):
            check_seeds(seeds)
