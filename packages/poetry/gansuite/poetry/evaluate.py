"""A model's poems measured: written for held-out pictures, beside real poems, other models and the same one unseeing.

N pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from gansuite.core.card import Card
from gansuite.core.errors import GansuiteError
from gansuite.core.model_format import is_model
from gansuite.core.randomness import Draw
from gansuite.poetry.controls import Controls
from gansuite.poetry.dataset import PoemDataConfig, Verse, open_verse
from gansuite.poetry.evaluation.judge import Judge
from gansuite.poetry.evaluation.lots import Lot
from gansuite.poetry.evaluation.report import Evaluation, Perplexity, Yardsticks
from gansuite.poetry.evaluation.style import StyleJudge
from gansuite.poetry.games.likelihood import likelihood
from gansuite.poetry.games.rollout import Manner, roll_out
from gansuite.poetry.measures.kneser_ney import KneserNey
from gansuite.poetry.parts import ART, codes_of, load_parts, poet_of
from gansuite.poetry.pictures import PictureSet, open_pictures
from gansuite.poetry.sampler import Sampler, load_sampler
from gansuite.poetry.scheme import HEARD_VERSION, heard_scheme
from gansuite.poetry.split import Ints
from gansuite.poetry.tokens import tokenized, tokenizer_for
from gansuite.poetry.write import check_dials

CHUNK = 64
TOKENS = 90
FEWEST = 2  # poems
JUDGE_SEED = 77  # no run's
JUDGE_CARD = Card(
    title="a judge of poems",
    art=ART,
    data="the judges' half of the poems",
    data_licence="that of the works",
    seed=JUDGE_SEED,
    steps=0,
    images=0,
    minutes=0.0,
    command="gansuite poem evaluate",
)
Tell = Callable[[str], None]
J = TypeVar("J", Judge, StyleJudge)


@dataclass(frozen=True)
class Task:
    """What is to be measured, on what.

    Attributes:
        models: names; the others are controls of the first.
        data: settings of `PoemDataConfig`.
        images: folders and zips of pictures; none: nothing is said of relevance.
        count: poems of each.
        temperature, relevance: how they are written.
        judge: where the judges are kept, or None; trained where they are not there yet.
        seed: of the poems.
    """

    models: Sequence[str]
    data: Mapping[str, Any]
    images: tuple[str, ...]
    count: int = 1000
    temperature: float = 0.9
    relevance: float = 2.0
    judge: Path | None = None
    seed: int = 0


@dataclass(frozen=True)
class Pile:
    """N held-out pictures, or none of them, and a real poem for each.

    Attributes:
        poems: int64 (N,), rows of the corpus.
        thumbnails: uint8 (N, 64, 64, 3), or None.
        labels: of the pictures.
        others: for each, all held-out poems that are paired with it.
    """

    poems: Ints
    thumbnails: np.ndarray | None
    labels: Sequence[str]
    others: Sequence[Sequence[str]]


def evaluate_models(task: Task, tell: Tell) -> Evaluation:
    """The figures of all models and controls, from one harness.

    Raises:
        GansuiteError: there is no such model, too little to measure, or a setting is out of range.
    """
    check_dials(task.temperature, task.relevance)
    if task.count < FEWEST:
        raise GansuiteError(f"--count is {task.count}, but must be at least {FEWEST}.", "Try --count 1000.")
    samplers = {name: load_sampler(name) for name in task.models}
    pictures = open_pictures(task.images) if task.images else None
    verse = open_verse(PoemDataConfig(**task.data), pictures, heard_scheme, HEARD_VERSION)
    pile = held_out_pile(verse, pictures, task.count)
    judge, style = judges(task, verse, pictures, tell)
    corpus = verse.corpus.poems
    yardsticks = Yardsticks([corpus[row] for row in verse.train.tolist()], judge, style, seed=task.seed)
    rows = {}
    for name, texts in _lots(task, samplers, verse, pile):
        tell(f"measuring {name}")
        rows[name] = yardsticks.measure(Lot(texts, pile.others, pile.thumbnails, pile.labels))
    return Evaluation(rows, _perplexity(task.models[0], samplers[task.models[0]], verse))


def write_lot(
    sampler: Sampler,
    codes: Tensor | None,
    lines: Sequence[int],
    temperature: float,
    relevance: float,
    seed: int,
) -> list[str]:
    """Poems straight from the poet, without the rules of decoding: quick, and what it has learnt by itself.

    Args:
        sampler: the model.
        codes: (N, F) of pictures, or None.
        lines: asked for, N.
        temperature, relevance: as for a poem.
        seed: of all of them.
    """
    texts: list[str] = []
    for start in range(0, len(lines), CHUNK):
        asked = [Controls(lines=count) for count in lines[start : start + CHUNK]]
        some = None if codes is None else codes[start : start + CHUNK]
        draw = Draw(seed, start, len(asked), slice(None), scope="evaluate/")
        manner = Manner(most=TOKENS, temperature=temperature, guidance=relevance)
        written = roll_out(sampler.decoder, sampler.prompter, some, asked, draw, manner)
        texts += [sampler.tokenizer.decode(poem.tolist()).strip() for poem in written.tokens]
    return texts


def _lots(task: Task, samplers: Mapping[str, Sampler], verse: Verse, pile: Pile) -> Iterator[tuple[str, list[str]]]:
    """By name: what each model writes, the first one without its pictures, real poems, and these of other pictures."""
    lines = [int(verse.controls.lines[row]) for row in pile.poems]

    def written(sampler: Sampler, seeing: bool) -> list[str]:
        codes = None
        if seeing and pile.thumbnails is not None and sampler.sees():
            codes = codes_of(sampler.parts, pile.thumbnails)
        return write_lot(sampler, codes, lines, task.temperature, task.relevance, task.seed)

    for name, sampler in samplers.items():
        yield name, written(sampler, seeing=True)
    if pile.thumbnails is not None:
        yield f"{task.models[0]}, unseeing", written(samplers[task.models[0]], seeing=False)
    real = [verse.corpus.poems[row] for row in pile.poems.tolist()]
    yield "held-out poems", real
    order = np.random.Generator(np.random.PCG64(task.seed)).permutation(len(real))
    yield "the same, shuffled", [real[row] for row in order]


def held_out_pile(verse: Verse, pictures: PictureSet | None, count: int) -> Pile:
    """Up to `count` held-out pictures that have poems, spread over all; without pictures, held-out poems."""
    corpus = verse.corpus.poems
    if pictures is None:
        rows = verse.held_out[np.linspace(0, len(verse.held_out) - 1, min(count, len(verse.held_out))).astype(int)]
        return Pile(rows, None, (), ())
    pairs = verse.match.held_out
    shown, first = np.unique(pairs.picture, return_index=True)
    chosen = np.linspace(0, len(shown) - 1, min(count, len(shown))).astype(int)
    some = shown[chosen].tolist()
    others = [[corpus[row] for row in pairs.poem[pairs.picture == picture].tolist()] for picture in some]
    poems = pairs.poem[first[chosen]].astype(np.int64)
    labels = [verse.match.labels[picture] for picture in some]
    return Pile(poems, pictures.thumbnails[some], labels, others)


def judges(task: Task, verse: Verse, pictures: PictureSet | None, tell: Tell) -> tuple[Judge | None, StyleJudge]:
    """Those of relevance, where there are pictures, and of style: each the one that is kept, or a new one."""

    def found(name: str, opened: Callable[[Path], J], trained: Callable[[], J]) -> J:
        folder = task.judge / name if task.judge else None
        if folder is not None and is_model(folder):
            return opened(folder)
        tell(f"training the judge of {name}")
        judge = trained()
        if folder is not None:
            judge.save(folder, JUDGE_CARD)
        return judge

    style = found("style", StyleJudge.open, lambda: StyleJudge.train(verse, seed=JUDGE_SEED))
    if pictures is None:
        return None, style
    return found("relevance", Judge.open, lambda: Judge.train(pictures, verse, JUDGE_SEED)), style


def _perplexity(name: str, sampler: Sampler, verse: Verse) -> Perplexity:
    """Of poems by other authors, nothing asked and no picture shown, beside a trigram's on the same tokens."""
    parts = load_parts(name)
    tokenizer = tokenizer_for((), np.zeros(0, np.int64), "", known=parts.vocabulary)
    tokens = tokenized(verse.corpus.poems, verse.corpus.digest, tokenizer)
    held = [tokens[row] for row in verse.held_out]
    total, count = likelihood(poet_of(parts), sampler.prompter, held)
    trigram = KneserNey.train(*_joined(tokens, verse.train), sampler.prompter.end, len(tokenizer))
    return Perplexity(float(np.exp(total / count)), trigram.perplexity(*_joined(tokens, verse.held_out)))


def _joined(tokens: Any, rows: Ints) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of some poems one after the other, and where each begins."""
    some = [tokens[row] for row in rows]
    return np.concatenate(some), np.cumsum([0, *map(len, some)])
