"""`ansflow.kernels.coders.neighbours` on vectors: whole turns of the lanes, the same words.

Each lane has a table of its own, whose number comes from the contexts of a block of turns.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.coders.neighbours import LOW, decode_rest, fill_contexts
from ansflow.kernels.coders.rans import OUTSIDE, finished, take_states
from ansflow.kernels.constants import ONE, WORDS_PER_STATE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.vector.above import contexts_above, tabulate
from ansflow.kernels.vector.memory import load, store
from ansflow.kernels.vector.steps import pop, push

__all__ = ["decoder", "encoder", "reader"]

BYTE = np.uint64(8)

# Symbols for which it pays to copy the last words.
MANY = np.uint64(1 << 11)


@functools.cache
def decoder(lanes: int, isa: str) -> Callable[..., Any]:
    """Make ``decode_rows(words, cursor, states, row, plane, limits, slots, precision, out, done)``.

    Arguments and result are those of `ansflow.kernels.coders.neighbours.decode_rows`, with `lanes`
    states and slots as a vector; `done` symbols of `out`, whole turns, are there already.
    """
    turn = np.uint64(lanes)

    @kernel
    def decode_rows(words, cursor, states, row, plane, limits, slots, precision, out, done):
        table = tabulate(limits)
        activity, contexts = np.empty(lanes, np.uint8), np.empty(lanes, np.uint8)
        mask = (ONE << precision) - ONE
        x = load(states, ZERO, lanes, isa)
        base = done
        while base + turn <= np.uint64(out.size) and cursor + turn <= np.uint64(words.size):
            if base > row and (base >= plane or base + turn <= plane):
                behind = plane if base >= plane else ZERO
                context = contexts_above(out, base, row, behind, table, lanes, isa)
            else:
                told = row, plane, limits, activity, contexts
                fill_contexts(out, base, base + turn, *told)
                context = load(contexts, ZERO, lanes, isa)
            entry = slots[(x & mask) | (context << precision)]
            x, cursor = pop(x, entry, precision, LOW, words, cursor)
            store(out, base, entry)  # which keeps the low bits
            base += turn
        store(states, ZERO, x)
        return base, cursor

    return decode_rows


@functools.cache
def reader(lanes: int, isa: str) -> Callable[..., Any]:
    """Make ``decode_stream(words, more, row, plane, limits, slots, precision, out)``.

    It pops all symbols of a stream that begins with states, and has as many words as these take. It
    returns what `finished` does, or `OUTSIDE`. The other arguments are those of
    `ansflow.kernels.coders.neighbours.decode_rows`, but for `more`, an array like that of the words
    with two zeros for each lane.
    """
    decode_rows = decoder(lanes, isa)
    begin, turn = np.uint64(WORDS_PER_STATE * lanes), np.uint64(lanes)

    @kernel
    def decode_stream(words, more, row, plane, limits, slots, precision, out):
        states = np.empty(lanes, np.uint32)
        if not take_states(words, LOW, states):
            return np.uint64(OUTSIDE)
        told, flat = (states, row, plane, limits), slots.reshape(-1)
        source, first, cursor, done = words, ZERO, begin, ZERO
        while True:
            at = cursor - first
            done, at = decode_rows(source, at, *told, flat, precision, out, done)
            cursor = first + at
            if first > ZERO or np.uint64(out.size) - done < MANY:
                break
            # Few words are left, of many symbols: vectors take them where zeros follow.
            left, first = np.uint64(words.size) - cursor, cursor
            for i in range(left):
                more[i] = words[cursor + i]
            source = more[: left + turn]
        cursor = decode_rest(words, cursor, *told, slots, precision, out, done)
        return finished(words, cursor, states, LOW)

    return decode_stream


@functools.cache
def encoder(lanes: int, isa: str) -> Callable[..., Any]:
    """Make ``encode_rows(symbols, end, contexts, states, records, precision, words, cursor)``.

    It pushes ``symbols[:end]``, whole turns, last to first, and returns the cursor. ``contexts``,
    uint8[n], are those of the symbols; the other arguments are those of
    `ansflow.kernels.coders.byte_rows.encode`, with `lanes` states and records as a vector.
    ``words[cursor - end - lanes :]`` must exist: below the words that it keeps, `put` writes
    others.
    """
    turn = np.uint64(lanes)

    @kernel
    def encode_rows(symbols, end, contexts, states, records, precision, words, cursor):
        x = load(states, ZERO, lanes, isa)
        while end > ZERO:
            end -= turn
            context = load(contexts, end, lanes, isa)
            record = records[load(symbols, end, lanes, isa) | (context << BYTE)]
            x, cursor = push(x, record, precision, words, cursor)
        store(states, ZERO, x)
        return cursor

    return encode_rows
