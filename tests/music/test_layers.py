"""What the networks are made of: maps for each track, binary neurons with their gradients, legal notes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import conv1d, conv2d
from torch.nn.utils.parametrize import register_parametrization

from gansuite.core.errors import GansuiteError
from gansuite.music.networks.layers import (
    Block,
    Norm,
    PrivateLinear,
    PrivateSpectralNorm,
    binarise,
    check_neurons,
    legal,
)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def private(tracks: int, a: int, b: int, seed: int = 0) -> PrivateLinear:
    """One with biases that are not 0."""
    layer = PrivateLinear(tracks, a, b)
    layer.weight.data, layer.bias.data = noise(tracks, a, b, seed=seed), noise(tracks, b, seed=seed + 1)
    return layer


# ------------------------------------------------------------------ a map for each track


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), st.lists(st.integers(1, 3), max_size=3), st.integers(0, 99))
def test_each_track_has_a_linear_map_of_its_own(batch: int, tracks: int, inner: list[int], seed: int) -> None:
    layer, x = private(tracks, 4, 3, seed), noise(batch, tracks, *inner, 4, seed=seed)
    out = layer(x)
    assert out.shape == (batch, tracks, *inner, 3)
    for k in range(tracks):
        torch.testing.assert_close(out[:, k], x[:, k] @ layer.weight[k] + layer.bias[k], atol=1e-5, rtol=1e-5)


def test_a_track_does_not_touch_another() -> None:
    layer, x = private(3, 4, 2), noise(2, 3, 5, 4)
    other = x.clone()
    other[:, 1] += 1
    changed = (layer(x) != layer(other)).flatten(2).any(2)
    assert changed.tolist() == [[False, True, False]] * 2


def test_it_is_a_convolution_whose_kernel_is_its_stride() -> None:
    """Four steps of three channels to a beat: a convolution of kernel and stride 4."""
    layer, x = private(1, 4 * 3, 5), noise(2, 1, 16, 3)
    patches = layer(x.unflatten(2, (4, 4)).flatten(3))  # (B, 1, beats, 5)
    kernel = layer.weight[0].T.unflatten(1, (4, 3)).transpose(1, 2)  # (5, channels, steps)
    convolved = conv1d(x[:, 0].transpose(1, 2), kernel, layer.bias[0], stride=4)
    torch.testing.assert_close(patches[:, 0], convolved.transpose(1, 2), atol=1e-5, rtol=1e-5)


def test_an_octave_is_a_convolution_over_twelve_pitches() -> None:
    """(steps, 84 pitches, 2 channels) by a kernel of 1 x 12 and the same stride, as in the published critics."""
    layer, x = private(1, 24, 4), noise(3, 1, 6, 84, 2)
    octaves = layer(x.unflatten(3, (7, 12)).flatten(4))  # (B, 1, steps, 7, 4)
    kernel = layer.weight[0].T.unflatten(1, (12, 2)).transpose(1, 2).unsqueeze(2)  # (4, 2, 1, 12)
    convolved = conv2d(x[:, 0].permute(0, 3, 1, 2), kernel, layer.bias[0], stride=(1, 12))
    torch.testing.assert_close(octaves[:, 0], convolved.permute(0, 2, 3, 1), atol=1e-5, rtol=1e-5)


def test_it_keeps_the_variance_behind_the_rectifier() -> None:
    """He et al. 2015: inputs of unit mean square, rectified outputs of the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = PrivateLinear(4, 400, 300)
    out = nn.functional.leaky_relu(layer(noise(50, 4, 400)), 0.2)
    assert float(out.detach().square().mean()) == pytest.approx(1, rel=0.05)


def test_spectral_norm_divides_each_track_by_its_largest_singular_value() -> None:
    layer, weight = private(3, 6, 4), noise(3, 6, 4)
    layer.weight.data = weight * torch.tensor([1.0, 10.0, 0.1])[:, None, None]
    register_parametrization(layer, "weight", PrivateSpectralNorm(layer.weight))
    for _ in range(30):
        layer(noise(2, 3, 6))
    largest = torch.linalg.matrix_norm(weight, 2)
    torch.testing.assert_close(layer.weight, weight / largest[:, None, None], atol=1e-4, rtol=1e-4)


def test_a_normalised_weight_learns_and_rests_in_evaluation() -> None:
    layer = private(2, 5, 3)
    register_parametrization(layer, "weight", PrivateSpectralNorm(layer.weight))
    layer(noise(4, 2, 5)).square().sum().backward()
    (original,) = (p for name, p in layer.named_parameters() if "weight" in name)
    assert original.grad is not None
    assert float(original.grad.abs().max()) > 0
    layer.eval()
    before = {name: buffer.clone() for name, buffer in layer.named_buffers()}
    layer(noise(4, 2, 5))
    assert all(torch.equal(buffer, before[name]) for name, buffer in layer.named_buffers())


# ------------------------------------------------------------------ norms and attention


def test_batch_norm_goes_over_all_but_the_channels() -> None:
    x = 3 * noise(4, 5, 2, 6) + 1
    out = Norm("batch", 6)(x)
    assert out.shape == x.shape
    torch.testing.assert_close(out.mean((0, 1, 2)), torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.square().mean((0, 1, 2)), torch.ones(6), atol=1e-3, rtol=0)
    assert Norm("none", 6)(x) is x


def test_attention_sees_all_tokens_and_not_their_order() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        block = Block(8, 4)
    x = noise(2, 5, 8)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(block(x[:, order]), block(x)[:, order], atol=1e-5, rtol=1e-5)
    other = x.clone()
    other[:, 2, 0] += 1
    assert bool((block(x) != block(other)).any(2).all())


def test_attention_is_that_of_the_textbook() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        block = Block(8, 2)
    block.mlp[-1].weight.data.zero_()
    block.mlp[-1].bias.data.zero_()
    x = noise(3, 6, 8)
    reference = nn.MultiheadAttention(8, 2, batch_first=True)
    reference.in_proj_weight.data, reference.in_proj_bias.data = block.qkv.weight.data, block.qkv.bias.data
    reference.out_proj.weight.data, reference.out_proj.bias.data = block.out.weight.data, block.out.bias.data
    normed = block.norms[0](x)
    torch.testing.assert_close(block(x), x + reference(normed, normed, normed)[0], atol=1e-5, rtol=1e-5)


# ------------------------------------------------------------------ binary neurons

LOGITS = (-2.0, -0.1, 0.0, 0.1, 2.0)


def fired(kind: str, slope: float, noise: Tensor | None = None) -> tuple[list[float], list[float]]:
    """What the neurons say to LOGITS, and the gradient of the sum."""
    x = torch.tensor(LOGITS, requires_grad=True)
    out = binarise(x, kind, slope, noise)
    out.sum().backward()
    assert x.grad is not None
    return out.tolist(), x.grad.tolist()


def derivative(slope: float) -> list[float]:
    """s p (1 - p) with p = sigmoid(s x)."""
    p = 1 / (1 + np.exp(-slope * np.array(LOGITS)))
    return list(slope * p * (1 - p))


@pytest.mark.parametrize("slope", [1.0, 3.0])
def test_deterministic_neurons_fire_above_one_half(slope: float) -> None:
    said, gradient = fired("deterministic", slope)
    assert said == pytest.approx([0, 0, 0, 1, 1])
    assert gradient == pytest.approx(derivative(slope), rel=1e-4)


@pytest.mark.parametrize("slope", [1.0, 3.0])
def test_stochastic_neurons_fire_above_their_noise(slope: float) -> None:
    """sigmoid(-2) = 0.119, sigmoid(2) = 0.881; at three times the slope 0.0025 and 0.9975."""
    bars = torch.tensor([0.1, 0.5, 0.4, 0.6, 0.9])
    said, gradient = fired("stochastic", slope, bars)
    assert said == pytest.approx([1, 0, 1, 0, 0] if slope == 1 else [0, 0, 1, 0, 1])
    assert gradient == pytest.approx(derivative(slope), rel=1e-4)


def test_stochastic_neurons_without_noise_are_deterministic() -> None:
    assert fired("stochastic", 2.0) == fired("deterministic", 2.0)


def test_stochastic_neurons_fire_as_often_as_their_probability() -> None:
    bars = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    said = binarise(torch.full((20_000,), 0.7), "stochastic", 1.0, bars)
    assert float(said.mean()) == pytest.approx(1 / (1 + np.exp(-0.7)), abs=0.01)


@pytest.mark.parametrize("slope", [1.0, 3.0])
def test_threshold_neurons_say_the_probability(slope: float) -> None:
    said, gradient = fired("threshold", slope)
    assert said == pytest.approx([float(1 / (1 + np.exp(-slope * x))) for x in LOGITS])
    assert gradient == pytest.approx(derivative(slope), rel=1e-4)


def test_unknown_neurons_are_named_with_what_there_is() -> None:
    with pytest.raises(GansuiteError, match="no 'binary' neurons") as caught:
        check_neurons("binary")
    assert "threshold, deterministic, stochastic" in caught.value.remedy


# ------------------------------------------------------------------ legal notes


def slowly_legal(onset: list[bool], hold: list[bool]) -> list[bool]:
    """A cell goes on if it is held, and the cell before was struck or goes on itself."""
    found: list[bool] = []
    sounds = False
    for struck, held in zip(onset, hold, strict=True):
        found.append(held and not struck and sounds)
        sounds = struck or found[-1]
    return found


Steps = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=24)


@settings(max_examples=300, deadline=None)
@given(Steps)
def test_legal_holds_are_those_of_a_slow_reference(steps: list[tuple[bool, bool]]) -> None:
    onset, hold = zip(*steps, strict=True)
    found = legal(torch.tensor(onset).float()[:, None], torch.tensor(hold).float()[:, None])
    assert found[:, 0].tolist() == slowly_legal(list(onset), list(hold))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 0.95))
def test_every_pitch_of_every_track_is_judged_by_itself(seed: int, share: float) -> None:
    onset, hold = np.random.default_rng(seed).random((2, 2, 3, 16, 5)) < share
    found = legal(torch.from_numpy(onset).float(), torch.from_numpy(hold).float()).numpy()
    for phrase, track, pitch in np.ndindex(2, 3, 5):
        slow = slowly_legal(onset[phrase, track, :, pitch].tolist(), hold[phrase, track, :, pitch].tolist())
        assert found[phrase, track, :, pitch].tolist() == slow


def test_a_held_cell_above_one_half_counts() -> None:
    onset, hold = torch.tensor([[0.9], [0.2], [0.4]]), torch.tensor([[0.0], [0.51], [0.5]])
    assert legal(onset, hold)[:, 0].tolist() == [False, True, False]
