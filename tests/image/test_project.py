"""A picture found again in a model, and the file that keeps what was found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.image.games.adversarial import to_unit
from gansuite.image.generate import like
from gansuite.image.interpolate import Walk, code_to_text, path, write_walk
from gansuite.image.project import Likeness, Search, load_code, project, read_square, save_code, write_projection
from gansuite.image.sampler import Sampler, load_sampler

from .small_models import save_model
from .style_models import save_painter

BRIEF = Search(steps=40)


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    return load_sampler(save_painter(tmp_path_factory.mktemp("models") / "painter"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    return load_sampler(save_model(tmp_path_factory.mktemp("models") / "dcgan", gain=1.5))


def unit(pictures: np.ndarray) -> Tensor:
    return to_unit(torch.from_numpy(pictures).permute(0, 3, 1, 2))


def nearest(sampler: Sampler, picture: np.ndarray, count: int = 100) -> float:
    """The distance of the nearest of random samples."""
    likeness = Likeness()
    samples = likeness.seen(unit(sampler.draw(sampler.codes(range(1000, 1000 + count)))))
    return float(likeness.between(samples, likeness.seen(unit(picture[None]))).min())


def write_picture(path: Path, sampler: Sampler, seed: int = 7) -> Path:
    Image.fromarray(sampler.draw(sampler.codes([seed]))[0]).save(path)
    return path


# ------------------------------------------------------------------ likeness


def test_a_picture_is_like_itself_and_less_so_the_more_it_is_changed(sampler: Sampler) -> None:
    likeness, x = Likeness(), unit(sampler.draw(sampler.codes([1, 2, 3])))
    assert torch.equal(likeness(x, x), torch.zeros(3))
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    distances = torch.stack([likeness(x, x + strength * noise) for strength in (0.05, 0.1, 0.2, 0.4)])
    assert bool((distances.diff(dim=0) > 0).all())
    torch.testing.assert_close(likeness(x[:1], x[1:2]), likeness(x[1:2], x[:1]))


def test_likeness_sees_detail_that_colours_alone_do_not_show() -> None:
    """A blur is far from a fine pattern, as far as a shift of the whole ground in colour is not."""
    pattern = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(16, 16).expand(1, 3, 32, 32) * 0.3
    likeness = Likeness()
    assert float(likeness(pattern, torch.zeros_like(pattern))) > 2 * float(likeness(pattern, pattern + 0.15))


# ------------------------------------------------------------------ the search


def test_a_picture_that_a_style_model_can_draw_is_found(sampler: Sampler) -> None:
    for picture in sampler.draw(sampler.codes([7, 8])):
        found = project(sampler, picture, BRIEF)
        assert found.distance <= nearest(sampler, picture) / 2
        drawn = unit(sampler.draw(found.code[None]))
        assert float(Likeness()(drawn, unit(picture[None]))) == pytest.approx(found.distance, abs=0.01)


def test_every_tier_can_be_searched(other: Sampler) -> None:
    picture = other.draw(other.codes([7]))[0]
    assert project(other, picture, BRIEF).distance < 0.8 * nearest(other, picture)


def test_the_same_seed_finds_the_same_code(sampler: Sampler) -> None:
    picture = sampler.draw(sampler.codes([7]))[0]
    few = Search(steps=6)
    one, same, different = (project(sampler, picture, search) for search in (few, few, replace(few, seed=1)))
    assert torch.equal(one.code, same.code)
    assert one.distance == same.distance
    assert not torch.equal(one.code, different.code)


def test_a_search_that_cannot_end_is_refused() -> None:
    for steps in (0, 10**9):
        with pytest.raises(GansuiteError, match="steps"):
            Search(steps=steps)


# ------------------------------------------------------------------ files


def test_a_projection_is_kept_with_a_picture_of_it(sampler: Sampler, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "mine.png", sampler)
    out = tmp_path / "kept" / "mine.safetensors"
    told: list[int] = []
    written = write_projection(sampler, picture, out, Search(steps=20), lambda step, _: told.append(step))
    assert written == [out, tmp_path / "kept" / "mine.png"]
    assert told == [0, 10, 20]
    code = load_code(out, sampler)
    with Image.open(written[1]) as image:
        pixels = np.asarray(image)
    assert np.array_equal(pixels[2:34, 2:34], sampler.draw(sampler.codes([7]))[0])
    assert np.array_equal(pixels[2:34, 36:68], sampler.draw(code[None])[0])
    again = write_projection(sampler, picture, tmp_path / "again.safetensors", Search(steps=20))
    assert again[0].read_bytes() == out.read_bytes()


def test_a_projection_of_another_model_is_refused(sampler: Sampler, other: Sampler, tmp_path: Path) -> None:
    kept = tmp_path / "kept.safetensors"
    save_code(kept, sampler.codes([1])[0], sampler.provenance("projection", 0, {}))
    with pytest.raises(GansuiteError, match="another model") as caught:
        load_code(kept, other)
    assert "--model" in caught.value.remedy
    assert torch.equal(load_code(kept, sampler), sampler.codes([1])[0])


def test_files_that_hold_no_projection_are_refused(sampler: Sampler, tmp_path: Path) -> None:
    told = sampler.provenance("projection", 0, {})
    (tmp_path / "text.safetensors").write_text("no")
    save_file({"code": torch.zeros(32)}, tmp_path / "untold.safetensors")
    save_file({"codes": torch.zeros(32)}, tmp_path / "unnamed.safetensors", {"gansuite": told.to_json()})
    save_code(tmp_path / "short.safetensors", torch.zeros(31), told)
    save_code(tmp_path / "nan.safetensors", torch.full((32,), torch.nan), told)
    for name in ("missing", "text", "untold", "unnamed", "short", "nan"):
        with pytest.raises(GansuiteError):
            load_code(tmp_path / f"{name}.safetensors", sampler)


def test_a_projection_has_a_suffix_of_its_own(sampler: Sampler, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "mine.png", sampler)
    with pytest.raises(GansuiteError) as caught:
        write_projection(sampler, picture, tmp_path / "mine.png", BRIEF)
    assert "mine.safetensors" in caught.value.remedy


def test_pictures_of_any_shape_become_squares(tmp_path: Path) -> None:
    Image.new("RGB", (90, 40), (200, 0, 0)).save(tmp_path / "wide.jpg")
    assert read_square(tmp_path / "wide.jpg", 32).shape == (32, 32, 3)
    (tmp_path / "text.png").write_text("no picture")
    for name in ("text.png", "missing.png"):
        with pytest.raises(GansuiteError, match=name):
            read_square(tmp_path / name, 32)


# ------------------------------------------------------------------ as an end of a walk


def test_a_walk_begins_and_ends_with_projections(sampler: Sampler, tmp_path: Path) -> None:
    a, b = sampler.codes([40, 41])
    walk = Walk((5,), frames=5, loop=False, fps=10, first=code_to_text(a), last=code_to_text(b))
    codes = path(sampler, walk)
    assert torch.equal(codes[0], a)
    assert torch.equal(codes[2], sampler.codes([5])[0])
    assert torch.equal(codes[4], b)
    film = write_walk(sampler, walk, tmp_path / "walk.webp")
    assert like(film, tmp_path / "again").read_bytes() == film.read_bytes()
    ends_alone = Walk((), frames=2, loop=False, first=code_to_text(a), last=code_to_text(b))
    assert torch.equal(path(sampler, ends_alone), torch.stack([a, b]))


@pytest.mark.parametrize("text", ["", "no base64!", "AAAA", "AAAAAAAA", "AADAfw==" * 32])
def test_damaged_ends_of_a_walk_are_refused(sampler: Sampler, text: str) -> None:
    with pytest.raises(GansuiteError):
        path(sampler, Walk((5,), first=text))
