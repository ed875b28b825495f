"""The strict reading of a model folder, without torch: what a crafted folder meets first.

A model folder is `config.json` + `model.safetensors` + `README.md`. `config.json` holds

    {"format": 1, "art": "image", "network": {"name": "dcgan", ...}, "training": {...}}

where `network` is what the network's constructor needs and `training` is what the card says, for machines.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.strict_json import parse_object

FORMAT = 1
CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
TOKENIZER = "tokenizer.json"  # of the models that write
MAX_CONFIG, MAX_CARD, MAX_HEADER, MAX_WEIGHTS = 4 << 20, 1 << 20, 16 << 20, 4 << 30
_KEYS = {"format": int, "art": str, "network": dict, "training": dict}
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_NEEDED = ("format", "art", "network")
_GET_ANOTHER = "Get the model again from where it came from, or see what is here with: gansuite models list"


@dataclass(frozen=True)
class Header:
    """What the head of `model.safetensors` says: how many weights there are, and in which number formats."""

    parameters: int
    dtypes: tuple[str, ...]


def is_model(folder: Path) -> bool:
    """Whether a folder holds a complete model: `config.json` is written last."""
    return (folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()


def check_config(config: Mapping[str, Any], source: Path) -> dict[str, Any]:
    """The config of a model, if it is one.

    Raises:
        GansuiteError: a key is missing or unknown, or a value is not of the kind it should be.
    """
    unknown = [key for key in config if key not in _KEYS]
    if unknown:
        raise _refused(source, f"has the unknown key {unknown[0]!r}", did_you_mean(unknown[0], list(_KEYS)))
    for key in _NEEDED:
        if key not in config:
            raise _refused(source, f"has no {key!r}")
    for key, value in config.items():
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            raise _refused(source, f"has a wrong value for {key!r}: {str(value)[:40]!r}")
    if config["format"] != FORMAT:
        raise _refused(
            source,
            f"has the format {config['format']}, and this gansuite reads format {FORMAT}",
            "Bring gansuite up to date with: pip install --upgrade gansuite",
        )
    if not isinstance(config["network"].get("name"), str):
        raise _refused(source, "does not name its network")
    return dict(config)


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a model folder, checked.

    Raises:
        GansuiteError: it leaves the folder, is too large, is not a JSON object, or fails `check_config`.
    """
    path = member(folder, CONFIG)
    try:
        config = parse_object(_head(path, MAX_CONFIG + 1), MAX_CONFIG)
    except ValueError as error:
        raise _refused(path, f"cannot be used: {error}") from error
    return check_config(config, path)


def read_card(folder: Path) -> str:
    """`README.md` of a model folder, or an empty text; bytes that are not UTF-8 are replaced."""
    if not (folder / CARD).is_file():
        return ""
    return _head(member(folder, CARD), MAX_CARD).decode("utf-8", errors="replace")


def read_header(folder: Path) -> Header:
    """The head of `model.safetensors`: an 8-byte little-endian length, then JSON (safetensors, "Format").

    Raises:
        GansuiteError: the file is no safetensors file, is truncated, or claims more than it holds.
    """
    path = member(folder, WEIGHTS)
    size = path.stat().st_size
    if size > MAX_WEIGHTS:
        raise _refused(path, f"is larger than {MAX_WEIGHTS >> 30} GiB")
    head = _head(path, 8)
    length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
    if not 2 <= length <= min(size - 8, MAX_HEADER):
        # Only now: the head of a good file may begin with the two bytes of a pickle.
        if head.startswith(_PICKLES):
            raise _refused(path, "is a pickle, which could run code, and not a safetensors file")
        raise _refused(path, "is not a whole safetensors file (its head claims more than the file holds)")
    try:
        return _summary(parse_object(_head(path, 8 + length)[8:], MAX_HEADER), size - 8 - length)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused(path, "is not a whole safetensors file (its head does not fit its content)") from error


def member(folder: Path, name: str) -> Path:
    """A file of a model folder, which no link may lead out of; in a hub cache, out of that model's cache.

    Raises:
        GansuiteError: the file is not there or lies elsewhere.
    """
    path = folder / name
    if not path.is_file():
        raise _refused(folder, f"has no {name}")
    if not path.resolve().is_relative_to(_walls(folder).resolve()):
        raise _refused(path, "leads out of its folder")
    return path


def _walls(folder: Path) -> Path:
    """A hub cache keeps files at models--owner--name/blobs and links them from .../snapshots/<commit>."""
    repository = folder.parent.parent
    cached = folder.parent.name == "snapshots" and repository.name.startswith("models--")
    return repository if cached else folder


def _summary(header: dict[str, Any], content: int) -> Header:
    """Raises ValueError, TypeError, KeyError or AttributeError when head and content do not fit."""
    tensors = [entry for name, entry in header.items() if name != "__metadata__"]
    end = 0
    for tensor in sorted(tensors, key=lambda entry: entry["data_offsets"]):
        start, stop = tensor["data_offsets"]
        if start != end or stop - start != _count(tensor) * _BYTES[tensor["dtype"]]:
            raise ValueError("a weight does not fill its place")
        end = stop
    if not tensors or end != content:
        raise ValueError("the weights do not fill the file")
    dtypes = sorted({tensor["dtype"] for tensor in tensors})
    return Header(sum(map(_count, tensors)), tuple(dtypes))


def _count(tensor: dict[str, Any]) -> int:
    shape = tensor["shape"]
    if len(shape) > 8 or any(type(side) is not int or not 0 <= side <= MAX_WEIGHTS for side in shape):
        raise ValueError("no shape of a weight")
    return prod(shape)


def _head(path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(count)
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror})") from error


def _refused(path: Path, found: str, remedy: str = _GET_ANOTHER) -> GansuiteError:
    return GansuiteError(f"{path} {found}.", remedy)
