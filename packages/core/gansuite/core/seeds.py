"""Seeds: which there are, and how people type several of them."""

from __future__ import annotations

from collections.abc import Sequence

from gansuite.core.errors import GansuiteError

LAST_SEED = 2**53  # whole numbers that every JSON reader keeps exactly
MOST_SEEDS = 100_000  # at a time


def check_seeds(seeds: Sequence[int]) -> None:
    """Raise `GansuiteError` unless there are 1 to 100,000 seeds, each from 0 to 2^53."""
    if not 1 <= len(seeds) <= MOST_SEEDS:
        raise GansuiteError(f"{len(seeds)} seeds were given; expected 1 to {MOST_SEEDS}.", "Draw them in parts.")
    odd = next((seed for seed in seeds if not 0 <= seed <= LAST_SEED), None)
    if odd is not None:
        raise GansuiteError(f"{odd} is no seed: seeds are whole numbers from 0 to 2^53.", "Use --seed 0.")


def parse_seeds(text: str, count: int | None = None) -> list[int]:
    """Seeds as a person types them: `7`, a list `1,5,9`, a range `3-8`, or a mixture of them.

    One seed and a count of n mean n seeds from there upwards.

    Raises:
        GansuiteError: it is none of these, a seed is too large, or the count does not fit the list.
    """
    seeds = [seed for part in text.split(",") for seed in _span(part.strip(), text)]
    if count is None or count == len(seeds):
        return _checked(seeds)
    if count < 1:
        raise GansuiteError(f"The count is {count}; it must be 1 or more.", "Use --count 8.")
    if len(seeds) > 1:
        raise GansuiteError(
            f"--seed {text} names {len(seeds)} seeds, and --count asks for {count}.",
            f"Leave --count out, or give one seed to count from: --seed {seeds[0]} --count {count}",
        )
    return _checked(range(seeds[0], seeds[0] + count))


def _span(part: str, text: str) -> range:
    """`7` or `3-8` as the seeds it means."""
    first, dash, last = part.partition("-")
    numbers = [first, last] if dash else [first, first]
    if not all(number.isascii() and number.isdigit() and len(number) < 20 for number in numbers):
        raise GansuiteError(
            f"'{text}' is not a seed, a list or a range of seeds.",
            "Type --seed 7, --seed 1,5,9 or --seed 3-8.",
        )
    low, high = map(int, numbers)
    if high < low:
        raise GansuiteError(f"The range {part} runs backwards.", f"Type --seed {high}-{low}.")
    if high - low >= MOST_SEEDS:
        raise GansuiteError(f"The range {part} has more than {MOST_SEEDS} seeds.", "Draw them in parts.")
    return range(low, high + 1)


def _checked(seeds: Sequence[int]) -> list[int]:
    check_seeds(seeds)
    return list(seeds)
