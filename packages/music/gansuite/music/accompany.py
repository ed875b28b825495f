"""What others play to music that a person has: his notes stay as they are, and the rest is written around them.

K tracks of the model, M bars of its phrase, T steps, P = 84 pitches. Ticks are those of his file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.core.sources import Unreadable
from gansuite.music import keys
from gansuite.music.bars import Bars, check_bars, require_joined, span
from gansuite.music.deliver import BEGINNING, Work, read_midi_file, text_of, unusable
from gansuite.music.form import fill, key_of_seed, moment, windows
from gansuite.music.keys import parse_key
from gansuite.music.midi import add_tracks, open_midi, read_midi, score_in, to_bytes
from gansuite.music.notes import DRUMS, paint, tidy
from gansuite.music.perform import check_tracks, folded, mended, parse_tracks, perform
from gansuite.music.roll import HOLD, LOWEST, PITCHES, SILENT, TRACKS, Cells, Flags, Grid, Roll
from gansuite.music.sampler import Sampler
from gansuite.music.score import NO_FAMILY, Score

if TYPE_CHECKING:
    from pretty_midi import Instrument, PrettyMIDI

ALL = "all"
TRUST = 2.0  # how much more the whole piece says about the key of a phrase than the phrase itself
LOUDNESS = 84.0  # of given notes that are accompanied at the usual level
MOST_LOUDER = 20.0


@dataclass(frozen=True)
class Accompaniment:
    """What an accompaniment follows from, beside model, seed and what is given.

    Attributes:
        given: the tracks of the file that are kept, or `all` alone: everything but `tracks`.
        tracks: those that are written.
        last: the tick up to which they are; None is the end of the file's last note.
        key: that of the given notes; None estimates it, phrase by phrase.
        density: see `Sampler.play`.
        device: the kind of device it was played on.
        bars: of the file, in which they are written, and outside of which they stay as they are; bars behind its end
            go on with it. None is all that the file has.
    """

    given: tuple[str, ...]
    tracks: tuple[str, ...]
    last: int | None = None
    key: str | None = None
    density: float = 1.0
    device: str = "cpu"
    bars: Bars | None = None

    def __post_init__(self) -> None:
        if self.given != (ALL,):
            check_tracks(self.given)
        check_tracks(self.tracks)
        both = [name for name in self.tracks if name in self.given]
        if both:
            raise GansuiteError(
                f"The {both[0]} cannot be both given and written.", f"Take {both[0]} out of --given or of --tracks."
            )
        if self.key is not None:
            parse_key(self.key)
        if self.bars is not None:
            check_bars(self.bars)


@dataclass(frozen=True)
class Stretch:
    """Bars of one meter: from the tick `begin` on, `bars` of the model's bars."""

    begin: int
    bars: int


def choose(
    midi: PrettyMIDI, given: str, tracks: str | None, bars: Bars | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is given and what is written, from what a person said; unless told, all that is not given is written.

    Of some bars, those tracks are written that the piece has.

    Raises:
        GansuiteError: a name that is none, a track that the file does not have, or nothing left to write.
    """
    there = _families(midi)
    named = None if tracks is None else parse_tracks(tracks)
    if given.strip().lower() == ALL:
        wanted = named or tuple(name for name in TRACKS if (name in there) == (bars is not None))
        if not wanted:
            raise GansuiteError(
                "All tracks are there already, so nothing is left to write.",
                "Say with --given which are kept, or with --tracks which are written anew.",
            )
        return (ALL,), wanted
    kept = parse_tracks(given)
    missing = [name for name in kept if name not in there]
    if missing:
        has = ", ".join(name for name in TRACKS if name in there)
        raise GansuiteError(
            f"There are no {missing[0]} in the file; it has: {has}.", "Name some of these with --given."
        )
    return kept, named or tuple(name for name in TRACKS if name not in kept)


def write_around(sampler: Sampler, midi: PrettyMIDI, seed: int, settings: Accompaniment) -> tuple[Work, list[str]]:
    """The given notes of a piece, untouched, and new tracks around them; also what a person should know about it.

    Args:
        sampler: the model.
        midi: a piece as `opened` gives it, which is changed.
        seed: what is played follows from it.
        settings: what else it follows from.

    Raises:
        GansuiteError: the piece is in a meter that the model does not play, nothing in it is given, or the bars lie
            behind its end.
    """
    whole = score_in(midi)
    last = whole.last if settings.last is None else settings.last
    between: tuple[int, int] | None = None
    if settings.bars is not None:
        require_joined(replace(whole, last=last), settings.bars)
        between = span(whole, settings.bars)
        last = max(last, between[1])
    notes = _keep(midi, settings, between)
    if not midi.instruments:
        raise GansuiteError("The file has nothing of what is given.", "Name other tracks with --given.")
    score = replace(score_in(midi), last=last)
    stretches, skipped = _stretches(score, sampler)
    notes += skipped
    kept = len(midi.instruments)
    rooms = [_room(score, stretch, sampler.grid, between) for stretch in stretches]
    if not any(room.any() for room in rooms):
        cause = " ".join([*skipped, "Nothing can be written in the bars that were asked for."])
        raise GansuiteError(cause, "Name others with --bars.")
    for stretch, room in zip(stretches, rooms, strict=True):
        if room.any():
            played = _accompanied(sampler, score, stretch, seed, settings, room)
            add_tracks(midi, played, settings.tracks, stretch.begin)
    _merge(midi, kept)
    provenance = sampler.provenance("accompaniment", seed, asdict(replace(settings, last=last)))
    data = to_bytes(midi, text_of(provenance))
    return Work(data, read_midi(data, sampler.grid.steps_per_beat), provenance), notes


def opened(path: Path) -> PrettyMIDI:
    """A person's file, without what it says about how gansuite made it; raises `GansuiteError` if it cannot be used."""
    try:
        midi = open_midi(read_midi_file(path))
    except Unreadable as error:
        raise unusable(path, error) from error
    midi.text_events = [event for event in midi.text_events if not event.text.startswith(BEGINNING)]
    return midi


def hear(score: Score, stretch: Stretch, grid: Grid) -> Cells:
    """What the model hears of a stretch: (K, T, P), whole bars on its grid; drums are strokes."""
    track = score.families()
    steps = stretch.bars * grid.bar
    fits = (track != NO_FAMILY) & (score.pitch >= LOWEST) & (score.pitch < LOWEST + PITCHES)
    start = score.steps(score.start, grid.steps_per_beat, stretch.begin)
    end = np.maximum(score.steps(score.end, grid.steps_per_beat, stretch.begin), start + 1)
    fits &= (end > 0) & (start < steps) & ((start >= 0) | (track != DRUMS))
    begin = np.maximum(start[fits], 0)
    notes = tidy(1, np.zeros_like(begin), track[fits], score.pitch[fits] - LOWEST, begin, end[fits], steps)
    band = paint(notes, steps)[0]
    return np.asarray(band[[TRACKS.index(name) for name in grid.tracks]])


def shifts(cells: Cells, grid: Grid, starts: Sequence[int], trust: float = TRUST) -> list[int]:
    """Semitones that bring each phrase of a piece (K, T, P) to C major or A minor, -5 to 6.

    A phrase is judged by its own notes and, `trust` times as much, by those of the whole piece, so that only a lasting
    change of key is followed.

    Args:
        starts: the first bar of each phrase.
    """
    pitched = [name != "drums" for name in grid.tracks]
    sounding = (cells[pitched] != SILENT).sum(axis=0)
    classes = np.zeros((len(sounding), 12))
    for pitch in range(PITCHES):
        classes[:, (pitch + LOWEST) % 12] += sounding[:, pitch]
    whole = _share(classes.sum(axis=0))
    own = [_share(classes[bar * grid.bar : (bar + grid.bars) * grid.bar].sum(axis=0)) for bar in starts]
    found = keys.estimate(np.array([part + trust * whole for part in own]))
    return [keys.key_of(int(number)).shift for number in found]


def _room(score: Score, stretch: Stretch, grid: Grid, between: tuple[int, int] | None) -> Flags:
    """At which steps of a stretch something may be written: (T,)."""
    if between is None:
        return np.ones(stretch.bars * grid.bar, bool)
    ticks = stretch.begin + np.round(np.arange(stretch.bars * grid.bar) * score.ticks_per_beat / grid.steps_per_beat)
    return np.asarray((ticks >= between[0]) & (ticks < between[1]))


def _accompanied(
    sampler: Sampler, score: Score, stretch: Stretch, seed: int, settings: Accompaniment, room: Flags
) -> Roll:
    """What is played to a stretch, where there is room: a roll of all tracks, those not written silent."""
    grid = sampler.grid
    longer = replace(stretch, bars=max(stretch.bars, grid.bars))
    cells = hear(score, longer, grid)
    written = np.zeros(longer.bars, bool)
    written[: stretch.bars] = room.reshape(stretch.bars, grid.bar).any(1)
    low, high = _reach(written, grid.bars)
    moves = _moves(cells, grid, [low + start for start in windows(high - low, grid.bars)], seed, settings.key)

    def play(start: int, known: Cells, given: Flags) -> Cells:
        z = moment(sampler, seed, low + start)
        return _played(sampler, z, known, given, moves[low + start], settings.density)

    here, known = slice(low * grid.bar, high * grid.bar), _known(cells, grid, settings, stretch.bars, written)
    filled = cells.copy()
    filled[:, here] = fill(play, cells[:, here], known[:, low:high], grid)
    filled = mended(_begun(filled[:, : len(room)], room))
    return perform(filled, grid, score.tempo, seed, settings.tracks, _louder(score))


def _reach(written: Flags, phrase: int) -> tuple[int, int]:
    """The first bar, and that after the last, that are played so that the written ones hear what is around them.

    They are at least a phrase; a short gap lies in the middle of one.
    """
    first, stop = int(written.argmax()), len(written) - int(written[::-1].argmax())
    margin = phrase // 2 if stop - first >= phrase else (phrase - (stop - first) + 1) // 2
    low = max(0, min(first - margin, len(written) - phrase))
    return low, min(len(written), max(stop + margin, low + phrase))


def _begun(cells: Cells, room: Flags) -> Cells:
    """Cells (K, T, P) with silence where there is no room (T,), and without what is held into it from there."""
    begun = np.where(room[None, :, None], cells, SILENT).astype(np.uint8)
    step = int(room.argmax())
    held = begun[:, step] == HOLD
    while step and held.any():
        begun[:, step][held] = SILENT
        step = (step + 1) % len(room)
        held &= begun[:, step] == HOLD
    return begun


def _moves(cells: Cells, grid: Grid, starts: Sequence[int], seed: int, key: str | None) -> dict[int, int]:
    """Semitones to the model's key, by the first bar of each phrase; drums alone are in any key."""
    pitched = [name != "drums" for name in grid.tracks]
    if key is None and cells[pitched].any():
        return dict(zip(starts, shifts(cells, grid, starts), strict=True))
    return dict.fromkeys(starts, (key_of_seed(seed) if key is None else parse_key(key)).shift)


def _played(sampler: Sampler, z: Tensor, known: Cells, given: Flags, move: int, density: float) -> Cells:
    """A phrase played to what is given, there and back through the model's key."""
    pitched = [name != "drums" for name in sampler.grid.tracks]
    cells = known.copy()
    cells[pitched] = folded(known[pitched], move)
    played: Cells = sampler.play(z, cells[None], given[None], density)[0]
    played[pitched] = folded(played[pitched], -move)
    return played


def _known(cells: Cells, grid: Grid, settings: Accompaniment, bars: int, written: Flags) -> Flags:
    """Which bars of which tracks the model is told: (K, bars of the cells).

    Tracks that are neither given nor there are left to it. Where no given track sounds, it is told nothing at all, so
    that it goes on by itself; the same holds behind the last of `bars`. Bars that are not `written` stay as they are,
    so that of these it is told everything.
    """
    given = np.array([name in settings.given or settings.given == (ALL,) for name in grid.tracks])
    anew = np.array([name in settings.tracks for name in grid.tracks])
    sounds = (cells != SILENT).reshape(len(grid.tracks), -1, grid.bar * PITCHES).any(axis=2)
    there = given & ~anew & sounds.any(axis=1)
    inside = sounds[there].any(axis=0) & (np.arange(sounds.shape[1]) < bars)
    stays = (given | anew) & sounds[:, ~written].any(axis=1)
    around = sounds[stays].any(axis=0) & ~written & (np.arange(sounds.shape[1]) < bars)
    return np.asarray((there[:, None] & inside) | (stays[:, None] & around))


def _keep(midi: PrettyMIDI, settings: Accompaniment, between: tuple[int, int] | None) -> list[str]:
    """Leave in the piece only what is given, and what stands outside of the bars; says what else was taken out."""
    kept, dropped = [], set()
    for number, played in enumerate(midi.instruments):
        family = _family(midi, number)
        if family in settings.tracks:
            if between is not None:
                begin, end = between
                played.notes = [note for note in played.notes if not begin <= midi.time_to_tick(note.start) < end]
                kept += [played] if played.notes else []
        elif settings.given == (ALL,) or family in settings.given:
            kept.append(played)
        elif played.notes:
            dropped.add(family or "other")
    midi.instruments = kept
    names = ", ".join(sorted(dropped))
    return [f"Left out, as neither given nor asked for: {names}."] if dropped else []


def _families(midi: PrettyMIDI) -> set[str]:
    """The tracks that sound in a piece."""
    return {
        family
        for number, played in enumerate(midi.instruments)
        if played.notes and (family := _family(midi, number)) is not None
    }


def _family(midi: PrettyMIDI, number: int) -> str | None:
    """The track an instrument belongs to, None for noises."""
    found = score_in(midi, [number]).families()
    return TRACKS[found[0]] if len(found) and found[0] != NO_FAMILY else None


def _stretches(score: Score, sampler: Sampler) -> tuple[list[Stretch], list[str]]:
    """The stretches of the piece that the model can play to, and what is said about the others."""
    grid = sampler.grid
    begins = [tick for tick, _ in score.meters]
    ends = [*begins[1:], max(score.last, begins[-1])]
    found: list[Stretch] = []
    other: list[str] = []
    for begin, end, (_, meter) in zip(begins, ends, score.meters, strict=True):
        stop = min(end, score.last)
        if stop <= begin:
            continue
        if grid.accepts(meter):
            steps = int(score.steps(np.array(stop), grid.steps_per_beat, begin))
            found.append(Stretch(begin, max(1, -(-steps // grid.bar))))
        else:
            other.append(f"{meter[0]}/{meter[1]}")
    if not found:
        raise GansuiteError(
            f"The file is in {other[0]}, and the model {sampler.model_name} plays {grid.meter[0]}/{grid.meter[1]}.",
            f"Choose a model of its meter with --model, or train one: gansuite music train --meter {other[0]}",
        )
    return found, [f"Bars in {', '.join(sorted(set(other)))} are left without accompaniment."] if other else []


def _merge(midi: PrettyMIDI, kept: int) -> None:
    """Make one instrument of those that several stretches added under one name, after the first `kept`."""
    added: dict[str, Instrument] = {}
    for played in midi.instruments[kept:]:
        if played.name in added:
            added[played.name].notes += played.notes
        else:
            added[played.name] = played
    midi.instruments[kept:] = [added[name] for name in TRACKS if name in added]


def _louder(score: Score) -> float:
    """How much louder than usual the given notes are played."""
    mean = float(score.velocity.mean()) if len(score.velocity) else LOUDNESS
    return float(np.clip(mean - LOUDNESS, -MOST_LOUDER, MOST_LOUDER))


def _share(histogram: np.ndarray) -> np.ndarray:
    return np.asarray(histogram / max(float(histogram.sum()), 1e-9))
