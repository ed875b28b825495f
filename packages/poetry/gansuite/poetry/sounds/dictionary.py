"""Words and their pronunciations, packed into few bytes.

The packed form is two lists in one xz file: the words in alphabetical order, each as how many letters it shares with
the one before and the rest, then the pronunciations of each, usual one first, between blanks.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

from gansuite.poetry.sounds.phones import Sound, encode

Pronunciations = Mapping[str, str]  # by word: its sounds between blanks

_SHARED = ord("a")
_MOST_SHARED = 25
_WORD = re.compile(r"'?[a-zè]+(?:'[a-z]+)*'?")
_FURTHER = re.compile(r"\(\d+\)$")


def read_cmudict(lines: Iterable[str]) -> dict[str, str]:
    """The dictionary in the format of CMUdict: `word PH1 AH0 ...`, `word(2) ...` for further pronunciations.

    Words of other signs than letters and apostrophes are left out, comments (`# ...`) ignored.

    Raises:
        GansuiteError: for what is no phone.
    """
    found: dict[str, dict[Sound, None]] = {}
    for line in lines:
        head, _, phones = line.partition("#")[0].strip().partition(" ")
        word = _FURTHER.sub("", head.lower())
        if _WORD.fullmatch(word):
            found.setdefault(word, {})[encode(phones)] = None
    return {word: " ".join(sounds) for word, sounds in found.items()}


def pack(words: Pronunciations) -> bytes:
    """The packed form."""
    ordered = sorted(words)
    heads = "\n".join(_shortened(ordered))
    sounds = "\n".join(words[word] for word in ordered)
    return lzma.compress(f"{heads}\n\n{sounds}".encode("latin-1"), preset=9 | lzma.PRESET_EXTREME)


def unpack(packed: bytes) -> dict[str, str]:
    """The words of a packed dictionary, each with its sounds between blanks."""
    heads, sounds = lzma.decompress(packed).decode("latin-1").split("\n\n")
    words, word = [], ""
    for head in heads.split("\n"):
        word = word[: ord(head[0]) - _SHARED] + head[1:]
        words.append(word)
    return dict(zip(words, sounds.split("\n"), strict=True))


@cache
def bundled() -> Pronunciations:
    """The dictionary that comes with the package: CMUdict, and over it a list of words of verse."""
    folder = files(__package__) / "data"
    verse = (folder / "verse.txt").read_text("utf-8")
    return unpack((folder / "cmudict.xz").read_bytes()) | read_cmudict(verse.splitlines())


def _shortened(ordered: list[str]) -> Iterator[str]:
    before = ""
    for word in ordered:
        shared = 0
        while shared < min(len(word), len(before), _MOST_SHARED) and word[shared] == before[shared]:
            shared += 1
        yield chr(_SHARED + shared) + word[shared:]
        before = word
