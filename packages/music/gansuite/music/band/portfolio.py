"""The embedded portfolio: pieces for five tracks, their styles taking turns, each a function of (seed, index) alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.music.keys import Key
from gansuite.music.midi import PROGRAMS
from gansuite.music.roll import Roll, bar_steps
from gansuite.music.score import Score
from gansuite.music.smf import DRUM_KIT

from . import players
from .harmony import Chord, progression
from .players import TICKS, Note, Rng
from .styles import STYLES, Style

SECTION = 4  # bars
FORMS = ("AABA", "AABB", "ABAB", "ABAC", "AABC")
PITCHED = ("piano", "guitar", "bass", "strings")


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece of the band.

    Attributes:
        name: style and key.
        style: the style's name.
        key: the key it is in.
        score: its notes.
    """

    name: str
    style: str
    key: Key
    score: Score


@dataclass(frozen=True, eq=False)
class _Section:
    """What stays the same whenever a letter of the form returns."""

    chords: tuple[Chord, ...]
    kit: int
    patterns: dict[str, str]
    rhythms: tuple[str, str]
    contours: tuple[tuple[int, ...], tuple[int, ...]]
    resting: frozenset[str]


def style_names(meter: tuple[int, int] = (4, 4)) -> tuple[str, ...]:
    """Names of the styles in that meter, in the order in which they take turns."""
    return tuple(style.name for style in _styles(meter))


def compose(index: int, seed: int = 0, bars: int = 16, meter: tuple[int, int] = (4, 4)) -> Piece:
    """One piece: sections of four bars, each with its own chords, patterns and tune, that return as in a song.

    Args:
        index: which piece, 0 or more; it chooses the style.
        seed: which portfolio, 0 or more.
        bars: how long, 1 or more; a longer piece begins like a shorter one.
        meter: 4/4, 3/4 or 6/8.

    Raises:
        GansuiteError: for another meter, or numbers out of range.
    """
    if min(index, seed) < 0 or bars < 1:
        raise GansuiteError(
            f"Pieces and seeds are numbered from 0 and last a bar or more; found {index}, {seed} and {bars} bars.",
            "Use whole numbers of 0 or more.",
        )
    styles = _styles(meter)
    style = styles[index % len(styles)]
    rng = np.random.Generator(np.random.PCG64([seed, index]))
    minor = bool(style.minor) and (not style.major or rng.random() < 0.4)
    key = Key(int(rng.integers(12)), minor)
    tempo = float(rng.integers(style.tempo[0], style.tempo[1] + 1))
    form = str(rng.choice(FORMS))
    lead = str(rng.choice(style.leads))
    low = int(rng.integers(28, 34))
    sections = {letter: _section(style, key, lead, letter, rng) for letter in "ABC"}
    notes: list[Note] = []
    voicings: dict[str, tuple[int, ...]] = {}
    bar = bar_steps(TICKS, style.meter)
    for number in range(bars):
        letter = form[number // SECTION % len(form)]
        following = sections[form[(number + 1) // SECTION % len(form)]]
        played = _bar(style, sections[letter], following, number, bar, lead, low, voicings, rng)
        notes += [note._replace(start=note.start + number * bar) for note in played]
    return Piece(f"{style.name} in {key}", style.name, key, _score(notes, tempo, style.meter, bars * bar))


def draw_band(
    count: int = 600, seed: int = 0, bars: int = 16, steps_per_beat: int = 4, meter: tuple[int, int] = (4, 4)
) -> list[Roll]:
    """Pieces as rolls of five tracks with velocities: (5, bars x steps of a bar, 84) each.

    Styles take turns by index, and a piece depends only on (seed, index): the first pieces of a larger portfolio are
    the pieces of a smaller one.

    Args:
        count: how many pieces, 1 or more.
        seed: which portfolio, 0 or more; every seed gives other pieces.
        bars: bars a piece.
        steps_per_beat: steps in a quarter note; what falls between is moved to the nearest.
        meter: 4/4, 3/4 or 6/8.

    Raises:
        GansuiteError: for a count below 1, another meter, or a bar that is not a whole number of steps.
    """
    if count < 1:
        raise GansuiteError(f"A portfolio of {count} pieces cannot be played.", "Ask for a count of 1 or more.")
    bar_steps(steps_per_beat, meter)
    return [compose(index, seed, bars, meter).score.roll(steps_per_beat) for index in range(count)]


def _styles(meter: tuple[int, int]) -> tuple[Style, ...]:
    found = tuple(style for style in STYLES if style.meter == meter)
    if not found:
        known = ", ".join(f"{beats}/{unit}" for beats, unit in sorted({style.meter for style in STYLES}))
        raise GansuiteError(
            f"The embedded band does not play in {meter[0]}/{meter[1]}.",
            f"It knows {known}; or name music with --data.",
        )
    return found


def _section(style: Style, key: Key, lead: str, letter: str, rng: Rng) -> _Section:
    lines = style.minor if key.minor else style.major
    patterns = {track: str(rng.choice(getattr(style, track))) for track in PITCHED}
    rhythms = str(rng.choice(style.melody)), str(rng.choice(style.melody))
    contours = tuple(_contour(rhythm, rng) for rhythm in rhythms)
    supporting = [track for track in ("piano", "guitar", "strings") if track != lead]
    resting = frozenset([str(rng.choice(supporting))] if rng.random() < (0.35 if letter == "A" else 0.12) else [])
    kit = 0 if letter == "A" else 1
    chords = tuple(progression(str(rng.choice(lines)), key.tonic, key.minor))
    return _Section(chords, kit, patterns, rhythms, (contours[0], contours[1]), resting)


def _contour(rhythm: str, rng: Rng) -> tuple[int, ...]:
    """Steps of the scale from note to note: mostly one at a time, and back after a leap."""
    steps: list[int] = []
    for _ in players.hits(rhythm, TICKS * 4):
        leapt = bool(steps) and abs(steps[-1]) > 2
        step = int(rng.choice((-4, -2, -1, -1, 0, 1, 1, 2, 3)))
        steps.append(-int(np.sign(steps[-1])) if leapt else step)
    return tuple(steps)


def _bar(
    style: Style,
    section: _Section,
    following: _Section,
    number: int,
    bar: int,
    lead: str,
    low: int,
    voicings: dict[str, tuple[int, ...]],
    rng: Rng,
) -> Iterator[Note]:
    """What all five play in one bar; `voicings` remembers how the chords were last laid, and where the tune was."""
    place = number % SECTION
    chord = section.chords[place]
    coming = section.chords[place + 1] if place + 1 < SECTION else following.chords[0]
    kit = style.kits[section.kit]
    if place == SECTION - 1:
        yield from players.fill(kit, style, bar, rng)
    else:
        yield from players.drums(kit, style, bar, rng)
    if place == 0 and section.kit:
        yield Note("drums", 0, TICKS, players.CRASH, 100)
    yield from players.bass(section.patterns["bass"], chord, coming, bar, low, rng)
    for track in ("piano", "guitar", "strings"):
        if track not in section.resting:
            voicings[track] = players.lay(track, chord, voicings.get(track, ()), style.tones if track == "piano" else 3)
            quiet = 62 if track == lead else 58 if track == "strings" else 72
            yield from players.comping(track, section.patterns[track], voicings[track], bar, rng, quiet)
    last = voicings.get("tune", (sum(players.LEAD_RANGES[lead]) // 2,))[0]
    if place == 0:
        last = sum(players.LEAD_RANGES[lead]) // 2  # a section begins where it did before
    for note in players.melody(lead, section.rhythms[place % 2], section.contours[place % 2], chord, last, bar, rng):
        voicings["tune"] = (note.pitch,)
        yield note


def _score(notes: list[Note], tempo: float, meter: tuple[int, int], last: int) -> Score:
    programs = {**PROGRAMS, "drums": DRUM_KIT}
    return Score(
        TICKS,
        np.array([note.start for note in notes], np.int64),
        np.array([note.start + note.length for note in notes], np.int64),
        np.array([note.pitch for note in notes], np.int64),
        np.array([note.velocity for note in notes], np.uint8),
        np.array([programs[note.track] for note in notes], np.int64),
        ((0, tempo),),
        ((0, meter),),
        last,
    )
