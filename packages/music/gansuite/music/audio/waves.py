"""What every sound is made of: damped sinusoids and filtered noise.

P = partials of a tone, F = frames of sound. All times are in seconds and all frequencies in hertz.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE = 44100

Sound = npt.NDArray[np.float32]  # (F,) one channel, or (2, F) left and right
Numbers = npt.NDArray[np.float64]

_BLOCK = 256


def damped(levels: Numbers, frequencies: Numbers, rates: Numbers, phases: Numbers, frames: int) -> Sound:
    """The sum of P damped sinusoids, float32 (F,): level * exp(-rate * t) * sin(2 pi (frequency * t + phase)).

    A damped sinusoid is a power of one complex number z, and z ** (256 j + k) is a product of two powers, so that the
    whole tone is one product of a matrix of coarse powers (F / 256, 2 P) and one of fine powers (2 P, 256).

    Args:
        levels, frequencies, phases: (P,); phases in turns, 0..1.
        rates: (P,), per second; 0 where nothing decays.
        frames: F.
    """
    coarse_time = np.asarray(np.arange(0, frames, _BLOCK) / RATE, np.float64)
    fine_time = np.asarray(np.arange(_BLOCK) / RATE, np.float64)
    ones, zeros = np.ones(len(levels)), np.zeros(len(levels))
    sine, cosine = _powers(levels, frequencies, rates, phases, coarse_time)
    coarse = np.concatenate([sine, cosine])
    sine, cosine = _powers(ones, frequencies, rates, zeros, fine_time)
    fine = np.concatenate([cosine, sine])
    return np.asarray((coarse.T @ fine).reshape(-1)[:frames], np.float32)


def _powers(
    levels: Numbers, frequencies: Numbers, rates: Numbers, phases: Numbers, times: Numbers
) -> tuple[Sound, Sound]:
    """The sine and cosine parts of z ** time, float32 (P, len(times)); the turns are counted in float64."""
    turns = np.outer(frequencies, times) + phases[:, None]
    angle = ((turns - np.rint(turns)) * (2 * np.pi)).astype(np.float32)
    fade = np.outer(-rates, times).astype(np.float32)
    size = np.exp(fade) * levels.astype(np.float32)[:, None]
    return np.sin(angle) * size, np.cos(angle) * size


def noise(low: float, high: float, frames: int, seed: int) -> Sound:
    """Noise between two frequencies, with a peak of about 1 and the same for the same seed: float32 (F,)."""
    size = 1 << max(frames - 1, 255).bit_length()
    white = np.random.default_rng(seed).random(size, dtype=np.float32) - 0.5
    spectrum = np.fft.rfft(white)
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    spectrum *= 1 / np.sqrt((1 + (low / np.maximum(frequency, 1)) ** 4) * (1 + (frequency / high) ** 4))
    shaped = np.fft.irfft(spectrum, size)[:frames]
    return (shaped / max(3.5 * float(np.sqrt(np.mean(shaped**2))), 1e-9)).astype(np.float32)


def fading(seconds: float, frames: int) -> Sound:
    """An exponential fall by 60 dB in that many seconds: float32 (F,)."""
    slope = np.float32(-LN_1000 / (seconds * RATE))
    return np.asarray(np.exp(np.arange(frames, dtype=np.float32) * slope), np.float32)


def rising(seconds: float) -> Sound:
    """A smooth rise from 0 to 1, of that many seconds: float32."""
    frames = max(int(seconds * RATE), 2)
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(frames, dtype=np.float32) / frames)).astype(np.float32)


LN_1000 = 6.907755  # a fall by 60 dB, as a natural logarithm
