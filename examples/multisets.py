"""
What order costs: multisets
===========================

A shopping list, the ids in a search result, the rows of a table: n different things can stand in n!
orders, and a file that keeps one of them spends log2(n!) bits on it. Where the order means nothing,
bits back gives these bits back, to the last one.
"""

# %%
# This is the multiset coding of Severo et al. 2022 (arXiv:2107.09202). The order is the latent
# variable: H(X) = H(X, Z) - H(Z | X), where X are the numbers, and Z is the order in which they are
# pushed. To push them in some order takes H(X, Z), and to *pop that order from the stack* before
# gives H(Z | X) = log2(n!) back.

# region Imports and options
import argparse
import bisect
import json
import math
import sys
import time
from pathlib import Path

import numpy as np

import ansflow
from ansflow.bitsback import Codec, IntegerMultiset, Multiset, Stack, Uniform

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('The figures need matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="What the order of numbers costs, and its return.")
parser.add_argument(
    "--sizes", type=int, nargs="+", help="of multisets: 10^2 to 10^5, or to 10^6 with --json"
)
parser.add_argument("--figure", type=Path, help="where to save the figure of rates")
parser.add_argument("--json", action="store_true", help="end with a line of JSON")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion
sizes = options.sizes or [10**power for power in range(3 if options.json else 2, 6 + options.json)]

BELOW = 1_000_000
INDEX_BITS = math.log2(BELOW)

# %%
# By hand
# -------
# Let the numbers be different ones at first, and the stack be a pile of bits that holds something
# already. To choose who is next among those that are left, the encoder pops a *slot*: a number
# below their count, made of bits of the stack. Then it pushes the chosen one. The decoder does the
# opposite: it pops a number, sees which slot that has among those it knows now, and pushes the
# slot. So nobody invents an order, and nobody has to remember one.


def push_by_hand(stack, numbers):
    """Push different numbers, whatever their order; return the bits on the stack after each."""
    left, start, grown = sorted(numbers), stack.mark(), [0.0]
    while left:
        slot = int(Uniform(len(left), ()).pop(stack))  # gives log2(left) bits back
        Uniform(BELOW, ()).push(stack, left.pop(slot))  # takes log2(BELOW)
        grown.append(stack.rates(start).net)
    return grown


def pop_by_hand(stack, count):
    known = []
    for _ in range(count):
        x = int(Uniform(BELOW, ()).pop(stack))
        slot = bisect.bisect(known, x)
        known.insert(slot, x)
        Uniform(len(known), ()).push(stack, slot)
    return known


COUNT = 2000
rng = np.random.default_rng(0)
different = rng.choice(BELOW, COUNT, replace=False).tolist()
stack = Stack(seed=0)
grown = push_by_hand(stack, different)
assert pop_by_hand(stack, COUNT) == sorted(different)
assert stack == Stack(seed=0)  # the bits that were there before, too
orders = math.lgamma(COUNT + 1) / math.log(2)
print(f"{COUNT:,} numbers below {BELOW:,}, different ones")
print(f"  in an order        {COUNT * INDEX_BITS:12.3f} bits")
print(f"  log2 of the orders {orders:12.3f}")
print(f"  by hand            {grown[-1]:12.3f}")

# %%
# The stack while it grows. Each number takes the same 19.9 bits. The first ones give back nearly 11
# of these, since there are nearly 2,000 to choose from, and the last one gives nothing.

# region Drawing
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#BBBBBB"

if plt:
    figure, axes = plt.subplots(figsize=(8, 4.5))
    pushed = np.arange(COUNT + 1)
    axes.plot(pushed, pushed * INDEX_BITS / 1000, color=ORANGE, ls="--", lw=2)
    axes.plot(pushed, np.array(grown) / 1000, color=BLUE, lw=2)
    axes.fill_between(
        pushed, pushed * INDEX_BITS / 1000, np.array(grown) / 1000, color=GREY, alpha=0.5, lw=0
    )
    axes.text(
        0.62 * COUNT, 0.62 * COUNT * INDEX_BITS / 1000, "in an order  ", ha="right", color="#9A6A00"
    )
    axes.text(0.62 * COUNT, 0.3 * COUNT * INDEX_BITS / 1000, "  without", va="top", color=BLUE)
    end = (COUNT * INDEX_BITS + grown[-1]) / 2000
    axes.annotate(
        f"log2({COUNT:,}!)\n= {orders:,.0f} bits", (COUNT, end), (COUNT * 1.02, end), va="center"
    )
    axes.annotate(
        "",
        (COUNT * 1.01, grown[-1] / 1000),
        (COUNT * 1.01, COUNT * INDEX_BITS / 1000),
        arrowprops={"arrowstyle": "<->"},
    )
    axes.set(xlabel="numbers pushed", ylabel="what the stack has grown by, in thousand bits")
    axes.set(xlim=(0, COUNT * 1.22), ylim=(0, None), xticks=range(0, COUNT + 1, 500))
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
# endregion

# %%
# For large ones
# --------------
# By hand, finding and removing take a time proportional to n. ``IntegerMultiset`` does the same in
# compiled kernels with a tree of counts, and ``Multiset`` for elements of any codec. Equal elements
# are fine: c equal ones can stand in fewer orders, and the saving is log2(n! / product of c!).
#
# What people do today is to sort the numbers and to compress the differences: a sorted list has no
# order to pay for either. With a good model of differences, this comes close; bits back needs no
# model, and has no gap.


# region Measuring
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


def as_array(x: np.ndarray) -> float:
    """Bits of an element, sorted and compressed as an array."""
    x = np.sort(x).astype(np.int32)
    data = ansflow.compress(x)
    assert np.array_equal(ansflow.decompress(data), x)
    return 8 * len(data) / x.size


# endregion


found: dict[str, dict[str, float]] = {}
rows: list[dict[str, float]] = []
print(f"{'elements':>9} {'saved bits':>14} {'ideal':>14} {'words':>5}")
rng = np.random.default_rng(0)
for size in sizes:
    x = rng.integers(0, BELOW, size)
    codec = IntegerMultiset(BELOW, size)
    net, words, encode, decode = measured(codec, x)
    row = {
        "saved_bits": size * INDEX_BITS - net,
        "ideal_bits": log2_of_orders(x),
        "encode_us": encode,
        "decode_us": decode,
    }
    found[str(size)] = row
    *_, slow, slower = measured(Multiset(lambda n: Uniform(BELOW, n), size), x, times=1)
    others = {"sorted": np.sort(x), "reversed": np.sort(x)[::-1], "equal": np.full(size, 7)}
    times = {"encode": encode, "decode": decode, "any encode": slow, "any decode": slower}
    times |= {name: measured(codec, other, times=1)[2] for name, other in others.items()}
    rows.append({"multiset": net / size, "array": as_array(x), **times})
    print(f"{size:9,} {row['saved_bits']:14.4f} {row['ideal_bits']:14.4f} {words:5}")

# region Table of times
WIDTHS = {name: max(9, len(name) + 1) for name in times}
print("\nMicroseconds an element")
print(f"{'elements':>9}" + "".join(f"{name:>{WIDTHS[name]}}" for name in times))
for size, row in zip(sizes, rows, strict=True):
    print(f"{size:9,}" + "".join(f"{row[name]:{WIDTHS[name]}.2f}" for name in times))
# endregion
print("All numbers were restored, and so were the stacks, bit for bit.")

# %%
# In the first table, *saved* is what the same numbers in an order take, less what the multiset
# takes, and *ideal* log2 of the number of orders. *Words* are those that the stack began with. The
# times are those of the kernels for integers, of the ones for *any* codec, and of encoding elements
# that are sorted, reversed or all equal.
#
# On the left, what an element takes. The more there are of them below a million, the less a new one
# says. On the right, how long it takes, which grows no faster than log n.

# region Drawing
if plt and len(sizes) > 1:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    left.axhline(INDEX_BITS, color=ORANGE, ls="--", label="in an order")
    array = [row["array"] for row in rows]
    left.plot(sizes, array, marker="s", color=GREEN, label="sorted, compressed as an array")
    multiset = [row["multiset"] for row in rows]
    left.plot(sizes, multiset, marker="o", color=BLUE, label="as a multiset")
    ideal = [
        INDEX_BITS - row["ideal_bits"] / size
        for size, row in zip(sizes, found.values(), strict=True)
    ]
    left.plot(sizes, ideal, marker="+", ms=12, color="black", ls="", label="ideal")
    left.set(ylabel="bits an element", ylim=(0, 22), yticks=range(0, 21, 5))
    left.legend(frameon=False, loc="lower left")
    for name, style in (("encode", "o"), ("decode", "s")):
        times = [row[name] for row in rows]
        right.plot(sizes, times, marker=style, color=BLUE, label=f"{name} integers")
        times = [row[f"any {name}"] for row in rows]
        label = f"{name} those of any codec"
        right.plot(sizes, times, marker=style, color=ORANGE, ls="--", label=label)
    right.set(ylabel="microseconds of CPU time an element", ylim=(0, None))
    right.legend(frameon=False)
    for axes in (left, right):
        axes.set(xscale="log", xlabel="elements")
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    if options.figure:
        figure.savefig(options.figure, dpi=120)

if options.json:
    print(json.dumps(found))
# endregion
