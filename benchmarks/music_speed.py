"""How fast the band plays: from the command to the files, and phrase by phrase once it is loaded.

    python benchmarks/music_speed.py --model band

A phrase is played by itself, whatever else is asked for, so that a seed is a piece. Phrases and notes are counted
against the time of the processor in one thread; commands are timed on the wall, each in a process of its own.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from gansuite.music import BUNDLED
from gansuite.music.roll import ONSET
from gansuite.music.sampler import load_sampler


def cold(model: str, *more: str) -> float:
    """Wall-clock seconds of a command that writes a piece of 16 bars for three tracks."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["music", "generate", "--model", model, "--tracks", "piano,bass,drums", "--bars", "16", "--out", folder]
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "gansuite", *words, *more], check=True, stdout=subprocess.DEVNULL)
        spent = time.perf_counter() - began
        if not any(Path(folder).glob("*.mid")):
            raise SystemExit("There is no MIDI file.")
    return spent


def warm(model: str, count: int) -> tuple[float, float]:
    """Phrases and notes in a second of the processor."""
    sampler = load_sampler(model)
    latents = sampler.latents(range(count))
    sampler.play(latents[:4])
    began = time.process_time()
    cells = sampler.play(latents)
    spent = time.process_time() - began
    return count / spent, float((cells == ONSET).sum()) / spent


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=BUNDLED)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    phrases, notes = warm(args.model, args.count)
    print(f"warm, one thread: {phrases:.0f} phrases and {notes:,.0f} notes a second")
    for name, flags in (("MIDI", []), ("MIDI and WAV", ["--wav"])):
        times = [cold(args.model, *flags) for _ in range(args.rounds)]
        print(f"16 bars, three tracks, {name}: {statistics.median(times):.1f} s")


if __name__ == "__main__":
    main()
