"""What `gansuite poem` does with what it wrote: prints it, files it, sets it as a card."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import compress
from pathlib import Path
from typing import Any

from gansuite.core import __version__
from gansuite.core.errors import GansuiteError
from gansuite.core.files import write_atomically
from gansuite.core.provenance import Provenance
from gansuite.core.sources import Unreadable
from gansuite.poetry.parts import ART
from gansuite.poetry.pictures import Pixels, read_picture
from gansuite.poetry.sampler import Verdict, load_sampler
from gansuite.poetry.score import PoemScore, score_poem
from gansuite.poetry.sounds import words_of
from gansuite.poetry.text import decode
from gansuite.poetry.write import Request, Writer, Written
from gansuite.poetry.writing.deliver import Record, format_of, to_json_lines, to_text
from gansuite.poetry.writing.deliver import deliver as to_file
from gansuite.poetry.writing.title import title_of

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
SURE = 0.3  # of a label that a title may lean on


@dataclass(frozen=True)
class Asked:
    """A command: what to write, for which picture, by whom, and where to."""

    request: Request
    image: Path | None
    model: str
    title: bool = False
    scores: bool = False
    out: Path | None = None
    card: Path | None = None
    as_json: bool = False


def deliver(asked: Asked) -> str:
    """Write what is asked for; returns what is to be printed.

    Raises:
        GansuiteError: what is asked for is not possible; nothing was written then.
    """
    if asked.out is not None:
        format_of(asked.out)
    pictures = _pictures(asked.image)
    _check_card(asked, pictures)
    writer = Writer(load_sampler(asked.model))
    if asked.scores:
        _require_critics(writer, asked.model)
    asked.request.check()  # before a picture is read
    seen = _read_all(pictures)
    written = [one for picture, pixels in seen for one in writer.write(asked.request, pixels, picture)]
    records = [_record(one, asked, writer) for one in written]
    if asked.scores:
        print("\n\n".join(_scored(one.poem.text, one.verdict).to_text() for one in written), file=sys.stderr)
    if asked.card is not None:
        _set_card(asked.card, records[0])
    if asked.out is not None:
        to_file(records, asked.out)
    return "".join(_said(asked, records))


def score(path: Path, image: Path | None, model: str) -> PoemScore:
    """A poem of anybody: its words and sounds, and what each critic says of each line.

    Raises:
        GansuiteError: it has no words, the picture cannot be read, or there is one and no critic to look at it.
    """
    text = "\n".join(line.strip() for line in _read(path).split("\n") if line.strip())
    heard = score_poem(text)  # an empty one is told before a model is read
    writer = Writer(load_sampler(model))
    if image is not None:
        _require_critics(writer, model)
    if not writer.judged:
        return heard
    sight = writer.sampler.look(read_picture(image)) if image else None
    (verdict,) = writer.sampler.verdicts([text], sight)
    return _scored(text, verdict)


def _read(path: Path) -> str:
    """The text of a file, or of standard input."""
    try:
        return decode(sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()).text
    except FileNotFoundError as error:
        raise GansuiteError(f"There is no file {path}.", "Name a .txt with a poem, or - for standard input.") from error
    except Unreadable as error:
        raise GansuiteError(f"{path} {error}.", "Give a poem as plain text, a verse a line.") from error


def _pictures(image: Path | None) -> list[Path | None]:
    """The picture, those of a folder in the order of their names, or none."""
    if image is None:
        return [None]
    if not image.is_dir():
        return [image]
    found = sorted(path for path in image.iterdir() if path.suffix.lower() in PICTURES and path.is_file())
    if not found:
        raise GansuiteError(f"There is no picture in {image}.", f"Pictures end in {', '.join(sorted(PICTURES))}.")
    return list(found)


def _read_all(pictures: Sequence[Path | None]) -> Iterator[tuple[Path | None, Pixels | None]]:
    """Each picture that can be read; of several, those that cannot are told and left out.

    Raises:
        GansuiteError: none can be read.
    """
    readable = 0
    for picture in pictures:
        try:
            pixels = None if picture is None else read_picture(picture)
        except GansuiteError as error:
            if len(pictures) == 1:
                raise
            print(f"left out: {error.cause}", file=sys.stderr)
            continue
        readable += 1
        yield picture, pixels
    if not readable:
        raise GansuiteError(f"None of the {len(pictures)} pictures can be read.", "Name a folder of photographs.")


def _require_critics(writer: Writer, model: str) -> None:
    if not writer.judged:
        raise GansuiteError(
            f"The model {model} has no critics.",
            "Leave out what asks them, or name a model that was trained in all its stages.",
        )


def _check_card(asked: Asked, pictures: Sequence[Path | None]) -> None:
    if asked.card is None:
        return
    if asked.card.suffix.lower() != ".png":
        raise GansuiteError(f"{asked.card} is not a PNG.", f"Use --card {asked.card.with_suffix('.png')}.")
    if pictures == [None] or len(pictures) * asked.request.count > 1:
        raise GansuiteError("A card shows one picture and one poem.", "Name one picture with --image, and --count 1.")


def _record(written: Written, asked: Asked, writer: Writer) -> Record:
    poem, sight, verdict = written.poem, written.sight, written.verdict
    labels = [label for label, chance in (sight.labels if sight else ()) if chance >= SURE]
    scores = {"log_likelihood": round(poem.log_likelihood, 4)}
    if verdict is not None:
        told = {"style": verdict.style, "relevance": verdict.relevance}
        scores |= {name: round(value, 4) for name, value in told.items() if value is not None}
    return Record(
        poem=poem.text,
        seed=poem.seed,
        title=title_of(poem.lines, labels, poem.seed) if asked.title else "",
        picture=written.picture,
        model=asked.model,
        model_digest=writer.sampler.digest,
        settings=_settings(asked.request),
        scores=scores,
    )


def _settings(request: Request) -> dict[str, Any]:
    """What was asked for, as it was typed; the seed is each poem's own."""
    return {name: value for name, value in asdict(request).items() if name not in ("seed", "count")}


def _set_card(out: Path, record: Record) -> None:
    from PIL import Image, ImageOps

    from gansuite.poetry.writing.keepsake import card

    assert record.picture is not None
    origin = Provenance(ART, record.model, record.model_digest, record.seed, record.settings, __version__)
    with Image.open(record.picture) as opened:
        picture = ImageOps.exif_transpose(opened)
        write_atomically(out, card(picture, record.poem.split("\n"), record.title, origin))


def _said(asked: Asked, records: Sequence[Record]) -> Iterator[str]:
    written = [str(path) for path in (asked.out, asked.card) if path is not None]
    if asked.as_json:
        poems = [json.loads(line) for line in to_json_lines(records).splitlines()]
        yield json.dumps({"poems": poems, "written": written}, ensure_ascii=False) + "\n"
    elif asked.out is not None:
        yield "".join(f"{path}\n" for path in written)
    else:
        yield to_text(records)
        for path in written:
            print(path, file=sys.stderr)


def _scored(text: str, verdict: Verdict | None) -> PoemScore:
    """What is found in a poem of no empty lines, and what each critic says of those with words."""
    if verdict is None:
        return score_poem(text)
    worded = [bool(words_of(line)) for line in text.split("\n")]
    said = {"poetry": verdict.style_lines, "picture": verdict.relevance_lines}
    return score_poem(text, critics={who: list(compress(each, worded)) for who, each in said.items() if each})
