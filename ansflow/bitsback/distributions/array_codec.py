"""Integer arrays, whose symbols are dealt to the lanes: what all distributions share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, SupportsIndex

import numpy as np
import numpy.typing as npt
from numpy import empty

from ansflow.arguments import as_array, integer, shape_of
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_PRECISION

__all__ = ["PRECISIONS", "ArrayCodec", "Shape", "as_shape", "checked_precision"]

Shape = SupportsIndex | Sequence[SupportsIndex] | None

# NumPy makes an array of one of these in two thirds of the time that it takes for a type.
INT64, UINT64, UINT32 = map(np.dtype, (np.int64, np.uint64, np.uint32))

# Precisions as kernels take them: to make such a scalar takes as long as to call a kernel.
PRECISIONS = tuple(map(np.uint64, range(MAX_PRECISION + 1)))


class ArrayCodec(Codec):
    """A codec of integer arrays, whose symbols are dealt to the lanes in turn.

    Integers of any type can be pushed. Those that are popped are int64, as one calculates with
    them: with latents of 8 bits ``z * z`` would overflow without a warning. `Mapped` converts them
    to another type::

        Mapped(codec, pushed=np.asarray, popped=lambda x: x.astype(np.uint8))

    A subclass adds a module of `ansflow.kernels.stack`, and its parameters. Unless
    `kernels_know_low`, the symbols that kernels take count from 0.

    Parameters
    ----------
    shape : int, sequence of int or None
        Shape of the arrays; one symbol for each lane if None.
    params : tuple
        The kernels' arguments, except for the stack and the symbols. Arrays must belong to the
        codec alone, as kernels rely on their content. Those that are writable are passed faster,
        and a codec had better show a read-only view of them.
    dtype : dtype
        Of the arrays that are popped, and of the symbols that kernels take: int64 or uint64.
    low : int
        Value of the first symbol.
    words : int
        The number of words that a symbol takes at most.

    Raises
    ------
    TypeError, ValueError
        If an axis of the shape is not an integer, or negative.

    Examples
    --------
    Dice that are loaded, with the kernels of tables, and a table that is theirs:

    >>> import numpy as np
    >>> from ansflow.bitsback import ArrayCodec, Stack
    >>> from ansflow.kernels.stack import tables
    >>> class Dice(ArrayCodec):
    ...     kernels = tables
    ...
    ...     def __init__(self, shape):
    ...         cdf = np.array([[0, 1, 2, 3, 4, 5, 16]], np.uint32)  # of 16 slots
    ...         row = np.zeros(1, np.uint32)  # one for all symbols
    ...         super().__init__(shape, (row, cdf, np.uint64(4)), low=1)
    ...
    ...     def _possible(self, symbols):
    ...         return symbols < 6
    >>> stack = Stack()
    >>> Dice(3).push(stack, [6, 6, 1])
    >>> Dice(3).pop(stack)
    array([6, 6, 1])
    """

    kernels: ClassVar[Any]
    kernels_know_low: ClassVar[bool] = False

    # What most codecs have in common, so that those that are built for one symbol need not set it.
    low: int = 0
    _dtype: np.dtype[Any] = INT64
    _words: int = 1

    def __init__(
        self,
        shape: Shape,
        params: tuple[Any, ...],
        *,
        dtype: np.dtype[Any] = INT64,
        low: int = 0,
        words: int = 1,
    ) -> None:
        self._set_params(as_shape(shape), params)
        self.low = low
        self._words = words
        if dtype is not INT64:
            self._dtype = dtype

    def _set_params(self, shape: tuple[int, ...] | None, params: tuple[Any, ...]) -> None:
        """What `__init__` does, for a shape that is checked, and symbols from 0 on of a word."""
        self.shape = shape
        self._params = params

    def push(self, stack: Stack, x: npt.ArrayLike) -> None:
        shape = stack.heads.shape if self.shape is None else self.shape
        symbols = self._symbols(x, shape)
        if not self.kernels_know_low and self.low:
            # Symbols that are too low wrap around, and are too high then.
            symbols = symbols - offset(self.low)
        if not symbols.flags.carray:  # kernels are compiled for one kind of array
            symbols = symbols.copy()
        try:
            room = self._words * symbols.size
            stack._run_push(self.kernels.push, room, (symbols,), self._params)
        except ModelError:
            raise self._refusal(np.asarray(x), symbols) from None

    def pop(self, stack: Stack) -> npt.NDArray[Any]:
        shape = stack.heads.shape if self.shape is None else self.shape
        array = empty(shape, self._dtype)
        symbols = array if len(shape) == 1 else array.ravel()  # a view, made faster than others
        most = self._words * symbols.size
        stack._run_pop(self.kernels.pop, most, self._params, (symbols,))
        if not self.kernels_know_low and self.low:
            array += offset(self.low)
        return array

    @abstractmethod
    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        """Which of the symbols, uint64, have a probability."""

    def _symbols(self, x: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Symbols of this shape as a vector of the kernels' type."""
        # Most symbols are as they were popped; with few lanes any further test would be felt.
        kind = type(x)
        if kind is np.ndarray:
            values: npt.NDArray[Any] = x  # type: ignore[assignment]
        elif kind is np.int64 or kind is int:
            values = np.asarray(x)
        else:
            values = as_array(x, "symbols")
        if values.dtype is not self._dtype:
            values = self._converted(values)
        if values.shape != shape:
            raise ValueError(f"the codec takes symbols of shape {shape}, not {values.shape}")
        return values if values.ndim == 1 else values.ravel()

    def _converted(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values of the kernels' type. The kernels check if they are possible."""
        if values.size and values.dtype.kind not in "iub":  # NumPy makes doubles of an empty list
            raise TypeError(f"symbols must be integers, not {values.dtype}")
        if values.size and not np.can_cast(values.dtype, self._dtype):
            outlier = int(values.max() if values.dtype.kind == "u" else values.min())
            info = np.iinfo(self._dtype)
            if not info.min <= outlier <= info.max:
                raise ModelError(f"symbol {outlier} has no probability")
        return values.astype(self._dtype, copy=False)

    def _refusal(self, values: npt.NDArray[Any], symbols: npt.NDArray[Any]) -> ModelError:
        first = int(np.argmin(self._possible(symbols.view(np.uint64))))
        position = tuple(int(i) for i in np.unravel_index(first, values.shape))
        where = position[0] if len(position) == 1 else position
        value = values.reshape(-1)[first]
        return ModelError(f"symbol {value} at position {where} has no probability")


@lru_cache(maxsize=256)
def offset(low: int) -> npt.NDArray[np.int64]:
    """An array without axes: NumPy adds it in half the time that it takes for an integer."""
    return np.array(low, np.int64)


def checked_precision(precision: SupportsIndex, alphabet: int = 2) -> int:
    """Bits that give each symbol at least a slot; ModelError if there are too few or too many."""
    if type(precision) is int and 0 < precision <= MAX_PRECISION and alphabet <= 1 << precision:
        return precision
    low = max(1, (alphabet - 1).bit_length())
    name = "precision" if alphabet <= 2 else f"precision for an alphabet of {alphabet}"
    return integer(precision, name, low, MAX_PRECISION, error=ModelError)


def as_shape(shape: Shape) -> tuple[int, ...] | None:
    """A shape as a tuple of Python integers, or None."""
    if shape is None:
        return None
    if type(shape) is int and shape >= 0:
        return (shape,)
    if type(shape) is tuple:
        for size in shape:
            if type(size) is not int or size < 0:
                return shape_of(shape)
        return shape
    return shape_of(shape)
