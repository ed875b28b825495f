"""What the journeys of poems share: a tiny configuration, works, and how to train on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from journeys.front_door import Gansuite, Result
from poetry.small_works import write_pictures, write_poems

TINY = """
[encoder]
widths = [16, 16, 16, 16]
depths = [0, 1, 1, 1]
[game]
samples = 2
tokens = 16
[recipe]
precision = "fp32"  # two processes round bf16 otherwise than one
[rhythm]
log = 1
"""
STEPS = 6


@dataclass(frozen=True)
class Works:
    """A folder of pictures of three kinds, a file of poems, and a configuration of a run of seconds."""

    pictures: Path
    poems: Path
    toml: Path

    def words(self, steps: int = STEPS, pictures: bool = True) -> list[object]:
        """What is typed after `gansuite poem train`."""
        small = ["--preset", "smoke", "--config", self.toml, "--steps", steps, "--device", "cpu", "--threads", 1]
        return ["--corpus", self.poems, *(["--images", self.pictures] if pictures else []), *small]


def write_works(folder: Path) -> Works:
    """Sixty pictures and a hundred and fifty poems."""
    toml = folder / "tiny.toml"
    folder.mkdir(parents=True, exist_ok=True)
    toml.write_text(TINY, encoding="utf8")
    return Works(write_pictures(folder / "pictures"), write_poems(folder / "poems.jsonl"), toml)


def lines_of(result: Result) -> list[str]:
    """The lines that a command printed."""
    return result.ok().out.splitlines()


def train_once(gansuite: Gansuite, run: Path, *words: object) -> Path:
    """A run that is trained when it is first asked for; what the command said lies beside it."""
    if not (run / "model" / "config.json").exists():
        done = gansuite("poem", "train", *words, "--run", run).ok()
        run.with_suffix(".out").write_text(done.out, encoding="utf8")
        run.with_suffix(".err").write_text(done.err, encoding="utf8")
    return run
