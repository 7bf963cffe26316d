"""Floating-point probabilities of each symbol, as networks compute them, quantised while coding."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, real_numbers, symbol_array
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.kernels.tables.probabilities import (
    TOLERANCE_BITS,
    cumulate,
    first_unsound,
    intervals,
)
from ansflow.lazy import cached_property
from ansflow.models.base import Frozen
from ansflow.models.conditional import Conditional
from ansflow.models.frequencies import checked_low, checked_precision, smallest_dtype

__all__ = ["Probabilities"]

# What is lost by one slot for each symbol is at most 2^-6 of the slots.
DEFAULT_PRECISION = 14
BITS_TO_SPARE = 6


class Probabilities(Frozen):
    """Each symbol has its own row of probabilities, such as the softmax of a network.

    They become frequencies by a closed form, in the kernels that code: only what coding a symbol
    takes is computed, and no matrix of integers is written. For given floats the frequencies are
    the same on all machines. That the decoder has the same floats, bit for bit, is up to you.

    This is for `ansflow.encode` and `encode_many`, and what undoes them. Others, such as
    `ansflow.bitsback.Symbols`, take the matrix, which `freq` computes.

    Parameters
    ----------
    probs : array_like of float, shape (..., alphabet)
        Probabilities of the symbols, whose shape is (...); at least two axes. Rows sum to 1 within
        1/64. Every symbol can be coded, also those of probability 0. Contiguous arrays of float32
        and float64 are **not copied**: they must stay as they are while the model is in use.
        Smaller types become float32.
    low : int
        Value of the first column.
    precision : int, optional
        Bits, 1 to 31; at least log2 of `alphabet`. By default 14, or six more than that. Up to 16
        is fast.

    Attributes
    ----------
    precision : int
    probs : ndarray of float32 or float64, shape (..., alphabet)
        A read-only view.
    low : int
    freq : ndarray of uint32, shape (symbols, alphabet)
        Computed on first access, like `cdf`. Read-only.
    cdf : ndarray of uint32, shape (symbols, alphabet + 1)
        Read-only.
    index : ndarray of int, shape (...)
        The row of each symbol.

    Raises
    ------
    ModelError
        If a row has a negative number or NaN or another sum, or the precision is too small.
    TypeError
        If the probabilities are not real numbers, or masked.

    See Also
    --------
    Conditional.from_counts : optimal frequencies, for distributions that are used more than once.

    Notes
    -----
    With n symbols and p bits of precision, a symbol takes at most ``-log2(1 - n / 2**p)`` bits over
    its ideal, which is about ``1.44 n / 2**p`` and at most 0.023 at the default precision. Cutting
    probabilities to 30 bits adds no more than ``n / 2**29`` bits, on average. Usually it is far
    less: for the softmax of independent normal logits of deviation 2, on average 0.0003 bits with
    64 symbols and 0.003 with 256, where optimal frequencies take 0.0001 and 0.001. The formula is
    that of `ansflow.kernels.tables.probabilities`.

    Differences of a cumulative distribution are probabilities: ``numpy.diff(cdf)``.

    Examples
    --------
    >>> import numpy as np, ansflow
    >>> probs = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.0, 1.0, 0.0]], np.float32)
    >>> model = ansflow.models.Probabilities(probs)
    >>> model.freq
    array([[11467,  3277,  1640],
           [ 1639,  1639, 13106],
           [    1, 16382,     1]], dtype=uint32)
    >>> words = ansflow.encode([0, 2, 1], model)
    >>> ansflow.decode(words, model, 3)
    array([0, 2, 1], dtype=uint8)
    """

    FROZEN: ClassVar[frozenset[str]] = Frozen.FROZEN | {"probs"}

    def __init__(self, probs: npt.ArrayLike, *, low: int = 0, precision: int | None = None) -> None:
        self.probs = _floats(probs)
        if self.probs.ndim < 2 or not 1 <= self.alphabet <= MAX_ALPHABET:
            raise ModelError(
                f"probabilities have the shape of the symbols and an axis of 1 to {MAX_ALPHABET}, "
                f"not {self.probs.shape}; one distribution for all symbols is a `Categorical`"
            )
        least = (self.alphabet - 1).bit_length()
        if precision is None:
            precision = max(DEFAULT_PRECISION, least + BITS_TO_SPARE)
        self.precision = checked_precision(precision)
        if self.precision < least:
            raise ModelError(
                f"{self.alphabet} symbols need a precision of at least {least} bits, not "
                f"{self.precision}"
            )
        self.low = checked_low(low, self.alphabet)
        unsound = int(first_unsound(self.rows))
        if unsound < len(self.rows):
            raise ModelError(_complaint(self.rows[unsound], unsound, self.shape))

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.probs.dtype} of shape {self.probs.shape}, support "
            f"{self.low}..{self.low + self.alphabet - 1}, precision={self.precision})"
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the symbols."""
        return self.probs.shape[:-1]

    @property
    def alphabet(self) -> int:
        """Number of symbols that there may be."""
        return int(self.probs.shape[-1])

    @property
    def rows(self) -> npt.NDArray[Any]:
        """The probabilities as a matrix, a row for each symbol."""
        return self.probs.reshape(-1, self.alphabet)

    @cached_property
    def cdf(self) -> npt.NDArray[np.uint32]:
        cdf = np.empty((len(self.rows), self.alphabet + 1), np.uint32)
        cumulate(self.rows, np.uint64(self.precision), np.empty(self.alphabet, np.uint32), cdf)
        cdf.setflags(write=False)
        return cdf

    @cached_property
    def freq(self) -> npt.NDArray[np.uint32]:
        freq = np.diff(self.cdf)
        freq.setflags(write=False)
        return freq

    @cached_property
    def index(self) -> npt.NDArray[np.intp]:
        index = np.arange(len(self.rows)).reshape(self.shape)
        index.setflags(write=False)
        return index

    def conditional(self) -> Conditional:
        """The same distributions as a `Conditional`, with all frequencies computed."""
        return Conditional(self.freq, self.index, low=self.low)

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise ModelError unless symbols of a shape have a row each."""
        if shape != self.shape:
            raise ModelError(
                f"symbols of shape {shape} need probabilities of shape "
                f"{(*shape, self.alphabet)}, not {self.probs.shape}"
            )

    def intervals(
        self, symbols: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """Where the interval of each symbol begins, and its frequency.

        Parameters
        ----------
        symbols : contiguous ndarray of uint8 or uint16, shape (rows,)
            Numbered from 0, and not checked. Read-only.

        Returns
        -------
        starts, freqs : ndarray of uint32, shape (rows,)
        """
        starts, freqs = (np.empty(symbols.size, np.uint32) for _ in range(2))
        intervals(symbols, self.rows, np.uint64(self.precision), starts, freqs)
        return starts, freqs

    def code_length(self, symbols: npt.ArrayLike) -> float:
        """Ideal size of `symbols`, one for each row, in bits; infinite if one is out of range.

        Raises
        ------
        TypeError
            If the symbols are not integers.
        ModelError
            If they have another shape.
        """
        values = symbol_array(symbols)
        self.check_shape(values.shape)
        if not values.size:
            return 0.0
        if int(values.min()) < self.low or int(values.max()) >= self.low + self.alphabet:
            return float("inf")
        flat = (values.reshape(-1).astype(np.int64) - self.low).astype(
            smallest_dtype(0, self.alphabet - 1)
        )
        flat.setflags(write=False)
        logs = np.log2(self.intervals(flat)[1])
        return float(np.sum(self.precision - logs.astype(np.float64)))

    def sample(self, rng: np.random.Generator | int | None = None) -> npt.NDArray[Any]:
        """A draw from each row, exactly by the frequencies.

        Parameters
        ----------
        rng : numpy.random.Generator or int, optional
            Source of randomness, or its seed.
        """
        return self.conditional().sample(None, rng)


def _floats(probs: npt.ArrayLike) -> npt.NDArray[Any]:
    """A read-only array of float32 or float64, contiguous; a view if possible."""
    given = as_array(probs, "probabilities")
    if given.dtype not in (np.float32, np.float64):
        is_small = np.can_cast(given.dtype, np.float32)
        given = given.astype(np.float32) if is_small else real_numbers(given, "probabilities")
    floats = np.require(given, None, ["C", "A"]).view()
    floats.setflags(write=False)
    return floats


def _complaint(row: npt.NDArray[Any], number: int, shape: tuple[int, ...]) -> str:
    position = tuple(int(i) for i in np.unravel_index(number, shape))
    where = f"the probabilities of symbol {position[0] if len(position) == 1 else position}"
    wrong = ~(row >= 0)
    if wrong.any():
        return f"{where} have a {row[wrong][0]}; they must be 0 to 1"
    return (
        f"{where} sum to {row.sum(dtype=np.float64):.6g}; it must be 1, give or take "
        f"{2.0**-TOLERANCE_BITS:g}"
    )
