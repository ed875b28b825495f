"""The style network: its formulas against those of the papers, its codes, and what follows from a code alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import Draw, latents
from gansuite.image import networks
from gansuite.image.networks import style
from gansuite.image.networks.parts import EPSILON, GAIN, ModulatedLayer

from .style_models import SPEC


def build(seed: int = 0, **changes: Any) -> tuple[style.Generator, style.Discriminator]:
    generator, discriminator = networks.build({**SPEC, **changes}, seed)
    assert isinstance(generator, style.Generator)
    assert isinstance(discriminator, style.Discriminator)
    return generator, discriminator


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("resolution", "layers"), [(32, 5), (48, 5), (64, 7), (80, 7), (128, 9)])
def test_a_latent_becomes_a_code_a_picture_and_a_logit(resolution: int, layers: int) -> None:
    generator, discriminator = build(resolution=resolution)
    code = generator.code(noise(2, 8))
    assert code.shape == (2, layers * 8)
    pictures = generator.decode(code)
    assert pictures.shape == (2, 3, resolution, resolution)
    assert float(pictures.detach().abs().max()) < 1
    assert discriminator(pictures).shape == (2,)


def test_pictures_and_logits_are_float32_under_bf16_autocast() -> None:
    generator, discriminator = build()
    with torch.autocast("cpu", torch.bfloat16):
        pictures = generator(noise(2, 8))
        assert pictures.dtype == discriminator(pictures).dtype == torch.float32


def test_the_first_pictures_are_grey_and_not_saturated() -> None:
    assert 0.05 < float(build(resolution=64, width=32, latent=64)[0](noise(8, 64)).detach().std()) < 0.5


# ------------------------------------------------------------------ the formulas


@settings(max_examples=12, deadline=None)
@given(st.booleans(), st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(0, 99))
def test_a_modulated_convolution_is_the_paper_s(double: bool, a: int, b: int, side: int, seed: int) -> None:
    """Karras et al. 2020, eqs. 1 and 3, sample by sample, with a kernel for each."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = ModulatedLayer(a, b, 3, double)
    x, styles = noise(2, a, side, side, seed=seed), noise(2, 3, seed=seed + 1)
    for i, scales in enumerate(layer.affine(styles)):
        kernel = layer.convolution.weight * scales[:, None, None]
        kernel = kernel / (kernel.square().sum((1, 2, 3), keepdim=True) + EPSILON).sqrt()
        seen = interpolate(x[i : i + 1], scale_factor=2, mode="nearest") if double else x[i : i + 1]
        expected = GAIN * conv2d(seen, kernel, padding=1)
        torch.testing.assert_close(layer.modulated(x, styles)[i : i + 1], expected, atol=1e-4, rtol=1e-4)


def test_noise_comes_with_a_strength_that_begins_at_0() -> None:
    layer, x, styles = ModulatedLayer(2, 3, 4, False), noise(1, 2, 5, 5), noise(1, 4)
    plain = layer(x, styles, torch.zeros(1, 1, 5, 5))
    assert torch.equal(layer(x, styles, noise(1, 1, 5, 5)), plain)
    layer.strength.data.fill_(0.5)
    assert not torch.equal(layer(x, styles, noise(1, 1, 5, 5)), plain)


def test_the_signal_keeps_its_strength_through_all_layers() -> None:
    generator, _ = build(width=16, resolution=64, latent=32)
    x, styles = generator.start.expand(8, -1, -1, -1), generator.style(noise(8, 32))
    for layer in generator.layers:
        x = layer(x, styles, torch.zeros(1, 1, 1, 1))
        assert 0.5 < float(x.detach().square().mean().sqrt()) < 2


def test_only_the_direction_of_a_latent_counts() -> None:
    generator, z = build()[0], noise(2, 8)
    torch.testing.assert_close(generator.code(5 * z), generator.code(z))


def test_the_mapping_learns_ten_times_more_slowly() -> None:
    """A step of the same length on every weight moves a plain layer of the same numbers ten times as much."""
    mapping, x = style.Mapping(4, 4), noise(1, 4)
    layer = mapping.layers[0]
    with torch.no_grad():
        before = style.MAPPING_RATE * layer(x)
        layer.weight.add_(0.01)
        torch.testing.assert_close(style.MAPPING_RATE * layer(x) - before, (0.001 * x.sum()).expand(1, 4))


# ------------------------------------------------------------------ codes


def test_truncation_pulls_styles_towards_their_mean() -> None:
    generator, z = build()[0], noise(3, 8)
    mean, whole = generator.code(z, None, 0.0), generator.code(z)
    torch.testing.assert_close(mean[0], mean[1])
    torch.testing.assert_close(mean[0, :8], generator.typical_styles().mean(0))
    torch.testing.assert_close(generator.code(z, None, 0.25), mean + (whole - mean) / 4)


def test_each_label_has_a_mean_of_its_own() -> None:
    generator = build(labels=("a", "b"))[0]
    labels = torch.tensor([1, 0, 1])
    means = generator.code(noise(3, 8), labels, 0.0)
    torch.testing.assert_close(means[0], means[2])
    assert not torch.allclose(means[0], means[1], atol=1e-3)
    torch.testing.assert_close(means[1:2], generator.code(noise(1, 8), torch.tensor([0]), 0.0))


def test_a_walk_between_codes_is_a_straight_line() -> None:
    generator = build()[0]
    a, b = generator.code(noise(2, 8))
    torch.testing.assert_close(generator.between(a, b, 0.25), 0.75 * a + 0.25 * b)
    assert torch.equal(generator.between(a, b, 1.0), b)


def test_a_picture_follows_from_its_code_alone() -> None:
    generator, again = build()[0], build()[0]
    for one in (generator, again):
        for layer in one.layers:
            layer.strength.data.fill_(0.3)
    code = generator.code(noise(4, 8))
    together = generator.decode(code)
    torch.testing.assert_close(together[2:3], generator.decode(code[2:3]), atol=1e-5, rtol=0)
    assert torch.equal(together, again.decode(code))
    assert "noise" not in generator.state_dict()


@pytest.mark.parametrize(
    ("resolution", "coarse", "middle", "fine"),
    [
        (32, [4], [8, 8], [16, 32]),
        (48, [6], [12, 12], [24, 48]),
        (64, [4, 8, 8], [16, 16], [32, 64]),
        (128, [4, 8, 8], [16, 16, 32, 32], [64, 128]),
        (512, [4, 8, 8], [16, 16, 32, 32], [64, 64, 128, 128, 256, 512]),
    ],
)
def test_which_layers_are_coarse_middle_and_fine(
    resolution: int, coarse: list[int], middle: list[int], fine: list[int]
) -> None:
    generator = build(resolution=resolution)[0]
    found = [[generator.sides[i] for i in generator.layers_of(band)] for band in style.BANDS]
    assert found == [coarse, middle, fine]
    assert generator.layers_of("all") == list(range(len(generator.layers)))


def test_layers_that_are_not_there_are_refused() -> None:
    with pytest.raises(GansuiteError, match="corse") as caught:
        build()[0].layers_of("corse")
    assert "coarse" in caught.value.remedy


# ------------------------------------------------------------------ in training


def drawn(rows: slice = slice(None), total: int = 400) -> dict[str, Tensor]:
    return build()[0].inputs(Draw(seed=1, step=2, total=total, rows=rows))


def test_half_of_the_rows_mix_two_latents_from_any_layer_on() -> None:
    crossover = drawn()["crossover"]
    assert set(crossover.tolist()) == {1, 2, 3, 4, 5}
    assert 0.4 < float((crossover == 5).float().mean()) < 0.6


def test_a_process_draws_its_rows_of_the_whole_batch() -> None:
    whole, part = drawn(), drawn(slice(8, 12))
    for name, numbers in part.items():
        assert torch.equal(numbers, whole[name][8:12])


def test_from_the_crossover_on_the_second_latent_rules() -> None:
    generator = build()[0]
    z, other = noise(2, 8), noise(2, 8, seed=1)
    fixed = {"other": other, "noise": generator.noise.expand(2, -1)}
    never, at_once = (
        generator(z, crossover=torch.tensor([5, 5]), **fixed),
        generator(z, crossover=torch.zeros(2), **fixed),
    )
    torch.testing.assert_close(never, generator(z))
    torch.testing.assert_close(at_once, generator(other))
    styles = torch.cat([generator.styles(generator.code(z))[:, :2], generator.styles(generator.code(other))[:, 2:]], 1)
    torch.testing.assert_close(
        generator(z, crossover=torch.tensor([2, 2]), **fixed), generator.decode(styles.flatten(1))
    )


def test_every_weight_gets_a_gradient() -> None:
    generator, discriminator = build(labels=("a", "b"))
    labels = torch.tensor([0, 1, -1, 0])
    inputs = generator.inputs(Draw(seed=0, step=0, total=4, rows=slice(None)))
    discriminator(generator(labels=labels, **inputs), labels).sum().backward()
    for module in (generator, discriminator):
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name


def test_a_logit_does_not_depend_on_the_other_pictures() -> None:
    discriminator, x = build()[1], noise(4, 3, 32, 32)
    alone = torch.cat([discriminator(row[None]) for row in x])
    torch.testing.assert_close(discriminator(x), alone, atol=1e-5, rtol=1e-5)


def test_the_description_and_the_weights_make_the_same_generator() -> None:
    generator = build(labels=("a",), resolution=48)[0]
    again = networks.build_generator(networks.describe(generator, "style"))
    again.load_state_dict(generator.state_dict())
    code = latents([1, 2], generator.code(noise(1, 8)).shape[1])
    assert torch.equal(again.decode(code), generator.decode(code))
