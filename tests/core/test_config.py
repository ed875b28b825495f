"""Configurations in layers, each value remembering where it came from."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.config import Layer, from_saved, read_toml, resolve
from gansuite.core.errors import GansuiteError


@dataclass(frozen=True)
class Paint:
    colour: str = "red"
    coats: int = 2
    thickness: float = 0.5
    varnish: bool = False
    title: str | None = None
    layers: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class Brush:
    width: int = 32
    speed: float = 2e-4

    def __post_init__(self) -> None:
        if self.width < 1:
            raise GansuiteError(f"width is {self.width}, but must be at least 1.", "Try width = 1.")


@dataclass(frozen=True)
class Studio:
    paint: Paint = field(default_factory=Paint)
    brush: Brush = field(default_factory=Brush)


def layer(origin: str, **sections: Mapping[str, Any]) -> Layer:
    return Layer(origin, sections)


def refused(*layers: Layer) -> GansuiteError:
    with pytest.raises(GansuiteError) as caught:
        resolve(Studio, layers)
    assert caught.value.exit_code == 2
    return caught.value


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "studio.toml"
    path.write_text(text, encoding="utf8")
    return path


def test_without_layers_the_defaults_hold() -> None:
    resolved = resolve(Studio, [])
    assert resolved.config == Studio()
    assert resolved.origins == {}


def test_later_layers_win_and_say_so() -> None:
    resolved = resolve(
        Studio,
        [
            layer("preset bold", paint={"colour": "blue", "coats": 5}, brush={"width": 64}),
            layer("file studio.toml", paint={"coats": 7}),
            layer("flag", paint={"coats": 9}),
        ],
    )
    assert resolved.config == Studio(Paint(colour="blue", coats=9), Brush(width=64))
    assert resolved.origins == {
        "paint.colour": "preset bold",
        "paint.coats": "flag",
        "brush.width": "preset bold",
    }


def test_an_unknown_section_suggests_the_nearest() -> None:
    error = refused(layer("file a.toml", piant={"coats": 1}))
    assert "[piant]" in error.cause
    assert "file a.toml" in error.cause
    assert error.remedy == "Did you mean 'paint'?"


def test_an_unknown_key_suggests_the_nearest() -> None:
    error = refused(layer("flag", paint={"color": "red"}))
    assert "'color'" in error.cause
    assert "[paint]" in error.cause
    assert "flag" in error.cause
    assert error.remedy == "Did you mean 'colour'?"


def test_a_key_like_no_other_lists_them_all() -> None:
    assert refused(layer("flag", brush={"zzz": 1})).remedy == "Known are: speed, width."


def test_a_wrong_type_names_key_value_and_origin() -> None:
    error = refused(layer("preset bold", paint={"coats": 3}), layer("file a.toml", paint={"coats": "many"}))
    assert "paint.coats = 'many'" in error.cause
    assert "file a.toml" in error.cause
    assert "integer" in error.cause
    assert "paint.coats" in error.remedy


@pytest.mark.parametrize("value", [2.5, [1], {"a": 1}, None])
def test_what_is_no_integer_is_refused(value: Any) -> None:
    assert "brush.width" in refused(layer("flag", brush={"width": value})).cause


@pytest.mark.parametrize("value", ["nan", "inf", float("nan"), float("inf")])
def test_what_is_no_number_is_refused(value: Any) -> None:
    """A learning rate of NaN would be found out only after the data is read."""
    assert "brush.speed" in refused(layer("flag", brush={"speed": value})).cause


def test_a_truth_value_is_no_number() -> None:
    assert "brush.width = True" in refused(layer("file a.toml", brush={"width": True})).cause


def test_a_value_out_of_range_keeps_the_section_s_own_words() -> None:
    error = refused(layer("flag", brush={"width": 0}))
    assert error.cause == "width is 0, but must be at least 1."
    assert error.remedy == "Try width = 1."


def test_whole_numbers_do_for_fractions() -> None:
    config = resolve(Studio, [layer("file a.toml", paint={"thickness": 1})]).config
    assert config.paint.thickness == 1.0
    assert isinstance(config.paint.thickness, float)


# ------------------------------------------------------------------ files


def test_a_file_is_a_layer(tmp_path: Path) -> None:
    read = read_toml(written(tmp_path, "[paint]\ncoats = 4\nlayers = [3, 4]\n[brush]\nspeed = 1e-3\n"))
    assert read.origin == "file studio.toml"
    config = resolve(Studio, [read]).config
    assert config == Studio(Paint(coats=4, layers=(3, 4)), Brush(speed=1e-3))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match=r"no\.toml") as caught:
        read_toml(tmp_path / "no.toml")
    assert "--config" in caught.value.remedy


@pytest.mark.parametrize("text", ["[paint\ncoats = 1", "coats = = 1", '[paint]\ncolour = "red'])
def test_what_is_no_toml_says_where(tmp_path: Path, text: str) -> None:
    with pytest.raises(GansuiteError, match="cannot be read as TOML") as caught:
        read_toml(written(tmp_path, text))
    assert "studio.toml" in caught.value.cause


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x89PNG\r\n"])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "picture.toml"
    path.write_bytes(content)
    with pytest.raises(GansuiteError, match=r"picture\.toml"):
        read_toml(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="cannot be read"):
        read_toml(tmp_path)


def test_keys_outside_sections_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="'coats' stands outside a section") as caught:
        read_toml(written(tmp_path, "coats = 4\n[paint]\ncolour = 'red'\n"))
    assert "--dry-run" in caught.value.remedy


# ------------------------------------------------------------------ round trips


def test_toml_shows_where_each_value_came_from() -> None:
    text = resolve(Studio, [layer("flag", paint={"coats": 4})]).to_toml()
    lines = {line.split("=")[0].strip(): line for line in text.splitlines() if "=" in line}
    assert lines["coats"].startswith("coats = 4 ")
    assert lines["coats"].endswith("# flag")
    assert lines["colour"].endswith("# default")
    assert "title" not in lines


texts = st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.floats(-1e30, 1e30, allow_nan=False)
paints = st.builds(
    Paint,
    texts,
    st.integers(-(2**63), 2**63 - 1),
    numbers,
    st.booleans(),
    st.none() | texts,
    st.tuples(st.integers(0, 9)),
)


@settings(max_examples=100, deadline=None)
@given(paints, st.builds(Brush, st.integers(1, 10**6), numbers), texts)
def test_toml_gives_the_same_configuration_again(paint: Paint, brush: Brush, origin: str) -> None:
    """Whatever stands in it: quotes, emoji, control characters, and in the name of a file too."""
    studio = Studio(paint, brush)
    resolved = resolve(Studio, [Layer(f"file {origin}", asdict(studio))])
    assert resolved.config == studio
    again = resolve(Studio, [Layer("file", tomllib.loads(resolved.to_toml()))])
    assert again.config == studio


def test_a_saved_run_gives_the_same_configuration_and_origins() -> None:
    resolved = resolve(Studio, [layer("preset bold", paint={"coats": 4}), layer("flag", brush={"speed": 0.125})])
    saved = json.loads(json.dumps({**resolved.to_dict(), "art": "image"}))
    assert from_saved(Studio, saved) == resolved


@pytest.mark.parametrize("saved", [{}, {"config": 3}, {"config": {"paint": 3}}, {"config": {"paint": {"coat": 1}}}])
def test_a_damaged_saved_configuration_is_refused(saved: dict[str, Any]) -> None:
    with pytest.raises(GansuiteError):
        from_saved(Studio, saved)
