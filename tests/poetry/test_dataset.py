"""Poems opened for training: authors held out, what can be asked of poems, pictures and their poems."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.poetry.controls import MOODS
from gansuite.poetry.dataset import PoemDataConfig, Verse, check_config, open_verse
from gansuite.poetry.split import HELD_OUT, OPEN, TRAIN, hold_out, picture_groups, sides_by_name

from .hostile import Album, album, json_lines, make_hostile_folder, poem, poems, records, write

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "poems"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Sixty poems by six authors; the first ten are about the sea, the next ten about roses."""
    items = records(60, authors=6)
    for number in range(20):
        items[number]["poem"] = poem(number, about="sea" if number < 10 else "rose")
    return write(tmp_path / "corpus.jsonl", json_lines(items))


def opened(path: Path, pictures: Album | None = None, **changes: object) -> Verse:
    config = replace(PoemDataConfig((str(path),)), **changes)  # type: ignore[arg-type]
    return open_verse(config, pictures, cache_root=path.parent / "cache")


def authors(verse: Verse, rows: np.ndarray) -> set[str]:
    return {verse.corpus.authors[number] for number in verse.corpus.author[rows]}


# ---- the split


def test_authors_are_held_out_whole(corpus: Path) -> None:
    verse = opened(corpus, held_out=0.2)
    assert (len(verse.train), len(verse.held_out)) == (50, 10)
    assert sorted([*verse.train, *verse.held_out]) == list(range(60))
    assert not authors(verse, verse.train) & authors(verse, verse.held_out)
    assert verse.report.authors == (5, 1)
    assert verse.report.notes == ("60 poems are few: a poet learns them by heart unless it begins from a trained one.",)


def test_the_split_follows_from_what_poems_say_and_the_seed(corpus: Path, tmp_path: Path) -> None:
    verse = opened(corpus, held_out=0.2)
    turned = write(tmp_path / "other" / "x.jsonl", b"\n".join(reversed(corpus.read_bytes().split(b"\n"))))
    again = opened(turned, held_out=0.2)
    held = {verse.corpus.poems[row] for row in verse.held_out}
    assert {again.corpus.poems[row] for row in again.held_out} == held
    seeds = [frozenset(authors(v, v.held_out)) for v in (opened(corpus, held_out=0.2, seed=s) for s in range(8))]
    assert len(set(seeds)) > 2


def test_one_author_alone_is_held_out_by_poems(tmp_path: Path) -> None:
    items = [{**record, "author": "Me"} for record in records(40)]
    items[0]["poem"] = "\n\n".join(poems(6, 100))
    verse = opened(write(tmp_path / "mine.jsonl", json_lines(items)))
    assert 3 <= len(verse.held_out) <= 6
    assert "All poems are by one author: poems are held out, not authors" in verse.report.notes[0]
    sides = np.zeros(len(verse.corpus), int)
    sides[verse.held_out] = 1
    assert len(set(sides[:6].tolist())) == 1


def test_without_authors_whole_runs_of_a_file_are_held_out(tmp_path: Path) -> None:
    verse = opened(write(tmp_path / "all.txt", "\n\n".join(poems(96))), held_out=0.2)
    assert verse.held_out.tolist() == list(range(verse.held_out[0], verse.held_out[0] + 16))
    assert "No author is named" in verse.report.notes[0]


def test_poems_to_measure_against_can_be_named(corpus: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.jsonl", json_lines(records(10, first=200)))
    verse = opened(corpus, held_out_corpus=(str(other),))
    assert (len(verse.train), len(verse.held_out)) == (60, 10)
    assert any("poems of the same 5 authors" in note for note in verse.report.notes)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=2, max_size=40), st.floats(0, 0.5), st.integers(0, 99))
def test_something_is_held_out_and_something_is_left(groups: list[int], share: float, seed: int) -> None:
    prints = np.arange(len(groups), dtype=np.uint64) * 977
    sides = hold_out(np.array(groups), np.zeros(len(groups), np.int64), prints, share, seed)
    for group in set(groups):
        assert len(set(sides[np.array(groups) == group].tolist())) == 1
    if len(set(groups)) > 1:
        assert set(sides.tolist()) == {TRAIN, HELD_OUT}
        smallest = min(groups.count(group) for group in groups)
        assert (sides == HELD_OUT).sum() <= max(smallest, share * len(groups) + 0.5, 1)


def test_what_has_a_side_keeps_it() -> None:
    sides = hold_out(np.arange(4), np.array([TRAIN, HELD_OUT, OPEN, OPEN]), np.arange(4, dtype=np.uint64), 0.5, 0)
    assert sides[:2].tolist() == [TRAIN, HELD_OUT]
    assert sorted(sides[2:].tolist()) == [TRAIN, HELD_OUT]


def test_sides_by_name_need_both_sides() -> None:
    assert sides_by_name(["train/a.jpg", "b/c.jpg"]).tolist() == [OPEN, OPEN]
    names = ["x/train/a.jpg", "VALID/b.jpg", "c.jpg", "train.jsonl.xz", "val-1.csv", "train.txt", "validity.csv"]
    assert sides_by_name(names).tolist() == [TRAIN, HELD_OUT, TRAIN, TRAIN, HELD_OUT, TRAIN, TRAIN]


# ---- controls


def test_every_poem_knows_what_it_could_be_asked_for(corpus: Path, tmp_path: Path) -> None:
    verse = open_verse(
        PoemDataConfig((str(corpus),)), scheme_of=lambda lines: "ABCB"[: len(lines)], cache_root=tmp_path / "cache"
    )
    asked = verse.controls[0]
    assert (asked.lines, asked.rhyme) == (4, "-A-A")
    assert {verse.controls[row].era for row in range(60)} == {1, 2, 3, 4}
    assert set(verse.controls.mood.tolist()) <= {-1, *range(len(MOODS))}
    assert opened(corpus).controls[0].rhyme == ""


def test_schemes_are_made_once_for_each_version_of_their_function(corpus: Path, tmp_path: Path) -> None:
    calls = []

    def scheme_of(lines: object) -> str:
        calls.append(lines)
        return "AABB"

    for version in ("1", "1", "2"):
        config = PoemDataConfig((str(corpus),))
        open_verse(config, scheme_of=scheme_of, scheme_version=version, cache_root=tmp_path / "cache")
    assert len(calls) == 2 * 60


# ---- pictures


def test_pictures_of_the_sea_get_poems_about_the_sea(corpus: Path) -> None:
    verse = opened(corpus, album(10, "sea", "roses"), held_out=0.2)
    match = verse.match
    assert (len(match.train_pictures), len(match.held_out_pictures)) == (16, 4)
    about = {"sea": "sea", "roses": "rose"}
    for pairs, rows in ((match.train, verse.train), (match.held_out, verse.held_out)):
        assert np.isin(pairs.poem, rows).all()
        strong = pairs.where(pairs.score > 0.25)
        assert len(strong)
        for picture, row in zip(strong.picture, strong.poem, strict=True):
            assert about[match.labels[picture]] in verse.corpus.poems[row]
    assert np.isin(match.train.picture, match.train_pictures).all()
    assert verse.report.labels["sea"].pictures == 10
    assert verse.report.pairs == (len(match.train), len(match.held_out))


def test_folders_train_and_valid_of_pictures_are_kept(corpus: Path) -> None:
    names = [f"{side}/scene/sea/{number}.jpg" for side in ("train", "valid") for number in range(5)]
    verse = opened(corpus, Album(names, [name.split("/")[0] for name in names]), held_out=0.2)
    assert verse.match.held_out_pictures.tolist() == [5, 6, 7, 8, 9]
    assert set(verse.match.labels) == {"sea"}


def test_the_same_picture_is_never_on_both_sides() -> None:
    thumbnails = album(30, "sea").thumbnails
    thumbnails[10:20] = thumbnails[:10]
    groups, prints = picture_groups(thumbnails)
    assert groups[10:20].tolist() == groups[:10].tolist()
    sides = hold_out(groups, np.zeros(30, np.int64), prints, 0.3, 0)
    assert sides[10:20].tolist() == sides[:10].tolist()


def test_pairs_from_a_table_by_text_and_by_title(corpus: Path, tmp_path: Path) -> None:
    write(corpus, json_lines([{"poem": poem(90), "title": "The Quay", "author": "Poet Z"}, *records(59)]))
    table = write(
        tmp_path / "pairs.csv",
        f'image,poem\nsea/001.jpg,"{poem(91)}"\nroses/000.jpg,the quay!\nsea/002.jpg,No Such\ngone.jpg,"{poem(92)}"\n',
    )
    verse = opened(corpus, album(3, "sea", "roses"), pairs=str(table), held_out=0.1)
    given = {}
    for pairs in (verse.match.train, verse.match.held_out):
        assert pairs.given.all()
        given |= {verse.match.labels[p]: verse.corpus.poems[r] for p, r in zip(pairs.picture, pairs.poem, strict=True)}
    assert given == {"sea": poem(91), "roses": poem(90)}
    assert verse.report.given == 2
    assert verse.match.missing == ("gone.jpg",)
    assert "Pictures that given pairs name and that are not there: 1 (gone.jpg)." in verse.report.notes
    assert verse.report.dropped["of one line only, and no poem has it as a title"] == 1


def test_the_multi_modal_json_gives_pairs_and_labels_fill_up(corpus: Path, tmp_path: Path) -> None:
    items = [{"poem": poem(70 + n), "image_url": f"https://h.example/{n}_x.jpg", "id": n} for n in range(4)]
    pairs = write(tmp_path / "multim.json", json.dumps(items))
    shown = Album([f"{n}.jpg" for n in range(3)] + ["sea/a.jpg"], ["", "", "", "sea"])
    config = PoemDataConfig((str(corpus), str(pairs)))
    verse = open_verse(config, shown, cache_root=tmp_path / "cache")
    both = {
        (int(picture), verse.corpus.poems[row])
        for found in (verse.match.train, verse.match.held_out)
        for picture, row in zip(found.where(found.given).picture, found.where(found.given).poem, strict=True)
    }
    assert both == {(n, poem(70 + n)) for n in range(3)}
    assert verse.report.given == 3
    assert 3 in verse.match.train.picture or 3 in verse.match.held_out.picture


def test_a_picture_with_many_poems_keeps_them_on_one_side(corpus: Path, tmp_path: Path) -> None:
    items = [{"poem": poem(70 + n), "image": f"{n % 4}.jpg"} for n in range(20)]
    table = write(tmp_path / "pairs.json", json.dumps(items))
    verse = opened(corpus, Album([f"{n}.jpg" for n in range(4)], [""] * 4), pairs=str(table), held_out=0.3)
    assert sorted([*np.bincount(verse.match.train.picture), *np.bincount(verse.match.held_out.picture)])[-4:] == [5] * 4
    assert not set(verse.match.train.picture.tolist()) & set(verse.match.held_out.picture.tolist())


def test_a_picture_given_to_poems_of_both_sides_is_on_one(corpus: Path, tmp_path: Path) -> None:
    one, other = {"poem": poem(90), "title": "One"}, {"poem": poem(91), "title": "Other"}
    held = write(tmp_path / "held.jsonl", json_lines([other, *records(5, first=300)]))
    write(corpus, json_lines([one, *records(40)]))
    table = write(tmp_path / "pairs.csv", "image,text\na.jpg,one\na.jpg,other\nb.jpg,one\n")
    verse = opened(corpus, Album(["a.jpg", "b.jpg"], ["", ""]), pairs=str(table), held_out_corpus=(str(held),))
    assert (len(verse.match.train), len(verse.match.held_out)) == (1, 1)
    assert "1 of 3 given pairs join a picture to poems of both sides; they are left out." in verse.report.notes


def test_what_the_lexicon_does_not_know_is_told(corpus: Path) -> None:
    verse = opened(corpus, album(3, "sea", "xylophones"))
    notes = " ".join(verse.report.notes)
    assert "The lexicon does not know xylophones" in notes
    assert "No poem speaks of xylophones" in notes
    assert not verse.report.labels["xylophones"].known


# ---- what is wrong


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"corpus": ()}, "No poems are named"),
        ({"held_out": 0.7}, "held_out is the share"),
        ({"min_lines": 9, "max_lines": 4}, "Poems of 9 to 4 lines"),
        ({"max_words": 5000}, "expected 1 to 1000"),
        ({"poems_per_picture": 0}, "0 poems for a picture"),
        ({"corpus": ("a",) * 70}, "More than 64 sources"),
    ],
)
def test_impossible_settings_are_refused_before_any_file_is_read(changes: dict[str, object], cause: str) -> None:
    with pytest.raises(GansuiteError, match=cause):
        check_config(replace(PoemDataConfig(("nowhere",)), **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("only a heading\n", "holds no poem to learn from; training needs at least 20"),
        ("\n\n".join(poems(3)), "holds only 3 poems to learn from"),
        ("one\ntwo\n\n" * 30, "Of 30 found, left out as: 30 of fewer than 6 words"),
        ("", "The first file skipped: a.txt is empty"),
    ],
)
def test_a_tiny_or_empty_corpus_is_a_clear_error(tmp_path: Path, content: str, cause: str) -> None:
    with pytest.raises(GansuiteError, match=cause) as told:
        opened(write(tmp_path / "a.txt", content))
    assert "blank lines" in told.value.remedy
    assert told.value.exit_code == 2


def test_nothing_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(GansuiteError, match="There is no folder or file"):
        opened(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(GansuiteError, match="holds no files"):
        opened(tmp_path / "empty")


@pytest.mark.parametrize(
    ("labels", "cause"),
    [(("",), "they have no labels"), (("xylophones", "zithers"), "their labels are xylophones, zithers")],
)
def test_pictures_that_go_with_no_poem_are_a_clear_error(corpus: Path, labels: tuple[str, ...], cause: str) -> None:
    with pytest.raises(GansuiteError, match=cause) as told:
        opened(corpus, album(4, *labels))
    assert "--pairs" in told.value.remedy
    assert opened(corpus, album(4, *labels), pairs="none").report.pairs == (0, 0)


def test_hostile_files_do_not_stop_it(tmp_path: Path) -> None:
    make_hostile_folder(tmp_path / "poems")
    verse = opened(tmp_path / "poems", album(6, "sea", "mountain"), held_out=0.2)
    assert len(verse.train) + len(verse.held_out) == len(verse.corpus) >= 35
    assert len(verse.report.skipped) > 15


# ---- the same again


def test_the_digest_follows_what_is_trained_on(corpus: Path) -> None:
    shown = album(5, "sea", "roses")
    first = opened(corpus, shown).digest
    assert opened(corpus, shown).digest == first
    others = [
        opened(corpus, shown, seed=1),
        opened(corpus, shown, held_out=0.3),
        opened(corpus),
        opened(corpus, shown, poems_per_picture=2),
        opened(corpus, album(5, "sea", "forest")),
    ]
    assert len({first, *(verse.digest for verse in others)}) == 6


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the packs of poems are not here")
def test_the_packs_open_and_lose_little(tmp_path: Path) -> None:
    config = PoemDataConfig((str(DATA / "train.jsonl.xz"),), (str(DATA / "valid_authors.jsonl.xz"),))
    verse = open_verse(replace(config, prose=(str(DATA / "prose.jsonl.xz"),)), cache_root=tmp_path)
    assert verse.report.found == 194_738 + 6_355
    assert len(verse.train) > 185_000
    assert len(verse.held_out) > 6_000
    assert verse.report.prose > 50_000
    assert verse.report.authors[0] > 570
    assert not authors(verse, verse.train) & authors(verse, verse.held_out)
