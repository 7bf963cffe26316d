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
    """

    @abstractmethod
    def push(self, stack: Stack, x: Any) -> None:
        """Put `x` on the stack."""

    @abstractmethod
    def pop(self, stack: Stack) -> Any:
        """Take from the stack what was pushed last; if that was something else, a sample."""
