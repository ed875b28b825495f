"""Reference networks: exact on the reference vectors, and recognised by their arrays alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gansuite.core.errors import GansuiteError
from gansuite.image.features import extractor, load_arrays, lpips, npz_extractor, reference_network
from gansuite.image.features.base import IMAGENET_DEVIATION, IMAGENET_MEAN, Preparation, as_tensor
from gansuite.image.features.cifar_resnet import BasicBlock, CifarResNet
from gansuite.image.features.mobilenetv2 import MobileNetV2, SameConv
from gansuite.image.features.squeezenet import SqueezeNet

EVAL = Path(__file__).resolve().parents[2].parent / "shared" / "eval"
CPU = torch.device("cpu")
needs_vectors = pytest.mark.skipif(
    not (EVAL / "test_vectors.npz").exists(), reason="reference weights are not beside the repository"
)
FILES = {
    "mobilenetv2": "mobilenetv2_1.0_imagenet_int8.npz",
    "squeezenet": "squeezenet1_1_imagenet_fp16.npz",
    "resnet20": "cifar10_resnet20.npz",
    "resnet56": "cifar10_resnet56.npz",
}


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def plain_arrays(network: nn.Module) -> dict[str, np.ndarray]:
    state = network.state_dict()
    return {key: value.numpy() for key, value in state.items() if not key.endswith("num_batches_tracked")}


def int8_arrays(network: nn.Module) -> dict[str, np.ndarray]:
    """Weights as int8 with a scale per output channel, and the network changed to hold just those."""
    arrays = {}
    with torch.no_grad():
        for key, value in network.named_parameters():
            if key.endswith(".bias"):
                arrays[key] = value.numpy()
                continue
            scale = value.abs().amax((1, 2, 3)) / 127
            whole = (value / scale[:, None, None, None]).round()
            value.copy_(whole * scale[:, None, None, None])
            arrays[f"{key}_int8"] = whole.to(torch.int8).numpy()
            arrays[key.replace("weight", "scale")] = scale.numpy()
    return arrays


def made(kind: str) -> tuple[nn.Module, dict[str, np.ndarray]]:
    """A network with random weights, and the arrays that a file of it would hold."""
    torch.manual_seed(0)
    if kind == "mobilenetv2":
        network: nn.Module = MobileNetV2(classes=7).eval()
        return network, int8_arrays(network)
    network = SqueezeNet(classes=5) if kind == "squeezenet" else CifarResNet(blocks=3 if kind == "resnet20" else 9)
    return network.eval(), plain_arrays(network)


EXPECTED = {
    "mobilenetv2": ("mobilenetv2-imagenet", 1280, 1.0, Preparation(side=128)),
    "squeezenet": ("squeezenet-imagenet", 512, 0.1, Preparation(IMAGENET_MEAN, IMAGENET_DEVIATION, 128)),
    "resnet20": ("resnet20-cifar10", 64, 1.0, Preparation(IMAGENET_MEAN, IMAGENET_DEVIATION, 32, exact=True)),
    "resnet56": ("resnet56-cifar10", 64, 1.0, Preparation(IMAGENET_MEAN, IMAGENET_DEVIATION, 32, exact=True)),
}


@pytest.mark.parametrize("kind", list(EXPECTED))
def test_a_network_is_recognised_by_its_arrays_and_runs(kind: str, tmp_path: Path) -> None:
    network, arrays = made(kind)
    np.savez(tmp_path / "anything.npz", **arrays)
    chosen, (name, size, multiply, prepare) = extractor(str(tmp_path / "anything.npz")), EXPECTED[kind]
    pictures = noise(3, 40, 48, 3)
    features = chosen(pictures)
    assert (chosen.name, chosen.relative, features.shape, features.dtype) == (name, False, (3, size), np.float32)
    with torch.no_grad():
        expected = network(prepare(as_tensor(pictures, CPU))) * multiply
    np.testing.assert_allclose(features, expected.numpy(), rtol=1e-3, atol=1e-4)


@needs_vectors
@pytest.mark.parametrize("kind", list(FILES))
def test_features_and_logits_equal_the_reference(kind: str) -> None:
    chosen = npz_extractor(EVAL / FILES[kind], CPU)
    with np.load(EVAL / "test_vectors.npz") as vectors:
        pictures = vectors["cifar_u8" if kind.startswith("resnet") else "art_u8"]
        features, logits = vectors[f"{kind}_feat"], vectors[f"{kind}_logits"]
    found = chosen(pictures) / chosen.multiply
    np.testing.assert_allclose(found, features, atol=1e-3)
    network = reference_network(load_arrays(EVAL / FILES[kind])).network
    entry = chosen.prepare(as_tensor(pictures, CPU)) if kind == "squeezenet" else torch.from_numpy(found)
    with torch.no_grad():
        np.testing.assert_allclose(network.logits(entry).numpy(), logits, atol=1e-3)


@needs_vectors
def test_lpips_equals_the_reference() -> None:
    network = reference_network(load_arrays(EVAL / FILES["squeezenet"])).network
    lin = {key: torch.from_numpy(v) for key, v in load_arrays(EVAL / "lpips_squeeze_lin_v0.1.npz").items()}
    with np.load(EVAL / "test_vectors.npz") as vectors:
        art, noisy = (as_tensor(v, CPU) * 2 - 1 for v in (vectors["art_u8"], vectors["art0_noisy_u8"][None]))
        (first, second), values = vectors["lpips_pairs"].T, vectors["lpips_values"]
        noisy_value = float(vectors["lpips_art0_noisy"])
    assert isinstance(network, SqueezeNet)
    with torch.no_grad():
        np.testing.assert_allclose(lpips(network, lin, art[first], art[second]), values, atol=1e-4)
        assert lpips(network, lin, art[:1], noisy).item() == pytest.approx(noisy_value, abs=1e-4)


def test_lpips_is_zero_for_equal_pictures_symmetric_and_differentiable() -> None:
    network, _ = made("squeezenet")
    assert isinstance(network, SqueezeNet)
    lin = {f"lin{i}": torch.rand(c) for i, c in enumerate((64, 128, 256, 384, 384, 512, 512))}
    a, b = (torch.rand(2, 3, 48, 48, requires_grad=True) for _ in "ab")
    there, back = lpips(network, lin, a, b), lpips(network, lin, b, a)
    assert there.shape == (2,)
    assert (there > 0).all()
    torch.testing.assert_close(there, back)
    torch.testing.assert_close(lpips(network, lin, a, a), torch.zeros(2))
    there.sum().backward()
    assert a.grad is not None
    assert a.grad.abs().sum() > 0


# -- parts of the networks, by hand ------------------------------------------------------------------------


def test_same_padding_of_an_even_size_is_right_and_bottom_only() -> None:
    conv = SameConv(1, 1, 3, stride=2)
    nn.init.ones_(conv.weight)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    picture = torch.arange(16.0).reshape(1, 1, 4, 4)
    # the window at the top left covers rows and columns 0 to 2; the one at the bottom right 2 and 3 only
    expected = [[0 + 1 + 2 + 4 + 5 + 6 + 8 + 9 + 10, 2 + 3 + 6 + 7 + 10 + 11], [8 + 9 + 10 + 12 + 13 + 14, 50]]
    assert conv(picture)[0, 0].tolist() == expected


def test_same_padding_of_an_odd_size_is_the_same_on_all_sides() -> None:
    conv = SameConv(1, 1, 3, stride=2)
    nn.init.ones_(conv.weight)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    assert conv(torch.ones(1, 1, 5, 5))[0, 0].tolist() == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]


def test_option_a_shortcut_takes_every_other_pixel_and_pads_channels_on_both_sides() -> None:
    block = BasicBlock(2, 4).eval()
    for parameter in block.parameters():
        nn.init.zeros_(parameter)  # so that only the shortcut is left
    x = torch.arange(1.0, 33.0).reshape(1, 2, 4, 4)
    y = block(x)
    assert y[0, 1].tolist() == [[1, 3], [9, 11]]
    assert y[0, 2].tolist() == [[17, 19], [25, 27]]
    assert y[0, [0, 3]].abs().sum() == 0


# -- picture sizes -----------------------------------------------------------------------------------------


def sizes_seen(prepare: Preparation, height: int, width: int) -> tuple[int, int]:
    return tuple(prepare(torch.rand(1, 3, height, width)).shape[2:])  # type: ignore[return-value]


def test_small_pictures_are_enlarged_and_large_ones_left_alone() -> None:
    prepare = Preparation(side=128)
    assert sizes_seen(prepare, 64, 64) == (128, 128)
    assert sizes_seen(prepare, 64, 96) == (128, 192)
    assert sizes_seen(prepare, 256, 200) == (256, 200)
    assert sizes_seen(Preparation(side=None), 64, 64) == (64, 64)
    assert sizes_seen(Preparation(side=32, exact=True), 100, 60) == (32, 32)


def test_enlarging_is_plain_bilinear_and_shrinking_does_not_alias() -> None:
    row = torch.tensor([0.0, 1.0]).expand(1, 3, 2, 2)
    seen = Preparation((0, 0, 0), (1, 1, 1), side=4)(row)
    torch.testing.assert_close(seen[0, 0, 0], torch.tensor([0, 0.25, 0.75, 1]))
    stripes = torch.tensor([0.0, 1.0]).repeat(32).expand(1, 3, 64, 64)
    seen = Preparation((0, 0, 0), (1, 1, 1), side=8, exact=True)(stripes)
    torch.testing.assert_close(seen[..., 1:-1], torch.full((1, 3, 8, 6), 0.5), atol=0.02, rtol=0)


def test_normalisation_is_per_colour() -> None:
    seen = Preparation((0.1, 0.2, 0.3), (0.5, 1.0, 2.0))(torch.full((1, 3, 2, 2), 0.6))
    torch.testing.assert_close(seen[0, :, 0, 0], torch.tensor([1.0, 0.4, 0.15]))


def test_an_imagenet_network_sees_small_pictures_enlarged(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", **made("squeezenet")[1])
    chosen, small = extractor(tmp_path / "weights.npz"), noise(2, 32, 32, 3)
    large = torch.nn.functional.interpolate(as_tensor(small, CPU), [128, 128], mode="bilinear")
    with torch.no_grad():
        expected = chosen.network(Preparation(IMAGENET_MEAN, IMAGENET_DEVIATION)(large)) * chosen.multiply
    np.testing.assert_allclose(chosen(small), expected.numpy(), rtol=1e-4, atol=1e-5)


# -- what a person reads when something is wrong -----------------------------------------------------------


def save_pickled(path: Path) -> None:
    np.savez(path, weights=np.array([{"a": 1}], dtype=object))


def save_incomplete(path: Path) -> None:
    arrays = made("resnet20")[1]
    del arrays["layer3.2.bn2.running_var"]
    np.savez(path, **arrays)


def save_misshapen(path: Path) -> None:
    arrays = made("squeezenet")[1]
    arrays["features.0.weight"] = arrays["features.0.weight"][:, :1]
    np.savez(path, **arrays)


def save_without_scale(path: Path) -> None:
    arrays = made("mobilenetv2")[1]
    del arrays["features.5.project.scale"]
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("save", "cause"),
    [
        (lambda path: None, "There is no file"),
        (lambda path: path.write_bytes(b""), "not an .npz file"),
        (lambda path: path.write_text("not weights"), "not an .npz file"),
        (lambda path: path.write_bytes(b"PK\x03\x04broken"), "not an .npz file"),
        (lambda path: np.save(path.open("wb"), np.zeros(3)), "not an .npz file"),
        (save_pickled, "not an .npz file of plain arrays"),
        (lambda path: np.savez(path, a=np.zeros(3)), "not the weights of MobileNetV2"),
        (save_incomplete, "look like cifar weights but do not fit"),
        (save_misshapen, "look like squeezenet weights but do not fit"),
        (save_without_scale, "look like mobilenet weights but do not fit"),
    ],
)
def test_unusable_files_are_named(save: Callable[[Path], object], cause: str, tmp_path: Path) -> None:
    save(tmp_path / "weights.npz")
    with pytest.raises(GansuiteError, match=cause):
        extractor(tmp_path / "weights.npz")
