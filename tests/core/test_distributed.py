"""Two processes compute what one would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist

from core.shared_training import GAMES, SITTINGS, play
from core.toys import largest_gap
from gansuite.core.engine import World
from gansuite.core.run import Run, load_checkpoint

TESTS = Path(__file__).resolve().parents[1]
PATIENCE = 120  # seconds until a process that should have ended is given up
pytestmark = pytest.mark.skipif(not dist.is_available(), reason="this PyTorch has no torch.distributed")


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1", **more}


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def start(rank: int, port: str, out: Path) -> subprocess.Popen[str]:
    where = environment(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
    command = [sys.executable, "-m", "core.shared_training", str(out)]
    return subprocess.Popen(command, env=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes came to, by the name of the task."""
    out, port = tmp_path_factory.mktemp("ranks"), free_port()
    processes = [start(rank, port, out) for rank in (0, 1)]
    try:
        said = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    return [torch.load(out / f"rank-{rank}.pt", weights_only=True) for rank in (0, 1)]


@pytest.mark.parametrize("name", GAMES)
def test_two_processes_compute_what_one_does(ranks: list[dict[str, Any]], name: str) -> None:
    alone = play(name, World())
    assert largest_gap(alone["weights"], ranks[0][name]["weights"]) < 1e-6


@pytest.mark.parametrize("name", GAMES)
def test_replicas_stay_equal_to_the_last_bit(ranks: list[dict[str, Any]], name: str) -> None:
    assert largest_gap(ranks[0][name]["weights"], ranks[1][name]["weights"]) == 0


@pytest.mark.parametrize("name", GAMES)
def test_the_log_speaks_for_all_processes(ranks: list[dict[str, Any]], name: str) -> None:
    alone, together = play(name, World())["logged"], ranks[0][name]["logged"]
    assert [line.keys() for line in alone] == [line.keys() for line in together]
    for one, other in zip(alone, together, strict=True):
        assert other == {key: pytest.approx(value, rel=1e-4, abs=1e-5) for key, value in one.items()}
    assert together == ranks[1][name]["logged"]


def test_a_nan_on_one_rank_rolls_all_back(ranks: list[dict[str, Any]], tmp_path: Path) -> None:
    one, other = (rank["a NaN on one rank"] for rank in ranks)
    alone = SITTINGS["a NaN on one rank"](tmp_path / "alone", World())
    assert one["gone back"] == other["gone back"] == alone["gone back"] == (1, 0.5, 3)
    assert one["told"] == alone["told"] == [4]
    assert other["told"] == []  # the leading process tells, for all
    assert largest_gap(one["weights"], other["weights"]) == 0
    assert largest_gap(one["weights"], alone["weights"]) < 1e-6


def test_schedules_in_minutes_follow_one_clock(ranks: list[dict[str, Any]]) -> None:
    """Otherwise each process has learning rates of its own, and the replicas drift apart."""
    one, other = (rank["clocks that differ"] for rank in ranks)
    assert one["steps"] == other["steps"] > 5
    assert largest_gap(one["weights"], other["weights"]) == 0


def test_a_signal_to_one_rank_stops_all_at_the_same_step(ranks: list[dict[str, Any]]) -> None:
    one, other = (rank["a signal on one rank"] for rank in ranks)
    assert one == other
    assert one["code"] == 143
    assert one["steps"] == one["saved"]


def test_a_full_disk_stops_all_and_only_the_leader_speaks(ranks: list[dict[str, Any]]) -> None:
    one, other = (rank["a full disk"] for rank in ranks)
    assert "disk is full" in one["said"]
    assert other["said"] == ""
    assert one["code"] == other["code"] == 2
    assert one["saved"] == other["saved"] == 4


def test_a_full_disk_for_an_observer_stops_all_at_once_with_one_sentence(ranks: list[dict[str, Any]]) -> None:
    """Between two checkpoints, where nobody else would notice."""
    one, other = (rank["a full disk for an observer"] for rank in ranks)
    assert "metrics.jsonl could not be written: No space left on device." in one["said"]
    assert other["said"] == ""
    assert one["code"] == other["code"] == 2
    assert one["steps"] == other["steps"] == 6
    assert one["saved"] == other["saved"] == 4


def test_a_run_that_diverges_says_so_once(ranks: list[dict[str, Any]]) -> None:
    one, other = (rank["nothing helps"] for rank in ranks)
    assert "3 roll-backs did not help" in one["said"]
    assert other["said"] == ""
    assert one["code"] == other["code"] == 3


def test_terminating_torchrun_leaves_a_good_checkpoint(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    port = f"--master-port={free_port()}"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--master-addr=127.0.0.1", port]
    command = [*launcher, "-m", "core.stoppable_training", str(folder)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = stopped_at(9, process)
    steps = [load_checkpoint(path)["step"] for path in Run(folder).checkpoints()]
    told = [int(line.removeprefix("step ")) for line in said if line.startswith("step ")]
    assert max(steps) >= 9, said
    assert max(told) == max(steps), said


def stopped_at(step: int, process: subprocess.Popen[str]) -> list[str]:
    """All that a training says which is told to stop when it tells of this step; one that hangs is killed."""
    said = []
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        for line in process.stdout or ():
            said.append(line)
            if line == f"step {step}\n":
                process.send_signal(signal.SIGTERM)
        process.wait()
    finally:
        watchdog.cancel()
        process.kill()
    return said
