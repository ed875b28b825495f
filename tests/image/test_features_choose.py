"""From what a person types to an extractor: transformers folders, ONNX files, and what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from gansuite.core.errors import GansuiteError
from gansuite.image.features import NetworkExtractor, extractor

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)
TINY = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
VISION = {**TINY, "image_size": 32, "patch_size": 8}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(0)
    text = {**TINY, "vocab_size": 20, "max_position_embeddings": 8}
    CLIPModel(CLIPConfig(text_config=text, vision_config=VISION, projection_dim=12)).save_pretrained(tmp_path)
    return tmp_path


def saved_vit(folder: Path, pooling: bool = True) -> Any:
    from transformers import ViTConfig, ViTModel

    torch.manual_seed(0)
    network = ViTModel(ViTConfig(**VISION), add_pooling_layer=pooling)
    network.save_pretrained(folder)
    return network.eval()


def told(folder: Path, **words: object) -> None:
    (folder / "preprocessor_config.json").write_text(json.dumps(words), "utf-8")


def prepared(chosen: object) -> Any:
    assert isinstance(chosen, NetworkExtractor)
    return chosen.prepare


# -- transformers folders ----------------------------------------------------------------------------------


def test_a_clip_folder_gives_its_projected_image_features(clip: Path) -> None:
    chosen = extractor(str(clip))
    features = chosen(PICTURES)
    assert features.shape == (3, 12)
    assert features.dtype == np.float32
    assert chosen.name == f"clip ({clip.name})"
    assert not chosen.relative
    np.testing.assert_array_equal(features, extractor(str(clip))(PICTURES))


def test_a_vit_folder_gives_its_pooled_output(tmp_path: Path) -> None:
    network = saved_vit(tmp_path)
    told(tmp_path, size={"height": 32, "width": 32}, image_mean=[0.5] * 3, image_std=[0.25] * 3)
    pictures = PICTURES[:, :32, :32]
    pixels = (torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255 - 0.5) / 0.25
    with torch.no_grad():
        expected = network(pixel_values=pixels).pooler_output.numpy()
    np.testing.assert_allclose(extractor(tmp_path)(pictures), expected, atol=1e-5)


def test_a_pooling_layer_that_the_files_lack_is_not_trusted(tmp_path: Path) -> None:
    saved_vit(tmp_path, pooling=False)
    features = [extractor(tmp_path)(PICTURES) for _ in range(2)]
    np.testing.assert_array_equal(*features)


@pytest.mark.parametrize(
    ("words", "side", "mean", "deviation"),
    [
        ({}, 32, 0.5, 0.5),
        ({"size": 24}, 24, 0.5, 0.5),
        ({"size": {"shortest_edge": 40}, "crop_size": {"height": 36, "width": 36}}, 36, 0.5, 0.5),
        ({"size": {"shortest_edge": 40}, "image_mean": [0.1] * 3, "image_std": [0.2] * 3}, 40, 0.1, 0.2),
        ({"do_normalize": False, "image_mean": [0.1] * 3}, 32, 0.0, 1.0),
    ],
)
def test_the_preprocessor_file_is_obeyed(
    words: dict[str, object], side: int, mean: float, deviation: float, tmp_path: Path
) -> None:
    saved_vit(tmp_path)
    told(tmp_path, **words)
    prepare = prepared(extractor(tmp_path))
    assert (prepare.side, prepare.exact) == (side, True)
    assert (prepare.mean, prepare.deviation) == ((mean,) * 3, (deviation,) * 3)


def break_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x00" * 64)


def break_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "nothing-known"}')


def lose_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    state.pop(next(key for key in state if "embeddings" in key))
    save_file(state, folder / "model.safetensors", {"format": "pt"})


def offer_code(folder: Path) -> None:
    (folder / "evil.py").write_text("from pathlib import Path\nPath(__file__).with_name('ran').touch()\n")
    (folder / "config.json").write_text(
        json.dumps({"model_type": "evil", "auto_map": {"AutoConfig": "evil.C", "AutoModel": "evil.M"}})
    )


@pytest.mark.parametrize(
    ("harm", "cause"),
    [
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "no .safetensors"),
        (break_weights, "could not be loaded"),
        (break_config, "could not be loaded"),
        (lose_weights, "lack 1 weights"),
        (offer_code, "could not be loaded"),
    ],
)
def test_unusable_folders_are_named_and_no_code_is_run(
    harm: Callable[[Path], object], cause: str, tmp_path: Path
) -> None:
    saved_vit(tmp_path)
    harm(tmp_path)
    with pytest.raises(GansuiteError, match=cause):
        extractor(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_language_model_is_refused(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    BertModel(BertConfig(**TINY, vocab_size=20)).save_pretrained(tmp_path)
    with pytest.raises(GansuiteError, match="takes input_ids, not pictures"):
        extractor(tmp_path)


# -- ONNX --------------------------------------------------------------------------------------------------


def fake_onnxruntime(shape: list[object], output: Callable[[np.ndarray], np.ndarray]) -> ModuleType:
    """A module with the two calls that the extractor makes, and a record of what it was given."""
    module = ModuleType("onnxruntime")
    module.seen = []  # type: ignore[attr-defined]

    class InferenceSession:
        def __init__(self, path: str, providers: list[str]) -> None:
            if not Path(path).read_bytes().startswith(b"onnx"):
                raise RuntimeError("bad protobuf")

        def get_inputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(name="pictures", shape=shape)]

        def run(self, names: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            module.seen.append(feed["pictures"])  # type: ignore[attr-defined]
            return [output(feed["pictures"])]

    module.InferenceSession = InferenceSession  # type: ignore[attr-defined]
    return module


def means(x: np.ndarray) -> np.ndarray:
    return x.mean((2, 3))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "net.onnx").write_bytes(b"onnx")
    return tmp_path / "net.onnx"


def test_an_onnx_file_without_onnxruntime_says_what_to_install(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(GansuiteError, match="not installed") as caught:
        extractor(file)
    assert "gansuite[onnx]" in caught.value.remedy


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        (["batch", 3, "h", "w"], [(3, 3, 40, 40)]),
        ([None, 3, 24, 24], [(3, 3, 24, 24)]),
        ([1, 3, 24, 24], [(1, 3, 24, 24)] * 3),
    ],
)
def test_an_onnx_file_gets_pictures_of_the_shape_it_asks_for(
    file: Path, shape: list[object], sizes: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = fake_onnxruntime(shape, means)
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    chosen = extractor(file)
    assert chosen(PICTURES).shape == (3, 3)
    assert chosen.name == "onnx (net.onnx)"
    assert [x.shape for x in runtime.seen] == sizes


def test_onnx_pictures_are_in_minus_one_to_one_and_maps_are_averaged(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", fake_onnxruntime(["n", 3, "h", "w"], lambda x: x))
    pictures = np.zeros((2, 8, 8, 3), np.uint8)
    pictures[1] = 255
    np.testing.assert_allclose(extractor(file)(pictures), [[-1] * 3, [1] * 3], atol=1e-6)


@pytest.mark.parametrize("shape", [["n", 5], ["n", 1, 28, 28], ["n", 3, 8, 8, 8]])
def test_an_onnx_file_that_takes_no_pictures_is_refused(
    file: Path, shape: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", fake_onnxruntime(shape, means))
    with pytest.raises(GansuiteError, match="expected \\(batch, 3, height, width\\)"):
        extractor(file)


def test_broken_and_unwilling_onnx_files_are_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(x: np.ndarray) -> np.ndarray:
        raise RuntimeError("wrong size")

    monkeypatch.setitem(sys.modules, "onnxruntime", fake_onnxruntime(["n", 3, "h", "w"], refuse))
    with pytest.raises(GansuiteError, match="refused pictures of shape"):
        extractor(file)(PICTURES)
    file.write_bytes(b"something else")
    with pytest.raises(GansuiteError, match="not a readable ONNX network: bad protobuf"):
        extractor(file)
    with pytest.raises(GansuiteError, match="There is no file"):
        extractor(file.with_name("absent.onnx"))


# -- anything else -----------------------------------------------------------------------------------------


def test_anything_else_is_refused_with_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="does not exist") as caught:
        extractor("inception")
    assert "'random'" in caught.value.remedy
    assert ".npz" in caught.value.remedy
    (tmp_path / "weights.pth").write_bytes(b"pickled")
    with pytest.raises(GansuiteError, match="of another kind"):
        extractor(tmp_path / "weights.pth")
