"""From a model to pictures and back: files, and the same pixels made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gansuite.core import __version__, randomness
from gansuite.core.errors import GansuiteError
from gansuite.core.provenance import Provenance, embed_png, read_png
from gansuite.image.generate import like, write_pictures
from gansuite.image.interpolate import Walk, write_walk
from gansuite.image.sampler import Sampler, load_sampler

from .small_models import CLASSIC, DCGAN, save_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_model(tmp_path / "model")


@pytest.fixture
def sampler(model: Path) -> Sampler:
    return load_sampler(model)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


# ---- models


def test_a_sampler_knows_its_model(model: Path, sampler: Sampler) -> None:
    assert (sampler.generator.config.latent, sampler.resolution) == (8, 32)
    assert sampler.model_name == str(model)
    assert len(sampler.digest) == 64
    assert not sampler.generator.training
    assert sampler.device.type == "cpu"


def test_a_model_of_another_art_is_refused(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "tune", art="music")
    with pytest.raises(GansuiteError, match="music"):
        load_sampler(folder)


@pytest.mark.parametrize(
    "network",
    [
        {**DCGAN, "width": 16},
        {**DCGAN, "latent": 9},
        {**DCGAN, "resolution": 64},
        {**DCGAN, "width": 10**9},
        {**DCGAN, "width": "four"},
        {**DCGAN, "width": -4},
        {**DCGAN, "resolution": 33},
        {**DCGAN, "height": 32},
        {"name": "dcgan"},
        {"name": "no-such-network"},
        CLASSIC,
    ],
    ids=lambda network: "-".join(map(str, network.values())),
)
def test_weights_that_do_not_fit_their_config_are_refused(tmp_path: Path, network: dict[str, Any]) -> None:
    folder = save_model(tmp_path / "model", network=network)
    with pytest.raises(GansuiteError):
        load_sampler(folder)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gansuite.image.networks import dcgan

    monkeypatch.setattr(
        dcgan,
        "initialise",
        lambda module: (
            torch.nn.init.constant_(module.weight, torch.nan) if getattr(module, "weight", None) is not None else None
        ),
    )
    with pytest.raises(GansuiteError, match="not finite"):
        load_sampler(save_model(tmp_path / "model"))


# ---- drawing


def test_latents_are_those_of_the_seeds_and_shrink_with_truncation(sampler: Sampler) -> None:
    whole = sampler.codes([3, 1])
    assert whole.shape == (2, 8)
    assert torch.equal(whole[0], randomness.latents([3], 8)[0])
    torch.testing.assert_close(sampler.codes([3, 1], 0.25), whole / 4)


@pytest.mark.parametrize("truncation", [0.0, -1.0, 1.01, float("nan")])
def test_truncation_out_of_range_is_refused(sampler: Sampler, truncation: float) -> None:
    with pytest.raises(GansuiteError, match="truncation"):
        sampler.codes([1], truncation)


@pytest.mark.parametrize(("spec", "gain"), [(DCGAN, 1), (CLASSIC, 8)], ids=["dcgan", "classic"])
def test_a_picture_does_not_depend_on_how_many_are_drawn_beside_it(
    tmp_path: Path, spec: dict[str, Any], gain: float
) -> None:
    sampler = load_sampler(save_model(tmp_path / "model", 0, spec, gain))
    together = sampler.draw(sampler.codes([1, 2, 3, 4, 5]))
    assert together.shape == (5, 32, 32, 3)
    assert together.dtype == np.uint8
    assert len(np.unique(together[0])) > 10
    assert np.array_equal(sampler.draw(sampler.codes([4]))[0], together[3])
    assert np.array_equal(sampler.draw(sampler.codes([5, 4]))[::-1], together[3:])


def test_drawing_is_in_float32_and_in_one_thread_whatever_surrounds_it(sampler: Sampler) -> None:
    latents = sampler.codes([1, 2])
    plain = sampler.draw(latents)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        torch.set_float32_matmul_precision("medium")
        with torch.autocast("cpu", torch.bfloat16):
            assert np.array_equal(sampler.draw(latents), plain)
        assert torch.get_num_threads() == 2
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_num_threads(before)
        torch.set_float32_matmul_precision("highest")


def test_nothing_to_draw_is_no_pictures(sampler: Sampler) -> None:
    assert sampler.draw(torch.empty(0, 8)).shape == (0, 32, 32, 3)


# ---- files


def test_pictures_go_into_a_folder_and_say_how_they_were_made(sampler: Sampler, tmp_path: Path) -> None:
    written = write_pictures(sampler, [7, 123], 0.5, tmp_path / "works")
    assert [path.name for path in written] == ["seed-0000007.png", "seed-0000123.png"]
    assert np.array_equal(pixels(written[1]), sampler.draw(sampler.codes([123], 0.5))[0])
    found = read_png(written[1])
    assert (found.art, found.model, found.model_digest) == ("image", sampler.model_name, sampler.digest)
    assert (found.seed, found.version) == (123, __version__)
    assert found.settings == {"kind": "picture", "truncation": 0.5, "device": "cpu", "label": None}
    assert not list(tmp_path.rglob("*.partial"))


def test_a_seed_named_twice_is_one_file(sampler: Sampler, tmp_path: Path) -> None:
    assert len(write_pictures(sampler, [7, 7], 1.0, tmp_path)) == 1


def test_a_sheet_holds_all_seeds(sampler: Sampler, tmp_path: Path) -> None:
    (path,) = write_pictures(sampler, [1, 5, 9], 1.0, tmp_path, sheet=True, columns=2)
    assert path == tmp_path / "sheet-0000001-3.png"
    assert pixels(path).shape == (2 * 34 + 2, 2 * 34 + 2, 3)
    assert read_png(path).settings["seeds"] == [1, 5, 9]
    assert np.array_equal(pixels(path)[2:34, 36:68], sampler.draw(sampler.codes([5]))[0])


def test_a_png_name_is_one_file(sampler: Sampler, tmp_path: Path) -> None:
    assert write_pictures(sampler, [3], 1.0, tmp_path / "one.PNG") == [tmp_path / "one.PNG"]
    assert write_pictures(sampler, [3, 4], 1.0, tmp_path / "two.png", sheet=True) == [tmp_path / "two.png"]
    with pytest.raises(GansuiteError, match="2 pictures"):
        write_pictures(sampler, [3, 4], 1.0, tmp_path / "three.png")
    assert not (tmp_path / "three.png").exists()


def test_other_picture_formats_are_refused_before_drawing(sampler: Sampler, tmp_path: Path) -> None:
    with pytest.raises(GansuiteError) as caught:
        write_pictures(sampler, [3], 1.0, tmp_path / "one.jpg")
    assert "one.png" in caught.value.remedy
    assert not (tmp_path / "one.jpg").exists()


# ---- made again


def test_the_same_pixels_from_the_file_alone(sampler: Sampler, tmp_path: Path) -> None:
    works = write_pictures(sampler, range(5), 0.8, tmp_path / "works")
    again = like(works[3], tmp_path / "again")
    assert again == tmp_path / "again" / "seed-0000003.png"
    assert again.read_bytes() == works[3].read_bytes()


def test_a_sheet_and_an_animation_are_made_again(sampler: Sampler, tmp_path: Path) -> None:
    (sheet,) = write_pictures(sampler, [4, 2, 7], 0.6, tmp_path, sheet=True, columns=2)
    assert like(sheet, tmp_path / "again.png").read_bytes() == sheet.read_bytes()
    walk = write_walk(sampler, Walk((4, 2), frames=4, easing="smooth", truncation=0.6, fps=10), tmp_path / "walk.gif")
    assert like(walk, tmp_path / "again").read_bytes() == walk.read_bytes()


def test_a_copy_of_a_copy_is_still_the_same(sampler: Sampler, tmp_path: Path) -> None:
    (work,) = write_pictures(sampler, [11], 1.0, tmp_path / "a")
    assert like(like(work, tmp_path / "b"), tmp_path / "c").read_bytes() == work.read_bytes()


def test_other_weights_under_the_same_name_are_refused(sampler: Sampler, tmp_path: Path) -> None:
    (work,) = write_pictures(sampler, [11], 1.0, tmp_path / "works")
    moved = save_model(tmp_path / "moved")
    save_model(tmp_path / "model", seed=1)
    with pytest.raises(GansuiteError, match="other weights") as caught:
        like(work, tmp_path / "again")
    assert sampler.digest in caught.value.remedy
    again = like(work, tmp_path / "again", model=moved)
    assert np.array_equal(pixels(work), pixels(again))
    assert read_png(again).model == str(moved)


def test_a_named_model_must_be_the_right_one_too(sampler: Sampler, tmp_path: Path) -> None:
    (work,) = write_pictures(sampler, [11], 1.0, tmp_path / "works")
    other = save_model(tmp_path / "other", seed=1)
    with pytest.raises(GansuiteError, match="other weights"):
        like(work, tmp_path / "again", model=other)


def forged(path: Path, sampler: Sampler, **changes: Any) -> Path:
    told = {"kind": "picture", "truncation": 1.0, **changes.pop("settings", {})}
    fields = {
        "art": "image",
        "model": sampler.model_name,
        "model_digest": sampler.digest,
        "seed": 1,
        "version": "9",
    }
    provenance = Provenance(settings=told, **{**fields, **changes})
    path.write_bytes(embed_png(Image.new("RGB", (32, 32)), provenance))
    return path


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"art": "music"}, "music"),
        ({"seed": -1}, "seed"),
        ({"settings": {"kind": "hologram"}}, "unknown"),
        ({"settings": {"kind": ["picture"]}}, "unknown"),
        ({"settings": {"depth": 3}}, "unknown"),
        ({"settings": {"truncation": "1"}}, "truncation"),
        ({"settings": {"truncation": 7}}, "truncation"),
        ({"settings": {"device": "abacus"}}, "abacus"),
        ({"settings": {"kind": "sheet"}}, "seeds"),
        ({"settings": {"kind": "sheet", "seeds": []}}, "seeds"),
        ({"settings": {"kind": "sheet", "seeds": [1], "columns": 0}}, "columns"),
        ({"settings": {"kind": "sheet", "seeds": [True]}}, "seeds"),
        ({"settings": {"kind": "walk", "seeds": [1, 2], "frames": 10**9}}, "frames"),
        ({"settings": {"kind": "walk", "seeds": [1, 2], "scale": 10**6}}, "enlarged"),
        ({"settings": {"kind": "walk", "seeds": [1, 2]}}, "animation"),
    ],
)
def test_forged_settings_are_refused(sampler: Sampler, tmp_path: Path, changes: dict[str, Any], cause: str) -> None:
    work = forged(tmp_path / "forged.png", sampler, **changes)
    with pytest.raises(GansuiteError, match=cause):
        like(work, tmp_path / "again")


def test_a_file_never_causes_a_download(sampler: Sampler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gansuite.core.library._from_hub", lambda name: pytest.fail("asked the hub"))
    work = forged(tmp_path / "forged.png", sampler, model="somebody/anything")
    with pytest.raises(GansuiteError) as caught:
        like(work, tmp_path / "again")
    assert "--model" in caught.value.remedy


def test_a_work_is_not_written_over_itself(sampler: Sampler, tmp_path: Path) -> None:
    (work,) = write_pictures(sampler, [1], 1.0, tmp_path)
    with pytest.raises(GansuiteError, match="over itself"):
        like(work, tmp_path)


def test_a_device_that_is_not_here_is_named_with_a_way_out(sampler: Sampler, tmp_path: Path) -> None:
    absent = "cuda" if not torch.cuda.is_available() else "mps"
    work = forged(tmp_path / "forged.png", sampler, settings={"device": absent})
    with pytest.raises(GansuiteError, match=absent) as caught:
        like(work, tmp_path / "again")
    assert "--device cpu" in caught.value.remedy
    assert like(work, tmp_path / "again", device="cpu").exists()


@pytest.mark.parametrize("name", ["missing.png", "missing.gif", "missing.mp4", "plain.png", "plain.gif", "text.webp"])
def test_files_that_do_not_say_how_they_were_made(tmp_path: Path, name: str) -> None:
    if name.startswith("plain"):
        Image.new("RGB", (32, 32)).save(tmp_path / name)
    if name.startswith("text"):
        (tmp_path / name).write_text("not a picture")
    with pytest.raises(GansuiteError):
        like(tmp_path / name, tmp_path / "again")
