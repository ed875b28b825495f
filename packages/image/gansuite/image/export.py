"""A generator of pictures as an ONNX file, for whatever runs those: needs the `[export]` extra."""

from __future__ import annotations

import importlib
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from gansuite.core.errors import GansuiteError
from gansuite.core.files import write_atomically
from gansuite.image.networks.parts import Generator
from gansuite.image.sampler import load_sampler

NEEDED = ("onnx", "onnxscript")


class Drawing(nn.Module):
    """z float32 (N, Z) and, where labels steer, labels int64 (N,) to pictures float32 (N, 3, S, S) in [-1, 1]."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.generator.decode(self.generator.code(z, labels))


def write_onnx(name: str, out: Path) -> Path:
    """Write the generator of an image model as ONNX; any number of pictures can be drawn at once.

    Its inputs are `z`, standard normal, and, where labels steer the model, `labels`, their numbers in the order of its
    config.json or -1 for none; its output is `pictures`.

    Args:
        name: of the model (see `core.library.find_model`).
        out: a path that ends in .onnx.

    Raises:
        GansuiteError: there is no such model for pictures, the path has another suffix, or the extra is missing.
    """
    if out.suffix.lower() != ".onnx":
        raise GansuiteError(f"{out} is not the name of an ONNX file.", f"Use --out {out.with_suffix('.onnx')}.")
    _require_extra()
    write_atomically(out, _exported(load_sampler(name).generator))
    return out


def _exported(generator: Generator) -> bytes:
    size = generator.config
    inputs: dict[str, Tensor] = {"z": torch.zeros(2, size.latent)}
    if size.labels:
        inputs["labels"] = torch.zeros(2, dtype=torch.int64)
    many = {0: torch.export.Dim("count")}
    with TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            Drawing(generator).eval(),
            tuple(inputs.values()),
            path,
            input_names=list(inputs),
            output_names=["pictures"],
            dynamic_shapes=tuple(many for _ in inputs),
            external_data=False,
            dynamo=True,
        )
        return path.read_bytes()


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter tells its steps and its own deprecations, which are nobody's business here."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


def _require_extra() -> None:
    for module in NEEDED:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise GansuiteError(
                f"Writing ONNX needs {module}, which is not installed.", "Type: pip install 'gansuite[export]'"
            ) from error
