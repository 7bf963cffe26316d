"""Distributions that are given as rows of integer CDFs."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array
from ansflow.bitsback.distributions.array_codec import (
    INT64,
    PRECISIONS,
    UINT32,
    ArrayCodec,
    checked_precision,
)
from ansflow.bitsback.read_only import read_only_view
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.kernels.distributions.cdf_rows import WEIGHT_SUM_BITS
from ansflow.kernels.distributions.checked import row_numbers
from ansflow.kernels.stack import tables as kernels

__all__ = ["ONE_ROW", "CDFRows", "bits_of_weights", "checked_alphabet"]

ONE_ROW = np.zeros(1, np.uint32)


class CDFRows(ArrayCodec):
    """Symbols under rows of a matrix of cumulative frequencies; a pop searches the row.

    Parameters
    ----------
    cdf : ndarray of uint32, shape (rows, alphabet + 1)
        Each row ascends from 0 to ``2**precision``; not checked.
    rows : ndarray of uint32, shape (symbols,) or (1,)
        Row of each symbol, or of all; not checked.
    precision : int
    shape : tuple of int or None
    low : int
        Value of the first symbol.
    """

    kernels: ClassVar[Any] = kernels

    def __init__(
        self,
        cdf: npt.NDArray[np.uint32],
        rows: npt.NDArray[np.uint32],
        precision: int,
        shape: tuple[int, ...] | None,
        low: int = 0,
    ) -> None:
        self.low = low
        self.precision = precision
        self._set_params(shape, (rows, cdf, PRECISIONS[precision]))

    @property
    def cdf(self) -> npt.NDArray[np.uint32]:
        """The cumulative frequencies, read-only."""
        return read_only_view(self._params[1])

    @property
    def rows(self) -> npt.NDArray[np.uint32]:
        """The row of each symbol, or of all; read-only."""
        return read_only_view(self._params[0])

    def _set_each(
        self, cdf: npt.NDArray[np.uint32], precision: int, shape: tuple[int, ...]
    ) -> None:
        """Set a new CDF, which has a row for each symbol."""
        n = len(cdf)
        rows = ONE_ROW if n == 1 else np.arange(n, dtype=UINT32)
        self.precision = precision
        self._set_params(shape, (rows, cdf, PRECISIONS[precision]))

    def at(self, rows: npt.ArrayLike) -> CDFRows:
        """The codec of symbols under rows of `cdf`, in any order, which are not checked again.

        Such as the transitions of a Markov chain, the classes of an image, or what is in a cache.

        Parameters
        ----------
        rows : int or array_like of int, any shape
            Row of each symbol: distributions with more than one axis are numbered in C order.

        Returns
        -------
        CDFRows
            Its symbols have the shape of `rows`.

        Raises
        ------
        ModelError
            If there is no such row.

        Examples
        --------
        >>> from ansflow.bitsback import Categorical, Stack
        >>> transitions = Categorical.from_weights([[9, 1, 0], [1, 8, 1], [0, 1, 9]])
        >>> stack = Stack()
        >>> transitions.at([0, 0, 2]).push(stack, [0, 1, 2])
        >>> transitions.at([0, 0, 2]).pop(stack)
        array([0, 1, 2])
        """
        _, cdf, precision = self._params
        count = cdf.shape[0]
        if type(rows) is int and 0 <= rows < count:
            index, shape = np.array([rows], UINT32), ()
        else:
            given = rows if type(rows) is np.ndarray else as_array(rows, "rows")
            if given.size and given.dtype.kind not in "iu":
                raise TypeError(f"rows must be integers, not {given.dtype}")
            numbers = given.copy() if given.dtype is INT64 else given.astype(np.int64, order="C")
            index, shape = np.empty(numbers.size, UINT32), numbers.shape
            if not row_numbers(numbers.reshape(-1), count, index):
                raise ModelError(
                    f"rows must be 0 to {count - 1}, not {given.min()} to {given.max()}"
                )
        codec = CDFRows.__new__(CDFRows)
        codec.low = self.low
        codec.precision = self.precision
        codec._set_params(shape, (index, cdf, precision))
        return codec

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        rows, cdf, _ = self._params
        inside = np.minimum(symbols, cdf.shape[1] - 2).astype(np.int64)
        has_slots = cdf[rows, inside] < cdf[rows, inside + 1]
        possible: npt.NDArray[np.bool] = (symbols == inside.astype(np.uint64)) & has_slots
        return possible


@cache
def bits_of_weights(alphabet: int) -> np.uint64:
    """Bits of the largest weight: the sum has no more than 32."""
    return PRECISIONS[min(31, WEIGHT_SUM_BITS - (alphabet - 1).bit_length())]


def checked_alphabet(alphabet: int, precision: SupportsIndex) -> int:
    """The precision; ModelError unless it has slots for an alphabet of that size."""
    if not 2 <= alphabet <= MAX_ALPHABET:
        raise ModelError(f"an alphabet must have 2 to {MAX_ALPHABET} symbols, not {alphabet}")
    return checked_precision(precision, alphabet)
