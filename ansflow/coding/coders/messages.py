"""Many short messages at once, each a stream of its own with one state.

The messages of an array of symbols are said by their `bounds`, and those of an array of words by
their `offsets`: both have one item more than there are messages, and ascend.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import NUMBERS, FastCoder, Symbols, Words, of_one_type
from ansflow.coding.coders.probabilities import ProbabilityCoder
from ansflow.coding.coders.single import SingleCoder
from ansflow.kernels.coders import message_probabilities, message_rows, messages
from ansflow.kernels.tables.reciprocal import reciprocal_table
from ansflow.lazy import cached_property

__all__ = [
    "Bounds",
    "BucketTables",
    "MessageCoder",
    "ProbabilityMessages",
    "RowMessages",
    "SingleMessages",
]

Bounds = npt.NDArray[np.int64]

# The tables of buckets may take this much, unless each row has but one. A common first-level cache
# has less, but to wait for the second one takes less long than to search larger buckets.
BUCKET_BYTES = 1 << 17
MAX_BUCKET_BITS = 11


class MessageCoder(ABC):
    """Symbols to messages and back.

    Parameters
    ----------
    coder : Coder
        Codes symbols of the same distributions, and knows which of them can be coded.

    Attributes
    ----------
    coder : Coder
    symbol_dtype : dtype
    """

    def __init__(self, coder: FastCoder) -> None:
        self.coder = coder
        self._width = np.uint64(max(1, (coder.alphabet - 1).bit_length()))
        self._precision, self._low, _ = NUMBERS[coder.precision]
        self.symbol_dtype = coder.symbol_dtype

    def encode(self, symbols: Symbols, bounds: Bounds) -> tuple[Words, Bounds]:
        """The messages as words, and the offsets of the messages.

        Parameters
        ----------
        symbols : contiguous ndarray of `symbol_dtype`, shape (n,)
            All of them codable. Not changed by other threads.
        bounds : ndarray of int64
            From 0 to n.
        """
        # A message has at most one word more than symbols; one is overwritten whether or not it is
        # due.
        room = symbols.size + bounds.size + self._escape_room(symbols)
        words, offsets = np.empty(room, np.uint16), np.empty(bounds.size, np.int64)
        self._push(symbols, bounds, words, offsets)
        begin = int(offsets[0])
        offsets -= begin
        return words[begin:].copy(), offsets

    def decode(self, words: Words, offsets: Bounds, bounds: Bounds, out: Symbols) -> int:
        """Undo `encode`; return how many messages are sound before the first that isn't.

        Parameters
        ----------
        words : contiguous ndarray of uint16
            At any address. They may hold anything.
        offsets : ndarray of int64
            Within the words.
        bounds : ndarray of int64, of the offsets' shape
            From 0 to ``out.size``.
        out : contiguous ndarray of `symbol_dtype`, shape (n,)
            Filled.
        """
        return self._pop(of_one_type(words), offsets, bounds, out)

    @abstractmethod
    def _push(self, symbols: Symbols, bounds: Bounds, words: Words, offsets: Bounds) -> None:
        """Fill the offsets, and the words from their end."""

    @abstractmethod
    def _pop(self, words: Words, offsets: Bounds, bounds: Bounds, out: Symbols) -> int:
        """`decode`, from words that are of one type for all kernels."""

    def _escape_room(self, symbols: Symbols) -> int:
        """Words that escapes may take."""
        return 0


class SingleMessages(MessageCoder):
    """Messages of one distribution, of at most 12 bits of precision."""

    coder: SingleCoder

    def _push(self, symbols: Symbols, bounds: Bounds, words: Words, offsets: Bounds) -> None:
        told = self.coder.records, self._width, self._precision
        messages.encode(symbols, bounds, *told, words, offsets)

    def _pop(self, words: Words, offsets: Bounds, bounds: Bounds, out: Symbols) -> int:
        told = self.coder.slots, self.coder.freq, self._width, self._precision, self._low
        return int(messages.decode(words, offsets, bounds, *told, out))


class BucketTables:
    """What decoding messages takes of a matrix of frequencies.

    Parameters
    ----------
    cdf : contiguous ndarray of uint32, shape (rows, alphabet + 1)
    precision : int
        1 to 16.
    escape : ndarray of uint32, shape (rows,), optional
        The escape of each row, if rows have one.
    """

    def __init__(
        self,
        cdf: npt.NDArray[np.uint32],
        precision: int,
        escape: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        self.cdf, self.precision = cdf, precision
        self.has_escapes = escape is not None
        none = np.full(len(cdf), cdf.shape[1] - 1, np.uint32)
        self.escape = none if escape is None else escape
        most = (BUCKET_BYTES // 4 // len(cdf)).bit_length() - 1
        self.shift = np.uint64(precision - min(precision, max(0, most), MAX_BUCKET_BITS))

    @cached_property
    def buckets(self) -> npt.NDArray[np.uint32]:
        """The symbols of consecutive slots, shape (rows, buckets)."""
        number = 1 << (self.precision - int(self.shift))
        buckets = np.empty((len(self.cdf), number), np.uint32)
        message_rows.fill_buckets(self.cdf, self.shift, buckets)
        return buckets


class RowMessages(MessageCoder):
    """Messages with a row of a matrix for each symbol; their numbers are int32.

    Parameters
    ----------
    coder : Coder
    tables : BucketTables
    index : contiguous ndarray of uint32, shape (n,)
        Row of each symbol; not checked.
    lowest : ndarray of int32, shape (rows,)
        What the first symbol of a row stands for.
    """

    def __init__(
        self,
        coder: FastCoder,
        tables: BucketTables,
        index: npt.NDArray[np.uint32],
        lowest: npt.NDArray[np.int32],
    ) -> None:
        super().__init__(coder)
        self.symbol_dtype = np.dtype(np.int32)
        self.tables, self.index, self.lowest = tables, index, lowest

    def _escape_room(self, symbols: Symbols) -> int:
        if not self.tables.has_escapes:
            return 0
        told = self.index, self.lowest, self.tables.escape
        return message_rows.ESCAPE_PUSHES * int(message_rows.count_escapes(symbols, *told))

    def _rows(self) -> tuple[Any, ...]:
        return self.index, self.tables.cdf, self.lowest, self.tables.escape

    def _push(self, symbols: Symbols, bounds: Bounds, words: Words, offsets: Bounds) -> None:
        told = self._width, self._precision, reciprocal_table()
        message_rows.encode(symbols, bounds, *self._rows(), *told, words, offsets)

    def _pop(self, words: Words, offsets: Bounds, bounds: Bounds, out: Symbols) -> int:
        told = self.tables.buckets, self.tables.shift, self._width, self._precision, self._low
        return int(message_rows.decode(words, offsets, bounds, *self._rows(), *told, out))


class ProbabilityMessages(MessageCoder):
    """Messages with a row of probabilities for each symbol."""

    coder: ProbabilityCoder

    def _push(self, symbols: Symbols, bounds: Bounds, words: Words, offsets: Bounds) -> None:
        told = self._width, self._precision, reciprocal_table()
        intervals = self.coder.model.intervals(symbols)
        message_probabilities.encode(symbols, bounds, *intervals, *told, words, offsets)

    def _pop(self, words: Words, offsets: Bounds, bounds: Bounds, out: Symbols) -> int:
        told = self._width, self._precision, self._low, np.empty(self.coder.alphabet, np.uint32)
        rows = self.coder.model.rows
        return int(message_probabilities.decode(words, offsets, bounds, rows, *told, out))
