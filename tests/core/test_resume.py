"""A run can be killed at any instant and resumes to the same weights, bit for bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def killed(folder: Path, kills: int, seed: int, stride: int) -> dict[str, Any]:
    """What the runs of `core.killed_training` hold at the end."""
    command = [sys.executable, "-m", "core.killed_training", str(folder), str(kills), str(seed), str(stride)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=840, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def fates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return killed(tmp_path_factory.mktemp("killed"), kills=20, seed=0, stride=7)


def test_twenty_kills_at_random_moments_change_no_weight(fates: dict[str, Any]) -> None:
    one, other = fates["at random"]["killed"], fates["at random"]["straight"]
    assert one["step"] == 80
    assert one["weights"] == other["weights"]
    assert one["best"] == other["best"]
    assert one["exported"] == other["exported"]


def test_the_metrics_of_a_killed_run_are_those_of_one_sitting(fates: dict[str, Any]) -> None:
    """No line twice, no line lost, but for clocks."""
    lines = fates["at random"]["killed"]["lines"]
    assert [line["step"] for line in lines if line["kind"] == "step"] == list(range(1, 81))
    assert lines == fates["at random"]["straight"]["lines"]


def test_nothing_half_written_stays(fates: dict[str, Any]) -> None:
    assert fates["at random"]["killed"]["left over"] == []
    assert all(fate["left over"] == [] for fate in fates["at every change"]["killed"])


def last_told(lines: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, Any]]:
    """A step that was done over after a roll-back counts as it was done last."""
    return {(line["kind"], line["step"]): line for line in lines}


def test_a_kill_beside_any_change_of_a_file_changes_no_weight(fates: dict[str, Any]) -> None:
    """Before and after each flush, rename and removal, in a run that is rolled back on its way."""
    straight = fates["at every change"]["straight"]
    assert any(line.get("event") == "rollback" for line in straight["lines"])
    assert len(fates["at every change"]["killed"]) > 20
    for moment, fate in enumerate(fates["at every change"]["killed"]):
        for key in ("step", "weights", "best", "exported"):
            assert fate[key] == straight[key], (moment, key)
        assert last_told(fate["lines"]) == last_told(straight["lines"]), moment


@pytest.mark.slow
def test_many_more_kills(tmp_path: Path) -> None:
    fates = killed(tmp_path, kills=60, seed=1, stride=1)
    assert fates["at random"]["killed"] == fates["at random"]["straight"]
    assert {fate["weights"] for fate in fates["at every change"]["killed"]} == {
        fates["at every change"]["straight"]["weights"]
    }
