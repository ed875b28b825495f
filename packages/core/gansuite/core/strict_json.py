"""JSON from files that a person may have been sent: limited in size, one object, no NaN."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

_KINDS = {dict: "an object", list: "a list", str: "a text", type(None): "null"}
JSON = Mapping[str, "JSON"] | Sequence["JSON"] | str | int | float | bool | None


def parse_object(raw: bytes | str, limit: int) -> dict[str, Any]:
    """One JSON object.

    Args:
        raw: UTF-8 bytes or text.
        limit: the most bytes (or characters) that are looked at.

    Raises:
        ValueError: it is larger, no JSON, not an object, nested too deeply, or holds NaN or infinity.
    """
    if len(raw) > limit:
        raise ValueError(f"it is larger than {limit} bytes")
    try:
        found = json.loads(raw, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON ({error.msg}, line {error.lineno})") from error
    if not isinstance(found, dict):
        raise ValueError(f"it holds {_kind(found)} where an object is expected")
    return found


def to_text(content: Mapping[str, JSON], indent: int | None = None) -> str:
    """The object as ASCII JSON, so that any metadata field can carry it.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: a value is not JSON.
    """
    return json.dumps(content, indent=indent, allow_nan=False)


def _refuse(constant: str) -> None:
    raise ValueError(f"it holds {constant}, which is not a number")


def _kind(found: object) -> str:
    return _KINDS.get(type(found), "a number or a truth value")
