"""Making a work again from what its file says: by the same recipe, on the same kind of device, with the same weights.

A file may have come from anywhere: all that it says is checked, and it never causes a download.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from gansuite.core import __version__
from gansuite.core.engine import find_device
from gansuite.core.errors import GansuiteError
from gansuite.core.provenance import Provenance
from gansuite.core.seeds import check_seeds


class Loaded(Protocol):
    """A model that is ready to make works."""

    @property
    def model_name(self) -> str:
        """As the person named it."""

    @property
    def digest(self) -> str:
        """sha256 of its weights."""


M = TypeVar("M", bound=Loaded)


def recipe_of(work: Path, provenance: Provenance, art: str, kinds: Mapping[str, type[Any]]) -> Any:
    """What a work follows from, beside model and seed: one of the dataclasses `kinds`, by the kind the work names.

    Raises:
        GansuiteError: it is of another art, of a kind that this version does not know, or damaged.
    """
    if provenance.art != art:
        raise GansuiteError(
            f"{work} was made for {provenance.art!r} and not by 'gansuite {art}'.", "Use the command of that art."
        )
    check_seeds([provenance.seed])
    settings = dict(provenance.settings)
    kind = kinds.get(str(settings.pop("kind", None)))
    if kind is None or not settings.keys() <= {field.name for field in fields(kind)}:
        raise GansuiteError(
            f"{work} was made by gansuite {provenance.version[:20]!r} in a way unknown to {__version__}.",
            "Bring gansuite up to date with: pip install --upgrade gansuite",
        )
    try:
        return TypeAdapter(kind).validate_json(json.dumps(settings), strict=True)
    except ValidationError as error:
        where = error.errors()[0]
        raise GansuiteError(
            f"What {work} says about how it was made is damaged ({'.'.join(map(str, where['loc']))}: {where['msg']}).",
            "Use the file as gansuite wrote it.",
        ) from error


def same_device(work: Path, recorded: str, wanted: str) -> str:
    """The device to make a work again on: the one that is wanted, and for `auto` the kind it was made on.

    Raises:
        GansuiteError: there is none of that kind here.
    """
    if wanted != "auto":
        return wanted
    try:
        return str(find_device(recorded))
    except GansuiteError as error:
        raise GansuiteError(
            f"{work} was made on a device of the kind {recorded[:20]!r}, and there is none here.",
            "Make it with --device cpu; it may differ by a shade.",
        ) from error


def same_model(
    work: Path, provenance: Provenance, model: str | Path | None, load: Callable[[str | Path, bool], M]
) -> M:
    """The model that made a work, and no other.

    Args:
        work: its file.
        provenance: what that says.
        model: where the model is now; None: where the file says.
        load: a model by its name, and whether that may be a name on the hub.

    Raises:
        GansuiteError: there is no such model, or it has other weights.
    """
    fingerprint = f"its model.safetensors has the sha256 {provenance.model_digest[:64]}"
    try:
        found = load(model or provenance.model, model is not None)
    except GansuiteError as error:
        if model is not None:
            raise
        raise GansuiteError(
            f"{work} was made by the model {provenance.model[:200]!r}, which cannot be used: {error.cause}",
            f"Say where it is with --model; {fingerprint}.",
        ) from error
    if found.digest != provenance.model_digest:
        raise GansuiteError(
            f"{work} was made by other weights than those of {found.model_name!r} "
            f"({found.digest[:12]}..., and not {provenance.model_digest[:12]}...).",
            f"Name the right model with --model; {fingerprint}.",
        )
    return found
