"""Graphs, clusters and permutations: time for an edge or an element, and bits over the ideal.

``python -m benchmarks.graphs`` prints the processor's time, the best of several runs, beside the
sorted edges as an array of this library, and by zstd after `np.diff` where it is installed.
"""

from __future__ import annotations

import time
from contextlib import suppress

import numpy as np

import ansflow
from ansflow.bitsback import Clusters, Graph, Permutation, RandomEdges, Shuffled, Stack

SIZES = [10**2, 10**3, 10**4, 10**5, 10**6]
KINDS = ["random edges", "shuffled", "clusters", "permutation"]


def grown(edges):
    """A graph of a third as many vertices, some of which have far more edges than others."""
    rng = np.random.default_rng(edges)
    n = edges // 3
    ends = np.stack([rng.integers(0, n, edges), n * rng.random(edges) ** 3], axis=1)
    return Graph(n, ends.astype(np.int64))


def case(kind, size):
    """A codec, and data for it."""
    rng = np.random.default_rng(size)
    if kind == "clusters":
        return Clusters(size), rng.integers(0, 1 + size // 10, size)
    if kind == "permutation":
        return Permutation(size), rng.permutation(size)
    graph = grown(size)
    codec = RandomEdges(graph.n, size)
    return (codec if kind == "random edges" else Shuffled(codec)), graph


class Structures:
    params = KINDS, SIZES
    param_names = ("kind", "size")

    def setup(self, kind, size):
        self.codec, self.data = case(kind, size)
        self.before = Stack(seed=0)
        self.after = self.before.copy()
        self.codec.push(self.after, self.data)
        stack = self.after.copy()
        self.codec.pop(stack)
        if stack != self.before:
            raise AssertionError("push and pop are no inverses")

    def time_push(self, kind, size):
        self.codec.push(self.before.copy(), self.data)

    def time_pop(self, kind, size):
        return self.codec.pop(self.after.copy())

    def track_excess(self, kind, size):
        if kind == "shuffled":
            ideal = self.codec.codec.bits(self.data) - self.codec.discount(self.data).bits
        else:
            ideal = self.codec.bits(self.data)
        stack = self.before.copy()
        start = stack.mark()
        self.codec.push(stack, self.data)
        return (stack.rates(start).net - ideal) / size

    track_excess.unit = "bits an element"


class SortedEdges:
    """What people do today."""

    params = SIZES
    param_names = ("size",)

    def setup(self, size):
        self.edges = grown(size).edges.astype(np.int32)
        self.data = ansflow.compress(self.edges)

    def time_encode(self, size):
        return ansflow.compress(self.edges)

    def time_decode(self, size):
        return ansflow.decompress(self.data)

    def track_bits(self, size):
        return 8 * len(self.data) / size

    track_bits.unit = "bits an edge"


def best(function, *args):
    """Seconds of the processor."""
    times = []
    for _ in range(3):
        start = time.process_time()
        function(*args)
        times.append(time.process_time() - start)
    return min(times)


def main():
    print(f"{'':14} {'size':>9} {'us: push':>10} {'pop':>8} {'excess':>12}")
    for kind in KINDS:
        for size in SIZES:
            bench = Structures()
            bench.setup(kind, size)
            times = best(bench.time_push, kind, size), best(bench.time_pop, kind, size)
            push, pop = (1e6 * seconds / size for seconds in times)
            excess = bench.track_excess(kind, size)
            print(f"{kind:14} {size:9,} {push:10.3f} {pop:8.3f} {excess:12.2e}")
    print(f"\n{'bits an edge':14} {'size':>9} {'ideal':>8} {'array':>8} {'zstd':>8}")
    for size in SIZES:
        graph = grown(size)
        bench = SortedEdges()
        bench.setup(size)
        row = [RandomEdges(graph.n, size).bits(graph) / size, bench.track_bits(size)]
        with suppress(ModuleNotFoundError):
            import zstandard

            steps = np.diff(graph.keys, prepend=np.uint64(0)).tobytes()
            row.append(8 * len(zstandard.compress(steps, 19)) / size)
        print(f"{'':14} {size:9,} " + " ".join(f"{bits:8.3f}" for bits in row))


if __name__ == "__main__":
    main()
