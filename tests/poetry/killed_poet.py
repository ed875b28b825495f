"""`gansuite poem train` killed with -9 in two of its stages, and resumed through the command line each time.

Run as `python -m poetry.killed_poet FOLDER LINES LINES... -- WORDS`, with the lines of metrics after which each life is
killed and what is typed after `gansuite poem train`; prints one JSON object: the digests at the end. Every life is a
fork of this process, which has imported PyTorch but never computed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers

from image.killed_cli import ended, killed_after, live


def digest(run: Path) -> str:
    """Of the weights that are kept."""
    return hashlib.sha256((run / "model/model.safetensors").read_bytes()).hexdigest()


def main(folder: Path, lines: Sequence[int], words: Sequence[str]) -> None:
    """The run that is killed, and the one that is not."""
    torch.set_num_threads(1)
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])  # imports half of PyTorch: once, and not in every life
    assert transformers.GPT2LMHeadModel  # likewise
    train = ["poem", "train"]
    straight, killed = folder / "straight", folder / "killed"
    ended(live([*train, *words, "--run", str(straight)]))
    goes_on = [*train, "--resume", "--run", str(killed)]
    survivors = [
        killed_after(count, 0.0, goes_on if number else [*train, *words, "--run", str(killed)])
        for number, count in enumerate(lines)
    ]
    begun = sorted(path.parent.name for path in killed.glob("*/config.json"))
    ended(live(goes_on))
    told = {"survivors": sum(survivors), "begun": begun, "straight": digest(straight), "killed": digest(killed)}
    print(json.dumps(told))


if __name__ == "__main__":
    end = sys.argv.index("--")
    main(Path(sys.argv[1]), [int(count) for count in sys.argv[2:end]], sys.argv[end + 1 :])
