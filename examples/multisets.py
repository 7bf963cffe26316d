"""Multisets: what the order of numbers takes, log2 of n!, is saved to the last bit.

A push takes the elements in an order that it pops from the stack, so that these bits come back
(Severo et al. 2022, arXiv:2107.09202). Plots the time that an element takes, if matplotlib is
installed (``pip install "ansflow[plot]"``).

saved, ideal     bits: what the same numbers in an order take, less what the multiset takes; and
                 log2 of the number of orders
words            that the stack began with: a head, and those that were drawn from the seed
encode, decode   microseconds for an element, by the kernels for integers and by those of any codec
sorted, ...      microseconds to encode an element, in other orders and if all are equal
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np

from ansflow.bitsback import Codec, IntegerMultiset, Multiset, Stack, Uniform

BELOW = 1_000_000


def log2_of_orders(x: np.ndarray) -> float:
    """log2 of n! / product of c!, for c equal ones of each number."""
    counts = np.unique(x, return_counts=True)[1]
    nats = math.lgamma(x.size + 1) - sum(math.lgamma(c + 1) for c in counts[counts > 1].tolist())
    return nats / math.log(2)


def measured(codec: Codec, x: np.ndarray, times: int = 3) -> tuple[float, int, float, float]:
    """Net bits, words to begin with, and microseconds to encode and decode an element."""
    encode = decode = math.inf
    for _ in range(times + 1):  # the first one compiles kernels
        stack = Stack(seed=0)
        mark, start = stack.mark(), time.process_time()
        codec.push(stack, x)
        middle = time.process_time()
        net, words = stack.rates(mark).net, 1 + stack.drawn
        again = time.process_time()
        restored = codec.pop(stack)
        end = time.process_time()
        assert np.array_equal(restored, np.sort(x))
        assert stack == Stack(seed=0)
        encode, decode = min(encode, middle - start), min(decode, end - again)
    return net, words, encode / x.size * 1e6, decode / x.size * 1e6


def draw(file: Path, found: dict[str, dict[str, float]], general: dict[str, list[float]]) -> None:
    """Plot times against sizes."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ModuleNotFoundError:
        print("(no figure: it needs matplotlib)")
        return
    figure, axes = pyplot.subplots(figsize=(6, 4))
    sizes = [int(size) for size in found]
    for i, name in enumerate(("encode", "decode")):
        axes.plot(sizes, [row[f"{name}_us"] for row in found.values()], marker="o", label=name)
        axes.plot(sizes, [row[i] for row in general.values()], ls="--", label=f"{name}, any codec")
    axes.set(xscale="log", xlabel="elements", ylabel="microseconds an element", ylim=(0, None))
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    print(f"The figure is in {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**3, 10**4, 10**5, 10**6])
    parser.add_argument("--figure", type=Path, default=Path("multisets.png"))
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    found: dict[str, dict[str, float]] = {}
    general: dict[str, list[float]] = {}
    print(
        f"{'':>9} {'saved':>14} {'ideal':>14} {'words':>5} {'encode':>6} {'decode':>6}"
        f" {'any codec':>13} {'sorted':>8} {'reversed':>8} {'equal':>8}"
    )
    for size in options.sizes:
        x = rng.integers(0, BELOW, size)
        codec = IntegerMultiset(BELOW, size)
        net, words, encode, decode = measured(codec, x)
        row = {
            "saved_bits": size * math.log2(BELOW) - net,
            "ideal_bits": log2_of_orders(x),
            "encode_us": encode,
            "decode_us": decode,
        }
        found[str(size)] = row
        *_, slow, slower = measured(Multiset(lambda n: Uniform(BELOW, n), size), x, times=1)
        general[str(size)] = [slow, slower]
        others = np.sort(x), np.sort(x)[::-1], np.full(size, 7)
        ordered = [measured(codec, other, times=1)[2] for other in others]
        print(
            f"{size:9,} {row['saved_bits']:14.4f} {row['ideal_bits']:14.4f} {words:5}"
            f" {encode:6.2f} {decode:6.2f} {slow:6.2f} {slower:6.2f}"
            + "".join(f" {us:8.2f}" for us in ordered)
        )
    print("All numbers were restored, and so were the stacks, bit for bit.")
    draw(options.figure, found, general)
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
