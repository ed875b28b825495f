"""Lists and bars of plain text, such as `inspect` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LONGEST = 30  # signs of the longest bar


def section(title: str, items: Sequence[str], shown: int) -> list[str]:
    """The lines of a titled list, its first so many items and how many more there are; none for no items."""
    if not items:
        return []
    more = [f"    ... and {len(items) - shown} more"] if len(items) > shown else []
    return [f"  {title}", *(f"    {item}" for item in items[:shown]), *more, ""]


def listed(counts: Mapping[str, int]) -> str:
    """`PNG 3, JPEG 2`."""
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def bars(counts: Mapping[str, int]) -> list[str]:
    """A line for each name: its count, and a bar as long as that is great."""
    most, width = max(1, *counts.values()), max(len(name) for name in counts)
    return [
        f"    {name:<{width}} {count:>6}  {'#' * round(LONGEST * count / most)}".rstrip()
        for name, count in counts.items()
    ]
