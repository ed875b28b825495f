"""How good a line is beside others: by its likelihood, and a little by what likelihood does not see."""

from __future__ import annotations

from itertools import pairwise

from gansuite.poetry.forms import Form
from gansuite.poetry.meter import scan_words
from gansuite.poetry.sounds import Voice, words_of
from gansuite.poetry.writing.row import Row

TYPICAL = 0.8  # of the surprise that the model expects: lines that surprise it less than that are no better
SCANNED = 0.7  # the same in a meter, which has room for less than the model thinks of
BEAT = 0.15  # of the log odds of a syllable that a line is meant in its meter
STAMMER = 6.0  # of the share of its words that stand twice in a row


def appeal(text: str, row: Row, number: int, form: Form, voice: Voice) -> float:
    """The mean log-likelihood of the line's words, more for a plain beat, less for a word twice in a row.

    A line that is likelier than what the model expects is not better, but duller (Meister et al. 2022, arXiv
    2202.00666), so that likelihood counts up to there.

    Args:
        text: of the line.
        row: the same in tokens.
        number: of the line, from 0.
        form: of the poem.
        voice: how words sound.
    """
    words = words_of(text.lower())
    total = -max(row.surprise, (SCANNED if form.meter else TYPICAL) * row.expected) / row.length
    if form.meter:
        scansion = scan_words(words, form.meter, voice, form.feet_of(number))
        total += BEAT * max(-1.0, scansion.evidence / max(1, len(scansion.beats)))
    return total - STAMMER * sum(one == other for one, other in pairwise(words)) / max(1, len(words))
