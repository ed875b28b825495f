"""What a file of poems says: one record a poem, from text, tables and JSON, with title, author, years and picture.

Field and column names are read in any case. Those of the published sets are among them: UniM-Poem (`poem`, `id`) and
MultiM-Poem (`poem`, `image_url`, `id`) of Liu et al. 2018 (arXiv 1804.08473).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from gansuite.core.sources import Entry, Refusal, Unreadable
from gansuite.poetry.eras import born_of
from gansuite.poetry.files import kind_of, unpacked
from gansuite.poetry.guard import Limits
from gansuite.poetry.plain import read_blocks
from gansuite.poetry.text import decode, with_line_breaks

TEXT = ("poem", "poem_text", "poem_content", "text", "content", "stanza", "verse", "body", "lyrics", "poetry", "lines")
PROSE = ("prose", "passage", "paragraph")
TITLE = ("title", "poem_title", "poem_name", "name")
AUTHOR = ("author", "poet", "poet_name", "author_name", "writer", "autor", "by")
IMAGE = ("image", "image_url", "image_path", "image_file", "image_name", "picture", "photo", "img", "file_name", "file")
READ_ME = ("readme", "read_me", "license", "licence", "licenses", "copying", "notice")
KINDS = (".txt", ".text", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", "")
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One poem, or one passage of prose, as a file has it.

    Attributes:
        text: its lines, untidied.
        title, author: as they are written, or empty.
        born: the year in which the author was born, or a guess from other years; 0 where nothing is known.
        images: names by which the picture that it was written for may be called; none without one.
        prose: whether it is a passage of prose.
        block: records of one file with the same number belong together, where no author tells more.
    """

    text: str
    title: str = ""
    author: str = ""
    born: int = 0
    images: tuple[str, ...] = ()
    prose: bool = False
    block: int = 0


@dataclass(frozen=True)
class Found:
    """What one file holds.

    Attributes:
        records: its poems and passages, in order.
        broken: parts of it that could not be read, with reasons.
        note: what a person should know of how it was read, or nothing.
    """

    records: list[Record]
    broken: list[Refusal] = field(default_factory=list)
    note: str = ""


def read_records(entry: Entry, limits: Limits, prose: bool = False) -> Found:
    """The records of one file.

    Args:
        entry: the file; `.txt`, `.csv`, `.tsv`, `.json`, `.jsonl` or `.ndjson`, plain or packed by xz, gzip or bzip2.
        limits: what it may ask.
        prose: whether all that it holds is prose; else only what lies in a field `prose`, `passage` or `paragraph`.

    Raises:
        Unreadable: it is no text, of another kind, or holds no record.
    """
    if kind_of(entry.name) not in KINDS:
        raise Unreadable("is not .txt, .csv, .json or .jsonl")
    if PurePosixPath(entry.name.lower()).name.split(".")[0] in READ_ME:
        raise Unreadable("is a read-me, no poems")
    decoded = decode(unpacked(entry.read(), limits.file_bytes))
    found = _parsed(kind_of(entry.name), decoded.text, entry.name, limits)
    if not found.records:
        raise Unreadable("holds no poem" if not found.broken else f"holds no poem: its first line {_first(found)}")
    if prose:
        found = Found([Record(r.text, r.title, r.author, r.born, prose=True) for r in found.records], found.broken)
    return Found(found.records, found.broken, _note(entry.name, decoded.encoding, decoded.odd_lines))


def _first(found: Found) -> str:
    return found.broken[0].reason


def _note(name: str, encoding: str, odd_lines: int) -> str:
    if encoding == "Latin-1":
        return f"{name} is not UTF-8: {odd_lines:,} of its lines were read as Latin-1."
    return "" if encoding == "UTF-8" else f"{name} was read as {encoding}."


def _parsed(kind: str, text: str, name: str, limits: Limits) -> Found:
    if kind in (".csv", ".tsv"):
        return _table(text, name, limits)
    if kind == ".json":
        return _json(text, name, limits)
    if kind in (".jsonl", ".ndjson"):
        return _json_lines(text, name, limits)
    return Found(
        [Record(block.text, block.title, block.author, block.born, block=block.number) for block in read_blocks(text)]
    )


def _json(text: str, name: str, limits: Limits) -> Found:
    try:
        whole = json.loads(text)
    except RecursionError as error:
        raise Unreadable("is JSON that is nested too deeply") from error
    except ValueError as error:
        if text.lstrip().startswith("{") and "\n" in text.strip():
            return _json_lines(text, name, limits)
        raise Unreadable(f"is not JSON ({_said(error)})") from error
    return _gathered(enumerate(_items(whole), 1), name, "record", limits)


def _json_lines(text: str, name: str, limits: Limits) -> Found:
    lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
    return _gathered(lines, name, "line", limits, parse=True)


def _gathered(items: Iterator[tuple[int, Any]], name: str, part: str, limits: Limits, parse: bool = False) -> Found:
    records: list[Record] = []
    broken: list[Refusal] = []
    more = 0
    for number, item in items:
        try:
            records.append(_record(json.loads(item) if parse else item, number))
            continue
        except RecursionError:
            reason = "is JSON that is nested too deeply"
        except json.JSONDecodeError as error:
            reason = f"is not JSON ({error.msg})"
        except ValueError as error:
            reason = str(error)
        if len(broken) < limits.broken_named:
            broken.append(Refusal(f"{name}, {part} {number}", reason))
        else:
            more += 1
    if more:
        broken.append(Refusal(name, f"holds {more:,} more {part}s that cannot be used"))
    return Found(records, broken)


def _items(whole: Any) -> Sequence[Any]:
    """The records of a JSON file: a list, an object that holds lists, or an object of records by name."""
    if isinstance(whole, list):
        return whole
    if not isinstance(whole, dict) or _value(_lowered(whole), (*TEXT, *PROSE)) is not None:
        return [whole]
    lists = [value for value in whole.values() if isinstance(value, list)]
    return [item for items in lists for item in items] if lists else list(whole.values())


def _record(item: Any, number: int) -> Record:
    """A record of JSON; raises ValueError with a reason that continues `<file>, line 7 ...`."""
    if isinstance(item, str):
        return Record(with_line_breaks(item), block=number)
    if not isinstance(item, dict):
        raise ValueError("holds neither a poem nor an object with one")
    return _from_fields(_lowered(item), number)


def _from_fields(fields: Fields, number: int) -> Record:
    passage = _value(fields, PROSE)
    text = _verse(passage if passage is not None else _value(fields, TEXT))
    if text is None:
        raise ValueError(f"has no field {TEXT[0]!r} or 'text'; it has {_listed(fields)}")
    author = _word(_value(fields, AUTHOR))
    if passage is not None:
        return Record(text, author=author, prose=True, block=number)
    return Record(
        text=text,
        title=_word(_value(fields, TITLE)),
        author=author,
        born=born_of(fields, author),
        images=_images(fields),
        block=number,
    )


def _lowered(fields: Fields) -> dict[str, Any]:
    return {_field(key): value for key, value in fields.items()}


@lru_cache(1024)
def _field(name: str) -> str:
    return re.sub(r"[\s-]+", "_", str(name).strip().casefold())


def _value(fields: Fields, names: Sequence[str]) -> Any:
    for name in names:
        if name in fields and fields[name] not in (None, ""):
            return fields[name]
    return None


def _verse(value: Any) -> str | None:
    """A poem as text, or as a list of lines or of stanzas."""
    if isinstance(value, str):
        return with_line_breaks(value)
    if not isinstance(value, list) or not value:
        return None
    if all(isinstance(line, str) for line in value):
        return "\n".join(value)
    if all(isinstance(stanza, list) and all(isinstance(line, str) for line in stanza) for stanza in value):
        return "\n\n".join("\n".join(stanza) for stanza in value)
    return None


def _word(value: Any) -> str:
    return " ".join(str(value).split())[:200] if isinstance(value, str | int) else ""


def _images(fields: Fields) -> tuple[str, ...]:
    """The names a picture may go by: as written, the file a URL ends in, and the number of the record."""
    said = _word(_value(fields, IMAGE))
    if not said:
        return ()
    names = [said, PurePosixPath(urlsplit(said).path).name if "://" in said else said]
    if "image_url" in fields:
        names.append(_word(fields.get("id")))
    return tuple(dict.fromkeys(name for name in names if name))


def _table(text: str, name: str, limits: Limits) -> Found:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    head = list(_lowered(dict.fromkeys(next(rows, []))))
    if not set(head) & {*TEXT, *PROSE}:
        if len(head) > 1:
            raise Unreadable(f"has no column 'poem' or 'text'; its columns are {_listed(dict.fromkeys(head))}")
        rows, head = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), ["poem"]
    records: list[Record] = []
    broken: list[Refusal] = []
    try:
        for row in rows:
            fields = dict(zip(head, row, strict=False))
            if _value(fields, (*TEXT, *PROSE)) is not None:
                records.append(_from_fields(fields, len(records)))
    except csv.Error as error:
        broken.append(Refusal(f"{name}, line {rows.line_num}", f"ends the table: {error}"))
    return Found(records, broken)


def _listed(fields: Fields) -> str:
    names = [repr(name) for name in list(fields)[:6]]
    return ", ".join(names) + (", ..." if len(fields) > 6 else "") if names else "none"


def _said(error: ValueError) -> str:
    return f"{error.msg}, line {error.lineno}" if isinstance(error, json.JSONDecodeError) else str(error)
