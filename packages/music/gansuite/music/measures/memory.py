"""Is the music new? Copies of training phrases, near copies, and repetitions among the samples themselves.

Only what sounds is compared, not whether it is struck or held. Phrases are compared as they are: move both to one key
first, lest a transposed copy pass for new. Letters: N training phrases, M samples, K tracks, S steps, P pitches, W
words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.core.measures import CopyRisk
from gansuite.music.measures.intervals import Float64, Measure, ratio
from gansuite.music.measures.sounds import Ints, Music

Words = npt.NDArray[np.uint64]

DISTANCES = ("jaccard", "hamming")
PACKED_AT_ONCE = 256  # phrases
COMPARED_AT_ONCE = 4096  # phrases; what is compared stays in the processor's cache


@dataclass(frozen=True, eq=False)
class Prints:
    """Phrases as bits, to be compared fast.

    Attributes:
        words: (W, N), each the 64 steps of one pitch of one track.
        sizes: (N,), how many cells sound in each phrase.
        shape: (K, S, P) of a phrase.
    """

    words: Words
    sizes: Ints
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.sizes)


@dataclass(frozen=True)
class Memorisation:
    """How new M samples are.

    Attributes:
        samples: M.
        copies: how many of them are training phrases, cell for cell.
        unique: the share of different ones among them.
        nearest: the mean Jaccard distance to the nearest training phrase, 0 (a copy) to 1 (no cell in common).
        held_out: the same of held-out phrases, which are nobody's copies; None without them.
        held_out_copies: how many of those are training phrases all the same. If there are any, songs of the training
            music are among the held-out ones too, and the control is too lenient.
        suspected: the share of samples nearer to a training phrase than all but a small part (the quantile) of the
            held-out phrases are, copies included; honest samples give about that part. None without held-out phrases.
        threshold: the distance below which a sample is suspected.
    """

    samples: int
    copies: int
    unique: Measure
    nearest: Measure
    held_out: Measure | None = None
    held_out_copies: int | None = None
    suspected: Measure | None = None
    threshold: float | None = None


def fingerprint(music: Music | Iterable[Music]) -> Prints:
    """Phrases as bits, to be compared fast.

    Parameters
    ----------
    music : ndarray, (N, K, S, P), or iterable of such arrays
        Cells or piano rolls; several arrays one after the other, so that not all need to be in memory.

    Returns
    -------
    Prints

    Raises
    ------
    GansuiteError
        Another shape, or phrases of different shapes.
    """
    arrays = [music] if isinstance(music, np.ndarray) else music
    parts, shapes = [], set()
    for array in arrays:
        if array.ndim != 4:
            raise GansuiteError(
                f"Expected phrases (phrases, tracks, steps, pitches), not an array of shape {array.shape}.",
                "Add the missing axis.",
            )
        shapes.add(tuple(array.shape[1:]))
        parts += [_pack(array[row : row + PACKED_AT_ONCE]) for row in range(0, max(1, len(array)), PACKED_AT_ONCE)]
    if len(shapes) != 1:
        raise GansuiteError(f"Expected phrases of one shape, but found {sorted(shapes)}.", "Give some of one shape.")
    words = np.ascontiguousarray(np.concatenate(parts).T)
    sizes = np.zeros(words.shape[1], np.int64)
    for row in words:
        sizes += ones(row)
    return Prints(words, sizes, shapes.pop())


def nearest(train: Prints, samples: Prints, distance: str = "jaccard") -> tuple[Ints, Float64]:
    """The nearest training phrase of each sample, found exactly.

    Parameters
    ----------
    train : Prints
        N phrases.
    samples : Prints
        M phrases.
    distance : {"jaccard", "hamming"}
        The share of the cells sounding in either that sound in one alone, 0..1 (0 for two silent phrases); or the
        number of cells that differ.

    Returns
    -------
    indices : ndarray of int64, (M,)
        Places in `train`, the first of equally near ones.
    distances : ndarray of float64, (M,)

    Raises
    ------
    GansuiteError
        No training phrase, different shapes, or another distance.
    """
    if distance not in DISTANCES:
        raise GansuiteError(
            f"'{distance}' is not a distance of phrases. {did_you_mean(distance, list(DISTANCES))}", "Use jaccard."
        )
    if not len(train) or train.shape != samples.shape:
        raise GansuiteError(
            f"{len(train)} training phrases of shape {train.shape} cannot be compared with samples of {samples.shape}.",
            "Give at least one training phrase, on the grid and with the tracks of the samples.",
        )
    indices, distances = np.zeros(len(samples), np.int64), np.zeros(len(samples))
    for number in range(len(samples)):
        common = _common(train.words, samples.words[:, number])
        either = train.sizes + samples.sizes[number] - common
        apart = either - common if distance == "hamming" else 1 - np.divide(common, np.maximum(either, 1))
        if distance == "jaccard":
            apart[either == 0] = 0
        indices[number] = apart.argmin()
        distances[number] = apart[indices[number]]
    return indices, distances


def uniqueness(samples: Prints) -> Measure:
    """The share of different phrases: one that repeats an earlier one is not new.

    Parameters
    ----------
    samples : Prints

    Returns
    -------
    Measure
        Counted: samples.
    """
    _, firsts = np.unique(samples.words.T, axis=0, return_index=True)
    return ratio(np.isin(np.arange(len(samples)), firsts), np.ones(len(samples)))


def memorisation(
    train: Prints, samples: Prints, held_out: Prints | None = None, quantile: float = 0.01
) -> Memorisation:
    """How much of the training music the samples repeat, and each other.

    Parameters
    ----------
    train : Prints
        N training phrases, in the key in which the model was trained.
    samples : Prints
        M phrases, in the same key.
    held_out : Prints, optional
        Phrases of other pieces, the control: real music resembles other real music too.
    quantile : float
        In (0, 1): the share of honest phrases that one accepts to suspect; see `copy_risk` of the core.

    Returns
    -------
    Memorisation

    Raises
    ------
    GansuiteError
        No training phrase, different shapes, or a quantile outside (0, 1).
    """
    if not 0 < quantile < 1:
        raise GansuiteError(f"The quantile is {quantile}; it must lie between 0 and 1.", "Use 0.01.")
    indices, distances = nearest(train, samples)
    every = np.ones(len(samples))
    found = Memorisation(len(samples), _exact(distances), uniqueness(samples), ratio(distances, every))
    if held_out is None or not len(held_out):
        return found
    honest = nearest(train, held_out)[1]
    risk = CopyRisk(float(np.quantile(honest, quantile)), 0.0, indices, distances)
    return replace(
        found,
        held_out=ratio(honest, np.ones(len(honest))),
        held_out_copies=_exact(honest),
        suspected=ratio(risk.suspected, every),
        threshold=risk.threshold,
    )


def ones(words: Words) -> npt.NDArray[np.uint8]:
    """How many bits are set in each word."""
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(words))
    return ones_by_table(words)


def ones_by_table(words: Words) -> npt.NDArray[np.uint8]:
    """The same for NumPy before 2.0."""
    table = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
    parts = np.ascontiguousarray(words).view(np.uint8).reshape(*words.shape, 8)
    return np.asarray(table[parts].sum(axis=-1), np.uint8)


def _exact(distances: Float64) -> int:
    return int(np.count_nonzero(distances == 0))


def _common(train: Words, sample: Words) -> Ints:
    """How many cells sound both in each training phrase and in the sample: (N,)."""
    rows = np.flatnonzero(sample)
    common = np.zeros(train.shape[1], np.int64)
    for start in range(0, train.shape[1], COMPARED_AT_ONCE):
        stretch = slice(start, start + COMPARED_AT_ONCE)
        common[stretch] = ones(train[rows, stretch] & sample[rows, None]).sum(axis=0, dtype=np.int32)
    return common


def _pack(music: Music) -> Words:
    """Phrases (N, K, S, P) as words (N, W): the steps of a pitch side by side, filled up with silence to 64."""
    phrases, tracks, steps, pitches = music.shape
    packed = np.packbits(music != 0, axis=2)
    width = -(-steps // 64) * 8
    padded = np.zeros((phrases, tracks, pitches, width), np.uint8)
    padded[..., : packed.shape[2]] = packed.transpose(0, 1, 3, 2)
    return padded.view(np.uint64).reshape(phrases, tracks * pitches * width // 8)
