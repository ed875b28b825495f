"""A network from a transformers folder (config.json and safetensors): CLIP, ViT, DINO and their like."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.image.features.base import HALF, NetworkExtractor, Preparation, Triple

USUAL_SIDE = 224


def folder_extractor(folder: Path, device: torch.device) -> NetworkExtractor:
    """The vision network of a transformers folder as an extractor.

    Pictures are brought to the square the network was made for, bilinearly; mean and deviation come from
    preprocessor_config.json, else 0.5. Only files of this folder are read, only safetensors, and no code of
    its is run.

    Raises:
        GansuiteError: not a transformers folder, no safetensors, weights missing, or a network without
            pictures.
    """
    _check_folder(folder)
    network, missing = _loaded(folder)
    _check_network(network, missing, folder)
    config = network.config.to_dict()
    return NetworkExtractor(
        name=f"{config.get('model_type', 'network')} ({folder.resolve().name})",
        network=_image_features(network.to(device).eval().requires_grad_(False), trust_pooler=not missing),
        prepare=_preparation(folder, config),
        device=device,
        batch=32,
    )


def _check_folder(folder: Path) -> None:
    """Raise GansuiteError unless config.json and safetensors are there."""
    if not (folder / "config.json").is_file():
        raise GansuiteError(
            f"{folder} has no config.json, so it is not a transformers folder.",
            "Give the folder that holds config.json and model.safetensors.",
        )
    if not any(folder.glob("*.safetensors")):
        raise GansuiteError(
            f"{folder} holds no .safetensors weights; other kinds are not opened, because they may run code.",
            "Save the network again with save_pretrained, which writes model.safetensors.",
        )


def _loaded(folder: Path) -> tuple[Any, list[str]]:
    """The network, and the names of its weights that the files lack."""
    from transformers import AutoModel

    try:
        network, report = AutoModel.from_pretrained(
            str(folder),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # transformers and safetensors share no base class for what a bad folder raises
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise GansuiteError(
            f"The network in {folder} could not be loaded: {reason}",
            "Check that the folder is complete and that transformers knows this kind of network.",
        ) from None
    return network, sorted(report["missing_keys"])


def _check_network(network: Any, missing: list[str], folder: Path) -> None:
    """Raise GansuiteError when it takes no pictures, or lacks weights other than the pooling layer's."""
    lost = [key for key in missing if "pooler" not in key]
    if lost:
        raise GansuiteError(
            f"The files in {folder} lack {len(lost)} weights of the network, such as {lost[0]}.",
            "Download or save the network again.",
        )
    if not hasattr(network, "get_image_features") and network.main_input_name != "pixel_values":
        raise GansuiteError(
            f"The network in {folder} takes {network.main_input_name}, not pictures.",
            "Give a vision network such as CLIP, ViT or DINO.",
        )


def _image_features(network: Any, trust_pooler: bool) -> Callable[[Tensor], Tensor]:
    """The network as a function of pictures (B, 3, S, S) that gives features (B, D)."""
    call = getattr(network, "get_image_features", network)
    return lambda x: _pooled(call(pixel_values=x), trust_pooler)


def _pooled(output: Any, trust_pooler: bool) -> Tensor:
    """(B, D) from whatever a network answers: the features themselves, its pooled output, or the class token.

    A pooling layer that the files lack was filled with random numbers, so it cannot be trusted.
    """
    if isinstance(output, Tensor):
        return output.flatten(1)
    pooled = getattr(output, "pooler_output", None)
    if pooled is None or not trust_pooler:
        pooled = output.last_hidden_state[:, 0]
    return torch.as_tensor(pooled).flatten(1)


def _preparation(folder: Path, config: dict[str, Any]) -> Preparation:
    """Picture size, mean and deviation: from preprocessor_config.json, else from the config."""
    path = folder / "preprocessor_config.json"
    told: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    sizes = (told.get("crop_size"), told.get("size"), config, config.get("vision_config"))
    side = next((side for side in map(_side, sizes) if side), USUAL_SIDE)
    if told.get("do_normalize") is False:
        return Preparation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), side, exact=True)
    return Preparation(_triple(told.get("image_mean")), _triple(told.get("image_std")), side, exact=True)


def _side(told: Any) -> int | None:
    """The picture size in 224, [224, 224], {"height": 224}, {"shortest_edge": 224} or {"image_size": 224}."""
    if isinstance(told, dict):
        told = next((told[key] for key in ("height", "shortest_edge", "image_size") if key in told), None)
    if isinstance(told, list | tuple) and told:
        told = told[0]
    return told if isinstance(told, int) else None


def _triple(told: Any) -> Triple:
    """Three numbers as a file gives them, or 0.5 each."""
    return (float(told[0]), float(told[1]), float(told[2])) if isinstance(told, list) and len(told) == 3 else HALF
