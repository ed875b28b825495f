"""Is the model only copying? Each sample's nearest training work, judged by how near new real works come.

Letters: N training works, H held-out works, M samples, D features.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError
from gansuite.core.measures.arrays import Features, Float64, Indices, checked_pair, squared_distances


class CopyRisk(NamedTuple):
    """What `copy_risk` found.

    threshold: a sample nearer than this to a training work is a suspected copy; in units of the features.
    share: share of samples that are suspected copies, in [0, 1]; honest samples give about the quantile.
    indices: (M,) the nearest training work of each sample.
    distances: (M,) the distance to it.
    """

    threshold: float
    share: float
    indices: Indices
    distances: Float64

    @property
    def suspected(self) -> npt.NDArray[np.bool_]:
        """(M,) which samples are suspected copies: nearer than the threshold, or the very same work."""
        return np.asarray((self.distances < self.threshold) | (self.distances == 0))


def nearest(train: Features, samples: Features) -> tuple[Indices, Float64]:
    """The nearest training work of each sample.

    Args:
        train: features (N, D).
        samples: features (M, D).

    Returns:
        (indices, distances): (M,) row numbers in `train`, and (M,) Euclidean distances.

    Raises:
        GansuiteError: an empty set, different numbers of features, or values that are not finite.
    """
    train, samples = checked_pair(train, samples, ("training", "sample"))
    indices = np.empty(len(samples), dtype=np.int64)
    for rows, squares in squared_distances(samples, train):
        indices[rows] = squares.argmin(1)
    # Measured again directly: the fast form above loses half the digits of very small distances.
    return indices, np.linalg.norm(samples - train[indices], axis=1)


def copy_risk(train: Features, held_out: Features, samples: Features, quantile: float = 0.01) -> CopyRisk:
    """Suspected copies among samples, with a threshold learned from held-out works.

    Held-out works were made by the same hand and cannot be copies; the given quantile of their distances to
    their nearest training works is as near as honest works come. Comparing these two sets of distances is the
    idea of Meehan, Chaudhuri and Dasgupta 2020 ("A Non-Parametric Test to Detect Data-Copying in Generative
    Models"); here it becomes a verdict for each sample. Remove near-duplicates from the portfolio first: a
    held-out work that is also a training work pulls the threshold down.

    Args:
        train: features (N, D).
        held_out: features (H, D); with fewer than about 1 / quantile works the threshold is coarse.
        samples: features (M, D).
        quantile: in (0, 1): the share of honest works that one accepts to suspect.

    Raises:
        GansuiteError: a quantile outside (0, 1), an empty set, different numbers of features, or not finite.
    """
    if not 0 < quantile < 1:
        raise GansuiteError(f"The quantile is {quantile}; it must lie between 0 and 1.", "Use 0.01.")
    train, held_out = checked_pair(train, held_out, ("training", "held-out"))
    threshold = float(np.quantile(nearest(train, held_out)[1], quantile))
    indices, distances = nearest(train, samples)
    risk = CopyRisk(threshold, 0.0, indices, distances)
    return risk._replace(share=float(risk.suspected.mean()))
