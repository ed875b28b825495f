"""A run's folder: configuration, metrics, sheets and checkpoints, written so that a kill loses nothing saved."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansuite.core.errors import GansuiteError
from gansuite.core.files import remove_partial, write_atomically
from gansuite.core.schedules import Budget
from gansuite.core.seeds import LAST_SEED
from gansuite.core.strict_json import parse_object

RUNS = Path("runs")
CONFIG_LIMIT = 1 << 24  # bytes
_CHECKPOINT = re.compile(r"step-(\d{8})\.pt")


@dataclass(frozen=True)
class RunConfig:
    """The run itself.

    Attributes:
        seed: every random number of the run follows from it; 0 to 2^53.
        steps: rounds to play, or None.
        minutes: minutes to train, or None.
        device: auto, cpu, cuda, cuda:N or mps.
        threads: CPU threads; 0 leaves PyTorch's choice.
        keep: how many of the newest checkpoints stay.
    """

    seed: int = 0
    steps: int | None = None
    minutes: float | None = None
    device: str = "auto"
    threads: int = 0
    keep: int = 3

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= LAST_SEED:
            raise GansuiteError(f"seed is {self.seed}, but must lie between 0 and 2^53.", "Try --seed 0.")
        if self.threads < 0:
            raise GansuiteError(f"threads is {self.threads}, but cannot be negative.", "Leave --threads out.")
        if self.keep < 1:
            raise GansuiteError(f"keep is {self.keep}, but must be at least 1.", "Try keep = 3.")

    def budget(self, batch_size: int) -> Budget:
        """How long it may last, when each round sees so many works."""
        return Budget(None if self.steps is None else self.steps * batch_size, self.minutes)


@dataclass(frozen=True)
class Run:
    """A run folder.

    Attributes:
        path: the folder: config.json, metrics.jsonl, checkpoints/, samples/, model/, report.html.
        keep: how many of the newest checkpoints stay, beside the best.
    """

    path: Path
    keep: int = 3

    @property
    def metrics(self) -> Path:
        """One JSON object a line: the truth about the run."""
        return self.path / "metrics.jsonl"

    @property
    def samples(self) -> Path:
        """Where the sheets lie, named by step."""
        return self.path / "samples"

    @property
    def model(self) -> Path:
        """The model that is kept, as a folder to share: the latest measured, or the best where `Session` says so."""
        return self.path / "model"

    @property
    def best(self) -> Path:
        """The checkpoint with the smallest held-out distance."""
        return self.path / "checkpoints" / "best.pt"

    def checkpoints(self) -> list[Path]:
        """The numbered checkpoints, oldest first."""
        folder = self.path / "checkpoints"
        return sorted(p for p in folder.glob("step-*.pt") if _CHECKPOINT.fullmatch(p.name))

    def save(self, state: Mapping[str, Any], best: bool = False) -> Path:
        """Save a trainer's state atomically and drop what is no longer kept.

        Raises:
            GansuiteError: when the disk is full; every earlier checkpoint is untouched.
        """
        payload = _serialised(state)
        path = self.path / "checkpoints" / f"step-{state['step']:08d}.pt"
        if best:
            write_atomically(self.best, payload)  # first: the numbered one says that it is done
        write_atomically(path, payload)
        for old in self.checkpoints()[: -self.keep]:
            old.unlink(missing_ok=True)
        return path

    def forget_after(self, step: int) -> None:
        """Drop the checkpoints of later steps: the run has gone back and takes another way."""
        for path in self.checkpoints():
            if int(path.stem.removeprefix("step-")) > step:
                path.unlink(missing_ok=True)

    def load(self, back: int = 0) -> dict[str, Any]:
        """The state of the newest checkpoint, or of the one `back` before it (the oldest, when there are fewer)."""
        found = self.checkpoints()
        if not found:
            raise GansuiteError(
                f"The run {self.path} has no checkpoint to go on from.",
                "Start it again under another --run name.",
            )
        return load_checkpoint(found[max(0, len(found) - 1 - back)])

    def configuration(self) -> dict[str, Any]:
        """What `config.json` says."""
        try:
            return parse_object((self.path / "config.json").read_bytes(), CONFIG_LIMIT)
        except (OSError, ValueError) as error:
            raise GansuiteError(
                f"{self.path} is not a run: its config.json cannot be read.",
                "See your runs with: gansuite models list",
            ) from error


def create(path: Path, configuration: Mapping[str, Any], keep: int = 3) -> Run:
    """A new run folder.

    Raises:
        GansuiteError: when the folder already holds a run, or cannot be made.
    """
    require_free(path)
    run = Run(path, keep)
    write_atomically(path / "config.json", json.dumps(configuration, indent=2))
    run.samples.mkdir(exist_ok=True)
    return run


def require_free(path: Path) -> None:
    """Raise `GansuiteError` when the folder already holds a run."""
    if (path / "config.json").exists():
        raise GansuiteError(
            f"{path} already holds a run.", f"Add --resume to go on with it, or name another: --run {path}-2"
        )


def reopen(path: Path, configuration: Mapping[str, Any] | None = None, keep: int = 3) -> Run:
    """The run in a folder, cleared of what a killed process left half-written.

    Args:
        configuration: what it goes on with, in place of what its config.json says; None keeps that.

    Raises:
        GansuiteError: when the folder holds no run.
    """
    run = Run(path, keep)
    run.configuration()
    for folder in (path, path / "checkpoints", run.samples, run.model):
        remove_partial(folder)
    run.samples.mkdir(exist_ok=True)
    if configuration is not None:
        write_atomically(path / "config.json", json.dumps(configuration, indent=2))
    return run


def next_name(art: str, runs: Path = RUNS) -> Path:
    """The first free folder of the form runs/image-001."""
    number = 1
    while (runs / f"{art}-{number:03d}").exists():
        number += 1
    return runs / f"{art}-{number:03d}"


def _serialised(state: Mapping[str, Any]) -> bytes:
    import torch

    memory = io.BytesIO()
    torch.save(dict(state), memory)
    return memory.getvalue()


def load_checkpoint(path: Path) -> dict[str, Any]:
    """A trainer's state from a checkpoint file: tensors, numbers and dicts only, never code.

    Raises:
        GansuiteError: when the file is damaged or is not such a checkpoint.
    """
    import torch

    try:
        with zipfile.ZipFile(path) as archive:  # PyTorch writes check sums but does not look at them
            damaged = archive.testzip()
        if damaged:
            raise ValueError(f"{damaged} is damaged")
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["format"] != 1:
            raise ValueError(f"format {state['format']}")
        return dict(state)
    except (OSError, MemoryError):  # the disk's or the memory's fault, not the file's
        raise
    except Exception as error:  # a damaged file fails in any way there is
        raise GansuiteError(
            f"The checkpoint {path} is damaged or is not one of ours.",
            f"Delete it to go on from the one before it, with --resume --run {path.parent.parent}",
        ) from error
