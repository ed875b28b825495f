"""A training of the toy for `torchrun` that goes on until somebody stops it.

Run as `python -m core.stoppable_training FOLDER`; after each step the leading process prints a line.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.shared_training import Listener, sitting
from core.toys import ENDLESS, Rules
from gansuite.core.engine import join


def main(folder: Path) -> int:
    """Train for ever; returns what the session returns when it is stopped."""
    with join("cpu", threads=1) as world:

        def hear(line: Mapping[str, Any]) -> None:
            print(f"step {line['step']}", flush=True)

        session = sitting(folder, world, Rules(r1=0.1), ENDLESS, observers=[Listener(hear)] if world.leads else [])
        return session.train({})


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
