"""Sequences of items whose distributions depend on the items before them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.serial import items_of
from ansflow.bitsback.stack.stack import Stack

__all__ = ["Autoregressive"]


class Autoregressive(Codec):
    """Lists in which the distribution of each item depends on the items before it.

    Parameters
    ----------
    codec_after : callable
        From the list of the items so far, which it must not change, to the codec of the next item.
    count : int
        The length of the lists.

    Raises
    ------
    TypeError, ValueError
        If `count` is not an integer, or negative; a push also if a list has another length.

    Examples
    --------
    >>> from ansflow.bitsback import Autoregressive, Bernoulli, Stack
    >>> sticky = Autoregressive(lambda bits: Bernoulli(0.9 if bits and bits[-1][0] else 0.1, 1), 6)
    >>> stack = Stack()
    >>> sticky.push(stack, [[0], [0], [1], [1], [1], [0]])
    >>> [int(bit[0]) for bit in sticky.pop(stack)]
    [0, 0, 1, 1, 1, 0]
    """

    def __init__(self, codec_after: Callable[[list[Any]], Codec], count: int) -> None:
        self.codec_after = codec_after
        self.count = integer(count, "count", 0)

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        items = items_of(x, self.count)
        for i in reversed(range(self.count)):
            self.codec_after(items[:i]).push(stack, items[i])

    def pop(self, stack: Stack) -> list[Any]:
        items: list[Any] = []
        for _ in range(self.count):
            items.append(self.codec_after(items).pop(stack))
        return items
