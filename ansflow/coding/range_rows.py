"""Many symbols of a range coder: numbered, by the distributions that they have, through kernels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.messages import BucketTables
from ansflow.coding.symbols import no_probability
from ansflow.errors import ModelError
from ansflow.kernels.coders import (
    range as kernels,
    range_escapes as escapes,
    range_probabilities as probabilities,
)
from ansflow.kernels.coders.message_rows import ESCAPE_PUSHES, count_escapes
from ansflow.kernels.constants import MAX_PRECISION
from ansflow.models.checked import Frequencies
from ansflow.models.frequencies import smallest_dtype
from ansflow.models.probabilities import Probabilities

__all__ = ["FIRST_ROW", "Distributions", "EscapedRows", "ProbabilityRows", "Rows"]

# From this many symbols on, tables to find them are worth their time.
MANY = 256

FIRST_ROW = np.zeros(1, np.uint32)
# All slots are those of one bucket, which is searched.
ONE_BUCKET = np.uint64(MAX_PRECISION)

INT32 = np.iinfo(np.int32)

# Symbols, numbered from 0; with escapes, integers of 32 bits.
Numbers = npt.NDArray[np.uint8 | np.uint16 | np.int32]
Data = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]
State = npt.NDArray[np.uint64]
Buckets = tuple[npt.NDArray[np.uint32], np.uint64]


@dataclass(slots=True)
class Distributions(ABC):
    """Those of some symbols.

    Attributes
    ----------
    low : int
        The value of symbol 0.
    alphabet : int
    follows : bool
        Whether the row of a symbol is the symbol before it.
    """

    low: int
    alphabet: int
    follows: bool = field(default=False, kw_only=True)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of symbols, numbered from 0."""
        return np.dtype(np.uint8 if self.alphabet <= 256 else np.uint16)

    def numbers(self, values: npt.NDArray[Any]) -> Numbers:
        """Values as a vector of symbols, numbered from 0, that no other thread can change.

        Kernels check them once more.
        """
        low, high = self.low, self.low + self.alphabet - 1
        covered = values.dtype == self.dtype and low == 0 and high == np.iinfo(self.dtype).max
        if values.size and not covered and (int(values.min()) < low or int(values.max()) > high):
            first = int(np.argmax((values < low) | (values > high)))
            raise no_probability(values, first, f"; the support is {low} to {high}")
        if low:
            values = values.astype(np.int64) - low
        return np.array(values, self.dtype, order="C").reshape(-1)

    def values(self, numbers: Numbers) -> npt.NDArray[Any]:
        """Undo `numbers`."""
        wanted = smallest_dtype(self.low, self.low + self.alphabet - 1)
        if self.low:
            return (numbers.astype(np.int64) + self.low).astype(wanted)
        return numbers.astype(wanted, copy=False)

    def most_words(self, numbers: Numbers) -> int:
        """How many words the symbols take at most."""
        return numbers.size

    def place(self, position: int) -> str:
        """Which row the symbol at a position has, for messages."""
        return ""

    @abstractmethod
    def encode(self, numbers: Numbers, state: State, words: Words) -> int:
        """Code all symbols, at least one; return what the kernel does."""

    @abstractmethod
    def decode(self, data: Data, size: int, state: State, out: Numbers) -> tuple[int, int]:
        """Fill `out`, which is not empty; return how many are decoded, and how it went."""


@dataclass(slots=True)
class Rows(Distributions):
    """One distribution, or the rows of a matrix.

    Attributes
    ----------
    cdf : ndarray of uint32, shape (rows, alphabet + 1)
    index : ndarray of uint32, shape (n,) or (1,)
        Row of each symbol, or of all; if `follows`, that of the first.
    known : Frequencies, optional
        Those of a model, which keeps tables with them.
    """

    cdf: npt.NDArray[np.uint32]
    index: npt.NDArray[np.uint32]
    known: Frequencies | None = None

    def place(self, position: int) -> str:
        known = self.known
        return f" in row {self.index[position]}" if known is not None and known.conditional else ""

    def encode(self, numbers: Numbers, state: State, words: Words) -> int:
        index = self.index
        if self.follows:
            index = np.concatenate([index, numbers[:-1]], dtype=np.uint32)
        return int(kernels.encode(numbers, index, self.cdf, state, words))

    def decode(self, data: Data, size: int, state: State, out: Numbers) -> tuple[int, int]:
        told = self.index, self.follows, self.cdf, *self._buckets(out.size)
        done, how = kernels.decode(data, size, state, *told, out)
        return int(done), how

    def _buckets(self, symbols: int) -> Buckets:
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


@dataclass(slots=True)
class EscapedRows(Distributions):
    """Rows over integers of their own, and an escape for all others.

    Attributes
    ----------
    cdf, index
        As in `Rows`.
    lowest : ndarray of int32, shape (rows,)
        The integer that the first symbol of a row stands for.
    escape : ndarray of uint32, shape (rows,)
    """

    cdf: npt.NDArray[np.uint32]
    index: npt.NDArray[np.uint32]
    lowest: npt.NDArray[np.int32]
    escape: npt.NDArray[np.uint32]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.int32)

    def numbers(self, values: npt.NDArray[Any]) -> Numbers:
        if values.size and (int(values.min()) < INT32.min or int(values.max()) > INT32.max):
            raise ModelError(f"symbols must be {INT32.min} to {INT32.max}, with escapes, too")
        return np.array(values, np.int32, order="C").reshape(-1)

    def values(self, numbers: Numbers) -> npt.NDArray[Any]:
        return numbers

    def most_words(self, numbers: Numbers) -> int:
        outside = int(count_escapes(numbers, self.index, self.lowest, self.escape))
        return numbers.size + ESCAPE_PUSHES * outside

    def encode(self, numbers: Numbers, state: State, words: Words) -> int:
        rows = self.index, self.cdf, self.lowest, self.escape
        return int(escapes.encode(numbers, *rows, state, words))

    def decode(self, data: Data, size: int, state: State, out: Numbers) -> tuple[int, int]:
        rows = self.index, self.cdf, self.lowest, self.escape
        done, how = escapes.decode(data, size, state, *rows, out)
        return int(done), how


@dataclass(slots=True)
class ProbabilityRows(Distributions):
    """A row of floating-point probabilities for each symbol."""

    model: Probabilities

    def encode(self, numbers: Numbers, state: State, words: Words) -> int:
        numbers.setflags(write=False)
        intervals = self.model.intervals(numbers)
        precision = np.uint64(self.model.precision)
        return int(probabilities.encode(*intervals, precision, state, words))

    def decode(self, data: Data, size: int, state: State, out: Numbers) -> tuple[int, int]:
        weights = np.empty(self.alphabet, np.uint32)
        told = self.model.rows, np.uint64(self.model.precision), weights
        done, how = probabilities.decode(data, size, state, *told, out)
        return int(done), how
