"""Writing so that a file is either the old one or the new one, and paths that stay where they belong."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from gansuite.core.errors import GansuiteError

PARTIAL_SUFFIX = ".partial"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def write_atomically(path: Path, write: Callable[[BinaryIO], None] | bytes | str) -> None:
    """Put a file in place in one step: after a crash at any instant it is the old file or the new one.

    The content goes to a temporary file in the same folder, is flushed to the disk, renamed over `path`,
    and the folder is flushed too. Missing folders are made. On any error the temporary file is removed
    and what was at `path` stays.

    Args:
        path: the file to write.
        write: its bytes, its text (UTF-8), or a function that writes to the binary stream it is given.

    Raises:
        GansuiteError: the disk or the quota is full, or the folder may not be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_beside(path) as temporary:
            _write_through(temporary, _writer(write))
            os.replace(temporary, path)
        _flush_folder(path.parent)
    except Exception as error:
        told = _told(error, path)
        if told is error:
            raise
        raise told from error


def remove_partial(folder: Path) -> int:
    """Remove the temporary files that a killed process left in `folder`; returns how many there were."""
    leftovers = [found for found in folder.glob(f".*{PARTIAL_SUFFIX}") if found.is_file()]
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return len(leftovers)


def safe_child(root: Path, name: str) -> Path:
    """The path of `name` inside `root`, which it cannot leave; neither of them has to exist.

    Args:
        root: the folder to stay in; it may itself be reached through a link.
        name: a relative path of one or more parts, as read from a file or typed by a person.

    Raises:
        GansuiteError: the name is empty, absolute, holds `..` or a NUL, or a link in it leaves the root.
    """
    if not _is_plain(name):
        raise _outside(root, name)
    child = root / name
    try:
        inside = child.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, or a name too long
        raise _outside(root, name) from error
    if not inside:
        raise _outside(root, name)
    return child


def sha256_file(path: Path) -> str:
    """The sha256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_disk_full(error: BaseException) -> bool:
    """Whether a full disk or quota is the reason: some writers hide the OSError behind one of their own."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        if isinstance(current, OSError) and current.errno in _FULL:
            return True
        seen.add(id(current))
        current = current.__cause__ or current.__context__
    return False


def _writer(write: Callable[[BinaryIO], None] | bytes | str) -> Callable[[BinaryIO], None]:
    if callable(write):
        return write
    content = write.encode("utf-8") if isinstance(write, str) else write

    def put(stream: BinaryIO) -> None:
        stream.write(content)

    return put


@contextlib.contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    """A new name in the folder of `path`; what still lies there at the end is removed."""
    temporary = path.parent / f".{path.name[:80]}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}"
    try:
        yield temporary
    finally:
        with contextlib.suppress(OSError):  # a failed clean-up must not hide the first error
            temporary.unlink(missing_ok=True)


def _write_through(path: Path, write: Callable[[BinaryIO], None]) -> None:
    with path.open("xb") as stream:
        write(stream)
        stream.flush()
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot flush folders
            raise
    finally:
        os.close(descriptor)


def _told(error: Exception, path: Path) -> Exception:
    """The error a person should read, or the error itself when it is none of those expected."""
    if is_disk_full(error):
        return GansuiteError(
            f"The disk is full: {path} could not be written.",
            "Free some space and go on with --resume; the previous file is untouched.",
        )
    if isinstance(error, OSError) and error.errno in _FORBIDDEN:
        return GansuiteError(
            f"{path} may not be written ({error.strerror}).",
            "Choose a folder that is yours with --out or --run, or change its permissions.",
        )
    if isinstance(error, (FileExistsError, NotADirectoryError, IsADirectoryError)):
        return GansuiteError(
            f"{path} cannot be written: a folder or a file of that name is in the way.",
            "Choose another name, or move what lies there.",
        )
    return error


def _is_plain(name: str) -> bool:
    windows = PureWindowsPath(name)
    absolute = PurePosixPath(name).is_absolute() or bool(windows.drive or windows.root)
    return bool(windows.parts) and not absolute and ".." not in windows.parts and "\0" not in name


def _outside(root: Path, name: str) -> GansuiteError:
    return GansuiteError(
        f"The name {name!r} does not stay inside {root}.",
        "Use a plain relative name, without '..' and without a leading slash.",
    )
