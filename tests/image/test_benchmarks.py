"""What the benchmarks ask of the operating system."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCALING = Path(__file__).parents[2] / "benchmarks" / "scaling.py"


@pytest.fixture
def scaling() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scaling", SCALING)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("platform", "told"), [("linux", 300 * 1024), ("darwin", 300 * 2**20)])
def test_peak_memory_is_in_bytes_on_every_system(
    scaling: ModuleType, monkeypatch: pytest.MonkeyPatch, platform: str, told: int
) -> None:
    usage = SimpleNamespace(ru_maxrss=told)
    fake = SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda who: usage)
    monkeypatch.setitem(sys.modules, "resource", fake)
    monkeypatch.setattr(sys, "platform", platform)
    assert scaling.peak_memory() == 300 * 2**20


def test_peak_memory_is_unknown_where_python_cannot_ask(scaling: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert scaling.peak_memory() is None
