"""Reference networks from plain .npz files, recognised by the names of their arrays, not by the file's.

Known are MobileNetV2 (ImageNet, int8 weights with one scale a channel), SqueezeNet 1.1 (ImageNet) and the
CIFAR ResNets. Nothing is unpickled: a file that holds Python objects is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from gansuite.core.errors import GansuiteError
from gansuite.image.features.base import (
    HALF,
    IMAGENET_DEVIATION,
    IMAGENET_MEAN,
    NetworkExtractor,
    Preparation,
)
from gansuite.image.features.cifar_resnet import CifarResNet
from gansuite.image.features.mobilenetv2 import MobileNetV2
from gansuite.image.features.squeezenet import SqueezeNet

Arrays: TypeAlias = Mapping[str, npt.NDArray[Any]]

IMAGENET_SIDE = 128  # ImageNet networks see little in smaller pictures, which are enlarged to it
CIFAR_SIDE = 32  # CIFAR networks know no other size


class Reference(NamedTuple):
    """A network, how its pictures are prepared, and what its features are multiplied by."""

    name: str
    network: nn.Module
    prepare: Preparation
    multiply: float = 1.0


def load_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an .npz file.

    Raises:
        GansuiteError: there is no such file, it is not an .npz file, or it holds pickled Python objects.
    """
    try:
        with np.load(path) as file:
            return dict(file)
    except FileNotFoundError:
        raise GansuiteError(f"There is no file {path}.", "Check the path.") from None
    except (OSError, ValueError, TypeError, EOFError, BadZipFile) as error:
        raise GansuiteError(
            f"{path} is not an .npz file of plain arrays ({error}).",
            "Save the weights with numpy.savez, without Python objects.",
        ) from None


def _mobilenet(arrays: Arrays) -> Reference:
    """int8 weights (out, in, k, k) times scale (out,) are the weights."""
    state = {key: torch.from_numpy(value) for key, value in arrays.items() if key.endswith(".bias")}
    for key in arrays:
        layer, found, _ = key.partition(".weight_int8")
        if found:
            weight = arrays[key].astype(np.float32) * arrays[f"{layer}.scale"][:, None, None, None]
            state[f"{layer}.weight"] = torch.from_numpy(weight)
    network = MobileNetV2(classes=len(state["classifier.bias"]))
    return Reference("mobilenetv2-imagenet", _filled(network, state), Preparation(HALF, HALF, IMAGENET_SIDE))


def _squeezenet(arrays: Arrays) -> Reference:
    """Features are divided by ten: they are large, and the kernel distance cubes them."""
    network = _filled(SqueezeNet(len(arrays["classifier.1.bias"])), _floats(arrays))
    prepare = Preparation(IMAGENET_MEAN, IMAGENET_DEVIATION, IMAGENET_SIDE)
    return Reference("squeezenet-imagenet", network, prepare, multiply=0.1)


def _cifar(arrays: Arrays) -> Reference:
    blocks = len({key.split(".")[1] for key in arrays if key.startswith("layer1.")})
    network = _filled(CifarResNet(blocks, len(arrays["linear.bias"])), _floats(arrays))
    prepare = Preparation(IMAGENET_MEAN, IMAGENET_DEVIATION, CIFAR_SIDE, exact=True)
    return Reference(f"resnet{6 * blocks + 2}-cifar10", network, prepare)


def _floats(arrays: Arrays) -> dict[str, Tensor]:
    return {key: torch.from_numpy(value).float() for key, value in arrays.items()}


def _filled(network: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """The network with these weights, frozen, in evaluation mode."""
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


KINDS = {
    "features.1.depthwise.weight_int8": _mobilenet,
    "features.3.squeeze.weight": _squeezenet,
    "layer1.0.conv1.weight": _cifar,
}


def reference_network(arrays: Arrays, source: str = "These arrays") -> Reference:
    """The network whose weights these are.

    Args:
        arrays: weights by name.
        source: what to call the arrays in an error.

    Raises:
        GansuiteError: no known network has such arrays, or some are missing or of the wrong shape.
    """
    kind = next((make for key, make in KINDS.items() if key in arrays), None)
    if kind is None:
        raise GansuiteError(
            f"{source} are not the weights of MobileNetV2, SqueezeNet 1.1 or a CIFAR ResNet.",
            "Give one of these as .npz, a transformers folder, or an .onnx file.",
        )
    try:
        return kind(arrays)
    except (KeyError, RuntimeError, IndexError, TypeError, ValueError) as error:
        raise GansuiteError(
            f"{source} look like {kind.__name__.strip('_')} weights but do not fit that network: {error}.",
            "Save all of its arrays again, under their original names.",
        ) from None


def npz_extractor(path: Path, device: torch.device) -> NetworkExtractor:
    """The network in an .npz file as an extractor on `device`.

    ImageNet networks see pictures with a shorter side below 128 enlarged to it, bilinearly; CIFAR networks see all
    pictures as 32 x 32.

    Raises:
        GansuiteError: the file cannot be read or holds no known network.
    """
    reference = reference_network(load_arrays(path), f"The arrays in {path}")
    return NetworkExtractor(
        name=reference.name,
        network=reference.network.to(device),
        prepare=reference.prepare,
        device=device,
        multiply=reference.multiply,
    )
