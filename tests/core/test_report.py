"""The report of a run and the blocks it is built from: whole, escaped, small, and nothing fetched."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gansuite.core.errors import GansuiteError
from gansuite.core.observers.jsonl import encode
from gansuite.core.pages import html
from gansuite.core.pages.chart import Series, chart, short, smooth, ticks
from gansuite.core.pages.report import spread, write_report

VOID = {"meta", "link", "img", "input", "br", "line", "path", "circle"}


class Reader(HTMLParser):
    """Collects tags and text, and checks that every tag is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def all(self, tag: str, kind: str = "") -> list[dict[str, str | None]]:
        return [a for t, a in self.tags if t == tag and kind in [*(a.get("class") or "").split(), ""]]


def png(width: int = 64, height: int = 48, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "PNG")
    return memory.getvalue()


def make_run(folder: Path, sheets: int = 3, size: tuple[int, int] = (64, 48)) -> Path:
    (folder / "samples").mkdir(parents=True)
    lines: list[dict[str, Any]] = []
    for n in range(1, 101):
        stamp = {"step": 10 * n, "images": 320 * n, "seconds": 7.0 * n}
        losses = {"loss/discriminator": 1.2, "loss/generator": 0.8 + n / 100, "images_per_second": 45.7}
        lines.append({"kind": "step", **stamp, **losses, "signal/real_sign": 0.5, "learning_rate": 5e-4})
        if n % 10 == 0:
            far = {"held_out_distance": 1 / n, "train_distance": 0.9 / n, "coverage": 0.4, "diversity": 0.9}
            lines.append({"kind": "measure", **stamp, **far, "best": True})
    lines.append({"kind": "event", "step": 500, "event": "rollback", "text": "loss <nan> & back"})
    (folder / "metrics.jsonl").write_text("".join(map(encode, lines)) + '{"kind": "st')
    config = {"net": {"width": 32, "name": "<script>alert(1)</script>"}, "run": {"minutes": None}}
    origins = {"net.width": "preset auto", "net.name": "file mine.toml"}
    (folder / "config.json").write_text(json.dumps({"config": config, "origins": origins}))
    for n in range(sheets):
        (folder / "samples" / f"{100 * n:06d}.png").write_bytes(png(*size, seed=n))
    return folder


def report_of(run: Path) -> Reader:
    return Reader(write_report(run).read_text(encoding="utf-8"))


class TestReport:
    def test_it_says_what_happened(self, tmp_path: Path) -> None:
        page = report_of(make_run(tmp_path / "my run"))
        assert {"my run", "Learning", "32,000", "11 min", "in 1,000 steps"} <= set(page.words)
        assert "fell from 0.1 to" in page.text
        assert "at step 1,000; lower is better" in page.text
        assert len(page.all("figure", "chart")) == 7
        assert "loss <nan> & back" in page.words

    @pytest.mark.parametrize(
        ("images", "note"), [(32_000, "the latest that was measured"), (9_600, "the best; the latest is far from")]
    )
    def test_it_says_which_model_is_kept(self, images: int, note: str, tmp_path: Path) -> None:
        run = make_run(tmp_path / "run")
        stamp = {"kind": "measure", "step": 1000, "images": 32_000, "seconds": 700.0, "held_out_distance": 0.5}
        (run / "metrics.jsonl").write_text(encode({**stamp, "kept_images": images}))
        page = report_of(run)
        assert {"Model kept", f"{images:,} images"} <= set(page.words)
        assert note in page.text
        assert ("The model kept is that of 9,600 images." in page.text) is (images == 9_600)

    def test_the_configuration_names_each_origin(self, tmp_path: Path) -> None:
        page = report_of(make_run(tmp_path / "run"))
        words = [word for word in page.words if word.strip()]
        at = words.index("net.width")
        assert words[at : at + 3] == ["net.width", "32", "preset auto"]
        at = words.index("run.minutes")
        assert words[at : at + 3] == ["run.minutes", "none", "default"]

    def test_everything_is_escaped(self, tmp_path: Path) -> None:
        run = make_run(tmp_path / "<img src=x onerror=alert(1)>")
        page = report_of(run)
        assert len(page.all("script")) == 1
        assert not [a for a in page.all("img") if not (a["src"] or "").startswith("data:image/")]
        assert "<script>alert(1)</script>" in page.words

    def test_it_fetches_nothing(self, tmp_path: Path) -> None:
        text = write_report(make_run(tmp_path / "run")).read_text()
        page = Reader(text)
        policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv"))
        assert (policy or "").startswith("default-src 'none'; img-src data:")
        links = [a.get(name) for _, a in page.tags for name in ("src", "href", "srcset", "action")]
        assert all(link.startswith("data:") for link in links if link)
        assert not re.search(r"https?:|url\(|@import", text)

    def test_many_large_sheets_become_twelve_in_a_small_page(self, tmp_path: Path) -> None:
        run = make_run(tmp_path / "run", sheets=15, size=(512, 384))
        page = report_of(run)
        assert (run / "report.html").stat().st_size < 8_000_000
        labels = [a["title"] or "" for a in page.all("button")]
        assert len(labels) == 12
        assert labels[0] == "Step 0"
        assert labels[-1].startswith("Step 1,400 · 32,000 images · 11 min · held-out distance 0.01")
        stage = page.all("img", "stage")[0]["src"] or ""
        assert Image.open(io.BytesIO(base64.b64decode(stage.partition(",")[2]))).size == (512, 384)

    def test_a_broken_sheet_is_named_and_left_out(self, tmp_path: Path) -> None:
        run = make_run(tmp_path / "run")
        (run / "samples" / "000300.png").write_bytes(png()[:40])
        (run / "samples" / "000050.png").write_bytes(b"")
        page = report_of(run)
        assert len(page.all("button")) == 3
        assert "Could not be read and are left out: 000050.png, 000300.png." in page.words

    def test_an_empty_folder_gives_a_page_all_the_same(self, tmp_path: Path) -> None:
        page = report_of(tmp_path)
        assert "Starting" in page.words
        assert page.all("figure") == []

    @pytest.mark.parametrize("damage", ["", "[]", "{", "null", '{"config": 3, "origins": []}', "[" * 100_000])
    def test_a_damaged_config_does_not_matter(self, tmp_path: Path, damage: str) -> None:
        run = make_run(tmp_path / "run")
        (run / "config.json").write_text(damage)
        assert "Learning" in report_of(run).words

    def test_numbers_that_are_none_leave_gaps(self, tmp_path: Path) -> None:
        run = make_run(tmp_path / "run")
        with (run / "metrics.jsonl").open("a") as stream:
            stream.write("\n")
            for n, bad in enumerate((math.nan, math.inf, None, "x"), 101):
                stream.write(encode({"kind": "step", "step": 10 * n, "loss/generator": bad, "seconds": bad}))
        page = report_of(run)
        assert not [a["d"] for a in page.all("path") if "nan" in (a["d"] or "") or "inf" in (a["d"] or "")]

    def test_a_missing_run_is_an_error_a_person_understands(self, tmp_path: Path) -> None:
        with pytest.raises(GansuiteError, match="There is no run folder"):
            write_report(tmp_path / "none")

    def test_sheets_are_spread_with_more_of_the_beginning(self) -> None:
        items = [(n, Path(f"{n}.png")) for n in range(100)]
        steps = [n for n, _ in spread(items, 12)]
        assert (len(steps), steps[0], steps[-1]) == (12, 0, 99)
        assert steps[6] < 50
        assert len(set(steps)) == 12
        assert [n for n, _ in spread(items[:13], 12)] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]
        assert spread(items[:5], 12) == items[:5]


class TestChart:
    def test_points_lie_where_they_should(self) -> None:
        drawn = chart([Series("a", [(0, 0), (5, 5), (10, 10)])], "T", low=0, high=10)
        curve = Reader(drawn).all("path", "curve")[0]["d"]
        assert curve == "M0.0,198.0L208.0,99.0L416.0,0.0"  # the plot is 416 x 198, y points down

    def test_a_gap_lifts_the_pen(self) -> None:
        drawn = chart([Series("a", [(0, 0), (1, math.nan), (2, 0), (3, 1)])], "T", low=0, high=1)
        curve = Reader(drawn).all("path", "curve")[0]["d"] or ""
        assert curve.count("M") == 2
        assert curve.count("L") == 1

    def test_nothing_to_draw_is_nothing(self) -> None:
        assert chart([], "T") == ""
        assert chart([Series("a", [(0, math.nan)])], "T") == ""

    def test_one_spike_does_not_flatten_the_rest(self) -> None:
        raw = [(n, 1 + n % 2) for n in range(300)]
        raw[150] = (150, 1e6)
        drawn = chart([Series("a", smooth(raw), raw)], "T")
        ends = (Reader(drawn).all("svg")[0]["data-range"] or "").split()
        assert float(ends[3]) < 3

    def test_the_legend_and_the_spoken_title_say_the_last_value(self) -> None:
        page = Reader(chart([Series("a & b", [(0, 1), (1, 0.123456)])], "T"))
        assert {"a & b ", "0.123"} <= set(page.words)
        assert page.all("svg")[0]["aria-label"] == "T: a & b ends at 0.123"

    @pytest.mark.parametrize(
        ("low", "high", "expected"),
        [
            (0, 10, [0, 2, 4, 6, 8, 10]),
            (0.13, 0.62, [0.2, 0.3, 0.4, 0.5, 0.6]),
            (-1, 1, [-1, -0.5, 0, 0.5, 1]),
        ],
    )
    def test_ticks_are_round(self, low: float, high: float, expected: list[float]) -> None:
        assert ticks(low, high) == expected

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (0, "0"),
            (1500, "1.5k"),
            (2e6, "2M"),
            (0.0005, "5e-4"),
            (0.25, "0.25"),
            (-2000, "-2k"),
            (1e-5, "1e-5"),
        ],
    )
    def test_short(self, value: float, expected: str) -> None:
        assert short(value) == expected

    def test_smoothing_removes_a_spike_and_keeps_a_line(self) -> None:
        line = [(float(n), 2.0 * n) for n in range(9)]
        assert smooth(line, 3)[4] == (4.0, 8.0)
        assert smooth([(0, 1), (1, 1), (2, 99), (3, 1), (4, 1)], 3)[2] == (2, 1)

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 10**6), st.floats()), max_size=40))
    def test_any_numbers_can_be_drawn(self, points: list[tuple[float, float]]) -> None:
        points = sorted((float(x), y) for x, y in points)
        page = Reader(chart([Series("a", smooth(points), points)], "T", marks=[(5, "five")]))
        for curve in page.all("path"):
            assert re.fullmatch(r"([ML]-?[0-9.]+,-?[0-9.]+)*", curve["d"] or "")


class TestBlocks:
    def test_a_page_is_whole(self) -> None:
        page = Reader(html.page("a < b", html.section("One", "text & `code`", html.table([("a", 1)]))))
        assert {"a < b", "One", "text & ", "code", "a", "1"} <= set(page.words)
        assert len(page.all("code")) == 1

    @settings(max_examples=50, deadline=None)
    @given(st.text(max_size=30))
    def test_any_text_is_text(self, words: str) -> None:
        blocks = [
            html.text(words),
            html.section(words, words),
            html.banner(words, words, state=words),
            html.cards([(words, words, words)]),
            html.table([(words, words)], (words,)),
            html.figure(html.image(png(2, 2), words), words),
        ]
        known = {
            "code",
            "section",
            "h2",
            "p",
            "div",
            "strong",
            "span",
            "b",
            "small",
            "table",
            "thead",
            "tbody",
        }
        known |= {"tr", "th", "td", "figure", "figcaption", "img"}
        assert {tag for tag, _ in Reader("".join(blocks)).tags} <= known

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
    def test_a_picture_travels_inside(self, kind: str, tmp_path: Path) -> None:
        path = tmp_path / "picture"
        Image.new("RGB", (4, 4), "red").save(path, kind)
        tag = Reader(html.image(path, "red")).all("img")[0]
        head, _, data = (tag["src"] or "").partition(",")
        assert head == f"data:image/{kind.lower()};base64"
        assert base64.b64decode(data) == path.read_bytes()

    @pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"RIFFxxxxWAVE"])
    def test_what_is_no_picture_is_refused(self, content: bytes) -> None:
        with pytest.raises(GansuiteError, match="PNG, JPEG, WebP or GIF"):
            html.image(content, "")

    def test_a_sound_travels_inside(self) -> None:
        tag = Reader(html.sound(b"RIFF....WAVEfmt ", "a tune")).all("audio")[0]
        assert (tag["src"] or "").startswith("data:audio/wav;base64,")
        with pytest.raises(GansuiteError, match="WAV"):
            html.sound(b"MZ", "")

    def test_shrink_keeps_to_its_limits(self) -> None:
        small = html.shrink(png(400, 300), 12_000)
        assert len(small) <= 12_000
        assert max(Image.open(io.BytesIO(html.shrink(png(400, 300), 10**6, 200))).size) == 200
        assert Image.open(io.BytesIO(html.shrink(png(40, 30), 10**6))).size == (40, 30)

    def test_one_sheet_needs_no_slider(self) -> None:
        one = html.Sheet(png(8, 8), "step 1", "Step 1")
        assert Reader(html.sheets([one])).all("input") == []
        assert len(Reader(html.sheets([one, one])).all("input")) == 1
        assert html.sheets([]) == ""

    def test_a_page_replaces_the_old_one_whole(self, tmp_path: Path) -> None:
        path = html.write_page(tmp_path / "new" / "index.html", html.page("first", ""))
        html.write_page(path, html.page("second", ""))
        assert "second" in path.read_text()
        assert [found.name for found in path.parent.iterdir()] == ["index.html"]
