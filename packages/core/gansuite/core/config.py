"""Configuration: frozen dataclasses, filled in layers, each value remembering where it came from.

A configuration is a dataclass of sections, each section a flat frozen dataclass. Later layers win: defaults < model <
preset < TOML file < flags.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError

from gansuite.core.errors import GansuiteError, did_you_mean

T = TypeVar("T")
Values = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Layer:
    """Some values, by section and key, and where they came from."""

    origin: str
    values: Values


@dataclass(frozen=True)
class Resolved(Generic[T]):
    """A whole configuration and the origin of each value, by `section.key`."""

    config: T
    origins: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """For a run's config.json."""
        return {"config": asdict(cast(Any, self.config)), "origins": dict(self.origins)}

    def to_toml(self) -> str:
        """A TOML file that gives this configuration again, with each value's origin as a comment."""
        lines: list[str] = []
        for section, values in asdict(cast(Any, self.config)).items():
            lines += ["", f"[{section}]"]
            lines += [self._line(section, key, value) for key, value in values.items() if value is not None]
        return "\n".join(lines[1:]) + "\n"

    def _line(self, section: str, key: str, value: Any) -> str:
        origin = self.origins.get(f"{section}.{key}", "default")
        shown = "".join(c if c.isprintable() else "?" for c in origin)
        return f"{f'{key} = {_toml(value)}':<34} # {shown}"


def _toml(value: Any) -> str:
    """JSON is TOML, but for pairs of surrogates and the one control character that JSON lets stand."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def resolve(kind: type[T], layers: Sequence[Layer]) -> Resolved[T]:
    """Lay the layers over the defaults of `kind`.

    Raises:
        GansuiteError: for an unknown section or key, or a value of the wrong type or range.
    """
    sections = _sections(kind)
    merged: dict[str, dict[str, Any]] = {name: {} for name in sections}
    origins: dict[str, str] = {}
    for layer in layers:
        for section, values in layer.values.items():
            _require_known(section, values, sections, layer.origin)
            merged[section].update(values)
            origins |= {f"{section}.{key}": layer.origin for key in values}
    built = {name: _validated(section, merged[name], name, origins) for name, section in sections.items()}
    return Resolved(kind(**built), origins)


def read_toml(path: Path) -> Layer:
    """A layer from a TOML file of sections.

    Raises:
        GansuiteError: when it is missing, is not TOML, or has keys outside a section.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf8"))
    except FileNotFoundError as error:
        raise GansuiteError(f"There is no file {path}.", "Check the path after --config.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GansuiteError(f"{path} cannot be read as TOML: {error}.", "Mend that line and try again.") from error
    loose = [key for key, value in values.items() if not isinstance(value, dict)]
    if loose:
        raise GansuiteError(
            f"{path}: '{loose[0]}' stands outside a section.",
            "Put it under a line such as [recipe]; --dry-run prints a whole file to start from.",
        )
    return Layer(f"file {path.name}", values)


def from_saved(kind: type[T], saved: Mapping[str, Any]) -> Resolved[T]:
    """The configuration that a run's config.json holds.

    Raises:
        GansuiteError: when it holds none, or one that this version does not know.
    """
    config = saved.get("config")
    if not isinstance(config, Mapping) or not all(isinstance(v, Mapping) for v in config.values()):
        raise GansuiteError(
            "The run's config.json is damaged: it holds no configuration.",
            "Start a new run under another --run name.",
        )
    resolved = resolve(kind, [Layer("run", config)])
    return Resolved(resolved.config, dict(saved.get("origins", {})))


def _sections(kind: type[Any]) -> dict[str, type[Any]]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind) if is_dataclass(hints[f.name])}


def _require_known(section: str, values: Mapping[str, Any], sections: Mapping[str, type], origin: str) -> None:
    if section not in sections:
        raise GansuiteError(f"There is no section [{section}] (from {origin}).", did_you_mean(section, list(sections)))
    known = [f.name for f in fields(sections[section])]
    for key in values:
        if key not in known:
            raise GansuiteError(
                f"There is no key '{key}' in section [{section}] (from {origin}).", did_you_mean(key, known)
            )


def _validated(kind: type[T], values: Mapping[str, Any], section: str, origins: Mapping[str, str]) -> T:
    try:
        built = TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([section, *map(str, first["loc"])])
        raise _unfit(key, first["input"], first["msg"], origins) from error
    for name, value in values.items():
        found = getattr(built, name)
        if isinstance(value, bool) and not isinstance(found, bool):  # pydantic takes true for 1
            raise _unfit(f"{section}.{name}", value, "Input should not be a truth value", origins)
        if isinstance(found, float) and not math.isfinite(found):
            raise _unfit(f"{section}.{name}", value, "Input should be a finite number", origins)
    return built


def _unfit(key: str, value: object, reason: str, origins: Mapping[str, str]) -> GansuiteError:
    return GansuiteError(
        f"{key} = {value!r} (from {origins.get(key, 'default')}) will not do: {reason}.",
        f"Give {key} another value; --dry-run shows them all.",
    )
