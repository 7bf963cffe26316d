"""Codecs on some of the lanes of a stack, or on more lanes than it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.serial import Serial
from ansflow.bitsback.stack.folding import MAX_STACK_LANES
from ansflow.bitsback.stack.stack import Stack

__all__ = ["Parallel", "Substack", "Unfolded"]


class Substack(Codec):
    """A codec on some of the lanes of a stack.

    Parameters
    ----------
    codec : Codec
    start, stop : int
        Lanes `start` to ``stop - 1``.

    Raises
    ------
    TypeError
        If a lane is not an integer.
    ValueError
        By a push or pop if the stack has no such lanes.

    Examples
    --------
    >>> from ansflow.bitsback import Stack, Substack, Uniform
    >>> stack = Stack(lanes=4, seed=0)
    >>> heads = stack.heads.copy()
    >>> Substack(Uniform(1000), 2, 4).push(stack, [7, 8])  # a number for each of lanes 2 and 3
    >>> (stack.heads != heads).tolist()
    [False, False, True, True]
    """

    def __init__(self, codec: Codec, start: int, stop: int) -> None:
        self.codec = codec
        self.start = integer(start, "start")
        self.stop = integer(stop, "stop")

    def push(self, stack: Stack, x: Any) -> None:
        self.codec.push(stack.view(self.start, self.stop), x)

    def pop(self, stack: Stack) -> Any:
        return self.codec.pop(stack.view(self.start, self.stop))


class Parallel(Codec):
    """Tuples whose item i is coded with codec i, on lanes of its own.

    Parameters
    ----------
    codecs : sequence of Codec
    lanes : sequence of int
        The number of lanes of each codec. The first codec has the first lanes of the stack.

    Raises
    ------
    TypeError, ValueError
        If there are not as many `lanes` as codecs, or one is not an integer from 1 to 65,536; a
        push or pop also if the stack has fewer lanes, or there are not as many items as codecs.

    Examples
    --------
    >>> from ansflow.bitsback import Parallel, Stack, Uniform
    >>> both = Parallel([Uniform(1000), Uniform(10)], lanes=[3, 1])
    >>> stack = Stack(lanes=4, seed=0)
    >>> both.push(stack, ([1, 2, 3], [9]))
    >>> [part.tolist() for part in both.pop(stack)]
    [[1, 2, 3], [9]]
    """

    def __init__(self, codecs: Sequence[Codec], lanes: Sequence[int]) -> None:
        counts = [integer(count, "one of lanes", 1, MAX_STACK_LANES) for count in lanes]
        if len(counts) != len(codecs):
            raise ValueError(f"there are {len(counts)} numbers of lanes for {len(codecs)} codecs")
        self._serial = Serial(
            [
                Substack(codec, end - count, end)
                for codec, count, end in zip(codecs, counts, accumulate(counts), strict=True)
            ]
        )

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        self._serial.push(stack, x)

    def pop(self, stack: Stack) -> tuple[Any, ...]:
        return self._serial.pop(stack)


class Unfolded(Codec):
    """A codec on a stack that is unfolded to more lanes meanwhile, and folded afterwards.

    Many lanes are fast, but in a new stack each costs 32 bits. Lanes that are unfolded from a stack
    with enough bits cost almost nothing.

    Parameters
    ----------
    codec : Codec
    lanes : int
        The number of lanes meanwhile.

    Raises
    ------
    TypeError, ValueError
        If `lanes` is not an integer from 1 to 65,536.
    StackUnderflowError
        By a push or pop if the stack has too few bits for more lanes.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback import Stack, Unfolded, Uniform
    >>> stack = Stack(seed=0)
    >>> Uniform(1 << 16, 1000).push(stack, np.arange(1000))  # bits for the heads of other lanes
    >>> Unfolded(Uniform(256, 256), lanes=64).push(stack, np.arange(256))
    >>> stack.lanes
    1
    """

    def __init__(self, codec: Codec, lanes: int) -> None:
        self.codec = codec
        self.lanes = integer(lanes, "lanes", 1, MAX_STACK_LANES)

    def push(self, stack: Stack, x: Any) -> None:
        with self._unfolded(stack):
            self.codec.push(stack, x)

    def pop(self, stack: Stack) -> Any:
        with self._unfolded(stack):
            return self.codec.pop(stack)

    @contextmanager
    def _unfolded(self, stack: Stack) -> Iterator[None]:
        lanes = stack.lanes
        stack.unfold(self.lanes)
        try:
            yield
        finally:
            stack.fold(lanes)
