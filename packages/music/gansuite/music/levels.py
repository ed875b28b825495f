"""As many notes, as many silent bars and as steady a beat as the music has: the level of an averaged generator.

Neurons that are all or nothing do not average: where two generators put a note on different steps, their average is
sure of neither and plays none, so that averages thin out; and a logit that passes 0 in one bar and not in the next is
a stroke more. Four numbers a track put that right. Where neighbouring bars are less alike than in the training music,
logits go towards their mean over the bars; as many bars as there fall silent, those of which the generator is least
sure; logits of onsets are shifted until as many cells are struck; then those of held cells until as many notes last.

N phrases, K tracks, M bars, T steps, P = 84 pitches, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, unflatten

from gansuite.music.networks.layers import legal
from gansuite.music.networks.musegan import NEVER, Generator
from gansuite.music.roll import HOLD, ONSET, SILENT, Cells, Flags

REACH, HALVINGS = 32.0, 16  # held cells: how far the level is looked for, and how finely
STEADYING = 7  # as many halvings for the steadiness
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Levels:
    """How full tracks are.

    Attributes:
        struck: (K,), the share of cells where a note begins (that sound, where lengths are not told apart).
        lasting: (K,), the share of the notes that are longer than a step.
        silent: (K,), the share of the bars in which nothing sounds.
        alike: (K,), how many of the strokes of two neighbouring bars are in both (see `likeness`).
    """

    struck: Shares
    lasting: Shares
    silent: Shares
    alike: Shares


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
    alike = [likeness(torch.from_numpy(begins[present[:, track], track]), bars) for track in range(cells.shape[1])]
    return Levels(struck, lasting, silent, np.array(alike))


def likeness(begins: Tensor, bars: int) -> float:
    """The mean Jaccard index of what begins (N, T, P) in neighbouring bars where both play; 0 where there are none."""
    each = unflatten(begins, 1, (bars, -1)).flatten(2)
    one, next_one = each[:, :-1], each[:, 1:]
    both, either = (one & next_one).sum(2), (one | next_one).sum(2)
    play = one.any(2) & next_one.any(2)
    return float((both[play] / either[play]).mean()) if play.any() else 0.0


@torch.no_grad()
def level(generator: Generator, wanted: Levels, latents: Tensor, present: Tensor) -> None:
    """Set the generator's `steadiness`, `shift` and `hush` so that, from nothing, its tracks are as is wanted.

    Args:
        generator: changed in place.
        wanted: how full.
        latents: (N, latent_size), of the phrases it is tried on.
        present: bool (N, K), their tracks; one that is in none of them keeps its level.
    """
    generator.shift.zero_()
    generator.hush.fill_(NEVER)
    generator.steadiness.zero_()
    grid, device = generator.grid, generator.shift.device
    logits = generator.logits(latents.to(device), None, None, present.to(device))
    for track in range(len(grid.tracks)):
        mine = logits[present[:, track].to(device), track, ..., 0]
        if len(mine):
            share, alike = float(wanted.struck[track]), float(wanted.alike[track])
            generator.steadiness[track] = _steadiness(unflatten(mine, 1, (grid.bars, -1)), share, alike)
    logits = generator.steadied(logits)
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


def _steadiness(logits: Tensor, struck: float, alike: float) -> float:
    """How far logits (N, M, steps, P) must go to their mean over the bars for those to be as much alike as wanted.

    No further than to where they are all the same, and not at all where they are alike enough.
    """
    mean = logits.mean(1, keepdim=True)

    def reached(share: float) -> bool:
        steady = torch.lerp(logits, mean, share)
        return likeness((steady > _threshold(steady, struck)).flatten(1, 2), logits.shape[1]) >= alike

    if reached(0.0):
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(STEADYING):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


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
