"""Data that correspond one to one to the data of another codec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack

__all__ = ["Mapped"]


class Mapped(Codec):
    """A codec of data that are converted before they are pushed, and back after they are popped.

    Parameters
    ----------
    codec : Codec
        The codec of the converted data.
    pushed : callable
        From the data to what is pushed.
    popped : callable
        The inverse of `pushed`.

    Examples
    --------
    >>> from ansflow.bitsback import Mapped, Stack, Uniform
    >>> letters = Mapped(Uniform(26, ()), lambda letter: ord(letter) - 97, lambda i: chr(i + 97))
    >>> stack = Stack(seed=0)
    >>> letters.push(stack, "q")
    >>> letters.pop(stack)
    'q'
    """

    def __init__(
        self, codec: Codec, pushed: Callable[[Any], Any], popped: Callable[[Any], Any]
    ) -> None:
        self.codec = codec
        self.pushed = pushed
        self.popped = popped

    def push(self, stack: Stack, x: Any) -> None:
        self.codec.push(stack, self.pushed(x))

    def pop(self, stack: Stack) -> Any:
        return self.popped(self.codec.pop(stack))
