"""Poems as the poet writes them while it learns, and what is still to come at each of their tokens."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gansuite.core.randomness import Draw
from gansuite.poetry.games.rollout import Manner, Poems, decoder_of, returns, roll_out, sampled, variety_of
from gansuite.poetry.networks.decoder import Decoder

from .small_poets import ASKED, FIRST, NAMES, PROMPTER, codes, poet

SHORT = Manner(k=2, most=6)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return decoder_of(poet())


def draw(count: int = 6, step: int = 0, rows: slice = slice(None)) -> Draw:
    return Draw(0, step, count, rows)


def written(decoder: Decoder, seen: Tensor | None, drawn: Draw, manner: Manner = SHORT, count: int = 6) -> Poems:
    return roll_out(decoder, PROMPTER, seen, [ASKED] * count, drawn, manner)


def texts(poems: Poems) -> list[list[int]]:
    return [poem.tolist() for poem in poems.tokens]


# ------------------------------------------------------------------ one token


def test_a_token_is_where_the_chance_falls() -> None:
    logits = torch.tensor([0.2, 0.3, 0.5]).log().expand(6, 3)
    chances = torch.tensor([0.0, 0.19, 0.21, 0.49, 0.51, 0.9999])
    assert sampled(logits, chances).tolist() == [0, 0, 1, 1, 2, 2]


def test_what_cannot_be_said_is_never_said() -> None:
    never = float("-inf")
    logits = torch.tensor([[never, 0.0, never, 0.0, never]]).expand(4, 5)
    assert sampled(logits, torch.tensor([0.0, 0.499, 0.501, 1 - 2**-24])).tolist() == [1, 1, 3, 3]


def test_tokens_come_as_often_as_is_likely() -> None:
    shares = torch.tensor([0.05, 0.6, 0.0, 0.35])
    chances = torch.rand(4000, generator=torch.Generator().manual_seed(0))
    counts = torch.bincount(sampled(shares.log().expand(4000, 4), chances), minlength=4) / 4000
    assert counts.tolist() == pytest.approx(shares.tolist(), abs=0.03)
    assert counts[2] == 0


# ------------------------------------------------------------------ whole poems


def test_poems_follow_from_the_draw(decoder: Decoder) -> None:
    once = texts(written(decoder, codes(6), draw()))
    assert once == texts(written(decoder, codes(6), draw()))
    assert once != texts(written(decoder, codes(6), draw(step=1)))
    assert once[0::2] != once[1::2]  # two poems for each picture
    assert len(once) == 12


def test_rows_do_not_depend_on_the_batch_they_stand_in(decoder: Decoder) -> None:
    whole = written(decoder, codes(6), draw())
    part = written(decoder, codes(6)[2:4], draw(rows=slice(2, 4)), count=2)
    assert texts(part) == texts(whole)[4:8]
    assert list(part.ended) == list(whole.ended)[4:8]


def test_poems_hold_words_alone_and_at_least_one(decoder: Decoder) -> None:
    found = written(decoder, codes(6), draw(), Manner(k=20, most=6))
    assert all(1 <= len(poem) <= 6 and poem.min() >= FIRST for poem in found.tokens)
    assert 0 < sum(found.ended) < 120
    assert all(ended == (len(poem) < 6) for poem, ended in zip(found.tokens, found.ended, strict=True))


def test_the_first_token_comes_as_often_as_the_poet_believes(decoder: Decoder) -> None:
    found = written(decoder, codes(1), draw(1), Manner(k=4000, most=1), count=1)
    counts = np.bincount([int(poem[0]) for poem in found.tokens], minlength=len(NAMES)) / 4000
    prompt = torch.tensor([PROMPTER.prompt(ASKED, True)])
    logits, _ = decoder.read(decoder.embed(prompt, codes(1)), decoder.empty(1))
    believed = PROMPTER.speakable(logits[:, -1])
    believed[:, PROMPTER.end] = float("-inf")
    assert counts.tolist() == pytest.approx(believed[0].softmax(-1).tolist(), abs=0.03)


def test_without_heat_the_likeliest_token_is_written(decoder: Decoder) -> None:
    """Step by step, with everything read anew each time."""
    found = texts(written(decoder, codes(3), draw(3), Manner(k=1, most=6, temperature=1e-4), count=3))
    for row, text in enumerate(found):
        for place in range(6):
            read = torch.tensor([[*PROMPTER.prompt(ASKED, True), *text[:place]]])
            logits, _ = decoder.read(decoder.embed(read, codes(3)[row : row + 1]), decoder.empty(1))
            likely = PROMPTER.speakable(logits[0, -1])
            if not place:
                likely[PROMPTER.end] = float("-inf")
            best = int(likely.argmax())
            assert best == (text[place] if place < len(text) else PROMPTER.end)
            if best == PROMPTER.end:
                break


def test_guidance_of_one_is_the_poet_as_it_is(decoder: Decoder) -> None:
    plain = texts(written(decoder, codes(6), draw()))
    assert texts(written(decoder, codes(6), draw(), replace(SHORT, guidance=1 + 1e-9))) == plain
    blind = texts(written(decoder, None, draw()))
    assert texts(written(decoder, codes(6), draw(), replace(SHORT, guidance=0.0))) == blind != plain
    assert texts(written(decoder, None, draw(), replace(SHORT, guidance=3.0))) == blind
    assert texts(written(decoder, codes(6), draw(), replace(SHORT, guidance=3.0))) not in (plain, blind)


def test_variety_is_the_share_of_different_pairs() -> None:
    """Of (1 2) (2 1) (1 2) and (1 2), two are different."""
    assert variety_of([np.array([1, 2, 1, 2]), np.array([1, 2]), np.array([3])]) == pytest.approx(0.5)


# ------------------------------------------------------------------ what is still to come


def test_returns_by_hand() -> None:
    """Two poems for one picture end at 1 and 3: 2 in the mean, root 2 apart from it by their deviation."""
    potential = torch.tensor([[0.0, 1.0], [3.0, 77.0]])
    there = torch.tensor([[True, True], [True, False]])
    half = 1 / math.sqrt(2)
    # phi: -2 half, -half of the first, half of the second; to come: -half, half and half
    wanted = torch.tensor([[-half - half, half - 0], [half + half, 0.0]])
    torch.testing.assert_close(returns(potential, there, 2, clip=3.0), wanted)


def test_no_potential_says_more_than_the_clip() -> None:
    potential = torch.tensor([[-100.0, 1.0], [3.0, 3.0]])
    found = returns(potential, torch.ones(2, 2, dtype=torch.bool), 2, clip=0.5)
    # ends are clipped to -0.5 and 0.5; before its last token the first stood at -0.5
    torch.testing.assert_close(found, torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 4), st.integers(1, 3), st.integers(0, 10**6))
def test_rewards_add_up_to_the_whole_and_are_measured_by_the_others(k: int, pictures: int, seed: int) -> None:
    """By hand, token by token: what each changes, summed from there on, less the mean of the k - 1 others."""
    draw = np.random.default_rng(seed)
    lengths, longest = draw.integers(1, 6, pictures * k), 5
    potential = draw.normal(size=(pictures * k, longest))
    there = np.arange(longest) < lengths[:, None]
    ends = potential[np.arange(pictures * k), lengths - 1]
    phi = np.clip((potential - ends.mean()) / max(ends.std(ddof=1), 1e-6), -1.5, 1.5)
    coming = np.zeros((pictures * k, longest))
    for row, length in enumerate(lengths):
        rewards = np.diff([0.0, *phi[row, :length]])
        for place in range(length):
            coming[row, place] = rewards[place:].sum()
    found = returns(torch.from_numpy(potential), torch.from_numpy(there), k, 1.5).numpy()
    for row, length in enumerate(lengths):
        mates = [mate for mate in range(row // k * k, row // k * k + k) if mate != row]
        for place in range(longest):
            wanted = coming[row, place] - coming[mates, place].mean() if place < length else 0.0
            assert found[row, place] == pytest.approx(wanted, abs=1e-9)
    assert found[:, 0].reshape(-1, k).sum(1) == pytest.approx(np.zeros(pictures), abs=1e-9)


def test_where_all_poems_are_alike_nothing_is_praised() -> None:
    same = torch.full((4, 3), 2.0)
    assert not returns(same, torch.ones(4, 3, dtype=torch.bool), 2, 3.0).any()
