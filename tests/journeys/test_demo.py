"""`gansuite demo`: everything at once, on one page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from gansuite.core.library import bundled_models
from journeys.front_door import Gansuite

bundled = pytest.mark.skipif(
    ("image", "art") not in {(art, name) for art, name, _ in bundled_models()},
    reason="the bundled model packages/image/gansuite/image/bundled/art is not there yet",
)


@bundled
def test_the_demo_makes_one_page_that_needs_nothing_else(gansuite: Gansuite) -> None:
    demo = gansuite("demo", "--minutes", "0.05", "--out", "demo").ok()
    page = Path(demo.out.strip())
    assert page == Path("demo/index.html")
    text = page.read_text(encoding="utf8")
    assert text.count("data:image/") >= 4
    for reference in re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)["']""", text):
        assert reference.startswith(("data:", "#")), reference[:80]
    assert not re.search(r"url\(\s*['\"]?(?!data:|#)", text)
    assert "@import" not in text
    assert "<title>" in text
    assert "data:audio/wav" in text
    assert Path("demo/piece.mid").exists()
    made = ("Drawn by the bundled model", "Played by the bundled band", "The embedded portfolio")
    for heading in (*made, "Trained just now, for 0.05 minutes"):
        assert heading in text
    run = Path("demo/runs/image-001")
    assert (run / "report.html").exists()
    assert (run / "model" / "model.safetensors").exists()


@bundled
def test_the_bundled_model_draws_right_after_installation(gansuite: Gansuite) -> None:
    drawn = gansuite("image", "generate", "--count", 2).ok()
    for path in drawn.out.split():
        with Image.open(path) as image:
            assert min(image.size) >= 32
            assert image.convert("L").getextrema()[1] > image.convert("L").getextrema()[0] + 30
    shown = gansuite("models", "show", "art").ok()
    assert "Licence" in shown.out or "licence" in shown.out
