"""Where models are: in folders, in runs, in gansuite itself, or on the Hugging Face hub. Needs no torch."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gansuite
from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.files import is_disk_full, safe_child
from gansuite.core.model_format import CARD, CONFIG, TOKENIZER, WEIGHTS, Header, is_model, read_config, read_header
from gansuite.core.run import RUNS

Kind = Literal["bundled", "run", "folder"]
_PLAIN = re.compile(r"[\w][\w .+-]*")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_SEE_LIST = "See what is here with: gansuite models list"


@dataclass(frozen=True)
class ModelInfo:
    """One line of `gansuite models list`.

    Attributes:
        name: what `--model` takes.
        kind: bundled (came with gansuite), run (trained here) or folder (a model folder among the runs).
        art: image, music or poetry.
        network: the name of its network.
        shape: the network's numbers, such as `resolution 64, width 32`.
        parameters: how many numbers it learnt.
        size_bytes: of `model.safetensors`.
        path: the model folder.
        problem: why it cannot be used; empty when it can.
    """

    name: str
    kind: Kind
    art: str
    network: str
    shape: str
    parameters: int
    size_bytes: int
    path: Path
    problem: str = ""


def find_model(name: str | Path, runs: Path = RUNS, art: str | None = None, hub: bool = True) -> Path:
    """The model folder that a name means.

    Looked for in this order: a model folder or a run folder of that path; a bundled model (`name` or
    `art/name`); a run of that name in `runs`; a hub id `owner/name`, the only case that may use the network.

    Args:
        name: a path or a name; a `Path` is never taken for a hub id.
        runs: the folder of the runs.
        art: look only at bundled models of this art.
        hub: False for names that were read from a file and not typed by a person.

    Raises:
        GansuiteError: there is none, it is incomplete, or the hub did not give it.
    """
    text = os.fspath(name)
    found = _at_path(_path(text)) or _bundled(text, art) or _in_runs(text, runs)
    if found is not None:
        return found
    if hub and isinstance(name, str) and is_hub_id(name, runs):
        return _from_hub(name)
    raise _not_found(text, runs, art)


def list_models(runs: Path | None = RUNS) -> list[ModelInfo]:
    """The bundled models, then those in `runs` (None: only the bundled ones), each by name."""
    entries: list[tuple[str, Kind, Path]] = [(n, "bundled", p) for _, n, p in bundled_models()]
    entries += [] if runs is None else sorted(_models_in(runs))
    return [describe(name, kind, path) for name, kind, path in entries]


def bundled_models() -> list[tuple[str, str, Path]]:
    """(art, name, folder) of the models that came with gansuite, in whichever part of it they lie."""
    configs = {config for portion in gansuite.__path__ for config in Path(portion).glob(f"*/bundled/*/{CONFIG}")}
    return sorted((config.parts[-4], config.parts[-2], config.parent) for config in configs)


def describe(name: str, kind: Kind, folder: Path) -> ModelInfo:
    """What a model folder is, from its config and the head of its weights; a broken one tells its problem."""
    try:
        config, header, problem = read_config(folder), read_header(folder), ""
    except GansuiteError as error:
        config, header, problem = {"art": "?", "network": {"name": "?"}}, Header(0, ()), error.cause
    weights = folder / WEIGHTS
    return ModelInfo(
        name=name,
        kind=kind,
        art=config["art"],
        network=config["network"]["name"],
        shape=_shape(config["network"]),
        parameters=header.parameters,
        size_bytes=weights.stat().st_size if weights.is_file() else 0,
        path=folder,
        problem=problem,
    )


def is_hub_id(name: str, runs: Path = RUNS) -> bool:
    """Whether a name is `owner/name` and cannot be a mistyped path to something here."""
    if not _HUB_ID.fullmatch(name) or ".." in name or "--" in name:
        return False
    owner = Path(name).parts[0]
    return owner != runs.name and not Path(owner).exists()


def _path(name: str) -> Path:
    return Path(os.path.expanduser(name))  # unlike Path.expanduser, leaves ~unknown as it is


def _at_path(path: Path) -> Path | None:
    if is_model(path):
        return path
    return safe_child(path, "model") if is_model(path / "model") else None


def _bundled(name: str, art: str | None) -> Path | None:
    found = {
        f"{its_art}/{its_name}": path
        for its_art, its_name, path in bundled_models()
        if art in (None, its_art) and name in (its_name, f"{its_art}/{its_name}")
    }
    if len(found) > 1:
        raise GansuiteError(
            f"There is more than one bundled model called {name!r}.",
            f"Say which: {' or '.join(sorted(found))}.",
        )
    return next(iter(found.values()), None)


def _in_runs(name: str, runs: Path) -> Path | None:
    if not _PLAIN.fullmatch(name) or not (runs / name).is_dir():
        return None
    return _at_path(safe_child(runs, name))


def _models_in(runs: Path) -> Iterator[tuple[str, Kind, Path]]:
    for child in runs.iterdir() if runs.is_dir() else ():
        if is_model(child):
            yield child.name, "folder", child
        elif is_model(child / "model"):
            yield child.name, "run", child / "model"


def _shape(network: dict[str, Any]) -> str:
    numbers = [(key, value) for key, value in network.items() if type(value) is int]
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in numbers[:4])


def _from_hub(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download

        folder = Path(snapshot_download(name, allow_patterns=[CONFIG, WEIGHTS, CARD, TOKENIZER]))
    except Exception as error:  # httpx, requests, hub and OS errors: to a person all are one
        raise _hub_error(name, error) from error
    if not is_model(folder):
        raise GansuiteError(f"{name!r} on the Hugging Face hub is not a gansuite model.", _SEE_LIST)
    return folder


def _hub_error(name: str, error: Exception) -> GansuiteError:
    if is_disk_full(error):
        return GansuiteError(f"The disk is full: {name!r} could not be fetched.", "Free some space and try again.")
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return GansuiteError(
        f"{name!r} is neither here nor could it be fetched from the Hugging Face hub ({reason}).",
        "Check the name, the connection and HF_HUB_OFFLINE, or see what is here with: gansuite models list",
    )


def _not_found(name: str, runs: Path, art: str | None) -> GansuiteError:
    path = _path(name)
    if path.is_dir():
        missing = CONFIG if not (path / CONFIG).is_file() else WEIGHTS
        return GansuiteError(f"The folder {name} is neither a model nor a run (it has no {missing}).", _SEE_LIST)
    if path.is_file():
        return GansuiteError(f"{name} is a file, and a model is a folder.", f"Name the folder: {path.parent}")
    known = [its_name for its_art, its_name, _ in bundled_models() if art in (None, its_art)]
    known += [its_name for its_name, _, _ in _models_in(runs)]
    return GansuiteError(
        f"There is no model called {name!r}: no such folder, bundled model, or run in {runs}.",
        did_you_mean(Path(name).name, known) if known else _SEE_LIST,
    )
