"""Whether a label names the picture as a whole, a scene, or a thing in it, an object."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from gansuite.poetry.lexicon import singular, word_lists

SCENE, OBJECT = "scene", "object"
_SPLIT = re.compile(r"[^a-z]+")


def kinds_of(labels: Sequence[str], names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The different labels of M pictures but "", sorted: those of scenes, those of objects.

    The folder above the label decides where it says so (`scene`, `weather`; `flower`, `object`), then the label itself;
    what no list knows is an object.

    Args:
        labels: M labels.
        names: M paths, with `/` between folders.
    """
    above: dict[str, set[str]] = {label: set() for label in sorted(set(labels) - {""})}
    for label, name in zip(labels, names, strict=True):
        if label:
            above[label].add(folder_above(label, name))
    kinds = {label: kind_of(label, folders) for label, folders in above.items()}
    scenes, objects = ([label for label, kind in kinds.items() if kind == which] for which in (SCENE, OBJECT))
    return tuple(scenes), tuple(objects)


def kind_of(label: str, above: set[str]) -> str:
    """The kind of one label, in one or several folders."""
    said = {kind for folder in above for kind in _known(folder)} or _known(label)
    return SCENE if SCENE in said else OBJECT


def folder_above(label: str, name: str) -> str:
    """The folder that holds the one called `label` in a path, "" where there is none."""
    folders = PurePosixPath(name).parts[:-1]
    place = len(folders) - 1 - folders[::-1].index(label) if label in folders else 0
    return folders[place - 1] if place else ""


def _known(words: str) -> set[str]:
    parts = {form for part in _SPLIT.split(words.casefold()) for form in (part, singular(part))}
    return {kind for kind, listed in word_lists("kinds.txt").items() if parts & set(listed)}
