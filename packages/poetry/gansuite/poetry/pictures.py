"""Pictures as the poet sees them: squares of 64 pixels a side, decoded once and kept in the cache.

B pictures of a batch, M pictures of a set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError
from gansuite.core.pictures.decode import WHITE, content_key, decode_entry, in_order
from gansuite.core.pictures.files import Limits, open_source
from gansuite.core.pictures.fit import fitted
from gansuite.core.sources import Entry, Refusal, Source, Unreadable, printable
from gansuite.poetry.store import Stored, default_cache_root, fetch, key_of

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 64
VERSION = 1  # of what is kept in the cache
FORMATS = "PNG, JPEG, WebP, GIF, BMP or TIFF"
Pixels = npt.NDArray[np.uint8]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures of folders and zips; satisfies `pairs.Pictures`.

    Attributes:
        thumbnails: uint8 (M, 64, 64, 3), RGB, read-only; memory-mapped where there is a cache.
        names: M paths inside their source, with `/` between folders.
        labels: M names of the deepest folder, "" outside of any.
        digest: sha256 (hex) of thumbnails and names.
        skipped: name and reason of each file that is not used; together they make a sentence.
    """

    thumbnails: Pixels
    names: tuple[str, ...]
    labels: tuple[str, ...]
    digest: str
    skipped: tuple[tuple[str, str], ...] = ()

    @property
    def count(self) -> int:
        """M."""
        return len(self.names)


def open_pictures(
    paths: Sequence[str | Path], cache_root: Path | None = None, progress: Progress | None = None
) -> PictureSet:
    """All pictures of folders, zips and single files: the middle square of each, upright, at 64 pixels a side.

    Args:
        paths: where they are.
        cache_root: folder of the cache; None is the environment's GANSUITE_CACHE or the user's cache folder.
        progress: called with (files done, all of them) while they are decoded for the first time.

    Raises:
        GansuiteError: nothing lies at a path, it cannot be opened, or there is no picture at all.
    """
    root = cache_root or default_cache_root()
    with ExitStack() as opened:
        sources = [opened.enter_context(open_source(path)) for path in paths]
        entries = [entry for source in sources for entry in source.entries]
        key = key_of(VERSION, SIDE, [entry.name for entry in entries], [_content(source) for source in sources])
        stored = fetch(root, "pictures", key, lambda: _decoded(entries, progress))
    names, unused = tuple(stored.facts["names"]), [tuple(pair) for pair in stored.facts["skipped"]]
    skipped = tuple(sorted([*unused, *_refused(sources)]))
    _require_some(names, skipped, paths)
    labels = tuple(PurePosixPath(name).parent.name for name in names)
    return PictureSet(stored.arrays["thumbnails"], names, labels, stored.facts["digest"], skipped)


def read_picture(path: str | Path) -> Pixels:
    """One photograph as uint8 (64, 64, 3): its middle square, upright.

    Raises:
        GansuiteError: there is no such file, or it is not a picture that can be read.
    """
    file = Path(path).expanduser()
    name = printable(str(path))
    if not file.exists():
        raise GansuiteError(f"There is no picture {name}.", "Check the path: it names one photograph.")
    if not file.is_file():
        raise GansuiteError(f"{name} is not a file but a folder or a device.", "Name one photograph.")
    try:
        return _square(Entry(file.name, lambda: file.open("rb"), Limits().file_bytes))
    except Unreadable as error:
        raise GansuiteError(f"{name} {error.reason}.", f"Name a photograph that is saved as {FORMATS}.") from error


def to_input(thumbnails: Pixels | Tensor) -> Tensor:
    """Bytes (B, 64, 64, 3) as what networks see: float32 (B, 3, 64, 64) in [-1, 1], channels last in memory."""
    import torch

    pixels = thumbnails if isinstance(thumbnails, torch.Tensor) else torch.tensor(thumbnails)
    return pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def _content(source: Source) -> str:
    """What a source holds (hex); of a zip as a whole, which is quicker than file by file."""
    try:
        with source.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # a folder, or a file whose reading will say why it cannot be opened
        return content_key(source.entries)


def _square(entry: Entry) -> Pixels:
    picture, _ = decode_entry(entry, at_least=2 * SIDE)
    return np.asarray(fitted(picture.image, SIDE, "crop", WHITE))


def _piece(entry: Entry) -> Pixels | Refusal:
    try:
        return _square(entry)
    except Unreadable as error:
        return Refusal(entry.name, error.reason)
    except MemoryError:
        return Refusal(entry.name, "needs more memory than there is")


def _decoded(entries: Sequence[Entry], progress: Progress | None) -> Stored:
    table = np.empty((len(entries), SIDE, SIDE, 3), np.uint8)
    names: list[str] = []
    skipped: list[tuple[str, str]] = []
    for done, (entry, piece) in enumerate(zip(entries, in_order(_piece, entries), strict=True), 1):
        if isinstance(piece, Refusal):
            skipped.append((piece.name, piece.reason))
        else:
            table[len(names)] = piece
            names.append(entry.name)
        if progress is not None:
            progress(done, len(entries))
    thumbnails = table[: len(names)]
    digest = hashlib.sha256("\n".join(names).encode())
    digest.update(thumbnails.data)
    return Stored({"thumbnails": thumbnails}, {"names": names, "skipped": skipped, "digest": digest.hexdigest()})


def _refused(sources: Iterable[Source]) -> list[tuple[str, str]]:
    return [(refusal.name, refusal.reason) for source in sources for refusal in source.refused]


def _require_some(names: Sequence[str], skipped: Sequence[tuple[str, str]], paths: Sequence[str | Path]) -> None:
    if names:
        return
    first = f" The first of {len(skipped)} files skipped: {' '.join(skipped[0])}." if skipped else ""
    where = ", ".join(printable(str(path)) for path in paths) or "Nothing"
    raise GansuiteError(
        f"{where} holds no picture that can be used.{first}", f"Name folders or zips of {FORMATS} with --images."
    )
