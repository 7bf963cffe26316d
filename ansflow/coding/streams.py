"""Symbols in the support to words, and back: picks the kernel and checks the stream.

A stream is the lanes' final states, then the words in the order the decoder reads them:

precision 1 to 16
    fast coder; a state is two words, low half first.
precision 17 to 31
    wide coder; a state is four words and a word of the stack coder two, low parts first.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ansflow.coding.tables import Tables
from ansflow.errors import CorruptDataError, ModelError, TruncatedError
from ansflow.kernels import alias, lanes as lane_kernels, rows, wide
from ansflow.kernels.constants import (
    MAX_FAST_PRECISION,
    STACK_LOW,
    WORD_BITS,
    WORDS_PER_HEAD,
    WORDS_PER_STATE,
    state_low,
)
from ansflow.kernels.reciprocal import reciprocal_table
from ansflow.kernels.stack import UNDERFLOW

__all__ = ["DEFAULT_LANES", "Method", "Words", "decode_symbols", "encode_symbols"]

Words = npt.NDArray[np.uint16]
Method = Literal["cdf", "alias"]

DEFAULT_LANES = 32

# A conditional model's slot tables may take this much before the decoder searches instead:
# half of a common second-level cache.
SLOT_TABLES_BYTES = 1 << 20


def encode_symbols(
    symbols: npt.NDArray[Any],
    tables: Tables,
    *,
    index: npt.NDArray[np.uint32] | None = None,
    lanes: int = DEFAULT_LANES,
    method: Method = "cdf",
) -> Words:
    """`encode` for symbols known to be in the support, numbered from 0.

    Parameters
    ----------
    symbols : contiguous ndarray of ``tables.symbol_dtype``, shape (n,)
        Unchecked: a symbol without a frequency makes the result meaningless.
    tables : Tables
    index : contiguous ndarray of uint32, shape (n,), optional
        Row of each symbol; unchecked.
    lanes : int
    method : {"cdf", "alias"}

    Returns
    -------
    ndarray of uint16
    """
    precision = np.uint64(tables.precision)
    _check_method(method, tables)
    if tables.precision > MAX_FAST_PRECISION:
        return _encode_wide(symbols, tables, index, lanes)
    # At most one word a symbol, one that may be written in vain, and the states.
    words = np.empty(WORDS_PER_STATE * lanes + 1 + symbols.size, np.uint16)
    low = np.uint64(state_low(tables.precision))
    states = np.full(lanes, low, np.uint32)
    end = np.uint64(words.size)
    if method == "alias":
        cursor = alias.encode(
            symbols, states, tables.records, tables.alias.inverse, precision, words, end
        )
    elif index is None:
        cursor = lane_kernels.encode(symbols, states, tables.records, words, end)
    else:
        cursor = rows.encode(
            symbols, index, tables.cdf, precision, low, reciprocal_table(), states, words, end
        )
    begin = int(cursor) - WORDS_PER_STATE * lanes
    words[begin : int(cursor)] = _split(states, WORDS_PER_STATE)
    return words[begin:].copy()


def decode_symbols(
    words: Words,
    tables: Tables,
    out: npt.NDArray[Any],
    *,
    index: npt.NDArray[np.uint32] | None = None,
    lanes: int = DEFAULT_LANES,
    method: Method = "cdf",
) -> None:
    """Undo `encode_symbols` into `out`, a contiguous vector of ``tables.symbol_dtype``."""
    precision = np.uint64(tables.precision)
    _check_method(method, tables)
    if tables.precision > MAX_FAST_PRECISION:
        _decode_wide(words, tables, out, index, lanes)
        return
    begin = WORDS_PER_STATE * lanes
    if words.size < begin:
        raise TruncatedError(f"{words.size} words hold fewer than {lanes} lane states")
    states = _join(words[:begin], WORDS_PER_STATE, np.dtype(np.uint32))
    low = np.uint64(state_low(tables.precision))
    if int(states.min()) < low or int(states.max()) >> WORD_BITS >= low:
        raise CorruptDataError("a lane's state is outside its interval")
    cursor = np.uint64(begin)
    if method == "alias":
        divider, halves, _, shift = tables.alias
        cursor = alias.decode(
            words, cursor, states, divider, halves, precision, low, np.uint64(shift), out
        )
    elif index is None:
        slots = tables.slots[0]
        done, cursor = lane_kernels.decode_rows(words, cursor, states, slots, precision, low, out)
        cursor = lane_kernels.decode_rest(
            words, np.uint64(cursor), states, slots, precision, low, out, np.uint64(done)
        )
    elif (tables.rows << tables.precision) * 8 <= SLOT_TABLES_BYTES:
        cursor = rows.decode_by_slots(
            words, cursor, states, index, tables.slots, precision, low, out
        )
    else:
        cursor = rows.decode_by_search(
            words, cursor, states, index, tables.cdf, precision, low, out
        )
    if cursor > words.size:
        raise TruncatedError(f"the stream ends {cursor - words.size} words too early")
    if cursor < words.size or (states != low).any():
        raise CorruptDataError("the stream doesn't end where decoding does")


def _encode_wide(
    symbols: npt.NDArray[Any],
    tables: Tables,
    index: npt.NDArray[np.uint32] | None,
    lanes: int,
) -> Words:
    heads = np.full(lanes, STACK_LOW, np.uint64)
    tail = np.empty(symbols.size + 1, np.uint32)
    row = np.zeros(1, np.uint32) if index is None else index
    size = wide.encode(symbols, row, tables.cdf, np.uint64(tables.precision), heads, tail)
    return np.concatenate([_split(heads, WORDS_PER_HEAD), _split(tail[:size][::-1], 2)])


def _decode_wide(
    words: Words,
    tables: Tables,
    out: npt.NDArray[Any],
    index: npt.NDArray[np.uint32] | None,
    lanes: int,
) -> None:
    begin = WORDS_PER_HEAD * lanes
    if words.size < begin:
        raise TruncatedError(f"{words.size} words hold fewer than {lanes} lane states")
    if (words.size - begin) % 2:
        raise TruncatedError("the stream ends in the middle of a 32-bit word")
    heads = _join(words[:begin], WORDS_PER_HEAD, np.dtype(np.uint64))
    if int(heads.min()) < STACK_LOW:
        raise CorruptDataError("a lane's state is outside its interval")
    tail = np.ascontiguousarray(_join(words[begin:], 2, np.dtype(np.uint32))[::-1])
    row = np.zeros(1, np.uint32) if index is None else index
    left = wide.decode(
        tail, np.uint64(tail.size), heads, row, tables.cdf, np.uint64(tables.precision), out
    )
    if left == UNDERFLOW:
        raise TruncatedError("the stream ends too early")
    if left or (heads != STACK_LOW).any():
        raise CorruptDataError("the stream doesn't end where decoding does")


def _split(values: npt.NDArray[Any], parts: int) -> Words:
    """Each value as `parts` 16-bit words, low part first, whatever the machine's order."""
    shifts = np.arange(parts, dtype=values.dtype) * 16
    words: Words = (values[:, None] >> shifts).astype(np.uint16).reshape(-1)
    return words


def _join(words: Words, parts: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Undo `_split`."""
    shifts = np.arange(parts, dtype=dtype) * 16
    joined = words.reshape(-1, parts).astype(dtype) << shifts
    values: npt.NDArray[Any] = np.bitwise_or.reduce(joined, axis=1)
    return values


def _check_method(method: str, tables: Tables) -> None:
    if method not in ("cdf", "alias"):
        raise ValueError(f"method is {method!r}, neither 'cdf' nor 'alias'")
    if method == "alias" and (tables.conditional or tables.precision > MAX_FAST_PRECISION):
        raise ModelError(
            "the alias method takes a single distribution of at most "
            f"{MAX_FAST_PRECISION} bits of precision"
        )
