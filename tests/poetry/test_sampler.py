"""Pages that go back and on as if they were read anew, guidance, and what critics say line by line."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gansuite.poetry.games.rollout import decoder_of
from gansuite.poetry.negatives import STYLES
from gansuite.poetry.networks.critics import MATCHES, Critic, CriticConfig
from gansuite.poetry.parts import RELEVANCE, STYLE, Parts
from gansuite.poetry.sampler import DecoderPen, Page, Sampler, Sight, Verdict
from gansuite.poetry.tokens import train_tokenizer

from .hostile import poems
from .small_poets import ASKED, FEATURES, FIRST, NAMES, PROMPTER, codes, poet

MOST = 20  # tokens on a page
POET = poet()
[CODE] = codes(1)
words = st.integers(FIRST, len(NAMES) - 1)


def pen(guidance: float = 2.0, code: Tensor | None = CODE) -> DecoderPen:
    return DecoderPen(decoder_of(POET), cast(Any, None), PROMPTER, ASKED, code, guidance)


def same(page: Page, other: Page) -> None:
    torch.testing.assert_close(page.logits, other.logits, atol=1e-4, rtol=0)


# ------------------------------------------------------------------ pages


@settings(max_examples=25, deadline=None)
@given(st.data(), st.sampled_from([0.0, 1.0, 2.5]))
def test_a_page_is_what_would_be_read_anew(data: st.DataObject, guidance: float) -> None:
    """After any lines written, rows chosen and ends cut off, each row foretells what a fresh page of it does."""
    begun = data.draw(st.lists(words, max_size=3))
    page, rows = pen(guidance).begin(begun), [begun]
    for step in data.draw(st.lists(st.sampled_from(["write", "take", "cut"]), max_size=6)):
        if step == "write":
            many = data.draw(st.integers(1, 3))
            new = [data.draw(st.lists(words, min_size=many, max_size=many)) for _ in rows]
            if page.length + many > MOST:
                continue
            page, rows = page.write(torch.tensor(new)), [[*row, *ids] for row, ids in zip(rows, new, strict=True)]
        elif step == "take":
            chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=4))
            page, rows = page.take(torch.tensor(chosen)), [rows[row] for row in chosen]
        else:
            length = data.draw(st.integers(0, page.length))
            page, rows = page.cut(length), [row[:length] for row in rows]
    assert page.length == len(rows[0])
    assert page.ids.tolist() == rows
    for number, row in enumerate(rows):
        same(page.take(torch.tensor([number])), pen(guidance).begin(row))


def test_one_token_a_row_or_several() -> None:
    ids = torch.arange(FIRST, FIRST + 6).view(2, 3)
    page = pen().begin().take(torch.tensor([0, 0]))
    slowly = page.write(ids[:, 0]).write(ids[:, 1]).write(ids[:, 2])
    same(page.write(ids), slowly)
    assert slowly.length == 3


def test_writing_leaves_the_page_before_it_as_it_was() -> None:
    page = pen().begin([FIRST])
    before = page.logits.clone()
    page.write(torch.tensor([FIRST + 1])).cut(0)
    assert torch.equal(page.logits, before)
    assert page.cut(1) is page


# ------------------------------------------------------------------ guidance


@pytest.mark.parametrize("guidance", [0.5, 2.0, 6.0])
def test_guidance_goes_on_from_no_picture_through_the_picture(guidance: float) -> None:
    """Logits are l + w (l' - l): w = 0 as without a picture, 1 as with it."""
    prompt = [FIRST, FIRST + 3]
    unseen, seen, guided = (pen(w, code).begin(prompt).logits for w, code in ((1, None), (1, CODE), (guidance, CODE)))
    said = unseen.isfinite()
    assert float((seen - unseen)[said].abs().max()) > 0.1
    torch.testing.assert_close(guided[said], (unseen + guidance * (seen - unseen))[said])
    assert torch.equal(said, guided.isfinite())


def test_a_picture_that_does_not_count_is_not_read() -> None:
    assert torch.equal(pen(0.0).begin([FIRST]).logits, pen(1.0, None).begin([FIRST]).logits)
    assert len(pen(0.0).begin().raw) == 1
    assert len(pen(1.0).begin().raw) == 1
    assert len(pen(2.0).begin().raw) == 2


def test_no_mark_is_ever_written_but_the_end() -> None:
    logits = pen().begin().logits[0]
    assert [number for number in range(FIRST) if logits[number].isfinite()] == [PROMPTER.end]


# ------------------------------------------------------------------ critics


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    """A model whose critics have learnt nothing, but have opinions."""
    tokenizer = train_tokenizer(poems(40), 400)
    sizes = CriticConfig(token=8, width=8)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        critics = {
            RELEVANCE: Critic(len(tokenizer), len(MATCHES), FEATURES, sizes),
            STYLE: Critic(len(tokenizer), len(STYLES), 0, sizes),
        }
        for parameter in (p for critic in critics.values() for p in critic.parameters()):
            torch.nn.init.normal_(parameter)
    vocabulary = tokenizer.backend_tokenizer.to_str().encode()
    return Sampler(Parts({name: critic.eval() for name, critic in critics.items()}, {}, vocabulary), decoder_of(POET))


SIGHT = Sight(CODE, (), 0)
TEXTS = ["The sea, the sea!\nIt sings\nof morning", "One line alone", "A stanza\n\nand another\nof two lines."]


def about(verdict: Verdict) -> list[float]:
    assert verdict.relevance is not None
    assert verdict.relevance_lines is not None
    return [verdict.style, verdict.relevance, *verdict.style_lines, *verdict.relevance_lines]


def test_what_the_lines_add_is_the_verdict_on_the_whole(sampler: Sampler) -> None:
    for text, verdict in zip(TEXTS, sampler.verdicts(TEXTS, SIGHT), strict=True):
        assert verdict.relevance_lines is not None
        assert len(verdict.style_lines) == len(verdict.relevance_lines) == len(text.replace("\n\n", "\n").split("\n"))
        assert sum(verdict.style_lines) == pytest.approx(verdict.style, abs=1e-4)
        assert sum(verdict.relevance_lines) == pytest.approx(verdict.relevance, abs=1e-4)


def test_the_last_line_is_judged_as_an_end_and_those_before_it_are_not(sampler: Sampler) -> None:
    lines = TEXTS[0].split("\n")
    whole, cut = sampler.verdicts([TEXTS[0], "\n".join(lines[:2])], None)
    assert cut.style_lines[0] == pytest.approx(whole.style_lines[0], abs=1e-4)
    assert abs(cut.style_lines[1] - whole.style_lines[1]) > 0.1


def test_poems_judged_together_are_judged_as_alone(sampler: Sampler) -> None:
    for text, verdict in zip(TEXTS, sampler.verdicts(TEXTS, SIGHT), strict=True):
        (alone,) = sampler.verdicts([text], SIGHT)
        assert about(verdict) == pytest.approx(about(alone), abs=1e-4)


def test_without_a_picture_nothing_is_said_of_one(sampler: Sampler) -> None:
    (verdict,) = sampler.verdicts([TEXTS[0]], None)
    assert verdict.relevance is None
    assert verdict.relevance_lines is None
    assert verdict.style == pytest.approx(sampler.verdicts([TEXTS[0]], SIGHT)[0].style, abs=1e-5)
