"""How full, how steady and how far apart the tracks of some music are, and an averaged generator brought to the same.

Per track, one remedy after the other (see `networks.levelling`): where neighbouring bars are less alike than in the
music, logits go towards their mean over the bars; as many bars as there fall silent, those of which the generator is
least sure; onsets are shifted until as many cells are struck, none of them farther from the middle of the track than
nearly all notes of the music are; then held cells until as many notes last, and as long. And where the notes of a track
are less often of pitch classes that another track sounds, they heed it more when it is given.

N phrases, K tracks, M bars, T steps, P = 84 pitches, C channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, unflatten

from gansuite.music.networks.channels import heard_in, in_tune, to_channels
from gansuite.music.networks.layers import legal
from gansuite.music.networks.levelling import NEVER, Levelling, attuned, lingering, middle, near, surest
from gansuite.music.networks.musegan import Generator
from gansuite.music.roll import HOLD, ONSET, PITCHES, SILENT, Cells, Flags, Grid

STEADYING = 7  # halvings of the interval in which the steadiness is looked for
LINGERING, FAR = 12, 32.0  # as many for `stay`, which lies between that and its negative
SETTLING = 4  # rounds of shifting onsets and silencing those out of reach
HEEDING, MOST_HEED = 8, 64.0  # halvings of the interval in which the heed is looked for, and its end
JUST = 1e-5  # above 0
TOLD = 512  # about so many phrases tell how much tracks heed one another
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
        tuned: the share of the notes that are of a pitch class which another track, one in turn, sounds in their beat.
    """

    struck: Shares
    lasting: Shares
    silent: Shares
    alike: Shares
    reach: Shares
    length: Shares
    tuned: Shares


def levels_of(cells: Cells, present: Flags, lengths: bool, grid: Grid) -> Levels:
    """How full the tracks of some music are, where they are there at all.

    Args:
        cells: (N, K, T, P).
        present: (N, K).
        lengths: whether onsets and held cells are told apart.
        grid: of the phrases.
    """
    bars, there = grid.bars, np.maximum(1, present.sum(0))
    begins = cells == ONSET if lengths else cells != SILENT
    struck: Shares = (begins.mean((2, 3)) * present).sum(0) / there
    lasting = (begins[:, :, :-1] & (cells[:, :, 1:] == HOLD)).sum((0, 2, 3)) / np.maximum(1, begins.sum((0, 2, 3)))
    empty = (cells.reshape(*cells.shape[:2], bars, -1) == SILENT).all(3)
    silent: Shares = (empty.mean(2) * present).sum(0) / there
    sounding = (cells != SILENT).sum((0, 2, 3))
    onsets = [torch.from_numpy(begins[present[:, track], track]) for track in range(cells.shape[1])]
    few = slice(None, None, max(1, len(cells) // TOLD))
    told = Told.of(cells[few], present[few], lengths, grid)
    return Levels(
        struck,
        lasting,
        silent,
        alike=np.array([likeness(mine, bars) for mine in onsets]),
        reach=np.array([reach_of(mine) for mine in onsets]),
        length=sounding / np.maximum(1, begins.sum((0, 2, 3))),
        tuned=np.array([told.share(torch.from_numpy(begins[few, track]), track) for track in range(cells.shape[1])]),
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


@dataclass(frozen=True, eq=False)
class Told:
    """Phrases of each of which one pitched track is given, in turn.

    Attributes:
        x: (N, K, T, P, C).
        present: bool (N, K).
        given: bool (N, K, M).
        signs: (N, T, P), see `in_tune`.
    """

    x: Tensor
    present: Tensor
    given: Tensor
    signs: Tensor

    @classmethod
    def of(cls, cells: Cells, present: Flags, lengths: bool, grid: Grid) -> Told:
        """Of phrases (N, K, T, P) with these tracks (N, K)."""
        pitched = present & np.array([name != "drums" for name in grid.tracks])
        nth = np.arange(len(cells)) % np.maximum(1, pitched.sum(1))
        chosen = torch.from_numpy(pitched & (pitched.cumsum(1) == nth[:, None] + 1))
        x = to_channels(torch.from_numpy(cells), 2 if lengths else 1)
        given = chosen[..., None].expand(-1, -1, grid.bars)
        return cls(x, torch.from_numpy(present), given, in_tune(heard_in(x, given, grid), grid))

    def listening(self, track: int) -> Tensor:
        """In which phrases a track plays to another one: bool (N,)."""
        return self.present[:, track] & ~self.given[:, track, 0] & self.given.any((1, 2))

    def share(self, begins: Tensor, track: int) -> float:
        """The share of what begins in a track, bool (N, T, P), that is in tune with what is given; 0 of nothing."""
        rows = self.listening(track)
        notes, signs = begins[rows], self.signs[rows]
        heard = int((notes & (signs != 0)).sum())
        return int((notes & (signs > 0)).sum()) / heard if heard else 0.0


@torch.no_grad()
def level(generator: Generator, wanted: Levels, latents: Tensor, cells: Cells, there: Flags) -> None:
    """Set the generator's `levelling` so that, from nothing, its tracks are as is wanted.

    Args:
        generator: changed in place.
        wanted: how full.
        latents: (N, latent_size), of the phrases it is tried on.
        cells: (N, K, T, P), of which one track each is given to find how much the others heed it.
        there: (N, K), their tracks; one that is in none of them keeps its level.
    """
    levels, grid = generator.levelling, generator.grid
    levels.reset()
    device = levels.shift.device
    latents, present = latents.to(device), torch.from_numpy(there).to(device)
    logits = generator.logits(latents, None, None, present)
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
    if generator.config.given:
        told = Told.of(cells, there, generator.config.lengths, grid)
        logits = generator.logits(latents, told.x.to(device), told.given.to(device), present).cpu()
        for track, name in enumerate(grid.tracks):
            if name != "drums":
                levels.heed[track] = _heed(told, logits[:, track], track, float(wanted.tuned[track]))


def _tune(levels: Levelling, logits: Tensor, wanted: Levels, track: int, pitched: bool) -> None:
    """Set all but the steadiness of one track, whose logits (N, T, P, C) are steady already."""
    grid = levels.grid
    struck, silent = float(wanted.struck[track]), float(wanted.silent[track])
    reach = float(wanted.reach[track]) if pitched else float(PITCHES)
    x, shift = logits, 0.0
    for _ in range(SETTLING):  # what is out of reach is known once there are notes, and makes room for others
        sure = surest(x, grid.bars)
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

    return _least(reached, 1.0, STEADYING)


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
    lasting = min(len(may_last), round(share * float(struck.sum())))
    return JUST - float(may_last.topk(lasting).values[-1]) if lasting else NEVER


def _staying(struck: Tensor, logits: Tensor, length: float) -> float:
    """The `stay` of held cells (N, T, P) at which notes are so many steps long; the higher, the longer they are."""
    both = torch.stack([torch.zeros_like(logits), logits], -1)
    notes, low, high = max(1.0, float(struck.sum())), -FAR, FAR
    for _ in range(LINGERING):
        between = (low + high) / 2
        held = legal(struck.float(), (lingering(both, struck, between)[..., 1] > 0).float())
        low, high = (between, high) if 1 + float(held.sum()) / notes < length else (low, between)
    return (low + high) / 2


def _heed(told: Told, logits: Tensor, track: int, share: float) -> float:
    """How much onsets of a track, logits (N, T, P, C), must heed what is given for that share of them to be in tune."""

    def reached(heed: float) -> bool:
        return told.share(attuned(logits, told.signs, heed)[..., 0] > 0, track) >= share

    if not told.listening(track).any():
        return 0.0
    return _least(reached, MOST_HEED, HEEDING)


def _least(reached: Callable[[float], bool], most: float, halvings: int) -> float:
    """About the least strength, from 0 to the most there is, that reaches what it is for."""
    if reached(0.0):
        return 0.0
    low, high = 0.0, most
    for _ in range(halvings):
        between = (low + high) / 2
        low, high = (low, between) if reached(between) else (between, high)
    return high
