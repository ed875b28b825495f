"""CLIP from a folder, or from the hub when a person names it there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.core.library import is_hub_id

if TYPE_CHECKING:
    from gansuite.poetry.networks.clip import ClipEncoder, Glasses

SAYING = "a photo of a {}"  # Radford et al. 2021, section 3.1.4
EYES, WHOLE = "clip_vision_model", "clip"  # kinds of network, in transformers' words
VOCABULARIES = ("tokenizer.json", "vocab.json")


def load_clip(name: str, labels: Sequence[str] = ()) -> ClipEncoder:
    """A CLIP as an encoder, frozen and in evaluation mode.

    Where its text network and tokenizer are there as well, it tells labels apart by their words; else it knows none.
    Only safetensors are opened and no code of theirs is run.

    Args:
        name: a folder, or a hub id, for which the network is used.
        labels: what it shall tell apart.

    Raises:
        GansuiteError: there is no such CLIP, it is damaged, or it is another kind of network.
    """
    place = Path(name).expanduser()
    if not place.is_dir() and not is_hub_id(name):
        raise GansuiteError(f"There is no folder {name}.", "Name a folder, or a hub id as owner/name.")
    source = _Source(str(place), {"local_files_only": True}) if place.is_dir() else _Source(name, {})
    try:
        return _loaded(source, tuple(labels))
    except GansuiteError:
        raise
    except Exception as error:  # transformers, safetensors and the hub share no base class for what may go wrong
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise GansuiteError(
            f"CLIP could not be loaded from {name}: {reason}",
            "Name a folder with config.json and model.safetensors, or a hub id such as openai/clip-vit-base-patch32.",
        ) from error


@dataclass(frozen=True)
class _Source:
    """Where files are, and how transformers is told not to look elsewhere."""

    name: str
    where: dict[str, Any]

    def file(self, name: str) -> Path | None:
        """One of its files, or None where there is none of that name."""
        from transformers.utils.hub import cached_file

        found = cached_file(self.name, name, _raise_exceptions_for_missing_entries=False, **self.where)
        return Path(found) if found else None


def _loaded(source: _Source, labels: tuple[str, ...]) -> ClipEncoder:
    from gansuite.poetry.networks.clip import ClipEncoder

    network = _network(source)
    config = getattr(network.config, "vision_config", network.config)
    config.projection_dim = network.config.projection_dim
    vectors = _words(network, source, labels)
    encoder = ClipEncoder(config, _glasses(network, source, labels if len(vectors) else ()))
    ours = ("vision_model.", "visual_projection.")
    encoder.vision.load_state_dict({part: w for part, w in network.state_dict().items() if part.startswith(ours)})
    encoder.vectors = vectors
    return encoder.eval().requires_grad_(False)


def _network(source: _Source) -> Any:
    """The whole of CLIP, or its eyes where there is no more."""
    from transformers import AutoConfig, CLIPModel, CLIPVisionModelWithProjection

    kinds: dict[str, Any] = {WHOLE: CLIPModel, EYES: CLIPVisionModelWithProjection}
    kind = AutoConfig.from_pretrained(source.name, **source.where).model_type
    if kind not in kinds:
        raise GansuiteError(f"{source.name} is a network of the kind '{kind}', not CLIP.", "Name a CLIP.")
    network, report = kinds[kind].from_pretrained(
        source.name, use_safetensors=True, output_loading_info=True, dtype=torch.float32, **source.where
    )
    if lost := sorted(report["missing_keys"]):
        raise GansuiteError(f"{source.name} lacks {len(lost)} weights, such as {lost[0]}.", "Get it again.")
    return network.eval().requires_grad_(False)


def _words(network: Any, source: _Source, labels: tuple[str, ...]) -> Tensor:
    """What CLIP makes of the words of each label, (C, D); (0, D) where it has no words."""
    from transformers import AutoTokenizer

    spoken = hasattr(network, "text_model") and any(source.file(file) for file in VOCABULARIES)
    if not labels or not spoken:
        return torch.zeros(0, network.config.projection_dim)
    tokenizer = AutoTokenizer.from_pretrained(source.name, **source.where)
    said = [SAYING.format(label.replace("_", " ")) for label in labels]
    tokens = tokenizer(said, padding=True, truncation=True, return_tensors="pt")
    found = network.get_text_features(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
    # transformers answered with the vectors themselves before version 5
    vectors: Tensor = found if isinstance(found, Tensor) else found.pooler_output
    return torch.nn.functional.normalize(vectors, dim=1)


def _glasses(network: Any, source: _Source, labels: tuple[str, ...]) -> Glasses:
    """How pictures are prepared: as preprocessor_config.json says, else as for the first of CLIP's kind."""
    from gansuite.poetry.networks.clip import Glasses

    file = source.file("preprocessor_config.json")
    told = json.loads(file.read_text("utf-8")) if file else {}
    glasses: dict[str, Any] = {"labels": labels}
    for ours, name in (("mean", "image_mean"), ("deviation", "image_std")):
        if name in told:
            glasses[ours] = tuple(told[name])
    if hasattr(network, "logit_scale"):
        glasses["scale"] = float(network.logit_scale.exp())
    return Glasses(**glasses)
