"""Walks through the latent space: arcs worked out by hand, seamless loops, and the files they become."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gansuite.core.errors import GansuiteError
from gansuite.image.generate import like
from gansuite.image.interpolate import (
    Walk,
    path,
    read_animation,
    write_animation,
    write_walk,
    yuv420,
)
from gansuite.image.networks.parts import slerp
from gansuite.image.sampler import Sampler, load_sampler

from .small_models import save_model


@pytest.fixture
def sampler(tmp_path: Path) -> Sampler:
    return load_sampler(save_model(tmp_path / "model"))


def vector(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float32)


def close(found: torch.Tensor, *numbers: float) -> None:
    torch.testing.assert_close(found, vector(*numbers))


def moving(frames: int = 5, height: int = 32, width: int = 32) -> np.ndarray:
    """A bright square on its way over a dark ground."""
    pictures = np.full((frames, height, width, 3), 20, np.uint8)
    for i in range(frames):
        pictures[i, 4 : height - 4, 3 * i : 3 * i + 12] = (200, 120, 40)
    return pictures


# ---- slerp


def test_slerp_by_hand() -> None:
    e1, e2 = vector(1, 0), vector(0, 1)
    close(slerp(e1, e2, 0.5), math.sqrt(0.5), math.sqrt(0.5))
    close(slerp(e1, e2, 1 / 3), math.cos(math.pi / 6), 0.5)
    # 60 degrees apart: half way is the bisector at 30 degrees
    close(slerp(e1, vector(0.5, math.sqrt(0.75)), 0.5), math.sqrt(0.75), 0.5)
    # lengths 1 and 3, at right angles: sin(45)/sin(90) of each
    close(slerp(e1, vector(0, 3), 0.5), math.sqrt(0.5), 3 * math.sqrt(0.5))


def test_slerp_is_a_line_where_there_is_no_arc() -> None:
    a = vector(1, 2, 2)
    close(slerp(a, a, 0.3), 1, 2, 2)
    close(slerp(a, 3 * a, 0.5), 2, 4, 4)
    close(slerp(a, -a, 0.25), 0.5, 1, 1)
    close(slerp(a, 0 * a, 0.5), 0.5, 1, 1)
    close(slerp(0 * a, 0 * a, 0.5), 0, 0, 0)


def test_slerp_hardly_changes_where_arc_and_line_meet() -> None:
    a, b = vector(1, 0).double(), vector(1, 3e-6).double()
    torch.testing.assert_close(slerp(a, b, 0.3), (0.7 * a + 0.3 * b), rtol=1e-9, atol=1e-11)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_slerp_begins_at_a_ends_at_b_and_keeps_equal_lengths(seed: int, t: float) -> None:
    a, b = torch.randn(2, 16, generator=torch.Generator().manual_seed(seed))
    b = b * a.norm() / b.norm()
    assert torch.equal(slerp(a, b, 0.0), a)
    assert torch.equal(slerp(a, b, 1.0), b)
    torch.testing.assert_close(slerp(a, b, t).norm(), a.norm())
    torch.testing.assert_close(slerp(a, b, t), slerp(b, a, 1 - t), rtol=1e-5, atol=1e-5)


# ---- paths


def test_an_open_walk_passes_through_its_seeds(sampler: Sampler) -> None:
    keys = sampler.codes([1, 5, 9], 0.7)
    found = path(sampler, Walk((1, 5, 9), frames=9, loop=False, truncation=0.7))
    assert found.shape == (9, 8)
    assert found.dtype == torch.float32
    assert torch.equal(found[[0, 4, 8]], keys)
    assert torch.equal(found[2], slerp(keys[0], keys[1], 0.5))


def test_a_loop_passes_through_its_seeds_and_stops_short_of_the_first(sampler: Sampler) -> None:
    keys = sampler.codes([1, 5, 9])
    found = path(sampler, Walk((1, 5, 9), frames=12))
    assert torch.equal(found[[0, 4, 8]], keys)
    assert torch.equal(found[11], slerp(keys[2], keys[0], 0.75))
    assert not torch.equal(found[11], found[0])


@settings(max_examples=10, deadline=None)
@given(
    seeds=st.lists(st.integers(0, 99), min_size=2, max_size=4, unique=True),
    frames=st.integers(6, 20),
    easing=st.sampled_from(["even", "smooth"]),
)
def test_a_loop_has_no_seam(
    tmp_path_factory: pytest.TempPathFactory, seeds: list[int], frames: int, easing: str
) -> None:
    sampler = load_sampler(save_model(tmp_path_factory.mktemp("model")))
    walk = Walk(tuple(seeds), frames=frames, easing=easing)
    found = path(sampler, walk)
    # Twice as many frames are the same latents with one between each two, also across the seam.
    finer = path(sampler, Walk(tuple(seeds), frames=2 * frames, easing=easing))
    assert torch.equal(finer[::2], found)
    closed = torch.cat([finer, finer[:1]])
    steps = (closed[1:] - closed[:-1]).norm(dim=1)
    assert steps[-1] <= steps.max()
    assert steps[-2:].sum() >= (found[0] - found[-1]).norm() * 0.999
    # Beginning elsewhere, the last step becomes one of the others.
    if frames % len(seeds) == 0:
        turned = path(sampler, Walk((*seeds[1:], seeds[0]), frames=frames, easing=easing))
        torch.testing.assert_close(turned, found.roll(-frames // len(seeds), 0))


def test_smooth_slows_down_at_the_seeds(sampler: Sampler) -> None:
    even, smooth = (path(sampler, Walk((1, 2), 9, loop=False, easing=easing)) for easing in ("even", "smooth"))
    assert torch.equal(even[[0, 4, 8]], smooth[[0, 4, 8]])
    assert (smooth[1] - smooth[0]).norm() < (even[1] - even[0]).norm() / 2
    keys = sampler.codes([1, 2])
    assert torch.equal(smooth[2], slerp(keys[0], keys[1], 0.15625))  # 3/16 - 2/64


def test_a_circle_goes_through_two_seeds_and_their_opposites(sampler: Sampler) -> None:
    a, b = sampler.codes([3, 4])
    found = path(sampler, Walk((3, 4), frames=8, circle=True))
    torch.testing.assert_close(found[[0, 2, 4, 6]], torch.stack([a, b, -a, -b]))
    torch.testing.assert_close(found[1], (a + b) * math.sqrt(0.5))


def test_a_seed_named_twice_in_a_row_is_a_rest(sampler: Sampler) -> None:
    found = path(sampler, Walk((1, 1, 2), frames=6, loop=False))
    assert torch.equal(found[0], found[1])


@pytest.mark.parametrize(
    "settings",
    [
        {"seeds": (1,)},
        {"seeds": ()},
        {"frames": 1},
        {"frames": 10**6},
        {"easing": "bouncy"},
        {"seeds": (1, 2, 3), "circle": True},
        {"circle": True, "easing": "smooth"},
    ],
)
def test_impossible_walks_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(GansuiteError) as caught:
        Walk(**{"seeds": (1, 2), **settings})  # type: ignore[arg-type]
    assert caught.value.remedy


# ---- files


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_has_its_frames_its_pace_and_no_end(tmp_path: Path, suffix: str) -> None:
    out = write_animation(moving(), tmp_path / "sub" / f"walk{suffix}", fps=24, scale=1)
    with Image.open(out) as image:
        assert image.n_frames == 5
        assert image.size == (32, 32)
        assert image.info["loop"] == 0
        durations, middle = [], []
        for i in range(5):
            image.seek(i)
            image.load()
            durations.append(image.info["duration"])
            middle.append(np.asarray(image.convert("RGB"), dtype=int)[16])
    assert abs(sum(durations) - 5000 / 24) <= 5
    assert set(durations) <= ({40, 50} if suffix == ".gif" else {41, 42})
    truth = moving()[:, 16].astype(int)
    assert np.abs(np.array(middle) - truth).mean() < 10
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("size", [(32, 32), (33, 47)])
def test_an_mp4_has_its_frames_and_even_sides(tmp_path: Path, size: tuple[int, int]) -> None:
    av = pytest.importorskip("av")
    pictures = moving(7, *size)
    out = write_animation(pictures, tmp_path / "walk.mp4", fps=12, scale=1)
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 12
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 7
    assert frames[0].shape == (size[0] + size[0] % 2, size[1] + size[1] % 2, 3)
    shown = np.stack(frames)[:, : size[0], : size[1]].astype(int)
    assert np.abs(shown - pictures).mean() < 12


def test_video_colours_by_hand() -> None:
    # White over black, and pure red, as in every table of BT.601 in 8 bits.
    pixels = np.zeros((4, 2, 3), np.uint8)
    pixels[:2] = 255
    assert yuv420(pixels).tolist() == [[235, 235], [235, 235], [16, 16], [16, 16], [128, 128], [128, 128]]
    red = np.full((2, 2, 3), (255, 0, 0), np.uint8)
    assert yuv420(red).tolist() == [[81, 81], [81, 81], [90, 240]]


def test_small_pictures_are_enlarged_unless_told_otherwise(tmp_path: Path) -> None:
    for scale, side in ((None, 256), (3, 96), (1, 32)):
        with Image.open(write_animation(moving(2), tmp_path / "walk.gif", scale=scale)) as image:
            assert image.size == (side, side)
    with Image.open(write_animation(moving(2, 300, 300), tmp_path / "walk.gif")) as image:
        assert image.size == (300, 300)


@pytest.mark.parametrize("name", ["walk.gif", "walk.webp", "walk.mp4"])
def test_every_animation_says_how_it_was_made_and_is_made_again(sampler: Sampler, tmp_path: Path, name: str) -> None:
    if name.endswith("mp4"):
        pytest.importorskip("av")
    out = write_walk(sampler, Walk((8, 3), frames=4, truncation=0.9, fps=10, scale=2), tmp_path / name)
    found = read_animation(out)
    assert (found.art, found.model_digest, found.seed) == ("image", sampler.digest, 8)
    assert found.settings["seeds"] == [8, 3]
    assert (found.settings["kind"], found.settings["scale"], found.settings["fps"]) == ("walk", 2, 10)
    assert like(out, tmp_path / "again").read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    ("name", "options", "remedy"),
    [
        ("walk.avi", {}, ".gif, .webp, .mp4"),
        ("walk", {}, ".gif, .webp, .mp4"),
        ("walk.gif", {"fps": 60}, "--fps 24"),
        ("walk.webp", {"fps": 0}, "--fps 24"),
        ("walk.webp", {"scale": 0}, "--scale"),
        ("walk.webp", {"scale": 1000}, "--scale"),
    ],
)
def test_impossible_files_are_refused_and_nothing_is_written(
    sampler: Sampler, tmp_path: Path, name: str, options: dict[str, int], remedy: str
) -> None:
    for write in (
        lambda: write_animation(moving(), tmp_path / name, **options),
        lambda: write_walk(sampler, Walk((1, 2), **options), tmp_path / name),  # type: ignore[arg-type]
    ):
        with pytest.raises(GansuiteError) as caught:
            write()
        assert remedy in caught.value.remedy
    assert not (tmp_path / name).exists()


def test_mp4_without_pyav_names_the_extra_before_anything_is_drawn(
    sampler: Sampler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr(Sampler, "draw", lambda self, latents: pytest.fail("drew first"))
    with pytest.raises(GansuiteError) as caught:
        write_walk(sampler, Walk((1, 2)), tmp_path / "walk.mp4")
    assert 'pip install "gansuite[video]"' in caught.value.remedy


@pytest.mark.parametrize("name", ["broken.gif", "broken.webp", "broken.mp4"])
def test_broken_files_are_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    if name.endswith("mp4"):
        pytest.importorskip("av")
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(GansuiteError, match="cannot be read"):
        read_animation(tmp_path / name)


def test_a_damaged_comment_is_told_in_a_sentence(tmp_path: Path) -> None:
    Image.new("P", (8, 8)).save(tmp_path / "odd.gif", comment=b'{"art": ')
    with pytest.raises(GansuiteError, match="damaged"):
        read_animation(tmp_path / "odd.gif")
