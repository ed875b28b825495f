"""Cells of phrases as the networks see them, and back.

B batch, K tracks, T steps, P = 84 pitches, C channels: onsets and held cells, or sounding cells alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gansuite.music.networks.layers import legal
from gansuite.music.roll import HOLD, ONSET, SILENT, Cells, from_sounding


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
