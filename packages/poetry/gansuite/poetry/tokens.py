"""Poems as numbers: a byte-pair vocabulary trained on the corpus, and marks for what a poem can be asked for.

It is an ordinary `PreTrainedTokenizerFast` of transformers: it saves, loads and encodes text as people expect. Line
breaks and blank lines are tokens of their own, so that text with line breaks encodes and decodes as it is; every line
begins as if a blank stood before it, so that a word is the same token wherever it stands.

N poems, T tokens of all of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gansuite.core.errors import GansuiteError
from gansuite.poetry.controls import FREE, LENGTHS, MOODS, MOST_LINES, RHYME_LETTERS, UNRHYMED, Controls
from gansuite.poetry.eras import ERAS
from gansuite.poetry.store import Stored, default_cache_root, fetch, key_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, BEGIN, END, IMAGE = "<|pad|>", "<|poem|>", "<|end|>", "<|image|>"
LINE, STANZA = "\n", "\n\n"
ANY = "any"
SIZES = (300, 65_000)
SIZE = 8192
# a word with the blank before it; apostrophes inside belong to it, so that o'er, heav'n and don't are one word
PATTERN = r" ?\p{L}[\p{L}\p{M}]*(?:'[\p{L}\p{M}]+)*| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"
CHUNK = 8192
Ids = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of N poems, without marks before or after.

    Attributes:
        ids: uint16 or uint32 (T,), of all poems one after the other; memory-mapped from the cache where there is one.
        starts: int64 (N + 1,), where each poem begins, and the end.
    """

    ids: Ids
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> npt.NDArray[np.int64]:
        """The tokens of one poem, int64."""
        return self.ids[self.starts[row] : self.starts[row + 1]].astype(np.int64)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each poem, int64 (N,)."""
        return np.diff(self.starts)


def control_names() -> list[str]:
    """All marks of controls, in the order of their ids."""
    kinds: list[tuple[str, Sequence[object]]] = [
        ("lines", range(1, MOST_LINES + 1)),
        ("length", LENGTHS),
        ("mood", MOODS),
        ("era", ERAS),
        ("rhyme", (*RHYME_LETTERS, UNRHYMED)),
    ]
    return [f"<|{kind}:{value}|>" for kind, values in kinds for value in (ANY, *values)]


def special_names() -> list[str]:
    """All marks, in the order of their ids: padding, begin, end and image, then those of controls."""
    return [PAD, BEGIN, END, IMAGE, *control_names()]


def control_tokens(controls: Controls) -> list[str]:
    """The marks that ask for these controls: lines, length, mood, era, then rhyme, one mark a line.

    `<|lines:4|><|length:any|><|mood:calm|><|era:any|><|rhyme:A|><|rhyme:B|><|rhyme:A|><|rhyme:B|>`. A control that asks
    nothing is `any`, rhyme too, with one mark.
    """
    chosen = [
        ("lines", controls.lines if controls.lines != FREE else ANY),
        ("length", _of(LENGTHS, controls.length)),
        ("mood", _of(MOODS, controls.mood)),
        ("era", _of(ERAS, controls.era)),
        *(("rhyme", sign) for sign in (controls.rhyme or (ANY,))),
    ]
    return [f"<|{kind}:{value}|>" for kind, value in chosen]


def train_tokenizer(poems: Iterable[str], size: int = SIZE) -> PreTrainedTokenizerFast:
    """A byte-pair vocabulary of these poems (Sennrich et al. 2016, arXiv 1508.07909, over bytes); the same every time.

    There are no unknown tokens: what the poems never have is written byte by byte.

    Args:
        poems: texts with `\\n` between lines; seen once.
        size: tokens in all, marks included; fewer where the poems are too few for so many.

    Raises:
        GansuiteError: `size` is not from 300 to 65,000, or there is no poem.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    if not SIZES[0] <= size <= SIZES[1]:
        raise GansuiteError(
            f"A vocabulary of {size} tokens is not possible: {SIZES[0]} to {SIZES[1]} are.", "Use 8192."
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Prepend(" ")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteLevel(), decoders.Replace("\n ", "\n"), decoders.Strip(" ", 1, 0)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=size - 2,
        min_frequency=2,
        special_tokens=special_names(),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    lines = [line for poem in poems for line in poem.split("\n") if line]
    if not lines:
        raise GansuiteError("There is no poem to make a vocabulary of.", "Name poems with --corpus.")
    tokenizer.train_from_iterator(lines, trainer, length=len(lines))
    return _with_line_breaks(tokenizer)


def tokenizer_for(
    poems: Sequence[str],
    rows: npt.NDArray[np.int64],
    digest: str,
    size: int = SIZE,
    known: bytes = b"",
    cache_root: Path | None = None,
) -> PreTrainedTokenizerFast:
    """The tokenizer of a model that is trained further, else one of these poems, from the cache where it has it.

    Args:
        poems: N texts.
        rows: which of them the vocabulary is made of.
        digest: of both, what the cache finds it by.
        size: tokens in all.
        known: the content of the `tokenizer.json` of the model that is trained further, if there is one.
        cache_root: folder of the cache; None is the environment's GANSUITE_CACHE or the user's cache folder.
    """
    from tokenizers import Tokenizer

    def make() -> Stored:
        text = train_tokenizer((poems[row] for row in rows.tolist()), size).backend_tokenizer.to_str()
        return Stored({"json": np.frombuffer(text.encode(), np.uint8)})

    if not known:
        key = key_of("vocabulary", digest, size)
        known = fetch(cache_root or default_cache_root(), "vocabulary", key, make).arrays["json"].tobytes()
    return _wrapped(Tokenizer.from_str(known.decode()))


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerFast:
    """A tokenizer that `save_pretrained` wrote to a folder; never looks anywhere else.

    Raises:
        GansuiteError: there is none, it is damaged, or it lacks marks that poems need.
    """
    from transformers import PreTrainedTokenizerFast

    folder = Path(folder)
    if not (folder / "tokenizer.json").is_file():
        raise GansuiteError(f"{folder} holds no tokenizer.json.", "Name the folder of a poet's model.")
    try:
        tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)
    except Exception as error:  # the Rust library raises bare Exception
        raise GansuiteError(
            f"The vocabulary in {folder} cannot be read ({str(error)[:80]}).", "Copy the model again, or train anew."
        ) from error
    known = tokenizer.get_vocab()
    missing = [name for name in (*special_names(), LINE, STANZA) if name not in known]
    if missing:
        raise GansuiteError(
            f"The vocabulary in {folder} has no token {missing[0]!r}, and {len(missing) - 1} more are missing.",
            "It is not one of gansuite's; any other is fitted for poems with `with_marks`.",
        )
    return tokenizer


def with_marks(tokenizer: Any) -> Any:
    """Another model's tokenizer (of a GPT-2, say) with the marks added that it lacks; it is changed and returned."""
    from tokenizers import AddedToken

    known = tokenizer.get_vocab()
    tokenizer.add_special_tokens(
        {"pad_token": PAD, "bos_token": BEGIN, "eos_token": END, "additional_special_tokens": special_names()[3:]}
    )
    tokenizer.add_tokens([_break(AddedToken, text) for text in (LINE, STANZA) if text not in known])
    return tokenizer


def encoded_poem(tokenizer: PreTrainedTokenizerFast, poem: str) -> list[int]:
    """The tokens of one poem, without marks before or after."""
    return list(tokenizer(poem, add_special_tokens=False)["input_ids"])


def decoded_poem(tokenizer: PreTrainedTokenizerFast, ids: Iterable[int]) -> str:
    """The poem that tokens stand for: up to the end mark, without any other marks."""
    numbers = [int(number) for number in ids]
    end = tokenizer.convert_tokens_to_ids(END)
    numbers = numbers[: numbers.index(end)] if end in numbers else numbers
    text = str(tokenizer.decode(numbers, skip_special_tokens=True, clean_up_tokenization_spaces=False))
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip("\n")


def tokenized(
    poems: Sequence[str],
    digest: str,
    tokenizer: PreTrainedTokenizerFast,
    cache_root: Path | None = None,
) -> Tokens:
    """The tokens of all poems, from the cache where it has them.

    Args:
        poems: N texts, tidy (single blanks between words).
        digest: of the corpus and of which texts of it these are: what the cache finds them by.
        tokenizer: of `train_tokenizer`, or `with_marks`.
        cache_root: folder of the cache; None is the environment's GANSUITE_CACHE or the user's cache folder.
    """
    key = key_of("tokens", digest, tokenizer_digest(tokenizer))
    stored = fetch(cache_root or default_cache_root(), "tokens", key, lambda: _encoded(poems, tokenizer))
    return Tokens(stored.arrays["ids"], stored.arrays["starts"])


def tokenizer_digest(tokenizer: PreTrainedTokenizerFast) -> str:
    """sha256 (hex) of what a tokenizer does: the same before it is saved and after it is loaded."""
    told = json.loads(tokenizer.backend_tokenizer.to_str())
    parts = {name: told[name] for name in ("added_tokens", "model", "normalizer", "pre_tokenizer")}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def padded(
    rows: Sequence[Sequence[int] | npt.NDArray[np.int64]], pad: int, most: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Rows of tokens as one table: ids int64 (B, L), filled up with `pad`, and bool (B, L), where there are tokens.

    L is the longest row, at most `most`; what is beyond is cut off.
    """
    longest = min(most, max(map(len, rows), default=0))
    table = np.full((len(rows), longest), pad, np.int64)
    for line, row in zip(table, rows, strict=True):
        line[: min(len(row), longest)] = row[:longest]
    lengths = np.array([min(len(row), longest) for row in rows], np.int64)
    return table, np.arange(longest) < lengths[:, None]


def _of(names: Sequence[str], number: int) -> str:
    return ANY if number == FREE else names[number]


def _break(kind: Any, text: str) -> Any:
    # not special: it stays when marks are left out of decoded text; blanks around it belong to it
    return kind(text, normalized=False, special=False, lstrip=True, rstrip=True)


def _with_line_breaks(tokenizer: Any) -> PreTrainedTokenizerFast:
    from tokenizers import AddedToken

    tokenizer.add_tokens([_break(AddedToken, text) for text in (LINE, STANZA)])
    return _wrapped(tokenizer)


def _wrapped(tokenizer: Any) -> PreTrainedTokenizerFast:
    """As transformers knows it."""
    from transformers import PreTrainedTokenizerFast

    make: Any = PreTrainedTokenizerFast
    made: PreTrainedTokenizerFast = make(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BEGIN,
        eos_token=END,
        additional_special_tokens=[IMAGE, *control_names()],
        clean_up_tokenization_spaces=False,
    )
    return made


def _encoded(poems: Sequence[str], tokenizer: PreTrainedTokenizerFast) -> Stored:
    """Each different word is encoded once: no token crosses the blank between two words."""
    kind = np.uint16 if len(tokenizer) <= 1 << 16 else np.uint32
    blank = "" if _begins_with_blank(tokenizer) else " "
    known: dict[str, bytes] = {}
    parts, sizes = [], np.zeros(len(poems) + 1, np.int64)
    for start in range(0, len(poems), CHUNK):
        words = [_words(poem, blank) for poem in poems[start : start + CHUNK]]
        new = sorted({word for poem in words for word in poem} - known.keys())
        known.update(zip(new, _encoded_words(new, tokenizer, kind), strict=True))
        chunk = [b"".join([known[word] for word in poem]) for poem in words]
        sizes[start + 1 : start + 1 + len(chunk)] = [len(poem) // kind().itemsize for poem in chunk]
        parts.append(b"".join(chunk))
    return Stored({"ids": np.frombuffer(b"".join(parts), kind), "starts": np.cumsum(sizes)})


def _begins_with_blank(tokenizer: Any) -> bool:
    """Whether a word is encoded the same at the beginning of a line and inside: ours is, that of GPT-2 is not."""
    whole, *parts = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("sea light", "sea", "light"))
    return bool(whole == [*parts[0], *parts[1]])


def _words(poem: str, blank: str) -> list[str]:
    """The words of a tidy poem, each but the first of a line after `blank`, with line breaks as words between them."""
    words: list[str] = []
    for stanza in poem.split(STANZA):
        for line in stanza.split(LINE):
            first, *others = line.split(" ")
            words += [first, *(blank + word for word in others), LINE]
        words[-1] = STANZA
    return words[:-1]


def _encoded_words(words: Sequence[str], tokenizer: Any, kind: type[np.uint16 | np.uint32]) -> Iterator[bytes]:
    for encoding in tokenizer.backend_tokenizer.encode_batch(list(words), add_special_tokens=False):
        yield np.array(encoding.ids, kind).tobytes()
