"""Line charts as inline SVG: no library, no request, readable on a phone and in the dark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from statistics import fmean, median

from gansuite.core.pages.markup import Html

Point = tuple[float, float]

WIDTH, HEIGHT = 480, 250  # of the drawing, in its own units; the page scales it
LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT = 54, 8, 416, 198
TOO_LARGE = 1e30  # drawn as a gap, like infinity and what is no number
MOST_POINTS = 300  # a curve has no use for more than its pixels


@dataclass(frozen=True)
class Series:
    """A curve.

    Attributes:
        name: for the legend.
        points: (x, y), x rising; a y that is not finite leaves a gap.
        raw: what `points` is the smooth form of; drawn faintly behind it.
        colour: 0 to 5.
    """

    name: str
    points: Sequence[Point]
    raw: Sequence[Point] = ()
    colour: int = 0


@dataclass(frozen=True)
class Frame:
    """The part of the plane that is drawn."""

    x0: float
    x1: float
    y0: float
    y1: float

    def place(self, point: Point) -> Point:
        """Where a data point lies in the plot, from its upper left corner."""
        x, y = point
        return (
            PLOT_WIDTH * (x - self.x0) / (self.x1 - self.x0),
            PLOT_HEIGHT * (self.y1 - y) / (self.y1 - self.y0),
        )


def chart(
    series: Sequence[Series],
    title: str,
    *,
    x_label: str = "step",
    y_label: str = "",
    low: float | None = None,
    high: float | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> Html:
    """A figure with a title, a legend that says the last values, and curves; "" if there is nothing to draw.

    Args:
        series: the curves; those without a finite point are left out.
        y_label: stands under the title: what is drawn and which way is better.
        low, high: the ends of the y axis; by default what holds 98 % of the values, so that one spike does
            not flatten the rest.
        marks: (x, a word or two) drawn as dotted vertical lines.
    """
    drawn = [one for one in series if _finite([*one.points, *one.raw])]
    if not drawn:
        return Html("")
    frame = _frame(drawn, low, high)
    data = f"{frame.x0:.6g} {frame.x1:.6g} {frame.y0:.6g} {frame.y1:.6g}"
    head = f"<b>{escape(title)}</b>{_under(y_label)}{_legend(drawn)}"
    return Html(
        f'<figure class="chart"><figcaption>{head}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(_spoken(title, drawn))}" '
        f'data-range="{data}" data-x="{escape(x_label)}">{_axes(frame, x_label)}'
        f'<svg x="{LEFT}" y="{TOP}" width="{PLOT_WIDTH}" height="{PLOT_HEIGHT}" overflow="hidden">'
        f"{_marks(frame, marks)}{''.join(_curve(frame, one) for one in drawn)}"
        f'<line class="cross" y1="0" y2="{PLOT_HEIGHT}"/></svg></svg></figure>'
    )


def smooth(points: Sequence[Point], window: int | None = None) -> list[Point]:
    """A centred running median over `window` points (by default a thirtieth of them), then a running mean."""
    half = (window or max(3, len(points) // 30)) // 2
    known = _finite(points)
    calm = [median(part) for part in _around([y for _, y in known], half)]
    means = [fmean(part) for part in _around(calm, half // 2)]
    return [(x, mean) for (x, _), mean in zip(known, means, strict=True)]


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) inside [low, high], about `count` of them."""
    rough = (high - low) / max(1, count)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def short(value: float) -> str:
    """A number for an axis: 1500 is 1.5k, 0.0005 is 5e-4."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    if value and abs(value) < 1e-3:
        digits, _, power = f"{value:.2e}".partition("e")
        return f"{float(digits):g}e{int(power)}"
    return f"{value:.4g}"


def _around(ys: Sequence[float], half: int) -> list[Sequence[float]]:
    return [ys[max(0, i - half) : i + half + 1] for i in range(len(ys))]


def _finite(points: Iterable[Point]) -> list[Point]:
    return [point for point in points if abs(point[0]) < TOO_LARGE and abs(point[1]) < TOO_LARGE]


def _frame(series: Sequence[Series], low: float | None, high: float | None) -> Frame:
    xs = [x for one in series for x, _ in _finite([*one.points, *one.raw])]
    ys = sorted(y for one in series for _, y in _finite(one.raw or one.points))
    cut = len(ys) // 100
    lines = [y for one in series for _, y in _finite(one.points[len(one.points) // 20 :])]
    bottom, top = min([ys[cut], *lines]), max([ys[-1 - cut], *lines])
    pad = 0.06 * (top - bottom) or 0.1 * abs(top) or 1.0
    y0 = bottom - pad if low is None else low
    y1 = top + pad if high is None else high
    least = 1e-9 + 1e-6 * max(abs(y0), abs(y1))  # what floats can still tell apart
    return Frame(min(xs), max(*xs, min(xs) + 1.0), y0, max(y1, y0 + least))


def _axes(frame: Frame, x_label: str) -> str:
    parts = [_row(frame, value) for value in ticks(frame.y0, frame.y1, 5)]
    parts += [_column(frame, value) for value in _columns(frame)]
    right, bottom = LEFT + PLOT_WIDTH, TOP + PLOT_HEIGHT
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    parts.append(f'<text x="{right}" y="{HEIGHT - 6}" text-anchor="end">{escape(x_label)}</text>')
    parts.append(f'<text class="at" x="{LEFT}" y="{HEIGHT - 6}"></text>')
    return "".join(parts)


def _columns(frame: Frame) -> list[float]:
    return [x for x in ticks(frame.x0, frame.x1, 6) if frame.place((x, 0))[0] < PLOT_WIDTH + 1]


def _row(frame: Frame, value: float) -> str:
    y = TOP + frame.place((frame.x0, value))[1]
    return (
        f'<line class="gridline" x1="{LEFT}" x2="{LEFT + PLOT_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 7}" y="{y + 4.5:.1f}" text-anchor="end">{short(value)}</text>'
    )


def _column(frame: Frame, value: float) -> str:
    x = LEFT + frame.place((value, frame.y0))[0]
    return f'<text x="{x:.1f}" y="{TOP + PLOT_HEIGHT + 18}" text-anchor="middle">{short(value)}</text>'


def _marks(frame: Frame, marks: Sequence[tuple[float, str]]) -> str:
    seen = [(frame.place((x, frame.y0))[0], text) for x, text in marks if frame.x0 <= x <= frame.x1]
    return "".join(
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{PLOT_HEIGHT}"/>'
        f'<text class="note" x="{x + (5 if x < PLOT_WIDTH - 70 else -5):.1f}" y="{14 + 15 * (i % 3)}" '
        f'text-anchor="{"start" if x < PLOT_WIDTH - 70 else "end"}">{escape(text)}</text>'
        for i, (x, text) in enumerate(seen)
    )


def _curve(frame: Frame, one: Series) -> str:
    tone = f"t{one.colour % 6}"
    raw = f'<path class="raw {tone}" d="{_path(frame, _thin(one.raw))}"/>' if one.raw else ""
    points = _thin(one.points)
    dot = _finite(points)
    single = _dot(frame, dot[0], tone) if len(dot) == 1 else ""
    return f'{raw}<path class="curve {tone}" d="{_path(frame, points)}"/>{single}'


def _dot(frame: Frame, point: Point, tone: str) -> str:
    x, y = frame.place(point)
    return f'<circle class="{tone}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'


def _path(frame: Frame, points: Sequence[Point]) -> str:
    pieces, pen = [], "M"
    for point in points:
        if not _finite([point]):
            pen = "M"
            continue
        x, y = frame.place(point)
        pieces.append(f"{pen}{x:.1f},{min(max(y, -1e4), 1e4):.1f}")
        pen = "L"
    return "".join(pieces)


def _thin(points: Sequence[Point]) -> list[Point]:
    """At most 300 buckets, each with its lowest and highest point, so that spikes stay."""
    size = math.ceil(len(points) / MOST_POINTS) or 1
    if size < 3:
        return list(points)
    kept: list[Point] = []
    for start in range(0, len(points), size):
        bucket = points[start : start + size]
        ends = {min(bucket, key=lambda p: p[1]), max(bucket, key=lambda p: p[1])}
        kept += sorted(ends, key=lambda p: p[0])
    return kept


def _under(text: str) -> str:
    return f"<span>{escape(text)}</span>" if text else ""


def _last(one: Series) -> str:
    known = _finite(one.points) or _finite(one.raw)
    return f"{known[-1][1]:.3g}"


def _legend(series: Sequence[Series]) -> str:
    keys = (
        f'<span><i class="t{one.colour % 6}"></i>{escape(one.name)} <output>{_last(one)}</output></span>'
        for one in series
    )
    return f'<div class="legend">{"".join(keys)}</div>'


def _spoken(title: str, series: Sequence[Series]) -> str:
    return f"{title}: " + ", ".join(f"{one.name} ends at {_last(one)}" for one in series)
