"""The judges: their half of the poems, what they learn, and that they come back from the disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gansuite.core.errors import GansuiteError
from gansuite.poetry.corpus import Corpus
from gansuite.poetry.dataset import PoemDataConfig, Verse, open_verse
from gansuite.poetry.evaluation.halves import JUDGE, REWARD, half_of
from gansuite.poetry.evaluation.judge import Judge, judged_pairs
from gansuite.poetry.evaluation.lots import held_out_lot, shuffled
from gansuite.poetry.evaluation.reading import LINE_END, MOST, PAD, read_words
from gansuite.poetry.evaluation.style import StyleJudge
from gansuite.poetry.matching import Match

from .hostile import Album, album, json_lines, poem, poems, records, write

AUTHORS = 12


class Coloured(Album):
    """Pictures whose label is their colour."""

    @property
    def thumbnails(self) -> np.ndarray:
        colours = {"sea": (20, 60, 200), "rose": (220, 30, 60)}
        noise = np.random.default_rng(0).integers(-20, 20, (self.count, 64, 64, 3))
        base = np.array([colours[label] for label in self.labels])[:, None, None]
        return np.clip(base + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def verse(tmp_path_factory: pytest.TempPathFactory) -> Verse:
    folder = tmp_path_factory.mktemp("verse")
    items = records(240, authors=AUTHORS)
    for number in range(240):
        items[number]["poem"] = poem(number, about="sea" if number % 2 else "rose")
    shown = album(20, "sea", "rose")
    config = PoemDataConfig((str(write(folder / "corpus.jsonl", json_lines(items))),), held_out=0.2)
    return open_verse(config, Coloured(list(shown.names), list(shown.labels)), cache_root=folder / "cache")


@pytest.fixture(scope="module")
def pictures(verse: Verse) -> Coloured:
    shown = album(20, "sea", "rose")
    return Coloured(list(shown.names), list(shown.labels))


# ---- halves


def test_no_author_is_in_both_halves(verse: Verse) -> None:
    half = half_of(verse.corpus)
    assert set(half.tolist()) == {REWARD, JUDGE}
    for author in np.unique(verse.corpus.author):
        assert len(set(half[verse.corpus.author == author].tolist())) == 1


def test_the_half_of_a_poem_follows_from_what_poems_say(tmp_path: Path) -> None:
    items = records(60, authors=AUTHORS)

    def halves(items: list[dict[str, object]], name: str) -> dict[str, int]:
        path = write(tmp_path / name / "poems.jsonl", json_lines(items))
        corpus: Corpus = open_verse(PoemDataConfig((str(path),)), cache_root=tmp_path / "cache").corpus
        return dict(zip(corpus.poems, half_of(corpus).tolist(), strict=True))

    assert halves(items, "one") == halves(items[::-1], "other")


def test_both_halves_have_poems_even_of_one_file_without_authors(tmp_path: Path) -> None:
    for seed in range(3):
        text = "\n\n".join(poem(100 * seed + number) for number in range(30))
        path = write(tmp_path / f"{seed}" / "mine.txt", text)
        corpus = open_verse(PoemDataConfig((str(path),)), cache_root=tmp_path / "cache").corpus
        assert set(half_of(corpus).tolist()) == {REWARD, JUDGE}


# ---- reading


def test_poems_are_read_as_hashed_words_and_line_ends() -> None:
    table = read_words(["The sea,\nthe SEA", "rose"])
    the, sea, end = table[0, :3]
    assert table[0].tolist() == [the, sea, LINE_END, the, sea]
    assert end == LINE_END
    assert table[1, 1:].tolist() == [PAD] * 4
    assert read_words(["word " * 500]).shape == (1, MOST)
    assert read_words([]).shape == (0, 0)


# ---- lots


def test_held_out_pictures_come_with_their_poems(verse: Verse, pictures: Coloured) -> None:
    lot = held_out_lot(verse, pictures)
    held = {verse.corpus.poems[row] for row in verse.held_out}
    assert len(lot.poems) == len(lot.references) == len(lot.labels) == len(verse.match.held_out_pictures)
    assert {*lot.poems, *(one for some in lot.references for one in some)} <= held
    for text, others, label in zip(lot.poems, lot.references, lot.labels, strict=True):
        assert label in text
        assert text not in others
    assert lot.thumbnails is not None
    assert len(lot.thumbnails) == len(lot.poems)
    assert len(held_out_lot(verse, pictures, 3).poems) == 3


def test_shuffled_pictures_are_all_strangers(verse: Verse, pictures: Coloured) -> None:
    lot = held_out_lot(verse, pictures)
    mixed = shuffled(lot)
    assert sorted(mixed.poems) == sorted(lot.poems)
    assert mixed.labels == lot.labels
    numbers = shuffled(replace(lot, poems=[str(place) for place in range(9)])).poems
    assert all(number != str(place) for place, number in enumerate(numbers))


def test_without_held_out_pictures_there_is_no_lot(verse: Verse) -> None:
    with pytest.raises(GansuiteError, match="0 held-out pictures"):
        held_out_lot(replace(verse, match=Match()), album(4, "sea"))


# ---- relevance


def test_the_judge_learns_which_picture_a_poem_is_for(verse: Verse, pictures: Coloured, tmp_path: Path) -> None:
    judge = Judge.train(pictures, verse, steps=30)
    texts = [verse.corpus.poems[row] for row in verse.held_out[:20]]
    labels = ["rose" if "rose" in text else "sea" for text in texts]
    shown = [list(pictures.labels).index(label) for label in labels]
    found = judge.retrieval(texts, pictures.thumbnails[shown], labels)
    assert found.label_first.value > 0.9
    assert found.label_ten.value > found.chance["label ten"]
    np.testing.assert_allclose(np.linalg.norm(judge.embed_poems(texts), axis=1), 1, rtol=1e-5)
    folder = judge.save(tmp_path / "judge", "# A judge")
    again = Judge.open(folder)
    np.testing.assert_array_equal(again.embed_poems(texts), judge.embed_poems(texts))
    np.testing.assert_array_equal(again.embed_pictures(pictures.thumbnails), judge.embed_pictures(pictures.thumbnails))
    with pytest.raises(GansuiteError, match="holds a relevance-judge, not a style-judge"):
        StyleJudge.open(folder)


def test_the_same_seed_trains_the_same_judge(verse: Verse, pictures: Coloured) -> None:
    state = torch.get_rng_state()
    one, same, other = (
        Judge.train(pictures, verse, seed, steps=3).embed_poems(["the sea"]).tolist() for seed in (0, 0, 1)
    )
    assert one == same != other
    assert torch.equal(state, torch.get_rng_state())


def test_it_learns_from_its_half_only(verse: Verse) -> None:
    pairs = judged_pairs(verse)
    assert 0 < len(pairs) < len(verse.match.train)
    assert set(half_of(verse.corpus)[pairs.poem].tolist()) == {JUDGE}


def test_without_pairs_there_is_no_judge(verse: Verse, tmp_path: Path) -> None:
    path = write(tmp_path / "poems.jsonl", json_lines(records(40, authors=4)))
    bare = open_verse(PoemDataConfig((str(path),)), cache_root=tmp_path / "cache")
    with pytest.raises(GansuiteError, match="0 pairs"):
        Judge.train(album(4, "sea"), bare)


# ---- style


def test_the_judge_of_style_tells_poems_from_others(verse: Verse, tmp_path: Path) -> None:
    generated = ["zig zag zog\nzig zag zog"] * 5
    judge = StyleJudge.train(verse, generated, steps=20)
    texts = verse.corpus.poems.take(verse.held_out[:20])
    assert judge.poeticness(texts).mean() > judge.poeticness(generated).mean() + 0.2
    folder = judge.save(tmp_path / "style", "# A judge")
    np.testing.assert_array_equal(StyleJudge.open(folder).poeticness(texts), judge.poeticness(texts))
    with pytest.raises(GansuiteError, match="holds a style-judge, not a relevance-judge"):
        Judge.open(folder)


def test_reading_in_company_changes_nothing(verse: Verse) -> None:
    judge = StyleJudge.train(verse, steps=2)
    long = "\n".join(poems(3))
    together = judge.poeticness([verse.corpus.poems[0], long])
    assert together[0] == pytest.approx(judge.poeticness([verse.corpus.poems[0]])[0], abs=1e-5)
