"""`gansuite models list | show`: what came with gansuite, and what is in my runs. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gansuite.core.files import sha256_file
from gansuite.core.library import ModelInfo, describe, find_model, list_models
from gansuite.core.model_format import WEIGHTS, read_card, read_config, read_header
from gansuite.core.run import RUNS
from gansuite.core.strict_json import to_text

app = typer.Typer(no_args_is_help=True, help="See the models that came with gansuite, and those in your runs.")

Runs = Annotated[Path, typer.Option("--runs", metavar="DIR", help="The folder of your runs.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[str, typer.Argument(help="A folder, a run, a bundled model, or a hub id (owner/name).")]


@app.command("list")
def list_(runs: Runs = RUNS, json: Json = False) -> None:
    """List the bundled models and those in your runs, and say where they are."""
    found = list_models(runs)
    if json:
        typer.echo(to_text({"runs": str(runs.resolve()), "models": [_plain(info) for info in found]}))
        return
    typer.echo(_printable(_table(found)) if found else "There are no models here yet.")
    if not any(info.kind != "bundled" for info in found):
        typer.echo(f"No models in {runs} yet; training puts them there.", err=True)


@app.command()
def show(name: Name, runs: Runs = RUNS, json: Json = False) -> None:
    """Show one model: its network, size, digest and card. Only a hub id (owner/name) uses the network."""
    folder = find_model(name, runs)
    facts = _facts(name, folder)
    if json:
        typer.echo(to_text(facts | {"card": read_card(folder)}))
        return
    typer.echo(_printable(f"{_sheet(facts)}\n\n{_body(read_card(folder)) or 'It has no card.'}"))


def _facts(name: str, folder: Path) -> dict[str, Any]:
    config, header = read_config(folder), read_header(folder)
    info = describe(name, "folder", folder)
    return {
        "name": name,
        "art": info.art,
        "network": config["network"],
        "training": config.get("training", {}),
        "parameters": header.parameters,
        "dtypes": list(header.dtypes),
        "size_bytes": info.size_bytes,
        "digest": sha256_file(folder / WEIGHTS),
        "path": str(folder.resolve()),
    }


def _sheet(facts: dict[str, Any]) -> str:
    lines = {
        "Model": f"{facts['name']} ({facts['art']})",
        "Network": _pairs(facts["network"]),
        "Training": _pairs(facts["training"]),
        "Size": f"{_size(facts['size_bytes'])}, {facts['parameters']:,} weights, {'+'.join(facts['dtypes'])}",
        "Digest": f"sha256 {facts['digest']}",
        "Folder": facts["path"],
    }
    return "\n".join(f"{key:<10}{value}" for key, value in lines.items() if value)


def _pairs(section: dict[str, Any]) -> str:
    return ", ".join(f"{key} {str(value)[:60]}" for key, value in section.items())


def _table(found: Sequence[ModelInfo]) -> str:
    head = ("NAME", "KIND", "ART", "NETWORK", "SHAPE", "WEIGHTS", "SIZE", "FOLDER")
    rows = [head, *(_row(info) for info in found)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(head))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _row(info: ModelInfo) -> tuple[str, ...]:
    weights, size = f"{info.parameters:,}", _size(info.size_bytes)
    shape = f"damaged: {info.problem}" if info.problem else info.shape
    return info.name, info.kind, info.art, info.network, shape, weights, size, str(info.path)


def _plain(info: ModelInfo) -> dict[str, Any]:
    return asdict(info) | {"path": str(info.path.resolve())}


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _printable(text: str) -> str:
    """Without control characters: a card that was sent to me must not steer my terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _body(card: str) -> str:
    """A card without its YAML head, which is for the hub and not for a person."""
    head, mark, rest = card.removeprefix("---\n").partition("\n---\n")
    return rest.strip() if card.startswith("---\n") and mark and head else card.strip()
