"""What one file may ask of this machine, settled before any of it is taken for text."""

from __future__ import annotations

from dataclasses import dataclass

from gansuite.core import sources


@dataclass(frozen=True)
class Limits(sources.Limits):
    """What one file of poems may ask of this machine before it is refused; 200,000 stanzas are 50 MB."""

    poem_characters: int = 200_000  # one poem before it is cut into stanzas: a book of an epic
    broken_named: int = 100  # broken lines of one file that are named one by one
