"""The inputs that benchmarks share, and how the figures of several runs are combined."""

from __future__ import annotations

import statistics
import time

import numpy as np

from ansflow.cli import demo_runs as demo

INPUTS = ["skewed", "text", "binary"]


def skewed(n):
    """Independent geometric bytes, 3.8 bits each."""
    rng = np.random.default_rng(1)
    return np.minimum(rng.geometric(0.15, n) - 1, 255).astype(np.uint8)


def input_bytes(name, n):
    """`n` bytes of an input, repeated if it is shorter."""
    if name == "skewed":
        return skewed(n)
    return np.resize({"text": demo.text, "binary": demo.machine_code}[name](), n)


def shannon_bits(symbols):
    """Order-0 empirical entropy of all symbols together, in bits."""
    counts = np.bincount(symbols.reshape(-1))
    counts = counts[counts > 0]
    return float(-np.sum(counts * np.log2(counts / symbols.size)))


def median_seconds(functions, repeats=9):
    """Median time of each function, run in turn so that drift affects all of them equally."""
    times = [[] for _ in functions]
    for function in functions:
        function()
    for _ in range(repeats):
        for function, taken in zip(functions, times, strict=True):
            begin = time.perf_counter()
            function()
            taken.append(time.perf_counter() - begin)
    return [statistics.median(taken) for taken in times]
