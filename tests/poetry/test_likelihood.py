"""Maximum likelihood: a loss that can be worked out, what is left unsaid, and learning that is shared."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import Tensor

from gansuite.core.engine import World
from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import Draw
from gansuite.poetry.controls import FREE, Controls
from gansuite.poetry.games.likelihood import LikelihoodConfig, LikelihoodGame, Poems, likelihood, packed_poems
from gansuite.poetry.prompts import Prompter
from gansuite.poetry.split import Ints

from .shared_poets import STEPS, learnt
from .small_poets import ASKED, NAMES, PLACES, PROMPTER, VOCABULARY, codes, poet, verses

ALL_SAID = LikelihoodConfig(0.0, 0.0, 0.0)
SEEN = codes(4)
TESTS = Path(__file__).resolve().parents[1]
PATIENCE = 600  # seconds until a process that should have ended is given up


class Heard(Prompter):
    """A prompter who writes down what it was asked."""

    def __init__(self) -> None:
        super().__init__(VOCABULARY, PLACES)
        self.asked: list[tuple[Controls, bool]] = []

    def sequence(
        self, controls: Controls, pictured: bool, poem: Sequence[int] | Ints, ended: bool = True
    ) -> tuple[list[int], int]:
        self.asked.append((controls, pictured))
        return super().sequence(controls, pictured, poem, ended)


def batch(count: int, pictures: Sequence[int] = (0,)) -> Poems:
    return Poems(verses(count), [ASKED] * count, [np.array(pictures, np.int64)] * count)


def draw(total: int, rows: slice = slice(None)) -> Draw:
    return Draw(0, 0, total, rows)


def heard(config: LikelihoodConfig, count: int, pictures: Sequence[int] = (0,)) -> list[tuple[Controls, bool]]:
    prompter = Heard()
    LikelihoodGame(poet(), prompter, SEEN, config, 5.0).generator_losses(batch(count, pictures), None, draw(count))
    return prompter.asked


# ------------------------------------------------------------------ the loss


def test_rows_are_no_longer_than_the_longest_poem_needs() -> None:
    """Rows in steps of 16 tokens: little is computed for padding where all poems are short."""
    packed = packed_poems(PROMPTER, verses(3), [Controls()] * 3, [False] * 3)
    longest = max(len(poem) for poem in verses(3)) + 2
    assert packed.ids.shape[1] == -(-longest // 16) * 16


def test_a_poet_without_a_preference_loses_log_v_a_token() -> None:
    mine = poet()
    torch.nn.init.zeros_(mine.language.transformer.wte.weight)
    some = Poems(verses(3), [ASKED] * 3, [np.array([1])] * 3)
    tokens = sum(len(poem) + 1 for poem in some.tokens)
    found = LikelihoodGame(mine, PROMPTER, SEEN, LikelihoodConfig(), 4.0).generator_losses(some, None, draw(3))
    assert float(found.terms["likelihood"].detach()) == pytest.approx(tokens * math.log(len(NAMES)) / (3 * 4.0))
    assert float(found.signals["token"]) == pytest.approx(math.log(len(NAMES)))


def test_halves_of_a_batch_average_to_the_whole() -> None:
    """With what is left unsaid: it follows from the place in the batch."""
    game, whole = LikelihoodGame(poet(), PROMPTER, SEEN, LikelihoodConfig(), 5.0), batch(8, (0, 1, 2))
    halves = [
        game.generator_losses(
            Poems(whole.tokens[rows], whole.controls[rows], whole.pictures[rows]), None, draw(8, rows)
        )
        for rows in (slice(0, 4), slice(4, 8))
    ]
    found = game.generator_losses(whole, None, draw(8))
    mean = sum(half.terms["likelihood"] for half in halves) / 2
    torch.testing.assert_close(found.terms["likelihood"], mean, atol=1e-5, rtol=1e-5)


def test_the_loss_is_that_of_each_poem_alone() -> None:
    mine, some = poet(), batch(4, (2,))
    game = LikelihoodGame(mine, PROMPTER, SEEN, ALL_SAID, 5.0)
    each = [
        float(mine(packed_poems(PROMPTER, [poem], [ASKED], [True]), SEEN[2:3]).detach().sum()) for poem in some.tokens
    ]
    found = float(game.generator_losses(some, None, draw(4)).terms["likelihood"].detach())
    assert found == pytest.approx(sum(each) / (4 * 5.0), rel=1e-5)


# ------------------------------------------------------------------ what is left unsaid


def test_everything_is_said_where_nothing_is_left_out() -> None:
    assert heard(ALL_SAID, 20) == [(ASKED, True)] * 20
    assert heard(LikelihoodConfig(1.0, 0.0, 1.0), 20) == [(Controls(), False)] * 20
    assert heard(LikelihoodConfig(0.0, 1.0, 0.0), 20) == [(Controls(), True)] * 20


def test_controls_are_left_out_as_often_as_was_said() -> None:
    """Each is free with 1 - (1 - 0.2) (1 - 0.3) = 0.44, all of them with 0.2 + 0.8 * 0.3^5."""
    asked = [controls for controls, _ in heard(LikelihoodConfig(nothing_asked=0.2, control_dropped=0.3), 1000)]
    for name in ("lines", "length", "mood", "era", "rhyme"):
        free = np.mean([getattr(one, name) in (FREE, "") for one in asked])
        assert abs(free - 0.44) < 0.05, name
    assert abs(np.mean([one == Controls() for one in asked]) - 0.202) < 0.04
    alone = LikelihoodConfig(nothing_asked=0.0, control_dropped=0.5)
    pairs = np.array([(one.lines == FREE, one.mood == FREE) for one, _ in heard(alone, 1000)])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.1  # one control by itself


def test_what_is_said_stays_as_it_was() -> None:
    for controls, _ in heard(LikelihoodConfig(), 50):
        for name, value in vars(controls).items():
            assert value in (getattr(ASKED, name), FREE, "")


def test_pictures_are_shown_but_for_some() -> None:
    shown = [pictured for _, pictured in heard(LikelihoodConfig(picture_dropped=0.25), 1000)]
    assert abs(np.mean(shown) - 0.75) < 0.05
    assert not any(pictured for _, pictured in heard(ALL_SAID, 10, pictures=()))


def test_each_of_a_poem_s_pictures_is_shown_now_and_then() -> None:
    mine = poet()
    assert mine.eye is not None
    seen: list[Tensor] = []
    mine.eye.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    LikelihoodGame(mine, PROMPTER, SEEN, ALL_SAID, 5.0).generator_losses(batch(300, (1, 3)), None, draw(300))
    shares = [float((seen[0] == code).all(1).float().mean()) for code in SEEN]
    assert shares[0] == shares[2] == 0
    assert shares[1] + shares[3] == pytest.approx(1)
    assert 0.4 < shares[1] < 0.6


def test_without_pictures_nothing_is_shown() -> None:
    prompter = Heard()
    game = LikelihoodGame(poet(picture=0), prompter, None, ALL_SAID, 5.0)
    game.generator_losses(batch(5), None, draw(5))
    assert prompter.asked == [(ASKED, False)] * 5


@pytest.mark.parametrize("name", ["nothing_asked", "control_dropped", "picture_dropped"])
@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_a_share_is_a_share(name: str, value: float) -> None:
    with pytest.raises(GansuiteError, match=f"{name} is {value}"):
        LikelihoodConfig(**{name: value})


# ------------------------------------------------------------------ how likely poems are


@pytest.mark.parametrize("seen", [None, codes(9)])
def test_the_likelihood_of_poems_is_that_of_all_their_tokens(seen: Tensor | None) -> None:
    mine, poems = poet().requires_grad_(False), verses(9)
    total, count = likelihood(mine, PROMPTER, poems, seen, chunk=4)
    assert count == sum(len(poem) + 1 for poem in poems)
    by_hand = 0.0
    for number, poem in enumerate(poems):
        alone = packed_poems(PROMPTER, [poem], [Controls()], [seen is not None])
        by_hand += float(mine(alone, None if seen is None else seen[number : number + 1]).sum())
    assert total == pytest.approx(by_hand, rel=1e-5)
    assert likelihood(mine, PROMPTER, poems, seen, chunk=100)[0] == pytest.approx(total, rel=1e-5)


# ------------------------------------------------------------------ learning, alone and shared


def test_a_poet_learns_its_poems_by_heart() -> None:
    lines = learnt(World(), steps=15)["logged"]
    assert lines[-1]["signal/token"] < 0.75 * lines[0]["signal/token"]


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@pytest.mark.skipif(not dist.is_available(), reason="this PyTorch has no torch.distributed")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "poetry.shared_poets", str(tmp_path), free_port()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    one, other = (torch.load(tmp_path / f"rank-{rank}.pt", weights_only=True) for rank in (0, 1))
    alone: dict[str, Any] = learnt(World(), STEPS)
    assert one["logged"] == other["logged"]
    assert alone["weights"].keys() == one["weights"].keys()
    for name, weight in alone["weights"].items():
        assert torch.equal(one["weights"][name], other["weights"][name])
        if "c_attn.bias" in name:  # a softmax does not feel the bias of keys: all its gradient is rounding
            weight[len(weight) // 3 : len(weight) * 2 // 3] = one["weights"][name][
                len(weight) // 3 : len(weight) * 2 // 3
            ]
        assert float((one["weights"][name] - weight).abs().max()) < 1e-6
    for line, told in zip(alone["logged"], one["logged"], strict=True):
        assert told["loss/likelihood"] == pytest.approx(line["loss/likelihood"], rel=1e-5)
