"""The drum kit: every piece is a few decaying tones, whose pitch may drop, and a burst of filtered noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gansuite.music.audio.waves import RATE, Sound, fading, noise, rising


@dataclass(frozen=True)
class Piece:
    """How one instrument of the kit sounds.

    Attributes:
        tones: (hertz, level, seconds to fall by 60 dB).
        drop: (ratio, seconds): tones begin that ratio too high and settle in that time.
        noise: (level, low hertz, high hertz, seconds to fall by 60 dB).
        claps: when the noise is struck again, in seconds.
        gain: level in the mix.
        pan: -1 (left) to 1 (right).
        send: how much of it the room answers.
        choke: pieces of the same number cut each other off, 0 for none: a closed hi-hat ends an open one.
    """

    tones: tuple[tuple[float, float, float], ...] = ()
    drop: tuple[float, float] = (1.0, 0.03)
    noise: tuple[float, float, float, float] = (0.0, 100.0, 1000.0, 0.1)
    claps: tuple[float, ...] = ()
    gain: float = 1.0
    pan: float = 0.0
    send: float = 0.12
    choke: int = 0


def _tom(frequency: float, pan: float) -> Piece:
    tones = ((frequency, 1.0, 0.55), (frequency * 1.51, 0.35, 0.3))
    return Piece(tones, (1.6, 0.04), (0.18, 300, 3000, 0.1), gain=0.75, pan=pan, send=0.2)


def _metal(low: float, seconds: float, gain: float, pan: float, choke: int = 0) -> Piece:
    ring = tuple((low * ratio, 0.10, 0.7 * seconds) for ratio in (1.0, 1.342, 1.483, 1.8, 2.547, 3.1))
    return Piece(ring, noise=(0.9, 1.4 * low, 15000, seconds), gain=gain, pan=pan, choke=choke)


def _hand(frequency: float, seconds: float, pan: float) -> Piece:
    skin = ((frequency, 1.0, seconds), (frequency * 2.2, 0.3, seconds / 2))
    return Piece(skin, (1.25, 0.015), (0.2, 800, 5000, 0.03), gain=0.6, pan=pan, send=0.18)


def _struck(frequencies: tuple[float, ...], seconds: float, gain: float, pan: float) -> Piece:
    tones = tuple((frequency, 1.0 / len(frequencies), seconds) for frequency in frequencies)
    return Piece(tones, noise=(0.15, 2000, 9000, 0.02), gain=gain, pan=pan)


def _shaken(low: float, seconds: float, pan: float, claps: tuple[float, ...] = ()) -> Piece:
    return Piece(noise=(1.0, low, 14000, seconds), claps=claps, gain=0.32, pan=pan)


KICK = Piece(((52, 1.0, 0.42), (104, 0.25, 0.12)), (3.6, 0.022), (0.22, 1200, 6000, 0.02), gain=1.25, send=0.02)
SNARE = Piece(((186, 0.55, 0.22), (332, 0.3, 0.14)), (1.25, 0.02), (0.85, 900, 9000, 0.26), gain=0.8, send=0.2)
CLAP = Piece(noise=(1.0, 900, 3200, 0.28), claps=(0.011, 0.023), gain=0.7, pan=0.1, send=0.3)
RIDE = replace(_metal(2900, 1.7, 0.26, 0.35), tones=((3150, 0.45, 1.4), (4720, 0.35, 1.1), (6230, 0.25, 0.9)))
CRASH = _metal(2300, 2.2, 0.42, -0.35)

KIT = {
    35: replace(KICK, tones=((46, 1.0, 0.5), (92, 0.2, 0.12))),
    36: KICK,
    37: _struck((1720, 820), 0.06, 0.6, -0.1),
    38: SNARE,
    39: CLAP,
    40: replace(SNARE, tones=((210, 0.5, 0.16), (370, 0.3, 0.1)), noise=(0.95, 1300, 11000, 0.2)),
    41: _tom(82, 0.4),
    42: _metal(5200, 0.10, 0.36, 0.3, choke=1),
    43: _tom(96, 0.3),
    44: _metal(4800, 0.14, 0.28, 0.3, choke=1),
    45: _tom(116, 0.15),
    46: _metal(5000, 0.75, 0.34, 0.3, choke=1),
    47: _tom(138, 0.0),
    48: _tom(164, -0.15),
    49: CRASH,
    50: _tom(196, -0.3),
    51: RIDE,
    52: _metal(1500, 1.3, 0.42, 0.4),
    53: replace(RIDE, tones=((2640, 0.9, 1.2), (3960, 0.5, 1.0)), noise=(0.2, 4000, 14000, 0.6)),
    54: _shaken(5500, 0.22, 0.2, (0.02,)),
    55: _metal(3200, 0.9, 0.4, -0.2),
    56: _struck((562, 845), 0.35, 0.6, 0.15),
    57: replace(CRASH, pan=0.4, noise=(0.9, 2700, 15000, 1.9)),
    58: _shaken(2500, 0.7, 0.2, (0.04, 0.08, 0.12, 0.16)),
    59: replace(RIDE, pan=0.45, gain=0.24),
    60: _hand(420, 0.16, -0.25),
    61: _hand(310, 0.2, -0.2),
    62: _hand(330, 0.08, 0.25),
    63: _hand(250, 0.35, 0.25),
    64: _hand(185, 0.4, 0.3),
    65: _hand(400, 0.4, -0.3),
    66: _hand(290, 0.5, -0.35),
    67: _struck((1480, 2220), 0.3, 0.45, 0.3),
    68: _struck((1110, 1665), 0.35, 0.45, 0.35),
    69: _shaken(6000, 0.09, -0.3),
    70: _shaken(7000, 0.06, 0.3),
    73: _shaken(2500, 0.06, 0.2, (0.02, 0.04)),
    74: _shaken(2200, 0.1, 0.2, (0.03, 0.06, 0.09, 0.12, 0.15)),
    75: _struck((2500,), 0.09, 0.6, 0.2),
    76: _struck((1250, 1900), 0.1, 0.6, 0.25),
    77: _struck((920, 1400), 0.12, 0.6, 0.25),
    78: _hand(520, 0.15, 0.1),
    79: _hand(380, 0.35, 0.1),
    80: _struck((4100, 6300), 0.12, 0.4, 0.35),
    81: _struck((4100, 6300), 1.6, 0.4, 0.35),
    82: _shaken(6500, 0.12, -0.3),
}
OTHER = Piece(((900, 0.3, 0.05),), noise=(0.6, 1000, 8000, 0.08), gain=0.45, pan=0.1)


def piece_of(pitch: int) -> Piece:
    """The piece of the kit that a General MIDI drum note plays; a short knock for notes that name none."""
    return KIT.get(pitch, OTHER)


def strike(pitch: int, force: float) -> Sound:
    """One stroke until it is no longer heard: float32 (F,), a peak near 1 whatever the force.

    Args:
        pitch: General MIDI drum note.
        force: how hard it is struck, 0..1: more noise and more of the drop, not more loudness.
    """
    piece = piece_of(pitch)
    level, low, high, seconds = piece.noise
    last = max([seconds + sum(piece.claps[-1:]), *(fall for _, _, fall in piece.tones)])
    sound = np.zeros(int(last * RATE), np.float32)
    for frequency, loud, fall in piece.tones:
        sound += loud * _tone(frequency, fall, len(sound), piece.drop, force)
    crack = noise(low, high, int(seconds * RATE), pitch) * fading(seconds, int(seconds * RATE))
    for begin in (0.0, *piece.claps):
        first = int(begin * RATE)
        sound[first : first + len(crack)] += crack[: len(sound) - first] * np.float32(level * (0.5 + 0.5 * force))
    fade = rising(min(0.01, last / 4))[::-1]
    sound[-len(fade) :] *= fade
    return sound


def _tone(frequency: float, fall: float, frames: int, drop: tuple[float, float], force: float) -> Sound:
    time = np.arange(frames) / RATE
    ratio, settle = drop
    extra = (ratio - 1) * (0.5 + 0.5 * force) * settle * (1 - np.exp(-time / settle))
    turns = frequency * (time + extra)
    return np.sin(2 * np.pi * turns).astype(np.float32) * fading(fall, frames)
