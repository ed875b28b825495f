"""How good a line is beside others: by its likelihood, and a little by what likelihood does not see."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gansuite.poetry.forms import Form
from gansuite.poetry.meter import UNSTRESSED_WORDS, scan_words
from gansuite.poetry.sounds import Voice, words_of
from gansuite.poetry.verse import Line
from gansuite.poetry.writing.row import Row

TYPICAL = 0.8  # of the surprise that the model expects: lines that surprise it less than that are no better
BEAT = 0.15  # of the log odds of a syllable that a line is meant in its meter
ECHO = 1.0  # of the share of its words that are there already
STAMMER = 6  # times as bad: the same word twice in a row
NEAR = 6  # lines, within which words are noticed


def appeal(text: str, row: Row, lines: Sequence[Line], form: Form, voice: Voice) -> float:
    """The mean log-likelihood of the line's words, more for a plain beat, less for words that repeat.

    A line that is likelier than what the model expects is not better, but duller (Meister et al. 2022, arXiv
    2202.00666), so that likelihood counts up to there.

    Args:
        text: of the line.
        row: the same in tokens.
        lines: those before it.
        form: of the poem.
        voice: how words sound.
    """
    words = words_of(text.lower())
    total = -max(row.surprise, TYPICAL * row.expected) / row.length
    if form.meter:
        feet = form.feet[len(lines)] if form.feet else None
        scansion = scan_words(words, form.meter, voice, feet)
        total += BEAT * max(-1.0, scansion.evidence / max(1, len(scansion.beats)))
    return total - ECHO * _echoes(words, lines[-NEAR:])


def _echoes(words: Sequence[str], lines: Sequence[Line]) -> float:
    """The share of the words, those that carry no meaning aside, that stand in other lines or earlier in this one."""
    telling = [word for word in words if word not in UNSTRESSED_WORDS]
    before = {word.lower() for line in lines for word in line.words}
    repeated = sum(word in before or word in telling[:place] for place, word in enumerate(telling))
    stammered = sum(one == other for one, other in pairwise(words))
    return (repeated + STAMMER * stammered) / max(1, len(words))
