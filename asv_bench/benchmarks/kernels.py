"""Kernels on arrays. ``python -m benchmarks.kernels`` (in asv_bench) prints the ratios."""

from __future__ import annotations

import functools
import zlib

import numpy as np

from ansflow.coding.coders.alias import AliasCoder
from ansflow.coding.coders.rows import RowsCoder, RowTables
from ansflow.coding.coders.single import SingleCoder
from ansflow.coding.coders.wide import WideCoder
from ansflow.kernels.coders import alias, single as lanes
from ansflow.kernels.constants import STACK_LOW, default_lanes, state_low
from ansflow.kernels.stack import intervals as stack
from ansflow.kernels.tables import frequency_code as golomb
from ansflow.kernels.tables.histogram import histogram
from ansflow.models import quantize
from ansflow.models.frequencies import cumulative

from .inputs import input_bytes, median_seconds, skewed

SIZE = 4 << 20


def code(symbols, coder, lanes):
    """Functions that code the symbols and decode the stream."""
    words = coder.encode(symbols, lanes)
    out = np.empty_like(symbols)
    coder.decode(words, out, lanes)
    if not np.array_equal(out, symbols):
        raise AssertionError("wrong symbols")
    return (
        functools.partial(coder.encode, symbols, lanes),
        functools.partial(coder.decode, words, out, lanes),
    )


@functools.cache
def ratios():
    """MB/s of the bare kernels on skewed bytes, 12 bits, 32 lanes, preallocated buffers.

    With memcpy and crc32 in the same run.
    """
    symbols = skewed(8 * SIZE)
    precision, low = np.uint64(12), np.uint64(state_low(12))
    coder = SingleCoder(quantize(histogram(symbols), 12), 12)
    records, slots = coder.records, coder.slots
    words = np.empty(symbols.size + 1, np.uint16)
    states = np.empty(32, np.uint32)
    out = np.empty_like(symbols)

    def encode():
        states[:] = low
        return lanes.encode(symbols, states, records, precision, words)

    stream = words[encode() :].copy()
    first = states.copy()

    def decode():
        states[:] = first
        return lanes.decode_rows(stream, np.uint64(0), states, slots, precision, low, out)

    functions = {
        "encode": encode,
        "decode": decode,
        "memcpy": lambda: np.copyto(out, symbols),
        "crc32": lambda: zlib.crc32(symbols),
    }
    seconds = median_seconds(list(functions.values()))
    return {name: symbols.size / s / 1e6 for name, s in zip(functions, seconds, strict=True)}


class Ratios:
    """Scalar speed relative to that of basic operations on the same machine."""

    timeout = 300

    def track_decode_over_crc32(self):
        return ratios()["decode"] / ratios()["crc32"]

    def track_decode_over_memcpy(self):
        return ratios()["decode"] / ratios()["memcpy"]

    def track_encode_over_decode(self):
        return ratios()["encode"] / ratios()["decode"]

    track_decode_over_crc32.unit = "ratio"
    track_decode_over_memcpy.unit = "ratio"
    track_encode_over_decode.unit = "ratio"


class Lanes:
    """One distribution, 4 MiB of skewed bytes."""

    params = ([1, 2, 4, 8, 16, 32, 64], [12, 15], ["uint8", "uint16"])
    param_names = ("lanes", "precision", "dtype")

    def setup(self, lanes, precision, dtype):
        symbols = skewed(SIZE)
        if dtype == "uint16":
            symbols = symbols.astype(np.uint16) * 2  # an alphabet beyond 256
        freq = quantize(histogram(symbols)[: symbols.max() + 1], precision)
        self.encode, self.decode = code(symbols, SingleCoder(freq, precision), lanes)

    def time_encode(self, lanes, precision, dtype):
        self.encode()

    def time_decode(self, lanes, precision, dtype):
        self.decode()


class OtherCoders:
    """The same bytes through alias tables, rows (slots and search), and the wide coder."""

    params = ["alias", "rows_by_slots", "rows_by_search", "wide"]
    param_names = ("coder",)

    def setup(self, coder):
        symbols = skewed(SIZE)
        precision = 20 if coder == "wide" else 12
        freq = quantize(histogram(symbols), precision)
        if coder == "alias":
            chosen = AliasCoder(freq, precision)
        elif coder == "wide":
            chosen = WideCoder(cumulative(freq[np.newaxis]), precision)
        else:
            rows = 16 if coder == "rows_by_slots" else 256
            freq = np.tile(freq, (rows, 1))
            tables = RowTables(freq, cumulative(freq), precision)
            chosen = RowsCoder(tables, (np.arange(symbols.size) % rows).astype(np.uint32))
        self.encode, self.decode = code(symbols, chosen, default_lanes(symbols.size))

    def time_encode(self, coder):
        self.encode()

    def time_decode(self, coder):
        self.decode()


class Stack:
    """Push and pop 2^20 symbols of 16 bits precision, a row at a time."""

    params = [64, 1024]
    param_names = ("lanes",)

    def setup(self, lanes):
        self.rows = (1 << 20) // lanes
        self.heads = np.full(lanes, STACK_LOW, np.uint64)
        self.tail = np.empty((1 << 20) + lanes + 1, np.uint32)
        rng = np.random.default_rng(2)
        self.freqs = rng.integers(1, 1 << 15, lanes)
        self.starts = rng.integers(0, 1 << 15, lanes)
        self.slots = np.empty(lanes, np.int64)
        self.totals = np.array([1 << 16], np.uint64)
        self.totals.setflags(write=False)
        self.time_push_pop(lanes)

    def time_push_pop(self, lanes):
        symbols, size = (self.starts, self.freqs, self.totals), np.uint64(0)
        for _ in range(self.rows):
            size = np.uint64(stack.push(self.heads, self.tail, size, *symbols))
        for _ in range(self.rows):
            stack.peek(self.heads, self.totals, self.slots)
            size = np.uint64(stack.pop(self.heads, self.tail, size, *symbols))


class Counting:
    params = (["skewed", "run", "binary"], ["uint8", "uint16"])
    param_names = ("data", "dtype")

    def setup(self, data, dtype):
        values = np.zeros(SIZE, np.uint8) if data == "run" else input_bytes(data, SIZE)
        self.symbols = values.astype(dtype)
        histogram(self.symbols)

    def time_histogram(self, data, dtype):
        histogram(self.symbols)


class TableBuilding:
    """The fixed cost of a stream, before its first symbol."""

    shapes = {"256 symbols, 12 bits": (256, 12), "32768 symbols, 15 bits": (32768, 15)}
    params = list(shapes)
    param_names = ("table",)

    def setup(self, shape):
        alphabet, self.precision = self.shapes[shape]
        self.counts = 1e6 / np.arange(1, alphabet + 1) ** 1.1
        self.freq = quantize(self.counts, self.precision)
        self.total = 1 << self.precision
        room = np.zeros(8 * alphabet, np.uint8)
        used = golomb.write_frequencies(self.freq, self.total, room)
        self.table, self.back = room[:used], np.empty(alphabet, np.uint32)
        for timed in (self.time_quantize, self.time_records, self.time_slots, self.time_alias):
            timed(shape)
        self.time_read_table(shape)

    def time_quantize(self, shape):
        quantize(self.counts, self.precision)

    def time_records(self, shape):
        _ = SingleCoder(self.freq, self.precision).records

    def time_slots(self, shape):
        _ = SingleCoder(self.freq, self.precision).slots

    def time_alias(self, shape):
        n = self.freq.size
        mass = self.freq.astype(np.uint64) * np.uint64(n)
        alias.build(
            mass,
            np.uint64(self.total),
            np.empty(n, np.uint64),
            np.empty(n, np.uint32),
            np.empty(n, np.uint32),
        )

    def time_read_table(self, shape):
        golomb.read_frequencies(self.table, self.total, self.back)

    def track_table_bytes(self, shape):
        return self.table.size

    track_table_bytes.unit = "bytes"


if __name__ == "__main__":
    speeds = ratios()
    for name, speed in speeds.items():
        print(f"{name:8}{speed:10,.0f} MB/s{speed / speeds['memcpy']:10.3f} of memcpy")
    print(f"decode / crc32    {speeds['decode'] / speeds['crc32']:.3f}")
    print(f"encode / decode   {speeds['encode'] / speeds['decode']:.3f}")
