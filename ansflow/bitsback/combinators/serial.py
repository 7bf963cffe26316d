"""Sequences of independent items, each with its codec."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack

__all__ = ["FromIterable", "Repeat", "Serial", "items_of"]


def items_of(x: Iterable[Any], count: int) -> list[Any]:
    """The items as a list; ValueError unless there are so many."""
    items = list(x)
    if len(items) != count:
        raise ValueError(f"the codec takes {count} items, not {len(items)}")
    return items


class Serial(Codec):
    """Tuples whose item i is coded with codec i.

    Parameters
    ----------
    codecs : sequence of Codec

    Raises
    ------
    ValueError
        By a push if there are not as many items as codecs.

    Notes
    -----
    The last item is pushed first, so that the items are popped in order.

    Examples
    --------
    >>> from ansflow.bitsback import Serial, Stack, Uniform
    >>> date = Serial([Uniform(31, ()), Uniform(12, ())])
    >>> stack = Stack(seed=0)
    >>> date.push(stack, (23, 11))
    >>> day, month = date.pop(stack)
    >>> int(day), int(month)
    (23, 11)
    """

    def __init__(self, codecs: Sequence[Codec]) -> None:
        self.codecs = tuple(codecs)

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        items = items_of(x, len(self.codecs))
        for codec, item in reversed(list(zip(self.codecs, items, strict=True))):
            codec.push(stack, item)

    def pop(self, stack: Stack) -> tuple[Any, ...]:
        return tuple(codec.pop(stack) for codec in self.codecs)


class Repeat(Codec):
    """Lists of `count` items that are coded with the same codec.

    Parameters
    ----------
    codec : Codec
    count : int

    Raises
    ------
    TypeError, ValueError
        If `count` is not an integer, or negative; a push also if there are not as many items.

    Examples
    --------
    >>> from ansflow.bitsback import Repeat, Stack, Uniform
    >>> dice = Repeat(Uniform(6, ()), 3)
    >>> stack = Stack(seed=0)
    >>> dice.push(stack, [5, 0, 2])
    >>> [int(die) for die in dice.pop(stack)]
    [5, 0, 2]
    """

    def __init__(self, codec: Codec, count: int) -> None:
        self._serial = Serial([codec] * integer(count, "count", 0))

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        self._serial.push(stack, x)

    def pop(self, stack: Stack) -> list[Any]:
        return list(self._serial.pop(stack))


class FromIterable(Codec):
    """Lists whose items are coded with the codecs of an iterable, and that are as long as it is.

    Parameters
    ----------
    codecs : callable
        Without arguments; returns an iterable of codecs, a new one for each push or pop. A push
        needs the last codec first, so it reads the iterable to its end.

    Raises
    ------
    ValueError
        By a push if there are not as many items as codecs.

    Examples
    --------
    >>> from ansflow.bitsback import FromIterable, Stack, Uniform
    >>> deck = FromIterable(lambda: (Uniform(n, 1) for n in range(52, 0, -1)))  # a permutation
    >>> stack = Stack(seed=0)
    >>> cards = deck.pop(stack)  # a shuffle
    >>> start = stack.mark()
    >>> deck.push(stack, cards)
    >>> round(stack.rates(start).net, 1)  # log2 of 52!
    225.6
    """

    def __init__(self, codecs: Callable[[], Iterable[Codec]]) -> None:
        self.codecs = codecs

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        Serial(list(self.codecs())).push(stack, x)

    def pop(self, stack: Stack) -> list[Any]:
        return [codec.pop(stack) for codec in self.codecs()]
