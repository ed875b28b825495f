"""`fast`: what its parts compute, by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from gansuite.core.randomness import Draw
from gansuite.image import networks
from gansuite.image.networks import fast
from gansuite.image.networks.parts import Size, channels_of


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def spec(**changes: Any) -> dict[str, Any]:
    return {"name": "fast", "resolution": 32, "width": 8, "latent": 6, **changes}


def test_a_quarter_is_the_one_that_the_number_chooses() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4).repeat(4, 1, 1, 1)
    found = fast.quarter(x, torch.tensor([0.1, 0.3, 0.6, 0.99]))
    assert found[:, 0].tolist() == [
        [[0, 1], [4, 5]],
        [[2, 3], [6, 7]],
        [[8, 9], [12, 13]],
        [[10, 11], [14, 15]],
    ]


def test_the_distance_of_a_drawing_by_hand() -> None:
    """A drawing 1 too bright in every second column: L1 is 1/2 at all three scales, since pooling keeps its mean."""
    real = torch.zeros(1, 3, 16, 16)
    drawn = torch.zeros(1, 3, 8, 8)
    drawn[..., ::2] = 1
    assert float(fast.distance(drawn, real)) == pytest.approx(0.5)
    drawn[..., 1::2] = -1  # as far pixel by pixel as a whole, but nothing is left of it from afar
    assert float(fast.distance(drawn, real)) == pytest.approx(1 / 3)


def test_a_work_is_made_small_before_it_is_compared() -> None:
    real = noise(2, 3, 32, 32)
    small = torch.nn.functional.avg_pool2d(real, 4)
    assert float(fast.distance(small, real)) == pytest.approx(0.0, abs=1e-6)


def test_an_excitation_begins_near_one_and_chooses_whole_channels() -> None:
    excite = fast.Excitation(3, 5)
    coarse, fine = noise(2, 3, 4, 4), noise(2, 5, 16, 16)
    share = (excite(coarse, fine) / fine).detach()
    torch.testing.assert_close(share, share[..., :1, :1].expand_as(share), atol=1e-4, rtol=1e-4)
    assert float(share.min()) > 0
    assert float(share.max()) < 2
    excite.choose.weight.data.zero_()
    excite.choose.bias.data.zero_()
    torch.testing.assert_close(excite(coarse, fine), fine)


def test_the_discriminator_learns_to_redraw_what_it_sees() -> None:
    _, discriminator = networks.build(spec(), seed=0)
    works = torch.zeros(4, 3, 32, 32)
    works[:2, 0], works[2:, 2, :16] = 0.8, -0.8
    optimiser = torch.optim.Adam(discriminator.parameters(), lr=3e-3)
    u, losses = torch.tensor([0.1, 0.4, 0.6, 0.9]), []
    for _ in range(30):
        _, lessons = discriminator.study(works, None, u)
        optimiser.zero_grad()
        lessons["reconstruction"].backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(lessons["reconstruction"].detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_every_place_is_judged_and_the_whole_weighs_as_much() -> None:
    """32 px are seen as 8 x 8 features before the last: 64 places, and the whole as often."""
    _, discriminator = networks.build(spec(), seed=0)
    works = noise(1, 3, 32, 32).repeat(2, 1, 1, 1)
    works[1, :, 0, 0] += 1
    one, other = discriminator(works).detach()
    assert one.shape == (128,)
    assert torch.equal(one[:64], one[:1].expand(64))
    changed = (one != other).nonzero().flatten().tolist()
    assert 64 in changed
    assert 127 not in changed  # a far corner of the work is another lesson


def test_fakes_are_never_redrawn() -> None:
    _, discriminator = networks.build(spec(), seed=0)
    works, u = noise(4, 3, 32, 32), torch.tensor([0.1, 0.9])
    changed = torch.cat([works[:2], -works[2:]])
    one, other = (discriminator.study(x, None, u)[1]["reconstruction"] for x in (works, changed))
    assert torch.equal(one, other)
    torch.testing.assert_close(discriminator.study(works, None, u)[0], discriminator(works))


def test_noise_is_new_in_training_and_the_same_in_every_sample() -> None:
    generator, _ = networks.build(spec(), seed=0)
    assert isinstance(generator, fast.Generator)
    assert generator.sides == [8]  # of 8, 16 and 32: none in the two finest levels
    z = noise(2, 6)
    assert torch.equal(generator(z), generator.decode(generator.code(z)))
    assert not torch.equal(generator(z), generator(z, noise=noise(2, 8**2)))
    inputs = generator.inputs(Draw(seed=0, step=0, total=4, rows=slice(None)))
    assert inputs["noise"].shape == (4, 8**2)
    assert not torch.equal(inputs["noise"][0], inputs["noise"][1])
    assert "noise" not in generator.state_dict()


@pytest.mark.parametrize("resolution", [32, 64, 128])
def test_channels_halve_towards_the_finest_level(resolution: int) -> None:
    generator, discriminator = networks.build(spec(resolution=resolution), seed=0)
    assert isinstance(generator, fast.Generator)
    assert isinstance(discriminator, fast.Discriminator)
    assert generator.to_rgb.in_channels == 8
    assert channels_of(Size(width=8), 6) == [8, 16, 32, 64, 64, 64]
