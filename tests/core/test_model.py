"""Model folders to share: they come back as they were, and an incomplete one is never taken for a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gansuite.core.card import table
from gansuite.core.errors import GansuiteError
from gansuite.core.files import sha256_file
from gansuite.core.model import Card, from_pretrained, load, save_pretrained

CONFIG: dict[str, Any] = {
    "format": 1,
    "art": "image",
    "network": {"name": "dcgan", "resolution": 64, "width": 4},
    "training": {"steps": 3},
}
CARD = Card(
    title="Small | pictures",
    art="image",
    data="Eight drawings of my own.",
    data_licence="CC0-1.0",
    seed=7,
    steps=300,
    images=9600,
    minutes=1.5,
    command="gansuite image train --seed 7",
    measures={
        "density": 0.987654,
        "KID on MobileNetV2": [
            {"model": "ours", "KID": 1.5},
            {"model": "classic", "KID": 11.0, "note": "a|b"},
        ],
        "coverage": {"train": 0.5},
    },
    notes="Drawn on a Sunday.",
)


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in its own folder, where `runs` is looked for."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))


def save(folder: Path, **changes: Any) -> Path:
    return save_pretrained(folder, CONFIG | changes, network().state_dict(), CARD)


# --- saving and loading ---


def test_a_model_comes_back_bit_for_bit(inside: Path) -> None:
    folder = save(inside / "m")
    model = from_pretrained(folder)
    assert sorted(p.name for p in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    assert model.config == CONFIG
    assert model.path == folder
    assert model.digest == sha256_file(folder / "model.safetensors")
    assert model.card == CARD.to_markdown()
    for name, tensor in network().state_dict().items():
        assert torch.equal(model.weights[name], tensor)
        assert model.weights[name].dtype == tensor.dtype


def test_the_same_weights_have_the_same_digest(inside: Path) -> None:
    assert load(save(inside / "a")).digest == load(save(inside / "b")).digest


def test_half_precision_is_smaller_and_comes_back_as_float32(inside: Path) -> None:
    weights = {"w": torch.linspace(-3, 3, 5000), "huge": torch.tensor([1e6]), "steps": torch.tensor(12)}
    whole = save_pretrained(inside / "whole", CONFIG, weights, "")
    half = save_pretrained(inside / "half", CONFIG, weights, "", half=True)
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (whole, half)]
    back = load(half).weights
    assert sizes[1] < 0.55 * sizes[0]
    assert back["w"].dtype == torch.float32
    assert torch.allclose(back["w"], weights["w"], atol=2e-3)
    assert back["huge"].item() == 1e6  # beyond 65504, the largest fp16
    assert back["steps"].item() == 12


def test_tied_transposed_and_channels_last_weights_are_stored_whole(inside: Path) -> None:
    w = torch.arange(24.0).reshape(1, 2, 3, 4)
    weights = {
        "a": w,
        "tied": w,
        "turned": w.transpose(2, 3),
        "last": w.to(memory_format=torch.channels_last),
        "wide": torch.ones(1).expand(4),
        "learnt": nn.Parameter(w.clone()),
    }
    back = load(save_pretrained(inside / "m", CONFIG, weights, "")).weights
    assert all(torch.equal(back[name], tensor) for name, tensor in weights.items())
    assert not back["learnt"].requires_grad


def test_weights_go_into_their_network_and_no_other(inside: Path) -> None:
    model = load(save(inside / "m"))
    mine = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))
    model.load_into(mine)
    assert torch.equal(mine[0].weight, network()[0].weight)
    with pytest.raises(GansuiteError, match="do not fit the network"):
        model.load_into(nn.Linear(2, 2))


def test_other_files_of_a_model_lie_beside_it(inside: Path) -> None:
    def put(content: bytes) -> Path:
        files = {"tokenizer.json": content, "words.txt": b"a\nb\n"}
        return save_pretrained(inside / "m", CONFIG, network().state_dict(), CARD, files=files)

    folder = put(b"{}")
    assert (folder / "words.txt").read_bytes() == b"a\nb\n"
    assert load(folder).digest == load(save(inside / "plain")).digest
    put(b'{"version": "1.0"}')
    assert (folder / "tokenizer.json").read_bytes() == b'{"version": "1.0"}'
    assert torch.equal(load(folder).weights["0.weight"], network()[0].weight)


def test_the_config_is_written_last(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gansuite.core import model as module

    def fail(path: Path, *_: object) -> None:
        raise GansuiteError("The disk is full: x.", "Free some space.")

    monkeypatch.setattr(module, "write_atomically", lambda p, w: fail(p) if p.name == "config.json" else p.touch())
    (inside / "m").mkdir()
    with pytest.raises(GansuiteError):
        save(inside / "m")
    with pytest.raises(GansuiteError, match=r"neither a model nor a run \(it has no config.json\)"):
        from_pretrained(inside / "m")


def test_another_network_replaces_a_model_whole_or_not_at_all(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gansuite.core import model as module

    folder = save(inside / "m")
    real = module.write_atomically

    def only_weights(path: Path, content: Any) -> None:
        if path.name != "model.safetensors":
            raise KeyboardInterrupt
        real(path, content)

    monkeypatch.setattr(module, "write_atomically", only_weights)
    with pytest.raises(KeyboardInterrupt):
        save(folder, training={"steps": 4})  # better weights of the same network: the old config still fits
    assert load(folder).config == CONFIG
    with pytest.raises(KeyboardInterrupt):
        save(folder, network={"name": "other"})
    assert not (folder / "config.json").exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": 2}, "format 2"),
        ({"format": True}, "wrong value for 'format'"),
        ({"art": 3}, "wrong value for 'art'"),
        ({"network": {}}, "does not name its network"),
        ({"networks": {}}, "unknown key 'networks'"),
    ],
)
def test_a_config_of_another_form_is_neither_written_nor_read(inside: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(GansuiteError, match=says):
        save(inside / "m", **changes)
    assert not (inside / "m").exists()
    folder = save(inside / "good")
    (folder / "config.json").write_text(json.dumps(CONFIG | changes))
    with pytest.raises(GansuiteError, match=says):
        load(folder)


def test_an_unknown_key_gets_a_suggestion(inside: Path) -> None:
    with pytest.raises(GansuiteError) as caught:
        save(inside / "m", netwrok={})
    assert caught.value.remedy == "Did you mean 'network'?"


# --- the card ---


def test_the_card_tells_data_licence_seed_steps_and_measures() -> None:
    text = CARD.to_markdown()
    assert text.startswith('---\nlicense: "apache-2.0"\nlibrary_name: gansuite\n')
    for fact in (
        "Eight drawings",
        "CC0-1.0",
        "| Seed | 7 |",
        "| Steps | 300 |",
        "9600",
        "1.5",
        "--seed 7",
        "Sunday",
    ):
        assert fact in text
    assert "| density | 0.9877 |" in text
    assert "| model | KID | note |\n| --- | --- | --- |\n| ours | 1.5 |  |\n| classic | 11 | a\\|b |" in text
    assert "### coverage\n\n|  | Value |\n| --- | --- |\n| train | 0.5 |" in text


def test_the_head_of_the_card_is_yaml_whatever_the_title() -> None:
    yaml = pytest.importorskip("yaml")
    card = Card('A "title": #1\n---\nevil: yes 😀', "image", "d", "l", 1, 1, 1, 1, "c")
    head = yaml.safe_load(card.to_markdown().split("\n---\n")[0])
    assert head["model_name"] == 'A "title": #1 --- evil: yes 😀'
    assert head["tags"] == ["gan", "gansuite", "image"]
    assert "evil" not in head


def test_a_table_has_all_columns_in_order() -> None:
    assert table([{"a": 1}, {"b": "x\ny", "a": 2.0}]) == "| a | b |\n| --- | --- |\n| 1 |  |\n| 2 | x y |"
