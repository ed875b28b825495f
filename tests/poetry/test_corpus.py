"""A corpus read from what people have: what is kept, what is left out and why, and what the cache holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gansuite.core.errors import GansuiteError
from gansuite.poetry.columns import author_key
from gansuite.poetry.corpus import Corpus, Wanted, read_corpus
from gansuite.poetry.guard import Limits
from gansuite.poetry.sieve import Ranges, passages, sift
from gansuite.poetry.split import HELD_OUT, OPEN, TRAIN
from gansuite.poetry.store import CacheWarning, Stored, default_cache_root, fetch

from .hostile import USED, json_lines, make_hostile_folder, poem, poems, records, write, zipped


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def read(cache: Path, *paths: Path, **more: object) -> Corpus:
    return read_corpus(Wanted(tuple(map(str, paths))), cache_root=cache, **more)  # type: ignore[arg-type]


def texts(corpus: Corpus) -> list[str]:
    return list(corpus.poems)


# ---- what comes out


def test_a_text_file_becomes_poems_with_their_lines(tmp_path: Path, cache: Path) -> None:
    corpus = read(cache, write(tmp_path / "mine.txt", "\n\n".join(poems(3))))
    assert texts(corpus) == poems(3)
    assert corpus.lines.tolist() == [4, 4, 4]
    assert corpus.words.tolist() == [len(text.split()) for text in poems(3)]
    assert (corpus.facts.files, corpus.facts.used, corpus.facts.found) == (1, 1, 3)
    assert corpus.poems[-1] == poem(2)
    assert corpus.poems[:2] == poems(2)


def test_forty_hostile_files_are_used_or_named_with_a_reason(tmp_path: Path, cache: Path) -> None:
    expected = make_hostile_folder(tmp_path / "poems")
    corpus = read(cache, tmp_path / "poems")
    skipped = {name: reason for name, reason in corpus.facts.skipped if ", line" not in name}
    assert skipped.keys() == {name for name, word in expected.items() if word != USED}
    assert {name: word for name, word in expected.items() if word not in skipped.get(name, USED)} == {}
    found = "\n\n".join(texts(corpus))
    # poem 50 lies outside the folder, 51 is locked
    missing = [seed for seed in [*range(14), *range(20, 43)] if not _has(found, seed)]
    assert missing == []
    assert "O café, ô nuit" in found
    assert "'Tis the night's... end — and-so" in found
    assert "It's over" in found
    lines = [name for name, _ in corpus.facts.skipped if ", line" in name]
    assert lines == ["some_broken.jsonl, line 2", "some_broken.jsonl, line 3", "some_broken.jsonl, line 4"]
    assert "latin1.txt is not UTF-8: 1 of its lines were read as Latin-1." in corpus.facts.notes
    assert "utf16.txt was read as UTF-16." in corpus.facts.notes


def _has(found: str, seed: int) -> bool:
    return poem(seed).replace(",", "") in found.replace(",", "")


def test_titles_authors_and_years_are_kept(tmp_path: Path, cache: Path) -> None:
    table = f'title,author,year,poem\nRain,Ann Lee,1880,"{poem(1)}"\n,Anonymous,,"{poem(2)}"\n'
    corpus = read(cache, write(tmp_path / "t.csv", table))
    assert [corpus.titles[number] for number in corpus.title] == ["Rain", ""]
    assert [corpus.authors[number] for number in corpus.author] == ["Ann Lee", ""]
    assert corpus.born.tolist() == [1845, 0]


def test_folders_of_plain_texts_are_their_authors(tmp_path: Path, cache: Path) -> None:
    for seed, name in enumerate(("keats/ode.txt", "keats/more.txt", "lear/owl.txt", "alone.txt")):
        write(tmp_path / "poems" / name, poem(seed))
    corpus = read(cache, tmp_path / "poems")
    assert [corpus.authors[number] for number in corpus.author] == ["", "keats", "keats", "lear"]
    assert len(set(corpus.group.tolist())) == 3


def test_one_author_is_one_however_the_name_is_written() -> None:
    assert author_key("Byron, George Gordon (1788-1824)") == author_key("George Gordon BYRON")
    assert author_key("Anonymous") == author_key(" unknown ") == author_key("Anon.") == ""
    assert author_key("Emily Brontë") == author_key("Emily Bronte")
    assert author_key("Ann Lee") != author_key("Ann Lea")


def test_stanzas_of_one_poem_stay_together(tmp_path: Path, cache: Path) -> None:
    long = "\n\n".join(poems(6))
    found = read(cache, write(tmp_path / "a.jsonl", json_lines([{"poem": long}, {"poem": poem(9)}])))
    assert texts(found) == [*poems(6), poem(9)]
    assert found.work.tolist() == [found.work[0]] * 6 + [found.work[6]]
    assert found.work[0] != found.work[6]


def test_a_poem_that_fits_keeps_its_stanzas(tmp_path: Path, cache: Path) -> None:
    corpus = read(cache, write(tmp_path / "a.jsonl", json_lines([f"{poem(1)}\n\n{poem(2)}"])))
    assert texts(corpus) == [f"{poem(1)}\n\n{poem(2)}"]
    assert corpus.lines.tolist() == [8]


# ---- what is left out


def test_poems_out_of_range_are_counted_with_reasons(tmp_path: Path, cache: Path) -> None:
    items = [
        poem(1),
        "One line of seven words stands alone",
        poem(2, lines=20),
        "Too\nfew",
        "\n".join(["long words of prose " * 8, "and a second line of it"]),
        "1914\n1915\n12.5\n3",
        "lost \ufffd letters in a line\nand | a table of things here",
        poem(1).upper(),
        poem(1).replace("The", "A", 1),
    ]
    corpus = read(cache, write(tmp_path / "a.jsonl", json_lines(items)))
    assert texts(corpus) == [poem(1)]
    assert corpus.facts.dropped == {
        "shorter than 2 lines": 1,
        "longer than 16 lines": 1,
        "of fewer than 6 words": 1,
        "with a line of over 100 characters, so prose": 1,
        "without any words": 1,
        "with signs that no poem has (of tables, of a damaged print)": 1,
        "an exact repetition of another": 1,
        "nearly the same as another": 1,
    }
    assert corpus.facts.found == 9
    assert corpus.facts.examples["of fewer than 6 words"] == "a.jsonl: Too / few"


def test_ranges_are_the_readers_to_choose(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path / "a.jsonl", json_lines([poem(1, lines=3), poem(2, lines=14)]))
    assert read(cache, path).lines.tolist() == [3, 14]
    assert read(cache, path, ranges=Ranges(lines=(14, 14))).lines.tolist() == [14]
    assert read(cache, path, ranges=Ranges(lines=(2, 3))).lines.tolist() == [3]
    with pytest.raises(GansuiteError, match="Poems of 5 to 3 lines are asked for"):
        read(cache, path, ranges=Ranges(lines=(5, 3)))


def test_the_few_poems_of_other_languages_are_left_out(tmp_path: Path, cache: Path) -> None:
    latin = "Et rigentibus virentes ducit umbras floribus\ncras erit quum primus aether copulavit nuptias"
    corpus = read(cache, write(tmp_path / "a.jsonl", json_lines([*poems(10), latin])))
    assert len(corpus) == 10
    assert corpus.facts.dropped == {"in another language, where nearly all is English": 1}
    other = "Cras amet qui nunquam amavit quique amavit cras amet\nver novum ver iam canorum vere natus orbis est"
    assert len(read(cache, write(tmp_path / "b.jsonl", json_lines([latin, other])))) == 2


def test_a_poem_with_a_picture_stays_where_another_repeats_it(tmp_path: Path, cache: Path) -> None:
    items = [{"poem": poem(1)}, {"poem": poem(1) + " ", "image": "a.jpg"}, {"poem": poem(1).upper(), "image": "b.jpg"}]
    corpus = read(cache, write(tmp_path / "a.jsonl", json_lines(items)))
    assert len(corpus) == 1
    assert [corpus.images[number] for number in corpus.pair_image] == [("a.jpg",), ("b.jpg",)]
    assert corpus.pair_poem.tolist() == [0, 0]


def test_a_poem_of_both_sides_is_trained_on(tmp_path: Path, cache: Path) -> None:
    one = write(tmp_path / "one.jsonl", json_lines(poems(3)))
    two = write(tmp_path / "two.jsonl", json_lines(poems(3, 2)))
    corpus = read_corpus(Wanted((str(two),), held_out=(str(one),)), cache_root=cache)
    sides = dict(zip(corpus.poems, corpus.side.tolist(), strict=True))
    assert sides == {poem(s): TRAIN if s >= 2 else HELD_OUT for s in range(5)}


def test_names_of_files_say_sides_if_both_are_there(tmp_path: Path, cache: Path) -> None:
    write(tmp_path / "p" / "train.jsonl", json_lines(poems(2)))
    assert set(read(cache, tmp_path / "p").side.tolist()) == {OPEN}
    write(tmp_path / "p" / "valid_authors.jsonl", json_lines(poems(2, 5)))
    write(tmp_path / "p" / "more.txt", poem(9))
    assert read(cache, tmp_path / "p").side.tolist() == [TRAIN, TRAIN, TRAIN, HELD_OUT, HELD_OUT]


def test_titles_of_poems_say_no_side(tmp_path: Path, cache: Path) -> None:
    for seed, name in enumerate(("train of thought.txt", "test of time.txt")):
        write(tmp_path / "p" / name, poem(seed))
    assert set(read(cache, tmp_path / "p").side.tolist()) == {OPEN}


def test_a_file_that_asks_too_much_is_refused(tmp_path: Path, cache: Path) -> None:
    write(tmp_path / "p" / "large.txt", "x" * 5000)
    write(tmp_path / "p" / "ok.txt", poem(1))
    corpus = read(cache, tmp_path / "p", limits=Limits(file_bytes=2000))
    assert len(corpus) == 1
    assert "too large" in dict(corpus.facts.skipped)["large.txt"]


# ---- prose


def test_prose_is_cut_into_passages_of_whole_sentences(tmp_path: Path, cache: Path) -> None:
    sentence = "The road went on over the hill and nobody followed it home that night."
    found = passages(f"{' '.join([sentence] * 12)}\n\nToo short.\n\n{sentence}")
    assert [passage.count("The road") for passage in found] == [5, 5, 2, 1]
    write(tmp_path / "p.jsonl", json_lines([{"prose": sentence}, {"poem": poem(1)}]))
    write(tmp_path / "q.txt", f"{sentence} Indeed.\n")
    corpus = read_corpus(Wanted((str(tmp_path / "p.jsonl"),), prose=(str(tmp_path / "q.txt"),)), cache_root=cache)
    assert list(corpus.prose) == [sentence, f"{sentence} Indeed."]
    assert len(corpus) == 1


def test_what_is_sifted_is_tidy() -> None:
    (only,) = sift("  “One two three,\r\n\tfour — five six”  ", Ranges())
    assert (only.text, only.bare, only.reason) == (
        '"One two three,\nfour — five six"',
        b"one two three four five six",
        "",
    )


# ---- the cache


def test_the_second_time_comes_from_the_cache_and_is_the_same(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path / "a.jsonl", json_lines(records(20)))
    calls: list[tuple[int, int]] = []
    first = read(cache, path, progress=lambda done, total: calls.append((done, total)))
    second = read(cache, path, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 1)]
    assert isinstance(second.poems.letters, np.memmap)
    assert (first.digest, texts(first), first.facts) == (second.digest, texts(second), second.facts)


def test_moved_files_are_found_and_changed_ones_are_not(tmp_path: Path, cache: Path) -> None:
    write(tmp_path / "here" / "a.jsonl", json_lines(records(5)))
    first = read(cache, tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert read(cache, tmp_path / "there").digest == first.digest
    assert len(list((cache / "poems").iterdir())) == 1
    times = os.stat(tmp_path / "there" / "a.jsonl")
    write(tmp_path / "there" / "a.jsonl", json_lines(records(5, first=1)))
    os.utime(tmp_path / "there" / "a.jsonl", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert read(cache, tmp_path / "there").digest != first.digest


def test_a_damaged_cache_is_made_again(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path / "a.jsonl", json_lines(records(5)))
    first = read(cache, path)
    (folder,) = (cache / "poems").iterdir()
    for damage in ("cut", "gone", "no json"):
        if damage == "cut":
            write(folder / "poems_letters.npy", (folder / "poems_letters.npy").read_bytes()[:-9])
        elif damage == "gone":
            (folder / "lines.npy").unlink()
        else:
            write(folder / "facts.json", "{")
        assert read(cache, path).digest == first.digest


def test_a_cache_of_pickles_is_not_opened(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path / "a.jsonl", json_lines(records(5)))
    read(cache, path)
    (folder,) = (cache / "poems").iterdir()
    np.save(folder / "lines.npy", np.array([print] * 5, object), allow_pickle=True)
    assert read(cache, path).lines.tolist() == [4] * 5


def test_where_nothing_can_be_written_it_works_and_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", json_lines(records(5)))
    with pytest.warns(CacheWarning, match="cannot be used"):
        corpus = read(write(tmp_path / "a file", "x"), path)
    assert len(corpus) == 5


def test_old_entries_make_room(tmp_path: Path) -> None:
    for number in range(15):
        fetch(tmp_path, "things", f"{number:02d}", lambda: Stored({"a": np.arange(3)}))
        os.utime(tmp_path / "poems" / f"things-{number:02d}", (number, number))
    fetch(tmp_path, "things", "new", lambda: Stored({"a": np.arange(3)}))
    left = sorted(path.name for path in (tmp_path / "poems").iterdir())
    assert len(left) == 8
    assert "things-new" in left
    assert "things-00" not in left


def test_the_place_of_the_cache() -> None:
    assert default_cache_root({"GANSUITE_CACHE": "/x/y", "XDG_CACHE_HOME": "/z"}) == Path("/x/y")
    assert default_cache_root({"XDG_CACHE_HOME": "/z"}) == Path("/z/gansuite")


def test_the_same_corpus_whatever_python_hashes(tmp_path: Path) -> None:
    make_hostile_folder(tmp_path / "poems")
    code = (
        "import sys, pathlib; from gansuite.poetry.corpus import *;"
        "print(read_corpus(Wanted((sys.argv[1],)), cache_root=pathlib.Path(sys.argv[2])).digest)"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "poems"), str(tmp_path / f"cache{seed}")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_reading_poems_needs_neither_torch_nor_transformers(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"a.jsonl": json_lines(records(5))})
    code = (
        "import sys, pathlib, json; from gansuite.poetry.corpus import *; import gansuite.poetry.dataset;"
        "import gansuite.poetry.tokens, gansuite.poetry.inspect;"
        "c = read_corpus(Wanted((sys.argv[1],)), cache_root=pathlib.Path(sys.argv[2]));"
        "print(json.dumps([len(c), 'torch' in sys.modules, 'transformers' in sys.modules]))"
    )
    run = [sys.executable, "-c", code, str(path), str(tmp_path / "cache")]
    assert json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout) == [5, False, False]
