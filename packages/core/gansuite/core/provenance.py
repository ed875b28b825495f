"""What made this file: model, seed and settings, in the file's own metadata, so that it can be made again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo

from gansuite.core.errors import GansuiteError
from gansuite.core.strict_json import JSON, parse_object, to_text

KEY = "gansuite"
MAX_BYTES = 256 << 10
SAFE_PIXELS = 64 << 20
_FIELDS = {"art": str, "model": str, "model_digest": str, "seed": int, "settings": dict, "version": str}


@dataclass(frozen=True)
class Provenance:
    """Where a work comes from.

    Attributes:
        art: image, music or poetry.
        model: the name or folder the model was loaded from.
        model_digest: sha256 of its `model.safetensors`.
        seed: of this work.
        settings: everything else that is needed to make it again; JSON, and a copy of what was given.
        version: of gansuite.
    """

    art: str
    model: str
    model_digest: str
    seed: int
    settings: Mapping[str, JSON]
    version: str

    def __post_init__(self) -> None:
        # Through JSON and back: tuples become lists now and not on the way home, and nothing is shared.
        object.__setattr__(self, "settings", json.loads(to_text(self.settings)))

    def to_json(self) -> str:
        """One line of ASCII JSON, fit for a PNG text chunk, a MIDI text event or the foot of a poem."""
        return to_text(asdict(self))

    @classmethod
    def from_json(cls, text: bytes | str) -> Provenance:
        """The inverse of `to_json`.

        Raises:
            ValueError: larger than 256 KiB, no JSON object, or a field is missing, unknown or wrong.
        """
        found = parse_object(text, MAX_BYTES)
        if found.keys() != _FIELDS.keys():
            odd = sorted(found.keys() ^ _FIELDS.keys())
            raise ValueError(f"it has missing or unknown fields: {', '.join(odd)[:200]}")
        for name, kind in _FIELDS.items():
            if not isinstance(found[name], kind) or isinstance(found[name], bool):
                raise ValueError(f"its field {name!r} holds something else than expected")
        return cls(**found)


def embed_png(picture: bytes | Image.Image, provenance: Provenance) -> bytes:
    """A PNG of the same pixels that carries its provenance in an iTXt chunk with the keyword `gansuite`.

    Args:
        picture: a Pillow image of a mode that PNG knows, or the bytes of a PNG, whose other texts are kept.
        provenance: at most 256 KiB as JSON.

    Raises:
        GansuiteError: the provenance is too large, or the bytes are not a PNG.
    """
    text = provenance.to_json()
    if len(text) > MAX_BYTES:
        raise GansuiteError(
            f"The settings of this work take {len(text)} bytes, and a file carries at most {MAX_BYTES}.",
            "Refer to the data by name or seed instead of embedding it.",
        )
    image = picture if isinstance(picture, Image.Image) else _open(BytesIO(picture), "The picture")
    info = PngInfo()
    for key, value in _texts(image).items():
        info.add_itxt(key, value)
    info.add_itxt(KEY, text)
    stream = BytesIO()
    image.save(stream, format="PNG", pnginfo=info)
    return stream.getvalue()


def read_png(path: Path) -> Provenance:
    """The provenance that a PNG carries; it is data to check, not to trust: it names a model, it is none.

    Raises:
        GansuiteError: there is no such file, it is not a PNG, or it carries no provenance or a damaged one.
    """
    if not path.is_file():
        raise GansuiteError(f"There is no file {path}.", "Give the path of a PNG that gansuite made.")
    with _open(path, str(path)) as image:
        text = _text(image, path)
    if text is None:
        raise GansuiteError(
            f"{path} does not say how it was made (some programs drop such texts when they save).",
            "Use the file as 'gansuite image generate' wrote it.",
        )
    try:
        return Provenance.from_json(text)
    except ValueError as error:
        raise GansuiteError(
            f"What {path} says about how it was made is damaged: {error}.",
            "Use the file as 'gansuite image generate' wrote it.",
        ) from error


def _open(source: Path | BytesIO, name: str) -> PngImageFile:
    """The head of a PNG. `Image.open` would refuse large prints, though no pixel is decoded here."""
    try:
        return PngImageFile(source)
    except (OSError, SyntaxError, ValueError) as error:
        raise GansuiteError(
            f"{name} is not a PNG that can be read ({_reason(error)}).", "Give a PNG that gansuite made."
        ) from error


def _text(image: PngImageFile, path: Path) -> str | None:
    """The text with our keyword; texts behind the pixels are looked for only where decoding is safe."""
    found: Any = image.info.get(KEY)
    if found is None and image.width * image.height <= SAFE_PIXELS:
        try:
            found = image.text.get(KEY)
        except (OSError, SyntaxError, ValueError) as error:
            raise GansuiteError(f"{path} is damaged ({_reason(error)}).", "Give a whole PNG.") from error
    return str(found) if isinstance(found, str) else None


def _texts(image: Image.Image) -> dict[str, str]:
    texts = image.text if isinstance(image, PngImageFile) else {}
    return {key: str(value) for key, value in texts.items() if key != KEY}


def _reason(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]
