"""From what a person types to an extractor."""

from __future__ import annotations

from pathlib import Path

import torch

from gansuite.core.errors import GansuiteError
from gansuite.image.features.base import Extractor
from gansuite.image.features.npz import npz_extractor
from gansuite.image.features.onnx import onnx_extractor
from gansuite.image.features.pretrained import folder_extractor
from gansuite.image.features.pyramid import random_pyramid

ACCEPTED = "'random', an .npz file with reference weights, a transformers folder, or an .onnx file"


def extractor(spec: str | Path | None = None, device: torch.device | str = "cpu") -> Extractor:
    """The extractor that `spec` names.

    Args:
        spec: None or "random" for the random pyramid; the path of an .npz file with the weights of MobileNetV2,
            SqueezeNet 1.1 or a CIFAR ResNet; of a transformers folder; or of an .onnx file.
        device: where it runs; ONNX networks always run on the CPU.

    Raises:
        GansuiteError: `spec` is none of these, or what it names cannot be read.
    """
    device = torch.device(device)
    if spec is None or str(spec) == "random":
        return random_pyramid(device)
    path = Path(spec).expanduser()
    if path.suffix == ".npz":
        return npz_extractor(path, device)
    if path.suffix == ".onnx":
        return onnx_extractor(path)
    if path.is_dir():
        return folder_extractor(path, device)
    found = "is of another kind" if path.exists() else "does not exist"
    raise GansuiteError(f"The features '{spec}' are unknown: as a path it {found}.", f"Give {ACCEPTED}.")
