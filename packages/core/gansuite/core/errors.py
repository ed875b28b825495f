"""What a person reads when something is wrong: one sentence of cause, one of remedy."""

from __future__ import annotations

USAGE = 2
DIVERGED = 3


class GansuiteError(Exception):
    """An expected failure, told to a person without a traceback.

    Args:
        cause: one sentence: what was found and what was expected.
        remedy: one sentence: what to do or type next.
        exit_code: what the process returns; 2 unless said otherwise.
    """

    def __init__(self, cause: str, remedy: str, exit_code: int = USAGE) -> None:
        super().__init__(f"{cause} {remedy}")
        self.cause = cause
        self.remedy = remedy
        self.exit_code = exit_code


def did_you_mean(word: str, known: list[str]) -> str:
    """`Did you mean 'x'?` for the nearest known word, or the list of all of them."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else f"Known are: {', '.join(sorted(known))}."
