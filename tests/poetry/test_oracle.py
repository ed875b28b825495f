"""The adversarial stage brings a poet nearer to a truth that is known: see `oracle`."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch

from .oracle import Figures, figures, known_world, learning_alone, rewarded


@pytest.fixture(scope="module")
def found() -> Mapping[str, Figures]:
    """Of what three poets write: after likelihood alone, after as many rounds more without a reward, and with one."""
    torch.set_num_threads(1)
    world = known_world(0)
    alone = learning_alone(world, 0)
    poets = {"likelihood": world.poet, **{name: rewarded(alone, name) for name in ("none", "style")}}
    return {name: figures(world, poet) for name, poet in poets.items()}


def test_a_critic_brings_the_poet_nearer_to_the_oracle_than_likelihood_does(found: Mapping[str, Figures]) -> None:
    assert found["style"].nats < found["none"].nats - 0.1
    assert found["style"].nats < found["likelihood"].nats - 0.2


def test_what_it_learns_is_neither_to_repeat_itself_nor_to_stop(found: Mapping[str, Figures]) -> None:
    assert found["style"].variety > 0.85 * found["likelihood"].variety
    assert found["style"].whole > 0.97
