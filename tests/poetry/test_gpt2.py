"""A poet that begins from another GPT-2, and models that lend their parts to one another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from gansuite.core.errors import GansuiteError
from gansuite.poetry.gpt2 import load_gpt2
from gansuite.poetry.networks.poet import from_language
from gansuite.poetry.parts import Parts, merged
from gansuite.poetry.tokens import IMAGE, LINE, control_names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny GPT-2 as people keep it: weights, configuration and tokenizer."""
    words = {word: number for number, word in enumerate(["<unk>", "sea", "light", "and"])}
    kind: Any = models.WordLevel
    tokenizer = Tokenizer(kind(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    make: Any = PreTrainedTokenizerFast
    make(tokenizer_object=tokenizer).save_pretrained(tmp_path)
    config = GPT2Config(vocab_size=4, n_positions=64, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    return tmp_path


def test_a_gpt2_of_a_folder_gets_room_for_the_marks_of_poems(folder: Path) -> None:
    model, tokenizer = load_gpt2(str(folder))
    known = tokenizer.get_vocab()
    assert {IMAGE, LINE, *control_names()} <= known.keys()
    assert model.config.vocab_size == len(tokenizer) == len(known)


def test_a_poet_begins_with_its_weights(folder: Path) -> None:
    model, tokenizer = load_gpt2(str(folder))
    poet = from_language(model, places=2, picture=3, image=tokenizer.convert_tokens_to_ids(IMAGE))
    ids = torch.tensor([[1, 3, 2]])
    with torch.no_grad():
        assert torch.allclose(poet.language(ids).logits, model.eval()(ids).logits, atol=1e-6)
    assert poet.config.width == 16
    assert poet.eye is not None


def test_what_is_no_gpt2_is_told(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="could not be loaded"):
        load_gpt2(str(tmp_path))
    with pytest.raises(GansuiteError, match="no folder"):
        load_gpt2("/nowhere/at/all")


def test_parts_of_several_models_become_one_and_the_later_wins() -> None:
    first = Parts({"poet": torch.nn.Linear(1, 1)}, {"poet": {"size": 1}}, b"words", "a")
    second = Parts({"poet": torch.nn.Linear(1, 1), "style": torch.nn.Linear(1, 1)}, {"poet": {}, "style": {}}, b"", "b")
    both = merged([first, second])
    assert both.modules["poet"] is second.modules["poet"]
    assert set(both.specs) == {"poet", "style"}
    assert both.vocabulary == b"words"
    assert both.digest == "a b"


def test_models_of_different_vocabularies_do_not_mix() -> None:
    parts = Parts({}, {}, b"one", "")
    with pytest.raises(GansuiteError, match="different vocabularies"):
        merged([parts, replace(parts, vocabulary=b"another")])
