"""The vocabulary: trained the same every time, saved and loaded as people expect, poems whole after a round trip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.poetry.controls import Controls, canonical
from gansuite.poetry.texts import packed
from gansuite.poetry.tokens import (
    BEGIN,
    END,
    PAD,
    control_tokens,
    decoded_poem,
    encoded_poem,
    load_tokenizer,
    padded,
    special_names,
    tokenized,
    tokenizer_digest,
    train_tokenizer,
    with_marks,
)

from .hostile import poems, write


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer(poems(200), size=600)


def gpt2() -> Any:
    """A tokenizer as GPT-2's is: bytes, a word after a blank is another token than one without."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made.train_from_iterator(
        poems(50), trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    )
    return PreTrainedTokenizerFast(tokenizer_object=made)


def test_a_poem_is_whole_after_a_round_trip(tokenizer: Any) -> None:
    for poem in [*poems(5, 300), "O'er the heav'n — \"so!\"\n'Tis\n\nthe café's 12 ☂", "詩\n歌"]:
        assert decoded_poem(tokenizer, encoded_poem(tokenizer, poem)) == poem


@settings(deadline=None)
@given(st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Z")), min_size=1), min_size=1, max_size=6))
def test_any_words_are_whole_after_a_round_trip(tokenizer: Any, words: list[str]) -> None:
    poem = " ".join(words[:3]) + ("\n" + " ".join(words[3:]) if words[3:] else "")
    if "<|" not in poem:
        assert decoded_poem(tokenizer, encoded_poem(tokenizer, poem)) == poem


def test_a_word_is_one_token_wherever_it_stands(tokenizer: Any) -> None:
    ids = encoded_poem(tokenizer, "sea sea\nsea\n\nsea")
    line, stanza = tokenizer.convert_tokens_to_ids(["\n", "\n\n"])
    assert ids == [ids[0], ids[0], line, ids[0], stanza, ids[0]]


def test_it_is_used_as_any_tokenizer_of_transformers(tokenizer: Any, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    tokenizer.save_pretrained(str(tmp_path))
    text = f"{BEGIN}<|lines:4|>The sea waits\nThe sea{END}"
    loaded = AutoTokenizer.from_pretrained(str(tmp_path), local_files_only=True)
    for other in (loaded, load_tokenizer(tmp_path)):
        assert other(text)["input_ids"] == tokenizer(text)["input_ids"]
        assert other.decode(other(text)["input_ids"], skip_special_tokens=True) == "The sea waits\nThe sea"
        assert tokenizer_digest(other) == tokenizer_digest(tokenizer)
    assert (loaded.pad_token, loaded.bos_token, loaded.eos_token) == (PAD, BEGIN, END)
    assert loaded.convert_tokens_to_ids(special_names()) == list(range(len(special_names())))


def test_decoding_stops_at_the_end_and_leaves_marks_out(tokenizer: Any) -> None:
    ids = tokenizer(f"{BEGIN}<|mood:calm|>one\ntwo{END}three{PAD}")["input_ids"]
    assert decoded_poem(tokenizer, ids) == "one\ntwo"


def test_training_again_gives_the_same_vocabulary(tokenizer: Any) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from poetry.hostile import poems;"
        "from gansuite.poetry.tokens import *; print(tokenizer_digest(train_tokenizer(poems(200), size=600)))"
    )
    run = [sys.executable, "-c", code, str(Path(__file__).resolve().parents[1])]
    environ = {**os.environ, "PYTHONHASHSEED": "7", "TOKENIZERS_PARALLELISM": "false"}
    told = subprocess.run(run, env=environ, capture_output=True, text=True, check=True).stdout.strip()
    assert told == tokenizer_digest(tokenizer)
    assert told != tokenizer_digest(train_tokenizer(poems(200, 1), size=600))


def test_a_vocabulary_is_as_large_as_asked_or_as_the_poems_allow(tokenizer: Any) -> None:
    assert len(tokenizer) <= 600
    assert len(train_tokenizer(["a b\nc d"] * 3, size=8192)) < 400
    with pytest.raises(GansuiteError, match="300 to 65000 are"):
        train_tokenizer(poems(3), size=10)
    with pytest.raises(GansuiteError, match="no poem"):
        train_tokenizer([], size=600)


def test_control_marks_ask_for_what_is_set() -> None:
    asked = Controls(lines=4, length=1, mood=2, rhyme=canonical("ABCB"))
    assert control_tokens(asked) == [
        "<|lines:4|>",
        "<|length:short|>",
        "<|mood:tender|>",
        "<|era:any|>",
        "<|rhyme:-|>",
        "<|rhyme:A|>",
        "<|rhyme:-|>",
        "<|rhyme:A|>",
    ]
    assert control_tokens(Controls()) == [f"<|{kind}:any|>" for kind in ("lines", "length", "mood", "era", "rhyme")]
    assert {*control_tokens(asked), *control_tokens(Controls())} <= {*special_names()}


def test_every_mark_is_one_token(tokenizer: Any) -> None:
    assert tokenizer("".join(special_names()))["input_ids"] == list(range(len(special_names())))


# ---- many poems


def test_tokens_of_many_poems_are_those_of_each(tokenizer: Any, tmp_path: Path) -> None:
    verse = [*poems(30), "one\n\ntwo three", '"Quoted," — so\nit is!', "x"]
    tokens = tokenized(packed(verse), "digest", tokenizer, tmp_path)
    assert len(tokens) == len(verse)
    assert tokens.ids.dtype == np.uint16
    for row, poem in enumerate(verse):
        assert tokens[row].tolist() == encoded_poem(tokenizer, poem)
        assert tokens.lengths[row] == len(tokens[row])


def test_tokens_come_from_the_cache_by_corpus_and_vocabulary(tokenizer: Any, tmp_path: Path) -> None:
    first = tokenized(poems(5), "digest", tokenizer, tmp_path)
    again = tokenized([], "digest", tokenizer, tmp_path)  # the texts are not looked at
    assert isinstance(again.ids, np.memmap)
    assert again.ids.tolist() == first.ids.tolist()
    assert len(tokenized(poems(2), "another", tokenizer, tmp_path)) == 2
    assert len(tokenized(poems(3), "digest", train_tokenizer(poems(30), size=500), tmp_path)) == 3


def test_the_tokenizer_of_another_model_is_fitted_for_poems(tmp_path: Path) -> None:
    other = gpt2()
    size = len(other)
    fitted = with_marks(other)
    assert len(fitted) == size + len(special_names()) + 2
    assert len(with_marks(fitted)) == len(fitted)
    verse = [*poems(5, 70), "one\n\ntwo three"]
    tokens = tokenized(verse, "digest", fitted, tmp_path)
    for row, poem in enumerate(verse):
        assert tokens[row].tolist() == encoded_poem(fitted, poem)
        assert decoded_poem(fitted, tokens[row]) == poem
    fitted.save_pretrained(str(tmp_path / "saved"))
    assert decoded_poem(load_tokenizer(tmp_path / "saved"), tokens[0]) == verse[0]


def test_rows_are_padded_and_cut() -> None:
    ids, there = padded([[1, 2, 3, 4], [5], np.array([6, 7])], pad=0, most=3)
    assert ids.tolist() == [[1, 2, 3], [5, 0, 0], [6, 7, 0]]
    assert there.tolist() == [[True] * 3, [True, False, False], [True, True, False]]
    assert padded([], pad=0, most=3)[0].shape == (0, 0)


# ---- what is wrong


def test_what_is_no_vocabulary_of_ours_is_said(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match=r"holds no tokenizer\.json"):
        load_tokenizer(tmp_path)
    write(tmp_path / "tokenizer.json", "{")
    with pytest.raises(GansuiteError, match="cannot be read"):
        load_tokenizer(tmp_path)
    gpt2().save_pretrained(str(tmp_path / "other"))
    with pytest.raises(GansuiteError, match="has no token '<|pad|>'".replace("|", r"\|")):
        load_tokenizer(tmp_path / "other")
