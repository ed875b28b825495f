"""From bytes to clean verse: encodings, quotation marks and dashes as one hand would type them, lines kept."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

from gansuite.core.sources import Unreadable

# the longer mark first: that of UTF-32 begins with that of UTF-16
MARKS = (
    (b"\xef\xbb\xbf", "utf-8", "UTF-8"),
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
)
OTHER_KINDS = (
    (b"%PDF", "is a PDF, not text"),
    (b"PK\x03\x04", "is a packed document (Word, OpenDocument, EPUB), not text; save it as plain text"),
    (b"\xd0\xcf\x11\xe0", "is an old Word document, not text; save it as plain text"),
    (b"{\\rtf", "is rich text (RTF); save it as plain text"),
    (b"\x89PNG", "is a picture, not text"),
    (b"\xff\xd8\xff", "is a picture, not text"),
    (b"GIF8", "is a picture, not text"),
    (b"SQLite format", "is a database, not text"),
)
_PLAIN = {
    **dict.fromkeys("‘’‚‛`´ʼʹ′‹›", "'"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‐‑", "-"),
    **dict.fromkeys("‒–―─", "—"),
    **dict.fromkeys("\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", "\n"),
    **dict.fromkeys("\x7f\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff_", ""),
    **dict.fromkeys("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", ""),  # they turn the writing round
    **{"…": "...", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ſ": "s", "ﬅ": "st", "ﬆ": "st"},
    **{chr(c): "" for c in range(32) if chr(c) not in "\t\n\r\v\f\x1c\x1d\x1e"},
}
_CP1252 = {chr(c): bytes([c]).decode("cp1252", "ignore") for c in range(0x80, 0xA0) if c != 0x85}
# what Latin-1 leaves undefined was Windows-1252
_TABLE = str.maketrans(_PLAIN | {odd: _PLAIN.get(meant, meant) for odd, meant in _CP1252.items()})
_DASHES = re.compile(r"[^\S\n]*(?:-{2,}|—)(?:[^\S\n]|-{2,}|—)*")
_LOOSE_DASH = re.compile(r"— (?=[,.;:!?]|[\"'](?:\s|$))")
_SIGNS = re.compile("[<&]")
_ODD = re.compile(r"[^\n -^a-~—]")  # what is no printable ASCII, and of that ` and _
_MARGIN = frozenset("0123456789]")
_DOTS = re.compile(r"[^\S\n]?\.(?:[^\S\n]?\.){2,}")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,80}>")
_BREAK = re.compile(r"<br\s*/?>[ \t]*\n?|</p>", re.IGNORECASE)
_NUMBER_AT_END = re.compile(r"\s{3,}\[?\d{1,5}\]?$")
_WRONGLY_DECODED = re.compile("[ÂÃâ][\x80-\xbf€™œž”“‘’–—¢¦]")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Decoded:
    """The text of a file, the name of its encoding, and how many lines were no UTF-8."""

    text: str
    encoding: str
    odd_lines: int = 0


def decode(data: bytes) -> Decoded:
    """The text of a file: UTF-8, UTF-16 or UTF-32 by their marks, and line by line Latin-1 where it is no UTF-8.

    Raises:
        Unreadable: it is empty, or no text.
    """
    if not data.strip():
        raise Unreadable("is empty (0 bytes)" if not data else "is empty: it holds only blanks")
    reason = next((reason for magic, reason in OTHER_KINDS if data.startswith(magic)), None)
    if reason is not None:
        raise Unreadable(reason)
    for mark, codec, name in MARKS:
        if data.startswith(mark) and codec != "utf-8":
            return _by_mark(data, codec, name)
    data = data.removeprefix(MARKS[0][0])
    if (unmarked := _unmarked_utf16(data)) is not None:
        return _by_mark(data, unmarked, "UTF-16")
    if _is_binary(data):
        raise Unreadable("is not text")
    try:
        return Decoded(data.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError:
        return _line_by_line(data)


def tidy(text: str) -> str:
    """The text with plain quotation marks, dashes and blanks; line breaks stay, what surrounds a line goes.

    Curly, low and angled quotes become `'` and `"`, all long dashes ` — `, three dots `...`; control and zero-width
    characters, markup, underscores of emphasis and line numbers at the right margin go. Blank lines stay, one at a
    time; lines without any letter (`* * *`) count as blank.
    """
    if not text.isascii():
        text = _recoded(text) if _WRONGLY_DECODED.search(text) else text
        text = unicodedata.normalize("NFC", text)
    if _SIGNS.search(text):
        text = html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    text = text.replace("\r\n", "\n").replace("``", '"').replace("''", '"')
    if _ODD.search(text):
        text = text.translate(_TABLE)
    if "—" in text or "--" in text:
        text = _LOOSE_DASH.sub("—", _DASHES.sub(" — ", text))
    text = _DOTS.sub("...", text) if ".." in text or ". ." in text else text
    return _one_blank_at_a_time([_tidy_line(line) for line in text.split("\n")])


def with_line_breaks(text: str) -> str:
    """One line of text as the verse it stands for: typed `\\n` or ` / ` between lines, ` // ` between stanzas."""
    if "\n" in text.strip():
        return text
    text = text.replace("\\r", "").replace("\\n", "\n")
    return text if "\n" in text else re.sub(r"\s+/\s+", "\n", re.sub(r"\s+//\s+", "\n\n", text))


def stanzas(text: str) -> list[str]:
    """The stanzas of a tidy text: what blank lines separate."""
    return [stanza for stanza in text.split("\n\n") if stanza]


def _tidy_line(line: str) -> str:
    """Single blanks between words, none around, and no number at the margin; nothing of a line without a letter."""
    if line[-1:] in _MARGIN:
        line = _NUMBER_AT_END.sub("", line)
    line = " ".join(line.split())
    return line if line.lower() != line.upper() or _LETTER.search(line) else ""


def _one_blank_at_a_time(lines: list[str]) -> str:
    out: list[str] = []
    for line in lines:
        if line or (out and out[-1]):
            out.append(line)
    return "\n".join(out).rstrip("\n")


def _recoded(text: str) -> str:
    """UTF-8 that was taken for Windows-1252 or Latin-1 (`â€”`), read again; the text itself where that fails."""
    for codec in ("cp1252", "latin-1"):
        try:
            return text.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
    return text


def _by_mark(data: bytes, codec: str, name: str) -> Decoded:
    try:
        return Decoded(data.decode(codec).removeprefix("\ufeff"), name)
    except UnicodeError as error:
        raise Unreadable(f"is not text: it begins like {name} and is none") from error


def _unmarked_utf16(data: bytes) -> str | None:
    head = data[:4096]
    if len(head) < 8 or head.count(0) < len(head) // 4:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if min(even, odd) > len(head) // 50:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_binary(data: bytes) -> bool:
    head = data[:65536]
    odd = sum(head.count(c) for c in range(32) if c not in b"\t\n\v\f\r\x1a\x1b")
    return b"\0" in head or odd > len(head) // 50


def _line_by_line(data: bytes) -> Decoded:
    lines, odd = [], 0
    for line in data.split(b"\n"):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("latin-1"))
            odd += 1
    return Decoded("\n".join(lines), "Latin-1", odd)
