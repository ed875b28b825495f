"""Building blocks of self-contained pages: one HTML file with its pictures, curves, sounds and style inside.

Every function escapes what it is given and returns `Html`; text that is `Html` already is taken as it is. The
page forbids its own browser every request (Content-Security-Policy), so nothing is fetched even by mistake.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from gansuite.core.errors import GansuiteError
from gansuite.core.files import write_atomically
from gansuite.core.pages.chart import Series, chart, smooth
from gansuite.core.pages.markup import Html, text
from gansuite.core.pages.style import SCRIPT, STYLE

__all__ = [
    "Html",
    "Series",
    "Sheet",
    "banner",
    "cards",
    "chart",
    "figure",
    "grid",
    "image",
    "page",
    "section",
    "sheets",
    "shrink",
    "smooth",
    "sound",
    "table",
    "text",
    "write_page",
]

POLICY = (
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
TONES = {"learning": "good", "flat": "warn", "overfitting": "warn", "collapsed": "bad", "diverged": "bad"}
_PICTURES = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}
_SOUNDS = {b"RIFF": "wav", b"OggS": "ogg", b"fLaC": "flac", b"ID3": "mpeg", b"\xff\xfb": "mpeg"}


@dataclass(frozen=True)
class Sheet:
    """A picture over time: an encoded image, a short label and a caption."""

    picture: bytes
    label: str
    caption: str


def page(title: str, body: str) -> Html:
    """A whole page.

    Args:
        title: what the browser's tab says.
        body: HTML made of the blocks below; it is not escaped.
    """
    return Html(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style></head>\n'
        f"<body><main>\n{body}\n</main><script>{SCRIPT}</script></body></html>\n"
    )


def write_page(path: Path, text: str) -> Path:
    """Put the page in place in one step and return its path."""
    write_atomically(path, text)
    return path


def section(title: str, *parts: str) -> Html:
    """A heading and what stands under it (`Html`, or text for a paragraph); "" if all parts are empty."""
    kept = [part if isinstance(part, Html) else f"<p>{text(part)}</p>" for part in parts if part]
    return Html(f"<section><h2>{text(title)}</h2>{''.join(kept)}</section>" if kept else "")


def banner(head: str, *lines: str, state: str = "") -> Html:
    """A coloured note; `state` is a word of health and chooses the colour."""
    inner = "".join(f"<p>{text(line)}</p>" for line in lines if line)
    tone = TONES.get(state, "calm")
    return Html(f'<div class="banner" style="--tone: var(--{tone})"><strong>{text(head)}</strong>{inner}</div>')


def cards(items: Iterable[tuple[str, str, str]]) -> Html:
    """Key figures: (label, value, note)."""
    inner = "".join(
        f'<div class="card"><span>{text(label)}</span><b>{text(value)}</b><small>{text(note)}</small></div>'
        for label, value, note in items
    )
    return Html(f'<div class="cards">{inner}</div>')


def grid(parts: Iterable[str]) -> Html:
    """Figures side by side where there is room; "" if there are none."""
    inner = "".join(part for part in parts if part)
    return Html(f'<div class="grid">{inner}</div>' if inner else "")


def table(rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> Html:
    """A table; the first cell of a row names it. "" if there are no rows."""
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    if not body:
        return Html("")
    top = "".join(f'<th scope="col">{text(word)}</th>' for word in head)
    above = f"<thead><tr>{top}</tr></thead>" if head else ""
    return Html(f'<div class="scroll"><table>{above}<tbody>{body}</tbody></table></div>')


def image(source: Path | bytes, alt: str) -> Html:
    """A picture inside the page.

    Args:
        source: a PNG, JPEG, WebP or GIF file, or its bytes.
        alt: what it shows, for those who cannot see it.

    Raises:
        GansuiteError: it is missing or is none of these.
    """
    return Html(f'<img src="{picture_data(_bytes(source))}" alt="{escape(alt)}" loading="lazy">')


def figure(inner: str, caption: str) -> Html:
    """A picture or a player with a caption."""
    return Html(f"<figure>{text(inner)}<figcaption>{text(caption)}</figcaption></figure>")


def sound(source: Path | bytes, label: str) -> Html:
    """A player with a WAV, Ogg, FLAC or MP3 inside the page.

    Raises:
        GansuiteError: it is missing or is none of these.
    """
    content = _bytes(source)
    kind = next((kind for magic, kind in _SOUNDS.items() if content.startswith(magic)), None)
    if kind is None:
        raise _unknown("sound", "WAV, Ogg, FLAC or MP3")
    data = f"data:audio/{kind};base64,{base64.b64encode(content).decode()}"
    return Html(f'<audio controls preload="metadata" aria-label="{escape(label)}" src="{data}"></audio>')


def sheets(frames: Sequence[Sheet]) -> Html:
    """Pictures over time with a slider, the last one shown first; "" if there are none."""
    if not frames:
        return Html("")
    last = frames[-1]
    strip = "".join(_thumb(frame, frame is last) for frame in frames)
    most = len(frames) - 1
    slider = f'<input type="range" min="0" max="{most}" value="{most}" aria-label="time">' if most else ""
    strip = f'{slider}<figcaption>{escape(last.caption)}</figcaption><div class="strip">{strip}</div>'
    stage = f'<img class="stage" src="{picture_data(last.picture)}" alt="{escape(last.caption)}">'
    return Html(f'<figure class="sheets">{stage}{strip}</figure>')


def shrink(source: Path | bytes, most_bytes: int, longest_side: int = 1600) -> bytes:
    """The picture as WebP of at most `most_bytes` and `longest_side` pixels, as large as that allows.

    Raises:
        GansuiteError: it is no picture that can be read.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(_bytes(source))) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise GansuiteError(f"A picture cannot be read: {error}.", "Write it again, or leave it out.") from error
    side, quality = min(longest_side, max(picture.size)), 86
    while True:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        memory = io.BytesIO()
        picture.save(memory, "WEBP", quality=quality, method=4)
        if memory.tell() <= most_bytes or side <= 64:
            return memory.getvalue()
        side, quality = int(side * 0.8), max(60, quality - 8)


def picture_data(content: bytes) -> str:
    """The data URI of an encoded picture.

    Raises:
        GansuiteError: it is not a PNG, JPEG, WebP or GIF.
    """
    kind = next((kind for magic, kind in _PICTURES.items() if content.startswith(magic)), None)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        kind = "webp"
    if kind is None:
        raise _unknown("picture", "PNG, JPEG, WebP or GIF")
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _thumb(frame: Sheet, small: bool) -> str:
    content = shrink(frame.picture, 20_000, 208) if small else frame.picture
    return (
        f'<button type="button" title="{escape(frame.caption)}" aria-current="{str(small).lower()}">'
        f'<img src="{picture_data(content)}" alt="">{escape(frame.label)}</button>'
    )


def _cells(row: Sequence[object]) -> str:
    first, *rest = (cell if isinstance(cell, str) else str(cell) for cell in row)
    return f'<th scope="row">{text(first)}</th>' + "".join(f"<td>{text(cell)}</td>" for cell in rest)


def _bytes(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise GansuiteError(f"{source} cannot be read ({error.strerror}).", "Check the path.") from error


def _unknown(what: str, kinds: str) -> GansuiteError:
    return GansuiteError(f"A {what} for the page is not {kinds}.", "Convert it to one of these first.")
