"""The critic: what each track says alone, what they say together, when notes begin and end, and in what harmony.

B batch, K tracks, M bars, S steps of a bar, T = M S, C channels, P = 84 pitches, D width.
Streams as in Dong and Yang 2018, section 3.3 (private, merged, onset/offset, chroma), each a word away.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn, unflatten
from torch.nn.functional import pad
from torch.nn.utils.parametrize import register_parametrization

from gansuite.core.errors import GansuiteError
from gansuite.music.networks.layers import PrivateLinear, PrivateSpectralNorm, activate
from gansuite.music.networks.musegan import BarEncoder, MuseGANConfig
from gansuite.music.roll import OCTAVES, PITCH_CLASSES, Grid

MBSTD_GROUP = 4


@dataclass(frozen=True)
class CriticConfig:
    """Streams and sizes of a critic.

    Attributes:
        onsets: whether it has a stream that sees when notes begin and end.
        chroma: whether it has a stream that sees pitch classes, half beat by half beat, of all tracks side by side.
        private_logits: whether each bar of each track is judged on its own too.
        spread: whether it sees how much the phrases of a group differ (minibatch standard deviation).
        spectral: whether its weights are spectrally normalised (Miyato et al. 2018).
        chroma_width: channels of a half beat.
    """

    onsets: bool = True
    chroma: bool = True
    private_logits: bool = True
    spread: bool = True
    spectral: bool = False
    chroma_width: int = 64

    def __post_init__(self) -> None:
        if self.chroma_width < 1:
            raise GansuiteError(f"chroma_width is {self.chroma_width}.", "Use chroma_width = 64.")


class Critic(nn.Module):
    """A phrase (B, K, T, P, C), what of it was given (B, K, M) and which tracks there are (B, K), to logits (B, H).

    H = 1 + M + K M: the phrase, each bar over all tracks, and each bar of each track; or 1 alone.
    """

    summing: Tensor

    def __init__(self, grid: Grid, config: MuseGANConfig, streams: CriticConfig) -> None:
        super().__init__()
        self.grid, self.lengths, self.streams = grid, config.lengths, streams
        k, d = len(grid.tracks), config.width
        self.private = BarEncoder(grid, config)
        classes = torch.eye(PITCH_CLASSES).repeat_interleave(config.channels, 0)
        channels = torch.eye(config.channels).repeat(PITCH_CLASSES, 1)
        self.register_buffer("summing", torch.cat([classes, channels], 1), persistent=False)
        size = k * d + 2 * k
        if streams.onsets:
            self.rhythm = nn.Sequential(nn.Linear(grid.bar * 2 * k, d), nn.LeakyReLU(0.2), nn.Linear(d, d))
            size += d
        if streams.chroma:
            self.looks = grid.beats * (1 if grid.steps_per_beat % 2 else 2)  # a bar; an odd beat has no half
            self.half_beat = nn.Linear(k * PITCH_CLASSES, streams.chroma_width)
            self.harmony = nn.Linear(self.looks * streams.chroma_width, d)
            size += d
        self.merged = nn.Linear(size, 2 * d)
        self.phrase = nn.Linear(grid.bars * 2 * d, 2 * d)
        self.last = nn.Linear(2 * d + int(streams.spread), 1)
        self.bar_logit = nn.Linear(2 * d, 1) if streams.private_logits else None
        self.track_logit = PrivateLinear(k, d, 1, gain=1.0) if streams.private_logits else None
        self.apply(_initialise)
        if streams.spectral:
            for module in list(self.modules()):
                if isinstance(module, nn.Linear):
                    nn.utils.parametrizations.spectral_norm(module)
                elif isinstance(module, PrivateLinear):
                    register_parametrization(module, "weight", PrivateSpectralNorm(module.weight))

    def forward(self, x: Tensor, given: Tensor, present: Tensor) -> Tensor:
        bars = self.grid.bars
        private = self.private(x)
        parts = [private.transpose(1, 2).flatten(2), given.transpose(1, 2).to(x.dtype)]
        parts.append(present[:, None].expand(-1, bars, -1).to(x.dtype))
        parts += self._overheard(x)
        merged = activate(self.merged(torch.cat(parts, -1)))
        phrase = activate(self.phrase(merged.flatten(1)))
        if self.streams.spread:
            phrase = torch.cat([phrase, spread(phrase)], -1)
        logits = [self.last(phrase)]
        if self.bar_logit is not None and self.track_logit is not None:
            logits += [self.bar_logit(merged).flatten(1), self.track_logit(private).flatten(1)]
        return torch.cat(logits, -1).float()

    def levels(self, logits: Tensor) -> list[Tensor]:
        """Logits (B, H) as those of phrases (B, 1), of bars (B, M) and of bars of tracks (B, K M).

        Each level counts as much as the others: most heads look at one track alone, and how tracks agree would drown.
        """
        bars = self.grid.bars
        sizes = [1, bars, logits.shape[1] - 1 - bars] if self.streams.private_logits else [1]
        return list(torch.split(logits, sizes, 1))

    def _overheard(self, x: Tensor) -> list[Tensor]:
        """What the streams that hear all tracks side by side make of each bar: (B, M, D) each."""
        if not (self.streams.onsets or self.streams.chroma):
            return []
        sums, found = self._sums(x), []
        if self.streams.onsets:
            found.append(activate(self.rhythm(self._rhythm(x, sums))))
        if self.streams.chroma:
            half = activate(self.half_beat(self._chroma(sums)))
            found.append(activate(self.harmony(unflatten(half, 1, (self.grid.bars, -1)).flatten(2))))
        return found

    def _sums(self, x: Tensor) -> Tensor:
        """How much of each step sounds, by pitch class and then by channel: (K, B, T, 12 + C).

        One product over the phrase in place of several sums, each of which would go through all of it.
        """
        octaves = unflatten(x.transpose(0, 1), 3, (OCTAVES, PITCH_CLASSES)).flatten(4)
        return (octaves @ self.summing.to(x.dtype)).sum(3)

    def _rhythm(self, x: Tensor, sums: Tensor) -> Tensor:
        """How many notes begin and end at each step of each track: (B, M, S 2 K)."""
        if self.lengths:
            begins, holds = sums[..., PITCH_CLASSES:].transpose(0, 1).unbind(-1)
            ends = pad(begins + holds, (1, -1)) - holds  # what sounded and is not held on
        else:
            change = x[..., 0] - pad(x[..., 0], (0, 0, 1, -1))
            begins, ends = change.clamp(min=0).sum(-1), (-change).clamp(min=0).sum(-1)
        both = unflatten(torch.stack([begins, ends], -1), 2, (self.grid.bars, -1))
        return both.permute(0, 2, 3, 1, 4).flatten(2)

    def _chroma(self, sums: Tensor) -> Tensor:
        """How much of each half beat (or beat) each pitch class of each track sounds: (B, looks M, K 12)."""
        half = unflatten(sums[..., :PITCH_CLASSES], 2, (self.looks * self.grid.bars, -1)).mean(3)
        return half.permute(1, 2, 0, 3).flatten(2)


def spread(x: Tensor) -> Tensor:
    """Mean standard deviation within groups of neighbours: (B, D) -> (B, 1) (Karras et al. 2018, section 3)."""
    group = MBSTD_GROUP if len(x) % MBSTD_GROUP == 0 else 1
    grouped = x.float().view(-1, group, x.shape[1])
    deviation = (grouped.var(1, unbiased=False) + 1e-8).sqrt().mean(1)
    return deviation.repeat_interleave(group)[:, None].to(x.dtype)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, a=0.2)
        nn.init.zeros_(module.bias)
