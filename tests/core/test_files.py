"""A file is the old one or the new one; a name stays in its folder."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.files import is_disk_full, remove_partial, safe_child, sha256_file, write_atomically

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


def refuse(code: int) -> Callable[[BinaryIO], None]:
    def write(stream: BinaryIO) -> None:
        stream.write(b"half of")
        raise OSError(code, os.strerror(code))

    return write


def test_bytes_text_and_functions_arrive(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"\x00\xff")
    write_atomically(tmp_path / "b", "süß\n")
    write_atomically(tmp_path / "c", lambda stream: stream.writelines([b"1", b"2"]))
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
    assert (tmp_path / "b").read_bytes() == "süß\n".encode()
    assert (tmp_path / "c").read_bytes() == b"12"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "c"]


def test_missing_folders_are_made_and_old_files_replaced(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "one" / "config.json"
    write_atomically(path, "old and longer")
    write_atomically(path, "new")
    assert path.read_text() == "new"


def test_a_file_can_be_read_by_others_as_the_umask_allows(tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("x")
    write_atomically(tmp_path / "ours", "x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_keeps_the_previous_file_and_says_so(tmp_path: Path, code: int) -> None:
    path = tmp_path / "last.pt"
    path.write_text("previous")
    with pytest.raises(GansuiteError) as caught:
        write_atomically(path, refuse(code))
    assert caught.value.cause.startswith("The disk is full: ")
    assert "--resume" in caught.value.remedy
    assert path.read_text() == "previous"
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_only_at_the_flush_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def full(path: Path, mode: str = "r") -> object:
        return opened(Path("/dev/full"), "wb") if "x" in mode else opened(path, mode)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(GansuiteError, match="The disk is full"):
        write_atomically(tmp_path / "a", b"a few bytes stay in the buffer")


def test_torch_hides_a_full_disk_and_it_is_found_all_the_same(tmp_path: Path) -> None:
    import torch

    class Full:
        def write(self, _content: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def flush(self) -> None: ...

    (tmp_path / "last.pt").write_text("previous")
    with pytest.raises(GansuiteError, match="The disk is full"):
        write_atomically(tmp_path / "last.pt", lambda _: torch.save({"a": torch.zeros(9)}, Full()))
    assert (tmp_path / "last.pt").read_text() == "previous"


def test_other_errors_pass_and_leave_nothing_behind(tmp_path: Path) -> None:
    def fail(_stream: BinaryIO) -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        write_atomically(tmp_path / "a", fail)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    def interrupted(stream: BinaryIO) -> None:
        stream.write(b"half")
        raise KeyboardInterrupt

    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a", interrupted)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(GansuiteError, match="in the way"):
        write_atomically(tmp_path / "a", "x")
    (tmp_path / "b").write_text("a file")
    with pytest.raises(GansuiteError, match="in the way"):
        write_atomically(tmp_path / "b" / "c", "x")


def test_a_forbidden_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="may not be written") as caught:
        write_atomically(tmp_path / "a", refuse(errno.EACCES))
    assert "--out" in caught.value.remedy


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_kill_9_leaves_the_old_file_whole_and_the_rest_can_be_swept(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "old")
    child = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from gansuite.core.files import write_atomically\n"
        "def die(stream):\n"
        "    stream.write(b'half'); stream.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomically(Path(sys.argv[1]), die)\n"
    )
    done = subprocess.run([sys.executable, "-c", child, str(tmp_path / "a")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "a").read_text() == "old"
    assert remove_partial(tmp_path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_sweeping_touches_nothing_else(tmp_path: Path) -> None:
    for name in ("a.partial", ".hidden", "b"):
        (tmp_path / name).write_text("mine")
    assert remove_partial(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("name", ["a.png", "sub/a.png", "sub/deeper/a", "..a", "a..b", "süß.png", ".hidden"])
def test_plain_names_stay(tmp_path: Path, name: str) -> None:
    assert safe_child(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "a/../../b",
        "a/..",
        "/etc/passwd",
        "//host/share",
        "C:\\a",
        "C:a",
        "..\\a",
        "\\a",
        "a\0b",
    ],
)
def test_names_that_leave_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(GansuiteError, match="does not stay inside"):
        safe_child(tmp_path, name)


@needs_links
def test_links_may_point_inside_but_not_out(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "real").mkdir()
    (root / "inner").symlink_to(root / "real")
    (root / "leak").symlink_to(outside)
    assert safe_child(root, "inner/a") == root / "inner/a"
    for name in ("leak", "leak/a", "inner/../leak"):
        with pytest.raises(GansuiteError):
            safe_child(root, name)


@needs_links
def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "real")
    assert safe_child(tmp_path / "runs", "a") == tmp_path / "runs" / "a"


@given(st.text(max_size=30))
def test_whatever_the_name_the_result_lies_inside(name: str) -> None:
    root = Path("/srv/runs")
    try:
        child = safe_child(root, name)
    except GansuiteError:
        return
    assert child != root
    assert child.resolve().is_relative_to(root.resolve())


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")  # the first test vector of FIPS 180-2
    assert sha256_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_only_a_full_disk_counts_as_one() -> None:
    inner = OSError(errno.ENOSPC, "full")
    outer = RuntimeError("unexpected pos")
    outer.__context__ = inner
    assert is_disk_full(inner)
    assert is_disk_full(outer)
    assert not is_disk_full(OSError(errno.EIO, "broken"))
    outer.__context__, inner.__context__ = OSError(errno.EIO, "broken"), outer
    outer.__context__.__context__ = outer  # a circle ends too
    assert not is_disk_full(outer)
