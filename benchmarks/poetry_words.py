"""Make the list of the words that poems are written in: `words/verse.txt` of the package, from a corpus.

    python benchmarks/poetry_words.py poems.jsonl.xz [--write]

A word is taken that at least five authors use, that the pronouncing dictionary or word building knows, and that
`words/writing.txt` does not leave out. It is spelt as it mostly stands inside a line. Words of old verse (`hath`,
`knowest`, `lov'd`, and what is found almost only in authors born before 1700) have a list of their own.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from gansuite.poetry.eras import born_of, era_of
from gansuite.poetry.lexicon import word_lists
from gansuite.poetry.own_words import INSIDE, WORD
from gansuite.poetry.sounds import english
from gansuite.poetry.sounds.voice import RULES
from gansuite.poetry.writing.filter import is_offensive

OUT = Path(__file__).parents[1] / "packages/poetry/gansuite/poetry/words/verse.txt"
LEAST, LEAST_NAME, AUTHORS = 12, 40, 5  # uses of a word, of a name, and authors who use it
EARLY = 0.5  # the share of its uses in early authors (who write a fifth of all verse) from which on a word is old
OLD = re.compile(
    r"(?<!te)(?<!ti)(?<!en)[a-z]{2}eth$|'d$|'st$|'t$|^thou'|^o'er|e'er|'r$|'rs$|'n$|w'r|v'n|'ring$|'ning$|'ry$|'rous$"
)
MODERN = re.compile(r"(?:n't|'ll|'re|'ve|'m|o'clock|(?:^|[^f])(?:he|she|we|they|you|i|who|there)'d)$")


def counted(poems: Iterable[dict[str, object]]) -> dict[str, tuple[int, int, int, float]]:
    """By word in lower case: uses in lower case, with a capital inside a line, authors, and the share of early uses."""
    low: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    early: Counter[str] = Counter()
    authors: dict[str, set[object]] = defaultdict(set)
    for poem in poems:
        is_early = era_of(born_of(poem, str(poem.get("author", "")))) == 0
        for line in str(poem["poem"]).split("\n"):
            for found in WORD.finditer(line):
                word = found[0].lower()
                authors[word].add(poem.get("author"))
                low[word] += found[0] == word
                capital[word] += found[0] != word and INSIDE.search(line[: found.start()]) is not None
                early[word] += is_early
    uses = low + capital
    return {w: (low[w], capital[w], len(authors[w]), early[w] / uses[w]) for w in sorted(uses)}


def chosen(counts: dict[str, tuple[int, int, int, float]]) -> Iterator[tuple[str, bool]]:
    """The words taken, spelt as they mostly are, and whether each is old."""
    voice, lists = english(), word_lists("writing.txt")
    out, kept, old = (frozenset(lists[name]) for name in ("left out", "kept", "old"))
    yield from ((word, word in old) for word in sorted((old | kept) - counts.keys()))
    for word, (low, capital, authors, early) in counts.items():
        name = capital > 1.2 * low
        spelt = word.capitalize() if name else word
        common = low + capital >= (LEAST_NAME if name else LEAST) and authors >= AUTHORS
        known = word in kept or word in old or voice.source(word) != RULES
        if word in out or is_offensive(word) or (len(word) == 1 and word not in ("a", "i", "o")):
            continue
        if word in kept or word in old or (common and known):
            yield spelt, word in old or (word not in kept and is_old(word, early))


def is_old(word: str, early: float) -> bool:
    """Whether a word is of old verse by its form or by who uses it."""
    return early >= EARLY or (OLD.search(word) is not None and MODERN.search(word) is None)


def wrapped(words: Iterable[str]) -> str:
    """Words in indented lines."""
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) + 1 > 118:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else f"    {word}"
    return "\n".join(lines)


def main() -> None:
    """Write the list, or print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("poems", type=Path, help="JSON lines with the fields `poem`, `author` and `period`")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    with lzma.open(args.poems, "rt", encoding="utf-8") as lines:
        words = list(chosen(counted(json.loads(line) for line in lines)))
    common, old = (sorted(word for word, is_one in words if is_one == wanted) for wanted in (False, True))
    text = f"""# Words that poems are written in, spelt as inside a line: those of today, and those of old verse only.
# Made by benchmarks/poetry_words.py.

common
{wrapped(common)}

old
{wrapped(old)}
"""
    if args.write:
        OUT.write_text(text, encoding="utf-8")
    print(text if not args.write else f"{len(common):,} words of today, {len(old):,} of old verse: {len(text):,} bytes")


if __name__ == "__main__":
    main()
