"""The last touch: capitals, signs and blanks, never words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gansuite.poetry.writing.wordbook import FULL_STOPS, capital

_BEFORE_SIGN = re.compile(r"\s+([,.;:!?])")
_DOUBLED = re.compile(r"([,;:])[,;:.]+")
_OPEN_END = re.compile(r"[\s,;:—-]+$")


def finished(lines: Sequence[str]) -> list[str]:
    """The lines with a capital each, single blanks, quotation marks in pairs, and the last one with a full stop."""
    tidy = [_line(line) for line in lines]
    tidy = [line for line in tidy if line]
    if tidy:
        tidy[-1] = _ended(tidy[-1])
        if "\n".join(tidy).count('"') % 2:
            tidy[-1] += '"'
    return tidy


def _line(line: str) -> str:
    line = _DOUBLED.sub(r"\1", _BEFORE_SIGN.sub(r"\1", " ".join(line.split())))
    quote = '"' if line.startswith('"') else ""
    return quote + capital(line.removeprefix(quote))


def _ended(line: str) -> str:
    return line if line.rstrip("\"')").endswith(FULL_STOPS) else _OPEN_END.sub("", line) + "."
