"""The instruments of the synthesiser: one timbre for each family of General MIDI, variants for single programs.

The numbers were set by ear and by spectrum for sounds that one can tell apart in a mix; they claim no more than that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Timbre:
    """How an instrument sounds.

    Attributes:
        partials: how many harmonics at most.
        tilt: harmonic k has the level k ** -tilt.
        even: factor on the even harmonics; a closed pipe has hardly any.
        pluck: where the string is struck, 0..1 of its length: harmonic k gets |sin(pi k pluck)|; 0 for none.
        stretch: stiffness of the string, B in f_k = k f sqrt(1 + B k^2).
        ratios: (frequency ratio, level) of each partial, in place of the harmonics.
        formants: (hertz, width, gain) of resonances of the body.
        cutoff: hertz above which partials fade, at middle C and a firm touch.
        decay: seconds in which the lowest partial of middle C falls by 60 dB; 0 for a sound that lasts.
        damping: how much faster each further partial falls.
        voices: (cents, level, factor on the decay) of strings that sound together.
        wide: whether left and right are voices of their own.
        attack, release: seconds.
        noise: (level, low, high, seconds): hammer, pick or breath; 0 seconds for noise that lasts.
        drive: overdrive; 0 for none.
        gain: level in the mix.
        pan: -1 (left) to 1 (right).
        send: how much of it the room answers.
    """

    partials: int = 24
    tilt: float = 1.0
    even: float = 1.0
    pluck: float = 0.0
    stretch: float = 0.0
    ratios: tuple[tuple[float, float], ...] = ()
    formants: tuple[tuple[float, float, float], ...] = ()
    cutoff: float = 4000.0
    decay: float = 0.0
    damping: float = 0.0
    voices: tuple[tuple[float, float, float], ...] = ((0.0, 1.0, 1.0),)
    wide: bool = False
    attack: float = 0.004
    release: float = 0.12
    noise: tuple[float, float, float, float] = (0.0, 100.0, 1000.0, 0.0)
    drive: float = 0.0
    gain: float = 1.0
    pan: float = 0.0
    send: float = 0.15


ENSEMBLE = ((-9.0, 1.0, 1.0), (-3.5, 1.0, 1.0), (2.5, 1.0, 1.0), (8.0, 1.0, 1.0))
PAIR = ((-2.5, 1.0, 1.0), (4.0, 0.55, 1.0))  # unequal, so that they never cancel out

PIANO = Timbre(
    partials=28,
    tilt=1.15,
    pluck=0.12,
    stretch=0.0004,
    cutoff=2600,
    decay=9.0,
    damping=0.22,
    voices=((-0.7, 1.0, 0.28), (0.6, 0.55, 1.0)),
    wide=True,
    attack=0.002,
    release=0.22,
    noise=(0.10, 150, 2500, 0.05),
    gain=0.9,
    pan=-0.12,
    send=0.16,
)
BELLS = Timbre(
    ratios=((1.0, 1.0), (3.93, 0.35), (9.2, 0.12)),
    cutoff=9000,
    decay=3.5,
    damping=0.5,
    attack=0.001,
    release=0.5,
    noise=(0.12, 1500, 8000, 0.02),
    gain=0.8,
    pan=0.2,
    send=0.3,
)
ORGAN = Timbre(
    ratios=((0.5, 0.6), (1.0, 1.0), (1.5, 0.4), (2.0, 0.6), (3.0, 0.3), (4.0, 0.3), (6.0, 0.12), (8.0, 0.15)),
    cutoff=6000,
    voices=PAIR,
    wide=True,
    attack=0.012,
    release=0.08,
    gain=0.65,
    pan=-0.1,
    send=0.25,
)
GUITAR = Timbre(
    partials=30,
    tilt=1.0,
    pluck=0.17,
    stretch=0.00008,
    formants=((110, 60, 0.6), (400, 200, 0.5), (2800, 900, 0.8)),
    cutoff=3000,
    decay=5.0,
    damping=0.35,
    voices=((-0.4, 1.0, 0.5), (0.5, 0.7, 1.0)),
    attack=0.0015,
    release=0.09,
    noise=(0.16, 1200, 6000, 0.018),
    gain=1.1,
    pan=0.38,
    send=0.14,
)
BASS = Timbre(
    partials=20,
    tilt=1.0,
    pluck=0.22,
    stretch=0.00005,
    cutoff=1000,
    decay=5.5,
    damping=0.3,
    attack=0.004,
    release=0.07,
    noise=(0.08, 300, 1800, 0.02),
    gain=1.5,
    send=0.03,
)
STRINGS = Timbre(
    partials=28,
    tilt=1.0,
    formants=((480, 180, 0.5), (1100, 400, 0.3), (2500, 800, 0.4)),
    cutoff=2300,
    voices=ENSEMBLE,
    wide=True,
    attack=0.07,
    release=0.3,
    noise=(0.01, 2000, 6000, 0.0),
    gain=0.62,
    pan=-0.3,
    send=0.34,
)
BRASS = Timbre(
    partials=26,
    tilt=0.75,
    formants=((1200, 500, 0.8),),
    cutoff=1900,
    voices=PAIR,
    attack=0.035,
    release=0.1,
    gain=0.6,
    pan=0.25,
    send=0.24,
)
REED = Timbre(
    partials=22,
    tilt=0.85,
    formants=((900, 350, 0.7), (2300, 700, 0.4)),
    cutoff=2500,
    attack=0.03,
    release=0.09,
    noise=(0.03, 2500, 8000, 0.0),
    gain=0.6,
    pan=0.18,
    send=0.22,
)
PIPE = Timbre(
    ratios=((1.0, 1.0), (2.0, 0.28), (3.0, 0.1), (4.0, 0.03)),
    cutoff=5000,
    voices=((-1.5, 1.0, 1.0), (1.5, 0.8, 1.0)),
    attack=0.05,
    release=0.12,
    noise=(0.07, 1500, 6000, 0.0),
    gain=0.7,
    pan=0.22,
    send=0.3,
)
LEAD = Timbre(cutoff=3200, voices=((-6.0, 1.0, 1.0), (6.0, 1.0, 1.0)), wide=True, attack=0.006, gain=0.55, pan=0.08)
PAD = replace(STRINGS, tilt=1.2, formants=(), cutoff=1300, attack=0.3, release=0.6, noise=(0.0, 1, 1, 0.0), send=0.4)
ETHNIC = replace(GUITAR, pluck=0.09, cutoff=4500, decay=3.0, pan=0.3)
WOOD = Timbre(
    ratios=((1.0, 1.0), (3.9, 0.3), (9.2, 0.08)),
    decay=0.9,
    damping=1.2,
    attack=0.001,
    release=0.3,
    noise=(0.15, 800, 5000, 0.012),
    pan=-0.25,
    send=0.2,
)

FAMILIES = (PIANO, BELLS, ORGAN, GUITAR, BASS, STRINGS, STRINGS, BRASS, REED, PIPE, LEAD, PAD, PAD, ETHNIC, WOOD, PIPE)

CHURCH_ORGAN = replace(
    ORGAN, ratios=((0.5, 0.4), (1.0, 1.0), (2.0, 0.9), (3.0, 0.3), (4.0, 0.5), (6.0, 0.2), (8.0, 0.3)), send=0.5
)
ELECTRIC_PIANO = replace(
    PIANO, ratios=((1.0, 1.0), (2.0, 0.22), (4.0, 0.06), (14.0, 0.05)), decay=6.0, noise=(0.03, 800, 4000, 0.01)
)
CHOIR = replace(
    STRINGS,
    tilt=1.3,
    formants=((650, 130, 3.0), (1080, 150, 2.0), (2650, 300, 1.2)),
    cutoff=2000,
    attack=0.16,
    noise=(0.05, 1500, 5000, 0.0),
)
OVERDRIVE = replace(GUITAR, decay=14.0, damping=0.12, drive=3.0, gain=0.5, voices=PAIR, cutoff=2200)
PLUCKED_STRINGS = replace(
    GUITAR, tilt=1.3, pluck=0.3, decay=1.6, cutoff=2200, formants=STRINGS.formants, pan=-0.3, send=0.34
)

PROGRAMS = {
    4: ELECTRIC_PIANO,
    5: replace(ELECTRIC_PIANO, voices=PAIR, decay=5.0),
    6: replace(PIANO, tilt=0.6, pluck=0.07, cutoff=6000, decay=4.0, noise=(0.2, 2000, 8000, 0.01), gain=0.7),
    7: replace(PIANO, tilt=0.6, pluck=0.1, cutoff=3500, decay=3.0, release=0.05),
    11: replace(BELLS, ratios=((1.0, 1.0), (4.0, 0.2)), decay=5.0, cutoff=5000),
    12: WOOD,
    13: replace(WOOD, ratios=((1.0, 1.0), (3.0, 0.4), (6.0, 0.1)), decay=0.5),
    19: CHURCH_ORGAN,
    21: replace(REED, voices=PAIR, wide=True, attack=0.05),
    22: replace(REED, voices=PAIR),
    24: replace(GUITAR, tilt=1.25, cutoff=2000, formants=GUITAR.formants[:2], decay=3.5),
    26: replace(GUITAR, tilt=1.2, cutoff=1800, formants=(), decay=5.0),
    27: replace(GUITAR, pluck=0.22, formants=(), cutoff=2800, decay=7.0),
    28: replace(GUITAR, pluck=0.22, formants=(), decay=0.5, damping=0.6, release=0.05),
    29: OVERDRIVE,
    30: replace(OVERDRIVE, drive=8.0, gain=0.4),
    32: replace(BASS, tilt=1.5, decay=2.6, noise=(0.12, 200, 1500, 0.03)),
    34: replace(BASS, pluck=0.1, cutoff=1100, noise=(0.2, 1500, 5000, 0.012)),
    36: replace(BASS, pluck=0.08, cutoff=1800, decay=4.0),
    37: replace(BASS, pluck=0.08, cutoff=1800, decay=4.0),
    38: replace(BASS, pluck=0.0, tilt=1.0, cutoff=800, decay=3.0, gain=1.2),
    39: replace(BASS, pluck=0.0, tilt=1.0, even=0.2, cutoff=700, decay=0.0, gain=1.0),
    40: replace(STRINGS, voices=PAIR, attack=0.07),
    42: replace(STRINGS, voices=PAIR, attack=0.08, pan=0.3),
    43: replace(STRINGS, voices=PAIR, attack=0.09, pan=0.4, cutoff=1200),
    45: PLUCKED_STRINGS,
    46: replace(PLUCKED_STRINGS, decay=3.5, pluck=0.4, release=0.5),
    47: replace(WOOD, ratios=((1.0, 1.0), (1.5, 0.5), (1.98, 0.35), (2.44, 0.2)), decay=2.5, gain=1.3),
    52: CHOIR,
    53: CHOIR,
    54: CHOIR,
    55: replace(BRASS, decay=1.2, attack=0.004, voices=ENSEMBLE, wide=True),
    68: replace(REED, tilt=0.6, formants=((1400, 400, 0.8), (3000, 600, 0.4))),
    71: replace(REED, even=0.12, tilt=1.0, formants=()),
    80: replace(LEAD, even=0.0),
    91: CHOIR,
    108: WOOD,
    110: replace(STRINGS, voices=PAIR, attack=0.05),
}


def timbre_of(program: int) -> Timbre:
    """The timbre of a General MIDI program, 0 to 127."""
    return PROGRAMS.get(program, FAMILIES[program // 8])
