"""A folder, a zip or one file of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gansuite.core import sources

PICTURES = sources.Wanted(
    "pictures", "Check the path: it names a folder, a zip or one file of works.", needed=False
)  # where there are none, the art says what it wanted with them


@dataclass(frozen=True)
class Limits(sources.Limits):
    """What one picture may ask of this machine before it is refused."""

    pixels: int = 64_000_000  # width times height, read from the header before anything is decoded
    smallest: int = 16  # shorter side in pixels
    aspect: float = 20.0  # longer side divided by shorter side


@contextmanager
def open_source(path: str | Path, limits: Limits | None = None) -> Iterator[sources.Source]:
    """What lies at a path: see `core.sources.open_source`; it may hold no files."""
    with sources.open_source(path, limits or Limits(), PICTURES) as source:
        yield source
