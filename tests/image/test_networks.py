"""What every network for pictures promises, and what each of the two alone does."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

from gansuite.core.errors import GansuiteError
from gansuite.image import networks
from gansuite.image.networks import dcgan_classic
from gansuite.image.networks.parts import ModulatedNorm, Size, UpConvolution, channels_of

NAMES = ("dcgan", "dcgan-classic")


def spec(name: str, resolution: int = 32, width: int = 8, latent: int = 6) -> dict[str, Any]:
    return {"name": name, "resolution": resolution, "width": width, "latent": latent}


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("resolution", [32, 48, 56, 64, 80])
def test_a_latent_becomes_a_picture_and_a_picture_a_logit(name: str, resolution: int) -> None:
    generator, discriminator = networks.build(spec(name, resolution), seed=0)
    pictures = generator(noise(3, 6))
    assert pictures.shape == (3, 3, resolution, resolution)
    assert pictures.dtype == torch.float32
    assert float(pictures.detach().abs().max()) <= 1
    logits = discriminator(pictures)
    assert logits.shape == (3,)
    assert logits.dtype == torch.float32


@pytest.mark.parametrize("name", NAMES)
def test_pictures_and_logits_are_float32_under_bf16_autocast(name: str) -> None:
    """The losses and the tanh must not be rounded to eight bits."""
    generator, discriminator = networks.build(spec(name), seed=0)
    with torch.autocast("cpu", torch.bfloat16):
        pictures = generator(noise(2, 6))
        assert pictures.dtype == discriminator(pictures).dtype == torch.float32


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_gets_a_gradient(name: str) -> None:
    generator, discriminator = networks.build(spec(name), seed=0)
    discriminator(generator(noise(4, 6))).sum().backward()
    for module in (generator, discriminator):
        for parameter_name, parameter in module.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert torch.isfinite(parameter.grad).all(), parameter_name


@pytest.mark.parametrize("name", NAMES)
def test_the_weights_are_a_function_of_the_seed(name: str) -> None:
    one, same, other = (networks.build(spec(name), seed) for seed in (3, 3, 4))
    for a, b, c in zip(one, same, other, strict=True):
        for weight, again in zip(a.state_dict().values(), b.state_dict().values(), strict=True):
            assert torch.equal(weight, again)
        assert not torch.equal(next(a.parameters()), next(c.parameters()))


def test_building_leaves_the_global_random_numbers_alone() -> None:
    before = torch.random.get_rng_state()
    networks.build(spec("dcgan"), seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", NAMES)
def test_the_description_of_a_generator_builds_it_again(name: str) -> None:
    generator, _ = networks.build(spec(name, 48), seed=0)
    described = networks.describe(generator, name)
    assert described == {**spec(name, 48), "labels": (), "shares": ()}
    again = networks.build_generator(described)
    again.load_state_dict(generator.state_dict())
    z = noise(2, 6)
    assert torch.equal(generator.eval()(z), again.eval()(z))


@pytest.mark.parametrize(
    ("typed", "remedy"), [("dcgan-clasic", "Did you mean 'dcgan-classic'?"), ("stylegan", "style")]
)
def test_an_unknown_network_is_named_with_what_there_is(typed: str, remedy: str) -> None:
    with pytest.raises(GansuiteError, match=typed) as caught:
        networks.build(spec(typed), seed=0)
    assert remedy in caught.value.remedy


# ------------------------------------------------------------------ dcgan


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 6), st.integers(0, 99))
def test_doubling_and_convolution_are_one_transposed_convolution(a: int, b: int, side: int, seed: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        up = UpConvolution(a, b)
    up.bias.data = noise(b, seed=seed)
    x = noise(2, a, side, side, seed=seed)
    textbook = conv2d(interpolate(x, scale_factor=2, mode="nearest"), up.weight, up.bias, padding=1)
    torch.testing.assert_close(up(x), textbook, atol=1e-5, rtol=1e-5)


def test_the_gradient_of_the_composed_convolution_is_that_of_the_textbook() -> None:
    up, x = UpConvolution(3, 4), noise(2, 3, 5, 5)
    (one,) = torch.autograd.grad(up(x).square().sum(), up.weight)
    textbook = conv2d(interpolate(x, scale_factor=2, mode="nearest"), up.weight, up.bias, padding=1)
    (other,) = torch.autograd.grad(textbook.square().sum(), up.weight)
    torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_a_modulated_norm_by_hand() -> None:
    """Scale and shift of 0 leave the group norm; z = 1 scales by 1 + s and shifts by t."""
    norm, x = ModulatedNorm(8, 1), noise(2, 8, 3, 3)
    norm.modulation.weight.data = torch.cat([torch.full((8, 1), 0.5), torch.full((8, 1), 3.0)])
    norm.modulation.bias.data.zero_()
    plain = torch.group_norm(x, 8)
    torch.testing.assert_close(norm(x, torch.zeros(2, 1)), plain)
    torch.testing.assert_close(norm(x, torch.ones(2, 1)), 1.5 * plain + 3)


@pytest.mark.parametrize("training", [True, False])
def test_a_dcgan_sample_does_not_depend_on_its_neighbours(training: bool) -> None:
    generator, discriminator = networks.build(spec("dcgan", 48), seed=0)
    generator.train(training)
    z = noise(4, 6)
    together, alone = generator(z), torch.cat([generator(row[None]) for row in z])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        discriminator(together), torch.cat([discriminator(p[None]) for p in together]), atol=1e-5, rtol=1e-5
    )


def test_channels_double_up_to_eight_times_the_width() -> None:
    assert channels_of(Size(width=16), 6) == [16, 32, 64, 128, 128, 128]


def test_latents_change_the_picture_at_every_level() -> None:
    """Even with the same start the modulation alone gives another picture."""
    generator, _ = networks.build(spec("dcgan"), seed=0)
    generator.start.weight.data.zero_()
    one, other = generator(noise(2, 6)).detach()
    assert float((one - other).abs().max()) > 0.1


@pytest.mark.parametrize("width", [0, 4, 12, -8])
def test_a_dcgan_width_that_groups_cannot_share_is_refused(width: int) -> None:
    with pytest.raises(GansuiteError, match=f"width is {width},") as caught:
        networks.build(spec("dcgan", width=width), seed=0)
    assert "--width 8" in caught.value.remedy


# ------------------------------------------------------------------ dcgan-classic


def test_the_classic_is_the_published_network() -> None:
    """The parameter counts of Radford et al. 2015 as pytorch/examples builds it: 64 px, ngf = ndf = 64, nz = 100."""
    generator, discriminator = networks.build(spec("dcgan-classic", 64, 64, 100), seed=0)
    assert parameters(generator) == 3_576_704
    assert parameters(discriminator) == 2_765_568


def test_the_classic_starts_from_the_published_weights() -> None:
    generator, _ = networks.build(spec("dcgan-classic", 64, 32, 100), seed=0)
    for module in generator.modules():
        if isinstance(module, nn.ConvTranspose2d):
            assert float(module.weight.detach().std()) == pytest.approx(0.02, rel=0.05)
        if isinstance(module, nn.BatchNorm2d):
            assert float(module.weight.detach().mean()) == pytest.approx(1, abs=0.02)
            assert not module.bias.detach().any()


def test_the_classic_has_no_norm_where_the_paper_has_none() -> None:
    _, discriminator = networks.build(spec("dcgan-classic"), seed=0)
    kinds = [type(layer).__name__ for layer in discriminator.layers]
    assert kinds[:3] == ["Conv2d", "LeakyReLU", "Conv2d"]
    assert kinds[-1] == "Conv2d"
    assert kinds.count("BatchNorm2d") == kinds.count("Conv2d") - 2
    assert dcgan_classic.ClassicConfig(resolution=512, width=8).channels() == [8, 16, 32, 64, 128, 128, 128]
