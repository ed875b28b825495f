"""All that is measured of a lot of generated poems, with real poems and strangers' pictures beside it.

N poems.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gansuite.core.errors import GansuiteError
from gansuite.poetry.evaluation.judge import Judge
from gansuite.poetry.evaluation.lots import Lot
from gansuite.poetry.evaluation.retrieval import Interval, Recall, interval
from gansuite.poetry.evaluation.style import StyleJudge
from gansuite.poetry.measures.bleu import corpus_bleu, self_bleu
from gansuite.poetry.measures.coherence import Coherence, Company
from gansuite.poetry.measures.copies import MOST_SHARED, copied
from gansuite.poetry.measures.form import FormFigures, form_figures
from gansuite.poetry.measures.novelty import Novelty, NoveltyOf
from gansuite.poetry.measures.variety import distinct, duplicates
from gansuite.poetry.measures.words import Vocabulary, plain_words
from gansuite.poetry.sounds import Voice, english

ORDERS = (1, 2, 3)
NOVEL = (2, 3)
SHOWN_SCHEMES = 3


@dataclass(frozen=True)
class Figures:
    """The figures of one lot; None is what could not be measured.

    Attributes:
        poems: N. Self-BLEU, distinct-2 and BLEU depend on it: compare lots of equal size.
        bleu: BLEU-1 to 3 of all poems against the poems paired with their pictures, 0..1. Another human poem about the
            same thing has little more than one about anything: it proves little.
        novelty: Novelty-2 and -3, in both readings.
        self_bleu: mean BLEU-4 of each poem against all others, 0..1.
        distinct_2: different bigrams among all, 0..1.
        duplicates: poems that repeat an earlier one.
        form: rhyme and syllables.
        coherence: of neighbouring lines; None where no poem has two.
        copied: the share of poems with more than `MOST_SHARED` words in a row out of one training poem, 0..1.
        longest_copy: words of the longest such run.
        poeticness: how likely the judge of style takes each for a poem by a person, 0..1.
        relevance: how well the judge of relevance finds their pictures.
    """

    poems: int
    bleu: tuple[float, ...] | None
    novelty: Mapping[int, Novelty]
    self_bleu: float
    distinct_2: float
    duplicates: int
    form: FormFigures
    coherence: Coherence | None
    copied: float
    longest_copy: int
    poeticness: Interval | None
    relevance: Recall | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **asdict(self),
            "novelty": {str(n): each._asdict() for n, each in self.novelty.items()},
            "coherence": self.coherence and self.coherence._asdict(),
            "relevance": self.relevance and self.relevance.to_dict(),
        }


@dataclass(frozen=True)
class Perplexity:
    """How surprised a model and a Kneser-Ney trigram are by the same tokens of held-out poems, each with its end."""

    model: float
    kneser_ney: float

    @property
    def ratio(self) -> float:
        """The model's share of the trigram's, 0.6 or less is good."""
        return self.model / self.kneser_ney


class Yardsticks:
    """All that poems are measured by, learnt once from the poems that models are trained on.

    Args:
        training: those poems.
        judge: of relevance, or None.
        style: judge of style, or None.
        voice: how words sound; None is English.
        seed: of controls and intervals.
    """

    def __init__(
        self,
        training: Sequence[str],
        judge: Judge | None = None,
        style: StyleJudge | None = None,
        voice: Voice | None = None,
        seed: int = 0,
    ) -> None:
        self.vocabulary = Vocabulary(training)
        self._novelty = {n: NoveltyOf(self.vocabulary, n) for n in NOVEL}
        self._company = _company(training)
        self._judge, self._style, self._seed = judge, style, seed
        self._voice = voice or english()

    def measure(self, lot: Lot) -> Figures:
        """The figures of a lot.

        Raises:
            GansuiteError: fewer than two poems.
        """
        poems, words = list(lot.poems), [plain_words(poem) for poem in lot.poems]
        if len(poems) < 2:
            raise GansuiteError(
                f"{len(poems)} poems cannot be evaluated.", "Have at least two written; 1,000 are good."
            )
        numbered, copies = self.vocabulary.numbered(poems), copied(poems, self.vocabulary)
        style, judge = self._style, self._judge
        relevant = judge is not None and lot.thumbnails is not None
        return Figures(
            poems=len(poems),
            bleu=_bleu(words, lot.references) if len(lot.references) else None,
            novelty={n: novelty(numbered) for n, novelty in self._novelty.items()},
            self_bleu=self_bleu(words),
            distinct_2=distinct(words, 2),
            duplicates=duplicates(words),
            form=form_figures(poems, self._voice),
            coherence=self._coherence(poems),
            copied=copies.share,
            longest_copy=int(copies.longest.max()),
            poeticness=interval(style.poeticness(poems), self._seed) if style is not None else None,
            relevance=judge.retrieval(poems, lot.thumbnails, lot.labels, self._seed)
            if relevant and judge is not None and lot.thumbnails is not None
            else None,
        )

    def _coherence(self, poems: Sequence[str]) -> Coherence | None:
        long = [poem for poem in poems if sum(bool(line.strip()) for line in poem.split("\n")) > 1]
        return self._company.coherence(long, self._seed) if self._company and len(long) > 1 else None


@dataclass(frozen=True)
class Evaluation:
    """The figures of lots side by side: a model's first, then controls such as held-out poems and shuffled pictures."""

    rows: Mapping[str, Figures]
    perplexity: Perplexity | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = self.perplexity and {**asdict(self.perplexity), "ratio": self.perplexity.ratio}
        return {"rows": {name: figures.to_dict() for name, figures in self.rows.items()}, "perplexity": told}

    def to_text(self) -> str:
        """A table: a line for each measure, a column for each lot; then perplexity and what chance would give."""
        lines = [["", *self.rows]]
        for title, cell in _MEASURES:
            cells = [cell(figures) for figures in self.rows.values()]
            lines += [[title, *cells]] if any(one != "-" for one in cells) else []
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        table = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines
        ]
        notes = [*self._chance(), *([_perplexity(self.perplexity)] if self.perplexity else [])]
        return "\n".join([*table, *([""] if notes else []), *notes])

    def _chance(self) -> list[str]:
        found = next((figures.relevance for figures in self.rows.values() if figures.relevance), None)
        if found is None:
            return []
        by_chance = ", ".join(f"{name} {_percent(share)}" for name, share in found.chance.items())
        return [
            f"Relevance by chance, %: {by_chance}; median rank {(found.pictures + 1) / 2:.0f} of {found.pictures}.",
            f"A poem that tells its picture's label perfectly, and no more, has {_percent(found.ceiling[10])} at 10.",
        ]


def _company(training: Sequence[str]) -> Company | None:
    try:
        return Company.learn(training)
    except GansuiteError:  # a few dozen poems say nothing of coherence, and much else can be measured by them
        return None


def _bleu(words: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> tuple[float, ...]:
    others = [[plain_words(poem) for poem in some] for some in references]
    return tuple(corpus_bleu(words, others, order) for order in ORDERS)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _perplexity(found: Perplexity) -> str:
    return (
        f"Token perplexity on held-out poems {found.model:.1f}; a Kneser-Ney trigram has {found.kneser_ney:.1f} on the "
        f"same tokens (ratio {found.ratio:.2f})."
    )


def _relevance(of: Callable[[Recall], str]) -> Callable[[Figures], str]:
    return lambda figures: "-" if figures.relevance is None else of(figures.relevance)


def _coherent(of: Callable[[Coherence], str]) -> Callable[[Figures], str]:
    return lambda figures: "-" if figures.coherence is None else of(figures.coherence)


def _bleu_at(order: int) -> Callable[[Figures], str]:
    return lambda figures: "-" if figures.bleu is None else f"{100 * figures.bleu[order - 1]:.2f}"


def _schemes(figures: Figures) -> str:
    shown = list(figures.form.schemes.items())[:SHOWN_SCHEMES]
    return " ".join(f"{letters} {100 * share:.0f}" for letters, share in shown)


_MEASURES: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("poems", lambda figures: str(figures.poems)),
    ("own picture first, % (95 %)", _relevance(lambda found: str(found.at[1]))),
    ("own picture among 5, %", _relevance(lambda found: str(found.at[5]))),
    ("own picture among 10, %", _relevance(lambda found: str(found.at[10]))),
    ("median rank of own picture", _relevance(lambda found: f"{found.median_rank:.0f}")),
    ("first picture has its label, %", _relevance(lambda found: str(found.label_first))),
    ("first ten have its label, %", _relevance(lambda found: str(found.label_ten))),
    ("poeticness, % (95 %)", lambda figures: str(figures.poeticness or "-")),
    *((f"BLEU-{order}, %", _bleu_at(order)) for order in ORDERS),
    ("Novelty-2, %", lambda figures: _percent(figures.novelty[2].infrequent)),
    ("Novelty-3, %", lambda figures: _percent(figures.novelty[3].infrequent)),
    ("Novelty-2, known ones, %", lambda figures: _percent(figures.novelty[2].known)),
    ("Novelty-3, known ones, %", lambda figures: _percent(figures.novelty[3].known)),
    ("self-BLEU-4, %", lambda figures: _percent(figures.self_bleu)),
    ("distinct-2, %", lambda figures: _percent(figures.distinct_2)),
    ("duplicates", lambda figures: str(figures.duplicates)),
    (f"more than {MOST_SHARED} words copied, %", lambda figures: _percent(figures.copied)),
    ("longest copy, words", lambda figures: str(figures.longest_copy)),
    ("lines that rhyme, %", lambda figures: _percent(figures.form.rhyme_density)),
    ("lines of like length, %", lambda figures: _percent(figures.form.regularity)),
    ("commonest schemes, %", _schemes),
    ("neighbouring lines, nats", _coherent(lambda found: f"{found.adjacent:.3f}")),
    ("lines of other poems, nats", _coherent(lambda found: f"{found.random:.3f}")),
    ("neighbours told from strangers, AUC", _coherent(lambda found: f"{found.auc:.3f}")),
)
