"""The interface: a pair of exact inverses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.stack import Stack
from ansflow.errors import ModelError

__all__ = ["Codec", "Shape"]

Shape = int | Sequence[int] | None


class Codec(ABC):
    """What `Stack` messages are written and read with.

    `push` and `pop` are inverses in both directions: pop after push returns the data and leaves the
    stack as it was, and push after pop of what it returned leaves the stack as it was.
    """

    @abstractmethod
    def push(self, stack: Stack, x: Any) -> None:
        """Put `x` on the stack."""

    @abstractmethod
    def pop(self, stack: Stack) -> Any:
        """Take from the stack what was pushed last, or a sample if it was something else."""


class ArrayCodec(Codec):
    """A codec of integer arrays, whose symbols are dealt to the lanes in turn.

    Parameters
    ----------
    shape : int, sequence of int or None
        Shape of the arrays; one symbol a lane if None.
    """

    def __init__(self, shape: Shape) -> None:
        if shape is None:
            self.shape = None
        elif isinstance(shape, Sequence):
            self.shape = tuple(index(size) for size in shape)
        else:
            self.shape = (index(shape),)
        if self.shape is not None and min(self.shape, default=0) < 0:
            raise ValueError(f"a shape of {self.shape}")

    def _shape_on(self, stack: Stack) -> tuple[int, ...]:
        return stack.heads.shape if self.shape is None else self.shape

    def _symbols(
        self, stack: Stack, x: npt.ArrayLike, dtype: np.dtype[Any], low: int
    ) -> npt.NDArray[Any]:
        """`x` as a contiguous vector of `dtype`, counted from `low`.

        Whether its symbols have probabilities is for the kernel to say.
        """
        shape = stack.heads.shape if self.shape is None else self.shape
        # Most symbols are as the kernel wants them, and with few lanes each test would show.
        if type(x) is np.ndarray and x.dtype is dtype and x.shape == shape and not low:
            return x if x.ndim == 1 else np.ascontiguousarray(x).reshape(-1)
        values = _checked(np.asarray(x), dtype, low)
        if values.shape != shape:
            raise ValueError(f"symbols of shape {values.shape}; the codec's is {shape}")
        return np.ascontiguousarray(values).reshape(-1)


def _checked(values: npt.NDArray[Any], dtype: np.dtype[Any], low: int) -> npt.NDArray[Any]:
    if values.dtype.kind not in "iub":
        raise TypeError(f"symbols must be integers, not {values.dtype}")
    if values.size:
        lowest, highest = int(values.min()), int(values.max())
        if lowest < low or highest - low > np.iinfo(dtype).max:
            raise ModelError(f"the model gives {lowest} or {highest} no probability")
    if low:
        values = values.astype(np.int64) - low
    return values.astype(dtype, copy=False)
