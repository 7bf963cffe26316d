"""
Ids of a vector index, without their order
==========================================

A vector database that searches among a million vectors keeps their ids in lists, often with 64 bits
for each. Order in a list means nothing, so that 10 bits are enough. Here the ids of an index are
replaced by compressed lists, and searches find the same as before.
"""

# %%
# An *inverted file* index divides the vectors among some centroids. Each centroid has a list of
# the vectors that are nearest to it, and a search looks at the lists of those centroids that are
# nearest to the query. A list of n out of N ids is a *set*: its ideal size is log2 of "N choose n",
# the number of such sets. ``ansflow.compress_ids`` makes of each list a message of its own, so that
# a search decodes only the lists that it visits (Severo et al. 2025, arXiv:2501.10479).
# :doc:`multisets` shows how the order is given back.

# region Imports and options
import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ansflow import compress_ids, decompress_ids

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('The figure needs matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="Ids of a vector index, without their order.")
parser.add_argument("--ids", type=int, default=1_000_000)
parser.add_argument("--lists", type=int, nargs="+", default=[256, 1024])
parser.add_argument("--figure", type=Path, help="where to save the figure")
parser.add_argument("--json", action="store_true", help="end with a line of JSON")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion

DIMENSIONS, QUERIES, VISITED, NEAREST = 8, 20, 8, 10

# %%
# The vectors are made up, and the index is that of ``faiss-cpu`` if that is installed, otherwise
# one by k-means in NumPy.


# region An index
def made_up_vectors(count: int) -> np.ndarray:
    """Gaussian clusters whose sizes differ."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(500, DIMENSIONS)).astype(np.float32)
    shares = rng.gamma(1.0, size=len(centres))
    which = rng.choice(len(centres), count, p=shares / shares.sum())
    noise = rng.standard_normal((count, DIMENSIONS), np.float32)
    return centres[which] + 0.5 * noise


def nearest(centroids: np.ndarray, vectors: np.ndarray, count: int = 1) -> np.ndarray:
    """The numbers of the nearest centroids, for each vector."""
    squares = (centroids**2).sum(axis=1)
    found = []
    for start in range(0, len(vectors), 4096):
        distances = squares - 2 * vectors[start : start + 4096] @ centroids.T
        first = (
            np.argpartition(distances, count, axis=1)[:, :count]
            if count > 1
            else distances.argmin(axis=1)[:, np.newaxis]
        )
        found.append(first)
    return np.concatenate(found)


def k_means(vectors: np.ndarray, count: int) -> np.ndarray:
    """Centroids of a sample, by Lloyd's algorithm."""
    sample = vectors[:: max(1, len(vectors) // (32 * count))]
    centroids = sample[:: max(1, len(sample) // count)][:count].copy()
    for _ in range(5):
        which = nearest(centroids, sample)[:, 0]
        sizes = np.bincount(which, minlength=count)
        for axis in range(DIMENSIONS):
            sums = np.bincount(which, sample[:, axis], count)
            centroids[:, axis] = np.where(sizes, sums / np.maximum(sizes, 1), centroids[:, axis])
    return centroids


def index_of(vectors: np.ndarray, count: int) -> tuple[np.ndarray, list[np.ndarray], str]:
    """Centroids, the ids of each list, and what has made them."""
    try:
        import faiss
    except ModuleNotFoundError:
        centroids = k_means(vectors, count)
        which = nearest(centroids, vectors)[:, 0]
        sizes = np.bincount(which, minlength=count)
        lists = np.split(np.argsort(which, kind="stable"), np.cumsum(sizes)[:-1])
        return centroids, lists, "NumPy"
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(DIMENSIONS), DIMENSIONS, count)
    index.train(vectors[:: max(1, len(vectors) // (64 * count))])
    index.add(vectors)
    lists = [
        faiss.rev_swig_ptr(index.invlists.get_ids(i), index.invlists.list_size(i)).copy()
        for i in range(count)
    ]
    return index.quantizer.reconstruct_n(0, count), lists, "faiss"


# endregion


# %%
# A search gets its ids from a function, which either reads them or decodes them.


def search(
    queries: np.ndarray,
    centroids: np.ndarray,
    stored: Sequence[np.ndarray],
    ids_of: Callable[[np.ndarray], list[np.ndarray]],
) -> list[list[int]]:
    """The ids of the vectors that are nearest to each query, in the lists that are visited."""
    results = []
    for query, visited in zip(queries, nearest(centroids, queries, VISITED), strict=True):
        ids = np.concatenate(ids_of(visited))
        vectors = np.concatenate([stored[i] for i in visited])
        order = np.argsort(((vectors - query) ** 2).sum(axis=1), kind="stable")
        results.append(ids[order[:NEAREST]].tolist())
    return results


def chosen(lists: Sequence[Any], which: np.ndarray) -> list[Any]:
    return [lists[i] for i in which]


def decoded_lists(messages: list[bytes], universe: int, which: np.ndarray) -> list[np.ndarray]:
    return decompress_ids(chosen(messages, which), universe, threads=1)


# %%
# Sizes count all bytes of all messages. A message also holds its count and a check, 6 bytes in all,
# of which short lists have more than long ones. Times are those of one thread.


# region Measuring
def least_time(run: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Seconds of this process, the least of several runs, and the result."""
    least = math.inf
    for _ in range(times):
        start = time.process_time()
        result = run()
        least = min(least, time.process_time() - start)
    return least, result


# endregion


def measured(lists: list[np.ndarray], universe: int) -> tuple[dict[str, float], list[bytes]]:
    """Size and times of the messages, which are decoded."""
    compress_ids(lists[:1], universe)  # compiles the kernels
    encode, messages = least_time(lambda: compress_ids(lists, universe, threads=1))
    decompress_ids(messages[:1], universe)
    decode, restored = least_time(lambda: decompress_ids(messages, universe, threads=1))
    assert all(map(np.array_equal, restored, map(np.sort, lists)))
    nats = sum(
        math.lgamma(universe + 1) - math.lgamma(ids.size + 1) - math.lgamma(universe - ids.size + 1)
        for ids in lists
    )
    return {
        "bits_per_id": 8 * sum(map(len, messages)) / universe,
        "ideal": nats / math.log(2) / universe,
        "encode_ns": encode / universe * 1e9,
        "decode_ns": decode / universe * 1e9,
    }, messages


vectors = made_up_vectors(options.ids)
queries = made_up_vectors(QUERIES) + np.float32(0.01)
found, made_by, kept = {}, "", {}
for count in options.lists:
    centroids, lists, made_by = index_of(vectors, count)
    lists = [np.sort(ids) for ids in lists]
    stored = [vectors[ids] for ids in lists]
    found[str(count)], messages = measured(lists, options.ids)
    expected = search(queries, centroids, stored, partial(chosen, lists))
    decoded = partial(decoded_lists, messages, options.ids)
    assert search(queries, centroids, stored, decoded) == expected
    kept[count] = [(ids.size, 8 * len(data)) for ids, data in zip(lists, messages, strict=True)]

print(f"{options.ids:,} ids, lists by {made_by}")
print(f"{'lists':>6} {'bits':>8} {'ideal':>8} {'encode':>8} {'decode':>8}")
for name, row in found.items():
    times = f"{row['encode_ns']:8.0f} {row['decode_ns']:8.0f}"
    print(f"{name:>6} {row['bits_per_id']:8.3f} {row['ideal']:8.3f} {times}")
print(f"All ids were restored, and {QUERIES} searches found the same with them.")

# %%
# *Bits* and *ideal* are those of an id; the times are nanoseconds. In the figure, each point on the
# right is a list. The line is the ideal of a list with so many ids: the longer the list, the more
# is known of where its next id is, and the less each id takes.

# region Drawing
BLUE, ORANGE, GREEN, SKY = "#0072B2", "#E69F00", "#009E73", "#56B4E9"

if plt:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=[2, 3])
    bars = {"int64": 64.0, "int32": 32.0, "packed bits": float((options.ids - 1).bit_length())}
    bars |= {f"{count} lists": values["bits_per_id"] for count, values in found.items()}
    colours = [SKY] * 3 + [BLUE, ORANGE, GREEN][: len(found)]
    drawn = left.barh([*bars], [*bars.values()], color=colours)
    left.bar_label(drawn, [f" {bits:.1f}" for bits in bars.values()])
    left.invert_yaxis()
    left.set(xlabel="bits an id", xlim=(0, 72))
    for (count, points), colour, marker in zip(
        kept.items(), (BLUE, ORANGE, GREEN), "os^", strict=False
    ):
        ids, bits = np.array([point for point in points if point[0]]).T
        label = f"{count} lists"
        right.plot(ids, bits / ids, marker, color=colour, ms=4, alpha=0.6, label=label, mew=0)
    lengths = [point[0] for points in kept.values() for point in points if point[0]]
    line = np.geomspace(min(lengths), max(lengths), 100)
    nats = [
        math.lgamma(options.ids + 1) - math.lgamma(n + 1) - math.lgamma(options.ids - n + 1)
        for n in line
    ]
    right.plot(line, nats / line / math.log(2), color="black", lw=1, label="ideal")
    right.set(xscale="log", xlabel="ids in a list", ylabel="bits an id", ylim=(0, None))
    right.legend(frameon=False, loc="lower left")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    if options.figure:
        figure.savefig(options.figure, dpi=120)

if options.json:
    print(json.dumps(found))
# endregion
