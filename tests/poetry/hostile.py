"""Poems such as people have: odd files that must be used, broken ones to be named, and verse to fill them."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

USED = "used"
NOUNS = ("sea", "forest", "mountain", "street", "house", "river", "meadow", "garden", "castle", "cloud")
VERBS = ("sings", "waits", "falls", "burns", "sleeps", "calls", "turns", "shines", "weeps", "fades")
MORE = (
    "softly",
    "never",
    "again",
    "beside",
    "the",
    "old",
    "grey",
    "morning",
    "under",
    "silver",
    "light",
    "while",
    "home",
)


def line(draw: np.random.Generator) -> str:
    """A line of seven words, rarely twice the same."""
    words = ["The", draw.choice(NOUNS), draw.choice(VERBS), *draw.choice(MORE, 4)]
    return " ".join(map(str, words))


def poem(seed: int, lines: int = 4, about: str = "") -> str:
    """A poem that is like no other; with `about`, its first two lines name that."""
    draw = np.random.default_rng(seed + 1000)
    verse = [line(draw) for _ in range(lines)]
    if about:
        verse[0], verse[1] = f"Of {about} and {about} I {verse[0][4:]}", f"I saw the {about} that {verse[1][4:]}"
    return ",\n".join(verse) + "."


def poems(count: int, first: int = 0, lines: int = 4) -> list[str]:
    """So many poems."""
    return [poem(seed, lines) for seed in range(first, first + count)]


def records(count: int, first: int = 0, authors: int = 5) -> list[dict[str, object]]:
    """Poems with authors and years of birth, taking turns."""
    return [
        {"poem": poem(seed), "author": f"Poet {chr(65 + seed % authors)}", "period": f"{1700 + 50 * (seed % authors)}"}
        for seed in range(first, first + count)
    ]


def json_lines(items: Sequence[object]) -> bytes:
    """Each item on a line."""
    return "\n".join(json.dumps(item, ensure_ascii=False) for item in items).encode()


def write(path: Path, content: str | bytes) -> Path:
    """Write text (UTF-8) or bytes, folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@dataclass
class Album:
    """Pictures as this package wants them, of flat colours: different ones look different."""

    names: list[str]
    labels: list[str]

    @property
    def count(self) -> int:
        return len(self.names)

    @property
    def thumbnails(self) -> NDArray[np.uint8]:
        numbers = np.arange(self.count)[:, None] // np.array([65536, 256, 1]) % 256
        return np.broadcast_to(numbers[:, None, None, :], (self.count, 64, 64, 3)).astype(np.uint8)


def album(count: int, *labels: str) -> Album:
    """So many pictures of each label, in folders of that name."""
    names = [f"{label}/{number:03d}.jpg" for label in labels for number in range(count)]
    return Album(names, [name.split("/")[0] for name in names])


def make_hostile_folder(root: Path) -> dict[str, str]:
    """Write forty files below `root`; returns name -> "used", or a word its reason must hold."""
    root.mkdir(parents=True, exist_ok=True)
    expected: dict[str, str] = {}
    for name, (data, word) in {**odd_but_usable(), **broken()}.items():
        write(root / name, data)
        expected[name] = word
    return {**expected, **_special(root)}


def odd_but_usable() -> dict[str, tuple[bytes, str]]:
    """Files that must be used, by name."""
    text = "\n\n".join(poems(3)).encode()
    table = 'Title,Poem,Poet\n"One","' + poem(20) + '","Ann Lee (1801-1880)"\n'
    published = [{"poem": poem(30), "image_url": "https://x.example/1/2_b.jpg", "id": 7}]
    files = {
        "plain.txt": text,
        "windows.txt": "\r\n\r\n".join(poems(2, 3)).replace("\n", "\r\n").encode(),
        "old_mac.txt": (poem(5) + "\n\n" + poem(6)).replace("\n", "\r").encode(),
        "marked.txt": b"\xef\xbb\xbf" + poem(7).encode(),
        "utf16.txt": poem(8).encode("utf-16"),
        "utf16_unmarked.txt": poem(9).encode("utf-16-le"),
        "utf32.txt": poem(10).encode("utf-32"),
        "latin1.txt": f"{poem(11)}\nO café, ô nuit\n".encode("latin-1"),
        "curly.txt": f"“{poem(12)}”\n‘Tis the night’s … end — and‑so\n".encode(),
        "cp1252.txt": b"\x93" + poem(13).encode() + b"\x94\nIt\x92s over\n",
        "semicolons.csv": table.replace(",", ";", 2).replace('","', '";"').encode(),
        "table.csv": table.replace("One", "Other").replace(poem(20), poem(21)).encode(),
        "tabs.tsv": f'author\ttext\nBo\t"{poem(22)}"\n'.encode(),
        "headless.csv": f'"{poem(23)}"\n"{poem(24)}"\n'.encode(),
        "slashes.csv": ("poem\n" + poem(25).replace("\n", " / ").replace(",", "")).encode(),
        "typed_breaks.jsonl": json_lines([{"text": poem(26).replace("\n", "\\n")}]),
        "lines.json": json.dumps([{"lines": poem(27).split("\n")}]).encode(),
        "stanzas.json": json.dumps({"lines": [poem(28).split("\n"), poem(29).split("\n")]}).encode(),
        "multim.json": json.dumps(published).encode(),
        "unim.json": json.dumps([{"poem": poem(31), "id": 1}]).encode(),
        "wrapped.json": json.dumps({"version": 1, "data": [{"content": poem(32)}]}).encode(),
        "by_name.json": json.dumps({"a": {"verse": poem(33)}, "b": poem(34)}).encode(),
        "really_lines.json": json_lines([{"poem": poem(35)}, {"poem": poem(36)}]),
        "packed.jsonl.xz": lzma.compress(json_lines([{"poem": poem(37)}])),
        "packed.txt.gz": gzip.compress(poem(38).encode()),
        "packed.csv.bz2": bz2.compress(f'poem\n"{poem(39)}"\n'.encode()),
        "some_broken.jsonl": json_lines([{"poem": poem(40)}]) + b'\n{"poem": \n[1, 2]\n{"title": "no poem"}\n',
        "no ending": poem(41).encode(),
        "Übung 詩.txt": poem(42).encode(),
    }
    return {name: (data, USED) for name, data in files.items()}


def broken() -> dict[str, tuple[bytes, str]]:
    """Files that cannot be used, by name, each with a word of the reason."""
    packed = lzma.compress(poem(1).encode())
    return {
        "empty.txt": (b"", "empty"),
        "blank.txt": (b" \n\t\n", "empty"),
        "binary.txt": (bytes(range(256)) * 4, "not text"),
        "scan.txt": (b"%PDF-1.7 " + bytes(200), "PDF"),
        "letter.txt": (b"{\\rtf1\\ansi " + bytes(20), "rich text"),
        "novel.docx": (b"PK\x03\x04" + bytes(100), "is not .txt"),
        "photo.jpg": (b"\xff\xd8\xff" + bytes(50), "is not .txt"),
        "README.txt": (b"These are the poems of my youth.\nAll of them.\n", "read-me"),
        "cut.jsonl.xz": (packed[:-12], "cut off"),
        "damaged.txt.xz": (packed[:20] + b"\xff\xff\xff" + packed[23:], "damaged"),
        "bad.json": (b'[{"poem": "x"', "not JSON"),
        "deep.json": (b"[" * 100_000, "nested too deeply"),
        "number.json": (b"[1, 2, 3]", "holds no poem"),
        "columns.csv": (b"a,b\n1,2\n", "no column"),
        "none.jsonl": (b'{"title": "x"}\n{"title": "y"}\n', "no field"),
        "half.txt": (b"\xff\xfe\x00\xd8", "UTF-16"),
    }


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """A zip of these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def _special(root: Path) -> dict[str, str]:
    """What is not just bytes: links, a pipe, a locked file."""
    outside = write(root.parent / "outside.txt", poem(50))
    (root / "dangling.txt").symlink_to(root / "nothing.txt")
    (root / "leads_out.txt").symlink_to(outside)
    make_pipe: Callable[[Path], None] = os.mkfifo
    make_pipe(root / "pipe.txt")
    locked = write(root / "locked.txt", poem(51))
    locked.chmod(0)
    readable = os.access(locked, os.R_OK)  # an administrator may read it all the same
    return {
        "dangling.txt": "leads nowhere",
        "leads_out.txt": "leads out",
        "pipe.txt": "ordinary",
        "locked.txt": USED if readable else "permission",
    }
