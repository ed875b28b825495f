"""The musical measures once more, slowly and in plain Python: what the fast ones must agree with.

Everything works on one phrase of one track at a time, a list of steps, each a list of cells: 0 silent, 1 onset, 2 hold.
A measure is a list of (sum of observations, number of observations), one for each phrase.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

Phrase = list[list[int]]
Counts = tuple[float, int]

MAJOR = {0, 2, 4, 5, 7, 9, 11}


def figure(counts: list[Counts]) -> tuple[float, int]:
    """Value and count of a measure."""
    top, bottom = sum(c[0] for c in counts), sum(c[1] for c in counts)
    return (top / bottom if bottom else 0.0), bottom


def bars_of(phrase: Phrase, bar: int) -> list[Phrase]:
    return [phrase[start : start + bar] for start in range(0, len(phrase), bar)]


def plays(phrase: Phrase) -> bool:
    return any(cell for step in phrase for cell in step)


def begins(phrase: Phrase, step: int, pitch: int) -> bool:
    cell = phrase[step][pitch]
    return cell == 1 or (cell == 2 and (step == 0 or phrase[step - 1][pitch] == 0))


def note_lengths(phrase: Phrase) -> list[int]:
    lengths = []
    for pitch in range(len(phrase[0])):
        length = 0
        for step in range(len(phrase)):
            if begins(phrase, step, pitch):
                if length:
                    lengths.append(length)
                length = 1
            elif phrase[step][pitch]:
                length += 1
            elif length:
                lengths.append(length)
                length = 0
        if length:
            lengths.append(length)
    return lengths


def histogram(phrase: Phrase) -> list[int]:
    found = [0] * 12
    for step in phrase:
        for pitch, cell in enumerate(step):
            found[(24 + pitch) % 12] += cell > 0
    return found


def empty_bars(phrase: Phrase, bar: int) -> Counts:
    bars = bars_of(phrase, bar)
    return sum(not plays(b) for b in bars), len(bars)


def notes_per_bar(phrase: Phrase, bar: int) -> Counts:
    return len(note_lengths(phrase)), len(phrase) // bar


def used_pitch_classes(phrase: Phrase, bar: int) -> Counts:
    used = [sum(n > 0 for n in histogram(b)) for b in bars_of(phrase, bar)]
    return sum(used), sum(n > 0 for n in used)


def polyphony(phrase: Phrase, bar: int, least: int) -> Counts:
    steps = [step for b in bars_of(phrase, bar) if plays(b) for step in b]
    return sum(sum(cell > 0 for cell in step) >= least for step in steps), len(steps)


def qualified_notes(phrase: Phrase, bar: int, beat: int, across: bool) -> Counts:
    parts = [phrase] if across else bars_of(phrase, bar)
    lengths = [length for part in parts for length in note_lengths(part)]
    shortest = max(2, math.ceil(Fraction(beat, 8)))
    return sum(length >= shortest for length in lengths), len(lengths)


def pitch_class_entropy(phrase: Phrase) -> Counts:
    found = histogram(phrase)
    total = sum(found)
    return -sum(n / total * math.log2(n / total) for n in found if n), int(total > 0)


def scale_consistency(phrase: Phrase) -> Counts:
    found = histogram(phrase)
    total = sum(found)
    best = max(sum(found[(degree + tonic) % 12] for degree in MAJOR) for tonic in range(12))
    return (best / total, 1) if total else (0.0, 0)


def in_scale_rate(phrase: Phrase, tonic: int) -> Counts:
    found = histogram(phrase)
    return sum(found[(degree + tonic) % 12] for degree in MAJOR), sum(found)


def groove_consistency(phrase: Phrase, bar: int) -> Counts:
    rhythm = [any(begins(phrase, step, pitch) for pitch in range(len(phrase[0]))) for step in range(len(phrase))]
    bars = [rhythm[start : start + bar] for start in range(0, len(rhythm), bar)]
    pairs = [(one, two) for one, two in pairwise(bars) if any(one) or any(two)]
    return sum(1 - sum(x != y for x, y in zip(*pair, strict=True)) / bar for pair in pairs), len(pairs)


def drum_pattern(phrase: Phrase, beat: int, division: int) -> Counts:
    struck = [s for s in range(len(phrase)) for p in range(len(phrase[0])) if begins(phrase, s, p)]
    return sum((Fraction(s, beat) * division).denominator == 1 for s in struck), len(struck)


def centroid(weights: list[int]) -> list[float]:
    total = sum(weights)
    place = []
    for radius, angle in ((1.0, 7 / 6), (1.0, 3 / 2), (0.5, 2 / 3)):
        for wave in (math.sin, math.cos):
            waves = (weight * wave(k * angle * math.pi) for k, weight in enumerate(weights))
            place.append(radius * sum(waves) / total)
    return place


def tonal_distance(first: Phrase, second: Phrase, beat: int) -> Counts:
    distances = []
    for start in range(0, len(first), beat):
        one, two = histogram(first[start : start + beat]), histogram(second[start : start + beat])
        if sum(one) and sum(two):
            distances.append(math.dist(centroid(one), centroid(two)))
    return sum(distances), len(distances)


def old_histogram(phrase: Phrase) -> list[int]:
    """The chroma of 2018: groups of neighbouring pitches."""
    width = len(phrase[0]) // 12
    return [sum(step[p] > 0 for step in phrase for p in range(g * width, (g + 1) * width)) for g in range(12)]


def old_runs(bar: Phrase) -> list[tuple[int, int]]:
    """(first step, length) of each run of sounding cells of one pitch."""
    plain = [[1 if cell else 0 for cell in step] for step in bar]
    runs = []
    for pitch in range(len(bar[0])):
        line = [step[pitch] for step in plain]
        text = "".join(map(str, line))
        start = 0
        for part in text.replace("01", "0 1").replace("10", "1 0").split():
            if part[0] == "1":
                runs.append((start, len(part)))
            start += len(part)
    return runs


def mean_of_bars(ratios: list[float]) -> Counts:
    return sum(ratios), len(ratios)


def old_used_pitch_classes(phrase: Phrase, bar: int) -> Counts:
    return mean_of_bars([sum(n > 0 for n in old_histogram(b)) for b in bars_of(phrase, bar) if plays(b)])


def old_qualified_notes(phrase: Phrase, bar: int) -> Counts:
    runs = [[length for _, length in old_runs(b)] for b in bars_of(phrase, bar) if plays(b)]
    return mean_of_bars([sum(length >= 2 for length in lengths) / len(lengths) for lengths in runs])


def old_in_scale_rate(phrase: Phrase, bar: int) -> Counts:
    found = [old_histogram(b) for b in bars_of(phrase, bar) if plays(b)]
    return mean_of_bars([sum(h[degree] for degree in MAJOR) / sum(h) for h in found])


def old_drum_pattern(phrase: Phrase, bar: int, beat: int) -> Counts:
    period = Fraction(beat, 4).numerator
    mask = [1.0 if k == 0 else 0.3 if k in (1, period - 1) else 0.0 for k in range(period)]
    scores = []
    for b in bars_of(phrase, bar):
        starts = [start for start, _ in old_runs(b)]
        if starts:
            scores.append(max(sum(mask[(s - shift) % period] for s in starts) for shift in range(period)) / len(starts))
    return mean_of_bars(scores)


def old_tonal_distance(first: Phrase, second: Phrase, bar: int, beat: int) -> Counts:
    means = []
    for one, two in zip(bars_of(first, bar), bars_of(second, bar), strict=True):
        beats = [
            (old_histogram(one[start : start + beat]), old_histogram(two[start : start + beat]))
            for start in range(0, bar - beat + 1, beat)
        ]
        if beats and all(sum(x) and sum(y) for x, y in beats):
            means.append(sum(math.dist(centroid(x), centroid(y)) for x, y in beats) / len(beats))
    return mean_of_bars(means)
