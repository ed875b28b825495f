"""How good a line is beside others: by its likelihood, and a little by what likelihood does not see."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gansuite.poetry.forms import Form
from gansuite.poetry.meter import scan_words
from gansuite.poetry.sounds import Voice, words_of
from gansuite.poetry.verse import Line
from gansuite.poetry.writing.row import Row

TYPICAL = 0.8  # of the surprise that the model expects: lines that surprise it less than that are no better
SCANNED = 0.7  # the same in a meter, which has room for less than the model thinks of
BEAT = 0.15  # of the log odds of a syllable that a line is meant in its meter
STAMMER = 6.0  # of the share of its words that stand twice in a row
LITANY = 1.0  # where a line is the third in a row that begins with the same word


def appeal(text: str, row: Row, before: Sequence[Line], form: Form, voice: Voice) -> float:
    """The mean log-likelihood of the line's words, more for a plain beat, less for what is said again and again.

    A line that is likelier than what the model expects is not better, but duller (Meister et al. 2022, arXiv
    2202.00666), so that likelihood counts up to there.

    Args:
        text: of the line.
        row: the same in tokens.
        before: the lines that stand before it.
        form: of the poem.
        voice: how words sound.
    """
    words = words_of(text.lower())
    total = -max(row.surprise, (SCANNED if form.meter else TYPICAL) * row.expected) / row.length
    if form.meter:
        scansion = scan_words(words, form.meter, voice, form.feet_of(len(before)))
        total += BEAT * max(-1.0, scansion.evidence / max(1, len(scansion.beats)))
    total -= STAMMER * sum(one == other for one, other in pairwise(words)) / max(1, len(words))
    begun = [words[:1], *([word.lower() for word in line.words[:1]] for line in before[-2:])]
    return total - LITANY * (begun == 3 * [words[:1]])
