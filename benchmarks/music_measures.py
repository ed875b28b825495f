"""The table of all musical measures against the textbook loop over bars, and the search for copies; on one core.

A bar is one bar of all tracks. The textbook loop is the one everybody has read: bar by bar and track by track, a dense
sum for each of five measures (EB, UPC, QN, PP, TD); the table takes all it has, with counts and intervals and the
shuffled control. Rounds alternate; medians of processor time are printed.

    python benchmarks/music_measures.py --pack slakh_train.npz
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gansuite.music.measures import MusicTable, fingerprint, nearest, table
from gansuite.music.measures.tonal import TONAL
from gansuite.music.notes import paint
from gansuite.music.packs import read_pack
from gansuite.music.roll import PITCHES, TRACKS, Cells

STEPS, BAR, BEAT = 64, 16, 4


def seconds(task: Callable[[], object]) -> float:
    """Processor seconds of a task."""
    began = time.process_time()
    task()
    return time.process_time() - began


def cells_of(pack: Path | None, phrases: int, seed: int = 0) -> Cells:
    """Phrases of five tracks: from a pack, whose missing drums are drawn at random, or as dense as real ones are."""
    random = np.random.default_rng(seed)
    if pack is None:
        return random.choice(3, (phrases, len(TRACKS), STEPS, PITCHES), p=[0.977, 0.01, 0.013]).astype(np.uint8)
    held = read_pack(pack.read_bytes())
    chosen = held.notes.select(np.sort(random.permutation(held.notes.count)[:phrases]))
    cells = paint(chosen, STEPS * held.steps_per_beat // BEAT)[:, :, :: held.steps_per_beat // BEAT]
    if not cells[:, 0].any():
        cells[:, 0, :, 12:20] = random.random((len(cells), STEPS, 8)) < 0.2
    return np.ascontiguousarray(cells)


def textbook_bar(bar: np.ndarray) -> list[float]:
    """EB, UPC, QN and PP of one bar (16, 84) of one track."""
    if not bar.sum():
        return [1.0]
    classes = (bar.reshape(BAR, PITCHES // 12, 12).sum(axis=(0, 1)) > 0).sum()
    edges = np.diff(np.concatenate([np.zeros((1, PITCHES)), bar, np.zeros((1, PITCHES))]), axis=0)
    lengths: list[int] = []
    for pitch in range(PITCHES):
        lengths += (np.flatnonzero(edges[:, pitch] < 0) - np.flatnonzero(edges[:, pitch] > 0)).tolist()
    return [0.0, float(classes), float(np.mean([n >= 2 for n in lengths])), float((bar.sum(axis=1) >= 2).mean())]


def textbook_distance(one: np.ndarray, two: np.ndarray) -> list[float]:
    """The tonal distances of two tracks, beat by beat of one bar."""
    found = []
    for start in range(0, BAR, BEAT):
        chroma = [track[start : start + BEAT].reshape(BEAT, PITCHES // 12, 12).sum(axis=(0, 1)) for track in (one, two)]
        if chroma[0].any() and chroma[1].any():
            places = [weights / weights.sum() @ TONAL for weights in chroma]
            found.append(float(np.linalg.norm(places[0] - places[1])))
    return found


def textbook(cells: Cells) -> None:
    """The loop over bars."""
    bars = (cells > 0).astype(float).reshape(len(cells), len(TRACKS), STEPS // BAR, BAR, PITCHES)
    for bar in bars.transpose(0, 2, 1, 3, 4).reshape(-1, len(TRACKS), BAR, PITCHES):
        for track in bar:
            textbook_bar(track)
        for one, two in itertools.combinations(bar[1:], 2):
            textbook_distance(one, two)


def show(measured: MusicTable) -> None:
    """Print every figure."""
    for name, row in measured.measures.items():
        print(f"{name:25}", "  ".join(f"{who} {figure}" for who, figure in row.items()))


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, help="a pack of real phrases; random ones otherwise")
    parser.add_argument("--phrases", type=int, default=4000)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--training", type=int, default=17000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    cells = cells_of(args.pack, args.phrases)
    few = cells[:50]
    ours, theirs = [], []
    for _ in range(args.rounds):
        ours.append(4 * len(cells) / seconds(lambda: table(cells)))
        theirs.append(4 * len(few) / seconds(lambda: textbook(few)))
    fast, slow = statistics.median(ours), statistics.median(theirs)
    old = 4 * len(cells) / seconds(lambda: table(cells, compat="musegan2018"))
    print(f"cells that sound: {np.count_nonzero(cells) / len(cells):.0f} a phrase of 5 tracks and 4 bars")
    print(f"table: {fast:,.0f} bars/s; as in 2018: {old:,.0f}; textbook loop: {slow:,.0f} (ratio {fast / slow:.0f})")
    train = fingerprint(
        cells_of(args.pack, min(4000, args.training - done), done) for done in range(0, args.training, 4000)
    )
    samples = fingerprint(cells[: args.samples])
    spent = seconds(lambda: nearest(train, samples))
    print(f"nearest of {len(train):,} phrases for each of {len(samples):,}: {spent:.1f} s")
    show(table(cells))


if __name__ == "__main__":
    main()
