"""Layers of one seed in another: what they change, and files that can be made again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from gansuite.core.errors import GansuiteError
from gansuite.core.provenance import read_png
from gansuite.core.randomness import latents
from gansuite.image import LAYERED
from gansuite.image.generate import like, write_changed
from gansuite.image.mixing import Change, changed_codes, mixed
from gansuite.image.networks import style
from gansuite.image.networks.style import layered
from gansuite.image.sampler import Sampler, load_sampler

from .small_models import save_model
from .style_models import painter, save_painter


@pytest.fixture
def sampler(tmp_path: Path) -> Sampler:
    return load_sampler(save_painter(tmp_path / "model"))


def frequencies(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """What is left of pictures (B, 3, S, S) when they are made eight times smaller, and what is lost."""
    low = avg_pool2d(pictures, 8)
    return low, pictures - interpolate(low, scale_factor=8, mode="bilinear", align_corners=False)


def moved_by(generator: style.Generator, one: Tensor, other: Tensor) -> dict[str, list[float]]:
    """By band, how far taking its styles from others moves what is large and what is fine in the pictures."""
    before = frequencies(generator.decode(one))
    changes = {}
    for band in style.BANDS:
        now = frequencies(generator.decode(mixed(generator, one, other, band)))
        changes[band] = [float((a - b).square().mean()) for a, b in zip(now, before, strict=True)]
    return changes


def test_coarse_layers_move_large_shapes_and_fine_layers_details() -> None:
    generator = painter(resolution=64)
    size = generator.config.latent
    one, other = (generator.code(latents(list(range(start, start + 24)), size)) for start in (0, 50))
    changes = moved_by(generator, one, other)
    assert changes["coarse"][0] > 4 * changes["fine"][0]
    assert changes["fine"][1] > 2 * changes["fine"][0]
    assert changes["coarse"][0] > changes["coarse"][1]


def test_the_bundled_model_has_learnt_to_lay_out_first_and_to_finish_last() -> None:
    bundled = load_sampler(LAYERED)
    generator = layered(bundled.generator, LAYERED)
    with torch.no_grad():
        changes = moved_by(generator, bundled.codes(range(24)), bundled.codes(range(50, 74)))
    assert changes["coarse"][0] > 2 * changes["middle"][0] > 4 * changes["fine"][0]
    assert changes["coarse"][0] > 4 * changes["coarse"][1]
    assert changes["fine"][1] > changes["fine"][0]


def test_a_mix_takes_the_layers_it_is_told_and_no_others(sampler: Sampler) -> None:
    generator = painter()
    a, b = sampler.codes([3, 5])
    found = generator.styles(changed_codes(sampler, [3], 1.0, None, Change(5, "middle")))[0]
    assert torch.equal(found[[0, 3]], generator.styles(a[None])[0, [0, 3]])
    assert torch.equal(found[[1, 2]], generator.styles(b[None])[0, [1, 2]])


def test_all_bands_of_another_seed_are_that_seed() -> None:
    generator = painter()
    one, other = generator.code(latents([1, 2], 8)).split(1)
    for band in ("coarse", "middle", "fine"):
        one = mixed(generator, one, other, band)
    assert torch.equal(one, other)


def test_changed_pictures_are_made_again_byte_for_byte(sampler: Sampler, tmp_path: Path) -> None:
    change = Change(5, "fine", ((3, 2.0), (1, -1.5)))
    (work,) = write_changed(sampler, [7], 0.8, tmp_path / "works", change)
    assert work.name == "seed-0000007-fine-0000005-move-3=+2-move-1=-1.5.png"
    assert read_png(work).settings["change"] == {"mix": 5, "layers": "fine", "moves": [[3, 2.0], [1, -1.5]]}
    assert like(work, tmp_path / "again").read_bytes() == work.read_bytes()
    with Image.open(work) as image:
        assert not np.array_equal(np.asarray(image), sampler.draw(sampler.codes([7], 0.8))[0])


def test_moves_alone_change_several_seeds(sampler: Sampler, tmp_path: Path) -> None:
    written = write_changed(sampler, [1, 2], 1.0, tmp_path, Change(moves=((1, 1.0),)))
    assert [path.name for path in written] == ["seed-0000001-move-1=+1.png", "seed-0000002-move-1=+1.png"]
    (fine,) = write_changed(sampler, [1], 1.0, tmp_path, Change(layers="fine", moves=((1, 1.0),)))
    assert fine.name == "seed-0000001-fine-move-1=+1.png"
    with pytest.raises(GansuiteError, match="2 pictures"):
        write_changed(sampler, [1, 2], 1.0, tmp_path / "one.png", Change(moves=((1, 1.0),)))


def test_a_mix_must_say_which_layers() -> None:
    with pytest.raises(GansuiteError, match="which layers") as caught:
        Change(mix=5)
    assert "--layers" in caught.value.remedy


@pytest.mark.parametrize("change", [Change(5, "coarse"), Change(moves=((1, 1.0),))])
def test_a_model_without_layers_says_so(tmp_path: Path, change: Change) -> None:
    sampler = load_sampler(save_model(tmp_path / "model"))
    with pytest.raises(GansuiteError, match="no layers") as caught:
        write_changed(sampler, [1], 1.0, tmp_path, change)
    assert "--model style" in caught.value.remedy
    assert f"--model {LAYERED}" in caught.value.remedy
