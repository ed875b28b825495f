"""Works made square, cut into crops, and the sizes that are possible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.hostile import encoded, pattern, picture
from gansuite.core.errors import GansuiteError
from gansuite.core.pictures.decode import Picture, decode
from gansuite.image.fit import kept_by_crop, squares, windows
from gansuite.image.resolution import (
    allowed_resolution,
    allowed_resolutions,
    check_resolution,
    nearest_resolutions,
    stages,
)

GREY = (90, 90, 90)


def work(image: Image.Image) -> Picture:
    return Picture(image, image.width, image.height, "PNG", "RGB")


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_a_square_work_of_the_right_size_is_not_touched(fit: str) -> None:
    image = picture(1, "RGB", 48, 48)
    assert np.array_equal(squares(work(image), 48, fit, 1, GREY)[0], pattern(1, 48, 48))


def test_a_small_work_is_enlarged_rather_than_left_out() -> None:
    assert squares(work(picture(1, "RGB", 20, 30)), 64, "crop", 4, GREY).shape == (1, 64, 64, 3)


def test_crops_cover_a_large_work_and_stay_in_their_place() -> None:
    quarters = np.asarray([[10, 20], [30, 40]], np.uint8).repeat(64, 0).repeat(64, 1)
    cut = squares(work(Image.fromarray(quarters).convert("RGB")), 64, "crop", 4, GREY)
    assert cut.shape == (4, 64, 64, 3)
    assert [np.unique(part).tolist() for part in cut] == [[10], [20], [30], [40]]


def test_crops_of_a_reduced_jpeg_are_those_of_the_full_one() -> None:
    data = encoded(picture(2, "RGB", 1200, 800), "JPEG", quality=95)
    full, reduced = decode(data), decode(data, at_least=256)
    assert reduced.image.size != full.image.size
    one, two = squares(full, 64, "crop", 6, GREY), squares(reduced, 64, "crop", 6, GREY)
    assert one.shape == two.shape == (6, 64, 64, 3)
    assert np.abs(one.astype(int) - two).mean() < 1


def test_where_works_are_cut() -> None:
    assert windows(127, 127, 64, 4) == ()  # each of four crops would have to be enlarged
    assert windows(128, 128, 64, 4) == (
        (0, 0, 64, 64),
        (64, 0, 128, 64),
        (0, 64, 64, 128),
        (64, 64, 128, 128),
    )
    assert windows(128, 128, 64, 1) == ()
    assert windows(128, 128, 64, 3) == ()  # two or three squares of a square work overlap too much
    assert windows(200, 100, 64, 2) == ((0, 0, 100, 100), (100, 0, 200, 100))
    assert windows(150, 100, 64, 2) == ((0, 0, 100, 100), (50, 0, 150, 100))
    assert windows(400, 300, 64, 2) == ()
    assert len(windows(4000, 3000, 64, 12)) == 12


@settings(max_examples=60, deadline=None)
@given(st.integers(16, 600), st.integers(16, 600), st.sampled_from([32, 64, 96]), st.integers(1, 12))
def test_crops_never_leave_the_work_nor_fall_below_the_resolution(w: int, h: int, side: int, crops: int) -> None:
    found = windows(w, h, side, crops)
    assert len(found) <= crops
    covered = np.zeros((h, w), bool)
    for left, top, right, bottom in found:
        assert right - left == pytest.approx(bottom - top)
        assert right - left >= side
        assert left >= 0
        assert top >= 0
        assert right <= w + 1e-6
        assert bottom <= h + 1e-6
        covered[int(top) : round(bottom + 0.5), int(left) : round(right + 0.5)] = True
    assert not found or covered.all()


def test_how_much_a_crop_keeps() -> None:
    assert kept_by_crop(100, 100) == 1
    assert kept_by_crop(50, 200) == 0.25


def test_possible_resolutions_are_four_to_seven_doubled() -> None:
    sizes = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024)
    assert allowed_resolutions() == sizes
    assert [stages(side) for side in (32, 40, 64, 96, 1024)] == [(4, 3), (5, 3), (4, 4), (6, 4), (4, 8)]
    assert not any(allowed_resolution(side) for side in (-64, 0, 4, 16, 31, 33, 63, 65, 500, 520, 1280))


@given(st.integers(-10, 2000))
def test_an_impossible_resolution_names_its_neighbours(side: int) -> None:
    near = nearest_resolutions(side)
    assert near
    assert all(allowed_resolution(size) for size in near)
    if allowed_resolution(side):
        check_resolution(side)
    else:
        with pytest.raises(GansuiteError) as caught:
            check_resolution(side)
        assert all(str(size) in caught.value.remedy for size in near)
