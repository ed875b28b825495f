"""How good a model's works are, with the rows beside it that say what the figures mean.

A figure alone says little. So the same yardstick is laid to real works (as near as one comes), to training
works blurred until their details are gone (some yardsticks like a blur too much), to noise (the far end) and,
when asked, to another model. N works, S side in pixels, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from gansuite.core import measures
from gansuite.core.errors import GansuiteError
from gansuite.image.dataset import Portfolio
from gansuite.image.features import Extractor
from gansuite.image.measuring import CHUNK, NEIGHBOURS, draw
from gansuite.image.sampler import Sampler
from gansuite.image.sheets import sheet

LEAST = 8  # works on either side: a neighbourhood of 5 (`NEIGHBOURS`) needs 6
BLUR = 4
SUSPECTS = 12
ROLES = {
    "model": "",
    "control": "control",
    "real": "training works: as near as one comes",
    "blur": f"training works blurred {BLUR}x",
    "noise": "uniform noise: the far end",
}


@dataclass(frozen=True)
class Suspect:
    """A sample and the training work nearest to it.

    Attributes:
        seed: draws the sample again.
        work: row of the training work in `Portfolio.pixels`.
        name: of the file it came from.
        distance: between their features.
        suspected: nearer than all but one in a hundred held-out works come to a training work.
    """

    seed: int
    work: int
    name: str
    distance: float
    suspected: bool


@dataclass(frozen=True)
class Row:
    """One line of an evaluation: some works against the held-out ones, in one feature space.

    Attributes:
        who: the model's name, or what the works are.
        role: a key of `ROLES`.
        network: the yardstick: name of the feature extractor.
        relative: whether its figures mean something only beside each other, for the same portfolio.
        works, held_out: how many were compared.
        kernel, kernel_error: kernel distance (KID) and its standard error; 0 is alike, lower is better.
        frechet: Fréchet distance; lower is better, biased upwards with few works.
        precision: share of the works that look real.
        recall: share of held-out works within their reach.
        density: about 1 for works like the real ones.
        coverage: share of held-out works with one of them nearby.
        diversity: mean distance between two of them divided by that of two held-out works.
        copied: share of suspected copies of training works; about 0.01 for honest ones. None for real works.
        suspects: of a model, the samples nearest to a training work, nearest first.
    """

    who: str
    role: str
    network: str
    relative: bool
    works: int
    held_out: int
    kernel: float
    kernel_error: float
    frechet: float
    precision: float
    recall: float
    density: float
    coverage: float
    diversity: float
    copied: float | None
    suspects: tuple[Suspect, ...] = ()


class _Subject(NamedTuple):
    """Works to be measured: their pictures in parts; seeds only when a model draws them."""

    who: str
    role: str
    pictures: Callable[[], Iterator[np.ndarray]]
    seeds: range = range(0)


def evaluate_model(
    sampler: Sampler,
    portfolio: Portfolio,
    extractors: Sequence[Extractor],
    count: int = 1000,
    seed: int = 0,
    *,
    control: Sampler | None = None,
    tell: Callable[[str], None] | None = None,
) -> list[Row]:
    """All measures of a model's samples against held-out works, and the same of what to compare them with.

    Every line compares the same number of works: `count`, or all training works if these are fewer, for
    several measures depend on it. Samples are those of the seeds from `seed` upwards.

    Args:
        sampler: the model.
        portfolio: the works, at the model's resolution; best those it was trained on, with the same split, or
            copies cannot be found and held-out works are not held out.
        extractors: one or more feature spaces.
        count: how many works a line, 8 or more.
        seed: the first seed; also draws the noise and chooses among the training works.
        control: another model to compare with.
        tell: called with what is being done, as it takes a while.

    Returns:
        For each extractor the lines model, (control,) real, blur and noise.

    Raises:
        GansuiteError: another resolution, fewer than 8 works to compare, or training works all alike.
    """
    for drawn in (sampler, *([control] if control else [])):
        _check(drawn, portfolio, count)
    tell = tell or (lambda text: None)
    works = min(count, len(portfolio.train))
    tell("features of the real works")
    held_out = _features(_chunks(portfolio.pixels, portfolio.held_out), extractors)
    train = _features(_chunks(portfolio.pixels, portfolio.train), extractors)
    rows: list[list[Row]] = [[] for _ in extractors]
    for subject in _subjects(sampler, control, portfolio, works, seed):
        tell(f"features of {subject.who}")
        found = _features(subject.pictures(), extractors)
        for i, extractor in enumerate(extractors):
            rows[i].append(_row(subject, extractor, portfolio, (train[i], held_out[i], found[i])))
    return [row for one in rows for row in one]


def to_text(rows: Sequence[Row]) -> str:
    """The rows as aligned tables, one for each network, which is named."""
    networks = list(dict.fromkeys(row.network for row in rows))
    return "\n\n".join(_table([row for row in rows if row.network == network]) for network in networks)


def to_dict(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows as JSON-ready values: {"rows": [...]}, the fields of `Row`."""
    return {"rows": [asdict(row) for row in rows]}


def nearest_sheet(
    sampler: Sampler, portfolio: Portfolio, row: Row, count: int = SUSPECTS, columns: int = 3
) -> Image.Image:
    """The most suspicious samples of a row, each with its nearest training work on its right.

    Raises:
        GansuiteError: the row is not that of a model.
    """
    suspects = row.suspects[:count]
    if not suspects:
        raise GansuiteError(f"There are no samples to show of {row.who!r}.", "Take the row of a model.")
    samples = sampler.draw(sampler.codes([suspect.seed for suspect in suspects]))
    works = portfolio.pixels[[suspect.work for suspect in suspects]]
    pairs = np.stack([samples, works], axis=1).reshape(-1, *samples.shape[1:])
    return sheet(pairs, 2 * columns)


def blurred(pictures: np.ndarray, factor: int = BLUR) -> np.ndarray:
    """uint8 (N, S, S, 3) made smaller by a factor (box) and large again (bicubic): details are gone."""
    side = pictures.shape[1]
    small = (max(1, side // factor),) * 2
    images = [Image.fromarray(picture).resize(small, Image.Resampling.BOX) for picture in pictures]
    return np.stack([np.asarray(image.resize((side, side), Image.Resampling.BICUBIC)) for image in images])


def _check(sampler: Sampler, portfolio: Portfolio, count: int) -> None:
    side = portfolio.pixels.shape[1]
    if sampler.resolution != side:
        raise GansuiteError(
            f"The works are {side} pixels wide, and {sampler.model_name!r} draws {sampler.resolution}.",
            f"Open the works with --resolution {sampler.resolution}.",
        )
    fewest = min(len(portfolio.held_out), len(portfolio.train), count)
    if fewest < LEAST:
        raise GansuiteError(
            f"Comparing needs {LEAST} works or more: there are {len(portfolio.held_out)} held out, "
            f"{len(portfolio.train)} for training, and {count} samples were asked for.",
            "Use more works, hold out a larger share of them, or raise --count.",
        )


def _subjects(
    sampler: Sampler, control: Sampler | None, portfolio: Portfolio, works: int, seed: int
) -> Iterator[_Subject]:
    seeds = range(seed, seed + works)
    yield _Subject(sampler.model_name, "model", lambda: _drawn(sampler, seeds), seeds)
    if control:
        yield _Subject(control.model_name, "control", lambda: _drawn(control, seeds), seeds)
    random = np.random.default_rng(seed)
    chosen = np.sort(random.permutation(portfolio.train)[:works])
    yield _Subject("real", "real", lambda: _chunks(portfolio.pixels, chosen))
    yield _Subject("blur", "blur", lambda: map(blurred, _chunks(portfolio.pixels, chosen)))
    shape = portfolio.pixels.shape[1:]
    sizes = [min(CHUNK, works - start) for start in range(0, works, CHUNK)]
    yield _Subject("noise", "noise", lambda: (random.integers(0, 256, (n, *shape), np.uint8) for n in sizes))


def _drawn(sampler: Sampler, seeds: range) -> Iterator[np.ndarray]:
    """In batches: for a measure, speed matters more than the last bit of a pixel."""
    for start in range(0, len(seeds), CHUNK):
        yield draw(sampler.generator, sampler.codes(seeds[start : start + CHUNK]))


def _chunks(pixels: np.ndarray, chosen: np.ndarray) -> Iterator[np.ndarray]:
    return (pixels[chosen[start : start + CHUNK]] for start in range(0, len(chosen), CHUNK))


def _features(parts: Iterable[np.ndarray], extractors: Sequence[Extractor]) -> list[np.ndarray]:
    """One array (N, D) for each extractor; each part of the pictures is made only once."""
    found = [[extractor(part) for extractor in extractors] for part in parts]
    return [np.concatenate(of_one) for of_one in zip(*found, strict=True)]


def _row(
    subject: _Subject,
    extractor: Extractor,
    portfolio: Portfolio,
    features: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Row:
    train, held_out, found = features
    shares = measures.precision_recall(held_out, found)
    near = measures.density_coverage(held_out, found, NEIGHBOURS)
    risk = measures.copy_risk(train, held_out, found)
    return Row(
        who=subject.who,
        role=subject.role,
        network=extractor.name,
        relative=extractor.relative,
        works=len(found),
        held_out=len(held_out),
        kernel=measures.kernel_distance(held_out, found),
        kernel_error=measures.kernel_distance_interval(held_out, found).standard_error,
        frechet=measures.frechet_distance(held_out, found),
        precision=shares.precision,
        recall=shares.recall,
        density=near.density,
        coverage=near.coverage,
        diversity=measures.diversity(held_out, found),
        copied=None if subject.role == "real" else risk.share,
        suspects=_suspects(risk, subject.seeds, portfolio),
    )


def _suspects(risk: measures.CopyRisk, seeds: range, portfolio: Portfolio) -> tuple[Suspect, ...]:
    worst = np.argsort(risk.distances, kind="stable")[: SUSPECTS if seeds else 0]
    works = portfolio.train[risk.indices]
    return tuple(
        Suspect(
            seed=seeds[i],
            work=int(works[i]),
            name=portfolio.names[portfolio.works[works[i]]],
            distance=float(risk.distances[i]),
            suspected=bool(risk.suspected[i]),
        )
        for i in worst.tolist()
    )


_HEADS = (
    "",
    "KID",
    "+-",
    "Frechet",
    "precision",
    "recall",
    "density",
    "coverage",
    "diversity",
    "copies",
    "",
)


def _table(rows: Sequence[Row]) -> str:
    first = rows[0]
    said = first.relative and "relative only" not in first.network
    title = (
        f"{first.network}{' (relative only)' if said else ''}: "
        f"{first.works} works each against {first.held_out} held-out works."
    )
    if first.relative:
        title += "\nCompare these figures with one another, and with no others."
    cells = [_HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(_HEADS))]
    return "\n".join([title, *(_aligned(line, widths) for line in cells)])


def _cells(row: Row) -> tuple[str, ...]:
    shares = [row.precision, row.recall, row.density, row.coverage, row.diversity]
    return (
        row.who,
        *(f"{value:.4g}" for value in (row.kernel, row.kernel_error, row.frechet)),
        *(f"{value:.2f}" for value in shares),
        "-" if row.copied is None else f"{row.copied:.1%}",
        ROLES[row.role],
    )


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Names on the left, figures to the right, remarks on the left again."""
    figures = [cell.rjust(width) for cell, width in zip(cells[1:-1], widths[1:-1], strict=True)]
    return "  ".join([cells[0].ljust(widths[0]), *figures, cells[-1]]).rstrip()
