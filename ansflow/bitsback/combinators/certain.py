"""Data that are known beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack
from ansflow.errors import ModelError

__all__ = ["Certain"]


class Certain(Codec):
    """The codec of a single value, which takes no bits.

    Parameters
    ----------
    value
        The only value that can be pushed.

    Raises
    ------
    ModelError
        By a push of any other value.

    Examples
    --------
    >>> from ansflow.bitsback import Certain, Stack
    >>> stack = Stack(seed=0)
    >>> Certain("header").push(stack, "header")
    >>> stack == Stack(seed=0)
    True
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def push(self, stack: Stack, x: Any) -> None:
        if not np.array_equal(x, self.value):
            raise ModelError(f"{x!r} has no probability; the only possible value is {self.value!r}")

    def pop(self, stack: Stack) -> Any:
        return self.value
