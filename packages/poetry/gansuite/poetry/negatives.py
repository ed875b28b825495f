"""What is no poem, for a critic of style: disordered verse, and prose set in lines (the classes of Liu et al. 2018).

Everything is a function of (seed, number): the same poem is disordered in the same way whenever it is asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

POETIC, DISORDERED, PARAGRAPHIC, GENERATED = range(4)
STYLES = ("poetic", "disordered", "paragraphic", "generated")
WAYS = ("lines of other poems", "words in any order", "halves of lines", "lines in any order")
_CHANCES = (0.35, 0.25, 0.2, 0.2)
_WORD = re.compile(r"\w+(?:['-]\w+)*")
FEWEST_LINES = 4  # of fewer, another order is often as good as the first


def disordered(poems: Sequence[str], row: int, seed: int) -> str:
    """A text of the words of poems, but no poem: as many lines as poem `row`, with its marks and capitals in place.

    One of `WAYS`, by chance: lines taken from as many other poems, the words of the poem in any order, second halves of
    lines exchanged, lines in any order. What is left as it was by chance takes the first way.

    Args:
        poems: N >= 2 texts to take lines from.
        row: 0..N-1.
        seed: any integer; another seed disorders in another way.
    """
    draw = _draw(seed, row)
    lines = [line for line in poems[row].split("\n") if line]
    way = int(draw.choice(len(WAYS), p=_CHANCES))
    new = lines
    if way == 1:
        new = _words_anywhere(lines, draw)
    elif way == 2:
        new = _halves_exchanged(lines, draw)
    elif way == 3 and len(lines) >= FEWEST_LINES:
        new = [lines[place] for place in draw.permutation(len(lines))]
    return "\n".join(new if new != lines else _lines_of_others(poems, row, len(lines), draw))


def paragraphic(passage: str, model: str, seed: int, number: int) -> str:
    """Prose set like the poem `model`: its number of lines and words a line, each with a capital, until prose ends.

    Without that, a critic would only have to look for line breaks.

    Args:
        passage: prose, of any length.
        model: the poem whose shape it takes.
        seed, number: choose where in the passage it begins: with a sentence, if there is one that leaves enough words.
    """
    words = passage.split()
    shape = [len(line.split()) for line in model.split("\n") if line]
    starts = [0, *(place + 1 for place, word in enumerate(words[:-1]) if word[-1:] in ".!?")]
    enough = [start for start in starts if len(words) - start >= sum(shape)]
    start = int(_draw(seed, number).choice(enough)) if enough else 0
    lines = []
    for count in shape:
        lines.append(" ".join(words[start : start + count]))
        start += count
    return "\n".join(line[:1].upper() + line[1:] for line in lines if line)


def reflowed(poem: str) -> str:
    """A poem as prose: one line, capitals at line beginnings kept only after a full stop and in `I`."""
    words: list[str] = []
    for line in (line for line in poem.split("\n") if line):
        first, _, rest = line.partition(" ")
        low = words and words[-1][-1:] not in ".!?" and first.rstrip(",;:.!?'") not in ("I", "I'm", "I'll", "O", "I've")
        words += [first[:1].lower() + first[1:] if low else first, *rest.split()]
    return " ".join(words)


def _draw(seed: int, number: int) -> np.random.Generator:
    digest = hashlib.blake2b(f"{seed}/disorder/{number}".encode(), digest_size=8).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))


def _lines_of_others(poems: Sequence[str], row: int, count: int, draw: np.random.Generator) -> list[str]:
    found = []
    for other in draw.integers(0, len(poems) - 1, count):
        lines = [line for line in poems[int(other) + (other >= row)].split("\n") if line]
        found.append(lines[int(draw.integers(len(lines)))])
    return found


def _words_anywhere(lines: Sequence[str], draw: np.random.Generator) -> list[str]:
    """Words of the whole poem permuted; marks and capitals stay where they were."""
    words = [_low(word) for line in lines for word in _WORD.findall(line)]
    order = iter([words[place] for place in draw.permutation(len(words)).tolist()])

    def other(found: re.Match[str]) -> str:
        word: str = next(order)
        return word[:1].upper() + word[1:] if found[0][:1].isupper() else word

    return [_WORD.sub(other, line) for line in lines]


def _halves_exchanged(lines: Sequence[str], draw: np.random.Generator) -> list[str]:
    cut = [line.split() for line in lines]
    order = draw.permutation(len(lines))
    return [
        " ".join([*cut[place][: (len(cut[place]) + 1) // 2], *cut[other][(len(cut[other]) + 1) // 2 :]])
        for place, other in enumerate(order.tolist())
    ]


def _low(word: str) -> str:
    return word if word.startswith(("I'", "O'")) or word in ("I", "O") else word[:1].lower() + word[1:]
