"""The random pyramid: the same everywhere, any size, and not fooled by a blur."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from gansuite.core.errors import GansuiteError
from gansuite.core.measures import density_coverage, diversity, kernel_distance
from gansuite.image.features import RandomPyramid, extractor, random_pyramid

ART = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "art" / "art_gan_128.zip"


def leaves(count: int, side: int, seed: int) -> np.ndarray:
    """Discs of all sizes over one another: the simplest pictures with edges and scales like natural ones."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    pictures = np.empty((count, side, side, 3), np.uint8)
    for picture in pictures:
        palette = random.integers(0, 256, (4, 3))
        for _ in range(60):
            cx, cy, radius = *random.uniform(0, side, 2), side * 0.03 / random.uniform(0.05, 1)
            picture[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] = palette[random.integers(4)]
    return pictures


def paintings(count: int, side: int) -> np.ndarray:
    with zipfile.ZipFile(ART) as pack:
        names = sorted(n for n in pack.namelist() if n.endswith(".jpg"))
        chosen = [names[i] for i in np.random.default_rng(0).permutation(len(names))[:count]]
        works = [Image.open(io.BytesIO(pack.read(name))).convert("RGB") for name in chosen]
    return np.stack([np.asarray(work.resize((side, side), Image.Resampling.LANCZOS)) for work in works])


def blurred(pictures: np.ndarray, radius: float) -> np.ndarray:
    return np.stack([np.asarray(Image.fromarray(p).filter(ImageFilter.GaussianBlur(radius))) for p in pictures])


def noisy(pictures: np.ndarray, deviation: float) -> np.ndarray:
    noise = np.random.default_rng(9).normal(0, deviation, pictures.shape)
    return np.clip(pictures + noise, 0, 255).astype(np.uint8)


def noise_only(pictures: np.ndarray) -> np.ndarray:
    return np.random.default_rng(9).integers(0, 256, pictures.shape, dtype=np.uint8)


def shuffled(pictures: np.ndarray) -> np.ndarray:
    """Each picture's quarters in another order: sharp, but clumsy."""
    half = pictures.shape[1] // 2
    top, bottom = pictures[:, :half], pictures[:, half:]
    return np.concatenate([bottom[:, :, ::-1], top], 1)


@pytest.fixture(
    scope="module",
    params=[
        "leaves",
        pytest.param(
            "paintings", marks=pytest.mark.skipif(not ART.exists(), reason="the art pack is not beside the repository")
        ),
    ],
)
def works(request: pytest.FixtureRequest) -> np.ndarray:
    return leaves(160, 64, 0) if request.param == "leaves" else paintings(240, 64)


@pytest.fixture(scope="module")
def distance(works: np.ndarray) -> Callable[[np.ndarray], float]:
    features = random_pyramid()
    real = features(works[::2])
    return lambda fake: kernel_distance(real, features(fake))


def test_distances_grow_from_real_over_blur_to_noise(works: np.ndarray, distance: Callable[..., float]) -> None:
    others = works[1::2]
    ladder = [others, blurred(others, 0.7), blurred(others, 1.5), blurred(others, 3)]
    values = [distance(fake) for fake in ladder]
    assert values == sorted(values)
    assert values[0] < 0.05 < values[1]
    assert distance(others) < distance(noisy(others, 10)) < distance(noisy(others, 40))
    assert distance(noisy(others, 40)) < distance(noise_only(others))
    assert values[-1] < distance(noise_only(others))


def test_a_blur_is_worse_than_a_sharp_but_clumsy_picture(works: np.ndarray, distance: Callable[..., float]) -> None:
    others = works[1::2]
    assert distance(shuffled(others)) < distance(blurred(others, 2))


def test_grey_mud_is_worse_than_anything_that_was_tried(works: np.ndarray, distance: Callable[..., float]) -> None:
    others = works[1::2]
    mud = np.broadcast_to(others.mean((0, 1, 2)), others.shape).astype(np.uint8)
    assert distance(mud) > distance(noise_only(others))
    assert distance(mud) > distance(blurred(others, 4))


def test_colour_and_layout_matter(works: np.ndarray, distance: Callable[..., float]) -> None:
    others = works[1::2]
    assert distance(others[..., ::-1] // 2 + 100) > distance(others) + 0.1
    darker_above = (others * np.linspace(0.3, 1, 64)[:, None, None]).astype(np.uint8)
    assert distance(darker_above) > distance(others) + 0.1


def test_a_collapsed_generator_shows_in_coverage_and_diversity() -> None:
    features, pictures = random_pyramid(), leaves(100, 32, 1)
    real, collapsed = features(pictures), features(noisy(np.repeat(pictures[:1], 100, axis=0), 2))
    assert density_coverage(real, collapsed).coverage < 0.1
    assert diversity(real, collapsed) < 0.2


def test_the_filters_and_features_are_the_same_on_every_machine() -> None:
    # Numbers of the first release: whatever changes them makes older figures incomparable.
    network = RandomPyramid()
    assert (network.edges.shape, network.patterns.shape) == ((24, 3, 3, 3), (32, 24, 3, 3))
    first = torch.tensor([0.08089054, -0.14902833, -0.29230735])
    torch.testing.assert_close(network.edges[0, 0, 0], first, atol=1e-7, rtol=1e-6)
    y, x = np.mgrid[:32, :32]
    ramps = np.stack([x * 8, y * 8, (x + y) * 4], -1).astype(np.uint8)[None]
    seen = random_pyramid()(ramps)[0, [0, 50, 120, 200, 300, 400, 495]]
    expected = [-2.387022, -1.953849, 0.338190, 1.561188, -0.850130, 0.026266, -0.469252]
    np.testing.assert_allclose(seen, expected, atol=1e-3)


def test_filters_answer_to_differences_only_and_have_length_one() -> None:
    network = RandomPyramid()
    assert network.edges.sum((2, 3)).abs().max() < 1e-6
    assert network.patterns.sum((1, 2, 3)).abs().max() < 1e-5
    for filters in (network.edges, network.patterns):
        np.testing.assert_allclose(filters.square().sum((1, 2, 3)), 1, rtol=1e-5)


def test_other_seeds_give_other_features_and_another_name() -> None:
    pictures = leaves(2, 16, 0)
    assert not np.allclose(random_pyramid(seed=1)(pictures), random_pyramid()(pictures))
    assert random_pyramid(seed=1).name != random_pyramid().name


@settings(max_examples=12, deadline=None)
@given(st.integers(16, 70), st.integers(16, 70), st.integers(0, 2**32 - 1))
def test_any_size_from_sixteen_gives_finite_bounded_features(height: int, width: int, seed: int) -> None:
    pictures = np.random.default_rng(seed).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    features = random_pyramid()(pictures)
    assert features.shape == (2, 496)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert (features**2).mean() <= 9 + 1e-4


@pytest.mark.parametrize("value", [0, 127, 255])
def test_flat_pictures_have_finite_features(value: int) -> None:
    assert np.isfinite(random_pyramid()(np.full((3, 20, 20, 3), value, np.uint8))).all()


def test_features_do_not_depend_on_the_batch_they_came_in() -> None:
    features, pictures = random_pyramid(), leaves(40, 24, 2)
    one_by_one = np.concatenate([features(pictures[i : i + 1]) for i in range(40)])
    np.testing.assert_allclose(features(pictures), one_by_one, atol=2e-5)


def test_a_read_only_memory_map_is_read_without_complaint(tmp_path: Path) -> None:
    pictures = leaves(3, 16, 3)
    np.save(tmp_path / "cache.npy", pictures)
    mapped = np.load(tmp_path / "cache.npy", mmap_mode="r")
    np.testing.assert_array_equal(random_pyramid()(mapped), random_pyramid()(pictures))


@pytest.mark.parametrize("spec", [None, "random"])
def test_it_is_the_default_and_says_that_it_is_relative(spec: str | None) -> None:
    chosen = extractor(spec)
    assert chosen.relative
    assert chosen.name == "random-pyramid (relative only)"


@pytest.mark.parametrize(
    ("pictures", "cause"),
    [
        (np.zeros((2, 16, 16, 3), np.float32), "expected uint8"),
        (np.zeros((2, 3, 16, 16), np.uint8), "expected uint8"),
        (np.zeros((16, 16, 3), np.uint8), "expected uint8"),
        (np.zeros((0, 16, 16, 3), np.uint8), "no pictures"),
        (np.zeros((2, 15, 40, 3), np.uint8), "40 x 15 pixels; this extractor needs 16"),
    ],
)
def test_unusable_pictures_are_named(pictures: np.ndarray, cause: str) -> None:
    with pytest.raises(GansuiteError, match=cause):
        random_pyramid()(pictures)
