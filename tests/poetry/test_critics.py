"""Those who judge: critics that read from left to right, and the space that pictures and poems share."""

from __future__ import annotations

import json
import math

import pytest
import torch
from torch import Tensor

from gansuite.core.engine import World
from gansuite.core.randomness import Draw
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer
from gansuite.poetry.games.ranking import Pairings, RankingGame, apart, ranking, recalls
from gansuite.poetry.networks import critics, embedding
from gansuite.poetry.networks.critics import MATCHES, PAIRED, UNPAIRED, Critic, CriticConfig, log_odds
from gansuite.poetry.networks.embedding import Embedding, EmbeddingConfig
from gansuite.poetry.packing import table_of

from .small_poets import FEATURES, FIRST, NAMES, codes, verses

SIZES = CriticConfig(token=8, width=12)
SPACE = EmbeddingConfig(token=8, width=12, shared=6)
DRAW = Draw(0, 0, 4, slice(None))


def critic(picture: int = FEATURES) -> Critic:
    torch.manual_seed(0)
    return Critic(len(NAMES), len(MATCHES), picture, SIZES).requires_grad_(False)


def space() -> Embedding:
    torch.manual_seed(0)
    return Embedding(len(NAMES), FEATURES, SPACE)


def table(count: int = 4) -> tuple[Tensor, Tensor]:
    return table_of(verses(count), torch.device("cpu"))


# ------------------------------------------------------------------ critics


@pytest.mark.parametrize("picture", [0, FEATURES])
def test_later_tokens_change_no_earlier_verdict(picture: int) -> None:
    judge, seen = critic(picture), codes(4) if picture else None
    ids = torch.randint(FIRST, len(NAMES), (4, 9), generator=torch.Generator().manual_seed(0))
    before = judge(ids, seen)
    assert before.shape == (4, 9, 3)
    for place in (1, 5, 8):
        other = ids.clone()
        other[:, place:] = FIRST + (other[:, place:] - FIRST + 1) % (len(NAMES) - FIRST)
        after = judge(other, seen)
        torch.testing.assert_close(after[:, :place], before[:, :place])
        assert bool((after[:, place] - before[:, place]).abs().amax(1).gt(1e-4).all())


def test_a_critic_of_matches_looks_at_the_picture_and_one_of_style_does_not() -> None:
    ids, _ = table()
    assert not torch.allclose(critic()(ids, codes(4)), critic()(ids, codes(4, seed=1)))
    assert torch.equal(critic(0)(ids), critic(0)(ids, codes(4)))


def test_log_odds_by_hand() -> None:
    logits = torch.tensor([0.5, 0.3, 0.2]).log() + 7
    found = [float(log_odds(logits, kind)) for kind in range(3)]
    assert found == pytest.approx([0.0, math.log(3 / 7), math.log(1 / 4)], abs=1e-6)
    two = torch.tensor([[1.0, 3.5], [0.0, 0.0]])
    assert log_odds(two, 1).tolist() == pytest.approx([2.5, 0.0])
    far = torch.tensor([200.0, 0.0, 0.0])
    assert float(log_odds(far, PAIRED)) == pytest.approx(200 - math.log(2))
    assert float(log_odds(far, UNPAIRED)) == pytest.approx(-200)


@pytest.mark.parametrize("picture", [0, FEATURES])
def test_a_critic_is_built_from_its_description(picture: int) -> None:
    judge, (ids, _) = critic(picture), table()
    again = critics.build(json.loads(json.dumps(critics.describe(judge))))
    again.load_state_dict(judge.state_dict())
    seen = codes(4) if picture else None
    assert torch.equal(again(ids, seen), judge(ids, seen))


# ------------------------------------------------------------------ the shared space


def test_places_have_length_one_and_do_not_feel_padding() -> None:
    shared, (ids, there) = space(), table()
    poems = shared.poems(ids, there)
    torch.testing.assert_close(poems.norm(dim=1), torch.ones(4))
    torch.testing.assert_close(shared.pictures(codes(4)).norm(dim=1), torch.ones(4))
    wider = torch.nn.functional.pad(ids, (0, 3)), torch.nn.functional.pad(there, (0, 3))
    torch.testing.assert_close(shared.poems(*wider), poems)
    alone = shared.poems(*table_of(verses(4)[2:3], torch.device("cpu")))
    torch.testing.assert_close(alone, poems[2:3])


def test_a_space_is_built_from_its_description() -> None:
    shared, (ids, there) = space(), table()
    again = embedding.build(json.loads(json.dumps(embedding.describe(shared))))
    again.load_state_dict(shared.state_dict())
    assert torch.equal(again.poems(ids, there), shared.poems(ids, there))
    assert torch.equal(again.pictures(codes(4)), shared.pictures(codes(4)))
    assert again.config == SPACE


# ------------------------------------------------------------------ ranking by hand


def every(count: int) -> Tensor:
    return apart(torch.arange(count))


def test_ranking_of_two_pairs_by_hand() -> None:
    """Picture 0 is too near to poem 1 by 0.1; poem 1 is too near to picture 0 by 0.5; the others keep the margin."""
    near = torch.tensor([[0.9, 0.8], [0.3, 0.5]])
    assert float(ranking(near, every(2), 0.2)) == pytest.approx((0.1 + 0) / 2 + (0 + 0.5) / 2)


def test_ranking_of_three_pairs_by_hand() -> None:
    """By pictures (0.1 + 0.3) / 2, 0 and (0.1 + 0.45) / 2; by poems 0, 0.15 and 0.4."""
    near = torch.tensor([[0.6, 0.5, 0.7], [0.1, 0.8, 0.2], [0.39, 0.75, 0.5]])
    by_pictures = (0.2 + 0 + (0.09 + 0.45) / 2) / 3
    assert float(ranking(near, every(3), 0.2)) == pytest.approx(by_pictures + (0 + 0.15 + 0.4) / 3, rel=1e-5)
    # pictures 0 and 2 show the same: neither is asked to be far from the other's poem
    alike = apart(torch.tensor([5, 6, 5]))
    assert float(ranking(near, alike, 0.2)) == pytest.approx((0.1 + 0 + 0.45) / 3 + (0 + 0.15 + 0) / 3, rel=1e-5)


def test_what_is_far_enough_apart_costs_nothing() -> None:
    assert float(ranking(torch.eye(4), every(4), 0.2)) == 0
    assert float(ranking(torch.eye(4), torch.zeros(4, 4, dtype=torch.bool), 5.0)) == 0


def test_who_does_not_belong_together() -> None:
    """Those of one kind are not told apart; -1 is like nothing else, not even like -1; nobody is far from himself."""
    assert apart(torch.tensor([3, -1, 3, -1])).int().tolist() == [
        [0, 1, 0, 1],
        [1, 0, 1, 1],
        [0, 1, 0, 1],
        [1, 1, 1, 0],
    ]


def test_recalls_by_hand() -> None:
    """Of twelve pictures, the first is nearest to another's poem, and its own poem is the last of all."""
    near = torch.eye(12)
    near[0] = 0.9
    near[0, :2] = torch.tensor([0.5, 0.95])
    assert recalls(near, torch.arange(12)) == {
        "picture to poem: kind": pytest.approx(11 / 12),
        "picture to poem: at 10": pytest.approx(11 / 12),
        "poem to picture: kind": 1.0,
        "poem to picture: at 10": 1.0,
    }
    same = torch.arange(12).clamp_min(1)
    assert recalls(near, same)["picture to poem: kind"] == 1.0


def test_the_game_ranks_what_the_space_says() -> None:
    shared, (ids, there) = space(), table()
    kind = torch.tensor([0, 0, 1, -1])
    found = RankingGame(shared).generator_losses(Pairings(ids, there, codes(4), kind), None, DRAW)
    near = (shared.pictures(codes(4)) @ shared.poems(ids, there).T).detach()
    torch.testing.assert_close(found.terms["ranking"].detach(), ranking(near, apart(kind), 0.2))
    others = [[2, 3], [2, 3], [0, 1, 3], [0, 1, 2]]
    first = [float(near[row, row]) > max(float(near[row, other]) for other in others[row]) for row in range(4)]
    assert float(found.signals["first"]) == pytest.approx(sum(first) / 4)


class Gallery:
    """Twelve pairs, each of its own kind."""

    def __len__(self) -> int:
        return 12

    def take(self, indices: Tensor) -> Pairings:
        rows = torch.as_tensor(indices)
        ids, there = table_of([verses(12)[row] for row in rows.tolist()], torch.device("cpu"))
        return Pairings(ids, there, codes(12)[rows], rows)


def test_pairs_come_together() -> None:
    recipe = Recipe(batch_size=12, generator_lr=1e-2, beta1=0.9, half_life=0, precision="fp32")
    trainer = Trainer(RankingGame(space()), Gallery(), recipe, Budget(images=10**6), 0, World())  # type: ignore[arg-type]
    logged = [trainer.step() for _ in range(25)]
    assert logged[-1]["loss/ranking"] < 0.2 < logged[0]["loss/ranking"]
    assert logged[-1]["signal/first"] > 0.9
