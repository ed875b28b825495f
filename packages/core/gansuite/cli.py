"""The front door: one line per art, everything heavy imported inside command bodies."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gansuite.core import __version__
from gansuite.core.errors import USAGE, GansuiteError
from gansuite.core.models_cli import app as models
from gansuite.image.cli import app as image
from gansuite.music.cli import app as music
from gansuite.poetry.cli import app as poem

app = typer.Typer(
    name="gansuite",
    help="Generative adversarial art: train on your own works, draw from what was learnt. Works offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(image, name="image", help="Pictures: train on a portfolio, draw, interpolate, measure.")
app.add_typer(music, name="music", help="Music: train on MIDI, play pieces, accompany your own, measure.")
app.add_typer(poem, name="poem", help="Poems: for a picture or from words, train on your own, measure.")
app.add_typer(models, name="models", help="What is bundled, and what is in your runs.")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"gansuite {__version__}")
        raise typer.Exit


@app.callback()
def _front(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Nothing here touches the network unless you name a model on a hub."""


@models.command()
def export(
    name: Annotated[str, typer.Argument(help="A folder, a run, a bundled model, or a hub id (owner/name).")],
    out: Annotated[Path, typer.Option("--out", help="The ONNX file to write.")],
) -> None:
    """Write the generator of a model for pictures as ONNX (needs the [export] extra)."""
    from gansuite.image.export import write_onnx

    print(write_onnx(name, out))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """What this machine can do, in ten lines."""
    from gansuite.core.doctor import examine

    report = examine()
    print(json.dumps(report.to_dict()) if as_json else report.to_text())


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the page and everything on it.")] = Path("demo"),
    minutes: Annotated[float, typer.Option("--minutes", help="How long to train the small picture model.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Every random number follows from it.")] = 0,
) -> None:
    """Train for a minute on the embedded portfolio, draw from it and from the bundled model, and show it all."""
    from gansuite.demo import make_demo

    print(make_demo(out, minutes, seed))


def main() -> None:
    """Run a command; an expected failure is told in two sentences and exit code 2, never as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name may hold what the terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except GansuiteError as error:
        print(f"Error: {error.cause}\n{error.remedy}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:  # what the system refuses is the person's to mend: a path, a permission, a device
        cause = f"{error.strerror or error}: {error.filename or ''}"
        print(f"Error: {cause}\nCheck that path and try again.", file=sys.stderr)
        sys.exit(USAGE)
