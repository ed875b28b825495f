"""The stated word filter: slurs and obscenities, which no poem holds.

The list, `words/blocked.txt`, is kept in ROT13, so that opening it shouts at nobody.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from functools import cache

from gansuite.core.errors import GansuiteError
from gansuite.poetry.lexicon import word_lists
from gansuite.poetry.sounds import plain_word, words_of


def is_offensive(text: str) -> bool:
    """Whether any word of it is on the list, whole, in any case, with or without a possessive 's."""
    return bool(offensive_words(text))


def offensive_words(text: str) -> list[str]:
    """The words of a text that are on the list, as they stand in it."""
    return [word for word in words_of(text) if _plain(word) in _blocked()]


def refuse_offensive(texts: Iterable[str], what: str) -> None:
    """Refuse what a person asks to be written.

    Args:
        texts: what is asked for.
        what: how it is called: `The first line`.

    Raises:
        GansuiteError: a word of it is on the list.
    """
    if any(is_offensive(text) for text in texts):
        raise GansuiteError(
            f"{what} holds a word that gansuite does not write: it is on the list of slurs and obscenities.",
            "Use another word.",
        )


def _plain(word: str) -> str:
    return plain_word(word).strip("'").removesuffix("'s").replace("'", "")


@cache
def _blocked() -> frozenset[str]:
    return frozenset(codecs.decode(word, "rot13") for word in word_lists("blocked.txt")["jbeqf"])
