"""What must stay true of the sources, and of files that a person may have been sent."""

from __future__ import annotations

import ast
import functools
import itertools
import json
import os
import pickle
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.library import list_models
from gansuite.core.model import Model, load, save_pretrained
from gansuite.core.model_format import MAX_CONFIG

PACKAGES = Path(__file__).resolve().parents[2] / "packages"
ARTS = ("image", "music", "poetry")
CONFIG: dict[str, Any] = {"format": 1, "art": "image", "network": {"name": "dcgan"}}

# --- the sources ---


def sources() -> dict[str, Path]:
    """Every module of the suite by its dotted name."""
    found = {}
    for path in sorted(PACKAGES.glob("*/gansuite/**/*.py")):
        parts = path.with_suffix("").relative_to(PACKAGES).parts[1:]
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


SOURCES = sources()


@functools.cache
def imports(module: str) -> set[str]:
    """The dotted names a module imports, anywhere in it; `from a import b` counts as a and a.b."""
    path, found = SOURCES[module], set()
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            found |= {origin} | {f"{origin}.{alias.name}" for alias in node.names}
    return found


def part_of(name: str, *roots: str) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def offences(modules: Callable[[str], bool], forbidden: Callable[[str], bool]) -> list[str]:
    return [f"{m} imports {i}" for m in SOURCES if modules(m) for i in sorted(imports(m)) if forbidden(i)]


def is_cli(name: str) -> bool:
    parts = name.split(".")
    return parts[0] == "gansuite" and any(part == "cli" or part.endswith("_cli") for part in parts)


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_the_sources_are_found() -> None:
    assert "gansuite.core.errors" in SOURCES
    assert "gansuite.core.files" in imports("gansuite.core.model")


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"pickle\.loads?\b", r"weights_only\s*=\s*False", r"allow_pickle\s*=\s*True", r"shell\s*=\s*True"),
        *(
            r"(?<![\w.])eval\(",
            r"(?<![\w.])exec\(",
            r"os\.system",
            r"os\.popen",
            r"trust_remote_code\s*=\s*True",
        ),
    ],
)
def test_nothing_runs_what_it_was_sent(pattern: str) -> None:
    found = [name for name, path in SOURCES.items() if re.search(pattern, path.read_text("utf-8"))]
    assert found == []


def test_no_module_imports_a_pickler() -> None:
    picklers = ("cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve")
    assert offences(lambda _: True, lambda i: part_of(i, *picklers)) == []
    for name, path in SOURCES.items():  # the name of the error that weights_only raises is all one may want
        used = set(re.findall(r"\bpickle\.(\w+)", path.read_text("utf-8")))
        assert used <= {"UnpicklingError"}, name
        assert not {i for i in imports(name) if i.startswith("pickle.")}, name


def test_every_torch_load_says_weights_only() -> None:
    for name, path in SOURCES.items():
        for call in calls(ast.parse(path.read_text("utf-8"))):
            if ast.unparse(call.func) == "torch.load":
                assert "weights_only=True" in ast.unparse(call), name


def test_only_one_module_can_reach_the_network() -> None:
    clients = ("requests", "httpx", "aiohttp", "urllib.request", "http.client", "ftplib", "huggingface_hub")
    found = {name for name in SOURCES if any(part_of(i, *clients) for i in imports(name))}
    assert found == {"gansuite.core.library"}


def test_core_imports_no_art() -> None:
    arts = [f"gansuite.{art}" for art in ARTS]
    assert offences(lambda m: part_of(m, "gansuite.core"), lambda i: part_of(i, *arts)) == []


@pytest.mark.parametrize("art", ARTS)
def test_no_art_imports_another(art: str) -> None:
    others = [f"gansuite.{other}" for other in ARTS if other != art]
    assert offences(lambda m: part_of(m, f"gansuite.{art}"), lambda i: part_of(i, *others)) == []


def test_networks_know_no_files_and_no_commands() -> None:
    outside = ("os", "io", "pathlib", "shutil", "typer", "rich", "PIL", "safetensors", "gansuite.core.run")
    outside += ("gansuite.core.files", "gansuite.core.model", "gansuite.core.library")
    rooms = tuple(f"gansuite.{art}.{room}" for art in ARTS for room in ("files", "dataset", "generate", "games"))
    found = offences(lambda m: ".networks" in m, lambda i: part_of(i, *outside, *rooms) or is_cli(i))
    assert found == []


def test_only_the_front_door_imports_commands() -> None:
    doors = ("gansuite.cli", "gansuite.__main__")
    found = offences(lambda m: m not in doors and not m.endswith("__main__"), is_cli)
    assert found == []


def test_the_namespace_has_no_init() -> None:
    assert not list(PACKAGES.glob("*/gansuite/__init__.py"))


def test_commands_import_neither_torch_nor_transformers() -> None:
    modules = ["gansuite", "gansuite.core", *(name for name in SOURCES if is_cli(name))]
    child = f"import {', '.join(modules)}, sys\nprint({{'torch', 'transformers', 'scipy'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "set()\n", done.stderr


# --- the files ---


class Evil:
    """Unpickling this makes a folder."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.target),)


def safetensors(header: object, content: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


def weight(shape: object, offsets: object, dtype: object = "F32") -> dict[str, Any]:
    return {"w": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_pretrained(tmp_path / "m", CONFIG, {"w": torch.arange(6.0), "b": torch.zeros(2, 2)}, "A card.")


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_code_does_not_run(folder: Path, tmp_path: Path, protocol: int) -> None:
    ran = tmp_path / "ran"
    (folder / "model.safetensors").write_bytes(pickle.dumps(Evil(ran), protocol=protocol))
    with pytest.raises(GansuiteError, match=r"is a pickle|is not a whole"):
        load(folder)
    assert list_models(tmp_path)[-1].problem
    assert not ran.exists()


def test_a_torch_file_that_would_run_code_does_not_run(folder: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    torch.save({"w": Evil(ran)}, folder / "model.safetensors")
    with pytest.raises(GansuiteError, match="is a pickle, which could run code"):
        load(folder)
    assert not ran.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 8,
        b"hello",
        struct.pack("<Q", 1 << 62),
        struct.pack("<Q", 5 << 40) + b"{}",  # a head of five terabytes
        struct.pack("<Q", 200) + b"{}",
        safetensors(b"{"),
        safetensors(b"[]"),
        safetensors(b"[" * 100_000),
        safetensors({}),
        safetensors({"__metadata__": {"a": "b"}}),
        safetensors(weight([2], [0, 8])),  # truncated
        safetensors(weight([2], [0, 8]), b"\0" * 7),
        safetensors(weight([2], [0, 8]), b"\0" * 9),  # something hidden behind the weights
        safetensors(weight([1 << 40], [0, 8]), b"\0" * 8),  # terabytes in eight bytes
        safetensors(weight([1 << 40], [0, 4 << 40]), b"\0" * 8),
        safetensors(weight([-1, -2], [0, 8]), b"\0" * 8),
        safetensors(weight([2], [8, 0]), b"\0" * 8),
        safetensors(weight([2], [-8, 0]), b"\0" * 8),
        safetensors(weight([2], [0, 8], "OBJECT"), b"\0" * 8),
        safetensors(weight([2], [0, 8], ["F32"]), b"\0" * 8),
        safetensors(weight([True, 2], [0, 8]), b"\0" * 8),
        safetensors(weight("22", [0, 8]), b"\0" * 8),
        safetensors(weight([2.0], [0, 8]), b"\0" * 8),
        safetensors(weight([9] * 1_000_000, [0, 8]), b"\0" * 8),  # hours of multiplying
        safetensors(weight([2], ["0", "8"]), b"\0" * 8),
        safetensors({"w": 3}),
        safetensors({**weight([2], [0, 8]), "v": weight([2], [0, 8])["w"]}, b"\0" * 8),  # overlapping
    ],
    ids=map(str, itertools.count()),
)
def test_crafted_weights_are_refused(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(GansuiteError, match="is not a whole safetensors file") as caught:
        load(folder)
    assert "gansuite models list" in caught.value.remedy
    assert list_models(folder.parent)[-1].problem


def test_weights_of_terabytes_are_refused_before_they_are_read(folder: Path) -> None:
    with (folder / "model.safetensors").open("r+b") as stream:
        stream.truncate(5 << 30)  # a hole; it takes no room on the disk
    with pytest.raises(GansuiteError, match="is larger than 4 GiB"):
        load(folder)


@pytest.mark.parametrize("length", [0x0280, 0x0480, 0x4B50])
def test_a_good_head_may_begin_like_a_pickle(folder: Path, length: int) -> None:
    """The head's length comes first, and 640 is written 80 02: the first bytes of a pickle."""
    header = json.dumps(weight([1], [0, 4])).encode().ljust(length)
    (folder / "model.safetensors").write_bytes(safetensors(header, struct.pack("<f", 2.5)))
    assert load(folder).weights["w"].item() == 2.5


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"[1, 2]", "it holds a list where an object is expected"),
        (b"3", "it holds a number"),
        (b'"dcgan"', "it holds a text"),
        (b"\xff\xfe{}", "cannot be used"),
        (b'{"a":' * 50_000, "nested too deeply"),
        (b" " * (MAX_CONFIG + 1) + b"{}", "larger than"),
        (b'{"format": 1, "art": "image", "network": {"name": "dcgan", "width": NaN}}', "holds NaN"),
        (b'{"format": 1, "art": "image", "network": {"name": ["dcgan"]}}', "does not name its network"),
        (b'{"format": 1, "art": "image", "network": "dcgan"}', "wrong value for 'network'"),
        (b'{"format": 1, "art": "image"}', "has no 'network'"),
        (b'{"format": 99, "art": "image", "network": {"name": "dcgan"}}', "this gansuite reads format 1"),
        (b'{"format": 1, "art": "image", "network": {"name": "dcgan"}, "code": "x"}', "unknown key 'code'"),
        (b'{"format": 1' + b"0" * 5000 + b"}", "cannot be used"),
    ],
    ids=map(str, itertools.count()),
)
def test_crafted_configs_are_refused(folder: Path, content: bytes, says: str) -> None:
    (folder / "config.json").write_bytes(content)
    with pytest.raises(GansuiteError, match=says):
        load(folder)
    assert says in list_models(folder.parent)[-1].problem


def test_a_card_of_any_bytes_is_only_text(folder: Path) -> None:
    (folder / "README.md").write_bytes(b"\xff\xfe<script>" + b"x" * (2 << 20))
    assert len(load(folder).card) == 1 << 20
    (folder / "README.md").unlink()
    assert load(folder).card == ""


@settings(max_examples=50, deadline=None)
@given(where=st.integers(0, 250), what=st.binary(min_size=1, max_size=6), cut=st.integers(0, 250))
def test_damaged_weights_never_end_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, where: int, what: bytes, cut: int
) -> None:
    folder = save_pretrained(tmp_path_factory.mktemp("fuzz"), CONFIG, {"w": torch.arange(6.0)}, "")
    whole = (folder / "model.safetensors").read_bytes()
    broken = whole[:where] + what + whole[where + len(what) :]
    (folder / "model.safetensors").write_bytes(broken[: max(cut, where)])
    try:
        model: Model | None = load(folder)
    except GansuiteError:
        model = None
    assert model is None or model.weights
