"""A model folder to share: config, weights and a card; saved whole, and loaded without trust."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gansuite.core.card import Card
from gansuite.core.errors import GansuiteError
from gansuite.core.files import sha256_file, write_atomically
from gansuite.core.library import ModelInfo, find_model, list_models
from gansuite.core.model_format import (
    CARD,
    CONFIG,
    WEIGHTS,
    check_config,
    is_model,
    member,
    read_card,
    read_config,
    read_header,
)
from gansuite.core.run import RUNS
from gansuite.core.strict_json import to_text

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.overrides import TorchFunctionMode

N = TypeVar("N", bound="nn.Module")

__all__ = [
    "Card",
    "Model",
    "ModelInfo",
    "find_model",
    "from_pretrained",
    "list_models",
    "load",
    "save_pretrained",
]


@dataclass(frozen=True, eq=False)
class Model:
    """A model as it was loaded.

    Attributes:
        config: the checked `config.json`: format, art, network, training.
        weights: the state of the network, on the CPU; half precision is widened to float32.
        card: the text of `README.md`.
        path: the folder.
        digest: sha256 of `model.safetensors`, by which a work names the model that made it.
    """

    config: dict[str, Any]
    weights: dict[str, Tensor]
    card: str
    path: Path
    digest: str

    def load_into(self, network: nn.Module) -> None:
        """Put the weights into a network that was built from `config["network"]`.

        Raises:
            GansuiteError: names or shapes of the weights do not fit the network.
        """
        try:
            network.load_state_dict(self.weights)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1].strip()
            raise GansuiteError(
                f"The weights in {self.path} do not fit the network that its {CONFIG} describes ({reason})",
                "Get the model again from where it came from, or train it again.",
            ) from error

    def restored(self, build: Callable[[Mapping[str, Any]], N]) -> N:
        """The network with its weights, in evaluation mode and without gradients, in float32.

        Args:
            build: from `config["network"]` to the network. Sizes are compared before memory is taken for them.

        Raises:
            GansuiteError: it cannot be built, or the weights do not fit it or are not finite.
        """
        import torch

        spec = self.config["network"]
        try:
            with torch.device("meta"), _without_values():
                outline = build(spec)
        except (KeyError, TypeError, ValueError, ArithmeticError, RuntimeError) as error:
            raise GansuiteError(
                f"The network that {self.path} describes cannot be built ({str(error).splitlines()[0][:120]}).",
                "Get the model again from where it came from, or see what is here with: gansuite models list",
            ) from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch says that nothing is copied, which is what we want
            self.load_into(outline)
        if not all(bool(torch.isfinite(weight).all()) for weight in self.weights.values()):
            raise GansuiteError(
                f"The weights in {self.path} hold values that are not finite.",
                "Train it again, or choose another model with: gansuite models list",
            )
        network = build(spec)
        self.load_into(network)
        return network.float().eval().requires_grad_(False)


def _without_values() -> TorchFunctionMode:
    """Random weights are not drawn: for an outline PyTorch would import its compiler for that, which takes seconds."""
    import torch
    from torch.overrides import TorchFunctionMode

    class WithoutValues(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func in (torch.Tensor.normal_, torch.nn.init.normal_, torch.nn.init.trunc_normal_):
                return args[0] if args else kwargs["tensor"]
            valued = func in (torch.randn, torch.zeros, torch.ones)
            return (torch.empty if valued else func)(*args, **(kwargs or {}))

    return WithoutValues()


def save_pretrained(
    folder: Path,
    config: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    card: Card | str,
    half: bool = False,
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a model folder; `config.json` comes last: an incomplete folder is never taken for a model.

    Args:
        folder: where to; made if it is not there, its model replaced if it is.
        config: {"format": 1, "art": ..., "network": {"name": ..., ...}, "training": {...}}.
        weights: a state dict; tied tensors are stored once each.
        card: what `README.md` says.
        half: store floats in 16 bits (those that do not fit into fp16 stay as they are).
        files: by name, what else belongs to the model: the vocabulary of one that writes.

    Returns:
        The folder.

    Raises:
        GansuiteError: the config is not of that form, or the disk is full.
    """
    from safetensors.torch import save

    checked = check_config(config, folder / CONFIG)
    text = to_text(checked, indent=2) + "\n"
    content = save({name: _stored(tensor, half) for name, tensor in weights.items()})
    _retire(folder, checked)
    write_atomically(folder / WEIGHTS, content)
    for name, payload in (files or {}).items():
        write_atomically(folder / name, payload)
    write_atomically(folder / CARD, card if isinstance(card, str) else card.to_markdown())
    write_atomically(folder / CONFIG, text)
    return folder


def from_pretrained(name: str | Path, runs: Path = RUNS, art: str | None = None, hub: bool = True) -> Model:
    """The model of that name: a folder, a run, a bundled name or a hub id (see `find_model` for the order).

    Args:
        name: a path or a name.
        runs: the folder of the runs.
        art: refuse models of another art.
        hub: False for names that were read from a file and not typed by a person.

    Raises:
        GansuiteError: there is no such model, it is of another art, or it is damaged or crafted.
    """
    model = load(find_model(name, runs, art, hub))
    if art is not None and model.config["art"] != art:
        its = model.config["art"]
        raise GansuiteError(
            f"{str(name)!r} is a model for {its}, and this command needs one for {art}.",
            f"Use it with 'gansuite {its}', or see which are for {art} with: gansuite models list",
        )
    return model


def load(folder: Path) -> Model:
    """The model in a folder. Nothing is unpickled, and no file is opened outside the folder.

    Raises:
        GansuiteError: a file is missing, damaged, too large, of an unknown format, or not what its name says.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    config = read_config(folder)
    read_header(folder)
    path = member(folder, WEIGHTS)
    try:
        weights = load_file(path)
    except (SafetensorError, ValueError, KeyError) as error:
        raise GansuiteError(
            f"{path} is not a whole safetensors file ({error}).",
            "Get the model again from where it came from, or see what is here with: gansuite models list",
        ) from error
    widened = {name: _widened(tensor) for name, tensor in weights.items()}
    return Model(config, widened, read_card(folder), folder, sha256_file(path))


def _retire(folder: Path, config: Mapping[str, Any]) -> None:
    """Before other weights replace the old ones: an old config of another network must not describe them."""
    if not is_model(folder):
        return
    try:
        old = read_config(folder)
        same = (old["art"], old["network"]) == (config["art"], config["network"])
    except GansuiteError:
        same = False
    if not same:
        (folder / CONFIG).unlink()


def _stored(tensor: Tensor, half: bool) -> Tensor:
    import torch

    own = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    if not half or own.dtype != torch.float32:
        return own
    small = own.half()
    return small if bool(torch.isfinite(small).all()) else own


def _widened(tensor: Tensor) -> Tensor:
    import torch

    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
