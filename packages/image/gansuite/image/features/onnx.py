"""A network from an .onnx file, through onnxruntime (the `[onnx]` extra)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.image.features.base import HALF, NetworkExtractor, Preparation


def onnx_extractor(path: Path) -> NetworkExtractor:
    """The network in an .onnx file as an extractor; it runs on the CPU.

    Its first input must take pictures (B, 3, H, W); they are given in [-1, 1]. Where the file fixes H and W,
    pictures are brought to that (square) size. Of its first output, (B, D) are the features as they are; of
    (B, D, h, w), the means over h and w.

    Raises:
        GansuiteError: onnxruntime is not installed, or the file cannot be read or does not take pictures.
    """
    session = _session(path)
    entry = session.get_inputs()[0]
    batch, channels, side = (list(entry.shape) + [None] * 3)[:3]
    if len(entry.shape) != 4 or (isinstance(channels, int) and channels != 3):
        raise GansuiteError(
            f"The first input of {path} has shape {entry.shape}; expected (batch, 3, height, width).",
            "Export the network again so that it takes RGB pictures in [-1, 1].",
        )
    fixed = side if isinstance(side, int) else None
    return NetworkExtractor(
        name=f"onnx ({path.name})",
        network=_network(session, entry.name, path),
        prepare=Preparation(HALF, HALF, fixed, exact=fixed is not None),
        device=torch.device("cpu"),
        batch=batch if isinstance(batch, int) else 32,
    )


def _session(path: Path) -> Any:
    """An onnxruntime session on the CPU."""
    try:
        import onnxruntime
    except ImportError:
        raise GansuiteError(
            f"Reading {path} needs onnxruntime, which is not installed.",
            "Type: pip install 'gansuite[onnx]'",
        ) from None
    if not path.is_file():
        raise GansuiteError(f"There is no file {path}.", "Check the path.")
    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no public base class
        raise GansuiteError(f"{path} is not a readable ONNX network: {error}", "Export it again.") from None


def _network(session: Any, entry: str, path: Path) -> Callable[[Tensor], Tensor]:
    """The session as a function of tensors: (B, 3, H, W) to (B, D)."""

    def run(x: Tensor) -> Tensor:
        try:
            output = torch.as_tensor(session.run(None, {entry: x.contiguous().numpy()})[0])
        except Exception as error:
            raise GansuiteError(
                f"{path} refused pictures of shape {tuple(x.shape)}: {error}",
                "Give pictures of the size it was made for, or export it with free sizes.",
            ) from None
        return output.mean((2, 3)) if output.ndim == 4 else output.flatten(1)

    return run
