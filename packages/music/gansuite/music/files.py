"""A folder, a zip or one file of music."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gansuite.core import sources
from gansuite.music.guard import Limits

MUSIC = sources.Wanted("music", "Name a folder, zip or file of music with --data.", (".npz",))


@contextmanager
def open_source(path: str | Path, limits: Limits | None = None) -> Iterator[sources.Source]:
    """What lies at a path: see `core.sources.open_source`."""
    with sources.open_source(path, limits or Limits(), MUSIC) as source:
        yield source
