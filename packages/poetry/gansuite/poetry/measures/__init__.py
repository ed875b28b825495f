"""Measures of verse as functions of its words and sounds."""

from gansuite.poetry.measures.bleu import bleu, corpus_bleu, self_bleu
from gansuite.poetry.measures.echoes import Echoes, echoes
from gansuite.poetry.measures.variety import distinct, duplicates, ngrams

__all__ = ["Echoes", "bleu", "corpus_bleu", "distinct", "duplicates", "echoes", "ngrams", "self_bleu"]
