"""Kernels stay inside their arrays: on valid, cut and random streams, at both ends.

Runs as a script in a process of its own, where straying means a segmentation fault.
"""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from guard import guarded

from ansflow.coding.tables import ContextTables, Tables
from ansflow.kernels import alias, contexts as context_tables, golomb, lanes, order1, rows
from ansflow.kernels.constants import STACK_LOW, state_low
from ansflow.kernels.histogram import histogram
from ansflow.kernels.reciprocal import reciprocal_table
from ansflow.kernels.stack import tables as stack_tables
from ansflow.kernels.vector import lanes as vector_lanes, order1 as order1_vector
from ansflow.kernels.vector.isa import available
from ansflow.models import Markov, quantize


def as_stream(words, at_end):
    """A guarded copy, of the type that the coder makes of all streams."""
    stream = guarded(words, at_end)
    stream.setflags(write=False, align=False)
    return stream


def coders(tables, n, at_end):
    """``(encode, decode)`` by name, over guarded copies of all tables."""

    def guard(array):
        return guarded(array, at_end)

    p, low = np.uint64(tables.precision), np.uint64(state_low(tables.precision))
    reciprocals, cdf = guard(reciprocal_table()), guard(tables.cdf)
    records, slots = guard(tables.records), guard(tables.slots)
    divider, halves, inverse = (guard(table) for table in tables.alias[:3])
    shift = np.uint64(tables.alias.column_shift)
    index = guard(np.zeros(n, np.uint32))
    zero = np.uint64(0)

    def decode_lanes(words, states, out):
        done, cursor = lanes.decode_rows(words, zero, states, slots[0], p, low, out)
        done, cursor = np.uint64(done), np.uint64(cursor)
        lanes.decode_rest(words, cursor, states, slots[0], p, low, out, done)

    return {
        "lanes": (
            lambda s, x, w: lanes.encode(s, x, records, p, w, np.uint64(w.size)),
            decode_lanes,
        ),
        "alias": (
            lambda s, x, w: alias.encode(s, x, records, inverse, p, w, np.uint64(w.size)),
            lambda w, x, out: alias.decode(w, zero, x, divider, halves, p, low, shift, out),
        ),
        "by_search": (
            lambda s, x, w: rows.encode(s, index, cdf, p, reciprocals, x, w, np.uint64(w.size)),
            lambda w, x, out: rows.decode_by_search(w, zero, x, index, cdf, p, low, out),
        ),
        "by_slots": (
            lambda s, x, w: rows.encode(s, index, cdf, p, reciprocals, x, w, np.uint64(w.size)),
            lambda w, x, out: rows.decode_by_slots(w, zero, x, index, slots, p, low, out),
        ),
    }


def fast_coders(at_end, rng):
    n, n_lanes = 1000, 32
    for precision in (3, 12, 16):
        freq = quantize(rng.random(7) ** 4, precision)
        tables = Tables(freq, precision)
        low = state_low(precision)
        symbols = guarded(rng.integers(0, 7, n).astype(np.uint8), at_end)
        for encode, decode in coders(tables, n, at_end).values():
            states = guarded(np.full(n_lanes, low, np.uint32), at_end)
            words = guarded(np.zeros(n + 1, np.uint16), at_end)
            begin = int(encode(symbols, states, words))
            stream = words[begin:]
            out = guarded(np.zeros(n, np.uint8), at_end)
            decode(guarded(stream, at_end), states.copy(), out)
            assert np.array_equal(out, symbols)
            for size in (0, 1, 5, 31, 32, 33, stream.size // 2, stream.size - 1):
                decode(guarded(stream[:size], at_end), states.copy(), out)
                noise = rng.integers(0, 1 << 16, size).astype(np.uint16)
                random_states = rng.integers(low, low << 16, n_lanes, np.uint32)
                decode(guarded(noise, at_end), guarded(random_states, at_end), out)


def vector_coders(at_end, rng):
    """Buffers as small as the kernels' contract allows, for every instruction set."""
    n = 64 * 15
    for isa, n_lanes, precision in itertools.product(available(), (32, 64), (12, 14)):
        freq = quantize(rng.random(7) ** 4, precision)
        tables = Tables(freq, precision)
        p, low = np.uint64(precision), state_low(precision)
        slots = guarded(tables.slots[0], at_end)
        records = guarded(tables.records.reshape(-1), at_end)
        encode = vector_lanes.encoder(n_lanes, isa, precision == 12)
        decode = vector_lanes.decoder(n_lanes, isa, precision == 12)

        def decode_all(words, states, out, decode=decode, slots=slots, p=p, low=low):
            stream, states = as_stream(words, at_end), guarded(states, at_end)
            return decode(stream, np.uint64(0), states, slots, p, np.uint64(low), out)

        for symbols in (rng.integers(0, 7, n), np.full(n, np.argmin(freq))):
            data = guarded(symbols.astype(np.uint8), at_end)
            states = guarded(np.full(n_lanes, low, np.uint32), at_end)
            words = guarded(np.zeros(n + n_lanes, np.uint16), at_end)
            end = np.uint64(words.size)
            begin = int(encode(data, np.uint64(n), states, records, p, words, end))
            out = guarded(np.zeros(n + 5, np.uint8), at_end)
            padded = np.append(words[begin:], np.zeros(n_lanes, np.uint16))
            assert decode_all(padded, states, out)[0] == n
            assert np.array_equal(out[:n], symbols)
            for size in (0, 1, n_lanes - 1, n_lanes, n_lanes + 1, 200, end - begin - 1):
                decode_all(words[begin : begin + size], states, out)
                noise = rng.integers(0, 1 << 16, size).astype(np.uint16)
                decode_all(noise, rng.integers(low, low << 16, n_lanes, np.uint32), out)


def context_coders(at_end, rng):
    """Order 1, scalar and vector, and its tables."""
    n, n_lanes, p = 64 * 70 + 37, 64, np.uint64(11)
    model = Markov.from_counts(rng.random((256, 256)) ** 8, precision=11)
    tables = ContextTables(model.freq, 11)
    records, slots = guarded(tables.records, at_end), guarded(tables.slots, at_end)
    symbols = guarded(model.sample(n, rng, n_lanes), at_end)
    tile = guarded(order1_vector.new_tile(n_lanes), at_end)
    words = guarded(np.zeros(n + n_lanes, np.uint16), at_end)
    rows = np.uint64(n // n_lanes // 4 * 4)
    out = guarded(np.zeros(n, np.uint8), at_end)
    for isa in ("scalar", *available()):
        states = guarded(np.full(n_lanes, 1 << 15, np.uint32), at_end)
        first = rows if isa in available() else np.uint64(0)
        cursor = order1.encode(symbols, states, records, p, words, np.uint64(words.size), first)
        cursor = np.uint64(cursor)
        if first:
            encode = order1_vector.encoder(n_lanes, isa)
            cursor = encode(symbols, rows, states, records.reshape(-1), p, tile, words, cursor)
        stream = words[int(cursor) :]
        for size in (stream.size, stream.size // 2, 300, 256, 255, 65, 64, 63, 1, 0):
            for data in (stream[:size], rng.integers(0, 1 << 16, size).astype(np.uint16)):
                source, x = as_stream(data, at_end), guarded(states, at_end)
                contexts = guarded(np.zeros(n_lanes, np.uint32), at_end)
                start = source, np.uint64(0), x, contexts
                if first:
                    decode = order1_vector.decoder(n_lanes, isa)
                    done, at = decode(*start, slots.reshape(-1), p, tile, out)
                else:
                    done, at = order1.decode_rows(*start, slots, p, out)
                rest = source, np.uint64(at), x, contexts
                order1.decode_rest(*rest, slots, p, out, np.uint64(done))
                if size == stream.size and np.array_equal(data, stream):
                    assert np.array_equal(out, symbols)
    table = np.zeros(context_tables.TABLE_ROOM, np.uint8)
    used = int(context_tables.write_contexts(model.freq, p, guarded(table, at_end)))
    context_tables.write_contexts(model.freq, p, table)
    back = guarded(np.zeros((256, 256), np.uint32), at_end)
    for size in (*range(40), used // 2, used - 1, used):
        context_tables.read_contexts(guarded(table[:size], at_end), p, back)
        noise = np.append(table[:32], rng.integers(0, 256, size).astype(np.uint8))
        context_tables.read_contexts(guarded(noise, at_end), p, back)
    assert context_tables.read_contexts(guarded(table[:used], at_end), p, back) == used
    assert np.array_equal(back, model.freq)


def wide_coder(at_end, rng):
    n = 300
    tables = Tables(quantize(rng.random((3, 300)) ** 4, 24), 24)
    cdf, p = guarded(tables.cdf, at_end), np.uint64(24)
    symbols = guarded(rng.integers(0, 300, n).astype(np.uint16), at_end)
    index = guarded(rng.integers(0, 3, n).astype(np.uint32), at_end)
    heads = guarded(np.full(8, STACK_LOW, np.uint64), at_end)
    tail = guarded(np.zeros(n + 1, np.uint32), at_end)
    size = int(stack_tables.push(heads, tail, 0, symbols, index, cdf, p))
    out = guarded(np.zeros(n, np.uint16), at_end)
    for words in (
        tail[:size],
        tail[: size // 2],
        tail[:0],
        rng.integers(0, 1 << 32, 50, np.uint32),
    ):
        stream = guarded(words, at_end)
        stack_tables.pop(heads.copy(), stream, stream.size, index, cdf, p, out)


def small_kernels(at_end, rng):
    freq = quantize(rng.random(256) ** 5, 12)
    room = np.zeros(2048, np.uint8)
    used = golomb.write_frequencies(freq, np.uint64(4096), room)
    back = guarded(np.zeros(256, np.uint32), at_end)
    for size in (*range(40), int(used) - 1, int(used)):
        golomb.read_frequencies(guarded(room[:size], at_end), np.uint64(4096), back)
        noise = rng.integers(0, 256, size).astype(np.uint8)
        golomb.read_frequencies(guarded(noise, at_end), np.uint64(4096), back)
    for size in (*range(40), 4093):
        for dtype in (np.uint8, np.uint16):
            symbols = guarded(rng.integers(0, 256, size).astype(dtype), at_end)
            for offset in range(min(size, 9)):
                histogram(symbols[offset:])
                histogram(symbols[: size - offset])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs mprotect")
@pytest.mark.parametrize(
    "job",
    ["fast_coders", "vector_coders", "context_coders", "wide_coder", "small_kernels", "stray"],
)
def test_kernels_stay_inside(job):
    result = subprocess.run(
        [sys.executable, __file__, job],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    expected = -signal.SIGSEGV if job == "stray" else 0
    assert result.returncode == expected, result.stderr


def stray(at_end, rng):
    """What the other jobs must not do: proof that the guard works."""
    slots = guarded(np.zeros(1, np.uint64), at_end)  # too few for the precision
    states = np.full(1, (1 << 15) + 4095, np.uint32)
    words, out = np.zeros(10, np.uint16), np.zeros(10, np.uint8)
    p, low = np.uint64(12), np.uint64(1 << 15)
    lanes.decode_rows(words, np.uint64(0), states, slots, p, low, out)


if __name__ == "__main__":
    for end in (True, False):
        globals()[sys.argv[1]](end, np.random.default_rng(7))
