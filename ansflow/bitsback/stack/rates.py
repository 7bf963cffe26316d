"""What a message costs, counted in three ways."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Mark", "Rates"]


@dataclass(frozen=True)
class Mark:
    """A moment in a stack's life, to count from; made by `Stack.mark`."""

    head_bits: float
    size: int
    level: int


@dataclass(frozen=True)
class Rates:
    """Bits that were added to a stack since a `Mark`.

    Attributes
    ----------
    net : float
        Bits at the end minus bits at the start. That is what a long chain of messages costs, and
        what a model's free energy predicts.
    used : float
        Bits at the end without those starting bits that nobody touched: what has to be sent if the
        start holds nothing of value. They are counted in whole words.
    total : float
        All bits at the end.
    """

    net: float
    used: float
    total: float

    def per(self, count: int) -> Rates:
        """The same per symbol, or dimension, if there were `count` of them."""
        return Rates(self.net / count, self.used / count, self.total / count)
