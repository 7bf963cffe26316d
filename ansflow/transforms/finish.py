"""What is done with numbers last, while they are in the cache.

Some transforms are undone in place, item by item or sum by sum. They need no turn of their own:
they say what is to be done, and whoever makes the numbers does it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.kernels.transforms import finish as kernels
from ansflow.transforms.numbers import unaligned

__all__ = ["NOTHING", "Finish"]


# Plans that are kept: the chunks of an array have the same ones, as a rule.
KEPT = 64


class Finish(NamedTuple):
    """What is to be done with numbers, as in the plan of `ansflow.kernels.transforms.finish`."""

    first: int = 0
    folded: bool = False
    step: int = 1
    base: int = 0
    if_clear: int = 0
    if_set: int = 0
    lags: tuple[int, ...] = ()

    @property
    def plan(self) -> npt.NDArray[np.uint64]:
        """What kernels are told; they don't change it."""
        return _plan(self)

    @property
    def is_by_item(self) -> bool:
        """Whether what is done with a number depends on it alone."""
        return not (self.lags or self.first or self.folded)

    def apply(self, out: Bytes, width: int) -> None:
        """Do it, with numbers of so many bytes."""
        if self != NOTHING:
            kernels.finish(unaligned(out, width), self.plan)


@lru_cache(KEPT)
def _plan(finish: Finish) -> npt.NDArray[np.uint64]:
    return np.array(finish[:-1] + finish.lags, np.uint64)


NOTHING = Finish()
