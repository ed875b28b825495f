"""Which works are held out: chosen by what they show, not by their names or the order they came in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class _Cluster:
    """Near-duplicates, which stay on one side."""

    rank: str
    label: int
    members: tuple[int, ...]


def hold_out(
    contents: Sequence[str],
    groups: NDArray[np.int64],
    labels: NDArray[np.int64] | None,
    share: float,
    seed: int,
) -> NDArray[np.bool_]:
    """True for each of W works that is held out: about `share` of them, at least 1 and at most half.

    Each label gives its part (largest remainders). Within a label, works are ranked by a hash of the seed and
    their content: the same files in another order, or renamed, split the same way, and added works move few of the
    others.

    Args:
        contents: content hash of each work, W >= 2.
        groups: (W,) equal numbers for near-duplicates; they stay together, unless all works are one group.
        labels: (W,) or None.
        share: 0..0.5.
        seed: any integer.
    """
    if len(np.unique(groups)) < 2:
        groups = np.arange(len(contents))
    clusters = _clusters(contents, groups, labels, seed)
    wanted = max(1, min(int(share * len(contents) + 0.5), len(contents) // 2))
    quotas = _quotas(clusters, wanted)
    chosen: list[_Cluster] = []
    for label, quota in quotas.items():
        chosen += _fill([c for c in clusters if c.label == label], quota)
    taken = set(chosen)
    missing = wanted - sum(len(cluster.members) for cluster in chosen)
    chosen += _fill([c for c in clusters if c not in taken], missing)
    if not chosen:
        chosen = [min(clusters, key=lambda cluster: len(cluster.members))]
    held = np.zeros(len(contents), np.bool_)
    held[[member for cluster in chosen for member in cluster.members]] = True
    return held


def _clusters(
    contents: Sequence[str], groups: NDArray[np.int64], labels: NDArray[np.int64] | None, seed: int
) -> list[_Cluster]:
    members: dict[int, list[int]] = {}
    for work, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(work)
    found = []
    for works in members.values():
        first = min(works, key=lambda work: contents[work])
        rank = hashlib.sha256(f"{seed} {contents[first]}".encode()).hexdigest()
        found.append(_Cluster(rank, -1 if labels is None else int(labels[first]), tuple(works)))
    return sorted(found, key=lambda cluster: (cluster.rank, cluster.members))


def _quotas(clusters: Sequence[_Cluster], wanted: int) -> dict[int, int]:
    sizes: dict[int, int] = {}
    for cluster in clusters:
        sizes[cluster.label] = sizes.get(cluster.label, 0) + len(cluster.members)
    exact = {label: wanted * size / sum(sizes.values()) for label, size in sorted(sizes.items())}
    quotas = {label: int(part) for label, part in exact.items()}
    by_remainder = sorted(exact, key=lambda label: (quotas[label] - exact[label], label))
    for label in by_remainder[: wanted - sum(quotas.values())]:
        quotas[label] += 1
    return quotas


def _fill(clusters: Sequence[_Cluster], quota: int) -> list[_Cluster]:
    chosen = []
    for cluster in clusters:
        if len(cluster.members) <= quota:
            chosen.append(cluster)
            quota -= len(cluster.members)
    return chosen
