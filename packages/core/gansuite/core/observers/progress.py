"""How a run is getting on, for a person at a terminal: a bar, or a plain line now and then."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from gansuite.core.health import Verdict, diagnose, number
from gansuite.core.observers.jsonl import read_metrics
from gansuite.core.run import Run

Line = Mapping[str, Any]

PLAIN_SECONDS = 10.0
BAR_SECONDS = 0.2
REMEMBERED = 4000
COLOURS = {
    "learning": "green",
    "flat": "yellow",
    "overfitting": "dark_orange",
    "collapsed": "red",
    "diverged": "red",
}
SILENT = frozenset({"checkpoint"})


class ProgressBar:
    """An observer that shows percent, time left, step, speed, losses and health on stderr.

    On a terminal it is one line that moves; elsewhere (a log, a pipe) it is a plain line every ten seconds of
    the run. Time comes from the lines' own `seconds`: nothing here sleeps, waits or starts a thread.

    Args:
        stream: where to write; stderr by default, so that stdout stays free for results.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._console = Console(file=stream or sys.stderr, highlight=False)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._plan: Mapping[str, Any] = {}
        self._seen: list[Line] = []
        self._first: Line | None = None
        self._shown = float("-inf")
        self._verdict: Verdict | None = None

    def start(self, plan: Mapping[str, Any]) -> None:
        """Show an empty bar, if there is a terminal."""
        self._plan, resumed = plan, int(plan.get("resumed_step", 0))
        if resumed and plan.get("run"):
            told = read_metrics(Run(plan["run"]).metrics)
            self._seen = [line for line in told if (number(line.get("step")) or 0) <= resumed]
        if self._console.is_terminal:
            self._bar = _bar(self._console)
            self._task = self._bar.add_task("", total=1.0, health=Text("starting"), left="", facts="")
            self._bar.start()

    def record(self, line: Line) -> None:
        """Take a line in; show it if it is time, and always if it is an event."""
        self._seen.append(line)
        if len(self._seen) > REMEMBERED:
            self._seen = _thinned(self._seen)
        if line.get("kind") == "event":
            self._tell(line)
        elif line.get("kind") == "measure":
            self._judge()
        else:
            self._show(line)

    def finish(self, outcome: str) -> None:
        """Take the bar away and say how it ended."""
        steps = [line for line in self._seen if line.get("kind") == "step"]
        if steps:
            self._show(steps[-1], now=True)
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        health = f" Health: {self._verdict}" if self._verdict else ""
        self._print(f"{outcome.capitalize()}.{health}")

    def _judge(self) -> None:
        before, self._verdict = self._verdict, diagnose(self._seen)
        if self._verdict.alarm and (before is None or before.state != self._verdict.state):
            self._print(f"Health: {self._verdict}")

    def _tell(self, line: Line) -> None:
        if line.get("event") not in SILENT:
            self._print(f"Step {_step(line)}: {line.get('event')}: {line.get('text', '')}")

    def _show(self, line: Line, now: bool = False) -> None:
        self._first = self._first or line
        seconds = number(line.get("seconds")) or 0.0
        if not now and 0 <= seconds - self._shown < (BAR_SECONDS if self._bar else PLAIN_SECONDS):
            return
        self._shown = seconds
        done = progress(line, self._plan)
        left = time_left(self._first, line, self._plan)
        word = self._verdict.state if self._verdict else "starting"
        if self._bar is None:
            self._print(" · ".join(filter(None, (f"{done:.0%}", left, facts(line), word))))
            return
        health = Text(word, style=COLOURS.get(word, ""))
        self._bar.update(self._task, completed=done, left=left, facts=facts(line), health=health, refresh=True)

    def _print(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=self._bar is None)


def progress(line: Line, plan: Mapping[str, Any]) -> float:
    """How much of the run is done, in [0, 1]: what the line says, or by images, or by minutes; else 0."""
    told = number(line.get("progress"))
    if told is not None:
        return min(1.0, max(0.0, told))
    images, minutes = plan.get("total_images"), plan.get("minutes")
    shares = [(number(line.get("images")) or 0.0) / images] if images else []
    shares += [(number(line.get("seconds")) or 0.0) / 60 / minutes] if minutes else []
    return min(1.0, max(shares, default=0.0))


def time_left(first: Line, line: Line, plan: Mapping[str, Any]) -> str:
    """`3:20 left` by the pace since the first line of this sitting; empty while there is no pace."""
    gained = progress(line, plan) - progress(first, plan)
    spent = (number(line.get("seconds")) or 0.0) - (number(first.get("seconds")) or 0.0)
    if gained <= 0 or spent <= 0:
        return ""
    return f"{_clock(spent * (1 - progress(line, plan)) / gained)} left"


def facts(line: Line) -> str:
    """Step, speed and losses of a step line, as far as it has them."""
    speed = number(line.get("images_per_second"))
    losses = [(key, number(line[key])) for key in line if key.startswith("loss/")]
    parts = [f"step {_step(line)}", f"{speed:.3g} images/s" if speed is not None else ""]
    parts.append(" ".join(f"{_initial(key)} {value:.2f}" for key, value in losses[:4] if value is not None))
    return " · ".join(filter(None, parts))


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.fields[health]}"),
        BarColumn(bar_width=None, complete_style="cyan", finished_style="green"),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[facts]}"),
        console=console,
        auto_refresh=False,
        redirect_stdout=False,
        expand=True,
    )


def _thinned(lines: list[Line]) -> list[Line]:
    """Every second step line of the older half forgotten, so that a long run stays small in memory."""
    half = len(lines) // 2
    old = [line for i, line in enumerate(lines[:half]) if i % 2 or line.get("kind") != "step"]
    return old + lines[half:]


def _initial(key: str) -> str:
    name = key.partition("/")[2]
    return {"discriminator": "D", "generator": "G"}.get(name, name)


def _step(line: Line) -> str:
    return f"{int(number(line.get('step')) or 0):,}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
