"""The palette of a picture in four numbers, by hand, and the mood that goes with it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.poetry.controls import MOODS
from gansuite.poetry.palette import DIRECTIONS, PALETTE, SPREAD, USUAL, moods, moods_of, palettes


def flat(*colour: float) -> torch.Tensor:
    """A picture of one colour, red, green and blue in 0..1."""
    return (torch.tensor(colour) * 2 - 1)[None, :, None, None].expand(1, 3, 64, 64)


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0), (0, 0.5, 0, 0)),
        ((1, 1, 1), (1, 0.5, 0, 0)),
        ((1, 0, 0), (0.299, 1, 1, 0)),
        ((0, 0, 1), (0.114, 0, 1, 0)),
        ((0.5, 0.75, 0.25), (0.299 * 0.5 + 0.587 * 0.75 + 0.114 * 0.25, 0.625, 0.5, 0)),
    ],
)
def test_flat_colours_by_hand(colour: tuple[float, ...], expected: tuple[float, ...]) -> None:
    torch.testing.assert_close(palettes(flat(*colour))[0], torch.tensor(expected), atol=1e-6, rtol=0)


def test_half_black_and_half_white_is_all_the_contrast_there_is() -> None:
    half = torch.cat([flat(0, 0, 0)[..., :32], flat(1, 1, 1)[..., :32]], 3)
    torch.testing.assert_close(palettes(half)[0], torch.tensor([0.5, 0.5, 0.0, 1.0]))


@pytest.mark.parametrize("mood", MOODS)
def test_a_palette_in_the_direction_of_a_mood_has_it(mood: str) -> None:
    number = MOODS.index(mood)
    palette = torch.tensor(USUAL) + 2 * torch.tensor(DIRECTIONS[number]) * torch.tensor(SPREAD)
    assert moods(palette[None]).tolist() == [number]


def test_pictures_have_the_moods_people_would_say() -> None:
    seen = {
        "dark": flat(0.05, 0.05, 0.08),
        "joyful": flat(1.0, 0.8, 0.1),
        "calm": flat(0.5, 0.7, 0.9),
        "tender": flat(0.95, 0.8, 0.75),
        "melancholy": flat(0.4, 0.4, 0.4) + 0.7 * torch.linspace(-0.5, 0.5, 64),
        "wild": torch.cat([flat(0, 0, 0.2)[..., :32], flat(1, 0.8, 0.6)[..., :32]], 3),
    }
    found = {mood: MOODS[int(moods(palettes(shown))[0])] for mood, shown in seen.items()}
    assert found == {mood: mood for mood in seen}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_palettes_lie_in_range_and_mirrors_change_nothing(seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (3, 64, 64, 3), np.uint8)
    pixels[0] //= 4
    shown = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 127.5 - 1
    found = palettes(shown)
    assert found.shape == (3, len(PALETTE))
    assert 0 <= float(found.min()) <= float(found.max()) <= 1
    torch.testing.assert_close(palettes(shown.flip(3)), found)
    assert moods_of(pixels).tolist() == moods(found).tolist()


def test_no_pictures_have_no_moods() -> None:
    assert moods_of(np.zeros((0, 64, 64, 3), np.uint8)).tolist() == []
