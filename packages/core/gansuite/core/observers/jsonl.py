"""metrics.jsonl, the truth about a run: one JSON object a line.

JSON has no NaN and no infinity, so those are written as the texts "nan", "inf" and "-inf" and are read
back as floats. A kill may tear the last line; it is passed over when read and cut off when a run is resumed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from gansuite.core.errors import GansuiteError
from gansuite.core.files import write_atomically
from gansuite.core.observers.base import unwritable

_SPELLED = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_WORDS = frozenset({"kind", "event", "text"})


class MetricsFile:
    """An observer that appends every line to a file and flushes it, so that a kill loses one line at most.

    Args:
        path: the file; its folder is made when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: TextIO | None = None

    def start(self, plan: Mapping[str, Any]) -> None:
        """Cut off what a resumed run will do over: every line after `resumed_step`, and a torn last one."""
        resumed = int(plan.get("resumed_step", 0))
        kept = [line for line in _lines(self.path) if resumed > 0 and _step(line) <= resumed]
        write_atomically(self.path, "".join(map(encode, kept)))

    def record(self, line: Mapping[str, Any]) -> None:
        """Append one line.

        Raises:
            GansuiteError: the file cannot be written, for example because the disk is full.
        """
        try:
            if self._stream is None:
                self._stream = self.path.open("a", encoding="utf-8", newline="\n")
            self._stream.write(encode(line))
            self._stream.flush()
        except OSError as error:
            raise unwritable(self.path, error) from error

    def finish(self, outcome: str) -> None:
        """Close the file."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            try:
                stream.close()
            except OSError as error:
                raise unwritable(self.path, error) from error


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a metrics.jsonl, oldest first; none if there is no such file.

    Raises:
        GansuiteError: the file is there but cannot be read.
    """
    return list(_lines(path))


def encode(line: Mapping[str, Any]) -> str:
    """One line of metrics.jsonl, with its newline; numbers of numpy and torch become plain ones."""
    return json.dumps({key: _plain(value) for key, value in line.items()}, allow_nan=False) + "\n"


def decode(text: str) -> dict[str, Any] | None:
    """The line as a dict, or None if it is torn or is not an object."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return {key: _restored(key, value) for key, value in line.items()} if isinstance(line, dict) else None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            yield from filter(None, map(decode, stream))
    except OSError as error:
        raise GansuiteError(
            f"{path} cannot be read ({error.strerror}).", "Check the permissions of the run folder."
        ) from error


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return str(value) if isinstance(value, Path) else value


def _restored(key: str, value: Any) -> Any:
    return _SPELLED.get(value, value) if isinstance(value, str) and key not in _WORDS else value


def _step(line: Mapping[str, Any]) -> float:
    step = line.get("step", 0)
    return step if isinstance(step, (int, float)) else 0
