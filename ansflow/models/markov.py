"""Bytes that depend on the byte before: order-1 contexts."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import Axes, as_array, real_numbers, shape_of, symbol_array
from ansflow.buffers import bytes_of
from ansflow.errors import ModelError
from ansflow.kernels.coders.order1 import count_pairs, segment_start
from ansflow.kernels.coders.rows import find_symbols
from ansflow.kernels.constants import MAX_PACKED_PRECISION, checked_lanes
from ansflow.models.base import Frozen
from ansflow.models.frequencies import (
    DEFAULT_PRECISION,
    check_frequencies,
    cumulative,
    quantize,
)

__all__ = ["Markov", "check_contexts"]

MAX_CONTEXTS = 256


class Markov(Frozen):
    """A symbol is distributed by the row of a matrix that the symbol before it names.

    The coder cuts the symbols into a segment for each lane, and each segment begins as if a 0
    came before it; how many lanes there are therefore makes a small difference to the
    code length.

    Parameters
    ----------
    freq : array_like of int, shape (alphabet, alphabet)
        ``freq[c, s]`` is the frequency of symbol s after symbol c. Each row sums to
        ``2**precision``, or is all zero if its context never occurs: neither 0 nor a symbol
        that has a frequency in any row. At most 256 symbols and 12 bits.

    Attributes
    ----------
    precision : int
    freq : ndarray of uint32, shape (alphabet, alphabet)
        Read-only.
    cdf : ndarray of uint32, shape (alphabet, alphabet + 1)
        Read-only.
    contexts : str
        ``"previous"``: tells coders where a symbol's row comes from.

    Raises
    ------
    ModelError
        If the matrix is not square, the rows do not sum to the same power of two, or the row of a
        context that can occur is zero.

    Examples
    --------
    >>> model = Markov([[12, 4], [4, 12]])
    >>> model.code_length([0, 0, 0, 1, 1, 1, 1], lanes=1).__round__(3)
    4.49
    >>> text = b"abracadabra" * 100
    >>> round(Markov.fit(text, lanes=1).code_length(text, lanes=1))
    959
    """

    contexts: ClassVar[str] = "previous"

    def __init__(self, freq: npt.ArrayLike) -> None:
        self.freq, self.precision = check_contexts(freq)
        self.cdf = cumulative(self.freq)

    @classmethod
    def from_counts(cls, counts: npt.ArrayLike, *, precision: int = DEFAULT_PRECISION) -> Self:
        """From how often each symbol follows each other one; the best frequencies for each row.

        Parameters
        ----------
        counts : array_like, shape (alphabet, alphabet)
            Finite and not negative; need not be integers. Where a row is all zero but its symbol
            occurs, that symbol is taken to be followed by 0.
        precision : int
            Bits, 1 to 12; at least log2 of the number of symbols present in any row.

        Raises
        ------
        ModelError
            If the counts are unusable or the precision too small for them.
        """
        values = real_numbers(counts, "counts")
        if values.ndim != 2 or values.shape[0] != values.shape[1] or not values.size:
            raise ModelError(f"counts must be a square matrix, not of shape {values.shape}")
        contexts = possible_contexts(values)
        dead_ends = contexts[~values[contexts].any(axis=1)]
        values[dead_ends, 0] = 1.0
        rows = np.flatnonzero(values.any(axis=1))
        freq = np.zeros(values.shape, np.uint32)
        freq[rows] = quantize(values[rows], precision)
        return cls(freq)

    @classmethod
    def fit(
        cls,
        data: bytes | bytearray | memoryview | npt.NDArray[Any],
        *,
        lanes: int | None = None,
        precision: int = DEFAULT_PRECISION,
    ) -> Self:
        """The model of this kind that codes the given bytes best.

        Parameters
        ----------
        data : bytes-like or ndarray of uint8, any shape
            Not empty.
        lanes : int, optional
            As when encoding.
        precision : int
            Bits, 1 to 12.

        Raises
        ------
        ModelError
            If there is no data, or a context has more symbols than ``2**precision``.
        TypeError
            If the data is not bytes.
        """
        symbols = as_bytes(data)
        if not symbols.size:
            raise ModelError("the data is empty, so no model can be fitted to it")
        return cls.from_counts(pair_counts(symbols, lanes), precision=precision)

    def __repr__(self) -> str:
        used = np.count_nonzero(self.freq.any(axis=1))
        return f"{type(self).__name__}({used} contexts, precision={self.precision})"

    def code_length(self, symbols: npt.ArrayLike, lanes: int | None = None) -> float:
        """Ideal size of `symbols` in bits.

        Parameters
        ----------
        symbols : bytes-like or array_like of int, any shape
        lanes : int, optional
            As when encoding.

        Returns
        -------
        float
            Infinite if a symbol has no frequency after the one before it.

        Raises
        ------
        TypeError
            If the symbols are not integers.
        """
        is_buffer = isinstance(symbols, bytes | bytearray | memoryview)
        values = as_bytes(symbols) if is_buffer else symbol_array(symbols).reshape(-1)
        if not values.size:
            return 0.0
        if int(values.min()) < 0 or int(values.max()) >= len(self.freq):
            return float("inf")
        counts = pair_counts(values.astype(np.uint8), lanes)
        context, symbol = np.nonzero(counts)
        with np.errstate(divide="ignore"):
            bits = self.precision - np.log2(self.freq[context, symbol].astype(np.float64))
        return float(np.sum(counts[context, symbol] * bits))

    def sample(
        self,
        size: Axes,
        rng: np.random.Generator | int | None = None,
        lanes: int | None = None,
    ) -> npt.NDArray[np.uint8]:
        """Draws whose distribution is the model's: a walk in each lane's segment.

        Parameters
        ----------
        size : int or tuple of int
            Shape of the result.
        rng : numpy.random.Generator or int, optional
            Source of randomness, or its seed.
        lanes : int, optional
            As when encoding.

        Returns
        -------
        ndarray of uint8, shape `size`
        """
        generator = np.random.default_rng(rng)
        values = np.zeros(shape_of(size, "size"), np.uint8)
        flat, lanes = values.reshape(-1), checked_lanes(lanes, values.size)
        starts = [
            segment_start(np.uint64(lane), np.uint64(flat.size), np.uint64(lanes))
            for lane in range(lanes + 1)
        ]
        begin, length = np.array(starts[:-1], np.int64), np.diff(np.array(starts, np.int64))
        context = np.zeros(lanes, np.uint32)
        for row in range(int(length.max())):
            walking = length > row
            slots = generator.integers(0, 1 << self.precision, lanes).astype(np.uint32)
            find_symbols(slots, context, self.cdf, context)
            flat[(begin + row)[walking]] = context[walking]
        return values


def check_contexts(freq: npt.ArrayLike) -> tuple[npt.NDArray[np.uint32], int]:
    """The matrix of a `Markov` as a read-only array of uint32, and its precision.

    Raises
    ------
    ModelError
        If it is not a valid one.
    """
    given = np.array(as_array(freq, "frequencies"))
    if given.dtype.kind not in "iu":
        raise ModelError(f"frequencies must be integers, not {given.dtype}")
    if given.ndim != 2 or given.shape[0] != given.shape[1]:
        raise ModelError(f"frequencies must be a square matrix, not of shape {given.shape}")
    if given.shape[0] > MAX_CONTEXTS:
        raise ModelError(
            f"the alphabet has {given.shape[0]} symbols; with contexts it must have at most "
            f"{MAX_CONTEXTS}"
        )
    rows = np.flatnonzero(given.any(axis=1))
    checked, precision = check_frequencies(given[rows])
    if precision > MAX_PACKED_PRECISION:
        raise ModelError(
            f"precision is {precision}; with contexts it must be at most {MAX_PACKED_PRECISION}"
        )
    full = np.zeros(given.shape, np.uint32)
    full[rows] = checked
    missing = np.setdiff1d(possible_contexts(full), rows)
    if missing.size:
        raise ModelError(f"context {missing[0]} can occur, but its row of frequencies is zero")
    full.setflags(write=False)
    return full, precision


def possible_contexts(matrix: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """0 and each symbol with a count or frequency in any row, ascending."""
    return np.union1d(0, np.flatnonzero(matrix.any(axis=0)))


def as_bytes(data: Any) -> npt.NDArray[np.uint8]:
    """The items of an array of uint8, or the bytes of a buffer, in one dimension."""
    array = as_array(data, "symbols") if isinstance(data, np.ndarray) else bytes_of(data, "symbols")
    if array.dtype != np.uint8:
        raise TypeError(f"symbols must be bytes (uint8), not {array.dtype}")
    return np.ascontiguousarray(array).reshape(-1)


def pair_counts(symbols: npt.NDArray[np.uint8], lanes: int | None) -> npt.NDArray[np.uint32]:
    """Occurrences of (context, symbol) in coding order."""
    counts = np.zeros((MAX_CONTEXTS, MAX_CONTEXTS), np.uint32)
    count_pairs(symbols, np.uint64(checked_lanes(lanes, symbols.size)), counts)
    return counts
