"""Augmentations: what they may change and what not, by hand, and the strength that follows overfitting."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gansuite.core.errors import GansuiteError
from gansuite.core.randomness import Draw
from gansuite.image.augment import AUGMENTATIONS, CAP, TARGET, adapted, augment, flip, parse_augmentations

ALL = tuple(AUGMENTATIONS)


def draw(total: int, start: int = 0, stop: int | None = None, seed: int = 0) -> Draw:
    return Draw(seed, 3, total, slice(start, total if stop is None else stop))


@dataclass(frozen=True)
class Known(Draw):
    """A draw whose uniform numbers are known."""

    numbers: dict[str, list[list[float]]] = field(default_factory=dict)

    def uniform(self, stream: str, *shape: int) -> Tensor:
        """The numbers under that name."""
        return torch.tensor(self.numbers[stream]).view(-1, *shape)


def known(**numbers: list[list[float]]) -> Known:
    rows = len(next(iter(numbers.values())))
    return Known(0, 0, rows, slice(0, rows), numbers=numbers)


def pictures(count: int = 6, side: int = 16, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def chosen(*which: float) -> Tensor:
    return torch.tensor(which).view(-1, 1, 1, 1)


# ------------------------------------------------------------------ what all of them promise


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("side", [16, 20])
def test_shape_and_type_stay(name: str, side: int) -> None:
    x = pictures(side=side)
    y = augment(x, (name,), 1.0, draw(6))
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert not torch.equal(x, y)


@pytest.mark.parametrize("name", ALL)
def test_strength_0_changes_nothing(name: str) -> None:
    x = pictures()
    assert augment(x, (name,), 0.0, draw(6)) is x


@pytest.mark.parametrize("name", ALL)
def test_pictures_that_are_not_chosen_stay(name: str) -> None:
    x = pictures(4)
    y = AUGMENTATIONS[name](x, draw(4), chosen(1, 0, 0, 1))
    torch.testing.assert_close(y[1:3], x[1:3], atol=1e-6, rtol=0)
    assert all(float((y[i] - x[i]).abs().max()) > 0.01 for i in (0, 3))


def test_strength_is_the_probability_of_each_picture() -> None:
    x = pictures(400, 8)
    y = augment(x, ("colour",), 0.3, draw(400))
    changed = ((y - x).flatten(1).abs().amax(1) > 1e-5).float().mean()
    assert float(changed) == pytest.approx(0.3, abs=0.07)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_part_of_a_batch_is_changed_as_it_is_in_the_whole(strength: float) -> None:
    """So that processes and micro-batches see what one process would."""
    x = pictures(8)
    whole = flip(augment(x, ALL, strength, draw(8)), draw(8))
    for start in (0, 2, 6):
        mine = draw(8, start, start + 2)
        torch.testing.assert_close(
            flip(augment(x[mine.rows], ALL, strength, mine), mine), whole[mine.rows], atol=1e-6, rtol=0
        )


def test_gradients_flow_through_all_of_them() -> None:
    x = pictures(4).requires_grad_(True)
    (gradient,) = torch.autograd.grad(augment(x, ALL, 1.0, draw(4)).square().sum(), x)
    assert torch.isfinite(gradient).all()
    assert (gradient.flatten(1).abs().sum(1) > 0).all()


def test_channels_last_gives_the_same_numbers() -> None:
    x = pictures(4)
    other = x.contiguous(memory_format=torch.channels_last)
    one, two = (flip(augment(y, ALL, 1.0, draw(4)), draw(4)) for y in (x, other))
    torch.testing.assert_close(one, two, atol=1e-6, rtol=0)


# ------------------------------------------------------------------ translation


def test_translation_by_hand() -> None:
    """Side 8 reaches one pixel: u in [0, 1/3) is -1, [1/3, 2/3) is 0, [2/3, 1) is +1; rows first."""
    x = pictures(3, 8)
    y = AUGMENTATIONS["translation"](x, known(translation=[[0.1, 0.5], [0.9, 0.9], [0.5, 0.5]]), chosen(1, 1, 1))
    assert torch.equal(y[0, :, 1:, :], x[0, :, :-1, :])
    assert not y[0, :, 0, :].any()
    assert torch.equal(y[1, :, :-1, :-1], x[1, :, 1:, 1:])
    assert not y[1, :, -1, :].any()
    assert not y[1, :, :, -1].any()
    assert torch.equal(y[2], x[2])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999), st.sampled_from([16, 20, 32]))
def test_translation_moves_at_most_an_eighth_and_leaves_zeros(seed: int, side: int) -> None:
    x = pictures(1, side, seed) + 3  # no zeros of its own
    y = AUGMENTATIONS["translation"](x, draw(1, seed=seed), chosen(1))
    there = y[0, 0] != 0
    height, width = int(there.any(1).sum()), int(there.any(0).sum())
    assert min(height, width) >= side - side // 8
    assert int(there.sum()) == height * width
    inside = y[0, 0][there]
    assert torch.isin(inside, x[0, 0]).all()


# ------------------------------------------------------------------ cutout


def test_cutout_takes_a_quarter_of_the_picture_when_it_lies_inside() -> None:
    x = torch.ones(3, 3, 16, 16)
    y = AUGMENTATIONS["cutout"](x, known(cutout=[[0.5, 0.5], [0.4, 0.7], [0.0, 0.0]]), chosen(1, 1, 1))
    shares = (y == 0).float().mean((1, 2, 3)).tolist()
    assert shares == pytest.approx([1 / 4, 1 / 4, 1 / 16], abs=0.02)
    assert shares[0] == 1 / 4
    assert not y[0, :, 4:12, 4:12].any()
    assert y[0].sum() == 3 * (256 - 64)


def test_cutout_sets_nothing_but_zeros() -> None:
    x = pictures(16)
    y = augment(x, ("cutout",), 1.0, draw(16))
    assert torch.equal(y[y != 0], x[y != 0])


# ------------------------------------------------------------------ colour


def test_colour_by_hand() -> None:
    """u = 0.5 everywhere is no change; u_0 = 1 adds 0.5; u_1 = 0 makes grey; u_2 = 0 halves the contrast."""
    x = pictures(4, 4)
    numbers = [[0.5, 0.5, 0.5], [1.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]
    y = AUGMENTATIONS["colour"](x, known(colour=numbers), chosen(1, 1, 1, 1))
    torch.testing.assert_close(y[0], x[0])
    torch.testing.assert_close(y[1], x[1] + 0.5)
    torch.testing.assert_close(y[2], x[2].mean(0, keepdim=True).expand(3, 4, 4))
    torch.testing.assert_close(y[3], (x[3] - x[3].mean()) / 2 + x[3].mean())


def test_colour_stays_in_its_range() -> None:
    """|x| <= 1: saturation up to 2 gives 3, contrast up to 1.5 around the mean 5, brightness 0.5 more: 5.5 at most."""
    y = augment(pictures(64), ("colour",), 1.0, draw(64))
    assert float(y.abs().max()) <= 5.5


# ------------------------------------------------------------------ flip


def test_flip_by_hand() -> None:
    x = pictures(2)
    y = flip(x, known(flip=[[0.49], [0.5]]))
    assert torch.equal(y[0], x[0].flip(2))
    assert torch.equal(y[1], x[1])


def test_flip_mirrors_about_half_of_the_works() -> None:
    x = pictures(200, 4)
    share = float((flip(x, draw(200)) != x).flatten(1).any(1).float().mean())
    assert share == pytest.approx(0.5, abs=0.12)


# ------------------------------------------------------------------ the strength, and names


@pytest.mark.parametrize(
    ("strength", "sign", "images", "wanted"),
    [
        (0.2, 0.9, 1_000, 0.21),  # above 0.6: 1,000 of 100,000 more
        (0.2, 0.3, 1_000, 0.19),
        (0.2, TARGET, 1_000, 0.2),
        (0.0, -1.0, 1_000, 0.0),
        (0.795, 1.0, 1_000, CAP),
        (0.8, 1.0, 10**9, 0.8),
        (0.005, 0.0, 1_000, 0.0),
    ],
)
def test_the_rule_of_ada_by_hand(strength: float, sign: float, images: int, wanted: float) -> None:
    assert adapted(strength, sign, images, ramp=100_000) == pytest.approx(wanted, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 0.8), st.floats(-1, 1), st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_strength_never_leaves_its_range(strength: float, sign: float, images: int, ramp: int) -> None:
    assert 0 <= adapted(strength, sign, images, ramp) <= CAP == 0.8


@pytest.mark.parametrize(
    ("text", "names"),
    [("none", ()), ("", ()), ("cutout", ("cutout",)), ("colour, translation", ("colour", "translation"))],
)
def test_names_as_people_type_them(text: str, names: tuple[str, ...]) -> None:
    assert parse_augmentations(text) == names


def test_an_unknown_augmentation_is_named() -> None:
    with pytest.raises(GansuiteError, match="'color'") as caught:
        parse_augmentations("translation,color")
    assert caught.value.remedy == "Did you mean 'colour'?"
