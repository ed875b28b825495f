"""What people have: a folder, a zip or one file of works, listed in a stable order.

Listing opens no work. What cannot be used is named with a reason, never dropped silently; only hidden files and the
litter of operating systems (`__MACOSX`, `Thumbs.db`) are passed over.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO

from gansuite.core.errors import GansuiteError

LITTER = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "ehthumbs.db"})
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what other ways raise differs from Python to Python
MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What files may ask of this machine before they are refused; each art has some of its own beside them."""

    file_bytes: int = 256 * MEGABYTE  # one file, unpacked
    files: int = 200_000  # files in one source
    unzipped_bytes: int = 4096 * MEGABYTE  # all members of a zip together, if the zip itself is small
    zip_ratio: int = 50  # a large zip may unpack to this many times its own size


@dataclass(frozen=True)
class Wanted:
    """What a source is opened for.

    Attributes:
        works: what its files are called: `pictures`.
        remedy: what to do where there are none.
        single: endings of files that are packed as a zip is but are one work.
        needed: a source without files is refused.
    """

    works: str
    remedy: str
    single: tuple[str, ...] = ()
    needed: bool = True


class Unreadable(Exception):
    """One file that cannot be used, and why, in plain words that continue the sentence `<name> ...`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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

    def read(self) -> bytes:
        """All bytes of the file; raises `Unreadable` if it cannot be read or grew past the limit."""
        data = self._first(self.limit + 1)
        if len(data) > self.limit:
            raise Unreadable(too_large(len(data), self.limit))
        return data

    def head(self) -> bytes:
        """The first 512 bytes (fewer in a small file); raises `Unreadable`."""
        return self._first(512)

    def _first(self, count: int) -> bytes:
        try:
            with self.opener() as file:
                return b"".join(_portions(file, count))
        except PermissionError as error:
            raise Unreadable("cannot be opened: permission denied") from error
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise Unreadable("is damaged inside the zip (its checksum or packing is wrong)") from error
        except (NotImplementedError, RuntimeError) as error:
            raise Unreadable("is packed in a way that cannot be unpacked here") from error
        except (OSError, ValueError) as error:
            raise Unreadable(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


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

    def find(self, name: str) -> Entry | None:
        """The entry with exactly this name, or None."""
        return next((entry for entry in self.entries if entry.name == name), None)


@contextmanager
def open_source(path: str | Path, limits: Limits, wanted: Wanted) -> Iterator[Source]:
    """List a folder (recursively), a zip (never unpacked to disk) or one file; read its entries inside the `with`.

    Raises:
        GansuiteError: nothing lies at `path`, it cannot be opened, it holds no file but needs some, or more than
            `limits.files`.
    """
    root = Path(path).expanduser()
    if not root.exists():
        raise GansuiteError(f"There is no folder or file {root}.", wanted.remedy)
    root = root.resolve()
    if root.is_dir():
        yield _source(root, _folder(root, limits), limits, wanted)
    elif _is_zip(root, wanted.single):
        with _open_zip(root) as archive:
            yield _source(root, _zip_members(archive, root, limits), limits, wanted)
    else:
        yield _source(root, [_file(root, root.parent, limits)], limits, wanted)


def printable(name: str) -> str:
    """`name` without what a terminal would obey or an encoder refuse: that becomes `\\x1b` and the like."""
    clean = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in clean)


def too_large(size: int, limit: int) -> str:
    """The reason for a file of `size` bytes over `limit` bytes."""
    return f"is too large: {size / MEGABYTE:,.0f} MB or more, the limit is {limit / MEGABYTE:,.0f} MB a file"


def _source(root: Path, found: Iterable[Entry | Refusal], limits: Limits, wanted: Wanted) -> Source:
    items = list(islice(found, limits.files + 1))
    if len(items) > limits.files:
        raise GansuiteError(
            f"{root} holds more than {limits.files:,} files.", f"Name the folder that holds only your {wanted.works}."
        )
    if wanted.needed and not items:
        raise GansuiteError(f"{root} holds no files.", wanted.remedy)
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
        waiting += [item.path for item in items if item.is_dir(follow_symlinks=False)]
        yield from (_file(Path(item.path), root, limits) for item in items if not item.is_dir(follow_symlinks=False))


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


def _portions(file: IO[bytes], count: int) -> Iterator[bytes]:
    """At most `count` bytes, a megabyte at a time: room for all of them is never asked for at once."""
    while count > 0 and (portion := file.read(min(count, MEGABYTE))):
        yield portion
        count -= len(portion)


def _bad_link(path: Path, root: Path) -> str | None:
    target = Path(os.path.realpath(path))
    if not target.exists():
        return "is a link that leads nowhere"
    if target.is_dir():
        return "is a link to a folder; such links are not followed"
    if not target.is_relative_to(root):
        return "is a link that leads out of the folder; it is not followed"
    return None


def _is_zip(path: Path, single: tuple[str, ...]) -> bool:
    suffix = path.suffix.lower()
    if suffix == ".zip" or suffix in single:
        return suffix == ".zip"
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
