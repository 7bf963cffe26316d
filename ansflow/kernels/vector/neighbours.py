"""`ansflow.kernels.coders.neighbours` on vectors: whole turns of the lanes, the same words.

Each lane has a table of its own, whose number comes from the contexts of a block of turns.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.coders.neighbours import BLOCK, LOW, U_BLOCK, block_for, fill_contexts
from ansflow.kernels.constants import ONE, U_WORD_BITS, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.records import FIELD_MASK, FREQ_SHIFT, SHIFT_SHIFT, headroom
from ansflow.kernels.tables.slots import PACKED_FREQ_SHIFT, PACKED_OFFSET_MASK, PACKED_OFFSET_SHIFT
from ansflow.kernels.vector.memory import load, pull, put, store
from ansflow.kernels.vector.values import high, low, multiply, where

__all__ = ["decoder", "encoder"]

BYTE = np.uint64(8)


@functools.cache
def decoder(lanes: int, isa: str) -> Callable[..., Any]:
    """Make ``decode_rows(words, cursor, states, row, plane, limits, slots, precision, out)``.

    Arguments and result are those of `ansflow.kernels.coders.neighbours.decode_rows`, with `lanes`
    states and slots as a vector.
    """
    turn = np.uint64(lanes)

    @kernel
    def decode_rows(words, cursor, states, row, plane, limits, slots, precision, out):
        contexts = np.empty(BLOCK, np.uint8)
        block = block_for(row)
        size = np.uint64(out.size)
        mask = (ONE << precision) - ONE
        x = load(states, ZERO, lanes, isa)
        base, begin, end = ZERO, ZERO, ZERO
        while base + turn <= size and cursor + turn <= np.uint64(words.size):
            if base == end:
                begin, end = base, min(base + block, size)
                fill_contexts(out, begin, end, row, plane, limits, contexts)
            entry = slots[(x & mask) | (load(contexts, base - begin, lanes, isa) << precision)]
            freq = (entry >> PACKED_FREQ_SHIFT) + ONE
            offset = (entry >> PACKED_OFFSET_SHIFT) & PACKED_OFFSET_MASK
            x = freq * (x >> precision) + offset
            due = x < LOW
            word, cursor = pull(words, cursor, due)
            x = where(due, x << U_WORD_BITS, x) | word
            store(out, base, entry)  # which keeps the low bits
            base += turn
        store(states, ZERO, x)
        return base, cursor

    return decode_rows


@functools.cache
def encoder(lanes: int, isa: str) -> Callable[..., Any]:
    """Make ``encode_rows(symbols, end, row, plane, limits, states, records, precision, words,
    cursor)``.

    It pushes ``symbols[:end]``, whole turns, last to first, and returns the cursor. The other
    arguments are those of `ansflow.kernels.coders.neighbours.encode`, with `lanes` states and
    records as a vector. ``words[cursor - end - lanes :]`` must exist: below the words that it
    keeps, `put` writes others.
    """
    turn = np.uint64(lanes)

    @kernel
    def encode_rows(symbols, end, row, plane, limits, states, records, precision, words, cursor):
        contexts = np.empty(BLOCK, np.uint8)
        room = headroom(precision)
        total = ONE << precision
        x = load(states, ZERO, lanes, isa)
        while end > ZERO:
            begin = (end - ONE) & ~(U_BLOCK - ONE)
            fill_contexts(symbols, begin, end, row, plane, limits, contexts)
            while end > begin:
                end -= turn
                table = load(contexts, end - begin, lanes, isa) << BYTE
                record = records[load(symbols, end, lanes, isa) | table]
                interval = high(record)
                freq = (interval >> FREQ_SHIFT) & FIELD_MASK
                due = (x >> room) >= freq
                cursor = put(words, cursor, x, due)
                x = where(due, x >> U_WORD_BITS, x)
                quotient = low(multiply(x, low(record)) >> (record >> SHIFT_SHIFT))
                x = x + (interval & FIELD_MASK) + quotient * (total - freq)
        store(states, ZERO, x)
        return cursor

    return encode_rows
