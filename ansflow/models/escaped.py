"""Rows of distributions, each over its own integers, with an escape for all others."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, symbol_array
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_FAST_PRECISION
from ansflow.models.frequencies import check_frequencies, cumulative
from ansflow.models.rows import IndexedRows

__all__ = ["Escaped", "check_escapes", "check_lowest"]

INT32 = np.iinfo(np.int32)


class Escaped(IndexedRows):
    """Symbol i is distributed by row ``index[i]``; integers outside the row's support are escaped.

    These are the tables of learned compression, where a row is the distribution of a quantised
    latent. The arguments are what CompressAI calls ``quantized_cdf``, ``cdf_length``, ``offset``
    and ``indexes``. For `ansflow.encode_many` and `ansflow.RangeEncoder`. Any number of 32 bits can
    be coded: the last symbol of a row says that one outside follows, whose distance is coded in
    digits of four bits. Latents of more axes, and their indexes, are reshaped to (images, -1) for
    `ansflow.encode_many`.

    Parameters
    ----------
    cdf : array_like of int, shape (rows, columns)
        Row r begins with ``cdf_length[r]`` cumulative frequencies, which increase from 0 to
        ``2**precision``. What is behind them is ignored. At most 16 bits.
    cdf_length : array_like of int, shape (rows,)
        2 to `columns`: one more than there are symbols, the last of which is the escape.
    offset : array_like of int, shape (rows,)
        The integer that the first symbol of a row stands for; of 32 bits.
    index : array_like of int, optional
        Row of each symbol, of the symbols' shape or one that broadcasts to it. By default
        symbol i has row i.

    Attributes
    ----------
    precision : int
    freq : ndarray of uint32, shape (rows, alphabet)
        Of each row's symbols and of its escape, then zeros. Read-only.
    cdf : ndarray of uint32, shape (rows, alphabet + 1)
        Read-only.
    low : ndarray of int32, shape (rows,)
        `offset`. Read-only.
    index : ndarray of int
        Read-only.
    escape : bool
        True; says that the last symbol of each row is an escape.

    Raises
    ------
    ModelError
        If rows don't increase from 0 to the same power of two, or the shapes don't go together.

    Examples
    --------
    >>> rows = Escaped([[0, 8, 14, 16], [0, 15, 16, 16]], cdf_length=[4, 3], offset=[-1, 0])
    >>> rows.freq
    array([[ 8,  6,  2],
           [15,  1,  0]], dtype=uint32)
    >>> rows.at([0, 0, 1]).code_length([-1, 0, 0]).__round__(3)
    2.508
    >>> rows.at([1]).code_length([3])  # the escape, the number of digits, and one digit
    12.0
    """

    FROZEN: ClassVar[frozenset[str]] = IndexedRows.FROZEN | {"low"}
    escape: ClassVar[bool] = True

    def __init__(
        self,
        cdf: npt.ArrayLike,
        cdf_length: npt.ArrayLike,
        offset: npt.ArrayLike,
        index: npt.ArrayLike | None = None,
    ) -> None:
        given = _integers(cdf, "cdf", 2)
        length = _integers(cdf_length, "cdf_length", 1)
        rows, columns = given.shape
        if not rows or length.size != rows:
            raise ModelError(
                f"cdf has {rows} rows and cdf_length {length.size} items; there must be as many of "
                "both, at least one"
            )
        if int(length.min()) < 2 or int(length.max()) > columns:
            raise ModelError(f"cdf_length must be 2 to {columns}, the number of columns of cdf")
        steps = np.diff(given, axis=1)
        used = np.arange(columns - 1) < length[:, np.newaxis] - 1
        if given[:, 0].any() or (steps <= 0)[used].any():
            raise ModelError("a row of cdf must begin with 0 and increase up to its cdf_length")
        freq = np.where(used, steps, 0)[:, : int(length.max()) - 1]
        self.freq, self.precision = check_frequencies(freq)
        if self.precision > MAX_FAST_PRECISION:
            raise ModelError(
                f"the rows end at 2**{self.precision}; with escapes they must end at "
                f"2**{MAX_FAST_PRECISION} at most"
            )
        self.cdf = cumulative(self.freq)
        self.low = check_lowest(offset, rows)
        self.low.setflags(write=False)
        self.index = self._checked(index)

    def __repr__(self) -> str:
        rows, alphabet = self.freq.shape
        return (
            f"{type(self).__name__}({rows} rows of up to {alphabet} symbols, "
            f"precision={self.precision})"
        )

    def code_length(self, symbols: npt.ArrayLike) -> float:
        """Ideal size of `symbols` in bits, with the digits of escaped ones.

        Raises
        ------
        TypeError
            If the symbols are not integers.
        ModelError
            If the index does not broadcast to their shape.
        """
        values = symbol_array(symbols)
        if not values.size:
            return 0.0
        index = self._spread(values.shape)
        escape = check_escapes(self.freq).astype(np.int64)[index]
        number = values.astype(np.int64) - self.low[index]
        is_outside = (number < 0) | (number >= escape)
        logs = np.log2(self.freq[index, np.where(is_outside, escape, number)])
        distance = np.where(number < 0, -2 * number - 1, 2 * (number - escape))[is_outside]
        digits = sum((distance >> shift > 0).sum() for shift in range(0, 36, 4))
        ideal = float(np.sum(self.precision - logs.astype(np.float64)))
        return ideal + 4.0 * float(np.count_nonzero(is_outside) + digits)


def check_escapes(freq: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The escape of each row: the last symbol that has a frequency, behind others that all have.

    Raises
    ------
    ModelError
        If a row has a symbol without a frequency before its last.
    """
    is_used = freq > 0
    if (is_used[:, 1:] > is_used[:, :-1]).any() or not is_used[:, 0].all():
        raise ModelError(
            "in a row with an escape, each symbol before it must have a frequency of at least 1"
        )
    last: npt.NDArray[np.uint32] = (np.count_nonzero(is_used, axis=1) - 1).astype(np.uint32)
    return last


def check_lowest(low: npt.ArrayLike, rows: int) -> npt.NDArray[np.int32]:
    """The integers at which the supports of so many rows begin; a copy.

    Raises
    ------
    ModelError
        If they are not integers of 32 bits, one for each row.
    """
    given = _integers(low, "offset", 1)
    if given.shape != (rows,):
        raise ModelError(f"offset has {given.size} items, but there are {rows} rows")
    if int(given.min()) < INT32.min or int(given.max()) > INT32.max:
        raise ModelError("offset must be integers of 32 bits")
    return given.astype(np.int32)


def _integers(values: npt.ArrayLike, name: str, ndim: int) -> npt.NDArray[np.int64]:
    """A copy; what exceeds int64 becomes negative, as nothing here may be."""
    given = as_array(values, name)
    if given.ndim != ndim or given.dtype.kind not in "iu":
        kind = "vector" if ndim == 1 else "matrix"
        raise ModelError(
            f"{name} must be a {kind} of integers, not {given.dtype} of shape {given.shape}"
        )
    return np.array(given, np.int64)
