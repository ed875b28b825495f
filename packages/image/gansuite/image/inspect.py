"""What is in a portfolio: what can be used, what cannot and why, and what it is good for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansuite.core.errors import GansuiteError
from gansuite.core.listing import bars, listed, section
from gansuite.core.pictures.decode import Colour, decode_entry, in_order
from gansuite.core.pictures.files import open_source
from gansuite.core.sources import Entry, Refusal, Source, Unreadable
from gansuite.image.dataset import MINIMUM_WORKS, parse_colour
from gansuite.image.duplicates import SIDE, duplicate_groups, thumbnail
from gansuite.image.fit import kept_by_crop
from gansuite.image.labels import folder_labels, not_used
from gansuite.image.resolution import allowed_resolutions

FEW_WORKS = 100
SIZE_EDGES = (32, 64, 128, 256, 512, 1024, 2048)
ASPECTS = (
    (0.5, "very tall (over 1:2)"),
    (0.8, "tall"),
    (1.25, "about square"),
    (2.0, "wide"),
    (float("inf"), "very wide (over 2:1)"),
)
MODES = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey, transparent",
    "P": "palette",
    "RGB": "colour",
    "RGBA": "colour, transparent",
    "CMYK": "print colours (CMYK)",
    "I;16": "grey, 16-bit",
    "I;16B": "grey, 16-bit",
    "F": "grey, floating point",
}


@dataclass(frozen=True)
class Report:
    """What was found in a portfolio.

    Attributes:
        source: the folder, zip or file.
        found: files looked at (hidden ones are not).
        used: works that can be trained on.
        skipped: (name, reason) of every other file; name and reason make a sentence.
        formats: works by file format.
        modes: works by how colours are stored, in Pillow's words.
        labels: works by sub-folder, "" for those beside the sub-folders; empty with fewer than two
            sub-folders of works.
        sizes: works by shorter side in pixels, a histogram.
        aspects: works by width to height, a histogram.
        median_size: (width, height), the medians, in pixels.
        kept_by_crop: mean share of a work's area (0..1) that the middle square shows.
        duplicates: groups of near-duplicates, by name.
        supports: share of works (0..1) whose shorter side reaches each size the networks can make.
        resolution: the largest size that 90 % of the works reach, or None if that is none.
        advice: what to do, a few sentences.
        warnings: what may go wrong, a sentence each.
    """

    source: str
    found: int
    used: int
    skipped: tuple[tuple[str, str], ...]
    formats: dict[str, int]
    modes: dict[str, int]
    labels: dict[str, int]
    sizes: dict[str, int]
    aspects: dict[str, int]
    median_size: tuple[int, int]
    kept_by_crop: float
    duplicates: tuple[tuple[str, ...], ...]
    supports: dict[int, float]
    resolution: int | None
    advice: str
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as what `json.dumps` accepts."""
        return {**asdict(self), "supports": {str(side): share for side, share in self.supports.items()}}

    def to_text(self, shown: int = 200) -> str:
        """The report as a page of text; of lists at most `shown` lines each."""
        return "\n".join(_page(self, shown))


@dataclass(frozen=True, eq=False)
class _Look:
    name: str
    format: str
    mode: str
    width: int
    height: int
    thumbnail: NDArray[np.uint8]


def inspect_portfolio(path: str | Path, background: str = "white") -> Report:
    """Decode every file of a folder, zip or single file once and report.

    No single file stops it. A portfolio without any usable work is reported too.

    Args:
        path: what to look at.
        background: what lies under transparency: a colour name or #rrggbb.

    Raises:
        GansuiteError: nothing is there, it holds no file at all, or `background` is no colour.
    """
    colour = parse_colour(background)
    with open_source(path) as source:
        if not source.entries and not source.refused:
            raise GansuiteError(f"{source.path} holds no files.", "Name a folder or a zip of pictures.")
        seen = list(in_order(partial(_look, background=colour), source.entries))
    looks = [item for item in seen if isinstance(item, _Look)]
    refusals = [*source.refused, *(item for item in seen if isinstance(item, Refusal))]
    return _report(source, looks, tuple(sorted((refusal.name, refusal.reason) for refusal in refusals)))


def supported_resolution(short_sides: Sequence[int], share: float = 0.9) -> int | None:
    """The largest allowed resolution that at least `share` of the shorter sides (pixels) reach, or None."""
    reached = [side for side, part in _supports(short_sides).items() if part >= share]
    return max(reached, default=None)


def _look(entry: Entry, background: Colour) -> _Look | Refusal:
    try:
        picture, _ = decode_entry(entry, background, at_least=2 * SIDE)
        small = thumbnail(picture.image)
        return _Look(entry.name, picture.format, picture.mode, picture.width, picture.height, small)
    except Unreadable as error:
        return not_used(entry.name, error.reason)


def _report(source: Source, looks: Sequence[_Look], skipped: tuple[tuple[str, str], ...]) -> Report:
    shorter = [min(look.width, look.height) for look in looks]
    labels = _labels(looks)
    duplicates = _groups(looks)
    kept = float(np.mean([kept_by_crop(look.width, look.height) for look in looks])) if looks else 0.0
    resolution = supported_resolution(shorter)
    return Report(
        source=str(source.path),
        found=len(looks) + len(skipped),
        used=len(looks),
        skipped=skipped,
        formats=_counted([look.format for look in looks]),
        modes=_counted([look.mode for look in looks]),
        labels=labels,
        sizes=_size_histogram(shorter),
        aspects=_aspect_histogram([look.width / look.height for look in looks]),
        median_size=_median_size(looks),
        kept_by_crop=round(kept, 3),
        duplicates=duplicates,
        supports=_supports(shorter),
        resolution=resolution,
        advice=_advice(resolution, kept, len(looks)),
        warnings=tuple(_warnings(looks, skipped, labels, duplicates)),
    )


def _labels(looks: Sequence[_Look]) -> dict[str, int]:
    counts = Counter(folder_labels([look.name for look in looks]))
    return dict(sorted(counts.items())) if len(set(counts) - {""}) > 1 else {}


def _counted(words: Sequence[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0])))


def _size_histogram(shorter: Sequence[int]) -> dict[str, int]:
    edges = (0, *SIZE_EDGES)
    names = [f"{low}-{high - 1}" for low, high in pairwise(edges)] + [f"{edges[-1]} or more"]
    bins = np.searchsorted(SIZE_EDGES, np.array(shorter, np.int64), side="right")
    return {name: int((bins == number).sum()) for number, name in enumerate(names)}


def _aspect_histogram(ratios: Sequence[float]) -> dict[str, int]:
    bins = np.searchsorted([edge for edge, _ in ASPECTS], np.array(ratios, np.float64))
    return {name: int((bins == number).sum()) for number, (_, name) in enumerate(ASPECTS)}


def _median_size(looks: Sequence[_Look]) -> tuple[int, int]:
    if not looks:
        return 0, 0
    return int(np.median([look.width for look in looks])), int(np.median([look.height for look in looks]))


def _groups(looks: Sequence[_Look]) -> tuple[tuple[str, ...], ...]:
    if not looks:
        return ()
    groups: dict[int, list[str]] = {}
    for look, group in zip(looks, duplicate_groups(np.stack([look.thumbnail for look in looks])), strict=True):
        groups.setdefault(int(group), []).append(look.name)
    return tuple(tuple(names) for names in groups.values() if len(names) > 1)


def _supports(shorter: Sequence[int]) -> dict[int, float]:
    sides = np.array(shorter, np.int64)
    return {side: float((sides >= side).mean()) if sides.size else 0.0 for side in allowed_resolutions()}


def _advice(resolution: int | None, kept: float, used: int) -> str:
    if not used:
        return "There is nothing to train on here."
    if resolution is None:
        said = "Most works are smaller than 32 pixels and would be enlarged; use larger files if there are any."
    else:
        said = f"9 in 10 works reach {resolution} pixels a side: train at up to --resolution {resolution}"
        said += ", and at 64 for a first look." if resolution > 64 else "."
    if kept < 0.8:
        said += f" The middle square shows {kept:.0%} of a work on average; --fit pad keeps all of it."
    return said


def _warnings(
    looks: Sequence[_Look],
    skipped: Sequence[tuple[str, str]],
    labels: dict[str, int],
    duplicates: Sequence[tuple[str, ...]],
) -> list[str]:
    used, extra = len(looks), sum(len(group) - 1 for group in duplicates)
    found = []
    if used < MINIMUM_WORKS:
        found.append(f"{used} usable works are too few to train on: {MINIMUM_WORKS} are the least.")
    elif used < FEW_WORKS:
        found.append(f"{used} works are few: below {FEW_WORKS} a generator tends to copy; --crops may help.")
    if len(skipped) > 0.1 * (used + len(skipped)):
        found.append(f"{len(skipped)} of {used + len(skipped)} files cannot be used; the reasons are listed.")
    if extra:
        found.append(f"Near-duplicates of other works: {extra}; what is there twice counts twice in training.")
    small = [f"{name} {count}" for name, count in labels.items() if name and count < 10]
    if small:
        found.append(f"Labels with fewer than 10 works are hard to learn: {', '.join(small[:8])}.")
    return found


def _page(report: Report, shown: int) -> list[str]:
    modes = _counted([MODES.get(mode, mode) for mode, count in report.modes.items() for _ in range(count)])
    lines = [report.source, f"  {report.found} files, {report.used} used, {len(report.skipped)} skipped", ""]
    if report.used:
        width, height = report.median_size
        lines += [f"  formats   {listed(report.formats)}", f"  colours   {listed(modes)}"]
        lines += [f"  size      {width} x {height} pixels (medians)", ""]
        lines += ["  shorter side in pixels", *bars(report.sizes), "", "  shape", *bars(report.aspects), ""]
        named = {name or "(no label)": count for name, count in report.labels.items()}
        lines += ["  labels (sub-folders)", *bars(named), ""] if named else []
    lines += section("near-duplicates", [" = ".join(group) for group in report.duplicates], shown)
    lines += section("skipped", [f"{name} {reason}" for name, reason in report.skipped], shown)
    lines += section("warnings", report.warnings, shown)
    return [*lines, f"  {report.advice}"]
