"""Models are found by every name that means them, and by no other; only a hub id may use the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from gansuite.core import library
from gansuite.core.errors import GansuiteError
from gansuite.core.files import sha256_file
from gansuite.core.library import find_model, is_hub_id
from gansuite.core.model import from_pretrained, list_models, load, save_pretrained
from gansuite.core.models_cli import app

CONFIG: dict[str, Any] = {
    "format": 1,
    "art": "image",
    "network": {"name": "dcgan", "resolution": 64, "width": 4},
}
WEIGHTS = {"first.weight": torch.arange(12.0).reshape(3, 4), "first.bias": torch.zeros(3)}
CARD = "---\nlicense: mit\nlibrary_name: gansuite\n---\n\n# Small\n\nEight drawings of my own.\n"


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in its own folder, where `runs` is looked for."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(folder: Path, **changes: Any) -> Path:
    return save_pretrained(folder, CONFIG | changes, WEIGHTS, CARD)


def bundle(root: Path, art: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model in one more portion of the gansuite namespace, as an installed art has it."""
    folder = save(root / "gansuite" / art / "bundled" / name, art=art)
    monkeypatch.syspath_prepend(str(root))
    return folder


# --- names ---


def test_every_name_that_means_a_model_finds_it(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = save(inside / "runs" / "first" / "model")
    plain = save(inside / "runs" / "plain")
    bundled = bundle(inside / "site", "image", "sketch", monkeypatch)
    assert find_model(str(run)) == run  # a folder
    assert find_model(run.parent) == run  # a run folder
    assert find_model("runs/first") == Path("runs/first/model")
    assert find_model("first") == Path("runs/first/model")  # a run name
    assert find_model("plain").resolve() == plain
    assert find_model("sketch") == bundled  # a bundled name
    assert find_model("image/sketch") == bundled
    assert find_model("first", runs=inside / "runs") == run


def test_a_folder_goes_before_a_bundled_model_before_a_run(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = save(inside / "runs" / "sketch" / "model")
    assert find_model("sketch").resolve() == run
    bundled = bundle(inside / "site", "image", "sketch", monkeypatch)
    (inside / "sketch").mkdir()  # a folder that is no model is in nobody's way
    assert find_model("sketch") == bundled
    here = save(inside / "sketch")
    assert find_model("sketch").resolve() == here


def test_two_arts_may_bundle_the_same_name(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = bundle(inside / "site", "image", "sketch", monkeypatch)
    music = bundle(inside / "elsewhere", "music", "sketch", monkeypatch)
    with pytest.raises(GansuiteError, match="more than one") as caught:
        find_model("sketch")
    assert caught.value.remedy == "Say which: image/sketch or music/sketch."
    assert find_model("sketch", art="music") == music
    assert from_pretrained("sketch", art="image").path == image


def test_a_model_of_another_art_is_refused(inside: Path) -> None:
    save(inside / "tune", art="music")
    with pytest.raises(GansuiteError, match="is a model for music, and this command needs one for image"):
        from_pretrained("tune", art="image")


def test_an_unknown_name_gets_a_suggestion(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(inside / "runs" / "portraits" / "model")
    bundle(inside / "site", "image", "sketch", monkeypatch)
    for wrong, right in (("portrait", "portraits"), ("runs/portraist", "portraits"), ("sketsh", "sketch")):
        with pytest.raises(GansuiteError, match="There is no model called") as caught:
            find_model(wrong)
        assert caught.value.remedy == f"Did you mean '{right}'?"


def test_what_is_there_but_no_model_is_told(inside: Path) -> None:
    folder = save(inside / "m")
    with pytest.raises(GansuiteError, match="is a file, and a model is a folder"):
        find_model(folder / "config.json")
    (folder / "model.safetensors").unlink()
    with pytest.raises(GansuiteError, match="it has no model"):
        find_model("m")


def test_a_run_that_has_no_model_yet_is_told(inside: Path) -> None:
    (inside / "runs" / "young").mkdir(parents=True)
    with pytest.raises(GansuiteError):
        find_model("young")
    assert list_models(inside / "runs") == list_models(None)


@pytest.mark.parametrize("name", ["../outside", "first/../../outside", "..", "~no-such-person/x", "", "a\0b"])
def test_a_name_cannot_climb_out_of_the_runs(inside: Path, name: str) -> None:
    save(inside / "runs" / "first" / "model")
    save(inside / "outside")
    (inside / "deep").mkdir()
    os.chdir(inside / "deep" if name != "../outside" else inside)
    with pytest.raises(GansuiteError):
        find_model(name, runs=inside / "runs")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_may_not_lead_out(inside: Path) -> None:
    secret = save(inside / "secret")
    (inside / "runs").mkdir()
    (inside / "runs" / "leak").symlink_to(secret)
    with pytest.raises(GansuiteError, match="does not stay inside"):
        find_model("leak")
    crafted = save(inside / "crafted")
    (crafted / "model.safetensors").unlink()
    (crafted / "model.safetensors").symlink_to(secret / "model.safetensors")
    with pytest.raises(GansuiteError, match="leads out of its folder"):
        load(crafted)


# --- the hub ---


def test_only_what_cannot_be_a_path_here_is_a_hub_id(inside: Path) -> None:
    (inside / "pictures").mkdir()
    assert is_hub_id("owner/name")
    assert is_hub_id("Some-Owner/name.v2_small")
    for name in (
        "name",
        "a/b/c",
        "./name",
        "../name",
        "/owner/name",
        "runs/first",
        "pictures/x",
        "a/..",
        "a/b--c",
        "",
    ):
        assert not is_hub_id(name)


def hub_cache(root: Path, owner: str, name: str) -> Path:
    """The layout huggingface_hub keeps: blobs by digest, linked from the snapshot of a commit."""
    repository, commit = root / f"models--{owner}--{name}", "0123456789abcdef0123456789abcdef01234567"
    snapshot = repository / "snapshots" / commit
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "blobs").mkdir()
    for file in save(root / "made").iterdir():
        blob = file.rename(repository / "blobs" / sha256_file(file))
        snapshot.mkdir(parents=True, exist_ok=True)
        (snapshot / file.name).symlink_to(Path("../../blobs") / blob.name)
    return snapshot


CHILD = """
import socket, sys
from gansuite.core.errors import GansuiteError
from gansuite.core.model import from_pretrained
def refuse(*_): raise SystemExit("a socket was opened")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
model = from_pretrained("someone/small-pictures")
print(model.config["network"]["name"], len(model.weights), model.path)
for name in ("someone/not-here", "someone/tune"):
    try:
        from_pretrained(name)
    except GansuiteError as error:
        print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="the hub keeps copies, not links, on Windows")
def test_a_hub_id_is_read_from_the_local_cache_when_offline(inside: Path) -> None:
    snapshot = hub_cache(inside / "cache", "someone", "small-pictures")
    empty = hub_cache(inside / "cache", "someone", "tune")
    (empty / "config.json").unlink()
    environment = os.environ | {"HF_HUB_CACHE": str(inside / "cache"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found, missing, other = done.stdout.splitlines()
    assert found == f"dcgan 2 {snapshot}"
    assert missing.startswith("'someone/not-here' is neither here nor could it be fetched")
    assert "HF_HUB_OFFLINE" in missing
    assert other.startswith("'someone/tune' on the Hugging Face hub is not a gansuite model.")


def test_no_socket_is_opened_unless_a_hub_id_is_named(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    asked: list[str] = []

    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    def hub(name: str) -> Path:
        asked.append(name)
        return inside / "m"

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(library, "_from_hub", hub)
    save(inside / "m")
    save(inside / "runs" / "first" / "model")
    for name in ("m", "first", str(inside / "m"), "runs/first"):
        from_pretrained(name)
    for wrong in ("unknown", "runs/unknown", "./a/b", Path("owner/name")):
        with pytest.raises(GansuiteError):
            from_pretrained(wrong)
    with pytest.raises(GansuiteError):
        from_pretrained("owner/name", hub=False)  # a name that stood in somebody's file
    assert asked == []
    from_pretrained("owner/name")
    assert asked == ["owner/name"]


# --- the list, and the command ---


def test_the_list_names_what_is_bundled_and_what_is_in_the_runs(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(list_models(None))
    bundle(inside / "site", "image", "sketch", monkeypatch)
    save(inside / "runs" / "first" / "model")
    save(inside / "runs" / "a-copy")
    broken = save(inside / "runs" / "broken" / "model")
    (broken / "config.json").write_text("[]")
    found = list_models(inside / "runs")
    assert len(list_models(None)) == before + 1
    assert [(i.name, i.kind) for i in found[-3:]] == [
        ("a-copy", "folder"),
        ("broken", "run"),
        ("first", "run"),
    ]
    first = found[-1]
    assert (first.art, first.network, first.shape) == ("image", "dcgan", "resolution 64, width 4")
    assert first.parameters == 15
    assert first.size_bytes == (first.path / "model.safetensors").stat().st_size
    assert not first.problem
    assert "an object is expected" in found[-2].problem


def test_listing_needs_no_torch(inside: Path) -> None:
    save(inside / "runs" / "first" / "model")
    child = (
        "import sys\n"
        "from gansuite.core.model import list_models\n"
        "from gansuite.core.models_cli import app\n"
        "app(['list'], standalone_mode=False)\n"
        "app(['show', 'first'], standalone_mode=False)\n"
        "assert not {'torch', 'transformers', 'huggingface_hub', 'numpy'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "first" in done.stdout


def test_models_list_prints_a_table_and_json(inside: Path) -> None:
    save(inside / "runs" / "first" / "model")
    text = CliRunner().invoke(app, ["list"]).stdout
    assert text.splitlines()[0].split() == [
        *("NAME", "KIND", "ART", "NETWORK"),
        *("SHAPE", "WEIGHTS", "SIZE", "FOLDER"),
    ]
    assert "runs/first/model" in text.replace(os.sep, "/")
    found = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)
    assert found["models"][-1]["name"] == "first"
    assert found["models"][-1]["path"] == str(inside / "runs" / "first" / "model")


def test_models_show_prints_facts_and_card(inside: Path) -> None:
    folder = save(inside / "mine" / "first" / "model")
    text = CliRunner().invoke(app, ["show", "first", "--runs", "mine"]).stdout
    assert f"sha256 {sha256_file(folder / 'model.safetensors')}" in text
    assert "name dcgan, resolution 64, width 4" in text
    assert "Eight drawings of my own." in text
    assert "library_name" not in text
    found = json.loads(CliRunner().invoke(app, ["show", "first", "--runs", "mine", "--json"]).stdout)
    assert found["network"] == CONFIG["network"]
    assert found["card"] == CARD


def test_models_show_of_nothing_is_our_error(inside: Path) -> None:
    result = CliRunner().invoke(app, ["show", "nothing"])
    assert isinstance(result.exception, GansuiteError)


def test_a_card_cannot_steer_the_terminal(inside: Path) -> None:
    save_pretrained(inside / "m", CONFIG, WEIGHTS, "hello \x1b[2J\x07 there")
    text = CliRunner().invoke(app, ["show", "m"]).stdout
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "hello" in text
