"""What the trainer's session tells to whoever listens: a plan, lines, an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from gansuite.core.errors import GansuiteError


class Observer(Protocol):
    """Somebody who watches a run. An observer never changes a run; it may end it by raising."""

    def start(self, plan: Mapping[str, Any]) -> None:
        """Before the first step.

        Args:
            plan: "run" (Path of the run folder), "total_images" (int or None), "minutes" (float or None),
                "config" (the merged configuration) and "resumed_step" (int, 0 for a new run).
        """

    def record(self, line: Mapping[str, Any]) -> None:
        """Every line of metrics.jsonl: `kind` is "step", "measure" or "event"."""

    def finish(self, outcome: str) -> None:
        """After the last step; `outcome` is "done", "stopped", "diverged" or "failed"."""


def unwritable(path: Path, error: OSError) -> GansuiteError:
    """What a person reads when the disk of an observer's file is full, or gone."""
    return GansuiteError(
        f"{path} could not be written: {error.strerror or error}.",
        "Free some space and go on with --resume; what was saved before is untouched.",
    )
