"""FluidSynth, where it is installed: the same parts, played by the sound font that pretty_midi ships.

pyfluidsynth is no dependency; it and its C library are looked for without a word, and used when both are there.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from operator import itemgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.music.audio.effects import mastered
from gansuite.music.audio.parts import BEND_RANGE, PAN, VOLUME, Part
from gansuite.music.audio.waves import RATE, Sound

SOUND_FONT = "TimGM6mb.sf2"
DRUM_BANK = 128
TAIL = 2.0  # seconds after the last note ends
GAIN = 0.2  # FluidSynth's own, low enough for a full band
_GRAIN = 64  # frames that FluidSynth makes at a time
_ENDS, _CONTROLS, _BEGINS = range(3)  # what comes first at one instant

Event = tuple[int, int, str, tuple[int, ...]]  # frame, rank, method of the synthesiser, its arguments


@cache
def library() -> ModuleType | None:
    """pyfluidsynth with its C library loaded, or None."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            found = importlib.import_module("fluidsynth")
        except (ImportError, OSError, AttributeError):
            return None
    return found if hasattr(found, "Synth") else None


def play(parts: Sequence[Part], sound_font: Path | None = None) -> Sound:
    """Play the parts: float32 (2, F), its peak at -1 dB of full scale, `TAIL` seconds longer than the last note.

    Args:
        parts: what is played.
        sound_font: an .sf2 file in place of the one that pretty_midi ships.

    Raises:
        GansuiteError: FluidSynth is not installed, or cannot read the sound font.
    """
    fluidsynth = library()
    if fluidsynth is None:
        raise GansuiteError(
            "FluidSynth is not installed: the module 'fluidsynth' or its library was not found.",
            "Install pyfluidsynth and the FluidSynth library, or use --engine own.",
        )
    synthesizer = fluidsynth.Synth(gain=GAIN, samplerate=float(RATE), channels=16 * (len(parts) // 16 + 1))
    try:
        _tune(synthesizer, parts, sound_font)
        return mastered(_performed(synthesizer, parts))
    finally:
        synthesizer.delete()


def _tune(synthesizer: Any, parts: Sequence[Part], sound_font: Path | None) -> None:
    with contextlib.ExitStack() as stack:
        shipped = resources.as_file(resources.files("pretty_midi") / SOUND_FONT)
        path = sound_font or stack.enter_context(shipped)
        font = synthesizer.sfload(str(path))
    if font < 0:
        raise GansuiteError(f"FluidSynth cannot read the sound font {path}.", "Use --engine own.")
    for channel, part in enumerate(parts):
        bank = DRUM_BANK if part.drums else 0
        if synthesizer.program_select(channel, font, bank, part.program) < 0:
            synthesizer.program_select(channel, font, bank, 0)


def _performed(synthesizer: Any, parts: Sequence[Part]) -> Sound:
    """All events at their time: float32 (2, F)."""
    seconds = max((float(part.end.max()) for part in parts), default=0.0) + TAIL
    mix = np.zeros((2, int(seconds * RATE)), np.float32)
    events = sorted((e for channel, part in enumerate(parts) for e in _events(channel, part)), key=itemgetter(0, 1))
    now = 0
    for frame, _, method, arguments in events:
        _advance(synthesizer, mix, now, frame)
        now = max(now, frame)
        getattr(synthesizer, method)(*arguments)
    _advance(synthesizer, mix, now, mix.shape[1])
    return mix


def _advance(synthesizer: Any, mix: Sound, first: int, last: int) -> None:
    """Let the time pass from one frame to another."""
    for begin in range(first, last, RATE):
        end = min(begin + RATE, last)
        mix[:, begin:end] = synthesizer.get_samples(end - begin).reshape(-1, 2).T / np.float32(32768)


def _events(channel: int, part: Part) -> Iterator[Event]:
    if part.pan is not None:
        yield 0, _CONTROLS, "cc", (channel, PAN, round(64 + 63 * part.pan))
    for time, factor in zip(*part.volume, strict=True):  # a control of 100 is a factor of 1, by the square
        yield _frame(time), _CONTROLS, "cc", (channel, VOLUME, min(127, round(100 * factor**0.5)))
    for time, semitones in zip(*part.bend, strict=True):
        yield _frame(time), _CONTROLS, "pitch_bend", (channel, round(semitones * 8192 / BEND_RANGE))
    for start, end, pitch, velocity in zip(part.start, part.end, part.pitch, part.velocity, strict=True):
        begin = _frame(start)
        yield begin, _BEGINS, "noteon", (channel, int(pitch), int(velocity))
        yield max(_frame(end), begin + _GRAIN), _ENDS, "noteoff", (channel, int(pitch))


def _frame(seconds: float) -> int:
    return int(seconds * RATE) // _GRAIN * _GRAIN
