"""What people have: a folder, a zip or one file of poems, listed in a stable order.

Listing opens no poem. What cannot be used is named with a reason, never dropped silently; only hidden files and the
litter of operating systems (`__MACOSX`, `Thumbs.db`) are passed over.
"""

from __future__ import annotations

import bz2
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from gansuite.core.errors import GansuiteError
from gansuite.poetry.guard import Limits, Unreadable, too_large

LITTER = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "ehthumbs.db"})
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what other ways raise differs from Python to Python
PACKED = (".xz", ".gz", ".bz2")


def _gzip() -> Any:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


UNPACKERS: dict[bytes, Callable[[], Any]] = {
    b"\xfd7zXZ\x00": lzma.LZMADecompressor,
    b"\x1f\x8b": _gzip,
    b"BZh": bz2.BZ2Decompressor,
}


@dataclass(frozen=True)
class Entry:
    """One file of a source.

    Attributes:
        name: path inside the source, with `/` between folders, safe to print.
        opener: opens the bytes for reading.
        limit: the most bytes `read` returns.
    """

    name: str
    opener: Callable[[], IO[bytes]]
    limit: int

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders the file lies in, outermost first."""
        return PurePosixPath(self.name).parts[:-1]

    @property
    def kind(self) -> str:
        """The ending in lower case, without that of a packing: `.jsonl` for `poems.jsonl.xz`."""
        path = PurePosixPath(self.name.lower())
        return path.with_suffix("").suffix if path.suffix in PACKED else path.suffix

    def read(self) -> bytes:
        """All bytes of the file as they lie there; raises `Unreadable` if it cannot be read or grew past the limit."""
        try:
            with self.opener() as file:
                data = file.read(self.limit + 1)
        except PermissionError as error:
            raise Unreadable("cannot be opened: permission denied") from error
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise Unreadable("is damaged inside the zip (its checksum or packing is wrong)") from error
        except (NotImplementedError, RuntimeError) as error:
            raise Unreadable("is packed in a way that cannot be unpacked here") from error
        except (OSError, ValueError) as error:
            raise Unreadable(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
        if len(data) > self.limit:
            raise Unreadable(too_large(len(data), self.limit))
        return data


@dataclass(frozen=True)
class Refusal:
    """A file, or a part of one, that is not used, and the reason in plain words."""

    name: str
    reason: str


@dataclass(frozen=True)
class Source:
    """A folder, zip or file: entries sorted by name, and what was refused without opening it."""

    path: Path
    entries: tuple[Entry, ...]
    refused: tuple[Refusal, ...]


@contextmanager
def open_source(path: str | Path, limits: Limits | None = None) -> Iterator[Source]:
    """List a folder (recursively), a zip (never unpacked to disk) or one file; entries can be read inside the `with`.

    Raises:
        GansuiteError: nothing lies at `path`, it cannot be opened, it holds no file, or more than `limits.files`.
    """
    limits = limits or Limits()
    root = Path(path).expanduser()
    if not root.exists():
        raise GansuiteError(f"There is no folder or file {root}.", "Name a folder, zip or file of poems with --corpus.")
    root = root.resolve()
    if root.is_dir():
        yield _source(root, _folder(root, limits), limits)
    elif _is_zip(root):
        with _open_zip(root) as archive:
            yield _source(root, _zip_members(archive, root, limits), limits)
    else:
        yield _source(root, [_file(root, root.parent, limits)], limits)


def unpacked(data: bytes, limit: int) -> bytes:
    """What a file packed by xz, gzip or bzip2 holds; any other bytes as they are.

    Raises:
        Unreadable: it is damaged, cut off, or holds more than `limit` bytes.
    """
    make = next((make for magic, make in UNPACKERS.items() if data.startswith(magic)), None)
    if make is None:
        return data
    out = bytearray()
    try:
        while data:
            worker = make()
            out += worker.decompress(data, limit + 1 - len(out))
            if len(out) > limit:
                raise Unreadable(too_large(len(out), limit))
            if not worker.eof:
                raise Unreadable("is cut off: what it packs has no end")
            data = worker.unused_data.lstrip(b"\0")
    except (lzma.LZMAError, zlib.error, OSError, ValueError) as error:
        raise Unreadable("is damaged: it cannot be unpacked") from error
    return bytes(out)


def printable(name: str) -> str:
    """`name` without what a terminal would obey or an encoder refuse: that becomes `\\x1b` and the like."""
    clean = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in clean)


def _source(root: Path, found: Iterable[Entry | Refusal], limits: Limits) -> Source:
    items: list[Entry | Refusal] = []
    for item in found:
        if len(items) >= limits.files:
            raise GansuiteError(
                f"{root} holds more than {limits.files:,} files.", "Name the folder that holds only your poems."
            )
        items.append(item)
    if not items:
        raise GansuiteError(f"{root} holds no files.", "Name a folder, zip or file of poems with --corpus.")
    items.sort(key=lambda item: item.name)
    entries = tuple(item for item in items if isinstance(item, Entry))
    return Source(root, entries, tuple(item for item in items if isinstance(item, Refusal)))


def _passed_over(part: str) -> bool:
    return part in LITTER or (part.startswith(".") and part != "..")


def _relative(path: str, root: Path) -> str:
    return printable(os.path.relpath(path, root).replace(os.sep, "/"))


def _folder(root: Path, limits: Limits) -> Iterator[Entry | Refusal]:
    waiting = [str(root)]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                items = [item for item in found if not _passed_over(item.name)]
        except OSError as error:
            yield Refusal(_relative(folder, root), f"is a folder that cannot be opened: {error.strerror}")
            continue
        for item in items:
            if item.is_dir(follow_symlinks=False):
                waiting.append(item.path)
            else:
                yield _file(Path(item.path), root, limits)


def _file(path: Path, root: Path, limits: Limits) -> Entry | Refusal:
    name = _relative(str(path), root)
    try:
        if path.is_symlink() and (reason := _bad_link(path, root)):
            return Refusal(name, reason)
        facts = path.stat()
    except OSError as error:
        return Refusal(name, f"cannot be read: {error.strerror}")
    if not stat.S_ISREG(facts.st_mode):
        return Refusal(name, "is not an ordinary file")
    if facts.st_size > limits.file_bytes:
        return Refusal(name, too_large(facts.st_size, limits.file_bytes))
    return Entry(name, partial(_open, path), limits.file_bytes)


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _bad_link(path: Path, root: Path) -> str | None:
    target = Path(os.path.realpath(path))
    if not target.exists():
        return "is a link that leads nowhere"
    if target.is_dir():
        return "is a link to a folder; such links are not followed"
    if not target.is_relative_to(root):
        return "is a link that leads out of the folder; it is not followed"
    return None


def _is_zip(path: Path) -> bool:
    """Whether it is a zip of files; a .docx or .epub is packed the same way but is one file."""
    if path.suffix.lower() == ".zip":
        return True
    if path.suffix.lower() in (".docx", ".odt", ".epub"):
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        # listed as an entry, its reading says why it cannot be opened
        return False


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise GansuiteError(
            f"{path} cannot be opened as a zip ({error}).", "Make the zip again, or name the unpacked folder."
        ) from error


def _zip_members(archive: zipfile.ZipFile, path: Path, limits: Limits) -> Iterator[Entry | Refusal]:
    budget = max(limits.unzipped_bytes, limits.zip_ratio * path.stat().st_size)
    seen: dict[str, int] = {}
    for info in archive.infolist():
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if info.is_dir() or any(_passed_over(part) for part in parts):
            continue
        name = _unique(printable("/".join(parts)), seen)
        reason = _bad_member(info, parts, budget, limits)
        if reason is not None:
            yield Refusal(name, reason)
            continue
        budget -= info.file_size
        yield Entry(name, partial(archive.open, info), limits.file_bytes)


def _unique(name: str, seen: dict[str, int]) -> str:
    """A zip may hold one name many times: the second becomes `name (2)`."""
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name} ({seen[name]})"


def _bad_member(info: zipfile.ZipInfo, parts: tuple[str, ...], budget: int, limits: Limits) -> str | None:
    if info.flag_bits & 0x1:
        return "is locked with a password (encrypted)"
    if info.compress_type not in PACKINGS:
        return "is packed in a way that cannot be unpacked here"
    if ".." in parts or parts[:1] == ("/",):
        return "has a path that leads out of the zip"
    if info.file_size > limits.file_bytes:
        return too_large(info.file_size, limits.file_bytes)
    if info.file_size > budget:
        return "is one of too many: together the files of this zip unpack to too much (a zip bomb?)"
    return None
