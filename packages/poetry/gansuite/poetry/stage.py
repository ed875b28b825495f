"""What all stages of a run of poems share: their works, and the model that each takes over and hands on."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from torch import Tensor, nn

from gansuite.core.assembly import ArtRun
from gansuite.core.errors import GansuiteError
from gansuite.core.model_format import TOKENIZER, is_model
from gansuite.core.session import Kept
from gansuite.poetry.config import STAGES, PoemConfig
from gansuite.poetry.dataset import Verse, open_verse
from gansuite.poetry.evaluation.halves import REWARD, half_of
from gansuite.poetry.gpt2 import load_gpt2
from gansuite.poetry.kinds import kinds_of
from gansuite.poetry.own_words import own_words
from gansuite.poetry.pairs import Pairs
from gansuite.poetry.parts import ART, POET, SEEN, Parts, load_parts, merged, named_parts
from gansuite.poetry.pictures import PictureSet, open_pictures
from gansuite.poetry.prompts import Prompter
from gansuite.poetry.scheme import HEARD_VERSION, heard_scheme
from gansuite.poetry.tokens import tokenized, tokenizer_for

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast

Learner = TypeVar("Learner", bound=nn.Module)


class StageRun(ArtRun[PoemConfig]):
    """One stage of a run, new or resumed, ready to train.

    What earlier stages made is read from the model it starts from, and goes on unchanged into the model it makes.

    Attributes:
        part: the part that is trained, by its name in a model.
        yardstick: what its measures are, in a few words.
        parts: what is there already.
        verse, tokens, pictures: the works.
    """

    art: ClassVar[str] = ART
    part: ClassVar[str]
    yardstick: ClassVar[str]

    def open_works(self) -> str:
        """Read poems and pictures, and the model that this stage starts from."""
        c = self.config
        self.parts = self._start()
        self.language: GPT2LMHeadModel | None = None
        self.pictures = open_pictures(c.network.images) if c.network.images else None
        self.verse = open_verse(c.data, self.pictures, heard_scheme, HEARD_VERSION)
        self.parts = self._with_vision()
        self.tokenizer = self._tokenizer()
        self.tokens = tokenized(self.verse.corpus.poems, self.verse.corpus.digest, self.tokenizer)
        self.prompter = Prompter(self.tokenizer.get_vocab(), c.poet.places)
        digest = hashlib.sha256(f"{self.verse.digest} {self.parts.digest}".encode())
        digest.update(self.pictures.digest.encode() if self.pictures else b"")
        return digest.hexdigest()

    def files(self) -> Mapping[str, bytes]:
        """The vocabulary."""
        return {TOKENIZER: self.tokenizer.backend_tokenizer.to_str().encode()}

    def weights(self, kept: Kept) -> Mapping[str, Tensor]:
        """Those of all parts."""
        old, new = self.parts.weights(), self.trained()
        found = {name: weight for name, weight in old.items() if name.split(".")[0] not in new}
        for part, state in self.trained_states(kept).items():
            found |= {f"{part}.{name}": weight for name, weight in state.items()}
        return found

    def describe(self, generator: nn.Module) -> Mapping[str, Any]:
        """The parts that the model has."""
        return {"name": "poem", "parts": {**self.parts.specs, **self.trained()}}

    def trained_states(self, kept: Kept) -> Mapping[str, Mapping[str, Tensor]]:
        """The weights of the parts that are trained."""
        return {self.part: kept.averages["generator"]}

    @abstractmethod
    def trained(self) -> Mapping[str, Mapping[str, Any]]:
        """The descriptions of the parts that are trained."""

    def poet_described(self) -> Mapping[str, Any]:
        """The description of the averaged poet, and the words that are its own."""
        from gansuite.poetry.networks import poet as poets

        return {**poets.describe(cast(poets.Poet, self._average())), "words": self._own_words}

    @cached_property
    def _own_words(self) -> list[str]:
        before = self.parts.specs.get(POET, {}).get("words", ())
        return own_words(self.verse.corpus.poems.take(self.verse.train), before)

    def learning(self, module: Learner) -> Learner:
        """A copy, on the device, of what is there already, ready to learn on."""
        return deepcopy(module).to(self.world.device).train().requires_grad_(True)

    def about(self) -> tuple[str, str, str]:
        """For the card."""
        report = self.verse.report
        data = f"{report.poems[0]} poems for training, {report.poems[1]} of other authors held out"
        seen = f"; {report.pictures[0]} pictures, {report.pairs[0]} pairs" if self.pictures else ""
        return f"poems, stage {self.config.network.name}", data + seen, self.yardstick

    def _with_vision(self) -> Parts:
        """The parts, with CLIP for the encoder where that is wanted and not so already."""
        named = self.config.network.vision
        if not named or not self.pictures or "clip" in self.parts.specs.get(SEEN, {}):
            return self.parts
        from gansuite.poetry.networks import clip
        from gansuite.poetry.vision import load_clip

        scenes, objects = kinds_of(self.verse.match.labels, self.pictures.names)
        eye = load_clip(named, (*scenes, *objects))
        modules, specs = {**self.parts.modules, SEEN: eye}, {**self.parts.specs, SEEN: clip.describe(eye)}
        return replace(self.parts, modules=modules, specs=specs)

    def _tokenizer(self) -> PreTrainedTokenizerFast:
        """That of the model it starts from, of the GPT-2 that is named, or a new one."""
        c, known = self.config, self.parts.vocabulary
        if c.network.language and not known:
            self.language, tokenizer = load_gpt2(c.network.language)
            return tokenizer
        return tokenizer_for(self.verse.corpus.poems, self.verse.train, self.verse.digest, c.poet.vocabulary, known)

    def _shown(self) -> PictureSet:
        """The pictures.

        Raises:
            GansuiteError: none are named.
        """
        if self.pictures is None:
            raise GansuiteError(
                f"The stage {self.config.network.name} learns from pictures, and none are named.",
                "Name a folder or zip of them with --images, or train a poet of poems alone: --stage likelihood.",
            )
        return self.pictures

    def _start(self) -> Parts:
        """What the stage before made in the same folder, or the model that is named."""
        if self.config.network.start:
            return merged([named_parts(name) for name in self.config.network.start])
        stage = STAGES.index(self.config.network.name)
        before = [self.path.parent / name / "model" for name in reversed(STAGES[:stage])]
        found = next((folder for folder in before if is_model(folder)), None)
        return load_parts(found) if found else Parts()


def half(verse: Verse, pairs: Pairs) -> Pairs:
    """The pairs that those may learn from who are rewarded for it; a judge learns from the others.

    Raises:
        GansuiteError: there are none.
    """
    found = pairs.where(half_of(verse.corpus)[pairs.poem] == REWARD)
    if not len(found):
        raise GansuiteError(
            f"Of {len(pairs)} pairs of a picture and a poem none is left to learn from, once judges have their half.",
            "Say what goes together with --pairs FILE, or give more pictures, in folders named after what they show, "
            "and more poems.",
        )
    return found
