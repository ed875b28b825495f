"""Labels of works: from sub-folders, or from a column of a CSV table. -1 means a work without a label."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.pictures.decode import TABLE
from gansuite.core.sources import Entry, Refusal, Source, Unreadable

FILE_COLUMNS = ("file", "filename", "file_name", "path", "image", "name")
LABEL_COLUMNS = ("label", "labels", "class", "style", "category")


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of W works: `values` (W,) int64 indices into `names` or -1, or None without labels."""

    values: NDArray[np.int64] | None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A CSV: the columns of its first line, and its rows as dictionaries."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


def read_labels(spec: str, works: Sequence[str], source: Source) -> Labels:
    """The labels of `works` (names of entries of `source`).

    Args:
        spec: "auto" or "folders", "none", "file.csv" or "file.csv:column". The file is looked for inside the source,
            then on disk. Its pictures are named in a column called file, filename, path, image or name, else
            in the first, by their path in the source or by their bare file name where only one work has it.

    Works that the table does not name, or names without a label, get -1, and a note counts them; so do works
    that lie beside the sub-folders. Fewer than two different labels are no labels: `values` is None.

    Raises:
        GansuiteError: no such file, no such column, no work named in the table, not a readable table.
    """
    if spec == "none":
        return Labels(None)
    if spec in ("auto", "folders"):
        return _numbered(folder_labels(works), "" if spec == "auto" else "The sub-folders give")
    file, column = split_spec(spec)
    table = read_table(file, source)
    return _numbered(_from_table(table, column, works), f"{table.name} gives")


def split_spec(spec: str) -> tuple[str, str | None]:
    """`"a.csv:style"` to `("a.csv", "style")`, `"a.csv"` to `("a.csv", None)`, else `GansuiteError`."""
    file, colon, column = spec.rpartition(":")
    if colon and file.lower().endswith(".csv") and column:
        return file, column
    if spec.lower().endswith(".csv"):
        return spec, None
    raise GansuiteError(
        f"Labels come from 'folders', 'none', 'file.csv' or 'file.csv:column', not from '{spec}'.",
        did_you_mean(spec, ["folders", "none", "labels.csv", "labels.csv:column"]),
    )


def not_used(name: str, reason: str) -> Refusal:
    """A work that is not used; of a table it is said how labels are had from it."""
    return Refusal(name, f"{reason} (labels from it: {name}:COLUMN)" if reason == TABLE else reason)


def folder_labels(works: Sequence[str]) -> list[str]:
    """The label of each work: its topmost folder below those that all works share, empty beside the sub-folders.

    `art/cats/1.png` and `art/dogs/old/2.png` are labelled `cats` and `dogs`.
    """
    folders = [PurePosixPath(name).parts[:-1] for name in works]
    shared = _shared(folders)
    return [parts[shared] if len(parts) > shared else "" for parts in folders]


def read_table(file: str, source: Source) -> Table:
    """A CSV from inside the source or from disk: commas, semicolons or tabs; UTF-8, or Windows-1252 if it is not.

    Raises `GansuiteError` if it is in neither place or is not a table.
    """
    entry = source.find(_plain(file))
    try:
        data = entry.read() if entry else Path(file).expanduser().read_bytes()
        return _parsed(file, _text(data))
    except (Unreadable, OSError) as error:
        raise GansuiteError(
            f"There is no readable table {file}, neither inside {source.path} nor on disk.",
            f"Name one with --labels FILE.csv:COLUMN.{_tables_of(source.entries)}",
        ) from error
    except (csv.Error, ValueError) as error:
        raise GansuiteError(
            f"{file} is not a table that can be read ({error}).",
            "Save it as CSV with a first line of column names.",
        ) from error


def _numbered(words: Sequence[str], giver: str) -> Labels:
    """Labels by number; `giver`, with its verb, is blamed where all are the same; if it is empty nobody is."""
    names = tuple(sorted(set(words) - {""}))
    if len(names) < 2:
        return Labels(None, (), (f"{giver} all works the same label, so there are no labels.",) if giver else ())
    index = {name: number for number, name in enumerate(names)}
    values = np.array([index.get(word, -1) for word in words], np.int64)
    without = int((values < 0).sum())
    note = f"{without} of {len(words)} works have no label and are marked -1."
    return Labels(values, names, (note,) if without else ())


def _from_table(table: Table, column: str | None, works: Sequence[str]) -> list[str]:
    column = _label_column(table, column)
    key = next((name for name in FILE_COLUMNS if name in table.columns), table.columns[0])
    said = {_plain(row.get(key) or ""): (row.get(column) or "").strip() for row in table.rows}
    bare = _by_bare_name(works)
    found = {bare.get(name, name): label for name, label in said.items()}
    words = [found.get(_plain(name), "") for name in works]
    if not any(words):
        raise GansuiteError(
            f"{table.name} labels none of the {len(works)} works: its column '{key}' says for example "
            f"'{next(iter(said), '')}', a work is called '{works[0]}'.",
            f"Let the column '{key}' hold paths inside the portfolio.",
        )
    return words


def _label_column(table: Table, column: str | None) -> str:
    if column is not None and column not in table.columns:
        raise GansuiteError(
            f"{table.name} has no column '{column}'; it has {', '.join(table.columns)}.",
            did_you_mean(column, list(table.columns)),
        )
    guess = column or next((name for name in LABEL_COLUMNS if name in table.columns), None)
    if guess is None and len(table.columns) == 2:
        guess = table.columns[1]
    if guess is None:
        raise GansuiteError(
            f"{table.name} does not say which column holds the labels; it has {', '.join(table.columns)}.",
            f"Name one, as in --labels {table.name}:{table.columns[-1]}.",
        )
    return guess


def _by_bare_name(works: Sequence[str]) -> dict[str, str]:
    """Bare file names that only one work has, to the full name of that work."""
    bare = [PurePosixPath(_plain(name)).name for name in works]
    count = Counter(bare)
    return {name: _plain(work) for name, work in zip(bare, works, strict=True) if count[name] == 1}


def _parsed(file: str, text: str) -> Table:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = tuple(name.strip() for name in reader.fieldnames or ())
    if not any(columns):
        raise ValueError("it has no first line of column names")
    reader.fieldnames = list(columns)
    return Table(file, columns, tuple(reader))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _plain(name: str) -> str:
    """One spelling for one name: forward slashes, no leading `./`, accents composed (NFC)."""
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/").removeprefix("./"))


def _shared(folders: Sequence[tuple[str, ...]]) -> int:
    if not folders:
        return 0
    low, high = min(folders), max(folders)
    same = [a == b for a, b in zip(low, high, strict=False)]
    return same.index(False) if False in same else len(same)


def _tables_of(entries: Sequence[Entry]) -> str:
    tables = [entry.name for entry in entries if entry.name.lower().endswith(".csv")]
    return f" The portfolio holds {', '.join(tables[:3])}." if tables else ""
