"""Cells of phrases as the networks see and hear them, and back.

B batch, K tracks, M bars, T steps, P = 84 pitches, C channels: onsets and held cells, or sounding cells alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, unflatten

from gansuite.music.networks.layers import legal
from gansuite.music.roll import HOLD, OCTAVES, ONSET, PITCH_CLASSES, SILENT, Cells, Grid, from_sounding


def to_channels(cells: Tensor, count: int) -> Tensor:
    """Cells (B, K, T, P) to float (B, K, T, P, C): onsets and held cells, or sounding cells.

    They lie track by track in memory, as the first layers of the networks read them.
    """
    by_track = cells.transpose(0, 1).contiguous()
    kinds = [by_track != SILENT] if count == 1 else [by_track == ONSET, by_track == HOLD]
    return torch.stack(kinds, -1).float().transpose(0, 1)


def to_cells(x: Tensor, tracks: Sequence[str]) -> Cells:
    """What a generator plays, (B, K, T, P, C) in [0, 1], to cells uint8 (B, K, T, P); above 1/2 is a note.

    Args:
        x: onsets and held cells, or sounding ones; then a stroke on each step of the drums.
        tracks: K names.
    """
    hard = x > 0.5
    if x.shape[-1] == 1:
        sounding = from_sounding(hard[..., 0].cpu().numpy())
        drums = [name == "drums" for name in tracks]
        sounding[:, drums] = sounding[:, drums].clip(max=ONSET)
        return sounding
    onset, hold = hard.unbind(-1)
    held = legal(onset.float(), hold.float())
    cells = torch.where(onset, ONSET, torch.where(held, HOLD, SILENT))
    return cells.to(torch.uint8).cpu().numpy()


def heard_in(x: Tensor, given: Tensor, grid: Grid) -> Tensor:
    """How much of each beat each pitch class sounds in given tracks, and whether any is given: (B, beats, 13).

    Args:
        x: (B, K, T, P, C); drums have no pitch classes.
        given: bool (B, K, M).
        grid: of the phrases.
    """
    pitched = torch.tensor([name != "drums" for name in grid.tracks], device=x.device)
    known = given.to(x.dtype) * pitched[:, None]
    sounding = x.sum(-1) * known.repeat_interleave(grid.bar, 2)[..., None]
    chroma = unflatten(sounding, -1, (OCTAVES, PITCH_CLASSES)).sum((1, 3))
    beats = unflatten(chroma, 1, (-1, grid.steps_per_beat)).mean(2).clamp(max=1)
    told = known.amax(1).repeat_interleave(grid.beats, 1)
    return torch.cat([beats, told[..., None]], -1)


def in_tune(heard: Tensor, grid: Grid) -> Tensor:
    """1 where a pitch class is heard, -1 where only others are, 0 where none is: (B, beats, 13) -> (B, T, P)."""
    sounds = heard[..., :PITCH_CLASSES] > 0
    signs = torch.where(sounds, 1.0, -1.0) * sounds.any(-1, keepdim=True)
    return signs.repeat_interleave(grid.steps_per_beat, 1).repeat(1, 1, OCTAVES)
