"""Sequences of items whose distributions depend on a state, which each item changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.serial import items_of
from ansflow.bitsback.stack.stack import Stack

__all__ = ["Scan"]


class Scan(Codec):
    """Lists of items under a model that steps from state to state, in one pass over the items.

    A recurrent network, a filter, the counts of an adaptive model: all that the model knows of the
    items so far is its state. `Autoregressive` has the list of these items in place of a state, and
    takes a number of steps that grows with the square of its length.

    Parameters
    ----------
    codec_of : callable
        From the state to the codec of the next item.
    update : callable
        From the state and that item to the state after it. It must not change its arguments.
    initial
        The state before the first item.
    count : int
        The length of the lists.

    Raises
    ------
    TypeError, ValueError
        If `count` is not an integer, or negative; a push also if a list has another length.

    Notes
    -----
    A push first steps through all states, which it keeps, and then pushes the last item first. A
    decoder calls `update` with the items that codecs pop, so an encoder should push the same types:
    int64 in place of numbers that wrap.

    Examples
    --------
    Each symbol is as probable as it was frequent:

    >>> import numpy as np
    >>> from ansflow.bitsback import Categorical, Scan, Stack
    >>> adaptive = Scan(
    ...     codec_of=Categorical.from_weights,
    ...     update=lambda counts, symbol: counts + (np.arange(3) == symbol),
    ...     initial=np.ones(3),
    ...     count=6,
    ... )
    >>> stack = Stack()
    >>> adaptive.push(stack, [2, 2, 0, 2, 2, 2])
    >>> [int(symbol) for symbol in adaptive.pop(stack)]
    [2, 2, 0, 2, 2, 2]
    """

    def __init__(
        self,
        codec_of: Callable[[Any], Codec],
        update: Callable[[Any, Any], Any],
        initial: Any,
        count: int,
    ) -> None:
        self.codec_of = codec_of
        self.update = update
        self.initial = initial
        self.count = integer(count, "count", 0)

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        items = items_of(x, self.count)
        states = [self.initial]
        for item in items[:-1]:
            states.append(self.update(states[-1], item))
        for item in reversed(items):
            self.codec_of(states.pop()).push(stack, item)

    def pop(self, stack: Stack) -> list[Any]:
        items: list[Any] = []
        state = self.initial
        for i in range(self.count):
            if i:
                state = self.update(state, items[-1])
            items.append(self.codec_of(state).pop(stack))
        return items
