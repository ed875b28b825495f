"""Longer than a phrase: sections that return, and joins at which the music goes on.

K tracks, M bars of a phrase, T steps, P = 84 pitches. All in the model's own key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from gansuite.core import randomness
from gansuite.core.errors import GansuiteError
from gansuite.music.keys import Key
from gansuite.music.perform import mended
from gansuite.music.roll import HOLD, ONSET, SILENT, Cells, Flags, Grid
from gansuite.music.sampler import Sampler

MOST_BARS = 512
SHORT = {1: "A", 2: "AB", 3: "ABA"}
SONG = ("AABA", "CABA", "DABA")  # a tune, its bridge, and then a new strain before each return
VARIETY = 0.25  # of the latent's variance: halves of a section are then as much alike as in real phrases (Jaccard 0.38)

Player = Callable[[int, Cells, Flags], Cells]
"""From the first bar of a phrase, its cells (K, T, P) and which bars (K, M) of them are given, to the whole phrase."""


def plan(form: str | None, bars: int | None, phrase: int) -> tuple[str, int]:
    """The form of a piece, a letter a phrase, and how many bars it has.

    A form that is too short for the bars begins again, one that is too long is cut off; without bars every letter is
    played once, without either there are four phrases.

    Args:
        form: letters, in any case, or None.
        bars: how long, or None.
        phrase: bars in a phrase.

    Raises:
        GansuiteError: it is no form, or the number of bars is out of range.
    """
    letters = None if form is None else check_form(form)
    if bars is None:
        bars = phrase * len(letters or SONG[0])
    if not 1 <= bars <= MOST_BARS:
        raise GansuiteError(f"A piece has 1 to {MOST_BARS} bars, not {bars}.", "Use --bars 16.")
    phrases = -(-bars // phrase)
    return (_default(phrases) if letters is None else (letters * phrases)[:phrases]), bars


def check_form(form: str) -> str:
    """The letters of a form in capitals; raises `GansuiteError` if it is none."""
    letters = re.sub(r"[\s,-]+", "", form).upper()
    if not re.fullmatch(r"[A-Z]+", letters, re.ASCII):
        raise GansuiteError(
            f"'{form[:40]}' is not a form: a form is a row of letters, one for each phrase.",
            "Use one such as --form AABA.",
        )
    return letters


def compose(sampler: Sampler, seed: int, form: str, density: float = 1.0) -> Cells:
    """A piece (K, phrases x T, P).

    The first section is the phrase of the seed. A new section grows out of the last bars of what precedes it, window
    by window, so that it goes on musically. A section that returns is repeated note for note; only the last bar
    before another section is played anew where that section's beginning was there before it: given the bars on both
    sides, drums included. A model that cannot be told anything plays its phrases side by side.

    Args:
        sampler: the model.
        seed: all latents follow from it.
        form: a letter for each phrase.
        density: see `Sampler.play`.
    """
    grid = sampler.grid
    sections: dict[str, Cells] = {}
    phrases: list[Cells] = []
    for letter in form:
        if letter not in sections:
            play = player(sampler, seed, letter, density)
            sections[letter] = _section(play, phrases[-1] if phrases and _hears(sampler) else None, grid)
        phrases.append(sections[letter])
    song = np.concatenate(phrases, axis=1)
    for place in seams(form) if _hears(sampler) else ():
        song = _seam(player(sampler, seed, f"seam {place}", density), song, place, grid)
    return mended(song)


def seams(form: str) -> list[int]:
    """Where the bar before a phrase is played anew: before another section, if one of the two was heard before."""
    return [
        place
        for place, (before, after) in enumerate(pairwise(form), 1)
        if before != after and (before in form[: place - 1] or after in form[:place])
    ]


def latent(sampler: Sampler, seed: int, place: str = "A") -> Tensor:
    """The latent (1, D) of a section or seam; that of A is the seed's own."""
    if place == "A":
        return sampler.latents([seed])
    size = sampler.generator.latent_size
    return torch.randn(1, size, generator=randomness.generator(seed, f"latent {place}"))


def key_of_seed(seed: int) -> Key:
    """The key of a piece for which none was named, any of the twelve."""
    return Key(randomness.key(seed, "key", 0) % 12)


def moment(sampler: Sampler, seed: int, place: str, start: int) -> Tensor:
    """The latent (1, D) of the phrase at bar `start` of a section: that of the section, varied after its beginning."""
    z = latent(sampler, seed, place)
    if not start:
        return z
    return math.sqrt(1 - VARIETY) * z + math.sqrt(VARIETY) * latent(sampler, seed, f"{place} {start}")


def player(sampler: Sampler, seed: int, place: str, density: float) -> Player:
    """What plays the phrases of one section, or a seam."""
    return partial(_play, sampler, seed, place, density)


def fill(play: Player, cells: Cells, known: Flags, grid: Grid) -> Cells:
    """Play all that is not known, phrase by phrase, each given what is known of it by then.

    Phrases overlap by half, so that what was played in one is context in the next.

    Args:
        play: plays a phrase.
        cells: (K, T, P) of at least one phrase, whole bars.
        known: (K, bars of the cells), which bars of which tracks are there.
        grid: of a phrase.
    """
    cells, known = cells.copy(), known.copy()
    for start in windows(known.shape[1], grid.bars):
        bars, steps = slice(start, start + grid.bars), slice(start * grid.bar, (start + grid.bars) * grid.bar)
        given = known[:, bars]
        if given.all():
            continue
        played = play(start, _opened(cells[:, steps]), given)
        cells[:, steps] = np.where(by_step(given, grid), cells[:, steps], played)
        known[:, bars] = True
    return cells


def by_step(bars: Flags, grid: Grid) -> Flags:
    """(K, M) as (K, T, 1)."""
    return np.repeat(bars, grid.bar, axis=1)[..., None]


def windows(bars: int, phrase: int) -> list[int]:
    """The first bars of phrases that overlap by half and reach to the end; the last one may overlap by more."""
    hop = max(1, phrase // 2)
    last = bars - phrase
    return [*range(0, last, hop), last]


def _default(phrases: int) -> str:
    """Sections that return, ending as it began."""
    if phrases in SHORT:
        return SHORT[phrases]
    song = "".join(SONG) * (phrases // sum(map(len, SONG)) + 1)
    return f"{song[: phrases - 1]}A"


def _hears(sampler: Sampler) -> bool:
    return sampler.generator.config.given and sampler.grid.bars > 1


def _section(play: Player, before: Cells | None, grid: Grid) -> Cells:
    """A phrase (K, T, P) that goes on from the one before, or from nothing."""
    tracks = len(grid.tracks)
    silence = np.full((tracks, grid.steps, 84), SILENT, np.uint8)
    if before is None:
        return play(0, silence, np.zeros((tracks, grid.bars), bool))
    context = grid.bars // 2
    cells = np.concatenate([before[:, -context * grid.bar :], silence], axis=1)
    known = np.tile(np.arange(context + grid.bars) < context, (tracks, 1))
    return fill(play, cells, known, grid)[:, context * grid.bar :]


def _seam(play: Player, song: Cells, place: int, grid: Grid) -> Cells:
    """The song with the last bar before phrase number `place` played anew, given what stands around it."""
    first = max(0, place * grid.bars - (grid.bars - 1))
    steps = slice(first * grid.bar, (first + grid.bars) * grid.bar)
    given = np.ones((len(grid.tracks), grid.bars), bool)
    given[:, place * grid.bars - 1 - first] = False
    known = song[:, steps]
    played = play(first, _opened(known), given)
    song = song.copy()
    song[:, steps] = np.where(by_step(given, grid), known, played)
    return song


def _fullest(cells: Cells, grid: Grid) -> Flags:
    """The pitched track with the most notes, (K, M): from nothing a model plays twice, then around that track.

    Tracks agree better with one that is there than with one another as they come into being.
    """
    notes = (cells == ONSET).sum((1, 2)) * np.array([name != "drums" for name in grid.tracks])
    fullest = (np.arange(len(notes)) == notes.argmax()) & (notes > 0)
    return np.repeat(fullest[:, None], grid.bars, axis=1)


def _play(sampler: Sampler, seed: int, place: str, density: float, start: int, cells: Cells, given: Flags) -> Cells:
    z = moment(sampler, seed, place, start)
    played: Cells = sampler.play(z, cells[None], given[None], density)[0]
    if not given.any() and sampler.generator.config.given:
        played = sampler.play(z, played[None], _fullest(played, sampler.grid)[None], density)[0]
    return played


def _opened(cells: Cells) -> Cells:
    """A stretch (K, T, P) cut out of a longer one: notes that were held into it are struck at its beginning."""
    opened = cells.copy()
    opened[:, 0][opened[:, 0] == HOLD] = ONSET
    return opened
