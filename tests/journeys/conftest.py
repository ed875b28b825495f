"""The command line as a function, in a folder and with a cache of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from gansuite.cli import main
from journeys.front_door import SMALL, Gansuite, Result
from journeys.poems import Works, train_once, write_works


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all journeys: the embedded portfolio is drawn once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def gansuite(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Gansuite:
    """`gansuite(*args) -> Result`, run in this process in an empty folder."""
    monkeypatch.setenv("GANSUITE_CACHE", str(cache))
    monkeypatch.setenv("COLUMNS", "200")  # no line is folded because a terminal would be narrow
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()

    def call(*args: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["gansuite", *map(str, args)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            torch.set_num_threads(threads)
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def small_toml(tmp_path: Path) -> Path:
    """A configuration file of a run of a few seconds."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf8")
    return path


# ------------------------------------------------------------------ poems: trained once for all journeys


@pytest.fixture(scope="session")
def poem_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where they lie."""
    return tmp_path_factory.mktemp("poem-runs")


@pytest.fixture(scope="session")
def poem_works(poem_runs: Path) -> Works:
    """Pictures and poems."""
    return write_works(poem_runs / "works")


@pytest.fixture
def poet(gansuite: Gansuite, poem_works: Works, poem_runs: Path) -> Path:
    """A run of all five stages."""
    return train_once(gansuite, poem_runs / "whole", *poem_works.words())


@pytest.fixture
def blind_poet(gansuite: Gansuite, poem_works: Works, poem_runs: Path) -> Path:
    """A run of poems alone: it sees no pictures and has no critics."""
    return train_once(gansuite, poem_runs / "blind", *poem_works.words(steps=2, pictures=False))
