"""`gansuite models export`: a generator as ONNX draws what PyTorch draws."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from gansuite.cli import app
from gansuite.core.errors import GansuiteError
from gansuite.image.export import write_onnx
from gansuite.image.sampler import load_sampler
from image.small_models import save_model

SMALL = {"resolution": 32, "width": 8, "latent": 8}
TIERS: list[dict[str, Any]] = [
    {"name": "r3", **SMALL},
    {"name": "r3", **SMALL, "resolution": 40, "labels": ("ink", "oil")},
    {"name": "dcgan", **SMALL, "labels": ("ink", "oil")},
    {"name": "fast", **SMALL},
    {"name": "style", **SMALL},
    {"name": "dcgan-classic", **SMALL},
]


def run(file: Path, feed: dict[str, np.ndarray]) -> np.ndarray:
    """What an ONNX file makes of its inputs: by onnxruntime, or by the reference that comes with onnx."""
    try:
        from onnxruntime import InferenceSession

        session: Any = InferenceSession(str(file), providers=["CPUExecutionProvider"])
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        session = ReferenceEvaluator(str(file))
    pictures: np.ndarray = session.run(None, feed)[0]
    return pictures


@pytest.fixture
def exporter() -> None:
    for module in ("onnx", "onnxscript"):
        pytest.importorskip(module, reason=f"ONNX is written by {module}: pip install 'gansuite[export]'")


@pytest.mark.usefixtures("exporter")
@pytest.mark.parametrize("spec", TIERS, ids=lambda spec: f"{spec['name']}{'-labels' * ('labels' in spec)}")
def test_the_file_draws_what_the_model_draws(spec: dict[str, Any], tmp_path: Path) -> None:
    model, out = save_model(tmp_path / "model", spec=spec), tmp_path / "model.onnx"
    assert write_onnx(str(model), out) == out
    sampler = load_sampler(model)
    for count in (1, 3):
        latents, labels = sampler.latents(range(count)), torch.arange(count) % 3 - 1
        with torch.inference_mode():
            pictures = sampler.generator.decode(sampler.generator.code(latents, labels)).numpy()
        feed = {"z": latents.numpy()} | ({"labels": labels.numpy()} if "labels" in spec else {})
        drawn = run(out, feed)
        assert drawn.shape == pictures.shape
        assert np.abs(drawn - pictures).max() < 1e-4


def test_a_missing_extra_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(GansuiteError, match="needs onnx, which is not installed") as told:
        write_onnx(str(save_model(tmp_path / "model")), tmp_path / "model.onnx")
    assert told.value.remedy == "Type: pip install 'gansuite[export]'"


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="not the name of an ONNX file"):
        write_onnx("anything", tmp_path / "model.png")


def test_the_command_needs_an_out_and_refuses_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("onnx", "onnxscript"):
        monkeypatch.setitem(sys.modules, module, sys)
    assert CliRunner().invoke(app, ["models", "export", "dcgan"]).exit_code == 2
    told = CliRunner().invoke(app, ["models", "export", "not-there", "--out", str(tmp_path / "a.onnx")])
    assert isinstance(told.exception, GansuiteError)
    assert not (tmp_path / "a.onnx").exists()
