"""An evaluation as tables to read: those of the paper, track by track, and what was learnt since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gansuite.music.evaluate import ROLES, Evaluation, Row, closed
from gansuite.music.measures import Measure

TRACK_MEASURES = (  # measure, title, factor, decimals
    ("empty_bars", "Empty bars (EB), %", 100, 1),
    ("used_pitch_classes", "Used pitch classes (UPC)", 1, 2),
    ("qualified_notes", "Qualified notes (QN), %", 100, 1),
    ("polyphony", "Steps with two pitches or more (PP), %", 100, 1),
    ("notes_per_bar", "Notes in a bar", 1, 1),
)
PAIR_MEASURES = (("tonal_distance", "Tonal distance (TD)", 1, 2),)
BAND_MEASURES = (
    ("scale_consistency", "all", "scale %", 100),
    ("in_scale_rate", "all", "in key %", 100),
    ("groove_consistency", "all", "groove %", 100),
    ("pitch_class_entropy", "all", "entropy", 1),
    ("drum_eighths", "drums", "drums on eighths %", 100),
)
DISTANCES = {
    "empty_bars": "EB",
    "used_pitch_classes": "UPC",
    "qualified_notes": "QN",
    "polyphony": "PP",
    "tonal_distance": "TD",
    "mean": "mean",
}

Cells = Sequence[str]


def to_text(evaluation: Evaluation) -> str:
    """The evaluation as aligned tables."""
    rows = evaluation.rows
    parts = [_heading(evaluation), *_tables(rows), _memory(evaluation)]
    parts += [_accompaniment(row) for row in rows if row.accompaniment]
    if evaluation.whole:
        phrases = evaluation.whole[0].table.phrases
        parts += [f"Whole bands alone: beside the {phrases} held-out phrases that have all tracks."]
        parts += _tables(evaluation.whole)
    return "\n\n".join(parts)


def _heading(evaluation: Evaluation) -> str:
    model = evaluation.rows[1]
    return (
        f"{model.table.phrases} phrases of {model.who} beside {evaluation.held_out} held-out phrases of "
        f"{evaluation.pieces} pieces, of which none was among the {evaluation.train} trained on.\n"
        "The nearer to the first line, the better; 'shuffled' are held-out tracks that do not belong together."
    )


def _tables(rows: Sequence[Row]) -> list[str]:
    measures = [_measure(rows, *measure) for measure in (*TRACK_MEASURES, *PAIR_MEASURES)]
    return [*measures, _band(rows), _distances(rows)]


def _measure(rows: Sequence[Row], name: str, title: str, factor: float, decimals: int) -> str:
    columns = [column for column in rows[0].table[name] if column != "all"]

    def cells(row: Row) -> Iterator[str]:
        for column in columns:
            yield _figure(row.table[name].get(column), factor, decimals)

    return _table(title, columns, rows, cells)


def _band(rows: Sequence[Row]) -> str:
    def cells(row: Row) -> Iterator[str]:
        for name, column, _, factor in BAND_MEASURES:
            yield _figure(row.table[name].get(column), factor, 1 if factor > 1 else 2)

    return _table("All tracks together", [title for _, _, title, _ in BAND_MEASURES], rows, cells)


def _distances(rows: Sequence[Row]) -> str:
    def cells(row: Row) -> Iterator[str]:
        for name in DISTANCES:
            yield f"{getattr(row.distance, name):.3f}"

    far = [row for row in rows if row.distance is not None]
    return _table("Distance to the held-out phrases, 0 is alike", list(DISTANCES.values()), far, cells)


def _memory(evaluation: Evaluation) -> str:
    def cells(row: Row) -> Iterator[str]:
        known = row.memorisation
        if known is None:
            return
        yield str(known.copies)
        yield f"{100 * known.unique.value:.1f}"
        yield f"{known.nearest.value:.3f}"
        yield "-" if known.held_out is None else f"{known.held_out.value:.3f}"
        yield "-" if known.suspected is None else f"{100 * known.suspected.value:.1f}"

    rows = [row for row in evaluation.rows if row.memorisation is not None]
    columns = ["exact copies", "unique %", "to nearest", "held out", "suspected %"]
    title = f"Memorisation, in {', '.join(evaluation.compared)}; honest phrases are suspected in 1 of 100"
    return _table(title, columns, rows, cells)


def _accompaniment(row: Row) -> str:
    """A line for each given and each played track, and how much of the gap is closed by all together."""
    pairs = row.accompaniment or {}
    lines = [
        [name, f"{pair.shuffled:.2f}", f"{pair.generated:.2f}", f"{pair.real:.2f}", f"{100 * pair.closed:.0f}"]
        for name, pair in pairs.items()
    ]
    title = (
        f"Accompaniment by {row.who}: tonal distance from the track given to the one played; "
        f"{100 * closed(pairs):.0f} % of the gap from strangers to real music is closed"
    )
    return _aligned(title, [["", "strangers", "played", "real", "closed %"], *lines])


def _figure(measure: Measure | None, factor: float, decimals: int) -> str:
    return "-" if measure is None or not measure.count else f"{factor * measure.value:.{decimals}f}"


def _table(title: str, columns: Sequence[str], rows: Sequence[Row], cells: Callable[[Row], Iterator[str]]) -> str:
    return _aligned(title, [["", *columns], *([_name(row), *cells(row)] for row in rows)])


def _name(row: Row) -> str:
    return f"{ROLES[row.role]} {row.who}" if row.role in ("model", "control") else ROLES[row.role]


def _aligned(title: str, lines: Sequence[Cells]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = [
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    ]
    return "\n".join([title, *text])
