"""Poems ready for training: who is held out, what each poem can be asked for, and which picture it goes with.

N poems, M pictures, P pairs.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gansuite.core.errors import GansuiteError
from gansuite.poetry.controls import ControlColumns, SchemeOf, control_columns, scheme
from gansuite.poetry.corpus import Corpus, Wanted, read_corpus
from gansuite.poetry.counts import counted
from gansuite.poetry.gather import Progress
from gansuite.poetry.lexicon import is_known, mood_words
from gansuite.poetry.matching import Match, match_pictures
from gansuite.poetry.pairs import Pairing, Pictures
from gansuite.poetry.sieve import Ranges, check_ranges
from gansuite.poetry.split import HELD_OUT, OPEN, TRAIN, Ints, hold_out
from gansuite.poetry.store import Stored, default_cache_root, fetch, key_of
from gansuite.poetry.texts import Texts, packed

MINIMUM_POEMS = 20
FEW_POEMS = 500
MOST_PATHS = 64
WEAK, NONE = "weak", "none"


@dataclass(frozen=True)
class PoemDataConfig:
    """Which poems and pictures, and how they are used.

    Attributes:
        corpus: folders, zips or files of poems (.txt, .csv, .json, .jsonl, plain or packed by xz, gzip or bzip2).
        held_out_corpus: poems that are never trained on and that a run is measured against; none holds out a share.
        prose: texts of real prose for the critic of style; fields `prose` in the corpus count too.
        pairs: weak (a picture's label to poems about it), none, or a table or JSON that names picture and poem.
        min_lines, max_lines: lines of a poem; a longer one is cut into its stanzas.
        min_words, max_words: words of a poem.
        line_characters: the most in one line; more is taken for prose.
        poems_per_picture: weak pairs for one picture, at most.
        pictures_per_poem: weak pairs for one poem, at most.
        held_out: share of the poems, and of the pictures, kept away from training, 0..0.5, in whole authors; at least
            one. It is not asked for where files or folders `train` and `valid` say it, nor with `held_out_corpus`.
        seed: chooses what is held out, and deals poems to pictures.
    """

    corpus: tuple[str, ...] = ()
    held_out_corpus: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    pairs: str = WEAK
    min_lines: int = 2
    max_lines: int = 16
    min_words: int = 6
    max_words: int = 160
    line_characters: int = 100
    poems_per_picture: int = 8
    pictures_per_poem: int = 16
    held_out: float = 0.1
    seed: int = 0

    @property
    def ranges(self) -> Ranges:
        """How long a poem may be."""
        return Ranges((self.min_lines, self.max_lines), (self.min_words, self.max_words), self.line_characters)

    @property
    def pairing(self) -> Pairing | None:
        """How weak pairs are made, if at all."""
        return Pairing(self.poems_per_picture, self.pictures_per_poem, seed=self.seed) if self.pairs == WEAK else None

    @property
    def wanted(self) -> Wanted:
        """What to read.

        Raises:
            GansuiteError: the table of pairs is not there.
        """
        table = () if self.pairs in (WEAK, NONE) else (self.pairs,)
        if table and not Path(self.pairs).expanduser().exists():
            cause = f"There is no table of pairs {self.pairs}."
            raise GansuiteError(cause, "Name a CSV with the columns image and poem, or use --pairs weak or none.")
        return Wanted(self.corpus, self.held_out_corpus, self.prose, table)


@dataclass(frozen=True)
class LabelReport:
    """One label: its pictures, the poems that may stand for it, pairs made, and whether the lexicon knows it."""

    pictures: int
    poems: int
    pairs: int
    known: bool


@dataclass(frozen=True)
class PoemReport:
    """What was kept, what was dropped and why.

    Attributes:
        sources: the folders, zips and files that were named.
        files, used: files found in them, and how many gave something.
        skipped: (name, reason) of every other file, or line of one; name and reason make a sentence.
        found: poems found in all files.
        dropped: how many poems were left out, by reason.
        examples: where the first one of each reason stands, and how it begins.
        poems: poems trained on and held out.
        authors: known authors trained on and held out.
        prose: passages of prose.
        pictures: pictures trained on and held out.
        pairs: pairs trained on and held out.
        given: how many of all pairs people gave.
        labels: what came of each label.
        notes: sentences a person should read.
    """

    sources: tuple[str, ...]
    files: int
    used: int
    skipped: tuple[tuple[str, str], ...]
    found: int
    dropped: Mapping[str, int]
    examples: Mapping[str, str]
    poems: tuple[int, int]
    authors: tuple[int, int]
    prose: int
    pictures: tuple[int, int]
    pairs: tuple[int, int]
    given: int
    labels: Mapping[str, LabelReport]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Verse:
    """Poems to train on, and poems of other authors to measure against.

    Attributes:
        corpus: all poems, and the prose.
        train: int64, rows of poems to train on, ascending.
        held_out: int64, rows of poems of other authors, ascending.
        controls: what each poem can be asked for.
        match: pictures and their poems.
        digest: sha256 (hex): same digest, same poems, split, controls and pairs.
        report: what was kept, what was dropped and why.
    """

    corpus: Corpus
    train: Ints
    held_out: Ints
    controls: ControlColumns
    match: Match
    digest: str
    report: PoemReport


def open_verse(
    config: PoemDataConfig,
    pictures: Pictures | None = None,
    scheme_of: SchemeOf | None = None,
    scheme_version: str = "",
    cache_root: Path | None = None,
    progress: Progress | None = None,
) -> Verse:
    """Read all that the configuration names, hold some authors out and pair poems with pictures.

    Args:
        config: what to open.
        pictures: pictures and their labels; None pairs nothing.
        scheme_of: the rhyme scheme of a poem's lines, such as `ABAB`; None leaves the rhyme of all poems free.
        scheme_version: changes when `scheme_of` would answer differently, so that the cache does not.
        cache_root: folder of the cache; None is the environment's GANSUITE_CACHE or the user's cache folder.
        progress: called with (files or poems done, all of them) while they are read for the first time.

    Raises:
        GansuiteError: an impossible setting; nothing at a path; no poems, or too few of them.
    """
    check_config(config)
    root = cache_root or default_cache_root()
    corpus = read_corpus(config.wanted, config.ranges, root, progress)
    enough(corpus, config.corpus)
    sides, notes = poem_sides(corpus, config)
    controls = _controls(corpus, scheme_of, scheme_version, root, progress)
    match = (
        Match()
        if pictures is None
        else match_pictures(corpus, sides, pictures, config.pairing, config.held_out, config.seed, root)
    )
    train, held = np.flatnonzero(sides == TRAIN), np.flatnonzero(sides == HELD_OUT)
    _paired(config, match)
    report = _report(config, corpus, train, held, match, notes)
    return Verse(corpus, train, held, controls, match, _digest(corpus, sides, controls, match), report)


def check_config(config: PoemDataConfig) -> None:
    """Raise `GansuiteError` for a setting that is not possible; touches no file."""
    check_ranges(config.ranges)
    if not config.corpus:
        raise GansuiteError("No poems are named.", "Name a folder, zip or file of them with --corpus.")
    if not 0 <= config.held_out <= 0.5:
        raise GansuiteError(
            f"held_out is the share of the poems kept from training, 0 to 0.5, not {config.held_out:g}.",
            "Use 0.1 to hold out one in ten.",
        )
    if not (1 <= config.poems_per_picture <= 256 and 1 <= config.pictures_per_poem <= 4096):
        raise GansuiteError(
            f"{config.poems_per_picture} poems for a picture and {config.pictures_per_poem} pictures for a poem are "
            "asked for; 1 to 256 and 1 to 4096 are possible.",
            "Use 8 and 16.",
        )
    if len(config.wanted.by_role()) > MOST_PATHS:
        raise GansuiteError(f"More than {MOST_PATHS} sources are named.", "Put the files into one folder.")


def enough(corpus: Corpus, sources: Sequence[str]) -> None:
    """Raise `GansuiteError` for a corpus without poems, or with too few to learn from; says what was left out."""
    if len(corpus) >= MINIMUM_POEMS:
        return
    where, facts = ", ".join(sources), corpus.facts
    reasons = ", ".join(f"{count} {reason}" for reason, count in list(facts.dropped.items())[:4])
    left = f" Of {facts.found} found, left out as: {reasons}." if reasons else ""
    first = f" The first file skipped: {facts.skipped[0][0]} {facts.skipped[0][1]}." if facts.skipped else ""
    held = "no poem" if not len(corpus) else f"only {len(corpus)} poem{'s' if len(corpus) > 1 else ''}"
    raise GansuiteError(
        f"{where} holds {held} to learn from; training needs at least {MINIMUM_POEMS}.{left}{first}",
        "In a .txt, poems stand between blank lines; other lengths are taken with min_lines, max_lines and min_words.",
    )


def _paired(config: PoemDataConfig, match: Match) -> None:
    if not match.labels or len(match.train) or config.pairs == NONE:
        return
    shown = sorted(set(match.labels) - {""})
    labels = f"their labels are {_some(shown)}" if shown else "they have no labels"
    missing = f" Pairs were given for {_some(match.missing)}." if match.missing else ""
    raise GansuiteError(
        f"None of the {len(match.labels)} pictures goes with a poem to train on: {labels}.{missing}",
        "Put pictures into folders named after what they show (sea, forest, rose), or name a table of pairs with "
        "--pairs FILE.csv (columns image and poem).",
    )


def poem_sides(corpus: Corpus, config: PoemDataConfig) -> tuple[Ints, tuple[str, ...]]:
    """The side of each poem, (N,), and what a person should know of the split.

    Authors are held out whole; where only one is known, whole poems (files, records, runs of stanzas) are.
    """
    sides, groups = corpus.side.astype(np.int64), corpus.group.astype(np.int64)
    opened = sides == OPEN
    if not opened.any():
        return sides, _shared_authors(corpus, sides)
    if len(np.unique(groups[opened])) < 2:
        groups = corpus.work.astype(np.int64)
    divided = _divided(corpus, sides, groups, config)
    if not (divided == HELD_OUT).any():
        divided = _divided(corpus, sides, np.arange(len(corpus)), config)
    named = len(np.unique(corpus.author[corpus.author > 0]))
    if named < 2:
        who = "All poems are by one author" if named else "No author is named"
        return divided, (f"{who}: poems are held out, not authors, so measures flatter a little.",)
    unnamed = int((corpus.author == 0).sum())
    note = f"{unnamed:,} of {len(corpus):,} poems name no author; those of one file or record stay together."
    return divided, (note,) if unnamed else ()


def _divided(corpus: Corpus, sides: Ints, groups: Ints, config: PoemDataConfig) -> Ints:
    """Poems that pictures were given are divided by themselves, so that both sides have some."""
    paired = np.isin(groups, groups[corpus.pair_poem])
    divided = sides.copy()
    for part in (np.flatnonzero(paired), np.flatnonzero(~paired)):
        if len(part):
            divided[part] = hold_out(groups[part], sides[part], corpus.prints[part], config.held_out, config.seed)
    return divided


def _shared_authors(corpus: Corpus, sides: Ints) -> tuple[str, ...]:
    both = np.intersect1d(corpus.author[sides == TRAIN], corpus.author[sides == HELD_OUT])
    shared = [corpus.authors[author] for author in both if author]
    if not shared:
        return ()
    return (f"The sources train on and hold out poems of the same {len(shared)} authors ({shared[0]}, ...).",)


def _controls(
    corpus: Corpus, scheme_of: SchemeOf | None, version: str, root: Path, progress: Progress | None
) -> ControlColumns:
    words = list(dict.fromkeys(word for mood in mood_words().values() for word in mood))
    rhyme: Sequence[str] = [""] * len(corpus)
    if scheme_of is not None:
        found = scheme_of
        key = key_of("rhyme", corpus.digest, version, getattr(found, "__qualname__", type(found).__name__))
        arrays = fetch(root, "rhyme", key, lambda: _schemes(corpus, found, progress)).arrays
        rhyme = Texts(arrays["letters"], arrays["starts"])
    return control_columns(corpus.words, corpus.lines, corpus.born, counted(corpus, words, root), rhyme)


def _schemes(corpus: Corpus, scheme_of: SchemeOf, progress: Progress | None) -> Stored:
    schemes = []
    for done, poem in enumerate(corpus.poems, 1):
        schemes.append(scheme(poem, scheme_of))
        if progress is not None and done % 1000 == 0:
            progress(done, len(corpus))
    texts = packed(schemes)
    return Stored({"letters": texts.letters, "starts": texts.starts})


def _report(
    config: PoemDataConfig, corpus: Corpus, train: Ints, held: Ints, match: Match, notes: tuple[str, ...]
) -> PoemReport:
    facts = corpus.facts
    labels = _labels(match)
    return PoemReport(
        sources=tuple(path for _, path in config.wanted.by_role()),
        files=facts.files,
        used=facts.used,
        skipped=facts.skipped,
        found=facts.found,
        dropped=facts.dropped,
        examples=facts.examples,
        poems=(len(train), len(held)),
        authors=(_authors(corpus, train), _authors(corpus, held)),
        prose=len(corpus.prose),
        pictures=(len(match.train_pictures), len(match.held_out_pictures)),
        pairs=(len(match.train), len(match.held_out)),
        given=int(match.train.given.sum() + match.held_out.given.sum()),
        labels=labels,
        notes=(*facts.notes, *notes, *_notes(corpus, match, labels)),
    )


def _authors(corpus: Corpus, rows: Ints) -> int:
    return len(np.unique(corpus.author[rows][corpus.author[rows] > 0]))


def _labels(match: Match) -> dict[str, LabelReport]:
    pictures = Counter(match.labels)
    paired = Counter(
        match.labels[picture]
        for pairs in (match.train, match.held_out)
        for picture in pairs.picture[~pairs.given].tolist()
    )
    return {
        label: LabelReport(pictures[label], len(ranked.poem), paired[label], is_known(label))
        for label, ranked in match.ranked.items()
    }


def _notes(corpus: Corpus, match: Match, labels: Mapping[str, LabelReport]) -> list[str]:
    notes = []
    if len(corpus) < FEW_POEMS:
        notes.append(f"{len(corpus)} poems are few: a poet learns them by heart unless it begins from a trained one.")
    strange = [label for label, found in labels.items() if not found.known]
    if strange:
        notes.append(
            f"The lexicon does not know {_some(strange)}: poems with that very word are taken. A table of pairs, or "
            "folders named after what is seen, would say more."
        )
    silent = [label for label, found in labels.items() if not found.pairs]
    if silent:
        notes.append(f"No poem speaks of {_some(silent)}, so pictures labelled so have none.")
    if (without := match.labels.count("")) > 0:
        notes.append(f"{without} of {len(match.labels)} pictures have no label that says what they show.")
    if match.missing:
        count = len(match.missing)
        notes.append(f"Pictures that given pairs name and that are not there: {count} ({_some(match.missing)}).")
    if match.torn:
        of = match.torn + int(match.train.given.sum() + match.held_out.given.sum())
        notes.append(f"{match.torn} of {of} given pairs join a picture to poems of both sides; they are left out.")
    return notes


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _digest(corpus: Corpus, sides: Ints, controls: ControlColumns, match: Match) -> str:
    digest = hashlib.sha256(f"{corpus.digest} {match.labels} {list(controls.rhyme)}".encode())
    columns = [sides, controls.lines, controls.length, controls.mood, controls.era]
    for pairs in (match.train, match.held_out):
        columns += [pairs.picture, pairs.poem, pairs.score, pairs.given]
    for column in columns:
        digest.update(b"|" + np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()
