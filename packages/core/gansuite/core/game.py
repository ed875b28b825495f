"""The game: who plays, and for what. The only thing an art must write to be trainable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn

from gansuite.core.randomness import Draw


@dataclass(frozen=True)
class Losses:
    """What the players of one side minimise.

    Attributes:
        terms: named scalar losses; their sum is minimised.
        signals: named scalars to watch and to adapt to; never differentiated.
    """

    terms: Mapping[str, Tensor]
    signals: Mapping[str, Tensor] = field(default_factory=dict)


class Game(Protocol):
    """An adversarial game between any number of named generators and discriminators.

    A batch is whatever the art's source hands out; fakes are whatever its generators make of it. The trainer only
    passes them on. Losses are means over the rows they are given, so that they can be averaged over micro-batches
    and processes. Every random number comes from `draw`.
    """

    @property
    def generators(self) -> Mapping[str, nn.Module]:
        """The generators, by name."""

    @property
    def discriminators(self) -> Mapping[str, nn.Module]:
        """The discriminators, by name."""

    def generate(self, batch: Any, draw: Draw) -> Any:
        """What the generators make of this batch."""

    def discriminator_losses(self, batch: Any, fakes: Any, draw: Draw) -> Losses:
        """What the discriminators minimise; fakes carry no gradient."""

    def penalties(self, batch: Any, fakes: Any, draw: Draw) -> Losses:
        """Regularisers of the discriminators that the trainer asks for only every few steps (lazy)."""

    def generator_losses(self, batch: Any, fakes: Any, draw: Draw) -> Losses:
        """What the generators minimise; the discriminators are frozen."""

    def adapt(self, signals: Mapping[str, float], images: int) -> Mapping[str, float]:
        """After a step: adapt to its signals (averaged over all processes); returns what to log beside them."""

    def state(self) -> dict[str, float]:
        """What `adapt` remembers, for the checkpoint."""

    def restore(self, state: Mapping[str, float]) -> None:
        """Back to a remembered state."""


class Study:
    """A game with no opponent: generators that learn from real works alone, before they play or beside those who do.

    Subclasses set `generators` and write `generator_losses`; everything else of `Game` is here, and does nothing.
    """

    generators: Mapping[str, nn.Module]
    discriminators: Mapping[str, nn.Module] = {}

    def generate(self, batch: Any, draw: Draw) -> Any:
        """Nothing: there is nobody to show it to."""

    def discriminator_losses(self, batch: Any, fakes: Any, draw: Draw) -> Losses:
        """None."""
        return Losses({})

    def penalties(self, batch: Any, fakes: Any, draw: Draw) -> Losses:
        """None."""
        return Losses({})

    def adapt(self, signals: Mapping[str, float], images: int) -> Mapping[str, float]:
        """Nothing to adapt to."""
        return {}

    def state(self) -> dict[str, float]:
        """Nothing to remember."""
        return {}

    def restore(self, state: Mapping[str, float]) -> None:
        """Nothing to go back to."""
