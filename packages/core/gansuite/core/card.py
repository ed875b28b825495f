"""The card of a model: what it was made from, how, and how good it is, for the person who is handed it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Card:
    """What `README.md` of a model folder says.

    Attributes:
        title: the name of the model.
        art: image, music or poetry.
        data: what it was trained on, in a sentence, with sources.
        data_licence: under which terms those works may be used.
        licence: of the weights, as an SPDX identifier.
        seed: of the training run.
        steps: optimiser steps of the generator.
        images: works seen in training.
        minutes: of training, on the machine the notes name.
        command: what to type to train it again.
        measures: by name: a number, a mapping of numbers, or a table as a list of rows (mappings).
        notes: Markdown, put at the end.
    """

    title: str
    art: str
    data: str
    data_licence: str
    seed: int
    steps: int
    images: int
    minutes: float
    command: str
    licence: str = "Apache-2.0"
    measures: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""

    def to_markdown(self) -> str:
        """The card as Markdown with the YAML head that the Hugging Face hub reads."""
        facts = [
            {"": "Works seen", "Value": self.images},
            {"": "Steps", "Value": self.steps},
            {"": "Minutes", "Value": self.minutes},
            {"": "Seed", "Value": self.seed},
        ]
        parts = [
            _front_matter(self),
            f"# {_line(self.title)}",
            f"## What it was trained on\n\n{self.data.strip()}",
            f"Licence of the data: {self.data_licence.strip()}",
            f"## How it was trained\n\n{_fenced(self.command)}\n\n{table(facts)}",
            _measures(self.measures),
            f"## Licence\n\n{_line(self.licence)}",
            self.notes.strip(),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table of rows; the columns are all their keys, in the order in which they first appear."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [_row(columns), _row("---" for _ in columns)]
    return "\n".join([*lines, *(_row(row.get(column, "") for column in columns) for row in rows)])


def _front_matter(card: Card) -> str:
    # A JSON string is a YAML string, so nothing in a title can break out of the head.
    return "\n".join(
        [
            "---",
            f"license: {_quoted(card.licence.lower())}",
            "library_name: gansuite",
            f"tags: {_quoted(['gan', 'gansuite', card.art])}",
            f"model_name: {_quoted(_line(card.title))}",
            "---",
        ]
    )


def _quoted(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _measures(measures: Mapping[str, Any]) -> str:
    if not measures:
        return ""
    plain = {name: value for name, value in measures.items() if not _is_table(value)}
    parts = [table([{"Measure": name, "Value": value} for name, value in plain.items()])] if plain else []
    for name, value in measures.items():
        if _is_table(value):
            rows = [{"": key, "Value": found} for key, found in value.items()] if isinstance(value, Mapping) else value
            parts.append(f"### {_line(name)}\n\n{table(rows)}")
    return "## How good it is\n\n" + "\n\n".join(parts)


def _is_table(value: Any) -> bool:
    rows = isinstance(value, list | tuple) and all(isinstance(row, Mapping) for row in value)
    return bool(value) and (rows or isinstance(value, Mapping))


def _row(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return _line(text).replace("|", "\\|")


def _line(text: str) -> str:
    return " ".join(text.split())


def _fenced(command: str) -> str:
    return f"```\n{command.strip().replace('```', '')}\n```"
