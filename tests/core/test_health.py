"""Rigged runs: training logs with a known fate and honest noise, and what health says of them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.health import Verdict, diagnose, number, timeline

Curve = Callable[[float], float]
Line = dict[str, Any]


def falling(start: float, end: float, pace: float = 4.0) -> Curve:
    """An exponential fall from `start` towards `end`."""
    return lambda t: end + (start - end) * math.exp(-pace * t)


def bent(first: Curve, at: float, slope: float) -> Curve:
    """`first` until `at`; from there a line that rises by `slope` of its value there over a whole run."""
    return lambda t: first(t) if t <= at else first(at) * (1 + slope * (t - at))


def switched(before: float, after: float, at: float, width: float = 0.02) -> Curve:
    """From `before` to `after` in a soft step at `at`."""
    return lambda t: before + (after - before) / (1 + math.exp(min(50.0, -(t - at) / width)))


def level(value: float) -> Curve:
    return lambda t: value


@dataclass(frozen=True)
class Rig:
    """A run over t in (0, 1]: healthy curves unless told otherwise; `noise` is relative."""

    held_out: Curve = field(default=falling(1.4, 0.15))
    train: Curve = field(default=falling(1.35, 0.13))
    coverage: Curve = field(default=lambda t: 0.7 * min(1.0, 2.5 * t))
    diversity: Curve = field(default=lambda t: 0.92 * min(1.0, 0.2 + 6 * t))
    d_loss: Curve = field(default=level(1.05))
    g_loss: Curve = field(default=level(1.7))
    doubt: Curve | None = field(default=level(0.75))
    sign: Curve = field(default=level(0.62))
    augment: Curve = field(default=lambda t: min(0.5, t))
    noise: float = 0.05
    measures: int = 30
    seed: int = 0
    steps: int = 300

    def records(self) -> list[Line]:
        rng = random.Random(self.seed)
        every = self.steps // self.measures
        lines: list[Line] = []
        for index in range(1, self.steps + 1):
            lines.append(self.step(index, rng))
            if index % every == 0:
                lines.append(self.measure(index, rng))
        return lines

    def step(self, index: int, rng: random.Random) -> Line:
        t, shake = index / self.steps, 3 * self.noise
        return (
            stamp("step", index)
            | {
                "loss/discriminator": self.d_loss(t) * (1 + shake * rng.gauss(0, 1)),
                "loss/generator": self.g_loss(t) * (1 + shake * rng.gauss(0, 1)),
                "gradient/generator": abs(rng.gauss(0.8, 0.2)),
                "signal/real_sign": max(-1.0, min(1.0, self.sign(t) + self.noise * rng.gauss(0, 1))),
                "signal/augment": self.augment(t),
                "progress": t,
            }
            | ({"signal/doubt": self.doubt(t)} if self.doubt else {})
        )

    def measure(self, index: int, rng: random.Random) -> Line:
        t = index / self.steps
        curves = {
            "held_out_distance": self.held_out,
            "train_distance": self.train,
            "coverage": self.coverage,
            "diversity": self.diversity,
        }
        noisy = {name: curve(t) * (1 + self.noise * rng.gauss(0, 1)) for name, curve in curves.items()}
        return stamp("measure", index) | noisy | {"best": False}


def stamp(kind: str, index: int) -> Line:
    return {"kind": kind, "step": 10 * index, "images": 640 * index, "seconds": 4.0 * index}


def event(name: str, step: int, text: str = "") -> Line:
    return {"kind": "event", "step": step, "event": name, "text": text}


def rising(at: float = 0.5, slope: float = 1.2) -> Curve:
    """A held-out distance that turns at `at`."""
    return bent(falling(1.4, 0.2, 8), at, slope)


def early_blur(t: float) -> float:
    """On some features an early blur is nearer than half-formed pictures: down, up, then down for good."""
    if t < 0.1:
        return 0.6
    return 0.6 + min(0.5, 2.5 * (t - 0.1)) if t < 0.3 else 0.2 + 0.9 * math.exp(-3 * (t - 0.3))


HEALTHY = {
    "steady": Rig(),
    "noisy": Rig(noise=0.08),
    "very noisy": Rig(noise=0.12),
    "slow": Rig(held_out=falling(1.4, 0.3, 2)),
    "few measures": Rig(measures=6),
    "many measures": Rig(measures=60, steps=600),
    "a gap to the training works": Rig(held_out=falling(1.4, 0.3, 6), train=falling(1.3, 0.15, 3)),
    "early blur": Rig(held_out=early_blur, train=early_blur, coverage=lambda t: 0.6 if t < 0.06 else max(0, t - 0.2)),
    "sure but not worse": Rig(sign=level(0.95), augment=level(0.8)),
    "a critic without bounds": Rig(d_loss=falling(-40, -4, 3), g_loss=falling(30, 5, 3)),
}

RIGGED = {
    "plateau": ("flat", Rig(held_out=falling(1.4, 0.3, 20), train=falling(1.4, 0.25, 20), noise=0.03), 0.15),
    "plateau of eight": ("flat", Rig(held_out=falling(1.4, 0.3, 30), measures=8, noise=0.02), 0.1),
    "worse, and nobody learns": ("flat", Rig(held_out=rising(), train=rising()), 0.5),
    "knows the works by heart": ("overfitting", Rig(held_out=rising()), 0.5),
    "augmentation at its cap": (
        "overfitting",
        Rig(
            held_out=rising(),
            train=rising(0.5, 0.3),
            sign=switched(0.6, 0.95, 0.5),
            augment=lambda t: min(0.8, 2 * t),
        ),
        0.5,
    ),
    "overfitting, noisy": ("overfitting", Rig(held_out=rising(0.4, 2.0), noise=0.08), 0.4),
    "samples alike": ("collapsed", Rig(diversity=switched(0.9, 0.1, 0.6)), 0.58),
    "samples always alike": ("collapsed", Rig(diversity=level(0.1)), 0.0),
    "modes lost": ("collapsed", Rig(coverage=switched(0.7, 0.01, 0.6), held_out=rising(0.55, 2.0)), 0.55),
    "critic pinned": (
        "collapsed",
        Rig(
            d_loss=switched(1, 0.01, 0.6),
            doubt=switched(0.7, 0.007, 0.6),
            g_loss=switched(1.7, 8, 0.6),
            sign=switched(0.6, 0.995, 0.6),
            held_out=rising(0.55, 2.0),
            train=rising(0.55, 2.0),
        ),
        0.55,
    ),
    "critic pinned, labels smoothed": (  # the loss stays above 0.32
        "collapsed",
        Rig(
            d_loss=switched(1, 0.33, 0.6),
            doubt=switched(0.7, 0.01, 0.6),
            g_loss=switched(1.7, 8, 0.6),
            sign=switched(0.6, 0.995, 0.6),
            held_out=rising(0.55, 2.0),
            train=rising(0.55, 2.0),
        ),
        0.55,
    ),
    "a small Wasserstein critic": (  # a loss near 0 says nothing of a critic without bounds
        "flat",
        Rig(
            d_loss=level(-0.02),
            doubt=None,
            g_loss=switched(0.1, 0.3, 0.6),
            sign=level(0.98),
            augment=level(0.2),
            held_out=rising(0.55, 2.0),
            train=rising(0.55, 2.0),
        ),
        0.55,
    ),
    "critic explodes": ("diverged", Rig(d_loss=switched(1, 500, 0.6, 0.01)), 0.55),
    "generator explodes": ("diverged", Rig(g_loss=switched(-2, -900, 0.7, 0.01)), 0.65),
}


@pytest.mark.parametrize("name", HEALTHY)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_healthy_run_is_learning_and_never_alarms(name: str, seed: int) -> None:
    records = with_seed(HEALTHY[name], seed)
    assert diagnose(records).state == "learning"
    assert not any(verdict.alarm for _, verdict in as_it_went(records))


@pytest.mark.parametrize("name", RIGGED)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_rigged_run_gets_the_right_verdict(name: str, seed: int) -> None:
    expected, rig, _ = RIGGED[name]
    verdict = diagnose(with_seed(rig, seed))
    assert verdict.state == expected, verdict
    assert any(digit.isdigit() for digit in verdict.reason)
    assert verdict.remedy.endswith(".")


@pytest.mark.parametrize("name", [n for n, (state, *_) in RIGGED.items() if state in {"collapsed", "diverged"}])
def test_the_alarm_comes_after_the_fault_and_soon(name: str) -> None:
    expected, rig, onset = RIGGED[name]
    alarms = [t for t, verdict in as_it_went(rig.records()) if verdict.state == expected]
    patience = 0.3 if onset == 0 else 0.25  # a distance must rise by 15 % before anyone can see it
    assert onset <= alarms[0] <= onset + patience


@pytest.mark.parametrize("bad", [math.nan, math.inf, "nan", "-inf"])
def test_a_loss_that_is_no_number_is_divergence(bad: object) -> None:
    records = Rig().records()
    records[-2]["loss/generator"] = bad
    verdict = diagnose(records)
    assert verdict.state == "diverged"
    assert "loss of the generator" in verdict.reason
    assert "--lr" in verdict.remedy


def test_what_a_rollback_healed_is_forgotten() -> None:
    first = Rig(d_loss=switched(1, 500, 0.4, 0.01)).records()[:180]
    again = [line for line in Rig().records() if line["step"] > 1000]
    assert diagnose(first).state == "diverged"
    healed = [*first, event("rollback", 1000, "loss/discriminator is not finite"), *again]
    assert diagnose(healed).state == "learning"


def test_three_rollbacks_that_helped_are_no_divergence_but_giving_up_is() -> None:
    records = Rig().records()
    with_rollbacks = records[:200] + [event("rollback", 1500)] * 3 + records[200:]
    assert diagnose(with_rollbacks).state == "learning"
    given_up = [*with_rollbacks, event("diverged", 3000, "loss/generator is not finite")]
    verdict = diagnose(given_up)
    assert verdict.state == "diverged"
    assert "3 times" in verdict.reason
    assert "loss/generator is not finite" in verdict.reason


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_measures_say_little(count: int) -> None:
    records = [line for line in Rig().records() if line["kind"] == "step" or line["step"] <= 100 * count]
    assert diagnose(records).state == "starting"
    assert ("no measures", "one measure", "two measures")[count] in diagnose(records).reason


def test_nothing_at_all_is_starting() -> None:
    assert diagnose([]).state == "starting"


def test_the_reason_names_the_best_point_and_the_two_distances() -> None:
    held_out = [1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3]
    train = [1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05]
    verdict = diagnose(
        [
            stamp("measure", i) | {"held_out_distance": far, "train_distance": near}
            for i, (far, near) in enumerate(zip(held_out, train, strict=True), 1)
        ]
    )
    # windows of three: the first with median 0.2 is centred on the sixth measure, the last has median 0.3
    assert verdict.state == "overfitting"
    assert "50% above its best (0.2 around step 60, now 0.3)" in verdict.reason
    assert "(0.3 to 0.1)" in verdict.reason
    assert "--augment" in verdict.remedy


@pytest.mark.parametrize(("had", "said"), [(41_000, True), (64_000, False), (None, False)])
def test_the_model_that_is_kept_is_named_where_it_is_not_the_latest(had: int | None, said: bool) -> None:
    records = Rig().records()
    records[-1] |= {"images": 64_000, "kept_images": had}
    assert ("The model kept is that of 41,000 images." in diagnose(records).reason) is said
    given_up = [*records, event("diverged", 3000, "loss/generator is not finite")]
    assert ("41,000 images" in diagnose(given_up).reason) is said
    assert "best checkpoint" not in str(diagnose(given_up))


def test_distances_near_zero_do_not_make_every_wobble_an_alarm() -> None:
    rng = random.Random(0)
    records = Rig().records()
    for line in records:
        if line["kind"] == "measure" and line["step"] > 500:
            line["held_out_distance"] = rng.gauss(0.0, 0.01)  # the unbiased estimator may be negative
            line["train_distance"] = -0.001 * line["step"] / 1000
    assert not diagnose(records).alarm


def test_without_optional_measures_the_distance_alone_is_judged() -> None:
    records = [
        stamp("measure", i) | {"held_out_distance": distance}
        for i, distance in enumerate([1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25])
    ]
    assert diagnose(records).state == "learning"
    assert diagnose(records[:1] + [dict(records[-1], step=10 * i) for i in range(1, 9)]).state == "flat"


@pytest.mark.parametrize(("spent", "said"), [(0.6, "Let it run"), (1.0, "Stop here")])
def test_a_flat_run_whose_rates_are_yet_to_fall_is_told_to_go_on(spent: float, said: str) -> None:
    records = Rig(held_out=falling(1.4, 0.3, 30), noise=0.02).records()
    short = [line | {"progress": spent * line["progress"]} if "progress" in line else line for line in records]
    verdict = diagnose(short)
    assert verdict.state == "flat"
    assert verdict.remedy.startswith(said)


def test_a_timeline_has_rising_steps_and_the_last_try() -> None:
    lines = [{"kind": "step", "step": step, "try": n} for n, step in enumerate([10, 20, 30, 20, 40, 40])]
    kept = [(line["step"], line["try"]) for line in timeline(lines, "step")]
    assert kept == [(10, 0), (20, 3), (40, 5)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), ("0.5", 0.5), ("inf", math.inf), (None, None), ("x", None), (True, None)],
)
def test_number(value: object, expected: float | None) -> None:
    assert number(value) == expected


scalars = st.one_of(st.none(), st.floats(), st.integers(-(10**6), 10**6), st.text(max_size=4), st.booleans())
keys = [
    "held_out_distance",
    "train_distance",
    "coverage",
    "diversity",
    "loss/generator",
    "loss/discriminator",
]
keys += ["signal/real_sign", "signal/augment", "signal/doubt", "progress", "step", "event", "text"]
keys += ["images", "kept_images"]
any_line = st.fixed_dictionaries(
    {"kind": st.sampled_from(["step", "measure", "event", "other"])},
    optional=dict.fromkeys(keys, scalars),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(any_line, max_size=30))
def test_any_lines_get_some_verdict(records: list[Line]) -> None:
    verdict = diagnose(records)
    assert isinstance(verdict, Verdict)
    assert str(verdict).startswith(verdict.state)


def with_seed(rig: Rig, seed: int) -> list[Line]:
    return Rig(**{**rig.__dict__, "seed": seed}).records()


def as_it_went(records: list[Line]) -> list[tuple[float, Verdict]]:
    """At each measure: its place in the run as a share of all steps, and what health said then."""
    last = records[-1]["step"]
    ends = [i for i, line in enumerate(records) if line["kind"] == "measure"]
    return [(records[i]["step"] / last, diagnose(records[: i + 1])) for i in ends]
