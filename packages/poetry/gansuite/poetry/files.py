"""A folder, a zip or one file of poems, packed or not."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from gansuite.core import sources
from gansuite.core.sources import Unreadable, too_large
from gansuite.poetry.guard import Limits

POEMS = sources.Wanted("poems", "Name a folder, zip or file of poems with --corpus.", (".docx", ".odt", ".epub"))
PACKED = (".xz", ".gz", ".bz2")


def _gzip() -> Any:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


UNPACKERS: dict[bytes, Callable[[], Any]] = {
    b"\xfd7zXZ\x00": lzma.LZMADecompressor,
    b"\x1f\x8b": _gzip,
    b"BZh": bz2.BZ2Decompressor,
}


@contextmanager
def open_source(path: str | Path, limits: Limits | None = None) -> Iterator[sources.Source]:
    """What lies at a path: see `core.sources.open_source`."""
    with sources.open_source(path, limits or Limits(), POEMS) as source:
        yield source


def kind_of(name: str) -> str:
    """The ending in lower case, without that of a packing: `.jsonl` for `poems.jsonl.xz`."""
    path = PurePosixPath(name.lower())
    return path.with_suffix("").suffix if path.suffix in PACKED else path.suffix


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
