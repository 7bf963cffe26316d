"""Integer frequencies: made from weights, checked, and summed up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer, real_numbers
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET, MAX_PRECISION
from ansflow.kernels.tables.quantize import quantize_rows, scale_rows

__all__ = [
    "DEFAULT_PRECISION",
    "TINY",
    "check_frequencies",
    "checked_low",
    "checked_precision",
    "cumulative",
    "quantize",
    "smallest_dtype",
]

DEFAULT_PRECISION = 12

TINY = float(np.finfo(np.float64).tiny)


def cumulative(freq: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Cumulative sums of the last axis with a zero before them, for sums below 2^32; read-only."""
    cdf = np.zeros((*freq.shape[:-1], freq.shape[-1] + 1), np.uint32)
    np.cumsum(freq, axis=-1, dtype=np.uint32, out=cdf[..., 1:])
    cdf.setflags(write=False)
    return cdf


def smallest_dtype(low: int, high: int) -> np.dtype[Any]:
    """The smallest integer type, unsigned if possible, that holds `low` and `high`."""
    if low >= 0:
        return np.min_scalar_type(high)
    # The negative number that needs as many bits as either.
    return np.min_scalar_type(min(low, -1 - high))


def checked_precision(precision: int) -> int:
    """The precision of a model that is being made.

    Raises
    ------
    TypeError
        If it is not an integer.
    ModelError
        If it is out of bounds.
    """
    return integer(precision, "precision", 1, MAX_PRECISION, error=ModelError)


def checked_low(low: int, alphabet: int) -> int:
    """The value of symbol 0, of a support within int64; raises like `checked_precision`."""
    low = integer(low, "low")
    high = low + alphabet - 1
    if not (low >= -(1 << 63) and high < 1 << 63):
        raise ModelError(f"the support {low} to {high} exceeds the range of int64")
    return low


def quantize(weights: npt.ArrayLike, precision: int) -> npt.NDArray[np.uint32]:
    """Integer frequencies that minimise the expected code length under `weights`.

    Parameters
    ----------
    weights : array_like, shape (alphabet,) or (rows, alphabet)
        Counts or probabilities: finite, not negative, in no row all zero.
    precision : int
        1 to 31. The frequencies of each row sum to ``2**precision``.

    Returns
    -------
    ndarray of uint32, of the weights' shape
        0 where the weight is 0, at least 1 elsewhere. Among such frequencies, these have the
        smallest ``-sum(weights * log2(freq))`` (see `ansflow.kernels.tables.quantize`).

    Raises
    ------
    ModelError
        If the weights are unusable, or the precision is too small for them.
    TypeError
        If the weights are not real numbers, or the precision is not an integer.

    Examples
    --------
    >>> quantize([90, 9, 1, 0], precision=4)
    array([14,  1,  1,  0], dtype=uint32)
    """
    values = real_numbers(weights, "weights")
    precision = checked_precision(precision)
    if values.ndim not in (1, 2) or not values.size or values.shape[-1] > MAX_ALPHABET:
        raise ModelError(
            f"weights must be one or more rows of 1 to {MAX_ALPHABET} numbers, "
            f"not of shape {values.shape}"
        )
    rows = np.atleast_2d(values)
    is_sound, fewest, most = scale_rows(rows, rows.view(np.int64), TINY)
    if not is_sound:
        raise ModelError("weights must be finite and not negative")
    if not fewest:
        raise ModelError("the weights, or those of a row, are all zero")
    if most > 1 << precision:
        needed = int(most - 1).bit_length()
        raise ModelError(
            f"{most} symbols need a precision of at least {needed} bits, not {precision}"
        )
    freq = np.empty(rows.shape, np.uint32)
    n = rows.shape[-1]
    quantize_rows(rows, np.uint64(1 << precision), freq, np.empty(n), np.empty(n, np.uint32))
    return freq.reshape(values.shape)


def check_frequencies(freq: npt.ArrayLike) -> tuple[npt.NDArray[np.uint32], int]:
    """Frequencies as a read-only array of uint32, and their precision.

    Raises
    ------
    ModelError
        If they are not one or more rows of integers that all sum to the same power of two,
        from 2 to 2^31.
    TypeError
        If some of them are masked.
    """
    # A copy before the checks: kernels rely on them, and others may write to the original.
    given = np.array(as_array(freq, "frequencies"), order="C")
    if given.ndim not in (1, 2) or given.dtype.kind not in "iu" or not given.size:
        raise ModelError(
            "frequencies must be a non-empty vector or matrix of integers, not "
            f"{given.dtype} of shape {given.shape}"
        )
    if given.shape[-1] > MAX_ALPHABET:
        raise ModelError(
            f"the alphabet has {given.shape[-1]} symbols; it must have at most {MAX_ALPHABET}"
        )
    # This test first: it keeps the sums below from wrapping around.
    if int(given.min()) < 0 or int(given.max()) > 1 << MAX_PRECISION:
        raise ModelError(f"a frequency is outside 0 to 2**{MAX_PRECISION}")
    sums = np.atleast_1d(given.sum(axis=-1, dtype=np.uint64))
    total = int(sums[0])
    precision = total.bit_length() - 1
    if total != 1 << precision or not 1 <= precision <= MAX_PRECISION:
        raise ModelError(
            f"frequencies sum to {total}, not to a power of two from 2 to 2**{MAX_PRECISION}; "
            "for counts of any sum there is from_counts"
        )
    different = np.flatnonzero(sums != total)
    if different.size:
        row = int(different[0])
        raise ModelError(f"frequencies of row {row} sum to {sums[row]}, those of row 0 to {total}")
    checked = given.astype(np.uint32, copy=False)
    checked.setflags(write=False)
    return checked, precision
