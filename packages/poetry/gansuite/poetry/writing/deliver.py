"""Poems put into files: as text, as JSON lines, or as Markdown beside the pictures they were written for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

from gansuite.core.errors import GansuiteError
from gansuite.core.files import write_atomically
from gansuite.core.strict_json import JSON


@dataclass(frozen=True)
class Record:
    """A poem and where it comes from.

    Attributes:
        poem: its lines with line breaks between them.
        seed: of it.
        title: or empty.
        picture: that it was written for, or None.
        model: the name or folder of the model.
        model_digest: sha256 of its weights.
        settings: all else that is needed to write it again.
        scores: of the critics and the like, by name.
    """

    poem: str
    seed: int
    title: str = ""
    picture: Path | None = None
    model: str = ""
    model_digest: str = ""
    settings: Mapping[str, JSON] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


def to_text(records: Sequence[Record]) -> str:
    """The poems as one reads them: blank lines between, titles above."""
    return (
        "\n\n\n".join(f"{record.title}\n\n{record.poem}" if record.title else record.poem for record in records) + "\n"
    )


def to_json_lines(records: Sequence[Record]) -> str:
    """An object a line, with all that is known."""
    rows = (asdict(record) | {"picture": record.picture and record.picture.as_posix()} for record in records)
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)


def to_markdown(records: Sequence[Record], folder: Path) -> str:
    """A page with each picture above its poem.

    Args:
        records: poems.
        folder: where the page will lie: links to pictures are relative to it.
    """
    return "\n---\n\n".join(_section(record, folder) for record in records)


FORMATS: Mapping[str, Callable[[Sequence[Record], Path], str]] = {
    ".txt": lambda records, _: to_text(records),
    ".jsonl": lambda records, _: to_json_lines(records),
    ".md": to_markdown,
}


def deliver(records: Sequence[Record], out: Path) -> None:
    """Write poems to a file of the kind that its name says, in one step.

    Raises:
        GansuiteError: its name says no kind that is known, or it cannot be written.
    """
    write_atomically(out, format_of(out)(records, out.parent))


def format_of(out: Path) -> Callable[[Sequence[Record], Path], str]:
    """How a file of that name is written.

    Raises:
        GansuiteError: its name says no kind that is known.
    """
    found = FORMATS.get(out.suffix.lower())
    if found is None:
        raise GansuiteError(
            f"Poems are not written to files like {out.name}.", f"Choose a name that ends in {', '.join(FORMATS)}."
        )
    return found


def _section(record: Record, folder: Path) -> str:
    parts = [f"## {_escaped(record.title)}\n"] if record.title else []
    if record.picture is not None:
        parts.append(f"![{_escaped(record.picture.stem)}]({_link(record.picture, folder)})\n")
    parts.append("  \n".join(_escaped(line) for line in record.poem.split("\n")) + "\n")
    return "\n".join(parts)


def _link(picture: Path, folder: Path) -> str:
    """The way from the folder to the picture; another drive has none."""
    try:
        way = os.path.relpath(picture.resolve(), folder.resolve())
    except ValueError:
        way = str(picture.resolve())
    return quote(Path(way).as_posix())


def _escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#" else sign for sign in text)
