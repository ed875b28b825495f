"""What is in people's poems: what can be used, what cannot and why, and what it is good for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gansuite.core.listing import bars, section
from gansuite.poetry.controls import LENGTHS, MOODS, length_of, moods_of
from gansuite.poetry.corpus import Corpus, read_corpus
from gansuite.poetry.counts import counted
from gansuite.poetry.dataset import FEW_POEMS, MINIMUM_POEMS, PoemDataConfig, check_config
from gansuite.poetry.eras import ERAS, eras_of
from gansuite.poetry.gather import Progress
from gansuite.poetry.lexicon import mood_words
from gansuite.poetry.matching import Match, match_pictures
from gansuite.poetry.pairs import Pictures
from gansuite.poetry.sieve import ALIKE, REPEATED
from gansuite.poetry.split import HELD_OUT, OPEN, TRAIN
from gansuite.poetry.store import default_cache_root

MANY_AUTHORS = 12


@dataclass(frozen=True)
class Report:
    """What was found in a corpus.

    Attributes:
        source: the folders, zips and files.
        files: files looked at (hidden ones are not).
        used: files that gave something.
        skipped: (name, reason) of every other file, or line of one; name and reason make a sentence.
        found: poems found.
        kept: poems that training would use.
        dropped: poems left out, by reason.
        examples: where the first one of each reason stands, and how it begins.
        authors: poems by author, the most prolific first, at most 12; "" for those that name none.
        authors_in_all: how many authors are named.
        lines: poems by number of lines.
        lengths: poems by words a line.
        eras: poems by era, "" where nothing tells it.
        moods: poems by mood, "" where the words tell none or several.
        words: words of all poems.
        prose: passages of prose.
        split: poems in files or folders `train` and `valid`, if there are both.
        given: pairs with pictures that the files name.
        topics: poems that may stand for each label of the pictures; empty without pictures.
        advice: what to do, a few sentences.
        warnings: what may go wrong, a sentence each.
    """

    source: str
    files: int
    used: int
    skipped: tuple[tuple[str, str], ...]
    found: int
    kept: int
    dropped: Mapping[str, int]
    examples: Mapping[str, str]
    authors: Mapping[str, int]
    authors_in_all: int
    lines: Mapping[str, int]
    lengths: Mapping[str, int]
    eras: Mapping[str, int]
    moods: Mapping[str, int]
    words: int
    prose: int
    split: tuple[int, int] | None
    given: int
    topics: Mapping[str, int]
    advice: str
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as what `json.dumps` accepts."""
        return asdict(self)

    def to_text(self, shown: int = 200) -> str:
        """The report as a page of text; of lists at most `shown` lines each."""
        return "\n".join(_page(self, shown))


def inspect_poems(
    config: PoemDataConfig,
    pictures: Pictures | None = None,
    cache_root: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read every file once and report what training would make of it.

    No single file stops it. A corpus without any usable poem is reported too.

    Args:
        config: what to look at.
        pictures: whose labels poems are looked for; None looks for none.
        cache_root: folder of the cache; None is the environment's GANSUITE_CACHE or the user's cache folder.
        progress: called with (files done, files in all).

    Raises:
        GansuiteError: nothing is there, it holds no file at all, or a setting is impossible.
    """
    check_config(config)
    root = cache_root or default_cache_root()
    corpus = read_corpus(config.wanted, config.ranges, root, progress)
    sides = np.full(len(corpus), TRAIN)
    match = (
        Match()
        if pictures is None
        else match_pictures(corpus, sides, pictures, config.pairing, config.held_out, config.seed, root)
    )
    return _report(config, corpus, match, root)


def _report(config: PoemDataConfig, corpus: Corpus, match: Match, root: Path) -> Report:
    facts, kept = corpus.facts, len(corpus)
    moods = moods_of(counted(corpus, _mood_words(), root), kept)
    return Report(
        source=", ".join(path for _, path in config.wanted.by_role()),
        files=facts.files,
        used=facts.used,
        skipped=facts.skipped,
        found=facts.found,
        kept=kept,
        dropped=facts.dropped,
        examples=facts.examples,
        authors=_authors(corpus),
        authors_in_all=len(np.unique(corpus.author[corpus.author > 0])),
        lines={str(count): number for count, number in sorted(Counter(corpus.lines.tolist()).items())},
        lengths=_named(length_of(corpus.words, corpus.lines), LENGTHS),
        eras=_named(eras_of(corpus.born), ERAS),
        moods=_named(moods, MOODS),
        words=int(corpus.words.sum()),
        prose=len(corpus.prose),
        split=_split(corpus),
        given=len(corpus.pair_poem),
        topics={label: len(ranked.poem) for label, ranked in match.ranked.items()},
        advice=_advice(kept),
        warnings=tuple(_warnings(corpus, match)),
    )


def _mood_words() -> list[str]:
    return list(dict.fromkeys(word for mood in mood_words().values() for word in mood))


def _authors(corpus: Corpus) -> dict[str, int]:
    counts = Counter(corpus.author.tolist())
    most = sorted(counts.items(), key=lambda pair: (-pair[1], corpus.authors[pair[0]]))
    return {corpus.authors[author]: count for author, count in most[:MANY_AUTHORS]}


def _named(values: npt.NDArray[np.int8], names: Sequence[str]) -> dict[str, int]:
    """How often each of the names is meant, "" for -1 (left out where it never is)."""
    counts = {name: int((values == number).sum()) for number, name in enumerate(names)}
    unknown = int((values < 0).sum())
    return {**counts, "": unknown} if unknown else counts


def _split(corpus: Corpus) -> tuple[int, int] | None:
    if not (corpus.side != OPEN).any():
        return None
    return int((corpus.side != HELD_OUT).sum()), int((corpus.side == HELD_OUT).sum())


def _advice(kept: int) -> str:
    if not kept:
        return "There is nothing to learn from here."
    if kept < MINIMUM_POEMS:
        return f"{kept} poems are not enough: training needs at least {MINIMUM_POEMS}."
    if kept < FEW_POEMS:
        return f"{kept} poems are few: begin from a trained poet and let it learn their manner."
    return f"{kept:,} poems: ready for `gansuite poem train`."


def _warnings(corpus: Corpus, match: Match) -> list[str]:
    facts, warnings = corpus.facts, [*corpus.facts.notes]
    broken = len(facts.skipped)
    if broken > 0.1 * (facts.files + broken):
        warnings.append(f"{broken} files, or lines of them, cannot be used; the reasons are listed.")
    again = facts.dropped.get(REPEATED, 0) + facts.dropped.get(ALIKE, 0)
    if again > 0.1 * facts.found:
        warnings.append(f"{again} of {facts.found} poems repeat others, wholly or nearly; they are used once.")
    largest = max(Counter(corpus.author[corpus.author > 0].tolist()).values(), default=0)
    if not largest and len(corpus):
        warnings.append("No author is named: poems are held out one by one, so measures flatter a little.")
    elif largest > 0.5 * len(corpus):
        warnings.append(f"One author wrote {largest} of the {len(corpus)} poems.")
    silent = [label for label, ranked in match.ranked.items() if not len(ranked.poem)]
    if silent:
        warnings.append(f"No poem speaks of {', '.join(silent[:8])}.")
    if match.missing:
        warnings.append(f"{len(match.missing)} given pairs name pictures that are not there, {match.missing[0]} first.")
    return warnings


def _page(report: Report, shown: int) -> list[str]:
    lines = [report.source, f"  {report.files} files, {report.used} used, {len(report.skipped)} skipped"]
    lines += [f"  {report.found:,} poems, {report.kept:,} kept, of {report.words:,} words", ""]
    if report.kept:
        named = {name or "(not named)": count for name, count in report.authors.items()}
        lines += [f"  authors   {report.authors_in_all}", *bars(named), ""]
        lines += ["  lines", *bars(report.lines), "", "  words a line", *bars(report.lengths), ""]
        lines += ["  era", *bars(_told(report.eras)), "", "  mood", *bars(_told(report.moods)), ""]
    lines += [f"  prose     {report.prose:,} passages"] if report.prose else []
    lines += [f"  split     {report.split[0]:,} in train, {report.split[1]:,} in valid"] if report.split else []
    lines += [f"  pairs     {report.given:,} given", ""] if report.given else []
    lines += ["  poems about", *bars(report.topics), ""] if report.topics else []
    dropped = [f"{count:,} {reason}; {report.examples.get(reason, '')}" for reason, count in report.dropped.items()]
    lines += section("left out", dropped, shown)
    lines += section("skipped", [f"{name} {reason}" for name, reason in report.skipped], shown)
    lines += section("warnings", report.warnings, shown)
    return [*lines, f"  {report.advice}"]


def _told(counts: Mapping[str, int]) -> dict[str, int]:
    return {name or "(not told)": count for name, count in counts.items()}
