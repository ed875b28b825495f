"""The bars of a piece in ticks, numbered from 1 as on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from gansuite.core.errors import GansuiteError
from gansuite.music.form import MOST_BARS
from gansuite.music.score import Score

Bars = tuple[int, int]
"""The first and the last of some bars."""


def parse_bars(text: str) -> Bars:
    """Bars as a person types them: `5-8`, or `5`.

    Raises:
        GansuiteError: it is neither.
    """
    found = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", text, re.ASCII)
    if not found:
        raise GansuiteError(f"'{text[:40]}' are no bars.", "Say which, the first is 1: --bars 5-8")
    bars = int(found[1]), int(found[2] or found[1])
    check_bars(bars)
    return bars


def check_bars(bars: Bars) -> None:
    """Raise `GansuiteError` unless they are 1 to 512 bars, in order."""
    first, last = bars
    if first < 1:
        raise GansuiteError(f"There is no bar {first}.", "The first bar is 1: --bars 1-4")
    if last < first:
        raise GansuiteError(f"The bars {first}-{last} run backwards.", f"Use --bars {last}-{first}.")
    if last - first >= MOST_BARS:
        raise GansuiteError(f"{last - first + 1} bars are too many at once.", f"Use --bars {first}-{first + 15}.")


def span(score: Score, bars: Bars) -> tuple[int, int]:
    """The ticks at which some bars begin and end; they may lie behind the piece."""
    first, last = bars
    begin, *_, end = islice(bar_lines(score), first - 1, last + 1)
    return begin, end


def require_joined(score: Score, bars: Bars) -> None:
    """Raise `GansuiteError` for bars that begin later than one after the last of the piece."""
    there = next(number for number, tick in enumerate(bar_lines(score)) if tick >= score.last)
    if bars[0] > there + 1:
        raise GansuiteError(
            f"The piece has {there} bars, so that none can begin with bar {bars[0]}.",
            f"Let it go on from its end: --bars {there + 1}-{there + 8}",
        )


def bar_lines(score: Score) -> Iterator[int]:
    """The ticks at which bars begin, without end: the last meter holds for ever."""
    begins = [tick for tick, _ in score.meters]
    for begin, end, (_, (beats, unit)) in zip(begins, [*begins[1:], None], score.meters, strict=True):
        length = max(1, score.ticks_per_beat * 4 * beats // unit)
        tick = begin
        while end is None or tick < end:
            yield tick
            tick += length
