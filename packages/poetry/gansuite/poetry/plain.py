"""Poems in plain text: blank lines between them, headings and `by` lines where there are any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gansuite.poetry.eras import years_of_author
from gansuite.poetry.text import with_line_breaks

RUN = 16  # stanzas that follow one another without a heading are often of one poem
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_GUTENBERG_START = re.compile(r"\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG.*\n")
_GUTENBERG_END = re.compile(r"\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG")
_FIELD = re.compile(r"^\s*(title|author|poet|by)\s*:\s*(\S.*?)\s*$", re.IGNORECASE)
_BY = re.compile(r"^\s*(?:by|written by)\s+(\S.*?)\s*$", re.IGNORECASE)
_SLASHED = re.compile(r"\s/\s|\\n")


@dataclass(frozen=True)
class Block:
    """What blank lines surround, and what headings above it say.

    Attributes:
        text: its lines.
        title, author: from the headings, or empty.
        born: the year of birth that follows the author's name, or 0.
        number: the same for blocks under one heading; without headings, for `RUN` blocks in a row.
    """

    text: str
    title: str
    author: str
    born: int
    number: int


def read_blocks(text: str) -> Iterator[Block]:
    """The poems of a plain text, one after the other.

    Blank lines separate poems. A block of one line that could be a heading (at most ten words, no comma or semicolon at
    its end) is the title of those that follow, a line `by NAME` below it their author; lines `Title: ...` and
    `Author: ...` say the same. Only what lies between the marks of a Project Gutenberg book is read, if it has any.
    """
    title, author, number, run = "", "", 0, 0
    for block in _BLANK_LINES.split(_without_license(text.replace("\r\n", "\n").replace("\r", "\n"))):
        lines = [line for line in block.split("\n") if line.strip()]
        heading, lines = _heading(lines)
        if heading is not None:
            title, author = heading[0] or title, heading[1] or author
            number, run = number + 1, 0
        if lines:
            number, run = (number + 1, 1) if run == RUN and not title else (number, run + 1)
            poem = "\n".join(lines) if len(lines) > 1 else with_line_breaks(lines[0])
            yield Block(poem, title, author, years_of_author(author), number)


def _heading(lines: list[str]) -> tuple[tuple[str, str] | None, list[str]]:
    """(title, author) that the block begins with, if any, and the lines of verse that are left."""
    title, author = "", ""
    while lines and (said := _FIELD.match(lines[0])):
        title, author = (said[2], author) if said[1].lower() == "title" else (title, said[2])
        lines = lines[1:]
    if lines and len(lines) <= 2 and (said := _BY.match(lines[-1])) and _may_be_title(lines[:-1]):
        title, author, lines = "".join(lines[:-1]) or title, said[1], []
    elif len(lines) == 1 and _may_be_title(lines):
        title, lines = lines[0], []
    return ((_trimmed(title), _trimmed(author)) if title or author else None), lines


def _may_be_title(lines: list[str]) -> bool:
    line = " ".join(lines)
    return len(line.split()) <= 10 and line.rstrip()[-1:] not in {*",;:—-"} and not _SLASHED.search(line)


def _trimmed(name: str) -> str:
    return " ".join(name.split()).strip("*_#=. ")


def _without_license(text: str) -> str:
    start, end = _GUTENBERG_START.search(text), _GUTENBERG_END.search(text)
    return text[start.end() if start else 0 : end.start() if end else len(text)]
