"""A GPT-2 from a folder, or from the hub when a person names it there, for a poet to begin from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gansuite.core.errors import GansuiteError
from gansuite.core.library import is_hub_id
from gansuite.poetry.tokens import with_marks

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast


def load_gpt2(name: str) -> tuple[GPT2LMHeadModel, PreTrainedTokenizerFast]:
    """The model, with room for the marks of poems, and its tokenizer with these marks.

    Only safetensors are opened and no code of theirs is run.

    Args:
        name: a folder, or a hub id, for which the network is used.

    Raises:
        GansuiteError: there is no such GPT-2, it is damaged, or it is another kind of network.
    """
    place = Path(name).expanduser()
    if not place.is_dir() and not is_hub_id(name):
        raise GansuiteError(f"There is no folder {name}.", "Name a folder, or a hub id as owner/name.")
    where: dict[str, Any] = {"local_files_only": True} if place.is_dir() else {}
    try:
        return _loaded(str(place) if place.is_dir() else name, where)
    except Exception as error:  # transformers, safetensors and the hub share no base class for what may go wrong
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise GansuiteError(
            f"GPT-2 could not be loaded from {name}: {reason}",
            "Name a folder with config.json, model.safetensors and tokenizer.json, or a hub id such as "
            "openai-community/gpt2.",
        ) from error


def _loaded(source: str, where: dict[str, Any]) -> tuple[GPT2LMHeadModel, PreTrainedTokenizerFast]:
    from transformers import AutoConfig, AutoTokenizer, GPT2LMHeadModel

    kind = AutoConfig.from_pretrained(source, trust_remote_code=False, **where).model_type
    if kind != "gpt2":
        raise ValueError(f"it is a {kind}, not a gpt2")
    model: Any = GPT2LMHeadModel.from_pretrained(source, use_safetensors=True, **where)
    tokenizer = with_marks(AutoTokenizer.from_pretrained(source, use_fast=True, trust_remote_code=False, **where))
    model.resize_token_embeddings(len(tokenizer))
    return model, tokenizer
