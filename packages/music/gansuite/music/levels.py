"""How full, how steady and how far apart the tracks of some music are, and an averaged generator brought to the same.

Per track, one remedy after the other (see `networks.levelling`): where neighbouring bars are less alike than in the
music, logits go towards their mean over the bars; as many bars as there fall silent, those of which the generator is
least sure; onsets are shifted until as many cells are struck, none of them farther from the middle of the track than
nearly all notes of the music are; then held cells until as many notes last, and as long.

N phrases, K tracks, M bars, T steps, P = 84 pitches, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, unflatten

from gansuite.music.networks.layers import legal
from gansuite.music.networks.levelling import NEVER, Levelling, lingering, middle, near, surest
from gansuite.music.networks.musegan import Generator
from gansuite.music.roll import HOLD, ONSET, PITCHES, SILENT, Cells, Flags

STEADYING = 7  # halvings of the interval in which the steadiness is looked for
LINGERING, FAR = 12, 32.0  # as many for `stay`, which lies between that and its negative
SETTLING = 4  # rounds of shifting onsets and silencing those out of reach
CLOSE = 0.99  # the share of the music's notes within its reach
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Levels:
    """How full tracks are, each (K,).

    Attributes:
        struck: the share of cells where a note begins (that sound, where lengths are not told apart).
        lasting: the share of the notes that are longer than a step.
        silent: the share of the bars in which nothing sounds.
        alike: how many of the strokes of two neighbouring bars are in both (see `likeness`).
        reach: how many semitones nearly all notes are at most from the middle of what a track plays in a phrase.
        length: of a note, in steps.
    """

    struck: Shares
    lasting: Shares
    silent: Shares
    alike: Shares
    reach: Shares
    length: Shares


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
    sounding = (cells != SILENT).sum((0, 2, 3))
    onsets = [torch.from_numpy(begins[present[:, track], track]) for track in range(cells.shape[1])]
    return Levels(
        struck,
        lasting,
        silent,
        alike=np.array([likeness(mine, bars) for mine in onsets]),
        reach=np.array([reach_of(mine) for mine in onsets]),
        length=sounding / np.maximum(1, begins.sum((0, 2, 3))),
    )


def likeness(begins: Tensor, bars: int) -> float:
    """The mean Jaccard index of what begins (N, T, P) in neighbouring bars where both play; 0 where there are none."""
    each = unflatten(begins, 1, (bars, -1)).flatten(2)
    one, next_one = each[:, :-1], each[:, 1:]
    both, either = (one & next_one).sum(2), (one | next_one).sum(2)
    play = one.any(2) & next_one.any(2)
    return float((both[play] / either[play]).mean()) if play.any() else 0.0


def reach_of(begins: Tensor) -> float:
    """Semitones within which nearly all of what begins (N, T, P) is from the middle of its phrase; all, in silence."""
    away = (torch.arange(begins.shape[2]) - middle(begins)[:, None]).abs()
    counts = torch.zeros(PITCHES).index_add_(0, away.flatten(), begins.sum(1).flatten().float())
    return float((counts.cumsum(0) >= CLOSE * counts.sum()).int().argmax()) if counts.any() else float(PITCHES)


@torch.no_grad()
def level(generator: Generator, wanted: Levels, latents: Tensor, present: Tensor) -> None:
    """Set the generator's `levelling` so that, from nothing, its tracks are as is wanted.

    Args:
        generator: changed in place.
        wanted: how full.
        latents: (N, latent_size), of the phrases it is tried on.
        present: bool (N, K), their tracks; one that is in none of them keeps its level.
    """
    levels, grid = generator.levelling, generator.grid
    levels.reset()
    present = present.to(levels.shift.device)
    logits = generator.logits(latents.to(levels.shift.device), None, None, present)
    for track in range(len(grid.tracks)):
        mine = logits[present[:, track], track, ..., 0]
        if len(mine):
            share, alike = float(wanted.struck[track]), float(wanted.alike[track])
            levels.steadiness[track] = _steadiness(unflatten(mine, 1, (grid.bars, -1)), share, alike)
    logits = levels.steadied(logits)
    for track, name in enumerate(grid.tracks):
        mine = logits[present[:, track], track]
        if len(mine):
            _tune(levels, mine, wanted, track, name != "drums")


def _tune(levels: Levelling, logits: Tensor, wanted: Levels, track: int, pitched: bool) -> None:
    """Set all but the steadiness of one track, whose logits (N, T, P, C) are steady already."""
    bars, grid = levels.grid.bars, levels.grid
    struck, silent = float(wanted.struck[track]), float(wanted.silent[track])
    reach = float(wanted.reach[track]) if pitched else float(PITCHES)
    x, shift = logits, 0.0
    for _ in range(SETTLING):  # what is out of reach is known once there are notes, and makes room for others
        sure = surest(x, bars)
        quiet = _quiet(sure, silent)
        plays = (sure > quiet).repeat_interleave(grid.bar, 1)
        if not plays.any():
            break
        shift = -_threshold(x[plays][..., 0], struck / float(plays.float().mean()))
        x = near(logits, middle(logits[..., 0] + shift > 0), reach)
    levels.shift[track, 0], levels.hush[track], levels.reach[track] = shift, quiet + shift, reach
    if pitched and logits.shape[-1] > 1:
        begins = (x[..., 0] + shift > 0) & plays[..., None]
        held = x[..., 1] + (last := _holding(begins, x[..., 1], float(wanted.lasting[track])))
        levels.shift[track, 1] = last
        levels.stay[track] = _staying(begins, held, float(wanted.length[track]))


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
        between = (low + high) / 2
        low, high = (low, between) if reached(between) else (between, high)
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
    """The shift of held cells (N, T, P) at which that share of the notes lasts longer than a step.

    A note lasts if the cell behind it is held and not struck itself.
    """
    may_last = logits[:, 1:][struck[:, :-1] & ~struck[:, 1:]]
    lasting = round(share * float(struck.sum()))
    if not len(may_last) or not lasting:
        return NEVER
    return -float(may_last.topk(min(lasting + 1, len(may_last))).values[-1]) + (1e-6 if lasting >= len(may_last) else 0)


def _staying(struck: Tensor, logits: Tensor, length: float) -> float:
    """The `stay` of held cells (N, T, P) at which notes are so many steps long; the higher, the longer they are."""
    both = torch.stack([torch.zeros_like(logits), logits], -1)
    notes, low, high = max(1.0, float(struck.sum())), -FAR, FAR
    for _ in range(LINGERING):
        between = (low + high) / 2
        held = legal(struck.float(), (lingering(both, struck, between)[..., 1] > 0).float())
        low, high = (between, high) if 1 + float(held.sum()) / notes < length else (low, between)
    return (low + high) / 2
