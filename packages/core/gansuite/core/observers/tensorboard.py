"""TensorBoard, when asked for: every number of metrics.jsonl under its own name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gansuite.core.errors import GansuiteError
from gansuite.core.observers.base import unwritable

_NO_CURVE = frozenset({"step", "images", "seconds"})


class TensorBoard:
    """An observer that writes TensorBoard event files: steps as they are named, measures under `measure/`.

    Args:
        folder: where the event files go; look at them with `tensorboard --logdir FOLDER`.

    Raises:
        GansuiteError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise GansuiteError(
                "TensorBoard was asked for but is not installed.",
                "Install it with: pip install 'gansuite[tensorboard]'",
            ) from error
        self._open: Any = SummaryWriter
        self._writer: Any = None
        self._folder = folder

    def start(self, plan: Mapping[str, Any]) -> None:
        """Open the files; a resumed run hides what was drawn after the step it goes on from."""
        resumed = int(plan.get("resumed_step", 0))
        config = json.dumps(plan.get("config", {}), indent=2, default=str)
        with self._writing():
            self._writer = self._open(str(self._folder), purge_step=resumed + 1 if resumed else None)
            self._writer.add_text("config", f"```json\n{config}\n```", resumed)

    def record(self, line: Mapping[str, Any]) -> None:
        """Draw a line's numbers; events become texts.

        Raises:
            GansuiteError: the files cannot be written, for example because the disk is full.
        """
        with self._writing():
            self._draw(line)

    def finish(self, outcome: str) -> None:
        """Write what is still in memory and close the files."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            with self._writing():
                writer.close()

    def _draw(self, line: Mapping[str, Any]) -> None:
        step = int(line.get("step", 0))
        if line.get("kind") == "event":
            self._writer.add_text(f"event/{line.get('event')}", str(line.get("text", "")), step)
            return
        under = "measure/" if line.get("kind") == "measure" else ""
        for name, value in line.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool) and name not in _NO_CURVE:
                self._writer.add_scalar(under + name, value, step)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unwritable(self._folder, error) from error
