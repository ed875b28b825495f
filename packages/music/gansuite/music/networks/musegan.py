"""MuseGAN's generator, with every part of the paper to choose from, and what was learnt since.

B batch, K tracks, M bars, S steps of a bar, T = M S, C channels (onset and hold, or sounding), P = 84, D width.
Dong et al. 2018 (AAAI): a phrase is made bar by bar. Latents are shared by all tracks or private to one, and static
or spread over the bars by a temporal generator; a bar generator turns the latents of one bar into its notes.
Jamming has private latents and a bar generator for each track, composing has shared ones and one bar generator,
the hybrid has both kinds of latents and private bar generators.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn, unflatten

from gansuite.core.errors import GansuiteError, did_you_mean
from gansuite.music.networks.channels import heard_in
from gansuite.music.networks.layers import (
    Block,
    Norm,
    PrivateLinear,
    TemporalGenerator,
    activate,
    binarise,
    check_neurons,
    legal,
)
from gansuite.music.networks.levelling import Levelling
from gansuite.music.roll import OCTAVES, PITCH_CLASSES, TRACKS, Grid

MODES = ("hybrid", "composer", "jamming")
EAR = 32
HEADS = 4
DEEPEST = 64


@dataclass(frozen=True)
class MuseGANConfig:
    """Sizes and choices of a generator.

    Attributes:
        name: the recipe it comes from: musegan, musegan-classic or musegan-threshold.
        mode: hybrid, composer or jamming.
        latent: numbers in each latent vector.
        width: D, of a bar's token.
        depth: blocks of attention over all bars and tracks, after the temporal generators; 0 is none, as published, and
            no chords that the tracks agree on.
        step_width: channels of a step.
        octave_width: channels of an octave of a step.
        lengths: whether onsets and held cells are told apart (C = 2) or only sounding is drawn (C = 1).
        neurons: threshold, deterministic or stochastic.
        slope: of the neurons' sigmoid when training begins; it is annealed upwards by the game.
        norm: batch (as published) or none.
        refiner: residual units that rework the finished roll (Dong and Yang 2018); 0 is none.
        given: whether it can be told part of the phrase.
        levelled: whether an averaged generator is made to play as many notes as the training music has.
        density: where the last bias starts: about that share of cells is struck at first.
    """

    name: str = "musegan"
    mode: str = "hybrid"
    latent: int = 32
    width: int = 128
    depth: int = 2
    step_width: int = 40
    octave_width: int = 16
    lengths: bool = True
    neurons: str = "deterministic"
    slope: float = 1.0
    norm: str = "none"
    refiner: int = 0
    given: bool = True
    levelled: bool = True
    density: float = 0.03

    def __post_init__(self) -> None:
        check_neurons(self.neurons)
        for name, choices in (("mode", MODES), ("norm", ("none", "batch"))):
            if getattr(self, name) not in choices:
                raise GansuiteError(
                    f"There is no {name} '{getattr(self, name)}'.", did_you_mean(getattr(self, name), list(choices))
                )
        if self.width % HEADS:
            raise GansuiteError(f"The width is {self.width}, but must be a multiple of {HEADS}.", "Use width = 128.")
        for field in fields(self):
            if field.type == "int" and getattr(self, field.name) < (0 if field.name in {"refiner", "depth"} else 1):
                raise GansuiteError(f"{field.name} is {getattr(self, field.name)}.", f"Use {field.name} = 1 or more.")
        for name in ("depth", "refiner"):
            if getattr(self, name) > DEEPEST:
                raise GansuiteError(f"{name} is {getattr(self, name)}.", f"Use {name} = {DEEPEST} at most.")
        if not 0 < self.density < 1:
            raise GansuiteError(f"density is {self.density}, but must lie between 0 and 1.", "Use density = 0.03.")
        if self.slope <= 0:
            raise GansuiteError(f"slope is {self.slope}, but must be more than 0.", "Use slope = 1.")

    @property
    def channels(self) -> int:
        """C."""
        return 2 if self.lengths else 1

    def vectors(self, tracks: int) -> int:
        """How many latent vectors a phrase of so many tracks has: static and moving, shared and private."""
        return {"composer": 2, "jamming": 2 * tracks, "hybrid": 2 + 2 * tracks}[self.mode]


def check_playable(grid: Grid) -> None:
    """Raise `GansuiteError` unless there are bars of whole beats, and tracks that are some of `TRACKS`, each once."""
    if grid.bars < 1:
        raise GansuiteError(f"A phrase cannot have {grid.bars} bars.", "Use --bars 4.")
    if grid.bar % grid.steps_per_beat:
        raise GansuiteError(
            f"A bar of {grid.meter[0]}/{grid.meter[1]} is not a whole number of quarter notes, and the networks play "
            "beat by beat.",
            "Use --meter 4/4, 3/4 or 6/8.",
        )
    if not grid.tracks or set(grid.tracks) - set(TRACKS) or len(set(grid.tracks)) < len(grid.tracks):
        named = ", ".join(map(str, grid.tracks[:9]))
        raise GansuiteError(f"The tracks cannot be: {named}.", f"Use some of {', '.join(TRACKS)}, each once.")


class Plan(nn.Module):
    """Latents to what each bar generator is told: (B, latent_size) -> (B, G, M, 2 Z or 4 Z).

    G is K, or 1 for a composer. Static vectors are the same in every bar, moving ones are unfolded.
    """

    static: Tensor

    def __init__(self, grid: Grid, config: MuseGANConfig) -> None:
        super().__init__()
        self.groups = 1 if config.mode == "composer" else len(grid.tracks)
        self.shape = (config.vectors(len(grid.tracks)), config.latent)
        counts = {"shared": 1} if config.mode != "jamming" else {}
        counts |= {"private": self.groups} if config.mode != "composer" else {}
        self.temporal = nn.ModuleDict(
            {
                name: TemporalGenerator(count, config.latent, grid.bars, config.norm, config.width)
                for name, count in counts.items()
            }
        )
        self.counts = list(counts.values())
        static = [still for count in self.counts for still in (*[True] * count, *[False] * count)]
        self.register_buffer("static", torch.tensor(static), persistent=False)
        self.size = config.latent * 2 * len(counts)

    def forward(self, z: Tensor) -> Tensor:
        kinds = torch.split(unflatten(z, 1, self.shape), [n for count in self.counts for n in (count, count)], 1)
        parts = []
        for static, moving, temporal in zip(kinds[::2], kinds[1::2], self.temporal.values(), strict=True):
            unfolded = temporal(moving)
            still = static.unsqueeze(2).expand_as(unfolded)
            parts += [part.expand(-1, self.groups, -1, -1) for part in (still, unfolded)]
        return torch.cat(parts, -1)


class BarEncoder(nn.Module):
    """The bars of each track, each to a token: (B, K, T, P, C) -> (B, K, M, D). Octave, step, beat, bar."""

    def __init__(self, grid: Grid, config: MuseGANConfig) -> None:
        super().__init__()
        self.grid, c, k = grid, config, len(grid.tracks)
        self.octave = PrivateLinear(k, PITCH_CLASSES * c.channels, c.octave_width)
        self.step = PrivateLinear(k, OCTAVES * c.octave_width, c.step_width)
        self.beat = PrivateLinear(k, grid.steps_per_beat * c.step_width, 2 * c.step_width)
        self.bar = PrivateLinear(k, grid.beats * 2 * c.step_width, c.width)

    def forward(self, x: Tensor) -> Tensor:
        x = activate(self.octave(unflatten(x, 3, (OCTAVES, PITCH_CLASSES)).flatten(4)))
        x = activate(self.step(x.flatten(3)))
        x = activate(self.beat(unflatten(x, 2, (-1, self.grid.steps_per_beat)).flatten(3)))
        x = unflatten(x, 2, (self.grid.bars, self.grid.beats)).flatten(3)
        return activate(self.bar(x))


class BarGenerator(nn.Module):
    """What is known of each bar to its notes: (B, G, M, D) -> logits (B, K, T, P, C). Bar, beats, steps, pitches.

    What is heard of given tracks, (B, beats, 13), and the chords that the tracks agree on, (B, beats, 12), speak to the
    pitch classes at once: harmony need not find its way through the tokens of each track.

    With G = K every track has its own; with G = 1 (a composer) one draws all the tracks.
    """

    def __init__(self, grid: Grid, config: MuseGANConfig) -> None:
        super().__init__()
        self.grid, self.channels, c, k = grid, config.channels, config, len(grid.tracks)
        self.groups = 1 if c.mode == "composer" else k
        each = k // self.groups
        beat, step = 2 * c.step_width * each, c.step_width * each
        self.beat = PrivateLinear(self.groups, c.width, grid.beats * beat)
        self.step = PrivateLinear(self.groups, beat, grid.steps_per_beat * step)
        self.octave = PrivateLinear(self.groups, step, each * OCTAVES * c.octave_width)
        self.pitch = PrivateLinear(k, c.octave_width, PITCH_CLASSES * c.channels, gain=1.0)
        self.norms = nn.ModuleList(Norm(c.norm, size) for size in (beat, step, c.octave_width))
        start = math.log(c.density / (1 - c.density))
        self.level = nn.Parameter(torch.full((k, OCTAVES, PITCH_CLASSES, c.channels), start))
        self.chords = nn.Linear(c.width, grid.beats * PITCH_CLASSES) if c.given and c.depth else None
        heard = PITCH_CLASSES + 1 if self.chords is None else 2 * PITCH_CLASSES + 1
        self.ear = PrivateLinear(k, heard, EAR) if c.given else None
        self.answer = PrivateLinear(k, EAR, PITCH_CLASSES * c.channels, gain=0.1) if c.given else None

    def forward(self, x: Tensor, heard: Tensor | None = None) -> Tensor:
        grid = self.grid
        answer = None if heard is None else self._answer(x, heard)
        x = activate(self.norms[0](self.beat(x).unflatten(-1, (grid.beats, -1))))
        x = activate(self.norms[1](self.step(x).unflatten(-1, (grid.steps_per_beat, -1))))
        x = self.octave(x).flatten(2, 4).unflatten(-1, (len(grid.tracks) // self.groups, OCTAVES, -1))
        x = x.permute(0, 1, 3, 2, 4, 5).flatten(1, 2)  # (B, K, T, octaves, channels)
        x = activate(self.norms[2](x))
        logits: Tensor = self.pitch(x).unflatten(-1, (PITCH_CLASSES, self.channels)) + self.level[:, None]
        if answer is not None:
            logits = logits + answer
        return logits.flatten(3, 4)

    def _answer(self, x: Tensor, heard: Tensor) -> Tensor | None:
        """What harmony adds to the logits of each track's pitch classes, in every octave: (B, K, T, 1, 12, C)."""
        if self.ear is None or self.answer is None:
            return None
        if self.chords is not None:
            chords = unflatten(torch.sigmoid(self.chords(x.mean(1))), -1, (self.grid.beats, -1)).flatten(1, 2)
            heard = torch.cat([heard, chords], -1)
        known = heard[:, None].expand(-1, len(self.grid.tracks), -1, -1)
        answer: Tensor = self.answer(activate(self.ear(known))).repeat_interleave(self.grid.steps_per_beat, 2)
        return unflatten(answer, -1, (1, PITCH_CLASSES, self.channels))


class Refiner(nn.Module):
    """Residual units over the whole roll: (B, K, T, P, C) -> the same (Dong and Yang 2018, section 3.4)."""

    def __init__(self, grid: Grid, config: MuseGANConfig) -> None:
        super().__init__()
        planes = len(grid.tracks) * config.channels
        self.units = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(planes, 64, (3, 13), padding="same"),
                nn.LeakyReLU(0.2),
                nn.Conv2d(64, planes, (3, 13), padding="same"),
            )
            for _ in range(config.refiner)
        )
        self.gains = nn.Parameter(torch.zeros(config.refiner))

    def forward(self, logits: Tensor) -> Tensor:
        k, c = logits.shape[1], logits.shape[4]
        for unit, gain in zip(self.units, self.gains, strict=True):
            planes = torch.tanh(logits / 2).permute(0, 1, 4, 2, 3).flatten(1, 2)
            logits = logits + gain * unit(planes).unflatten(1, (k, c)).permute(0, 1, 3, 4, 2)
        return logits


class Generator(nn.Module):
    """Latents, and whatever of the phrase is given, to a phrase.

    Attributes:
        slope: steepness of the neurons' sigmoid, raised as training goes on.
        levelling: what its logits go through once it has learnt.
    """

    def __init__(self, grid: Grid, config: MuseGANConfig) -> None:
        super().__init__()
        check_playable(grid)
        self.grid, self.config, c = grid, config, config
        self.slope = c.slope
        self.plan = Plan(grid, c)
        self.into = PrivateLinear(self.plan.groups, self.plan.size, c.width)
        self.place = nn.Parameter(nn.init.normal_(torch.empty(self.plan.groups, grid.bars, c.width), std=0.1))
        self.encoder = BarEncoder(grid, c) if c.given else None
        self.mask = nn.Linear(2, c.width) if c.given else None
        self.blocks = nn.ModuleList(Block(c.width, HEADS) for _ in range(c.depth))
        self.bar = BarGenerator(grid, c)
        self.refiner = Refiner(grid, c)
        self.levelling = Levelling(grid, c.channels)

    @property
    def latent_size(self) -> int:
        """Numbers in the latent of a phrase."""
        return self.plan.shape[0] * self.plan.shape[1]

    def going_on(self, z: Tensor, other: Tensor) -> Tensor:
        """Latents (B, latent_size) with the static vectors of one and the moving ones of another: the band plays on."""
        kept, new = (unflatten(latent, 1, self.plan.shape) for latent in (z, other))
        return torch.where(self.plan.static.to(z.device)[:, None], kept, new).flatten(1)

    def logits(self, z: Tensor, cells: Tensor | None, given: Tensor | None, present: Tensor | None) -> Tensor:
        """(B, K, T, P, C). Arguments as for `forward`."""
        x = self.into(self.plan(z)) + self.place
        heard = None
        if self.encoder is not None and self.mask is not None:
            known = x.new_zeros(len(z), len(self.grid.tracks), self.grid.bars) if given is None else given.to(x.dtype)
            seen = self.mask(torch.stack([known, self._there(x, present)], -1))
            heard = x.new_zeros(len(z), self.grid.bars * self.grid.beats, PITCH_CLASSES + 1)
            if cells is not None and given is not None:
                seen, heard = seen + self.encoder(cells) * known[..., None], heard_in(cells, given, self.grid)
            x = x + (seen if x.shape[1] > 1 else seen.mean(1, keepdim=True))
        tokens = x.flatten(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        logits: Tensor = self.refiner(self.bar(tokens.view(x.shape), heard))
        logits = logits.float()
        return logits if self.training else self.levelling(logits, cells, given, heard)

    def forward(
        self,
        z: Tensor,
        cells: Tensor | None = None,
        given: Tensor | None = None,
        present: Tensor | None = None,
        noise: Tensor | None = None,
        density: float = 0.0,
    ) -> Tensor:
        """A phrase in which what is given stays as it is.

        Args:
            z: (B, latent_size), standard normal.
            cells: (B, K, T, P, C) in {0, 1}, of which only what is given is looked at; None: nothing is given.
            given: (B, K, M) bool, the bars of tracks that are given.
            present: (B, K) bool, the tracks that are there at all; None: all of them.
            noise: uniform, as the result, for stochastic neurons.
            density: added to the logits of onsets (of sounding cells where lengths are not told apart).

        Returns:
            (B, K, T, P, C): onset and held cells (or sounding ones), in {0, 1} unless neurons are of the threshold
            kind, with straight-through gradients.
        """
        there = self._there(z, present)
        if cells is not None and given is not None:
            cells = cells * self._over_time(there * given)
        logits = self.logits(z, cells, given, present)
        if density:
            logits = torch.cat([logits[..., :1] + density, logits[..., 1:]], -1)
        x = self.notes(logits, noise)
        if cells is None or given is None:
            return x * self._over_time(there)
        return torch.addcmul(cells, x, self._over_time(there * ~given))

    def notes(self, logits: Tensor, noise: Tensor | None = None) -> Tensor:
        """Notes (B, K, T, P, C) from logits: binary, drums without length, nothing held that was not struck."""
        c = self.config
        x = binarise(logits, c.neurons, self.slope, noise)
        if not c.lengths:
            return x
        onset, hold = x.unbind(-1)
        held = torch.ones_like(hold, dtype=torch.bool) if c.neurons == "threshold" else legal(onset, hold)
        held[:, [name == "drums" for name in self.grid.tracks]] = False
        return x.where(torch.stack([torch.ones_like(held), held], -1), 0)

    def _there(self, like: Tensor, present: Tensor | None) -> Tensor:
        """In which bars a track is there: (B, K, M), in the type of `like`, whose first axis is B."""
        ones = like.new_ones(len(like), len(self.grid.tracks), self.grid.bars)
        return ones if present is None else ones * present[:, :, None]

    def _over_time(self, bars: Tensor) -> Tensor:
        """(B, K, M) -> float (B, K, T, 1, 1)."""
        return bars.repeat_interleave(self.grid.bar, 2)[..., None, None].float()
