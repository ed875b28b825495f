"""What is in people's music: what can be used, what cannot and why, and what it is good for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gansuite.core.listing import bars, listed, section
from gansuite.music.dataset import MusicDataConfig, check_config
from gansuite.music.gather import Gathered, gather
from gansuite.music.judge import Judged, first_of_each, judge
from gansuite.music.keys import in_scale
from gansuite.music.notes import Ints
from gansuite.music.packs import Pack
from gansuite.music.phrases import DUPLICATE, FEW_FAMILIES, NO_DRUMS, OUT_OF_METER, families_playing
from gansuite.music.roll import TRACKS
from gansuite.music.score import Score
from gansuite.music.split import HELD_OUT, TRAIN

FEW_PHRASES = 500
TEMPO_EDGES = (60, 80, 100, 120, 140, 160, 200)
PACK = "phrase pack"


@dataclass(frozen=True)
class Report:
    """What was found in a source of music.

    Attributes:
        source: the folder, zip or file.
        found: files looked at (hidden ones are not).
        used: files that phrases were cut from.
        skipped: (name, reason) of every other file; name and reason make a sentence.
        kinds: readable files by kind.
        meters: files by the time signature that holds longest.
        tempi: files by tempo in quarter notes a minute, a histogram; packs have none.
        families: share (0..1) of the phrases in which each family plays; None where the source has none of it.
        keys: kept phrases by how many semitones they lie above (or below) C major or A minor, -6 to 5.
        pieces: pieces that kept phrases come from.
        cut: phrases cut from all files.
        kept: phrases that training would use.
        dropped: phrases left out, by reason.
        split: phrases kept in folders `train` and in folders `valid`, if there are both.
        in_scale: share (0..1) of sounding time in the notes of C major, before and after moving to one key.
        advice: what to do, a few sentences.
        warnings: what may go wrong, a sentence each.
    """

    source: str
    found: int
    used: int
    skipped: tuple[tuple[str, str], ...]
    kinds: dict[str, int]
    meters: dict[str, int]
    tempi: dict[str, int]
    families: dict[str, float | None]
    keys: dict[int, int]
    pieces: int
    cut: int
    kept: int
    dropped: dict[str, int]
    split: tuple[int, int] | None
    in_scale: tuple[float, float]
    advice: str
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as what `json.dumps` accepts."""
        return {**asdict(self), "keys": {str(shift): count for shift, count in self.keys.items()}}

    def to_text(self, shown: int = 200) -> str:
        """The report as a page of text; of lists at most `shown` lines each."""
        return "\n".join(_page(self, shown))


@dataclass(frozen=True)
class _Look:
    kind: str
    meter: str
    tempo: float | None


def inspect_music(path: str | Path, config: MusicDataConfig | None = None) -> Report:
    """Read every file of a folder, zip or single file once and report what training would make of it.

    No single file stops it. Music without any usable phrase is reported too.

    Args:
        path: what to look at.
        config: how phrases would be cut; its paths and seed play no part.

    Raises:
        GansuiteError: nothing is there, it holds no file at all, or a setting is impossible.
    """
    config = config or MusicDataConfig()
    check_config(config)
    looks: list[_Look] = []
    found = gather((str(path),), (), config.cutting, look=lambda name, held: looks.append(_look(name, held)))
    return _report(config, found, looks, judge(found, config.grid, config.min_families))


def _look(name: str, held: Score | Pack) -> _Look:
    if isinstance(held, Pack):
        return _Look(PACK, "4/4", None)
    kind = "pypianoroll" if name.lower().endswith(".npz") else "MIDI"
    return _Look(kind, f"{held.meter[0]}/{held.meter[1]}", held.tempo)


def _report(config: MusicDataConfig, found: Gathered, looks: Sequence[_Look], judged: Judged) -> Report:
    kept = np.array(first_of_each(judged.prints, np.flatnonzero(judged.keeps).tolist()), np.int64)
    dropped = {**judged.dropped, DUPLICATE: int(judged.keeps.sum()) - len(kept)}
    dropped = {reason: count for reason, count in dropped.items() if count}
    pieces = len(np.unique(found.piece[kept]))
    return Report(
        source=", ".join(found.sources),
        found=found.files,
        used=found.used,
        skipped=found.skipped,
        kinds=_counted([look.kind for look in looks]),
        meters=_counted([look.meter for look in looks]),
        tempi=_tempi([look.tempo for look in looks if look.tempo is not None]),
        families=_families(config, found),
        keys=_keys(judged.moved[kept]),
        pieces=pieces,
        cut=found.notes.count,
        kept=len(kept),
        dropped=dropped,
        split=_split(found.sides[kept]),
        in_scale=(round(in_scale(found.notes.select(kept)), 3), round(in_scale(judged.notes.select(kept)), 3)),
        advice=_advice(len(kept), pieces, config),
        warnings=tuple(_warnings(config, found, dropped, looks)),
    )


def _counted(words: Sequence[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0])))


def _tempi(tempi: Sequence[float]) -> dict[str, int]:
    edges = (0, *TEMPO_EDGES)
    names = [f"{low}-{high - 1}" for low, high in zip(edges, TEMPO_EDGES, strict=False)] + [f"{edges[-1]} or more"]
    bins = np.searchsorted(TEMPO_EDGES, np.array(tempi, np.float64), side="right")
    return {name: int((bins == number).sum()) for number, name in enumerate(names)}


def _families(config: MusicDataConfig, found: Gathered) -> dict[str, float | None]:
    playing = families_playing(found.notes, config.grid)
    shares: dict[str, float | None] = {}
    for number, name in enumerate(TRACKS):
        there = found.present[:, number]
        shares[name] = round(float(playing[there, number].mean()), 3) if there.any() else None
    return shares


def _keys(moved: Ints) -> dict[int, int]:
    return {shift: int((moved == -shift).sum()) for shift in range(-6, 6)}


def _split(sides: Ints) -> tuple[int, int] | None:
    counts = int((sides == TRAIN).sum()), int((sides == HELD_OUT).sum())
    return counts if any(counts) else None


def _advice(kept: int, pieces: int, config: MusicDataConfig) -> str:
    if not kept:
        return "There is nothing to train on here."
    if pieces < 2:
        return "One piece is not enough: pieces are held out whole, so at least two are needed."
    if kept < FEW_PHRASES and config.hop != 1:
        return f"{kept} phrases of {pieces} pieces are few; --hop 1 begins one at every bar."
    return f"{kept} phrases of {pieces} pieces: ready for `gansuite music train`."


def _warnings(config: MusicDataConfig, found: Gathered, dropped: dict[str, int], looks: Sequence[_Look]) -> list[str]:
    warnings = []
    if len(found.skipped) > 0.1 * found.files:
        warnings.append(f"{len(found.skipped)} of {found.files} files cannot be used; the reasons are listed.")
    bars, meter = config.bars, f"{config.meter[0]}/{config.meter[1]}"
    if dropped.get(OUT_OF_METER):
        warnings.append(f"Phrases lost to other meters than {meter}: {dropped[OUT_OF_METER]}; --meter takes those.")
    for reason, remedy in ((NO_DRUMS, "3"), (FEW_FAMILIES, str(max(1, config.min_families - 1)))):
        if dropped.get(reason, 0) > 0.1 * found.notes.count and config.min_families > 1:
            warnings.append(f"Phrases {reason}: {dropped[reason]}; --min-families {remedy} keeps more of them.")
    if dropped.get(DUPLICATE, 0) > 0.1 * found.notes.count:
        warnings.append(f"Phrases of {bars} bars that others repeat exactly: {dropped[DUPLICATE]}.")
    if any(look.kind == PACK for look in looks) and not found.present[:, 0].all():
        warnings.append("There are phrases without a drum track: of drums they say nothing.")
    return warnings


def _page(report: Report, shown: int) -> list[str]:
    lines = [report.source, f"  {report.found} files, {report.used} used, {len(report.skipped)} skipped", ""]
    if report.kinds:
        lines += [f"  kinds     {listed(report.kinds)}", f"  meters    {listed(report.meters)}"]
        lines += [f"  phrases   {report.cut} cut, {report.kept} kept, of {report.pieces} pieces"]
        if report.split is not None:
            lines += [f"  split     {report.split[0]} in train, {report.split[1]} in valid"]
        before, after = report.in_scale
        lines += [f"  key       {before:.0%} of what sounds is in C major, {after:.0%} after moving to it", ""]
        shares = {name: "-" if share is None else f"{share:.0%}" for name, share in report.families.items()}
        lines += ["  plays in phrases", *(f"    {name:<8} {share:>5}" for name, share in shares.items()), ""]
        if any(report.tempi.values()):
            lines += ["  quarter notes a minute", *bars(report.tempi), ""]
    lines += section("left out", [f"{count} {reason}" for reason, count in report.dropped.items()], shown)
    lines += section("skipped", [f"{name} {reason}" for name, reason in report.skipped], shown)
    lines += section("warnings", report.warnings, shown)
    return [*lines, f"  {report.advice}"]
