"""A run's folder: what was saved stays, whatever happens."""

from __future__ import annotations

import errno
import io
import json
import os
import pickle
import random
from pathlib import Path
from typing import Any

import pytest
import torch

from gansuite.core.errors import GansuiteError
from gansuite.core.run import Run, create, load_checkpoint, next_name, reopen, require_free


def state(step: int, **more: Any) -> dict[str, Any]:
    return {"format": 1, "step": step, "weights": {"w": torch.full((64,), float(step))}, **more}


def names(run: Run) -> list[str]:
    return [path.name for path in run.checkpoints()]


def filled(tmp_path: Path, *steps: int, keep: int = 3) -> Run:
    run = create(tmp_path / "runs" / "image-001", {"art": "image"}, keep)
    for step in steps:
        run.save(state(step))
    return run


# ------------------------------------------------------------------ the folder


def test_a_new_run_remembers_its_configuration(tmp_path: Path) -> None:
    configuration = {"art": "image", "config": {"recipe": {"batch_size": 32}}, "origins": {}}
    run = create(tmp_path / "runs" / "first", configuration)
    assert run.configuration() == configuration
    assert run.samples.is_dir()
    assert reopen(run.path).configuration() == configuration


def test_an_existing_run_is_not_overwritten(tmp_path: Path) -> None:
    run = filled(tmp_path, 10)
    with pytest.raises(GansuiteError, match="already holds a run") as caught:
        create(run.path, {"art": "music"})
    assert "--resume" in caught.value.remedy
    assert f"{run.path}-2" in caught.value.remedy
    assert run.configuration() == {"art": "image"}
    assert names(run) == ["step-00000010.pt"]


def test_a_reopened_run_goes_on_with_what_it_is_given(tmp_path: Path) -> None:
    run = filled(tmp_path, 10, 20)
    run.samples.rmdir()
    again = reopen(run.path, {"art": "image", "steps": 40}, keep=1)
    assert again.configuration() == reopen(run.path).configuration() == {"art": "image", "steps": 40}
    assert names(again) == names(run)
    assert (again.keep, again.samples.is_dir()) == (1, True)


def test_a_folder_is_free_until_it_holds_a_run(tmp_path: Path) -> None:
    require_free(tmp_path)
    require_free(tmp_path / "nowhere")
    run = filled(tmp_path)
    with pytest.raises(GansuiteError, match="already holds a run"):
        require_free(run.path)


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="is not a run") as caught:
        reopen(tmp_path)
    assert "models list" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"3", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}'])
def test_a_damaged_configuration_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(GansuiteError, match="is not a run"):
        reopen(tmp_path)


def test_the_next_free_name(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    assert next_name("image", runs) == runs / "image-001"
    for name in ("image-001", "image-002", "image-004", "music-001"):
        (runs / name).mkdir(parents=True)
    assert next_name("image", runs) == runs / "image-003"
    assert next_name("music", runs) == runs / "music-002"


# ------------------------------------------------------------------ checkpoints


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    run = filled(tmp_path)
    nested = {"a": {"b": torch.arange(5)}, "list": [1, 2.5, "x", None], "float": 0.1, "tuple": (1, 2)}
    path = run.save(state(7, nested=nested))
    assert path == run.path / "checkpoints" / "step-00000007.pt"
    loaded = run.load()
    assert loaded["step"] == 7
    assert torch.equal(loaded["weights"]["w"], torch.full((64,), 7.0))
    assert torch.equal(loaded["nested"]["a"]["b"], torch.arange(5))
    assert {k: loaded["nested"][k] for k in ("list", "float", "tuple")} == {
        k: nested[k] for k in ("list", "float", "tuple")
    }


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    run = filled(tmp_path, 10, 20, 30, 40, 1000, keep=3)
    assert names(run) == ["step-00000030.pt", "step-00000040.pt", "step-00001000.pt"]


def test_the_best_is_kept_beside_them(tmp_path: Path) -> None:
    run = filled(tmp_path, 10, keep=2)
    run.save(state(20), best=True)
    for step in (30, 40, 50):
        run.save(state(step))
    assert names(run) == ["step-00000040.pt", "step-00000050.pt"]
    assert load_checkpoint(run.best)["step"] == 20
    run.save(state(60), best=True)
    assert load_checkpoint(run.best)["step"] == 60


def test_older_checkpoints_can_be_loaded(tmp_path: Path) -> None:
    run = filled(tmp_path, 10, 20, 30)
    assert [run.load(back)["step"] for back in range(5)] == [30, 20, 10, 10, 10]


def test_saving_the_same_step_again_replaces_it(tmp_path: Path) -> None:
    run = filled(tmp_path, 10, 20)
    run.save(state(20, note="again"))
    assert names(run) == ["step-00000010.pt", "step-00000020.pt"]
    assert run.load()["note"] == "again"


def test_going_back_forgets_the_way_not_taken(tmp_path: Path) -> None:
    """Otherwise the abandoned newer ones would be what is resumed, and push out the new ones."""
    run = filled(tmp_path, 10, 20, 30)
    run.save(state(40), best=True)
    run.forget_after(20)
    assert names(run) == ["step-00000020.pt"]
    assert run.best.exists()
    run.save(state(25))
    assert run.load()["step"] == 25


def test_a_run_without_a_checkpoint_says_so(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="no checkpoint to go on from"):
        filled(tmp_path).load()


def test_what_a_kill_left_half_written_is_cleared(tmp_path: Path) -> None:
    run = filled(tmp_path, 10)
    leftover = run.path / "checkpoints" / ".step-00000020.pt.abc123.partial"
    leftover.write_bytes(b"half")
    again = reopen(run.path)
    assert not leftover.exists()
    assert again.load()["step"] == 10


# ------------------------------------------------------------------ damaged and crafted files


def refused(path: Path) -> GansuiteError:
    with pytest.raises(GansuiteError) as caught:
        load_checkpoint(path)
    assert str(path) in caught.value.cause
    assert caught.value.exit_code == 2
    return caught.value


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_is_offered(tmp_path: Path) -> None:
    run = filled(tmp_path, 10, 20)
    newest = run.checkpoints()[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    with pytest.raises(GansuiteError) as caught:
        run.load()
    assert str(newest) in caught.value.cause
    assert f"--resume --run {run.path}" in caught.value.remedy
    assert "Delete it" in caught.value.remedy
    newest.unlink()
    assert run.load()["step"] == 10


@pytest.mark.parametrize("content", [b"", b"\x00" * 500, b"PK\x03\x04", b"not a checkpoint", b"\x80\x02."])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "step-00000001.pt"
    path.write_bytes(content)
    refused(path)


def test_other_files_of_pytorch_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "step-00000001.pt"
    for content in ({"format": 2}, {"step": 3}, [1, 2], torch.zeros(3)):
        torch.save(content, path)
        refused(path)


def test_one_wrong_bit_is_found_wherever_it_lies(tmp_path: Path) -> None:
    """PyTorch alone would load flipped weights without a word."""
    path = filled(tmp_path, 10).checkpoints()[0]
    good, pick = path.read_bytes(), random.Random(0)
    weights = good.index(torch.full((64,), 10.0).numpy().tobytes())
    for place in [weights + pick.randrange(256) for _ in range(20)]:
        path.write_bytes(good[:place] + bytes([good[place] ^ 1 << pick.randrange(8)]) + good[place + 1 :])
        refused(path)
    for length in range(0, len(good) - 1, 97):
        path.write_bytes(good[:length])
        refused(path)
    path.write_bytes(good)
    assert load_checkpoint(path)["step"] == 10


class Crafted:
    """Unpickled without care, this would make a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_crafted_checkpoint_is_refused_and_does_nothing(tmp_path: Path, legacy: bool) -> None:
    path, proof = tmp_path / "step-00000001.pt", tmp_path / "proof"
    torch.save(state(1, extra=Crafted(proof)), path, _use_new_zipfile_serialization=not legacy)
    refused(path)
    path.write_bytes(pickle.dumps(state(1, extra=Crafted(proof))))
    refused(path)
    assert not proof.exists()


# ------------------------------------------------------------------ a full disk


def no_space(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("best", [False, True])
def test_a_full_disk_keeps_every_earlier_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, best: bool
) -> None:
    run = filled(tmp_path, 10)
    run.save(state(20), best=True)
    before = {p.name: p.read_bytes() for p in (run.path / "checkpoints").iterdir()}
    monkeypatch.setattr(os, call, no_space)
    with pytest.raises(GansuiteError, match="disk is full") as caught:
        run.save(state(30), best)
    assert "Free some space" in caught.value.remedy
    assert "--resume" in caught.value.remedy
    assert {p.name: p.read_bytes() for p in (run.path / "checkpoints").iterdir()} == before
    monkeypatch.undo()
    assert run.load()["step"] == 20
    run.save(state(30))
    assert run.load()["step"] == 30


class Full(io.BytesIO):
    """A disk with room for a hundred bytes more."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > 100:
            no_space()
        return super().write(data)


def test_a_disk_that_fills_up_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = filled(tmp_path, 10)
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda self, mode="r", **k: Full() if "x" in mode else opened(self, mode, **k))
    with pytest.raises(GansuiteError, match="disk is full"):
        run.save(state(20))
    monkeypatch.undo()
    assert names(run) == ["step-00000010.pt"]
    assert run.load()["step"] == 10


def test_a_full_disk_refuses_a_new_run_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(GansuiteError, match="disk is full"):
        create(tmp_path / "run", {"art": "image"})
    monkeypatch.undo()
    create(tmp_path / "run", {"art": "image"})


def test_metrics_of_another_size_do_not_matter(tmp_path: Path) -> None:
    """A configuration is read whole, whatever its size."""
    long = {"config": {"data": {"path": "x" * 100_000}}}
    run = create(tmp_path / "run", long)
    assert run.configuration() == long
    assert json.loads((run.path / "config.json").read_text()) == long
