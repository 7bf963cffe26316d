"""More than 16 bits of precision, with one distribution or a row for each symbol."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import Coder, Symbols, Words
from ansflow.coding.coders.single import flags_of
from ansflow.errors import CorruptDataError, TruncatedError
from ansflow.kernels.coders.uncodable import first_flagged, first_impossible
from ansflow.kernels.constants import STACK_LOW, WORDS_PER_HEAD
from ansflow.kernels.stack import tables as stack
from ansflow.kernels.stack.heads import UNDERFLOW
from ansflow.lazy import cached_property

__all__ = ["Heads", "StackCoder", "Tail", "WideCoder"]

Heads = npt.NDArray[np.uint64]
Tail = npt.NDArray[np.uint32]

FIRST_ROW = np.zeros(1, np.uint32)


class StackCoder(Coder):
    """A coder with states of 64 bits and words of 32, those of the stack coder.

    Subclasses code the symbols alone.
    """

    @abstractmethod
    def _push(self, symbols: Symbols, heads: Heads, tail: Tail) -> int:
        """Push all symbols; return the size of the tail."""

    @abstractmethod
    def _pop(self, heads: Heads, tail: Tail, out: Symbols) -> int:
        """Pop all symbols of `out`; return the size of the tail, or `UNDERFLOW`."""

    def encode(self, symbols: Symbols, lanes: int, buffer: Words | None = None) -> Words:
        heads = np.full(lanes, STACK_LOW, np.uint64)
        tail = np.empty(symbols.size + 1, np.uint32)
        size = self._push(symbols, heads, tail)
        return np.concatenate([_split(heads), _split(tail[:size][::-1])])

    def decode(self, words: Words, out: Symbols, lanes: int) -> None:
        begin = WORDS_PER_HEAD * lanes
        if words.size < begin:
            raise TruncatedError(
                f"the stream has {words.size} words, fewer than the {begin} of {lanes} states"
            )
        if (words.size - begin) % 2:
            raise TruncatedError("the stream ends in the middle of a 32-bit word")
        heads = _join(words[:begin], np.uint64)
        if int(heads.min()) < STACK_LOW:
            raise CorruptDataError("the state of a lane lies outside its interval")
        tail = np.ascontiguousarray(_join(words[begin:], np.uint32)[::-1])
        left = self._pop(heads, tail, out)
        if left == UNDERFLOW:
            raise TruncatedError("the stream ends too early")
        if left or (heads != STACK_LOW).any():
            raise CorruptDataError("the stream does not end where decoding does")


class WideCoder(StackCoder):
    """Codes symbols by one distribution, or by rows that are known beforehand.

    Parameters
    ----------
    cdf : contiguous ndarray of uint32, shape (rows, alphabet + 1)
        Not checked.
    precision : int
        1 to 31.
    index : contiguous ndarray of uint32, shape (n,), optional
        Row of each symbol; not checked. By default all have the first.
    """

    def __init__(
        self,
        cdf: npt.NDArray[np.uint32],
        precision: int,
        index: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        self.precision, self.alphabet = precision, cdf.shape[1] - 1
        self.cdf, self.index = cdf, index
        self._row = FIRST_ROW if index is None else index

    def _push(self, symbols: Symbols, heads: Heads, tail: Tail) -> int:
        told = self._row, self.cdf, np.uint64(self.precision)
        return int(stack.push(heads, tail, 0, symbols, *told))

    def _pop(self, heads: Heads, tail: Tail, out: Symbols) -> int:
        told = self._row, self.cdf, np.uint64(self.precision)
        return int(stack.pop(heads, tail, tail.size, *told, out))

    @cached_property
    def flags(self) -> npt.NDArray[np.uint8] | None:
        return flags_of(np.diff(self.cdf[0]), self.symbol_dtype.itemsize)

    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        if self.index is not None:
            return int(first_impossible(symbols, self.index, self.cdf))
        return symbols.size if self.flags is None else int(first_flagged(symbols, self.flags))

    def place(self, position: int) -> str:
        return "" if self.index is None else f" in row {self.index[position]}"


def _split(values: npt.NDArray[Any]) -> Words:
    """Each value as 16-bit words, low part first, whatever the machine's order."""
    ordered = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return ordered.view("<u2").astype(np.uint16, copy=False)


def _join(words: Words, dtype: type[np.unsignedinteger[Any]]) -> npt.NDArray[Any]:
    """Undo `_split`; a copy."""
    ordered = words.astype("<u2").view(np.dtype(dtype).newbyteorder("<"))
    return ordered.astype(dtype, copy=False)
