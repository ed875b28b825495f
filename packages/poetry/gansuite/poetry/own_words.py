"""The words that a corpus uses beside those that all poets write in: names, places, a dialect, another language."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from gansuite.poetry.lexicon import word_lists

WORD = re.compile(r"(?<![\w'-])[^\W\d_]+(?:'[^\W\d_]+)*(?![\w-])")
INSIDE = re.compile(r"[\w,] $")  # before a word whose capital is its own, and not that of a line or sentence
LEAST, SHARE = 3, 0.001  # a word is owned that so many poems use, and such a share of them
LETTER = 0.05  # and such a share, where it is one letter: `à`, and no initial
MOST = 5000


def own_words(poems: Iterable[str], before: Iterable[str] = ()) -> list[str]:
    """The words of poems that are not in `words/verse.txt`, as they mostly stand inside a line.

    Args:
        poems: their texts; words of fewer than three of them, or of fewer than one in a thousand, are chance.
        before: words owned already.

    Returns:
        those owned before, then new ones, first what most poems use; 5,000 at most.
    """
    used: Counter[str] = Counter()
    spelt: dict[str, Counter[str]] = defaultdict(Counter)
    count = 0
    for poem in poems:
        count += 1
        said = set()
        for line in poem.split("\n"):
            for found in WORD.finditer(line):
                word, lower = found[0], found[0].lower()
                said.add(lower)
                if word == lower or INSIDE.search(line[: found.start()]):
                    spelt[lower][word] += 1
        used.update(said)
    lists = word_lists("verse.txt")
    kept = list(before)
    known = {word.lower() for word in (*lists["common"], *lists["old"], *kept)}
    enough, often = max(LEAST, SHARE * count), max(LEAST, LETTER * count)
    frequent = [word for word, n in used.items() if n >= (enough if word[1:] else often) and word not in known]
    new = sorted(frequent, key=lambda word: (-used[word], word))
    return [*kept, *(spelt[word].most_common(1)[0][0] if spelt[word] else word for word in new)][:MOST]
