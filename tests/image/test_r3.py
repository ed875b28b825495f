"""The `r3` tier: the scale its formulas promise, blocks that begin as nothing, and a penalty that counts."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gansuite.core import penalties
from gansuite.image import networks
from gansuite.image.networks import r3
from gansuite.image.networks.parts import Size


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def build(resolution: int = 32, width: int = 8, labels: tuple[str, ...] = ()) -> tuple[nn.Module, nn.Module]:
    return networks.build(
        {"name": "r3", "resolution": resolution, "width": width, "latent": 6, "labels": labels}, seed=0
    )


@pytest.mark.parametrize("resolution", [32, 40, 48, 56, 64])
def test_a_latent_becomes_a_picture_and_a_picture_a_logit(resolution: int) -> None:
    generator, discriminator = build(resolution)
    pictures = generator(noise(3, 6))
    assert pictures.shape == (3, 3, resolution, resolution)
    assert float(pictures.detach().abs().max()) <= 1
    assert discriminator(pictures).shape == (3,)


def test_labels_steer_both_players() -> None:
    generator, discriminator = build(labels=("ink", "oil"))
    z = noise(2, 6)
    ink, oil = (generator(z, torch.full((2,), label)) for label in (0, 1))
    assert not torch.equal(ink, oil)
    nn.init.normal_(discriminator.label_shift.embedding.weight)
    assert not torch.equal(*(discriminator(ink, torch.full((2,), label)) for label in (0, 1)))


def test_a_sample_depends_on_no_other() -> None:
    generator, discriminator = build()
    z = noise(4, 6)
    assert torch.allclose(generator(z)[:1], generator(z[:1]), atol=1e-6)
    assert torch.allclose(discriminator(generator(z))[:1], discriminator(generator(z[:1])), atol=1e-5)


# ------------------------------------------------------------------ the initialisation


def test_every_block_begins_as_the_identity() -> None:
    x = noise(2, 16, 5, 5)
    assert torch.equal(r3.Block(16, 10)(x), x)
    blocks = [m for player in build() for m in player.modules() if isinstance(m, r3.Block)]
    assert len(blocks) == 2 * 4  # two players, 4 to 32 px
    assert all(not block.contract.weight.any() for block in blocks)


def test_weights_inside_a_block_have_the_spread_of_the_formula() -> None:
    """sqrt(2 / 1.04) 10^(-1/4) / sqrt(fan_in): 0.0689 for 128 inputs, 0.0919 for 9 x 8."""
    torch.manual_seed(0)
    block = r3.Block(128, 10)
    assert float(block.expand.weight.detach().std()) == pytest.approx(0.0689, rel=0.02)
    assert float(block.mix.weight.detach().std()) == pytest.approx(0.0919, rel=0.02)
    assert not block.expand.bias.any()


@pytest.mark.parametrize("resolution", [32, 64])
def test_the_first_pictures_are_grey_and_the_first_logits_of_order_one(resolution: int) -> None:
    generator, discriminator = build(resolution, width=16)
    pictures = generator(noise(64, 6)).detach()
    assert 0.02 < float(pictures.std()) < 0.4
    assert 0.01 < float(discriminator(noise(64, 3, resolution, resolution)).detach().std()) < 5


def test_wide_networks_have_the_two_blocks_of_the_paper() -> None:
    assert [r3.blocks_of(Size(width=width)) for width in (8, 32, 64, 96)] == [1, 1, 2, 2]


# ------------------------------------------------------------------ resampling


def same(a: int) -> tuple[r3.Up, r3.Down]:
    """Resampling alone: 1x1 convolutions that change nothing."""
    up, down = r3.Up(a, a), r3.Down(a, a)
    for turn in (up.turn, down.turn):
        nn.init.dirac_(turn.weight)
    return up, down


def test_resampling_is_bilinear() -> None:
    """Up: three parts of the nearer pixel, one of the other. Down: two parts of the middle, one of each side."""
    up, down = same(2)
    line = torch.tensor([0.0, 4.0]).expand(1, 2, 2, 2)
    assert torch.allclose(up(line), torch.tensor([0.0, 1, 3, 4]).expand(1, 2, 4, 4))
    x = noise(1, 2, 6, 6)
    kernel = torch.tensor([1.0, 2, 1]) / 4
    rows = x[:, :, 1:4] * kernel[:, None]  # what the pixel (1, 1) is made from
    assert torch.allclose(down(x)[0, :, 1, 1], (rows[..., 1:4] * kernel).sum((2, 3))[0], atol=1e-6)
    assert torch.allclose(down(torch.ones(1, 2, 6, 6))[:, :, 1:, 1:], torch.ones(1, 2, 2, 2))


# ------------------------------------------------------------------ learning


@pytest.mark.parametrize("penalty", [penalties.r1, penalties.r2])
def test_the_penalty_moves_the_discriminator(penalty: object) -> None:
    """Twice differentiated, through activations written in place."""
    _, discriminator = build()
    for block in (m for m in discriminator.modules() if isinstance(m, r3.Block)):
        nn.init.normal_(block.contract.weight, std=0.1)
    penalty(discriminator, noise(2, 3, 32, 32), 1.0).backward()  # type: ignore[operator]
    moved = [n for n, p in discriminator.named_parameters() if p.grad is not None and bool(p.grad.any())]
    assert {"from_rgb.weight", "basis", "to_logit.weight", "levels.0.0.mix.weight", "downs.0.turn.weight"} <= {*moved}


def test_the_penalty_is_the_gradient_by_finite_differences() -> None:
    _, discriminator = build()
    discriminator.double()
    for block in (m for m in discriminator.modules() if isinstance(m, r3.Block)):
        nn.init.normal_(block.contract.weight, std=0.1)
    x, step = noise(1, 3, 32, 32).double(), 1e-4  # logits are float32
    direction = noise(1, 3, 32, 32, seed=1).double()
    x.requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminator(x).sum(), x)
    with torch.no_grad():
        slope = (discriminator(x + step * direction) - discriminator(x - step * direction)) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(float(slope), rel=1e-2)
    assert float(penalties.r1(discriminator, x, 2.0).detach()) == pytest.approx(
        float(gradient.square().sum()), rel=1e-5
    )


def test_every_weight_learns_once_blocks_have_begun() -> None:
    generator, discriminator = build()
    for player in (generator, discriminator):
        for block in (m for m in player.modules() if isinstance(m, r3.Block)):
            nn.init.normal_(block.contract.weight, std=0.1)
    discriminator(generator(noise(4, 6))).sum().backward()
    for player in (generator, discriminator):
        assert all(p.grad is not None and bool(p.grad.any()) for p in player.parameters())
