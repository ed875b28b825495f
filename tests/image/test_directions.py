"""Directions in the weights of a style model: found in closed form, ordered, and moved along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gansuite.core.errors import GansuiteError
from gansuite.image.directions import AMOUNTS, MARGIN, Strip, directions, draw_strip, moved, parse_move
from gansuite.image.generate import like, write_strip
from gansuite.image.sampler import Sampler, load_sampler

from .small_models import save_model
from .style_models import painter, save_painter


@pytest.fixture
def sampler(tmp_path: Path) -> Sampler:
    return load_sampler(save_painter(tmp_path / "model"))


def test_the_strongest_direction_comes_first_by_hand() -> None:
    """Scales that look at the third number of a style most, and at the first less: these are the first two axes."""
    generator = painter()
    for name, weight in generator.named_parameters():
        if name.endswith("affine.weight"):
            weight.zero_()
            weight[0, 2], weight[1, 0] = -3.0, 2.0
    first, second = directions(generator)[:2]
    spread = generator.typical_styles().std(0)
    torch.testing.assert_close(first, spread * torch.eye(8)[2])
    torch.testing.assert_close(second, spread * torch.eye(8)[0])


def test_directions_are_at_right_angles_and_one_deviation_long() -> None:
    generator = painter()
    found = directions(generator, "coarse").double()
    lengths = found.norm(dim=1)
    unit = found / lengths[:, None]
    torch.testing.assert_close(unit @ unit.T, torch.eye(8).double(), atol=1e-5, rtol=0)
    along = (generator.typical_styles().double() @ unit.T).std(0)
    torch.testing.assert_close(along, lengths, atol=1e-4, rtol=1e-4)
    weights = generator.affine_weights(generator.layers_of("coarse")).double()
    strengths = (weights @ unit.T).norm(dim=0)
    assert torch.equal(strengths, strengths.sort(descending=True).values)


def test_the_sign_does_not_hang_on_that_of_the_weights() -> None:
    generator = painter()
    before = directions(generator)
    for name, weight in generator.named_parameters():
        if name.endswith("affine.weight"):
            weight.neg_()
    torch.testing.assert_close(directions(generator), before)


def test_a_picture_changes_steadily_along_a_direction() -> None:
    """Seen along the way from -3 to +3, each step goes on in the same direction, for the three strongest."""
    generator = painter()
    code = generator.code(torch.randn(1, 8, generator=torch.Generator().manual_seed(1)))
    for number in (1, 2, 3):
        codes = torch.cat([moved(generator, code, ((number, amount),)) for amount in AMOUNTS])
        pictures = generator.decode(codes).flatten(1)
        along = pictures @ (pictures[-1] - pictures[0])
        assert bool((along.diff() > 0).all())
        away = (pictures - pictures[3]).norm(dim=1)
        assert bool((away[:4].diff() < 0).all())
        assert bool((away[3:].diff() > 0).all())


def test_moves_add_up_and_touch_only_their_layers() -> None:
    generator = painter()
    code = generator.code(torch.zeros(1, 8))
    there = moved(generator, code, ((1, 2.0), (2, -1.0)), "coarse")
    back = moved(generator, there, ((2, 1.0), (1, -2.0)), "coarse")
    torch.testing.assert_close(back, code)
    changed = (generator.styles(there) != generator.styles(code)).any(2)[0]
    assert changed.nonzero().flatten().tolist() == generator.layers_of("coarse")


def test_a_strip_shows_the_picture_in_the_middle_and_is_made_again(sampler: Sampler, tmp_path: Path) -> None:
    path = write_strip(sampler, 7, Strip(count=3, layers="coarse", truncation=0.7), tmp_path)
    assert path.name == "strip-0000007.png"
    pixels = np.asarray(draw_strip(sampler, 7, Strip(count=3, layers="coarse", truncation=0.7)))
    assert pixels.shape == (MARGIN + 2 + 3 * 34, MARGIN + 2 + 7 * 34, 3)
    top, left = MARGIN + 2 + 34, MARGIN + 2 + 3 * 34
    plain = sampler.draw(sampler.codes([7], 0.7))[0]
    assert np.array_equal(pixels[top : top + 32, left : left + 32], plain)
    assert like(path, tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(("text", "move"), [("3=+2.0", (3, 2.0)), ("1=-0.5", (1, -0.5)), ("12=3", (12, 3.0))])
def test_a_move_is_a_number_and_an_amount(text: str, move: tuple[int, float]) -> None:
    assert parse_move(text) == move


@pytest.mark.parametrize("text", ["", "3", "3=", "=2", "a=1", "3=+2=1"])
def test_what_is_no_move_is_refused(text: str) -> None:
    with pytest.raises(GansuiteError) as caught:
        parse_move(text)
    assert "--move 3=+2.0" in caught.value.remedy


@pytest.mark.parametrize(
    ("move", "cause"),
    [((0, 1.0), "direction 0"), ((9, 1.0), "1 to 8"), ((1, float("nan")), "nan"), ((1, 1e9), "1e\\+09")],
)
def test_moves_that_cannot_be_made_are_refused(move: tuple[int, float], cause: str) -> None:
    generator = painter()
    with pytest.raises(GansuiteError, match=cause):
        moved(generator, generator.code(torch.zeros(1, 8)), (move,))


def test_a_model_without_layers_has_no_directions(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="no layers"):
        draw_strip(load_sampler(save_model(tmp_path / "model")), 0, Strip())
