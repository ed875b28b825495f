"""Longer than a phrase: sections that return and follow on one another.

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
CHOICES = 4  # phrases of which one becomes a new section
VARIETY = 0.25  # of the latent's variance, that is new in each phrase of a long stretch

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

    The first section is the phrase of the seed. Another has the same static latents (Dong et al. 2018, section 4.2:
    what does not move in time) and moving ones of its own; of several, it is the one that goes on best from the bar
    before it. A section that returns is repeated note for note.

    Args:
        sampler: the model.
        seed: all latents follow from it.
        form: a letter for each phrase.
        density: see `Sampler.play`.
    """
    sections = {form[0]: _phrase(sampler, latent(sampler, seed, form[0]), density)}
    for before, letter in pairwise(form):
        if letter not in sections:
            places = [letter, *(f"{letter}/{number}" for number in range(1, CHOICES))]
            several = [_phrase(sampler, latent(sampler, seed, place), density) for place in places]
            sections[letter] = max(several, key=partial(kinship, sampler.grid, sections[before]))
    return mended(np.concatenate([sections[letter] for letter in form], axis=1))


def kinship(grid: Grid, before: Cells, after: Cells) -> float:
    """How much alike the harmony of the last bar of a phrase (K, T, P) and of the first of another are, 0 to 1.

    The cosine of how often each pitch class sounds in each; 0 where one is silent.
    """
    pitched = [name != "drums" for name in grid.tracks]
    one, other = (
        (bar[pitched] != SILENT).sum((0, 1)).reshape(-1, 12).sum(0)
        for bar in (before[:, -grid.bar :], after[:, : grid.bar])
    )
    return float(one @ other / max(1e-9, np.linalg.norm(one) * np.linalg.norm(other)))


def latent(sampler: Sampler, seed: int, place: str = "A") -> Tensor:
    """The latent (1, D) of a section; that of A is the seed's own, from which others have what is static."""
    first = sampler.latents([seed])
    return first if place == "A" else sampler.going_on(first, _chance(sampler, seed, place))


def key_of_seed(seed: int) -> Key:
    """The key of a piece for which none was named, any of the twelve."""
    return Key(randomness.key(seed, "key", 0) % 12)


def moment(sampler: Sampler, seed: int, start: int) -> Tensor:
    """The latent (1, D) of what is played from bar `start` of a long stretch on: the seed's, varied after the first."""
    z = latent(sampler, seed)
    if not start:
        return z
    return math.sqrt(1 - VARIETY) * z + math.sqrt(VARIETY) * _chance(sampler, seed, f"A {start}")


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


def _fullest(cells: Cells, grid: Grid) -> Flags:
    """The pitched track with the most notes, (K, M): from nothing a model plays twice, then around that track.

    Tracks agree better with one that is there than with one another as they come into being.
    """
    notes = (cells == ONSET).sum((1, 2)) * np.array([name != "drums" for name in grid.tracks])
    fullest = (np.arange(len(notes)) == notes.argmax()) & (notes > 0)
    return np.repeat(fullest[:, None], grid.bars, axis=1)


def _phrase(sampler: Sampler, z: Tensor, density: float) -> Cells:
    """A phrase (K, T, P) from nothing, and then around its fullest track."""
    played = sampler.play(z, density=density)
    if sampler.generator.config.given:
        played = sampler.play(z, played, _fullest(played[0], sampler.grid)[None], density)
    return np.asarray(played[0])


def _chance(sampler: Sampler, seed: int, place: str) -> Tensor:
    """A latent (1, D) of its own."""
    return torch.randn(1, sampler.generator.latent_size, generator=randomness.generator(seed, f"latent {place}"))


def _opened(cells: Cells) -> Cells:
    """A stretch (K, T, P) cut out of a longer one: notes that were held into it are struck at its beginning."""
    opened = cells.copy()
    opened[:, 0][opened[:, 0] == HOLD] = ONSET
    return opened
