"""From a model to a pen: what decoding writes with, and what the critics say of what is written.

B rows, n new tokens, T tokens of a text, F features of a picture's code, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.core.model import from_pretrained
from gansuite.core.run import RUNS
from gansuite.poetry.controls import Controls
from gansuite.poetry.games.judging import Bench
from gansuite.poetry.networks.critics import Critic
from gansuite.poetry.networks.decoder import Decoder, Memory
from gansuite.poetry.parts import ART, PLACED, POET, RELEVANCE, SEEN, STYLE, Parts, codes_of, parts_of, require_part
from gansuite.poetry.pictures import Pixels, to_input
from gansuite.poetry.prompts import Prompter

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from gansuite.poetry.networks.encoder import Encoder


@dataclass(frozen=True, eq=False)
class Page:
    """Rows of text in the memories of one poet who sees the picture, and of the same one who does not.

    Attributes:
        pen: what it is written with.
        ids: int64 (B, n), the tokens written.
        memories: of what stands before them and of them, for each of the pen's sides.
        raw: logits (B, V) of each side.
    """

    pen: DecoderPen
    ids: Tensor
    memories: tuple[Memory, ...]
    raw: tuple[Tensor, ...]

    @property
    def length(self) -> int:
        """Tokens written in each row."""
        return self.ids.shape[1]

    @property
    def logits(self) -> Tensor:
        """Of the next token, (B, V): what a picture changes, as many times as the pen's guidance says.

        l + w (l' - l) for the logits l without and l' with the picture: Ho and Salimans 2022 (arXiv 2207.12598, eq. 6).
        """
        first, *others = self.raw
        guided = first if not others else others[0] + self.pen.guidance * (first - others[0])
        return self.pen.prompter.speakable(guided)

    def take(self, rows: Tensor) -> Page:
        """These rows, which may repeat."""
        memories = tuple(memory.take(rows) for memory in self.memories)
        return Page(self.pen, self.ids[rows], memories, tuple(logits[rows] for logits in self.raw))

    def cut(self, length: int) -> Page:
        """Back to the first `length` tokens."""
        back = self.length - length
        if not back:
            return self
        shorter = tuple(memory.cut(memory.length - back - 1) for memory in self.memories)
        last = self.ids[:, length - 1 : length] if length else self.pen.last(len(self.ids))
        return self.pen.read(self.ids[:, :length], last, shorter)

    def write(self, ids: Tensor) -> Page:
        """One token more for each row, (B,), or several, (B, n)."""
        new = ids.reshape(len(self.ids), -1)
        return self.pen.read(torch.cat([self.ids, new], 1), new, self.memories)


class DecoderPen:
    """A `Pen` that writes for one picture, or for none, what is asked of it.

    Args:
        decoder: the poet.
        tokenizer: of its vocabulary.
        prompter: writes what stands before a poem.
        controls: what is asked.
        code: (F,) of the picture, or None.
        guidance: how much a picture counts: 0 as if it were not there, 1 as it was learnt, more than that.
    """

    def __init__(
        self,
        decoder: Decoder,
        tokenizer: Tokenizer,
        prompter: Prompter,
        controls: Controls,
        code: Tensor | None,
        guidance: float,
    ) -> None:
        self.decoder, self.tokenizer, self.prompter = decoder, tokenizer, prompter
        self.controls, self.guidance = controls, guidance
        codes = None if code is None or not guidance else code[None]
        self.sides = (codes,) if codes is None or guidance == 1 else (codes, None)

    def begin(self, prompt: Sequence[int] = (), lines: slice = slice(None)) -> Page:
        """A page of one row with these tokens, for these lines of a poem."""
        empty = torch.zeros(1, 0, dtype=torch.int64)
        controls = self.controls.part(lines)
        found = [self._begun(controls, codes) for codes in self.sides]
        page = Page(self, empty, tuple(memory for memory, _ in found), tuple(logits for _, logits in found))
        return page.write(torch.tensor([list(prompt)])) if len(prompt) else page

    def _begun(self, controls: Controls, codes: Tensor | None) -> tuple[Memory, Tensor]:
        ids = torch.tensor([self.prompter.prompt(controls, codes is not None)])
        logits, memory = self.decoder.read(self.decoder.embed(ids, codes), self.decoder.empty(1))
        return memory, logits[:, -1]

    def read(self, ids: Tensor, new: Tensor, memories: Sequence[Memory]) -> Page:
        """The page of `ids` (B, T), of which the last, `new` (B, n), are not in the memories yet."""
        embedded = self.decoder.embed(new)
        found = [self.decoder.read(embedded, memory) for memory in memories]
        return Page(self, ids, tuple(memory for _, memory in found), tuple(logits[:, -1] for logits, _ in found))

    def last(self, rows: int) -> Tensor:
        """The mark before the first token, (B, 1)."""
        return torch.full((rows, 1), self.prompter.begin)


@dataclass(frozen=True)
class Sight:
    """What is seen in a picture.

    Attributes:
        code: (F,).
        labels: what it shows, the likeliest first, with how likely that is.
        mood: an index into `controls.MOODS`.
    """

    code: Tensor
    labels: tuple[tuple[str, float], ...]
    mood: int


class Sampler:
    """A model that writes.

    Args:
        parts: everything of it but the poet.
        decoder: the poet.
        words: the poet's own, besides those of all poets.
    """

    def __init__(self, parts: Parts, decoder: Decoder, words: Sequence[str] = ()) -> None:
        self.parts, self.decoder, self.words = parts, decoder, words

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Of the poet's vocabulary."""
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self.parts.vocabulary.decode())

    @cached_property
    def prompter(self) -> Prompter:
        """Writes what stands before a poem."""
        return Prompter(self.tokenizer.get_vocab(with_added_tokens=True), self.decoder.places)

    @property
    def digest(self) -> str:
        """By which a poem names the model that wrote it."""
        return self.parts.digest

    def sees(self) -> bool:
        """Whether the poet was shown pictures."""
        return bool(self.decoder.eye) and SEEN in self.parts and PLACED in self.parts

    def look(self, thumbnail: Pixels) -> Sight:
        """What is seen in a picture uint8 (64, 64, 3).

        Raises:
            GansuiteError: this model has learnt from poems alone.
        """
        if not self.sees():
            raise GansuiteError(
                "This model has learnt from poems alone, and sees no pictures.",
                "Leave --image out, or train it further with --images FOLDER.",
            )
        eye = cast("Encoder", self.parts.modules[SEEN])
        with torch.no_grad():
            seen = eye(to_input(thumbnail[None]))
        chances = seen.labels[0].softmax(-1)
        order = chances.argsort(descending=True).tolist()
        labels = tuple((eye.labels[place], float(chances[place])) for place in order)
        return Sight(codes_of(self.parts, thumbnail[None])[0], labels, int(seen.mood[0].argmax()))

    def pen(self, controls: Controls, sight: Sight | None = None, guidance: float = 1.0) -> DecoderPen:
        """What a poem is written with."""
        code = None if sight is None else sight.code
        return DecoderPen(self.decoder, self.tokenizer, self.prompter, controls, code, guidance)

    @torch.no_grad()
    def verdicts(self, poems: Sequence[str], sight: Sight | None) -> list[Verdict]:
        """What the critics say of poems, the second only beside a picture.

        Raises:
            GansuiteError: the model has no critics.
        """
        for part in (RELEVANCE, STYLE):
            require_part(self.parts, part)
        tokens = [np.array(self.tokenizer.encode(poem).ids) for poem in poems]
        relevant, stylish = (cast(Critic, self.parts.modules[part]) for part in (RELEVANCE, STYLE))
        bench = Bench(relevant, stylish, self.prompter.end)
        codes = None if sight is None else sight.code.expand(len(tokens), -1)
        style, relevance, there = bench.potentials(tokens, codes)
        last = there.sum(1) - 1
        breaks = [self._line_ends(row.tolist()) for row in tokens]
        return [
            Verdict(
                float(style[row, last[row]]),
                None if relevance is None else float(relevance[row, last[row]]),
                _by_line(style[row], breaks[row]),
                None if relevance is None else _by_line(relevance[row], breaks[row]),
            )
            for row in range(len(poems))
        ]

    def _line_ends(self, ids: Sequence[int]) -> list[int]:
        """The place of the last token of each line; after the last line that is the mark of the end."""
        lines = {self.tokenizer.token_to_id("\n"), self.tokenizer.token_to_id("\n\n")}
        ends = [place - 1 for place, token in enumerate(ids) if token in lines and place]
        return [*ends, len(ids)]


@dataclass(frozen=True)
class Verdict:
    """What the critics say of a poem, in log odds.

    Attributes:
        style: that it is poetry.
        relevance: that it goes with the picture, or None where there is none.
        style_lines, relevance_lines: what each line adds.
    """

    style: float
    relevance: float | None
    style_lines: tuple[float, ...]
    relevance_lines: tuple[float, ...] | None


def _by_line(odds: Tensor, ends: Sequence[int]) -> tuple[float, ...]:
    values = [0.0, *(float(odds[end]) for end in ends)]
    return tuple(after - before for before, after in pairwise(values))


def load_sampler(name: str | Path, runs: Path = RUNS) -> Sampler:
    """The model of that name, ready to write: transformers is not imported.

    Raises:
        GansuiteError: there is no such model, it is damaged, or it has no poet.
    """
    model = from_pretrained(name, runs, ART)
    parts = parts_of(model, without=(POET,))
    spec = model.config["network"]["parts"].get(POET)
    if spec is None:
        raise GansuiteError(
            f"{name} has no poet yet: only {', '.join(parts.specs) or 'nothing'}.", "Train the stage likelihood."
        )
    weights = {key.removeprefix(f"{POET}."): w for key, w in model.weights.items() if key.startswith(f"{POET}.")}
    try:
        decoder = Decoder(weights, int(spec["poet"]["heads"]), int(spec["poet"]["places"]))
        sampler = Sampler(parts, decoder, tuple(map(str, spec.get("words", ()))))
        (logits,) = sampler.pen(Controls()).begin().raw
    except Exception as error:  # what is damaged fails in any way there is, and tokenizers raises bare Exception
        raise _damaged(name) from error
    if not bool(torch.isfinite(logits).all()):
        raise _damaged(name)
    return sampler


def _damaged(name: str | Path) -> GansuiteError:
    return GansuiteError(
        f"The poet of {name} or its vocabulary is damaged.", "Get the model again from where it came from."
    )
