"""Vector kernels beside scalar ones. ``python -m benchmarks.vector`` (in asv_bench) prints it.

Bare kernels, 64 lanes, chunks of 256 KiB with tables of their own, preallocated buffers; the same
chunks on one thread and on two.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ansflow.coding.coders.single import SingleCoder
from ansflow.kernels.coders import single as scalar
from ansflow.kernels.constants import state_low
from ansflow.kernels.tables.histogram import histogram
from ansflow.kernels.vector import single as vector
from ansflow.kernels.vector.isa import SCALAR, available, chosen_isa
from ansflow.models import quantize

from .inputs import INPUTS, input_bytes, median_seconds

LANES = 64
CHUNK = 256 << 10
CHUNKS = 64
PASSES = 4  # waking a thread takes time
ZERO = np.uint64(0)


class Call(NamedTuple):
    """A kernel and its arguments, with little Python code, as threads share the GIL."""

    kernel: Callable
    arguments: tuple
    states: np.ndarray
    first: np.ndarray

    def __call__(self):
        np.copyto(self.states, self.first)
        return self.kernel(*self.arguments)


def calls(chunk, precision, isa):
    """``{"encode": Call, "decode": Call}`` for a stream."""
    coder = SingleCoder(quantize(histogram(chunk), precision), precision)
    p, low = np.uint64(precision), np.uint64(state_low(precision))
    records, slots = coder.records, coder.slots
    words, out = np.empty(chunk.size + 2 * LANES, np.uint16), np.zeros_like(chunk)
    states, first = np.empty(LANES, np.uint32), np.full(LANES, low, np.uint32)
    end = np.uint64(words.size)
    if isa == SCALAR:
        encode = Call(scalar.encode, (chunk, states, records, p, words), states, first)
        decode_rows = scalar.decode_rows
    else:
        encode_rows = vector.encoder(LANES, isa, records.ndim == 1)
        arguments = chunk, np.uint64(chunk.size), states, records.reshape(-1), p, words, end
        encode = Call(encode_rows, arguments, states, first)
        decode_rows = vector.decoder(LANES, isa, slots.itemsize == 4)
    stream = words[encode() :].copy()
    decode = Call(decode_rows, (stream, ZERO, states, slots, p, low, out), states, states.copy())
    done, cursor = decode()
    rest = stream, np.uint64(cursor), states, slots, p, low, out, np.uint64(done)
    scalar.decode_rest(*rest)
    if not np.array_equal(out, chunk):
        raise AssertionError("wrong symbols")
    return {"encode": encode, "decode": decode}


def run_all(todo):
    for _ in range(PASSES):
        for call in todo:
            call()


def speeds(name, precision):
    """MB/s by ``(isa, direction, threads)``."""
    chunks = np.split(input_bytes(name, CHUNKS * CHUNK), CHUNKS)
    functions = {}
    with ThreadPoolExecutor(2) as pool:
        for isa in (SCALAR, *(isa for isa in available() if isa in ("avx512", "avx2"))):
            jobs = [calls(chunk, precision, isa) for chunk in chunks]
            for direction in ("encode", "decode"):
                todo = [job[direction] for job in jobs]
                halves = todo[::2], todo[1::2]
                functions[isa, direction, 1] = functools.partial(run_all, todo)
                functions[isa, direction, 2] = lambda halves=halves: list(pool.map(run_all, halves))
        seconds = median_seconds(list(functions.values()))
    size = PASSES * CHUNKS * CHUNK
    return {key: size / s / 1e6 for key, s in zip(functions, seconds, strict=True)}


class Ratios:
    """The gain of vectors over scalar code, and of a second thread over one."""

    params = (INPUTS, [12, 14], ["encode", "decode"])
    param_names = ("input", "precision", "direction")

    def setup_cache(self):
        return {key: speeds(*key) for key in itertools.product(*self.params[:2])}

    setup_cache.timeout = 600

    def track_vector_over_scalar(self, found, name, precision, direction):
        found = found[name, precision]
        return found[chosen_isa(), direction, 1] / found[SCALAR, direction, 1]

    def track_two_threads_over_one(self, found, name, precision, direction):
        found = found[name, precision]
        return found[chosen_isa(), direction, 2] / found[chosen_isa(), direction, 1]

    track_vector_over_scalar.unit = track_two_threads_over_one.unit = "ratio"


if __name__ == "__main__":
    print(f"{'MB/s':36}{'one thread':>12}{'two':>8}{'two/one':>9}{'/scalar':>9}")
    for precision in (12, 14):
        for name in INPUTS:
            found = speeds(name, precision)
            for isa, direction, threads in found:
                if threads == 1:
                    one, two = found[isa, direction, 1], found[isa, direction, 2]
                    gain = one / found[SCALAR, direction, 1]
                    label = f"{name}, {precision} bits, {isa} {direction}"
                    print(f"{label:36}{one:12,.0f}{two:8,.0f}{two / one:9.2f}{gain:9.2f}")
