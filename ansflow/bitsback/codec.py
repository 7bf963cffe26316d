"""The interface: a pair of exact inverses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from operator import index
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.stack import Stack
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_PRECISION

__all__ = ["ArrayCodec", "Codec", "Shape", "as_shape", "checked_precision"]

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

    What subclasses add is a module of `ansflow.kernels.stack`, and its parameters.

    Parameters
    ----------
    shape : int, sequence of int or None
        Shape of the arrays; one symbol a lane if None.
    params : tuple
        The kernels' arguments, but for the stack's and the symbols.
    symbol_dtype : dtype
        What the kernels take.
    dtype : dtype
        Of the arrays that are popped.
    low : int
        Value of symbol 0.
    words : int
        How many words a symbol can take at most.
    """

    kernels: ClassVar[Any]

    def __init__(
        self,
        shape: Shape,
        params: tuple[Any, ...],
        symbol_dtype: np.dtype[Any],
        dtype: np.dtype[Any],
        *,
        low: int = 0,
        words: int = 1,
    ) -> None:
        self.shape = as_shape(shape)
        self.low = low
        self._params = tuple(_fixed(value) for value in params)
        self._symbol_dtype = symbol_dtype
        self._dtype = dtype
        self._words = words

    def push(self, stack: Stack, x: npt.ArrayLike) -> None:
        shape = stack.heads.shape if self.shape is None else self.shape
        # Most symbols are as the kernel wants them; with few lanes any further test would show.
        if type(x) is np.ndarray and x.dtype is self._symbol_dtype and x.shape == shape:
            symbols = x if x.ndim == 1 and not self.low else self._symbols(x, shape)
        else:
            symbols = self._symbols(np.asarray(x), shape)
        try:
            stack.push(self.kernels.push, self._words * symbols.size, symbols, *self._params)
        except ModelError:
            raise self._refusal(symbols, shape) from None

    def pop(self, stack: Stack) -> npt.NDArray[Any]:
        shape = stack.heads.shape if self.shape is None else self.shape
        out = np.empty(shape, self._symbol_dtype)
        flat = out if out.ndim == 1 else out.reshape(-1)
        stack.pop(self.kernels.pop, self._words * flat.size, *self._params, flat)
        if self.low:
            out = out.astype(np.int64)
            out += self.low
        return out if out.dtype is self._dtype else out.astype(self._dtype)

    @abstractmethod
    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        """Which of the symbols have a probability: all, if the kernel takes them."""

    def _symbols(self, values: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Values as a contiguous vector of symbols; if they are possible, the kernel will say."""
        symbols = self._counted(values)
        if symbols.shape != shape:
            raise ValueError(f"symbols of shape {symbols.shape}; the codec's is {shape}")
        return np.ascontiguousarray(symbols).reshape(-1)

    def _counted(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values as symbols, counted from the lowest; ModelError if they can't be."""
        if values.dtype.kind not in "iub":
            raise TypeError(f"symbols must be integers, not {values.dtype}")
        if values.size:
            highest = self.low + int(np.iinfo(self._symbol_dtype).max)
            for value in (int(values.min()), int(values.max())):
                if not self.low <= value <= highest:
                    raise ModelError(f"symbol {value} has no probability")
        if self.low:
            values = values.astype(np.int64) - self.low
        return values.astype(self._symbol_dtype, copy=False)

    def _refusal(self, symbols: npt.NDArray[Any], shape: tuple[int, ...]) -> ModelError:
        first = int(np.argmin(self._possible(symbols)))
        position = tuple(int(i) for i in np.unravel_index(first, shape))
        where = position[0] if len(position) == 1 else position
        value = int(symbols[first]) + self.low
        return ModelError(f"symbol {value} at position {where} has no probability")


def _fixed(value: Any) -> Any:
    """Arrays that can't be written to, whether they could or not: kernels are compiled once."""
    if isinstance(value, np.ndarray):
        value = value.view()
        value.setflags(write=False)
    return value


def checked_precision(precision: int, alphabet: int = 2) -> int:
    """Bits that give each symbol a slot; ModelError if it has too few or too many."""
    bits = (alphabet - 1).bit_length()
    if not max(1, bits) <= index(precision) <= MAX_PRECISION:
        raise ModelError(
            f"precision is {precision}, not between {max(1, bits)} and {MAX_PRECISION}, for an "
            f"alphabet of {alphabet}"
        )
    return index(precision)


def as_shape(shape: Shape) -> tuple[int, ...] | None:
    """A shape as a tuple; ValueError if it isn't one."""
    if shape is None:
        return None
    sizes = tuple(map(index, shape)) if isinstance(shape, Sequence) else (index(shape),)
    if min(sizes, default=0) < 0:
        raise ValueError(f"{shape} isn't a shape")
    return sizes
