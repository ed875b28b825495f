"""What observers leave behind: the metrics file after kills and resumes, the terminal, TensorBoard."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.core.observers.base import Observer
from gansuite.core.observers.jsonl import MetricsFile, decode, encode, read_metrics
from gansuite.core.observers.progress import REMEMBERED, ProgressBar, facts, progress, time_left
from gansuite.core.observers.tensorboard import TensorBoard


def plan(resumed: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "run": None,
        "total_images": None,
        "minutes": None,
        "config": {},
        "resumed_step": resumed,
    } | more


def step(number: int, **more: Any) -> dict[str, Any]:
    base = {"kind": "step", "step": number, "images": 32 * number, "seconds": 0.5 * number}
    return base | {"loss/generator": 0.9, "loss/discriminator": 1.3, "images_per_second": 64.0} | more


def measure(number: int, distance: float, **more: Any) -> dict[str, Any]:
    return {
        "kind": "measure",
        "step": number,
        "images": 32 * number,
        "held_out_distance": distance,
    } | more


def written(path: Path, *lines: dict[str, Any], resumed: int = 0) -> MetricsFile:
    file = MetricsFile(path)
    file.start(plan(resumed))
    for line in lines:
        file.record(line)
    file.finish("done")
    return file


def watched(observer: Observer, *lines: dict[str, Any], outcome: str = "done", **told: Any) -> None:
    observer.start(plan(**told))
    for line in lines:
        observer.record(line)
    observer.finish(outcome)


class TestMetricsFile:
    def test_lines_come_back_as_they_were(self, tmp_path: Path) -> None:
        lines = [
            step(1),
            measure(2, 0.5, best=True),
            {"kind": "event", "step": 2, "event": "stop", "text": "inf"},
        ]
        written(tmp_path / "run" / "metrics.jsonl", *lines)
        assert read_metrics(tmp_path / "run" / "metrics.jsonl") == lines

    def test_every_line_is_on_disk_at_once(self, tmp_path: Path) -> None:
        file = MetricsFile(tmp_path / "m.jsonl")
        file.start(plan())
        file.record(step(1))
        assert [line["step"] for line in read_metrics(file.path)] == [1]
        file.finish("done")

    def test_a_resumed_run_forgets_what_it_will_do_over(self, tmp_path: Path) -> None:
        path = tmp_path / "m.jsonl"
        written(path, *map(step, range(1, 11)))
        written(path, step(7, again=True), resumed=6)
        lines = read_metrics(path)
        assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]
        assert lines[-1]["again"] is True

    def test_a_run_that_starts_from_nothing_has_an_empty_file(self, tmp_path: Path) -> None:
        path = tmp_path / "m.jsonl"
        written(path, step(1), step(2))
        written(path)
        assert read_metrics(path) == []

    @pytest.mark.parametrize("kept", range(0, 60, 7))
    def test_a_line_torn_by_a_kill_is_passed_over_and_cut_off(self, tmp_path: Path, kept: int) -> None:
        path = tmp_path / "m.jsonl"
        written(path, step(1), step(2))
        whole = path.read_text()
        path.write_text(whole + encode(step(3))[:kept])
        assert [line["step"] for line in read_metrics(path)] == [1, 2]
        written(path, step(3), resumed=2)
        assert [line["step"] for line in read_metrics(path)] == [1, 2, 3]
        assert all(json.loads(line) for line in path.read_text().splitlines())

    def test_bytes_that_are_no_text_do_not_stop_the_reader(self, tmp_path: Path) -> None:
        path = tmp_path / "m.jsonl"
        path.write_bytes(b"\xff\xfe\x00\n" + encode(step(4)).encode() + b"[1, 2]\n" + b"[" * 100_000)
        assert [line["step"] for line in read_metrics(path)] == [4]

    def test_no_file_is_no_lines(self, tmp_path: Path) -> None:
        assert read_metrics(tmp_path / "none.jsonl") == []

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
    def test_a_full_disk_is_one_sentence(self) -> None:
        with pytest.raises(GansuiteError, match=r"could not be written: No space left .* Free some space"):
            MetricsFile(Path("/dev/full")).record(step(1))

    def test_numbers_that_json_has_not_are_strict_json_and_come_back(self) -> None:
        text = encode(step(1, a=math.nan, b=math.inf, c=-math.inf, d=np.float32(0.5), e=np.int64(3)))
        strict = json.loads(text, parse_constant=pytest.fail)
        assert (strict["a"], strict["b"], strict["c"], strict["d"], strict["e"]) == (
            "nan",
            "inf",
            "-inf",
            0.5,
            3,
        )
        back = decode(text)
        assert back is not None
        assert math.isnan(back["a"])
        assert (back["b"], back["c"]) == (math.inf, -math.inf)

    @settings(max_examples=50, deadline=None)
    @given(
        st.dictionaries(
            st.text(max_size=8),
            st.one_of(st.floats(allow_nan=False), st.integers(), st.booleans(), st.none()),
            max_size=6,
        )
    )
    def test_any_flat_line_survives_the_round_trip(self, line: dict[str, Any]) -> None:
        assert encode(line).count("\n") == 1
        assert decode(encode(line)) == line


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestProgress:
    def test_without_a_terminal_there_is_a_line_every_ten_seconds_of_the_run(self) -> None:
        stream = io.StringIO()
        lines = [step(n, progress=n / 100) for n in range(1, 101)]  # half a second each
        watched(ProgressBar(stream), *lines)
        shown = stream.getvalue().splitlines()
        assert [line.split(" · ")[0] for line in shown] == ["1%", "21%", "41%", "61%", "81%", "100%", "Done."]
        assert shown[1] == "21% · 0:40 left · step 21 · 64 images/s · G 0.90 D 1.30 · starting"
        assert "\x1b" not in stream.getvalue()

    def test_on_a_terminal_there_is_a_bar_and_stdout_stays_free(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("TERM", "xterm-256color")
        stream, before = Terminal(), (sys.stdout, sys.stderr)
        watched(ProgressBar(stream), *[step(n, progress=n / 10) for n in range(1, 11)])
        assert "100%" in stream.getvalue()
        assert "images/s" in stream.getvalue()
        assert (sys.stdout, sys.stderr) == before
        assert capsys.readouterr().out == ""

    def test_events_are_told_at_once_and_checkpoints_are_not(self) -> None:
        stream = io.StringIO()
        happened = [("rollback", "loss/generator [bold]is nan[/bold]"), ("checkpoint", "saved")]
        events = [{"kind": "event", "step": 1200, "event": e, "text": text} for e, text in happened]
        watched(ProgressBar(stream), *events, outcome="stopped")
        assert stream.getvalue().splitlines() == [
            "Step 1,200: rollback: loss/generator [bold]is nan[/bold]",
            "Stopped.",
        ]

    def test_health_is_judged_at_measures_and_an_alarm_is_told_once(self) -> None:
        stream = io.StringIO()
        held_out = [1.0, 0.6, 0.3, 0.2, 0.2, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
        lines = [measure(10 * n, far, train_distance=1 / (n + 1)) for n, far in enumerate(held_out)]
        watched(ProgressBar(stream), *lines)
        told = stream.getvalue()
        assert told.count("\nHealth: overfitting") + told.startswith("Health: overfitting") == 1
        assert "Done. Health: overfitting: " in told

    def test_a_resumed_run_remembers_its_measures(self, tmp_path: Path) -> None:
        written(tmp_path / "metrics.jsonl", *[measure(n, 1 / n) for n in range(1, 9)], measure(9, math.nan))
        stream = io.StringIO()
        watched(ProgressBar(stream), measure(9, 1 / 9), run=tmp_path, resumed=8)
        assert "learning: The distance to held-out works fell from 1 to" in stream.getvalue()
        assert "9 measures" in stream.getvalue()

    def test_a_long_run_stays_small_in_memory(self) -> None:
        bar = ProgressBar(io.StringIO())
        bar.start(plan())
        for n in range(1, 3 * REMEMBERED):
            bar.record(step(n))
        bar.record(measure(5, 0.5))
        assert len(bar._seen) <= REMEMBERED

    @pytest.mark.parametrize(
        ("line", "told", "expected"),
        [
            ({"progress": 0.25}, {"total_images": 10}, 0.25),
            ({"images": 500}, {"total_images": 1000}, 0.5),
            ({"seconds": 90}, {"minutes": 2.0}, 0.75),
            ({"images": 500, "seconds": 90}, {"total_images": 1000, "minutes": 2.0}, 0.75),
            ({"images": 5000}, {"total_images": 1000}, 1.0),
            ({"images": 5000}, {}, 0.0),
        ],
    )
    def test_progress(self, line: dict[str, Any], told: dict[str, Any], expected: float) -> None:
        assert progress(line, told) == expected

    def test_time_left_goes_by_the_pace_of_this_sitting(self) -> None:
        first, now = {"progress": 0.5, "seconds": 5000}, {"progress": 0.6, "seconds": 6000}
        assert time_left(first, now, {}) == "1:06:40 left"  # 0.1 in 1000 s: 4000 s for the rest
        assert time_left(first, first, {}) == ""

    def test_facts_leave_out_what_is_not_there(self) -> None:
        assert facts({"step": 1234}) == "step 1,234"
        assert facts({"step": 1, "loss/style": 0.25}) == "step 1 · style 0.25"


class TestTensorBoard:
    def test_numbers_become_curves(self, tmp_path: Path) -> None:
        event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
        lines = [
            step(10),
            measure(20, 0.5),
            {"kind": "event", "step": 20, "event": "rollback", "text": "why"},
        ]
        watched(TensorBoard(tmp_path), *lines, config={"recipe": {"batch_size": 32}})
        seen = event_accumulator.EventAccumulator(str(tmp_path)).Reload()
        assert {"loss/generator", "measure/held_out_distance"} <= set(seen.Tags()["scalars"])
        point = seen.Scalars("measure/held_out_distance")[0]
        assert (point.step, point.value) == (20, 0.5)
        assert {"config/text_summary", "event/rollback/text_summary"} <= set(seen.Tags()["tensors"])

    def test_a_full_disk_is_one_sentence(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        board = TensorBoard(tmp_path)
        board.start(plan())
        for name in ("add_scalar", "add_text", "close"):
            monkeypatch.setattr(board._writer, name, no_space)
        for tell in (lambda: board.record(step(1)), lambda: board.finish("failed")):
            with pytest.raises(GansuiteError, match=r"could not be written: No space left .* Free some space"):
                tell()

    def test_without_the_extra_it_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
        with pytest.raises(GansuiteError, match=r"pip install 'gansuite\[tensorboard\]'"):
            TensorBoard(tmp_path)


def test_watching_and_reporting_need_no_torch() -> None:
    code = (
        "import sys, gansuite.core.observers.progress, gansuite.core.observers.jsonl, "
        "gansuite.core.observers.tensorboard, gansuite.core.pages.report; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
