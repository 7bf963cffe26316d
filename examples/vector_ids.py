"""Ids in the inverted lists of a vector index, without their order, and searches that decode them.

An inverted file (IVF) index has a list of vectors for each of some centroids; a search looks at the
lists whose centroids are nearest. Each vector has an id, of 64 bits in many libraries. But order in
a list means nothing, so that n ids of a list need log2 of the number of such sets, and each list is
a message of its own (Severo et al. 2025, arXiv:2501.10479). Plots the bits of an id, if matplotlib
is installed (``pip install "ansflow[plot]"``).

The index is that of ``faiss-cpu`` if that is installed, otherwise one by k-means in NumPy. The
vectors are made up: Gaussian clusters of various sizes.

bits     of an id, all of the messages counted
ideal    log2 of the number of sets of that size, for each list
encode, decode    nanoseconds of one thread for an id
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ansflow import compress_ids, decompress_ids

DIMENSIONS, QUERIES, VISITED, NEAREST = 8, 20, 8, 10


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


def least_time(run: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Seconds of this process, the least of several runs, and the result."""
    least = math.inf
    for _ in range(times):
        start = time.process_time()
        result = run()
        least = min(least, time.process_time() - start)
    return least, result


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


def draw(file: Path, found: dict[str, dict[str, float]]) -> None:
    """Plot the bits of an id."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ModuleNotFoundError:
        print("(no figure: it needs matplotlib)")
        return
    figure, axes = pyplot.subplots(figsize=(6, 3.5))
    bars = {"int64": 64.0, "int32": 32.0}
    for count, values in found.items():
        bars |= {f"{count} lists": values["bits_per_id"], f"{count}, ideal": values["ideal"]}
    axes.barh(list(bars), list(bars.values()))
    axes.invert_yaxis()
    axes.set(xlabel="bits of an id")
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    print(f"The figure is in {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ids", type=int, default=1_000_000)
    parser.add_argument("--lists", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--figure", type=Path, default=Path("vector_ids.png"))
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    options = parser.parse_args()

    vectors = made_up_vectors(options.ids)
    queries = made_up_vectors(QUERIES) + np.float32(0.01)
    found, made_by = {}, ""
    for count in options.lists:
        centroids, lists, made_by = index_of(vectors, count)
        lists = [np.sort(ids) for ids in lists]
        stored = [vectors[ids] for ids in lists]
        found[str(count)], messages = measured(lists, options.ids)
        expected = search(queries, centroids, stored, partial(chosen, lists))
        decoded = partial(decoded_lists, messages, options.ids)
        assert search(queries, centroids, stored, decoded) == expected

    print(f"{options.ids:,} ids, lists by {made_by}")
    print(f"{'lists':>6} {'bits':>8} {'ideal':>8} {'encode':>8} {'decode':>8}")
    for name, row in found.items():
        times = f"{row['encode_ns']:8.0f} {row['decode_ns']:8.0f}"
        print(f"{name:>6} {row['bits_per_id']:8.3f} {row['ideal']:8.3f} {times}")
    print(f"All ids were restored, and {QUERIES} searches found the same with them.")
    draw(options.figure, found)
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
