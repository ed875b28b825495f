"""How good a model's phrases are, with the rows beside it that say what the figures mean.

The same measures are taken of held-out phrases (the yardstick), of the model's and of any control's, of training
phrases (as near as one comes) and of held-out phrases whose tracks were dealt out anew (music whose tracks do not hear
each other). Where some sources have no drums, models play without them as often as these; then there are also rows of
whole bands alone. N phrases, K tracks, M bars, T steps, P = 84 pitches; all in the model's own key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.core.library import find_model
from gansuite.core.run import Run
from gansuite.music.dataset import Music, MusicDataConfig, Phrases
from gansuite.music.measures import (
    Memorisation,
    MusicTable,
    TableDistance,
    distance,
    fingerprint,
    memorisation,
    table,
)
from gansuite.music.notes import Ints
from gansuite.music.roll import Cells, Flags, Grid
from gansuite.music.sampler import Sampler
from gansuite.music.training import play

LEAST = 2  # phrases, lest there be no others to shuffle with
CHUNK = 512  # phrases painted at once
MOST_ACCOMPANIED = 250  # phrases for each given track
ROLES = {
    "held out": "held out",
    "model": "model",
    "control": "control",
    "real": "training",
    "shuffled": "shuffled",
}


@dataclass(frozen=True)
class Closeness:
    """How well what is played agrees with a track that is given, in tonal distance.

    Attributes:
        generated: between the given track and what the model plays to it.
        real: between the given track and what its composer wrote to it.
        shuffled: between the given track and what was written to others.
    """

    generated: float
    real: float
    shuffled: float

    @property
    def closed(self) -> float:
        """The share of the gap from shuffled to real that is closed: 1 for real music, 0 for strangers."""
        gap = self.shuffled - self.real
        return (self.shuffled - self.generated) / gap if gap > 0 else 0.0


@dataclass(frozen=True)
class Row:
    """One line of an evaluation.

    Attributes:
        who: the model's name, or what the phrases are.
        role: a key of `ROLES`.
        table: all measures.
        distance: to the held-out phrases, 0 is alike; None of these themselves.
        memorisation: of a model, how new its phrases are.
        accompaniment: of a model that can be given music, by pair ("piano-bass": the piano was given); else empty.
    """

    who: str
    role: str
    table: MusicTable
    distance: TableDistance | None = None
    memorisation: Memorisation | None = None
    accompaniment: Mapping[str, Closeness] | None = None


@dataclass(frozen=True)
class Evaluation:
    """All rows, and what they were measured against.

    Attributes:
        rows: held out, model, controls, real, shuffled. Of each phrase models play the tracks that a held-out one has.
        whole: held out, model and controls again, all tracks playing, if some held-out phrases lack any; else empty.
        held_out, train: phrases on either side.
        pieces: that the held-out ones come from.
        compared: the tracks in which copies were looked for: those that all sources have.
    """

    rows: tuple[Row, ...]
    whole: tuple[Row, ...]
    held_out: int
    train: int
    pieces: int
    compared: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON-ready values, intervals included."""
        return {**asdict(self), **{name: [_row_dict(row) for row in getattr(self, name)] for name in ("rows", "whole")}}


def data_for(model: str, grid: Grid, said: Mapping[str, Any]) -> MusicDataConfig:
    """The music to measure a model on: that of its training if it is a run's, changed by what is said.

    Args:
        model: as the person named it.
        grid: of its phrases.
        said: fields of `MusicDataConfig`.
    """
    base = _trained_on(model) or MusicDataConfig()
    if {"paths", "held_out_paths"} & said.keys():  # other music brings its own pieces to hold out
        base = replace(base, paths=(), held_out_paths=())
    return replace(base, bars=grid.bars, steps_per_beat=grid.steps_per_beat, meter=grid.meter, **said)


def evaluate_model(
    sampler: Sampler,
    music: Music,
    count: int = 1000,
    seed: int = 0,
    *,
    controls: Sequence[Sampler] = (),
    tell: Callable[[str], None] | None = None,
) -> Evaluation:
    """All measures of a model's phrases, and the same of what to compare them with.

    Args:
        sampler: the model.
        music: best what it was trained on, split as it was then, or copies cannot be found and held-out music is not
            held out.
        count: how many phrases of each model, from the seeds `seed` upwards.
        seed: also chooses among the real phrases and shuffles them.
        controls: other models to compare with.
        tell: called with what is being done, as it takes a while.

    Raises:
        GansuiteError: phrases of another shape, or fewer than two on either side.
    """
    tell = tell or (lambda text: None)
    for model in (sampler, *controls):
        _check(model, music, count)
    tell("measuring the held-out phrases")
    held, random = music.held_out, np.random.Generator(np.random.PCG64([seed, 3]))
    truth = _table(music, held.cells, held.present, seed)
    compared = np.flatnonzero(music.train.present.all(axis=0) & held.present.all(axis=0))
    prints = [fingerprint(_chunks(phrases, compared)) for phrases in (music.train, held)]
    like = held.present[np.linspace(0, len(held) - 1, count).astype(np.int64)]

    def played(model: Sampler, role: str) -> Row:
        tell(f"playing {count} phrases of {model.model_name}")
        cells = _phrases(model, range(seed, seed + count), like)
        found = _table(music, cells, like, seed)
        known = memorisation(prints[0], fingerprint(cells[:, compared]), prints[1])
        return Row(model.model_name, role, found, distance(found, truth), known, _accompanied(model, music, seed))

    rows = [Row(ROLES["held out"], "held out", truth), played(sampler, "model")]
    rows += [played(control, "control") for control in controls]
    chosen = np.sort(random.permutation(len(music.train))[:count])
    real = music.train.take(chosen), music.train.present[chosen]
    for role, (cells, present) in (("real", real), ("shuffled", _shuffled(held, random))):
        found = _table(music, cells, present, seed)
        rows.append(Row(ROLES[role], role, found, distance(found, truth)))
    whole = _whole(music, (sampler, *controls), range(seed, seed + count), tell)
    names = tuple(music.grid.tracks[number] for number in compared)
    return Evaluation(tuple(rows), whole, len(held), len(music.train), len(np.unique(held.piece)), names)


def accompaniment(sampler: Sampler, cells: Cells, present: Flags, seed: int = 0) -> dict[str, Closeness]:
    """How well a model plays to each pitched track of real phrases, by pair; the first is the one given.

    Args:
        cells: (N, K, T, P), in the model's key.
        present: (N, K), which tracks the phrases have at all.
        seed: of the first phrase; also shuffles.
    """
    grid, found = sampler.grid, {}
    real = table(cells, grid.tracks, grid, present, seed=seed)
    latents = sampler.latents(range(seed, seed + len(cells)))
    pitched = [number for number, name in enumerate(grid.tracks) if name != "drums"]
    for number in pitched:
        given = np.zeros((len(cells), len(grid.tracks), grid.bars), bool)
        given[:, number] = True
        played = table(sampler.play(latents, cells, given), grid.tracks, grid, present, seed=seed)
        for other in pitched:
            pair = "-".join(grid.tracks[n] for n in sorted((number, other)))
            if pair in real["tonal_distance"]:
                together, apart = real["tonal_distance"][pair], real["tonal_distance_shuffled"][pair]
                found[f"{grid.tracks[number]}-{grid.tracks[other]}"] = Closeness(
                    played["tonal_distance"][pair].value, together.value, apart.value
                )
    return found


def closed(accompaniment: Mapping[str, Closeness]) -> float:
    """The share of the gap closed over all pairs."""
    pairs = accompaniment.values()
    generated, real = sum(pair.generated for pair in pairs), sum(pair.real for pair in pairs)
    return Closeness(generated, real, sum(pair.shuffled for pair in pairs)).closed


def _whole(music: Music, models: Sequence[Sampler], seeds: range, tell: Callable[[str], None]) -> tuple[Row, ...]:
    """The rows of whole bands: none if all phrases, or next to none, are such."""
    held = music.held_out
    complete = np.flatnonzero(held.present.all(axis=1))
    if not LEAST <= len(complete) < len(held):
        return ()
    truth = _table(music, held.take(complete), held.present[complete], seeds[0])
    rows = [Row(ROLES["held out"], "held out", truth)]
    for number, model in enumerate(models):
        tell(f"playing as many with all tracks of {model.model_name}")
        everyone = np.ones((len(seeds), len(music.grid.tracks)), bool)
        found = _table(music, _phrases(model, seeds, everyone), everyone, seeds[0])
        rows.append(Row(model.model_name, "control" if number else "model", found, distance(found, truth)))
    return tuple(rows)


def _check(sampler: Sampler, music: Music, count: int) -> None:
    if sampler.grid != music.grid:
        raise GansuiteError(
            f"The music is cut into {_described(music.grid)}, and {sampler.model_name!r} plays "
            f"{_described(sampler.grid)}.",
            "Compare models of the same phrases.",
        )
    if min(len(music.held_out), len(music.train), count) < LEAST:
        raise GansuiteError(
            f"Comparing needs {LEAST} phrases or more: there are {len(music.held_out)} held out, {len(music.train)} to "
            f"train on, and {count} were asked for.",
            "Use more music, or raise --count.",
        )


def _described(grid: Grid) -> str:
    number, unit = grid.meter
    return f"{grid.bars} bars of {number}/{unit} at {grid.steps_per_beat} steps a beat"


def _accompanied(sampler: Sampler, music: Music, seed: int) -> dict[str, Closeness] | None:
    if not sampler.generator.config.given:
        return None
    held = music.held_out
    rows = np.linspace(0, len(held) - 1, min(len(held), MOST_ACCOMPANIED)).astype(np.int64)
    return accompaniment(sampler, held.take(rows), held.present[rows], seed)


def _phrases(sampler: Sampler, seeds: range, present: Flags) -> Cells:
    """Phrases (N, K, T, P) from nothing, each with the tracks that are present, (N, K)."""
    latents = sampler.latents(seeds)
    cells: Cells = sampler.play(latents) if present.all() else play(sampler.generator, latents, present)
    return cells


def _table(music: Music, cells: Cells, present: Flags, seed: int) -> MusicTable:
    return table(cells, music.grid.tracks, music.grid, present, seed=seed)


def _shuffled(held: Phrases, random: np.random.Generator) -> tuple[Cells, Flags]:
    """Held-out phrases, each track of which comes from another one; a track only from phrases that have it."""
    cells, present = held.cells, held.present
    for number in range(cells.shape[1]):
        rows = np.flatnonzero(present[:, number])
        cells[rows, number] = cells[random.permutation(rows), number]
    return cells, present


def _chunks(phrases: Phrases, tracks: Ints) -> Iterator[Cells]:
    return (phrases.take(slice(start, start + CHUNK))[:, tracks] for start in range(0, len(phrases), CHUNK))


def _trained_on(model: str) -> MusicDataConfig | None:
    from gansuite.core.config import from_saved
    from gansuite.music.config import MusicConfig

    try:
        run = find_model(model, art="music", hub=False).parent
    except GansuiteError:  # only a hub has it
        return None
    if not (run / "checkpoints").is_dir():
        return None
    return from_saved(MusicConfig, Run(run).configuration()).config.data


def _row_dict(row: Row) -> dict[str, Any]:
    pairs = row.accompaniment
    return {
        **asdict(row),
        "table": row.table.to_dict(),
        "distance": None if row.distance is None else {**asdict(row.distance), "mean": row.distance.mean},
        "accompaniment": None
        if pairs is None
        else {name: {**asdict(p), "closed": p.closed} for name, p in pairs.items()},
        "gap_closed": None if pairs is None else closed(pairs),
    }
