"""The five stages of a run of poems, each from its configuration to a trained part."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from gansuite.core.files import write_atomically
from gansuite.core.game import Game
from gansuite.core.randomness import Draw
from gansuite.core.session import Kept
from gansuite.core.trainer import Metrics, Trainer
from gansuite.poetry.config import ADVERSARIAL, CRITICS, EMBEDDING, ENCODER, LIKELIHOOD
from gansuite.poetry.controls import Controls
from gansuite.poetry.games.adversarial import AdversarialGame
from gansuite.poetry.games.judging import JudgingGame
from gansuite.poetry.games.likelihood import LikelihoodGame, likelihood
from gansuite.poetry.games.ranking import RankingGame, apart, ranking, recalls
from gansuite.poetry.games.recognition import LabelledSource, RecognitionGame, recognised
from gansuite.poetry.games.rollout import Manner, Poems, decoder_of, roll_out, variety_of
from gansuite.poetry.kinds import kinds_of
from gansuite.poetry.measures.bleu import self_bleu
from gansuite.poetry.negatives import STYLES
from gansuite.poetry.networks import critics
from gansuite.poetry.networks import embedding as embeddings
from gansuite.poetry.networks import encoder as encoders
from gansuite.poetry.networks import poet as poets
from gansuite.poetry.networks.critics import MATCHES, Critic
from gansuite.poetry.networks.embedding import Embedding
from gansuite.poetry.networks.encoder import Encoder
from gansuite.poetry.pairs import Pairs
from gansuite.poetry.parts import (
    PLACED,
    POET,
    RELEVANCE,
    SEEN,
    STYLE,
    codes_of,
    poet_of,
    require_part,
    seen_of,
)
from gansuite.poetry.sources import LessonSource, PairSource, PoemSource, with_share
from gansuite.poetry.split import Ints
from gansuite.poetry.stage import StageRun, half
from gansuite.poetry.tokens import decoded_poem, encoded_poem

MEASURED = 600  # held-out poems that a run looks at as it goes
RANKED = 256  # held-out pairs among which the right one is looked for
JUDGED = 256  # held-out pairs on which the critics are tried
WRITTEN = 96  # poems for held-out pictures that a run looks at as it goes
SHEET = 8  # poems on a sheet


class LikelihoodRun(StageRun):
    """The poet learns by maximum likelihood: from poems alone, and from those with pictures where there are any."""

    part = POET
    yardstick = "poems of other authors, nothing asked: nats a token, perplexity"

    def build_trainer(self) -> Trainer:
        """The trainer of this stage."""
        c = self.config
        self.codes = codes_of(self.parts, self.pictures.thumbnails) if self.pictures else None
        poet = self._poet().to(self.world.device)
        lengths = self.tokens.lengths[self.verse.train]
        game = LikelihoodGame(poet, self.prompter, self.codes, c.likelihood, 1 + float(lengths.mean()))
        pairs = self.verse.match.train
        rows = with_share(self.verse.train, np.unique(pairs.poem).astype(np.int64), c.likelihood.paired)
        source = PoemSource(self.tokens, self.verse.controls, rows, pairs)
        return Trainer(game, source, c.recipe, c.budget(), c.run.seed, self.world)

    def _poet(self) -> poets.Poet:
        """A new poet, or the one that is there; with an eye, if there are pictures."""
        sight = 0 if self.codes is None else self.codes.shape[1]
        before = poet_of(self.parts) if POET in self.parts else None
        if before is not None and sight in (0, before.picture):
            return self.learning(before)
        sizes = replace(self.config.poet, vocabulary=len(self.tokenizer)) if before is None else before.config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.run.seed)
            if self.language is not None and before is None:
                return poets.from_language(self.language, sizes.places, sight, self.prompter.image)
            poet = poets.Poet(sizes, sight, self.prompter.image)
        if before is not None:
            poet.language.load_state_dict(before.language.state_dict())
        return poet

    def trained(self) -> Mapping[str, Mapping[str, Any]]:
        """The poet."""
        return {POET: self.poet_described()}

    def prepare(self) -> None:
        """Held-out poems to look at, and the pictures of those that have some."""
        rows = self.verse.held_out
        some = rows[np.linspace(0, len(rows) - 1, min(MEASURED, len(rows))).astype(int)]
        self.measured = [self.tokens[row] for row in some]
        pairs = self.verse.match.held_out
        chosen = np.linspace(0, len(pairs) - 1, min(MEASURED, len(pairs))).astype(int)
        self.paired = [self.tokens[row] for row in pairs.poem[chosen]]
        self.seen = None if self.codes is None or not len(pairs) else self.codes[pairs.picture[chosen].astype(np.int64)]

    def measure(self, generator: nn.Module) -> Metrics:
        """How likely poems of other authors are; and those with pictures, with and without them."""
        poet = cast(poets.Poet, generator)

        def nats(poems: Sequence[Ints], codes: Tensor | None = None) -> float:
            total, count = likelihood(poet, self.prompter, poems, codes)
            return total / max(1, count)

        found = nats(self.measured)
        measures = {"held_out_distance": found, "perplexity": math.exp(found)}
        if self.seen is not None:
            measures |= {
                "perplexity_seen": math.exp(nats(self.paired, self.seen)),
                "perplexity_unseen": math.exp(nats(self.paired)),
            }
        return measures

    def draw_sheet(self, generator: nn.Module, stem: Path) -> None:
        """Eight poems of four lines, from the same random numbers all through a run."""
        poet = cast(poets.Poet, generator)
        draw = Draw(self.config.run.seed, 0, SHEET, slice(None), scope="sheet/")
        asked = [Controls(lines=4)] * SHEET
        codes = None
        if self.seen is not None:
            codes = self.seen[np.linspace(0, len(self.seen) - 1, SHEET).astype(int)]
        poems = roll_out(decoder_of(poet), self.prompter, codes, asked, draw, Manner())
        texts = [decoded_poem(self.tokenizer, poem) for poem in poems.tokens]
        write_atomically(stem.with_suffix(".txt"), "\n\n\n".join(texts) + "\n")


class EncoderRun(StageRun):
    """The encoder learns what pictures show."""

    part = SEEN
    yardstick = "held-out pictures: share recognised"

    def build_trainer(self) -> Trainer:
        """The trainer of this stage."""
        c, pictures = self.config, self._shown()
        scenes, objects = kinds_of(self.verse.match.labels, pictures.names)
        sizes = replace(c.encoder, scenes=scenes, objects=objects)
        before = self.parts.modules.get(SEEN)
        if isinstance(before, Encoder) and before.config == sizes:
            encoder = self.learning(before)
        else:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(c.run.seed)
                encoder = Encoder(sizes).to(self.world.device)
        source = LabelledSource(pictures, self.verse.match.train_pictures, encoder.labels, self.world.device)
        return Trainer(RecognitionGame(encoder, c.recognition), source, c.recipe, c.budget(), c.run.seed, self.world)

    def trained(self) -> Mapping[str, Mapping[str, Any]]:
        """The encoder."""
        return {SEEN: encoders.describe(cast(Encoder, self._average()))}

    def prepare(self) -> None:
        """Nothing more is needed."""

    def measure(self, generator: nn.Module) -> Metrics:
        """What is recognised of the held-out pictures; the distance is the share that is not."""
        found = recognised(cast(Encoder, generator), self._shown(), self.verse.match.held_out_pictures)
        return {"held_out_distance": 1 - found.get("labels", found["mood"]), **found}

    def draw_sheet(self, generator: nn.Module, stem: Path) -> None:
        """Nothing to show."""


class EmbeddingRun(StageRun):
    """Pictures and poems learn one space."""

    part = PLACED
    yardstick = "held-out pairs: ranking loss, recall among 256 by kind"

    def build_trainer(self) -> Trainer:
        """The trainer of this stage."""
        c, pictures = self.config, self._shown()
        self.codes = seen_of(self.parts, pictures.thumbnails, self.world.device).to(self.world.device)
        sizes = len(self.tokenizer), self.codes.shape[1]
        before = self.parts.modules.get(PLACED)
        if isinstance(before, Embedding) and (before.sizes, before.config) == (sizes, c.embedding):
            embedding = self.learning(before)
        else:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(c.run.seed)
                embedding = Embedding(*sizes, c.embedding).to(self.world.device)
        pairs = half(self.verse, self.verse.match.train)
        source = PairSource(self.tokens, pairs, self.codes, self.verse.match.labels)
        return Trainer(RankingGame(embedding), source, c.recipe, c.budget(), c.run.seed, self.world)

    def trained(self) -> Mapping[str, Mapping[str, Any]]:
        """The embedding."""
        return {PLACED: embeddings.describe(cast(Embedding, self._average()))}

    def prepare(self) -> None:
        """Held-out pairs."""
        held = PairSource(self.tokens, self.verse.match.held_out, self.codes, self.verse.match.labels)
        self.held = held.take(np.linspace(0, len(held) - 1, min(RANKED, len(held))).astype(int))

    @torch.no_grad()
    def measure(self, generator: nn.Module) -> Metrics:
        """The ranking loss, and how often what comes first, or among ten, shows the same kind of thing."""
        embedding = cast(Embedding, generator)
        near = embedding.pictures(self.held.codes) @ embedding.poems(self.held.ids, self.held.there).T
        loss = ranking(near, apart(self.held.kind), embedding.config.margin)
        return {"held_out_distance": float(loss), **recalls(near, self.held.kind)}

    def draw_sheet(self, generator: nn.Module, stem: Path) -> None:
        """Nothing to show."""


class LessonRun(StageRun):
    """A stage in which there is something to judge: poems for pictures, real ones and those that the poet writes.

    Attributes:
        codes: (M, F), of the pictures.
    """

    def build_trainer(self) -> Trainer:
        """The trainer of this stage."""
        c = self.config
        require_part(self.parts, POET)
        self.codes = codes_of(self.parts, self._shown().thumbnails, self.world.device)
        source = self._lessons(half(self.verse, self.verse.match.train))
        return Trainer(self._game(), source, c.recipe, c.budget(), c.run.seed, self.world)

    @abstractmethod
    def _game(self) -> Game:
        """Who learns; `codes` are there."""

    def _lessons(self, pairs: Pairs) -> LessonSource:
        return LessonSource(self.verse, self.tokens, pairs, self.codes, self._encode, self.config.run.seed)

    def _encode(self, text: str) -> Ints:
        return np.array(encoded_poem(self.tokenizer, text)[: self.config.game.tokens] or [0], np.int64)


class CriticsRun(LessonRun):
    """Both critics learn to judge, from a poet who stays as it is: those that know nothing have nothing to teach."""

    part = RELEVANCE
    yardstick = "held-out pairs: cross entropy of both critics; how often they put the right one of two poems first"

    def _game(self) -> Game:
        c, device = self.config, self.world.device
        space = cast(Embedding, self.parts.modules[PLACED])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(c.run.seed)
            players = {
                RELEVANCE: critics.listening(space, len(MATCHES)),
                STYLE: Critic(len(self.tokenizer), len(STYLES), 0, c.critics),
            }
        self.game = JudgingGame(
            nn.ModuleDict(players).to(device), poet_of(self.parts), self.prompter, c.game.tokens, c.game.smoothing
        )
        return self.game

    def trained(self) -> Mapping[str, Mapping[str, Any]]:
        """The critics."""
        players = cast(nn.ModuleDict, self._average())
        return {name: critics.describe(cast(Critic, player)) for name, player in players.items()}

    def trained_states(self, kept: Kept) -> Mapping[str, Mapping[str, Tensor]]:
        """The averages of both."""
        states: dict[str, dict[str, Tensor]] = {RELEVANCE: {}, STYLE: {}}
        for name, weight in kept.averages["generator"].items():
            part, _, inner = name.partition(".")
            states[part][inner] = weight
        return states

    def prepare(self) -> None:
        """Held-out pairs, and a poem by the poet for each."""
        source = self._lessons(self.verse.match.held_out)
        self.held = source.take(np.linspace(0, len(source) - 1, min(JUDGED, len(source))).astype(int))
        count = len(self.held.codes)
        draw = Draw(self.config.run.seed, 0, count, slice(None), self.world.device, "held-out/")
        self.written = self.game.write(self.held, draw)

    @torch.no_grad()
    def measure(self, generator: nn.Module) -> Metrics:
        """What both lose, and how often the right poem of two for the same picture seems the better one."""
        bench, held = self.game.bench(generator), self.held
        terms = bench.losses(held, self.written, held.codes).terms
        fits, reads = bench.verdicts(held.paired, held.codes)
        others = {"unpaired": held.unpaired, "generated": self.written}
        texts = {"disordered": held.disordered, "paragraphic": held.paragraphic, "generated": self.written}
        first = {f"paired over {name}": fits > bench.verdicts(poems, held.codes)[0] for name, poems in others.items()}
        first |= {f"poetic over {name}": reads > bench.verdicts(poems, held.codes)[1] for name, poems in texts.items()}
        shares = {name: float(found.float().mean()) for name, found in first.items()}
        return {"held_out_distance": float(sum(terms.values())), **shares}

    def draw_sheet(self, generator: nn.Module, stem: Path) -> None:
        """Nothing to show."""


class AdversarialRun(LessonRun):
    """The poet against its two critics, from the likelihood model on."""

    part = POET
    yardstick = "held-out pairs: nats a token; poems for held-out pictures: what the critics say, variety"

    def _game(self) -> Game:
        reference = poet_of(self.parts).to(self.world.device)
        poet = self.learning(reference)
        players = self._critic(RELEVANCE), self._critic(STYLE)
        lengths = self.tokens.lengths[self.verse.train]
        length = 1 + float(lengths.mean())
        return AdversarialGame(poet, reference, *players, self.prompter, self.config.game, length)

    def _critic(self, part: str) -> Critic:
        """One that has learnt to judge, and learns on."""
        require_part(self.parts, part)
        return self.learning(cast(Critic, self.parts.modules[part]))

    def trained(self) -> Mapping[str, Mapping[str, Any]]:
        """The poet and its critics."""
        players = self.trainer.game.discriminators
        specs = {name: critics.describe(cast(Critic, player)) for name, player in players.items()}
        return {POET: self.poet_described(), **specs}

    def trained_states(self, kept: Kept) -> Mapping[str, Mapping[str, Tensor]]:
        """The averaged poet, and the critics as they are."""
        return {POET: kept.averages["generator"], **kept.discriminators}

    def prepare(self) -> None:
        """Held-out pairs."""
        pairs = self.verse.match.held_out
        chosen = np.linspace(0, len(pairs) - 1, min(WRITTEN, len(pairs))).astype(int)
        self.pairs = pairs.where(np.isin(np.arange(len(pairs)), chosen))
        self.seen = self.codes[self.pairs.picture.astype(np.int64)]

    def measure(self, generator: nn.Module) -> Metrics:
        """How likely the poems of held-out pictures still are, and what is said of those that the poet writes."""
        poet = cast(poets.Poet, generator)
        game = cast(AdversarialGame, self.trainer.game)
        total, count = likelihood(poet, self.prompter, [self.tokens[row] for row in self.pairs.poem], self.seen)
        written = self._write(poet)
        relevance, style = game.bench.verdicts(written.tokens, self.seen)
        return {
            "held_out_distance": total / count,
            "relevance": float(relevance.mean()),
            "style": float(style.mean()),
            "distinct_2": variety_of(written.tokens),
            "self_bleu": self_bleu([poem.tolist() for poem in written.tokens]),
        }

    def _write(self, poet: poets.Poet) -> Poems:
        draw = Draw(self.config.run.seed, 0, len(self.seen), slice(None), self.world.device, "sheet/")
        asked = [Controls(lines=4)] * len(self.seen)
        return roll_out(decoder_of(poet), self.prompter, self.seen, asked, draw, Manner(most=self.config.game.tokens))

    def draw_sheet(self, generator: nn.Module, stem: Path) -> None:
        """Poems for held-out pictures, from the same random numbers all through a run, with what is seen."""
        written = self._write(cast(poets.Poet, generator)).tokens
        chosen = np.linspace(0, len(written) - 1, min(SHEET, len(written))).astype(int).tolist()
        labels = self.verse.match.labels
        texts = [f"({labels[self.pairs.picture[row]]})\n{decoded_poem(self.tokenizer, written[row])}" for row in chosen]
        write_atomically(stem.with_suffix(".txt"), "\n\n\n".join(texts) + "\n")


RUNS_OF: Mapping[str, type[StageRun]] = {
    ENCODER: EncoderRun,
    EMBEDDING: EmbeddingRun,
    LIKELIHOOD: LikelihoodRun,
    CRITICS: CriticsRun,
    ADVERSARIAL: AdversarialRun,
}
