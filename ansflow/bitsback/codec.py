"""The interface of all codecs: a pair of exact inverses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ansflow.bitsback.stack.stack import Stack

__all__ = ["Codec"]


class Codec(ABC):
    """Data on a `Stack`.

    `push` and `pop` are inverses in both directions: a pop after a push returns the data and leaves
    the stack as it was, and so does a push of what a pop returned.

    Examples
    --------
    The first of two dice and their sum, from which the second follows:

    >>> from ansflow.bitsback import Codec, Stack, Uniform
    >>> class Dice(Codec):
    ...     one = Uniform(6, ())
    ...
    ...     def push(self, stack, x):
    ...         first, both = x
    ...         self.one.push(stack, both - first)
    ...         self.one.push(stack, first)
    ...
    ...     def pop(self, stack):
    ...         first = int(self.one.pop(stack))
    ...         return first, first + int(self.one.pop(stack))
    >>> stack = Stack()
    >>> Dice().push(stack, (4, 9))
    >>> Dice().pop(stack)
    (4, 9)
    """

    @abstractmethod
    def push(self, stack: Stack, x: Any) -> None:
        """Put `x` on the stack.

        Raises
        ------
        ModelError
            If `x` has no probability.
        TypeError, ValueError
            If its type, shape or length is not that of the codec's data.
        StackUnderflowError
            If the codec also pops, as `BitsBack` pops latents, and the stack has too few bits.
        """

    @abstractmethod
    def pop(self, stack: Stack) -> Any:
        """Take from the stack what was pushed last; if that was something else, a sample.

        Raises
        ------
        StackUnderflowError
            If the stack has too few bits, and no seed to draw more from.
        CorruptDataError
            If no push leaves such a stack, as far as the codec can tell.
        """
