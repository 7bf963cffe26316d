"""Distributions that are given as rows of integer CDFs."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.distributions.array_codec import ArrayCodec, Shape, checked_precision
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.kernels.distributions.cdf_rows import WEIGHT_SUM_BITS, cumulate
from ansflow.kernels.stack import tables as kernels

__all__ = ["CDFRows", "bits_of_weights", "cumulated"]


class CDFRows(ArrayCodec):
    """Symbols under rows of a matrix of cumulative frequencies; a pop searches the row.

    Parameters
    ----------
    cdf : ndarray of uint32, shape (rows, alphabet + 1)
        Each row ascends from 0 to ``2**precision``; not checked.
    rows : ndarray of uint32, shape (symbols,) or (1,)
        Row of each symbol, or of all; not checked.
    precision : int
    shape : int, tuple of int or None
    low : int
        Value of the first symbol.
    """

    kernels: ClassVar[Any] = kernels

    def __init__(
        self,
        cdf: npt.NDArray[np.uint32],
        rows: npt.NDArray[np.uint32],
        precision: int,
        shape: Shape,
        low: int = 0,
    ) -> None:
        self.cdf = cdf
        self.rows = rows
        self.precision = precision
        super().__init__(shape, (rows, cdf, np.uint64(precision)), low=low)

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        inside = np.minimum(symbols, self.cdf.shape[1] - 2).astype(np.int64)
        has_slots = self.cdf[self.rows, inside] < self.cdf[self.rows, inside + 1]
        possible: npt.NDArray[np.bool] = (symbols == inside.astype(np.uint64)) & has_slots
        return possible


def bits_of_weights(alphabet: int, precision: int) -> tuple[int, int]:
    """The precision, checked, and bits of the largest weight: the sum has no more than 32."""
    if not 2 <= alphabet <= MAX_ALPHABET:
        raise ModelError(f"an alphabet must have 2 to {MAX_ALPHABET} symbols, not {alphabet}")
    weight_bits = min(31, WEIGHT_SUM_BITS - (alphabet - 1).bit_length())
    return checked_precision(precision, alphabet), weight_bits


def cumulated(
    weights: npt.NDArray[np.uint32], precision: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], int]:
    """CDFs in proportion to weights, shape (n, alphabet), a row for each of n symbols."""
    n, alphabet = weights.shape
    cdf = np.empty((n, alphabet + 1), np.uint32)
    cumulate(weights, np.uint64(precision), cdf)
    return cdf, np.arange(n, dtype=np.uint32), precision
