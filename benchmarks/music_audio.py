"""Music to sound and to pictures: CPU seconds of our synthesiser, of FluidSynth if it is there, and of piano rolls.

python benchmarks/music_audio.py --bars 16 --tempo 110
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable

import numpy as np

from gansuite.music.audio import fluid
from gansuite.music.audio.parts import read_parts
from gansuite.music.audio.synth import synthesize
from gansuite.music.audio.wav import write_wav
from gansuite.music.midi import open_midi, write_midi
from gansuite.music.picture import draw_roll, draw_sheet
from gansuite.music.roll import HOLD, ONSET, TRACKS, Roll

CHORDS = ((33, 36, 40), (29, 33, 36), (36, 40, 43), (31, 35, 38))  # Am F C G, semitones above C1


def band(bars: int, tempo: float) -> Roll:
    """A busy arrangement for all five tracks: about 60 notes a bar."""
    cells = np.zeros((len(TRACKS), 16 * bars, 84), np.uint8)
    for bar in range(bars):
        start, chord = 16 * bar, CHORDS[bar % 4]
        for track, step, length, pitch in arrangement(chord):
            cells[track, start + step + 1 : start + step + length, pitch] = HOLD
            cells[track, start + step, pitch] = ONSET
    velocity = np.where(cells == ONSET, 70 + 13 * (np.arange(16 * bars) % 5)[:, None], 0).astype(np.uint8)
    return Roll(cells, tempo=tempo, velocity=velocity)


def arrangement(chord: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """(track, step, length, pitch) of one bar."""
    drums = [(0, step, 1, 18) for step in range(0, 16, 2)] + [(0, step, 1, 12) for step in (0, 6, 10)]
    drums += [(0, step, 1, 14) for step in (4, 12)]
    piano = [(1, step, 4, pitch) for step in (0, 6, 12) for pitch in chord]
    guitar = [(2, step, 2, chord[step // 2 % 3] + 12) for step in range(0, 16, 2)]
    bass = [(3, step, 2, chord[0] - 12) for step in range(0, 16, 2)]
    return drums + piano + guitar + bass + [(4, 0, 16, pitch + 12) for pitch in chord]


def cpu_seconds(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median over some rounds, and the first one, which also loads and fills caches."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times), times[0]


def main() -> None:
    """Print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--tempo", type=float, default=110.0)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    roll = band(args.bars, args.tempo)
    parts = read_parts(open_midi(write_midi(roll)))
    sound = synthesize(parts)
    long, phrases = band(64, 120), [band(4, 120)] * 48
    works: dict[str, Callable[[], object]] = {
        "own synthesiser": lambda: synthesize(parts),
        "WAV of it": lambda: write_wav(io.BytesIO(), sound),
        "picture of 64 bars": lambda: draw_roll(long),
        "sheet of 48 phrases": lambda: draw_sheet(phrases),
    }
    if fluid.library() is not None:
        works["FluidSynth"] = lambda: fluid.play(parts)
    seconds = sound.shape[1] / 44100
    print(
        f"{args.bars} bars at {args.tempo:g}: {sum(map(len, parts))} notes, {seconds:.0f} s; median and first, CPU ms"
    )
    for name, work in works.items():
        median, first = cpu_seconds(work, args.rounds)
        print(f"{name:<20} {1000 * median:8.0f} {1000 * first:8.0f}")


if __name__ == "__main__":
    main()
