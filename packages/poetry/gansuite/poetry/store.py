"""The cache: arrays made once, one file each in a folder, mapped into memory when they are opened again.

A folder is named by what it was made from. It is filled under another name and renamed when all of it is on the disk,
so what has the name is whole, whoever else writes at the same time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FACTS = "facts.json"
DAY = 86_400
KEPT = 8  # entries of one kind; the ones that were not used for longest go
Array = npt.NDArray[Any]


class CacheWarning(UserWarning):
    """The cache could not be written; everything works, but the work is done again next time."""


@dataclass(frozen=True, eq=False)
class Stored:
    """Arrays by name, and what else is known of them, as JSON."""

    arrays: Mapping[str, Array]
    facts: Mapping[str, Any] = field(default_factory=dict)


def default_cache_root(environ: Mapping[str, str] | None = None) -> Path:
    """The folder in GANSUITE_CACHE, else `gansuite` in the user's cache folder of this platform."""
    environ = os.environ if environ is None else environ
    if environ.get("GANSUITE_CACHE"):
        return Path(environ["GANSUITE_CACHE"]).expanduser()
    if environ.get("XDG_CACHE_HOME"):
        return Path(environ["XDG_CACHE_HOME"]) / "gansuite"
    if sys.platform == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"]) / "gansuite" / "cache"
    home = os.path.expanduser("~")
    base = Path(tempfile.gettempdir() if home == "~" else home)
    return base / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "gansuite"


def key_of(*parts: object) -> str:
    """A name (hex) for what is made from these parts: the same for the same parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:24]


def fetch(root: Path, kind: str, key: str, make: Callable[[], Stored]) -> Stored:
    """The arrays from the cache under `root`, made first if they are not there, whole and current.

    Where the folder cannot be written or the disk is full, they are made in memory and a `CacheWarning` is given.

    Args:
        root: folder of all caches.
        kind: a word for what is kept, the name of a folder.
        key: of `key_of`.
        make: makes them; arrays of numbers, facts of JSON.
    """
    folder = root / "poems" / f"{kind}-{key}"
    if (found := _load(folder)) is not None:
        return found
    made = make()
    try:
        _save(folder, made)
    except OSError as error:
        reason = error.strerror or error
        said = f"The cache folder {folder.parent} cannot be used ({reason}); the same work is done at the next start."
        warnings.warn(said, CacheWarning, stacklevel=2)
        return made
    return _load(folder) or made


def _load(folder: Path) -> Stored | None:
    try:
        facts = json.loads((folder / FACTS).read_text("utf-8"))
        arrays = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r" if size else None, allow_pickle=False)
            for name, size in facts["arrays"].items()
        }
        if any(array.size != facts["arrays"][name] for name, array in arrays.items()):
            return None
        os.utime(folder)
        return Stored(arrays, facts["facts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _save(folder: Path, made: Stored) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(suffix=".tmp", dir=folder.parent))
    try:
        for name, array in made.arrays.items():
            np.save(temporary / f"{name}.npy", array, allow_pickle=False)
        sizes = {name: int(array.size) for name, array in made.arrays.items()}
        (temporary / FACTS).write_text(json.dumps({"arrays": sizes, "facts": dict(made.facts)}), "utf-8")
        if folder.exists():  # damaged, or another process was quicker
            shutil.rmtree(folder, ignore_errors=True)
        _rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _tidy(folder)


def _rename(temporary: Path, folder: Path) -> None:
    try:
        os.rename(temporary, folder)
    except OSError:
        if _load(folder) is None:  # else another process was quicker
            raise


def _tidy(folder: Path) -> None:
    """Remove what was not used for longest, and what processes that were killed left."""
    kind = folder.name.rpartition("-")[0]
    alike = sorted(folder.parent.glob(f"{kind}-*"), key=_used, reverse=True)
    left = [path for path in folder.parent.glob("*.tmp") if _used(path) < time.time() - DAY]
    for path in [*alike[KEPT:], *left]:
        if path != folder:
            shutil.rmtree(path, ignore_errors=True)


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
