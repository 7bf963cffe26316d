"""What is done with numbers last, while they are in the cache: kinds of transforms that allow it.

Some transforms are undone in place, item by item or sum by sum. They need no turn of their own:
they say what is to be done, and whoever makes the numbers does it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.kernels.transforms import finish as kernels
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import unaligned_in_place
from ansflow.transforms.transform import Transform

__all__ = ["NOTHING", "Finish", "Finished", "Finisher"]


class Finish(NamedTuple):
    """What is to be done with numbers, as in the plan of `ansflow.kernels.transforms.finish`."""

    first: int = 0
    folded: bool = False
    shift: int = 0
    if_clear: int = 0
    if_set: int = 0
    lags: tuple[int, ...] = ()

    @property
    def plan(self) -> npt.NDArray[np.uint64]:
        *others, lags = self
        return np.array((*others, *lags), np.uint64)

    def apply(self, out: Bytes, width: int) -> None:
        """Do it, with numbers of so many bytes."""
        if self != NOTHING:
            kernels.finish(unaligned_in_place(out, width), self.plan)


NOTHING = Finish()


class Finished(Transform):
    """A transform that is undone by what is done with numbers last."""

    @abstractmethod
    def then(self, parameters: Any, layout: Layout, finish: Finish) -> Finish | None:
        """What undoes the transform and does `finish` then; None if that takes two turns."""

    def buffers(self, parameters: Any, layout: Layout, out: Bytes) -> list[Bytes]:
        return [out]

    def inverse(
        self, parameters: Any, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        finish = self.then(parameters, layout, NOTHING)
        assert finish is not None, "it can always be done alone"
        finish.apply(out, layout.itemsize)


class Finisher(Transform):
    """A transform whose `inverse` makes numbers, and does with them what is done last."""

    @abstractmethod
    def inverse(
        self,
        parameters: Any,
        outputs: Sequence[Bytes],
        layout: Layout,
        out: Bytes,
        finish: Finish = NOTHING,
    ) -> None:
        """Fill `out` with the items, finished."""
