"""What happens to a whole mix: room and loudness. F = frames."""

from __future__ import annotations

import numpy as np

from gansuite.music.audio.waves import RATE, Sound, fading, noise

CEILING = 10 ** (-1 / 20)  # -1 dB of full scale
ROOM_SECONDS = 1.3
_PREDELAY = int(0.014 * RATE)
_WINDOW = 64  # frames whose peak is taken as one by the limiter
_REACH = 24  # windows on either side over which it turns down: 35 ms


def room(send: Sound) -> Sound:
    """The answer of a small hall to what is sent into it: (F,) -> (2, F + `ROOM_FRAMES`)."""
    out = np.zeros((2, len(send) + ROOM_FRAMES), np.float32)
    if not send.any():
        return out
    size = 1 << 17
    hop = size - ROOM_FRAMES
    answers = np.fft.rfft(_impulses(), size)
    for first in range(0, len(send), hop):
        heard = np.fft.irfft(np.fft.rfft(send[first : first + hop], size) * answers, size)
        last = min(first + size, out.shape[1])
        out[:, first:last] += heard[:, : last - first]
    return out


def _impulses() -> Sound:
    """What left and right hear of a single clap in the hall, of unit energy: (2, `ROOM_FRAMES`)."""
    frames = ROOM_FRAMES - _PREDELAY
    tail = np.stack([noise(250, 4200, frames, 1000 + side) for side in range(2)]) * fading(ROOM_SECONDS, frames)
    tail *= np.minimum(1, np.arange(frames, 0, -1, dtype=np.float32) / (0.1 * RATE))
    tail /= np.sqrt(np.sum(tail**2, axis=1, keepdims=True))
    return np.concatenate([np.zeros((2, _PREDELAY), np.float32), tail], axis=1)


def mastered(mix: Sound, push: float = 2.0) -> Sound:
    """The mix (2, F) with its highest peak at -1 dB of full scale, changed in place; silence stays silent.

    A limiter turns single peaks down, by `push` at most, so that one stroke does not make everything else quiet.
    """
    peaks = _peaks(mix)
    highest = float(peaks.max(initial=0.0))
    if highest < 1e-6:
        return mix
    usual = float(np.quantile(peaks[peaks > 0.02 * highest], 0.95))
    threshold = np.float32(max(usual, highest / push))
    _turn_down(mix, np.minimum(1, threshold / np.maximum(peaks, threshold)))
    mix *= np.float32(CEILING / max(float(_peaks(mix).max()), 1e-9))
    return mix


def _peaks(mix: Sound) -> Sound:
    """The highest sample of every window, of both sides."""
    whole = mix.shape[1] // _WINDOW * _WINDOW
    parts = mix[:, :whole].reshape(2, -1, _WINDOW)
    high = np.maximum(parts.max(axis=2), -parts.min(axis=2)).max(axis=0)
    return np.append(high, np.abs(mix[:, whole:]).max(initial=0.0)).astype(np.float32)


def _turn_down(mix: Sound, gains: Sound) -> None:
    """Multiply by a smooth curve that lies nowhere above the gain wanted for a window."""
    if gains.min() >= 1:
        return
    lowest = _around(gains, _REACH + 1).min(axis=1)  # one more: the curve of a window ends in the next one
    smooth = np.append(_around(lowest, _REACH).mean(axis=1), 1.0).astype(np.float32)
    ramp = np.arange(_WINDOW, dtype=np.float32) / _WINDOW
    for first in range(0, len(gains), 4096):
        now, following = smooth[first : first + 4096, None], smooth[first + 1 : first + 4097, None]
        if now.min() < 1:
            curve = (now[: len(following)] * (1 - ramp) + following * ramp).reshape(-1)
            part = mix[:, first * _WINDOW :][:, : len(curve)]
            part *= curve[: part.shape[1]]


def _around(values: Sound, reach: int) -> Sound:
    """Each value with `reach` neighbours on either side: a view (N, 2 reach + 1)."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, reach, mode="edge"), 2 * reach + 1)


ROOM_FRAMES = int(ROOM_SECONDS * RATE)
