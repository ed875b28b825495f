"""What form costs, and whether it is kept: lines, words, rhymes, syllables, model steps and likelihood over many poems.

    python benchmarks/poetry_forms.py --model MODEL [--poems 500] [--forms haiku,quatrain] [--seed 1] [--equal]

For each form so many poems are written without a picture. The likelihood of a poem's tokens is that which the model
gives them when no rhyme is asked of it; the cost of a form is the perplexity of its poems beside that of poems of as
many lines that are left free: the model is told how long lines should be, and nothing is done about it. Free lines
have fewer candidates, and without a meter they count as dull sooner; with `--equal` they have the form's of both.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

from gansuite.poetry.check import Report, check
from gansuite.poetry.controls import Controls
from gansuite.poetry.forms import FORMS, Form, design
from gansuite.poetry.sampler import load_sampler
from gansuite.poetry.sounds import english
from gansuite.poetry.write import Request
from gansuite.poetry.writing import score
from gansuite.poetry.writing.compose import Poem, compose, first_in_view, page_from
from gansuite.poetry.writing.pen import Page, Pen, Tokenizer
from gansuite.poetry.writing.wish import Wish, holds_word
from gansuite.poetry.writing.wordbook import Wordbook

WORDS = tuple(product(("sea", "night", "wandering", "rose"), ("light", "stone", "remember", "golden")))


@dataclass(frozen=True)
class CountedPage:
    """A page that counts what is written."""

    page: Page
    steps: list[int]

    @property
    def logits(self) -> Tensor:
        """Of the page."""
        return self.page.logits

    @property
    def length(self) -> int:
        """Of the page."""
        return self.page.length

    def take(self, rows: Tensor) -> CountedPage:
        """Some rows."""
        return replace(self, page=self.page.take(rows))

    def cut(self, length: int) -> CountedPage:
        """The beginning."""
        return replace(self, page=self.page.cut(length))

    def write(self, ids: Tensor) -> CountedPage:
        """Tokens more."""
        self.steps.append(len(ids))
        return replace(self, page=self.page.write(ids))


class CountedPen:
    """A pen that counts its steps: of each, how many rows."""

    def __init__(self, pen: Pen) -> None:
        self._pen = pen
        self.steps: list[int] = []

    @property
    def tokenizer(self) -> Tokenizer:
        """Of the pen."""
        return self._pen.tokenizer

    def begin(self, prompt: Sequence[int], lines: slice = slice(None)) -> CountedPage:
        """A page."""
        return CountedPage(self._pen.begin(prompt, lines), self.steps)


@dataclass(frozen=True)
class Figures:
    """What was measured of a form: shares 0..1, model steps, rows a step, seconds of the processor, perplexity."""

    form: str
    poems: int
    lines: float
    words: float
    rhymes: float
    syllables: float
    exact: float
    meter: float
    different: float
    steps: float
    rows: float
    seconds: float
    perplexity: float

    def __str__(self) -> str:
        return (
            f"{self.form:<12} {self.poems:>4} poems  lines {self.lines:.1%}  words {self.words:.1%}  "
            f"rhymes {self.rhymes:.1%}  syllables {self.syllables:.1%} (whole poems {self.exact:.1%})  "
            f"meter {self.meter:.1%}  different {self.different:.1%}  "
            f"steps {self.steps:.0f} of {self.rows:.1f} rows, {self.seconds:.2f} s  perplexity {self.perplexity:.1f}"
        )


def nats(pen: Pen, poems: Sequence[Poem], form: Form, book: Wordbook) -> float:
    """Of a token, in the mean, of the poems' tokens and the end, in the view in which they were written."""
    total, count = 0.0, 0
    for poem in poems:
        lines = [book.tokenizer.encode(f"{line}\n").ids for line in poem.lines]
        lines[-1][-1] = book.end
        for number, line in enumerate(lines):
            top = first_in_view(lines[:number], form)
            if number == 0 or top:
                page = pen.begin([token for told in lines[top:number] for token in told], page_from(top, form))
            for token in line:
                total -= float(page.logits.float().log_softmax(1)[0, token])
                page = page.write(torch.tensor([token]))
        count += sum(map(len, lines))
    return total / count


def measured(
    form: Form,
    name: str,
    pens: Callable[[Controls], Pen],
    book: Wordbook,
    poems: int,
    seed: int,
    words: bool,
    controls: Controls,
    breadth: int = Wish.breadth,
) -> tuple[Figures, list[Poem]]:
    """The figures of a form, and the poems, written by a model that is told these controls."""
    written: list[Poem] = []
    reports: list[Report] = []
    kept, steps, rows, began = 0, 0, 0, time.process_time()
    for number in range(poems):
        asked = WORDS[number % len(WORDS)] if words else ()
        pen = CountedPen(pens(controls))
        [poem] = compose(pen, Wish(form, words=asked, seed=seed + number, breadth=breadth), book)
        written.append(poem)
        reports.append(check(form, poem.lines, book.voice))
        kept += all(holds_word(poem.lines, word) for word in asked)
        steps, rows = steps + len(pen.steps), rows + sum(pen.steps)
    seconds = (time.process_time() - began) / poems
    figures = Figures(
        name,
        poems,
        lines=sum(report.lines_hold for report in reports) / poems,
        words=kept / poems,
        rhymes=sum(report.rhyme_share for report in reports) / poems,
        syllables=sum(report.syllable_share for report in reports) / poems,
        exact=sum(report.syllable_share == 1 for report in reports) / poems,
        meter=sum(report.meter_share for report in reports) / poems,
        different=len({poem.text for poem in written}) / poems,
        steps=steps / poems,
        rows=rows / max(1, steps),
        seconds=seconds,
        perplexity=math.exp(nats(pens(replace(controls, rhyme="")), written, form, book)),
    )
    return figures, written


def main() -> None:
    """Print the figures, and what each form costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--poems", type=int, default=500)
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--equal", action="store_true", help="free lines are searched for as those of the form are")
    parser.add_argument("--json", type=Path, help="all figures and poems")
    args = parser.parse_args()
    torch.set_num_threads(1)
    sampler = load_sampler(args.model)
    book = Wordbook(sampler.tokenizer, english())
    assert book.partners.any()  # made before the clock starts
    found = []
    for name in args.forms.split(","):
        form, plain = FORMS[name], design(lines=FORMS[name].lines)
        assert plain is not None
        controls = Request(form=name).controls(None)
        common = (sampler.pen, book, args.poems, args.seed)
        strict = bool(form.scheme or form.syllables) + bool(form.meter) if args.equal else 0
        typical = score.TYPICAL
        score.TYPICAL = score.SCANNED if args.equal and form.meter else typical
        unrhymed = replace(controls, rhyme="")
        free, _ = measured(plain, f"{name}, free", *common, False, unrhymed, Wish.breadth << strict)
        score.TYPICAL = typical
        print(free)
        for words in (False, True):
            figures, poems = measured(form, f"{name}, words" if words else name, *common, words, controls)
            cost = figures.perplexity / free.perplexity - 1
            print(f"{figures}  cost {cost:+.1%}", flush=True)
            found.append(asdict(figures) | {"cost": cost, "texts": [poem.text for poem in poems]})
    if args.json:
        args.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
