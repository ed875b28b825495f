"""A portfolio ready for training: bytes in memory order, labels, and works held out.

N pictures (squares), W works, S side in pixels; one work gives one picture, or several with `crops`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.pictures.decode import Colour, Picture, content_key, decode_entry, in_order
from gansuite.core.pictures.files import open_source
from gansuite.core.pictures.fit import FITS
from gansuite.core.sources import Entry, Refusal, Source, Unreadable
from gansuite.image.cache import Decoded, Facts, Order, Piece, default_cache_root, fetch
from gansuite.image.duplicates import thumbnail
from gansuite.image.fit import pixels_needed, squares
from gansuite.image.labels import Labels, not_used, read_labels, split_spec
from gansuite.image.resolution import check_resolution
from gansuite.image.split import hold_out

MINIMUM_WORKS = 8
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DataConfig:
    """Which works, and how they become squares.

    Attributes:
        path: a folder, a zip or one file; None is the embedded portfolio.
        resolution: side of the squares in pixels; see `resolution.allowed_resolutions`.
        fit: crop (the middle square), pad (the whole work on the background) or stretch.
        crops: cut works that are large enough into up to this many squares, so that none is enlarged; 1 cuts none.
        background: what lies under transparency and beside padded works: a colour name or #rrggbb.
        labels: folders, none, file.csv or file.csv:column; a work without a label gets -1. auto: folders, where there
            are some, for the choice of what is held out alone.
        held_out: share of the works kept away from training, 0..0.5; at least one work, at most half.
        keep_duplicates: whether all near-duplicates are used, or of each group only the largest.
        seed: chooses the works held out.
    """

    path: str | None = None
    resolution: int = 64
    fit: str = "crop"
    crops: int = 1
    background: str = "white"
    labels: str = "auto"
    held_out: float = 0.1
    keep_duplicates: bool = True
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Portfolio:
    """Works as squares, and what training may see of them.

    Attributes:
        pixels: uint8 (N, S, S, 3), RGB, C-contiguous, read-only; memory-mapped from the cache where there is one.
        works: int64 (N,), the work each picture came from, 0..W-1.
        names: W names.
        labels: int64 (N,) indices into `label_names`, -1 for a work without a label; None without labels.
        label_names: sorted.
        train: indices of pictures to train on, ascending.
        held_out: indices of pictures kept away, ascending; of other works than `train`. Pictures in neither
            are near-duplicates left out.
        digest: sha256 (hex) of everything above but the names: same digest, same data, labels and split.
        skipped: name and reason of each file that is not used.
        notes: sentences a person should read.
    """

    pixels: NDArray[np.uint8]
    works: NDArray[np.int64]
    names: tuple[str, ...]
    labels: NDArray[np.int64] | None
    label_names: tuple[str, ...]
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    digest: str
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def shares(self) -> tuple[float, ...]:
        """How frequent each label is among the pictures to train on that have one, in order; () if none has."""
        known = np.zeros(0, np.int64) if self.labels is None else self.labels[self.train]
        counts = np.bincount(known[known >= 0], minlength=len(self.label_names))
        return tuple(round(float(count / counts.sum()), 4) for count in counts) if counts.any() else ()


def open_portfolio(config: DataConfig, cache_root: Path | None = None, progress: Progress | None = None) -> Portfolio:
    """Open a portfolio, decoding it once into the cache.

    Args:
        config: what to open.
        cache_root: folder of the cache; None is the environment's GANSUITE_CACHE or the user's cache folder.
        progress: called with (works done, works in all) while works are decoded.

    Raises:
        GansuiteError: an impossible setting; nothing at the path; no picture, no usable one or fewer than 8 works.
    """
    check_config(config)
    root = default_cache_root() if cache_root is None else cache_root
    if config.path is None:
        decoded, note = fetch(root, *_embedded(config, progress))
        source = Source(Path("the embedded portfolio"), (), ())
        return _portfolio(config, decoded, source, note)
    with open_source(config.path) as source:
        if not source.entries and not source.refused:
            raise GansuiteError(f"{source.path} holds no files.", "Name a folder or a zip of pictures with --data.")
        decoded, note = fetch(root, *_from_source(config, source, progress))
        return _portfolio(config, decoded, source, note)


def check_config(config: DataConfig) -> None:
    """Raise `GansuiteError` for a setting that is not possible; touches no file."""
    check_resolution(config.resolution)
    parse_colour(config.background)
    if config.fit not in FITS:
        raise GansuiteError(
            f"There is no fit '{config.fit}': a work is fitted by {', '.join(FITS)}.",
            did_you_mean(config.fit, list(FITS)),
        )
    if not 1 <= config.crops <= 256:
        raise GansuiteError(f"A work cannot be cut into {config.crops} crops.", "Use --crops with 1 to 256.")
    if not 0 <= config.held_out <= 0.5:
        raise GansuiteError(
            f"held_out is the share of works kept from training, 0 to 0.5, not {config.held_out:g}.",
            "Use 0.1 to hold out one work in ten.",
        )
    if config.labels not in ("auto", "folders", "none"):
        split_spec(config.labels)


def parse_colour(name: str) -> Colour:
    """A colour name or code (`white`, `#f0e8d0`) as (red, green, blue) in 0..255; raises `GansuiteError`."""
    try:
        return ImageColor.getrgb(name)[:3]
    except ValueError as error:
        raise GansuiteError(
            f"'{name}' is not a colour.", "Name one, such as white, or give its code, such as '#f0e8d0'."
        ) from error


def read_piece(entry: Entry, config: DataConfig) -> Piece | Refusal:
    """One entry as squares of the config's resolution, or the reason why it is not used."""
    background = parse_colour(config.background)
    try:
        picture, data = decode_entry(entry, background, pixels_needed(config.resolution, config.crops))
        return _piece(entry.name, picture, hashlib.sha256(data).hexdigest(), config)
    except Unreadable as error:
        return not_used(entry.name, error.reason)
    except MemoryError:
        return Refusal(entry.name, "needs more memory than there is")


def _piece(name: str, picture: Picture, content: str, config: DataConfig) -> Piece:
    cut = squares(picture, config.resolution, config.fit, config.crops, parse_colour(config.background))
    return Piece(name, cut, thumbnail(picture.image), content, (picture.width, picture.height))


def _from_source(
    config: DataConfig, source: Source, progress: Progress | None
) -> tuple[Order, Callable[[], Iterator[Piece | Refusal]]]:
    order = _order(config, str(source.path), content_key(source.entries), len(source.entries))
    work = partial(read_piece, config=config)
    return order, lambda: _counted(in_order(work, source.entries), len(source.entries), progress)


def _embedded(config: DataConfig, progress: Progress | None) -> tuple[Order, Callable[[], Iterator[Piece | Refusal]]]:
    from gansuite.image import synth

    count, size = synth.COUNT, max(synth.SIZE, config.resolution)
    order = _order(config, "embedded", f"{_code_of(synth)} {count} {size}", count)

    def draw() -> Iterator[Piece]:
        pictures, styles = synth.draw_portfolio(count=count, size=size, seed=0)
        for number, (pixels, style) in enumerate(zip(pictures, styles, strict=True)):
            picture = Picture(Image.fromarray(pixels), size, size, "drawn", "RGB")
            yield _piece(f"{style}/{number:04d}", picture, hashlib.sha256(pixels.tobytes()).hexdigest(), config)

    return order, lambda: _counted(draw(), count, progress)


def _order(config: DataConfig, source: str, content: str, count: int) -> Order:
    settings = {"fit": config.fit, "crops": config.crops, "background": list(parse_colour(config.background))}
    return Order(source, content, settings, config.resolution, count)


def _code_of(module: ModuleType) -> str:
    """A hash of the module's source: a change of the drawing code makes another portfolio."""
    path = Path(module.__file__ or "")
    files = sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _counted(pieces: Iterator[Piece | Refusal], total: int, progress: Progress | None) -> Iterator[Piece | Refusal]:
    for done, piece in enumerate(pieces, 1):
        yield piece
        if progress is not None:
            progress(done, total)


def _portfolio(config: DataConfig, decoded: Decoded, source: Source, note: str | None) -> Portfolio:
    facts = decoded.facts
    skipped = _skipped(config, facts, source)
    _enough(len(facts.names), skipped, source)
    labels = read_labels(config.labels, facts.names, source)
    kept, dropped = _without_duplicates(facts) if not config.keep_duplicates else (np.arange(len(facts.names)), ())
    _enough(len(kept), (*skipped, *dropped), source)
    works = np.repeat(np.arange(len(facts.names)), facts.counts)
    sides = _sides(config, facts, labels, kept)
    per_picture = None if labels.values is None else labels.values[works]
    train, held = np.flatnonzero(sides[works] == 1), np.flatnonzero(sides[works] == 2)
    return Portfolio(
        pixels=decoded.pixels,
        works=works,
        names=facts.names,
        labels=per_picture,
        label_names=labels.names,
        train=train,
        held_out=held,
        digest=_digest(facts.digest, labels.names, (works, per_picture, train, held)),
        skipped=(*skipped, *dropped),
        notes=(*((note,) if note else ()), *labels.notes, *_notes(config, len(kept), facts, int(held.size))),
    )


def _sides(config: DataConfig, facts: Facts, labels: Labels, kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """(W,): 1 for training, 2 for held out, 0 for left out."""
    groups = np.array(facts.groups, np.int64)
    values = None if labels.values is None else labels.values[kept]
    held = hold_out([facts.contents[work] for work in kept], groups[kept], values, config.held_out, config.seed)
    sides = np.zeros(len(facts.names), np.int64)
    sides[kept] = np.where(held, 2, 1)
    return sides


def _without_duplicates(facts: Facts) -> tuple[NDArray[np.int64], tuple[tuple[str, str], ...]]:
    """Of each group the work with most pixels; the others with the reason why not."""
    best: dict[int, int] = {}
    order = sorted(range(len(facts.names)), key=lambda w: (-facts.sizes[w][0] * facts.sizes[w][1], facts.contents[w]))
    for work in order:
        best.setdefault(facts.groups[work], work)
    kept = np.array(sorted(best.values()), np.int64)
    chosen = set(best.values())
    dropped = [
        (name, f"is a near-duplicate of {facts.names[best[facts.groups[work]]]}")
        for work, name in enumerate(facts.names)
        if work not in chosen
    ]
    return kept, tuple(dropped)


def _skipped(config: DataConfig, facts: Facts, source: Source) -> tuple[tuple[str, str], ...]:
    table = None if config.labels in ("auto", "folders", "none") else split_spec(config.labels)[0]
    refused = [(refusal.name, refusal.reason) for refusal in source.refused]
    return tuple(sorted(pair for pair in [*facts.skipped, *refused] if pair[0] != table))


def _enough(works: int, skipped: Sequence[tuple[str, str]], source: Source) -> None:
    if works >= MINIMUM_WORKS:
        return
    first = f" The first of {len(skipped)} skipped: {skipped[0][0]} {skipped[0][1]}." if skipped else ""
    found = "no usable picture" if works == 0 else f"only {works} usable picture{'s' if works > 1 else ''}"
    raise GansuiteError(
        f"{source.path} holds {found}; training needs at least {MINIMUM_WORKS}.{first}",
        "See what was found with `gansuite image inspect`, or name another folder with --data.",
    )


def _notes(config: DataConfig, works: int, facts: Facts, held: int) -> tuple[str, ...]:
    notes = []
    if works < 10:
        notes.append(f"With only {works} works so few are held out ({held}) that measures mean little.")
    groups = len(set(facts.groups))
    if config.keep_duplicates and groups < len(facts.names):
        extra = len(facts.names) - groups
        notes.append(f"{extra} of {len(facts.names)} works are near-duplicates of others; alike ones stay together.")
    return tuple(notes)


def _digest(pixels: str, label_names: tuple[str, ...], arrays: tuple[NDArray[np.int64] | None, ...]) -> str:
    digest = hashlib.sha256(f"{pixels} {label_names}".encode())
    for array in arrays:
        digest.update(b"-" if array is None else array.astype("<i8").tobytes() + b"|")
    return digest.hexdigest()
