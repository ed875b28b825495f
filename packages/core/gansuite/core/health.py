"""Reads a run's measurements and says in words how it is doing, why, and what to do about it.

Each rule is a function of the run that answers with a verdict or None; the gravest answer wins. GAN measures
are noisy, so a rule looks at medians of windows and asks for more than the run's own jitter before it speaks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median
from typing import Any, Literal

State = Literal["starting", "learning", "flat", "overfitting", "collapsed", "diverged"]
Line = Mapping[str, Any]

ROLL_BACKS = 3  # a session gives up after the third
EXPLODED = 20.0  # times the size losses had before
EXPLODED_FLOOR = 50.0  # no loss below this counts as exploded
DIVERSITY_LOST = 0.35  # of the mean distance between real works
DIVERSITY_HAD = 0.5
COVERAGE_LOST = 0.05
COVERAGE_HAD = 0.2
WORSE = 0.15  # above the best held-out distance
SIGN_SURE = 0.85  # ADA aims at 0.6 (arXiv 2006.06676, section 3.1)
AUGMENT_CAP = 0.8
PINNED = 0.07  # of the loss of a guess, above the least there is: a non-saturating loss of 0.1
IMPROVED = (0.03, 0.05)  # of the distance before: the least that counts, in a calm and in a noisy run


@dataclass(frozen=True)
class Verdict:
    """How a run is doing: one word, one sentence of why (with its numbers) and one of what to do."""

    state: State
    reason: str
    remedy: str

    @property
    def alarm(self) -> bool:
        """True where going on as before makes the run worse."""
        return self.state in {"overfitting", "collapsed", "diverged"}

    def __str__(self) -> str:
        return f"{self.state}: {self.reason} {self.remedy}"


@dataclass(frozen=True)
class Run:
    """A run's lines, sorted by kind; `fresh` are the step lines since the last rollback."""

    steps: Sequence[Line]
    fresh: Sequence[Line]
    measures: Sequence[Line]
    events: Sequence[Line]


@dataclass(frozen=True)
class Course:
    """Where a distance stands: its best window (value, position), its last window, its jitter, its size."""

    best: float
    best_index: int
    now: float
    jitter: float
    size: float

    @property
    def rise(self) -> float:
        """How far the last window lies above the best one, as a share of the best (0.15: 15 % worse)."""
        return (self.now - self.best) / self.size

    @property
    def worse(self) -> bool:
        """More than 15 % above the best, and more than the jitter explains."""
        return self.now - self.best > max(WORSE * self.size, 2 * self.jitter)


def diagnose(records: Sequence[Line]) -> Verdict:
    """The verdict on a run from its metrics.jsonl lines, oldest first.

    `starting` until there are three measures of the held-out distance, unless something went wrong before.
    """
    run = sort_out(records)
    verdict = next(filter(None, (rule(run) for rule in RULES)), None) or learning(run)
    return replace(verdict, reason=f"{verdict.reason}{kept(run)}")


def kept(run: Run) -> str:
    """A sentence on the model that the run keeps, where it is not the latest one measured."""
    latest = run.measures[-1:]
    for images, had in zip(values(latest, "images"), values(latest, "kept_images"), strict=False):
        if images != had:
            return f" The model kept is that of {had:,.0f} images."
    return ""


def number(value: Any) -> float | None:
    """A measurement as a float; None where there is none. The texts "nan" and "inf" are numbers too."""
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def values(lines: Iterable[Line], key: str) -> list[float]:
    """All finite values of `key`, in order."""
    found = (number(line.get(key)) for line in lines)
    return [value for value in found if value is not None and math.isfinite(value)]


def timeline(records: Iterable[Line], kind: str) -> list[Line]:
    """The lines of one kind with rising steps: steps done over after a rollback replace the first try."""
    kept: list[Line] = []
    for line in records:
        if line.get("kind") != kind:
            continue
        while kept and (number(kept[-1].get("step")) or 0) >= (number(line.get("step")) or 0):
            kept.pop()
        kept.append(line)
    return kept


def sort_out(records: Sequence[Line]) -> Run:
    """Metrics lines by kind, each in order."""
    last = max((i for i, line in enumerate(records) if line.get("event") == "rollback"), default=-1)
    return Run(
        steps=timeline(records, "step"),
        fresh=timeline(records[last + 1 :], "step"),
        measures=timeline(records, "measure"),
        events=[line for line in records if line.get("kind") == "event"],
    )


# The rules, in order of gravity.


def gave_up(run: Run) -> Verdict | None:
    """Diverged: the trainer said so, or it went back to a checkpoint more often than it may."""
    count = sum(line.get("event") == "rollback" for line in run.events)
    ends = [str(line.get("text", "")) for line in run.events if line.get("event") == "diverged"]
    if count <= ROLL_BACKS and not ends:
        return None
    why = f" ({ends[-1]})" if ends and ends[-1] else ""
    times = {0: "", 1: " after going back to a good checkpoint once"}
    return _diverged(f"Training broke{why}{times.get(count, f' after going back to a good checkpoint {count} times')}.")


def not_finite(run: Run) -> Verdict | None:
    """Diverged: a loss or gradient of the last few steps is not a number or infinite."""
    for line in reversed(run.fresh[-5:]):
        for key, value in line.items():
            size = number(value) if key.startswith(("loss/", "gradient/", "penalty/")) else None
            if size is not None and not math.isfinite(size):
                return _diverged(f"{_name(key)} is {_bad(size)} at step {_count(line)}.")
    return None


def exploding(run: Run) -> Verdict | None:
    """Diverged: a loss is 20 times what it was over the first half of the run, and above 50."""
    lines = run.fresh
    recent = max(5, len(lines) // 20)
    for key in ("loss/discriminator", "loss/generator"):
        sizes = [abs(value) for value in values(lines, key)]
        if len(sizes) < 4 * recent:
            continue
        before, now = median(sizes[: len(sizes) // 2]), median(sizes[-recent:])
        if now > max(EXPLODED_FLOOR, EXPLODED * before):
            return _diverged(f"{_name(key)} has grown from about {_text(before)} to {_text(now)}.")
    return None


def samples_alike(run: Run) -> Verdict | None:
    """Collapsed: samples differ from one another far less than real works do, and did not always."""
    diversity = values(run.measures, "diversity")
    if len(diversity) < 3:
        return None
    now = median(diversity[-3:])
    earlier = _windows(diversity[:-2], 2)
    fell = bool(earlier) and max(earlier) >= DIVERSITY_HAD
    stuck = len(diversity) >= 8 and now < 1.2 * median(diversity[-6:-3])
    if now >= DIVERSITY_LOST or not (fell or stuck):
        return None
    story = f"after {max(earlier):.0%} earlier" if fell else f"after {len(diversity)} measures"
    return _collapsed(f"Samples differ from one another only {now:.0%} as much as real works do, {story}.")


def modes_lost(run: Run) -> Verdict | None:
    """Collapsed: samples lie near almost none of the held-out works, long after they lay near many.

    The first measures are left out: an early blur covers much of a feature space, then loses it as it learns.
    """
    coverage = values(run.measures, "coverage")[2:]
    course = _course(values(run.measures, "held_out_distance"))
    if len(coverage) < 8 or course is None:
        return None
    now, had = median(coverage[-3:]), max(_windows(coverage[:-3], 3))
    if now >= COVERAGE_LOST or had < COVERAGE_HAD or not course.worse:
        return None
    return _collapsed(
        f"Samples come near only {now:.0%} of the held-out works, where it was {had:.0%}, "
        f"and the distance to them is {course.rise:.0%} above its best."
    )


def critic_pinned(run: Run) -> Verdict | None:
    """Collapsed: the discriminator tells every work from every sample, and the generator finds no way.

    How sure it is, `signal/doubt` says: 0 beyond doubt, 1 for a guess. A Wasserstein critic has no such measure.
    """
    course = _course(values(run.measures, "held_out_distance"))
    recent = max(5, len(run.fresh) // 20)
    doubt = values(run.fresh, "signal/doubt")[-recent:]
    sign = values(run.fresh, "signal/real_sign")[-recent:]
    generator = values(run.fresh, "loss/generator")
    if course is None or not doubt or not sign or len(generator) < 4 * recent:
        return None
    before, now = median(generator[: len(generator) // 2]), median(generator[-recent:])
    pinned = median(doubt) < PINNED and median(sign) > 0.9 and now > before + 0.25 * abs(before)
    if not (pinned and course.worse):
        return None
    return _collapsed(
        f"The discriminator is right about every work (its loss is {median(doubt):.0%} of that of a guess), the "
        f"generator's loss rose from {_text(before)} to {_text(now)}, and the held-out distance is {course.rise:.0%} "
        "above its best."
    )


def overfitting(run: Run) -> Verdict | None:
    """Held-out works get farther away while training works get nearer, or are known by heart."""
    lines = [line for line in run.measures if values([line], "held_out_distance")]
    course = _course(values(lines, "held_out_distance"))
    if course is None or not course.worse:
        return None
    why = _train_falls(lines, course) or _knows_by_heart(run)
    if why is None:
        return None
    step = _count(lines[course.best_index])
    return Verdict(
        "overfitting",
        f"The distance to held-out works is {course.rise:.0%} above its best "
        f"({_text(course.best)} around step {step}, now {_text(course.now)}) while {why}.",
        "Stop here. More works help most; otherwise train again with a stronger "
        "`--augment`, a higher `--r1` or a smaller network.",
    )


def starting(run: Run) -> Verdict | None:
    """Too little to say: fewer than three measures of the held-out distance."""
    count = len(values(run.measures, "held_out_distance"))
    if count >= 3:
        return None
    seen = ("are no measures", "is one measure", "are two measures")[count]
    reason = f"There {seen} of the held-out distance so far."
    return Verdict("starting", reason, "Three are needed to judge: let it run.")


def flat(run: Run) -> Verdict | None:
    """No improvement of the held-out distance over a third of at least six measures (early on: twelve)."""
    lines = [line for line in run.measures if values([line], "held_out_distance")]
    distances = values(lines, "held_out_distance")
    course = _course(distances)
    progress = next(iter(values(run.steps[-1:], "progress")), 1.0)
    if course is None or len(distances) < (12 if progress < 0.25 else 6):
        return None
    third = max(3, len(distances) // 3)
    gain = -_slope(distances[-2 * third :]) * third
    before, now = median(distances[-2 * third : -third]), median(distances[-third:])
    size = max(abs(before), 0.02 * max(distances))
    doubt = 1.85 * course.jitter / math.sqrt(third)  # 1.5 standard deviations of such a gain
    if gain > min(max(doubt, IMPROVED[0] * size), IMPROVED[1] * size):
        return None
    best = f"{_text(course.best)} around step {_count(lines[course.best_index])}"
    end = f" and is {course.rise:.0%} above its best of {best}" if course.worse else f"; its best was {best}"
    return Verdict(
        "flat",
        f"The distance to held-out works has not improved from step {_count(lines[-third])} to "
        f"{_count(lines[-1])} (about {_text(now)}, {_text(before)} before){end}.",
        "Let it run: it often falls with the learning rates, late in a run."
        if progress < 0.75
        else "Stop here if the sheets please you. Otherwise train on with a lower "
        "`--lr`, or anew with a wider network or more works.",
    )


def learning(run: Run) -> Verdict:
    """The verdict when nothing speaks against it."""
    distances = values(run.measures, "held_out_distance")
    course = _course(distances)
    now = course.now if course else distances[-1]
    verb = "fell" if now < distances[0] else "went"
    return Verdict(
        "learning",
        f"The distance to held-out works {verb} from {_text(distances[0])} to {_text(now)} "
        f"over {len(distances)} measures.",
        "Let it run; if it has ended, `--resume` with more `--minutes` is worth while.",
    )


RULES: tuple[Callable[[Run], Verdict | None], ...] = (
    gave_up,
    not_finite,
    exploding,
    samples_alike,
    modes_lost,
    critic_pinned,
    overfitting,
    starting,
    flat,
)


def _train_falls(lines: Sequence[Line], course: Course) -> str | None:
    train = values(lines, "train_distance")
    if len(train) != len(lines):
        return None
    window = _window(len(train))
    then, now = median(train[max(0, course.best_index - 1) :][:window]), median(train[-window:])
    if then - now <= max(0.05 * abs(then), _jitter(train)):
        return None
    return f"the distance to the training works went on falling ({_text(then)} to {_text(now)})"


def _knows_by_heart(run: Run) -> str | None:
    recent = max(5, len(run.fresh) // 10)
    sign = values(run.fresh, "signal/real_sign")[-recent:]
    augment = values(run.fresh, "signal/augment")[-recent:]
    if not sign or not augment or median(sign) <= SIGN_SURE or median(augment) < AUGMENT_CAP - 0.01:
        return None
    return (
        f"the discriminator is sure of {(1 + median(sign)) / 2:.0%} of the real works "
        f"although augmentation is at its limit of {AUGMENT_CAP}"
    )


def _course(distances: Sequence[float]) -> Course | None:
    """None for fewer than three distances. The best is that of whole windows, never of one lucky measure."""
    if len(distances) < 3:
        return None
    window = _window(len(distances))
    smooth = _windows(distances, window)
    best = min(smooth)
    size = max(abs(best), 0.02 * max(abs(value) for value in distances), 1e-12)
    return Course(best, smooth.index(best) + window // 2, smooth[-1], _jitter(distances), size)


def _window(count: int) -> int:
    return min(7, max(3, count // 6))


def _windows(series: Sequence[float], size: int) -> list[float]:
    return [median(series[i : i + size]) for i in range(len(series) - size + 1)]


def _jitter(series: Sequence[float]) -> float:
    """Standard deviation of the noise about a line through neighbours (the median miss is 0.826 of it)."""
    recent = series[-24:]
    misses = [abs(b - (a + c) / 2) for a, b, c in zip(recent, recent[1:], recent[2:], strict=False)]
    return median(misses) / 0.826 if misses else 0.0


def _slope(series: Sequence[float]) -> float:
    """Change per measure: the median slope of all pairs (Theil 1950, Sen 1968), deaf to a few wild values."""
    return median((b - a) / (j - i) for (i, a), (j, b) in combinations(enumerate(series[-100:]), 2))


def _diverged(reason: str) -> Verdict:
    remedy = "Train again with a lower `--lr` or a higher `--r1`."
    return Verdict("diverged", reason, remedy)


def _collapsed(reason: str) -> Verdict:
    remedy = "Stop here. Train again with a higher `--r1`, a lower `--lr` or a stronger `--augment`."
    return Verdict("collapsed", reason, remedy)


def _name(key: str) -> str:
    kind, _, player = key.partition("/")
    return f"The {kind} of the {player}" if kind != "penalty" else f"The penalty {player}"


def _bad(size: float) -> str:
    return "not a number" if math.isnan(size) else "infinite"


def _count(line: Line) -> str:
    return f"{int(number(line.get('step')) or 0):,}"


def _text(value: float) -> str:
    return f"{value:.3g}"
