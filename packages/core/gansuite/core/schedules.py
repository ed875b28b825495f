"""Everything that changes over a run, as functions of its progress.

Progress counts images seen, not steps, so that batch size and process count change nothing else. Under a budget of
minutes the same schedules follow the share of the time that has passed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gansuite.core.errors import GansuiteError


@dataclass(frozen=True)
class Budget:
    """How long a run may last; whichever bound comes first ends it.

    Attributes:
        images: real works to see, or None.
        minutes: minutes of training, or None.
    """

    images: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if self.images is None and self.minutes is None:
            raise GansuiteError("This run has no end.", "Say how long: --minutes 20 or --steps 5000.")
        for word, value in (("--steps", self.images), ("--minutes", self.minutes)):
            if value is not None and not 0 < value < math.inf:
                raise GansuiteError(f"{word} must be a number, more than 0.", f"Try {word} 20.")

    def fraction(self, images: int, seconds: float) -> float:
        """How much of the budget is spent, in [0, 1]."""
        spent = [images / self.images] if self.images else []
        spent += [seconds / 60 / self.minutes] if self.minutes else []
        return min(1.0, max(spent))


def warm_up(fraction: float, share: float) -> float:
    """A linear ramp from 0 to 1 over the first `share` of the budget: Goyal et al. 2017, section 2.2."""
    return 1.0 if share <= 0 else min(1.0, fraction / share)


def constant_then_cosine(fraction: float, final: float, start: float = 0.5) -> float:
    """1 until `start` of the budget, then half a cosine down to `final`.

    final + (1 - final) (1 + cos(pi t)) / 2, with t from 0 to 1 over what is left after `start`: Loshchilov and Hutter
    2017, eq. 5, one period without restart. Constant rates over the first half are those of Zhu et al. 2017, section 4.

    Args:
        fraction: spent share of the budget, in [0, 1].
        final: the factor at the end, in [0, 1].
        start: where the decay begins, in [0, 1).
    """
    t = min(1.0, max(0.0, (fraction - start) / (1 - start)))
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * t))
