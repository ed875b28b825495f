"""The byte cache: works decoded once, kept as raw uint8 pixels in one file that is mapped into memory.

Beside `<place>-<key>-<digest>.pixels` lies `<place>-<key>.json`, which names it. `key` stands for the content of
the works and the settings: works that were moved are found by it, works that changed are not. `place` stands for the
source that was read and the settings, so that what an earlier state of it left can go; `digest` for the pixels: the
JSON always points at the very bytes it was written for, whoever else writes at the same time. Both are written whole
under another name, flushed to disk and renamed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from gansuite.core import machine
from gansuite.core.errors import GansuiteError
from gansuite.core.sources import Refusal
from gansuite.image.duplicates import duplicate_groups

VERSION = 1
DAY = 86_400
UNKNOWN_MEMORY = 2**40  # where the system does not tell, it has to fail by itself


class CacheWarning(UserWarning):
    """The cache could not be written; everything works, but works are decoded again next time."""


@dataclass(frozen=True, eq=False)
class Piece:
    """One decoded work: squares (K, S, S, 3), thumbnail (32, 32, 3), sha256 of the file (hex), (width, height)."""

    name: str
    squares: NDArray[np.uint8]
    thumbnail: NDArray[np.uint8]
    content: str
    size: tuple[int, int]


@dataclass(frozen=True)
class Facts:
    """What the JSON says of W works and their pixels; see `Decoded`."""

    side: int
    names: tuple[str, ...]
    counts: tuple[int, ...]
    contents: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    groups: tuple[int, ...]
    skipped: tuple[tuple[str, str], ...]
    digest: str


@dataclass(frozen=True, eq=False)
class Decoded:
    """All works of a source as squares.

    Attributes:
        pixels: uint8 (N, S, S, 3), read-only, memory-mapped when it comes from the cache.
        facts: per work: name, how many squares in a row are its own, content hash, size, group of
            near-duplicates.
    """

    pixels: NDArray[np.uint8]
    facts: Facts


@dataclass(frozen=True)
class Order:
    """What is asked of the cache.

    Attributes:
        source: where the works are (a path).
        content: what the works are: the same wherever they lie, another whenever one of them changes.
        settings: what else the pixels depend on.
        side: pixels a side.
        works: how many works there are, to know beforehand whether at least one square of each fits.
    """

    source: str
    content: str
    settings: Mapping[str, Any]
    side: int
    works: int

    def place(self) -> str:
        """The part of the file names that stays when files of the source change."""
        return self._hash(self.source)[:12]

    def key(self) -> str:
        """The part of the file names that stays when the source is moved."""
        return self._hash(self.content)[:20]

    def stem(self) -> str:
        """What the names of all its files begin with."""
        return f"{self.place()}-{self.key()}"

    def _hash(self, of: str) -> str:
        told = json.dumps([VERSION, of, self.side, dict(self.settings)], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def bytes(self) -> int:
        """The bytes of one square of each work."""
        return self.works * self.side * self.side * 3


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


def fetch(root: Path, order: Order, pieces: Callable[[], Iterator[Piece | Refusal]]) -> tuple[Decoded, str | None]:
    """The decoded works from the cache under `root`, made first if they are not there, whole and current.

    Where the folder cannot be written or the disk is full, works are decoded into memory instead: a `CacheWarning` is
    given and its sentence returned.

    Args:
        root: folder of all caches.
        order: what is wanted.
        pieces: makes the works anew, in a fixed order; called only if needed (twice if the disk fails midway).

    Raises:
        GansuiteError: the disk is of no use and memory is too small as well.
    """
    folder = root / "pictures"
    if (found := load(folder, order)) is not None:
        return found, None
    try:
        return _build_on_disk(folder, order, pieces()), None
    except OSError as error:
        reason = error.strerror or error
        said = f"The cache folder {folder} cannot be used ({reason}); works are decoded into memory"
    warnings.warn(f"{said}.", CacheWarning, stacklevel=2)
    memory = machine.look().memory or UNKNOWN_MEMORY
    return _build_in_memory(order, pieces(), memory // 2), f"{said}, and again at the next start."


def load(folder: Path, order: Order) -> Decoded | None:
    """What the cache holds of these works, wherever they lay when it was made, or None: nothing, or it is damaged."""
    found = (_opened(path, order) for path in sorted(folder.glob(f"*-{order.key()}.json")))
    return next((decoded for decoded in found if decoded is not None), None)


def _opened(path: Path, order: Order) -> Decoded | None:
    try:
        facts = _facts(json.loads(path.read_text("utf-8")))
        shape = (sum(facts.counts), order.side, order.side, 3)
        pixels = path.with_name(_pixels_name(path.stem, facts))
        if facts.side != order.side or pixels.stat().st_size != np.prod(shape, dtype=np.int64):
            return None
        return Decoded(np.memmap(pixels, np.uint8, "r", shape=shape), facts)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def collect(order: Order, pieces: Iterable[Piece | Refusal], write: Callable[[bytes], object]) -> Facts:
    """Write the squares of all pieces one after the other; return everything else about them."""
    digest = hashlib.sha256()
    works: list[Piece] = []
    skipped: list[tuple[str, str]] = []
    for piece in pieces:
        if isinstance(piece, Refusal):
            skipped.append((piece.name, piece.reason))
            continue
        data = piece.squares.tobytes()
        write(data)
        digest.update(data)
        works.append(replace(piece, squares=np.empty((len(piece.squares), 0), np.uint8)))  # lets go of the pixels
    groups = duplicate_groups(np.stack([work.thumbnail for work in works])).tolist() if works else []
    return Facts(
        side=order.side,
        names=tuple(work.name for work in works),
        counts=tuple(len(work.squares) for work in works),
        contents=tuple(work.content for work in works),
        sizes=tuple(work.size for work in works),
        groups=tuple(groups),
        skipped=tuple(skipped),
        digest=digest.hexdigest(),
    )


def _build_on_disk(folder: Path, order: Order, pieces: Iterator[Piece | Refusal]) -> Decoded:
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < order.bytes():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with _replacing(folder) as (file, becomes):
        facts = collect(order, pieces, file.write)
        becomes(_pixels_name(order.stem(), facts))
    with _replacing(folder) as (file, becomes):
        file.write(json.dumps({"version": VERSION, "source": order.source, **asdict(facts)}).encode())
        becomes(f"{order.stem()}.json")
    _tidy(folder, order)
    shape = (sum(facts.counts), order.side, order.side, 3)
    if not facts.names:
        return Decoded(np.zeros(shape, np.uint8), facts)
    return Decoded(np.memmap(folder / _pixels_name(order.stem(), facts), np.uint8, "r", shape=shape), facts)


def _build_in_memory(order: Order, pieces: Iterator[Piece | Refusal], limit: int) -> Decoded:
    data = bytearray()

    def write(part: bytes) -> None:
        data.extend(part)
        if max(len(data), order.bytes()) > limit:
            raise GansuiteError(
                f"The cache cannot be written and the works take more than {limit / 1e9:.1f} GB of memory.",
                "Set GANSUITE_CACHE to a folder on a disk with room, or lower --resolution or --crops.",
            )

    facts = collect(order, pieces, write)
    pixels = np.frombuffer(data, np.uint8).reshape(-1, order.side, order.side, 3)
    pixels.setflags(write=False)
    return Decoded(pixels, facts)


@contextmanager
def _replacing(folder: Path) -> Iterator[tuple[IO[bytes], Callable[[str], None]]]:
    """A temporary file that takes its name when all of it is on the disk, and goes if anything fails."""
    names: list[str] = []
    handle, temporary = tempfile.mkstemp(suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, names.append
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, folder / names[0])
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _tidy(folder: Path, order: Order) -> None:
    """Remove what earlier states of this source left, and temporary files of processes that were killed."""
    for path in folder.iterdir():
        stale = path.name.startswith(f"{order.place()}-") and not path.name.startswith(order.stem())
        try:
            if stale or (path.suffix == ".tmp" and path.stat().st_mtime < time.time() - DAY):
                path.unlink()
        except OSError:
            continue  # another process was quicker, or still has it open (Windows)


def _facts(said: Mapping[str, Any]) -> Facts:
    if said["version"] != VERSION:
        raise ValueError("another version")
    facts = Facts(
        side=int(said["side"]),
        names=tuple(map(str, said["names"])),
        counts=tuple(map(int, said["counts"])),
        contents=tuple(map(str, said["contents"])),
        sizes=tuple((int(width), int(height)) for width, height in said["sizes"]),
        groups=tuple(map(int, said["groups"])),
        skipped=tuple((str(name), str(reason)) for name, reason in said["skipped"]),
        digest=str(said["digest"]),
    )
    if len({len(facts.names), len(facts.counts), len(facts.contents), len(facts.sizes), len(facts.groups)}) != 1:
        raise ValueError("lists of different length")
    return facts


def _pixels_name(stem: str, facts: Facts) -> str:
    return f"{stem}-{facts.digest[:16]}.pixels"
