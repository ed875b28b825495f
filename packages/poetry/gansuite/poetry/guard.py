"""What one file may ask of this machine, settled before any of it is taken for text."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 2**20


class Unreadable(Exception):
    """One file that cannot be used, and why, in plain words that continue the sentence `<name> ...`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    """What one file may ask of this machine before it is refused."""

    file_bytes: int = 256 * MEGABYTE  # one file, packed and unpacked; 200,000 stanzas are 50 MB
    files: int = 200_000  # files in one source
    unzipped_bytes: int = 4096 * MEGABYTE  # all members of a zip together, if the zip itself is small
    zip_ratio: int = 50  # a large zip may unpack to this many times its own size
    poem_characters: int = 200_000  # one poem before it is cut into stanzas: a book of an epic
    broken_named: int = 100  # broken lines of one file that are named one by one


def too_large(size: int, limit: int) -> str:
    """The reason for a file of `size` bytes over `limit` bytes."""
    return f"is too large: {size / MEGABYTE:,.0f} MB or more, the limit is {limit / MEGABYTE:,.0f} MB a file"
