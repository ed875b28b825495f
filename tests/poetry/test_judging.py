"""The critics learn alone: from lessons, and from a poet who stays as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from gansuite.core.engine import World
from gansuite.core.randomness import Draw
from gansuite.core.schedules import Budget
from gansuite.core.trainer import Recipe, Trainer
from gansuite.poetry.games.judging import EVERY, JudgingGame
from gansuite.poetry.negatives import STYLES
from gansuite.poetry.networks.critics import MATCHES, Critic, CriticConfig, listening
from gansuite.poetry.networks.embedding import Embedding, EmbeddingConfig

from .small_poets import FEATURES, NAMES, PROMPTER, poet
from .test_adversarial import Lessons, lesson

SIZES = CriticConfig(token=8, width=12)
TOKENS = 6
RECIPE = Recipe(batch_size=8, optimiser="muon", generator_lr=1e-2, beta1=0.9, half_life=50, precision="fp32")


def game() -> JudgingGame:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        critics = {
            "relevance": Critic(len(NAMES), len(MATCHES), FEATURES, SIZES),
            "style": Critic(len(NAMES), len(STYLES), 0, SIZES),
        }
    return JudgingGame(nn.ModuleDict(critics), poet(), PROMPTER, TOKENS, smoothing=0.0)


def trained(steps: int) -> Trainer:
    trainer = Trainer(game(), Lessons(16), RECIPE, Budget(images=steps * RECIPE.batch_size), 0, World())
    for _ in range(steps):
        trainer.step()
    return trainer


def test_the_poet_writes_for_some_of_the_pictures_the_same_whoever_asks() -> None:
    """The rows of one process and those of two, each with its own: what is written for a picture is the same."""
    whole, g = Lessons(16).take(range(8)), game()  # type: ignore[arg-type]
    written = g.write(whole, Draw(0, 3, 8, slice(None)), EVERY)
    assert len(written) == 8 // EVERY
    halves = []
    for rows in (slice(0, 4), slice(4, 8)):
        part = Lessons(16).take(range(8)[rows])  # type: ignore[arg-type]
        halves += g.write(part, Draw(0, 3, 8, rows), EVERY)
    assert [poem.tolist() for poem in halves] == [poem.tolist() for poem in written]


def test_kinds_count_alike_however_many_poems_there_are_of_each() -> None:
    """One poem by the poet weighs as much as four: the loss is that of the same poem four times."""
    bench, batch = game().bench(game().generators["generator"]), lesson()
    one = batch.paragraphic[0]
    few = bench.losses(batch, [one], batch.codes[:1]).terms
    many = bench.losses(batch, [one] * 4, batch.codes[:1].expand(4, -1)).terms
    for name, loss in few.items():
        torch.testing.assert_close(loss, many[name])


def test_both_critics_learn_from_lessons() -> None:
    def lost(trainer: Trainer) -> dict[str, float]:
        g = trainer.game
        assert isinstance(g, JudgingGame)
        bench, batch = g.bench(g.generators["generator"]), lesson()
        terms = bench.losses(batch, g.write(batch, Draw(9, 0, 4, slice(None))), batch.codes).terms
        return {name: float(loss.detach()) for name, loss in terms.items()}

    before, after = lost(trained(1)), lost(trained(120))
    assert after["relevance"] < 0.8 * before["relevance"]
    assert after["style"] < 0.8 * before["style"]


def test_a_critic_of_matches_begins_with_what_the_embedding_reads() -> None:
    space = Embedding(len(NAMES), 4, EmbeddingConfig(token=8, width=12, shared=6))
    critic = listening(space, len(MATCHES))
    assert critic.sizes == (len(NAMES), len(MATCHES), 10)
    ids = torch.arange(8)[None]
    torch.testing.assert_close(critic.read(critic.token(ids))[0], space.read(space.token(ids))[0])


def test_poems_are_read_to_their_end_and_cut_where_they_are_too_long() -> None:
    g = game()
    bench = g.bench(g.generators["generator"])
    batch = lesson()
    poem = batch.paired[0][:4]
    assert bench.potentials([poem], None)[2].sum().item() == 5
    cut = replace(bench, tokens=3)
    style, relevance, there = cut.potentials([poem], None)
    assert there.sum().item() == 3
    assert relevance is None
    torch.testing.assert_close(style[0], bench.potentials([poem], None)[0][0, :3])


def test_verdicts_are_the_log_odds_at_the_end_of_each_poem() -> None:
    g = game()
    bench, batch = g.bench(g.generators["generator"]), lesson()
    fits, reads = bench.verdicts(batch.paired, batch.codes)
    for row, poem in enumerate(batch.paired):
        style, relevance, there = bench.potentials([poem], batch.codes[row : row + 1])
        assert relevance is not None
        assert float(fits[row]) == pytest.approx(float(relevance[0, there.sum() - 1]), abs=1e-5)
        assert float(reads[row]) == pytest.approx(float(style[0, there.sum() - 1]), abs=1e-5)
