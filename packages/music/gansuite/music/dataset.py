"""Music ready for training: phrases in one key, the tracks their sources have, and pieces held out.

N = phrases, K = 5 tracks, S = steps of a phrase, P = 84 pitches.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.music.gather import Gathered, Progress, gather
from gansuite.music.judge import first_of_each, judge
from gansuite.music.keys import in_scale
from gansuite.music.notes import Ints, Notes, paint
from gansuite.music.phrases import DUPLICATE, Cutting, check_grid
from gansuite.music.roll import TRACKS, Cells, Flags, Grid
from gansuite.music.split import HELD_OUT, TRAIN, hold_out

MOST_PATHS = 64


@dataclass(frozen=True)
class MusicDataConfig:
    """Which music, and how it becomes phrases.

    Attributes:
        paths: folders, zips or files (MIDI, pypianoroll or LPD .npz, phrase packs); none is the embedded band.
        held_out_paths: music that is never trained on and that a run is measured against; none holds out a share.
        bars: bars in a phrase.
        steps_per_beat: steps in a quarter note.
        meter: the time signature; 2/4 and 2/2 are joined to bars of 4/4, 12/8 is cut to 6/8, other music is left out.
        others_to_strings: whether instruments of no other family (organs aside: winds, brass, synths, ...) join the
            strings, or only programs 40 to 51 do.
        hop: bars from one phrase of a file to the next; 0 is `bars`, so that phrases do not overlap.
        min_families: of the five families so many must play in a phrase, one less where the source has no drums; from 4
            on, drums must be one of them where it has.
        held_out: share of the phrases kept away from training, 0..0.5, in whole pieces; at least one piece. It is not
            asked for a source that has folders `train` and `valid`, nor if there are `held_out_paths`.
        seed: chooses the pieces held out.
    """

    paths: tuple[str, ...] = ()
    held_out_paths: tuple[str, ...] = ()
    bars: int = 4
    steps_per_beat: int = 4
    meter: tuple[int, int] = (4, 4)
    others_to_strings: bool = True
    hop: int = 0
    min_families: int = 4
    held_out: float = 0.1
    seed: int = 0

    @property
    def grid(self) -> Grid:
        """The shape of a phrase."""
        return Grid(self.bars, self.steps_per_beat, self.meter)

    @property
    def cutting(self) -> Cutting:
        """How phrases are cut."""
        return Cutting(self.grid, self.hop, self.others_to_strings)


@dataclass(frozen=True, eq=False)
class Phrases:
    """N phrases in C major or A minor, kept as notes and painted when they are taken.

    Attributes:
        notes: their notes.
        steps: S.
        present: bool (N, K), which tracks the source of the phrase has at all; where False, silence means nothing.
        piece: int64 (N,), an index into `Music.names`.
        moved: int64 (N,), semitones by which each phrase was moved from the key it sounded in.
    """

    notes: Notes
    steps: int
    present: Flags
    piece: Ints
    moved: Ints

    def __len__(self) -> int:
        return self.notes.count

    def take(self, rows: Ints | Sequence[int] | slice) -> Cells:
        """The phrases `rows` as cells, uint8 (B, K, S, P)."""
        chosen = np.arange(len(self))[rows]
        return paint(self.notes.select(chosen, self._offsets), self.steps)

    @property
    def cells(self) -> Cells:
        """All phrases as cells, uint8 (N, K, S, P): made anew each time, 27 KB a phrase of 4 bars at 4 steps a beat."""
        return paint(self.notes, self.steps)

    @cached_property
    def _offsets(self) -> Ints:
        return self.notes.offsets()


@dataclass(frozen=True)
class MusicReport:
    """What was kept, what was dropped and why.

    Attributes:
        sources: the folders, zips and files that were named.
        files: files found in them, and how many were used.
        used: files that gave music.
        skipped: (name, reason) of every other file; name and reason make a sentence.
        cut: phrases cut from all files.
        dropped: how many phrases were left out, by reason.
        pieces: pieces trained on and held out.
        phrases: phrases trained on and held out.
        in_scale: share (0..1) of sounding time in the notes of C major, before and after moving to one key.
    """

    sources: tuple[str, ...]
    files: int
    used: int
    skipped: tuple[tuple[str, str], ...]
    cut: int
    dropped: dict[str, int]
    pieces: tuple[int, int]
    phrases: tuple[int, int]
    in_scale: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Music:
    """Phrases to train on, and phrases of other pieces to measure against.

    Attributes:
        train: what a run may see.
        held_out: of other pieces; no phrase of it is also in `train`.
        names: names of all pieces.
        grid: the shape of a phrase.
        digest: sha256 (hex): same digest, same phrases and split.
        report: what was kept, what was dropped and why.
    """

    train: Phrases
    held_out: Phrases
    names: tuple[str, ...]
    grid: Grid
    digest: str
    report: MusicReport


def open_music(config: MusicDataConfig, progress: Progress | None = None) -> Music:
    """Read all that the configuration names, cut it into phrases and hold some pieces out.

    Args:
        config: what to open.
        progress: called with (files done, files in all) of each source while they are read.

    Raises:
        GansuiteError: an impossible setting; nothing at a path; no usable music, or too little to hold a piece out.
    """
    check_config(config)
    return _music(config, gather(config.paths, config.held_out_paths, config.cutting, progress))


def check_config(config: MusicDataConfig) -> None:
    """Raise `GansuiteError` for a setting that is not possible; touches no file."""
    check_grid(config.grid)
    if not 0 <= config.held_out <= 0.5:
        raise GansuiteError(
            f"held_out is the share of the phrases kept from training, 0 to 0.5, not {config.held_out:g}.",
            "Use 0.1 to hold out one in ten.",
        )
    if not 1 <= config.min_families <= len(TRACKS):
        raise GansuiteError(
            f"min_families is {config.min_families}, but there are {len(TRACKS)} families: {', '.join(TRACKS)}.",
            "Use 4, or 1 to keep all that sounds.",
        )
    if not 0 <= config.hop <= config.bars:
        raise GansuiteError(f"hop is {config.hop} bars, but a phrase has {config.bars}.", "Use hop = 0 or 1.")
    if config.held_out_paths and not config.paths:
        raise GansuiteError("There is music to hold out, but none to train on.", "Name some with --data.")
    if len(config.paths) + len(config.held_out_paths) > MOST_PATHS:
        raise GansuiteError(f"More than {MOST_PATHS} sources are named.", "Put the files into one folder.")


def _music(config: MusicDataConfig, found: Gathered) -> Music:
    judged = judge(found, config.grid, config.min_families)
    prints = judged.prints
    sides = hold_out(found.piece, found.sides, prints, judged.keeps, config.held_out, config.seed)
    # in training first: a phrase that both sides have is no test
    order = [int(row) for side in (TRAIN, HELD_OUT) for row in np.flatnonzero(judged.keeps & (sides == side))]
    once = np.array(first_of_each(prints, order), np.int64)
    train, held = once[sides[once] == TRAIN], once[sides[once] == HELD_OUT]
    dropped = {**judged.dropped, DUPLICATE: len(order) - len(once)}
    _enough(found, train, held, dropped)

    def phrases(rows: Ints) -> Phrases:
        chosen = judged.notes.select(rows)
        return Phrases(chosen, config.grid.steps, found.present[rows], found.piece[rows], judged.moved[rows])

    report = MusicReport(
        sources=found.sources,
        files=found.files,
        used=found.used,
        skipped=found.skipped,
        cut=found.notes.count,
        dropped={reason: count for reason, count in dropped.items() if count},
        pieces=(len(np.unique(found.piece[train])), len(np.unique(found.piece[held]))),
        phrases=(len(train), len(held)),
        in_scale=(in_scale(found.notes.select(train)), in_scale(judged.notes.select(train))),
    )
    return Music(phrases(train), phrases(held), found.names, config.grid, _digest(prints, train, held), report)


def _enough(found: Gathered, train: Ints, held: Ints, dropped: dict[str, int]) -> None:
    if len(train) and len(held):
        return
    where = ", ".join(found.sources)
    first = f" The first file skipped: {found.skipped[0][0]} {found.skipped[0][1]}." if found.skipped else ""
    if len(train) or len(held):
        side = "hold out" if len(train) else "train on"
        raise GansuiteError(
            f"{where} leaves nothing to {side}: whole pieces are held out, so at least two are needed.{first}",
            "Add more music with --data, or name other pieces to measure against with --held-out.",
        )
    reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count)
    found_phrases = f"{found.notes.count} were found{': ' if reasons else ''}{reasons}"
    raise GansuiteError(
        f"{where} holds no phrase to train on: {found_phrases}.{first}",
        "See what there is with `gansuite music inspect`; --min-families 1 keeps music of any instruments.",
    )


def _digest(prints: Sequence[bytes], train: Ints, held: Ints) -> str:
    digest = hashlib.sha256()
    for rows in (train, held):
        digest.update(b"|".join([b"", *(prints[row] for row in rows)]))
    return digest.hexdigest()
