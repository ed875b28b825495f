"""One note of a pitched instrument."""

from __future__ import annotations

import numpy as np

from gansuite.music.audio.timbres import Timbre
from gansuite.music.audio.waves import LN_1000, RATE, Numbers, Sound, damped, fading, noise, rising

LONGEST = 30.0  # seconds that a note sounds at most: nobody's breath or bow lasts longer
_HIGHEST = 0.45 * RATE
_FIRM = 0.7  # the touch at which a timbre's cutoff holds


def hertz(pitch: float) -> float:
    """The frequency of a MIDI pitch; 69 is the A of 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69) / 12))


def ringing(timbre: Timbre, pitch: int) -> float:
    """Seconds after which a held note is no longer heard, at most `LONGEST`."""
    if not timbre.decay:
        return LONGEST
    return min(LONGEST, timbre.decay * _key_factor(pitch) * max(factor for _, _, factor in timbre.voices))


def tone(timbre: Timbre, pitch: int, force: float, frames: int) -> Sound:
    """A note held for `frames` F, without its release: float32 (2, F) of a wide timbre, (1, F) of others.

    Args:
        pitch: MIDI number, 0..127.
        force: how hard it is played, 0..1: brightness, not loudness; that is the same for all, an RMS near 0.1.
    """
    sides = [_side(timbre, pitch, force, frames, side) for side in range(2 if timbre.wide else 1)]
    sound = np.stack(sides)
    attack = rising(timbre.attack)[:frames]
    sound[:, : len(attack)] *= attack
    return sound


def _side(timbre: Timbre, pitch: int, force: float, frames: int, side: int) -> Sound:
    levels, frequencies, rates = _partials(timbre, pitch, force, -1 if side else 1)
    levels = levels * (0.1 / np.sqrt(0.5 * np.sum(levels**2)))
    phases = np.zeros(len(levels))
    if not timbre.decay:  # what is bowed or blown has no common beginning
        phases = np.random.default_rng([pitch, side]).random(len(levels))
    sound = damped(levels, frequencies, rates, phases, frames)
    level, low, high, seconds = timbre.noise
    if level:
        rustle = noise(low, high, frames if not seconds else min(frames, int(3 * seconds * RATE)), pitch * 2 + side)
        if seconds:
            rustle *= fading(2 * seconds, len(rustle))
        sound[: len(rustle)] += rustle * np.float32(0.25 * level * (0.4 + force))
    return sound


def _partials(timbre: Timbre, pitch: int, force: float, sign: int) -> tuple[Numbers, Numbers, Numbers]:
    """Levels, frequencies and decay rates (P,) of all voices; `sign` mirrors their detuning."""
    ratios, levels = _series(timbre)
    base = hertz(pitch)
    cents, voice_levels, factors = np.array(timbre.voices).T
    frequencies = np.outer(2.0 ** (sign * cents / 1200), ratios * base)
    levels = voice_levels[:, None] * levels * _colour(timbre, frequencies, pitch, force)
    rate = LN_1000 / (timbre.decay * _key_factor(pitch)) if timbre.decay else 0.0
    rates = np.outer(1 / factors, rate * (1 + timbre.damping * (ratios - 1)))
    heard = frequencies < _HIGHEST
    heard[:, 0] = True
    return levels[heard], frequencies[heard], rates[heard]


def _series(timbre: Timbre) -> tuple[Numbers, Numbers]:
    if timbre.ratios:
        ratios, levels = np.array(timbre.ratios).T
        return ratios, levels
    k = np.arange(1.0, timbre.partials + 1)
    levels = k**-timbre.tilt * np.where(k % 2, 1.0, timbre.even)
    if timbre.pluck:
        levels = levels * np.abs(np.sin(np.pi * k * timbre.pluck))
    return k * np.sqrt((1 + timbre.stretch * k**2) / (1 + timbre.stretch)), levels


def _colour(timbre: Timbre, frequencies: Numbers, pitch: int, force: float) -> Numbers:
    """What body, key and touch make of each partial's level."""
    cutoff = timbre.cutoff * 2.0 ** ((pitch - 60) / 24 + 2.4 * (force - _FIRM))
    levels = 1 / (1 + (frequencies / cutoff) ** 2)
    body = np.ones_like(frequencies)
    for centre, width, gain in timbre.formants:
        body += gain * np.exp(-(((frequencies - centre) / width) ** 2))
    return np.asarray(levels * body)


def _key_factor(pitch: int) -> float:
    """How much longer than middle C a string rings."""
    return float(2.0 ** ((60 - pitch) / 24))
