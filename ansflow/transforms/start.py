"""What is done with numbers first, while they are in the cache: the mirror image of `finish`.

Some transforms need to see no number to know their parameters. They need no turn of their own:
they say what is to be done, and whoever takes the numbers does it.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.kernels.transforms.delta import difference
from ansflow.kernels.transforms.ordered import order
from ansflow.recycling import empty
from ansflow.transforms.numbers import Numbers, numbers_of

__all__ = ["FOLDED", "UNTOUCHED", "Start"]

FOLDED = np.uint64((1 << 64) - 1)
NO_SHIFT = np.uint64(0)


class Start(NamedTuple):
    """What is to be done with items, as in the plan of `ansflow.kernels.transforms.start`."""

    if_clear: int = 0
    if_set: int = 0
    lags: tuple[int, ...] = ()

    @property
    def plan(self) -> npt.NDArray[np.uint64]:
        return _plan(self)

    def in_order(self, numbers: Numbers) -> Numbers:
        """The numbers in order, which is the first thing to do; new memory if anything is done."""
        if self.if_clear == self.if_set == 0:
            return numbers
        out = empty(numbers.size, numbers.dtype)
        order(numbers, NO_SHIFT, np.uint64(self.if_clear), np.uint64(self.if_set), out)
        return out

    @property
    def masks(self) -> tuple[np.uint64, np.uint64]:
        """Those of its order, as kernels take them."""
        return np.uint64(self.if_clear), np.uint64(self.if_set)

    def unlagged(self, items: Bytes, width: int) -> tuple[Bytes, Start]:
        """Items of so many bytes, and what is left to do with them if that is just their order."""
        return (self.apply(items, width), UNTOUCHED) if self.lags else (items, self)

    def ready(self, items: Bytes, width: int) -> tuple[Bytes, Start]:
        """Items of so many bytes, and what is left to do with them, none of it slow.

        Floats that have lags are put in order once, not again for each of their neighbours.
        """
        if not self.lags or self.if_clear == self.if_set:
            return items, self
        return self.in_order(numbers_of(items, width)).view(np.uint8), Start(lags=self.lags)

    def apply(self, items: Bytes, width: int) -> Bytes:
        """Do it, with numbers of so many bytes."""
        numbers = self.in_order(numbers_of(items, width))
        if self.lags:
            out = empty(numbers.size, numbers.dtype)
            difference(numbers, np.array(self.lags, np.uint64), FOLDED, out)
            numbers = out
        return numbers.view(np.uint8)


@functools.lru_cache(64)
def _plan(start: Start) -> npt.NDArray[np.uint64]:
    plan = np.array((start.if_clear, start.if_set, *start.lags), np.uint64)
    plan.setflags(write=False)
    return plan


UNTOUCHED = Start()
