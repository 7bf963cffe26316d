"""The inputs that benchmarks share, and how the figures of several runs are combined."""

from __future__ import annotations

import statistics
import sysconfig
import time
from pathlib import Path

import numpy as np

INPUTS = ["skewed", "text", "binary"]


def skewed(n):
    """Independent geometric bytes, 3.8 bits each."""
    rng = np.random.default_rng(1)
    return np.minimum(rng.geometric(0.15, n) - 1, 255).astype(np.uint8)


def text():
    """The standard library's source, 4 MiB."""
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    joined = b"".join(path.read_bytes() for path in sources)
    return np.frombuffer(joined[: 4 << 20], np.uint8)


def machine_code():
    """The largest compiled extension of NumPy, 8 MiB at most."""
    root = Path(np.__file__).parent
    largest = max(root.glob("_core/*multiarray_umath*"), key=lambda path: path.stat().st_size)
    return np.fromfile(largest, np.uint8, count=8 << 20)


def input_bytes(name, n):
    """`n` bytes of an input, repeated if it is shorter."""
    if name == "skewed":
        return skewed(n)
    return np.resize({"text": text, "binary": machine_code}[name](), n)


def shannon_bits(symbols):
    """Order-0 empirical entropy of all symbols together, in bits."""
    counts = np.bincount(symbols.reshape(-1))
    counts = counts[counts > 0]
    return float(-np.sum(counts * np.log2(counts / symbols.size)))


def shannon_bytes(data, chunk=256 << 10):
    """Bytes that an ideal order-0 coder needs for the byte planes of items, chunk by chunk.

    The ideal coder knows the distribution of each plane beforehand, and uses exact probabilities.
    """
    items = data.reshape(-1)
    planes = items.view(np.uint8).reshape(items.size, -1)
    chunks = [planes[begin : begin + chunk].T for begin in range(0, items.size, chunk)]
    return sum(shannon_bits(plane) for one in chunks for plane in one) / 8


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
