"""What the doctor says fits the machine, and tells what will be slow and what to do about it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gansuite.core import machine
from gansuite.core.doctor import Probe, Report, examine, measure
from gansuite.core.machine import Machine

GIB = 1 << 30
VERSIONS = [
    *("gansuite", "python", "torch", "numpy", "pillow", "safetensors"),
    *("huggingface_hub", "transformers", "typer", "pretty_midi", "nltk"),
]
LAPTOP = Machine("Linux x86_64", "A processor", 4, 8, 0.1, 16 * GIB, 10 * GIB, 100 * GIB)


def report(probe: Probe | None = None, device: str = "cpu", **changes: object) -> Report:
    base = Report(
        machine=LAPTOP,
        device=device,
        device_name="no graphics card that PyTorch can use",
        device_memory=0,
        bf16=True,
        bf16_reason="the processor has AMX",
        threads=4,
        omp_threads="",
        versions=dict.fromkeys(VERSIONS, "1.0"),
        extras={"video": True, "onnx": False},
        idle_card=False,
        probe=probe or Probe(50.0, 100.0),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def here() -> Report:
    return examine(probe_seconds=0.01)


def test_this_machine_is_described_as_it_is(here: Report) -> None:
    assert here.device in {"cpu", "cuda", "mps"}
    assert here.threads == torch.get_num_threads()
    assert here.versions["torch"] == torch.__version__
    assert here.versions["python"].startswith("3.")
    assert 1 <= here.machine.cores_usable <= here.machine.cores_total
    assert here.machine.disk_free > 0
    assert set(here.extras) == {"video", "tensorboard", "onnx", "export"}
    assert here.probe.fp32 > 0
    assert (here.probe.bf16 is not None) == here.bf16


def test_a_person_reads_about_ten_lines(here: Report) -> None:
    lines = here.to_text().splitlines()
    assert 10 <= len(lines) <= 17
    for word in ("gansuite", "Processor", "Precision", "Speed", "Disk", "Threads", "Extras", "images/s"):
        assert word in here.to_text()


def test_a_script_reads_json(here: Report) -> None:
    found = json.loads(json.dumps(here.to_dict()))
    assert found["machine"]["cores_usable"] == here.machine.cores_usable
    assert found["faster"] in {"bf16", "fp32"}
    assert found["advice"] == list(here.advice)


def test_the_faster_precision_is_named() -> None:
    assert "bf16: the processor has AMX; in the probe 2.0 times as fast as fp32" in report().to_text()
    slower = report(Probe(90.0, 30.0))
    assert "fp32: the processor has AMX; in the probe 3.0 times as fast as bf16" in slower.to_text()
    assert any("try --precision fp32" in line for line in slower.advice)
    assert Probe(40.0, None).faster == "fp32"
    assert Probe(40.0, None).best == 40.0


def test_the_speed_is_put_in_pictures() -> None:
    assert "about 100 images/s" in report().to_text()
    assert "120,000 pictures in twenty minutes" in report().to_text()
    assert "allow 22 minutes for first results" in report().advice[0]
    assert "allow 3.6 hours" in report(Probe(10.0, None)).advice[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"idle_card": True}, "built without CUDA"),
        ({"threads": 8}, "8 threads on 4 usable cores: set OMP_NUM_THREADS=4"),
        ({"threads": 1, "omp_threads": "1"}, "1 of 4 usable cores, because OMP_NUM_THREADS=1"),
        ({"machine": replace(LAPTOP, load=3.2)}, "about 3 cores busy"),
        ({"machine": replace(LAPTOP, memory_free=GIB)}, "Little memory is free"),
        ({"machine": replace(LAPTOP, disk_free=GIB)}, "Little disk space"),
        ({"probe": Probe(50.0, None)}, "Without bf16"),
    ],
)
def test_what_will_be_slow_is_told_with_a_remedy(changes: dict[str, object], says: str) -> None:
    assert any(says in line for line in report(**changes).advice)  # type: ignore[arg-type]
    assert not any(says in line for line in report().advice)


def test_a_machine_with_a_free_card_gets_no_advice() -> None:
    quick = report(device="cuda", device_name="A card", device_memory=24 * GIB, threads=4)
    assert quick.advice == ()
    assert "cuda (A card, 24.0 GiB)" in quick.to_text()


def test_what_is_not_installed_is_told_with_the_command() -> None:
    assert "video yes, onnx no (pip install 'gansuite[onnx]')" in report().to_text()


def test_bf16_is_only_tried_where_the_device_has_it() -> None:
    assert measure(torch.device("cpu"), 0.0, bf16=False).bf16 is None
    assert (measure(torch.device("cpu"), 0.0, bf16=True).bf16 or 0) > 0


def cgroup(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_a_container_grants_less_than_the_machine_has(tmp_path: Path) -> None:
    v2 = cgroup(tmp_path / "v2", cpu_dot_max="150000 100000", memory_dot_max=str(3 * GIB))
    assert machine.cpu_quota(v2) == 1.5
    assert machine.cores_usable(v2) == 1
    assert machine.memory_quota(v2) == 3 * GIB
    v1 = cgroup(
        tmp_path / "v1",
        cpu__cpu_dot_cfs_quota_us="50000",
        cpu__cpu_dot_cfs_period_us="100000",
        memory__memory_dot_limit_in_bytes=str(1 << 63),
    )
    assert machine.cpu_quota(v1) == 0.5
    assert machine.cores_usable(v1) == 1
    assert machine.memory_quota(v1) == 0


def test_no_limit_is_no_limit(tmp_path: Path) -> None:
    free = cgroup(tmp_path / "free", cpu_dot_max="max 100000", memory_dot_max="max")
    v1 = cgroup(tmp_path / "v1", cpu__cpu_dot_cfs_quota_us="-1", cpu__cpu_dot_cfs_period_us="100000")
    for root in (free, v1, tmp_path / "none"):
        assert machine.cpu_quota(root) is None
        assert machine.memory_quota(root) == 0
        assert 1 <= machine.cores_usable(root) <= (os.cpu_count() or 1)
