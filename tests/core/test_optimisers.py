"""Muon: an orthogonal move for the matrices inside a network, Adam for everything else."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.toys import fingerprint, toy
from gansuite.core.errors import GansuiteError
from gansuite.core.optimisers import FASTER, Muon, check_optimiser, orthogonal
from gansuite.core.trainer import Recipe

BETAS = (0.9, 0.99)
RECIPE = Recipe(batch_size=16, optimiser="muon", generator_lr=1e-3, discriminator_lr=1e-3, beta1=0.9, precision="fp32")


class Conv1D(nn.Module):
    """As transformers' GPT-2 has it: its matrix is stored inputs by outputs."""

    def __init__(self, outputs: int, inputs: int) -> None:
        super().__init__()
        self.nf = outputs
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 3))


def pushed(muon: Muon, steps: int, first: int = 0) -> None:
    """Some steps on gradients that follow from the number of the step."""
    for step in range(first, first + steps):
        for group in muon.param_groups:
            group["lr"] = 1e-2 / (1 + step)
            for number, parameter in enumerate(group["params"]):
                parameter.grad = noise(*parameter.shape, seed=100 * step + number)
        muon.step()


def moved(module: Any, gradient: Tensor, lr: float = 1e-3) -> Tensor:
    """What the first step on this gradient adds to the module's weight."""
    muon, before = Muon([module], BETAS), module.weight.detach().clone()
    for group in muon.param_groups:
        group["lr"] = lr
    module.weight.grad = gradient
    muon.step()
    return (module.weight.detach() - before) / lr


def quintic(value: float) -> float:
    """What five steps of the iteration make of a singular value."""
    for _ in range(5):
        value = 3.4445 * value - 4.7750 * value**3 + 2.0315 * value**5
    return value


# ------------------------------------------------------------------ the orthogonal move


@pytest.mark.parametrize("shape", [(40, 8), (8, 40), (12, 12), (1, 9), (9, 1)])
def test_singular_values_come_near_to_one(shape: tuple[int, int]) -> None:
    """And the directions stay as they were: U V' of the matrix, but for the size."""
    matrix = noise(*shape) * 37
    found = orthogonal(matrix)
    values = torch.linalg.svdvals(found)
    assert 0.68 < float(values.min()) <= float(values.max()) < 1.21
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    turned = u.T @ found @ v.T
    assert float((turned - turned.diagonal().diag()).abs().max()) < 1e-4


def test_half_the_bits_of_a_number_do() -> None:
    """What bf16 rounds off (1 in 256) moves singular values and directions a little."""
    matrix = noise(40, 8)
    with torch.autocast("cpu", torch.bfloat16):
        found = orthogonal(matrix)
    assert found.dtype == torch.float32
    values = torch.linalg.svdvals(found)
    assert 0.6 < float(values.min()) <= float(values.max()) < 1.3
    torch.testing.assert_close(found, orthogonal(matrix), rtol=0, atol=0.05)


def test_a_matrix_keeps_its_type_and_nothing_becomes_nothing() -> None:
    assert orthogonal(noise(3, 4).bfloat16()).dtype == torch.bfloat16
    assert not orthogonal(torch.zeros(3, 4)).any()


def test_the_first_step_by_hand() -> None:
    """The gradient turns by a quarter and doubles: both singular values are 2, that is 0.71 of its norm each."""
    gradient = torch.tensor([[0.0, 2.0], [-2.0, 0.0]])
    step = moved(nn.Linear(2, 2, bias=False), gradient)
    torch.testing.assert_close(step, -FASTER * quintic(math.sqrt(0.5)) * gradient / 2, atol=2e-3, rtol=1e-4)


def test_a_layer_with_more_outputs_than_inputs_moves_further() -> None:
    """Of a gradient of ones the only singular value is its norm; U is all 1 / sqrt(m n)."""
    size = FASTER * quintic(1.0) / 4
    for module, shape, factor in (
        (nn.Linear(8, 2, bias=False), (2, 8), 1.0),
        (nn.Linear(2, 8, bias=False), (8, 2), 2.0),
        (Conv1D(outputs=8, inputs=2), (2, 8), 2.0),
        (Conv1D(outputs=2, inputs=8), (8, 2), 1.0),
        (nn.Conv2d(4, 16, 1, bias=False), (16, 4, 1, 1), 2.0 / 2),
    ):
        step = moved(module, torch.ones(shape))
        torch.testing.assert_close(step, torch.full(shape, -size * factor), atol=2e-3, rtol=1e-4)


def test_momentum_turns_the_step_towards_where_it_went() -> None:
    """Nesterov: 0.05 g2 + 0.95 m2 with m2 = 0.95 * 0.05 g1 + 0.05 g2."""
    layer = nn.Linear(3, 3, bias=False)
    one, other = noise(3, 3, seed=1), noise(3, 3, seed=2)
    muon = Muon([layer], BETAS)
    for gradient in (one, other):
        before = layer.weight.detach().clone()
        layer.weight.grad = gradient.clone()
        muon.step()
    wanted = orthogonal(0.05 * other + 0.95 * (0.95 * 0.05 * one + 0.05 * other))
    torch.testing.assert_close(layer.weight.detach() - before, -FASTER * 1e-3 * wanted, atol=1e-6, rtol=1e-3)


# ------------------------------------------------------------------ who is moved how


def test_embeddings_and_vectors_go_to_adam_and_inner_matrices_do_not() -> None:
    made = network()
    groups = {group["kind"]: group["params"] for group in Muon([made], BETAS).param_groups}
    inner = {id(made[1].weight), id(made[3].weight)}
    assert {id(p) for p in groups["matrices"]} == inner
    assert {id(p) for p in groups["rest"]} == {id(p) for p in made.parameters()} - inner


def test_a_matrix_tied_to_an_embedding_is_an_embedding() -> None:
    words, out = nn.Embedding(7, 4), nn.Linear(4, 7, bias=False)
    out.weight = words.weight
    (group,) = Muon([nn.ModuleList([words, out])], BETAS).param_groups
    assert group["kind"] == "rest"
    assert len(group["params"]) == 1


def test_convolutions_are_matrices_but_for_those_that_read_colours() -> None:
    first, inner = nn.Conv2d(3, 8, 3, bias=False), nn.Conv2d(8, 4, 3, bias=False)
    groups = {group["kind"]: group["params"] for group in Muon([first, inner], BETAS).param_groups}
    assert groups["matrices"][0] is inner.weight
    assert groups["rest"][0] is first.weight
    step = moved(nn.Conv2d(8, 4, 3, bias=False), noise(4, 8, 3, 3))
    values = torch.linalg.svdvals(step.flatten(1)) / FASTER
    assert 0.68 < float(values.min()) <= float(values.max()) < 1.21


def test_its_adam_is_that_of_pytorch_step_for_step() -> None:
    """With a schedule, and a parameter that has no gradient at some steps."""
    mine, theirs = (nn.ModuleList([nn.Embedding(5, 4), nn.LayerNorm(4)]) for _ in range(2))
    theirs.load_state_dict(mine.state_dict())
    optimisers = Muon([mine], BETAS), torch.optim.Adam(theirs.parameters(), betas=BETAS, eps=1e-8)
    for step in range(12):
        for module, optimiser in zip((mine, theirs), optimisers, strict=True):
            optimiser.param_groups[0]["lr"] = 1e-2 * (1 + step % 3)
            for number, parameter in enumerate(module.parameters()):
                idle = number == 1 and step % 4 == 2
                parameter.grad = None if idle else noise(*parameter.shape, seed=10 * step + number)
            optimiser.step()
        for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


# ------------------------------------------------------------------ being saved


def test_a_saved_state_goes_on_to_the_same_bits() -> None:
    straight, first = network(), network()
    one, other = Muon([straight], BETAS), Muon([first], BETAS)
    pushed(one, 6)
    pushed(other, 3)
    second = network()
    second.load_state_dict(first.state_dict())
    restored = Muon([second], BETAS)
    restored.load_state_dict(other.state_dict())
    pushed(restored, 3, first=3)
    for mine, theirs in zip(straight.parameters(), second.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_training_with_muon_resumes_to_the_same_bits() -> None:
    straight, first, second = (toy(recipe=RECIPE) for _ in range(3))
    for trainer, steps in ((straight, 6), (first, 3)):
        for _ in range(steps):
            trainer.step()
    second.restore(first.state())
    for _ in range(3):
        second.step()
    assert fingerprint(second.state()) == fingerprint(straight.state())
    assert isinstance(second.optimisers["generator"], Muon)


def test_an_optimiser_is_chosen_by_name() -> None:
    check_optimiser("adam")
    with pytest.raises(GansuiteError, match="no optimiser 'muom'") as caught:
        replace(RECIPE, optimiser="muom")
    assert "muon" in caught.value.remedy
    assert caught.value.exit_code == 2
