"""What the logits of an averaged generator go through, so that it plays as the music does: as much, steady, in place.

Neurons that are all or nothing do not average: where two generators put a note on different steps, their average is
sure of neither and plays none; a logit that passes 0 in one bar and not in the next is a stroke more; of a cloud of
logits near 0 some pass it far from where the track plays, or beside the harmony of what is given; one held cell that is
missed ends a note. How strong each remedy is for a track, `music.levels` finds.

B batch, K tracks, M bars, T steps, P = 84 pitches, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn, unflatten

from gansuite.music.networks.channels import in_tune
from gansuite.music.roll import PITCHES, Grid

SURE = 3.0  # deviations of the logits that a cell which is given is worth
NEVER = -1e4  # as a logit


class Levelling(nn.Module):
    """Logits (B, K, T, P, C) to those that are played. As it is built it changes nothing.

    Attributes:
        steadiness: (K,), how far each bar of a track goes to the mean of its bars: 0 not at all.
        shift: (K, C), added to all logits of a track.
        reach: (K,), semitones from the middle of what a track plays in a phrase, beyond which it is silent.
        hush: (K,), a bar whose surest onset is no surer than that is silent.
        heed: (K,), by how much onsets of pitch classes that sound in given tracks rise, and the others fall, as many
            notes being kept.
        stay: (K,), added to held cells but for those that follow an onset: the higher, the longer are long notes.
    """

    steadiness: Tensor
    shift: Tensor
    reach: Tensor
    hush: Tensor
    heed: Tensor
    stay: Tensor

    def __init__(self, grid: Grid, channels: int) -> None:
        super().__init__()
        self.grid = grid
        tracks = len(grid.tracks)
        self.register_buffer("steadiness", torch.zeros(tracks))
        self.register_buffer("shift", torch.zeros(tracks, channels))
        self.register_buffer("reach", torch.full((tracks,), float(PITCHES)))
        self.register_buffer("hush", torch.full((tracks,), NEVER))
        self.register_buffer("heed", torch.zeros(tracks))
        self.register_buffer("stay", torch.zeros(tracks))

    @torch.no_grad()
    def reset(self) -> None:
        """Back to changing nothing."""
        for level in (self.steadiness, self.shift, self.heed, self.stay):
            level.zero_()
        self.reach.fill_(PITCHES)
        self.hush.fill_(NEVER)

    def forward(
        self,
        logits: Tensor,
        cells: Tensor | None = None,
        given: Tensor | None = None,
        heard: Tensor | None = None,
    ) -> Tensor:
        """Logits as they are played.

        Args:
            logits: (B, K, T, P, C).
            cells: (B, K, T, P, C), which in bars that are given counts as what the track plays there.
            given: bool (B, K, M).
            heard: (B, beats, 13), how much each pitch class sounds in given tracks, and whether any of them plays.
        """
        x = self.steadied(logits, cells, given) + self.shift[:, None, None]
        x = near(x, middle(self._struck(x, cells, given)), self.reach[:, None])
        silent = surest(x, self.grid.bars) <= self.hush[:, None]
        silent = silent if given is None else silent | given
        x = x.masked_fill(self._over_time(silent)[..., None], NEVER)
        if heard is not None and given is not None:
            x = attuned(x, in_tune(heard, self.grid)[:, None], self.heed[:, None, None])
        return lingering(x, self._struck(x, cells, given), self.stay[:, None, None])

    def _struck(self, logits: Tensor, cells: Tensor | None, given: Tensor | None) -> Tensor:
        """Where notes begin, bool (B, K, T, P)."""
        struck = logits[..., 0] > 0
        if cells is None or given is None:
            return struck
        return torch.where(self._over_time(given), cells[..., 0] > 0, struck)

    def steadied(self, logits: Tensor, cells: Tensor | None = None, given: Tensor | None = None) -> Tensor:
        """Logits (B, K, T, P, C) on the way to their mean over the bars; bars that are given count as what they are."""
        known = bars = unflatten(logits, 2, (self.grid.bars, -1))
        if cells is not None and given is not None:
            sure = SURE * bars.std((2, 3, 4), keepdim=True)
            told = (2 * unflatten(cells, 2, (self.grid.bars, -1)) - 1) * sure
            known = torch.where(given[..., None, None, None], told, bars)
        mean = known.mean(2, keepdim=True)
        return torch.lerp(bars, mean, self.steadiness[:, None, None, None, None]).flatten(2, 3)

    def _over_time(self, bars: Tensor) -> Tensor:
        """(B, K, M) -> (B, K, T, 1)."""
        return bars.repeat_interleave(self.grid.bar, 2)[..., None]


def middle(struck: Tensor) -> Tensor:
    """The median pitch of the onsets, bool (..., T, P), of each phrase and track: (...); 0 where there are none."""
    below = struck.sum(-2).cumsum(-1)
    return (2 * below >= below[..., -1:]).int().argmax(-1)


def near(logits: Tensor, pitch: Tensor, reach: Tensor | float) -> Tensor:
    """Logits (..., T, P, C) with silence where a pitch is more than `reach` semitones from `pitch` (...)."""
    away = (torch.arange(logits.shape[-2], device=logits.device) - pitch[..., None]).abs()
    return logits.masked_fill((away > reach)[..., None, :, None], NEVER)


def surest(logits: Tensor, bars: int) -> Tensor:
    """The highest logit of an onset in each bar: (..., T, P, C) -> (..., M)."""
    return unflatten(logits[..., 0].amax(-1), -1, (bars, -1)).amax(-1)


def lingering(logits: Tensor, struck: Tensor, stay: Tensor | float) -> Tensor:
    """Logits (..., T, P, C) with `stay` added to held cells, but for those behind an onset, bool (..., T, P)."""
    if logits.shape[-1] == 1:
        return logits
    first = torch.zeros_like(struck)
    first[..., 1:, :] = struck[..., :-1, :]
    held = logits[..., 1]
    return torch.stack([logits[..., 0], torch.where(first, held, held + stay)], -1)


def attuned(logits: Tensor, signs: Tensor, heed: Tensor | float) -> Tensor:
    """Logits (..., T, P, C) whose onsets rise by heed x signs (..., T, P), and fall until as many are struck."""
    onset = logits[..., 0]
    moved = (onset + heed * signs).flatten(-2)
    count = (onset > 0).flatten(-2).sum(-1, keepdim=True)
    first_left_out = moved.sort(-1, descending=True).values.gather(-1, count.clamp(max=moved.shape[-1] - 1))
    moved = torch.where(count > 0, moved - first_left_out, onset.flatten(-2))
    return torch.cat([moved.view_as(onset)[..., None], logits[..., 1:]], -1)
