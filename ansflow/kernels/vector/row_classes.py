"""`ansflow.kernels.coders.row_classes` on vectors: whole turns of the lanes, the same words.

All lanes of a turn have the same distribution. So where its table begins is one number, whose bits
are joined to those of all indices: that is all that classes add to a step of `single.py`.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.coders.rans import OUTSIDE, finished, take_states
from ansflow.kernels.coders.row_classes import LOW, U_ROW_SHIFT, decode_rest
from ansflow.kernels.constants import ONE, WORDS_PER_STATE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.vector.memory import load, store
from ansflow.kernels.vector.steps import pop, push

__all__ = ["decoder", "encoder", "reader"]

BYTE = np.uint64(8)


@functools.cache
def decoder(lanes: int, isa: str) -> Callable[..., Any]:
    """Make ``decode_rows(words, cursor, states, classes, slots, precision, out)``.

    Arguments and result are those of `ansflow.kernels.coders.row_classes.decode_rows`, with `lanes`
    states and slots as a vector.
    """
    turn = np.uint64(lanes)

    @kernel
    def decode_rows(words, cursor, states, classes, slots, precision, out):
        mask = (ONE << precision) - ONE
        x = load(states, ZERO, lanes, isa)
        base = ZERO
        while base + turn <= np.uint64(out.size) and cursor + turn <= np.uint64(words.size):
            table = np.uint64(classes[base >> U_ROW_SHIFT]) << precision
            entry = slots[(x & mask) | table]
            x, cursor = pop(x, entry, precision, LOW, words, cursor)
            store(out, base, entry)  # which keeps the low bits
            base += turn
        store(states, ZERO, x)
        return base, cursor

    return decode_rows


@functools.cache
def reader(lanes: int, isa: str) -> Callable[..., Any]:
    """Make ``decode_stream(words, classes, slots, precision, out)``.

    Arguments and result are those of `ansflow.kernels.coders.row_classes.decode_stream`.
    """
    decode_rows = decoder(lanes, isa)
    begin = np.uint64(WORDS_PER_STATE * lanes)

    @kernel
    def decode_stream(words, classes, slots, precision, out):
        states = np.empty(lanes, np.uint32)
        if not take_states(words, LOW, states):
            return np.uint64(OUTSIDE)
        start, flat = (words, begin, states, classes), slots.reshape(-1)
        done, cursor = decode_rows(*start, flat, precision, out)
        cursor = decode_rest(words, cursor, states, classes, slots, precision, out, done)
        return finished(words, cursor, states, LOW)

    return decode_stream


@functools.cache
def encoder(lanes: int, isa: str) -> Callable[..., Any]:
    """Make ``encode_rows(symbols, end, classes, states, records, precision, words, cursor)``.

    It pushes ``symbols[:end]``, whole turns, last to first, and returns the cursor. The other
    arguments are those of `ansflow.kernels.coders.byte_rows.encode`, with `lanes` states and
    records as a vector. ``words[cursor - end - lanes :]`` must exist: below the words that it
    keeps, `put` writes others.
    """
    turn = np.uint64(lanes)

    @kernel
    def encode_rows(symbols, end, classes, states, records, precision, words, cursor):
        x = load(states, ZERO, lanes, isa)
        while end > ZERO:
            end -= turn
            table = np.uint64(classes[end >> U_ROW_SHIFT]) << BYTE
            record = records[load(symbols, end, lanes, isa) | table]
            x, cursor = push(x, record, precision, words, cursor)
        store(states, ZERO, x)
        return cursor

    return encode_rows
