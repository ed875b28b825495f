"""From a model to pictures, each of which knows how it was made and can be made again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from gansuite.core.again import recipe_of, same_device, same_model
from gansuite.core.errors import GansuiteError
from gansuite.core.files import write_atomically
from gansuite.core.provenance import Provenance, embed_png, read_png
from gansuite.core.seeds import MOST_SEEDS, check_seeds
from gansuite.image.directions import Strip, draw_strip
from gansuite.image.interpolate import ANIMATIONS, Walk, read_animation, write_walk
from gansuite.image.mixing import Change, changed_codes
from gansuite.image.sampler import Sampler, load_sampler
from gansuite.image.sheets import COLUMNS
from gansuite.image.sheets import sheet as contact_sheet

__all__ = ["Sampler", "like", "load_sampler", "write_changed", "write_pictures", "write_strip"]

_OTHER_SUFFIXES = frozenset({".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".mp4"})


@dataclass(frozen=True)
class Picture:
    """What a single picture follows from, beside model and seed; see `Sampler`."""

    truncation: float = 1.0
    device: str = "cpu"
    label: str | None = None


@dataclass(frozen=True)
class Sheet:
    """What a sheet follows from, beside the model; see `Sampler`."""

    seeds: tuple[int, ...]
    truncation: float = 1.0
    columns: int = COLUMNS
    device: str = "cpu"
    label: str | None = None

    def __post_init__(self) -> None:
        check_seeds(self.seeds)
        if not 1 <= self.columns <= MOST_SEEDS:
            raise GansuiteError(f"A sheet cannot have {self.columns} columns.", f"Use {COLUMNS}.")


@dataclass(frozen=True)
class Changed(Picture):
    """What a picture follows from that differs from that of its seed, beside model and seed."""

    change: Change = field(default_factory=Change)


Recipe: TypeAlias = Picture | Changed | Sheet | Strip | Walk
KINDS: dict[str, type[Recipe]] = {
    "picture": Picture,
    "changed": Changed,
    "sheet": Sheet,
    "strip": Strip,
    "walk": Walk,
}


def write_pictures(
    sampler: Sampler,
    seeds: Sequence[int],
    truncation: float,
    out: Path,
    sheet: bool = False,
    *,
    columns: int = COLUMNS,
    label: str | None = None,
) -> list[Path]:
    """Draw pictures into files that carry their provenance, each file written whole or not at all.

    Args:
        seeds: one picture each.
        truncation: see `Sampler.codes`.
        out: a folder, for `seed-0000007.png` and so on, or `sheet-0000007-48.png` (first seed, how many); or
            a file `*.png` for one picture or a sheet.
        sheet: one sheet in place of single pictures.
        columns: of the sheet.
        label: of all pictures; None leaves each seed its own.

    Returns:
        The files, in the order of the seeds.

    Raises:
        GansuiteError: see `Sampler.codes`; `out` cannot take so many pictures; or it cannot be written.
    """
    check_seeds(seeds)
    if sheet:
        settings = Sheet(tuple(seeds), truncation, columns, sampler.device.type, label)
        return [_write_sheet(sampler, settings, _place(out, f"sheet-{seeds[0]:07d}-{len(seeds)}.png"))]
    different = list(dict.fromkeys(seeds))
    _check_room(out, different)
    settings_of_all = Picture(truncation, sampler.device.type, label)
    return [_write_picture(sampler, seed, settings_of_all, _place(out, f"seed-{seed:07d}.png")) for seed in different]


def write_changed(
    sampler: Sampler, seeds: Sequence[int], truncation: float, out: Path, change: Change, label: str | None = None
) -> list[Path]:
    """Draw pictures that differ from those of their seeds; see `write_pictures`.

    Raises:
        GansuiteError: see `changed_codes` and `write_pictures`.
    """
    check_seeds(seeds)
    different = list(dict.fromkeys(seeds))
    _check_room(out, different)
    settings = Changed(truncation, sampler.device.type, label, change)
    return [
        _write_picture(sampler, seed, settings, _place(out, f"seed-{seed:07d}{change.name}.png")) for seed in different
    ]


def write_strip(sampler: Sampler, seed: int, strip: Strip, out: Path) -> Path:
    """Draw what directions do to the picture of a seed; see `draw_strip`.

    Args:
        out: a folder, for `strip-0000007.png`, or a file `*.png`.
    """
    return _write_strip(sampler, seed, strip, _place(out, f"strip-{seed:07d}.png"))


def like(work: Path, out: Path, model: str | Path | None = None, device: str = "auto") -> Path:
    """Make a picture, a sheet or an animation again from what its file says: the same pixels.

    Args:
        work: a PNG, GIF, WebP or MP4 that gansuite made.
        out: a folder, for a file of the same name, or the file.
        model: where the model is now; by default what the file says. A file never causes a download.
        device: auto is the kind of device it was drawn on.

    Raises:
        GansuiteError: the file carries no (whole) provenance, or that of another art; the model is not there
            or has other weights than the one that made it; the device is not there; `out` is `work` itself.
    """
    is_png = work.suffix.lower() not in _OTHER_SUFFIXES
    provenance = read_png(work) if is_png else read_animation(work)
    recipe: Recipe = recipe_of(work, provenance, "image", KINDS)
    still = work.with_suffix(".png").name
    target = _animation(out, work.name) if isinstance(recipe, Walk) else _place(out, still)
    if target.resolve() == work.resolve():
        raise GansuiteError(f"{work} would be written over itself.", "Name another place with --out.")
    chosen = same_device(work, recipe.device, device)
    sampler = same_model(work, provenance, model, lambda name, hub: load_sampler(name, chosen, hub=hub))
    if isinstance(recipe, Walk):
        return write_walk(sampler, recipe, target)
    if isinstance(recipe, Sheet):
        return _write_sheet(sampler, recipe, target)
    if isinstance(recipe, Strip):
        return _write_strip(sampler, provenance.seed, recipe, target)
    return _write_picture(sampler, provenance.seed, recipe, target)


def _check_room(out: Path, seeds: Sequence[int]) -> None:
    if _is_png(out) and len(seeds) > 1:
        raise GansuiteError(
            f"{out} is one file, and there are {len(seeds)} pictures.",
            "Name a folder with --out, or put them on one sheet with --sheet.",
        )


def _is_png(out: Path) -> bool:
    return out.suffix.lower() == ".png"


def _place(out: Path, name: str) -> Path:
    """The file that `out` means: itself when it is a PNG, else a file of that name in it."""
    if out.suffix.lower() in _OTHER_SUFFIXES:
        raise GansuiteError(
            f"{out} is not a PNG, and pictures are written as PNG, which says how they were made.",
            f"Use --out {out.with_suffix('.png')}, or name a folder.",
        )
    return out if _is_png(out) else out / name


def _animation(out: Path, name: str) -> Path:
    """The file that `out` means: itself when it is an animation, else a file of that name in it."""
    return out if out.suffix.lower() in ANIMATIONS else out / name


def _write_picture(sampler: Sampler, seed: int, settings: Picture, path: Path) -> Path:
    if isinstance(settings, Changed):
        kind, codes = "changed", changed_codes(sampler, [seed], settings.truncation, settings.label, settings.change)
    else:
        kind, codes = "picture", sampler.codes([seed], settings.truncation, settings.label)
    provenance = sampler.provenance(kind, seed, asdict(settings))
    return _write(Image.fromarray(sampler.draw(codes)[0]), provenance, path)


def _write_sheet(sampler: Sampler, settings: Sheet, path: Path) -> Path:
    pixels = sampler.draw(sampler.codes(settings.seeds, settings.truncation, settings.label))
    provenance = sampler.provenance("sheet", settings.seeds[0], asdict(settings))
    return _write(contact_sheet(pixels, settings.columns), provenance, path)


def _write_strip(sampler: Sampler, seed: int, strip: Strip, path: Path) -> Path:
    return _write(draw_strip(sampler, seed, strip), sampler.provenance("strip", seed, asdict(strip)), path)


def _write(image: Image.Image, provenance: Provenance, path: Path) -> Path:
    write_atomically(path, embed_png(image, provenance))
    return path
