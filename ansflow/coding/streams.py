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

from ansflow.coding.dispatch import (
    Words,
    decode_contexts,
    decode_lanes,
    encode_contexts,
    encode_lanes,
)
from ansflow.coding.tables import AnyTables, ContextTables, Tables
from ansflow.errors import CorruptDataError, ModelError, TruncatedError
from ansflow.kernels.coders import alias, rows
from ansflow.kernels.coders.rans import lie_within
from ansflow.kernels.constants import (
    MAX_FAST_PRECISION,
    STACK_LOW,
    WORD_BITS,
    WORDS_PER_HEAD,
    WORDS_PER_STATE,
    state_low,
)
from ansflow.kernels.stack import tables as stack_tables
from ansflow.kernels.stack.heads import UNDERFLOW
from ansflow.kernels.tables.reciprocal import reciprocal_table

__all__ = ["Method", "Words", "buffer_size", "decode_symbols", "encode_symbols", "takes_any_byte"]

Method = Literal["cdf", "alias"]

# A conditional model's slot tables may take this much before the decoder searches instead:
# half of a common second-level cache.
SLOT_TABLES_BYTES = 1 << 20


def buffer_size(symbols: int, lanes: int) -> int:
    """Words that the fast coder may touch.

    At most one a symbol, one that may be written in vain, and the states, in whose place
    vector kernels write in vain.
    """
    return WORDS_PER_STATE * lanes + 1 + symbols


def takes_any_byte(tables: AnyTables, method: Method = "cdf") -> bool:
    """Whether kernels stay within their arrays whatever bytes they are to push.

    A single distribution has a record for each byte, if one of frequency 0. Rows of a matrix have
    as many entries as there are symbols, and the alias method's inverse knows no frequency of 0.
    """
    single = isinstance(tables, Tables) and not tables.conditional
    return single and method == "cdf" and tables.precision <= MAX_FAST_PRECISION


def encode_symbols(
    symbols: npt.NDArray[Any],
    tables: AnyTables,
    *,
    index: npt.NDArray[np.uint32] | None = None,
    lanes: int,
    method: Method = "cdf",
    buffer: Words | None = None,
) -> Words:
    """`encode` for symbols known to be in the support, numbered from 0.

    Parameters
    ----------
    symbols : contiguous ndarray of ``tables.symbol_dtype``, shape (n,)
        Unchecked: a symbol without a frequency makes the result meaningless, and one without a
        place in the tables is fatal, except as `takes_any_byte` says.
    tables : Tables or ContextTables
    index : contiguous ndarray of uint32, shape (n,), optional
        Row of each symbol; unchecked.
    lanes : int
    method : {"cdf", "alias"}
    buffer : ndarray of uint16, optional
        Where to write, at least `buffer_size` long; by default a new one.

    Returns
    -------
    ndarray of uint16
        A view of the buffer's end, up to 16 bits of precision.
    """
    precision = np.uint64(tables.precision)
    _check_method(method, tables)
    if tables.precision > MAX_FAST_PRECISION and isinstance(tables, Tables):
        return _encode_wide(symbols, tables, index, lanes)
    words = np.empty(buffer_size(symbols.size, lanes), np.uint16) if buffer is None else buffer
    low = np.uint64(state_low(tables.precision))
    states = np.full(lanes, low, np.uint32)
    end = np.uint64(words.size)
    cursor: int
    if isinstance(tables, ContextTables):
        cursor = encode_contexts(symbols, states, tables, words)
    elif method == "alias":
        cursor = alias.encode(
            symbols, states, tables.records, tables.alias.inverse, precision, words, end
        )
    elif index is None:
        cursor = encode_lanes(symbols, states, tables, words)
    else:
        cursor = rows.encode(
            symbols, index, tables.cdf, precision, reciprocal_table(), states, words, end
        )
    begin = cursor - WORDS_PER_STATE * lanes
    words[begin:cursor] = _split(states)
    return words[begin:]


def decode_symbols(
    words: Words,
    tables: AnyTables,
    out: npt.NDArray[Any],
    *,
    index: npt.NDArray[np.uint32] | None = None,
    lanes: int,
    method: Method = "cdf",
) -> None:
    """Undo `encode_symbols` into `out`, a contiguous vector of ``tables.symbol_dtype``.

    The words may lie at an odd address.
    """
    precision = np.uint64(tables.precision)
    _check_method(method, tables)
    if tables.precision > MAX_FAST_PRECISION and isinstance(tables, Tables):
        _decode_wide(words, tables, out, index, lanes)
        return
    begin = WORDS_PER_STATE * lanes
    if words.size < begin:
        raise TruncatedError(f"{words.size} words hold fewer than {lanes} lane states")
    states = _join(words[:begin], np.uint32)
    low = np.uint64(state_low(tables.precision))
    if not lie_within(states, low, (low << np.uint64(WORD_BITS)) - np.uint64(1)):
        raise CorruptDataError("a lane's state is outside its interval")
    # The same type wherever they lie and whoever may write to them: kernels are compiled once.
    words = words.view()
    words.setflags(write=False, align=False)
    first = np.uint64(begin)
    cursor: int
    if isinstance(tables, ContextTables):
        cursor = decode_contexts(words, begin, states, tables, out)
    elif method == "alias":
        divider, halves, _, shift = tables.alias
        cursor = alias.decode(
            words, first, states, divider, halves, precision, low, np.uint64(shift), out
        )
    elif index is None:
        cursor = decode_lanes(words, begin, states, tables, out)
    elif (tables.rows << tables.precision) * 8 <= SLOT_TABLES_BYTES:
        cursor = rows.decode_by_slots(
            words, first, states, index, tables.slots, precision, low, out
        )
    else:
        cursor = rows.decode_by_search(words, first, states, index, tables.cdf, precision, low, out)
    if cursor > words.size:
        raise TruncatedError(f"the stream ends {cursor - words.size} words too early")
    if cursor < words.size or not lie_within(states, low, low):
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
    precision = np.uint64(tables.precision)
    size = stack_tables.push(heads, tail, 0, symbols, row, tables.cdf, precision)
    return np.concatenate([_split(heads), _split(tail[:size][::-1])])


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
    heads = _join(words[:begin], np.uint64)
    if int(heads.min()) < STACK_LOW:
        raise CorruptDataError("a lane's state is outside its interval")
    tail = np.ascontiguousarray(_join(words[begin:], np.uint32)[::-1])
    row = np.zeros(1, np.uint32) if index is None else index
    precision = np.uint64(tables.precision)
    left = stack_tables.pop(heads, tail, tail.size, row, tables.cdf, precision, out)
    if left == UNDERFLOW:
        raise TruncatedError("the stream ends too early")
    if left or (heads != STACK_LOW).any():
        raise CorruptDataError("the stream doesn't end where decoding does")


def _split(values: npt.NDArray[Any]) -> Words:
    """Each value as 16-bit words, low part first, whatever the machine's order."""
    ordered = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return ordered.view("<u2").astype(np.uint16, copy=False)


def _join(words: Words, dtype: type[np.unsignedinteger[Any]]) -> npt.NDArray[Any]:
    """Undo `_split`; a copy."""
    ordered = words.astype("<u2").view(np.dtype(dtype).newbyteorder("<"))
    return ordered.astype(dtype, copy=False)


def _check_method(method: str, tables: AnyTables) -> None:
    if method not in ("cdf", "alias"):
        raise ValueError(f"method is {method!r}, neither 'cdf' nor 'alias'")
    single = isinstance(tables, Tables) and not tables.conditional
    if method == "alias" and not (single and tables.precision <= MAX_FAST_PRECISION):
        raise ModelError(
            "the alias method takes a single distribution of at most "
            f"{MAX_FAST_PRECISION} bits of precision"
        )
