"""report.html: what happened in a run, on one page, in words, curves and sheets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from gansuite.core.errors import GansuiteError
from gansuite.core.health import Line, Verdict, diagnose, number, timeline, values
from gansuite.core.observers.jsonl import read_metrics
from gansuite.core.pages import html
from gansuite.core.pages.html import Html, Series, Sheet
from gansuite.core.run import Run

MOST_SHEETS = 12
SHEET_BYTES = 340_000  # eleven of these and a last one, in base64, stay under 8 MB
LAST_SHEET_BYTES = 1_400_000
MOST_EVENTS = 200


@dataclass(frozen=True)
class Story:
    """What a run folder says about itself."""

    name: str
    steps: Sequence[Line]
    measures: Sequence[Line]
    events: Sequence[Line]
    verdict: Verdict
    config: Mapping[str, Any]
    sheets: Sequence[tuple[int, Path]]

    @property
    def last(self) -> Line:
        """The latest line that has a step."""
        return max([*self.steps, *self.measures], key=_at, default={})

    @property
    def best(self) -> Line | None:
        """The measure with the smallest held-out distance."""
        known = [line for line in self.measures if values([line], "held_out_distance")]
        return min(known, key=lambda line: values([line], "held_out_distance")[0], default=None)


def write_report(run: Path) -> Path:
    """Write `report.html` into a run folder, atomically, and return its path.

    It holds health in words, key figures, sheets over time, curves, events and the merged configuration. What
    is missing in the folder is left out, so a run can be looked at while it is still going.

    Raises:
        GansuiteError: there is no such folder, or the report cannot be written.
    """
    if not run.is_dir():
        raise GansuiteError(f"There is no run folder {run}.", "See your runs with: gansuite models list")
    story = read_story(run)
    return html.write_page(run / "report.html", html.page(f"{story.name}: run report", _body(story)))


def read_story(run: Path) -> Story:
    """Read a run folder; a missing or damaged part counts as empty."""
    records = read_metrics(Run(run).metrics)
    return Story(
        name=run.resolve().name,
        steps=timeline(records, "step"),
        measures=timeline(records, "measure"),
        events=[line for line in records if line.get("kind") == "event"],
        verdict=diagnose(records),
        config=_read_config(run / "config.json"),
        sheets=spread(_sheet_files(Run(run).samples), MOST_SHEETS),
    )


def spread(items: Sequence[tuple[int, Path]], most: int) -> list[tuple[int, Path]]:
    """At most `most` of the items, first and last among them, closer together early, where more changes."""
    if len(items) <= most:
        return list(items)
    places = [max(i, round((i / (most - 1)) ** 1.5 * (len(items) - 1))) for i in range(most)]
    return [items[place] for place in places]


def _body(story: Story) -> str:
    verdict = story.verdict
    parts = [
        Html(f'<header><h1>{html.text(story.name)}</h1><p class="soft">Run report</p></header>'),
        html.banner(verdict.state.capitalize(), verdict.reason, verdict.remedy, state=verdict.state),
        html.cards(_figures(story)),
        _sheets_section(story),
        html.section("Curves", html.grid(_charts(story))),
        html.section("Events", _events(story)),
        html.section("Configuration", _configuration(story.config)),
        Html("<footer>Everything on this page is in this one file; it fetches nothing.</footer>"),
    ]
    return "\n".join(parts)


def _figures(story: Story) -> Iterator[tuple[str, str, str]]:
    speeds = values(story.steps, "images_per_second")
    pace = f"{median(speeds):.3g} images per second" if speeds else ""
    yield "Images seen", f"{int(number(story.last.get('images')) or 0):,}", f"in {_at(story.last):,} steps"
    yield "Time", _span(number(story.last.get("seconds")) or 0.0), pace
    if story.best is not None:
        distance = values([story.best], "held_out_distance")[0]
        yield "Best held-out distance", f"{distance:.3g}", f"at step {_at(story.best):,}; lower is better"
        for name, note in (
            ("coverage", "of held-out works, at the best"),
            ("diversity", "of that of real works"),
        ):
            for value in values([story.best], name):
                yield name.capitalize(), f"{value:.0%}", note
    for images in values(story.measures[-1:], "kept_images"):
        latest = images in values(story.measures[-1:], "images")
        note = "the latest that was measured" if latest else "the best; the latest is far from held-out works"
        yield "Model kept", f"{images:,.0f} images", note


def _sheets_section(story: Story) -> Html:
    frames, broken = _frames(story)
    note = f"Could not be read and are left out: {', '.join(broken)}." if broken else ""
    return html.section("Samples over time", html.sheets(frames), note)


def _frames(story: Story) -> tuple[list[Sheet], list[str]]:
    frames, broken = [], []
    for step, path in story.sheets:
        last = step == story.sheets[-1][0]
        try:
            picture = html.shrink(path, LAST_SHEET_BYTES if last else SHEET_BYTES, longest_side=1800 if last else 1100)
        except GansuiteError:
            broken.append(path.name)
            continue
        frames.append(Sheet(picture, f"step {step:,}", _caption(story, step)))
    return frames, broken


def _caption(story: Story, step: int) -> str:
    known = [line for line in story.steps if _at(line) <= step]
    parts = [f"Step {step:,}"]
    if known and step:
        parts.append(f"{int(number(known[-1].get('images')) or 0):,} images")
        parts.append(_span(number(known[-1].get("seconds")) or 0.0))
    measured = values([line for line in story.measures if _at(line) <= step], "held_out_distance")
    return " · ".join([*parts, f"held-out distance {measured[-1]:.3g}"] if measured else parts)


def _charts(story: Story) -> Iterator[str]:
    steps, measures, marks = story.steps, story.measures, _marks(story)
    yield html.chart(_smoothed(steps, "loss/"), "Losses", y_label="smoothed; single steps faint", marks=marks)
    yield html.chart(
        _plain(measures, ("held_out_distance", "train_distance"), ("to held-out works", "to training works")),
        "Distance of samples to works",
        y_label="lower is better; when only the held-out one rises, it overfits",
        marks=marks,
    )
    yield html.chart(
        _plain(measures, ("coverage", "density"), ("coverage", "density")),
        "Coverage and density",
        y_label="works that samples come near, and how near; higher is better",
        low=0.0,
    )
    yield html.chart(
        _plain(measures, ("diversity",), ("diversity",)),
        "Diversity of samples",
        y_label="1 is that of real works; far below, they look alike",
        low=0.0,
    )
    yield html.chart(
        [
            _smooth(steps, "signal/real_sign", "sure of real works", 0),
            *_plain(steps, ("signal/augment",), ("augmentation",), 1),
        ],
        "The discriminator's certainty",
        y_label="augmentation follows certainty, which should stay near 0.6",
    )
    yield html.chart(_smoothed(steps, "penalty/"), "Penalties", y_label="smoothed; single steps faint")
    yield html.chart(_smoothed(steps, "gradient/"), "Gradient norms", y_label="smoothed; single steps faint")
    yield html.chart(_plain(steps, ("learning_rate",), ("learning rate",)), "Learning rate", low=0.0)
    yield html.chart(_smoothed(steps, "images_per_second"), "Images per second", low=0.0)


def _marks(story: Story) -> list[tuple[float, str]]:
    best = [(float(_at(story.best)), "best")] if story.best else []
    back = [line for line in story.events if line.get("event") == "rollback"]
    return best + [(float(_at(line)), "rollback") for line in back]


def _smoothed(lines: Sequence[Line], prefix: str) -> list[Series]:
    found = {key for line in lines for key in line if key.startswith(prefix)}
    keys = sorted(found)  # so that a player has the same colour in every chart
    return [_smooth(lines, key, key.partition("/")[2] or key.replace("_", " "), i) for i, key in enumerate(keys)]


def _smooth(lines: Sequence[Line], key: str, name: str, colour: int) -> Series:
    points = _points(lines, key)
    return Series(name, html.smooth(points), points, colour)


def _plain(lines: Sequence[Line], keys: Sequence[str], names: Sequence[str], colour: int = 0) -> list[Series]:
    pairs = enumerate(zip(keys, names, strict=True), colour)
    return [Series(name, _points(lines, key), colour=place) for place, (key, name) in pairs]


def _points(lines: Sequence[Line], key: str) -> list[tuple[float, float]]:
    found = ((float(_at(line)), number(line.get(key))) for line in lines)
    return [(step, value) for step, value in found if value is not None]


def _events(story: Story) -> Html:
    rows = [
        (f"{_at(line):,}", str(line.get("event", "")), str(line.get("text", "")))
        for line in story.events[-MOST_EVENTS:]
    ]
    return html.table(rows, ("step", "event", "what happened"))


def _configuration(saved: Mapping[str, Any]) -> Html:
    config, origins = saved.get("config"), saved.get("origins")
    if not isinstance(config, Mapping):
        config = {key: value for key, value in saved.items() if key != "origins"}
    known = origins if isinstance(origins, Mapping) else {}
    rows = [(f"`{name}`", _value(value), str(known.get(name, "default"))) for name, value in _flat(config)]
    return html.table(rows, ("setting", "value", "from"))


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _sheet_files(folder: Path) -> list[tuple[int, Path]]:
    numbered = (path for path in folder.glob("*.png") if re.fullmatch("[0-9]{1,12}", path.stem))
    return sorted((int(path.stem), path) for path in numbered)


def _at(line: Line) -> int:
    return int(number(line.get("step")) or 0)


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours or minutes >= 10:
        return f"{hours} h {minutes} min" if hours else f"{minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
