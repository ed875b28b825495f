"""The embedded portfolio: repeatable, varied, the same at every size, and honest about wrong requests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.image.synth import STYLES, draw_portfolio, draw_work
from gansuite.image.synth.canvas import fbm, lattice_at, noise, noise_line
from gansuite.image.synth.palettes import from_oklab, mix, pick_palette, ramp, to_oklab
from gansuite.image.synth.tree import FORMS, grow, plant


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def halved(pictures: np.ndarray) -> np.ndarray:
    """Pictures (..., S, S, 3) averaged down to half the side."""
    *lead, side, _, _ = pictures.shape
    blocks = pictures.reshape(*lead, side // 2, 2, side // 2, 2, 3)
    return np.asarray(blocks.astype(np.float64).mean(axis=(-4, -2)))


@pytest.fixture(scope="module")
def portfolio() -> tuple[np.ndarray, tuple[str, ...]]:
    return draw_portfolio(160, 32, seed=3)


def test_shape_type_and_names(portfolio: tuple[np.ndarray, tuple[str, ...]]) -> None:
    works, names = portfolio
    assert works.shape == (160, 32, 32, 3)
    assert works.dtype == np.uint8
    assert len(names) == 160
    assert names[: len(STYLES)] == STYLES
    assert {names.count(style) for style in STYLES} == {20}


def test_same_seed_same_bytes_other_seed_other_works() -> None:
    first, again, other = (draw_portfolio(16, 32, seed=seed)[0] for seed in (5, 5, 6))
    assert first.tobytes() == again.tobytes()
    assert all((a != b).mean() > 0.5 for a, b in zip(first, other, strict=True))


def test_a_small_portfolio_begins_a_large_one(portfolio: tuple[np.ndarray, tuple[str, ...]]) -> None:
    works, names = draw_portfolio(19, 32, seed=3)
    assert np.array_equal(works, portfolio[0][:19])
    assert names == portfolio[1][:19]


def test_each_work_can_be_drawn_alone(portfolio: tuple[np.ndarray, tuple[str, ...]]) -> None:
    for index in (0, 9, 37, 154):
        assert np.array_equal(draw_work(portfolio[1][index], index, 32, seed=3), portfolio[0][index])


def test_no_two_works_are_alike(portfolio: tuple[np.ndarray, tuple[str, ...]]) -> None:
    """Mean absolute difference of every pair, on thumbnails so that grain does not count."""
    small = halved(halved(portfolio[0])).reshape(160, -1)
    apart = np.abs(small[:, None] - small[None]).mean(axis=2)[np.triu_indices(160, 1)]
    assert apart.min() > 5
    assert apart.mean() > 45


def test_works_are_neither_blank_nor_clipped(portfolio: tuple[np.ndarray, tuple[str, ...]]) -> None:
    assert halved(portfolio[0]).std(axis=(1, 2)).max(axis=1).min() > 6
    assert ((portfolio[0] == 0) | (portfolio[0] == 255)).all(axis=3).mean() < 0.03


def statistics(works: np.ndarray) -> np.ndarray:
    """Edges, symmetry and brightness by region of works (N, S, S, 3): a few numbers a work, (N, 20)."""
    grey = works.astype(np.float64).mean(axis=3) / 255
    across, down = np.abs(np.diff(grey, axis=2)), np.abs(np.diff(grey, axis=1))
    mirror = np.abs(grey - grey[:, :, ::-1]).mean(axis=(1, 2))
    thirds = [part.std(axis=(1, 2)) for part in np.array_split(grey, 3, axis=1)]
    edges = [
        np.quantile(field.reshape(len(works), -1), q, axis=1) for field in (across, down) for q in (0.25, 0.5, 0.9)
    ]
    bands = [part.mean(axis=(1, 2)) for part in np.array_split(down, 4, axis=1) + np.array_split(across, 4, axis=1)]
    return np.stack([mirror, grey.mean(axis=(1, 2)), grey.std(axis=(1, 2)), *thirds, *edges, *bands], axis=1)


def test_styles_can_be_told_apart_by_simple_statistics() -> None:
    works, names = draw_portfolio(240, 32, seed=1)
    values, labels = statistics(works), np.array([STYLES.index(name) for name in names])
    train, test = slice(0, 160), slice(160, 240)
    scaled = (values - values[train].mean(axis=0)) / values[train].std(axis=0)
    apart = np.linalg.norm(scaled[test, None] - scaled[None, train], axis=2)
    votes = labels[train][np.argsort(apart, axis=1)[:, :5]]
    guess = np.array([np.bincount(row, minlength=len(STYLES)).argmax() for row in votes])
    assert (guess == labels[test]).mean() > 0.5  # chance is 1 in 8


@pytest.mark.parametrize("style", STYLES)
def test_another_size_is_the_same_composition(style: str) -> None:
    for index in range(6):
        small, large = draw_work(style, index, 48), draw_work(style, index, 96)
        apart = np.abs(halved(large) - small).mean()
        others = np.abs(halved(large) - draw_work(style, index + 50, 48)).mean()
        assert apart < 9
        assert apart < others / 2.5


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [16, 47, 300])
def test_every_style_draws_at_any_size(style: str, size: int) -> None:
    work = draw_work(style, 2, size, seed=9)
    assert work.shape == (size, size, 3)
    assert work.std() > 3


def test_chosen_styles_take_turns_in_the_order_given() -> None:
    works, names = draw_portfolio(5, 24, styles=["tree", "marble"])
    assert names == ("tree", "marble", "tree", "marble", "tree")
    assert np.array_equal(works[1], draw_work("marble", 1, 24))


def test_unknown_style_suggests_the_nearest() -> None:
    with pytest.raises(GansuiteError, match="Did you mean 'landscape'"):
        draw_portfolio(4, 32, styles=["landscapes"])
    with pytest.raises(GansuiteError, match="Did you mean 'colour-field'"):
        draw_work("color-field", 0)


@pytest.mark.parametrize("size", [0, 15, 1025])
def test_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(GansuiteError, match="between 16 and 1024"):
        draw_portfolio(4, size)


@pytest.mark.parametrize("count", [0, -3])
def test_count_below_one_is_refused(count: int) -> None:
    with pytest.raises(GansuiteError, match="count of 1 or more"):
        draw_portfolio(count)


def test_other_wrong_requests_are_refused() -> None:
    with pytest.raises(GansuiteError, match="No style was named"):
        draw_portfolio(4, 32, styles=[])
    with pytest.raises(GansuiteError, match="found index -1"):
        draw_work("grid", -1)
    with pytest.raises(GansuiteError, match="seed -1"):
        draw_portfolio(1, 32, seed=-1)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8))
def test_oklab_round_trip(colours: list[tuple[float, float, float]]) -> None:
    values = np.array(colours, dtype=np.float32)
    assert np.allclose(from_oklab(to_oklab(values)), values, atol=2e-4)


def test_oklab_of_known_colours() -> None:
    """White is (1, 0, 0); red as published with the space: 0.62796, 0.22486, 0.12585."""
    lab = to_oklab(np.array([[1, 1, 1], [0, 0, 0], [1, 0, 0]], dtype=np.float32))
    assert np.allclose(lab, [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.62796, 0.22486, 0.12585]], atol=1e-4)


def test_a_ramp_meets_its_colours_at_their_stops() -> None:
    colours = pick_palette(rng()).accents
    table = ramp(colours, [0.0, 0.25, 0.5, 1.0], steps=101)
    assert np.allclose(table[[0, 25, 50, 100]], colours, atol=1e-4)
    assert np.allclose(mix(colours[0], colours[1], 0.0), colours[0], atol=1e-4)


def test_a_palette_runs_from_dark_to_light() -> None:
    for seed in range(30):
        lightness = to_oklab(pick_palette(rng(seed)).by_lightness())[:, 0]
        assert np.all(np.diff(lightness) >= 0)
        assert lightness[-1] - lightness[0] > 0.5


def test_noise_is_about_standard_normal_and_the_same_at_every_size() -> None:
    field = np.stack([noise(rng(seed), 96, 12.0) for seed in range(12)])
    assert abs(field.mean()) < 0.1
    assert abs(field.std() - 1) < 0.1
    assert abs(np.stack([fbm(rng(k), 96, 9.0) for k in range(12)]).std() - 1) < 0.12
    assert abs(np.stack([noise_line(rng(k), 400, 40.0) for k in range(12)]).std() - 1) < 0.12
    fine, coarse = noise(rng(4), 128, 3.0), noise(rng(4), 64, 3.0)
    assert np.allclose(fine.reshape(64, 2, 64, 2).mean(axis=(1, 3)), coarse, atol=0.01)


def test_a_lattice_wraps_round() -> None:
    lattice = rng().standard_normal((8, 8)).astype(np.float32)
    y, x = (rng(k).uniform(-3, 3, 40).astype(np.float32) for k in (1, 2))
    assert np.allclose(lattice_at(lattice, y, x), lattice_at(lattice, y + 8, x - 16), atol=1e-4)
    assert np.allclose(lattice_at(np.ones((8, 8), np.float32), y, x), 0.692**-2, atol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_a_tree_doubles_its_branches_and_stays_on_the_sheet(form: str) -> None:
    for seed in range(5):
        grown, twigs = grow(rng(seed), plant(rng(seed), form, (0.5, 0.85), 0.8), levels=6)
        assert [len(rows) for rows in grown] == [1, 2, 4, 8, 16, 32]
        assert np.allclose(grown[0][0, :2], (0.5, 0.85))
        assert np.allclose(grown[1][:, :2], grown[0][0, 2:4])
        assert twigs[:, 1].min() > 0.08
