"""What data cost on a stack, counted in three ways."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Mark", "Rates"]


@dataclass(frozen=True)
class Mark:
    """A moment of a stack, from which `Stack.rates` counts; made by `Stack.mark`.

    Attributes
    ----------
    head_bits : float
        Bits of all heads.
    size : int
        Words of the tail that count (`Stack.bits`).
    level : int
        Words of the tail without those that were drawn from the seed.

    Examples
    --------
    >>> from ansflow.bitsback import Stack
    >>> Stack(lanes=2).mark()
    Mark(head_bits=64.0, size=0, level=0)
    """

    head_bits: float
    size: int
    level: int


@dataclass(frozen=True)
class Rates:
    """Bits that were added to a stack since a `Mark`.

    Attributes
    ----------
    net : float
        Bits at the end minus bits at the start. That is what the data cost in a long chain, and
        what a model's free energy predicts.
    used : float
        Bits at the end without the bits at the start that were never popped: what has to be sent
        if the bits at the start are worth nothing. Those that were never popped are counted in
        whole words.
    total : float
        All bits at the end.

    Examples
    --------
    >>> from ansflow.bitsback import Stack, Uniform
    >>> stack = Stack(seed=0)
    >>> start = stack.mark()
    >>> Uniform(1 << 16, 4).push(stack, [1, 2, 3, 4])
    >>> round(stack.rates(start).net, 3)
    64.0
    """

    net: float
    used: float
    total: float

    def per(self, count: int) -> Rates:
        """The same per symbol, pixel or dimension, for `count` of them."""
        return Rates(self.net / count, self.used / count, self.total / count)
