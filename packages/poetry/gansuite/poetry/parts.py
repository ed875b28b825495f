"""A model of poems and its parts: encoder, embedding, poet and the two critics, any of which may be missing.

M pictures, F features of a picture's code, which are the encoder's and the picture's place in the embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from gansuite.core.errors import GansuiteError
from gansuite.core.model import Model, from_pretrained
from gansuite.core.model_format import TOKENIZER, member
from gansuite.core.run import RUNS
from gansuite.poetry.networks import critics, embedding, encoder
from gansuite.poetry.pictures import Pixels, to_input

if TYPE_CHECKING:
    from gansuite.poetry.networks.poet import Poet

ART = "poetry"
PARTS = ("encoder", "embedding", "poet", "relevance", "style")
SEEN, PLACED, POET, RELEVANCE, STYLE = PARTS
CHUNK = 256
Build = Callable[[Mapping[str, Any]], nn.Module]


@dataclass(frozen=True, eq=False)
class Parts:
    """What a model consists of.

    Attributes:
        modules: by name; frozen, in evaluation mode.
        specs: from which each is built again.
        vocabulary: the content of `tokenizer.json`, empty where nothing was written yet.
        digest: of the weights, by which a poem names the model that wrote it; empty for parts of no model.
    """

    modules: Mapping[str, nn.Module] = field(default_factory=dict)
    specs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    vocabulary: bytes = b""
    digest: str = ""

    def __contains__(self, name: str) -> bool:
        return name in self.modules

    def weights(self) -> dict[str, Tensor]:
        """Of all parts, by part and name."""
        return {
            f"{part}.{name}": weight
            for part, module in self.modules.items()
            for name, weight in module.state_dict().items()
        }


def load_parts(name: str | Path, runs: Path = RUNS, without: tuple[str, ...] = (), hub: bool = True) -> Parts:
    """The parts of a model.

    Args:
        name: as `from_pretrained` takes it.
        runs: the folder of the runs.
        without: parts that are not built.
        hub: False for names that no person typed.

    Raises:
        GansuiteError: there is no such model, it is none of poems, or it is damaged.
    """
    return parts_of(from_pretrained(name, runs, ART, hub), without)


def named_parts(name: str) -> Parts:
    """The parts of a model, or of them only those that are named behind it: `runs/one:encoder,embedding`.

    Raises:
        GansuiteError: as in `load_parts`, or the model has no such part.
    """
    model, _, some = name.rpartition(":")
    wanted = some.split(",")
    if not model or not set(wanted) <= set(PARTS):
        return load_parts(name)
    found = load_parts(model, without=tuple(part for part in PARTS if part not in wanted))
    for part in wanted:
        require_part(found, part)
    return found


def parts_of(model: Model, without: tuple[str, ...] = ()) -> Parts:
    """The parts of a model that was loaded."""
    found = model.config["network"].get("parts")
    if not isinstance(found, dict) or not all(isinstance(spec, dict) for spec in found.values()):
        raise GansuiteError(f"{model.path} does not say what parts it has.", "Get the model again, or train it again.")
    specs = {part: spec for part, spec in found.items() if part not in without}
    weights = {name: weight for name, weight in model.weights.items() if name.split(".")[0] in specs}
    some = replace(model, config={**model.config, "network": specs}, weights=weights)
    modules = some.restored(build) if specs else nn.ModuleDict()
    there = (model.path / TOKENIZER).is_file()
    vocabulary = member(model.path, TOKENIZER).read_bytes() if there else b""
    return Parts(dict(modules.items()), specs, vocabulary, model.digest)


def merged(several: Sequence[Parts]) -> Parts:
    """The parts of several models as one; where two have the same part, that of the later.

    Raises:
        GansuiteError: they are written in different vocabularies.
    """
    known = {parts.vocabulary for parts in several if parts.vocabulary}
    if len(known) > 1:
        raise GansuiteError(
            "The models to start from have different vocabularies, so that one cannot read what the other writes.",
            "Start from one of them, or from runs that were trained on the same poems.",
        )
    if len(several) == 1:
        return several[0]
    modules = {part: module for parts in several for part, module in parts.modules.items()}
    specs = {part: spec for parts in several for part, spec in parts.specs.items()}
    return Parts(modules, specs, next(iter(known), b""), " ".join(parts.digest for parts in several))


def build(specs: Mapping[str, Any]) -> nn.ModuleDict:
    """The networks of these descriptions, by part.

    Raises:
        KeyError: there is no such part.
    """
    return nn.ModuleDict({part: _builders(part)(spec) for part, spec in specs.items()})


def _builders(part: str) -> Build:
    if part == POET:  # takes seconds to import: only where a poet learns
        from gansuite.poetry.networks import poet

        return poet.build
    known: Mapping[str, Build] = {
        SEEN: _eye,
        PLACED: embedding.build,
        RELEVANCE: critics.build,
        STYLE: critics.build,
    }
    return known[part]


def _eye(spec: Mapping[str, Any]) -> nn.Module:
    """Our own encoder, or a CLIP."""
    if "clip" not in spec:
        return encoder.build(spec)
    from gansuite.poetry.networks import clip  # it takes transformers with it

    return clip.build(spec)


def require_part(parts: Parts, part: str) -> None:
    """Raise `GansuiteError` when a part that is needed has not been trained."""
    if part not in parts:
        raise GansuiteError(
            f"This needs the part '{part}', which the model it starts from does not have.",
            "Train every stage with --stage all, or name a model that has it with --start.",
        )


@torch.no_grad()
def seen_of(parts: Parts, thumbnails: Pixels, device: torch.device | None = None) -> Tensor:
    """What the encoder makes of pictures uint8 (M, 64, 64, 3).

    Raises:
        GansuiteError: there is no encoder.
    """
    require_part(parts, SEEN)
    eye: Any = parts.modules[SEEN].to(device)
    chunks = [thumbnails[start : start + CHUNK] for start in range(0, len(thumbnails), CHUNK)]
    found = [eye.code(to_input(chunk).to(device)) for chunk in chunks]
    return torch.cat(found) if found else torch.zeros(0, eye.code_size, device=device)


@torch.no_grad()
def codes_of(parts: Parts, thumbnails: Pixels, device: torch.device | None = None) -> Tensor:
    """Codes (M, F) of pictures uint8 (M, 64, 64, 3): what the encoder sees, and where the embedding places it.

    Raises:
        GansuiteError: a part is missing.
    """
    require_part(parts, PLACED)
    seen, place = seen_of(parts, thumbnails, device), parts.modules[PLACED].to(device)
    return torch.cat([seen, cast(embedding.Embedding, place).pictures(seen)], 1)


def poet_of(parts: Parts) -> Poet:
    """The poet, for training."""
    from gansuite.poetry.networks.poet import Poet

    found = parts.modules[POET]
    assert isinstance(found, Poet)
    return found
