"""Writing: whatever the model, a poem has its lines, rhymes, syllables, words and ending."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gansuite.core.errors import GansuiteError
from gansuite.poetry.check import check
from gansuite.poetry.forms import FORMS, Form, design
from gansuite.poetry.lexicon import word_lists
from gansuite.poetry.sounds import english, words_of
from gansuite.poetry.tokens import train_tokenizer
from gansuite.poetry.verse import read_line
from gansuite.poetry.writing.compose import Poem, compose
from gansuite.poetry.writing.filter import is_offensive
from gansuite.poetry.writing.row import EITHER, Row
from gansuite.poetry.writing.score import appeal
from gansuite.poetry.writing.wish import MOST_FREE, Wish, checked, holds_word
from gansuite.poetry.writing.wordbook import Wordbook

from .hostile import poems
from .pens import ListPage, ListPen, chance_pen, trigram_pen

VOICE = english()
few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    known = [" ".join(word_lists("verse.txt")["common"][start::40]) for start in range(40)]
    return train_tokenizer([*poems(100), *known], size=2000).backend_tokenizer


@pytest.fixture(scope="module")
def book(tokenizer: Any) -> Wordbook:
    return Wordbook(tokenizer, VOICE)


@pytest.fixture(scope="module")
def pen(tokenizer: Any) -> ListPen:
    return trigram_pen(tokenizer, poems(300))


def wish(form: str = "", words: tuple[str, ...] = (), **others: Any) -> Wish:
    asked = {key: others.pop(key) for key in ("lines", "rhyme", "syllables", "meter") if key in others}
    return Wish(design(form, **asked), words=words, breadth=4, **others)


def reads_well(poem: Poem) -> None:
    """What holds of every poem."""
    assert poem.text.endswith((".", "!", "?"))
    assert not is_offensive(poem.text)
    assert "<|" not in poem.text
    assert len({line.lower() for line in poem.lines}) == len(poem.lines)
    old = set(word_lists("verse.txt")["old"])
    for line in poem.lines:
        assert line == line.strip()
        assert re.fullmatch(r"[A-Z'][\w']*((,|;|:|!|\?|\.| —)? [\w']+)*(,|;|:|!|\?|\.| —)?", line)
        assert not old & {word.lower() for word in words_of(line)}


@few
@given(st.sampled_from(sorted(FORMS)), st.integers(0, 1000))
def test_every_form_is_kept_by_a_model_of_chance(tokenizer: Any, book: Wordbook, form: str, seed: int) -> None:
    [poem] = compose(chance_pen(tokenizer, seed), wish(form, seed=seed), book)
    report = check(FORMS[form], poem.lines, VOICE)
    assert report.holds, str(report)
    reads_well(poem)


@few
@given(
    st.sampled_from(["AABB", "ABBA", "AAAA", "XAXA", ""]),
    st.sampled_from(["", "8", "7..9", "9-5"]),
    st.lists(st.sampled_from(["sea", "lantern", "wandering", "florble", "red rose"]), max_size=3, unique=True),
    st.integers(0, 1000),
)
def test_parts_of_a_form_and_words_are_kept(
    tokenizer: Any, book: Wordbook, rhyme: str, syllables: str, words: list[str], seed: int
) -> None:
    asked = wish(rhyme=rhyme, lines=4, syllables=syllables, words=tuple(words), seed=seed)
    [poem] = compose(chance_pen(tokenizer, seed), asked, book)
    assert asked.form is not None
    report = check(asked.form, poem.lines, VOICE)
    assert report.holds, str(report)
    assert all(holds_word(poem.lines, word) for word in words)
    reads_well(poem)


def test_a_haiku_with_three_words(pen: ListPen, book: Wordbook) -> None:
    [poem] = compose(pen, wish("haiku", words=("sea", "light", "wandering")), book)
    assert check(FORMS["haiku"], poem.lines, VOICE).holds
    assert all(holds_word(poem.lines, word) for word in ("sea", "light", "wandering"))


@pytest.mark.parametrize("words", [(), ("sea",), ("silver",)])
def test_a_pen_that_thinks_of_the_sea_alone_says_so_once(
    tokenizer: Any, pen: ListPen, book: Wordbook, words: tuple[str, ...]
) -> None:
    urged = [tokenizer.encode(f"a {word}").ids[1] for word in ("sea", "seas", "sea's")]

    def after(row: tuple[int, ...]) -> torch.Tensor:
        logits = pen.begin(row).logits[0].clone()
        logits[urged] += 8.0
        return logits

    poem = compose(ListPen(tokenizer, after), wish("", words, lines=6), book)[0]
    said = words_of(poem.text.lower())
    assert sum(word in ("sea", "seas", "sea's") for word in said) == 1
    assert all(word in said for word in words)


def test_the_kin_of_a_word_are_its_forms_and_what_is_likely_because_of_it(tokenizer: Any, book: Wordbook) -> None:
    words = book.vocabulary.words
    number = book.number("sea")
    assert number is not None
    kin = {words[other] for other in book.kin(number)}
    assert {"sea", "seas", "sea's"} <= kin
    forms = [tokenizer.encode(f"a {form}").ids for form in ("sea", "seas", "sea's")]
    for word in words:
        ids = tokenizer.encode(f"a {word}").ids
        assert (word in kin) == any(ids[: len(form)] == form for form in forms), word
    assert not book.kin(book.numbers(["the"])[0])


def test_the_same_seed_is_the_same_poem_and_another_is_another(pen: ListPen, book: Wordbook) -> None:
    one, two = (compose(pen, wish("quatrain", seed=seed), book)[0] for seed in (1, 2))
    assert compose(pen, wish("quatrain", seed=1), book)[0] == one
    assert one.text != two.text


def test_of_several_poems_none_is_twice_and_each_has_a_seed_of_its_own(pen: ListPen, book: Wordbook) -> None:
    found = compose(pen, wish("couplet", seed=5), book, count=4)
    assert len({poem.text for poem in found}) == 4
    assert [poem.seed for poem in found] == [5, 6, 7, 8]
    assert compose(pen, wish("couplet", seed=7), book)[0].text == found[2].text


def test_the_best_of_some_is_kept(pen: ListPen, book: Wordbook) -> None:
    seen: list[list[str]] = []

    def shortest(some: Any) -> list[float]:
        seen.append([poem.text for poem in some])
        return [-float(len(poem.text)) for poem in some]

    [poem] = compose(pen, wish("couplet", best_of=3), book, rank=shortest)
    assert len(seen[0]) == 3
    assert poem.text == min(seen[0], key=len)
    assert poem.score == -len(poem.text)


def test_without_a_rank_the_likeliest_is_kept(pen: ListPen, book: Wordbook) -> None:
    [best] = compose(pen, wish("couplet", best_of=3), book)
    [first] = compose(pen, wish("couplet"), book)
    assert best.log_likelihood >= first.log_likelihood


def test_a_free_poem_ends_by_itself_or_is_cut(tokenizer: Any, pen: ListPen, book: Wordbook) -> None:
    [poem] = compose(pen, wish(), book)
    assert 3 <= len(poem.lines) <= MOST_FREE
    reads_well(poem)
    end = book.end

    def never(row: tuple[int, ...]) -> torch.Tensor:
        logits = torch.zeros(tokenizer.get_vocab_size())
        logits[end] = float("-inf")
        return logits

    [endless] = compose(ListPen(tokenizer, never), Wish(breadth=2), book)
    assert len(endless.lines) == MOST_FREE
    reads_well(endless)


def test_an_opening_is_gone_on_with(pen: ListPen, book: Wordbook) -> None:
    [poem] = compose(pen, wish(lines=4, rhyme="AABB", opening="The sea is cold and"), book)
    assert poem.lines[0].startswith("The sea is cold and ")
    [poem] = compose(pen, wish(lines=4, rhyme="ABAB", opening="Florble, o'er the moon thou\nGo to see\n"), book)
    assert poem.lines[:2] == ("Florble, o'er the moon thou", "Go to see")
    assert check(design(lines=4, rhyme="ABAB"), poem.lines, VOICE).holds  # type: ignore[arg-type]


def test_a_word_that_the_opening_holds_is_not_asked_for_again(pen: ListPen, book: Wordbook) -> None:
    [poem] = compose(pen, wish(lines=3, words=("Moon",), opening="The moon is up\n"), book)
    assert poem.lines[0] == "The moon is up"


def test_old_words_come_when_they_are_asked_for(tokenizer: Any, book: Wordbook) -> None:
    pen = trigram_pen(
        tokenizer, ["Thou art the sea and thou art the moon,\nThou art the light of the wood and thou art."] * 3
    )
    assert "thou" in words_of(compose(pen, wish(lines=4, modern=False), book)[0].text.lower())
    assert "thou" not in words_of(compose(pen, wish(lines=4), book)[0].text.lower())
    assert "thee" in words_of(compose(pen, wish("haiku", words=("thee",)), book)[0].text.lower())


def test_words_of_a_corpus_can_be_written(tokenizer: Any) -> None:
    own = Wordbook(tokenizer, VOICE, more=["Zebulon", "sea"])
    assert own.number("zebulon") is not None
    assert own.with_words(["sea", "zebulon"]) is own
    assert len(own.with_words(["florble"]).vocabulary) == len(own.vocabulary) + 1


def test_a_long_poem_forgets_its_beginning(tokenizer: Any, book: Wordbook) -> None:
    longest = 0

    def after(row: tuple[int, ...]) -> torch.Tensor:
        nonlocal longest
        longest = max(longest, len(row))
        return torch.zeros(tokenizer.get_vocab_size())

    [poem] = compose(ListPen(tokenizer, after), Wish(design(lines=30, syllables="8"), breadth=1), book)
    assert len(poem.lines) == 30
    assert longest < 230


@pytest.mark.parametrize(
    ("before", "text", "dull"),
    [
        (["And the sea", "And the wind"], "and the rain", True),
        (["And the sea", "But the wind"], "and the rain", False),
        (["And the sea"], "and the rain", False),
        (["Lo", "And the sea", "And the wind"], "the rain the rain", False),
        ([], "rain rain", True),
    ],
)
def test_what_is_said_again_and_again_appeals_less(book: Wordbook, before: list[str], text: str, dull: bool) -> None:
    row = Row(book.first, (0, 1), EITHER, surprise=6.0, words=(1, 2, 3))
    found = appeal(text, row, [read_line(line, VOICE) for line in before], Form("free", 9), VOICE)
    assert found < -6.0 / 4 if dull else found == -6.0 / 4


def test_a_long_form_is_written_page_by_page(tokenizer: Any, pen: ListPen, book: Wordbook) -> None:
    """What is told of a page are its own lines; each begins with some that are there, and none ends before the poem."""
    begun: list[tuple[str, slice]] = []

    class Watched(ListPen):
        def begin(self, prompt: Sequence[int], lines: slice = slice(None)) -> ListPage:
            begun.append((tokenizer.decode(list(prompt)), lines))
            return pen.begin(prompt, lines)

    [poem] = compose(Watched(tokenizer, pen.begin), wish(lines=14, rhyme="ABABCDCDEFEFGG"), book)
    assert [lines for _, lines in begun] == [slice(0, 8), slice(4, 12), slice(6, 14)]
    for said, lines in begun:
        kept = [words_of(line.lower()) for line in said.splitlines() if line.strip()]
        assert kept == [words_of(line.lower()) for line in poem.lines[lines.start :][: len(kept)]]
    assert [len(said.splitlines()) for said, _ in begun] == [0, 2, 4]


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        (lambda: wish("haiku", words=("sea", "light", "moon", "sun", "star", "wind", "rain")), "has room for 6"),
        (lambda: wish("haiku", words=("internationalizations",)), "fits into no line"),
        (lambda: wish(meter="iambic", lines=2, syllables="2", words=("water",)), "fits into no line"),
        (
            lambda: wish("haiku", words=("wandering", "memories", "remembering", "beautiful", "yesterday", "melody")),
            "more syllables",
        ),
        (lambda: wish(words=("!!",)), "not a word"),
        (lambda: wish(words=("the sea and the light",)), "not a word"),
        (lambda: wish(words=("Shit",)), "list of slurs"),
        (lambda: wish(opening="What shit"), "list of slurs"),
        (lambda: wish("haiku", opening="This opening has more syllables than five"), "too many for line 1"),
        (lambda: wish("haiku", opening="A line of four\n"), "does not keep to haiku"),
        (lambda: wish("couplet", opening="One line\nTwo lines\nThree lines\n"), "more lines than the poem"),
        (lambda: wish("couplet", opening="To see\nTo flee\n"), "fills all 2 lines"),
        (lambda: wish(temperature=0.0), "temperature of 0"),
        (lambda: wish(top_p=0.0), "top-p"),
        (lambda: wish(best_of=0), "Best of 0"),
    ],
)
def test_what_cannot_be_met_is_told(asked: Callable[[], Wish], cause: str) -> None:
    with pytest.raises(GansuiteError, match=re.escape(cause)) as caught:
        checked(asked(), VOICE)
    assert caught.value.remedy


def test_an_end_without_rhymes_is_told(pen: ListPen, book: Wordbook) -> None:
    with pytest.raises(GansuiteError, match="No poem was found that keeps to couplet"):
        compose(pen, wish("couplet", opening="I ate an orange\n"), book)


def test_a_page_of_a_pen_does_not_change(pen: ListPen) -> None:
    page: ListPage = pen.begin([1, 2])
    longer = page.take(torch.tensor([0, 0])).write(torch.tensor([[3, 4], [5, 6]]))
    assert (page.length, longer.length, longer.cut(3).rows) == (2, 4, ((1, 2, 3), (1, 2, 5)))
    assert longer.logits.shape[0] == 2


def test_the_list_of_words_is_clean() -> None:
    lists = word_lists("verse.txt")
    words = [*lists["common"], *lists["old"]]
    assert len({word.lower() for word in words}) == len(words) > 10_000
    assert not [word for word in words if is_offensive(word)]
    assert {"thee", "hath", "o'er", "'tis"} <= set(lists["old"])
    assert {"don't", "teeth", "I", "I'll", "God", "sea"} <= set(lists["common"])
