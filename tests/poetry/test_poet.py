"""The poet: the same chances packed or alone, by transformers or by our own decoder, and pictures that count."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from gansuite.poetry.controls import Controls
from gansuite.poetry.games.likelihood import packed_poems
from gansuite.poetry.games.rollout import decoder_of
from gansuite.poetry.networks import poet as poets
from gansuite.poetry.networks.decoder import Decoder
from gansuite.poetry.networks.poet import Poet
from gansuite.poetry.packing import Packed
from gansuite.poetry.prompts import MOST_TOKENS, Prompter
from gansuite.poetry.tokens import BEGIN, END, IMAGE, control_tokens, special_names

from .small_poets import ASKED, FEATURES, FIRST, NAMES, PLACES, PROMPTER, TINY, VOCABULARY, codes, poet, verses

CLOSE = {"atol": 1e-5, "rtol": 1e-4}


def packed(poems: list[np.ndarray], pictured: list[bool]) -> Packed:
    return packed_poems(PROMPTER, poems, [ASKED, *[Controls()] * (len(poems) - 1)], pictured)


def chances(mine: Poet, rows: Packed, seen: Tensor | None, owner: int) -> Tensor:
    """log p of the tokens of one poem."""
    found, owners = mine.log_probabilities(rows, seen)
    return found[owners == owner].detach()


def ids(rows: int = 3, length: int = 12) -> Tensor:
    return torch.randint(FIRST, len(NAMES), (rows, length), generator=torch.Generator().manual_seed(0))


# ------------------------------------------------------------------ packed or alone


def test_poems_in_a_row_are_as_likely_as_each_alone() -> None:
    mine, poems, seen = poet(), verses(20), codes(20)
    pictured = [number % 3 != 1 for number in range(20)]
    together = packed(poems, pictured)
    assert len(together.ids) <= len(poems) / 2
    for number, poem in enumerate(poems):
        asked = [ASKED if number == 0 else Controls()]
        alone = packed_poems(PROMPTER, [poem], asked, [pictured[number]])
        one = chances(mine, together, seen, number)
        assert len(one) == len(poem) + 1
        torch.testing.assert_close(one, chances(mine, alone, seen[number : number + 1], 0), **CLOSE)


def test_a_poem_is_as_likely_as_all_its_tokens() -> None:
    mine, poems = poet(), verses(5)
    rows = packed(poems, [True] * 5)
    sums = torch.stack([-chances(mine, rows, codes(5), owner).sum() for owner in range(5)])
    torch.testing.assert_close(mine(rows, codes(5)).detach(), sums)


def test_chances_are_those_of_a_softmax_over_all_tokens() -> None:
    mine, rows = poet(), packed(verses(3), [False] * 3)
    logits, chosen = mine.logits(rows)
    by_hand = logits.log_softmax(-1).gather(1, rows.target[chosen][:, None])[:, 0]
    torch.testing.assert_close(mine.log_probabilities(rows)[0], by_hand)
    assert logits.shape == (sum(len(poem) + 1 for poem in verses(3)), len(NAMES))


# ------------------------------------------------------------------ pictures


def test_a_picture_changes_what_is_likely_and_learns() -> None:
    mine, rows, seen = poet(), packed(verses(3), [True, True, False]), codes(3).requires_grad_(True)
    mine(rows, seen).sum().backward()
    assert seen.grad is not None
    assert mine.eye is not None
    assert [bool(row.any()) for row in seen.grad] == [True, True, False]
    assert all(bool(p.grad.abs().max() > 0) for p in mine.eye.parameters() if p.grad is not None)
    assert all(p.grad is not None for p in mine.eye.parameters())
    one, other = mine(rows, codes(3)).detach(), mine(rows, codes(3, seed=1)).detach()
    assert ((one - other).abs() > 1e-3).tolist() == [True, True, False]


def test_a_poet_without_eyes_sees_nothing() -> None:
    blind = poet(picture=0)
    assert blind.eye is None
    rows = packed(verses(2), [False] * 2)
    assert torch.equal(blind(rows), blind(rows, codes(2)))


# ------------------------------------------------------------------ the decoder, which needs no transformers


@pytest.fixture(scope="module")
def both() -> tuple[Poet, Decoder]:
    mine = poet().requires_grad_(False)
    return mine, decoder_of(mine)


def test_the_decoder_says_what_gpt2_says(both: tuple[Poet, Decoder]) -> None:
    mine, decoder = both
    wanted = mine.language(ids()).logits
    at_once, memory = decoder.read(decoder.embed(ids()), decoder.empty(3))
    torch.testing.assert_close(at_once, wanted, **CLOSE)
    assert memory.length == 12
    memory = decoder.empty(3)
    for place in range(12):
        logits, memory = decoder.read(decoder.embed(ids()[:, place : place + 1]), memory)
        torch.testing.assert_close(logits[:, 0], wanted[:, place], **CLOSE)


@pytest.mark.parametrize("steps", [(5, 1, 6), (1, 11), (7, 5)])
def test_the_decoder_reads_in_any_steps(both: tuple[Poet, Decoder], steps: tuple[int, ...]) -> None:
    mine, decoder = both
    memory, found, start = decoder.empty(3), [], 0
    for count in steps:
        logits, memory = decoder.read(decoder.embed(ids()[:, start : start + count]), memory)
        found.append(logits)
        start += count
    torch.testing.assert_close(torch.cat(found, 1), mine.language(ids()).logits, **CLOSE)


def test_the_decoder_sees_pictures_as_the_poet_does(both: tuple[Poet, Decoder]) -> None:
    mine, decoder = both
    poems, seen = verses(3, shortest=5, longest=5), codes(3)
    rows = packed_poems(PROMPTER, poems, [ASKED] * 3, [True] * 3)
    sequences = [PROMPTER.sequence(ASKED, True, poem) for poem in poems]
    first = sequences[0][1]
    told = torch.tensor([ids for ids, _ in sequences])
    logits, _ = decoder.read(decoder.embed(told, seen), decoder.empty(3))
    believed = logits[:, first - 1 : -1].log_softmax(-1).gather(2, told[:, first:, None])[..., 0]
    for owner in range(3):
        torch.testing.assert_close(believed[owner], chances(mine, rows, seen, owner), **CLOSE)


def test_a_memory_is_chosen_from_and_cut(both: tuple[Poet, Decoder]) -> None:
    mine, decoder = both
    wanted = mine.language(ids()).logits
    _, memory = decoder.read(decoder.embed(ids()[:, :9]), decoder.empty(3))
    rows = torch.tensor([2, 0, 2])
    shorter = memory.take(rows).cut(5)
    assert (shorter.length, memory.length) == (5, 9)
    logits, _ = decoder.read(decoder.embed(ids()[rows, 5:8]), shorter)
    torch.testing.assert_close(logits, wanted[rows, 5:8], **CLOSE)
    after, _ = decoder.read(decoder.embed(ids()[:, 9:]), memory)
    torch.testing.assert_close(after, wanted[:, 9:], **CLOSE)


# ------------------------------------------------------------------ used as people use GPT-2


def test_the_language_model_is_saved_loaded_and_written_with_by_transformers(
    both: tuple[Poet, Decoder], tmp_path: Path
) -> None:
    mine, decoder = both
    mine.language.save_pretrained(tmp_path)
    loaded = GPT2LMHeadModel.from_pretrained(tmp_path, local_files_only=True)
    assert torch.equal(loaded(ids()).logits, mine.language.eval()(ids()).logits)
    text = loaded.generate(ids()[:, :4], min_new_tokens=6, max_new_tokens=6, do_sample=False)
    assert torch.equal(text[:, :4], ids()[:, :4])
    so_far = ids()[:, :4]
    for _ in range(6):  # the likeliest token that is not the end, by our own decoder
        logits, _memory = decoder.read(decoder.embed(so_far), decoder.empty(3))
        last = logits[:, -1].index_fill(1, torch.tensor([VOCABULARY[END]]), float("-inf"))
        so_far = torch.cat([so_far, last.argmax(-1, keepdim=True)], 1)
    assert torch.equal(text, so_far)


def test_a_poet_is_built_from_its_description() -> None:
    mine = poet()
    again = poets.build(json.loads(json.dumps(poets.describe(mine))))
    again.load_state_dict(mine.state_dict())
    rows = packed(verses(2), [True] * 2)
    assert torch.equal(again(rows, codes(2)), mine(rows, codes(2)))
    assert (again.config, again.picture, again.image) == (TINY, FEATURES, PROMPTER.image)


def test_a_poet_begins_from_another_gpt2() -> None:
    torch.manual_seed(0)
    other = GPT2LMHeadModel(GPT2Config(vocab_size=len(NAMES), n_positions=30, n_embd=8, n_layer=1, n_head=2))
    mine = poets.from_language(other, PLACES, FEATURES, PROMPTER.image).train()
    wanted = other.eval()(ids()).logits
    assert torch.equal(mine.language(ids()).logits, wanted)  # also while it learns: dropout is left out
    assert (mine.config.width, mine.config.layers, mine.config.positions) == (8, 1, 30)


# ------------------------------------------------------------------ prompts


def test_a_prompt_has_the_picture_the_marks_and_the_beginning() -> None:
    names = [NAMES[token] for token in PROMPTER.prompt(ASKED, pictured=True)]
    assert names == [IMAGE, IMAGE, *control_tokens(ASKED), BEGIN]
    assert [NAMES[token] for token in PROMPTER.prompt(Controls(), pictured=False)] == [
        *control_tokens(Controls()),
        BEGIN,
    ]


def test_a_sequence_ends_unless_it_was_cut_off() -> None:
    poem, before = verses(1)[0].tolist(), PROMPTER.prompt(ASKED, pictured=True)
    assert PROMPTER.sequence(ASKED, True, poem) == ([*before, *poem, VOCABULARY[END]], len(before))
    assert PROMPTER.sequence(ASKED, True, poem, ended=False) == ([*before, *poem], len(before))
    long, first = PROMPTER.sequence(ASKED, True, [FIRST] * 1000)
    assert (len(long), first) == (MOST_TOKENS, len(before))
    assert long[-1] == FIRST


def test_no_poem_holds_a_mark_but_every_one_may_end() -> None:
    logits = torch.arange(2.0 * len(NAMES)).view(2, -1)
    said = PROMPTER.speakable(logits)
    silent = [name for name in NAMES if said[0, VOCABULARY[name]] == float("-inf")]
    assert silent == [name for name in special_names() if name != END]
    assert torch.equal(said[:, FIRST:], logits[:, FIRST:])
    assert torch.equal(said[:, VOCABULARY[END]], logits[:, VOCABULARY[END]])


def test_a_vocabulary_without_a_mark_is_no_vocabulary() -> None:
    with pytest.raises(KeyError):
        Prompter({name: number for name, number in VOCABULARY.items() if name != BEGIN}, PLACES)
