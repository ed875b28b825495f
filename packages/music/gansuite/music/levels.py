"""As many notes, and as many silent bars, as the music has: the level of an averaged generator, track by track.

Neurons that are all or nothing do not average: where two generators put a note on different steps, their average is
sure of neither and plays none, so that averages thin out. Three numbers a track put that right. As many bars as in the
training music fall silent, those of which the generator is least sure; logits of onsets are shifted until as many cells
are struck; then those of held cells until as many notes last.

N phrases, K tracks, T steps, P = 84 pitches, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gansuite.music.networks.layers import legal
from gansuite.music.networks.musegan import NEVER, Generator
from gansuite.music.roll import HOLD, ONSET, SILENT, Cells, Flags

REACH, HALVINGS = 32.0, 16  # held cells: how far the level is looked for, and how finely
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Levels:
    """How full tracks are.

    Attributes:
        struck: (K,), the share of cells where a note begins (that sound, where lengths are not told apart).
        lasting: (K,), the share of the notes that are longer than a step.
        silent: (K,), the share of the bars in which nothing sounds.
    """

    struck: Shares
    lasting: Shares
    silent: Shares


def levels_of(cells: Cells, present: Flags, lengths: bool, bars: int) -> Levels:
    """How full the tracks of some music are, where they are there at all.

    Args:
        cells: (N, K, T, P).
        present: (N, K).
        lengths: whether onsets and held cells are told apart.
        bars: M, in each phrase.
    """
    there = np.maximum(1, present.sum(0))
    begins = cells == ONSET if lengths else cells != SILENT
    struck: Shares = (begins.mean((2, 3)) * present).sum(0) / there
    lasting = (begins[:, :, :-1] & (cells[:, :, 1:] == HOLD)).sum((0, 2, 3)) / np.maximum(1, begins.sum((0, 2, 3)))
    empty = (cells.reshape(*cells.shape[:2], bars, -1) == SILENT).all(3)
    silent: Shares = (empty.mean(2) * present).sum(0) / there
    return Levels(struck, lasting, silent)


@torch.no_grad()
def level(generator: Generator, wanted: Levels, latents: Tensor, present: Tensor) -> None:
    """Set the generator's `shift` and `hush` so that, from nothing, its tracks are as full as is wanted.

    Args:
        generator: changed in place.
        wanted: how full.
        latents: (N, latent_size), of the phrases it is tried on.
        present: bool (N, K), their tracks; one that is in none of them keeps its level.
    """
    generator.shift.zero_()
    generator.hush.fill_(NEVER)
    grid, device = generator.grid, generator.shift.device
    logits = generator.logits(latents.to(device), None, None, present.to(device))
    surest = generator.surest(logits)
    for track, name in enumerate(grid.tracks):
        there = present[:, track].to(device)
        mine, quiet = logits[there, track], _quiet(surest[there, track], float(wanted.silent[track]))
        plays = (surest[there, track] > quiet).repeat_interleave(grid.bar, 1)
        if not plays.any():
            continue
        struck = float(wanted.struck[track]) / float(plays.float().mean())
        shift = -_threshold(mine[plays][..., 0], struck)
        generator.shift[track, 0], generator.hush[track] = shift, quiet + shift
        if generator.config.lengths and name != "drums":
            begins = (mine[..., 0] + shift > 0) & plays[..., None]
            generator.shift[track, 1] = _holding(begins.float(), mine[..., 1], float(wanted.lasting[track]))


def _quiet(surest: Tensor, share: float) -> float:
    """Which that share of the bars does not exceed."""
    count = round(share * surest.numel())
    return float(surest.flatten().kthvalue(count).values) if count else NEVER


def _threshold(logits: Tensor, share: float) -> float:
    """Above which that share of the logits lies."""
    flat = logits.flatten()
    count = min(len(flat) - 1, max(0, round(share * len(flat))))
    return float(flat.topk(count + 1).values[-1])


def _holding(struck: Tensor, logits: Tensor, share: float) -> float:
    """The shift at which that share of the notes lasts longer than a step; the higher, the more do."""
    low, high, notes = -REACH, REACH, max(1.0, float(struck.sum()))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        held = legal(struck, (logits + middle > 0).float())
        lasting = float((struck[:, :-1].bool() & held[:, 1:]).sum()) / notes
        low, high = (middle, high) if lasting < share else (low, middle)
    return (low + high) / 2
