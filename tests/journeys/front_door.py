"""What all journeys share: what a command leaves, a small configuration, what lies in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SMALL = """
[data]
resolution = 32
[network]
width = 8
latent = 16
[recipe]
batch_size = 8
precision = "fp32"
[rhythm]
log = 1
sheet = 6
checkpoint = 4
measure = 6
[run]
steps = 12
threads = 1
"""


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as one JSON object."""
        return json.loads(self.out)

    def ok(self) -> Result:
        """This result, of a command that went well."""
        assert self.code == 0, self.err
        assert "Traceback" not in self.err
        return self


Gansuite = Callable[..., Result]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
