"""Kernels stay inside their arrays: on valid, cut and random streams, at both ends.

Each job runs in a forked process, where straying means a segmentation fault.
"""

import faulthandler
import itertools
import os
import signal
import sys
import traceback
from contextlib import suppress

import numba
import numpy as np
import pytest
from guard import guarded
from instruction_sets import with_own_code

from ansflow.bitsback import HiddenMarkov
from ansflow.bitsback.distributions.families import family, power_table
from ansflow.coding.coders.alias import AliasCoder
from ansflow.coding.coders.coder import buffer_size
from ansflow.coding.coders.contexts import ContextCoder
from ansflow.coding.coders.escapes import EscapeCoder
from ansflow.coding.coders.neighbours import NeighbourCoder
from ansflow.coding.coders.row_classes import RowClassCoder
from ansflow.coding.coders.single import SingleCoder
from ansflow.errors import AnsflowError
from ansflow.kernels.coders import (
    adaptive,
    alias,
    byte_rows,
    escapes,
    message_probabilities,
    message_rows,
    messages,
    neighbours,
    order1,
    probabilities,
    range as range_arrays,
    range_escapes,
    range_probabilities,
    range_steps,
    row_classes,
    rows,
    single as lanes,
)
from ansflow.kernels.constants import STACK_LOW, state_low
from ansflow.kernels.distributions import cdf_rows as weights, checked, location_scale as standard
from ansflow.kernels.nets import affine as fixed_point
from ansflow.kernels.nets.activations import activate
from ansflow.kernels.stack import (
    coins,
    hidden_markov,
    intervals,
    location_scale,
    stirring,
    tables as stack_tables,
    uniform,
)
from ansflow.kernels.stack.heads import IMPOSSIBLE
from ansflow.kernels.tables import (
    class_code,
    context_code as context_tables,
    neighbours as neighbour_tables,
    probabilities as intervals_of,
    row_classes as class_tables,
)
from ansflow.kernels.tables.frequency_code import fit_table, read_frequencies, write_frequencies
from ansflow.kernels.tables.histogram import histogram
from ansflow.kernels.tables.reciprocal import reciprocal_table
from ansflow.kernels.tables.records import reciprocals_of
from ansflow.kernels.tables.slots import read_slots
from ansflow.kernels.transforms import (
    affine as multiples,
    bins,
    borders,
    columns,
    cost,
    decimal,
    delta,
    detect,
    dict as dictionary,
    digits,
    finish,
    glance,
    groups,
    likeness,
    lin,
    log,
    lookback,
    lpc,
    mask,
    ordered,
    ramp,
    recurrence,
    runs,
    stencil,
    steps as common_steps,
)
from ansflow.kernels.transforms.quotient import goes_by_product
from ansflow.kernels.vector import (
    neighbours as neighbours_vector,
    order1 as order1_vector,
    row_classes as row_classes_vector,
    single as vector_lanes,
)
from ansflow.kernels.vector.bit_fields import FIELDS
from ansflow.kernels.vector.isa import available, chosen_isa
from ansflow.kernels.vector.raw_bits import SPLIT_ISAS
from ansflow.kernels.vector.strewn import TARGETS as STREWN
from ansflow.models import Categorical, Conditional, Markov, quantize
from ansflow.models.frequencies import cumulative
from ansflow.transforms.numbers import unaligned

# The widest registers and those of any machine; to compile the kernels for one takes seconds.
ISAS = [isa for isa in dict.fromkeys((chosen_isa(), available()[-1])) if isa in available()]


def fixed(array, at_end):
    """A guarded copy, read-only as most of what kernels are given: they are compiled once."""
    copy = guarded(array, at_end)
    copy.setflags(write=False)
    return copy


def as_stream(words, at_end):
    """A guarded copy, of the type that the coder makes of all streams."""
    stream = guarded(words, at_end)
    stream.setflags(write=False, align=False)
    return stream


def coders(freq, precision, n, at_end):
    """``(encode, decode)`` by name, over guarded copies of all tables."""
    single, columns = SingleCoder(freq, precision), AliasCoder(freq, precision).tables

    def guard(array):
        return guarded(array, at_end)

    p, low = np.uint64(precision), np.uint64(state_low(precision))
    reciprocals, cdf = guard(reciprocal_table()), guard(cumulative(freq[np.newaxis]))
    records, slots = guard(single.records), guard(single.slots)
    matrix = slots[np.newaxis]
    divider, halves, inverse = (guard(table) for table in columns[:3])
    shift = np.uint64(columns.column_shift)
    index = guard(np.zeros(n, np.uint32))
    zero = np.uint64(0)

    return {
        "lanes": (
            lambda s, x, w: lanes.encode(s, x, records, p, w),
            lambda w, x, out: lanes.decode(w, zero, x, slots, p, low, out),
        ),
        "alias": (
            lambda s, x, w: alias.encode(s, x, records, inverse, p, w),
            lambda w, x, out: alias.decode(w, zero, x, divider, halves, p, low, shift, out),
        ),
        "by_search": (
            lambda s, x, w: rows.encode(s, index, cdf, p, reciprocals, x, w),
            lambda w, x, out: rows.decode_by_search(w, zero, x, index, cdf, p, low, out),
        ),
        "by_slots": (
            lambda s, x, w: rows.encode(s, index, cdf, p, reciprocals, x, w),
            lambda w, x, out: rows.decode_by_slots(w, zero, x, index, matrix, p, low, out),
        ),
    }


def fast_coders(at_end, rng):
    n, n_lanes = 1000, 32
    for precision in (3, 12, 16):
        freq = quantize(rng.random(7) ** 4, precision)
        low = state_low(precision)
        symbols = fixed(rng.integers(0, 7, n).astype(np.uint8), at_end)
        for encode, decode in coders(freq, precision, n, at_end).values():
            states = guarded(np.full(n_lanes, low, np.uint32), at_end)
            words = guarded(np.zeros(n + 1, np.uint16), at_end)
            begin = int(encode(symbols, states, words))
            stream = words[begin:]
            out = guarded(np.zeros(n, np.uint8), at_end)
            decode(as_stream(stream, at_end), states.copy(), out)
            assert np.array_equal(out, symbols)
            for size in (0, 1, 5, 31, 32, 33, stream.size // 2, stream.size - 1):
                decode(as_stream(stream[:size], at_end), states.copy(), out)
                noise = rng.integers(0, 1 << 16, size).astype(np.uint16)
                random_states = rng.integers(low, low << 16, n_lanes, np.uint32)
                decode(as_stream(noise, at_end), guarded(random_states, at_end), out)


def whole_coders(at_end, rng):
    """Coders in buffers as small as promised, on words at odd addresses and any symbol."""
    n = 1000
    for alphabet, precision in itertools.product((7, 300, 65536), (12, 16)):
        weights = np.maximum(rng.random(alphabet) ** 30, 1e-300)
        weights[rng.permutation(alphabet)[1 << precision :]] = 0
        freq = quantize(weights, precision)
        coder = SingleCoder(freq, precision)
        coder.records = guarded(coder.records, at_end)
        symbols = rng.choice(alphabet, n, p=freq / (1 << precision)).astype(coder.symbol_dtype)
        symbols = fixed(symbols, at_end)
        for n_lanes in (1, 64):
            buffer = guarded(np.zeros(buffer_size(n, n_lanes), np.uint16), at_end)
            words = coder.encode(symbols, n_lanes, buffer)
            out = guarded(np.zeros(n, symbols.dtype), at_end)
            for data in (words.tobytes(), rng.bytes(words.nbytes), words.tobytes()[:-2]):
                odd = guarded(np.frombuffer(b"x" + data, np.uint8), at_end)
                stream = np.frombuffer(odd[1:], np.uint16)
                with suppress(AnsflowError):
                    coder.decode(stream, out, n_lanes)
            coder.decode(words, out, n_lanes)
            assert np.array_equal(out, symbols)
            noise = rng.integers(0, 1 << 16, n).astype(symbols.dtype)
            coder.encode(fixed(noise, at_end), n_lanes, buffer)


def short_messages(at_end, rng):
    """Messages of one distribution and of rows with escapes, in buffers as small as promised."""

    def guard(array, *, write=True):
        copy = guarded(array, at_end)
        copy.setflags(write=write)
        return copy

    lengths = rng.integers(0, 9, 60)
    bounds = guard(np.append(0, lengths.cumsum()))
    n, number = int(lengths.sum()), lengths.size
    offsets = guard(np.zeros(number + 1, np.int64))

    def pop_all(words, decode, out):
        """The stream, and anything of its length and shorter ones."""
        at = offsets - offsets[0]
        for size in {words.size, max(0, words.size - 1), words.size // 2, 0}:
            for data in (words[:size], rng.integers(0, 1 << 16, size).astype(np.uint16)):
                decode(as_stream(data, at_end), guard(np.minimum(at, size)), bounds, out)
        assert decode(as_stream(words, at_end), guard(at), bounds, out) == number

    for precision, alphabet in ((3, 7), (12, 200), (12, 3000)):
        freq = quantize(rng.random(alphabet) ** 4 + 1e-9, precision)
        tables = SingleCoder(freq, precision)
        records, slots = guard(tables.records), guard(tables.slots)
        p, width = np.uint64(precision), np.uint64((alphabet - 1).bit_length())
        low = np.uint64(state_low(precision))
        rare = np.full(n, freq.argmin())
        for symbols in (rare, rng.integers(0, alphabet, n)):
            data = guard(symbols.astype(tables.symbol_dtype))
            words = guard(np.zeros(n + number + 1, np.uint16))
            messages.encode(data, bounds, records, width, p, words, offsets)
            out, own = guard(np.zeros_like(data)), guard(freq, write=False)
            pop_all(
                words[int(offsets[0]) :],
                lambda w, at, b, out, t=(slots, own, width, p, low): messages.decode(
                    w, at, b, *t, out
                ),
                out,
            )
            assert np.array_equal(out, data)

    reciprocals = reciprocal_table()
    for precision, height, alphabet in ((16, 5, 300), (12, 40, 3), (3, 1, 2)):
        p, width = np.uint64(precision), np.uint64((alphabet - 1).bit_length())
        cdf = cumulative(quantize(rng.random((height, alphabet)) ** 4 + 1e-9, precision))
        shift = np.uint64(precision // 2)
        buckets = guard(np.zeros((height, 1 << (precision - int(shift))), np.uint32))
        message_rows.fill_buckets(guard(cdf, write=False), shift, buckets)
        index = guard(rng.integers(0, height, n).astype(np.uint32))
        lowest = guard(rng.integers(-9, 9, height).astype(np.int32))
        escape = guard(np.full(height, alphabet - 1, np.uint32))
        told = index, guard(cdf, write=False), lowest, escape
        far = np.where(np.arange(n) % 2, (1 << 31) - 1, -(1 << 31))
        for symbols in (far, rng.integers(-9, alphabet + 9, n)):
            data = guard(symbols.astype(np.int32))
            outside = int(message_rows.count_escapes(data, index, lowest, escape))
            room = n + number + 1 + message_rows.ESCAPE_PUSHES * outside
            words = guard(np.zeros(room, np.uint16))
            message_rows.encode(data, bounds, *told, width, p, reciprocals, words, offsets)
            out, low = guard(np.zeros_like(data)), np.uint64(state_low(precision))
            pop_all(
                words[int(offsets[0]) :],
                lambda w, at, b, out, t=(*told, buckets, shift, width, p, low): message_rows.decode(
                    w, at, b, *t, out
                ),
                out,
            )
            assert np.array_equal(out, data)


def floating_point(at_end, rng):
    """Rows of probabilities, and of anything, with streams of anything."""
    n, n_lanes, p, low = 60, 4, np.uint64(14), np.uint64(state_low(14))
    bounds, width = guarded(np.array([0, 0, 7, 8, n]), at_end), np.uint64(5)
    reciprocals = reciprocal_table()
    for alphabet in (8, 19):
        weights = rng.random((n, alphabet)) ** 4
        sound = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        unsound = rng.integers(0, 2**32, sound.shape, np.uint32).view(np.float32)
        symbols = fixed(rng.integers(0, alphabet, n).astype(np.uint8), at_end)
        scratch = guarded(np.zeros(alphabet, np.uint32), at_end)
        for probs in (unsound, np.zeros_like(sound), sound):
            rows = fixed(probs, at_end)
            starts, freqs = (guarded(np.zeros(n, np.uint32), at_end) for _ in range(2))
            intervals_of.first_unsound(rows)
            intervals_of.intervals(symbols, rows, p, starts, freqs)
            cdf = guarded(np.zeros((n, alphabet + 1), np.uint32), at_end)
            intervals_of.cumulate(rows, p, scratch, cdf)
            states = guarded(np.full(n_lanes, low, np.uint32), at_end)
            words = guarded(np.zeros(n + 1, np.uint16), at_end)
            cursor = probabilities.encode(starts, freqs, p, reciprocals, states, words)
            stream, out = words[int(cursor) :].copy(), guarded(np.zeros(n, np.uint8), at_end)
            room = guarded(np.zeros(n + bounds.size, np.uint16), at_end)
            offsets = guarded(np.zeros(bounds.size, np.int64), at_end)
            told = starts, freqs, width, p, reciprocals
            message_probabilities.encode(symbols, bounds, *told, room, offsets)
            many = room[int(offsets[0]) :].copy()
            offsets -= offsets[0]

            def pop(words, x, rows=rows, out=out, scratch=scratch):
                start = as_stream(words, at_end), np.uint64(0), guarded(x, at_end)
                probabilities.decode(*start, rows, p, low, scratch, out)

            def pop_all(words, at, rows=rows, out=out, scratch=scratch):
                start = as_stream(words, at_end), guarded(at, at_end), bounds
                return message_probabilities.decode(*start, rows, width, p, low, scratch, out)

            for size in (0, 1, stream.size // 2):
                pop(stream[:size], states)
                noise = rng.integers(0, 1 << 16, size).astype(np.uint16)
                pop(noise, rng.integers(low, low << np.uint64(16), n_lanes, np.uint32))
                pop_all(noise, np.minimum(offsets, size))
        pop(stream, states)
        assert np.array_equal(out, symbols)
        out[:] = 0
        assert pop_all(many, offsets) == bounds.size - 1
        assert np.array_equal(out, symbols)


def range_coders(at_end, rng):
    """The range coder, into as few words as promised, and from all, some and other bytes."""

    def guard(array):
        return guarded(array, at_end)

    n, weights = 70, rng.random((3, 300)) ** 8
    weights[:, 5] = 0
    for precision, alphabet, dtype in ((12, 200, np.uint8), (12, 300, np.uint16), (31, 300, "u2")):
        freq = quantize(weights[:, :alphabet], precision)
        cdf, counts = guard(cumulative(freq)), guard(freq[0].astype(np.int64))
        shift = np.uint64(precision - 7)
        buckets = guard(np.zeros((3, 128), np.uint32))
        message_rows.fill_buckets(cdf, shift, buckets)
        index = guard(rng.integers(0, 3, n).astype(np.uint32))
        possible = np.flatnonzero(freq.all(axis=0))
        symbols = rng.choice(possible, n).astype(dtype)
        state, words = guard(np.zeros(3, np.uint64)), guard(np.zeros(2 * n + 2, np.uint32))
        for data in (symbols, symbols // 2 * 0 + 5, rng.integers(0, 1 << 16, n).astype(dtype)):
            range_arrays.encode(guard(data), index, cdf, state, words)
        for symbol in symbols:
            range_steps.encode_row(int(symbol), 2, cdf, state, words)
        state[2] = 2 * n - 2
        range_steps.encode_count(int(symbols[0]), counts, state, words)
        assert range_steps.encode_interval(3, 5, 1000, state, words) == range_arrays.DONE
        state[2] = 2 * n
        assert range_steps.encode_interval(3, 5, 1000, state, words) == range_arrays.CRAMPED
        assert range_arrays.encode(symbols, index, cdf, state, words) == range_arrays.CRAMPED
        range_arrays.settled(state, words)
        whole = int(range_arrays.finish_encoding(state, words))
        lowest = guard(np.full(3, -7, np.int32))
        escape = guard(np.full(3, alphabet - 1, np.uint32))
        far = guard(rng.choice([-9, 3, 50, -(1 << 31), (1 << 31) - 1], n).astype(np.int32))
        outside = message_rows.count_escapes(far, index, lowest, escape)
        digits = guard(np.zeros(n + message_rows.ESCAPE_PUSHES * int(outside) + 2, np.uint32))
        for room, expected in ((digits, n), (digits[1:], range_arrays.CRAMPED)):
            state[2] = 0
            rows = index, cdf, lowest, escape
            assert range_escapes.encode(far, *rows, state, room) == expected
        floats = guard(rng.dirichlet(np.ones(alphabet), n))
        scratch = guard(np.zeros(alphabet, np.uint32))
        state[:] = 0
        range_probabilities.encode(index, index + 1, np.uint64(precision), state, words)
        assert range_probabilities.encode_probability(3, floats[9], precision, state, words) == 0
        stream = np.frombuffer(words.astype(">u4").tobytes(), np.uint8)
        out = guard(np.zeros(n, dtype))
        for size in (whole, whole // 2, 9, 8, 7, 1, 0):
            for source in (stream[:size], rng.integers(0, 256, size).astype(np.uint8)):
                source, state = guard(source), guard(np.array([0, 0, 8], np.uint64))
                range_arrays.feed(source, 0, size // 2, state)
                range_arrays.feed(source, size // 2, size, state)
                told = index, False, cdf, buckets, shift
                range_arrays.decode(source, size, state, *told, out)
                while True:
                    _, how = range_steps.decode_row(1, cdf, source, size, state)
                    if how or range_steps.decode_count(counts, source, size, state)[1]:
                        break
                told = index, cdf, lowest, escape, guard(np.zeros(n, np.int32))
                range_escapes.decode(source, size, state, *told)
                told = floats, np.uint64(precision), scratch, out
                range_probabilities.decode(source, size, state, *told)
                told = floats[0], precision, scratch, source, size, state
                range_probabilities.decode_probability(*told)
                range_steps.slot_of(1000, state)
                range_steps.decode_interval(3, 5, 1000, source, size, state)
                range_arrays.finish_decoding(source, size, state)


def vector_coders(at_end, rng):
    """Buffers as small as the kernels' contract allows, for every instruction set."""
    n = 64 * 15
    cases = [*itertools.product(ISAS, (64,), (12, 14)), (ISAS[0], 16, 12)]
    for isa, n_lanes, precision in cases:
        freq = quantize(rng.random(7) ** 4, precision)
        tables = SingleCoder(freq, precision)
        p, low = np.uint64(precision), state_low(precision)
        slots = guarded(tables.slots, at_end)
        records = guarded(tables.records.reshape(-1), at_end)
        encode = vector_lanes.encoder(n_lanes, isa, precision == 12)
        decode = vector_lanes.decoder(n_lanes, isa, precision == 12)

        def decode_all(words, states, out, decode=decode, slots=slots, p=p, low=low):
            stream, states = as_stream(words, at_end), guarded(states, at_end)
            return decode(stream, np.uint64(0), states, slots, p, np.uint64(low), out)

        for symbols in (rng.integers(0, 7, n), np.full(n, np.argmin(freq))):
            data = fixed(symbols.astype(np.uint8), at_end)
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
    tables = ContextCoder(model.freq, 11)
    records, slots = guarded(tables.records, at_end), guarded(tables.slots, at_end)
    symbols = fixed(model.sample(n, rng, n_lanes), at_end)
    tile = guarded(order1_vector.new_tile(n_lanes), at_end)
    words = guarded(np.zeros(n + n_lanes, np.uint16), at_end)
    rows = np.uint64(n // n_lanes // 4 * 4)
    out = guarded(np.zeros(n, np.uint8), at_end)
    for isa in ("scalar", *ISAS):
        states = guarded(np.full(n_lanes, 1 << 15, np.uint32), at_end)
        first = rows if isa in ISAS else np.uint64(0)
        cursor = order1.encode(symbols, states, records, p, words, first)
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
    freq = model.freq.copy()  # writable, as where it is called
    used = int(context_tables.write_contexts(freq, p, guarded(table, at_end)))
    context_tables.write_contexts(freq, p, table)
    back = guarded(np.zeros((256, 256), np.uint32), at_end)
    for size in (*range(40), used // 2, used - 1, used):
        context_tables.read_contexts(fixed(table[:size], at_end), p, back)
        noise = np.append(table[:32], rng.integers(0, 256, size).astype(np.uint8))
        context_tables.read_contexts(fixed(noise, at_end), p, back)
    assert context_tables.read_contexts(fixed(table[:used], at_end), p, back) == used
    assert np.array_equal(back, model.freq)


def row_class_coders(at_end, rng):
    """Rows with classes, scalar and vector, in buffers as small as the contracts allow."""

    def guard(array):
        return guarded(array, at_end)

    n, p, low, shift = 64 * 15 + 37, np.uint64(11), 1 << 15, row_classes.U_ROW_SHIFT
    freq = quantize(rng.random((8, 256)) ** 8, 11)
    classes = guard(rng.integers(0, 8, -(-n // 64)).astype(np.uint8))
    tables = RowClassCoder(freq, classes, 11)
    records, slots = guard(tables.records), guard(tables.slots)
    symbols = rng.integers(0, 256, n).astype(np.uint8)  # also those that are not possible
    possible = np.flatnonzero(freq.all(axis=0))
    codable = rng.choice(possible, n).astype(np.uint8)
    for sound, data in ((True, fixed(codable, at_end)), (False, fixed(symbols, at_end))):
        for isa, n_lanes in (("scalar", 1), ("scalar", 64), *((isa, 64) for isa in ISAS)):
            whole = np.uint64(n - n % n_lanes if isa != "scalar" else 0)
            x = guard(np.full(n_lanes, low, np.uint32))
            words = guard(np.zeros(n + (n_lanes if whole else 1), np.uint16))
            named = data, classes, shift
            at = np.uint64(byte_rows.encode(*named, x, records, p, words, whole))
            byte_rows.first_without_record(*named, records)
            if whole:
                encode = row_classes_vector.encoder(n_lanes, isa)
                at = encode(data, whole, classes, x, records.reshape(-1), p, words, at)
            stream, out = words[int(at) :], guard(np.zeros(n, np.uint8))
            for size in (stream.size, stream.size // 2, 65, 64, 63, 1, 0):
                for source in (stream[:size], rng.integers(0, 1 << 16, size).astype(np.uint16)):
                    source, state = as_stream(source, at_end), guard(x)
                    start = source, np.uint64(0), state, classes
                    if whole:
                        decode = row_classes_vector.decoder(n_lanes, isa)
                        done, cursor = decode(*start, slots.reshape(-1), p, out)
                    else:
                        done, cursor = row_classes.decode_rows(*start, slots, p, out)
                    rest = source, np.uint64(cursor), state, classes
                    row_classes.decode_rest(*rest, slots, p, out, np.uint64(done))
                    if size == stream.size and np.array_equal(source, stream):
                        assert np.array_equal(out, data) or not sound


def finding_classes(at_end, rng):
    """Classes of rows, and how they are written."""

    def guard(array):
        return guarded(array, at_end)

    counts = guard(np.empty((8, 256), np.uint32))
    for n in (64, 65, 64 * 40, 64 * 40 + 63):
        classes = guard(np.empty(-(-n // 64), np.uint8))
        loud = rng.integers(0, 256, n)
        for symbols in (loud, loud * 0, loud * 0 + 255, loud // 2 ** (np.arange(n) // 64 % 8)):
            symbols = guard(symbols.astype(np.uint8))
            symbols.setflags(write=False)
            for sampled in (n // 64, 1):
                arguments = symbols, symbols[: sampled * 64], np.inf, counts, classes
                dispersed = class_tables.are_dispersed(arguments[1])
                number = class_tables.classify(*arguments)[0] if dispersed else 1
                freq = guard(np.empty((int(number), 256), np.uint32))
                room = guard(np.empty(class_code.TABLE_ROOM * int(number), np.uint8))
                if number == 1:
                    continue
                used = int(class_code.fit_tables(counts[:number], 11, freq, room)[0])
                table = np.array(room[:used])
                slots = guard(np.empty((int(number), 1 << 11), np.uint32))
                for size in {0, 1, 2, used // 2, used - 1, used}:
                    cut = guard(table[:size])
                    cut.setflags(write=False)
                    read_slots(cut, 1 << 11, freq, slots)
        differences = guard(rng.integers(0, 256, classes.size).astype(np.uint8))
        class_code.add_classes(differences, np.uint64(3), guard(classes))


def escaping_coders(at_end, rng):
    """Small messages: into buffers that are too small, from damaged ones, and with many escapes."""

    def guard(array):
        return guarded(array, at_end)

    weights = rng.random((7, 256)) ** 30
    weights[:, 50:] = 0
    weights[:, 9] = 0.1
    for ones, twos in (((), (0, 300, 65535)), ((0, 7), (7, 300)), ((), ())):
        freq = quantize(weights[: 1 + len(ones) + len(twos)], 12)
        coder = EscapeCoder(freq, np.array(ones, int), np.array(twos, int), 9)
        tree = guard(coder.row_of), guard(coder.parents)
        records = guard(coder.records)
        buckets, entries = map(guard, coder.entries)
        data = fixed(rng.integers(0, 256, 300).astype(np.uint8) // rng.choice([1, 60], 300), at_end)
        for room in (int(escapes.ROOM), 25, 100, 2000):
            out = guard(np.empty(room, np.uint8))
            begin = int(escapes.encode_message(data, 300, 1, *tree, records, out))
        message = out[begin + 2 :].copy()
        assert begin
        for size in {*range(12), message.size - 1, message.size}:
            for source in (message[:size], rng.integers(0, 256, size).astype(np.uint8)):
                back = guard(np.empty(300, np.uint8))
                tables = tree[0], buckets, entries, np.uint64(9)
                escapes.decode_message(fixed(source, at_end), 0, *tables, back)
        escapes.decode_message(fixed(message, at_end), 0, *tables, back)
        assert np.array_equal(back, data)


def adapting_coders(at_end, rng):
    """Streams without a table: into buffers that are too small, and from damaged messages."""

    def guard(array):
        return guarded(array, at_end)

    nodes, reciprocals = guard(np.empty(256, np.uint32)), fixed(reciprocals_of(12), at_end)
    for size in (2, 3, 300):
        data = fixed(
            rng.integers(0, 256, size).astype(np.uint8) % rng.choice([3, 256], size), at_end
        )
        data = fixed(np.append(data[: size // 2], data[: size - size // 2]), at_end)
        decisions = guard(np.empty(8 * size, np.uint16))
        for room in (int(adaptive.ROOM), 25, 100, 2000):
            out = guard(np.empty(room, np.uint8))
            begin = int(adaptive.encode(data, reciprocals, nodes, decisions, out))
        assert begin
        message, back = out[begin:].copy(), guard(np.empty(size, np.uint8))
        for end in {*range(12), message.size - 1, message.size} & {*range(message.size + 1)}:
            for source in (message[:end], rng.integers(0, 256, end).astype(np.uint8)):
                adaptive.decode(fixed(source, at_end), nodes, back)
        assert adaptive.decode(fixed(message, at_end), nodes, back)
        assert np.array_equal(back, data)


def neighbour_coders(at_end, rng):
    """Contexts from neighbours, scalar and vector, at all kinds of distances."""

    def guard(array):
        return guarded(array, at_end)

    p, low, shift = np.uint64(11), 1 << 15, np.uint64(0)
    freq = quantize(rng.random((4, 256)) ** 8, 11)
    possible = np.flatnonzero(freq.all(axis=0))
    limits = guard(np.append([20, 60, 254], [255] * 12).astype(np.uint8))
    for n, row, plane in (
        (64 * 15 + 37, 65, 130),
        (64 * 15, 200, 959),
        (5000, 4999, 0),
        (4160, 80, 4159),
    ):
        told = np.uint64(row), np.uint64(plane), limits
        tables = NeighbourCoder(freq, row, plane, limits, 11)
        records, slots = guard(tables.records), guard(tables.slots)
        symbols = rng.integers(0, 256, n).astype(np.uint8)  # also impossible ones
        codable = rng.choice(possible, n).astype(np.uint8)
        for sound, data in ((True, fixed(codable, at_end)), (False, fixed(symbols, at_end))):
            for isa, n_lanes in (
                ("scalar", 1),
                ("scalar", 64),
                *((isa, 64) for isa in ISAS),
            ):
                whole = np.uint64(n - n % n_lanes if isa != "scalar" else 0)
                x = guard(np.full(n_lanes, low, np.uint32))
                words = guard(np.zeros(n + (n_lanes if whole else 1), np.uint16))
                contexts = guard(tables.names_of(data))
                at = np.uint64(byte_rows.encode(data, contexts, shift, x, records, p, words, whole))
                if whole:
                    encode = neighbours_vector.encoder(n_lanes, isa)
                    at = encode(data, whole, contexts, x, records.reshape(-1), p, words, at)
                stream, out = words[int(at) :], guard(np.zeros(n, np.uint8))
                for size in (stream.size, stream.size // 2, 65, 64, 63, 1, 0):
                    for source in (stream[:size], rng.integers(0, 1 << 16, size).astype(np.uint16)):
                        source, state = as_stream(source, at_end), guard(x)
                        start = source, np.uint64(0), state, *told
                        if whole:
                            decode = neighbours_vector.decoder(n_lanes, isa)
                            done, cursor = decode(*start, slots.reshape(-1), p, out, np.uint64(0))
                        else:
                            done, cursor = neighbours.decode_rows(*start, slots, p, out)
                        rest = source, np.uint64(cursor), state, *told
                        neighbours.decode_rest(*rest, slots, p, out, np.uint64(done))
                        if size == stream.size and np.array_equal(source, stream):
                            assert np.array_equal(out, data) or not sound


def finding_contexts(at_end, rng):
    """Limits of activities, and the contexts between them."""
    fill_contexts = numba.njit(neighbours.fill_contexts)

    def guard(array):
        return guarded(array, at_end)

    counts = guard(np.empty((256, 256), np.uint32))
    partial = guard(np.empty(neighbour_tables.PARTIALS, np.uint32))
    for n, row, plane in ((66, 65, 0), (130, 65, 129), (5000, 70, 700), (4097, 65, 4096)):
        loud = rng.integers(0, 256, n)
        for symbols in (
            loud,
            loud * 0,
            loud * 0 + 255,
            loud // 2 ** (np.arange(n) % row // 64 % 8),
        ):
            symbols = guard(symbols.astype(np.uint8))
            symbols.setflags(write=False)
            for every in (1, 3):
                limits = guard(np.empty(15, np.uint8))
                told = np.uint64(row), np.uint64(plane)
                number, _ = neighbour_tables.choose_limits(
                    symbols, *told, np.uint64(every), counts, limits
                )
                exact = guard(np.empty((int(number), 256), np.uint32))
                contexts = guard(np.empty(n, np.uint8))
                neighbour_tables.count_contexts(symbols, *told, limits, partial, contexts, exact)
                assert exact.sum() == n
        found = guard(np.empty(n, np.uint8)), guard(np.empty(n, np.uint8))
        fill_contexts(symbols, np.uint64(0), np.uint64(n), *told, limits, *found)


def stack_coders(at_end, rng):
    """Pushes on tails as long as promised, pops that find too few words, impossible symbols."""

    def guard(array):
        return guarded(array, at_end)

    n, alphabet, p = 300, 300, np.uint64(24)
    chosen = family("gaussian")
    for each in (n, 1):
        last = rng.choice(np.array([0, 9, 2**16 - 1, 2**16, 2**40, 2**64 - 1], np.uint64), each)
        last[[0, each // 2, -1]] = 9  # where symbols that aren't possible are tried
        freqs = rng.choice(np.array([1, 9, (1 << 24) - 1], np.uint32), each)
        index = rng.integers(0, 3, each).astype(np.uint32)
        cdf = cumulative(quantize(rng.random((3, alphabet)) ** 4, 24))
        means, rates = rng.normal(0, 1e3, (n, 2)), chosen.rate / np.exp(rng.normal(0, 9, (n, 2)))
        edges = np.append(np.arange(-150.0, 150.0), np.inf)
        components = np.stack([means, rates, np.full((n, 2), 2.0**15)], -1)
        line = (fixed(a, at_end) for a in (components, edges, chosen.table))
        numbers = np.broadcast_to(last, n) - np.broadcast_to(last, n) // np.uint64(3)
        symbols = rng.integers(0, alphabet, n).astype(np.uint16)
        words_of_numbers = sum(uniform.digits(int(m)) for m in np.broadcast_to(last, n))
        coders = [  # symbols that are possible and some that aren't, words, words that a pop writes
            (uniform, (fixed(last, at_end),), numbers, [10, 2**64 - 1], words_of_numbers, 1),
            (coins, (fixed(freqs, at_end), p), (symbols & 1).astype(np.int64), [2, 255], n, 0),
            (stack_tables, (guard(index), fixed(cdf, at_end), p), symbols, [300, 65535], n, 0),
            (
                location_scale,
                (*line, 24, 1, 0),
                symbols.astype(np.int64),
                [300, 65535],
                n,
                0,
            ),
        ]
        for coder, arguments, possible, impossible, room, more in coders:
            out = guard(np.zeros_like(possible))
            for n_lanes in (1, 7, 512):
                heads = guard(rng.integers(STACK_LOW, 1 << 63, n_lanes, np.uint64))
                before = heads.copy()
                tail = guard(np.zeros(room + 1, np.uint32))
                size = int(coder.push(heads, tail, 0, guard(possible), *arguments))
                whole = guard(np.append(tail[:size], np.zeros(more, np.uint32)))
                assert coder.pop(heads.copy(), whole, size, *arguments, out) == 0
                assert np.array_equal(out, possible)
                for words in (0, 1, 2, size // 2, max(0, size - 1)):
                    stream = guard(np.append(tail[size - words : size], np.zeros(more, np.uint32)))
                    coder.pop(heads.copy(), stream, words, *arguments, out)
                    noise = guard(rng.integers(0, 1 << 32, words + more, np.uint32))
                    coder.pop(guard(before), noise, words, *arguments, out)
                for symbol, place in itertools.product(impossible, (0, n // 2, n - 1)):
                    data, state = possible.copy(), guard(before)
                    data[place] = symbol
                    nothing = guard(np.zeros(0, np.uint32))
                    assert coder.push(state, nothing, 0, guard(data), *arguments) == IMPOSSIBLE
                    assert np.array_equal(state, before)
                empty = guard(possible[:0])
                assert coder.push(heads, guard(np.zeros(1, np.uint32)), 0, empty, *arguments) == 0


def stack_without_floors(at_end, rng):
    """Symbols that have no slots are noticed late, and what was pushed is popped again."""
    n, room = 40, guarded(np.zeros(41, np.uint32), at_end)
    means, rates = rng.normal(0, 90, (n, 1)), np.full((n, 1), 2.0**20)
    components = np.stack([means, rates, np.full((n, 1), 2.0**16)], -1)
    edges, table = np.arange(300.0), family("gaussian").table
    line = [*(fixed(a, at_end) for a in (components, edges, table)), 24, 0, 0]
    for n_lanes in (1, 7, 64):
        heads = guarded(rng.integers(1 << 60, 1 << 63, n_lanes, np.uint64), at_end)
        before, out = heads.copy(), guarded(np.zeros(n, np.int64), at_end)
        words = guarded(rng.integers(0, 1 << 32, n, np.uint32), at_end)
        size = int(location_scale.pop(heads, words, n, *line, out))
        more = guarded(np.append(words[:size], np.zeros(n + 1, np.uint32)), at_end)
        assert location_scale.push(heads, more, size, out, *line) == n
        assert np.array_equal(heads, before)
        for place in (0, n // 2, n - 1):
            symbols = guarded(out, at_end)
            symbols[place] = (out[place] + 150) % 299
            assert location_scale.push(heads, room, 0, symbols, *line) == IMPOSSIBLE
            assert np.array_equal(heads, before)


def stack_stirring(at_end, rng):
    factor, inverse = np.uint64(5), np.uint64(pow(5, -1, 1 << 32))
    for size in (0, 1, 9):
        words = guarded(rng.integers(0, 1 << 32, size, np.uint32), at_end)
        heads = guarded(rng.integers(STACK_LOW, 1 << 63, size, np.uint64), at_end)
        before = words.copy(), heads.copy()
        for number in (factor, inverse):
            stirring.stir_words(words, size // 2, size, number)
            stirring.stir_heads(heads, number)
        assert np.array_equal(words, before[0])
        assert np.array_equal(heads, before[1])


def stack_intervals(at_end, rng):
    n_lanes = 77
    for total in (1 << 24, 999_999_937):
        freqs = rng.integers(1, total, n_lanes)
        starts = rng.integers(0, total - freqs + 1)
        starts, freqs = guarded(starts, at_end), guarded(freqs, at_end)
        totals = fixed(np.full(n_lanes, total, np.uint64), at_end)
        heads = guarded(rng.integers(1 << 60, 1 << 64, n_lanes, np.uint64), at_end)
        tail = guarded(np.zeros(n_lanes + 1, np.uint32), at_end)
        size = int(intervals.push(heads, tail, 0, starts, freqs, totals))
        slots = guarded(np.zeros(n_lanes, np.int64), at_end)
        intervals.peek(heads, totals, slots)
        assert (slots - starts < freqs).all()
        for words in (size, size // 2, 1, 0):
            stream = guarded(np.append(tail[size - words : size], np.uint32(0)), at_end)
            left = intervals.pop(heads.copy(), stream, words, starts, freqs, totals)
            assert left == 0 or words < size


def hidden_chains(at_end, rng):
    """Heads and words of all kinds, symbols and states outside their alphabets."""

    def guard(array):
        return guarded(array, at_end)

    for states, alphabet, n in ((1, 2, 9), (3, 40, 30), (8, 300, 30)):
        rows = [
            quantize(rng.random((states, m)) ** 9 + 1e-9, 12) for m in (states, states, alphabet)
        ]
        prior, *others = Categorical(rows[0][0]), Conditional(rows[1]), Conditional(rows[2])
        codec = HiddenMarkov(prior, *others, n)
        tables, most = codec._tables, np.iinfo(np.int64).max
        params = [fixed(p, at_end) if isinstance(p, np.ndarray) else p for p in codec._params]
        filtering = [fixed(table, at_end) for table in codec._filter]
        beliefs, one = (guard(np.empty((rows, tables.width))) for rows in (n, 1))
        scratch = [guard(array) for array in tables.scratch()]
        lowest, out = guard(np.zeros(1, np.uint64)), guard(np.empty(n, np.int64))
        for symbols in (rng.integers(0, alphabet, n), rng.integers(-most, most, n)):
            x = guard(symbols)
            first = guard(tables.first.copy())
            hidden_markov.forward(x, first, *filtering, beliefs, guard(np.empty(n)))
            for head, size, after in itertools.product(
                (0, STACK_LOW, 2**64 - 1), (0, 3, 2 * n), (states, most)
            ):
                heads = guard(np.array([head, head], np.uint64))
                tail = guard(rng.integers(0, 1 << 32, size + 2 * n + 1, np.uint32))
                later = guard(np.array([after], np.uint64))
                arguments = (x, beliefs, True, later, *params, *scratch, lowest)
                hidden_markov.push(heads, tail, size, *arguments)
                arguments = (
                    guard(tables.first.copy()),
                    *filtering,
                    one,
                    *params,
                    *scratch,
                    lowest,
                    out,
                )
                hidden_markov.pop(heads, tail, size, *arguments)
        hidden_markov.posterior(one, params[0], np.uint64(states), params[1], *scratch)


def networks(at_end, rng):
    def guard(*shape, dtype=np.int32, most=1 << 15):
        return guarded(rng.integers(-most, most, shape).astype(dtype), at_end)

    def given(*shape, dtype):
        return fixed(guard(*shape, dtype=dtype), at_end)

    # Images and windows of all relative sizes; with more outputs than a tile has, and in two parts.
    sizes = itertools.product((1, 5), (1, 4), (1, 3), (1, 5), ((1, 2, 1), (3, 17, 2)))
    for height, width, tall, wide, (stride, outputs, parts) in sizes:
        x = guard(2, height, width * 3)
        out = guard(2, -(-height // stride), -(-width // stride), outputs)
        place = tall // 2, wide // 2 * 3
        step, pairs, groups = stride * 3, -(-wide * 3 // 2), -(-outputs // 16)
        rows_needed = (out.shape[1] - 1) * stride + tall
        pitch = ((out.shape[2] - 1) * stride + wide) * 3
        images = guarded(np.zeros((parts, 2 * rows_needed * pitch + 1), np.int16), at_end)
        fixed_point.spread(x, *place, rows_needed, pitch, images)
        for run in (1, pairs * tall):
            fixed_point.convolve(
                *(images, (rows_needed * pitch, stride * pitch, step), pitch),
                given(parts, groups, tall, pairs * 32, dtype=np.int16),
                *(pairs, run, given(groups, 96, dtype=np.int64), 12, True),
                *(guard(6, dtype=np.int64), guard(96), guard(96, dtype=np.int64), out),
            )
    for n, entries in ((0, 1), (1, 1), (77, 300)):
        table = given(entries, dtype=np.int16)
        for even in (False, True):
            activate(guard(n, most=1 << 30), table, even, guard(n))


def distributions(at_end, rng):
    def guard(array):
        return guarded(array, at_end)

    table = fixed(power_table(), at_end)
    exponents = guard(np.array([-(2**20), -1, 0, 1, 4095, 4096, 2**20]))
    weights.powers(table, exponents, 1.0, guard(np.zeros(exponents.size)))
    p = np.uint64(20)
    for n, alphabet in ((0, 2), (1, 1), (1, 2), (3, 256), (2, 300)):
        bits = np.uint64(32 - alphabet.bit_length())
        cdf = guard(np.zeros((n, alphabet + 1), np.uint32))
        logits = guard(rng.normal(0, 1e3, (n, alphabet)))
        assert weights.categorical(table, logits, bits, p, cdf)
        assert weights.proportional(guard(rng.random((n, alphabet))), p, cdf)
        assert (cdf[:, -1] == 1 << 20).all()
        if alphabet <= 256:
            out = guard(np.zeros((n, alphabet), np.uint32))
            fixed_point_logits = guard(rng.integers(-(2**17), 1, (n, alphabet), np.int32))
            weights.mixture_weights(table, fixed_point_logits, np.uint64(16), out)
            assert (out.sum(axis=1) == 1 << 16).all()
            positive = guard(rng.random((n, alphabet)) + 1e-9)
            components = guard(np.zeros((n, alphabet, 3)))
            assert checked.mixtures(table, logits, logits, positive, 1.0, components)
            assert (components[:, :, 2].sum(axis=1) == 1 << 16).all()
        alpha, beta = (guard(2.0 ** rng.uniform(-20, 20, n)) for _ in range(2))
        assert weights.beta_binomial(alpha, beta, bits, p, guard(np.zeros(alphabet)), cdf)
    extreme = [-np.inf, -1e300, -(2.0**27), -0.5, 0.0, 2.0**27 - 1, 2.0**27, 1e300, np.inf]
    reals, freqs = guard(np.array([*extreme, np.nan])), guard(np.zeros(10, np.uint32))
    logistic = family("logistic")
    assert not checked.rounded_slots(reals, p, freqs)
    line = fixed(logistic.table, at_end), logistic.rate
    assert not checked.logistic_slots(reals, *line, p, freqs)
    assert not checked.means_and_rates(reals, reals, 1.0, guard(np.zeros((5, 2, 3))))
    numbers = guard(np.array([0, 1, 2**63, 2**64 - 1], np.uint64))
    assert checked.highest_of(numbers, np.uint64(9), numbers) == (False, 2**64 - 2)
    assert not checked.row_numbers(guard(np.array([0, -1, 2**63 - 1])), 20, freqs[:3])
    for name in ("gaussian", "logistic"):
        positions = guard(np.array(extreme))
        out = guard(np.zeros(positions.size, np.uint64))
        standard.standard_cdfs(fixed(family(name).table, at_end), positions, out)


def small_kernels(at_end, rng):
    for alphabet, precision in itertools.product((1, 2, 256, 300, 65536), (8, 12, 16, 31)):
        weights = rng.random(alphabet) ** 5
        weights[1 << precision :] = 0
        freq, total = quantize(weights, precision), 1 << precision
        room = guarded(np.zeros(8 * alphabet, np.uint8), at_end)
        used = int(write_frequencies(freq, total, room))
        back = guarded(np.zeros(alphabet, np.uint32), at_end)
        for size in {*range(40), used // 2, used - 1, used} & set(range(used + 1)):
            read_frequencies(fixed(room[:size], at_end), total, back)
            damaged = np.array(room[:used])
            damaged[rng.integers(0, used, 3)] ^= rng.integers(0, 256, 3).astype(np.uint8)
            read_frequencies(fixed(damaged, at_end), total, back)
            # Few ones make long runs of zeros, and so large frequencies.
            noise = rng.integers(0, 256, size) & rng.integers(0, 256, size)
            read_frequencies(fixed(noise.astype(np.uint8), at_end), total, back)
        counts, keys = guarded(weights, at_end), guarded(np.zeros(alphabet), at_end)
        heap = guarded(np.zeros(alphabet, np.uint32), at_end)
        fit_table(counts, precision, back, keys, heap, room)
    for size in (*range(40), 4093):
        for dtype in (np.uint8, np.uint16):
            symbols = fixed(rng.integers(0, 256, size).astype(dtype), at_end)
            for offset in range(min(size, 9)):
                histogram(symbols[offset:])
                histogram(symbols[: size - offset])


def far_back(items, at_end, rng):
    """Rows of numbers that others predict, and any kinds and lags."""
    u64, size = np.uint64, items.size
    near, tables = u64(3), (2, 1 << lookback.SLOT_BITS)
    costs, counts = guarded(np.arange(lookback.COSTS, dtype=np.uint32), at_end), lookback.COSTS
    for row, every in ((1, 1), (3, 1), (255, 1), (1, 2)):
        rows = -(-size // row)
        if every > 1:
            done = [rows > place and place // lookback.BLOCK % 2 for place in range(rows)]
            rows = int(sum(done))
        kinds = guarded(np.zeros(rows, np.uint8), at_end)
        lags = guarded(np.zeros(rows, np.uint32), at_end)
        out = guarded(np.zeros(size if every == 1 else rows, items.dtype), at_end)
        recent = guarded(np.arange(1, lookback.RECENT + 1, dtype=np.uint64), at_end)
        used = lookback.subtract_far(
            *(items, u64(row), near, u64(every), costs),
            *(guarded(np.zeros(tables, np.uint32), at_end), recent, kinds, lags, out),
            guarded(np.zeros(counts, np.uint64), at_end),
        )
        if every > 1:
            continue
        recent[:] = range(1, lookback.RECENT + 1)
        told = fixed(kinds, at_end), fixed(lags[: int(used)], at_end)
        assert lookback.add_far(out, u64(row), recent, *told)
        assert np.array_equal(out, items)
        for most in (lookback.RECENT + 1, 256):
            recent[:] = range(1, lookback.RECENT + 1)
            kinds = fixed(rng.integers(0, most, rows, np.uint8), at_end)
            lags = fixed(rng.integers(0, 1 << rng.integers(1, 32), rows, np.uint32), at_end)
            lookback.add_far(out, u64(row), recent, kinds, lags)
    wide = fixed(items.astype(np.uint64), at_end)
    for begin in (1, max(1, size)):
        lookback.sum_lengths(wide, begin, 8 * items.itemsize)


def numbers_to_numbers(at_end, rng):
    """Transforms of numbers to as many, at lengths around those of registers and blocks."""
    u64 = np.uint64
    for width, size in itertools.product(
        (1, 2, 4, 8), (0, 1, 15, 63, 64, 65, 2047, 2049, 4160, 8192)
    ):
        numbers = rng.integers(0, 1 << (8 * width), size, f"u{width}")
        numbers.setflags(write=False)
        items, out = guarded(numbers, at_end), guarded(np.zeros_like(numbers), at_end)
        for shift in (0, 3):
            ordered.order(items, u64(shift), u64(1), u64(2), out)
        for lags in ([1], [2], [16], [300], [1 << 40], [1, 1], [1, 300], [5, 17, 70, 300]):
            lags = guarded(np.array(lags, np.uint64), at_end)
            for folded in (u64(0), ~u64(0)):
                delta.difference(items, lags, folded, out)
                plan = np.array([0, bool(folded), 1, 0, 0, 0, *lags], np.uint64)
                finish.finish(unaligned(out.view(np.uint8), width), guarded(plan, at_end))
                assert np.array_equal(out, items)
        if size:
            low, _ = multiples.bounds(items)
            step = multiples.common_step(items, u64(low), out)
            assert multiples.divide(items, u64(low), u64(max(1, step)), out)
            multiples.multiply(out, u64(low), u64(max(1, step)))
            assert np.array_equal(out, items)
        pieces = -(-size // ramp.PIECE)
        first, steps = (guarded(np.zeros(pieces, np.uint64), at_end) for _ in range(2))
        wide = guarded(items.astype(np.uint64), at_end)
        wide.setflags(write=False)
        ramp.fit_lines(wide, first, steps, guarded(np.zeros(ramp.FEW, np.int64), at_end))
        starts = guarded(first.astype(numbers.dtype), at_end)
        for lines in (starts, steps):
            lines.setflags(write=False)
        ramp.subtract_lines(items, starts, steps, out)
        plan = guarded(np.array([0, 0, 3, 7, 0, 0], np.uint64), at_end)
        ramp.add_lines(out, starts, steps, plan)
        assert np.array_equal(out, items * numbers.dtype.type(3) + numbers.dtype.type(7))
        far_back(items, at_end, rng)
        if numbers.itemsize < 8:
            sums_of_neighbours(numbers, at_end, rng)
        for lag, segments, order in ((1, 3, 4), (2, 1, 5), (7, 5, 3)):
            if lag * segments * order <= size <= 2049:
                weighted_sums(numbers, lag, segments, order, at_end, rng)
        for count in (2, 3, 7):  # an own loop, also of an odd number, and that for any
            rows = guarded(numbers[: size // count * count], at_end)
            table = guarded(np.zeros((count, size // count), numbers.dtype), at_end)
            back = guarded(np.zeros(rows.size, numbers.dtype), at_end)
            columns.splitter(count)(rows, u64(0b0101_0100 % (1 << count)), table)
            columns.joiner(count)(table, u64(0b0101_0100 % (1 << count)), back)
            assert np.array_equal(back, rows)
            back[:] = 0
            places = guarded(np.arange(count, dtype=np.uint64)[::-1].copy(), at_end)
            groups.split_columns(rows, places, table)
            groups.join_columns(table, places, back)
            assert np.array_equal(back, rows)
        digits_of_numbers(numbers, at_end)


def columns_of_tables(numbers, at_end):
    """Tokens of columns, also of the largest numbers, and groups of them; floats of any bits."""
    count = min(3, numbers.size)
    size = numbers.size // count
    wide = guarded(numbers[: count * size].astype(np.uint64).reshape(count, size), at_end)
    counts = guarded(np.zeros((count, 2, 256), np.uint32), at_end)
    raw_bits = guarded(np.zeros((count, 2)), at_end)
    told = guarded(np.zeros((count, 2), np.int64), at_end)
    integers = guarded(np.zeros((count, size), np.int64), at_end)
    powers = guarded(np.array([1.0, 10.0]), at_end)
    likeness.to_integers(wide.view(np.float64), powers, integers, told)
    for columns_in_order in (wide, integers.view(np.uint64)):
        likeness.count_tokens(columns_in_order, counts, raw_bits)
        traits, firsts = (guarded(np.zeros(count, np.int64), at_end) for _ in range(2))
        for price in (0.0, np.inf):
            likeness.join_alike(counts, raw_bits, traits, 1.0, 7.0, price, firsts)
        assert not firsts.any()


def digits_of_numbers(numbers, at_end):
    """Digits of all bytes that numbers of a width may have, in bits and others."""
    places = np.uint64(numbers.size)
    wide = guarded(numbers.astype(np.uint64), at_end)
    wide.setflags(write=False)
    for lag in (1, 3, 63):
        if lag >= places:
            break
        for most in (0, 9, 10**15 - 1, 10**15, 2**64 - 1):
            few = guarded(wide % np.uint64(most) if most else wide * np.uint64(0), at_end)
            few.setflags(write=False)
            _, tens = borders.digit_borders(few, np.uint64(1 << 63), lag, (1.25, 1.5), at_end)
            assert int(tens) >> borders.PLACES == 0
    for base in (2, 255, 1 << 10, 10**9, (1 << 40) - 1):
        bytes_of = [v for v in (1, 2, 4, 8) if base <= 1 << (8 * v)]
        if bytes_of[0] > numbers.itemsize:
            continue
        left = guarded(numbers, at_end)
        last = guarded(np.zeros(numbers.size, f"u{bytes_of[0]}"), at_end)
        digits.take_off(left, np.uint64(base), last)
        digits.put_on(left, np.uint64(base), last)
        assert np.array_equal(left, numbers)


def sums_of_neighbours(numbers, at_end, rng):
    """Near ones and far ones, up to the begin, in pieces of any length."""
    items, out = guarded(numbers, at_end), guarded(np.zeros_like(numbers), at_end)
    items.setflags(write=False)
    far = [8, 9, 10, 17, numbers.size - 1, numbers.size]
    for near, count in ((1, 0), (2, 0), (1, 2), (2, 6), (1, 5), (2, 4)):
        some = sorted({offset for offset in far if 8 <= offset <= numbers.size})[-count or 8 :]
        offsets = guarded(np.array([*range(1, near + 1), *some], np.uint64), at_end)
        told = rng.integers(-(1 << 17), 1 << 17, offsets.size, np.int32)
        weights_of = guarded(told, at_end)
        sums = guarded(np.zeros(16 + near, np.int64), at_end)
        stencil.subtract_sums(items, offsets, weights_of, sums, out)
        stencil.add_sums(out, offsets, weights_of, sums)
        assert np.array_equal(out, numbers)


def weighted_sums(numbers, lag, segments, order, at_end, rng):
    """Of integers and of floats, with weights that say anything."""
    lanes, width = lag * segments, numbers.itemsize
    whole = -(-numbers.size // lag)
    rows = -(-whole // segments)
    items, out = guarded(numbers, at_end), guarded(np.zeros_like(numbers), at_end)
    items.setflags(write=False)
    values = guarded(np.zeros((order + rows) * lanes), at_end)
    row, expected = (guarded(np.zeros(lanes, numbers.dtype), at_end) for _ in range(2))
    sums, products = guarded(np.zeros(lanes), at_end), guarded(np.zeros((order + 1, lanes)), at_end)
    weights = guarded(rng.integers(0, 1 << 64, order * lanes, np.uint64).view("f8"), at_end)
    floats = guarded(np.zeros(lanes, f"f{width}"), at_end) if width >= 4 else None
    cut = np.uint64(lag), np.uint64(rows)
    for more in [(), (floats,)][: 1 + (width >= 4)]:
        kind = "floats" if more else "integers"
        getattr(lpc, f"{kind}_in_lanes")(items, *cut, values, row, *more)
        lpc.correlate(values, np.uint64(rows), products)
        blocks = -(-(order + rows) // int(lpc.ROWS_OF_BLOCK))
        energies = guarded(np.zeros((blocks, lanes)), at_end)
        lpc.level(values, energies, guarded(np.zeros_like(values), at_end))
        scratch = row, expected, sums, *more
        getattr(lpc, f"encode_{kind}")(items, *cut, weights, values, *scratch, out)
        few = guarded(np.zeros((order + 3) * lanes), at_end)
        getattr(lpc, f"decode_{kind}")(out, *cut, weights, few, *scratch)
        assert np.array_equal(out, numbers)


def maps_of_numbers(at_end, rng):
    """Forward and back, then back from anything that a damaged chunk may say."""

    def guard(array, *, write=True):
        copy = guarded(array, at_end)
        copy.setflags(write=write)
        return copy

    def given(array):
        return guard(array, write=False)

    U = np.uint64  # noqa: N806
    for n in (0, 1, 2, 7, 63, 64, 65, 130, 1000):
        for width in (1, 2, 4, 8):
            kind = f"u{width}"
            source = np.repeat(rng.integers(0, 9, n), rng.integers(1, 9, n))[:n].astype(kind)
            items, out = given(source), guard(np.zeros(n, kind))
            count = min(n, 1) + np.count_nonzero(source[1:] != source[:-1])
            values, repeats = guard(np.zeros(count, kind)), guard(np.zeros(count, np.uint32))
            runs.split_runs(items, values, repeats)
            repeats.setflags(write=False)
            assert runs.join_runs(given(values), repeats, out)
            assert np.array_equal(out, items)
            noise = rng.integers(0, 1 << rng.integers(1, 33), count, np.uint32)
            runs.join_runs(given(values), given(noise), out)

            bits = guard(np.zeros(-(-n // 64), np.uint64))
            mask.fill_in(items, items.dtype.type(3), bits, out)
            for lag in {1, 9, 63, 64, 65, n - 1, n} & set(range(1, n + 1)):
                changed = guard(bits)
                mask.changes(changed, U(n), U(lag))
                mask.to_changes(changed, U(n), U(lag))
                mask.from_changes(changed, U(n), U(lag))
                mask.put_pattern(changed, items.dtype.type(3), again := guard(out))
                assert np.array_equal(again, items)
            mask.put_pattern(bits, items.dtype.type(3), out)
            assert np.array_equal(out, items)
            noise = guard(rng.integers(0, 1 << 64, bits.size, np.uint64))
            mask.put_pattern(noise, items.dtype.type(3), out)
            for isa in (None, *with_own_code(STREWN)):
                keep, spread = mask.keeper(isa), mask.spreader(isa)
                kept = guard(np.zeros(n + mask.MORE_KEPT // width, kind))
                count = int(keep(items, items.dtype.type(3), bits, kept))
                left = given(kept[:count])
                assert spread(bits, items.dtype.type(3), left, out)
                assert np.array_equal(out, items)
                spread(noise, items.dtype.type(3), left, out)
                out[n - count :] = left
                assert spread(bits, items.dtype.type(3), out[n - count :], out)
                assert np.array_equal(out, items)
            if width == 1:
                continue

            places = guard(np.zeros(n // 10, np.uint32))
            for share, size in ((0.0, 0), (0.05, 0), (0.5, 0), (0.05, 1), (0.05, width)):
                decimals = (source % 40 / 4).astype(f"f{width}")
                decimals[rng.random(n) < share] = np.nan
                floats, z = given(decimals.view(kind)), guard(np.zeros(n, kind))
                codes = guard(np.zeros(n if size else 0, f"u{size or 1}"))
                told, by_product = (width, False), goes_by_product(4.0)
                encode = decimal.to_integers(*told, size, by_product)
                found = int(encode(floats, 4.0, False, z, codes, places))
                codes.setflags(write=False)
                decimal.from_integers(*told, size > 0, by_product)(z, 4.0, False, codes)
                if found <= places.size:
                    gaps = np.diff(places[:found], prepend=-1) - 1
                    exceptions = given(floats[places[:found]])
                    gaps = given(gaps.astype(np.uint32))
                    assert decimal.put_exceptions(z, gaps, exceptions)
                    assert np.array_equal(z, floats)
                    for most in (2, n + 1, 1 << 32):
                        noise = given(rng.integers(0, most, found, np.uint32))
                        decimal.put_exceptions(z, noise, exceptions)

            distinct, codes = np.unique(items, return_inverse=True)
            distinct, codes = given(distinct), codes.astype(np.uint8)
            assert dictionary.look_up(given(codes), distinct, out)
            assert np.array_equal(out, items)
            for most in (distinct.size + 1, 256):
                noise = rng.integers(0, most, n).astype(np.uint8)
                dictionary.look_up(given(noise), distinct, out)
            if width == 2:
                seen = guard(np.zeros(1 << 16, np.bool))
                dictionary.mark(items, seen)
                count = np.count_nonzero(seen)
                for short in (np.uint8, np.uint16) if count <= 256 else (np.uint16,):
                    names = guard(np.zeros(1 << 16, short))
                    found = guard(np.zeros(count, np.uint16))
                    dictionary.name_patterns(seen.view(np.uint64), found, names)
                continue
            for bits, room in ((4, 9), (4, 15), (7, 64)):
                secret = U(rng.integers(1 << 64, dtype=np.uint64) | 1)
                table = guard(np.zeros(1 << bits, np.uint32)), secret, U(64 - bits)
                values, numbered = guard(np.zeros(room, kind)), guard(np.zeros(n, np.uint16))
                at, found = dictionary.number_items(items, U(0), values, U(0), *table, numbered)
                assert at == n
                assert found == distinct.size
                table[0][:] = 0
                dictionary.enroll(values[: int(found)], *table)
                ranked = guard(np.zeros(found, kind)), guard(np.zeros(found, np.uint32))
                dictionary.rank(guard(values[: int(found)]), *ranked)
                assert np.array_equal(ranked[0], distinct)
                many = given(np.arange(n).astype(kind))
                dictionary.number_items(many, U(0), values, U(found), *table, numbered)


def raw_bits(at_end, rng):
    """Tokens that name numbers and others, and as few raw bits as callers promise."""
    ways, split_ways = [None, *with_own_code(FIELDS)], [None, *sorted(SPLIT_ISAS & {*available()})]

    def unaligned(array, *, write=False):  # as transforms pass them: kernels are compiled once
        copy = guarded(array, at_end)
        copy.setflags(write=write, align=False)
        return copy

    nothing, much = [0, 0, 1, 0, 0, 0], [7, 1, 6, 5, 2, 3, 1, 40, 1030]
    plans = [np.array(plan, np.uint64) for plan in (nothing, much)]
    starts = [np.array(plan, np.uint64) for plan in ([0, 0], [1, 3, 2, 2, 40, 1030])]
    for width, n in itertools.product((1, 2, 4, 8), (0, 1, 9, 64, 1024, 1500)):
        top = rng.integers(0, 8 * width, n).astype(f"u{width}")
        numbers = rng.integers(0, 256, n * width).astype(np.uint8).view(f"u{width}") >> top
        numbers, out = unaligned(numbers), unaligned(numbers, write=True)
        tokens = guarded(np.zeros(n, np.uint8), at_end)
        raw = guarded(np.zeros(numbers.nbytes // 8 + 2, np.uint64), at_end)
        for start in reversed(starts):
            used = -(-int(log.encode(numbers, start, tokens, raw)) // 8)
        fitting = tokens, raw.view(np.uint8)[:used]
        noise = rng.integers(0, 256, n).astype(np.uint8)
        less = rng.integers(0, 256, n // 2).astype(np.uint8)  # raw bits than there should be
        for (some_tokens, data), plan in itertools.product((fitting, (noise, less)), plans):
            for way in ways:
                log.decoder(way)(unaligned(some_tokens), unaligned(data), out, plan)
        for shift in (0, 1, 8 * width - 1):
            zero, u_shift = np.uint64(0), np.uint64(shift)
            for way in split_ways if width > 1 else [None]:
                lin.encoder(way)(numbers, zero, zero, zero, u_shift, tokens, raw)
            data = unaligned(raw.view(np.uint8)[: -(-n * shift // 8)])
            for way in ways:
                lin.decoder(way)(unaligned(tokens), data, zero, u_shift, out, plans[0])
            assert width > 1 or np.array_equal(out, numbers)
        if not n:
            continue
        bases = guarded(np.empty(bins.MAX_BINS, np.uint64), at_end)
        some = guarded(np.sort(numbers).astype(np.uint64), at_end)
        count = bins.fit(some, np.uint64(2 ** (8 * width) - 1), 8.0, bases)
        found = guarded(np.zeros((2, bins.MAX_BINS), np.uint64), at_end)
        bins.sort_out(numbers, bases, np.uint64(count), tokens, found)
        told_by = guarded(numbers.astype(np.uint64), at_end)
        bins.bits_in_bins(some, told_by, np.uint64(2 ** (8 * width) - 1), 8.0, 0.1)
        widths, same = (guarded(np.zeros(bins.MAX_BINS, np.uint64), at_end) for _ in range(2))
        widths[:] = [int(bits).bit_length() - (bits > 0) for bits in found[0] | found[1]]
        same[:] = np.arange(bins.MAX_BINS)
        used = -(-int(bins.encode(numbers, tokens, bases, widths, same, tokens, raw)) // 8)
        for way in ways if width >= 4 else ways[:1]:
            for some_tokens, data in ((noise, less), (tokens, raw.view(np.uint8)[:used])):
                given = unaligned(some_tokens), unaligned(data), bases, widths
                bins.decoder(way)(*given, out, plans[0])
            assert np.array_equal(out, numbers)


def facts_of_samples(at_end, rng):
    """What is looked at to choose a recipe."""
    u64 = np.uint64
    for width, size in itertools.product((1, 2, 4, 8), (2, 3, 64, 127, 129, 1025, 4099)):
        numbers = fixed(rng.integers(0, 1 << (8 * width), size, f"u{width}"), at_end)
        columns_of_tables(numbers, at_end)
        words = fixed(numbers.astype(u64), at_end)
        dictionary.count_patterns(words, u64(7))
        detect.common_divisor(words)
        if width == 2:
            detect.pairs_alike(numbers)
        for step in (1, 3, 4, size // 2 | 1):
            few = guarded(np.zeros(size // (2 * step) * 2 if step > 1 else size, u64), at_end)
            if few.size:
                detect.survey(numbers.view(np.uint8), width, step, u64(7), few)
                detect.tell(numbers.view(np.uint8), width, step, few)
        values = fixed(rng.integers(0, 1 << 64, size, u64).view(float), at_end)
        glance.glance(values, 0.9 * size, guarded(np.zeros(64), at_end))
        for length, row in ((size, 1), (size // 3, 3), (size // 40, 40)):
            if length < 5:
                continue
            some = fixed(numbers[: length * row], at_end)
            words = fixed(some.astype(u64), at_end)
            recurrence.correlate(words, 8 * width, row, guarded(np.zeros(length - 2), at_end))
            told = some.view(np.uint8), width, 0, length * row, 1, length * row, row
            recurrence.may_recur(*told, length - 3, 0.2, 0.4)
            recurrence.correlations(*told, guarded(np.zeros(length - 2), at_end))
            lengths = fixed(np.array([1, length, row], u64), at_end)
            ways = fixed(np.array([[0, 0, 0, 0], [0, 1, 1, 1], [0, 2, 0, 1]], u64), at_end)
            costs = guarded(np.zeros((4, 2)), at_end)
            for block, lag in ((0, 0), (some.size, 0), (some.size, row)):
                told = ways, lengths, block, lag, 2 * bool(lag), 1e-3, np.inf
                cost.costs_of_ways(some.view(np.uint8), width, *told, costs)
        values = guarded(np.sort(rng.normal(size=size)), at_end)
        sizes = guarded(np.zeros(size), at_end)
        common_steps.sizes_between(values, 0.0, 9.0, sizes)
        common_steps.agreed_step(values, 1e-7)
        common_steps.keep_distinct(values)


def stray(at_end, rng):
    """What the other jobs must not do: proof that the guard works."""
    slots = guarded(np.zeros(1, np.uint32), at_end)  # too few for the precision
    states = np.full(1, (1 << 15) + 4095, np.uint32)
    words, out = np.zeros(10, np.uint16), np.zeros(10, np.uint8)
    p, low = np.uint64(12), np.uint64(1 << 15)
    lanes.decode(words, np.uint64(0), states, slots, p, low, out)


JOBS = [
    fast_coders,
    short_messages,
    floating_point,
    whole_coders,
    range_coders,
    vector_coders,
    context_coders,
    row_class_coders,
    finding_classes,
    escaping_coders,
    adapting_coders,
    neighbour_coders,
    finding_contexts,
    stack_coders,
    stack_without_floors,
    stack_stirring,
    stack_intervals,
    hidden_chains,
    networks,
    distributions,
    small_kernels,
    numbers_to_numbers,
    maps_of_numbers,
    facts_of_samples,
    raw_bits,
]


def exit_code_of(job):
    """How a forked child ends that runs a job with guards at both ends: -SIGSEGV if it strays."""
    child = os.fork()
    if not child:
        faulthandler.disable()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(300)
        code = 1
        try:
            for at_end in (True, False):
                job(at_end, np.random.default_rng(7))
            code = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs mprotect")
class TestKernelsStayInside:
    @pytest.mark.parametrize("job", JOBS)
    def test_job(self, job):
        assert exit_code_of(job) == 0

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "job", [vector_coders, context_coders, row_class_coders, neighbour_coders]
    )
    def test_job_with_all_instruction_sets(self, job, monkeypatch):
        monkeypatch.setitem(globals(), "ISAS", available())
        assert exit_code_of(job) == 0

    def test_straying_is_noticed(self):
        assert exit_code_of(stray) == -signal.SIGSEGV
