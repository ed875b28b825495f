"""A portfolio opened for training: pixels, split, labels, and the cache that keeps them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import types
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.hostile import USED, encoded, make_hostile_folder, pattern, picture
from gansuite.core.errors import GansuiteError
from gansuite.image import cache
from gansuite.image.cache import CacheWarning, default_cache_root
from gansuite.image.dataset import DataConfig, Portfolio, check_config, open_portfolio, parse_colour

ART = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "art" / "art_gan_128.zip"


@pytest.fixture
def works(tmp_path: Path) -> Path:
    """Twelve works of 64 x 48 pixels in two folders."""
    root = tmp_path / "works"
    for n in range(12):
        path = root / ("night" if n % 3 else "day") / f"{n:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(picture(n, "RGB", 64, 48), "PNG"))
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the cache goes."""
    return tmp_path / "cache"


def config(works: Path, **changes: object) -> DataConfig:
    return replace(DataConfig(path=str(works), resolution=32), **changes)  # type: ignore[arg-type]


def cached(root: Path) -> list[str]:
    return sorted(path.suffix for path in (root / "pictures").iterdir())


def test_a_portfolio_is_bytes_with_labels_and_a_split(works: Path, root: Path) -> None:
    found = open_portfolio(config(works), root)
    assert found.pixels.shape == (12, 32, 32, 3)
    assert found.pixels.dtype == np.uint8
    assert found.pixels.flags.c_contiguous
    assert not found.pixels.flags.writeable
    assert found.works.tolist() == list(range(12))
    assert found.names[:4] == ("day/00.png", "day/03.png", "day/06.png", "day/09.png")
    assert found.label_names == ("day", "night")
    assert found.labels is not None
    assert found.labels.tolist() == [0] * 4 + [1] * 8
    assert len(found.held_out) == 1
    assert sorted([*found.train, *found.held_out]) == list(range(12))
    middle = Image.fromarray(pattern(0, 64, 48)).resize((32, 32), Image.Resampling.LANCZOS, (8, 0, 56, 48))
    assert np.abs(found.pixels[0].astype(int) - np.asarray(middle)).max() <= 1


def test_the_second_time_comes_from_the_cache_and_is_the_same(
    works: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[int, int]] = []
    first = open_portfolio(config(works), root, lambda done, total: steps.append((done, total)))
    assert steps == [(n, 12) for n in range(1, 13)]
    only_from_the_cache(monkeypatch)
    second = open_portfolio(config(works), root, lambda done, total: steps.append((done, total)))
    assert len(steps) == 12
    assert isinstance(second.pixels, np.memmap)
    assert same(first, second)
    other = open_portfolio(config(works, held_out=0.4, seed=3, labels="none"), root)
    assert len(other.held_out) == 5
    assert other.labels is None
    assert other.digest != first.digest


def only_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on nothing is decoded."""
    monkeypatch.setattr(cache, "_build_on_disk", None)
    monkeypatch.setattr(cache, "_build_in_memory", None)


def same(one: Portfolio, two: Portfolio) -> bool:
    return (
        np.array_equal(one.pixels, two.pixels)
        and (one.names, one.digest, one.skipped, one.notes) == (two.names, two.digest, two.skipped, two.notes)
        and all(np.array_equal(a, b) for a, b in ((one.train, two.train), (one.works, two.works)))
    )


def test_works_that_were_moved_touched_or_packed_come_from_the_cache(
    works: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_portfolio(config(works), root)
    only_from_the_cache(monkeypatch)
    moved = works.rename(tmp_path / "moved")
    for path in moved.rglob("*.png"):
        os.utime(path, (10**9, 10**9))
    assert same(open_portfolio(config(moved), root), first)
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", moved)
    assert same(open_portfolio(config(Path(packed)), root), first)
    assert cached(root) == [".json", ".pixels"]


def test_a_picture_of_the_same_size_and_time_is_seen_to_be_another(works: Path, root: Path) -> None:
    file = works / "day" / "00.png"
    for n in (20, 21):
        file.write_bytes(encoded(picture(n, "RGB", 64, 48), "BMP"))
        os.utime(file, (1, 1))
        found = open_portfolio(config(works), root)
        shown = Image.fromarray(pattern(n, 64, 48)).resize((32, 32), Image.Resampling.LANCZOS, (8, 0, 56, 48))
        assert np.abs(found.pixels[0].astype(int) - np.asarray(shown)).max() <= 1


def test_a_renamed_file_is_called_by_its_new_name(works: Path, root: Path) -> None:
    open_portfolio(config(works), root)
    (works / "day" / "00.png").rename(works / "night" / "new.png")
    found = open_portfolio(config(works), root)
    assert "night/new.png" in found.names
    assert found.labels is not None
    assert found.labels.tolist() == [0] * 3 + [1] * 9


def test_a_changed_file_is_seen_and_the_old_cache_goes(works: Path, root: Path) -> None:
    before = open_portfolio(config(works), root)
    file = works / "day" / "00.png"
    file.write_bytes(file.read_bytes()[:-1] + b"\x00")
    (works / "day" / "new.png").write_bytes(encoded(picture(50), "PNG"))
    after = open_portfolio(config(works), root)
    assert len(after.works) == 13
    assert after.digest != before.digest
    assert cached(root) == [".json", ".pixels"]


@pytest.mark.parametrize(
    "changes", [{"resolution": 40}, {"fit": "pad"}, {"crops": 4}, {"background": "black"}], ids=str
)
def test_other_settings_have_a_cache_of_their_own(works: Path, root: Path, changes: dict[str, object]) -> None:
    open_portfolio(config(works), root)
    open_portfolio(config(works, **changes), root)
    assert cached(root) == [".json", ".json", ".pixels", ".pixels"]


@pytest.mark.parametrize("harm", ["short", "long", "no pixels", "no json", "bad json", "other json", "old version"])
def test_a_damaged_cache_is_made_again(works: Path, root: Path, harm: str) -> None:
    before = open_portfolio(config(works), root)
    pixels, said = (next((root / "pictures").glob(f"*.{kind}")) for kind in ("pixels", "json"))
    data = pixels.read_bytes()
    harms = {
        "short": (pixels, data[:-1]),
        "long": (pixels, data + b"\0"),
        "no pixels": (pixels, None),
        "no json": (said, None),
        "bad json": (said, said.read_bytes()[:-20]),
        "other json": (said, b"[1, 2]"),
        "old version": (said, json.dumps({**json.loads(said.read_text()), "version": 0}).encode()),
    }
    path, after = harms[harm]
    path.unlink()
    if after is not None:
        path.write_bytes(after)
    assert same(open_portfolio(config(works), root), before)
    assert pixels.read_bytes() == data


def test_what_a_killed_process_left_is_removed(works: Path, root: Path) -> None:
    folder = root / "pictures"
    folder.mkdir(parents=True)
    for name, age in (("old.tmp", 2 * 86_400), ("young.tmp", 0)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    open_portfolio(config(works), root)
    assert cached(root) == [".json", ".pixels", ".tmp"]


def test_two_processes_at_once_agree(works: Path, root: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from gansuite.image.dataset import DataConfig, open_portfolio\n"
        "found = open_portfolio(DataConfig(path=sys.argv[1], resolution=32), Path(sys.argv[2]))\n"
        "print(found.digest, int(found.pixels.sum()))\n"
        "assert 'torch' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, str(works), str(root)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in running]
    found = open_portfolio(config(works), root)
    assert said == [f"{found.digest} {int(found.pixels.sum())}"] * 2
    assert cached(root) == [".json", ".pixels"]


def test_without_a_place_for_the_cache_works_are_kept_in_memory(works: Path, root: Path) -> None:
    kept = open_portfolio(config(works), root)
    root.joinpath("file").write_text("in the way")
    with pytest.warns(CacheWarning, match="decoded into memory"):
        found = open_portfolio(config(works), root / "file")
    assert found.digest == kept.digest
    assert np.array_equal(found.pixels, kept.pixels)
    assert not found.pixels.flags.writeable
    assert any("decoded into memory" in note for note in found.notes)


def test_a_full_disk_before_and_midway(works: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fails)
        with pytest.warns(CacheWarning, match="No space left"):
            open_portfolio(config(works), root)
    assert list((root / "pictures").iterdir()) == []
    usage = shutil.disk_usage(works)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=10))
    with pytest.warns(CacheWarning, match="No space left"):
        found = open_portfolio(config(works), root)
    assert len(found.works) == 12
    monkeypatch.setattr("gansuite.core.machine.look", lambda: types.SimpleNamespace(memory=50_000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CacheWarning)
        with pytest.raises(GansuiteError, match="GANSUITE_CACHE"):
            open_portfolio(config(works), root)


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_cache_root({"GANSUITE_CACHE": "/x/y", "XDG_CACHE_HOME": "/z"}) == Path("/x/y")
    assert default_cache_root({"XDG_CACHE_HOME": "/z"}) == Path("/z/gansuite")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", "/home/a")
    assert default_cache_root({}) == Path("/home/a/.cache/gansuite")


# ---- splits, crops, duplicates, labels


def test_renamed_and_shuffled_files_split_the_same_way(works: Path, root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for number, path in enumerate(sorted(works.rglob("*.png"), reverse=True)):
        shutil.copy(path, other / f"{number}.png")
    one = open_portfolio(config(works, labels="none", held_out=0.3), root)
    two = open_portfolio(config(other, held_out=0.3), root)
    assert {one.pixels[n].tobytes() for n in one.held_out} == {two.pixels[n].tobytes() for n in two.held_out}


def test_crops_of_a_work_stay_on_one_side(works: Path, root: Path) -> None:
    for n in range(4):
        (works / f"wide {n}.png").write_bytes(encoded(picture(60 + n, "RGB", 128, 128), "PNG"))
    found = open_portfolio(config(works, resolution=56, crops=4, held_out=0.5), root)
    assert len(found.pixels) == len(found.works) == 12 + 4 * 4
    assert np.bincount(found.works).tolist() == [1] * 12 + [4] * 4
    train, held = set(found.works[found.train].tolist()), set(found.works[found.held_out].tolist())
    assert not train & held
    assert len(held) == 8
    assert found.labels is not None
    assert found.labels[12:].tolist() == [-1] * 16


def test_near_duplicates_stay_on_one_side_or_go(works: Path, root: Path) -> None:
    for n in range(3):
        (works / f"twin {n}.jpg").write_bytes(encoded(picture(n, "RGB", 64, 48).resize((128, 96)), "JPEG", quality=80))
    everything = open_portfolio(config(works, held_out=0.5, seed=1), root)
    sides = np.isin(np.arange(15), everything.held_out)
    where = dict(zip(everything.names, sides.tolist(), strict=True))
    assert where["twin 0.jpg"] == where["day/00.png"]
    assert where["twin 1.jpg"] == where["night/01.png"]
    assert any("3 of 15 works are near-duplicates" in note for note in everything.notes)
    largest = open_portfolio(config(works, keep_duplicates=False), root)
    used = {largest.names[n] for n in (*largest.train, *largest.held_out)}
    assert len(used) == 12
    assert {"twin 0.jpg", "twin 1.jpg", "twin 2.jpg"} <= used
    assert ("day/00.png", "is a near-duplicate of twin 0.jpg") in largest.skipped


def test_a_table_of_labels_is_not_called_skipped(works: Path, root: Path) -> None:
    rows = [f"{n:02d}.png,{'odd' if n % 2 else 'even'}" for n in range(12)]
    (works / "labels.csv").write_text("\n".join(["file,kind", *rows]))
    found = open_portfolio(config(works, labels="labels.csv:kind"), root)
    assert found.label_names == ("even", "odd")
    assert found.skipped == ()
    without = open_portfolio(config(works), root)
    assert [name for name, _ in without.skipped] == ["labels.csv"]
    assert "is a table" in without.skipped[0][1]


def test_hostile_files_among_the_works(root: Path, tmp_path: Path) -> None:
    expected = make_hostile_folder(tmp_path / "bad")
    found = open_portfolio(config(tmp_path / "bad"), root)
    assert list(found.names) == sorted(name for name, word in expected.items() if word == USED)
    assert len(found.skipped) == 40 - len(found.names)
    assert all(expected[name] in reason for name, reason in found.skipped)


# ---- the embedded portfolio


def fake_synth(monkeypatch: pytest.MonkeyPatch, calls: list[int]) -> None:
    module = types.ModuleType("gansuite.image.synth")
    module.__file__ = __file__

    def draw_portfolio(count: int, size: int, seed: int) -> tuple[np.ndarray, tuple[str, ...]]:
        calls.append(size)
        drawn = np.stack([pattern(n, size, size) for n in range(count)])
        return drawn, tuple("ab"[n % 2] for n in range(count))

    module.draw_portfolio = draw_portfolio  # type: ignore[attr-defined]
    module.COUNT, module.SIZE = 20, 128  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gansuite.image.synth", module)
    monkeypatch.setattr("gansuite.image.synth", module, raising=False)


def test_without_a_path_the_embedded_portfolio_is_drawn_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    fake_synth(monkeypatch, calls)
    first = open_portfolio(DataConfig(resolution=32), root)
    second = open_portfolio(DataConfig(resolution=32), root)
    assert calls == [128]
    assert same(first, second)
    assert first.label_names == ("a", "b")
    assert first.names[:2] == ("a/0000", "b/0001")
    assert first.pixels.shape == (20, 32, 32, 3)


# ---- what is wrong


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resolution": 100}, "100 pixels.*96 or 112"),
        ({"fit": "crops"}, "Did you mean 'crop'"),
        ({"crops": 0}, "0 crops"),
        ({"background": "wite"}, "not a colour"),
        ({"held_out": 0.9}, "0 to 0.5"),
        ({"labels": "folder"}, "Did you mean 'folders'"),
    ],
)
def test_impossible_settings_are_refused_before_anything_is_read(changes: dict[str, object], words: str) -> None:
    with pytest.raises(GansuiteError, match=words):
        check_config(config(Path("nowhere"), **changes))


def test_missing_empty_unusable_and_too_small_portfolios(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    with pytest.raises(GansuiteError, match="no folder or file"):
        open_portfolio(config(folder), root)
    folder.mkdir()
    with pytest.raises(GansuiteError, match="holds no files"):
        open_portfolio(config(folder), root)
    (folder / "a.jpg").write_text("no")
    with pytest.raises(GansuiteError, match=r"no usable picture.*a\.jpg is text"):
        open_portfolio(config(folder), root)
    (folder / "b.png").write_bytes(encoded(picture(1), "PNG"))
    with pytest.raises(GansuiteError, match="only 1 usable picture; training needs at least 8"):
        open_portfolio(config(folder), root)


def test_with_very_few_works_one_is_held_out_and_that_is_said(root: Path, tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    for n in range(8):
        (tmp_path / "few" / f"{n}.png").write_bytes(encoded(picture(n), "PNG"))
    found = open_portfolio(config(tmp_path / "few"), root)
    assert (len(found.train), len(found.held_out)) == (7, 1)
    assert any("only 8 works so few are held out (1)" in note for note in found.notes)


def test_colours() -> None:
    assert parse_colour("white") == (255, 255, 255)
    assert parse_colour("#f0e8d0") == (240, 232, 208)


@pytest.mark.skipif(not ART.exists(), reason="the art pack is not beside the repository")
def test_the_art_pack_opens_with_its_styles(root: Path) -> None:
    found = open_portfolio(DataConfig(path=str(ART), labels="labels.csv:style"), root)
    assert found.pixels.shape == (3832, 64, 64, 3)
    assert found.skipped == ()
    assert len(found.label_names) == 7
    assert found.labels is not None
    assert found.labels.min() == 0
    assert len(found.held_out) == 383
    share = np.bincount(found.labels[found.held_out]) / np.bincount(found.labels)
    assert share.min() > 0.09
    assert share.max() < 0.11
