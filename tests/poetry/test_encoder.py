"""What the encoder says of pictures, its size, and that it is built again from its description."""

from __future__ import annotations

import json

import pytest
import torch

from gansuite.core.errors import GansuiteError
from gansuite.poetry.networks.encoder import Encoder, EncoderConfig, build, describe
from gansuite.poetry.palette import palettes

SMALL = EncoderConfig(("forest", "sea"), ("daisy", "rose", "tulip"), (16, 32), (0, 1))


def encoder(config: EncoderConfig = SMALL) -> Encoder:
    """One whose last layers are not nought, so that everything plays a part."""
    torch.manual_seed(1)
    made = Encoder(config)
    for block in made.blocks:
        torch.nn.init.normal_(block.conv2.weight, std=0.05)
    return made.eval()


def shown(count: int = 4) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(2)) * 2 - 1


def test_everything_that_is_seen_has_its_shape() -> None:
    seen = encoder()(shown())
    assert [part.shape[1] for part in seen] == [32, 5, 6, 4]
    torch.testing.assert_close(seen.palette, palettes(shown()))
    assert encoder().labels == ("forest", "sea", "daisy", "rose", "tulip")


def test_a_code_holds_features_chances_and_palette_in_sane_numbers() -> None:
    made = encoder()
    code, seen = made.code(shown()), made(shown())
    assert code.shape == (4, made.code_size) == (4, 32 + 5 + 6 + 4)
    assert float(code.detach().abs().max()) < 10
    torch.testing.assert_close(code[:, :32].mean(1), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close((code[:, 32:37] * 4).exp(), seen.labels.softmax(1))
    torch.testing.assert_close((code[:, 37:43] * 4).exp().sum(1), torch.ones(4))


def test_a_picture_is_seen_alike_whoever_is_beside_it() -> None:
    made, pictures = encoder().train(), shown()
    together = made.code(pictures)
    torch.testing.assert_close(torch.cat([made.code(one) for one in pictures.split(1)]), together, atol=1e-5, rtol=1e-4)


def test_the_default_size_is_within_what_was_asked() -> None:
    parameters = sum(p.numel() for p in Encoder(EncoderConfig(("a",) * 10, ("b",) * 5)).parameters())
    assert 1_000_000 < parameters <= 1_500_000


def test_the_same_network_is_built_from_its_description() -> None:
    made = encoder()
    again = build(json.loads(json.dumps(describe(made))))
    again.load_state_dict(made.state_dict())
    assert again.config == made.config
    assert torch.equal(again.eval().code(shown()), made.code(shown()))


@pytest.mark.parametrize(("scenes", "objects"), [((), ("rose",)), (("sea",), ()), ((), ())])
def test_kinds_of_labels_may_be_missing(scenes: tuple[str, ...], objects: tuple[str, ...]) -> None:
    made = encoder(EncoderConfig(scenes, objects, (16,), (1,)))
    assert made.code(shown()).shape == (4, made.code_size)
    assert made.code(shown()).isfinite().all()


@pytest.mark.parametrize(("widths", "depths"), [((20,), (1,)), ((16, 32), (1,)), ((16, 32), (1, 0))])
def test_impossible_sizes_are_refused(widths: tuple[int, ...], depths: tuple[int, ...]) -> None:
    with pytest.raises(GansuiteError, match="multiples of 16"):
        EncoderConfig(widths=widths, depths=depths)
