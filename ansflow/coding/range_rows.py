"""What the range coder takes of a model, or of an array of counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import check_unmasked
from ansflow.coding.coders.messages import BucketTables
from ansflow.coding.symbols import no_probability
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET, MAX_PRECISION
from ansflow.models.base import Model
from ansflow.models.checked import Frequencies, frequencies_of, row_index, support_of
from ansflow.models.frequencies import cumulative

__all__ = ["Counts", "Numbers", "Rows", "bad_counts", "row_of", "rows_of"]

# From this many symbols on, tables to find them are worth their time.
MANY = 256

FIRST_ROW = np.zeros(1, np.uint32)
# All slots are those of one bucket, which is searched.
ONE_BUCKET = np.uint64(MAX_PRECISION)

Numbers = npt.NDArray[np.uint8 | np.uint16]
Buckets = tuple[npt.NDArray[np.uint32], np.uint64]


@dataclass(slots=True)
class Rows:
    """The distributions of some symbols.

    Attributes
    ----------
    cdf : ndarray of uint32, shape (rows, alphabet + 1)
    index : ndarray of uint32, shape (n,) or (1,)
        Row of each symbol, or of all; if `follows`, that of the first.
    follows : bool
        Whether the row of a symbol is the symbol before it.
    low : int
        The value of symbol 0.
    known : Frequencies, optional
        Those of a model, which keeps tables with them.
    """

    cdf: npt.NDArray[np.uint32]
    index: npt.NDArray[np.uint32]
    follows: bool = False
    low: int = 0
    known: Frequencies | None = None

    @property
    def alphabet(self) -> int:
        return int(self.cdf.shape[1]) - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of symbols, numbered from 0."""
        return np.dtype(np.uint8 if self.alphabet <= 256 else np.uint16)

    def numbers(self, values: npt.NDArray[Any]) -> Numbers:
        """Values as a vector of symbols, numbered from 0, that no other thread can change.

        Kernels check them once more.
        """
        if values.dtype != self.dtype or self.low:
            low, high = self.low, self.low + self.alphabet - 1
            if values.size and (int(values.min()) < low or int(values.max()) > high):
                first = int(np.argmax((values < low) | (values > high)))
                raise no_probability(values, first, f"; the support is {low} to {high}")
            if low:
                values = values.astype(np.int64) - low
        return np.array(values, self.dtype, order="C").reshape(-1)

    def chosen(self, numbers: Numbers) -> npt.NDArray[np.uint32]:
        """The row of each symbol, or of all."""
        if self.follows:
            return np.concatenate([self.index, numbers[:-1]], dtype=np.uint32)
        return self.index

    def place(self, position: int) -> str:
        """Which row the symbol at a position has, for messages."""
        known = self.known
        return f" in row {self.index[position]}" if known is not None and known.conditional else ""

    def buckets(self, symbols: int) -> Buckets:
        """Tables to find so many symbols, as kernels take them."""
        if self.known is None:
            return self._whole()
        built = self.known.built
        if symbols < MANY and "buckets" not in built:
            found: Buckets = built.get("whole") or built.setdefault("whole", self._whole())
            return found
        tables = built.get("buckets") or built.setdefault("buckets", self._tables(self.known))
        return tables.buckets, tables.shift

    def _whole(self) -> Buckets:
        return np.full((len(self.cdf), 1), self.alphabet - 1, np.uint32), ONE_BUCKET

    def _tables(self, known: Frequencies) -> BucketTables:
        cdf, empty = self.cdf, self.cdf[:, -1] == 0
        if empty.any():  # of contexts that cannot occur; tables want a symbol there, too
            cdf = cdf.copy()
            cdf[empty, 1:] = 1 << known.precision
        return BucketTables(cdf, known.precision)


def rows_of(model: Model | npt.NDArray[Any], shape: tuple[int, ...], previous: int) -> Rows:
    """The distributions of symbols of a shape; `previous` is the context of the first.

    Raises
    ------
    ModelError
        If the model, or the counts, are inconsistent or don't fit the shape.
    TypeError
        If it is neither a model nor an array of counts.
    """
    if isinstance(model, np.ndarray):
        return Rows(_cdf_of(model), FIRST_ROW)
    known = frequencies_of(model)
    low, _ = support_of(model, known.alphabet)
    if known.contexts:
        _check_context(known, previous, low)
        return Rows(known.cdf, np.array([previous], np.uint32), True, low, known)
    if not known.conditional:
        return Rows(known.cdf, FIRST_ROW, False, low, known)
    index = row_index(model, len(known.cdf), shape)
    return Rows(known.cdf, index, False, low, known)


def row_of(model: Model, previous: int) -> tuple[Frequencies, int, int]:
    """The distribution of one symbol: the model's frequencies, the row, and the lowest value.

    It is `rows_of` for the shape (), for less time.
    """
    known = frequencies_of(model)
    low, _ = support_of(model, known.alphabet)
    if known.contexts:
        _check_context(known, previous, low)
        return known, previous, low
    if not known.conditional:
        return known, 0, low
    index, rows = getattr(model, "index", None), len(known.cdf)
    if type(index) is np.ndarray and index.ndim == 0 and index.dtype.kind in "iu":
        row = int(index)
        if 0 <= row < rows:
            return known, row, low
    return known, int(row_index(model, rows, ())[0]), low


def _check_context(known: Frequencies, previous: int, low: int) -> None:
    if previous >= known.alphabet or known.cdf[previous, -1] == 0:
        raise ModelError(
            f"the model has no distribution for what follows {previous + low}, the last symbol "
            "that was coded with contexts"
        )


def bad_counts(counts: npt.NDArray[Any]) -> ModelError:
    """The error for counts that make no distribution."""
    total = sum(map(int, counts))
    return ModelError(
        f"counts must not be negative, and their sum must be 1 to 2**{MAX_PRECISION}, not {total}"
    )


def _cdf_of(counts: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Cumulative counts, shape (1, alphabet + 1)."""
    copy = Counts().take(counts)
    if copy.size > MAX_ALPHABET:
        raise ModelError(
            f"counts of {copy.size} symbols code single integers; arrays of symbols take at most "
            f"{MAX_ALPHABET}"
        )
    most = 1 << MAX_PRECISION
    # In this order, the sum does not overflow.
    if not copy.size or copy.min() < 0 or copy.max() > most or not 0 < copy.sum() <= most:
        raise bad_counts(counts)
    return cumulative(copy[np.newaxis])


class Counts:
    """A copy of counts, which no other thread can change, and of one type for kernels."""

    def __init__(self) -> None:
        self._place = np.empty(0, np.int64)

    def take(self, counts: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """The copy, until this is called again; what exceeds int64 is negative.

        Raises
        ------
        ModelError
            If the array is no vector of integers.
        TypeError
            If it is masked.
        """
        check_unmasked(counts, "counts")
        if counts.ndim != 1 or counts.dtype.kind not in "iu":
            raise ModelError(
                "an array in place of a model must be a vector of integers, how often each symbol "
                f"occurs, not {counts.dtype} of shape {counts.shape}"
            )
        if counts.size > self._place.size:
            self._place = np.empty(counts.size, np.int64)
        copy = self._place[: counts.size]
        copy[:] = counts
        return copy
