"""`ansflow.kernels.coders.single` on vectors: whole rows at a time, the same words.

A row is one vector. What the scalar loop over its lanes does in sequence, the row does at once:
whether a lane takes a word depends on that lane's state alone, so `pull` and `put` can deal
out all words of a row together, in order of lanes.

`decoder`, `reader` and `encoder` make a kernel for a number of lanes, an instruction set, and a
layout of the tables (see `ansflow.kernels.tables.slots` and `ansflow.kernels.tables.records`);
Numba compiles it when it is first called and keeps it on disk like any other.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.coders.rans import OUTSIDE, finished, take_states
from ansflow.kernels.coders.single import decode_rest
from ansflow.kernels.constants import ONE, WORDS_PER_STATE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.records import NUDGE_MASK, SHIFT_SHIFT
from ansflow.kernels.tables.slots import OFFSET_SHIFT
from ansflow.kernels.vector.memory import load, store
from ansflow.kernels.vector.steps import pop, push, refilled, relieved
from ansflow.kernels.vector.values import high, low as low_half, multiply

__all__ = ["decoder", "encoder", "reader"]


@functools.cache
def decoder(lanes: int, isa: str, packed: bool) -> Callable[..., Any]:
    """The kernel ``decode_rows(words, cursor, states, slots, precision, low, out)``.

    Arguments and result are those of `ansflow.kernels.coders.single.decode_rows`, with `lanes`
    states and slots of uint32 if `packed`, of uint64 if not.
    """
    row = np.uint64(lanes)

    @kernel
    def decode_rows(words, cursor, states, slots, precision, low, out):
        mask = (ONE << precision) - ONE
        x = load(states, ZERO, lanes, isa)
        base = ZERO
        while base + row <= np.uint64(out.size) and cursor + row <= np.uint64(words.size):
            entry = slots[x & mask]
            if packed:
                symbol = entry
                x, cursor = pop(x, entry, precision, low, words, cursor)
            else:
                symbol = low_half(entry)
                x = high(entry) * (x >> precision) + (symbol >> OFFSET_SHIFT)
                x, cursor = refilled(x, x < low, words, cursor)
            store(out, base, symbol)  # which keeps the low bits
            base += row
        store(states, ZERO, x)
        return base, cursor

    return decode_rows


@functools.cache
def reader(lanes: int, isa: str, packed: bool) -> Callable[..., Any]:
    """The kernel ``decode_stream(words, slots, precision, low, out)``.

    Arguments and result are those of `ansflow.kernels.coders.single.decode_stream`.
    """
    decode_rows = decoder(lanes, isa, packed)
    begin = np.uint64(WORDS_PER_STATE * lanes)

    @kernel
    def decode_stream(words, slots, precision, low, out):
        states = np.empty(lanes, np.uint32)
        if not take_states(words, low, states):
            return np.uint64(OUTSIDE)
        done, cursor = decode_rows(words, begin, states, slots, precision, low, out)
        cursor = decode_rest(words, cursor, states, slots, precision, low, out, done)
        return finished(words, cursor, states, low)

    return decode_stream


@functools.cache
def encoder(lanes: int, isa: str, packed: bool) -> Callable[..., Any]:
    """The kernel ``encode_rows(symbols, end, states, records, precision, words, cursor)``.

    It pushes ``symbols[:end]``, whole rows, last to first, and returns the cursor. The other
    arguments are those of `ansflow.kernels.coders.single.encode`, with `lanes` states and the
    records as a vector: uint64[m] if `packed`, uint64[2 * m] if not. ``words[cursor - end - lanes
    :]`` must exist: below the words that it keeps, `put` writes others.
    """
    row = np.uint64(lanes)

    @kernel
    def encode_rows(symbols, end, states, records, precision, words, cursor):
        last = (np.uint64(records.size) if packed else np.uint64(records.size) >> ONE) - ONE
        x = load(states, ZERO, lanes, isa)
        while end > ZERO:
            end -= row
            symbol = load(symbols, end, lanes, isa) & last
            if packed:
                x, cursor = push(x, records[symbol], precision, words, cursor)
            else:
                record, interval = records[symbol + symbol], records[symbol + symbol + ONE]
                freq = high(interval)
                x, cursor = relieved(x, freq, precision, words, cursor)
                nudged = x + (high(record) & NUDGE_MASK)
                quotient = low_half(multiply(nudged, low_half(record)) >> (record >> SHIFT_SHIFT))
                x = x + low_half(interval) + quotient * ((ONE << precision) - freq)
        store(states, ZERO, x)
        return cursor

    return encode_rows
